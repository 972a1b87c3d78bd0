/* Standing of peers, in two lists by use. */
#include "service/standing.h"

#include "base/check.h"

#include <string.h>

enum { STRANGERS, OTHERS };

struct standing_peer {
    struct list in_list;
    uint8_t id[MAP_KEY_LEN_MAX];
    uint8_t id_len;
    bool is_other; /* which list */
    uint32_t answers;
    instant since; /* of the first answer */
    bool has_paid;
    struct address account;
    instant paid_until;
};

static struct span id_of(const struct standing_peer *p)
{
    return span_of(p->id, p->id_len);
}

void standings_init(struct standings *x, const struct standings_cfg *cfg)
{
    check(cfg->peers_max >= 2);
    *x = (struct standings){.each_max = cfg->peers_max / 2};
    map_init(&x->peers, cfg->budget,
             (struct map_cfg){
                 .count_max = cfg->peers_max, .seed = {cfg->seed[0], cfg->seed[1]}
    });
    pool_init(&x->pool, cfg->budget,
              (struct pool_cfg){.object_len = sizeof(struct standing_peer),
                                .count_max = cfg->peers_max,
                                .spare_max = 16});
    list_init(&x->lists[STRANGERS]);
    list_init(&x->lists[OTHERS]);
}

static void forget(struct standings *x, struct standing_peer *p)
{
    list_remove(&p->in_list);
    x->counts[p->is_other]--;
    (void)map_remove(&x->peers, id_of(p));
    pool_give(&x->pool, p);
}

void standings_done(struct standings *x)
{
    while (x->peers.count > 0) {
        forget(x, map_at(&x->peers, 0)->value);
    }
    map_done(&x->peers);
    pool_done(&x->pool);
}

/* enter puts it at the end of a list, in place of the first if that is full. */
static void enter(struct standings *x, struct standing_peer *p, bool is_other)
{
    if (x->counts[is_other] == x->each_max) {
        struct list *first = list_first(&x->lists[is_other]);
        forget(x, list_entry(first, struct standing_peer, in_list));
    }
    p->is_other = is_other;
    x->counts[is_other]++;
    list_add_last(&x->lists[is_other], &p->in_list);
}

static void move_to_end(struct standings *x, struct standing_peer *p, bool is_other)
{
    list_remove(&p->in_list);
    x->counts[p->is_other]--;
    enter(x, p, is_other);
}

static struct standing_peer *find_or_add(struct standings *x, struct span peer, instant now)
{
    struct standing_peer *p = map_find(&x->peers, peer);
    void *object;
    if (p) {
        return p;
    }
    if (x->counts[STRANGERS] == x->each_max) {
        forget(x, list_entry(list_first(&x->lists[STRANGERS]), struct standing_peer, in_list));
    }
    if (pool_take(&x->pool, &object) != OK) {
        return NULL;
    }
    p = object;
    *p = (struct standing_peer){.since = now};
    p->id_len = (uint8_t)span_copy(MSPAN_OF(p->id), peer);
    if (map_add(&x->peers, peer, p) != OK) {
        pool_give(&x->pool, p);
        return NULL;
    }
    enter(x, p, STRANGERS);
    return p;
}

static bool is_known(const struct standing_peer *p, instant now)
{
    return p->answers >= STANDING_KNOWN_ANSWERS &&
           instant_reached(instant_add(p->since, STANDING_KNOWN_S * US_PER_S), now);
}

static bool is_paying(const struct standing_peer *p, instant now)
{
    return p->has_paid && instant_before(now, p->paid_until);
}

void standings_answered(struct standings *x, struct span peer, instant now)
{
    struct standing_peer *p = find_or_add(x, peer, now);
    if (p) {
        p->answers += p->answers < STANDING_KNOWN_ANSWERS;
        move_to_end(x, p, is_known(p, now) || is_paying(p, now));
    }
}

void standings_paid(struct standings *x, struct span peer, struct address account, instant now)
{
    struct standing_peer *p = find_or_add(x, peer, now);
    if (p) {
        p->has_paid = true;
        p->account = account;
        p->paid_until = instant_add(now, STANDING_PAID_S * US_PER_S);
        move_to_end(x, p, true);
    }
}

enum standing
standings_of(const struct standings *x, struct address *ret_account, struct span peer, instant now)
{
    const struct standing_peer *p = map_find(&x->peers, peer);
    if (p && is_paying(p, now)) {
        *ret_account = p->account;
        return STANDING_PAYING;
    }
    return p && is_known(p, now) ? STANDING_KNOWN : STANDING_UNKNOWN;
}

const char *standing_name(enum standing s)
{
    switch (s) {
    case STANDING_UNKNOWN: return "unknown";
    case STANDING_KNOWN:   return "known";
    case STANDING_PAYING:  return "paying";
    case STANDING_COUNT:   break;
    }
    return "unknown";
}
