/* The connection manager on a host: see host_conn_manager.h. */
#include "p2p/host_conn_manager.h"

#include "base/arith.h"
#include "p2p/host_state.h"

#include <string.h>

static const uint64_t GRACE_US_DEFAULT = 20 * US_PER_S;
static const char PRUNED[] = "more peers than are wanted, and this one was of least use";

static struct host_conn_manager *of(struct host_extension *self)
{
    return (struct host_conn_manager *)(void *)self;
}

/* ---- what is remembered ---- */

static void remember_ending(struct host_conn_manager *hm, const struct host_event *e)
{
    hm->endings[hm->endings_count++ % HOST_ENDINGS_MAX] =
        (struct host_ending){.peer = e->peer,
                             .at = hm->host->now,
                             .err = e->err,
                             .rule = e->rule,
                             .inbound = e->inbound,
                             .was_pruned = e->rule == PRUNED};
}

/* Static words: the same reason is the same pointer. Two that are equal and lie apart stand apart. How a handshake can fail is one
 * kind, or whoever tries all ways would leave no room for others. */
static bool is_same_kind(const struct refusal *a, const struct refusal *b)
{
    return a->scope == b->scope && (a->reason == b->reason || strcmp(a->scope, "handshake") == 0);
}

static void remember_refusal(struct host_conn_manager *hm, const struct refusal *r)
{
    for (size_t i = 0; i < hm->refusals_count; i++) {
        struct host_refusal_kind *k = &hm->refusals[i];
        if (is_same_kind(&k->last, r)) {
            k->last = *r;
            k->count++;
            return;
        }
    }
    if (hm->refusals_count < HOST_REFUSAL_KINDS_MAX) {
        hm->refusals[hm->refusals_count++] = (struct host_refusal_kind){.last = *r, .count = 1};
    }
}

const struct host_ending *host_conn_manager_ending(const struct host_conn_manager *hm, size_t i)
{
    if (i >= HOST_ENDINGS_MAX || i >= hm->endings_count) {
        return NULL;
    }
    return &hm->endings[(hm->endings_count - 1 - i) % HOST_ENDINGS_MAX];
}

/* ---- the extension ---- */

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_conn_manager *hm = of(self);
    if (e->kind == HOST_EVENT_PEER_CONNECTED) {
        conn_manager_connected(&hm->manager, hm->host->now, &e->peer, e->inbound);
    } else if (e->kind == HOST_EVENT_PEER_DISCONNECTED) {
        conn_manager_disconnected(&hm->manager, &e->peer);
        remember_ending(hm, e);
    } else if (e->kind == HOST_EVENT_REFUSED) {
        remember_refusal(hm, &e->refusal);
    }
    return false; /* everybody else is to hear of it too */
}

static bool work(struct host_extension *self)
{
    struct peer_id peer;
    bool any = false;
    while (conn_manager_poll(&of(self)->manager, &peer)) {
        host_disconnect_for(of(self)->host, &peer, PRUNED);
        any = true;
    }
    return any;
}

static bool has_news(struct host_extension *self)
{
    (void)self;
    return false;
}

static instant deadline(const struct host_extension *self)
{
    return conn_manager_deadline(&((const struct host_conn_manager *)(const void *)self)->manager);
}

void host_conn_manager_refresh(struct host_conn_manager *hm)
{
    for (size_t i = 0; i < host_peers_count(hm->host); i++) {
        struct host_peer_info info;
        host_peer_at(hm->host, &info, i);
        conn_manager_busy(&hm->manager, &info.peer, info.streams_count);
        if (hm->cfg.refresh) {
            hm->cfg.refresh(hm->cfg.user, &hm->manager, &info.peer);
        }
    }
}

static void tick(struct host_extension *self, instant now)
{
    struct host_conn_manager *hm = of(self);
    if (instant_reached(conn_manager_deadline(&hm->manager), now)) {
        host_conn_manager_refresh(hm);
        conn_manager_trim(&hm->manager, now);
    }
}

/* ---- life ---- */

static struct conn_manager_cfg marks_of(const struct host *host,
                                        const struct host_conn_manager_cfg *cfg)
{
    uint32_t conns = host->limits.conns_max;
    uint32_t high = cfg->high ? cfg->high : conns - conns / 8 * 3;
    uint32_t low = cfg->low ? cfg->low : high - high / 5;
    return (struct conn_manager_cfg){.high = high,
                                     .low = min_u32(low, high),
                                     .grace_us = cfg->grace_us ? cfg->grace_us : GRACE_US_DEFAULT};
}

void host_conn_manager_init(struct host_conn_manager *hm,
                            struct host *host,
                            const struct host_conn_manager_cfg *cfg)
{
    *hm = (struct host_conn_manager){.host = host, .cfg = *cfg};
    hm->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    struct conn_manager_cfg manager = marks_of(host, cfg);
    manager.peers_max = add_sat_u32(host->limits.conns_max, 256); /* some are only protected */
    manager.budget = &host->system;
    manager.seed[0] = host->peers.seed[0];
    manager.seed[1] = host->peers.seed[1];
    conn_manager_init(&hm->manager, &manager);
    host_extend(host, &hm->extension);
}

void host_conn_manager_set_marks(struct host_conn_manager *hm,
                                 const struct host_conn_manager_cfg *cfg)
{
    struct conn_manager_cfg marks = marks_of(hm->host, cfg);
    conn_manager_set_marks(&hm->manager, hm->host->now, &marks);
}

void host_conn_manager_done(struct host_conn_manager *hm)
{
    if (hm->host) {
        host_unextend(&hm->extension);
        conn_manager_done(&hm->manager);
        hm->host = NULL;
    }
}
