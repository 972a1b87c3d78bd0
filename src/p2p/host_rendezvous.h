#ifndef P2P_HOST_RENDEZVOUS_H
#define P2P_HOST_RENDEZVOUS_H

#include "codec/frame.h"
#include "p2p/envelope.h"
#include "p2p/host_extension.h"
#include "p2p/rendezvous.h"

/* Rendezvous on a host: a client of any connected point, and a point oneself if `serves`.
 *
 *     host_rendezvous_register(&hr, &point, ns, ttl)      -> REGISTERED
 *     host_rendezvous_discover(&hr, &point, ns, cookie)   -> FOUND for each, then OVER with the cookie to go on
 *
 * The point must be connected. */

struct host_rendezvous_cfg {
    bool serves;
    struct rendezvous_cfg point; /* rng and parent are filled in */
    uint64_t timeout_us;         /* of a question, and of an idle stream; 0 = 20 s */
};

enum host_rendezvous_event_kind {
    HOST_RENDEZVOUS_REGISTERED, /* point, ttl_s; or status, err */
    HOST_RENDEZVOUS_FOUND,      /* point, peer, record: verified */
    HOST_RENDEZVOUS_OVER,       /* point, cookie; or status, err */
};

struct host_rendezvous_event {
    enum host_rendezvous_event_kind kind;
    struct peer_id point;
    struct peer_id peer;
    struct span record; /* spans live until the next call */
    struct span cookie;
    uint64_t ttl_s;
    uint64_t status;
    enum err err;
};

struct host_rendezvous {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_rendezvous_cfg cfg;
    struct budget budget;
    struct rendezvous point;
    struct map streams; /* stream id -> its state */
    struct list idle;
    struct list answers;                   /* streams whose answer is to be polled */
    struct host_rendezvous_stream *polled; /* whose answer is being polled */
    struct buf out;
    bool is_told;
};

MUST_CHECK enum err host_rendezvous_init(struct host_rendezvous *hr,
                                         struct host *host,
                                         const struct host_rendezvous_cfg *cfg);
void host_rendezvous_done(struct host_rendezvous *hr);

/* ERR_NOT_FOUND: point is not connected; ERR_LIMIT; ERR_STATE: we announce no address. */
MUST_CHECK enum err host_rendezvous_register(struct host_rendezvous *hr,
                                             const struct peer_id *point,
                                             struct span ns,
                                             uint64_t ttl_s);
MUST_CHECK enum err
host_rendezvous_unregister(struct host_rendezvous *hr, const struct peer_id *point, struct span ns);
MUST_CHECK enum err host_rendezvous_discover(struct host_rendezvous *hr,
                                             const struct peer_id *point,
                                             struct span ns,
                                             struct span cookie);
bool host_rendezvous_poll(struct host_rendezvous *hr, struct host_rendezvous_event *ret_event);

#endif
