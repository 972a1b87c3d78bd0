/* The verdict: can strangers reach this node, where, and why. */
#include "p2p/reachability.h"

#include <string.h>

const char *reach_name(enum reach r)
{
    switch (r) {
    case REACH_UNKNOWN:   return "unknown";
    case REACH_REACHABLE: return "reachable";
    case REACH_PUNCHABLE: return "punchable";
    case REACH_RELAYED:   return "relayed";
    }
    return "";
}

const char *reach_text(enum reach r)
{
    switch (r) {
    case REACH_UNKNOWN:   return "unknown";
    case REACH_REACHABLE: return "reachable";
    case REACH_PUNCHABLE: return "behind NAT but punchable";
    case REACH_RELAYED:   return "relayed only";
    }
    return "";
}

const char *reach_reason_name(enum reach_reason r)
{
    switch (r) {
    case REACH_NOT_LISTENING:  return "not_listening";
    case REACH_NO_ADDRESS:     return "no_address";
    case REACH_NOBODY_TO_ASK:  return "nobody_to_ask";
    case REACH_ASKING:         return "asking";
    case REACH_DIALLED:        return "dialled";
    case REACH_DIALLED_MAPPED: return "dialled_mapped";
    case REACH_SAME_PORT:      return "same_port";
    case REACH_PORTS_DIFFER:   return "ports_differ";
    case REACH_NO_DIAL:        return "no_dial";
    }
    return "";
}

const char *reach_reason_text(enum reach_reason r)
{
    switch (r) {
    case REACH_NOT_LISTENING: return "it takes no connections";
    case REACH_NO_ADDRESS:    return "no peer has said yet at which public address it sees us";
    case REACH_NOBODY_TO_ASK: return "no connected peer can try to dial us";
    case REACH_ASKING:        return "peers are being asked to dial us";
    case REACH_DIALLED:       return "a peer dialled us and arrived";
    case REACH_DIALLED_MAPPED:
        return "a peer dialled us and arrived through the port that the router opened";
    case REACH_SAME_PORT:
        return "no dial arrived, but the router keeps one port for all peers: two can meet halfway";
    case REACH_PORTS_DIFFER:
        return "no dial arrived, and the router takes another port for each peer";
    case REACH_NO_DIAL: return "no dial arrived";
    }
    return "";
}

bool reach_parse(enum reach *ret, struct span word)
{
    for (int i = 0; i < REACH_COUNT; i++) {
        if (span_equal(word, span_str(reach_name((enum reach)i)))) {
            *ret = (enum reach)i;
            return true;
        }
    }
    return false;
}

bool reach_reason_parse(enum reach_reason *ret, struct span word)
{
    for (int i = 0; i < REACH_REASON_COUNT; i++) {
        if (span_equal(word, span_str(reach_reason_name((enum reach_reason)i)))) {
            *ret = (enum reach_reason)i;
            return true;
        }
    }
    return false;
}

struct collected {
    struct reach_addr *addrs;
    size_t count;
    bool private_too;
};

static void collect(struct collected *c, const struct net_addr *addr, enum reach_source source)
{
    bool is_useful =
        addr->port != 0 && !net_addr_is_any(addr) && (c->private_too || net_addr_is_public(addr));
    if (!is_useful) {
        return;
    }
    for (size_t i = 0; i < c->count; i++) {
        if (net_addr_equal(&c->addrs[i].addr, addr)) {
            c->addrs[i].sources |= (unsigned)source;
            return;
        }
    }
    if (c->count < AUTONAT_PROBES_MAX) {
        c->addrs[c->count++] = (struct reach_addr){.addr = *addr, .sources = (unsigned)source};
    }
}

/* guess: the outer IP with each port that we listen at, as a port forwarded by hand most often is. */
static void guess(struct collected *c, const struct reach_input *in)
{
    struct net_addr ips[OBSERVED_ADDRS_MAX];
    size_t count = observed_ips(in->observed, in->now, ips);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < in->listen_count; k++) {
            struct net_addr a = in->listen[k];
            memcpy(a.ip, ips[i].ip, sizeof a.ip);
            if (a.is_ip6 == ips[i].is_ip6) {
                collect(c, &a, REACH_OBSERVED);
            }
        }
    }
}

size_t reachability_addrs(const struct reach_input *in,
                          struct reach_addr ret_addrs[static AUTONAT_PROBES_MAX])
{
    struct collected c = {.addrs = ret_addrs, .private_too = in->private_too};
    struct observed_addr seen[OBSERVED_ADDRS_MAX];
    size_t seen_count = observed_list(in->observed, in->now, seen);
    for (size_t i = 0; i < in->mapped_count; i++) {
        collect(&c, &in->mapped[i], REACH_MAPPED);
    }
    for (size_t i = 0; i < in->listen_count; i++) {
        collect(&c, &in->listen[i], REACH_LISTEN);
    }
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].is_believed) {
            collect(&c, &seen[i].addr, REACH_OBSERVED);
        }
    }
    guess(&c, in);
    return c.count;
}

static enum observed_mapping mapping_of(const struct reach_input *in, bool is_ip6)
{
    return observed_mapping(in->observed, in->now, NET_QUIC, is_ip6);
}

/* judge_closed says what is left for an address where no dial arrived. Only datagrams of one socket tell how a router
 * chooses ports; over TCP the same router behaves alike, which is worth a try. */
static void judge_closed(const struct reach_input *in, struct reach_addr *a)
{
    switch (mapping_of(in, a->addr.is_ip6)) {
    case OBSERVED_MAPPING_SAME:
        a->reach = REACH_PUNCHABLE;
        a->reason = REACH_SAME_PORT;
        return;
    case OBSERVED_MAPPING_DIFFERS:
        a->reach = REACH_RELAYED;
        a->reason = REACH_PORTS_DIFFER;
        return;
    case OBSERVED_MAPPING_UNKNOWN:
        a->reach = REACH_RELAYED;
        a->reason = REACH_NO_DIAL;
        return;
    }
}

static void judge_addr(const struct reach_input *in, struct reach_addr *a)
{
    const struct autonat_probe *p = autonat_probes_find(in->probes, &a->addr);
    a->reach = REACH_UNKNOWN;
    a->reason = in->probes->servers_count > 0 ? REACH_ASKING : REACH_NOBODY_TO_ASK;
    if (!p) {
        return;
    }
    a->arrived_count = p->arrived_count;
    a->failed_count = p->failed_count;
    switch (p->verdict) {
    case AUTONAT_UNKNOWN:
        a->is_pending = in->probes->servers_count > 0 &&
                        !instant_reached(instant_add(p->changed_at, REACH_PENDING_US), in->now);
        return;
    case AUTONAT_REACHABLE:
        a->reach = REACH_REACHABLE;
        a->reason = a->sources & REACH_MAPPED ? REACH_DIALLED_MAPPED : REACH_DIALLED;
        return;
    case AUTONAT_UNREACHABLE: judge_closed(in, a); return;
    }
}

/* What counts more: a proof, then an address that was named a moment ago and is being asked for, then what is left of those
 * that were tried. One that nobody can try, such as of a family that no peer has, does not keep the others' verdict back. */
static int rank(const struct reach_addr *a)
{
    static const int ranks[REACH_COUNT] = {
        [REACH_UNKNOWN] = 0, [REACH_RELAYED] = 1, [REACH_PUNCHABLE] = 2, [REACH_REACHABLE] = 4};
    return a->is_pending ? 3 : ranks[a->reach];
}

static void judge_transports(struct reachability *r)
{
    int best[NET_TRANSPORT_COUNT][2] = {{0}};
    for (size_t i = 0; i < r->addrs_count; i++) {
        const struct reach_addr *a = &r->addrs[i];
        int *of_kind = &best[a->addr.transport][a->addr.is_ip6];
        if (rank(a) > *of_kind) {
            *of_kind = rank(a);
            r->by_transport[a->addr.transport][a->addr.is_ip6] = a->reach;
        }
    }
}

void reachability_judge(struct reachability *ret, const struct reach_input *in)
{
    struct reachability r = {.servers_count = in->probes->servers_count,
                             .mapping = mapping_of(in, false)};
    const struct reach_addr *best = NULL;
    r.addrs_count = reachability_addrs(in, r.addrs);
    for (size_t i = 0; i < r.addrs_count; i++) {
        judge_addr(in, &r.addrs[i]);
        best = !best || rank(&r.addrs[i]) > rank(best) ? &r.addrs[i] : best;
        r.has_pending = r.has_pending || r.addrs[i].is_pending;
    }
    judge_transports(&r);
    if (!in->is_listening) {
        r.reason = REACH_NOT_LISTENING;
    } else if (!best && r.mapping == OBSERVED_MAPPING_DIFFERS) {
        r.reach = REACH_RELAYED; /* each peer sees another address, none of which leads here */
        r.reason = REACH_PORTS_DIFFER;
    } else if (!best) {
        r.reason = REACH_NO_ADDRESS;
    } else {
        r.reach = best->reach;
        r.reason = best->reason;
    }
    *ret = r;
}

bool reachability_equal(const struct reachability *a, const struct reachability *b)
{
    if (a->reach != b->reach || a->reason != b->reason || a->addrs_count != b->addrs_count ||
        memcmp(a->by_transport, b->by_transport, sizeof a->by_transport) != 0) {
        return false;
    }
    for (size_t i = 0; i < a->addrs_count; i++) {
        if (!net_addr_equal(&a->addrs[i].addr, &b->addrs[i].addr) ||
            a->addrs[i].reach != b->addrs[i].reach || a->addrs[i].reason != b->addrs[i].reason) {
            return false;
        }
    }
    return true;
}
