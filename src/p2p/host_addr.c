/* Addresses that a host is to dial: which of them it can, and whom they mean. */
#include "base/rd.h"
#include "p2p/circuit_addr.h"
#include "p2p/host_state.h"
#include "p2p/ws_addr.h"

bool host_addr_is_quic(struct span addr)
{
    struct multiaddr_part part;
    /* How one comes to a relay says nothing of what runs through it. */
    return multiaddr_find(&part, addr, MULTIADDR_QUIC_V1) && !circuit_addr_is(addr);
}

const char *host_addr_transport(struct span addr)
{
    struct multiaddr_part part;
    if (circuit_addr_is(addr)) {
        return "relay";
    }
    if (multiaddr_find(&part, addr, MULTIADDR_QUIC_V1)) {
        return "quic";
    }
    struct ws_addr ws;
    if (!ws_addr_find(&ws, addr)) {
        return "tcp";
    }
    return ws.is_tls ? "wss" : "ws";
}

static bool can_dial(struct span addr)
{
    struct multiaddr_part part;
    struct span rest = addr;
    if (multiaddr_validate(addr, NULL) != OK || !multiaddr_next(&part, &rest)) {
        return false;
    }
    if (part.code == MULTIADDR_DNSADDR) {
        return rest.n == 0 ||
               (multiaddr_next(&part, &rest) && part.code == MULTIADDR_P2P && rest.n == 0);
    }
    bool is_host = part.code == MULTIADDR_IP4 || part.code == MULTIADDR_IP6 ||
                   part.code == MULTIADDR_DNS || part.code == MULTIADDR_DNS4 ||
                   part.code == MULTIADDR_DNS6;
    if (!is_host || !multiaddr_next(&part, &rest)) {
        return false;
    }
    bool is_tcp = part.code == MULTIADDR_TCP;
    if (part.code == MULTIADDR_UDP) {
        if (!multiaddr_next(&part, &rest) || part.code != MULTIADDR_QUIC_V1) {
            return false;
        }
    } else if (!is_tcp) {
        return false;
    }
    if (rest.n == 0) {
        return true;
    }
    struct ws_addr ws;
    if (is_tcp && ws_addr_take(&ws, &rest) && rest.n == 0) {
        return true;
    }
    return multiaddr_next(&part, &rest) && part.code == MULTIADDR_P2P && rest.n == 0;
}

/* leads_to finds out whom a direct address means: n = 0 if it does not say. False: it cannot be dialled. */
static bool leads_to(struct peer_id *ret_peer, struct span addr, enum host_dial_role role)
{
    struct span id;
    struct udp_addr udp;
    *ret_peer = (struct peer_id){0};
    if (!can_dial(addr)) {
        return false;
    }
    if (role == HOST_DIAL_PUNCH_SERVER && host_addr_is_quic(addr) &&
        udp_addr_of(&udp, addr) != OK) {
        return false; /* a hole is punched towards an address, not towards a name */
    }
    return !multiaddr_peer_id(&id, addr) || peer_id_decode(ret_peer, id) == OK;
}

/* leads_through is the same of an address through a relay. */
static bool leads_through(struct peer_id *ret_peer,
                          struct span addr,
                          const struct host *h,
                          const struct host_dial *d)
{
    struct circuit_addr a;
    if (!h->dials_circuits || d->role != HOST_DIAL_PLAIN || circuit_addr_read(&a, addr) != OK ||
        (a.transport.n > 0 && !can_dial(a.transport)) || peer_id_equal(&a.relay, &h->self)) {
        return false;
    }
    *ret_peer = a.target.n > 0 ? a.target : d->peer;
    return ret_peer->n > 0;
}

MUST_CHECK static enum err
add_addr(const struct host *h, struct host_dial *d, struct span addr, bool worked)
{
    struct peer_id named;
    bool leads =
        circuit_addr_is(addr) ? leads_through(&named, addr, h, d) : leads_to(&named, addr, d->role);
    if (!leads || (named.n > 0 && d->peer.n > 0 && !peer_id_equal(&named, &d->peer))) {
        return OK; /* nowhere, or to somebody else */
    }
    d->peer = named.n > 0 ? named : d->peer;
    return dial_plan_add(&d->plan, addr, worked);
}

/* add_addrs takes the direct ones first: those through relays may need to be told whom they lead to. The first worked_count
 * worked before. */
MUST_CHECK static enum err
add_addrs(const struct host *h, struct host_dial *d, const struct host_dial_args *args)
{
    for (int relayed = 0; relayed < 2; relayed++) {
        for (size_t i = 0; i < args->addrs_count; i++) {
            if (circuit_addr_is(args->addrs[i]) == relayed) {
                TRY(add_addr(h, d, args->addrs[i], i < args->worked_count));
            }
        }
    }
    dial_plan_rank(&d->plan, h->now);
    return OK;
}

/* add_worked puts in where the peer was met before, to be tried first. In hole punching that is no use: there it is another
 * address that counts. */
static void add_worked(const struct host *h, struct host_dial *d)
{
    struct span addrs[PEER_STORE_ADDRS_MAX];
    size_t worked_count;
    if (!h->peer_store || d->peer.n == 0 || d->role >= HOST_DIAL_PUNCH_CLIENT) {
        return;
    }
    (void)peer_store_addrs(h->peer_store, addrs, &worked_count, &d->peer, host_unix_s(h));
    for (size_t i = 0; i < worked_count; i++) {
        if (add_addr(h, d, addrs[i], true) != OK) {
            break; /* no room: those that were given are tried */
        }
    }
    dial_plan_rank(&d->plan, h->now);
}

enum err
host_addrs_take(const struct host *h, struct host_dial *d, const struct host_dial_args *args)
{
    if (args->peer) {
        d->peer = *args->peer;
    }
    TRY(add_addrs(h, d, args));
    add_worked(h, d);
    return d->plan.count > 0 ? OK : ERR_UNSUPPORTED;
}

void host_dial_found(
    struct host *h, instant now, host_link link, const struct span *addrs, size_t count)
{
    struct host_conn *hc = host_conn_find(h, link);
    struct host_dial *d = hc && hc->state == HOST_CONN_DIALING ? hc->dial : NULL;
    if (d && d->lookups_count < HOST_LOOKUPS_MAX) {
        d->lookups_count++;
        struct host_dial_args args = {.addrs = addrs, .addrs_count = count};
        if (add_addrs(h, d, &args) != OK) {
            dial_plan_rank(&d->plan, now); /* what did not fit is not tried */
        }
    }
    host_link_closed(h, now, link, ERR_NOT_FOUND);
}

size_t host_announced_addrs(const struct host *h, struct span ret_addrs[static HOST_ADDRS_MAX])
{
    size_t count = 0;
    struct rd r = rd_init(buf_span(&h->addrs));
    while (r.rest.n > 0 && count < HOST_ADDRS_MAX) {
        size_t len = rd_be16(&r);
        ret_addrs[count++] = rd_bytes(&r, len);
    }
    return count;
}

size_t host_direct_addrs(const struct host *h, struct span ret_addrs[static HOST_ADDRS_MAX])
{
    size_t count = 0;
    size_t all = host_announced_addrs(h, ret_addrs);
    for (size_t i = 0; i < all; i++) {
        if (!circuit_addr_is(ret_addrs[i])) {
            ret_addrs[count++] = ret_addrs[i];
        }
    }
    return count;
}
