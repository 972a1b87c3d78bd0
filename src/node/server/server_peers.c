/* Whom the server lets in, how many, whom it keeps, and where it met them. */
#include "node/server/server_inside.h"

enum { DHT_VALUE = 5, MESH_VALUE = 10, RELAYED_VALUE = 20 };
enum { REMEMBERED_MAX = 1024, REMEMBERED_MEMORY_MAX = 4 * 1024 * 1024 };

static void refresh(void *user, struct conn_manager *m, const struct peer_id *peer)
{
    struct server *s = user;
    bool is_known = s->dht.is_on && kad_has(&s->dht.kad.kad, peer);
    bool is_ours = s->relay.serves && relay_has(&s->relay.service.relay, peer);
    bool is_relay = s->relay.is_on && host_circuit_holds(&s->relay.circuit, peer);
    bool is_in_mesh =
        s->gossip.is_on && gossip_in_mesh(&s->gossip.host.gossip, SPAN_LIT(DESCRIPTOR_TOPIC), peer);
    conn_manager_protect(m, peer, CONN_TAG_RELAY, is_relay);
    conn_manager_tag(m, peer, CONN_TAG_RELAY, is_ours ? RELAYED_VALUE : 0);
    conn_manager_tag(m, peer, CONN_TAG_DHT, is_known ? DHT_VALUE : 0);
    conn_manager_tag(m, peer, CONN_TAG_GOSSIP, is_in_mesh ? MESH_VALUE : 0);
}

static struct host_conn_manager_cfg marks_of(struct server *s)
{
    const struct config_peers *p = &s->config->places.peer_limits;
    return (struct host_conn_manager_cfg){.high = p->high,
                                          .low = p->low,
                                          .grace_us = p->grace_s * US_PER_S,
                                          .refresh = refresh,
                                          .user = s};
}

void server_peers_take_over(struct server *s)
{
    const struct config_peers *p = &s->config->places.peer_limits;
    const struct host_limits *l = &s->host.limits;
    struct host_conn_manager_cfg cfg = marks_of(s);
    host_conn_manager_set_marks(&s->peers, &cfg);
    host_set_gate(&s->host, &p->gate);
    host_set_group_limits(&s->host, p->per_host ? p->per_host : l->conns_per_host_max,
                          p->per_network ? p->per_network : l->conns_per_network_max);
}

void server_peers_start(struct server *s)
{
    struct host_conn_manager_cfg cfg = marks_of(s);
    struct host_peer_store_cfg store = {.peers_max = REMEMBERED_MAX,
                                        .memory_max = REMEMBERED_MEMORY_MAX,
                                        .disk = server_store_peers(s->store)};
    host_conn_manager_init(&s->peers, &s->host, &cfg);
    host_peer_store_init(&s->peer_store, &s->host, &store);
    server_peers_take_over(s);
}

void server_peers_stop(struct server *s)
{
    host_peer_store_done(&s->peer_store);
    host_conn_manager_done(&s->peers);
}
