#ifndef NODE_DIRECTORY_HOST_H
#define NODE_DIRECTORY_HOST_H

#include "codec/frame.h"
#include "node/net/answers.h"
#include "node/net/descriptors.h"
#include "p2p/host_extension.h"
#include "service/quota.h"

/* The directory of servers on a host (DIRECTORY_PROTOCOL): holds their descriptors, gives some to whoever asks, and asks peers for
 * what they know. Gossip brings what is new to those who are in the topic; this is for the rest: a wallet, which wants a few
 * servers now and not all news for ever, and a server that has just come.
 *
 * A peer is asked again after 2 s, then ever later, up to ten minutes. Whoever gives what no honest node passes on is asked no more.
 * Who answers a dial of ours, and who does not, it sees at the host. */

enum {
    DIRECTORY_IN_MAX = 16, /* answers under way; a question more is refused */
    DIRECTORY_IN_PER_PEER_MAX = 2,
    DIRECTORY_IN_MS = 10000, /* for question and answer together */
    DIRECTORY_QUOTA = 200,   /* units of a peer ... */
    DIRECTORY_QUESTION_COST =
        20, /* ... of which a question takes these, and one comes back each second */
    DIRECTORY_ASKED_MAX = 64, /* peers of whom it is known when they are asked again */
};

struct directory_host_cfg {
    struct descriptors_cfg list;
    struct rng *rng;
    bool serves; /* others are answered */
};

struct directory_asked {
    struct peer_id peer;
    instant again_at; /* NEVER: it lied */
    uint64_t wait_us;
};

struct directory_host {
    struct host_extension extension; /* first */
    struct host *host;
    struct directory_host_cfg cfg;
    struct descriptors list;
    struct quota quota;
    struct answers answers;
    uint64_t chain; /* what was asked for last */
    bool is_wanting;
    bool is_asking; /* stream and frames are set */
    host_stream stream;
    struct frame_reader frames;
    struct directory_asked *at; /* who is asked */
    instant until;
    struct directory_asked asked[DIRECTORY_ASKED_MAX];
    size_t asked_at;        /* the next place */
    uint64_t answers_count; /* to others */
};

/* directory_host_init begins; ERR_STATE: the protocol is taken; ERR_LIMIT. d must not move. directory_host_done, before host_done, is safe on
 * a zeroed object. */
MUST_CHECK enum err directory_host_init(struct directory_host *d,
                                        struct host *host,
                                        const struct directory_host_cfg *cfg);
void directory_host_done(struct directory_host *d);

/* directory_host_want has connected peers asked for servers of a chain, one after the other; directory_host_rest asks nobody. What they
 * give comes to list.on_taken, which must not call the host. Another chain than before begins anew. */
void directory_host_want(struct directory_host *d, uint64_t chain);
void directory_host_rest(struct directory_host *d);

#endif
