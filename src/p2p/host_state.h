#ifndef P2P_HOST_STATE_H
#define P2P_HOST_STATE_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "codec/multiaddr.h"
#include "p2p/black_hole.h"
#include "p2p/conn.h"
#include "p2p/conn_groups.h"
#include "p2p/dial_backoff.h"
#include "p2p/dial_plan.h"
#include "p2p/host.h"
#include "p2p/host_dial_trace.h"
#include "p2p/identify.h"
#include "p2p/net_addr.h"
#include "p2p/noise.h"
#include "p2p/peer_store.h"
#include "p2p/perf.h"
#include "p2p/ping.h"
#include "p2p/quic.h"
#include "p2p/tls.h"
#include "p2p/udp_addr.h"

/* The inside of the host, for its own files (host.c, swarm.c, host_dial.c, host_stream.c, host_builtin.c) and for those
 * who embed a struct host. Everybody else uses host.h.
 *
 *   host -- links: id -> host_conn -- conn (noise, yamux)
 *        -- peers: peer id -> host_peer, which lists its connections
 *        -- streams: id -> host_stream_state, listed in its connection
 *        -- dials, each listing the connections that it tries
 *
 * Events that carry no bytes are flags on these objects, which stand in a list until they are polled: so
 * an event needs no memory of its own and is never lost. Bytes are polled straight from the connections
 * in `eventful`. */

enum host_timer_kind { HOST_TIMER_CONN, HOST_TIMER_DIAL, HOST_TIMER_STREAM };

/* Kinds of public addresses that some networks swallow. */
enum host_hole { HOST_HOLE_UDP, HOST_HOLE_IP6, HOST_HOLES_COUNT };

struct host_timer {
    struct heap_node node;
    enum host_timer_kind kind;
};

enum host_conn_state {
    HOST_CONN_DIALING, /* the driver connects */
    HOST_CONN_UP,
    HOST_CONN_CLOSING, /* the driver shall drain and close it */
    HOST_CONN_DEAD,    /* the driver has; waits until its streams' last events are polled */
};

/* What a peer is dialled with. Who asks for the same peer meanwhile waits for the same attempts. */
struct host_dial {
    struct peer_id peer; /* n = 0: whoever it is */
    struct list in_dials;
    struct list waiters;     /* host_dial_waiter.in_dial, one for each host_dial call */
    struct list attempts;    /* host_conn.in_dial */
    struct host_timer timer; /* when the next address is tried */
    struct dial_plan plan;
    enum host_dial_role role;
    bool insist;            /* see host_dial_args */
    uint64_t timeout_us;    /* of each address */
    unsigned lookups_count; /* of /dnsaddr names */
    bool is_settled;        /* the peer's own dial came first: no failure is reported */
    bool failed;            /* stands in failed_dials until polled */
    enum err err;
    const char *rule;
};

struct host_dial_waiter {
    uint64_t id;
    struct host_dial_trace *trace; /* NULL, or what it lent */
    struct list in_dial;
};

struct host_conn {
    host_link link;
    enum host_conn_state state;
    struct budget budget; /* "connection"; its parent is the scope it is in */
    struct conn conn;
    bool conn_is_made;
    bool inbound;
    bool is_relayed;
    uint64_t relay_data_max; /* see host_peer_info */
    instant relay_until;
    bool is_client;   /* in the handshakes; mostly who dialled */
    bool is_punching; /* sends datagrams without sense to punch_to, once whenever punch_due */
    bool punch_due;
    struct udp_addr punch_to;
    instant punch_until;
    bool dial_due; /* events for the driver */
    bool close_due;
    bool was_transient;
    bool is_counted; /* in groups, as from */
    struct net_addr from;
    struct buf addr;        /* remote multiaddr */
    struct peer_id peer_id; /* n = 0 until READY */
    struct host_peer *peer;
    struct host_dial *dial;
    instant dialled_at; /* if it was */
    struct list streams;
    struct list in_dial;
    struct list in_peer;
    struct list in_eventful;
    struct list in_sendable;
    struct list in_link_events;
    struct host_timer timer;
};

struct host_peer {
    struct peer_id id;
    struct budget budget; /* "peer" */
    struct list conns;
    uint32_t conns_count;
    uint32_t streams_count;
    struct list in_peer_events;
    bool connected_due;
    bool direct_due;
    bool identified_due;
    bool disconnected_due;
    bool ping_due;
    bool ping_is_out;
    bool is_identified;
    bool identify_is_out;
    enum err err; /* of the disconnection */
    const char *rule;
    enum err ping_err;
    uint64_t ping_rtt_us;
    instant connected_at;
    bool inbound;
    struct buf identify; /* the message as heard */
    struct identify_info info;
};

enum host_builtin_kind {
    HOST_BUILTIN_NONE,
    HOST_BUILTIN_IDENTIFY,
    HOST_BUILTIN_PUSH,
    HOST_BUILTIN_PING,
    HOST_BUILTIN_PERF,
};

/* The engine of a built-in protocol on one stream. */
struct host_builtin {
    enum host_builtin_kind kind;
    bool has_engine;  /* it runs: the stream is open */
    bool is_reported; /* our own ping: its result is known */
    struct host_perf_report
        *report; /* of our own perf: made beforehand, so that the result finds room */
    struct perf_cfg perf_cfg;
    union {
        struct identify identify;
        struct ping ping;
        struct perf perf;
    } engine;
};

struct host_stream_state {
    host_stream id;
    struct host_conn *conn;
    struct conn_stream *cs; /* NULL once it has ended */
    void *user;
    struct host_builtin *builtin; /* NULL: the application's */
    struct list in_conn;
    struct list in_dying;
    struct host_timer timer;
    bool inbound;
    struct span protocol;
    size_t protocol_index; /* inbound: in the table */
    size_t held;           /* delivered, not consumed */
    enum err err;
    const char *rule;
};

struct host_protocol {
    struct host_protocol_args args;
    enum host_builtin_kind builtin;
    uint32_t streams_in_count;
};

struct host_perf_report {
    struct list in_perfs;
    struct peer_id peer;
    struct host_perf_result result;
    enum err err;
};

/* Who may come in before our own attempt begins. */
struct host_punch_expected {
    struct net_addr from; /* its port does not matter */
    instant until;
};

enum { HOST_PUNCHES_EXPECTED_MAX = 16 };

struct host {
    struct host_cfg cfg;
    struct host_limits limits;
    struct peer_id self;
    struct noise_identity identity;
    struct tls_identity tls;       /* if cfg.unix_s is set */
    struct quic_identity quic;     /* likewise */
    struct quic_endpoint endpoint; /* likewise */
    instant started_at;
    struct budget system;
    struct budget transient;
    struct budget credit;
    instant now;
    uint64_t next_id; /* of links, streams and dials */

    struct map links;
    struct map peers;
    struct map streams;
    struct heap timers;
    uint32_t conns_in_count;
    uint32_t conns_transient_count;
    uint32_t dials_count;
    const struct conn_gate *gate;  /* may be NULL */
    struct peer_store *peer_store; /* likewise: host_peer_store.h */
    struct conn_groups groups;

    struct list link_events;
    struct list peer_events;
    struct list dying; /* streams whose RESET is due */
    struct list dials;
    struct list failed_dials;
    struct host_punch_expected punches_expected[HOST_PUNCHES_EXPECTED_MAX]; /* a ring */
    size_t punches_expected_next;
    struct dial_backoff backoff;
    struct black_hole holes[HOST_HOLES_COUNT];
    struct list perfs; /* results to report */
    struct list eventful;
    struct list sendable;
    struct list relayed_sendable; /* links that no driver knows but host_circuit.c */
    bool dials_circuits;          /* it is there */
    struct list extensions;
    bool refused_due;
    struct refusal refusal;
    struct peer_id refused_peer;

    struct conn_protocols protocols;
    struct span protocol_ids[HOST_PROTOCOLS_MAX];
    struct conn_protocols
        relayed_protocols; /* those that may be spoken through a relay; others read as retired */
    struct span relayed_protocol_ids[HOST_PROTOCOLS_MAX];
    struct host_protocol protocol_table[HOST_PROTOCOLS_MAX];

    struct buf addrs; /* announced: each 2 bytes of length, bytes */
    size_t addrs_count;
    struct buf record; /* sealed peer record */
    uint64_t record_seq;
    instant push_at; /* when peers are told of changes */

    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t refused_count;
    uint64_t dials_joined_count;
    uint64_t dials_backed_off_count;
    uint64_t dials_black_holed_count;
    uint64_t handshakes_count;
    uint64_t handshakes_failed_count;
};

/* host_unix_s is the clock of the calendar: cfg.unix_s and what has passed since; 0 = not known. */
uint64_t host_unix_s(const struct host *h);

/* ---- swarm.c: links, connections, peers ---- */

struct host_conn *host_conn_find(const struct host *h, host_link link);
struct host_peer *host_peer_get(const struct host *h, const struct peer_id *id);

/* host_conn_touch brings the lists and the timer in step after any call on hc->conn. */
void host_conn_touch(struct host *h, struct host_conn *hc);

/* host_conn_on_event answers one event of a connection; true if *ret_event is one of the host's. */
bool host_conn_on_event(struct host *h,
                        struct host_event *ret_event,
                        struct host_conn *hc,
                        const struct conn_event *e);

/* host_conn_maybe_free frees a dead connection that nothing points to any more. */
void host_conn_maybe_free(struct host *h, struct host_conn *hc);

/* host_swarm_poll gives events of links, peers and dials. */
bool host_swarm_poll(struct host *h, struct host_event *ret_event);
void host_swarm_tick(struct host *h, struct host_timer *t);
void host_swarm_done(struct host *h);

/* host_peer_event lists the peer for host_swarm_poll. */
void host_peer_event(struct host *h, struct host_peer *p);

/* host_peer_is_relayed: has it connections, and none of them direct? */
bool host_peer_is_relayed(const struct host_peer *p);

/* host_conn_accept makes a connection over QUIC from its first datagram. A refusal is an event; the peer hears nothing. */
void host_conn_accept(struct host *h, const struct quic_datagram *first);

/* host_conn_new makes a connection object in the transient scope. ERR_LIMIT with *ret_refusal (may be NULL). */
MUST_CHECK enum err host_conn_new(struct host *h,
                                  struct host_conn **ret_conn,
                                  struct refusal *ret_refusal,
                                  struct span addr,
                                  bool inbound);

/* host_conn_close ends what stands on the connection; the driver is asked to close the transport. */
void host_conn_close(struct host *h, struct host_conn *hc, enum err e, const char *rule);

/* host_gate_denies: is this peer (n = 0: not known), or where it is, on the deny list? A peer that is allowed may be
 * anywhere. */
bool host_gate_denies(const struct host *h, const struct peer_id *peer, struct span addr);

/* host_link_event lists the connection for host_swarm_poll. */
void host_link_event(struct host *h, struct host_conn *hc);

/* host_next_relayed gives, once for each time that it got something to say, a relayed link to be drained. */
bool host_next_relayed(struct host *h, host_link *ret_link);

/* host_link_set_limit tells what the relay allows a relayed link. */
void host_link_set_limit(struct host *h, host_link link, uint64_t data_max, instant until);

/* host_close_relayed closes the peer's relayed connections that carry no stream, or all; how many are left. */
size_t host_close_relayed(struct host *h, const struct peer_id *peer, bool all);

/* ---- host_limits.c ---- */

/* host_refuse remembers a refusal for the next poll, counts it, and returns ERR_LIMIT. */
enum err
host_refuse(struct host *h, struct refusal *ret, struct refusal r, const struct peer_id *peer);
struct refusal host_memory_refusal(const struct budget *b, size_t asked);

/* host_say_failed remembers for the next poll, as a refusal of scope "handshake", why a peer that opened a connection never came
 * in. It is counted as a failed handshake, not as a refusal. */
void host_say_failed(struct host *h, const struct host_conn *hc, enum err e, const char *rule);

/* host_say_broken remembers for the next poll, as a refusal of scope "stream", why a stream of a peer is about to be reset: `rule` is
 * static text. Unknown streams are ignored. */
void host_say_broken(struct host *h, host_stream stream, const char *rule);

/* host_share sets what the scope of a connection's peer may grow to, before it is fed or written to. Of the last half of the memory
 * nobody gets more than a share: as much as all connections that there may be would have of it. So whoever takes what they can get,
 * however many they are, others are served. */
void host_share(struct host *h, struct host_conn *hc);

/* ---- host_dial.c ---- */

/* host_dial_check starts the attempts whose time has come, or with hurry the next one; with nothing left to try, the
 * dial has failed. */
void host_dial_check(struct host *h, struct host_dial *d, bool hurry);

/* host_dial_attempt_failed takes a connection that came to nothing out of its dial, which goes on with the rest. */
void host_dial_attempt_failed(struct host *h, struct host_conn *hc, enum err e, const char *rule);

/* host_dial_won ends the dial that this connection belongs to, and if it is direct every other one to its peer; but a
 * handshake under way goes on, since the peer may be giving up its own at this very moment. */
void host_dial_won(struct host *h, struct host_conn *hc);

/* host_punch_is_client: does whoever comes in over TCP from this address take part in a hole punching in which we are the client? That
 * is one that tries the same IP address, or one that is expected. The port need not be the same: a router may have chosen another
 * for us than for who observed the peer (RFC 4787, 4.1), and the peer plays the server all the same. */
bool host_punch_is_client(const struct host *h, struct span remote);

/* host_punch_expect: in a moment a hole punching begins in which we are the client, and the peer at this address of TCP may be faster;
 * for_us from now, 0 = no more. Others than the last HOST_PUNCHES_EXPECTED_MAX are forgotten. */
void host_punch_expect(struct host *h, const struct net_addr *from, uint64_t for_us);

/* host_dial_poll gives DIAL_FAILED. */
bool host_dial_poll(struct host *h, struct host_event *ret_event);
void host_dials_done(struct host *h);

/* ---- host_datagram.c ---- */

/* host_punch_start sends datagrams without sense to an address instead of connecting, until its dial is over;
 * host_punch_tick makes the next one due. */
void host_punch_start(struct host *h, struct host_conn *hc, const struct udp_addr *to);
void host_punch_tick(struct host *h, struct host_conn *hc);

/* ---- host_addr.c ---- */

/* host_addrs_take copies the addresses that can be dialled and finds out who is meant. ERR_UNSUPPORTED: none can. */
MUST_CHECK enum err
host_addrs_take(const struct host *h, struct host_dial *d, const struct host_dial_args *args);
bool host_addr_is_quic(struct span addr);

/* host_addr_transport is the word for how one comes to an address that can be dialled: see host_peer_info. */
const char *host_addr_transport(struct span addr);

/* host_announced_addrs gives our announced addresses, host_direct_addrs those of them that lead through no relay; how many. They
 * live until the next host_set_listen_addrs. */
size_t host_announced_addrs(const struct host *h, struct span ret_addrs[static HOST_ADDRS_MAX]);
size_t host_direct_addrs(const struct host *h, struct span ret_addrs[static HOST_ADDRS_MAX]);

/* ---- host_stream.c ---- */

struct host_stream_state *host_stream_find(const struct host *h, host_stream stream);

struct host_stream_args {
    struct host_conn *conn;
    struct span protocol;
    void *user;
    enum host_builtin_kind builtin;
    bool known; /* the peer speaks it, the application says */
};

/* host_stream_start opens a stream on a connection. */
MUST_CHECK enum err host_stream_start(struct host *h,
                                      struct host_stream_state **ret_stream,
                                      struct refusal *ret_refusal,
                                      struct host_stream_args args);

/* host_stream_on_event: true if *ret_event is to be reported. */
bool host_stream_on_event(struct host *h,
                          struct host_event *ret_event,
                          struct host_conn *hc,
                          const struct conn_event *e);

/* host_streams_end: the connection is over; each stream's RESET becomes due. */
void host_streams_end(struct host *h, struct host_conn *hc, enum err e, const char *rule);
bool host_stream_poll(struct host *h, struct host_event *ret_event);

/* host_stream_drop resets a stream and forgets it. */
void host_stream_drop(struct host *h, struct host_stream_state *s);
void host_stream_free(struct host *h, struct host_stream_state *s);

/* host_protocol_index finds a handled protocol; HOST_PROTOCOLS_MAX = none. */
size_t host_protocol_index(const struct host *h, struct span id);

/* ---- host_builtin.c ---- */

/* host_builtin_new gives a stream the engine of a built-in protocol; it starts when the stream is open. */
MUST_CHECK enum err
host_builtin_new(struct host *h, struct host_stream_state *s, enum host_builtin_kind kind);

/* host_builtin_on_event: the stream may be gone afterwards. */
void host_builtin_on_event(struct host *h, struct host_stream_state *s, const struct conn_event *e);
void host_builtin_tick(struct host *h, struct host_stream_state *s);

/* host_builtin_end: the stream is gone; whoever waits for a result hears of it. Frees the engine. */
void host_builtin_end(struct host *h, struct host_stream_state *s, enum err e);
void host_identify_start(struct host *h, struct host_conn *hc);
void host_push_all(struct host *h);
bool host_builtin_poll(struct host *h, struct host_event *ret_event);

#endif
