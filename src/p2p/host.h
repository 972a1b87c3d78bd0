#ifndef P2P_HOST_H
#define P2P_HOST_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/rng.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "p2p/peer_id.h"
#include "p2p/refusal.h"
#include "p2p/security.h"
#include "p2p/signer.h"
#include "p2p/udp_addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* host: a libp2p node without sockets or clock. Everything below it (multistream, noise, yamux, identify,
 * ping, perf) runs inside; what is above it registers protocols and opens streams by peer.
 *
 *     driver (libuv loop, or simulator)                          application (service, kad, ...)
 *     host_link_open / up / recv / send / closed   <-- host -->  host_handle, host_open_stream,
 *     host_tick, host_deadline                                   host_stream_write, ...
 *                          host_poll: one queue of events for both
 *
 * The driver's loop:
 *
 *     bytes arrived on a link:                   time:
 *         do {                                       host_tick(h, now);
 *             host_link_recv(h, now, link, &in);     poll and act; flush
 *             while (host_poll(h, &e)) act(&e);      sleep until host_deadline(h)
 *         } while (in.n > 0);
 *         flush:
 *         while (host_next_sendable(h, &link))
 *             while ((n = host_link_send(h, now, link, room)) > 0) write it;
 *         poll again: what was sent may have made a stream writable or finished it
 *
 * A link is one transport connection, named by a number that is never used again. A stream likewise.
 * Spans in events live until the next call on the host. Commands use the time of the latest call that
 * carried one (recv, send, tick, open): a driver that woke up calls host_tick first.
 *
 * Order of events, for every peer: PEER_CONNECTED; PEER_IDENTIFIED, streams' events, PING; every open
 * stream's RESET; PEER_DISCONNECTED. For every stream: OPENED first, then DATA, WRITABLE, FIN; CLOSED
 * or RESET last, and none after the application's own host_stream_reset. A stream that we opened and
 * whose protocol the peer refuses has a RESET (ERR_UNSUPPORTED) and nothing else.
 *
 * Memory: one figure, cfg.memory_max, for everything. Scopes below it: "transient" (connections that
 * have not proven who they are), "peer", "connection", "stream". Each refusal is an event with reason,
 * scope, value and limit. A peer may have memory_per_peer_max while there is plenty; of the last half of memory_max nobody gets
 * more than an equal share (host_limits.c). */

enum {
    HOST_PROTOCOLS_MAX = 64,     /* handled at once, built-in ones included */
    HOST_PROTOCOL_LEN_MAX = 128, /* bytes of a protocol id */
    HOST_ADDRS_MAX = 32,         /* listen addresses announced; addresses of one dial */
    HOST_LOOKUPS_MAX = 8,        /* /dnsaddr names of one dial */
    HOST_AGENT_LEN_MAX = 64,
    HOST_PEER_PROTOCOLS_MAX = 256, /* of a peer's identify message, kept */
    HOST_PEER_ADDRS_MAX = 32,
};

struct host_limits {
    uint32_t conns_max;           /* all connections, handshaking ones included */
    uint32_t conns_in_max;        /* of them opened by peers */
    uint32_t conns_transient_max; /* of them not yet authenticated */
    uint32_t conns_per_peer_max;
    uint32_t
        conns_per_host_max; /* opened by peers, of one public address; 0 = no bound: conn_groups.h */
    uint32_t conns_per_network_max; /* likewise of one network */
    uint32_t streams_per_conn_max;
    uint32_t streams_in_per_conn_max;
    uint32_t dials_max;            /* host_dial calls under way */
    size_t memory_transient_max;   /* bytes of all unauthenticated connections together */
    size_t memory_per_peer_max;    /* bytes */
    size_t memory_per_conn_max;    /* bytes */
    uint32_t window_max;           /* bytes a stream's receive window may grow to */
    size_t credit_max;             /* bytes of all windows beyond their first 256 KiB */
    uint32_t queue_per_stream_max; /* bytes waiting to be sent on one stream */
    uint64_t handshake_timeout_us; /* from link up to muxer ready */
    uint64_t dial_timeout_us;      /* of one address, up to link up */
    uint64_t stream_timeout_us;    /* to agree on a stream's protocol */
    uint64_t keepalive_us;         /* pings on an idle connection; 0 = none */
};

/* host_limits_for derives sensible limits from the one figure that a person sets: bytes of memory. */
struct host_limits host_limits_for(size_t memory_max);

struct host_cfg {
    struct signer *signer;       /* the identity; outlives the host */
    struct rng *rng;             /* outlives the host */
    struct budget *parent;       /* NULL, or a scope above the host's own */
    size_t memory_max;           /* bytes */
    struct host_limits limits;   /* zeroed = host_limits_for(memory_max) */
    const char *agent;           /* identify's agent version, such as "passmesh/0.1.0"; static */
    const char *protocol_family; /* identify's protocol version; NULL = "ipfs/0.1.0" */
    uint64_t
        unix_s; /* the clock at init, seconds since 1970, by which certificates are judged; 0 = not
                                  * known: TLS is then neither offered nor taken */
    enum security security_dial
        [SECURITY_COUNT];       /* how we dial, in order of preference. One saves a round trip,
                                  * two can fall back. Dialled, we take what we can */
    size_t security_dial_count; /* 0: noise */
    bool serve_perf;            /* answer /perf/1.0.0: lets any peer make us send */
    uint64_t record_seq; /* above that of any peer record this identity ever signed; milliseconds
                                  * since 1970 will do. Grows by one with each change */
};

/* Defined in host_state.h, for those who embed one. */
struct host;

/* A protocol beside the application: p2p/host_extension.h. */
struct host_extension;

typedef struct {
    uint64_t id; /* 0 = none */
} host_link;

typedef struct {
    uint64_t id; /* 0 = none */
} host_stream;

enum host_event_kind {
    /* for the driver */
    HOST_EVENT_DIAL,       /* connect link to addr; then host_link_up, or host_link_closed */
    HOST_EVENT_LINK_CLOSE, /* write what host_link_send still gives, close the transport (or give up
                            * dialling), call host_link_closed */
    /* for the application */
    HOST_EVENT_PEER_CONNECTED, /* peer, addr, inbound, link, relayed: the first connection to peer is ready */
    HOST_EVENT_PEER_DIRECT, /* peer, addr, inbound, link: the first direct one to a peer that was relayed */
    HOST_EVENT_PEER_IDENTIFIED,   /* peer: see host_peer_find; again after each push */
    HOST_EVENT_PEER_DISCONNECTED, /* peer, err, rule, inbound: the last connection to it is gone */
    HOST_EVENT_DIAL_FAILED, /* dial, peer (may be none), err, rule: every address of a host_dial failed */
    HOST_EVENT_STREAM_OPENED,   /* stream, peer, protocol, inbound, user */
    HOST_EVENT_STREAM_DATA,     /* stream, data: give the credit back with host_stream_consume */
    HOST_EVENT_STREAM_FIN,      /* stream: the peer sends no more */
    HOST_EVENT_STREAM_WRITABLE, /* stream: a write that was cut short can go on */
    HOST_EVENT_STREAM_CLOSED,   /* stream: both sides finished and all was sent; it is gone */
    HOST_EVENT_STREAM_RESET,    /* stream, err, rule, code: it is gone, whatever the reason */
    HOST_EVENT_PING,            /* peer, rtt_us; or err if it failed */
    HOST_EVENT_PERF,            /* peer, perf; or err if it failed */
    HOST_EVENT_REFUSED, /* refusal, peer (may be none): somebody was turned away, or never came in; for log and metrics */
    HOST_EVENT_EXTENSION, /* extension: it has something for the application, poll it */
};

struct host_perf_result {
    uint64_t upload_len;   /* bytes */
    uint64_t download_len; /* bytes */
    uint64_t upload_us;    /* until the peer began to answer */
    uint64_t download_us;
};

struct host_event {
    enum host_event_kind kind;
    host_link link;
    host_stream stream;
    struct peer_id peer;
    struct span addr;     /* multiaddr bytes */
    struct span protocol; /* the id as registered or asked for */
    struct span data;
    void *user; /* the stream's */
    bool inbound;
    bool relayed;
    enum err err;
    const char *rule; /* static text: why, or NULL */
    uint32_t code;    /* STREAM_RESET: the peer's number, 0 = none */
    uint64_t dial;    /* DIAL_FAILED: as host_dial returned */
    uint64_t rtt_us;
    struct host_perf_result perf;
    struct refusal refusal;
    struct host_extension *extension;
};

/* host_init makes a node in place; host_done ends everything at once and gives all memory back (the
 * driver closes its transports itself). Safe on a zeroed object. Errors: the signer's; ERR_LIMIT if
 * memory_max cannot hold even the tables. */
MUST_CHECK enum err host_init(struct host *h, const struct host_cfg *cfg, instant now);
void host_done(struct host *h);

/* host_self is our own peer id. */
const struct peer_id *host_self(const struct host *h);

bool host_poll(struct host *h, struct host_event *ret_event);
instant host_deadline(const struct host *h);
void host_tick(struct host *h, instant now);

/* ---- driver ---- */

struct host_link_args {
    struct span local;  /* multiaddr bytes, may be empty; copied */
    struct span remote; /* multiaddr bytes; copied; told to the peer as its observed address */
    instant now;
};

/* host_link_open takes in a transport connection that a peer opened. ERR_LIMIT with *ret_refusal (may be
 * NULL): close it. Only host_link_closed ends the link on our side. */
MUST_CHECK enum err host_link_open(struct host *h,
                                   host_link *ret_link,
                                   struct refusal *ret_refusal,
                                   struct host_link_args args);

/* host_link_up tells that a DIAL succeeded; remote may be empty: the dialled address stands. */
void host_link_up(struct host *h, host_link link, struct host_link_args args);

/* host_link_recv takes bytes off the front of *in; it stops early when an event waits (poll, call
 * again). ERR_CLOSED: the rest is of no use. Ignores unknown links with ERR_CLOSED. */
enum err host_link_recv(struct host *h, instant now, host_link link, struct span *in);

/* host_link_send fills out with what is to be written on link; 0 = nothing now. Rooms of 64 KiB and
 * more let bulk data travel in whole noise frames; any size >= 64 works. */
size_t host_link_send(struct host *h, instant now, host_link link, struct mspan out);

/* host_next_sendable gives, once for each time that it got something to say, a link to be drained with
 * host_link_send. A driver whose socket is full remembers that itself. */
bool host_next_sendable(struct host *h, host_link *ret_link);

/* host_link_closed tells that the transport is gone, or a dial failed: why is ERR_CLOSED (orderly),
 * ERR_IO or ERR_TIMEOUT. Called exactly once a link; the id is dead afterwards. */
void host_link_closed(struct host *h, instant now, host_link link, enum err why);

/* host_dial_found answers a DIAL to /dnsaddr/NAME: the name's addresses take its place in the dial, as far as they can be
 * dialled and lead to the peer that is meant; the link is closed by this. Names may lead to further names,
 * HOST_LOOKUPS_MAX in one dial: after those a name leads nowhere. */
void host_dial_found(
    struct host *h, instant now, host_link link, const struct span *addrs, size_t count);

/* ---- driver: datagrams ----
 *
 * A DIAL to /udp/N/quic-v1 asks the driver for nothing but a socket and a name's address: host_link_up, with
 * remote if the address held a name. Links over datagrams come out of host_next_sendable like others; their bytes are
 * had with host_datagram_send. A LINK_CLOSE of one is answered at once, when its last datagrams are out. */

enum { HOST_DATAGRAM_LEN_MAX = 1452 };

struct host_datagram {
    const struct udp_addr *remote;
    struct span bytes;
    instant now;
};

/* host_datagram_recv takes one datagram in. It may ask for one to be sent back to remote: its bytes then lie in
 * reply, which has room for HOST_DATAGRAM_LEN_MAX, and their number is returned; else 0. */
size_t host_datagram_recv(struct host *h, const struct host_datagram *d, struct mspan reply);

/* host_link_is_datagram: is this link one over datagrams? */
bool host_link_is_datagram(const struct host *h, host_link link);

/* host_datagram_send writes the next datagram of a link into out (HOST_DATAGRAM_LEN_MAX) and says where it goes; 0 =
 * nothing now. */
size_t host_datagram_send(
    struct host *h, instant now, host_link link, struct udp_addr *ret_to, struct mspan out);

/* host_set_listen_addrs replaces what identify announces; peers are told by identify/push. The bytes
 * are copied. ERR_LIMIT beyond HOST_ADDRS_MAX or the budget. */
MUST_CHECK enum err host_set_listen_addrs(struct host *h, const struct span *addrs, size_t count);

/* ---- peers ---- */

struct host_dial_trace; /* host_dial_trace.h */

/* What a dial may do. */
enum host_dial_role {
    HOST_DIAL_PLAIN,        /* any address; direct ones are tried before those through relays */
    HOST_DIAL_DIRECT,       /* no relays; the peer may be connected through one */
    HOST_DIAL_PUNCH_CLIENT, /* as DIRECT, all addresses at once: one side of hole punching ... */
    HOST_DIAL_PUNCH_SERVER, /* ... and the other: over TCP it acts as if the peer had dialled, and instead of
                             * dialling over QUIC it sends datagrams that mean nothing but open the way */
};

struct host_dial_args {
    enum host_dial_role role;
    const struct peer_id
        *peer; /* who must answer; NULL = taken from the addresses' /p2p, or whoever it is */
    const struct span *
        addrs; /* multiaddr bytes, among alike ones in order of preference; copied. Those that the host cannot
                                 * dial (it does /ip4|ip6|dns*.../tcp/N, the same with /ws or /tls/ws, /udp/N/quic-v1,
                                 * /dnsaddr/NAME, and with host_circuit.h those through relays) are skipped */
    size_t addrs_count;
    size_t worked_count; /* the first so many worked before: they are tried first */
    bool
        insist; /* try also what failed a moment ago: for those who space their attempts themselves */
    uint64_t timeout_us; /* of each address; 0 = the host's limit */
    struct host_dial_trace
        *trace; /* NULL, or where the steps are written down; outlives the dial */
};

/* host_dial tries the addresses in the order and at the times of dial_plan.h, the next one also as soon as one failed;
 * the first that proves to be peer wins. An address that failed a moment ago is passed over (dial_backoff.h), and so are kinds
 * of addresses that lead nowhere from here (black_hole.h); neither in hole punching. Who dials a peer that is being
 * dialled in the same role joins: the addresses are put together, and each call has its own number and its own end.
 * PEER_CONNECTED (if it was relayed, PEER_DIRECT) or DIAL_FAILED follows, the
 * latter not if the peer's own dial came first. ERR_STATE: connected
 * already. ERR_UNSUPPORTED: no address that we can dial. ERR_LIMIT: *ret_refusal (may be NULL). */
MUST_CHECK enum err host_dial(struct host *h,
                              uint64_t *ret_dial,
                              struct refusal *ret_refusal,
                              struct host_dial_args args);

/* host_dial_cancel ends a dial that is under way; no event follows. Unknown numbers are ignored. */
void host_dial_cancel(struct host *h, uint64_t dial);

/* host_disconnect closes every connection to peer in an orderly way; host_disconnect_for says why, in static text that
 * comes back with PEER_DISCONNECTED. */
void host_disconnect(struct host *h, const struct peer_id *peer);
void host_disconnect_for(struct host *h, const struct peer_id *peer, const char *rule);

/* host_set_gate has a gate asked from now on, which must outlive the host or the next call; NULL: none. Connections that
 * it does not let through are closed: call it again when what it says has changed. */
struct conn_gate;
void host_set_gate(struct host *h, const struct conn_gate *gate);

/* host_set_group_limits changes how many connections may come from one place; those that are there stay. */
void host_set_group_limits(struct host *h, uint32_t per_host_max, uint32_t per_network_max);

/* What is known of a connected peer. Spans live until the next call on the host. */
struct host_peer_info {
    struct peer_id peer;
    uint32_t conns_count;
    uint32_t streams_count;
    bool inbound; /* its first connection */
    bool relayed; /* it has no direct connection; then what its relay allows the first one: */
    uint64_t relay_data_max; /* bytes in each direction; 0 = no limit that we know of */
    instant relay_until;     /* INSTANT_NEVER likewise */
    bool identified;
    struct span addr; /* of its first connection */
    const char
        *transport; /* of that: "tcp", "ws", "wss", "quic", "relay"; static, as the next two */
    const char *security; /* "noise", "tls" */
    const char *muxer;    /* "yamux", "quic" */
    struct span observed; /* how the peer sees us: its word only */
    struct span agent;    /* untrusted text, at most 256 bytes */
    uint64_t rtt_us;      /* 0 = not known */
    instant connected_at;
    size_t memory_used; /* bytes in its scope */
    size_t protocols_count;
    size_t addrs_count;
};

/* host_peer_find: false if peer is not connected. host_peer_at iterates over host_peers_count peers. */
bool host_peer_find(const struct host *h,
                    struct host_peer_info *ret_info,
                    const struct peer_id *peer);
size_t host_peers_count(const struct host *h);
void host_peer_at(const struct host *h, struct host_peer_info *ret_info, size_t i);

/* host_peer_protocol and host_peer_addr give what identify told, i < protocols_count, addrs_count. */
struct span host_peer_protocol(const struct host *h, const struct peer_id *peer, size_t i);
struct span host_peer_addr(const struct host *h, const struct peer_id *peer, size_t i);

/* host_peer_speaks: has the peer named this protocol in identify? */
bool host_peer_speaks(const struct host *h, const struct peer_id *peer, struct span protocol);

/* ---- protocols and streams ---- */

struct host_protocol_args {
    bool
        relayed_ok; /* peers may open it through a relay, where connections are short, slow and limited */
    uint32_t streams_in_max;          /* open at once, from all peers; 0 = no limit of its own */
    uint32_t streams_in_per_peer_max; /* 0 = no limit of its own */
};

/* host_handle accepts streams of this protocol from now on; the id must stay valid (static text). Peers
 * are told by identify/push. ERR_STATE: handled already; ERR_LIMIT. */
MUST_CHECK enum err
host_handle(struct host *h, const char *protocol, struct host_protocol_args args);

/* host_unhandle refuses new ones; open streams go on. */
void host_unhandle(struct host *h, const char *protocol);

struct host_open_args {
    const struct peer_id *peer;
    const char *protocol; /* static text */
    void *user;           /* comes back in the stream's events */
    bool relayed_ok;      /* it may run through a relay if there is no direct connection */
    bool known; /* the peer is known from before to speak it: bytes may be written at once, a round
                           * trip sooner. Identify makes this true by itself once it is there */
};

/* host_open_stream opens a stream to a connected peer. Bytes may be written at once if the peer is known
 * to speak the protocol (they leave with the proposal); else host_stream_write takes none until OPENED.
 * It takes a direct connection if there is one. ERR_NOT_FOUND: not connected. ERR_STATE: connected through a relay only,
 * and not relayed_ok. ERR_LIMIT: *ret_refusal (may be NULL). */
MUST_CHECK enum err host_open_stream(struct host *h,
                                     host_stream *ret_stream,
                                     struct refusal *ret_refusal,
                                     struct host_open_args args);

/* host_stream_write copies what window, queue and budget allow, and returns that count; go on after
 * WRITABLE (or OPENED). 0 for a stream that is gone or finished. */
size_t host_stream_write(struct host *h, host_stream stream, struct span data);

/* host_stream_writable_len is how much host_stream_write would take now. */
size_t host_stream_writable_len(const struct host *h, host_stream stream);

/* host_stream_close_write says that no more will be written. Idempotent. */
void host_stream_close_write(struct host *h, host_stream stream);

/* host_stream_reset ends it in both directions; no event follows. Unknown streams are ignored. */
void host_stream_reset(struct host *h, host_stream stream, uint32_t code);

/* host_stream_consume gives credit back for n bytes of DATA that are dealt with: at once, or when the
 * application has passed on the copy that it kept. The peer can have at most one window unconsumed. */
void host_stream_consume(struct host *h, host_stream stream, size_t n);

void host_stream_set_user(struct host *h, host_stream stream, void *user);

/* host_stream_channel names the connection of a stream alike on both sides and unlike any other, so that what is said over
 * it can be bound to it. ERR_NOT_FOUND: the stream is gone. ERR_UNSUPPORTED: its connection has no such name. */
MUST_CHECK enum err
host_stream_channel(const struct host *h, struct hash32 *ret_channel, host_stream stream);

/* host_stream_peer: false if the stream is gone. */
bool host_stream_peer(const struct host *h, struct peer_id *ret_peer, host_stream stream);

/* ---- built-in ---- */

/* host_ping measures one round trip on the ping protocol; a PING event follows. ERR_NOT_FOUND: not
 * connected; ERR_STATE: one is under way to this peer; ERR_LIMIT. */
MUST_CHECK enum err host_ping(struct host *h, const struct peer_id *peer);

/* host_perf uploads and then downloads so many bytes on the perf protocol; a PERF event follows. */
struct host_perf_args {
    const struct peer_id *peer;
    uint64_t upload_len;
    uint64_t download_len;
};
MUST_CHECK enum err host_perf(struct host *h, struct host_perf_args args);

/* ---- figures ---- */

struct host_stats {
    size_t memory_used;
    size_t memory_used_max; /* the highest so far */
    size_t memory_max;
    uint32_t conns_count;
    uint32_t conns_in_count;
    uint32_t conns_transient_count;
    uint32_t peers_count;
    uint32_t streams_count;
    uint32_t dials_count;
    uint64_t dials_joined_count;      /* that found the peer being dialled already */
    uint64_t dials_backed_off_count;  /* addresses passed over because they failed a moment ago */
    uint64_t dials_black_holed_count; /* ... because their kind leads nowhere from here */
    bool udp_is_blocked;              /* it seems */
    bool ip6_is_blocked;
    uint64_t bytes_in;  /* from links */
    uint64_t bytes_out; /* to links */
    uint64_t refused_count;
    uint64_t handshakes_count; /* completed */
    uint64_t handshakes_failed_count;
    size_t credit_used;
};
struct host_stats host_stats(const struct host *h);

#endif
