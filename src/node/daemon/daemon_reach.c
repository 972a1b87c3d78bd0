/* Can strangers reach the wallet: it hears how peers see it, and has them try its addresses if it listens anywhere. It dials for
 * nobody itself, and remains a client of the DHT whatever the verdict. */
#include "codec/multiaddr.h"
#include "node/daemon/daemon_inside.h"
#include "node/net/reach_json.h"

#include <stdio.h>

static struct span listen_of(const struct daemon *d)
{
    return span_of(d->reach.listen, d->reach.listen_len);
}

/* announce: where it listens, as it stands, and what is confirmed. */
static void announce(struct daemon *d)
{
    struct span listen = listen_of(d);
    if (listen.n > 0 && host_reach_announce(&d->reach.host, &listen, 1) != OK) {
        log_line(&d->log, LOG_ERROR, "net", "there is no memory for the addresses");
    }
}

void daemon_reach_event(struct daemon *d)
{
    if (!d->reach.host.host || !host_reach_poll(&d->reach.host)) {
        return;
    }
    const struct reachability *v = &d->reach.host.verdict;
    if (v->reach != d->reach.told.reach || v->reason != d->reach.told.reason) {
        d->reach.told = (struct reach_word){v->reach, v->reason};
        log_line(&d->log, LOG_INFO, "net", "from outside: %s: %s", reach_text(v->reach),
                 reach_reason_text(v->reason));
    }
    announce(d);
    api_node_changed(d->api, daemon_time(d));
}

enum err daemon_reach_start(struct daemon *d)
{
    struct host_reach_cfg cfg = {.autonat = {.policy = {.private_too = d->servers.cfg.is_local}},
                                 .tcp_reuses_port = true};
    struct span listen = listen_of(d);
    if (host_reach_init(&d->reach.host, &d->host, &cfg) != OK) {
        (void)snprintf(d->text, DAEMON_TEXT_LEN,
                       "The memory for peers is too small: raise memory_mib in passmesh.ini.");
        return ERR_LIMIT;
    }
    if (listen.n > 0) {
        struct net_addr places[HOST_REACH_LISTEN_MAX];
        struct near near;
        near_load(&near);
        size_t count =
            near_places(&near, places,
                        (struct near_places_args){
                            .listen = &listen, .listen_count = 1, .max = HOST_REACH_LISTEN_MAX});
        host_reach_set_listen(&d->reach.host, places, count);
    }
    return OK;
}

void daemon_reach_stop(struct daemon *d)
{
    host_reach_done(&d->reach.host);
}

void daemon_reach_write(const struct daemon *d, struct json_writer *j)
{
    const struct reachability *v = &d->reach.host.verdict;
    json_put_name(j, "reach");
    reach_json_put(j, (struct reach_word){v->reach, v->reason});
}
