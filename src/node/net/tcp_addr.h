#ifndef NODE_TCP_ADDR_H
#define NODE_TCP_ADDR_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Socket addresses and multiaddrs. */

enum { TCP_NAME_LEN_MAX = 254 };

/* What /ip4|ip6|dns|dns4|dns6/X/tcp/N means to a socket; further components are ignored. */
struct tcp_target {
    struct sockaddr_storage sockaddr; /* if name is empty */
    char name[TCP_NAME_LEN_MAX];      /* else a name to look up, */
    int family;                       /* AF_UNSPEC, AF_INET or AF_INET6, */
    uint16_t port;                    /* and the port */
};

/* tcp_target_of: ERR_UNSUPPORTED for anything else. */
MUST_CHECK enum err tcp_target_of(struct tcp_target *ret_target, struct span addr);

/* tcp_addr_tls_name writes whom a certificate has to name for /ip4|ip6|dns.../X/tcp/N/tls/ws: X, or what stands behind /sni:
 * "a.b", "::1". */
void tcp_addr_tls_name(struct wr *w, struct span addr);

/* tcp_addr_http_host writes what stands in a Host field for it, likewise, with or without TLS: "a.b:80", "[::1]:80". */
void tcp_addr_http_host(struct wr *w, struct span addr);

/* tcp_sockaddr_write writes /ip4|ip6/X/tcp/N. A mapped IPv4 address (::ffff:a.b.c.d) is written as IPv4. */
void tcp_sockaddr_write(struct wr *w, const struct sockaddr_storage *sockaddr);

/* tcp_sockaddr_set_port sets the port of an address that getaddrinfo gave. */
void tcp_sockaddr_set_port(struct sockaddr_storage *sockaddr, uint16_t port);

#endif
