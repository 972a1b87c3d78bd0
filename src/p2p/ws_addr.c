/* WebSockets in multiaddrs: libp2p specs, websockets/README.md. */
#include "p2p/ws_addr.h"

#include "codec/multiaddr.h"

/* SPEC libp2p/websockets §"Addressing": a secure WebSocket is /tls/ws or, for short, /wss. */
bool ws_addr_take(struct ws_addr *ret, struct span *rest)
{
    struct ws_addr a = {0};
    struct multiaddr_part part;
    struct span after = *rest;
    bool has_part = multiaddr_next(&part, &after);
    if (has_part && part.code == MULTIADDR_WSS) {
        *ret = (struct ws_addr){.is_tls = true};
        *rest = after;
        return true;
    }
    if (has_part && part.code == MULTIADDR_TLS) {
        a.is_tls = true;
        has_part = multiaddr_next(&part, &after);
    }
    if (has_part && a.is_tls && part.code == MULTIADDR_SNI) {
        a.sni = part.value;
        has_part = multiaddr_next(&part, &after);
    }
    if (!has_part || part.code != MULTIADDR_WS) {
        return false;
    }
    *ret = a;
    *rest = after;
    return true;
}

bool ws_addr_find(struct ws_addr *ret, struct span addr)
{
    struct multiaddr_part part;
    struct span rest = addr;
    while (multiaddr_next(&part, &rest)) {
        if (part.code == MULTIADDR_TCP) {
            return ws_addr_take(ret, &rest);
        }
    }
    return false;
}

void ws_addr_write(struct wr *w, bool is_tls)
{
    if (is_tls) {
        multiaddr_write(w, MULTIADDR_TLS, SPAN_EMPTY);
    }
    multiaddr_write(w, MULTIADDR_WS, SPAN_EMPTY);
}
