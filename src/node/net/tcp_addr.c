/* Socket addresses and multiaddrs. */
#include "node/net/tcp_addr.h"

#include "codec/ip.h"
#include "codec/multiaddr.h"
#include "p2p/ws_addr.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void set_ip4(struct tcp_target *t, struct span ip)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    memcpy(&in4.sin_addr, ip.p, sizeof in4.sin_addr);
    memcpy(&t->sockaddr, &in4, sizeof in4);
    t->family = AF_INET;
}

static void set_ip6(struct tcp_target *t, struct span ip)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(t->port)};
    memcpy(&in6.sin6_addr, ip.p, sizeof in6.sin6_addr);
    memcpy(&t->sockaddr, &in6, sizeof in6);
    t->family = AF_INET6;
}

MUST_CHECK static enum err set_name(struct tcp_target *t, struct span name, int family)
{
    if (name.n == 0 || name.n >= sizeof t->name || span_find(name, 0) < name.n) {
        return ERR_UNSUPPORTED;
    }
    memcpy(t->name, name.p, name.n);
    t->name[name.n] = 0;
    t->family = family;
    return OK;
}

enum err tcp_target_of(struct tcp_target *ret_target, struct span addr)
{
    struct multiaddr_part host;
    struct multiaddr_part port;
    struct span rest = addr;
    if (!multiaddr_next(&host, &rest) || !multiaddr_next(&port, &rest) ||
        port.code != MULTIADDR_TCP) {
        return ERR_UNSUPPORTED;
    }
    struct tcp_target t = {.port = multiaddr_part_port(&port)};
    if (host.code == MULTIADDR_IP4) {
        set_ip4(&t, host.value);
    } else if (host.code == MULTIADDR_IP6) {
        set_ip6(&t, host.value);
    } else if (host.code == MULTIADDR_DNS) {
        TRY(set_name(&t, host.value, AF_UNSPEC));
    } else if (host.code == MULTIADDR_DNS4) {
        TRY(set_name(&t, host.value, AF_INET));
    } else if (host.code == MULTIADDR_DNS6) {
        TRY(set_name(&t, host.value, AF_INET6));
    } else {
        return ERR_UNSUPPORTED;
    }
    *ret_target = t;
    return OK;
}

void tcp_addr_tls_name(struct wr *w, struct span addr)
{
    struct ws_addr ws;
    struct multiaddr_part host;
    struct span rest = addr;
    if (!multiaddr_next(&host, &rest)) {
        wr_fail(w, ERR_UNSUPPORTED);
    } else if (ws_addr_find(&ws, addr) && ws.sni.n > 0) {
        wr_bytes(w, ws.sni);
    } else if (host.code == MULTIADDR_IP4) {
        ip4_print(w, host.value.p);
    } else if (host.code == MULTIADDR_IP6) {
        ip6_print(w, host.value.p);
    } else {
        wr_bytes(w, host.value);
    }
}

void tcp_addr_http_host(struct wr *w, struct span addr)
{
    struct ws_addr ws;
    struct multiaddr_part host;
    struct multiaddr_part port;
    struct span rest = addr;
    char number[8];
    if (!multiaddr_next(&host, &rest) || !multiaddr_next(&port, &rest)) {
        wr_fail(w, ERR_UNSUPPORTED);
        return;
    }
    bool has_sni = ws_addr_find(&ws, addr) && ws.sni.n > 0;
    bool has_brackets = host.code == MULTIADDR_IP6 && !has_sni;
    wr_str(w, has_brackets ? "[" : "");
    tcp_addr_tls_name(w, addr);
    wr_str(w, has_brackets ? "]" : "");
    int n = snprintf(number, sizeof number, ":%u", (unsigned)multiaddr_part_port(&port));
    wr_bytes(w, span_of(number, n > 0 ? (size_t)n : 0));
}

void tcp_sockaddr_write(struct wr *w, const struct sockaddr_storage *sockaddr)
{
    if (sockaddr->ss_family == AF_INET) {
        struct sockaddr_in in4;
        memcpy(&in4, sockaddr, sizeof in4);
        multiaddr_write(w, MULTIADDR_IP4, span_of(&in4.sin_addr, 4));
        multiaddr_write_port(w, MULTIADDR_TCP, ntohs(in4.sin_port));
        return;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, sockaddr, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
        multiaddr_write(w, MULTIADDR_IP4, span_of(in6.sin6_addr.s6_addr + 12, 4));
    } else {
        multiaddr_write(w, MULTIADDR_IP6, span_of(&in6.sin6_addr, 16));
    }
    multiaddr_write_port(w, MULTIADDR_TCP, ntohs(in6.sin6_port));
}

void tcp_sockaddr_set_port(struct sockaddr_storage *sockaddr, uint16_t port)
{
    if (sockaddr->ss_family == AF_INET) {
        struct sockaddr_in in4;
        memcpy(&in4, sockaddr, sizeof in4);
        in4.sin_port = htons(port);
        memcpy(sockaddr, &in4, sizeof in4);
        return;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, sockaddr, sizeof in6);
    in6.sin6_port = htons(port);
    memcpy(sockaddr, &in6, sizeof in6);
}
