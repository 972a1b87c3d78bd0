/* What an AutoNAT server does for others at most. */
#include "p2p/autonat_quota.h"

#include "base/check.h"
#include "base/map.h"

#include <string.h>

static uint32_t or_u32(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

void autonat_quota_init(struct autonat_quota *q,
                        const struct autonat_quota_cfg *cfg,
                        const uint64_t seed[static 2])
{
    *q = (struct autonat_quota){
        .cfg = {.open_max = or_u32(cfg->open_max, 8),
                .per_minute_max = or_u32(cfg->per_minute_max, 60),
                .per_peer_max = or_u32(cfg->per_peer_max, 12),
                .per_group_max = or_u32(cfg->per_group_max, 24)},
        .seed = {seed[0], seed[1]}
    };
}

static void renew(struct autonat_quota_entry *e, instant now)
{
    if (instant_reached(e->until, now)) {
        e->count = 0;
        e->until = instant_add(now, AUTONAT_QUOTA_MINUTE_S * US_PER_S);
    }
}

/* entry_of finds the entry of a key or makes one in the place of one that is over; NULL: all are fresh. */
static struct autonat_quota_entry *entry_of(struct autonat_quota *q, uint64_t key, instant now)
{
    struct autonat_quota_entry *over = NULL;
    for (size_t i = 0; i < AUTONAT_QUOTA_ENTRIES; i++) {
        struct autonat_quota_entry *e = &q->entries[i];
        if (e->key == key) {
            renew(e, now);
            return e;
        }
        if (!over && (e->key == 0 || instant_reached(e->until, now))) {
            over = e;
        }
    }
    if (over) {
        *over = (struct autonat_quota_entry){.key = key};
        renew(over, now);
    }
    return over;
}

/* An entry is made only for what may still be granted: so whoever is refused cannot fill the table. */
static bool is_granted(struct autonat_quota *q,
                       instant now,
                       const struct peer_id *peer,
                       const struct net_addr *from)
{
    uint64_t group = net_addr_group(from);
    renew(&q->all, now);
    if (q->open_count >= q->cfg.open_max || q->all.count >= q->cfg.per_minute_max) {
        return false;
    }
    struct autonat_quota_entry *of_group =
        entry_of(q, siphash24(q->seed, span_of(&group, sizeof group)) & ~UINT64_C(1), now);
    if (!of_group || of_group->count >= q->cfg.per_group_max) {
        return false;
    }
    struct autonat_quota_entry *of_peer =
        entry_of(q, siphash24(q->seed, peer_id_span(peer)) | 1, now);
    if (!of_peer || of_peer->count >= q->cfg.per_peer_max) {
        return false;
    }
    of_group->count++;
    of_peer->count++;
    return true;
}

bool autonat_quota_take(struct autonat_quota *q,
                        instant now,
                        const struct peer_id *peer,
                        const struct net_addr *from)
{
    if (!is_granted(q, now, peer, from)) {
        q->refused_count++;
        return false;
    }
    q->all.count++;
    q->open_count++;
    return true;
}

void autonat_quota_give(struct autonat_quota *q)
{
    check(q->open_count > 0);
    q->open_count--;
}
