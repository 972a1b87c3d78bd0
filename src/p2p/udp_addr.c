/* Addresses of UDP sockets and multiaddrs. */
#include "p2p/udp_addr.h"

#include "codec/multiaddr.h"

#include <string.h>

enum err udp_addr_of(struct udp_addr *ret_addr, struct span multiaddr)
{
    struct multiaddr_part ip;
    struct multiaddr_part port;
    struct span rest = multiaddr;
    bool has_both = multiaddr_next(&ip, &rest) && multiaddr_next(&port, &rest);
    if (!has_both || port.code != MULTIADDR_UDP ||
        (ip.code != MULTIADDR_IP4 && ip.code != MULTIADDR_IP6)) {
        return ERR_UNSUPPORTED;
    }
    struct udp_addr a = {.is_ip6 = ip.code == MULTIADDR_IP6, .port = multiaddr_part_port(&port)};
    memcpy(a.ip, ip.value.p, ip.value.n);
    *ret_addr = a;
    return OK;
}

void udp_addr_write(struct wr *w, const struct udp_addr *addr)
{
    multiaddr_write(w, addr->is_ip6 ? MULTIADDR_IP6 : MULTIADDR_IP4,
                    span_of(addr->ip, addr->is_ip6 ? 16 : 4));
    multiaddr_write_port(w, MULTIADDR_UDP, addr->port);
    multiaddr_write(w, MULTIADDR_QUIC_V1, SPAN_EMPTY);
}
