/* mDNS of the test node: who is found is a line, once. */
#include "base/check.h"
#include "p2p_node.h"

#include <string.h>

static void on_found(void *user, const struct mdns_found *found)
{
    struct node *n = user;
    char peer[PEER_ID_TEXT_MAX];
    char text[MULTIADDR_TEXT_MAX];
    if (peer_id_equal(&found->peer, &n->mdns_last)) {
        return;
    }
    n->mdns_last = found->peer;
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    check(multiaddr_print(&w, span_of(found->addr, found->addr_len)) == OK);
    text[w.n] = 0;
    peer_id_print(peer, &found->peer);
    node_say("discovered %s/p2p/%s", text, peer);
}

void node_mdns_init(struct node *n, uint16_t port, const struct span *addrs, size_t count)
{
    struct mdns_socket_cfg cfg = {
        .loop = &n->loop,
        .mdns = {.self = *host_self(&n->host), .rng = &n->rng, .budget = &n->budget},
        .port = port,
        .on_found = on_found,
        .user = n
    };
    if (mdns_socket_init(&n->mdns, &cfg) != OK ||
        mdns_socket_set_addrs(&n->mdns, addrs, count) != OK) {
        node_say("nomdns");
    }
}
