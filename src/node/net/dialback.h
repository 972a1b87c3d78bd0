#ifndef NODE_DIALBACK_H
#define NODE_DIALBACK_H

#include "node/net/tcp.h"
#include "p2p/host_autonat.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <stdbool.h>

/* What an AutoNAT server dials with: a host of its own under a key that lives as long as the process, and sockets of its own,
 * none of which takes connections. See p2p/host_dialback.h for why.
 *
 *     dialback_init(&d, &cfg); ... host_autonat_init(&ha, &host, .dialler = &d.dialler); d.to = &ha;
 *
 * Its UDP sockets are bound at init, since a sandboxed process binds none. Memory: DIALBACK_MEMORY_MAX and the driver's
 * buffers, from cfg.budget. */

enum { DIALBACK_MEMORY_MAX = 6 * 1024 * 1024 };

struct dialback_cfg {
    struct loop *loop;
    struct budget *budget;
    struct rng *rng;
    uint64_t unix_s;
    const char *agent;

    /* on_result: the host that asked has something to write: pump its driver. Never called from within start. */
    void (*on_result)(void *user);
    void *user;
};

struct dialback {
    struct autonat_dialler dialler; /* first member */
    struct dialback_cfg cfg;
    struct host_autonat *to; /* who asks; NULL: results are dropped */
    struct key_signer signer;
    struct host host;
    struct host_dialback jobs;
    struct tcp tcp;
    struct alarm alarm;
    bool has_tcp;
    bool has_ip6; /* this machine lets one bind an IPv6 socket */
};

/* dialback_init: ERR_LIMIT: the budget. d must not move. dialback_done: the loop must turn before the memory goes. */
MUST_CHECK enum err dialback_init(struct dialback *d, const struct dialback_cfg *cfg);
void dialback_done(struct dialback *d);

/* dialback_free gives back what is left, after loop_done. */
void dialback_free(struct dialback *d);

#endif
