/* Ten thousand nodes of the DHT. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "codec/multiaddr.h"
#include "p2p/kad.h"
#include "scale.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONNS_MAX = 32,
    ADDR_LEN = 16,
    EVENTS_MAX = 4000000,
    NODE_MEMORY = 2 * 1024 * 1024,
    SYBIL_BITS = 15,
    EXTRA_KEYS = 8, /* published beside the one that is surrounded */
};

enum event_kind { EVENT_REQUEST, EVENT_ANSWER, EVENT_LOST };

struct event {
    struct heap_node timer;
    enum event_kind kind;
    uint32_t from;
    uint32_t to;
    uint64_t query;
    bool wants_answer;
    size_t len;
    uint8_t bytes[];
};

struct node {
    struct kad kad;
    struct peer_id id;
    struct kad_id place;
    bool is_up;
    bool is_sybil;
    struct heap_node timer; /* of kad_deadline */
    uint32_t conns[CONNS_MAX];
    uint32_t conns_count;
    uint32_t conns_next;
    uint8_t addrs[ADDR_LEN]; /* in the form of kad_write_addrs */
    uint8_t addrs_len;

    /* The lookup under way. */
    uint64_t op;
    instant began_at;
    bool found;
    bool over;
    uint64_t found_us;
    struct kad_op_stats stats;
};

struct world {
    struct scale_dht_cfg cfg;
    struct scale_dht_report report;
    struct budget *budget;
    struct rng_seeded rng;
    struct heap events;
    struct heap timers;
    struct node *nodes; /* nodes_count, those that join later, sybils */
    uint32_t nodes_cap;
    uint32_t nodes_made;
    instant now;
    uint64_t salt[2];
    uint64_t *sizes; /* of the network, as those that published found */
};

struct scale_dht_cfg scale_dht_default(void)
{
    return (struct scale_dht_cfg){.seed = 1,
                                  .nodes_count = 10000,
                                  .keys_count = 50,
                                  .lookups_count = 200,
                                  .rtt_us_min = 50 * US_PER_MS,
                                  .rtt_us_max = 150 * US_PER_MS,
                                  .dial_round_trips = 2,
                                  .warm_connections = 20};
}

static void *take(struct world *w, size_t n)
{
    void *p = NULL;
    check(mem_alloc(w->budget, &p, n) == OK); /* the simulator's own memory is not what is tested */
    return p;
}

static struct kad_peer peer_of(const struct node *n)
{
    return (struct kad_peer){.id = n->id, .addrs = span_of(n->addrs, n->addrs_len)};
}

static uint64_t rtt(const struct world *w, uint32_t a, uint32_t b)
{
    uint32_t pair[2] = {min_u32(a, b), max_u32(a, b)};
    uint64_t spread = w->cfg.rtt_us_max - w->cfg.rtt_us_min + 1;
    return w->cfg.rtt_us_min + siphash24(w->salt, SPAN_OF(pair)) % spread;
}

/* ---- connections ---- */

static bool is_connected(const struct node *n, uint32_t to)
{
    for (uint32_t i = 0; i < n->conns_count; i++) {
        if (n->conns[i] == to) {
            return true;
        }
    }
    return false;
}

static void connect_one(struct node *n, uint32_t to)
{
    if (!is_connected(n, to)) {
        n->conns[n->conns_next] = to;
        n->conns_next = (n->conns_next + 1) % CONNS_MAX;
        n->conns_count = min_u32(n->conns_count + 1, CONNS_MAX);
    }
}

/* ---- sending ---- */

struct letter {
    enum event_kind kind;
    uint32_t from;
    uint32_t to;
    uint64_t query;
    bool wants_answer;
    struct span bytes;
    uint64_t delay_us;
};

static void post(struct world *w, const struct letter *l)
{
    struct event *e = take(w, sizeof *e + max_size(1, l->bytes.n));
    e->kind = l->kind;
    e->from = l->from;
    e->to = l->to;
    e->query = l->query;
    e->wants_answer = l->wants_answer;
    e->len = l->bytes.n;
    span_copy(mspan_of(e->bytes, l->bytes.n), l->bytes);
    check(heap_add(&w->events, &e->timer, instant_add(w->now, l->delay_us)) == OK);
}

static void schedule(struct world *w, struct node *n)
{
    instant at = n->is_up ? kad_deadline(&n->kad) : INSTANT_NEVER;
    if (instant_is_never(at)) {
        heap_remove(&w->timers, &n->timer);
    } else if (n->timer.index == 0 || n->timer.at.us != at.us) {
        check(heap_add(&w->timers, &n->timer, at) == OK);
    }
}

static void ask(struct world *w, struct node *n, const struct kad_event *e)
{
    uint32_t me = (uint32_t)(n - w->nodes);
    uint32_t to = scale_index(&e->peer.id);
    if (to >= w->nodes_made || !w->nodes[to].is_up) {
        return; /* nobody there: the question's own time runs out */
    }
    uint64_t trip = rtt(w, me, to);
    uint64_t dial = is_connected(n, to) ? 0 : w->cfg.dial_round_trips * trip;
    connect_one(n, to);
    connect_one(&w->nodes[to], me);
    post(w, &(struct letter){.kind = EVENT_REQUEST,
                             .from = me,
                             .to = to,
                             .query = e->query,
                             .wants_answer = e->wants_answer,
                             .bytes = e->message,
                             .delay_us = dial + trip / 2});
    if (!e->wants_answer) {
        kad_sent(&n->kad, w->now, e->query);
    }
}

static void on_news(struct world *w, struct node *n, const struct kad_event *e)
{
    if (e->op != n->op) {
        return;
    }
    if (e->kind == KAD_EVENT_PROVIDER && !n->found) {
        n->found = true;
        n->found_us = instant_since(n->began_at, w->now);
    }
    if (e->kind == KAD_EVENT_OVER) {
        n->over = true;
        n->stats = e->stats;
    }
    w->report.hash = scale_hash(w->report.hash, w->now.us ^ (uint64_t)e->kind << 56);
}

static void work(struct world *w, struct node *n)
{
    struct kad_event e;
    bool moved = n->is_up;
    while (moved) {
        moved = false;
        while (kad_poll_wire(&n->kad, &e)) {
            moved = true;
            if (e.kind == KAD_EVENT_ASK) {
                ask(w, n, &e);
            }
        }
        while (kad_poll(&n->kad, &e)) {
            moved = true;
            on_news(w, n, &e);
        }
    }
    schedule(w, n);
}

/* ---- liars ---- */

/* lie answers with the other sybils alone, and keeps nothing. */
static void lie(struct world *w, struct wr *out, const struct event *e)
{
    struct kad_message m;
    if (kad_message_decode(&m, span_of(e->bytes, e->len)) != OK) {
        return;
    }
    struct kad_peer others[KAD_K];
    size_t count = 0;
    for (uint32_t i = 0; i < w->nodes_made && count < KAD_K; i++) {
        uint32_t k = w->nodes_made - 1 - i; /* they were made last */
        if (w->nodes[k].is_sybil && k != e->to) {
            others[count++] = peer_of(&w->nodes[k]);
        }
    }
    kad_message_encode(out,
                       &(struct kad_message_out){
                           .type = m.type, .key = m.key, .closer = others, .closer_count = count});
}

/* ---- what happens ---- */

static void on_request(struct world *w, const struct event *e)
{
    static uint8_t room[2 * KAD_SENT_LEN_MAX];
    struct node *n = &w->nodes[e->to];
    struct wr out = wr_init(MSPAN_OF(room));
    if (!n->is_up) {
        return;
    }
    if (n->is_sybil) {
        lie(w, &out, e);
    } else if (kad_serve(&n->kad, &out, w->now, &w->nodes[e->from].id, span_of(e->bytes, e->len)) !=
               OK) {
        return;
    }
    if (e->wants_answer) {
        post(w, &(struct letter){.kind = EVENT_ANSWER,
                                 .from = e->to,
                                 .to = e->from,
                                 .query = e->query,
                                 .bytes = span_of(room, out.n),
                                 .delay_us = rtt(w, e->from, e->to) / 2});
    }
    work(w, n);
}

static void happen(struct world *w, struct event *e)
{
    heap_remove(&w->events, &e->timer);
    w->report.events_count++;
    if (e->kind == EVENT_REQUEST) {
        on_request(w, e);
    } else if (w->nodes[e->to].is_up) {
        kad_answered(&w->nodes[e->to].kad, w->now, e->query, span_of(e->bytes, e->len));
        work(w, &w->nodes[e->to]);
    }
    mem_free(w->budget, e, sizeof *e + max_size(1, e->len));
}

static bool step(struct world *w, instant end)
{
    instant next = heap_deadline(&w->events);
    instant timer = heap_deadline(&w->timers);
    if (instant_before(end, instant_min(next, timer))) {
        w->now = end;
        return false;
    }
    if (instant_before(timer, next)) {
        struct node *n = list_entry(heap_first(&w->timers), struct node, timer);
        w->now = timer.us > w->now.us ? timer : w->now;
        kad_tick(&n->kad, w->now);
        work(w, n);
    } else {
        w->now = next;
        happen(w, list_entry(heap_first(&w->events), struct event, timer));
    }
    return true;
}

static void pass(struct world *w, uint64_t us)
{
    instant end = instant_add(w->now, us);
    while (step(w, end)) {}
}

static void run_until_over(struct world *w, const struct node *n)
{
    instant end = instant_add(w->now, 120 * US_PER_S);
    while (!n->over && step(w, end)) {}
}

/* ---- making ---- */

static void make_node(struct world *w, bool is_sybil)
{
    uint32_t i = w->nodes_made++;
    struct node *n = &w->nodes[i];
    check(i < w->nodes_cap);
    if (!is_sybil) {
        scale_peer(&n->id, w->cfg.seed, i);
        kad_id_of(&n->place, peer_id_span(&n->id));
    }
    /* Each in a network of its own, as far as there are networks. */
    uint8_t ip[4] = {(uint8_t)(16 + i % 100), (uint8_t)(i / 100), (uint8_t)(i >> 16), 1};
    uint8_t addr[ADDR_LEN];
    struct wr a = wr_init(MSPAN_OF(addr));
    multiaddr_write(&a, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&a, MULTIADDR_TCP, 4001);
    struct wr k = wr_init(MSPAN_OF(n->addrs));
    kad_write_addr(&k, span_of(addr, a.n));
    n->addrs_len = (uint8_t)k.n;
    n->is_sybil = is_sybil;
    struct kad_cfg cfg = {.self = n->id,
                          .rng = &w->rng.rng,
                          .parent = w->budget,
                          .memory_max = NODE_MEMORY,
                          .mode = KAD_MODE_SERVER,
                          .private_too = true, /* addresses are made up */
                          .requests_per_peer = 10000,
                          .refresh_us = UINT64_MAX};
    check(kad_init(&n->kad, &cfg, w->now) == OK);
    struct span own = span_of(addr, a.n);
    check(kad_set_addrs(&n->kad, &own, 1) == OK);
    n->is_up = true;
}

static int compare_places(const void *a, const void *b)
{
    const struct node *const *x = a;
    const struct node *const *y = b;
    return memcmp((*x)->place.bytes, (*y)->place.bytes, sizeof(*x)->place.bytes);
}

/* first_with finds where, in order of place, those begin whose place is not below `place`. */
static uint32_t first_with(struct node *const *sorted, uint32_t count, const struct kad_id *place)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (memcmp(sorted[mid]->place.bytes, place->bytes, sizeof place->bytes) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static void put(struct world *w, struct node *n, const struct node *other)
{
    struct kad_peer peer = peer_of(other);
    enum err e = other == n ? OK : kad_table_answered(&n->kad.table, w->now, &peer);
    (void)e; /* a full bucket is what we want */
}

/* fill gives a node k peers of each distance, drawn at random from those that are there. */
static void fill(struct world *w, struct node *n, struct node *const *sorted, uint32_t count)
{
    for (unsigned bits = 0; bits < 30; bits++) {
        struct kad_id low = n->place;
        low.bytes[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
        for (unsigned b = bits + 1; b < 256; b++) {
            low.bytes[b / 8] &= (uint8_t)~(0x80 >> b % 8);
        }
        struct kad_id high = low;
        for (unsigned b = bits + 1; b < 256; b++) {
            high.bytes[b / 8] |= (uint8_t)(0x80 >> b % 8);
        }
        uint32_t from = first_with(sorted, count, &low);
        uint32_t to = first_with(sorted, count, &high);
        if (to - from <= KAD_K) {
            for (uint32_t i = from; i < to; i++) {
                put(w, n, sorted[i]);
            }
        } else {
            for (unsigned i = 0; i < KAD_K + 2; i++) {
                put(w, n, sorted[from + rng_below(&w->rng.rng, to - from)]);
            }
        }
    }
}

static void fill_all(struct world *w, uint32_t count)
{
    struct node **sorted = take(w, count * sizeof *sorted);
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = &w->nodes[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_places);
    for (uint32_t i = 0; i < count; i++) {
        fill(w, &w->nodes[i], sorted, count);
    }
    mem_free(w->budget, sorted, count * sizeof *sorted);
}

static struct node *anybody(struct world *w)
{
    for (;;) {
        struct node *n = &w->nodes[rng_below(&w->rng.rng, w->nodes_made)];
        if (n->is_up && !n->is_sybil) {
            return n;
        }
    }
}

/* join makes a node that finds its place through others: it looks for itself and for each bucket. */
static void join(struct world *w)
{
    const struct node *known = anybody(w);
    make_node(w, false);
    struct node *n = &w->nodes[w->nodes_made - 1];
    n->kad.cfg.refresh_us = 600 * US_PER_S;
    struct kad_peer seed = peer_of(known);
    check(kad_add_seed(&n->kad, w->now, &seed) == OK);
    work(w, n);
    pass(w, 12 * US_PER_S);
    n->kad.cfg.refresh_us = UINT64_MAX;
    n->kad.refresh_at = INSTANT_NEVER;
    schedule(w, n);
}

/* ---- sybils ---- */

struct key {
    uint8_t bytes[12];
};

static struct key key_of(uint32_t i)
{
    struct key k;
    struct wr w = wr_init(MSPAN_OF(k.bytes));
    wr_be64(&w, 0x12344321);
    wr_be32(&w, i);
    return k;
}

/* surround puts sybils nearer to a key than anybody honest, and into every table that has room for them. */
static void surround(struct world *w, uint32_t key_index)
{
    struct key key = key_of(key_index);
    struct kad_id target;
    kad_id_of(&target, SPAN_OF(key.bytes));
    for (uint32_t s = 0; s < w->cfg.sybils_count; s++) {
        struct node *n = &w->nodes[w->nodes_made];
        uint64_t salt = (uint64_t)s << 40;
        do {
            scale_peer(&n->id, ++salt, w->nodes_made);
            kad_id_of(&n->place, peer_id_span(&n->id));
        } while (kad_common_prefix(&n->place, &target) < SYBIL_BITS);
        make_node(w, true);
        for (uint32_t i = 0; i < w->cfg.nodes_count; i++) {
            put(w, &w->nodes[i], n);
        }
    }
}

/* ---- measuring ---- */

static void begin(struct world *w, struct node *n)
{
    n->began_at = w->now;
    n->found = false;
    n->over = false;
}

static bool publish(struct world *w, uint32_t key_index)
{
    struct node *n = anybody(w);
    struct key key = key_of(key_index);
    begin(w, n);
    struct kad_op_args args = {.thorough = w->cfg.thorough};
    if (kad_provide(&n->kad, &n->op, w->now, SPAN_OF(key.bytes), args) != OK) {
        return false;
    }
    work(w, n);
    run_until_over(w, n);
    w->report.published_count += n->stats.stored_count > 0;
    w->sizes[key_index] = n->kad.network_size;
    return true;
}

static void churn(struct world *w)
{
    uint32_t count = w->cfg.nodes_count * w->cfg.churn_percent / 100;
    for (uint32_t i = 0; i < count; i++) {
        struct node *n = anybody(w);
        n->is_up = false;
        schedule(w, n);
        kad_done(&n->kad);
    }
    for (uint32_t i = 0; i < count; i++) {
        join(w);
    }
}

static void warm_up(struct world *w, struct node *n, bool is_warm)
{
    n->conns_count = 0;
    n->conns_next = 0;
    for (uint32_t tries = 0; is_warm && tries < 100 && n->conns_count < w->cfg.warm_connections;
         tries++) {
        const struct kad_entry *e =
            &n->kad.table.entries[rng_below(&w->rng.rng, n->kad.table.count)];
        uint32_t to = scale_index(&e->contact.peer);
        if (w->nodes[to].is_up) {
            connect_one(n, to);
        }
    }
}

static struct node *look(struct world *w, uint32_t key_index, bool is_warm)
{
    struct node *n = anybody(w);
    struct key key = key_of(key_index);
    warm_up(w, n, is_warm);
    begin(w, n);
    struct kad_op_args args = {.wanted = 1, .thorough = w->cfg.thorough};
    check(kad_find_providers(&n->kad, &n->op, w->now, SPAN_OF(key.bytes), args) == OK);
    work(w, n);
    run_until_over(w, n);
    return n;
}

static void measure(struct world *w)
{
    uint32_t count = w->cfg.lookups_count;
    uint64_t *cold = take(w, count * sizeof *cold);
    uint64_t *warm = take(w, count * sizeof *warm);
    uint64_t queries = 0;
    for (uint32_t i = 0; i < 2 * count; i++) {
        bool is_warm = i % 2;
        const struct node *n =
            look(w, (uint32_t)rng_below(&w->rng.rng, w->cfg.keys_count), is_warm);
        queries += n->stats.asked_count;
        if (is_warm) {
            w->report.warm_count++;
            warm[w->report.warm_found_count] = n->found_us;
            w->report.warm_found_count += n->found;
        } else {
            w->report.cold_count++;
            cold[w->report.cold_found_count] = n->found_us;
            w->report.cold_found_count += n->found;
        }
    }
    w->report.cold_p50_us = scale_rank(cold, w->report.cold_found_count, 500);
    w->report.cold_p95_us = scale_rank(cold, w->report.cold_found_count, 950);
    w->report.warm_p50_us = scale_rank(warm, w->report.warm_found_count, 500);
    w->report.warm_p95_us = scale_rank(warm, w->report.warm_found_count, 950);
    w->report.size_estimate = scale_rank(w->sizes, w->cfg.keys_count, 500);
    w->report.queries_of_lookup = queries / (2 * (uint64_t)count);
    mem_free(w->budget, cold, count * sizeof *cold);
    mem_free(w->budget, warm, count * sizeof *warm);
}

/* eclipse publishes and looks for a key that is surrounded. */
static void eclipse(struct world *w)
{
    uint32_t key = w->cfg.keys_count;
    uint32_t tries = min_u32(20, w->cfg.lookups_count);
    for (uint32_t i = 0; i < 6;
         i++) { /* askers and publishers know by then how large the network is */
        (void)publish(w, key + 1 + i);
    }
    surround(w, key);
    for (uint32_t i = 0; i < tries; i++) {
        struct node *n = anybody(w);
        struct key k = key_of(key + 2 + i % 4);
        begin(w, n);
        check(kad_find_providers(&n->kad, &n->op, w->now, SPAN_OF(k.bytes),
                                 (struct kad_op_args){0}) == OK);
        work(w, n);
        run_until_over(w, n);
        if (i == 0) {
            struct key victim = key_of(key);
            begin(w, n);
            check(kad_provide(&n->kad, &n->op, w->now, SPAN_OF(victim.bytes),
                              (struct kad_op_args){.thorough = w->cfg.thorough}) == OK);
        } else {
            struct key victim = key_of(key);
            begin(w, n);
            check(kad_find_providers(&n->kad, &n->op, w->now, SPAN_OF(victim.bytes),
                                     (struct kad_op_args){.thorough = w->cfg.thorough}) == OK);
            w->report.eclipse_count++;
        }
        work(w, n);
        run_until_over(w, n);
        w->report.eclipse_found_count += i > 0 && n->found;
    }
}

/* ---- one world ---- */

static void check_end(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes_made; i++) {
        const struct node *n = &w->nodes[i];
        if (n->is_up &&
            (kad_stats(&n->kad).queries_count > 0 || kad_stats(&n->kad).ops_count > 0)) {
            w->report.violation = "a query or an operation is left when all is over";
        }
        if (n->is_up && n->kad.budget.used_max > NODE_MEMORY) {
            w->report.violation = "more memory than allowed";
        }
    }
}

static bool has_sense(const struct scale_dht_cfg *c)
{
    return c->nodes_count >= 2 && c->nodes_count <= SCALE_NODES_MAX && c->churn_percent <= 90 &&
           c->joins_count < c->nodes_count && c->rtt_us_min <= c->rtt_us_max && c->keys_count > 0 &&
           c->lookups_count > 0 && c->lookups_count <= SCALE_SAMPLES_MAX;
}

static void run(struct world *w)
{
    uint32_t filled = w->cfg.nodes_count - w->cfg.joins_count;
    for (uint32_t i = 0; i < filled; i++) {
        make_node(w, false);
    }
    fill_all(w, filled);
    for (uint32_t i = 0; i < w->cfg.joins_count; i++) {
        join(w);
    }
    w->report.memory_per_node = w->budget->used / w->nodes_made;
    for (uint32_t i = 0; i < w->cfg.keys_count; i++) {
        (void)publish(w, i);
    }
    churn(w);
    measure(w);
    if (w->cfg.sybils_count > 0) {
        eclipse(w);
    }
    pass(w, 120 * US_PER_S);
    check_end(w);
}

static void drop(struct world *w)
{
    for (struct heap_node *h = heap_first(&w->events); h; h = heap_first(&w->events)) {
        struct event *e = list_entry(h, struct event, timer);
        heap_remove(&w->events, h);
        mem_free(w->budget, e, sizeof *e + max_size(1, e->len));
    }
    for (uint32_t i = 0; i < w->nodes_made; i++) {
        heap_remove(&w->timers, &w->nodes[i].timer);
        kad_done(&w->nodes[i].kad);
    }
    heap_done(&w->events);
    heap_done(&w->timers);
    mem_free(w->budget, w->nodes, w->nodes_cap * sizeof *w->nodes);
    mem_free(w->budget, w->sizes, (w->cfg.keys_count + EXTRA_KEYS) * sizeof *w->sizes);
}

enum err scale_dht(struct scale_dht_report *ret_report,
                   const struct scale_dht_cfg *cfg,
                   struct budget *budget)
{
    if (!has_sense(cfg)) {
        return ERR_LIMIT;
    }
    struct world w = {.cfg = *cfg, .budget = budget, .now = {.us = US_PER_S}};
    size_t before = budget->used;
    w.report.hash = UINT64_C(0xcbf29ce484222325);
    rng_seeded_init(&w.rng, cfg->seed);
    w.salt[0] = rng_u64(&w.rng.rng);
    w.salt[1] = rng_u64(&w.rng.rng);
    w.nodes_cap =
        cfg->nodes_count + cfg->nodes_count * cfg->churn_percent / 100 + cfg->sybils_count + 1;
    heap_init(&w.events, budget, EVENTS_MAX);
    heap_init(&w.timers, budget, w.nodes_cap);
    w.nodes = take(&w, w.nodes_cap * sizeof *w.nodes);
    w.sizes = take(&w, (cfg->keys_count + EXTRA_KEYS) * sizeof *w.sizes);
    run(&w);
    drop(&w);
    if (budget->used != before) {
        w.report.violation = "bytes are still charged after the end of the world";
    }
    *ret_report = w.report;
    return OK;
}
