/* The peer store on a host: see host_peer_store.h. */
#include "p2p/host_peer_store.h"

#include "p2p/host_state.h"

enum { SAVES_MAX = 8 }; /* at a time: each waits for the disk */
static const uint64_t SAVE_EVERY_US = 5 * US_PER_S;

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

/* ---- the disk ---- */

/* load_one: false after the last. */
static bool load_one(struct host_peer_store *hp, struct buf *key, struct buf *bytes)
{
    uint8_t room[HOST_PEER_STORE_KEY_MAX];
    struct span after = span_of(room, span_copy(MSPAN_OF(room), buf_span(key)));
    buf_clear(key);
    buf_clear(bytes);
    if (hp->disk->next(hp->disk, after, key, bytes) != OK) {
        return false;
    }
    enum err err = peer_store_load(&hp->store, buf_span(bytes), host_unix_s(hp->host));
    if (err == ERR_MALFORMED || err == ERR_NOT_FOUND) {
        err = hp->disk->remove(hp->disk, buf_span(key));
    }
    return err == OK || err == ERR_LIMIT; /* of no more than find room */
}

static void load(struct host_peer_store *hp)
{
    AUTO(buf_done) struct buf key = {0};
    AUTO(buf_done) struct buf bytes = {0};
    buf_init(&key, &hp->budget, HOST_PEER_STORE_KEY_MAX);
    buf_init(&bytes, &hp->budget, PEER_STORE_BYTES_MAX);
    while (load_one(hp, &key, &bytes)) {}
}

static void save(struct host_peer_store *hp, size_t max)
{
    struct peer_store_change *c = &hp->change;
    for (size_t i = 0; i < max && peer_store_next_change(&hp->store, c); i++) {
        struct span key = peer_id_span(&c->peer);
        enum err err = c->is_gone ? hp->disk->remove(hp->disk, key)
                                  : hp->disk->put(hp->disk, key, span_of(c->bytes, c->len));
        (void)err; /* see struct peer_disk */
    }
}

static instant deadline(const struct host_extension *self)
{
    const struct host_peer_store *hp = (const struct host_peer_store *)(const void *)self;
    return hp->disk && peer_store_has_changes(&hp->store) ? hp->save_at : INSTANT_NEVER;
}

static void tick(struct host_extension *self, instant now)
{
    if (instant_reached(deadline(self), now)) {
        save(of(self), SAVES_MAX);
        of(self)->save_at = instant_add(now, SAVE_EVERY_US);
    }
}

/* ---- life ---- */

void host_peer_store_init(struct host_peer_store *hp,
                          struct host *host,
                          const struct host_peer_store_cfg *cfg)
{
    *hp = (struct host_peer_store){.host = host, .disk = cfg->disk, .save_at = host->now};
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
    if (hp->disk) {
        load(hp);
    }
}

void host_peer_store_done(struct host_peer_store *hp)
{
    if (hp->host) {
        if (hp->disk) {
            save(hp, SIZE_MAX);
        }
        hp->host->peer_store = NULL;
        host_unextend(&hp->extension);
        peer_store_done(&hp->store);
        hp->host = NULL;
    }
}
