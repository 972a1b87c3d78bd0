#ifndef NODE_UDP_H
#define NODE_UDP_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"
#include "node/net/loop.h"
#include "p2p/host.h"

#include <stdbool.h>
#include <stdint.h>

/* The UDP sockets of a host's driver, one for each family: dialling and listening share it, as hole punching will need.
 * A part of struct tcp: it asks for nothing but a pump after a socket was read.
 *
 * Datagrams are read and written in runs where the system can (UDP_GRO, UDP_SEGMENT): one call moves up to 64 KiB. A
 * datagram that a full socket does not take is lost, which is what QUIC is made for. */

struct tcp;
struct udp;

enum { UDP_RUN_LEN_MAX = 65000, UDP_ADDR_LEN_MAX = 64 };

struct udp_socket {
    uv_poll_t poll;
    struct udp *udp;
    int fd;
    bool is_open;
    bool is_ip6;
    bool has_runs; /* UDP_SEGMENT works */
    size_t addr_len;
    uint8_t addr[UDP_ADDR_LEN_MAX]; /* multiaddr, with the real port */
};

struct udp {
    struct tcp *tcp; /* NULL: not made */
    struct udp_socket sockets[2];
    uint8_t *read_buffer; /* UDP_RUN_LEN_MAX each */
    uint8_t *write_buffer;
};

/* udp_init: ERR_LIMIT if the driver's budget cannot hold the buffer. u must not move. */
MUST_CHECK enum err udp_init(struct udp *u, struct tcp *t);
void udp_done(struct udp *u);

/* udp_listen binds the socket of the address's family. ERR_UNSUPPORTED: not /ip4|ip6/X/udp/N/quic-v1; ERR_STATE: it is
 * bound already; ERR_IO. *ret_addr (may be NULL) lives until done. */
MUST_CHECK enum err udp_listen(struct udp *u, struct span *ret_addr, struct span addr);

/* udp_dial answers a DIAL of the host. */
void udp_dial(struct udp *u, const struct host_event *e);

/* udp_flush sends what a link has to say; udp_finish does so and then tells the host that the link is gone. */
void udp_flush(struct udp *u, host_link link);
void udp_finish(struct udp *u, host_link link);

#endif
