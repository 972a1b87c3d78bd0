#ifndef P2P_NET_ADDR_H
#define P2P_NET_ADDR_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stdint.h>

/* An address of the internet that a host can be dialled at: what a multiaddr says when it holds no name, no relay and
 * nothing that we do not speak. Whether others can reach a node is a matter of these alone. */

enum net_transport { NET_TCP, NET_WS, NET_QUIC, NET_WSS /* over TLS */ };
enum { NET_TRANSPORT_COUNT = NET_WSS + 1, NET_ADDR_LEN_MAX = 32 };

struct net_addr {
    bool is_ip6;
    enum net_transport transport;
    uint16_t port;
    uint8_t ip[16]; /* IPv4: the first four, the rest 0 */
};

/* net_addr_of reads /ip4|ip6/X/tcp/N, the same with /ws or /tls/ws (ws_addr.h; a name for TLS is not kept), /udp/N/quic-v1; a /p2p
 * behind it is passed over. ERR_UNSUPPORTED: anything else. */
MUST_CHECK enum err net_addr_of(struct net_addr *ret_addr, struct span multiaddr);

/* net_addr_write writes the multiaddr, without /p2p: at most NET_ADDR_LEN_MAX bytes. */
void net_addr_write(struct wr *w, const struct net_addr *a);

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);
bool net_addr_same_ip(const struct net_addr *a, const struct net_addr *b);

/* net_addr_is_public: does the IP belong to the public internet? Not those of RFC 1918, 6598, 3927, 4193, 5737, 2544,
 * loopback, multicast, nor those that hide an IPv4 address within (6to4, Teredo). */
bool net_addr_is_public(const struct net_addr *a);

/* net_addr_is_any: 0.0.0.0 or ::, where one listens on every address. */
bool net_addr_is_any(const struct net_addr *a);

/* net_addr_unmap makes an IPv4 address within IPv6 (::ffff:0:0/96) what it holds. */
void net_addr_unmap(struct net_addr *a);

/* net_addr_group is a number for those that one operator most likely holds: IPv4 by /24, IPv6 by /48. */
uint64_t net_addr_group(const struct net_addr *a);

const char *net_transport_name(enum net_transport t);

#endif
