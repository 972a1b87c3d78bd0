#include "p2p/gossip_net_test.h"

#include "base/check.h"
#include "base/test.h"

#include <string.h>

void gnet_init(struct gnet *n, size_t count, const struct gossip_cfg *given)
{
    check(count <= GNET_MAX);
    memset(n, 0, sizeof *n);
    n->count = count;
    n->now = (instant){.us = US_PER_S};
    rng_seeded_init(&n->rng, test_seed());
    for (size_t i = 0; i < count; i++) {
        struct gnet_node *node = &n->nodes[i];
        struct gossip_cfg cfg = given ? *given : (struct gossip_cfg){0};
        struct secret32 seed = {
            .bytes = {(uint8_t)(i + 1), 7}
        };
        key_signer_init(&node->signer, &seed);
        peer_id_of_key(&node->id, node->signer.signer.public_key);
        cfg.self = node->id;
        cfg.signer = &node->signer.signer;
        cfg.rng = &n->rng.rng;
        cfg.parent = test_budget();
        cfg.memory_max = cfg.memory_max ? cfg.memory_max : (size_t)1 << 20;
        check(gossip_init(&node->gossip, &cfg, n->now) == OK);
    }
}

void gnet_done(struct gnet *n)
{
    for (size_t i = 0; i < n->count; i++) {
        gossip_done(&n->nodes[i].gossip);
        key_signer_done(&n->nodes[i].signer);
    }
}

void gnet_connect(struct gnet *n, size_t a, size_t b, enum gossip_version version)
{
    struct gossip_peer_args args = {.version = version, .is_outbound = true};
    enum err e = gossip_peer_connected(&n->nodes[a].gossip, n->now, &n->nodes[b].id, args);
    args.is_outbound = false;
    if (e == OK) {
        e = gossip_peer_connected(&n->nodes[b].gossip, n->now, &n->nodes[a].id, args);
    }
    (void)e;
}

void gnet_connect_randomly(struct gnet *n, size_t degree)
{
    for (size_t i = 0; i < n->count; i++) {
        for (size_t k = 0; k < degree / 2; k++) {
            size_t to = (size_t)rng_below(&n->rng.rng, n->count);
            if (to != i) {
                gnet_connect(n, i, to, GOSSIP_V12);
            }
        }
    }
}

static struct gnet_node *find(struct gnet *n, const struct peer_id *id)
{
    for (size_t i = 0; i < n->count; i++) {
        if (peer_id_equal(&n->nodes[i].id, id)) {
            return &n->nodes[i];
        }
    }
    return NULL;
}

static void judge(struct gnet *n, struct gnet_node *node)
{
    struct gossip_event e;
    while (gossip_poll(&node->gossip, &e)) {
        if (e.kind == GOSSIP_EVENT_CONNECT) {
            node->connects++;
            continue;
        }
        node->received++;
        size_t len = e.data.n < sizeof node->last ? e.data.n : sizeof node->last - 1;
        memcpy(node->last, e.data.p, len);
        node->last[len] = 0;
        node->last_author = e.author;
        node->held = e.message;
        if (!node->holds) {
            gossip_validated(&node->gossip, n->now, e.message, node->verdict);
        }
    }
}

static bool deliver(struct gnet *n, struct gnet_node *from)
{
    bool any = false;
    struct peer_id to;
    while (gossip_next_peer(&from->gossip, &to)) {
        AUTO(buf_done) struct buf rpc = {0};
        buf_init(&rpc, test_budget(), GOSSIP_RPC_LEN_MAX);
        while (gossip_take_rpc(&from->gossip, &to, &rpc, 16 * 1024)) {
            any = true;
            n->rpcs_count++;
            n->bytes_count += (unsigned)rpc.n;
            struct gnet_node *node = find(n, &to);
            if (node && !from->is_mute) {
                enum err e = gossip_recv(&node->gossip, n->now, &from->id, buf_span(&rpc));
                (void)e; /* graylisted, or disconnected meanwhile */
                judge(n, node);
            }
            buf_clear(&rpc);
        }
    }
    return any;
}

void gnet_run(struct gnet *n)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < n->count; i++) {
            judge(n, &n->nodes[i]);
            moved = deliver(n, &n->nodes[i]) || moved;
        }
    }
}

void gnet_pass(struct gnet *n, uint64_t us)
{
    instant end = instant_add(n->now, us);
    for (;;) {
        gnet_run(n);
        instant next = INSTANT_NEVER;
        for (size_t i = 0; i < n->count; i++) {
            next = instant_min(next, gossip_deadline(&n->nodes[i].gossip));
        }
        if (instant_before(end, next)) {
            break;
        }
        n->now = next;
        for (size_t i = 0; i < n->count; i++) {
            gossip_tick(&n->nodes[i].gossip, n->now);
        }
    }
    n->now = end;
}

void gnet_subscribe_all(struct gnet *n, const char *topic, enum gossip_signing signing)
{
    struct gossip_topic_cfg cfg = {.signing = signing};
    for (size_t i = 0; i < n->count; i++) {
        check(gossip_subscribe(&n->nodes[i].gossip, n->now, span_str(topic), &cfg) == OK);
    }
}
