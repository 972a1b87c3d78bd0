/* The peer store on a host: see host_peer_store.h. */
#include "p2p/host_peer_store.h"

#include "p2p/host_state.h"

static struct host_peer_store *of(struct host_extension *self)
{
    return (struct host_peer_store *)(void *)self;
}

/* on_met: where who comes to us can be dialled, its address does not say; and who was met through a relay may be met
 * without. */
static void on_met(struct host_peer_store *hp, const struct host_event *e, uint64_t now_s)
{
    if (!e->inbound && !e->relayed) {
        peer_store_worked(&hp->store, &e->peer, e->addr, now_s);
    }
}

static void on_identified(struct host_peer_store *hp, const struct peer_id *peer, uint64_t now_s)
{
    const struct host_peer *p = host_peer_get(hp->host, peer);
    if (!p || !p->is_identified) {
        return;
    }
    if (p->info.signed_peer_record.n > 0) {
        enum err err = peer_store_take_record(&hp->store, peer, p->info.signed_peer_record, now_s);
        if (err == OK || err == ERR_STATE) {
            return; /* one that is known already says all it has to */
        }
    }
    struct identify_cursor c = identify_cursor_init(&p->info);
    struct span addr;
    for (size_t i = 0; i < PEER_STORE_ADDRS_MAX && identify_next_addr(&addr, &c); i++) {
        peer_store_heard(&hp->store, peer, addr, PEER_SOURCE_IDENTIFY, now_s);
    }
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_peer_store *hp = of(self);
    uint64_t now_s = host_unix_s(hp->host);
    if (now_s == 0) {
        return false;
    }
    if (e->kind == HOST_EVENT_PEER_CONNECTED || e->kind == HOST_EVENT_PEER_DIRECT) {
        on_met(hp, e, now_s);
    } else if (e->kind == HOST_EVENT_PEER_IDENTIFIED) {
        on_identified(hp, &e->peer, now_s);
    }
    return false; /* everybody else is to hear of it too */
}

static bool work(struct host_extension *self)
{
    (void)self;
    return false;
}

static bool has_news(struct host_extension *self)
{
    (void)self;
    return false;
}

static instant deadline(const struct host_extension *self)
{
    (void)self;
    return INSTANT_NEVER;
}

static void tick(struct host_extension *self, instant now)
{
    (void)self;
    (void)now;
}

void host_peer_store_init(struct host_peer_store *hp,
                          struct host *host,
                          const struct host_peer_store_cfg *cfg)
{
    *hp = (struct host_peer_store){.host = host};
    hp->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    budget_init(&hp->budget, &host->system, "peer store", cfg->memory_max);
    struct peer_store_cfg store = {
        .peers_max = cfg->peers_max,
        .budget = &hp->budget,
        .seed = {host->peers.seed[0], host->peers.seed[1]}
    };
    peer_store_init(&hp->store, &store);
    host->peer_store = &hp->store;
    host_extend(host, &hp->extension);
}

void host_peer_store_done(struct host_peer_store *hp)
{
    if (hp->host) {
        hp->host->peer_store = NULL;
        host_unextend(&hp->extension);
        peer_store_done(&hp->store);
        hp->host = NULL;
    }
}
