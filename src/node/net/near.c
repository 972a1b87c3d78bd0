/* Addresses of the local network, compared with the interfaces' masks. */
#include "node/net/near.h"

#include "codec/multiaddr.h"

#include <netinet/in.h>
#include <string.h>
#include <uv.h>

static bool take(struct near_interface *x, const uv_interface_address_t *from)
{
    *x = (struct near_interface){.is_loopback = from->is_internal != 0};
    if (from->address.address4.sin_family == AF_INET) {
        memcpy(x->ip, &from->address.address4.sin_addr, 4);
        memcpy(x->mask, &from->netmask.netmask4.sin_addr, 4);
        return true;
    }
    x->is_ip6 = true;
    memcpy(x->ip, &from->address.address6.sin6_addr, 16);
    memcpy(x->mask, &from->netmask.netmask6.sin6_addr, 16);
    return from->address.address6.sin6_family == AF_INET6 &&
           !IN6_IS_ADDR_LINKLOCAL(&from->address.address6.sin6_addr);
}

void near_load(struct near *n)
{
    uv_interface_address_t *all;
    int count;
    n->count = 0;
    if (uv_interface_addresses(&all, &count) != 0) {
        return;
    }
    for (int i = 0; i < count && n->count < NEAR_INTERFACES_MAX; i++) {
        n->count += take(&n->list[n->count], &all[i]);
    }
    uv_free_interface_addresses(all, count);
}

static bool first_ip(struct multiaddr_part *ret, struct span *rest)
{
    return multiaddr_next(ret, rest) && (ret->code == MULTIADDR_IP4 || ret->code == MULTIADDR_IP6);
}

static bool is_within(const struct near_interface *x, struct span ip)
{
    bool any_bit = false;
    if (ip.n != (x->is_ip6 ? 16u : 4u)) {
        return false;
    }
    for (size_t i = 0; i < ip.n; i++) {
        any_bit = any_bit || x->mask[i] != 0;
        if ((ip.p[i] & x->mask[i]) != (x->ip[i] & x->mask[i])) {
            return false;
        }
    }
    return any_bit; /* a network of all addresses is none */
}

bool near_has(const struct near *n, struct span addr, bool is_loopback)
{
    struct multiaddr_part ip;
    if (!first_ip(&ip, &addr)) {
        return false;
    }
    for (size_t i = 0; i < n->count; i++) {
        if (n->list[i].is_loopback == is_loopback && is_within(&n->list[i], ip.value)) {
            return true;
        }
    }
    return false;
}

bool near_expand(const struct near *n, struct wr *w, struct span addr, size_t i)
{
    static const uint8_t any[16] = {0};
    struct multiaddr_part ip;
    struct span rest = addr;
    bool is_any = first_ip(&ip, &rest) && span_equal(ip.value, span_of(any, ip.value.n));
    if (!is_any) {
        wr_bytes(w, i == 0 ? addr : SPAN_EMPTY);
        return i == 0 && wr_ok(w);
    }
    if (i >= n->count || n->list[i].is_ip6 != (ip.code == MULTIADDR_IP6)) {
        return false;
    }
    multiaddr_write(w, ip.code, span_of(n->list[i].ip, ip.value.n));
    wr_bytes(w, rest);
    return wr_ok(w);
}

static void add_place(struct net_addr *places, size_t *count, size_t max, struct span addr)
{
    struct net_addr a;
    if (*count < max && net_addr_of(&a, addr) == OK) {
        places[(*count)++] = a;
    }
}

size_t near_places(const struct near *n, struct net_addr *ret, struct near_places_args args)
{
    size_t count = 0;
    for (size_t i = 0; i < args.listen_count; i++) {
        add_place(ret, &count, args.max, args.listen[i]);
    }
    for (size_t i = 0; i < args.listen_count; i++) {
        for (size_t k = 0; k < n->count; k++) {
            uint8_t room[MULTIADDR_LEN_MAX];
            struct wr w = wr_init(MSPAN_OF(room));
            if (near_expand(n, &w, args.listen[i], k)) {
                add_place(ret, &count, args.max, span_of(room, w.n));
            }
        }
    }
    return count;
}
