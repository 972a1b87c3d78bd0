#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "base/budget.h"
#include "base/instant.h"
#include "base/rng.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"
#include "p2p/peer_id.h"

#include <stdint.h>

/* A peer of its own with one connection to a node on 127.0.0.1: a host over a blocking socket, for programs that weigh or
 * load that node. A failure ends the program. */
struct bench_client {
    struct host host;
    struct key_signer signer;
    host_link link;
    int fd;
};

instant bench_now(void);

/* bench_connect opens a TCP connection to 127.0.0.1. */
int bench_connect(uint16_t port);

struct bench_client_args {
    const char *agent;
    struct budget *budget; /* from which the host's memory comes */
    struct rng *rng;
    const struct secret32 *seed; /* of its key: who it is */
    const struct peer_id *peer;  /* whom it connects to */
    uint16_t port;
};

/* bench_client_start connects; nothing is sent before bench_client_send. */
void bench_client_start(struct bench_client *c, const struct bench_client_args *args);
void bench_client_send(struct bench_client *c);
/* bench_client_receive reads what there is, waiting up to wait_ms for it, and calls told(user) whenever the host may have events.
 * False: the node has closed. */
bool bench_client_receive(struct bench_client *c,
                          int wait_ms,
                          void (*told)(void *user),
                          void *user);

#endif
