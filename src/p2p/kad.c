/* The DHT: its life, its queries and what it is told; kad_op.c asks, kad_serve.c answers. */
#include "p2p/kad.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/kad_state.h"

#include <string.h>

enum { OWN_ADDRS_MAX = 16 };

static const uint64_t SETTLE_US =
    5 * US_PER_S; /* after the first look for ourselves: all buckets */
static const uint64_t HOUR_US = 3600 * US_PER_S;

/* ---- configuration ---- */

static uint32_t or_u32(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static uint64_t or_u64(uint64_t value, uint64_t otherwise)
{
    return value ? value : otherwise;
}

static struct kad_cfg complete(const struct kad_cfg *given)
{
    struct kad_cfg c = *given;
    c.memory_max = c.memory_max ? c.memory_max : (size_t)8 * 1024 * 1024;
    c.paths = or_u32(c.paths, 2);
    c.alpha = or_u32(c.alpha, 10);
    c.beta = or_u32(c.beta, 3);
    c.ops_max = or_u32(c.ops_max, 32);
    c.queries_max = or_u32(c.queries_max, 256);
    c.known_max = or_u32(c.known_max, 1024);
    c.requests_per_peer = or_u32(c.requests_per_peer, 200);
    c.providers_max = or_u32(c.providers_max, 20000);
    c.providers_of_key_max = or_u32(c.providers_of_key_max, 64);
    c.values_max = or_u32(c.values_max, 1000);
    c.records_of_peer_max = or_u32(c.records_of_peer_max, 1000);
    /* SPEC libp2p/kad-dht §"Client and server mode": timings and sizes as everybody has them: ten seconds for
     * a query, ten minutes for a bucket, 22 hours to publish again, 48 to forget. */
    c.query_timeout_us = or_u64(c.query_timeout_us, 10 * US_PER_S);
    c.slow_us = or_u64(c.slow_us, 2 * US_PER_S);
    c.op_timeout_us = or_u64(c.op_timeout_us, 60 * US_PER_S);
    c.refresh_us = or_u64(c.refresh_us, 600 * US_PER_S);
    c.republish_us = or_u64(c.republish_us, 22 * HOUR_US);
    c.expiry_us = or_u64(c.expiry_us, 48 * HOUR_US);
    c.addrs_expiry_us = or_u64(c.addrs_expiry_us, 24 * HOUR_US);
    return c;
}

static void init_stores(struct kad *k)
{
    const struct kad_cfg *c = &k->cfg;
    struct kad_store_cfg s = {
        .budget = &k->budget,
        .seed = {k->seed[0], k->seed[1]},
        .count_max = c->providers_max,
        .per_peer_max = c->records_of_peer_max,
        .per_key_max = c->providers_of_key_max,
        .per_key_group_max = max_u32(1, c->providers_of_key_max / 8),
        .expiry_us = c->expiry_us,
        .addrs_expiry_us = c->addrs_expiry_us
    };
    kad_providers_init(&k->providers, s);
    s.count_max = c->values_max;
    s.per_peer_max = max_u32(1, c->records_of_peer_max / 10);
    kad_values_init(&k->values, s);
}

enum err kad_init(struct kad *k, const struct kad_cfg *cfg, instant now)
{
    memset(k, 0, sizeof *k);
    k->cfg = complete(cfg);
    k->now = now;
    budget_init(&k->budget, cfg->parent, "kad", k->cfg.memory_max);
    kad_id_of(&k->self, peer_id_span(&cfg->self));
    k->seed[0] = rng_u64(cfg->rng);
    k->seed[1] = rng_u64(cfg->rng);
    kad_table_init(&k->table, (struct kad_table_cfg){.self = k->self,
                                                     .budget = &k->budget,
                                                     .group_max = k->cfg.table_group_max,
                                                     .private_too = k->cfg.private_too});
    init_stores(k);
    struct map_cfg maps = {
        .count_max = k->cfg.known_max, .seed = {k->seed[0], k->seed[1]}
    };
    map_init(&k->known, &k->budget, maps);
    maps.count_max = k->cfg.queries_max;
    map_init(&k->queries, &k->budget, maps);
    heap_init(&k->timers, &k->budget, k->cfg.queries_max);
    list_init(&k->unsent);
    list_init(&k->dropped);
    list_init(&k->ops);
    list_init(&k->published);
    list_init(&k->bootstrap);
    k->bootstrap_at = INSTANT_NEVER;
    buf_init(&k->own_addrs, &k->budget, KAD_ADDRS_LEN_MAX);
    buf_init(&k->message, &k->budget, KAD_SENT_LEN_MAX + KAD_VALUE_LEN_MAX);
    k->refresh_at = INSTANT_NEVER;
    k->is_server = k->cfg.mode == KAD_MODE_SERVER;
    k->mode_is_new = k->is_server;
    return OK;
}

/* query_take makes a query unknown to everybody; query_free frees it. */
static void query_take(struct kad *k, struct kad_query *q)
{
    heap_remove(&k->timers, &q->timer);
    list_remove(&q->in_unsent);
    list_remove(&q->in_dropped);
    (void)map_remove(&k->queries, span_of(&q->id, sizeof q->id));
}

static void query_free(struct kad *k, struct kad_query *q)
{
    query_take(k, q);
    kad_contact_done(&q->contact, &k->budget);
    mem_free(&k->budget, q, sizeof *q);
}

static void known_free(struct kad *k, struct kad_known *n)
{
    kad_contact_done(&n->contact, &k->budget);
    mem_free(&k->budget, n, sizeof *n);
}

void kad_done(struct kad *k)
{
    if (!k->budget.scope) {
        return;
    }
    for (struct list *l = list_first(&k->ops); l; l = list_first(&k->ops)) {
        kad_op_free(k, list_entry(l, struct kad_op, in_ops));
    }
    while (k->queries.count > 0) {
        query_free(k, map_at(&k->queries, k->queries.count - 1)->value);
    }
    for (size_t i = 0; i < k->known.count; i++) {
        known_free(k, map_at(&k->known, i)->value);
    }
    kad_publish_done(k);
    kad_bootstrap_done(k);
    map_done(&k->known);
    map_done(&k->queries);
    heap_done(&k->timers);
    kad_table_done(&k->table);
    kad_providers_done(&k->providers);
    kad_values_done(&k->values);
    buf_done(&k->own_addrs);
    buf_done(&k->message);
    check(k->budget.used == 0);
    memset(k, 0, sizeof *k);
}

/* ---- queries ---- */

enum err kad_ask(struct kad *k, struct kad_op *op, enum kad_type type, const struct kad_peer *peer)
{
    void *p;
    TRY(mem_alloc(&k->budget, &p, sizeof(struct kad_query)));
    struct kad_query *q = p;
    q->id = ++k->next_id;
    q->op = op;
    q->type = type;
    enum err e = kad_contact_init(&q->contact, peer, &k->budget);
    e = e == OK ? map_add(&k->queries, span_of(&q->id, sizeof q->id), q) : e;
    e = e == OK ? heap_add(&k->timers, &q->timer, instant_add(k->now, k->cfg.query_timeout_us)) : e;
    if (e != OK) {
        query_free(k, q);
        return e;
    }
    list_add_last(&k->unsent, &q->in_unsent);
    k->checks_count += op == NULL;
    return OK;
}

void kad_query_end(struct kad *k, struct kad_query *q)
{
    if (q->is_dead) {
        return;
    }
    k->checks_count -= q->op == NULL;
    if (!q->is_polled) {
        query_free(k, q);
        return;
    }
    q->is_dead = true;
    q->op = NULL;
    heap_remove(&k->timers, &q->timer);
    list_add_last(&k->dropped, &q->in_dropped);
}

static struct kad_query *query_find(const struct kad *k, uint64_t id)
{
    struct kad_query *q = map_find(&k->queries, span_of(&id, sizeof id));
    return q && !q->is_dead ? q : NULL;
}

/* query_over frees a query whose outcome is known, without a DROP. */
static void query_over(struct kad *k, struct kad_query *q)
{
    k->checks_count -= q->op == NULL;
    query_free(k, q);
}

static void query_failed(struct kad *k, struct kad_query *q, bool tell)
{
    struct kad_op *op = q->op;
    kad_table_failed(&k->table, &q->contact.peer);
    if (op) {
        kad_op_failed(k, op, q);
    }
    if (tell) {
        kad_query_end(k, q);
    } else {
        query_over(k, q);
    }
    if (op) {
        kad_op_advance(k, op);
    }
}

void kad_failed(struct kad *k, instant now, uint64_t query)
{
    k->now = now;
    struct kad_query *q = query_find(k, query);
    if (q) {
        query_failed(k, q, false);
    }
}

/* admitted takes in a peer that has answered; the first one starts the filling of the table. */
static void admit(struct kad *k, const struct kad_contact *c)
{
    struct kad_peer peer = kad_contact_peer(c);
    size_t before = k->table.count;
    if (kad_table_answered(&k->table, k->now, &peer) == OK && before == 0 &&
        k->cfg.refresh_us != UINT64_MAX) {
        k->refresh_at = k->now;
    }
}

void kad_answered(struct kad *k, instant now, uint64_t query, struct span message)
{
    k->now = now;
    struct kad_query *q = query_find(k, query);
    if (!q) {
        return;
    }
    struct kad_message m;
    if (kad_message_decode(&m, message) != OK || m.type != q->type) {
        query_failed(k, q, false);
        return;
    }
    struct kad_op *op = q->op;
    query_take(k, q); /* the operation may end here, and its queries with it: not this one */
    /* SPEC libp2p/kad-dht §"Kademlia routing table": a peer gets in by answering, not by being named. */
    admit(k, &q->contact);
    if (op) {
        kad_op_answered(k, op, q, &m);
    }
    query_over(k, q);
    if (op) {
        kad_op_advance(k, op);
    }
}

void kad_sent(struct kad *k, instant now, uint64_t query)
{
    k->now = now;
    struct kad_query *q = query_find(k, query);
    if (!q || q->type != KAD_ADD_PROVIDER) {
        return;
    }
    struct kad_op *op = q->op;
    kad_op_answered(k, op, q, NULL);
    query_over(k, q);
    kad_op_advance(k, op);
}

bool kad_is_usable(const struct kad *k, const struct kad_peer *peer)
{
    bool has_addr;
    uint32_t group = kad_addrs_group(peer->addrs, &has_addr);
    return (has_addr && (group || k->cfg.private_too)) ||
           map_find(&k->known, peer_id_span(&peer->id));
}

void kad_check(struct kad *k, const struct kad_peer *peer)
{
    if (k->checks_count >= KAD_CHECKS_MAX || peer_id_equal(&peer->id, &k->cfg.self) ||
        !kad_table_wants(&k->table, peer)) {
        return;
    }
    for (size_t i = 0; i < k->queries.count; i++) {
        const struct kad_query *q = map_at(&k->queries, i)->value;
        if (!q->op && !q->is_dead && peer_id_equal(&q->contact.peer, &peer->id)) {
            return;
        }
    }
    enum err e = kad_ask(k, NULL, KAD_FIND_NODE, peer);
    (void)e; /* no room: another time */
}

bool kad_has(const struct kad *k, const struct peer_id *peer)
{
    return kad_table_find(&k->table, peer) != NULL;
}

enum err kad_add_seed(struct kad *k, instant now, const struct kad_peer *peer)
{
    k->now = now;
    if (k->checks_count >= KAD_CHECKS_MAX) {
        return ERR_LIMIT;
    }
    return kad_ask(k, NULL, KAD_FIND_NODE, peer);
}

/* ---- polling ---- */

MUST_CHECK static enum err write_query(struct kad *k, const struct kad_query *q)
{
    buf_clear(&k->message);
    struct wr w = wr_init_buf(&k->message);
    if (q->op) {
        kad_op_write(k, &w, q);
    } else {
        kad_message_encode(
            &w, &(struct kad_message_out){.type = q->type, .key = peer_id_span(&k->cfg.self)});
    }
    return wr_end(&w);
}

static bool poll_unsent(struct kad *k, struct kad_event *ret_event)
{
    for (struct list *l = list_first(&k->unsent); l; l = list_first(&k->unsent)) {
        struct kad_query *q = list_entry(l, struct kad_query, in_unsent);
        list_remove(l);
        if (write_query(k, q) != OK) {
            query_failed(k, q, false);
            continue;
        }
        q->is_polled = true;
        *ret_event = (struct kad_event){.kind = KAD_EVENT_ASK,
                                        .query = q->id,
                                        .peer = kad_contact_peer(&q->contact),
                                        .message = buf_span(&k->message),
                                        .wants_answer = q->type != KAD_ADD_PROVIDER};
        return true;
    }
    return false;
}

bool kad_has_news(const struct kad *k)
{
    for (struct list *l = list_first(&k->ops); l; l = list_next(&k->ops, l)) {
        if (kad_op_has_news(list_entry(l, struct kad_op, in_ops))) {
            return true;
        }
    }
    return false;
}

bool kad_poll(struct kad *k, struct kad_event *ret_event)
{
    if (k->polled_over) {
        kad_op_free(k, k->polled_over);
        k->polled_over = NULL;
    }
    for (struct list *l = list_first(&k->ops); l; l = list_next(&k->ops, l)) {
        struct kad_op *op = list_entry(l, struct kad_op, in_ops);
        if (kad_op_has_news(op) && kad_op_poll(op, ret_event)) {
            k->polled_over = ret_event->kind == KAD_EVENT_OVER ? op : NULL;
            return true;
        }
    }
    return false;
}

/* reap frees operations that nobody waits for. */
static void reap(struct kad *k)
{
    for (struct list *l = list_first(&k->ops); l;) {
        struct kad_op *op = list_entry(l, struct kad_op, in_ops);
        l = list_next(&k->ops, l);
        if (op->is_over && op->is_silent) {
            kad_op_free(k, op);
        }
    }
}

bool kad_poll_wire(struct kad *k, struct kad_event *ret_event)
{
    reap(k);
    if (k->mode_is_new) {
        k->mode_is_new = false;
        *ret_event = (struct kad_event){.kind = KAD_EVENT_MODE, .is_server = k->is_server};
        return true;
    }
    struct list *l = list_first(&k->dropped);
    if (l) {
        struct kad_query *q = list_entry(l, struct kad_query, in_dropped);
        *ret_event = (struct kad_event){.kind = KAD_EVENT_DROP, .query = q->id};
        query_free(k, q);
        return true;
    }
    return poll_unsent(k, ret_event);
}

/* ---- time ---- */

instant kad_deadline(const struct kad *k)
{
    instant at = instant_min(heap_deadline(&k->timers), k->refresh_at);
    at = instant_min(at, k->bootstrap_at);
    at = instant_min(at, kad_providers_deadline(&k->providers));
    at = instant_min(at, kad_values_deadline(&k->values));
    at = instant_min(at, kad_publish_deadline(k));
    for (struct list *l = list_first(&k->ops); l; l = list_next(&k->ops, l)) {
        at = instant_min(at, kad_op_deadline(k, list_entry(l, struct kad_op, in_ops)));
    }
    return at;
}

static void refresh_ourselves(struct kad *k)
{
    struct kad_op *op;
    struct kad_op_start start = {
        .kind = KAD_OP_REFRESH, .key = peer_id_span(&k->cfg.self), .is_silent = true};
    enum err e = kad_op_start(k, &op, &start);
    (void)e; /* no room: another time */
}

static void refresh(struct kad *k)
{
    /* SPEC libp2p/kad-dht §"Bootstrap process": look for ourselves, and for a random key in each bucket. */
    unsigned bucket;
    refresh_ourselves(k);
    while (kad_table_stale(&k->table, &bucket, k->now, k->cfg.refresh_us / 2)) {
        uint8_t key[32];
        struct kad_op *op;
        kad_random_key(
            k, key, (struct kad_random_key){.target = &k->self, .bits = bucket, .is_exact = true});
        struct kad_op_start start = {
            .kind = KAD_OP_REFRESH, .key = SPAN_OF(key), .is_silent = true};
        if (kad_op_start(k, &op, &start) != OK) {
            break;
        }
    }
    k->refresh_at = instant_add(k->now, k->is_settled ? k->cfg.refresh_us
                                                      : min_u64(SETTLE_US, k->cfg.refresh_us));
    k->is_settled = true;
}

void kad_tick(struct kad *k, instant now)
{
    k->now = now;
    while (instant_reached(heap_deadline(&k->timers), now)) {
        query_failed(k, list_entry(heap_first(&k->timers), struct kad_query, timer), true);
    }
    if (instant_reached(k->refresh_at, now)) {
        refresh(k);
    }
    kad_providers_tick(&k->providers, now);
    kad_values_tick(&k->values, now);
    kad_publish_tick(k);
    kad_bootstrap_tick(k);
    for (struct list *l = list_first(&k->ops); l; l = list_next(&k->ops, l)) {
        kad_op_tick(k, list_entry(l, struct kad_op, in_ops));
    }
}

/* ---- what is told from outside ---- */

void kad_set_walltime(struct kad *k, instant now, walltime wall)
{
    k->wall = wall;
    k->wall_at = now;
}

walltime kad_walltime(const struct kad *k)
{
    return k->wall.s ? (walltime){k->wall.s + instant_since(k->wall_at, k->now) / US_PER_S}
                     : (walltime){0};
}

enum err kad_set_addrs(struct kad *k, const struct span *addrs, size_t count)
{
    if (count > OWN_ADDRS_MAX) {
        return ERR_LIMIT;
    }
    buf_clear(&k->own_addrs);
    struct wr w = wr_init_buf(&k->own_addrs);
    for (size_t i = 0; i < count; i++) {
        kad_write_addr(&w, addrs[i]);
    }
    return wr_end(&w);
}

static void become(struct kad *k, bool is_server)
{
    if (k->is_server != is_server) {
        k->is_server = is_server;
        k->mode_is_new = !k->mode_is_new; /* back before anybody was told: nothing to tell */
    }
}

void kad_set_mode(struct kad *k, enum kad_mode mode)
{
    k->cfg.mode = mode;
    become(k, mode == KAD_MODE_SERVER);
}

void kad_set_reachable(struct kad *k, bool is_reachable)
{
    /* SPEC libp2p/kad-dht §"Client and server mode": a server is a node that others can dial. */
    if (k->cfg.mode == KAD_MODE_AUTO) {
        become(k, is_reachable);
    }
}

MUST_CHECK static enum err know(struct kad *k, const struct kad_peer *peer, bool is_server)
{
    void *p;
    TRY(mem_alloc(&k->budget, &p, sizeof(struct kad_known)));
    struct kad_known *n = p;
    n->is_server = is_server;
    enum err e = kad_contact_init(&n->contact, peer, &k->budget);
    e = e == OK ? map_add(&k->known, peer_id_span(&peer->id), n) : e;
    if (e != OK) {
        known_free(k, n);
    }
    return e;
}

void kad_peer_connected(struct kad *k, instant now, const struct kad_peer *peer, bool is_server)
{
    k->now = now;
    kad_peer_disconnected(k, &peer->id);
    if (know(k, peer, is_server) != OK) {
        return; /* it is connected all the same, and may ask */
    }
    /* SPEC libp2p/kad-dht §"Client and server mode": who does not speak the protocol belongs in no table. */
    if (is_server) {
        kad_check(k, peer);
    } else {
        kad_table_remove(&k->table, &peer->id);
    }
}

void kad_peer_disconnected(struct kad *k, const struct peer_id *peer)
{
    struct kad_known *n = map_remove(&k->known, peer_id_span(peer));
    if (n) {
        known_free(k, n);
    }
}

const struct kad_validator *kad_validator_for(const struct kad *k, struct span key)
{
    if (key.n < 2 || key.p[0] != '/') {
        return NULL;
    }
    struct span rest = span_from(key, 1);
    struct span name = span_first(rest, span_find(rest, '/'));
    for (size_t i = 0; i < k->cfg.validators_count; i++) {
        if (span_equal(name, span_str(k->cfg.validators[i]->name_space))) {
            return k->cfg.validators[i];
        }
    }
    return NULL;
}

struct kad_stats kad_stats(const struct kad *k)
{
    return (struct kad_stats){.peers_count = k->table.count,
                              .providers_count = k->providers.count,
                              .values_count = k->values.keys.count,
                              .ops_count = k->ops_count,
                              .queries_count = k->queries.count,
                              .network_size = k->network_size,
                              .served_count = k->served_count,
                              .refused_count = k->refused_count,
                              .memory_used = k->budget.used,
                              .is_server = k->is_server};
}
