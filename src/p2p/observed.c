/* What peers say about where we are. */
#include "p2p/observed.h"

#include "base/arith.h"

#include <string.h>

static const uint64_t VOTE_US =
    4 * 3600 * US_PER_S; /* identify is heard once a connection: longer than most */
static const uint64_t GONE_US = 1800 * US_PER_S;

static bool holds(const struct observed_vote *v, instant now)
{
    return v->observer != 0 && !instant_reached(v->until, now);
}

static bool is_alike(const struct net_addr *a, const struct net_addr *b)
{
    return a->transport == b->transport && a->is_ip6 == b->is_ip6;
}

/* place_for gives the vote that a new one replaces: the observer's own, a free one, the oldest of its group if that has had
 * its share, else the oldest of all. */
static struct observed_vote *
place_for(struct observed *o, instant now, const struct observed_vote *v)
{
    struct observed_vote *unused = NULL;
    struct observed_vote *oldest = NULL;
    struct observed_vote *of_group = NULL;
    size_t group_count = 0;
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        struct observed_vote *old = &o->votes[i];
        if (!holds(old, now)) {
            unused = old;
            continue;
        }
        if (old->observer == v->observer && is_alike(&old->addr, &v->addr)) {
            return old;
        }
        if (!oldest || instant_before(old->at, oldest->at)) {
            oldest = old;
        }
        if (old->group == v->group) {
            group_count++;
            of_group = !of_group || instant_before(old->at, of_group->at) ? old : of_group;
        }
    }
    if (group_count >= OBSERVED_PER_GROUP_MAX) {
        return of_group;
    }
    return unused ? unused : oldest;
}

void observed_add(struct observed *o, instant now, const struct observed_args *args)
{
    struct observed_vote v = {.observer = args->observer,
                              .group = o->each_counts ? args->observer : net_addr_group(&args->at),
                              .addr = args->addr,
                              .is_exact = args->is_exact,
                              .at = now,
                              .until = instant_add(now, VOTE_US)};
    if (!args->is_exact) {
        v.addr.port = args->listen_port;
    }
    if (v.observer == 0 || v.addr.port == 0 || net_addr_is_any(&v.addr) ||
        (!o->each_counts && !net_addr_is_public(&v.addr))) {
        return;
    }
    *place_for(o, now, &v) = v;
}

void observed_gone(struct observed *o, instant now, uint64_t observer)
{
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        if (o->votes[i].observer == observer) {
            o->votes[i].until = instant_min(o->votes[i].until, instant_add(now, GONE_US));
        }
    }
}

/* groups_of counts the groups with a vote for addr, or, if addr is NULL, for anything alike. */
static uint32_t groups_of(const struct observed *o,
                          instant now,
                          const struct net_addr *like,
                          const struct net_addr *addr)
{
    uint64_t seen[OBSERVED_VOTES_MAX];
    uint32_t count = 0;
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        const struct observed_vote *v = &o->votes[i];
        bool is_new =
            holds(v, now) && is_alike(&v->addr, like) && (!addr || net_addr_equal(&v->addr, addr));
        for (uint32_t k = 0; k < count && is_new; k++) {
            is_new = seen[k] != v->group;
        }
        if (is_new) {
            seen[count++] = v->group;
        }
    }
    return count;
}

static bool is_listed(const struct observed_addr *addrs, size_t count, const struct net_addr *a)
{
    for (size_t i = 0; i < count; i++) {
        if (net_addr_equal(&addrs[i].addr, a)) {
            return true;
        }
    }
    return false;
}

/* insert keeps the list in order of votes; the least voted for falls off its end. */
static size_t insert(struct observed_addr *addrs, size_t count, const struct observed_addr *one)
{
    size_t at = count;
    while (at > 0 && addrs[at - 1].groups_count < one->groups_count) {
        at--;
    }
    if (at == OBSERVED_ADDRS_MAX) {
        return count;
    }
    size_t kept = count < OBSERVED_ADDRS_MAX ? count : OBSERVED_ADDRS_MAX - 1;
    memmove(&addrs[at + 1], &addrs[at], (kept - at) * sizeof *addrs);
    addrs[at] = *one;
    return kept + 1;
}

size_t observed_list(const struct observed *o,
                     instant now,
                     struct observed_addr ret_addrs[static OBSERVED_ADDRS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        const struct observed_vote *v = &o->votes[i];
        if (!holds(v, now) || is_listed(ret_addrs, count, &v->addr)) {
            continue;
        }
        struct observed_addr one = {.addr = v->addr, .is_exact = v->is_exact};
        one.groups_count = groups_of(o, now, &v->addr, &v->addr);
        one.groups_asked = groups_of(o, now, &v->addr, NULL);
        /* SPEC libp2p/identify §"observedAddr": it is a peer's word; ours is a count of groups that scales with how many there
         * are. */
        one.is_believed =
            one.groups_count >= min_u64(one.groups_asked / 2 + 1, OBSERVED_GROUPS_NEEDED_MAX);
        count = insert(ret_addrs, count, &one);
    }
    return count;
}

/* votes_of counts the groups with a vote of this family, and if is_same for this IP. */
static uint32_t
votes_of(const struct observed *o, instant now, const struct net_addr *ip, bool is_same)
{
    uint64_t seen[OBSERVED_VOTES_MAX];
    uint32_t count = 0;
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        const struct observed_vote *v = &o->votes[i];
        bool counts = holds(v, now) && v->addr.is_ip6 == ip->is_ip6 &&
                      (!is_same || net_addr_same_ip(&v->addr, ip));
        for (uint32_t k = 0; k < count && counts; k++) {
            counts = seen[k] != v->group;
        }
        if (counts) {
            seen[count++] = v->group;
        }
    }
    return count;
}

size_t observed_ips(const struct observed *o,
                    instant now,
                    struct net_addr ret_ips[static OBSERVED_ADDRS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < OBSERVED_VOTES_MAX && count < OBSERVED_ADDRS_MAX; i++) {
        struct net_addr ip = {.is_ip6 = o->votes[i].addr.is_ip6};
        bool is_new = holds(&o->votes[i], now);
        memcpy(ip.ip, o->votes[i].addr.ip, sizeof ip.ip);
        for (size_t k = 0; k < count && is_new; k++) {
            is_new = !net_addr_same_ip(&ret_ips[k], &ip);
        }
        uint64_t needed = min_u64(votes_of(o, now, &ip, false) / 2 + 1, OBSERVED_GROUPS_NEEDED_MAX);
        if (is_new && votes_of(o, now, &ip, true) >= needed) {
            ret_ips[count++] = ip;
        }
    }
    return count;
}

enum observed_mapping
observed_mapping(const struct observed *o, instant now, enum net_transport transport, bool is_ip6)
{
    struct net_addr like = {.transport = transport, .is_ip6 = is_ip6};
    uint32_t asked = 0;
    uint32_t best = 0;
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        const struct observed_vote *v = &o->votes[i];
        if (holds(v, now) && v->is_exact && is_alike(&v->addr, &like)) {
            uint32_t n = groups_of(o, now, &like, &v->addr);
            best = n > best ? n : best;
            asked = groups_of(o, now, &like, NULL);
        }
    }
    if (asked < 2) {
        return OBSERVED_MAPPING_UNKNOWN; /* one observer cannot tell */
    }
    return best > asked / 2 ? OBSERVED_MAPPING_SAME : OBSERVED_MAPPING_DIFFERS;
}

instant observed_deadline(const struct observed *o)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        if (o->votes[i].observer != 0) {
            at = instant_min(at, o->votes[i].until);
        }
    }
    return at;
}

void observed_expire(struct observed *o, instant now)
{
    for (size_t i = 0; i < OBSERVED_VOTES_MAX; i++) {
        if (!holds(&o->votes[i], now)) {
            o->votes[i] = (struct observed_vote){0};
        }
    }
}
