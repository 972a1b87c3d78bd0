/*~ The host: everything below an application's streams, and nothing that touches a socket. Read host.h for
 * what it does, host_state.h for what it is made of; swarm.c lets connections in, host_dial.c tries addresses, host_stream.c hands
 * out streams, host_builtin.c speaks identify, ping and perf. Here: making it, polling it, its clock. */
#include "p2p/host.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/wr.h"
#include "p2p/envelope.h"
#include "p2p/host_extension.h"
#include "p2p/host_state.h"

#include <string.h>

enum { MEMORY_MIN = 256 * 1024, MAP_COUNT_MAX = 1 << 20 };

/* Not to be inlined: clang 19.1.7 at -O1 and above loses the lower bound of one of two clamps whose values
 * depend on each other, as below. sim/hash_variants.py showed it. */
__attribute__((noinline)) static size_t clamp(size_t v, size_t low, size_t high)
{
    return v < low ? low : min_size(v, high);
}

struct host_limits host_limits_for(size_t memory_max)
{
    uint32_t conns = (uint32_t)clamp(memory_max / (48 * 1024), 8, 20000);
    return (struct host_limits){
        .conns_max = conns,
        .conns_in_max = conns - conns / 4,
        .conns_transient_max = (uint32_t)clamp(conns / 4, 4, 1024),
        .conns_per_peer_max = 4,
        .conns_per_host_max = 16,
        .conns_per_network_max = 64,
        .streams_per_conn_max = 2000,
        .streams_in_per_conn_max = 1000,
        .dials_max = 64,
        .memory_transient_max = memory_max / 4,
        .memory_per_peer_max = memory_max / 2,
        .memory_per_conn_max = memory_max / 2,
        .window_max = (uint32_t)clamp(memory_max / 8, YAMUX_WINDOW_INITIAL, 16 * 1024 * 1024),
        .credit_max = memory_max / 2,
        .queue_per_stream_max = (uint32_t)clamp(memory_max / 64, 16 * 1024, 1024 * 1024),
        .handshake_timeout_us = 15 * US_PER_S,
        .dial_timeout_us = 10 * US_PER_S,
        .stream_timeout_us = 60 * US_PER_S,
        .keepalive_us = 30 * US_PER_S};
}

static bool limits_are_unset(const struct host_limits *l)
{
    return l->conns_max == 0;
}

MUST_CHECK static enum err add_builtin(struct host *h,
                                       const char *protocol,
                                       enum host_builtin_kind kind,
                                       uint32_t per_peer_max)
{
    TRY(host_handle(h, protocol,
                    (struct host_protocol_args){.streams_in_per_peer_max = per_peer_max,
                                                .relayed_ok = kind != HOST_BUILTIN_PERF}));
    h->protocol_table[h->protocols.count - 1].builtin = kind;
    return OK;
}

MUST_CHECK static enum err add_builtins(struct host *h)
{
    TRY(add_builtin(h, IDENTIFY_PROTOCOL, HOST_BUILTIN_IDENTIFY, 4));
    TRY(add_builtin(h, IDENTIFY_PUSH_PROTOCOL, HOST_BUILTIN_PUSH, 2));
    /* SPEC libp2p/ping §"Protocol": a listener need not accept more than two ping streams of one peer. */
    TRY(add_builtin(h, PING_PROTOCOL, HOST_BUILTIN_PING, PING_STREAMS_IN_MAX));
    if (h->cfg.serve_perf) {
        TRY(add_builtin(h, PERF_PROTOCOL, HOST_BUILTIN_PERF, 4));
    }
    return OK;
}

static void init_lists(struct host *h)
{
    list_init(&h->link_events);
    list_init(&h->peer_events);
    list_init(&h->dying);
    list_init(&h->dials);
    list_init(&h->failed_dials);
    list_init(&h->perfs);
    list_init(&h->eventful);
    list_init(&h->sendable);
    list_init(&h->relayed_sendable);
    list_init(&h->extensions);
}

static void init_tables(struct host *h)
{
    struct map_cfg cfg = {.count_max = MAP_COUNT_MAX};
    cfg.seed[0] = rng_u64(h->cfg.rng);
    cfg.seed[1] = rng_u64(h->cfg.rng);
    map_init(&h->streams, &h->system, cfg);
    cfg.count_max = h->limits.conns_max;
    map_init(&h->links, &h->system, cfg);
    map_init(&h->peers, &h->system, cfg);
    dial_backoff_init(&h->backoff, &h->system, cfg.seed);
    struct conn_groups_cfg groups = {.per_host_max = h->limits.conns_per_host_max,
                                     .per_network_max = h->limits.conns_per_network_max,
                                     .groups_max = mul_sat_u32(h->limits.conns_max, 2)};
    conn_groups_init(&h->groups, &h->system, &groups, cfg.seed);
    heap_init(&h->timers, &h->system, MAP_COUNT_MAX);
    buf_init(&h->addrs, &h->system, (size_t)HOST_ADDRS_MAX * (MULTIADDR_LEN_MAX + 2));
    buf_init(&h->record, &h->system, ENVELOPE_LEN_MAX);
}

enum err host_init(struct host *h, const struct host_cfg *cfg, instant now)
{
    memset(h, 0, sizeof *h);
    h->cfg = *cfg;
    h->now = now;
    h->started_at = now;
    h->push_at = INSTANT_NEVER;
    h->record_seq = cfg->record_seq;
    if (cfg->memory_max < MEMORY_MIN) {
        return ERR_LIMIT;
    }
    h->limits = limits_are_unset(&cfg->limits) ? host_limits_for(cfg->memory_max) : cfg->limits;
    budget_init(&h->system, cfg->parent, "system", cfg->memory_max);
    budget_init(&h->transient, &h->system, "transient", h->limits.memory_transient_max);
    budget_init(&h->credit, NULL, "credit", h->limits.credit_max);
    init_lists(h);
    init_tables(h);
    h->protocols.ids = h->protocol_ids;
    h->relayed_protocols.ids = h->relayed_protocol_ids;
    peer_id_of_key(&h->self, cfg->signer->public_key);
    TRY(noise_identity_init(&h->identity, cfg->signer, cfg->rng));
    if (cfg->unix_s > 0) {
        TRY(tls_identity_init(&h->tls, cfg->signer, cfg->rng));
        TRY(quic_identity_init(&h->quic, &h->tls.certificate));
        quic_endpoint_init(&h->endpoint, &h->system, cfg->rng);
    }
    TRY(add_builtins(h));
    h->push_at = INSTANT_NEVER;
    return OK;
}

void host_done(struct host *h)
{
    if (!h->system.scope) {
        return;
    }
    host_swarm_done(h);
    struct host_event e;
    while (host_builtin_poll(h, &e)) {}
    map_done(&h->links);
    map_done(&h->peers);
    map_done(&h->streams);
    dial_backoff_done(&h->backoff);
    conn_groups_done(&h->groups);
    heap_done(&h->timers);
    buf_done(&h->addrs);
    buf_done(&h->record);
    noise_identity_done(&h->identity);
    tls_identity_done(&h->tls);
    quic_identity_done(&h->quic);
    quic_endpoint_done(&h->endpoint);
    check(h->transient.used == 0);
    check(h->credit.used == 0);
    check(h->system.used == 0);
    memset(h, 0, sizeof *h);
}

uint64_t host_unix_s(const struct host *h)
{
    uint64_t passed_s = instant_since(h->started_at, h->now) / US_PER_S;
    return h->cfg.unix_s ? h->cfg.unix_s + passed_s : 0;
}

const struct peer_id *host_self(const struct host *h)
{
    return &h->self;
}

/* ---- events ---- */

/* poll_once gives one event of the host itself. */
static bool poll_once(struct host *h, struct host_event *ret_event)
{
    for (;;) {
        if (host_swarm_poll(h, ret_event) || host_stream_poll(h, ret_event) ||
            host_builtin_poll(h, ret_event)) {
            return true;
        }
        struct list *first = list_first(&h->eventful);
        if (!first) {
            return false;
        }
        struct host_conn *hc = list_entry(first, struct host_conn, in_eventful);
        struct conn_event e;
        bool more = conn_poll(&hc->conn, &e);
        bool is_event = more && host_conn_on_event(h, ret_event, hc, &e);
        host_conn_touch(h, hc);
        if (!more) {
            list_remove(&hc->in_eventful);
        }
        if (is_event) {
            return true;
        }
    }
}

bool host_poll(struct host *h, struct host_event *ret_event)
{
    for (;;) {
        if (!poll_once(h, ret_event)) {
            if (host_extensions_work(h)) {
                continue;
            }
            return host_extensions_poll(h, ret_event);
        }
        if (!host_extensions_take(h, ret_event)) {
            return true;
        }
    }
}

instant host_deadline(const struct host *h)
{
    instant at = instant_min(h->push_at, heap_deadline(&h->timers));
    return instant_min(at, host_extensions_deadline(h));
}

void host_tick(struct host *h, instant now)
{
    h->now = now;
    if (instant_reached(h->push_at, now)) {
        h->push_at = INSTANT_NEVER;
        host_push_all(h);
    }
    while (instant_reached(heap_deadline(&h->timers), now)) {
        struct host_timer *t = list_entry(heap_first(&h->timers), struct host_timer, node);
        if (t->kind == HOST_TIMER_STREAM) {
            host_builtin_tick(h, list_entry(t, struct host_stream_state, timer));
        } else {
            host_swarm_tick(h, t);
        }
    }
    host_extensions_tick(h);
}

/* ---- what we announce ---- */

MUST_CHECK static enum err seal_record(struct host *h, const struct span *addrs, size_t count)
{
    buf_clear(&h->record);
    struct wr w = wr_init_buf(&h->record);
    struct peer_record_cfg cfg = {.seq = ++h->record_seq, .addrs = addrs, .addrs_count = count};
    TRY(peer_record_seal(&w, &cfg, h->cfg.signer, &h->system));
    return wr_end(&w);
}

enum err host_set_listen_addrs(struct host *h, const struct span *addrs, size_t count)
{
    if (count > HOST_ADDRS_MAX) {
        return ERR_LIMIT;
    }
    AUTO(buf_done) struct buf fresh = {0};
    buf_init(&fresh, &h->system, h->addrs.max);
    for (size_t i = 0; i < count; i++) {
        TRY(multiaddr_validate(addrs[i], NULL));
        uint8_t len[2] = {(uint8_t)(addrs[i].n >> 8),
                          (uint8_t)addrs[i].n}; /* <= MULTIADDR_LEN_MAX */
        TRY(buf_append(&fresh, SPAN_OF(len)));
        TRY(buf_append(&fresh, addrs[i]));
    }
    TRY(seal_record(h, addrs, count));
    struct buf old = h->addrs;
    h->addrs = fresh;
    fresh = old; /* freed on leaving */
    h->addrs_count = count;
    h->push_at = instant_min(h->push_at, instant_add(h->now, 100 * US_PER_MS));
    return OK;
}

/* ---- what is known of peers ---- */

static size_t count_protocols(const struct host_peer *p)
{
    struct identify_cursor c = identify_cursor_init(&p->info);
    struct span s;
    size_t n = 0;
    while (n < HOST_PEER_PROTOCOLS_MAX && identify_next_protocol(&s, &c)) {
        n++;
    }
    return n;
}

static size_t count_addrs(const struct host_peer *p)
{
    struct identify_cursor c = identify_cursor_init(&p->info);
    struct span s;
    size_t n = 0;
    while (n < HOST_PEER_ADDRS_MAX && identify_next_addr(&s, &c)) {
        n++;
    }
    return n;
}

static void fill_info(struct host_peer_info *ret_info, const struct host_peer *p)
{
    *ret_info = (struct host_peer_info){.peer = p->id,
                                        .conns_count = p->conns_count,
                                        .streams_count = p->streams_count,
                                        .inbound = p->inbound,
                                        .relayed = host_peer_is_relayed(p),
                                        .identified = p->is_identified,
                                        .rtt_us = p->ping_rtt_us,
                                        .connected_at = p->connected_at,
                                        .transport = "",
                                        .security = "",
                                        .muxer = "",
                                        .memory_used = p->budget.used};
    struct list *first = list_first(&p->conns);
    if (first) {
        const struct host_conn *hc = list_entry(first, struct host_conn, in_peer);
        ret_info->addr = buf_span(&hc->addr);
        ret_info->transport = host_addr_transport(ret_info->addr);
        ret_info->security = conn_security_name(&hc->conn);
        ret_info->muxer = conn_muxer_name(&hc->conn);
        ret_info->relay_data_max = hc->relay_data_max;
        ret_info->relay_until = hc->relay_until;
        uint64_t rtt_us = conn_rtt_us(&hc->conn);
        ret_info->rtt_us = rtt_us ? rtt_us : p->ping_rtt_us;
    }
    if (p->is_identified) {
        ret_info->observed = p->info.observed_addr;
        ret_info->agent = span_first(p->info.agent_version, 256);
        ret_info->protocols_count = count_protocols(p);
        ret_info->addrs_count = count_addrs(p);
    }
}

bool host_peer_find(const struct host *h,
                    struct host_peer_info *ret_info,
                    const struct peer_id *peer)
{
    const struct host_peer *p = host_peer_get(h, peer);
    if (!p || p->conns_count == 0) {
        return false;
    }
    fill_info(ret_info, p);
    return true;
}

size_t host_peers_count(const struct host *h)
{
    return h->peers.count;
}

void host_peer_at(const struct host *h, struct host_peer_info *ret_info, size_t i)
{
    fill_info(ret_info, map_at(&h->peers, i)->value);
}

struct span host_peer_protocol(const struct host *h, const struct peer_id *peer, size_t i)
{
    const struct host_peer *p = host_peer_get(h, peer);
    struct span s = SPAN_EMPTY;
    if (!p || !p->is_identified) {
        return s;
    }
    struct identify_cursor c = identify_cursor_init(&p->info);
    for (size_t at = 0; at <= i; at++) {
        if (!identify_next_protocol(&s, &c)) {
            return SPAN_EMPTY;
        }
    }
    return s;
}

struct span host_peer_addr(const struct host *h, const struct peer_id *peer, size_t i)
{
    const struct host_peer *p = host_peer_get(h, peer);
    struct span s = SPAN_EMPTY;
    if (!p || !p->is_identified) {
        return s;
    }
    struct identify_cursor c = identify_cursor_init(&p->info);
    for (size_t at = 0; at <= i; at++) {
        if (!identify_next_addr(&s, &c)) {
            return SPAN_EMPTY;
        }
    }
    return s;
}

bool host_peer_speaks(const struct host *h, const struct peer_id *peer, struct span protocol)
{
    const struct host_peer *p = host_peer_get(h, peer);
    if (!p || !p->is_identified) {
        return false;
    }
    struct identify_cursor c = identify_cursor_init(&p->info);
    struct span s;
    for (size_t n = 0; n < HOST_PEER_PROTOCOLS_MAX && identify_next_protocol(&s, &c); n++) {
        if (span_equal(s, protocol)) {
            return true;
        }
    }
    return false;
}

struct host_stats host_stats(const struct host *h)
{
    return (struct host_stats){.memory_used = h->system.used,
                               .memory_used_max = h->system.used_max,
                               .memory_max = h->system.limit,
                               .conns_count = (uint32_t)h->links.count, /* <= conns_max */
                               .conns_in_count = h->conns_in_count,
                               .conns_transient_count = h->conns_transient_count,
                               .peers_count = (uint32_t)h->peers.count,
                               .streams_count = (uint32_t)h->streams.count, /* <= MAP_COUNT_MAX */
                               .dials_count = h->dials_count,
                               .dials_joined_count = h->dials_joined_count,
                               .dials_backed_off_count = h->dials_backed_off_count,
                               .dials_black_holed_count = h->dials_black_holed_count,
                               .udp_is_blocked = h->holes[HOST_HOLE_UDP].is_blocked,
                               .ip6_is_blocked = h->holes[HOST_HOLE_IP6].is_blocked,
                               .bytes_in = h->bytes_in,
                               .bytes_out = h->bytes_out,
                               .refused_count = h->refused_count,
                               .handshakes_count = h->handshakes_count,
                               .handshakes_failed_count = h->handshakes_failed_count,
                               .credit_used = h->credit.used};
}
