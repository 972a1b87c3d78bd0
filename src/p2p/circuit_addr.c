/* Addresses through a relay: taken apart and put together. */
#include "p2p/circuit_addr.h"

#include "codec/multiaddr.h"

bool circuit_addr_is(struct span addr)
{
    struct multiaddr_part part;
    return multiaddr_find(&part, addr, MULTIADDR_P2P_CIRCUIT);
}

enum err circuit_addr_read(struct circuit_addr *ret_addr, struct span addr)
{
    struct circuit_addr a = {0};
    struct multiaddr_part part;
    struct span rest = addr;
    if (multiaddr_validate(addr, NULL) != OK) {
        return ERR_UNSUPPORTED;
    }
    bool has_circuit = false;
    while (!has_circuit && multiaddr_next(&part, &rest)) {
        has_circuit = part.code == MULTIADDR_P2P_CIRCUIT;
        if (part.code == MULTIADDR_P2P) {
            /* The relay's name stands right before the circuit, and nowhere else. */
            if (a.relay.n > 0 || peer_id_decode(&a.relay, part.value) != OK) {
                return ERR_UNSUPPORTED;
            }
        } else if (!has_circuit) {
            if (a.relay.n > 0) {
                return ERR_UNSUPPORTED;
            }
            a.transport = span_first(addr, addr.n - rest.n);
        }
    }
    if (!has_circuit || a.relay.n == 0) {
        return ERR_UNSUPPORTED;
    }
    if (rest.n > 0) {
        bool is_peer = multiaddr_next(&part, &rest) && part.code == MULTIADDR_P2P && rest.n == 0;
        if (!is_peer || peer_id_decode(&a.target, part.value) != OK) {
            return ERR_UNSUPPORTED;
        }
    }
    *ret_addr = a;
    return OK;
}

void circuit_addr_write(struct wr *w, const struct circuit_addr *addr)
{
    struct multiaddr_part part;
    if (multiaddr_find(&part, addr->transport, MULTIADDR_P2P)) {
        wr_fail(w, ERR_MALFORMED);
        return;
    }
    wr_bytes(w, addr->transport);
    multiaddr_write(w, MULTIADDR_P2P, peer_id_span(&addr->relay));
    multiaddr_write(w, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY);
    if (addr->target.n > 0) {
        multiaddr_write(w, MULTIADDR_P2P, peer_id_span(&addr->target));
    }
}
