#ifndef NODE_SERVER_H
#define NODE_SERVER_H

#include "base/err.h"
#include "evm/address.h"
#include "node/server/server_config.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stdint.h>

/*~ The server program: the same node in the server role, and the wallet services.
 *
 *     peers ── tcp ── host ── service_server ── fetch ── the operator's Ethereum node
 *                              |
 *                           bundler ── server_store (SQLite)
 *                              |
 *                            keyd (a process of its own)
 *
 * server_run starts it, turns until SIGINT or SIGTERM, lets what is under way end (a few seconds at most; a second
 * signal ends it at once) and takes everything down. */
enum { SERVER_TEXT_LEN = 512, SERVER_ADDR_TEXT_LEN = 256 };

/* What is known when the server is up: it listens, and its node was asked once. */
struct server_ready {
    struct peer_id self;
    size_t listen_count;
    char listen[SERVER_LISTEN_COUNT_MAX][SERVER_ADDR_TEXT_LEN]; /* multiaddrs with /p2p */
    uint64_t chain_id;
    const char *network; /* its id */
    const char *level;   /* "known-code" or "none" */
    struct address bundler;
    const char *keys;     /* what keeps the key of keyd's store: "tpm2", or "file" beside it */
    const char *sandbox;  /* "full", "partial" or "none" */
    bool is_node_reached; /* false: it is tried again; until then peers are told stale */
};
typedef void (*server_ready_fn)(void *user, const struct server_ready *ready);

/* server_run returns OK after an orderly end; else the error, and in ret_text the one sentence that says what is wrong
 * and what to do about it. ready (may be NULL) is called once. */
MUST_CHECK enum err server_run(const struct server_config *config,
                               char ret_text[static SERVER_TEXT_LEN],
                               server_ready_fn ready,
                               void *user);

#endif
