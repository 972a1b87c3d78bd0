#ifndef NODE_TCP_LINK_H
#define NODE_TCP_LINK_H

#include "base/buf.h"
#include "http/websocket_pipe.h"
#include "node/net/tcp.h"
#include "node/net/tcp_addr.h"
#include "p2p/tls_web.h"

#include <stdbool.h>

/* One transport connection of the driver; internal to node/tcp*.c.
 *
 *     LOOKING_UP -> CONNECTING -> OPEN -> CLOSING -> CLOSED     (closing waits for the last bytes)
 *          \____________\__________\_________________/          (a failure or the peer's close)
 */
enum tcp_link_state {
    TCP_LINK_LOOKING_UP,
    TCP_LINK_CONNECTING,
    TCP_LINK_OPEN,
    TCP_LINK_CLOSING,
    TCP_LINK_CLOSED,
};

struct tcp_link {
    uv_tcp_t socket;
    union {
        uv_getaddrinfo_t lookup;
        uv_connect_t connect;
        uv_write_t write;
        uv_shutdown_t shutdown;
    } request; /* one at a time */
    struct tcp *tcp;
    host_link id;
    enum tcp_link_state state;
    bool request_active;
    bool socket_closed;
    struct list in_closing;
    struct list in_blocked;
    struct list in_hungry;
    struct addrinfo *addresses; /* of a looked-up name */
    struct addrinfo *address;   /* tried now */
    uint16_t port;
    struct sockaddr_storage to; /* tried now */
    bool from_any_port;         /* the one port of all dials did not do */
    struct websocket_pipe *ws;  /* between socket and host; NULL: nothing is */
    struct tls_web *tls;        /* between socket and ws; NULL: nothing is */
    struct buf sealed;          /* with tls: read, not yet opened */
    struct buf raw;             /* with ws: read or opened, not yet unwrapped */
    struct buf input;           /* not yet taken by the host */
    struct buf output;          /* not yet taken by the socket */
    instant close_by;
};

/* tcp_link_new makes a link in the map, its socket ready. */
MUST_CHECK enum err tcp_link_new(struct tcp *t, struct tcp_link **ret_link);

/* tcp_link_register enters it under its id. */
MUST_CHECK enum err tcp_link_register(struct tcp_link *link, host_link id);

struct tcp_link *tcp_link_find(const struct tcp *t, host_link id);

/* tcp_link_wrap makes it one over WebSocket, before it is open; host is the Host that a client asks for, empty for a
 * server. */
MUST_CHECK enum err tcp_link_wrap(struct tcp_link *link, struct span host);

/* tcp_link_secure puts TLS around that, likewise; name is whom the server's certificate has to name, empty for a server.
 * ERR_STATE: a server without a certificate. */
MUST_CHECK enum err tcp_link_secure(struct tcp_link *link, struct span name);

/* tcp_link_dial starts to connect; on an error the caller closes the link. */
MUST_CHECK enum err tcp_link_dial(struct tcp_link *link, const struct tcp_target *target);

/* tcp_link_begin starts reading. */
void tcp_link_begin(struct tcp_link *link);

/* tcp_link_flush writes what the host has for it, as far as socket and turn allow. */
void tcp_link_flush(struct tcp_link *link);

/* tcp_links_feed lets those write that had to wait for their turn, or for the bound on bytes a second. */
void tcp_links_feed(struct tcp *t);

/* tcp_link_retry offers the host again what it did not take. */
void tcp_link_retry(struct tcp_link *link);

/* tcp_link_finish closes once what is to be written is out. */
void tcp_link_finish(struct tcp_link *link);

/* tcp_link_close closes at once and tells the host; the memory goes when libuv is done with it. */
void tcp_link_close(struct tcp_link *link, enum err why);

/* tcp_poll handles all waiting events; how many there were. Internal to the driver. */
size_t tcp_poll(struct tcp *t);

#endif
