/* Servers are looked for in the DHT while there are few. */
#include "codec/multiaddr.h"
#include "node/daemon/daemon_inside.h"
#include "service/directory.h"

#include <stdio.h>

static const uint64_t LOOK_US_MIN = 2 * US_PER_S;
static const uint64_t LOOK_US_MAX = 600 * US_PER_S;

static void add_bootstrap(struct daemon *d, const char *text)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    if (multiaddr_parse(&w, span_str(text), NULL) != OK || wr_end(&w) != OK ||
        host_kad_add_bootstrap(&d->dht.kad, span_of(room, w.n)) != OK) {
        log_line(&d->log, LOG_DEBUG, "dht", "the address to begin with is not used: %s", text);
    }
}

enum err daemon_dht_start(struct daemon *d)
{
    struct host_kad_cfg cfg = {
        .kad = {.mode = KAD_MODE_CLIENT, .private_too = d->servers.cfg.is_local}
    };
    if (!d->config->is_dht) {
        return OK;
    }
    if (host_kad_init(&d->dht.kad, &d->host, &cfg) != OK) {
        (void)snprintf(d->text, DAEMON_TEXT_LEN,
                       "The memory for peers is too small: raise memory_mib in passmesh.ini.");
        return ERR_LIMIT;
    }
    d->dht.is_on = true;
    d->dht.every_us = LOOK_US_MIN;
    d->dht.look_at = loop_now(&d->loop);
    for (size_t i = 0; i < d->networks.count; i++) {
        for (size_t k = 0; k < d->networks.list[i].bootstrap_count; k++) {
            add_bootstrap(d, d->networks.list[i].bootstrap[k]);
        }
    }
    for (size_t i = 0; i < d->config->peer_count; i++) {
        add_bootstrap(d, d->config->peers[i]);
    }
    return OK;
}

void daemon_dht_stop(struct daemon *d)
{
    if (d->dht.is_on) {
        d->dht.is_on = false;
        host_kad_done(&d->dht.kad);
    }
}

/* A wallet of the local test network stays on this machine; any other dials public addresses alone, when strangers far
 * away name them. */
bool daemon_may_dial(const struct daemon *d, struct span addr)
{
    uint8_t field[MULTIADDR_LEN_MAX + 8];
    struct wr w = wr_init(MSPAN_OF(field));
    bool has_addr;
    if (d->servers.cfg.is_local) {
        return near_has(&d->near, addr, true);
    }
    kad_write_addr(&w, addr);
    return wr_ok(&w) && kad_addrs_group(span_of(field, w.n), &has_addr) != 0;
}

static void take(struct daemon *d, const struct kad_peer *provider)
{
    struct span rest = provider->addrs;
    struct servers_heard heard = {.peer = provider->id, .found = FOUND_DHT};
    bool is_full = peer_id_equal(&provider->id, host_self(&d->host));
    log_line(&d->log, LOG_DEBUG, "dht", "a server is named");
    while (!is_full && kad_next_addr(&heard.addr, &rest)) {
        is_full = daemon_may_dial(d, heard.addr) &&
                  servers_hear(&d->servers, loop_now(&d->loop), &heard) != OK;
    }
}

void daemon_dht_event(struct daemon *d)
{
    struct kad_event e;
    while (d->dht.is_on && host_kad_poll(&d->dht.kad, &e)) {
        host_probe_kad(&d->probe, &e);
        if (e.op != d->dht.op) {
            continue;
        }
        if (e.kind == KAD_EVENT_PROVIDER) {
            take(d, &e.peer);
        }
        if (e.kind == KAD_EVENT_OVER) {
            d->dht.op = 0;
            d->dht.look_at = instant_add(loop_now(&d->loop), d->dht.every_us);
            d->dht.every_us *= 2;
            d->dht.every_us = d->dht.every_us > LOOK_US_MAX ? LOOK_US_MAX : d->dht.every_us;
        }
    }
}

static void look(struct daemon *d, const struct network *n, struct wallet_time t)
{
    uint8_t key[DIRECTORY_KEY_LEN];
    struct kad_op_args args = {.wanted = SERVERS_HEARD_COUNT_MAX};
    directory_key(key, n->chain_id, t.unix_ms / 1000 / DIRECTORY_DAY_S);
    kad_set_walltime(&d->dht.kad.kad, t.mono, (walltime){t.unix_ms / 1000});
    if (kad_find_providers(&d->dht.kad.kad, &d->dht.op, t.mono, SPAN_OF(key), args) != OK) {
        d->dht.op = 0;
        d->dht.look_at = instant_add(t.mono, LOOK_US_MAX);
    }
}

void daemon_dht_tick(struct daemon *d, struct wallet_time t)
{
    const struct network *n = wallet_network(d->wallet, wallet_settings(d->wallet)->network);
    if (!d->dht.is_on || !n) {
        return;
    }
    if (!id_equal(n->id, d->dht.network)) { /* what a search for another one finds is of no use */
        kad_cancel(&d->dht.kad.kad, d->dht.op);
        d->dht.op = 0;
        d->dht.network = n->id;
        d->dht.every_us = LOOK_US_MIN;
        d->dht.look_at = t.mono;
    }
    if (d->dht.op == 0 && servers_usable_count(&d->servers) < SERVERS_ENOUGH &&
        instant_reached(d->dht.look_at, t.mono)) {
        look(d, n, t);
    }
}

instant daemon_dht_deadline(const struct daemon *d)
{
    bool is_looking =
        d->dht.is_on && d->dht.op == 0 && servers_usable_count(&d->servers) < SERVERS_ENOUGH;
    return is_looking ? d->dht.look_at : INSTANT_NEVER;
}
