/* Which address first: see dial_plan.h. */
#include "p2p/dial_plan.h"

#include "base/arith.h"
#include "codec/multiaddr.h"
#include "p2p/circuit_addr.h"
#include "p2p/net_addr.h"
#include "p2p/ws_addr.h"

enum dial_rank { RANK_WORKED, RANK_LOOKUP, RANK_PRIVATE, RANK_PUBLIC, RANK_RELAYED };

void dial_plan_init(struct dial_plan *p, struct budget *budget)
{
    *p = (struct dial_plan){0};
    buf_init(&p->addrs, budget, (size_t)DIAL_PLAN_STEPS_MAX * MULTIADDR_LEN_MAX);
}

void dial_plan_done(struct dial_plan *p)
{
    buf_done(&p->addrs);
    p->count = 0;
    p->taken_count = 0;
}

static struct span addr_of(const struct dial_plan *p, const struct dial_step *s)
{
    return span_first(span_from(buf_span(&p->addrs), s->at), s->len);
}

/* find compares where an address leads to; with the peer's id behind it, it leads to no other place. */
static struct dial_step *find(struct dial_plan *p, struct span addr)
{
    struct span where = multiaddr_without_peer(addr);
    for (size_t i = 0; i < p->count; i++) {
        if (span_equal(multiaddr_without_peer(addr_of(p, &p->steps[i])), where)) {
            return &p->steps[i];
        }
    }
    return NULL;
}

static enum dial_rank rank_of(struct span addr, bool worked)
{
    struct net_addr net;
    struct multiaddr_part part;
    if (worked) {
        return RANK_WORKED;
    }
    if (circuit_addr_is(addr)) {
        return RANK_RELAYED;
    }
    if (multiaddr_find(&part, addr, MULTIADDR_DNSADDR)) {
        return RANK_LOOKUP;
    }
    return net_addr_of(&net, addr) == OK && !net_addr_is_public(&net) ? RANK_PRIVATE : RANK_PUBLIC;
}

/* move_to_worked has a step stand among those that worked, behind those that were named as such before. */
static void move_to_worked(struct dial_plan *p, size_t i)
{
    struct dial_step s = p->steps[i];
    if (i < p->taken_count || s.worked) {
        return;
    }
    for (; i + 1 < p->count; i++) {
        p->steps[i] = p->steps[i + 1];
    }
    s.worked = true;
    s.rank = RANK_WORKED;
    p->steps[i] = s;
}

enum err dial_plan_add(struct dial_plan *p, struct span addr, bool worked)
{
    struct dial_step *known = find(p, addr);
    if (known && worked) {
        move_to_worked(p, (size_t)(known - p->steps));
    }
    if (known) {
        return OK;
    }
    if (p->count >= DIAL_PLAN_STEPS_MAX || addr.n > MULTIADDR_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct dial_step s = {.at =
                              (uint16_t)p->addrs.n, /* <= DIAL_PLAN_STEPS_MAX * MULTIADDR_LEN_MAX */
                          .len = (uint16_t)addr.n,
                          .rank = (uint8_t)rank_of(addr, worked),
                          .worked = worked};
    TRY(buf_append(&p->addrs, addr));
    p->steps[p->count++] = s;
    return OK;
}

void dial_plan_merge(struct dial_plan *p, const struct dial_plan *other)
{
    for (size_t i = other->taken_count; i < other->count; i++) {
        const struct dial_step *s = &other->steps[i];
        (void)(dial_plan_add(p, addr_of(other, s), s->worked) == OK);
    }
}

/* ---- order ---- */

/* A place among the public ones: first the transport, then the turn that its family has. */
struct place {
    enum net_transport transport;
    unsigned turn;
};

static enum net_transport transport_of(struct span addr)
{
    struct multiaddr_part part;
    if (multiaddr_find(&part, addr, MULTIADDR_QUIC_V1)) {
        return NET_QUIC;
    }
    struct ws_addr ws;
    if (!ws_addr_find(&ws, addr)) {
        return NET_TCP;
    }
    return ws.is_tls ? NET_WSS : NET_WS;
}

/* A name that may lead to either family is looked up for both. */
static bool is_ip4(struct span addr)
{
    struct multiaddr_part part;
    return multiaddr_find(&part, addr, MULTIADDR_IP4) ||
           multiaddr_find(&part, addr, MULTIADDR_DNS4);
}

static uint8_t preference(enum net_transport t)
{
    switch (t) {
    case NET_QUIC: return 0;
    case NET_TCP:  return 1;
    case NET_WS:   return 2;
    case NET_WSS:  return 3;
    }
    return 3;
}

/* SPEC RFC8305 §"Sorting Addresses": the families take turns, IPv6 first; else the order given stands.
 *
 * place_all numbers the steps of each rank, transport and family: the k-th of IPv6 has turn 2k, of IPv4 2k + 1. */
static void place_all(const struct dial_plan *p, struct place *places)
{
    unsigned turns[RANK_RELAYED + 1][NET_TRANSPORT_COUNT][2] = {0};
    for (size_t i = p->taken_count; i < p->count; i++) {
        const struct dial_step *s = &p->steps[i];
        struct span addr = addr_of(p, s);
        enum net_transport t = transport_of(addr);
        unsigned family = is_ip4(addr);
        places[i].transport = t;
        places[i].turn = 2 * turns[s->rank][t][family]++ + family;
    }
}

/* comes_before: is the place of step a before that of b? Of two alike the first stays first, as the caller gave them;
 * those that worked, and relays, keep the caller's order. */
static bool comes_before(const struct dial_step *a,
                         const struct place *at_a,
                         const struct dial_step *b,
                         const struct place *at_b)
{
    if (a->rank != b->rank) {
        return a->rank < b->rank;
    }
    if (a->rank != RANK_PRIVATE && a->rank != RANK_PUBLIC) {
        return false;
    }
    if (at_a->transport != at_b->transport) {
        return preference(at_a->transport) < preference(at_b->transport);
    }
    return at_a->turn < at_b->turn;
}

static void swap_steps(struct dial_plan *p, struct place *places, size_t i)
{
    struct dial_step step = p->steps[i];
    struct place place = places[i];
    p->steps[i] = p->steps[i - 1];
    places[i] = places[i - 1];
    p->steps[i - 1] = step;
    places[i - 1] = place;
}

/* sort: few and stable, so by insertion. */
static void sort_by_place(struct dial_plan *p)
{
    struct place places[DIAL_PLAN_STEPS_MAX];
    place_all(p, places);
    for (size_t i = p->taken_count; i < p->count; i++) {
        for (size_t j = i; j > p->taken_count &&
                           comes_before(&p->steps[j], &places[j], &p->steps[j - 1], &places[j - 1]);
             j--) {
            swap_steps(p, places, j);
        }
    }
}

static void sort_by_delay(struct dial_plan *p)
{
    for (size_t i = p->taken_count; i < p->count; i++) {
        for (size_t j = i; j > p->taken_count && p->steps[j].delay_us < p->steps[j - 1].delay_us;
             j--) {
            struct dial_step step = p->steps[j];
            p->steps[j] = p->steps[j - 1];
            p->steps[j - 1] = step;
        }
    }
}

/* ---- time ---- */

/* SPEC RFC8305 §"Connection Attempts": one attempt after the other, 250 ms apart; one that failed makes way at once.
 *
 * delay_rank sets the times of one rank from start_us on; when the last of them begins, or start_us if there is none. */
static uint64_t
delay_rank(struct dial_plan *p, enum dial_rank rank, uint64_t start_us, uint64_t gap_us)
{
    uint64_t next_us = start_us;
    uint64_t last_us = start_us;
    for (size_t i = p->taken_count; i < p->count; i++) {
        if (p->steps[i].rank == rank) {
            p->steps[i].delay_us = next_us;
            last_us = next_us;
            next_us += gap_us; /* DIAL_PLAN_STEPS_MAX times at most */
        }
    }
    return last_us;
}

static bool has_rank(const struct dial_plan *p, enum dial_rank rank)
{
    for (size_t i = p->taken_count; i < p->count; i++) {
        if (p->steps[i].rank == rank) {
            return true;
        }
    }
    return false;
}

void dial_plan_rank(struct dial_plan *p, instant now)
{
    p->begun_at = now;
    p->ahead_us = 0;
    sort_by_place(p);
    uint64_t start_us = delay_rank(p, RANK_WORKED, 0, DIAL_STAGGER_US);
    start_us += has_rank(p, RANK_WORKED) ? DIAL_STAGGER_US : 0;
    uint64_t last_us = delay_rank(p, RANK_PRIVATE, start_us, DIAL_STAGGER_PRIVATE_US);
    uint64_t public_us = start_us + (has_rank(p, RANK_PRIVATE) ? DIAL_STAGGER_PRIVATE_US : 0);
    last_us = max_u64(last_us, delay_rank(p, RANK_PUBLIC, public_us, DIAL_STAGGER_US));
    bool has_addrs = has_rank(p, RANK_PRIVATE) || has_rank(p, RANK_PUBLIC);
    uint64_t lookup_us = start_us + (has_addrs ? DIAL_STAGGER_US : 0);
    bool is_direct = has_addrs || has_rank(p, RANK_LOOKUP);
    if (has_rank(p, RANK_LOOKUP)) {
        last_us = max_u64(last_us, delay_rank(p, RANK_LOOKUP, lookup_us, DIAL_STAGGER_US));
    }
    uint64_t relay_us = is_direct ? last_us + DIAL_RELAY_DELAY_US : start_us;
    relay_us = min_u64(relay_us, max_u64(start_us, DIAL_RELAY_DELAY_US_MAX));
    (void)delay_rank(p, RANK_RELAYED, relay_us, DIAL_STAGGER_US);
    sort_by_delay(p);
}

instant dial_plan_due(const struct dial_plan *p)
{
    if (p->taken_count >= p->count) {
        return INSTANT_NEVER;
    }
    uint64_t delay_us = p->steps[p->taken_count].delay_us;
    /* Whoever moved the plan up did so for a step before this one, whose delay was no longer. */
    return instant_add(p->begun_at, delay_us > p->ahead_us ? delay_us - p->ahead_us : 0);
}

bool dial_plan_next(struct dial_plan *p, instant now, bool hurry, struct span *ret_addr)
{
    instant due = dial_plan_due(p);
    if (instant_is_never(due) || (!hurry && !instant_reached(due, now))) {
        return false;
    }
    p->ahead_us += instant_since(now, due);
    *ret_addr = addr_of(p, &p->steps[p->taken_count]);
    p->taken_count++;
    return true;
}

void dial_plan_drop_rest(struct dial_plan *p)
{
    p->count = p->taken_count;
}
