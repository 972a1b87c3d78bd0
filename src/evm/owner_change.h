#ifndef EVM_OWNER_CHANGE_H
#define EVM_OWNER_CHANGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/smart_account.h"

/* One step of an account's owner list, as docs/account.md fixes it: its number, the hash of the step before, and what it
 * adds and removes. Its id is the same on every chain: what the owners sign, the name under which it waits, and, once
 * applied, the new head of the list. */
enum {
    OWNER_CHANGE_EACH_MAX = 4
}; /* owners added, and removed, in one step that this wallet makes or shows */

struct owner_change {
    uint64_t sequence; /* 1 for the first */
    uint8_t previous[32];
    uint64_t attempt;   /* sets it apart from an equal one that was vetoed */
    uint64_t threshold; /* after it */
    struct smart_owner added[OWNER_CHANGE_EACH_MAX];
    size_t added_count;
    struct smart_owner removed[OWNER_CHANGE_EACH_MAX];
    size_t removed_count;
};

/* owner_change_first gives what previous is before the first change: the account's address as a word. */
void owner_change_first(uint8_t ret_previous[static 32], struct address account);

/* owner_change_id is ownerChangeId of the contract: EIP-712 in the account's domain without a chain. */
void owner_change_id(struct hash32 *ret, struct address account, const struct owner_change *c);

/* owner_change_waits: does it wait for the delay? All do but those that only add. threshold is the present one. */
bool owner_change_waits(const struct owner_change *c, uint64_t threshold);

/* The calls that the account makes to itself: propose (changeOwners with no signature), carry out, veto. They append
 * calldata; ERR_LIMIT if out is full. */
MUST_CHECK enum err owner_change_propose(struct buf *out, const struct owner_change *c);
MUST_CHECK enum err owner_change_apply(struct buf *out, const struct owner_change *c);
MUST_CHECK enum err owner_change_veto(struct buf *out, const struct hash32 *id);

/* What anybody may carry to the account, on every chain on which it has the history that the change names: changeOwners with the owners'
 * signatures over its id (evm/smart_account.h), and a veto with one owner's over owner_change_veto_hash. With an empty signature they are
 * the account's own calls. ERR_LIMIT if out is full. */
void owner_change_veto_hash(struct hash32 *ret, struct address account, const struct hash32 *id);
MUST_CHECK enum err
owner_change_carry(struct buf *out, const struct owner_change *c, struct span signature);
MUST_CHECK enum err owner_change_carry_veto(struct buf *out,
                                            const struct hash32 *id,
                                            const struct smart_owner *owner,
                                            struct span signature);

/* What owner_change_carry and owner_change_carry_veto made, signed or not: spans point into calldata. Errors as owner_change_read. */
struct owner_carried {
    bool is_veto;
    struct owner_change change; /* of no veto */
    struct hash32 id;           /* of a veto */
    struct span owner;          /* the same: who signed; empty: the account itself */
    struct span signature;
};
MUST_CHECK enum err owner_change_read_carried(struct owner_carried *ret, struct span calldata);

enum owner_call { OWNER_CALL_PROPOSE, OWNER_CALL_APPLY, OWNER_CALL_VETO };

/* owner_change_read tells what such calldata asks for: of VETO ret_id, of the others ret_change. ERR_NOT_FOUND: it is no
 * such call; ERR_MALFORMED: not in its strict form; ERR_LIMIT: more owners than a wallet shows. */
MUST_CHECK enum err owner_change_read(enum owner_call *ret_call,
                                      struct owner_change *ret_change,
                                      struct hash32 *ret_id,
                                      struct span calldata);

/* owner_change_read_log reads the data of OwnerChangeScheduled: Unix time from which it may be applied, and the change. */
MUST_CHECK enum err
owner_change_read_log(uint64_t *ret_ready_at, struct owner_change *ret_change, struct span data);

/* owner_change_read_owners reads what getSigners returns. ERR_LIMIT over count_max. */
MUST_CHECK enum err owner_change_read_owners(struct smart_owner *ret_owners,
                                             size_t *ret_count,
                                             size_t count_max,
                                             struct span data);

/* Members of other calls and answers: a change, a list of owners. The readers' errors are ERR_MALFORMED and, over what a wallet
 * shows, ERR_LIMIT. */
struct abi_rd;
struct abi_wr;
void owner_change_put(struct abi_wr *w, const struct owner_change *c);
MUST_CHECK enum err owner_change_get(struct abi_rd *r, struct owner_change *ret);
void owner_list_put(struct abi_wr *w, const struct smart_owner *owners, size_t count);
MUST_CHECK enum err owner_list_get(struct abi_rd *r,
                                   struct smart_owner *ret_owners,
                                   size_t *ret_count,
                                   size_t count_max);

#endif
