#ifndef WALLET_OWNER_VIEW_H
#define WALLET_OWNER_VIEW_H

#include "base/err.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/smart_account.h"
#include "wallet/account.h"

/* What a chain said about an account's owners: the list, the threshold, how often the list was changed and the hash of
 * the last change, the delay, and for changes that this wallet knows whether they wait. Answers to eth_call, so the
 * word of the servers that were asked. */
enum owner_question {
    OWNER_ASK_LIST,      /* getSigners(0, 32) */
    OWNER_ASK_THRESHOLD, /* threshold() */
    OWNER_ASK_SEQUENCE,  /* ownersSequence() */
    OWNER_ASK_HEAD,      /* ownersHead() */
    OWNER_ASK_DELAY,     /* delay() */
    OWNER_ASK_CHANGE, /* changeReadyAt(id) of each known change, in its place in the account's list */
    OWNER_ASK_PROBE =
        OWNER_ASK_CHANGE + ACCOUNT_CHANGE_COUNT_MAX, /* the same of a removal of each owner */
    OWNER_ASK_COUNT = OWNER_ASK_PROBE + OWNER_COUNT_MAX,
};

enum { OWNER_CHANGE_VETOED = 1 }; /* as a time */

struct owner_view {
    unsigned learned; /* one bit for each question that was answered */
    size_t count;
    struct smart_owner list[OWNER_COUNT_MAX];
    uint64_t threshold;
    uint64_t sequence;
    uint8_t head[32];
    uint64_t delay_s;
    uint64_t ready_at[ACCOUNT_CHANGE_COUNT_MAX]; /* Unix time; 0: does not wait (any more) */
    /* The same of each owner's first removal as the change probe_sequence: another wallet may have begun it. */
    uint64_t probe_ready_at[OWNER_COUNT_MAX];
    uint64_t probe_sequence; /* 0: not asked */
};

/* owner_view_is_whole: all but the changes was answered. */
bool owner_view_is_whole(const struct owner_view *v);

bool owner_view_has(const struct owner_view *v, const struct smart_owner *owner);

/* owner_view_call puts the calldata of question q; change is the id for OWNER_ASK_CHANGE and OWNER_ASK_PROBE. ret has room for 68 bytes. */
struct span owner_view_call(uint8_t ret[static 68], unsigned q, const struct hash32 *change);

/* owner_view_learn takes the answer to question q. ERR_MALFORMED: not of the form that q demands, or an owner of a kind
 * that this wallet does not know; ERR_LIMIT: more owners than it shows. Then q counts as not answered. */
MUST_CHECK enum err owner_view_learn(struct owner_view *v, unsigned q, struct json result);

#endif
