/* Addresses of the internet: which they are, whose they may be. */
#include "p2p/net_addr.h"

#include "codec/multiaddr.h"
#include "p2p/ws_addr.h"

#include <string.h>

enum { GROUP_LEN_IP4 = 3, GROUP_LEN_IP6 = 6 };

MUST_CHECK static enum err read_ip(struct net_addr *a, struct span *rest)
{
    struct multiaddr_part part;
    if (!multiaddr_next(&part, rest) ||
        (part.code != MULTIADDR_IP4 && part.code != MULTIADDR_IP6)) {
        return ERR_UNSUPPORTED;
    }
    a->is_ip6 = part.code == MULTIADDR_IP6;
    memcpy(a->ip, part.value.p, part.value.n);
    return OK;
}

/* read_transport reads up to what follows the transport, or the end. */
MUST_CHECK static enum err read_transport(struct net_addr *a, struct span *rest)
{
    struct multiaddr_part part;
    struct span after = *rest;
    if (!multiaddr_next(&part, &after)) {
        return ERR_UNSUPPORTED;
    }
    a->port = multiaddr_part_port(&part);
    *rest = after;
    if (part.code == MULTIADDR_UDP) {
        a->transport = NET_QUIC;
        return multiaddr_next(&part, rest) && part.code == MULTIADDR_QUIC_V1 ? OK : ERR_UNSUPPORTED;
    }
    if (part.code != MULTIADDR_TCP) {
        return ERR_UNSUPPORTED;
    }
    a->transport = NET_TCP;
    struct ws_addr ws;
    if (ws_addr_take(&ws, rest)) {
        a->transport = ws.is_tls ? NET_WSS : NET_WS;
    }
    return OK;
}

enum err net_addr_of(struct net_addr *ret_addr, struct span multiaddr)
{
    struct net_addr a = {0};
    struct multiaddr_part part;
    struct span rest = multiaddr;
    if (multiaddr_validate(multiaddr, NULL) != OK) {
        return ERR_UNSUPPORTED;
    }
    TRY(read_ip(&a, &rest));
    TRY(read_transport(&a, &rest));
    if (rest.n > 0 && (!multiaddr_next(&part, &rest) || part.code != MULTIADDR_P2P || rest.n > 0)) {
        return ERR_UNSUPPORTED;
    }
    *ret_addr = a;
    return OK;
}

void net_addr_write(struct wr *w, const struct net_addr *a)
{
    multiaddr_write(w, a->is_ip6 ? MULTIADDR_IP6 : MULTIADDR_IP4,
                    span_of(a->ip, a->is_ip6 ? 16 : 4));
    multiaddr_write_port(w, a->transport == NET_QUIC ? MULTIADDR_UDP : MULTIADDR_TCP, a->port);
    if (a->transport == NET_QUIC) {
        multiaddr_write(w, MULTIADDR_QUIC_V1, SPAN_EMPTY);
    } else if (a->transport != NET_TCP) {
        ws_addr_write(w, a->transport == NET_WSS);
    }
}

bool net_addr_same_ip(const struct net_addr *a, const struct net_addr *b)
{
    return a->is_ip6 == b->is_ip6 && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    return net_addr_same_ip(a, b) && a->transport == b->transport && a->port == b->port;
}

bool net_addr_is_any(const struct net_addr *a)
{
    static const uint8_t zero[16];
    return memcmp(a->ip, zero, sizeof zero) == 0;
}

struct network {
    uint8_t bytes[4];
    uint8_t bits;
};

static bool is_in(const uint8_t *ip, const struct network *n)
{
    uint32_t a = 0;
    uint32_t b = 0;
    for (size_t i = 0; i < 4; i++) {
        a = a << 8 | ip[i];
        b = b << 8 | n->bytes[i];
    }
    return (a ^ b) >> (32 - n->bits) == 0;
}

static bool is_in_any(const uint8_t *ip, const struct network *networks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(ip, &networks[i])) {
            return true;
        }
    }
    return false;
}

/* The IANA registries of special addresses: what is not globally reachable. */
static const struct network special_ip4[] = {
    {{0},            8 },
    {{10},           8 },
    {{100, 64},      10},
    {{127},          8 },
    {{169, 254},     16},
    {{172, 16},      12},
    {{192, 0, 0},    24},
    {{192, 0, 2},    24},
    {{192, 168},     16},
    {{198, 18},      15},
    {{198, 51, 100}, 24},
    {{203, 0, 113},  24},
    {{224},          3 },
};
static const struct network special_ip6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* Teredo and the like */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02},             16}, /* 6to4 */
};

bool net_addr_is_public(const struct net_addr *a)
{
    if (a->is_ip6) {
        return a->ip[0] >> 5 == 1 &&
               !is_in_any(a->ip, special_ip6, sizeof special_ip6 / sizeof special_ip6[0]);
    }
    return !is_in_any(a->ip, special_ip4, sizeof special_ip4 / sizeof special_ip4[0]);
}

void net_addr_unmap(struct net_addr *a)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    if (a->is_ip6 && memcmp(a->ip, prefix, sizeof prefix) == 0) {
        uint8_t ip4[16] = {a->ip[12], a->ip[13], a->ip[14], a->ip[15]};
        memcpy(a->ip, ip4, sizeof a->ip);
        a->is_ip6 = false;
    }
}

uint64_t net_addr_group(const struct net_addr *a)
{
    uint64_t group = a->is_ip6;
    for (size_t i = 0; i < (a->is_ip6 ? GROUP_LEN_IP6 : GROUP_LEN_IP4); i++) {
        group = group << 8 | a->ip[i];
    }
    return group;
}

const char *net_transport_name(enum net_transport t)
{
    switch (t) {
    case NET_TCP:  return "tcp";
    case NET_WS:   return "ws";
    case NET_WSS:  return "wss";
    case NET_QUIC: return "quic";
    }
    return "";
}
