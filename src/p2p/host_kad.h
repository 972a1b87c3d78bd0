#ifndef P2P_HOST_KAD_H
#define P2P_HOST_KAD_H

#include "codec/frame.h"
#include "p2p/host_extension.h"
#include "p2p/kad.h"

/* The DHT on a host: carries the messages of p2p/kad.h on streams, dials whom it must ask, and tells it who is
 * connected and what they speak.
 *
 *     host_kad_init(&hk, &host, &cfg)                       (before the first tick, or later: then of whoever
 *                                                        is connected it hears with the next identify)
 *     kad_find_providers(&hk.kad, &op, now, key, args)      (any command of kad.h; then pump the driver)
 *     HOST_EVENT_EXTENSION with &hk.extension  ->  while (host_kad_poll(&hk, &e)) ...
 *
 * One stream for each question; a peer may ask many on one. Connections that it dialled are kept for the next
 * question, as many as warm_max; then the oldest that carries no stream is closed.
 *
 * Memory: cfg.kad.memory_max for the DHT, and memory_max for messages under way, both within the host's. */

struct host_kad_cfg {
    struct kad_cfg kad;               /* self, rng and parent are filled in */
    const char *protocol;             /* static text; NULL = KAD_PROTOCOL */
    size_t memory_max;                /* bytes of messages under way; 0 = 4 MiB */
    uint32_t streams_in_max;          /* 0 = 256 */
    uint32_t streams_in_per_peer_max; /* 0 = 32 */
    uint32_t warm_max;                /* dialled connections kept; 0 = 20 */
    uint64_t idle_timeout_us;         /* of a stream without a byte; 0 = 60 s */
};

struct host_kad_stream {
    struct list in_streams; /* the longest idle first */
    host_stream id;
    struct peer_id peer;
    bool inbound;
    bool is_told; /* outbound: the outcome */
    bool wants_answer;
    bool is_ending; /* nothing is to be written after out */
    uint64_t query;
    struct frame_reader frames;
    struct buf out;
    instant idle_at;
};

/* A question whose peer is being dialled. */
struct host_kad_waiting {
    struct list in_waiting;
    uint64_t query;
    uint64_t dial; /* 0 = another question's dial */
    bool wants_answer;
    struct peer_id peer;
    struct buf message;
};

struct host_kad_warm {
    struct list in_warm; /* the oldest first */
    struct peer_id peer;
};

struct host_kad {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_kad_cfg cfg;
    struct budget budget;
    struct kad kad;
    struct map streams; /* stream id -> struct host_kad_stream */
    struct list idle;
    struct list waiting;
    struct list warm;
    uint32_t warm_count;
    struct buf answer;
    uint64_t addrs_seq; /* which of the host's announcements we have taken over */
    bool is_handled;    /* the protocol is announced */
    bool is_told;       /* the application knows that there is news */
};

/* host_kad_init adds the DHT to a host; host_kad_done takes it away again, before host_done. ERR_LIMIT. */
MUST_CHECK enum err
host_kad_init(struct host_kad *hk, struct host *host, const struct host_kad_cfg *cfg);
void host_kad_done(struct host_kad *hk);

/* host_kad_leave does the same, and closes the connections that the DHT has dialled and that carry no stream of others. Not from within
 * the host's callbacks. */
void host_kad_leave(struct host_kad *hk);

/* host_kad_add_bootstrap takes a multiaddr that ends in the peer's /p2p, as lists of them are written: see
 * kad_add_bootstrap. ERR_MALFORMED, ERR_UNSUPPORTED: not such an address. */
MUST_CHECK enum err host_kad_add_bootstrap(struct host_kad *hk, struct span multiaddr);

/* host_kad_poll gives events PEER, PROVIDER, VALUE and OVER. */
bool host_kad_poll(struct host_kad *hk, struct kad_event *ret_event);

#endif
