/* Our own questions to the DHT: a lookup, and for records what follows from it. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/kad_state.h"

#include <string.h>

enum { RANDOM_TRIES = 8192 };

/* The note on a candidate. */
enum { MARK_NONE, MARK_HAS_IT, MARK_STORE };

static const uint64_t STARVED_US = 100 * US_PER_MS; /* until somebody else's query has ended */

/* ---- making and ending ---- */

static uint32_t final_of(enum kad_op_kind kind, bool for_ourselves)
{
    /* SPEC libp2p/kad-dht §"Replication parameter": records go to the k closest peers. */
    return kind == KAD_OP_REFRESH && !for_ourselves ? 0 : KAD_K;
}

/* region_bits: peers that share so many bits with a key are about k to 2k in the whole network. */
static unsigned region_bits(const struct kad *k)
{
    unsigned bits = 0;
    while (k->network_size >> (bits + 1) >= KAD_K) {
        bits++;
    }
    return bits;
}

static bool is_about_records(enum kad_op_kind kind)
{
    return kind != KAD_OP_FIND_PEER && kind != KAD_OP_REFRESH && kind != KAD_OP_SWEEP;
}

static void add_starts(struct kad *k, struct kad_op *op)
{
    const struct kad_entry *closest[KAD_K];
    size_t count = kad_table_closest(&k->table, closest, KAD_K, &op->lookup.cfg.target, NULL);
    for (size_t i = 0; i < count; i++) {
        struct kad_peer peer = kad_contact_peer(&closest[i]->contact);
        kad_lookup_add(&op->lookup, &peer, NULL);
    }
    for (size_t i = 0; count < KAD_K && i < k->known.count; i++) {
        const struct kad_known *n = map_at(&k->known, i)->value;
        if (n->is_server) {
            struct kad_peer peer = kad_contact_peer(&n->contact);
            kad_lookup_add(&op->lookup, &peer, NULL);
            count++;
        }
    }
}

MUST_CHECK static enum err
fill_op(struct kad *k, struct kad_op *op, const struct kad_op_start *start)
{
    buf_init(&op->key, &k->budget, KAD_KEY_LEN_MAX);
    buf_init(&op->value, &k->budget, KAD_VALUE_LEN_MAX);
    TRY(buf_append(&op->key, start->key));
    TRY(buf_append(&op->value, start->value));
    bool thorough = start->args.thorough && is_about_records(start->kind);
    struct kad_lookup_cfg cfg = {
        .budget = &k->budget,
        .paths = k->cfg.paths,
        .alpha = k->cfg.alpha,
        .beta = k->cfg.beta,
        .final = final_of(start->kind, span_equal(start->key, peer_id_span(&k->cfg.self))),
        .region_bits = thorough ? region_bits(k) : 0,
        .slow_us = k->cfg.slow_us};
    kad_id_of(&cfg.target, start->key);
    op->wants_sweeps = cfg.region_bits > 0;
    kad_lookup_init(&op->lookup, cfg);
    if (start->kind == KAD_OP_FIND_PEER || start->kind == KAD_OP_FIND_PROVIDERS) {
        void *p;
        TRY(mem_alloc(&k->budget, &p, KAD_FOUND_MAX * sizeof *op->found));
        op->found = p;
    }
    return OK;
}

enum err kad_op_start(struct kad *k, struct kad_op **ret_op, const struct kad_op_start *start)
{
    if (k->ops_count >= k->cfg.ops_max) {
        return ERR_LIMIT;
    }
    void *p;
    TRY(mem_alloc(&k->budget, &p, sizeof(struct kad_op)));
    struct kad_op *op = p;
    op->id = ++k->next_id;
    op->kind = start->kind;
    op->user = start->args.user;
    op->wanted = start->args.wanted;
    op->parent = start->parent;
    op->is_silent = start->is_silent;
    op->ends_at = instant_add(k->now, k->cfg.op_timeout_us);
    op->starved_until = INSTANT_NEVER;
    k->ops_count++;
    list_add_last(&k->ops, &op->in_ops);
    enum err e = fill_op(k, op, start);
    if (e != OK) {
        kad_op_free(k, op);
        return e;
    }
    add_starts(k, op);
    kad_op_advance(k, op);
    *ret_op = op;
    return OK;
}

static void end_queries(struct kad *k, const struct kad_op *op)
{
    for (size_t i = k->queries.count; i > 0; i--) {
        if (i > k->queries.count) {
            continue;
        }
        struct kad_query *q = map_at(&k->queries, i - 1)->value;
        if (q->op == op) {
            kad_query_end(k, q);
        }
    }
}

/* leave_family: sweeps of this operation lose their parent, and its parent waits for one less. */
static void leave_family(struct kad *k, struct kad_op *op)
{
    for (struct list *l = list_first(&k->ops); l; l = list_next(&k->ops, l)) {
        struct kad_op *other = list_entry(l, struct kad_op, in_ops);
        if (other->parent == op) {
            other->parent = NULL;
        }
    }
    if (op->parent) {
        op->parent->sweeps_count--;
        op->parent = NULL;
    }
}

void kad_op_free(struct kad *k, struct kad_op *op)
{
    leave_family(k, op);
    end_queries(k, op);
    list_remove(&op->in_ops);
    kad_lookup_done(&op->lookup);
    for (size_t i = 0; i < op->found_count; i++) {
        kad_contact_done(&op->found[i], &k->budget);
    }
    mem_free(&k->budget, op->found, op->found ? KAD_FOUND_MAX * sizeof *op->found : 0);
    buf_done(&op->key);
    buf_done(&op->value);
    mem_free(&k->budget, op, sizeof *op);
    k->ops_count--;
}

static bool has_result(const struct kad_op *op)
{
    switch (op->kind) {
    case KAD_OP_FIND_PEER:
    case KAD_OP_FIND_PROVIDERS: return op->found_count > 0;
    case KAD_OP_GET_VALUE:      return op->value.n > 0;
    case KAD_OP_PROVIDE:
    case KAD_OP_PUT_VALUE:      return op->stored_count > 0;
    case KAD_OP_REFRESH:
    case KAD_OP_SWEEP:          return true;
    }
    return false;
}

static void finish(struct kad *k, struct kad_op *op, enum err otherwise)
{
    op->is_over = true;
    op->err = has_result(op) ? OK : otherwise;
    end_queries(k, op);
    struct kad_op *parent = op->parent;
    if (!parent) {
        return;
    }
    /* What the sweep met in the region is news to its parent. */
    struct kad_candidate *met[KAD_PEERS_MAX];
    size_t count = kad_lookup_closest(&op->lookup, met, KAD_PEERS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct kad_peer peer = kad_contact_peer(&met[i]->contact);
        kad_lookup_add(&parent->lookup, &peer, NULL);
    }
    leave_family(k, op);
    kad_op_advance(k, parent);
}

/* ---- the size of the network ---- */

static uint64_t distance48(const struct kad_id *a, const struct kad_id *b)
{
    uint64_t d = 0;
    for (size_t i = 0; i < 6; i++) {
        d = d << 8 | (uint64_t)(a->bytes[i] ^ b->bytes[i]);
    }
    return d;
}

/* learn_size fits a line through the distances of the k closest: with N peers the i-th is i/N of the whole
 * space away. A quarter of each estimate enters. */
static void learn_size(struct kad *k, const struct kad_op *op)
{
    struct kad_candidate *closest[KAD_K];
    size_t count = kad_lookup_closest(&op->lookup, closest, KAD_K);
    if (count < KAD_K || op->lookup.cfg.final == 0) {
        k->network_size = max_u64(k->network_size, count);
        return;
    }
    uint64_t squares = 0;
    uint64_t weighted = 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t rank = i + 1;
        squares += rank * rank;
        weighted = add_sat_u64(weighted, mul_sat_u64(rank, distance48(&closest[i]->contact.id,
                                                                      &op->lookup.cfg.target)));
    }
    uint64_t estimate = (squares << 48) / weighted;
    k->network_size =
        k->network_size ? k->network_size - k->network_size / 4 + estimate / 4 : estimate;
}

void kad_random_key(struct kad *k, uint8_t ret_key[static 32], struct kad_random_key args)
{
    unsigned best = 0;
    bool has_best = false;
    for (unsigned i = 0; i < RANDOM_TRIES; i++) {
        uint8_t key[32];
        struct kad_id id;
        rng_fill(k->cfg.rng, MSPAN_OF(key));
        kad_id_of(&id, SPAN_OF(key));
        unsigned bits = kad_common_prefix(&id, args.target);
        bool fits = args.is_exact ? bits == args.bits : bits >= args.bits;
        if (fits || !has_best || (bits > best && bits <= args.bits)) {
            memcpy(ret_key, key, sizeof key);
            best = bits;
            has_best = true;
        }
        if (fits) {
            return;
        }
    }
}

/* ---- going on ---- */

static enum kad_type question_of(enum kad_op_kind kind)
{
    switch (kind) {
    case KAD_OP_FIND_PROVIDERS: return KAD_GET_PROVIDERS;
    case KAD_OP_GET_VALUE:      return KAD_GET_VALUE;
    case KAD_OP_FIND_PEER:
    case KAD_OP_PROVIDE:
    case KAD_OP_PUT_VALUE:
    case KAD_OP_REFRESH:
    case KAD_OP_SWEEP:          return KAD_FIND_NODE;
    }
    return KAD_FIND_NODE;
}

static enum kad_type record_of(enum kad_op_kind kind)
{
    return kind == KAD_OP_PROVIDE ? KAD_ADD_PROVIDER : KAD_PUT_VALUE;
}

static void start_sweeps(struct kad *k, struct kad_op *op)
{
    op->wants_sweeps = false;
    for (unsigned i = 0; i < KAD_SWEEPS; i++) {
        uint8_t key[32];
        struct kad_op *sweep;
        kad_random_key(k, key,
                       (struct kad_random_key){.target = &op->lookup.cfg.target,
                                               .bits = op->lookup.cfg.region_bits});
        struct kad_op_start start = {
            .kind = KAD_OP_SWEEP, .key = SPAN_OF(key), .is_silent = true, .parent = op};
        op->sweeps_count++;
        if (kad_op_start(k, &sweep, &start) != OK) {
            return; /* freeing it has counted it off again */
        }
    }
}

/* mark_stores chooses who gets the record: the k closest that answered, and the whole region if that was
 * asked for. Of a value that was looked up, only those that had a worse one, or none. */
static void mark_stores(struct kad_op *op)
{
    struct kad_candidate *closest[KAD_PEERS_MAX];
    size_t count = kad_lookup_closest(&op->lookup, closest, KAD_PEERS_MAX);
    for (size_t i = 0; i < count; i++) {
        bool in_region = op->lookup.cfg.region_bits > 0 &&
                         kad_common_prefix(&op->lookup.cfg.target, &closest[i]->contact.id) >=
                             op->lookup.cfg.region_bits;
        bool has_it = op->kind == KAD_OP_GET_VALUE && closest[i]->marked == MARK_HAS_IT;
        if ((i < KAD_K || in_region) && !has_it) {
            closest[i]->marked = MARK_STORE;
        }
    }
}

static void lookup_ended(struct kad *k, struct kad_op *op)
{
    learn_size(k, op);
    if (op->wants_sweeps) {
        start_sweeps(k, op);
    }
    if (op->sweeps_count > 0 || op->is_storing || op->is_over) {
        return; /* sweeps are under way, or have ended at once and gone on from here */
    }
    bool stores = op->kind == KAD_OP_PROVIDE || op->kind == KAD_OP_PUT_VALUE ||
                  (op->kind == KAD_OP_GET_VALUE && op->value.n > 0);
    if (stores) {
        op->is_storing = true;
        mark_stores(op);
    } else {
        finish(k, op, ERR_NOT_FOUND);
    }
}

static void advance_lookup(struct kad *k, struct kad_op *op)
{
    const struct kad_candidate *c;
    while ((c = kad_lookup_next(&op->lookup, k->now))) {
        struct kad_peer peer = kad_contact_peer(&c->contact);
        struct kad_id id = c->contact.id;
        if (kad_ask(k, op, question_of(op->kind), &peer) != OK) {
            kad_lookup_unask(&op->lookup, &id);
            op->starved_until = instant_add(k->now, STARVED_US);
            return;
        }
    }
    if (op->sweeps_count == 0 && kad_lookup_is_over(&op->lookup, k->now)) {
        lookup_ended(k, op);
    }
}

static void advance_stores(struct kad *k, struct kad_op *op)
{
    bool waits = false;
    for (size_t i = 0; i < op->lookup.count; i++) {
        struct kad_candidate *c = &op->lookup.candidates[i];
        if (c->marked != MARK_STORE || c->state != KAD_ANSWERED) {
            continue;
        }
        if (op->stores_out >= k->cfg.alpha) {
            waits = true;
            break;
        }
        struct kad_peer peer = kad_contact_peer(&c->contact);
        c->marked = MARK_NONE;
        op->stores_out += kad_ask(k, op, record_of(op->kind), &peer) == OK;
    }
    if (!waits && op->stores_out == 0) {
        finish(k, op, ERR_NOT_FOUND);
    }
}

void kad_op_advance(struct kad *k, struct kad_op *op)
{
    op->starved_until = INSTANT_NEVER;
    if (!op->is_over && !op->is_storing) {
        advance_lookup(k, op);
    }
    if (!op->is_over && op->is_storing) {
        advance_stores(k, op);
    }
}

/* ---- answers ---- */

static bool is_found(const struct kad_op *op, const struct kad_peer *peer)
{
    for (size_t i = 0; i < op->found_count; i++) {
        const struct kad_contact *c = &op->found[i];
        bool same_addrs = op->kind != KAD_OP_FIND_PEER ||
                          span_equal(span_of(c->addrs, c->addrs_len), peer->addrs);
        if (peer_id_equal(&c->peer, &peer->id) && same_addrs) {
            return true;
        }
    }
    return false;
}

static void note_found(struct kad *k, struct kad_op *op, const struct kad_peer *peer)
{
    uint8_t kept[KAD_ADDRS_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(kept));
    kad_write_addrs(&w, peer->addrs);
    struct kad_peer tidy = {.id = peer->id, .addrs = span_of(kept, w.n)};
    if (op->found_count < KAD_FOUND_MAX && !is_found(op, &tidy) &&
        kad_contact_init(&op->found[op->found_count], &tidy, &k->budget) == OK) {
        op->found_count++;
    }
}

static void take_closer(struct kad *k,
                        struct kad_op *op,
                        const struct kad_id *from,
                        const struct kad_message *m)
{
    struct kad_cursor cursor = kad_cursor_init(m, KAD_LIST_CLOSER);
    struct kad_peer peer;
    unsigned taken = 0;
    while (taken < KAD_K && kad_next_peer(&peer, &cursor)) {
        taken++;
        if (peer_id_equal(&peer.id, &k->cfg.self) || !kad_is_usable(k, &peer)) {
            continue;
        }
        if (op->kind == KAD_OP_FIND_PEER &&
            span_equal(peer_id_span(&peer.id), buf_span(&op->key))) {
            note_found(k, op, &peer);
        }
        kad_lookup_add(&op->lookup, &peer, from);
    }
    struct kad_candidate *c = kad_lookup_find(&op->lookup, from);
    if (c) {
        c->named_count = (uint8_t)taken; /* <= KAD_K */
    }
}

static void take_providers(struct kad *k, struct kad_op *op, const struct kad_message *m)
{
    struct kad_cursor cursor = kad_cursor_init(m, KAD_LIST_PROVIDERS);
    struct kad_peer peer;
    while (kad_next_peer(&peer, &cursor)) {
        note_found(k, op, &peer);
    }
}

/* take_value compares a value with the best so far. equal_count counts how often the best was seen, and the
 * candidates that had it carry the number of bests there have been. */
static bool take_value(struct kad *k, struct kad_op *op, struct span value)
{
    const struct kad_validator *v = kad_validator_for(k, buf_span(&op->key));
    /* SPEC libp2p/kad-dht §"Value storage and retrieval": what does not validate is as if it had not come. */
    if (!v || value.n == 0 || v->validate(v, buf_span(&op->key), value, kad_walltime(k)) != OK) {
        return false;
    }
    int better =
        op->value.n > 0 ? v->compare(v, buf_span(&op->key), value, buf_span(&op->value)) : 1;
    if (better > 0) {
        buf_clear(&op->value);
        if (buf_append(&op->value, value) != OK) {
            return false;
        }
        op->value_is_new = true;
        op->equal_count = 0;
        for (size_t i = 0; i < op->lookup.count; i++) {
            op->lookup.candidates[i].marked = MARK_NONE;
        }
    }
    return better >= 0;
}

static void take_record(struct kad *k,
                        struct kad_op *op,
                        const struct kad_id *from,
                        const struct kad_message *m)
{
    if (!m->has_record || !span_equal(m->record.key, buf_span(&op->key)) ||
        !take_value(k, op, m->record.value)) {
        return;
    }
    op->equal_count++;
    struct kad_candidate *c = kad_lookup_find(&op->lookup, from);
    if (c) {
        c->marked = MARK_HAS_IT;
    }
}

/* is_store: does q carry a record, or is it a question of the lookup, which may be late? */
static bool is_store(const struct kad_op *op, const struct kad_query *q)
{
    return op->is_storing && q->type == record_of(op->kind);
}

/* note_end is for whoever looks at the steps afterwards (kad_trace.h). */
static void note_end(const struct kad *k, struct kad_op *op, const struct kad_id *from)
{
    struct kad_candidate *c = kad_lookup_find(&op->lookup, from);
    if (c) {
        c->ended_at = k->now;
    }
}

void kad_op_answered(struct kad *k,
                     struct kad_op *op,
                     const struct kad_query *q,
                     const struct kad_message *message)
{
    const struct kad_id *from = &q->contact.id;
    if (is_store(op, q)) {
        op->stores_out--;
        op->stored_count++;
        return;
    }
    kad_lookup_answered(&op->lookup, from);
    note_end(k, op, from);
    take_closer(k, op, from, message);
    switch (op->kind) {
    case KAD_OP_FIND_PEER:
        if (span_equal(peer_id_span(&q->contact.peer), buf_span(&op->key))) {
            struct kad_peer peer = kad_contact_peer(&q->contact);
            note_found(k, op, &peer);
        }
        break;
    case KAD_OP_FIND_PROVIDERS: take_providers(k, op, message); break;
    case KAD_OP_GET_VALUE:      take_record(k, op, from, message); break;
    case KAD_OP_PROVIDE:
    case KAD_OP_PUT_VALUE:
    case KAD_OP_REFRESH:
    case KAD_OP_SWEEP:          break;
    }
    uint32_t have = op->kind == KAD_OP_GET_VALUE ? op->equal_count : (uint32_t)op->found_count;
    if (op->wanted > 0 && have >= op->wanted) {
        finish(k, op, ERR_NOT_FOUND);
    }
}

void kad_op_failed(struct kad *k, struct kad_op *op, const struct kad_query *q)
{
    if (is_store(op, q)) {
        op->stores_out--;
    } else {
        kad_lookup_failed(&op->lookup, &q->contact.id);
        note_end(k, op, &q->contact.id);
    }
}

/* ---- polling and time ---- */

static uint32_t count_answered(const struct kad_lookup *l)
{
    uint32_t count = 0;
    for (size_t i = 0; i < l->count; i++) {
        count += l->candidates[i].state == KAD_ANSWERED;
    }
    return count;
}

static struct kad_op_stats stats_of(const struct kad_op *op)
{
    struct kad_candidate *closest;
    size_t count = kad_lookup_closest(&op->lookup, &closest, 1);
    return (struct kad_op_stats){.asked_count = op->lookup.asked_count,
                                 .answered_count = count_answered(&op->lookup),
                                 .stored_count = op->stored_count,
                                 .hops = count ? closest->hops + 1u : 0};
}

bool kad_op_has_news(const struct kad_op *op)
{
    return !op->is_silent &&
           (op->found_reported < op->found_count || op->value_is_new || op->is_over);
}

bool kad_op_poll(struct kad_op *op, struct kad_event *ret_event)
{
    *ret_event = (struct kad_event){.op = op->id, .user = op->user};
    if (op->found_reported < op->found_count) {
        ret_event->kind = op->kind == KAD_OP_FIND_PEER ? KAD_EVENT_PEER : KAD_EVENT_PROVIDER;
        ret_event->peer = kad_contact_peer(&op->found[op->found_reported++]);
        return true;
    }
    if (op->value_is_new) {
        op->value_is_new = false;
        ret_event->kind = KAD_EVENT_VALUE;
        ret_event->value = buf_span(&op->value);
        return true;
    }
    if (op->is_over) {
        ret_event->kind = KAD_EVENT_OVER;
        ret_event->err = op->err;
        ret_event->stats = stats_of(op);
        return true;
    }
    return false;
}

instant kad_op_deadline(const struct kad *k, const struct kad_op *op)
{
    if (op->is_over) {
        return INSTANT_NEVER;
    }
    instant slow = op->is_storing ? INSTANT_NEVER : kad_lookup_deadline(&op->lookup, k->now);
    return instant_min(instant_min(op->ends_at, op->starved_until), slow);
}

void kad_op_tick(struct kad *k, struct kad_op *op)
{
    if (!op->is_over && instant_reached(op->ends_at, k->now)) {
        finish(k, op, ERR_TIMEOUT);
    }
    kad_op_advance(k, op);
}

void kad_op_write(struct kad *k, struct wr *w, const struct kad_query *q)
{
    const struct kad_op *op = q->op;
    struct kad_peer self = {.id = k->cfg.self, .addrs = buf_span(&k->own_addrs)};
    struct kad_record record = {.key = buf_span(&op->key), .value = buf_span(&op->value)};
    struct kad_message_out m = {.type = q->type, .key = buf_span(&op->key)};
    if (q->type == KAD_ADD_PROVIDER) {
        m.providers = &self;
        m.providers_count = 1;
    }
    uint8_t time[KAD_TIME_LEN_MAX];
    if (q->type == KAD_PUT_VALUE) {
        record.time_received = kad_print_time(MSPAN_OF(time), kad_walltime(k));
        m.record = &record;
    }
    kad_message_encode(w, &m);
}

/* ---- the questions ---- */

MUST_CHECK static enum err start(struct kad *k, uint64_t *ret_op, const struct kad_op_start *args)
{
    struct kad_op *op;
    TRY(kad_op_start(k, &op, args));
    *ret_op = op->id;
    return OK;
}

enum err kad_find_peer(struct kad *k,
                       uint64_t *ret_op,
                       instant now,
                       const struct peer_id *peer,
                       struct kad_op_args args)
{
    k->now = now;
    struct kad_op *op;
    struct kad_op_start start_args = {
        .kind = KAD_OP_FIND_PEER, .key = peer_id_span(peer), .args = args};
    TRY(kad_op_start(k, &op, &start_args));
    const struct kad_known *n = map_find(&k->known, peer_id_span(peer));
    const struct kad_entry *e = kad_table_find(&k->table, peer);
    if (n || e) {
        struct kad_peer found = kad_contact_peer(n ? &n->contact : &e->contact);
        note_found(k, op, &found);
    }
    *ret_op = op->id;
    return OK;
}

enum err kad_find_providers(
    struct kad *k, uint64_t *ret_op, instant now, struct span key, struct kad_op_args args)
{
    k->now = now;
    struct kad_op *op;
    TRY(kad_op_start(
        k, &op, &(struct kad_op_start){.kind = KAD_OP_FIND_PROVIDERS, .key = key, .args = args}));
    struct kad_peer known[KAD_K];
    size_t count = kad_providers_find(&k->providers, known, KAD_K, now, &op->lookup.cfg.target);
    for (size_t i = 0; i < count; i++) {
        note_found(k, op, &known[i]);
    }
    *ret_op = op->id;
    return OK;
}

enum err
kad_provide(struct kad *k, uint64_t *ret_op, instant now, struct span key, struct kad_op_args args)
{
    k->now = now;
    if (key.n == 0 || key.n > KAD_PROVIDER_KEY_LEN_MAX) {
        return ERR_LIMIT;
    }
    if (args.keep) {
        TRY(kad_publish(k, KAD_OP_PROVIDE, key, SPAN_EMPTY));
    }
    return start(k, ret_op,
                 &(struct kad_op_start){.kind = KAD_OP_PROVIDE, .key = key, .args = args});
}

enum err kad_get_value(
    struct kad *k, uint64_t *ret_op, instant now, struct span key, struct kad_op_args args)
{
    k->now = now;
    if (!kad_validator_for(k, key)) {
        return ERR_DENIED;
    }
    struct kad_op *op;
    TRY(kad_op_start(k, &op,
                     &(struct kad_op_start){.kind = KAD_OP_GET_VALUE, .key = key, .args = args}));
    const struct kad_value *own = kad_values_find(&k->values, key);
    if (own) {
        (void)take_value(k, op, buf_span(&own->value));
    }
    *ret_op = op->id;
    return OK;
}

enum err kad_put_value(struct kad *k, uint64_t *ret_op, instant now, struct kad_put_args args)
{
    k->now = now;
    const struct kad_validator *v = kad_validator_for(k, args.key);
    if (!v || v->validate(v, args.key, args.value, kad_walltime(k)) != OK) {
        return ERR_DENIED;
    }
    if (args.op.keep) {
        TRY(kad_publish(k, KAD_OP_PUT_VALUE, args.key, args.value));
    }
    return start(
        k, ret_op,
        &(struct kad_op_start){
            .kind = KAD_OP_PUT_VALUE, .key = args.key, .value = args.value, .args = args.op});
}

void kad_cancel(struct kad *k, uint64_t op)
{
    for (struct list *l = list_first(&k->ops); l; l = list_next(&k->ops, l)) {
        struct kad_op *o = list_entry(l, struct kad_op, in_ops);
        if (o->id == op) {
            k->polled_over = k->polled_over == o ? NULL : k->polled_over;
            kad_op_free(k, o);
            return;
        }
    }
}
