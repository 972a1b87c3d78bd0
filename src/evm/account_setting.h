#ifndef EVM_ACCOUNT_SETTING_H
#define EVM_ACCOUNT_SETTING_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/account_recovery.h"
#include "evm/address.h"
#include "evm/smart_account.h"
#include "evm/u256.h"

/* Settings of an account of version 2 (docs/account.md, "Settings"): scheduled, and applied after the delay; any owner may veto it
 * meanwhile (owner_change_veto). */
enum {
    /* The longest is of all guardians: selector, three words, their number, and for each its place, its length and four words. */
    ACCOUNT_SETTING_LEN_MAX = 4 + 32 * (4 + 6 * GUARDIAN_COUNT_MAX),
};

enum account_setting_kind {
    ACCOUNT_SETTING_GUARDIANS, /* who can replace the owners after a delay */
    ACCOUNT_SETTING_LIMIT,     /* what one owner may spend of a token in a period */
    ACCOUNT_SETTING_KNOWN,     /* to whom one owner may send without limit */
    ACCOUNT_SETTING_KIND_COUNT
};

struct account_setting {
    enum account_setting_kind kind;
    struct account_guardians guardians; /* of GUARDIANS; none: they are taken away */
    /* of LIMIT */
    struct address token; /* zero: ether */
    struct u256 amount;   /* smallest unit */
    uint32_t period_s;
    /* of KNOWN */
    struct address to;
};

/* account_setting_encode appends the call that says it, which the contract keeps as bytes. ERR_LIMIT: out is full. */
MUST_CHECK enum err account_setting_encode(struct buf *out, const struct account_setting *s);

/* account_setting_decode reads such a call. ERR_NOT_FOUND: it is of no kind that is known here; ERR_MALFORMED: not in its strict form;
 * ERR_LIMIT: more guardians than an account has. */
MUST_CHECK enum err account_setting_decode(struct account_setting *ret, struct span call);

/* A setting as it is scheduled. */
struct account_proposal {
    struct span call; /* of account_setting_encode */
    uint64_t attempt; /* sets it apart from an equal one that was vetoed */
    uint8_t head[32]; /* the owner list for which it holds: ownersHead() */
};

/* account_proposal_id is settingId of the contract: what waits, and what a veto names. */
void account_proposal_id(struct hash32 *ret,
                         struct address account,
                         uint64_t chain_id,
                         const struct account_proposal *p);

/* The calls that the account makes to itself; they append calldata and use call and attempt. ERR_LIMIT: out is full. */
MUST_CHECK enum err account_proposal_schedule(struct buf *out, const struct account_proposal *p);
MUST_CHECK enum err account_proposal_apply(struct buf *out, const struct account_proposal *p);

enum proposal_call { PROPOSAL_CALL_SCHEDULE, PROPOSAL_CALL_APPLY };

/* account_proposal_read tells what such calldata asks for; head stays zero, call points into calldata and may be of any kind.
 * ERR_NOT_FOUND: it is no such call; ERR_MALFORMED: not in its strict form. */
MUST_CHECK enum err account_proposal_read(enum proposal_call *ret_call,
                                          struct account_proposal *ret,
                                          struct span calldata);

#endif
