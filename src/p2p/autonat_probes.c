/* Which of our addresses strangers reach: what servers showed, and whom to ask next. */
#include "p2p/autonat_probes.h"

#include "base/arith.h"

#include <string.h>

static const uint64_t PACE_US = 1 * US_PER_S; /* between two questions of one address */
static const uint64_t ASKED_US = 60 * US_PER_S;
static const uint64_t REACHABLE_US = 3600 * US_PER_S; /* until it is asked again */
static const uint64_t UNREACHABLE_US = 900 * US_PER_S;
static const uint64_t RESULT_US = 2 * 3600 * US_PER_S; /* as long as a result holds */
static const uint64_t NOTHING_US = 600 * US_PER_S;     /* whoever said nothing is left alone */

static bool holds(const struct autonat_result *r, instant now)
{
    uint64_t us = r->outcome == AUTONAT_OUTCOME_NOTHING ? NOTHING_US : RESULT_US;
    return r->server != 0 && !instant_reached(instant_add(r->at, us), now);
}

static uint32_t count_of(const struct autonat_probe *p, enum autonat_outcome outcome, instant now)
{
    uint32_t count = 0;
    for (size_t i = 0; i < AUTONAT_PROBE_RESULTS_MAX; i++) {
        count += holds(&p->results[i], now) && p->results[i].outcome == outcome;
    }
    return count;
}

/* wanted is how many servers are to be heard: all of a few, but for those that say nothing. */
static uint64_t
wanted(const struct autonat_probes *p, const struct autonat_probe *probe, instant now)
{
    uint64_t silent = count_of(probe, AUTONAT_OUTCOME_NOTHING, now);
    return max_u64(1, min_u64(sub_sat_u64(p->servers_count, silent), AUTONAT_SERVERS_WANTED));
}

/* judge draws the verdict from the results that hold; true if it is another than before. */
static bool judge(const struct autonat_probes *p, struct autonat_probe *probe, instant now)
{
    enum autonat_verdict before = probe->verdict;
    probe->arrived_count = count_of(probe, AUTONAT_OUTCOME_ARRIVED, now);
    probe->failed_count = count_of(probe, AUTONAT_OUTCOME_FAILED, now);
    /* SPEC libp2p/autonat-v2 §"Implementation Suggestions": several servers are heard; our count scales with how many there
     * are, and a proof outweighs words. */
    if (probe->arrived_count > 0) {
        probe->verdict = AUTONAT_REACHABLE;
    } else if (probe->failed_count > 0 && probe->failed_count >= wanted(p, probe, now)) {
        probe->verdict = AUTONAT_UNREACHABLE;
    } else if (probe->failed_count == 0) {
        probe->verdict = AUTONAT_UNKNOWN; /* else as it was: too few words to change it */
    }
    if (probe->verdict == before) {
        return false;
    }
    probe->changed_at = now;
    return true;
}

static void plan(struct autonat_probe *probe, enum autonat_outcome last, instant now)
{
    uint64_t wait = PACE_US;
    /* SPEC libp2p/autonat-v2 §"Implementation Suggestions": what is known is asked for again from time to time; a proof is
     * renewed by the next one, whatever is said in between. */
    if (probe->verdict == AUTONAT_REACHABLE && last == AUTONAT_OUTCOME_ARRIVED) {
        wait = REACHABLE_US;
    } else if (probe->verdict == AUTONAT_UNREACHABLE) {
        wait = UNREACHABLE_US;
    }
    probe->next_at = instant_add(now, wait);
}

static const struct autonat_probe *
find(const struct autonat_probe *probes, size_t count, const struct net_addr *addr)
{
    for (size_t i = 0; i < count; i++) {
        if (net_addr_equal(&probes[i].addr, addr)) {
            return &probes[i];
        }
    }
    return NULL;
}

bool autonat_probes_set(struct autonat_probes *p,
                        const struct net_addr *addrs,
                        size_t count,
                        instant now)
{
    size_t old_count = p->count;
    bool changed = false;
    memcpy(p->old, p->probes, sizeof p->old);
    p->count = 0;
    for (size_t i = 0; i < count && p->count < AUTONAT_PROBES_MAX; i++) {
        if (find(p->probes, p->count, &addrs[i])) {
            continue; /* named twice */
        }
        const struct autonat_probe *known = find(p->old, old_count, &addrs[i]);
        changed = changed || !known;
        p->probes[p->count++] =
            known ? *known
                  : (struct autonat_probe){.addr = addrs[i], .next_at = now, .changed_at = now};
    }
    return changed || p->count != old_count;
}

const struct autonat_probe *autonat_probes_find(const struct autonat_probes *p,
                                                const struct net_addr *addr)
{
    return find(p->probes, p->count, addr);
}

static bool was_heard(const struct autonat_probe *p, uint64_t server, instant now)
{
    for (size_t i = 0; i < AUTONAT_PROBE_RESULTS_MAX; i++) {
        const struct autonat_result *r = &p->results[i];
        /* After a verdict the round begins anew: the oldest answers may be asked for again. */
        bool is_of_this_round =
            p->verdict == AUTONAT_UNKNOWN || !instant_reached(instant_add(r->at, NOTHING_US), now);
        if (r->server == server && holds(r, now) && is_of_this_round) {
            return true;
        }
    }
    return false;
}

/* A server beside us, behind the same router, shows nothing of strangers. */
static bool is_stranger(const struct autonat_probes *p,
                        const struct net_addr *addr,
                        const struct net_addr *server)
{
    return p->private_too ||
           (net_addr_is_public(server) && net_addr_group(addr) != net_addr_group(server));
}

size_t
autonat_probes_next(const struct autonat_probes *p, const struct autonat_asked *s, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct autonat_probe *probe = &p->probes[i];
        if (instant_reached(probe->next_at, now) && is_stranger(p, &probe->addr, &s->at) &&
            !was_heard(probe, s->server, now)) {
            return i;
        }
    }
    return AUTONAT_PROBES_MAX;
}

void autonat_probes_asked(struct autonat_probes *p, size_t i, instant now)
{
    p->probes[i].next_at = instant_add(now, ASKED_US);
}

/* place_for gives the server's own place, else a free one, else the oldest; those that said nothing go first. */
static struct autonat_result *place_for(struct autonat_probe *p, uint64_t server)
{
    struct autonat_result *best = &p->results[0];
    for (size_t i = 0; i < AUTONAT_PROBE_RESULTS_MAX; i++) {
        struct autonat_result *r = &p->results[i];
        if (r->server == server) {
            return r;
        }
        bool r_is_nothing = r->server == 0 || r->outcome == AUTONAT_OUTCOME_NOTHING;
        bool best_is_nothing = best->server == 0 || best->outcome == AUTONAT_OUTCOME_NOTHING;
        if (r_is_nothing != best_is_nothing ? r_is_nothing : instant_before(r->at, best->at)) {
            best = r;
        }
    }
    return best;
}

bool autonat_probes_result(struct autonat_probes *p,
                           const struct net_addr *addr,
                           const struct autonat_asked *s,
                           enum autonat_outcome outcome,
                           instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        struct autonat_probe *probe = &p->probes[i];
        if (!net_addr_equal(&probe->addr, addr)) {
            continue;
        }
        *place_for(probe, s->server) =
            (struct autonat_result){.server = s->server, .outcome = outcome, .at = now};
        bool changed = judge(p, probe, now);
        plan(probe, outcome, now);
        return changed;
    }
    return false;
}

bool autonat_probes_servers(struct autonat_probes *p, uint32_t count, instant now)
{
    bool changed = false;
    bool is_more = count > p->servers_count;
    p->servers_count = count;
    for (size_t i = 0; i < p->count; i++) {
        struct autonat_probe *probe = &p->probes[i];
        changed = judge(p, probe, now) || changed;
        /* Somebody new may know better than those before. */
        if (is_more && probe->verdict != AUTONAT_REACHABLE && count <= AUTONAT_SERVERS_WANTED) {
            probe->next_at = instant_min(probe->next_at, instant_add(now, PACE_US));
        }
    }
    return changed;
}

instant autonat_probes_deadline(const struct autonat_probes *p)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < p->count; i++) {
        at = instant_min(at, p->probes[i].next_at);
    }
    return at;
}
