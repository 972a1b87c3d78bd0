/*~ The simulator's clock and fate. world_run takes the earliest event of one heap, lets it happen, and
 * goes on; wire.c is the network, node.c what lives on it. */
#include "world.h"
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum {
    CHECK_EVERY = 64, /* events between two inspections of a node */
    MESSAGES_MAX = 200000,
};

static const uint64_t RUN_OUT_US =
    150 * US_PER_S; /* time for what is under way, after the last message */
static const uint64_t HANG_UP_US = 100 * US_PER_S; /* time to close all connections */

struct sim_cfg sim_cfg_default(void)
{
    return (struct sim_cfg){.seed = 1,
                            .nodes_count = 2,
                            .neighbours_count = 4,
                            .duration_us = 10 * US_PER_S,
                            .latency_us_min = 5 * US_PER_MS,
                            .latency_us_max = 60 * US_PER_MS,
                            .jitter_us = 2 * US_PER_MS,
                            .rate = 4000000,
                            .message_every_us = 500 * US_PER_MS,
                            .message_len_max = 300000,
                            .partition_for_us = 20 * US_PER_S,
                            .memory_max = (size_t)8 * 1024 * 1024};
}

void world_violation(struct sim_world *w, uint32_t node, const char *what)
{
    if (!w->report.violation) {
        w->report.violation = what;
        w->report.violation_at_us = w->now.us;
        w->report.violation_node = node;
    }
}

void world_at(struct sim_world *w, struct sim_timer *t, instant at)
{
    if (instant_is_never(at)) {
        heap_remove(&w->heap, &t->node);
        return;
    }
    if (t->node.index == 0 || t->node.at.us != at.us) {
        check(heap_add(&w->heap, &t->node, at) == OK);
    }
}

/* FNV-1a over the bytes of value. */
void world_hash(struct sim_world *w, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        w->report.hash = (w->report.hash ^ (value >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
    }
}

/* world_around gives a time from half of mean to one and a half. */
uint64_t world_around(struct sim_world *w, uint64_t mean_us)
{
    return mean_us / 2 + rng_below(&w->rng.rng, mean_us + 1);
}

bool world_reaches(const struct sim_world *w, uint32_t a, uint32_t b)
{
    if (!w->is_cut) {
        return true;
    }
    uint64_t seed[2] = {w->cut_salt, w->cfg.seed};
    return (siphash24(seed, span_of(&a, sizeof a)) & 1) ==
           (siphash24(seed, span_of(&b, sizeof b)) & 1);
}

void *world_alloc(struct sim_world *w, size_t n)
{
    void *p = NULL;
    check(mem_alloc(w->budget, &p, n) == OK); /* the simulator's own memory is not what is tested */
    return p;
}

void world_free(struct sim_world *w, void *p, size_t n)
{
    mem_free(w->budget, p, n);
}

/* ---- making ---- */

static void choose_neighbours(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    uint32_t want = min_u32(min_u32(w->cfg.neighbours_count, w->cfg.nodes_count - 1), 16);
    while (n->neighbours_count < want) {
        uint32_t to = (uint32_t)rng_below(&w->rng.rng, w->cfg.nodes_count);
        bool taken = to == i;
        for (uint32_t k = 0; k < n->neighbours_count; k++) {
            taken = taken || n->neighbours[k] == to;
        }
        if (!taken) {
            n->neighbours[n->neighbours_count++] = to;
        }
    }
}

static void make_node(struct sim_world *w, uint32_t i)
{
    struct sim_node *n = &w->nodes[i];
    struct secret32 seed;
    rng_fill(&w->rng.rng, MSPAN_OF(seed.bytes));
    key_signer_init(&n->signer, &seed);
    secret32_wipe(&seed);
    n->timer.kind = SIM_TIMER_NODE;
    n->message_timer.kind = SIM_TIMER_MESSAGE;
    n->kad_timer.kind = SIM_TIMER_KAD;
    n->restart_timer.kind = SIM_TIMER_RESTART;
    struct peer_id id;
    peer_id_of_key(&id, n->signer.signer.public_key);
    check(map_add(&w->by_peer, peer_id_span(&id), n) == OK);
    choose_neighbours(w, i);
    world_at(w, &n->message_timer, instant_add(w->now, world_around(w, w->cfg.message_every_us)));
}

static bool has_sense(const struct sim_cfg *c)
{
    return c->nodes_count >= 2 && c->nodes_count <= SIM_NODES_MAX &&
           c->latency_us_min <= c->latency_us_max && c->message_every_us > 0 &&
           c->neighbours_count > 0;
}

MUST_CHECK static enum err
make(struct sim_world *w, const struct sim_cfg *cfg, struct budget *budget)
{
    if (!has_sense(cfg)) {
        return ERR_LIMIT;
    }
    memset(w, 0, sizeof *w);
    w->cfg = *cfg;
    w->budget = budget;
    w->now = (instant){.us = US_PER_S};
    w->report.hash = UINT64_C(0xcbf29ce484222325);
    rng_seeded_init(&w->rng, cfg->seed);
    heap_init(&w->heap, budget, 10000000);
    map_init(&w->by_peer, budget, (struct map_cfg){.count_max = SIM_NODES_MAX});
    list_init(&w->wires);
    w->crash.kind = SIM_TIMER_CRASH;
    w->partition.kind = SIM_TIMER_PARTITION;
    w->heal.kind = SIM_TIMER_HEAL;
    w->messages_cap =
        (uint32_t)min_u64(MESSAGES_MAX, 16 + 2 * (uint64_t)cfg->nodes_count *
                                                 (cfg->duration_us / cfg->message_every_us + 1));
    w->messages = world_alloc(w, w->messages_cap * sizeof *w->messages);
    w->nodes = world_alloc(w, cfg->nodes_count * sizeof *w->nodes);
    for (uint32_t i = 0; i < cfg->nodes_count; i++) {
        make_node(w, i);
    }
    for (uint32_t i = 0; i < cfg->nodes_count; i++) {
        TRY(node_start(w, i));
    }
    if (cfg->crash_every_us) {
        world_at(w, &w->crash, instant_add(w->now, world_around(w, cfg->crash_every_us)));
    }
    if (cfg->partition_every_us) {
        world_at(w, &w->partition, instant_add(w->now, world_around(w, cfg->partition_every_us)));
    }
    return OK;
}

static void drop(struct sim_world *w)
{
    for (struct list *l = list_first(&w->wires); l; l = list_first(&w->wires)) {
        wire_free(w, list_entry(l, struct sim_wire, in_world));
    }
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        node_stop(w, i);
        key_signer_done(&w->nodes[i].signer);
    }
    heap_done(&w->heap);
    map_done(&w->by_peer);
    world_free(w, w->messages, w->messages_cap * sizeof *w->messages);
    world_free(w, w->nodes, w->cfg.nodes_count * sizeof *w->nodes);
}

/* ---- fate ---- */

static void on_crash(struct sim_world *w)
{
    if (w->is_ending) {
        heap_remove(&w->heap, &w->crash.node);
        return;
    }
    world_at(w, &w->crash, instant_add(w->now, world_around(w, w->cfg.crash_every_us)));
    uint32_t i = (uint32_t)rng_below(&w->rng.rng, w->cfg.nodes_count);
    bool silent = rng_below(&w->rng.rng, 2);
    if (!w->nodes[i].is_up) {
        return;
    }
    w->report.crashes_count++;
    world_hash(w, i);
    wire_crash(w, i, silent);
    node_stop(w, i);
    world_at(w, &w->nodes[i].restart_timer, instant_add(w->now, world_around(w, 5 * US_PER_S)));
}

static void on_partition(struct sim_world *w)
{
    if (w->is_ending) {
        heap_remove(&w->heap, &w->partition.node);
        return;
    }
    w->report.partitions_count++;
    w->is_cut = true;
    w->cut_salt = rng_u64(&w->rng.rng);
    world_at(w, &w->heal, instant_add(w->now, w->cfg.partition_for_us));
    instant next =
        instant_add(w->now, w->cfg.partition_for_us + world_around(w, w->cfg.partition_every_us));
    world_at(w, &w->partition, next);
}

static void on_node(struct sim_world *w, struct sim_node *n)
{
    uint32_t i = (uint32_t)(n - w->nodes);
    host_tick(&n->host, w->now);
    node_work(w, i);
    if (w->report.events_count % CHECK_EVERY == 0) {
        node_check(w, i);
    }
}

static void happen(struct sim_world *w, struct sim_timer *t)
{
    switch (t->kind) {
    case SIM_TIMER_NODE:    on_node(w, list_entry(t, struct sim_node, timer)); break;
    case SIM_TIMER_MESSAGE: {
        struct sim_node *n = list_entry(t, struct sim_node, message_timer);
        uint32_t i = (uint32_t)(n - w->nodes);
        if (n->is_up) {
            host_tick(&n->host, w->now);
        }
        node_begin_message(w, i);
        node_check(w, i);
        break;
    }
    case SIM_TIMER_KAD: {
        struct sim_node *n = list_entry(t, struct sim_node, kad_timer);
        dht_look(w, (uint32_t)(n - w->nodes));
        break;
    }
    case SIM_TIMER_RESTART: {
        struct sim_node *n = list_entry(t, struct sim_node, restart_timer);
        heap_remove(&w->heap, &t->node);
        if (node_start(w, (uint32_t)(n - w->nodes)) != OK) {
            world_violation(w, (uint32_t)(n - w->nodes), "a node did not come back");
        }
        break;
    }
    case SIM_TIMER_PIPE:      wire_pipe_tick(w, list_entry(t, struct sim_pipe, timer)); break;
    case SIM_TIMER_CONNECT:   wire_connect_tick(w, list_entry(t, struct sim_wire, connect)); break;
    case SIM_TIMER_CRASH:     on_crash(w); break;
    case SIM_TIMER_PARTITION: on_partition(w); break;
    case SIM_TIMER_HEAL:
        heap_remove(&w->heap, &t->node);
        w->is_cut = false;
        break;
    }
}

static void run_until(struct sim_world *w, instant end)
{
    while (!w->report.violation && instant_reached(heap_deadline(&w->heap), end)) {
        struct heap_node *first = heap_first(&w->heap);
        check(!instant_before(first->at, w->now));
        w->now = first->at;
        w->report.events_count++;
        happen(w, list_entry(first, struct sim_timer, node));
    }
    w->now = end;
}

static void hang_up(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        struct sim_node *n = &w->nodes[i];
        if (!n->is_up) {
            continue;
        }
        host_tick(&n->host, w->now);
        dht_stop(w, i);
        while (host_peers_count(&n->host) > 0) {
            struct host_peer_info info;
            host_peer_at(&n->host, &info, 0);
            host_disconnect(&n->host, &info.peer);
            node_work(w, i);
        }
    }
}

static void check_end(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        struct sim_node *n = &w->nodes[i];
        if (!n->is_up) {
            world_violation(w, i, "a node is still down at the end");
            continue;
        }
        struct host_stats s = host_stats(&n->host);
        if (s.conns_count + s.streams_count + s.peers_count + s.dials_count +
                s.conns_transient_count >
            0) {
            world_violation(w, i, "something is left when all have hung up");
        }
        if (n->host.transient.used > 0 || s.credit_used > 0 || n->streams.count > 0) {
            world_violation(w, i, "something is still charged when all have hung up");
        }
    }
    for (uint32_t m = 0; m < w->messages_count; m++) {
        if (!w->messages[m].over) {
            world_violation(w, w->messages[m].from, "a message neither arrived nor failed");
        }
    }
    if (!list_is_empty(&w->wires)) {
        world_violation(w, 0, "a wire is left when all have hung up");
    }
}

enum err sim_run(struct sim_report *ret_report, const struct sim_cfg *cfg, struct budget *budget)
{
    struct sim_world world;
    struct sim_world *w = &world;
    size_t before = budget->used;
    TRY(make(w, cfg, budget));
    instant end = instant_add(w->now, cfg->duration_us);
    run_until(w, end);
    w->is_ending = true;
    run_until(w, instant_add(end, RUN_OUT_US));
    if (!w->report.violation) {
        hang_up(w);
    }
    run_until(w, instant_add(end, RUN_OUT_US + HANG_UP_US));
    if (!w->report.violation) {
        check_end(w);
    }
    w->report.messages_count = w->messages_count;
    w->report.time_us = w->now.us;
    drop(w);
    if (budget->used != before) {
        world_violation(w, 0, "bytes are still charged after the end of the world");
    }
    *ret_report = w->report;
    return OK;
}
