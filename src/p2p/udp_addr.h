#ifndef P2P_UDP_ADDR_H
#define P2P_UDP_ADDR_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The address of a UDP socket, without an operating system. */
struct udp_addr {
    bool is_ip6;
    uint16_t port;
    uint8_t ip[16]; /* IPv4: the first four */
};

static inline bool udp_addr_equal(const struct udp_addr *a, const struct udp_addr *b)
{
    return a->is_ip6 == b->is_ip6 && a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* udp_addr_of reads /ip4|ip6/X/udp/N at the front of a multiaddr; what follows is ignored. ERR_UNSUPPORTED. */
MUST_CHECK enum err udp_addr_of(struct udp_addr *ret_addr, struct span multiaddr);

/* udp_addr_write writes /ip4|ip6/X/udp/N/quic-v1. */
void udp_addr_write(struct wr *w, const struct udp_addr *addr);

#endif
