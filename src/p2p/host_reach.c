/* Reachability on a host: what identify says goes to observed.h, what follows from that to AutoNAT, and the verdict out of both. */
#include "p2p/host_reach.h"

#include "base/check.h"
#include "base/map.h"
#include "p2p/host_state.h"

#include <string.h>

static struct host_reach *of(struct host_extension *x)
{
    return (struct host_reach *)(void *)x;
}

static uint64_t number_of(const struct host_reach *hr, const struct peer_id *peer)
{
    return siphash24(hr->autonat.quota.seed, peer_id_span(peer)) | 1;
}

static void stale(struct host_reach *hr)
{
    hr->is_stale = true;
}

/* listen_port is where we listen with this transport and family; 0 = nowhere. */
static uint16_t listen_port(const struct host_reach *hr, const struct net_addr *like)
{
    for (size_t i = 0; i < hr->listen_count; i++) {
        if (hr->listen[i].transport == like->transport && hr->listen[i].is_ip6 == like->is_ip6) {
            return hr->listen[i].port;
        }
    }
    return 0;
}

/* hear takes what a peer said of us in identify. */
static void hear(struct host_reach *hr, const struct peer_id *peer)
{
    struct host_peer_info info;
    struct observed_args args = {.observer = number_of(hr, peer)};
    if (!host_peer_find(hr->host, &info, peer) || info.observed.n == 0 ||
        net_addr_of(&args.at, info.addr) != OK || net_addr_of(&args.addr, info.observed) != OK) {
        return; /* over a relay, or nothing that we could be dialled at */
    }
    args.listen_port = listen_port(hr, &args.addr);
    /* A transport at which we do not listen says nothing; datagrams leave from the socket that listens. */
    args.is_exact = args.listen_port != 0 &&
                    (info.inbound || args.addr.transport == NET_QUIC || hr->cfg.tcp_reuses_port);
    observed_add(&hr->observed, hr->host->now, &args);
    stale(hr);
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_reach *hr = of(self);
    if (e->kind == HOST_EVENT_PEER_IDENTIFIED) {
        struct peer_id peer = e->peer;
        hear(hr, &peer);
    } else if (e->kind == HOST_EVENT_PEER_DISCONNECTED) {
        observed_gone(&hr->observed, hr->host->now, number_of(hr, &e->peer));
        stale(hr);
    }
    return false;
}

static struct reach_input input_of(const struct host_reach *hr)
{
    return (struct reach_input){.listen = hr->listen,
                                .listen_count = hr->listen_count,
                                .is_listening = hr->is_listening,
                                .mapped = hr->mapped,
                                .mapped_count = hr->mapped_count,
                                .observed = &hr->observed,
                                .probes = &hr->autonat.probes,
                                .private_too = hr->cfg.autonat.policy.private_too,
                                .now = hr->host->now};
}

/* refresh draws the verdict anew, and asks of the addresses that are new. */
static void refresh(struct host_reach *hr)
{
    struct reach_input in = input_of(hr);
    struct reachability now;
    struct net_addr addrs[AUTONAT_PROBES_MAX];
    hr->is_stale = false;
    reachability_judge(&now, &in);
    for (size_t i = 0; i < now.addrs_count; i++) {
        addrs[i] = now.addrs[i].addr;
    }
    host_autonat_set_addrs(&hr->autonat, addrs, hr->is_listening ? now.addrs_count : 0);
    if (!reachability_equal(&now, &hr->verdict)) {
        hr->has_changed = true;
        hr->is_told = false;
    }
    hr->verdict = now;
    hr->judge_at = now.has_pending ? instant_add(hr->host->now, REACH_PENDING_US) : INSTANT_NEVER;
}

static bool work(struct host_extension *self)
{
    struct host_reach *hr = of(self);
    if (host_autonat_poll(&hr->autonat)) {
        stale(hr);
    }
    if (!hr->is_stale) {
        return false;
    }
    refresh(hr);
    return true;
}

static bool has_news(struct host_extension *self)
{
    struct host_reach *hr = of(self);
    bool news = hr->has_changed && !hr->is_told;
    hr->is_told = hr->is_told || news;
    return news;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_reach *hr = (const struct host_reach *)(const void *)self;
    return instant_min(observed_deadline(&hr->observed), hr->judge_at);
}

static void tick(struct host_extension *self, instant now)
{
    struct host_reach *hr = of(self);
    if (instant_reached(observed_deadline(&hr->observed), now)) {
        observed_expire(&hr->observed, now);
        stale(hr);
    }
    if (instant_reached(hr->judge_at, now)) {
        hr->judge_at = INSTANT_NEVER;
        stale(hr);
    }
}

bool host_reach_poll(struct host_reach *hr)
{
    bool changed = hr->has_changed;
    hr->has_changed = false;
    hr->is_told = false;
    return changed;
}

void host_reach_set_listen(struct host_reach *hr, const struct net_addr *addrs, size_t count)
{
    hr->listen_count = count < HOST_REACH_LISTEN_MAX ? count : HOST_REACH_LISTEN_MAX;
    (void)span_copy(MSPAN_OF(hr->listen), span_of(addrs, hr->listen_count * sizeof *addrs));
    hr->is_listening = count > 0;
    stale(hr);
}

void host_reach_set_mapped(struct host_reach *hr, const struct net_addr *addrs, size_t count)
{
    hr->mapped_count = count < HOST_REACH_MAPPED_MAX ? count : HOST_REACH_MAPPED_MAX;
    (void)span_copy(MSPAN_OF(hr->mapped), span_of(addrs, hr->mapped_count * sizeof *addrs));
    stale(hr);
}

enum err host_reach_announce(struct host_reach *hr, const struct span *also, size_t also_count)
{
    struct span addrs[HOST_ADDRS_MAX];
    uint8_t rooms[AUTONAT_PROBES_MAX][NET_ADDR_LEN_MAX];
    size_t count = also_count < HOST_ADDRS_MAX ? also_count : HOST_ADDRS_MAX;
    for (size_t i = 0; i < count; i++) {
        addrs[i] = also[i];
    }
    for (size_t i = 0; i < hr->verdict.addrs_count && count < HOST_ADDRS_MAX; i++) {
        struct wr w = wr_init(mspan_of(rooms[i], NET_ADDR_LEN_MAX));
        net_addr_write(&w, &hr->verdict.addrs[i].addr);
        check(wr_ok(&w));
        bool is_new = hr->verdict.addrs[i].reach == REACH_REACHABLE;
        for (size_t k = 0; k < also_count && is_new; k++) {
            is_new = !span_equal(also[k], span_of(rooms[i], w.n));
        }
        if (is_new) {
            addrs[count++] = span_of(rooms[i], w.n);
        }
    }
    return host_set_listen_addrs(hr->host, addrs, count);
}

enum err host_reach_init(struct host_reach *hr, struct host *host, const struct host_reach_cfg *cfg)
{
    *hr = (struct host_reach){
        .host = host,
        .cfg = *cfg,
        .observed = {.each_counts = cfg->autonat.policy.private_too},
        .judge_at = INSTANT_NEVER,
        .is_stale = true,
        .extension = {.on_event = on_event,
                     .work = work,
                     .has_news = has_news,
                     .deadline = deadline,
                     .tick = tick}
    };
    enum err e = host_autonat_init(&hr->autonat, host, &cfg->autonat);
    host_extend(host, &hr->extension);
    return e;
}

void host_reach_done(struct host_reach *hr)
{
    if (!hr->host) {
        return;
    }
    host_unextend(&hr->extension);
    host_autonat_done(&hr->autonat);
    memset(hr, 0, sizeof *hr);
}
