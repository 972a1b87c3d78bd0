#ifndef P2P_HOST_CONN_MANAGER_H
#define P2P_HOST_CONN_MANAGER_H

#include "p2p/conn_manager.h"
#include "p2p/host_extension.h"

/* The connection manager on a host: it sees who comes and goes, lets go of those whom conn_manager.h names, and remembers
 * why the last connections ended and others were turned away, for a log or a screen. */

enum { HOST_ENDINGS_MAX = 32, HOST_REFUSAL_KINDS_MAX = 24 };

/* How a peer left. */
struct host_ending {
    struct peer_id peer;
    instant at;
    enum err err;
    const char *rule; /* static; NULL = none was given */
    bool inbound;
    bool was_pruned;
};

/* How often somebody was turned away for one reason. */
struct host_refusal_kind {
    struct refusal last;
    uint64_t count;
};

struct host_conn_manager_cfg {
    uint32_t
        low; /* see conn_manager.h; high 0: five eighths of all connections, and half of them */
    uint32_t high;
    uint64_t grace_us; /* 0 = 20 s */

    /* refresh (may be NULL) is called for each connected peer before some are let go of: tag and protect it. */
    void (*refresh)(void *user, struct conn_manager *m, const struct peer_id *peer);
    void *user;
};

struct host_conn_manager {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_conn_manager_cfg cfg;
    struct conn_manager manager; /* tag and protect here */
    struct host_ending endings[HOST_ENDINGS_MAX];
    uint64_t endings_count; /* ever */
    struct host_refusal_kind refusals[HOST_REFUSAL_KINDS_MAX];
    size_t refusals_count;
};

/* host_conn_manager_init begins to watch; host_conn_manager_done before host_done. */
void host_conn_manager_init(struct host_conn_manager *hm,
                            struct host *host,
                            const struct host_conn_manager_cfg *cfg);
void host_conn_manager_done(struct host_conn_manager *hm);

/* host_conn_manager_set_marks takes low, high and grace of cfg over. */
void host_conn_manager_set_marks(struct host_conn_manager *hm,
                                 const struct host_conn_manager_cfg *cfg);

/* host_conn_manager_refresh has every connected peer tagged anew, as before a round: for those who show the tags. */
void host_conn_manager_refresh(struct host_conn_manager *hm);

/* host_conn_manager_ending gives the i-th last ending, 0 the newest; NULL if there were fewer. */
const struct host_ending *host_conn_manager_ending(const struct host_conn_manager *hm, size_t i);

#endif
