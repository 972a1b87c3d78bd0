/* The accounts of a relay: libp2p specs, relay/circuit-v2.md. */
#include "p2p/relay.h"

#include "base/check.h"
#include "base/mem.h"
#include "p2p/net_addr.h"

enum { PEERS_MAX = 16384 };

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

enum err relay_init(struct relay *r, const struct relay_cfg *cfg)
{
    *r = (struct relay){.cfg = *cfg};
    struct relay_cfg *c = &r->cfg;
    c->reservations_max = or_default(c->reservations_max, 128);
    c->reservations_per_group_max = or_default(c->reservations_per_group_max, 8);
    c->grants_per_minute_max = or_default(c->grants_per_minute_max, 600);
    c->circuits_max = or_default(c->circuits_max, 64);
    c->circuits_per_peer_max = or_default(c->circuits_per_peer_max, 16);
    c->ttl_s = or_default(c->ttl_s, 3600);
    c->limit.duration_s = or_default(c->limit.duration_s, 120);
    c->limit.data_len = c->limit.data_len ? c->limit.data_len : UINT64_C(128) * 1024;
    if (c->is_unlimited) {
        c->limit = (struct circuit_limit){0};
    }
    if (c->reservations_max > PEERS_MAX / 2 || c->circuits_max > PEERS_MAX / 4) {
        return ERR_LIMIT;
    }
    size_t memory_max = PEERS_MAX * (sizeof(struct relay_peer) + 128);
    budget_init(&r->budget, cfg->parent, "relay accounts", memory_max);
    struct map_cfg maps = {
        .count_max = PEERS_MAX, .seed = {rng_u64(cfg->rng), rng_u64(cfg->rng)}
    };
    map_init(&r->peers, &r->budget, maps);
    heap_init(&r->reservations, &r->budget, PEERS_MAX);
    return OK;
}

static struct relay_peer *find(const struct relay *r, const struct peer_id *id)
{
    return map_find(&r->peers, peer_id_span(id));
}

/* get finds a peer's account or makes an empty one; NULL: no memory. */
static struct relay_peer *get(struct relay *r, const struct peer_id *id)
{
    struct relay_peer *p = find(r, id);
    void *memory;
    if (p || mem_alloc(&r->budget, &memory, sizeof(struct relay_peer)) != OK) {
        return p;
    }
    p = memory;
    p->id = *id;
    if (map_add(&r->peers, peer_id_span(id), p) != OK) {
        mem_free(&r->budget, p, sizeof *p);
        return NULL;
    }
    return p;
}

static bool is_reserved(const struct relay_peer *p)
{
    return p->ends.index > 0;
}

/* settle forgets an account on which nothing stands. */
static void settle(struct relay *r, struct relay_peer *p)
{
    if (!is_reserved(p) && p->circuits_count == 0) {
        check(map_remove(&r->peers, peer_id_span(&p->id)) == p);
        mem_free(&r->budget, p, sizeof *p);
    }
}

void relay_done(struct relay *r)
{
    if (!r->cfg.rng) {
        return;
    }
    while (r->peers.count > 0) {
        struct relay_peer *p = map_at(&r->peers, r->peers.count - 1)->value;
        heap_remove(&r->reservations, &p->ends);
        p->circuits_count = 0;
        settle(r, p);
    }
    map_done(&r->peers);
    heap_done(&r->reservations);
    check(r->budget.used == 0);
    *r = (struct relay){0};
}

/* group_of is the network that an address belongs to; 0: it does not say. */
static uint64_t group_of(struct span remote)
{
    struct net_addr a;
    return net_addr_of(&a, remote) == OK ? net_addr_group(&a) : 0;
}

static bool group_has_room(const struct relay *r, uint64_t group)
{
    uint32_t count = 0;
    for (size_t i = 0; group && i < r->peers.count; i++) {
        const struct relay_peer *p = map_at(&r->peers, i)->value;
        count += p->group == group && is_reserved(p);
    }
    return count < r->cfg.reservations_per_group_max;
}

/* may_sign counts grants by the minute. */
static bool may_sign(struct relay *r, instant now)
{
    if (instant_reached(r->minute_ends, now)) {
        r->minute_ends = instant_add(now, 60 * US_PER_S);
        r->grants_count = 0;
    }
    return r->grants_count++ < r->cfg.grants_per_minute_max;
}

enum circuit_status relay_reserve(struct relay *r, struct relay_ask ask)
{
    struct relay_peer *p = find(r, ask.peer);
    bool is_new = !p || !is_reserved(p);
    uint64_t group = group_of(ask.remote);
    /* SPEC libp2p/circuit-v2 §"Reservation": refused if there are too many; a renewal takes no further place. */
    if (!may_sign(r, ask.now) || (is_new && (r->reservations.count >= r->cfg.reservations_max ||
                                             !group_has_room(r, group)))) {
        return CIRCUIT_RESERVATION_REFUSED;
    }
    p = get(r, ask.peer);
    if (!p) {
        return CIRCUIT_RESERVATION_REFUSED;
    }
    instant ends = instant_add(ask.now, r->cfg.ttl_s * US_PER_S);
    if (heap_add(&r->reservations, &p->ends, ends) != OK) {
        settle(r, p);
        return CIRCUIT_RESERVATION_REFUSED;
    }
    p->group = group;
    return CIRCUIT_OK;
}

bool relay_has(const struct relay *r, const struct peer_id *peer)
{
    const struct relay_peer *p = find(r, peer);
    return p && is_reserved(p);
}

void relay_drop(struct relay *r, const struct peer_id *peer)
{
    struct relay_peer *p = find(r, peer);
    if (p) {
        heap_remove(&r->reservations, &p->ends);
        settle(r, p);
    }
}

/* count adds a circuit to a peer's account; false: it has enough, or there is no memory. */
static bool count(struct relay *r, const struct peer_id *peer)
{
    struct relay_peer *p = get(r, peer);
    if (!p || p->circuits_count >= r->cfg.circuits_per_peer_max) {
        return false;
    }
    p->circuits_count++;
    return true;
}

static void uncount(struct relay *r, const struct peer_id *peer)
{
    struct relay_peer *p = find(r, peer);
    check(p && p->circuits_count > 0);
    p->circuits_count--;
    settle(r, p);
}

enum circuit_status
relay_open(struct relay *r, const struct peer_id *source, const struct peer_id *target)
{
    if (peer_id_equal(source, target)) {
        return CIRCUIT_PERMISSION_DENIED;
    }
    /* SPEC libp2p/circuit-v2 §"Connection Initiation": only to peers with a reservation; no relay dials a target. */
    if (!relay_has(r, target)) {
        return CIRCUIT_NO_RESERVATION;
    }
    if (r->circuits_count >= r->cfg.circuits_max || !count(r, source)) {
        return CIRCUIT_RESOURCE_LIMIT;
    }
    if (!count(r, target)) {
        uncount(r, source);
        return CIRCUIT_RESOURCE_LIMIT;
    }
    r->circuits_count++;
    return CIRCUIT_OK;
}

void relay_close(struct relay *r, const struct peer_id *source, const struct peer_id *target)
{
    check(r->circuits_count > 0);
    r->circuits_count--;
    uncount(r, source);
    uncount(r, target);
}

instant relay_deadline(const struct relay *r)
{
    return heap_deadline(&r->reservations);
}

void relay_tick(struct relay *r, instant now)
{
    while (instant_reached(heap_deadline(&r->reservations), now)) {
        struct relay_peer *p = list_entry(heap_first(&r->reservations), struct relay_peer, ends);
        heap_remove(&r->reservations, &p->ends);
        settle(r, p);
    }
}
