#ifndef NODE_LIGHT_H
#define NODE_LIGHT_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"
#include "beacon/lc_store.h"
#include "service/light.h"
#include "service/message.h"
#include "wallet/store.h"
#include "wallet/wallet.h"

/* The light client of the selected network's consensus chain: what to ask of servers next, what their answers prove, and the
 * block that follows from it. It has no sockets: it names requests and takes answers.
 *
 *     checkpoint ── LC_BOOTSTRAP ──▶ store ── LC_UPDATES, a period each ──▶ LC_FINALITY, LC_OPTIMISTIC, a slot each
 *                └─ these two, as far as they are known, are asked for at the same time
 *                                                      │
 *                                        wallet_trust_block with a head that two thirds signed
 *
 * What it verified stands in the store (STORE_LIGHT): the bootstrap and the updates since, which are verified once more at the
 * next start, and the newest finalized block, from which a start goes on when there are too many of them.
 *
 * A checkpoint older than LC_CHECKPOINT_AGE_S_MAX, from the file or what was proven here before so long a time, is followed too,
 * but nothing that it leads to is told or kept until LIGHT_WITNESSES servers outside of the person's, of different operators,
 * give a final block that the committee it leads to has signed; one that gives another chain's is enough against it. */
enum {
    LIGHT_AHEAD = 2, /* questions beside that for the bootstrap */
    LIGHT_WITNESSES = 2,
    LIGHT_UPDATES_KEPT_MAX = 16, /* as many periods, of 27 hours on mainnet */
    LIGHT_UPDATES_ASKED_MAX = SERVICE_LIGHT_MAX,
};

struct light_cfg {
    struct budget *budget;
    struct log *log;
    struct store *store;
    struct wallet *wallet;
    /* Asks servers; light_take follows with what they answer, and light_asked at the end. */
    void (*ask)(void *user, struct wallet_time t, const struct service_request *request);
    /* Asks servers outside of the person's, one after the other: light_witness, until it says that it suffices, and light_witnessed at the end. */
    void (*ask_witnesses)(void *user, struct wallet_time t, const struct service_request *request);
    void *user;
};

/* What was asked for together with the bootstrap, so that there is nothing left to wait for when that has come: the updates that most
 * likely lead from it to today's committee, and the newest finality update. Held unread until its turn. */
struct light_ahead {
    struct service_request asked;
    bool is_asked; /* and not over */
    bool is_there;
    struct buf body;
};

struct light {
    struct light_cfg cfg;
    const struct network *network; /* that is followed; NULL: none */
    struct lc_store *store;        /* NULL until a bootstrap was taken */
    bool has_checkpoint;
    bool is_own;         /* the checkpoint is one that this wallet proved itself */
    bool is_unconfirmed; /* it is too old, and witnesses have not agreed */
    unsigned agreed;     /* of those asked now */
    unsigned denied;
    struct network_checkpoint checkpoint;
    size_t kept; /* updates in the store */
    bool is_asking;
    struct light_ahead ahead[LIGHT_AHEAD];
    bool is_quiet; /* told so already */
    instant ask_at;
    instant finality_at; /* when finality is asked for again */
    instant next_at;     /* when the committee of the next period is */
};

void light_init(struct light *l, const struct light_cfg *cfg);
void light_done(struct light *l);

/* light_tick follows the selected network, has asked what is due, and tells the wallet of the newest block. */
void light_tick(struct light *l, struct wallet_time t);
instant light_deadline(const struct light *l);

/* light_is_on: does this network have a light client? It needs a consensus chain and a checkpoint, its file's or its own, that is not
 * too old, or was confirmed. */
bool light_is_on(const struct light *l, const struct network *n);

/* light_take takes an answer. OK: something was learnt; ERR_STATE: nothing new, ask another server; ERR_AUTH, ERR_MALFORMED: it
 * is false. */
MUST_CHECK enum err light_take(struct light *l,
                               struct wallet_time t,
                               const struct service_request *asked,
                               const struct service_light *answer);

/* light_witness takes a witness's answer, which sees the same chain, or another, or tells nothing. true: no other need be asked.
 * light_witnessed: that question is over. */
MUST_CHECK bool light_witness(struct light *l,
                              struct wallet_time t,
                              const struct service_request *asked,
                              const struct service_light *answer);
void light_witnessed(struct light *l, struct wallet_time t);

/* light_asked: that question is over. */
void light_asked(struct light *l,
                 struct wallet_time t,
                 const struct service_request *asked,
                 bool has_learnt);

#endif
