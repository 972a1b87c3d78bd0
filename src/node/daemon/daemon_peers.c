/* Whom the daemon lets in, how many, whom it keeps, and where it met them. */
#include "node/daemon/daemon_inside.h"

/* What a home router carries without strain; the figures of go-libp2p. */
enum { HIGH_WATER = 192, LOW_WATER = 160, DHT_VALUE = 5 };

enum {
    REMEMBERED_MAX = 256,
    REMEMBERED_MEMORY_MAX = 1024 * 1024,
    SAVES_MAX = 8, /* at a time: each waits for the disk */
};

static const uint64_t SAVE_EVERY_US = 5 * US_PER_S;

static void refresh(void *user, struct conn_manager *m, const struct peer_id *peer)
{
    struct daemon *d = user;
    bool is_known = d->dht.is_on && kad_has(&d->dht.kad.kad, peer);
    conn_manager_protect(m, peer, CONN_TAG_SERVER, servers_keeps(&d->servers, peer));
    conn_manager_protect(m, peer, CONN_TAG_RELAY, host_circuit_holds(&d->circuit, peer));
    conn_manager_tag(m, peer, CONN_TAG_DHT, is_known ? DHT_VALUE : 0);
}

/* ---- where peers were met ---- */

/* load_one: false after the last. What can no longer be used is removed. */
static bool load_one(struct daemon *d, struct buf *key, struct buf *value)
{
    struct store *store = db_store(d->db);
    struct peer_id after; /* key is both in and out */
    after.n = (uint8_t)span_copy(MSPAN_OF(after.bytes), buf_span(key));
    buf_clear(key);
    buf_clear(value);
    if (store->next(store, STORE_PEER, peer_id_span(&after), key, value) != OK) {
        return false;
    }
    enum err err = peer_store_load(&d->peer_store.store, buf_span(value), host_unix_s(&d->host));
    if (err == ERR_MALFORMED || err == ERR_NOT_FOUND) {
        err = store->remove(store, STORE_PEER, buf_span(key));
    }
    return err != ERR_IO && key->n <= sizeof after.bytes;
}

static void load(struct daemon *d)
{
    AUTO(buf_done) struct buf key = {0};
    AUTO(buf_done) struct buf value = {0};
    buf_init(&key, &d->budget, STORE_KEY_LEN_MAX);
    buf_init(&value, &d->budget, STORE_VALUE_LEN_MAX);
    while (load_one(d, &key, &value)) {}
    log_line(&d->log, LOG_DEBUG, "net", "%zu peers are known from before",
             d->peer_store.store.peers.count);
}

static void save(struct daemon *d, size_t max)
{
    struct store *store = db_store(d->db);
    struct peer_store_change *c = &d->peer_change;
    for (size_t i = 0; i < max && peer_store_next_change(&d->peer_store.store, c); i++) {
        struct span key = peer_id_span(&c->peer);
        enum err err = c->is_gone ? store->remove(store, STORE_PEER, key)
                                  : store->put(store, STORE_PEER, key, span_of(c->bytes, c->len));
        (void)err; /* logged by the store; it is only where to dial first */
    }
}

void daemon_peers_tick(struct daemon *d, instant now)
{
    if (instant_reached(daemon_peers_deadline(d), now)) {
        save(d, SAVES_MAX);
        d->peers_save_at = instant_add(now, SAVE_EVERY_US);
    }
}

instant daemon_peers_deadline(const struct daemon *d)
{
    bool has_changes = d->peer_store.host && peer_store_has_changes(&d->peer_store.store);
    return has_changes ? d->peers_save_at : INSTANT_NEVER;
}

/* ---- life ---- */

void daemon_peers_start(struct daemon *d)
{
    const struct config_peers *p = &d->config->peer_limits;
    const struct host_limits *l = &d->host.limits;
    struct host_conn_manager_cfg cfg = {.high = p->high ? p->high : HIGH_WATER,
                                        .low = p->low ? p->low : LOW_WATER,
                                        .grace_us = p->grace_s * US_PER_S,
                                        .refresh = refresh,
                                        .user = d};
    struct host_peer_store_cfg store = {.peers_max = REMEMBERED_MAX,
                                        .memory_max = REMEMBERED_MEMORY_MAX};
    host_conn_manager_init(&d->peers, &d->host, &cfg);
    host_peer_store_init(&d->peer_store, &d->host, &store);
    load(d);
    host_set_gate(&d->host, &p->gate);
    host_set_group_limits(&d->host, p->per_host ? p->per_host : l->conns_per_host_max,
                          p->per_network ? p->per_network : l->conns_per_network_max);
}

void daemon_peers_stop(struct daemon *d)
{
    if (d->peer_store.host) {
        save(d, REMEMBERED_MAX);
    }
    host_peer_store_done(&d->peer_store);
    host_conn_manager_done(&d->peers);
}
