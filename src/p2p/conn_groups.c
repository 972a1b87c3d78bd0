/* Connections of one place: see conn_groups.h. */
#include "p2p/conn_groups.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

enum { KEY_LEN_MAX = 9 };

struct conn_group {
    uint32_t count;
};

struct key {
    uint8_t bytes[KEY_LEN_MAX];
    size_t n;
};

static struct key key_of(const struct net_addr *a, bool is_network)
{
    struct key k;
    size_t len = a->is_ip6 ? 7 : 4; /* /56, /32 */
    if (is_network) {
        len = a->is_ip6 ? 6 : 3; /* /48, /24 */
    }
    k.bytes[0] = a->is_ip6;
    memcpy(k.bytes + 1, a->ip, len);
    k.n = 1 + len;
    return k;
}

void conn_groups_init(struct conn_groups *g,
                      struct budget *budget,
                      const struct conn_groups_cfg *cfg,
                      const uint64_t seed[static 2])
{
    struct map_cfg map = {
        .count_max = cfg->groups_max, .seed = {seed[0], seed[1]}
    };
    g->budget = budget;
    g->cfg = *cfg;
    map_init(&g->counts, budget, map);
}

void conn_groups_done(struct conn_groups *g)
{
    for (size_t i = 0; i < g->counts.count; i++) {
        mem_free(g->budget, map_at(&g->counts, i)->value, sizeof(struct conn_group));
    }
    map_done(&g->counts);
}

MUST_CHECK static enum err add(struct conn_groups *g, const struct key *k)
{
    struct span key = span_of(k->bytes, k->n);
    struct conn_group *group = map_find(&g->counts, key);
    if (!group) {
        void *p;
        TRY(mem_alloc(g->budget, &p, sizeof *group));
        enum err e = map_add(&g->counts, key, p);
        if (e != OK) {
            mem_free(g->budget, p, sizeof *group);
            return e;
        }
        group = p;
    }
    group->count++;
    return OK;
}

static void take_off(struct conn_groups *g, const struct key *k)
{
    struct span key = span_of(k->bytes, k->n);
    struct conn_group *group = map_find(&g->counts, key);
    check(group != NULL);
    check(group->count > 0);
    group->count--;
    if (group->count == 0) {
        check(map_remove(&g->counts, key) == group);
        mem_free(g->budget, group, sizeof *group);
    }
}

static uint32_t count_of(const struct conn_groups *g, const struct key *k)
{
    const struct conn_group *group = map_find(&g->counts, span_of(k->bytes, k->n));
    return group ? group->count : 0;
}

/* unmapped: what counts of an address; false if it does not. */
static bool unmapped(struct net_addr *ret, const struct net_addr *addr)
{
    *ret = *addr;
    net_addr_unmap(ret);
    return net_addr_is_public(ret);
}

enum err
conn_groups_enter(struct conn_groups *g, const struct net_addr *addr, struct refusal *ret_refusal)
{
    struct net_addr a;
    if (!unmapped(&a, addr)) {
        return OK;
    }
    struct key host = key_of(&a, false);
    struct key network = key_of(&a, true);
    uint32_t of_host = count_of(g, &host);
    uint32_t of_network = count_of(g, &network);
    if (g->cfg.per_host_max > 0 && of_host >= g->cfg.per_host_max) {
        *ret_refusal =
            (struct refusal){"connections of this address", "host", of_host, g->cfg.per_host_max};
        return ERR_LIMIT;
    }
    if (g->cfg.per_network_max > 0 && of_network >= g->cfg.per_network_max) {
        *ret_refusal = (struct refusal){"connections of this network", "network", of_network,
                                        g->cfg.per_network_max};
        return ERR_LIMIT;
    }
    enum err e = add(g, &host);
    if (e == OK) {
        e = add(g, &network);
        if (e != OK) {
            take_off(g, &host);
        }
    }
    if (e != OK) {
        *ret_refusal = (struct refusal){"memory", "system", g->budget->used, g->budget->limit};
    }
    return e;
}

void conn_groups_leave(struct conn_groups *g, const struct net_addr *addr)
{
    struct net_addr a;
    if (unmapped(&a, addr)) {
        struct key host = key_of(&a, false);
        struct key network = key_of(&a, true);
        take_off(g, &host);
        take_off(g, &network);
    }
}
