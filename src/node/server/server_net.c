/* What the server can tell of its network, and probes of one peer for the operator. */
#include "node/net/net_json.h"
#include "node/server/server_inside.h"

static struct net_json net_of(const struct server *s)
{
    return (struct net_json){
        .host = &s->host,
        .kad = s->dht.is_on ? &s->dht.kad : NULL,
        .gossip = s->gossip.is_on ? &s->gossip.host : NULL,
        .directory = s->gossip.is_on ? &s->gossip.directory : NULL,
        .peers = &s->peers,
        .reach = s->reach.is_on ? &s->reach.host : NULL,
        .budgets = {&s->budget, s->gossip.is_on ? &s->gossip.directory.list.store.budget : NULL},
        .now = loop_now(&s->loop)
    };
}

void server_net_start(struct server *s)
{
    host_probe_init(&s->probe.host, &s->host, s->dht.is_on ? &s->dht.kad : NULL);
}

void server_net_stop(struct server *s)
{
    host_probe_done(&s->probe.host);
}

void server_net_write(struct server *s, struct json_writer *j)
{
    struct net_json n = net_of(s);
    host_conn_manager_refresh(&s->peers);
    net_json_put_state(j, &n);
}

void server_write_peers(struct server *s, struct json_writer *j)
{
    struct net_json n = net_of(s);
    host_conn_manager_refresh(&s->peers);
    json_put_object(j);
    json_put_name(j, "peers");
    json_put_array(j);
    for (size_t i = 0; i < host_peers_count(&s->host) && i < NET_JSON_PEERS_MAX; i++) {
        net_json_put_peer(j, &n, i);
    }
    json_end_array(j);
    json_end_object(j);
}

void server_net_event(struct server *s)
{
    if (host_probe_poll(&s->probe.host)) {
        struct net_json n = net_of(s);
        server_operator_probed(s, &n);
        host_probe_clear(&s->probe.host);
    }
}
