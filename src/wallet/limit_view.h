#ifndef WALLET_LIMIT_VIEW_H
#define WALLET_LIMIT_VIEW_H

#include "base/err.h"
#include "codec/json.h"
#include "evm/account_limits.h"
#include "service/proven.h"
#include "wallet/figure.h"
#include "wallet/network.h"

/* What a chain says about the limits of an account of version 2, and about addresses that may be known to it: the contract has no
 * list of those, so each is asked for. */
enum {
    LIMIT_COUNT_MAX = 8,  /* ether, and the first tokens of the network's list */
    KNOWN_COUNT_MAX = 16, /* addresses that are asked for */
};
enum limit_question {
    LIMIT_ASK_OF, /* limitOf: ether, then the tokens in their order */
    LIMIT_ASK_FEES = LIMIT_ASK_OF + LIMIT_COUNT_MAX, /* limitFees() */
    LIMIT_ASK_KNOWN,                                 /* isKnown of each address, in its place */
    LIMIT_ASK_COUNT = LIMIT_ASK_KNOWN + KNOWN_COUNT_MAX,
};

struct limit_figures {
    struct figure amount;
    struct figure spent;
    struct figure window; /* account_limit_since, account_limit_period_s */
};

struct limit_view {
    uint64_t as_of_ms;  /* when it was asked for; 0: never */
    uint64_t next_task; /* then; tasks before it have what they need */
    uint32_t learned;   /* one bit for each question that was answered */
    size_t count;       /* of limits that are asked for */
    struct limit_figures of[LIMIT_COUNT_MAX];
    struct figure fees;
    size_t known_count;
    struct address known[KNOWN_COUNT_MAX];
    struct figure is_known[KNOWN_COUNT_MAX]; /* 0: no */
};

/* limit_view_begin empties v, to be filled for this network. limit_view_add has to be asked for; nothing happens if it is there, or the
 * room is full. */
void limit_view_begin(struct limit_view *v, const struct network *n, uint64_t as_of_ms);
void limit_view_add(struct limit_view *v, struct address to);

/* limit_view_token is the token of limit i: zero is ether. */
struct address limit_view_token(const struct network *n, size_t i);

/* limit_view_has: question q is one of v. limit_view_is_whole: all limits and fees were answered. */
bool limit_view_has(const struct limit_view *v, unsigned q);
bool limit_view_is_whole(const struct limit_view *v);

/* limit_view_find gives the place of an address whose answer is there; known_count: there is none. */
size_t limit_view_find(const struct limit_view *v, struct address to);

/* limit_view_call puts the calldata of question q. */
struct span limit_view_call(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX],
                            const struct limit_view *v,
                            const struct network *n,
                            unsigned q);

/* limit_view_learn takes the answer to question q. ERR_MALFORMED; then q counts as not answered. */
MUST_CHECK enum err limit_view_learn(struct limit_view *v,
                                     unsigned q,
                                     struct json result,
                                     const struct figure_said *said);

/* The slots of the account that prove all limits and fees, and those that prove the known addresses: how many of them. limit_view_prove
 * takes such a proof; errors as figure_prove. */
enum { LIMIT_SLOTS_MAX = ACCOUNT_LIMIT_SLOTS * LIMIT_COUNT_MAX + 1 };
size_t limit_view_slots(uint8_t ret[static LIMIT_SLOTS_MAX][32],
                        const struct limit_view *v,
                        const struct network *n);
size_t limit_view_known_slots(uint8_t ret[static KNOWN_COUNT_MAX][32], const struct limit_view *v);
MUST_CHECK enum err limit_view_prove(struct limit_view *v,
                                     const struct proven_account *p,
                                     const struct network *n,
                                     struct figure_claim claim);
MUST_CHECK enum err limit_view_prove_known(struct limit_view *v,
                                           const struct proven_account *p,
                                           struct figure_claim claim);

#endif
