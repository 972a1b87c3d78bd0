/* Addresses that a host is to dial: which of them it can, and whom they mean. */
#include "p2p/host_state.h"

bool host_addr_is_quic(struct span addr)
{
    struct multiaddr_part part;
    return multiaddr_find(&part, addr, MULTIADDR_QUIC_V1);
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
    bool has_more = multiaddr_next(&part, &rest);
    if (has_more && is_tcp && part.code == MULTIADDR_WS) {
        if (rest.n == 0) {
            return true;
        }
        has_more = multiaddr_next(&part, &rest);
    }
    return has_more && part.code == MULTIADDR_P2P && rest.n == 0;
}

MUST_CHECK static enum err add_addrs(struct host_dial *d, const struct span *addrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span addr = addrs[i];
        if (!can_dial(addr)) {
            continue;
        }
        struct span id;
        struct peer_id named;
        if (multiaddr_peer_id(&id, addr)) {
            if (peer_id_decode(&named, id) != OK ||
                (d->peer.n > 0 && !peer_id_equal(&named, &d->peer))) {
                continue; /* it leads to somebody else */
            }
            d->peer = named;
        }
        uint8_t len[2] = {(uint8_t)(addr.n >> 8), (uint8_t)addr.n}; /* <= MULTIADDR_LEN_MAX */
        TRY(buf_append(&d->addrs, SPAN_OF(len)));
        TRY(buf_append(&d->addrs, addr));
    }
    return OK;
}

enum err host_addrs_take(struct host_dial *d, const struct host_dial_args *args)
{
    if (args->peer) {
        d->peer = *args->peer;
    }
    TRY(add_addrs(d, args->addrs, args->addrs_count));
    return d->addrs.n > 0 ? OK : ERR_UNSUPPORTED;
}

void host_dial_found(
    struct host *h, instant now, host_link link, const struct span *addrs, size_t count)
{
    struct host_conn *hc = host_conn_find(h, link);
    struct host_dial *d = hc && hc->state == HOST_CONN_DIALING ? hc->dial : NULL;
    if (d && d->lookups_count < HOST_LOOKUPS_MAX) {
        d->lookups_count++;
        (void)(add_addrs(d, addrs, count) == OK); /* what did not fit is not tried */
    }
    host_link_closed(h, now, link, ERR_NOT_FOUND);
}
