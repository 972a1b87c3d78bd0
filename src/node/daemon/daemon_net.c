/* What the wallet can tell of its network, and probes of one peer. */
#include "codec/multiaddr.h"
#include "node/daemon/daemon_inside.h"
#include "node/net/net_json.h"

enum { PROBE_LEN_MAX = 128 * 1024 };

static struct net_json net_of(const struct daemon *d)
{
    return (struct net_json){
        .host = &d->host,
        .kad = d->dht.is_on ? &d->dht.kad : NULL,
        .directory = d->directory.is_on ? &d->directory.host : NULL,
        .peers = &d->peers,
        .reach = &d->reach.host,
        .budgets = {&d->budget, d->directory.is_on ? &d->directory.host.list.store.budget : NULL},
        .now = loop_now(&d->loop)
    };
}

void daemon_net_start(struct daemon *d)
{
    host_probe_init(&d->probe, &d->host, d->dht.is_on ? &d->dht.kad : NULL);
}

void daemon_net_stop(struct daemon *d)
{
    host_probe_done(&d->probe);
}

void daemon_net_write(struct daemon *d, struct json_writer *j)
{
    struct net_json n = net_of(d);
    struct net_identity identities[IDENTITIES_COUNT_MAX];
    n.identities = identities;
    n.identities_count = identities_list(&d->identities, identities);
    host_conn_manager_refresh(&d->peers);
    net_json_put_state(j, &n);
}

void daemon_net_event(struct daemon *d)
{
    if (!host_probe_poll(&d->probe)) {
        return;
    }
    AUTO(buf_done) struct buf text;
    buf_init(&text, &d->budget, PROBE_LEN_MAX);
    struct wr w = wr_init_buf(&text);
    struct json_writer j = json_writer_init(&w);
    struct net_json n = net_of(d);
    net_json_put_probe(&j, &n, &d->probe);
    bool is_good = json_writer_end(&j) == OK;
    api_net_done(d->api, d->probe_id, is_good ? buf_span(&text) : SPAN_EMPTY);
    host_probe_clear(&d->probe);
}

enum err daemon_net_probe(struct daemon *d, uint64_t id, const struct api_net_probe *asked)
{
    struct net_target target;
    TRY(net_target_read(&target, asked->peer));
    struct host_probe_args args = {.peer = target.peer,
                                   .addrs = &target.addr,
                                   .addrs_count = target.addr.n > 0,
                                   .pings = asked->pings};
    TRY(host_probe_goal_parse(&args.goal, asked->goal));
    TRY(host_probe_start(&d->probe, loop_now(&d->loop), &args));
    d->probe_id = id;
    return OK;
}
