/* Whom the daemon lets in, how many, whom it keeps, and where it met them. */
#include "node/daemon/daemon_inside.h"

/* What a home router carries without strain; the figures of go-libp2p. */
enum { HIGH_WATER = 192, LOW_WATER = 160, DHT_VALUE = 5 };

enum { REMEMBERED_MAX = 256, REMEMBERED_MEMORY_MAX = 1024 * 1024 };

static void refresh(void *user, struct conn_manager *m, const struct peer_id *peer)
{
    struct daemon *d = user;
    bool is_known = d->dht.is_on && kad_has(&d->dht.kad.kad, peer);
    conn_manager_protect(m, peer, CONN_TAG_SERVER, servers_keeps(&d->servers, peer));
    conn_manager_protect(m, peer, CONN_TAG_RELAY, host_circuit_holds(&d->circuit, peer));
    conn_manager_tag(m, peer, CONN_TAG_DHT, is_known ? DHT_VALUE : 0);
}

/* ---- where peers were met ---- */

static struct store *store_of(struct peer_disk *self)
{
    return db_store(list_entry(self, struct daemon, peer_disk)->db);
}

static enum err put(struct peer_disk *self, struct span key, struct span bytes)
{
    struct store *store = store_of(self);
    return store->put(store, STORE_PEER, key, bytes);
}

static enum err remove_peer(struct peer_disk *self, struct span key)
{
    struct store *store = store_of(self);
    return store->remove(store, STORE_PEER, key);
}

static enum err
next(struct peer_disk *self, struct span after, struct buf *ret_key, struct buf *ret_bytes)
{
    struct store *store = store_of(self);
    return store->next(store, STORE_PEER, after, ret_key, ret_bytes);
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
    d->peer_disk = (struct peer_disk){.put = put, .remove = remove_peer, .next = next};
    struct host_peer_store_cfg store = {
        .peers_max = REMEMBERED_MAX, .memory_max = REMEMBERED_MEMORY_MAX, .disk = &d->peer_disk};
    host_conn_manager_init(&d->peers, &d->host, &cfg);
    host_peer_store_init(&d->peer_store, &d->host, &store);
    log_line(&d->log, LOG_DEBUG, "net", "%zu peers are known from before",
             d->peer_store.store.peers.count);
    host_set_gate(&d->host, &p->gate);
    host_set_group_limits(&d->host, p->per_host ? p->per_host : l->conns_per_host_max,
                          p->per_network ? p->per_network : l->conns_per_network_max);
}

void daemon_peers_stop(struct daemon *d)
{
    host_peer_store_done(&d->peer_store);
    host_conn_manager_done(&d->peers);
}
