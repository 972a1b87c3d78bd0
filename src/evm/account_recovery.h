#ifndef EVM_ACCOUNT_RECOVERY_H
#define EVM_ACCOUNT_RECOVERY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/owner_change.h"
#include "evm/smart_account.h"

/* Guardians of an account of version 2, the recovery that they begin, and the brake that each owner has (docs/account.md,
 * "Guardians"). Calldata, what is signed, and what guardians() and recovery() return. */
enum {
    GUARDIAN_COUNT_MAX = 16,
    RECOVERY_VETOES_MAX = 2, /* then owners cannot put a recovery of these guardians off any more */
    RECOVERY_LAPSE_S =
        14 * 24 * 3600, /* a recovery that nobody applied for so long after it was ready is over */
};

/* What guardians() returns. count 0: the account has none. */
struct account_guardians {
    struct smart_owner list[GUARDIAN_COUNT_MAX]; /* ERC-7913 keys, as owners are */
    size_t count;
    uint64_t threshold; /* 1 to count; 0 without guardians */
    uint32_t delay_s;
};

/* What recovery() returns. */
struct account_recovery {
    bool is_pending;
    struct hash32 pending; /* owner_change_id of the change under way; else zero */
    uint64_t ready_at;     /* Unix time from which that may be applied */
    uint8_t vetoes;        /* how often owners have put a change of these guardians off */
    uint64_t round;        /* each act of the guardians takes it one further */
    uint64_t frozen_until; /* Unix time; no operation before it */
    uint64_t held_until; /* Unix time; owners, guardians and implementation stand still before it */
};

/* account_guardians_decode and account_recovery_decode read those answers. ERR_MALFORMED: another form, numbers that the contract
 * never has, or a guardian longer than any that this wallet knows. */
MUST_CHECK enum err account_guardians_decode(struct account_guardians *ret, struct span data);
MUST_CHECK enum err account_recovery_decode(struct account_recovery *ret, struct span data);

/* Who signs what. Guardians sign RECOVER, CANCEL, HOLD and PRACTICE, one owner the others. */
enum recovery_act {
    RECOVERY_RECOVER, /* what: owner_change_id; round */
    RECOVERY_CANCEL,  /* what: the pending one; round */
    RECOVERY_PUT_OFF, /* what: the pending one; round; vetoes so far */
    RECOVERY_FREEZE,  /* what: the owner list's head */
    RECOVERY_HOLD,    /* what: zero; round */
    RECOVERY_PRACTICE, /* what: a number of the request's own; round. In another domain: no contract takes it */
};

struct recovery_signable {
    enum recovery_act act;
    struct hash32 what;
    uint64_t round;
    uint8_t vetoes;
};

/* account_recovery_hash is the EIP-712 hash that is signed: for one account, on one chain, in one round. PRACTICE: in the domain
 * of practice (evm/account_domain.h). */
void account_recovery_hash(struct hash32 *ret,
                           struct address account,
                           uint64_t chain_id,
                           const struct recovery_signable *s);

/* The calls; they append calldata. ERR_LIMIT: out is full. Guardians' signature is abi.encode(keys, signatures) of
 * smart_account_signature. */
MUST_CHECK enum err
account_recovery_begin(struct buf *out, const struct owner_change *c, struct span signature);
MUST_CHECK enum err account_recovery_apply(struct buf *out, const struct owner_change *c);
MUST_CHECK enum err account_recovery_cancel(struct buf *out, struct span signature);

/* By an owner, with his signature as his verifier takes it. Of length 0: put off by the account's own call, without a signature; frozen
 * by the guardians, with theirs. */
MUST_CHECK enum err
account_recovery_put_off(struct buf *out, const struct smart_owner *owner, struct span signature);
MUST_CHECK enum err
account_recovery_freeze(struct buf *out, const struct smart_owner *owner, struct span signature);

enum recovery_call {
    RECOVERY_CALL_BEGIN,
    RECOVERY_CALL_APPLY,
    RECOVERY_CALL_CANCEL,
    RECOVERY_CALL_PUT_OFF,
    RECOVERY_CALL_FREEZE
};

/* account_recovery_read tells what such calldata asks for: of BEGIN and APPLY ret_change, of what is signed ret_signature, a span into
 * calldata. ERR_NOT_FOUND: it is no such call; ERR_MALFORMED: not in its strict form; ERR_LIMIT: more owners than a wallet
 * shows. */
MUST_CHECK enum err account_recovery_read(enum recovery_call *ret_call,
                                          struct owner_change *ret_change,
                                          struct span *ret_signature,
                                          struct span calldata);

#endif
