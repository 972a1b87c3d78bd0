/* Servers of a daemon: dialling, status, heads; which one is asked. The calls themselves: servers_call.c. */
#include "node/daemon/servers.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/multiaddr.h"
#include "node/daemon/servers_inside.h"
#include "p2p/kad.h"

#include <string.h>

enum {
    DIAL_RETRY_MS_MIN = 500,
    DIAL_RETRY_MS_MAX = 60000,
    USELESS_RETRY_MS = 600000,
    STATUS_EVERY_S = 30,
    STATUS_RETRY_S = 3
};

const char *found_name(enum found f)
{
    switch (f) {
    case FOUND_BOOTSTRAP:  return "bootstrap";
    case FOUND_MANUAL:     return "manual";
    case FOUND_MDNS:       return "mdns";
    case FOUND_DHT:        return "dht";
    case FOUND_GOSSIP:     return "gossip";
    case FOUND_RENDEZVOUS: return "rendezvous";
    case FOUND_PUBLIC_DHT: return "public_dht";
    case FOUND_INBOUND:    return "inbound";
    case FOUND_COUNT:      break;
    }
    return "inbound";
}

enum err servers_init(struct servers *s, const struct servers_cfg *cfg)
{
    *s = (struct servers){.cfg = *cfg};
    void *p;
    TRY(mem_alloc(cfg->budget, &p, SERVERS_CALL_COUNT_MAX * sizeof(struct call)));
    s->calls = p;
    TRY(mem_alloc(cfg->budget, &p, SERVERS_QUESTION_COUNT_MAX * sizeof(struct question)));
    s->questions = p;
    trust_load(s);
    return OK;
}

void servers_done(struct servers *s)
{
    for (size_t i = 0; s->calls && i < SERVERS_CALL_COUNT_MAX; i++) {
        if (s->calls[i].is_used) {
            service_client_done(&s->calls[i].client);
            buf_done(&s->calls[i].userop);
        }
    }
    if (s->calls) {
        mem_free(s->cfg.budget, s->calls, SERVERS_CALL_COUNT_MAX * sizeof(struct call));
        s->calls = NULL;
    }
    if (s->questions) {
        ask_done(s);
        mem_free(s->cfg.budget, s->questions, SERVERS_QUESTION_COUNT_MAX * sizeof(struct question));
        s->questions = NULL;
    }
}

enum err servers_add(struct servers *s, struct span multiaddr_text, enum found found)
{
    struct target fresh = {.found = found};
    struct wr w = wr_init(MSPAN_OF(fresh.addr));
    struct span multihash;
    TRY(multiaddr_parse(&w, multiaddr_text, NULL));
    TRY(wr_end(&w));
    fresh.addr_len = (uint16_t)w.n;
    if (!multiaddr_peer_id(&multihash, span_of(fresh.addr, fresh.addr_len))) {
        return ERR_MALFORMED; /* without a peer id anybody could answer */
    }
    TRY(peer_id_decode(&fresh.peer, multihash));
    for (size_t i = 0; i < s->target_count; i++) {
        if (s->targets[i].addr_len == fresh.addr_len &&
            memcmp(s->targets[i].addr, fresh.addr, fresh.addr_len) == 0) {
            return OK;
        }
    }
    if (s->target_count >= SERVERS_TARGET_COUNT_MAX) {
        return ERR_LIMIT;
    }
    s->targets[s->target_count++] = fresh;
    return OK;
}

/* index_of: server_count if it is none. */
static size_t index_of(const struct servers *s, const struct peer_id *peer)
{
    size_t i = 0;
    while (i < s->server_count && !peer_id_equal(&s->servers[i].peer, peer)) {
        i++;
    }
    return i;
}

static struct server *find_server(struct servers *s, const struct peer_id *peer)
{
    size_t i = index_of(s, peer);
    return i < s->server_count ? &s->servers[i] : NULL;
}

struct server *servers_find(struct servers *s, const struct peer_id *peer)
{
    return find_server(s, peer);
}

bool servers_keeps(const struct servers *s, const struct peer_id *peer)
{
    return index_of(s, peer) < s->server_count || servers_is_named(s, peer);
}

size_t servers_usable_count(const struct servers *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->server_count; i++) {
        count += s->servers[i].is_usable;
    }
    return count;
}

void servers_tell(struct servers *s, struct wallet_time t)
{
    const struct network *n =
        wallet_network(s->cfg.wallet, wallet_settings(s->cfg.wallet)->network);
    bool has_network = s->cfg.is_local || host_peers_count(s->cfg.host) > 0;
    bool has_own = s->cfg.has_own_node && s->cfg.has_own_node(s->cfg.user, n->id);
    wallet_set_reach(s->cfg.wallet, t, n, servers_usable_count(s) + has_own,
                     has_network || has_own);
    if (s->cfg.changed) {
        s->cfg.changed(s->cfg.user);
    }
}

void servers_reconsider(struct servers *s, struct wallet_time t)
{
    servers_tell(s, t);
}

/* ---- connections ---- */

static void dial_later(struct target *x, instant now)
{
    uint64_t wait_ms = (uint64_t)DIAL_RETRY_MS_MIN << (x->failures > 7 ? 7 : x->failures);
    wait_ms = wait_ms > DIAL_RETRY_MS_MAX ? DIAL_RETRY_MS_MAX : wait_ms;
    wait_ms = x->is_useless ? USELESS_RETRY_MS : wait_ms;
    x->is_dialling = false;
    x->failures++;
    x->retry_at = instant_add(now, wait_ms * US_PER_MS);
}

static void dial(struct servers *s, instant now, struct target *x)
{
    struct host_peer_info info;
    if (trust_is_banned(s, &x->peer)) {
        x->retry_at = INSTANT_NEVER;
        return;
    }
    if (host_peer_find(s->cfg.host, &info, &x->peer)) {
        x->retry_at = instant_add(now, DIAL_RETRY_MS_MAX * US_PER_MS);
        return;
    }
    struct span addr = span_of(x->addr, x->addr_len);
    struct host_dial_args args = {
        .peer = &x->peer, .addrs = &addr, .addrs_count = 1, .insist = true};
    enum err err = host_dial(s->cfg.host, &x->dial, NULL, args);
    if (err == OK) {
        x->is_dialling = true;
        x->retry_at = INSTANT_NEVER;
    } else {
        dial_later(x, now);
    }
}

void servers_remove(struct servers *s, const struct peer_id *peer)
{
    struct server *one = find_server(s, peer);
    if (one) {
        s->server_count--;
        *one = s->servers[s->server_count];
    }
}

/* One that was named takes the place of a stranger. */
static void make_room(struct servers *s)
{
    for (size_t i = 0; i < s->server_count; i++) {
        if (!servers_is_named(s, &s->servers[i].peer)) {
            struct peer_id stranger = s->servers[i].peer;
            servers_remove(s, &stranger);
            return;
        }
    }
}

static void add_server(struct servers *s, struct wallet_time t, const struct peer_id *peer)
{
    if (find_server(s, peer) || trust_is_banned(s, peer)) {
        return;
    }
    if (s->server_count >= SERVERS_PEER_COUNT_MAX && servers_is_named(s, peer)) {
        make_room(s);
    }
    if (s->server_count < SERVERS_PEER_COUNT_MAX) {
        s->servers[s->server_count++] = (struct server){.peer = *peer, .status_at = t.mono};
        servers_tick(s, t);
    }
}

static void
on_disconnected(struct servers *s, instant now, struct wallet_time t, const struct host_event *e)
{
    servers_remove(s, &e->peer);
    for (size_t i = 0; i < s->target_count; i++) {
        if (peer_id_equal(&s->targets[i].peer, &e->peer)) {
            dial_later(&s->targets[i], now);
        }
    }
    servers_tell(s, t);
}

static void on_dial_failed(struct servers *s, instant now, const struct host_event *e)
{
    for (size_t i = 0; i < s->target_count; i++) {
        struct target *x = &s->targets[i];
        if (x->is_dialling && x->dial == e->dial) {
            log_line(s->cfg.log, LOG_DEBUG, "net", "dialling a server failed: %s",
                     e->rule ? e->rule : err_name(e->err));
            dial_later(x, now);
        }
    }
}

static void on_connected(struct servers *s, struct wallet_time t, const struct host_event *e)
{
    for (size_t i = 0; i < s->target_count; i++) {
        struct target *x = &s->targets[i];
        if (peer_id_equal(&x->peer, &e->peer)) {
            x->is_dialling = false;
            x->is_useless = false;
            x->failures = 0;
            x->retry_at = INSTANT_NEVER;
        }
    }
    servers_tell(s, t);
}

bool servers_host_event(struct servers *s,
                        instant now,
                        struct wallet_time t,
                        const struct host_event *e)
{
    switch (e->kind) {
    case HOST_EVENT_PEER_CONNECTED: on_connected(s, t, e); return true;
    case HOST_EVENT_PEER_IDENTIFIED:
        if (host_peer_speaks(s->cfg.host, &e->peer, SPAN_LIT(SERVICE_PROTOCOL_ID))) {
            add_server(s, t, &e->peer);
        } else {
            servers_drop_useless(s, &e->peer);
        }
        return true;
    case HOST_EVENT_PEER_DISCONNECTED: on_disconnected(s, now, t, e); return true;
    case HOST_EVENT_DIAL_FAILED:       on_dial_failed(s, now, e); return true;
    case HOST_EVENT_REFUSED:           s->refused_count++; return true;
    case HOST_EVENT_EXTENSION:         return false;
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:      return call_host_event(s, s->cfg.host, t, e);
    case HOST_EVENT_PING:              {
        struct server *one = find_server(s, &e->peer);
        if (one && e->err == OK) {
            servers_note_rtt(one, e->rtt_us);
        }
        return true;
    }
    case HOST_EVENT_PEER_DIRECT:
    case HOST_EVENT_PERF:        return true;
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:  return false; /* the driver's */
    }
    return false;
}

/* ---- time ---- */

static void follow_network(struct servers *s, struct wallet_time t)
{
    struct id network = wallet_settings(s->cfg.wallet)->network;
    if (id_equal(network, s->network)) {
        return;
    }
    const struct network *n = wallet_network(s->cfg.wallet, network);
    s->network = network;
    s->has_neighbours = n && n->kind != NETWORK_LOCAL;
    s->light_source_count = 0;
    for (size_t i = 0; i < s->server_count; i++) {
        s->servers[i].is_usable = false;
        s->servers[i].is_known = false;
        s->servers[i].status_at = t.mono;
    }
    call_drop_heads(s);
    servers_tell(s, t);
}

void servers_tick(struct servers *s, struct wallet_time t)
{
    instant now = t.mono;
    follow_network(s, t);
    for (size_t i = 0; i < s->target_count; i++) {
        struct target *x = &s->targets[i];
        if (!x->is_dialling && instant_reached(x->retry_at, now)) {
            dial(s, now, x);
        }
    }
    for (size_t i = 0; i < s->server_count; i++) {
        struct server *one = &s->servers[i];
        if (!one->is_asked && instant_reached(one->status_at, now)) {
            call_status(s, t, one);
        }
        if (one->is_usable && !one->has_heads) {
            call_heads(s, t, one);
        }
    }
    attest_tick_servers(s, t);
    call_tick(s, t);
    ask_tick(s, t);
}

instant servers_deadline(const struct servers *s)
{
    instant at = instant_min(call_deadline(s), ask_deadline(s));
    at = instant_min(at, attest_servers_deadline(s));
    for (size_t i = 0; i < s->target_count; i++) {
        at = instant_min(at, s->targets[i].retry_at);
    }
    for (size_t i = 0; i < s->server_count; i++) {
        if (!s->servers[i].is_asked) {
            at = instant_min(at, s->servers[i].status_at);
        }
    }
    return at;
}

void servers_note_rtt(struct server *one, uint64_t us)
{
    enum { OLD_WEIGHT = 3 };
    one->rtt_us = one->rtt_us ? (OLD_WEIGHT * one->rtt_us + us) / (OLD_WEIGHT + 1) : us;
}

void servers_learn_status(struct servers *s,
                          struct wallet_time t,
                          struct server *one,
                          const struct service_status *status)
{
    const struct network *n = wallet_network(s->cfg.wallet, s->network);
    bool was_usable = one->is_usable;
    one->is_asked = false;
    one->is_known = status != NULL;
    one->is_usable = status && n && status->has_head && status->chain_id == n->chain_id;
    one->status_at =
        instant_add(t.mono, (one->is_usable ? STATUS_EVERY_S : STATUS_RETRY_S) * US_PER_S);
    if (status) {
        one->level = status->level;
        one->keeps = status->keeps_capsules;
        one->cosigning = status->cosigning;
        one->head = status->has_head ? status->head.number : 0;
    }
    if (one->is_usable != was_usable) {
        log_line(s->cfg.log, LOG_INFO, "net", "a server for %s %s", n ? n->name.text : "?",
                 one->is_usable ? "is ready" : "is not ready");
        servers_tell(s, t);
    }
}

/* ---- for the API ---- */

/* Whom we dialled without an address of our own, a DHT did. */
static enum found found_of(const struct servers *s, const struct host_peer_info *info)
{
    enum found found = servers_found(s, &info->peer);
    if (found != FOUND_INBOUND || info->inbound) {
        return found;
    }
    bool is_of_ipfs = !host_peer_speaks(s->cfg.host, &info->peer, SPAN_LIT(KAD_PROTOCOL)) &&
                      host_peer_speaks(s->cfg.host, &info->peer, SPAN_LIT(KAD_PROTOCOL_IPFS));
    return is_of_ipfs ? FOUND_PUBLIC_DHT : FOUND_DHT;
}

static void put_peer(const struct servers *s, struct json_writer *j, size_t i, struct wallet_time t)
{
    struct host_peer_info info;
    char id[PEER_ID_TEXT_MAX];
    char text[512];
    host_peer_at(s->cfg.host, &info, i);
    peer_id_print(id, &info.peer);
    struct wr w = wr_init(MSPAN_OF(text));
    if (multiaddr_print(&w, info.addr) != OK) {
        w.n = 0;
    }
    uint64_t age_ms = instant_since(info.connected_at, t.mono) / US_PER_MS;
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, id);
    json_put_name(j, "address");
    json_put_string(j, span_of(text, w.n));
    json_put_name(j, "direction");
    json_put_str(j, info.inbound ? "in" : "out");
    json_put_name(j, "found");
    json_put_str(j, found_name(found_of(s, &info)));
    json_put_name(j, "rtt_ms");
    json_put_u64(j, (info.rtt_us + 999) / 1000);
    json_put_name(j, "agent");
    char agent[65];
    struct coded clean = {0};
    coded_add(&clean, "agent", span_first(info.agent, sizeof agent - 1));
    json_put_str(j, clean.params[0].value);
    json_put_name(j, "server");
    json_put_bool(j, host_peer_speaks(s->cfg.host, &info.peer, SPAN_LIT(SERVICE_PROTOCOL_ID)));
    json_put_name(j, "since_ms");
    json_put_u64(j, t.unix_ms > age_ms ? t.unix_ms - age_ms : 0);
    json_end_object(j);
}

enum { PEERS_SHOWN_MAX = 256 };

void servers_write_peers(const struct servers *s, struct json_writer *j, struct wallet_time t)
{
    json_put_array(j);
    for (size_t i = 0; i < host_peers_count(s->cfg.host) && i < PEERS_SHOWN_MAX; i++) {
        put_peer(s, j, i, t);
    }
    json_end_array(j);
}

static const char *level_word(enum service_level level)
{
    switch (level) {
    case SERVICE_LEVEL_NONE:       return "none";
    case SERVICE_LEVEL_OWN_ONLY:   return "own_only";
    case SERVICE_LEVEL_KNOWN_CODE: return "known_code";
    case SERVICE_LEVEL_FULL:       return "full";
    }
    return "none";
}

/* One whose lie is proven, with the words for it. */
static void put_banned(const struct peer_id *peer, struct json_writer *j)
{
    char id[PEER_ID_TEXT_MAX];
    peer_id_print(id, peer);
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, id);
    json_put_name(j, "rtt_ms");
    json_put_u64(j, 0);
    json_put_name(j, "kept_permille");
    json_put_u64(j, 0);
    json_put_name(j, "level");
    json_put_str(j, "none");
    json_put_name(j, "attested");
    json_put_str(j, "none");
    json_put_name(j, "state");
    json_put_str(j, "blocked");
    json_put_name(j, "reason");
    json_put_object(j);
    json_put_name(j, "code");
    json_put_str(j, "server_lied");
    json_put_name(j, "params");
    json_put_object(j);
    json_put_name(j, "server");
    json_put_str(j, id);
    json_end_object(j);
    json_end_object(j);
    json_end_object(j);
}

enum { BANNED_SHOWN_MAX = 64 };

static void put_cosigning(const struct server *one, struct json_writer *j)
{
    if (one->cosigning != SERVICE_COSIGNING_NONE) {
        json_put_name(j, "cosigning");
        json_put_str(j, one->cosigning == SERVICE_COSIGNING_SEALED ? "sealed" : "file");
    }
}

void servers_write_servers(const struct servers *s, struct json_writer *j)
{
    json_put_array(j);
    for (size_t i = 0; i < s->server_count; i++) {
        const struct server *one = &s->servers[i];
        char id[PEER_ID_TEXT_MAX];
        if (!one->is_usable) {
            continue;
        }
        peer_id_print(id, &one->peer);
        json_put_object(j);
        json_put_name(j, "id");
        json_put_str(j, id);
        json_put_name(j, "rtt_ms");
        json_put_u64(j, (one->rtt_us + 999) / 1000);
        json_put_name(j, "kept_permille");
        json_put_u64(j, one->asked_count ? one->kept_count * 1000 / one->asked_count : 1000);
        json_put_name(j, "level");
        json_put_str(j, level_word(one->level));
        attest_write(one, j);
        put_cosigning(one, j);
        json_put_name(j, "state");
        json_put_str(j, one->busy_until.us ? "busy" : "ok");
        json_end_object(j);
    }
    for (size_t i = s->ban_count; i > 0 && s->ban_count - i < BANNED_SHOWN_MAX; i--) {
        put_banned(&s->bans[i - 1], j);
    }
    json_end_array(j);
}

static void put_sources(const struct servers *s, struct json_writer *j)
{
    static const char *const names[] = {"mdns",    "dht",    "saved",      "bootstrap", "manual",
                                        "inbound", "gossip", "rendezvous", "public_dht"};
    static const uint8_t places[FOUND_COUNT] = {
        [FOUND_MDNS] = 0,    [FOUND_DHT] = 1,    [FOUND_BOOTSTRAP] = 3,  [FOUND_MANUAL] = 4,
        [FOUND_INBOUND] = 5, [FOUND_GOSSIP] = 6, [FOUND_RENDEZVOUS] = 7, [FOUND_PUBLIC_DHT] = 8};
    size_t counts[sizeof names / sizeof names[0]] = {0};
    for (size_t i = 0; i < host_peers_count(s->cfg.host); i++) {
        struct host_peer_info info;
        host_peer_at(s->cfg.host, &info, i);
        counts[places[found_of(s, &info)]]++;
    }
    json_put_name(j, "by_source");
    json_put_object(j);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_put_name(j, names[i]);
        json_put_u64(j, counts[i]);
    }
    json_end_object(j);
}

static void
put_sent(const struct servers *s, struct json_writer *j, const char *what, uint64_t count)
{
    json_put_object(j);
    json_put_name(j, "what");
    json_put_str(j, what);
    json_put_name(j, "to");
    json_put_str(j, s->cfg.is_local ? "local_network" : "servers");
    json_put_name(j, "count");
    json_put_u64(j, count);
    json_end_object(j);
}

void servers_write_network(const struct servers *s, struct json_writer *j)
{
    struct host_stats stats = host_stats(s->cfg.host);
    json_put_name(j, "peers");
    json_put_u64(j, stats.peers_count);
    put_sources(s, j);
    json_put_name(j, "memory_used");
    json_put_u64(j, stats.memory_used);
    json_put_name(j, "memory_max");
    json_put_u64(j, stats.memory_max);
    json_put_name(j, "refused");
    json_put_array(j);
    if (stats.refused_count) {
        json_put_object(j);
        json_put_name(j, "reason");
        json_put_str(j, "limit");
        json_put_name(j, "scope");
        json_put_str(j, "system");
        json_put_name(j, "count");
        json_put_u64(j, stats.refused_count);
        json_end_object(j);
    }
    json_end_array(j);
    json_put_name(j, "servers");
    json_put_u64(j, servers_usable_count(s));
    json_put_name(j, "sent");
    json_put_array(j);
    put_sent(s, j, "chain_question", s->sent_questions);
    put_sent(s, j, "user_operation", s->sent_operations);
    json_end_array(j);
}
