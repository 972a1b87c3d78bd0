/* Ten thousand nodes of gossipsub, some of them hostile. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/rd.h"
#include "p2p/gossip.h"
#include "scale.h"

#include <string.h>

#define TOPIC SPAN_LIT("topic")

enum {
    EVENTS_MAX = 8000000,
    NODE_MEMORY = 512 * 1024,
    DEGREE_MAX = 64,
    HEAD_LEN = 8,
    RPC_LEN = 64 * 1024
};
enum { SPAM_EVERY = 5, FAKE_IDS = 50, D_HIGH = 12 };

static const uint64_t BETWEEN_US = 500 * US_PER_MS;
static const uint64_t RUN_OUT_US = 8 * US_PER_S;

/* An RPC under way: one for each receiver. */
struct event {
    struct heap_node timer;
    uint32_t from;
    uint32_t to;
    size_t len;
    uint8_t bytes[];
};

struct node {
    struct gossip gossip; /* of an honest one */
    struct peer_id id;
    bool is_hostile;
    struct heap_node timer;
    uint32_t peers[DEGREE_MAX];
    bool dialled[DEGREE_MAX];
    uint32_t peers_count;
    uint32_t beats;
};

struct world {
    struct scale_gossip_cfg cfg;
    struct scale_gossip_report report;
    struct budget *budget;
    struct rng_seeded rng;
    struct heap events;
    struct heap timers;
    struct node *nodes;
    uint8_t *hops; /* of each message at each node; 0 = not there */
    instant *published_at;
    uint64_t *latencies;
    uint64_t *hop_samples;
    size_t samples_count;
    size_t samples_cap;
    instant now;
};

struct scale_gossip_cfg scale_gossip_default(void)
{
    return (struct scale_gossip_cfg){.seed = 1,
                                     .nodes_count = 10000,
                                     .dials_count = 8,
                                     .messages_count = 20,
                                     .message_len = 1024,
                                     .latency_us = 100 * US_PER_MS,
                                     .settle_us = 15 * US_PER_S};
}

static void *take(struct world *w, size_t n)
{
    void *p = NULL;
    check(mem_alloc(w->budget, &p, n) == OK); /* the simulator's own memory is not what is tested */
    return p;
}

/* ---- messages ---- */

/* write_data makes message m: a mark, its number, and padding. Bad ones are rejected by everybody. */
static void write_data(struct wr *w, uint32_t m, bool is_bad, uint32_t len)
{
    wr_be32(w, is_bad ? 0xbadbadu : 0x600du);
    wr_be32(w, m);
    wr_zeros(w, len > HEAD_LEN ? len - HEAD_LEN : 0);
}

static void on_message(struct world *w, struct node *n, const struct gossip_event *e)
{
    struct rd r = rd_init(e->data);
    bool is_good = rd_be32(&r) == 0x600du;
    uint32_t m = rd_be32(&r);
    uint64_t number = e->message;
    if (!is_good || m >= w->cfg.messages_count) {
        gossip_validated(&n->gossip, w->now, number, GOSSIP_REJECT);
        return;
    }
    uint32_t me = (uint32_t)(n - w->nodes);
    uint32_t from = scale_index(&e->peer);
    size_t row = (size_t)m * w->cfg.nodes_count;
    if (w->hops[row + me] != 0) {
        w->report.violation = "a message was delivered twice";
    }
    w->hops[row + me] = (uint8_t)min_u32(255, w->hops[row + from] + 1u);
    w->report.deliveries_count++;
    check(w->samples_count < w->samples_cap);
    w->hop_samples[w->samples_count] = w->hops[row + me] - 1u; /* the author's own counts as one */
    w->latencies[w->samples_count++] = instant_since(w->published_at[m], w->now);
    w->report.hash = scale_hash(w->report.hash, (uint64_t)me << 32 ^ m ^ w->now.us << 8);
    gossip_validated(&n->gossip, w->now, number, GOSSIP_ACCEPT);
}

/* ---- sending ---- */

static void post(struct world *w, uint32_t from, uint32_t to, struct span rpc)
{
    struct event *e = take(w, sizeof *e + max_size(1, rpc.n));
    e->from = from;
    e->to = to;
    e->len = rpc.n;
    span_copy(mspan_of(e->bytes, rpc.n), rpc);
    check(heap_add(&w->events, &e->timer, instant_add(w->now, w->cfg.latency_us)) == OK);
}

static void work(struct world *w, struct node *n)
{
    struct gossip_event e;
    struct peer_id to;
    while (gossip_poll(&n->gossip, &e)) {
        if (e.kind == GOSSIP_EVENT_MESSAGE) {
            on_message(w, n, &e);
        }
    }
    AUTO(buf_done) struct buf rpc = {0};
    buf_init(&rpc, w->budget, (size_t)2 * 1024 * 1024);
    while (gossip_next_peer(&n->gossip, &to)) {
        while (gossip_take_rpc(&n->gossip, &to, &rpc, RPC_LEN)) {
            post(w, (uint32_t)(n - w->nodes), scale_index(&to), buf_span(&rpc));
            buf_clear(&rpc);
        }
    }
    instant at = gossip_deadline(&n->gossip);
    if (n->timer.index == 0 || n->timer.at.us != at.us) {
        check(heap_add(&w->timers, &n->timer, at) == OK);
    }
}

/* ---- the hostile ---- */

static void write_flood(struct world *w, struct wr *control, bool first)
{
    uint8_t fakes[FAKE_IDS][32];
    struct span ids[FAKE_IDS];
    for (size_t i = 0; i < FAKE_IDS; i++) {
        rng_fill(&w->rng.rng, MSPAN_OF(fakes[i]));
        ids[i] = SPAN_OF(fakes[i]);
    }
    struct gossip_ids_out out = {
        .kind = GOSSIP_IHAVE, .topic = TOPIC, .ids = ids, .ids_count = FAKE_IDS};
    gossip_write_graft(control, TOPIC);
    if (first) {
        return;
    }
    gossip_write_ids(control, &out);
    out.kind = GOSSIP_IWANT;
    gossip_write_ids(control, &out);
}

/* beat_hostile begs into every mesh, backoff or not, tells of messages that there are not, asks for others, and
 * now and then sends a bad one. It passes nothing on. */
static void beat_hostile(struct world *w, struct node *n)
{
    static uint8_t control_room[16 * 1024];
    static uint8_t room[20 * 1024];
    uint32_t me = (uint32_t)(n - w->nodes);
    struct wr control = wr_init(MSPAN_OF(control_room));
    struct wr rpc = wr_init(MSPAN_OF(room));
    bool first = n->beats++ == 0;
    if (first) {
        gossip_write_subscription(&rpc, true, TOPIC);
    }
    write_flood(w, &control, first);
    gossip_write_control(&rpc, span_of(control_room, control.n));
    if (n->beats % SPAM_EVERY == 0) {
        uint8_t data[64];
        uint8_t message[128];
        struct wr d = wr_init(MSPAN_OF(data));
        struct wr m = wr_init(MSPAN_OF(message));
        write_data(&d, (uint32_t)rng_u64(&w->rng.rng), true, 16);
        gossip_message_encode(&m,
                              &(struct gossip_message){.data = span_of(data, d.n), .topic = TOPIC});
        gossip_write_publish(&rpc, span_of(message, m.n));
    }
    check(wr_ok(&rpc));
    for (uint32_t i = 0; i < n->peers_count; i++) {
        if (!w->nodes[n->peers[i]].is_hostile) {
            post(w, me, n->peers[i], span_of(room, rpc.n));
        }
    }
    check(heap_add(&w->timers, &n->timer, instant_add(w->now, US_PER_S)) == OK);
}

/* ---- what happens ---- */

static void happen(struct world *w, struct event *e)
{
    struct node *n = &w->nodes[e->to];
    heap_remove(&w->events, &e->timer);
    w->report.events_count++;
    if (!n->is_hostile) {
        enum err err =
            gossip_recv(&n->gossip, w->now, &w->nodes[e->from].id, span_of(e->bytes, e->len));
        (void)err; /* not heard, or refused: as it should be with some */
        work(w, n);
    }
    mem_free(w->budget, e, sizeof *e + max_size(1, e->len));
}

static void beat(struct world *w, struct node *n)
{
    if (n->is_hostile) {
        beat_hostile(w, n);
    } else {
        gossip_tick(&n->gossip, w->now);
        work(w, n);
    }
}

static void pass(struct world *w, uint64_t us)
{
    instant end = instant_add(w->now, us);
    for (;;) {
        instant next = heap_deadline(&w->events);
        instant timer = heap_deadline(&w->timers);
        if (instant_before(end, instant_min(next, timer))) {
            break;
        }
        w->now = instant_min(next, timer);
        if (instant_before(timer, next)) {
            beat(w, list_entry(heap_first(&w->timers), struct node, timer));
        } else {
            happen(w, list_entry(heap_first(&w->events), struct event, timer));
        }
    }
    w->now = end;
}

/* ---- making ---- */

static void make_node(struct world *w, uint32_t i)
{
    struct node *n = &w->nodes[i];
    scale_peer(&n->id, w->cfg.seed, i);
    n->is_hostile = i >= w->cfg.nodes_count - w->cfg.nodes_count * w->cfg.hostile_percent / 100;
    if (n->is_hostile) {
        instant at = instant_add(w->now, rng_below(&w->rng.rng, US_PER_S));
        check(heap_add(&w->timers, &n->timer, at) == OK);
        return;
    }
    struct gossip_cfg cfg = {.self = n->id,
                             .rng = &w->rng.rng,
                             .parent = w->budget,
                             .memory_max = NODE_MEMORY,
                             .no_px = true};
    check(gossip_init(&n->gossip, &cfg, w->now) == OK);
    struct gossip_topic_cfg topic = {.signing = GOSSIP_STRICT_NO_SIGN};
    check(gossip_subscribe(&n->gossip, w->now, TOPIC, &topic) == OK);
}

static bool are_peers(const struct node *n, uint32_t to)
{
    for (uint32_t i = 0; i < n->peers_count; i++) {
        if (n->peers[i] == to) {
            return true;
        }
    }
    return false;
}

static void add_peer(struct world *w, struct node *n, uint32_t to, bool dialled)
{
    n->peers[n->peers_count] = to;
    n->dialled[n->peers_count++] = dialled;
    if (!n->is_hostile) {
        struct gossip_peer_args args = {.version = GOSSIP_V12, .is_outbound = dialled};
        check(gossip_peer_connected(&n->gossip, w->now, &w->nodes[to].id, args) == OK);
    }
}

static void dial_some(struct world *w, uint32_t i)
{
    struct node *n = &w->nodes[i];
    for (uint32_t count = 0, tries = 0; count < w->cfg.dials_count && tries < 200; tries++) {
        uint32_t to = (uint32_t)rng_below(&w->rng.rng, w->cfg.nodes_count);
        struct node *other = &w->nodes[to];
        if (to == i || are_peers(n, to) || n->peers_count == DEGREE_MAX ||
            other->peers_count == DEGREE_MAX) {
            continue;
        }
        add_peer(w, n, to, true);
        add_peer(w, other, i, false);
        count++;
    }
}

/* ---- measuring ---- */

static void publish(struct world *w, uint32_t m)
{
    uint32_t i;
    do {
        i = (uint32_t)rng_below(&w->rng.rng, w->cfg.nodes_count);
    } while (w->nodes[i].is_hostile);
    AUTO(buf_done) struct buf data = {0};
    buf_init(&data, w->budget, GOSSIP_DATA_LEN_MAX);
    struct wr d = wr_init_buf(&data);
    write_data(&d, m, false, w->cfg.message_len);
    check(wr_ok(&d));
    w->hops[(size_t)m * w->cfg.nodes_count + i] = 1;
    w->published_at[m] = w->now;
    check(gossip_publish(&w->nodes[i].gossip, w->now, TOPIC, buf_span(&data)) == OK);
    work(w, &w->nodes[i]);
}

static void look_at_meshes(struct world *w)
{
    uint64_t places = 0;
    uint64_t hostile = 0;
    w->report.mesh_min = UINT32_MAX;
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        const struct node *n = &w->nodes[i];
        if (n->is_hostile) {
            continue;
        }
        uint32_t count = gossip_mesh_count(&n->gossip, TOPIC);
        w->report.mesh_min = min_u32(w->report.mesh_min, count);
        w->report.mesh_max = max_u32(w->report.mesh_max, count);
        w->report.copies_count += n->gossip.received_count + n->gossip.duplicate_count;
        for (uint32_t k = 0; k < n->peers_count; k++) {
            const struct node *other = &w->nodes[n->peers[k]];
            bool in_mesh = gossip_in_mesh(&n->gossip, TOPIC, &other->id);
            places += in_mesh;
            hostile += in_mesh && other->is_hostile;
        }
        if (n->gossip.budget.used_max > NODE_MEMORY) {
            w->report.violation = "more memory than allowed";
        }
        if (count >
            D_HIGH + w->cfg.dials_count) { /* only peers that we dialled get into a full mesh */
            w->report.violation = "a mesh is larger than it may be";
        }
    }
    w->report.hostile_in_mesh_percent = (uint32_t)(hostile * 100 / max_u64(1, places));
}

static uint32_t count_honest(const struct world *w)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        count += !w->nodes[i].is_hostile;
    }
    return count;
}

static void run(struct world *w)
{
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        make_node(w, i);
    }
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        dial_some(w, i);
    }
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        if (!w->nodes[i].is_hostile) {
            work(w, &w->nodes[i]);
        }
    }
    pass(w, w->cfg.settle_us);
    w->report.memory_per_node = w->budget->used / w->cfg.nodes_count;
    for (uint32_t m = 0; m < w->cfg.messages_count; m++) {
        publish(w, m);
        pass(w, BETWEEN_US);
    }
    pass(w, RUN_OUT_US);
    w->report.deliveries_wanted = (uint64_t)w->cfg.messages_count * (count_honest(w) - 1);
    w->report.hops_p50 = (uint32_t)scale_rank(w->hop_samples, w->samples_count, 500);
    w->report.hops_p99 = (uint32_t)scale_rank(w->hop_samples, w->samples_count, 990);
    w->report.latency_p50_us = scale_rank(w->latencies, w->samples_count, 500);
    w->report.latency_p99_us = scale_rank(w->latencies, w->samples_count, 990);
    look_at_meshes(w);
}

static void drop(struct world *w)
{
    for (struct heap_node *h = heap_first(&w->events); h; h = heap_first(&w->events)) {
        struct event *e = list_entry(h, struct event, timer);
        heap_remove(&w->events, h);
        mem_free(w->budget, e, sizeof *e + max_size(1, e->len));
    }
    for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
        heap_remove(&w->timers, &w->nodes[i].timer);
        gossip_done(&w->nodes[i].gossip);
    }
    heap_done(&w->events);
    heap_done(&w->timers);
    mem_free(w->budget, w->nodes, w->cfg.nodes_count * sizeof *w->nodes);
    mem_free(w->budget, w->hops, w->samples_cap);
    mem_free(w->budget, w->published_at, w->cfg.messages_count * sizeof *w->published_at);
    mem_free(w->budget, w->latencies, w->samples_cap * sizeof *w->latencies);
    mem_free(w->budget, w->hop_samples, w->samples_cap * sizeof *w->hop_samples);
}

enum err scale_gossip(struct scale_gossip_report *ret_report,
                      const struct scale_gossip_cfg *cfg,
                      struct budget *budget)
{
    if (cfg->nodes_count < 2 || cfg->nodes_count > SCALE_NODES_MAX || cfg->hostile_percent > 90 ||
        cfg->messages_count == 0 || cfg->messages_count > 1000 || cfg->dials_count == 0 ||
        cfg->message_len < HEAD_LEN || cfg->message_len > GOSSIP_DATA_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct world w = {.cfg = *cfg, .budget = budget, .now = {.us = US_PER_S}};
    size_t before = budget->used;
    w.report.hash = UINT64_C(0xcbf29ce484222325);
    rng_seeded_init(&w.rng, cfg->seed);
    heap_init(&w.events, budget, EVENTS_MAX);
    heap_init(&w.timers, budget, cfg->nodes_count);
    w.samples_cap = (size_t)cfg->messages_count * cfg->nodes_count;
    w.nodes = take(&w, cfg->nodes_count * sizeof *w.nodes);
    w.hops = take(&w, w.samples_cap);
    w.published_at = take(&w, cfg->messages_count * sizeof *w.published_at);
    w.latencies = take(&w, w.samples_cap * sizeof *w.latencies);
    w.hop_samples = take(&w, w.samples_cap * sizeof *w.hop_samples);
    run(&w);
    drop(&w);
    if (budget->used != before) {
        w.report.violation = "bytes are still charged after the end of the world";
    }
    *ret_report = w.report;
    return OK;
}
