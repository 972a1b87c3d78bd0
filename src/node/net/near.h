#ifndef NODE_NEAR_H
#define NODE_NEAR_H

#include "base/span.h"
#include "base/wr.h"
#include "p2p/net_addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which addresses are on the networks that this machine is on: what a stranger on the local network may have us dial,
 * and where he can reach us. */

enum { NEAR_INTERFACES_MAX = 32 };

struct near_interface {
    bool is_ip6;
    bool is_loopback;
    uint8_t ip[16]; /* IPv4: the first four */
    uint8_t mask[16];
};

struct near {
    struct near_interface list[NEAR_INTERFACES_MAX];
    size_t count;
};

/* near_load asks the system; those beyond the maximum, and IPv6 addresses of one link, which need a zone, are left out. */
void near_load(struct near *n);

/* near_has: does the multiaddr begin with an IP address on one of these networks: of the loopback ones, or of the
 * others? */
bool near_has(const struct near *n, struct span addr, bool is_loopback);

/* near_expand writes the multiaddr of one listening address as it is reached at the i-th interface: as it stands, and
 * only for i = 0, unless it listens on every interface. False: it is not. */
bool near_expand(const struct near *n, struct wr *w, struct span addr, size_t i);

/* near_places gives where the multiaddrs lead on this machine: each as it stands, for its port, then as interfaces have
 * it. At most max; returns how many. What is no place of a transport that we dial is left out. */
struct near_places_args {
    const struct span *listen;
    size_t listen_count;
    size_t max;
};
size_t near_places(const struct near *n, struct net_addr *ret, struct near_places_args args);

#endif
