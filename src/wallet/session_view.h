#ifndef WALLET_SESSION_VIEW_H
#define WALLET_SESSION_VIEW_H

#include "base/err.h"
#include "codec/json.h"
#include "evm/account_session.h"
#include "service/proven.h"
#include "wallet/account.h"
#include "wallet/figure.h"

/* What a chain says about session keys of an account of version 2: the words of each in the account's storage, which are proven, or asked
 * for as they lie there (eth_getStorageAt). The contract has no list of them. */
enum { SESSION_SLOTS_MAX = (int)ACCOUNT_SESSION_COUNT_MAX * (int)SESSION_PART_COUNT };

struct session_view {
    uint64_t as_of_ms; /* when it was asked for; 0: never */
    uint32_t learned;  /* one bit for each word that was answered */
    size_t count;
    uint8_t ids[ACCOUNT_SESSION_COUNT_MAX][ACCOUNT_SESSION_ID_LEN];
    struct figure of[ACCOUNT_SESSION_COUNT_MAX][SESSION_PART_COUNT];
};

/* session_view_add has a session to be asked for; nothing happens if the room is full. */
void session_view_add(struct session_view *v, const uint8_t id[static ACCOUNT_SESSION_ID_LEN]);

/* session_view_find gives the words of a session, all of which were answered; NULL: they were not. */
const struct figure *session_view_find(const struct session_view *v,
                                       const uint8_t id[static ACCOUNT_SESSION_ID_LEN]);

/* session_view_slot gives the slot of word q: SESSION_PART_COUNT to a session. session_view_slots gives all: how many. */
void session_view_slot(uint8_t ret[static 32], const struct session_view *v, unsigned q);
size_t session_view_slots(uint8_t ret[static SESSION_SLOTS_MAX][32], const struct session_view *v);

/* session_view_learn takes the answer of word q. ERR_MALFORMED; then it counts as not answered. session_view_prove takes a proof of all
 * slots; errors as figure_prove. */
MUST_CHECK enum err session_view_learn(struct session_view *v,
                                       unsigned q,
                                       struct json result,
                                       const struct figure_said *said);
MUST_CHECK enum err session_view_prove(struct session_view *v,
                                       const struct proven_account *p,
                                       struct figure_claim claim);

#endif
