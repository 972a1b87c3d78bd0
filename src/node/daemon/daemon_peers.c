/* Whom the daemon lets in, how many, and whom it keeps. */
#include "node/daemon/daemon_inside.h"

/* What a home router carries without strain; the figures of go-libp2p. */
enum { HIGH_WATER = 192, LOW_WATER = 160, DHT_VALUE = 5 };

static void refresh(void *user, struct conn_manager *m, const struct peer_id *peer)
{
    struct daemon *d = user;
    bool is_known = d->dht.is_on && kad_has(&d->dht.kad.kad, peer);
    conn_manager_protect(m, peer, CONN_TAG_SERVER, servers_keeps(&d->servers, peer));
    conn_manager_protect(m, peer, CONN_TAG_RELAY, host_circuit_holds(&d->circuit, peer));
    conn_manager_tag(m, peer, CONN_TAG_DHT, is_known ? DHT_VALUE : 0);
}

void daemon_peers_start(struct daemon *d)
{
    const struct config_peers *p = &d->config->peer_limits;
    const struct host_limits *l = &d->host.limits;
    struct host_conn_manager_cfg cfg = {.high = p->high ? p->high : HIGH_WATER,
                                        .low = p->low ? p->low : LOW_WATER,
                                        .grace_us = p->grace_s * US_PER_S,
                                        .refresh = refresh,
                                        .user = d};
    host_conn_manager_init(&d->peers, &d->host, &cfg);
    host_set_gate(&d->host, &p->gate);
    host_set_group_limits(&d->host, p->per_host ? p->per_host : l->conns_per_host_max,
                          p->per_network ? p->per_network : l->conns_per_network_max);
}

void daemon_peers_stop(struct daemon *d)
{
    host_conn_manager_done(&d->peers);
}
