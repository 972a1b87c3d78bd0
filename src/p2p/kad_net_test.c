#include "p2p/kad_net_test.h"

#include "base/check.h"
#include "base/test.h"
#include "codec/multiaddr.h"

#include <string.h>

static enum err
validate(const struct kad_validator *self, struct span key, struct span value, walltime wall)
{
    (void)self;
    (void)key;
    (void)wall;
    return value.n > 0 && value.p[0] >= '0' && value.p[0] <= '9' ? OK : ERR_MALFORMED;
}

static int compare(const struct kad_validator *self, struct span key, struct span a, struct span b)
{
    (void)self;
    (void)key;
    return a.p[0] - b.p[0];
}

const struct kad_validator net_validator = {"n", validate, compare};

struct kad_peer net_peer(const struct net_node *node)
{
    return (struct kad_peer){.id = node->id, .addrs = span_of(node->addr, node->addr_len)};
}

static void make(struct net *n, size_t i, const struct kad_cfg *given)
{
    static const struct kad_validator *const validators[] = {&net_validator};
    struct net_node *node = &n->nodes[i];
    struct kad_cfg cfg = given ? *given : (struct kad_cfg){.mode = KAD_MODE_SERVER};
    uint8_t bytes[34] = {0x12, 0x20};
    rng_fill(&n->rng.rng, mspan_of(bytes + 2, 32));
    check(peer_id_decode(&node->id, SPAN_OF(bytes)) == OK);
    cfg.self = node->id;
    cfg.rng = &n->rng.rng;
    cfg.parent = test_budget();
    if (!cfg.validators) {
        cfg.validators = validators;
        cfg.validators_count = 1;
    }
    check(kad_init(&node->kad, &cfg, n->now) == OK);
    uint8_t ip[4] = {20, (uint8_t)(i + 1), 0, 1};
    uint8_t addr[16];
    struct wr w = wr_init(MSPAN_OF(addr));
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, MULTIADDR_TCP, 4001);
    struct span one = span_of(addr, w.n);
    check(kad_set_addrs(&node->kad, &one, 1) == OK);
    kad_set_walltime(&node->kad, n->now, (walltime){1800000000});
    w = wr_init(MSPAN_OF(node->addr));
    kad_write_addr(&w, one);
    node->addr_len = w.n;
    node->is_up = true;
}

void net_init(struct net *n, size_t count, const struct kad_cfg *cfg)
{
    check(count <= NET_MAX);
    memset(n, 0, sizeof *n);
    n->count = count;
    n->now = (instant){.us = US_PER_S};
    rng_seeded_init(&n->rng, test_seed());
    for (size_t i = 0; i < count; i++) {
        make(n, i, cfg);
    }
    for (size_t i = 1; i < count; i++) {
        struct kad_peer seed = net_peer(&n->nodes[rng_below(&n->rng.rng, i)]);
        check(kad_add_seed(&n->nodes[i].kad, n->now, &seed) == OK);
        /* A server that asks becomes known, as identify would tell. */
        struct kad_peer self = net_peer(&n->nodes[i]);
        for (size_t k = 0; k < i; k++) {
            kad_peer_connected(&n->nodes[k].kad, n->now, &self, n->nodes[i].kad.is_server);
        }
        net_run(n);
    }
    net_pass(n, 20 * US_PER_S);
}

void net_done(struct net *n)
{
    for (size_t i = 0; i < n->count; i++) {
        kad_done(&n->nodes[i].kad);
    }
}

static struct net_node *find(struct net *n, const struct peer_id *id)
{
    for (size_t i = 0; i < n->count; i++) {
        if (peer_id_equal(&n->nodes[i].id, id)) {
            return &n->nodes[i];
        }
    }
    return NULL;
}

static void carry(struct net *n, struct net_node *from, const struct kad_event *e)
{
    static uint8_t room[64 * 1024];
    struct net_node *to = find(n, &e->peer.id);
    uint64_t query = e->query;
    from->asked_count++;
    if (!to || !to->is_up) {
        kad_failed(&from->kad, n->now, query);
        return;
    }
    if (to->is_mute) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    enum err err = kad_serve(&to->kad, &w, n->now, &from->id, e->message);
    if (err != OK) {
        kad_failed(&from->kad, n->now, query);
    } else if (e->wants_answer) {
        kad_answered(&from->kad, n->now, query, span_of(room, w.n));
    } else {
        kad_sent(&from->kad, n->now, query);
    }
}

static void act(struct net *n, struct net_node *node, const struct kad_event *e)
{
    switch (e->kind) {
    case KAD_EVENT_ASK:  carry(n, node, e); break;
    case KAD_EVENT_DROP:
    case KAD_EVENT_MODE: break;
    case KAD_EVENT_PEER:
        node->peers_count++;
        node->last_peer = e->peer.id;
        break;
    case KAD_EVENT_PROVIDER:
        node->providers_count++;
        node->last_peer = e->peer.id;
        break;
    case KAD_EVENT_VALUE:
        check(e->value.n < sizeof node->value);
        memcpy(node->value, e->value.p, e->value.n);
        node->value[e->value.n] = 0;
        break;
    case KAD_EVENT_OVER:
        node->overs_count++;
        node->err = e->err;
        node->stats = e->stats;
        break;
    }
}

void net_run(struct net *n)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < n->count; i++) {
            struct kad_event e;
            while (n->nodes[i].is_up &&
                   (kad_poll_wire(&n->nodes[i].kad, &e) || kad_poll(&n->nodes[i].kad, &e))) {
                moved = true;
                act(n, &n->nodes[i], &e);
            }
        }
    }
}

void net_pass(struct net *n, uint64_t us)
{
    instant end = instant_add(n->now, us);
    for (;;) {
        net_run(n);
        instant next = INSTANT_NEVER;
        for (size_t i = 0; i < n->count; i++) {
            next = n->nodes[i].is_up ? instant_min(next, kad_deadline(&n->nodes[i].kad)) : next;
        }
        if (instant_before(end, next)) {
            break;
        }
        n->now = next.us > n->now.us ? next : n->now;
        for (size_t i = 0; i < n->count; i++) {
            if (n->nodes[i].is_up) {
                kad_tick(&n->nodes[i].kad, n->now);
            }
        }
    }
    n->now = end;
}
