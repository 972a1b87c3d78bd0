#ifndef NODE_CHUNK_HOST_H
#define NODE_CHUNK_HOST_H

#include "node/net/answers.h"
#include "p2p/host_extension.h"
#include "plugin/chunk.h"
#include "service/quota.h"

/* Chunks of packages on a host (plugin/chunk.h): offered to peers from a shelf, under a quota; and asked for, from one connected peer after the other. Whoever sends anything but
 * the chunk is not asked again while the program runs, so that a hostile peer costs one chunk; whoever is slow, or has none, not for a while; whoever is busy, not
 * before it said. If all that is left are busy, it is waited for them. */

enum {
    CHUNK_HOST_IN_MAX = 8, /* answers under way; a question more is refused */
    CHUNK_HOST_IN_PER_PEER_MAX = 2,
    CHUNK_HOST_IN_MS = 30000, /* for question and answer together */
    CHUNK_HOST_QUOTA = 96,    /* chunks of a peer, 6 MiB: a package and then some ... */
    CHUNK_HOST_QUOTA_PER_S = 2,
    CHUNK_HOST_JUDGED_MAX = 64, /* peers that are left out; the oldest is forgotten */
    CHUNK_HOST_LEFT_MS = 60000  /* so long is left out whoever has none, or went in the middle */
};

/* What is offered. read gives a chunk and how long it is, not 0; ERR_NOT_FOUND: it is none of these. Embed as first member. */
struct chunk_shelf {
    enum err (*read)(struct chunk_shelf *self,
                     uint8_t ret[static PACKAGE_CHUNK_LEN],
                     size_t *ret_len,
                     const struct chunk_request *r);
};

struct chunk_host_cfg {
    struct budget *budget;
    struct chunk_shelf *shelf; /* NULL: nothing is offered */
    uint64_t seed[2];          /* random, for the shelf's quota */
    /* How a want ended: OK with the chunk, whose span dies with the call; ERR_NOT_FOUND: no peer that is connected gives it. Another may be wanted from inside. NULL: nothing is asked. */
    void (*on_chunk)(void *user, enum err err, struct span bytes);
    void *user;
};

struct chunk_host_judged {
    struct peer_id peer;
    instant until; /* NEVER: for good */
    bool is_busy;  /* it has the chunk, perhaps, and said when to ask again */
};

struct chunk_host {
    struct host_extension extension; /* first */
    struct host *host;
    struct chunk_host_cfg cfg;
    struct quota quota;
    struct answers answers;
    bool is_wanted;
    bool is_asked; /* stream and fetch are set */
    instant
        retry_at; /* wanted, not asked: when one that is busy is asked again; NEVER: there is none */
    struct chunk_want want;
    struct chunk_fetch fetch;
    host_stream stream;
    struct peer_id peer; /* who is asked, or gave the last one */
    struct chunk_host_judged judged[CHUNK_HOST_JUDGED_MAX];
    size_t judged_at;
    uint64_t given_count;  /* chunks to peers */
    uint64_t wasted_bytes; /* of answers that were of no use */
    uint32_t liars_count;
};

/* chunk_host_init takes the protocol on the host, if there is a shelf. ERR_STATE: it has one; ERR_LIMIT. c must not move. chunk_host_done is safe on a zeroed object. */
MUST_CHECK enum err
chunk_host_init(struct chunk_host *c, struct host *host, const struct chunk_host_cfg *cfg);
void chunk_host_done(struct chunk_host *c);

/* chunk_host_want has a chunk brought, beginning at the host's time (host_tick first); on_chunk follows, not from inside. It takes the place of one that is under way, of which nothing more is heard. chunk_host_drop wants none. */
void chunk_host_want(struct chunk_host *c, const struct chunk_want *want);
void chunk_host_drop(struct chunk_host *c);

#endif
