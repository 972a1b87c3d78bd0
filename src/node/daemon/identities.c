/* A peer identity for each account. */
#include "node/daemon/identities.h"

#include "base/check.h"
#include "base/mem.h"
#include "node/net/tcp.h"
#include "p2p/host_circuit.h"
#include "p2p/host_dcutr.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

enum {
    RELAYED_MEMORY_MAX = 1024 * 1024,
    CLOSING_LOOK_MS = 20, /* until libuv has let go of a closed driver */
};

struct identity {
    struct identities *all;
    struct id account;
    struct key_signer key;
    struct host host;
    struct tcp tcp;
    struct host_circuit circuit;
    struct host_dcutr dcutr;
    instant used_at;
    bool is_leaving; /* nothing new is asked by it */
    bool is_closed;  /* its host is gone, and the driver going */
};

/* ---- life ---- */

static void on_host_event(void *user, const struct host_event *e)
{
    struct identity *one = user;
    struct host_circuit_event c;
    struct host_dcutr_event d;
    if (e->kind != HOST_EVENT_EXTENSION) {
        one->all->cfg.on_event(one->all->cfg.user, &one->host, e);
        return;
    }
    while (host_circuit_poll(&one->circuit, &c)) {}
    while (host_dcutr_poll(&one->dcutr, &d)) {}
}

MUST_CHECK static enum err init_host(struct identity *one)
{
    const struct identities_cfg *cfg = &one->all->cfg;
    uv_timeval64_t clock;
    AUTO(secret32_wipe) struct secret32 seed = {0};
    struct host_cfg host = {.signer = &one->key.signer,
                            .rng = cfg->rng,
                            .parent = cfg->budget,
                            .memory_max = IDENTITY_MEMORY_MAX,
                            .agent = cfg->agent};
    if (uv_gettimeofday(&clock) == 0 && clock.tv_sec > 0) {
        host.unix_s = (uint64_t)clock.tv_sec;
        host.record_seq = host.unix_s * 1000;
    }
    rng_fill(cfg->rng, MSPAN_OF(seed.bytes));
    key_signer_init(&one->key, &seed);
    enum err err = host_init(&one->host, &host, loop_now(cfg->loop));
    if (err != OK) {
        key_signer_done(&one->key);
    }
    return err;
}

/* Servers that are behind a relay are dialled through it, and upgraded as the daemon's own connections are. */
MUST_CHECK static enum err init_relay(struct identity *one)
{
    struct host_circuit_cfg circuit = {.memory_max = RELAYED_MEMORY_MAX};
    struct host_dcutr_cfg dcutr = {.private_too = one->all->cfg.private_too};
    TRY(host_circuit_init(&one->circuit, &one->host, &circuit));
    enum err err = host_dcutr_init(&one->dcutr, &one->host, &dcutr);
    if (err != OK) {
        host_circuit_done(&one->circuit);
    }
    return err;
}

MUST_CHECK static enum err init_driver(struct identity *one)
{
    const struct identities_cfg *cfg = &one->all->cfg;
    struct tcp_cfg tcp = {.loop = cfg->loop,
                          .host = &one->host,
                          .budget = cfg->budget,
                          .rng = cfg->rng,
                          .log = cfg->log,
                          .one_port = true,
                          .on_event = on_host_event,
                          .user = one};
    TRY(init_relay(one));
    enum err err = tcp_init(&one->tcp, &tcp);
    if (err != OK) {
        host_dcutr_done(&one->dcutr);
        host_circuit_done(&one->circuit);
    }
    return err;
}

MUST_CHECK static enum err
identity_new(struct identities *x, struct identity **ret, struct id account)
{
    void *p;
    TRY(mem_alloc(x->cfg.budget, &p, sizeof(struct identity)));
    struct identity *one = p;
    one->all = x;
    one->account = account;
    enum err err = init_host(one);
    if (err == OK && (err = init_driver(one)) != OK) {
        host_done(&one->host);
        key_signer_done(&one->key);
    }
    if (err != OK) {
        mem_free(x->cfg.budget, one, sizeof *one);
        return err;
    }
    host_set_gate(&one->host, x->cfg.gate);
    *ret = one;
    return OK;
}

static void identity_close(struct identity *one)
{
    one->is_leaving = true;
    one->is_closed = true;
    tcp_done(&one->tcp);
    host_dcutr_done(&one->dcutr);
    host_circuit_done(&one->circuit);
    host_done(&one->host);
    key_signer_done(&one->key);
}

void identities_init(struct identities *x, const struct identities_cfg *cfg)
{
    *x = (struct identities){.cfg = *cfg};
}

void identities_close(struct identities *x)
{
    for (size_t i = 0; i < x->count; i++) {
        if (!x->list[i]->is_closed) {
            identity_close(x->list[i]);
        }
    }
}

void identities_free(struct identities *x)
{
    for (size_t i = 0; i < x->count; i++) {
        check(x->list[i]->is_closed);
        mem_free(x->cfg.budget, x->list[i], sizeof *x->list[i]);
    }
    x->count = 0;
}

/* ---- which ---- */

static bool is_idle(const struct identity *one)
{
    const struct identities_cfg *cfg = &one->all->cfg;
    return !one->is_leaving && !cfg->is_asking(cfg->user, &one->host);
}

/* Has the one leave that was used longest ago; false: all are busy. It may be within its events: identities_tick closes it. */
static bool make_place(struct identities *x)
{
    struct identity *oldest = NULL;
    for (size_t i = 0; i < x->count; i++) {
        struct identity *one = x->list[i];
        if (is_idle(one) && (!oldest || instant_before(one->used_at, oldest->used_at))) {
            oldest = one;
        }
    }
    if (oldest) {
        oldest->is_leaving = true;
    }
    return oldest != NULL;
}

static struct identity *find(const struct identities *x, struct id account, size_t *ret_live)
{
    struct identity *found = NULL;
    *ret_live = 0;
    for (size_t i = 0; i < x->count; i++) {
        if (!x->list[i]->is_leaving) {
            *ret_live += 1;
            found = id_equal(x->list[i]->account, account) ? x->list[i] : found;
        }
    }
    return found;
}

enum err identities_host(struct identities *x, struct host **ret, instant now, struct id account)
{
    size_t live;
    struct identity *one = find(x, account, &live);
    if (!one) {
        if (x->count == IDENTITIES_COUNT_MAX || (live >= IDENTITIES_LIVE_MAX && !make_place(x))) {
            return ERR_LIMIT;
        }
        TRY(identity_new(x, &one, account));
        x->list[x->count++] = one;
    }
    one->used_at = now;
    *ret = &one->host;
    return OK;
}

void identities_disconnect(struct identities *x, const struct peer_id *peer)
{
    for (size_t i = 0; i < x->count; i++) {
        if (!x->list[i]->is_closed) {
            host_disconnect(&x->list[i]->host, peer);
        }
    }
}

/* ---- time ---- */

static instant idle_at(const struct identity *one)
{
    return instant_add(one->used_at, IDENTITY_IDLE_S * US_PER_S);
}

static void tick_one(struct identity *one, instant now)
{
    if (instant_reached(idle_at(one), now) && is_idle(one)) {
        one->is_leaving = true;
    }
    if (one->is_leaving && !one->is_closed) {
        identity_close(one);
    }
    if (!one->is_closed) {
        tcp_pump(&one->tcp); /* its events ask for another round */
    }
}

void identities_tick(struct identities *x, instant now)
{
    size_t left = 0;
    for (size_t i = 0; i < x->count; i++) {
        tick_one(x->list[i], now);
    }
    for (size_t i = 0; i < x->count; i++) {
        struct identity *one = x->list[i];
        if (one->is_closed && tcp_is_gone(&one->tcp)) {
            mem_free(x->cfg.budget, one, sizeof *one);
        } else {
            x->list[left++] = one;
        }
    }
    x->count = left;
}

instant identities_deadline(const struct identities *x, instant now)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < x->count; i++) {
        const struct identity *one = x->list[i];
        /* One that still asks when its time comes is looked at again as soon as that is over. */
        if (one->is_leaving) {
            at = instant_min(at, instant_add(now, CLOSING_LOOK_MS * US_PER_MS));
        } else if (!instant_reached(idle_at(one), now)) {
            at = instant_min(at, idle_at(one));
        }
    }
    return at;
}

/* ---- for the API ---- */

size_t identities_list(const struct identities *x,
                       struct net_identity ret[static IDENTITIES_COUNT_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct identity *one = x->list[i];
        if (!one->is_leaving) {
            ret[count++] = (struct net_identity){.account = id_span(&one->account),
                                                 .peer = host_self(&one->host),
                                                 .servers = host_peers_count(&one->host)};
        }
    }
    return count;
}
