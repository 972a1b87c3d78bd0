#ifndef EVM_ACCOUNT_UPGRADE_H
#define EVM_ACCOUNT_UPGRADE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"

/* Moving an account's proxy to another implementation (docs/account.md, "Changing the account"): scheduled, and applied after the
 * delay; any owner may veto it meanwhile (owner_change_veto). The wallet's upgrades make no call of their own to the new code. */
struct account_upgrade {
    struct address implementation;
    uint8_t code_hash[32]; /* keccak-256 of its code on this chain: other code by then is refused */
    uint64_t attempt;      /* sets it apart from an equal one that was vetoed */
    uint8_t head[32];      /* the owner list for which it holds: ownersHead() */
};

/* The storage slot in which a proxy keeps its implementation's address (ERC-1967). */
extern const uint8_t account_implementation_slot[32];

/* account_upgrade_id is upgradeId of the contract: what waits, and what a veto names. */
void account_upgrade_id(struct hash32 *ret,
                        struct address account,
                        uint64_t chain_id,
                        const struct account_upgrade *u);

/* The calls that the account makes to itself; they append calldata and use implementation and attempt. ERR_LIMIT: out is
 * full. */
MUST_CHECK enum err account_upgrade_schedule(struct buf *out, const struct account_upgrade *u);
MUST_CHECK enum err account_upgrade_apply(struct buf *out, const struct account_upgrade *u);

enum upgrade_call { UPGRADE_CALL_SCHEDULE, UPGRADE_CALL_APPLY };

/* account_upgrade_read tells what such calldata asks for; code_hash and head stay zero. ERR_NOT_FOUND: it is no such call;
 * ERR_MALFORMED: not in its strict form, or with a call to the new code. */
MUST_CHECK enum err account_upgrade_read(enum upgrade_call *ret_call,
                                         struct account_upgrade *ret,
                                         struct span calldata);

#endif
