/* The DHT on the simulated hosts: each node publishes the key that bears its number, and looks for others'. */
#include "base/arith.h"
#include "base/check.h"
#include "world.h"

#include <string.h>

enum { SEEDS = 3 };

static const uint64_t SETTLE_US = 15 * US_PER_S; /* before a node publishes */

struct key {
    uint8_t bytes[8];
};

static struct key key_of(uint32_t i)
{
    struct key k;
    struct wr w = wr_init(MSPAN_OF(k.bytes));
    wr_be32(&w, 0x6b657900);
    wr_be32(&w, i);
    return k;
}

static void add_seed(struct sim_world *w, struct sim_node *n, uint32_t to)
{
    uint8_t bytes[32];
    uint8_t addrs[48];
    struct wr a = wr_init(MSPAN_OF(addrs));
    kad_write_addr(&a, node_addr(bytes, to));
    struct kad_peer peer = {.addrs = span_of(addrs, a.n)};
    peer_id_of_key(&peer.id, w->nodes[to].signer.signer.public_key);
    enum err e = kad_add_seed(&n->kad.kad, w->now, &peer);
    (void)e; /* the others do */
}

enum err dht_start(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    struct host_kad_cfg cfg = {
        .kad = {.mode = KAD_MODE_SERVER, .private_too = true, .memory_max = 1024 * 1024}
    };
    TRY(host_kad_init(&n->kad, &n->host, &cfg));
    for (uint32_t k = 0; k < min_u32(SEEDS, n->neighbours_count); k++) {
        add_seed(w, n, n->neighbours[k]);
    }
    n->kad_op = 0;
    n->kad_has_published = false;
    world_at(w, &n->kad_timer, instant_add(w->now, SETTLE_US + world_around(w, SETTLE_US)));
    return OK;
}

void dht_stop(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    heap_remove(&w->heap, &n->kad_timer.node);
    w->report.kad_lookups_count -= n->kad_op && n->kad_wants != i && n->kad_counts;
    n->kad_op = 0;
    host_kad_done(&n->kad);
}

static void look(struct sim_world *w, struct sim_node *n, uint32_t i)
{
    uint32_t whose = (uint32_t)rng_below(&w->rng.rng, w->cfg.nodes_count);
    struct key key = key_of(whose);
    struct kad_op_args args = {.wanted = 1};
    if (n->kad_op || whose == i ||
        kad_find_providers(&n->kad.kad, &n->kad_op, w->now, SPAN_OF(key.bytes), args) != OK) {
        return;
    }
    n->kad_wants = whose;
    n->kad_counts = w->nodes[whose].is_up && w->nodes[whose].kad_has_published;
    w->report.kad_lookups_count += n->kad_counts;
}

void dht_look(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    if (w->is_ending || !n->is_up) {
        heap_remove(&w->heap, &n->kad_timer.node);
        return;
    }
    world_at(w, &n->kad_timer, instant_add(w->now, world_around(w, w->cfg.kad_every_us)));
    host_tick(&n->host, w->now);
    if (n->kad_has_published) {
        look(w, n, i);
    } else if (!n->kad_op) {
        struct key key = key_of(i);
        enum err e = kad_provide(&n->kad.kad, &n->kad_op, w->now, SPAN_OF(key.bytes),
                                 (struct kad_op_args){.keep = true});
        n->kad_wants = i;
        (void)e; /* again at the next turn */
    }
    node_work(w, i);
}

void dht_on_event(struct sim_world *w, struct sim_node *n)
{
    struct kad_event e;
    uint32_t me = (uint32_t)(n - w->nodes);
    while (host_kad_poll(&n->kad, &e)) {
        if (e.kind == KAD_EVENT_PROVIDER &&
            map_find(&w->by_peer, peer_id_span(&e.peer.id)) != &w->nodes[n->kad_wants]) {
            world_violation(w, me, "the DHT names a provider that never said so");
        }
        if (e.kind != KAD_EVENT_OVER || e.op != n->kad_op) {
            continue;
        }
        n->kad_op = 0;
        if (n->kad_wants == me) {
            n->kad_has_published = e.err == OK;
        } else if (n->kad_counts) {
            w->report.kad_found_count += e.err == OK;
        }
    }
}
