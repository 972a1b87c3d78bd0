#ifndef NODE_IDENTITIES_H
#define NODE_IDENTITIES_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/rng.h"
#include "node/net/loop.h"
#include "node/net/net_json.h"
#include "p2p/host.h"
#include "wallet/text.h"

/* A peer identity for each account: a libp2p host of its own, with a fresh key, its own ports and its own connections, so
 * that what a server sees of one account does not lead to another. It is made at the first question of an account, and goes
 * when the account has asked nothing for IDENTITY_IDLE_S, or when another needs the place.
 *
 * The key stands for nothing but these connections. It lives where the transport's own keys do, in this process's memory,
 * is stored nowhere, and goes with the host.
 *
 * Memory: IDENTITY_MEMORY_MAX for a host and its driver's buffers (tcp.h), all charged to cfg.budget. */

enum {
    IDENTITIES_LIVE_MAX = 8,
    IDENTITIES_COUNT_MAX = 16, /* with those that are closing */
    IDENTITY_MEMORY_MAX = 4 * 1024 * 1024,
    IDENTITY_IDLE_S = 300,
};

struct conn_gate;

struct identities_cfg {
    struct loop *loop;
    struct budget *budget;
    struct rng *rng;
    struct log *log;
    const char *agent; /* static */
    bool private_too;  /* private addresses may be dialled in hole punching: the local network */
    const struct conn_gate *gate; /* NULL: none */
    /* is_asking: does a question run on this host? It is not let go of then. */
    bool (*is_asking)(void *user, const struct host *host);
    /* on_event gets what the host tells its application. It must not call identities_tick or identities_done. */
    void (*on_event)(void *user, struct host *host, const struct host_event *e);
    void *user;
};

struct identity;

struct identities {
    struct identities_cfg cfg;
    struct identity *list[IDENTITIES_COUNT_MAX];
    size_t count;
};

void identities_init(struct identities *x, const struct identities_cfg *cfg);

/* identities_close ends all connections at once; the loop must turn (loop_done does) before identities_free. */
void identities_close(struct identities *x);
void identities_free(struct identities *x);

/* identities_host gives the host of an account, which lives until is_asking tells that nothing runs on it. ERR_LIMIT: all
 * places are busy, or there is no memory. */
MUST_CHECK enum err
identities_host(struct identities *x, struct host **ret, instant now, struct id account);

/* identities_disconnect ends every connection to a peer. */
void identities_disconnect(struct identities *x, const struct peer_id *peer);

/* identities_tick lets go of those that are not used, and moves what the others have to send. */
void identities_tick(struct identities *x, instant now);
instant identities_deadline(const struct identities *x, instant now);

/* identities_list gives those that are in use, IDENTITIES_COUNT_MAX at most, and their number; they point into x, until the next call on it. */
size_t identities_list(const struct identities *x,
                       struct net_identity ret[static IDENTITIES_COUNT_MAX]);

#endif
