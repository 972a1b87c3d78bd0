/* Which servers an account asks, who is never asked again, and what shows why. */
#include "base/check.h"
#include "codec/multiaddr.h"
#include "codec/protobuf.h"
#include "node/daemon/servers_inside.h"
#include "service/descriptor.h"
#include "wallet/view.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAILURES_TOLERATED = 1,
    FAILURES_HALVE_S = 60,
    DISPUTE_PAUSE_S = 60,
    GROUP_IP4_LEN = 3, /* bytes: neighbours share a /24 or a /48 */
    GROUP_IP6_LEN = 6,
};

/* Steps of what speaks against a server, none of which outweighs the one above. */
enum {
    COST_STRANGER = 1000000000,
    COST_BROKEN = 1000000, /* a promise */
    COST_SHARED = 10000,   /* another account that asks it */
    COST_NEW = 1000,       /* for what nobody can check */
    COST_BLOCK_BEHIND = 10,
    COST_STEPS_MAX = 9,
    CHECKED_ENOUGH = 5, /* answers that held, until a server is not new any more */
    BLOCKS_TOLERATED = 2,
    RTT_STEP_US = 100000,
};

/* Field of a record of an account's servers. */
enum { FIELD_PEER = 8 };

static bool has_peer(const struct peer_id *list, size_t count, const struct peer_id *peer)
{
    for (size_t i = 0; i < count; i++) {
        if (peer_id_equal(&list[i], peer)) {
            return true;
        }
    }
    return false;
}

bool trust_is_banned(const struct servers *s, const struct peer_id *peer)
{
    return has_peer(s->bans, s->ban_count, peer);
}

/* ---- the store ---- */

static void set_save(struct servers *s, const struct server_set *set)
{
    uint8_t room[SERVERS_SET_LEN * (PEER_ID_LEN_MAX + 8)];
    struct wr w = wr_init(MSPAN_OF(room));
    for (size_t i = 0; i < set->count; i++) {
        protobuf_write_bytes(&w, FIELD_PEER, peer_id_span(&set->peers[i]));
    }
    if (s->cfg.store && wr_ok(&w) &&
        s->cfg.store->put(s->cfg.store, STORE_SET, id_span(&set->account), span_of(room, w.n)) !=
            OK) {
        log_line(s->cfg.log, LOG_WARN, "net", "an account's servers could not be written down");
    }
}

static void set_read(struct server_set *set, struct span record)
{
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    struct span bytes;
    while (protobuf_next(&r, &f)) {
        if (f.number == FIELD_PEER && set->count < SERVERS_SET_LEN &&
            protobuf_get_bytes(&bytes, &f) == OK &&
            peer_id_decode(&set->peers[set->count], bytes) == OK) {
            set->count++;
        }
    }
}

/* Gives each record of a table to take; at most count_max. */
static void each_record(struct servers *s,
                        enum store_table table,
                        size_t count_max,
                        void (*take)(struct servers *s, struct span key, struct span value))
{
    AUTO(buf_done) struct buf after;
    AUTO(buf_done) struct buf key;
    AUTO(buf_done) struct buf value;
    buf_init(&after, s->cfg.budget, STORE_KEY_LEN_MAX);
    buf_init(&key, s->cfg.budget, STORE_KEY_LEN_MAX);
    buf_init(&value, s->cfg.budget, STORE_VALUE_LEN_MAX);
    for (size_t i = 0; i < count_max; i++) {
        buf_clear(&key);
        buf_clear(&value);
        if (s->cfg.store->next(s->cfg.store, table, buf_span(&after), &key, &value) != OK) {
            return;
        }
        take(s, buf_span(&key), buf_span(&value));
        buf_clear(&after);
        if (buf_append(&after, buf_span(&key)) != OK) {
            return;
        }
    }
}

static void take_set(struct servers *s, struct span key, struct span value)
{
    struct server_set *set = &s->sets[s->set_count];
    *set = (struct server_set){0};
    if (id_parse(&set->account, key) == OK) {
        set_read(set, value);
        s->set_count++;
    }
}

static void take_ban(struct servers *s, struct span key, struct span value)
{
    (void)value;
    s->ban_count += peer_id_decode(&s->bans[s->ban_count], key) == OK;
}

static void count_evidence(struct servers *s, struct span key, struct span value)
{
    (void)key;
    (void)value;
    s->evidence_count++;
}

void trust_load(struct servers *s)
{
    if (s->cfg.store) {
        each_record(s, STORE_SET, SERVERS_SET_COUNT_MAX, take_set);
        each_record(s, STORE_BAN, SERVERS_BAN_COUNT_MAX, take_ban);
        each_record(s, STORE_EVIDENCE, SERVERS_EVIDENCE_COUNT_MAX, count_evidence);
    }
}

/* ---- sets ---- */

static struct server_set *set_of(struct servers *s, struct id account)
{
    for (size_t i = 0; i < s->set_count; i++) {
        if (id_equal(s->sets[i].account, account)) {
            return &s->sets[i];
        }
    }
    struct server_set *set;
    if (s->set_count < SERVERS_SET_COUNT_MAX) {
        set = &s->sets[s->set_count++];
    } else {
        memmove(&s->sets[0], &s->sets[1], (SERVERS_SET_COUNT_MAX - 1) * sizeof s->sets[0]);
        set = &s->sets[SERVERS_SET_COUNT_MAX - 1];
    }
    *set = (struct server_set){.account = account};
    return set;
}

static bool
can_ask(const struct servers *s, instant now, const struct server *one, struct trust_tried tried)
{
    return one && one->is_usable && !instant_before(now, one->busy_until) &&
           !trust_is_banned(s, &one->peer) && !has_peer(tried.peers, tried.count, &one->peer);
}

/* Promises broken in a row. They fade, or one bad second of its node would cost a server its place for ever. */
static unsigned badness(const struct server *one, instant now)
{
    unsigned count = one->failures > one->unproven ? one->failures : one->unproven;
    uint64_t halvings = instant_since(one->failed_at, now) / (FAILURES_HALVE_S * US_PER_S);
    return halvings < sizeof count * CHAR_BIT ? count >> halvings : 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The middle of what servers call their newest block: neither one that is far behind nor one that boasts moves it. */
static uint64_t head_of_most(const struct servers *s)
{
    uint64_t heads[SERVERS_PEER_COUNT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s->server_count; i++) {
        if (s->servers[i].is_usable && s->servers[i].head > 0) {
            heads[count++] = s->servers[i].head;
        }
    }
    qsort(heads, count, sizeof heads[0], by_number);
    return count > 0 ? heads[(count - 1) / 2] : 0;
}

static size_t step_of(uint64_t n)
{
    return n < COST_STEPS_MAX ? (size_t)n : COST_STEPS_MAX;
}

/* What speaks against asking a server: promises that it broke; that it is new, where nobody can check what it says; blocks that it is
 * behind, of head_of_most; how long it takes. */
static size_t
cost_of(uint64_t most, instant now, const struct server *one, struct trust_tried tried)
{
    uint64_t behind = most > one->head ? most - one->head : 0;
    bool is_new = tried.is_unchecked && one->checked < CHECKED_ENOUGH;
    return (size_t)badness(one, now) * COST_BROKEN + (is_new ? COST_NEW : 0) +
           (behind > BLOCKS_TOLERATED ? step_of(behind) * COST_BLOCK_BEHIND : 0) +
           step_of(one->rtt_us / RTT_STEP_US);
}

/* What a peer shares with its neighbours; empty if it has no IP address. */
static struct span group_of(const struct servers *s, const struct peer_id *peer)
{
    struct host_peer_info info;
    struct multiaddr_part part;
    if (!host_peer_find(s->cfg.host, &info, peer)) {
        return SPAN_EMPTY;
    }
    if (multiaddr_find(&part, info.addr, MULTIADDR_IP4)) {
        return span_first(part.value, GROUP_IP4_LEN);
    }
    if (multiaddr_find(&part, info.addr, MULTIADDR_IP6)) {
        return span_first(part.value, GROUP_IP6_LEN);
    }
    return SPAN_EMPTY;
}

/* Do both say that the same person runs them? Whoever says nothing, or something false, is told apart by its place alone. */
static bool
is_same_operator(const struct servers *s, struct span operator_name, const struct peer_id *peer)
{
    return operator_name.n > 0 && span_equal(operator_name, s->cfg.operator_of(s->cfg.user, peer));
}

/* Is it one of these, or does it share network or operator with one? */
static bool
is_neighbour(const struct servers *s, struct trust_tried those, const struct server *one)
{
    uint8_t room[DESCRIPTOR_OPERATOR_LEN_MAX];
    struct span group = s->has_neighbours ? group_of(s, &one->peer) : SPAN_EMPTY;
    struct span name =
        s->cfg.operator_of ? s->cfg.operator_of(s->cfg.user, &one->peer) : SPAN_EMPTY;
    name = span_of(room, span_copy(MSPAN_OF(room), name));
    for (size_t i = 0; i < those.count; i++) {
        bool is_near = group.n > 0 && span_equal(group, group_of(s, &those.peers[i]));
        if (is_near || peer_id_equal(&those.peers[i], &one->peer) ||
            is_same_operator(s, name, &those.peers[i])) {
            return true;
        }
    }
    return false;
}

static struct trust_tried members_of(const struct server_set *set)
{
    return (struct trust_tried){.peers = set->peers, .count = set->count};
}

static size_t shared_count(const struct servers *s, const struct peer_id *peer)
{
    size_t count = 0;
    for (size_t i = 0; i < s->set_count; i++) {
        count += has_peer(s->sets[i].peers, s->sets[i].count, peer);
    }
    return count;
}

/* Strangers hear a question only when nobody who was named can be asked, or is thinking about it. */
static bool may_ask_strangers(const struct servers *s, instant now, struct trust_tried tried)
{
    for (size_t i = 0; i < s->server_count; i++) {
        const struct server *one = &s->servers[i];
        bool is_thinking = has_peer(tried.peers, tried.count, &one->peer) && badness(one, now) == 0;
        if (one->is_usable && servers_is_named(s, &one->peer) &&
            (is_thinking || can_ask(s, now, one, tried))) {
            return false;
        }
    }
    return true;
}

/* The best server outside the set: one that the fewest other accounts ask. */
static struct server *find_candidate(struct servers *s,
                                     instant now,
                                     const struct server_set *set,
                                     struct trust_tried tried)
{
    struct server *best = NULL;
    size_t best_cost = 0;
    bool strangers = may_ask_strangers(s, now, tried);
    uint64_t most = head_of_most(s);
    for (size_t i = 0; i < s->server_count; i++) {
        struct server *one = &s->servers[i];
        bool named = servers_is_named(s, &one->peer);
        if (!can_ask(s, now, one, tried) || (!named && !strangers) ||
            is_neighbour(s, members_of(set), one)) {
            continue;
        }
        size_t cost = cost_of(most, now, one, tried) + shared_count(s, &one->peer) * COST_SHARED +
                      (named ? 0 : COST_STRANGER);
        if (!best || cost < best_cost) {
            best = one;
            best_cost = cost;
        }
    }
    return best;
}

struct members {
    struct server *list[SERVERS_SET_LEN];
    size_t count;
};

/* The members of the set that can be asked, in its order. */
static struct members
find_members(struct servers *s, instant now, const struct server_set *set, struct trust_tried tried)
{
    struct members m = {.count = 0};
    bool strangers = may_ask_strangers(s, now, tried);
    for (size_t i = 0; i < set->count; i++) {
        struct server *one = servers_find(s, &set->peers[i]);
        if (can_ask(s, now, one, tried) && (strangers || servers_is_named(s, &one->peer))) {
            m.list[m.count++] = one;
        }
    }
    return m;
}

static struct server *
best_of(const struct servers *s, instant now, const struct members *m, struct trust_tried tried)
{
    struct server *best = NULL;
    size_t best_cost = 0;
    uint64_t most = head_of_most(s);
    for (size_t i = 0; i < m->count; i++) {
        size_t cost = cost_of(most, now, m->list[i], tried);
        if (!best || cost < best_cost) {
            best = m->list[i];
            best_cost = cost;
        }
    }
    return best;
}

/* The member that may go for another: one that is banned or not there, or that broke more promises than is tolerated. */
static struct peer_id *find_leaver(struct servers *s, instant now, struct server_set *set)
{
    struct peer_id *worst = NULL;
    unsigned worst_badness = FAILURES_TOLERATED;
    for (size_t i = 0; i < set->count; i++) {
        const struct server *one = servers_find(s, &set->peers[i]);
        if (!one || !one->is_usable || trust_is_banned(s, &set->peers[i])) {
            return &set->peers[i];
        }
        if (badness(one, now) > worst_badness) {
            worst = &set->peers[i];
            worst_badness = badness(one, now);
        }
    }
    return worst;
}

/* Takes a server into the set, in place of one that may leave; false: none may. */
static bool set_take(struct servers *s, instant now, struct server_set *set, struct server *fresh)
{
    struct peer_id *place =
        set->count < SERVERS_SET_LEN ? &set->peers[set->count++] : find_leaver(s, now, set);
    if (place) {
        *place = fresh->peer;
        set_save(s, set);
    }
    return place != NULL;
}

struct server *
trust_pick(struct servers *s, instant now, struct id account, struct trust_tried tried)
{
    struct server_set nobody = {0};
    struct server_set *set = id_is_set(account) ? set_of(s, account) : &nobody;
    struct members members = find_members(s, now, set, tried);
    struct server *one = best_of(s, now, &members, tried);
    if (one && badness(one, now) <= FAILURES_TOLERATED) {
        return one;
    }
    struct server *fresh = find_candidate(s, now, set, tried);
    if (!fresh || set == &nobody) {
        return fresh ? fresh : one;
    }
    return set_take(s, now, set, fresh) ? fresh : one;
}

struct server *trust_turn(struct servers *s, instant now, struct id account, unsigned turn)
{
    struct trust_tried nobody = {0};
    struct server_set *set = set_of(s, account);
    struct server *fresh = find_candidate(s, now, set, nobody);
    if (fresh) {
        (void)set_take(s, now, set, fresh); /* if there is a place for it */
    }
    struct members members = find_members(s, now, set, nobody);
    return members.count > 0 ? members.list[turn % members.count] : NULL;
}

/* ---- witnesses ---- */

void trust_learnt(struct servers *s, const struct peer_id *peer)
{
    size_t known = s->light_source_count < SERVERS_PEER_COUNT_MAX ? s->light_source_count
                                                                  : SERVERS_PEER_COUNT_MAX;
    if (!has_peer(s->light_sources, known, peer)) {
        s->light_sources[s->light_source_count++ % SERVERS_PEER_COUNT_MAX] = *peer;
    }
}

static bool is_outside(const struct servers *s, const struct server *one)
{
    struct trust_tried sources = {.peers = s->light_sources, .count = s->light_source_count};
    if (sources.count > SERVERS_PEER_COUNT_MAX) {
        sources.count = SERVERS_PEER_COUNT_MAX;
    }
    for (size_t i = 0; i < s->set_count; i++) {
        if (is_neighbour(s, members_of(&s->sets[i]), one)) {
            return false;
        }
    }
    return !is_neighbour(s, sources, one);
}

struct server *trust_witness(struct servers *s, instant now, struct trust_tried tried)
{
    for (size_t i = 0; i < s->server_count; i++) {
        struct server *one = &s->servers[i];
        if (can_ask(s, now, one, tried) && is_outside(s, one) && !is_neighbour(s, tried, one)) {
            return one;
        }
    }
    return NULL;
}

bool servers_find_keeper(const struct servers *s,
                         instant now,
                         struct peer_id *ret,
                         const struct peer_id *tried,
                         size_t tried_count)
{
    const struct trust_tried those = {.peers = tried, .count = tried_count};
    for (size_t i = 0; i < s->server_count; i++) {
        const struct server *one = &s->servers[i];
        if (one->keeps && can_ask(s, now, one, those) && !is_neighbour(s, those, one)) {
            *ret = one->peer;
            return true;
        }
    }
    return false;
}

/* ---- lies and disagreements ---- */

static void ban(struct servers *s, const struct peer_id *peer)
{
    static const uint8_t mark[] = {1};
    if (s->ban_count == SERVERS_BAN_COUNT_MAX) {
        memmove(&s->bans[0], &s->bans[1], (SERVERS_BAN_COUNT_MAX - 1) * sizeof s->bans[0]);
        s->ban_count--;
    }
    s->bans[s->ban_count++] = *peer;
    if (s->cfg.store &&
        s->cfg.store->put(s->cfg.store, STORE_BAN, peer_id_span(peer), SPAN_OF(mark)) != OK) {
        log_line(s->cfg.log, LOG_WARN, "net", "a ban could not be written down");
    }
}

void trust_lied(struct servers *s,
                struct wallet_time t,
                const struct question *q,
                const struct peer_id *peer,
                struct span answer)
{
    char text[PEER_ID_TEXT_MAX];
    struct peer_id liar = *peer; /* what it points to goes with the connection */
    peer_id_print(text, &liar);
    log_line(s->cfg.log, LOG_WARN, "net",
             "server %s gave a proof that is false: it is never asked again", text);
    evidence_keep_lie(s, t, q, &liar, answer);
    if (!trust_is_banned(s, &liar)) {
        ban(s, &liar);
    }
    servers_remove(s, &liar);
    host_disconnect(s->cfg.host, &liar);
    if (s->cfg.banned) {
        s->cfg.banned(s->cfg.user, &liar);
    }
    servers_tell(s, t);
}

void trust_disputed(struct servers *s, struct wallet_time t, const struct question *q)
{
    if (!s->cfg.store || !instant_reached(s->disputed_from, t.mono)) {
        return; /* one record tells it; those that follow in a minute tell the same */
    }
    s->disputed_from = instant_add(t.mono, DISPUTE_PAUSE_S * US_PER_S);
    log_line(s->cfg.log, LOG_WARN, "net", "servers disagree about %s", q->method);
    evidence_keep_disagreement(s, t, q);
}
