/* Relays and hole punching of the test node. */
#include "base/check.h"
#include "codec/multiaddr.h"
#include "p2p_node.h"

#include <inttypes.h>
#include <string.h>

void node_relay_init(struct node *n, bool serves)
{
    struct host_relay_cfg relay = {.relay = {.reservations_per_group_max = 100}};
    if (serves) {
        check(host_relay_init(&n->relay, &n->host, &relay) == OK);
    }
    check(host_circuit_init(&n->circuit, &n->host, &(struct host_circuit_cfg){0}) == OK);
    n->has_circuit = true;
}

void node_dcutr_init(struct node *n, bool private_too)
{
    struct host_dcutr_cfg cfg = {.private_too = private_too};
    check(host_dcutr_init(&n->dcutr, &n->host, &cfg) == OK);
    n->has_dcutr = true;
}

static void say_circuits(struct node *n)
{
    char peer[PEER_ID_TEXT_MAX];
    AUTO(buf_done) struct buf addrs = {0};
    buf_init(&addrs, &n->budget, 64 * 1024);
    (void)host_circuit_addrs(&n->circuit, &addrs);
    peer_id_print(peer, host_self(&n->host));
    for (struct rd r = rd_init(buf_span(&addrs)); r.rest.n > 0;) {
        char text[MULTIADDR_TEXT_MAX];
        struct wr w = wr_init(mspan_of(text, sizeof text));
        size_t len = rd_be16(&r);
        if (multiaddr_print(&w, rd_bytes(&r, len)) == OK) {
            node_say("circuit %.*s/p2p/%s", (int)w.n, text, peer);
        }
    }
}

void node_relay_on_event(struct node *n)
{
    struct host_circuit_event c;
    struct host_dcutr_event d;
    char peer[PEER_ID_TEXT_MAX];
    while (n->has_circuit && host_circuit_poll(&n->circuit, &c)) {
        peer_id_print(peer, &c.relay);
        if (c.kind == HOST_CIRCUIT_RESERVED) {
            say_circuits(n);
            node_say("reserved %s s=%u bytes=%" PRIu64, peer, c.limit.duration_s, c.limit.data_len);
        } else {
            node_say("lost %s %s status=%" PRIu64, peer, err_name(c.err), c.status);
        }
    }
    while (n->has_dcutr && host_dcutr_poll(&n->dcutr, &d)) {
        peer_id_print(peer, &d.peer);
        node_say("%s %s attempts=%u %s", d.kind == HOST_DCUTR_UPGRADED ? "upgraded" : "gaveup",
                 peer, d.attempts, d.rule ? d.rule : "");
    }
}

bool node_relay_command(struct node *n, const char *verb, const char *subject)
{
    uint8_t bytes[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    struct span id;
    struct peer_id relay;
    if (!n->has_circuit || strcmp(verb, "reserve") != 0) {
        return false;
    }
    enum err e = multiaddr_parse(&w, span_str(subject), NULL);
    struct span addr = span_of(bytes, w.n);
    if (e == OK) {
        e = multiaddr_peer_id(&id, addr) ? peer_id_decode(&relay, id) : ERR_MALFORMED;
    }
    if (e == OK) {
        e = host_circuit_reserve(&n->circuit, &relay, &addr, 1);
    }
    if (e != OK) {
        node_say("error reserve %s", err_name(e));
    }
    return true;
}

void node_relay_say_stats(const struct node *n)
{
    struct host_relay_stats s = host_relay_stats(&n->relay);
    node_say("ok relaystats reservations=%u circuits=%u opened=%" PRIu64 " refused=%" PRIu64
             " relayed=%" PRIu64,
             s.reservations_count, s.circuits_count, s.opened_count, s.refused_count,
             s.relayed_len);
}

void node_relay_done(struct node *n)
{
    host_dcutr_done(&n->dcutr);
    host_circuit_done(&n->circuit);
    host_relay_done(&n->relay);
}
