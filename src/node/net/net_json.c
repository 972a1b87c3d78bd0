/* The network of a node, in JSON. */
#include "node/net/net_json.h"

#include "base/rd.h"
#include "node/net/reach_json.h"
#include "p2p/circuit_addr.h"
#include "p2p/host_state.h"

enum { TEXT_LEN_MAX = 256, ADDR_TEXT_LEN_MAX = 512, SHOWN_MAX = 64 };

static void put_str(struct json_writer *j, const char *name, const char *text)
{
    json_put_name(j, name);
    json_put_str(j, text);
}

static void put_u64(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

static void put_bool(struct json_writer *j, const char *name, bool v)
{
    json_put_name(j, name);
    json_put_bool(j, v);
}

static void put_ms(struct json_writer *j, const char *name, uint64_t us)
{
    put_u64(j, name, us / US_PER_MS);
}

static void put_id(struct json_writer *j, const char *name, const struct peer_id *id)
{
    char text[PEER_ID_TEXT_MAX];
    peer_id_print(text, id);
    put_str(j, name, text);
}

/* put_text writes a stranger's words as a value. */
static void put_text(struct json_writer *j, struct span words)
{
    char text[TEXT_LEN_MAX];
    size_t n = words.n < sizeof text ? words.n : sizeof text;
    for (size_t i = 0; i < n; i++) {
        text[i] = words.p[i] >= 0x20 && words.p[i] < 0x7f ? (char)words.p[i] : '?';
    }
    json_put_string(j, span_of(text, n));
}

/* put_addr writes a multiaddr as a value; one that has no text, or too long a one, as "". */
static void put_addr(struct json_writer *j, struct span addr)
{
    char text[ADDR_TEXT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    bool is_good = addr.n > 0 && multiaddr_print(&w, addr) == OK;
    json_put_string(j, span_of(text, is_good ? w.n : 0));
}

static void put_named_addr(struct json_writer *j, const char *name, struct span addr)
{
    json_put_name(j, name);
    put_addr(j, addr);
}

/* ---- whom a person means ---- */

enum err net_target_read(struct net_target *ret, struct span text)
{
    struct span hash;
    ret->addr = SPAN_EMPTY;
    if (text.n == 0 || text.p[0] != '/') {
        return peer_id_parse(&ret->peer, text) == OK ? OK : ERR_MALFORMED;
    }
    struct wr w = wr_init(MSPAN_OF(ret->room));
    TRY(multiaddr_parse(&w, text, NULL));
    TRY(wr_end(&w));
    if (!multiaddr_peer_id(&hash, span_of(ret->room, w.n))) {
        return ERR_MALFORMED; /* anybody could answer there */
    }
    ret->addr = span_of(ret->room, w.n);
    return peer_id_decode(&ret->peer, hash) == OK ? OK : ERR_MALFORMED;
}

/* ---- peers ---- */

static void put_connection(struct json_writer *j, const struct host_peer_info *info, instant now)
{
    put_named_addr(j, "address", info->addr);
    put_str(j, "direction", info->inbound ? "in" : "out");
    put_str(j, "transport", info->transport);
    put_str(j, "security", info->security);
    put_str(j, "muxer", info->muxer);
    put_u64(j, "rtt_us", info->rtt_us);
    put_u64(j, "since_s", instant_since(info->connected_at, now) / US_PER_S);
    put_u64(j, "connections", info->conns_count);
    put_u64(j, "streams", info->streams_count);
    put_u64(j, "memory_used", info->memory_used);
    put_named_addr(j, "observed", info->observed);
    json_put_name(j, "agent");
    put_text(j, info->agent);
}

/* What the connection manager holds of a peer. */
static void put_tags(struct json_writer *j, const struct net_json *n, const struct peer_id *peer)
{
    struct conn_tags tags;
    if (!n->peers || !conn_manager_tags(&n->peers->manager, &tags, peer)) {
        return;
    }
    json_put_name(j, "tags");
    json_put_array(j);
    for (int i = 0; i < CONN_TAG_COUNT; i++) {
        bool protects = tags.protectors >> i & 1;
        if (tags.values[i] > 0 || protects) {
            json_put_object(j);
            put_str(j, "tag", conn_tag_name((enum conn_tag)i));
            put_u64(j, "value", tags.values[i]);
            put_bool(j, "protects", protects);
            json_end_object(j);
        }
    }
    json_end_array(j);
}

/* What gossipsub thinks of a peer that speaks it. */
static void put_score(struct json_writer *j, const struct net_json *n, const struct peer_id *peer)
{
    struct gossip_peer_info info;
    if (n->gossip && gossip_peer_find(&n->gossip->gossip, &info, peer)) {
        json_put_name(j, "gossip_score");
        json_put_i64(j, info.score);
    }
}

/* Why the last peers left, and others were not let in. */
static void put_reasons(struct json_writer *j, const struct net_json *n)
{
    const struct host_ending *e;
    if (!n->peers) {
        return;
    }
    json_put_name(j, "endings");
    json_put_array(j);
    for (size_t i = 0; i < NET_JSON_ENDINGS_MAX && (e = host_conn_manager_ending(n->peers, i));
         i++) {
        json_put_object(j);
        put_id(j, "peer", &e->peer);
        put_u64(j, "ago_s", instant_since(e->at, n->now) / US_PER_S);
        put_str(j, "direction", e->inbound ? "in" : "out");
        put_bool(j, "pruned", e->was_pruned);
        put_str(j, "why", e->rule ? e->rule : err_name(e->err));
        json_end_object(j);
    }
    json_end_array(j);
    json_put_name(j, "refusals");
    json_put_array(j);
    for (size_t i = 0; i < n->peers->refusals_count; i++) {
        const struct host_refusal_kind *r = &n->peers->refusals[i];
        json_put_object(j);
        put_str(j, "why", r->last.reason);
        put_str(j, "scope", r->last.scope);
        put_u64(j, "count", r->count);
        json_end_object(j);
    }
    json_end_array(j);
}

static void
put_info(struct json_writer *j, const struct net_json *n, const struct host_peer_info *info)
{
    json_put_object(j);
    put_id(j, "id", &info->peer);
    put_connection(j, info, n->now);
    json_put_name(j, "protocols");
    json_put_array(j);
    for (size_t i = 0; i < info->protocols_count && i < NET_JSON_PROTOCOLS_MAX; i++) {
        put_text(j, host_peer_protocol(n->host, &info->peer, i));
    }
    json_end_array(j);
    put_tags(j, n, &info->peer);
    put_score(j, n, &info->peer);
    json_end_object(j);
}

void net_json_put_peer(struct json_writer *j, const struct net_json *n, size_t i)
{
    struct host_peer_info info;
    host_peer_at(n->host, &info, i);
    put_info(j, n, &info);
}

static void put_peers(struct json_writer *j, const struct net_json *n)
{
    json_put_name(j, "peers");
    json_put_array(j);
    for (size_t i = 0; i < host_peers_count(n->host) && i < NET_JSON_PEERS_MAX; i++) {
        net_json_put_peer(j, n, i);
    }
    json_end_array(j);
}

/* ---- the DHT ---- */

static void put_dht(struct json_writer *j, const struct net_json *n)
{
    struct kad_stats s = {.peers_count = 0};
    if (n->kad) {
        s = kad_stats(&n->kad->kad);
    }
    json_put_name(j, "dht");
    json_put_object(j);
    put_str(j, "mode", !n->kad ? "off" : s.is_server ? "server" : "client");
    put_u64(j, "peers", s.peers_count);
    put_u64(j, "network_size", s.network_size);
    put_u64(j, "operations", s.ops_count);
    put_u64(j, "queries", s.queries_count);
    put_u64(j, "providers", s.providers_count);
    put_u64(j, "values", s.values_count);
    put_u64(j, "served", s.served_count);
    json_put_name(j, "buckets");
    json_put_array(j);
    for (unsigned i = 0; n->kad && i < KAD_BUCKETS_MAX; i++) {
        uint32_t count = n->kad->kad.table.bucket_counts[i];
        if (count > 0) {
            json_put_object(j);
            put_u64(j, "bits", i);
            put_u64(j, "peers", count);
            json_end_object(j);
        }
    }
    json_end_array(j);
    json_end_object(j);
}

/* ---- gossip ---- */

/* Those who are in it now; a score outlives that. */
static size_t subscribers_count(const struct gossip_topic *t)
{
    size_t count = 0;
    for (struct list *i = t->members.next; i != &t->members; i = i->next) {
        count += list_entry(i, const struct gossip_member, in_topic)->is_subscribed;
    }
    return count;
}

static void put_topic(struct json_writer *j, const struct gossip *g, const struct gossip_topic *t)
{
    struct span name = span_of(t->name, t->name_len);
    json_put_object(j);
    json_put_name(j, "topic");
    put_text(j, name);
    put_bool(j, "subscribed", t->is_subscribed);
    put_u64(j, "peers", subscribers_count(t));
    json_put_name(j, "mesh");
    json_put_array(j);
    for (size_t i = 0; i < gossip_peers_count(g); i++) {
        struct gossip_peer_info info;
        char id[PEER_ID_TEXT_MAX];
        gossip_peer_at(g, &info, i);
        if (gossip_in_mesh(g, name, &info.peer)) {
            peer_id_print(id, &info.peer);
            json_put_str(j, id);
        }
    }
    json_end_array(j);
    json_end_object(j);
}

static void put_gossip(struct json_writer *j, const struct net_json *n)
{
    const struct gossip *g = n->gossip ? &n->gossip->gossip : NULL;
    json_put_name(j, "topics");
    json_put_array(j);
    for (size_t i = 0; g && i < g->topics.count && i < SHOWN_MAX; i++) {
        put_topic(j, g, map_at(&g->topics, i)->value);
    }
    json_end_array(j);
}

/* ---- descriptors of servers ---- */

static void put_directory(struct json_writer *j, const struct net_json *n)
{
    const struct directory_host *d = n->directory;
    if (!d) {
        return;
    }
    json_put_name(j, "directory");
    json_put_object(j);
    put_u64(j, "held", d->list.store.entries.count);
    put_u64(j, "held_max", d->list.store.cfg.count_max);
    put_u64(j, "answers", d->answers_count);
    json_put_name(j, "verdicts");
    json_put_array(j);
    for (int v = 0; v < DESCRIPTOR_VERDICT_COUNT; v++) {
        if (d->list.counts[v] > 0) {
            json_put_object(j);
            put_str(j, "verdict", descriptor_verdict_name((enum descriptor_verdict)v));
            put_u64(j, "count", d->list.counts[v]);
            json_end_object(j);
        }
    }
    json_end_array(j);
    json_end_object(j);
}

/* ---- addresses ---- */

static void put_sources(struct json_writer *j, unsigned sources, bool is_relay)
{
    json_put_name(j, "sources");
    json_put_array(j);
    if (sources & REACH_LISTEN) {
        json_put_str(j, "listen");
    }
    if (sources & REACH_OBSERVED) {
        json_put_str(j, "observed");
    }
    if (sources & REACH_MAPPED) {
        json_put_str(j, "mapped");
    }
    if (sources == 0) {
        json_put_str(j, is_relay ? "relay" : "announced");
    }
    json_end_array(j);
}

static struct span write_addr(uint8_t room[static NET_ADDR_LEN_MAX], const struct net_addr *a)
{
    struct wr w = wr_init(mspan_of(room, NET_ADDR_LEN_MAX));
    net_addr_write(&w, a);
    return span_of(room, wr_ok(&w) ? w.n : 0);
}

/* What may be ours, with what is known of it. */
static void put_judged(struct json_writer *j, const struct reach_addr *a)
{
    uint8_t room[NET_ADDR_LEN_MAX];
    json_put_object(j);
    put_named_addr(j, "address", write_addr(room, &a->addr));
    put_sources(j, a->sources, false);
    json_put_name(j, "reach");
    reach_json_put(j, (struct reach_word){a->reach, a->reason});
    put_u64(j, "arrived", a->arrived_count);
    put_u64(j, "failed", a->failed_count);
    json_end_object(j);
}

static bool is_judged(const struct reachability *v, struct span addr)
{
    for (size_t i = 0; v && i < v->addrs_count; i++) {
        uint8_t room[NET_ADDR_LEN_MAX];
        if (span_equal(write_addr(room, &v->addrs[i].addr), addr)) {
            return true;
        }
    }
    return false;
}

/* What peers are told beside these: through relays, by hand, and as it is listened on. */
static void put_announced(struct json_writer *j, const struct host *h, const struct reachability *v)
{
    struct rd r = rd_init(buf_span(&h->addrs));
    while (r.rest.n > 0) {
        size_t len = rd_be16(&r);
        struct span addr = rd_bytes(&r, len);
        if (is_judged(v, addr)) {
            continue;
        }
        json_put_object(j);
        put_named_addr(j, "address", addr);
        put_sources(j, 0, circuit_addr_is(addr));
        json_end_object(j);
    }
}

static void put_reach(struct json_writer *j, const struct net_json *n)
{
    static const char *const mappings[] = {[OBSERVED_MAPPING_UNKNOWN] = "unknown",
                                           [OBSERVED_MAPPING_SAME] = "same",
                                           [OBSERVED_MAPPING_DIFFERS] = "differs"};
    const struct reachability *v = n->reach ? &n->reach->verdict : NULL;
    struct reach_word word = {.reach = REACH_UNKNOWN, .reason = REACH_NOT_LISTENING};
    if (v) {
        word = (struct reach_word){v->reach, v->reason};
    }
    json_put_name(j, "reach");
    reach_json_put(j, word);
    put_str(j, "router_ports", mappings[v ? v->mapping : OBSERVED_MAPPING_UNKNOWN]);
    put_u64(j, "testers", v ? v->servers_count : 0);
    json_put_name(j, "addresses");
    json_put_array(j);
    for (size_t i = 0; v && i < v->addrs_count; i++) {
        put_judged(j, &v->addrs[i]);
    }
    put_announced(j, n->host, v);
    json_end_array(j);
}

/* ---- the budget ---- */

static void put_budget(struct json_writer *j, const struct budget *b)
{
    json_put_object(j);
    put_str(j, "scope", b->scope);
    put_u64(j, "used", b->used);
    put_u64(j, "used_max", b->used_max);
    put_u64(j, "limit", b->limit);
    put_u64(j, "refused", b->refused_count);
    json_end_object(j);
}

static void put_count(struct json_writer *j, const char *what, uint64_t used, uint64_t limit)
{
    json_put_object(j);
    put_str(j, "what", what);
    put_u64(j, "used", used);
    put_u64(j, "limit", limit);
    json_end_object(j);
}

static void put_budgets(struct json_writer *j, const struct net_json *n)
{
    const struct host *h = n->host;
    struct host_stats s = host_stats(h);
    json_put_name(j, "budget");
    json_put_array(j);
    for (size_t i = 0; i < NET_JSON_BUDGETS_MAX && n->budgets[i]; i++) {
        put_budget(j, n->budgets[i]);
    }
    put_budget(j, &h->system);
    put_budget(j, &h->transient);
    put_budget(j, &h->credit);
    if (n->kad) {
        put_budget(j, &n->kad->kad.budget);
        put_budget(j, &n->kad->budget);
    }
    if (n->gossip) {
        put_budget(j, &n->gossip->gossip.budget);
        put_budget(j, &n->gossip->budget);
    }
    json_end_array(j);
    json_put_name(j, "counts");
    json_put_array(j);
    put_count(j, "connections", s.conns_count, h->limits.conns_max);
    put_count(j, "connections_in", s.conns_in_count, h->limits.conns_in_max);
    put_count(j, "connections_transient", s.conns_transient_count, h->limits.conns_transient_max);
    put_count(j, "dials", s.dials_count, h->limits.dials_max);
    put_count(j, "protocols", h->protocols.count, HOST_PROTOCOLS_MAX);
    json_end_array(j);
}

static void put_identities(struct json_writer *j, const struct net_json *n)
{
    if (!n->identities) {
        return;
    }
    json_put_name(j, "identities");
    json_put_array(j);
    for (size_t i = 0; i < n->identities_count; i++) {
        const struct net_identity *one = &n->identities[i];
        json_put_object(j);
        json_put_name(j, "account_id");
        json_put_string(j, one->account);
        put_id(j, "peer_id", one->peer);
        put_u64(j, "servers", one->servers);
        json_end_object(j);
    }
    json_end_array(j);
}

void net_json_put_state(struct json_writer *j, const struct net_json *n)
{
    json_put_object(j);
    put_id(j, "id", host_self(n->host));
    put_reach(j, n);
    put_peers(j, n);
    put_identities(j, n);
    put_reasons(j, n);
    put_dht(j, n);
    put_gossip(j, n);
    put_directory(j, n);
    put_budgets(j, n);
    json_end_object(j);
}

/* ---- probes ---- */

static const char *step_word(enum kad_candidate_state s)
{
    switch (s) {
    case KAD_ANSWERED: return "answered";
    case KAD_FAILED:   return "failed";
    case KAD_HEARD:
    case KAD_ASKED:    break;
    }
    return "left"; /* not waited for */
}

static void put_lookup(struct json_writer *j, const struct host_probe *p)
{
    json_put_name(j, "lookup");
    json_put_object(j);
    put_ms(j, "took_ms", p->lookup_us);
    put_u64(j, "asked", p->lookup.asked_count);
    put_u64(j, "answered", p->lookup.answered_count);
    put_u64(j, "hops", p->lookup.hops);
    json_put_name(j, "steps");
    json_put_array(j);
    for (size_t i = 0; i < p->steps_count; i++) {
        const struct kad_step *s = &p->steps[i];
        json_put_object(j);
        put_id(j, "peer", &s->peer);
        put_str(j, "state", step_word(s->state));
        put_u64(j, "hops", s->hops);
        put_u64(j, "path", s->path);
        put_ms(j, "at_ms", instant_since(p->started_at, s->asked_at));
        put_ms(j, "took_ms", s->took_us);
        put_u64(j, "named", s->named_count);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void put_dial(struct json_writer *j, const struct host_probe *p)
{
    json_put_name(j, "dial");
    json_put_array(j);
    for (size_t i = 0; i < p->trace.count; i++) {
        const struct host_dial_step *s = &p->trace.steps[i];
        json_put_object(j);
        put_named_addr(j, "address", span_of(s->addr, s->addr_len));
        put_str(j, "state", host_dial_outcome_name(s->outcome));
        put_ms(j, "at_ms", instant_since(p->started_at, s->begun_at));
        put_ms(j, "took_ms", s->took_us);
        json_put_name(j, "why");
        put_text(j, s->rule        ? span_str(s->rule)
                    : s->err != OK ? span_str(err_name(s->err))
                                   : SPAN_EMPTY);
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_pings(struct json_writer *j, const struct host_probe *p)
{
    json_put_name(j, "pings");
    json_put_array(j);
    for (uint32_t i = 0; i < p->pings_count; i++) {
        json_put_object(j);
        put_bool(j, "answered", p->rtts_us[i] != HOST_PROBE_NO_ANSWER);
        put_u64(j, "rtt_us", p->rtts_us[i] != HOST_PROBE_NO_ANSWER ? p->rtts_us[i] : 0);
        json_end_object(j);
    }
    json_end_array(j);
}

void net_json_put_probe(struct json_writer *j, const struct net_json *n, const struct host_probe *p)
{
    struct host_peer_info info;
    json_put_object(j);
    put_id(j, "peer", &p->args.peer);
    put_str(j, "outcome", host_probe_outcome_name(p->outcome));
    put_ms(j, "took_ms", p->took_us);
    put_bool(j, "was_connected", p->was_connected);
    put_bool(j, "in_table", p->in_table);
    if (p->has_lookup) {
        put_lookup(j, p);
    }
    json_put_name(j, "addresses");
    json_put_array(j);
    for (size_t i = 0; i < p->addrs_count; i++) {
        put_addr(j, p->addrs[i]);
    }
    json_end_array(j);
    put_dial(j, p);
    if (host_peer_find(n->host, &info, &p->args.peer)) {
        json_put_name(j, "connection");
        put_info(j, n, &info);
    }
    put_pings(j, p);
    json_end_object(j);
}
