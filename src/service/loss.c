/* Gas-loss budgets. */
#include "service/loss.h"

#include "base/arith.h"
#include "base/check.h"

#include <string.h>

#define HOUR_US (3600 * US_PER_S)

void loss_init(struct loss *l, struct loss_limits limits)
{
    memset(l, 0, sizeof *l);
    l->limits = limits;
}

enum err loss_key_init(struct loss_key *ret, struct span peer, struct span group)
{
    if (peer.n > LOSS_KEY_LEN_MAX || group.n > LOSS_KEY_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct loss_key key = {.peer_len = (uint8_t)peer.n, .group_len = (uint8_t)group.n};
    (void)span_copy(MSPAN_OF(key.peer), peer);
    (void)span_copy(MSPAN_OF(key.group), group);
    *ret = key;
    return OK;
}

static void turn_hour(struct loss_entry *e, instant now)
{
    if (instant_since(e->since, now) >= HOUR_US) {
        e->since = now;
        e->lost = 0;
    }
}

/* find gives the entry of a name, or a free one that now has it, or NULL. */
static struct loss_entry *find(struct loss *l, uint8_t kind, struct span name, instant now)
{
    uint8_t key[LOSS_KEY_LEN_MAX + 1] = {kind};
    size_t n = 1 + span_copy(mspan_of(key + 1, LOSS_KEY_LEN_MAX), name);
    struct loss_entry *free_one = NULL;
    for (size_t i = 0; i < LOSS_KEYS_MAX; i++) {
        struct loss_entry *e = &l->entries[i];
        if (e->key_len == n && memcmp(e->key, key, n) == 0) {
            turn_hour(e, now);
            return e;
        }
        bool is_spent =
            e->reserved == 0 && (e->lost == 0 || instant_since(e->since, now) >= HOUR_US);
        if (!free_one && (e->key_len == 0 || is_spent)) {
            free_one = e;
        }
    }
    if (free_one) {
        *free_one = (struct loss_entry){.key_len = (uint8_t)n, .since = now};
        memcpy(free_one->key, key, n);
    }
    return free_one;
}

static bool has_room(const struct loss_entry *e, uint64_t limit, uint64_t gas)
{
    return add_sat_u64(add_sat_u64(e->lost, e->reserved), gas) <= limit;
}

enum err loss_reserve(struct loss *l, const struct loss_key *key, uint64_t gas, instant now)
{
    turn_hour(&l->total, now);
    struct loss_entry *peer = find(l, 'p', span_of(key->peer, key->peer_len), now);
    if (!peer) {
        return ERR_LIMIT;
    }
    /* An entry without reservation may be given away again by the next find: hold it. */
    peer->reserved += gas;
    struct loss_entry *group =
        key->group_len ? find(l, 'g', span_of(key->group, key->group_len), now) : NULL;
    peer->reserved -= gas;
    if (key->group_len && !group) {
        return ERR_LIMIT;
    }
    if (!has_room(peer, l->limits.per_peer, gas) || !has_room(&l->total, l->limits.total, gas) ||
        (group && !has_room(group, l->limits.per_group, gas))) {
        return ERR_DENIED;
    }
    peer->reserved += gas;
    l->total.reserved += gas;
    if (group) {
        group->reserved += gas;
    }
    return OK;
}

static void settle_one(struct loss_entry *e, struct loss_settlement s)
{
    check(e->reserved >= s.reserved);
    e->reserved -= s.reserved;
    e->lost = add_sat_u64(e->lost, s.lost);
}

void loss_settle(struct loss *l, const struct loss_key *key, struct loss_settlement s, instant now)
{
    turn_hour(&l->total, now);
    struct loss_entry *peer = find(l, 'p', span_of(key->peer, key->peer_len), now);
    if (peer) {
        settle_one(peer, s);
    }
    struct loss_entry *group =
        key->group_len ? find(l, 'g', span_of(key->group, key->group_len), now) : NULL;
    if (group) {
        settle_one(group, s);
    }
    settle_one(&l->total, s);
}
