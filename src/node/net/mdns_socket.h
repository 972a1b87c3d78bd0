#ifndef NODE_MDNS_SOCKET_H
#define NODE_MDNS_SOCKET_H

#include "base/err.h"
#include "node/net/loop.h"
#include "p2p/mdns.h"

#include <stdint.h>

/* mDNS on real networks: the engine of p2p/mdns.h on a UDP socket that is in the group 224.0.0.251 on every IPv4
 * interface. Shares the port with whoever else does mDNS on this machine. */

enum { MDNS_INTERFACES_MAX = 16, MDNS_SOCKET_PORT = 5353 };

typedef void (*mdns_found_fn)(void *user, const struct mdns_found *found);

struct mdns_socket_cfg {
    struct loop *loop;
    struct mdns_cfg mdns;
    uint16_t port; /* 0 = MDNS_SOCKET_PORT */
    mdns_found_fn on_found;
    void *user;
};

struct mdns_socket {
    struct mdns_socket_cfg cfg;
    struct mdns mdns;
    uv_udp_t udp;
    struct alarm alarm;
    bool is_open;
    char interfaces[MDNS_INTERFACES_MAX][16]; /* IPv4 addresses as text */
    size_t interfaces_count;
    uint8_t room[MDNS_LEN_MAX];
};

/* mdns_socket_init: ERR_IO if the port or the group cannot be had on any interface: mDNS is then not to be had,
 * and nothing is left behind. s must not move. */
MUST_CHECK enum err mdns_socket_init(struct mdns_socket *s, const struct mdns_socket_cfg *cfg);

/* mdns_socket_set_addrs: see mdns_set_addrs. */
MUST_CHECK enum err
mdns_socket_set_addrs(struct mdns_socket *s, const struct span *addrs, size_t count);

/* mdns_socket_done closes; the loop must turn before s's memory goes. Safe on a zeroed object. */
void mdns_socket_done(struct mdns_socket *s);

#endif
