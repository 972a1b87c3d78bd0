#ifndef NODE_TCP_H
#define NODE_TCP_H

#include "base/budget.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/span.h"
#include "node/net/loop.h"
#include "node/net/throttle.h"
#include "node/net/udp.h"
#include "p2p/host.h"
#include "p2p/tls_web.h"

#include <stdint.h>

/* The driver of a host: TCP over libuv, and UDP for QUIC (udp.h). It listens, dials what the host asks for (IPv4, IPv6 and names),
 * carries bytes between sockets and host, and keeps the host's time. The host decides everything else:
 * limits, deadlines of handshakes, what is said to whom.
 *
 *     socket readable -> host_link_recv -> host_poll -> on_event          (the application acts on the host)
 *     host_next_sendable -> host_link_send -> uv_try_write -> rest waits for the socket
 *
 * Where an address says /ws, a WebSocket (http/websocket_pipe.h) stands between socket and host; where it says /tls/ws, or
 * /wss, TLS (p2p/tls_web.h) between that and the socket.
 *
 * Back-pressure: a link whose socket is full is not asked for more. A link whose input the host does not
 * take all of (it refuses memory) is not read until it does. A write-blocked link is still read.
 *
 * Memory: one read and one write buffer for all links, TCP_BUFFER_LEN each; a link holds its socket, and
 * bytes only while its socket is full. All of it is charged to cfg.budget. */

enum {
    TCP_BUFFER_LEN = 4 * 65537, /* bytes of one read or one write: four noise frames of bulk data */
    TCP_LISTENERS_MAX = 16,
    TCP_LINKS_MAX = 65536,
    TCP_BACKLOG = 1024, /* connections that the kernel holds for us */
    TCP_TURN_LEN_MAX =
        1024 * 1024,   /* bytes that one link writes before the others have their turn */
    TCP_RETRY_MS = 20, /* a link that the host takes no input of is tried again after this */
    TCP_CLOSE_TIMEOUT_MS = 5000, /* for the last bytes of a closing link */
    TCP_ADDR_LEN_MAX = 64,       /* bytes of a socket address as multiaddr */
};

struct tcp;
typedef void (*tcp_event_fn)(void *user, const struct host_event *e);

struct tcp_cfg {
    struct loop *loop;
    struct host *host;
    struct budget *budget; /* outlives the driver */
    struct rng *rng;       /* for WebSocket, which masks with it; NULL: there is none */
    struct log *log;       /* may be NULL */
    struct span
        web_cas; /* PEM: the CAs that certificates of /tls/ws are judged by; empty: the system's. Outlives the driver */
    bool
        one_port; /* dial from the port that is listened on, or from one of our own: for hole punching */
    tcp_event_fn
        on_event; /* gets the application's events; may call the host, not the driver's done */
    void *user;
};

struct tcp_listener {
    uv_tcp_t socket;
    struct tcp *tcp;
    bool used;
    bool is_ws;
    bool is_tls; /* is_ws too */
    bool waits;  /* has a connection that could not be refused yet */
    size_t addr_len;
    uint8_t addr[TCP_ADDR_LEN_MAX]; /* multiaddr, with the real port */
};

struct tcp {
    struct tcp_cfg cfg;
    struct udp udp;   /* links over QUIC */
    struct map links; /* host_link id -> struct tcp_link */
    struct list closing;
    struct list blocked; /* links whose input waits for the host */
    struct list hungry;  /* links that used up their turn */
    struct tls_web_context
        web_server; /* what /tls/ws is listened with: node/net/web_certificate.h sets it, at any time */
    struct tls_web_context web_client; /* made when it is dialled first */
    struct throttle throttle;
    struct alarm throttle_alarm; /* hungry ones wait for it to open */
    struct alarm alarm;
    uv_idle_t idle;   /* active while `hungry` has links */
    uv_tcp_t refused; /* takes connections for which there is no memory, to close them */
    bool refusing;
    uint16_t ports[2]; /* with one_port, by family; 0 = none yet */
    uint8_t *read_buffer;
    uint8_t *write_buffer;
    bool pumping;
    bool pump_again;
    bool is_done;
    bool is_closed; /* done, and libuv has let go of the idle handle, the last */
    size_t held;    /* links and lookups whose memory libuv has */
    struct tcp_listener listeners[TCP_LISTENERS_MAX];
};

/* tcp_init: ERR_LIMIT if the budget cannot hold the buffers. t must not move. */
MUST_CHECK enum err tcp_init(struct tcp *t, const struct tcp_cfg *cfg);

/* tcp_listen listens on /ip4|ip6/.../tcp/N, the same with /ws or /tls/ws behind it, or /ip4|ip6/.../udp/N/quic-v1; port 0 takes a free one. *ret_addr (may be NULL)
 * is the multiaddr with the real port, and lives until done. It does not tell the host: see
 * host_set_listen_addrs. ERR_UNSUPPORTED: another kind of address. ERR_STATE: /tls/ws without a certificate. ERR_IO: in use, or not ours.
 * ERR_LIMIT: too many listeners. */
MUST_CHECK enum err tcp_listen(struct tcp *t, struct span *ret_addr, struct span addr);

/* tcp_set_rate bounds what goes over all links together, both ways, in bytes a second; 0: no bound. What comes in is counted, what goes out waits; QUIC is counted
 * and does not wait. */
void tcp_set_rate(struct tcp *t, uint64_t bytes_per_s);

/* tcp_pump moves all there is to move. Call it after giving the host commands from outside on_event. */
void tcp_pump(struct tcp *t);

/* tcp_done closes every socket at once. The loop must turn (loop_done does) before t's memory goes. The
 * host must still exist, and hears that its links are gone.
 * tcp_is_gone: after tcp_done, while the loop goes on: may t's memory go? */
void tcp_done(struct tcp *t);
bool tcp_is_gone(const struct tcp *t);

#endif
