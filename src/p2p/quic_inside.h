#ifndef P2P_QUIC_INSIDE_H
#define P2P_QUIC_INSIDE_H

#include "p2p/quic.h"

#include <ngtcp2/ngtcp2.h>

/* The inside of a QUIC connection, for quic*.c alone. */

/* Bytes of a stream: received and not yet polled, or written and not yet acknowledged. */
struct quic_chunk {
    struct list in_stream;
    uint32_t len;
    uint32_t cap;
    uint8_t bytes[];
};

struct quic_stream {
    uint32_t id;
    void *user;
    bool inbound;
    struct list in_eventful;
    struct list in_sendable;
    struct list received; /* chunks to poll */
    struct list sent;     /* chunks, oldest first; the peer has acknowledged what is before them */
    uint64_t acked;       /* offset of the first chunk's first byte */
    uint64_t next;        /* offset of the first byte never sent */
    uint64_t end;         /* offset behind the last byte written */
    size_t held; /* bytes received that count against the window: polled or not, not consumed */
    bool opened_due;
    bool fin_due;
    bool reset_due;
    bool closed_due;
    bool writable_due;
    bool wants_writable;
    bool finishing; /* FIN follows the last byte */
    bool fin_sent;
    bool is_blocked; /* the peer's window is full */
    bool is_dead;    /* its owner knows it no more */
    bool is_stopped; /* the peer reads no more of it */
    uint32_t code;   /* of the reset */
};

/* quic_fail ends the connection; liberr is ngtcp2's number, or 0 with an application error code. */
struct quic_end {
    enum err err;
    const char *rule;
    int liberr;
    uint64_t code;
    bool silent; /* the peer is not told */
};
void quic_fail(struct quic *q, struct quic_end end);

/* quic_stream.c: what ngtcp2 calls. */
void quic_stream_callbacks(ngtcp2_callbacks *cb);
void quic_streams_done(struct quic *q);
bool quic_streams_poll(struct quic *q, struct yamux_event *ret_event);

/* quic_streams_send writes a datagram with what streams have to say, and acknowledgements; as ngtcp2's writev. */
ngtcp2_ssize quic_streams_send(struct quic *q, ngtcp2_path *path, struct mspan out);

/* quic_tls.c */
MUST_CHECK enum err quic_tls_new(struct quic *q);
void quic_tls_done(struct quic *q);
bool quic_tls_is_libp2p(const struct quic *q);

/* quic_mem_init fills in an allocator for ngtcp2 that charges a budget. */
void quic_mem_init(ngtcp2_mem *mem, struct budget *budget);

/* quic_endpoint.c: each connection id that leads to q. */
MUST_CHECK enum err
quic_endpoint_add(struct quic_endpoint *ep, const ngtcp2_cid *cid, struct quic *q);
void quic_endpoint_remove(struct quic_endpoint *ep, const ngtcp2_cid *cid);
void quic_endpoint_token(const struct quic_endpoint *ep,
                         uint8_t ret_token[static 16],
                         const ngtcp2_cid *cid);

/* An address in ngtcp2's form, and back. The local one is always the same: whoever has the socket knows it. */
struct quic_path {
    ngtcp2_path path;
    ngtcp2_sockaddr_union local;
    ngtcp2_sockaddr_union remote;
};
void quic_path_init(struct quic_path *p, const struct udp_addr *remote);
void quic_path_remote(struct udp_addr *ret_addr, const ngtcp2_path *path);

static inline ngtcp2_tstamp quic_ns(instant t)
{
    return t.us >= UINT64_MAX / 1000 ? UINT64_MAX : t.us * 1000;
}

#endif
