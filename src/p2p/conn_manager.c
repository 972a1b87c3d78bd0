/* Which peers to keep: see conn_manager.h. */
#include "p2p/conn_manager.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

static const uint64_t PAUSE_US_DEFAULT = 10 * US_PER_S;

struct conn_manager_peer {
    struct peer_id id;
    struct conn_tags tags;
    bool is_connected;
    bool inbound;
    uint32_t streams_count;
    instant since;
    struct heap_node in_round;
    struct list in_leaving;
};

static struct conn_manager_peer *find(const struct conn_manager *m, const struct peer_id *peer)
{
    return map_find(&m->peers, peer_id_span(peer));
}

static void forget(struct conn_manager *m, struct conn_manager_peer *p)
{
    heap_remove(&m->by_value, &p->in_round);
    list_remove(&p->in_leaving);
    check(map_remove(&m->peers, peer_id_span(&p->id)) == p);
    mem_free(m->cfg.budget, p, sizeof *p);
}

/* find_or_new: NULL if there is no room. */
static struct conn_manager_peer *find_or_new(struct conn_manager *m, const struct peer_id *peer)
{
    struct conn_manager_peer *p = find(m, peer);
    void *memory;
    if (p || mem_alloc(m->cfg.budget, &memory, sizeof *p) != OK) {
        return p;
    }
    p = memory;
    p->id = *peer;
    if (map_add(&m->peers, peer_id_span(peer), p) != OK) {
        mem_free(m->cfg.budget, p, sizeof *p);
        return NULL;
    }
    return p;
}

static void forget_if_nothing(struct conn_manager *m, struct conn_manager_peer *p)
{
    uint32_t any = p->tags.protectors;
    for (size_t i = 0; i < CONN_TAG_COUNT; i++) {
        any |= p->tags.values[i];
    }
    if (!p->is_connected && any == 0) {
        forget(m, p);
    }
}

/* ---- life ---- */

void conn_manager_init(struct conn_manager *m, const struct conn_manager_cfg *cfg)
{
    *m = (struct conn_manager){.cfg = *cfg, .trim_at = INSTANT_NEVER};
    m->cfg.pause_us = cfg->pause_us ? cfg->pause_us : PAUSE_US_DEFAULT;
    struct map_cfg map = {
        .count_max = cfg->peers_max, .seed = {cfg->seed[0], cfg->seed[1]}
    };
    map_init(&m->peers, cfg->budget, map);
    heap_init(&m->by_value, cfg->budget, cfg->peers_max);
    list_init(&m->leaving);
}

void conn_manager_done(struct conn_manager *m)
{
    while (m->peers.count > 0) {
        forget(m, map_at(&m->peers, m->peers.count - 1)->value);
    }
    map_done(&m->peers);
    heap_done(&m->by_value);
}

/* set_due: a round follows at once, but for the pause since the last. */
static void set_due(struct conn_manager *m, instant now)
{
    bool is_high = m->cfg.high > 0 && m->connected_count > m->cfg.high;
    if (!is_high) {
        m->trim_at = INSTANT_NEVER;
    } else if (instant_is_never(m->trim_at)) {
        instant next = m->trimmed_at.us > 0 ? instant_add(m->trimmed_at, m->cfg.pause_us) : now;
        m->trim_at = instant_before(next, now) ? now : next;
    }
}

void conn_manager_set_marks(struct conn_manager *m, instant now, const struct conn_manager_cfg *cfg)
{
    m->cfg.low = cfg->low;
    m->cfg.high = cfg->high;
    m->cfg.grace_us = cfg->grace_us;
    set_due(m, now);
}

/* ---- what happens ---- */

void conn_manager_connected(struct conn_manager *m,
                            instant now,
                            const struct peer_id *peer,
                            bool inbound)
{
    struct conn_manager_peer *p = find_or_new(m, peer);
    if (!p || p->is_connected) {
        return;
    }
    p->is_connected = true;
    p->inbound = inbound;
    p->since = now;
    p->streams_count = 0;
    m->connected_count++;
    set_due(m, now);
}

void conn_manager_disconnected(struct conn_manager *m, const struct peer_id *peer)
{
    struct conn_manager_peer *p = find(m, peer);
    if (!p || !p->is_connected) {
        return;
    }
    p->is_connected = false;
    list_remove(&p->in_leaving);
    m->connected_count--;
    if (m->connected_count <= m->cfg.high) {
        m->trim_at = INSTANT_NEVER;
    }
    forget_if_nothing(m, p);
}

void conn_manager_busy(struct conn_manager *m, const struct peer_id *peer, uint32_t streams_count)
{
    struct conn_manager_peer *p = find(m, peer);
    if (p) {
        p->streams_count = streams_count;
    }
}

void conn_manager_tag(struct conn_manager *m,
                      const struct peer_id *peer,
                      enum conn_tag tag,
                      uint32_t value)
{
    struct conn_manager_peer *p = value > 0 ? find_or_new(m, peer) : find(m, peer);
    if (p) {
        p->tags.values[tag] = min_u32(value, CONN_TAG_VALUE_MAX);
        forget_if_nothing(m, p);
    }
}

void conn_manager_protect(struct conn_manager *m,
                          const struct peer_id *peer,
                          enum conn_tag tag,
                          bool is_protected)
{
    struct conn_manager_peer *p = is_protected ? find_or_new(m, peer) : find(m, peer);
    if (p) {
        uint32_t bit = UINT32_C(1) << tag;
        p->tags.protectors = is_protected ? p->tags.protectors | bit : p->tags.protectors & ~bit;
        forget_if_nothing(m, p);
    }
}

bool conn_manager_tags(const struct conn_manager *m,
                       struct conn_tags *ret_tags,
                       const struct peer_id *peer)
{
    const struct conn_manager_peer *p = find(m, peer);
    *ret_tags = p ? p->tags : (struct conn_tags){0};
    return p != NULL;
}

const char *conn_tag_name(enum conn_tag tag)
{
    switch (tag) {
    case CONN_TAG_SERVER: return "server";
    case CONN_TAG_RELAY:  return "relay";
    case CONN_TAG_DHT:    return "dht";
    case CONN_TAG_GOSSIP: return "gossip";
    case CONN_TAG_COUNT:  break;
    }
    return "";
}

/* ---- rounds ---- */

/* worth orders peers in one number, the least first: 24 bits of tags, has streams, was dialled by us, 38 bits of age in
 * milliseconds (eight years). */
static uint64_t worth(const struct conn_manager_peer *p, instant now)
{
    const uint64_t tags_max = (UINT64_C(1) << 24) - 1;
    const uint64_t age_max = (UINT64_C(1) << 38) - 1;
    uint64_t tags = 0;
    for (size_t i = 0; i < CONN_TAG_COUNT; i++) {
        tags += p->tags.values[i]; /* CONN_TAG_COUNT times CONN_TAG_VALUE_MAX at most */
    }
    uint64_t age = min_u64(instant_since(p->since, now) / US_PER_MS, age_max);
    return min_u64(tags, tags_max) << 40 | (uint64_t)(p->streams_count > 0) << 39 |
           (uint64_t)!p->inbound << 38 | age;
}

/* is_settled: does it count? */
static bool is_settled(const struct conn_manager *m, const struct conn_manager_peer *p, instant now)
{
    return p->is_connected && !list_is_linked(&p->in_leaving) &&
           instant_reached(instant_add(p->since, m->cfg.grace_us), now);
}

/* rank_all puts those who may go in order; how many there are in all. */
static uint32_t rank_all(struct conn_manager *m, instant now)
{
    uint32_t settled_count = 0;
    for (size_t i = 0; i < m->peers.count; i++) {
        struct conn_manager_peer *p = map_at(&m->peers, i)->value;
        if (!is_settled(m, p, now)) {
            continue;
        }
        settled_count++;
        if (p->tags.protectors == 0) {
            /* Without memory for all of them the round takes those that found room. */
            enum err e = heap_add(&m->by_value, &p->in_round, (instant){.us = worth(p, now)});
            (void)e;
        }
    }
    return settled_count;
}

instant conn_manager_deadline(const struct conn_manager *m)
{
    return m->trim_at;
}

void conn_manager_trim(struct conn_manager *m, instant now)
{
    m->trimmed_at = now;
    m->trim_at = INSTANT_NEVER;
    if (m->cfg.high == 0 || m->connected_count <= m->cfg.high) {
        return;
    }
    uint32_t settled_count = rank_all(m, now);
    uint32_t left = m->connected_count;
    uint32_t too_many = settled_count > m->cfg.high ? settled_count - m->cfg.low : 0;
    struct heap_node *least;
    while ((least = heap_first(&m->by_value)) != NULL) {
        heap_remove(&m->by_value, least);
        struct conn_manager_peer *p = list_entry(least, struct conn_manager_peer, in_round);
        if (too_many > 0) {
            list_add_last(&m->leaving, &p->in_leaving);
            too_many--;
            left--;
        }
    }
    if (left > m->cfg.high) { /* the rest is too young or protected */
        m->trim_at = instant_add(now, m->cfg.pause_us);
    }
}

bool conn_manager_poll(struct conn_manager *m, struct peer_id *ret_peer)
{
    struct list *first = list_first(&m->leaving);
    if (!first) {
        return false;
    }
    list_remove(first);
    *ret_peer = list_entry(first, struct conn_manager_peer, in_leaving)->id;
    m->pruned_count++;
    return true;
}
