/* Servers are looked for in the public DHT of IPFS, if the person allows it, and while nobody else names enough. */
#include "node/daemon/daemon_inside.h"
#include "service/directory.h"

static const uint64_t FIRST_US = 10 * US_PER_S; /* what needs no strangers comes first */
static const uint64_t AGAIN_US_MIN = 60 * US_PER_S;
static const uint64_t RESTED_US =
    600 * US_PER_S; /* after so long with enough servers, lacking some is news */
static const uint64_t AGAIN_US_MAX = 6 * 3600 * US_PER_S;

static struct daemon_public_dht *of(struct daemon *d)
{
    return &d->public_dht;
}

enum public_dht_state daemon_public_dht_state(const struct daemon *d)
{
    static const enum public_dht_state states[PUBLIC_DHT_COUNT] = {
        [PUBLIC_DHT_ASK] = PUBLIC_DHT_STATE_ASK,
        [PUBLIC_DHT_YES] = PUBLIC_DHT_STATE_YES,
        [PUBLIC_DHT_NO] = PUBLIC_DHT_STATE_NO};
    bool has_way = public_dht_has_way(&d->config->public_dht, d->servers.cfg.is_local);
    if (!has_way || d->config->public_use == CONFIG_PUBLIC_NO) {
        return PUBLIC_DHT_STATE_OFF;
    }
    return d->config->public_use == CONFIG_PUBLIC_YES
               ? PUBLIC_DHT_STATE_YES
               : states[wallet_settings(d->wallet)->public_dht];
}

void daemon_public_dht_write(const struct daemon *d, struct json_writer *j)
{
    static const char *const names[] = {[PUBLIC_DHT_STATE_OFF] = "off",
                                        [PUBLIC_DHT_STATE_ASK] = "ask",
                                        [PUBLIC_DHT_STATE_NO] = "no",
                                        [PUBLIC_DHT_STATE_YES] = "yes"};
    json_put_name(j, "public_dht");
    json_put_str(j, names[daemon_public_dht_state(d)]);
}

void daemon_public_dht_start(struct daemon *d)
{
    of(d)->look_at = instant_add(loop_now(&d->loop), FIRST_US);
    of(d)->every_us = AGAIN_US_MIN;
}

static void leave(struct daemon *d)
{
    of(d)->op = 0;
    of(d)->is_over = false;
    public_dht_leave(&of(d)->dht);
}

void daemon_public_dht_stop(struct daemon *d)
{
    leave(d);
}

static bool is_looking(const struct daemon *d)
{
    return daemon_public_dht_state(d) == PUBLIC_DHT_STATE_YES &&
           servers_usable_count(&d->servers) < SERVERS_ENOUGH;
}

/* Anybody's word; that it serves wallets, identify will tell. */
static void take(struct daemon *d, const struct kad_peer *provider)
{
    struct span addrs[KAD_ADDRS_MAX];
    struct span rest = provider->addrs;
    size_t count = 0;
    struct servers_heard heard = {.peer = provider->id, .found = FOUND_PUBLIC_DHT};
    while (count < KAD_ADDRS_MAX && kad_next_addr(&addrs[count], &rest)) {
        count++;
    }
    log_line(&d->log, LOG_DEBUG, "dht", "a server is named in the public DHT");
    if (!peer_id_equal(&provider->id, host_self(&d->host))) {
        daemon_hear(d, heard, addrs, count);
    }
}

void daemon_public_dht_event(struct daemon *d)
{
    struct kad_event e;
    while (of(d)->dht.is_on && host_kad_poll(&of(d)->dht.kad, &e)) {
        if (e.op == of(d)->op && e.kind == KAD_EVENT_PROVIDER) {
            take(d, &e.peer);
        }
        of(d)->is_over |= e.op == of(d)->op && e.kind == KAD_EVENT_OVER;
    }
}

/* Ends the visit; ever more seldom comes another. */
static void go_home(struct daemon *d, instant now)
{
    leave(d);
    of(d)->look_at = instant_add(now, of(d)->every_us);
    of(d)->every_us *= 2;
    of(d)->every_us = of(d)->every_us > AGAIN_US_MAX ? AGAIN_US_MAX : of(d)->every_us;
}

static void visit(struct daemon *d, instant now)
{
    struct public_dht_cfg cfg = {
        .host = &d->host, .config = &d->config->public_dht, .private_too = d->servers.cfg.is_local};
    enum err e = public_dht_enter(&of(d)->dht, &cfg, now);
    if (e != OK) {
        log_line(&d->log, LOG_WARN, "dht", "the public DHT cannot be asked: %s", err_name(e));
        go_home(d, now);
    }
}

static void look(struct daemon *d, const struct network *n, struct wallet_time t)
{
    uint8_t key[DIRECTORY_KEY_LEN];
    struct kad_op_args args = {.wanted = SERVERS_HEARD_COUNT_MAX, .thorough = true};
    struct kad *kad = &of(d)->dht.kad.kad;
    directory_key(key, n->chain_id, t.unix_ms / 1000 / DIRECTORY_DAY_S);
    kad_set_walltime(kad, t.mono, (walltime){t.unix_ms / 1000});
    if (kad_find_providers(kad, &of(d)->op, t.mono, SPAN_OF(key), args) != OK) {
        go_home(d, t.mono);
    }
}

static void step(struct daemon *d, const struct network *n, struct wallet_time t)
{
    if (of(d)->is_over || public_dht_is_late(&of(d)->dht, t.mono)) {
        of(d)->is_over = true;
        if (public_dht_ebb(&of(d)->dht, t.mono)) {
            go_home(d, t.mono);
        }
    } else if (of(d)->op == 0 && public_dht_is_ready(&of(d)->dht, t.mono)) {
        look(d, n, t);
    }
}

static void rest(struct daemon *d, instant now)
{
    leave(d);
    of(d)->every_us = AGAIN_US_MIN;
    of(d)->look_at = instant_min(of(d)->look_at, instant_add(now, RESTED_US));
}

void daemon_public_dht_tick(struct daemon *d, struct wallet_time t)
{
    const struct network *n = wallet_network(d->wallet, wallet_settings(d->wallet)->network);
    if (!n || !is_looking(d)) {
        rest(d, t.mono);
        return;
    }
    if (!id_equal(n->id, of(d)->network)) { /* what a search for another one finds is of no use */
        leave(d);
        of(d)->every_us = AGAIN_US_MIN;
        of(d)->look_at = id_is_set(of(d)->network) ? t.mono : of(d)->look_at;
        of(d)->network = n->id;
    }
    if (of(d)->dht.is_on) {
        step(d, n, t);
    } else if (instant_reached(of(d)->look_at, t.mono)) {
        visit(d, t.mono);
    }
}

instant daemon_public_dht_deadline(const struct daemon *d)
{
    if (d->public_dht.dht.is_on) {
        return instant_add(loop_now(&d->loop), PUBLIC_DHT_STEP_US);
    }
    return is_looking(d) ? d->public_dht.look_at : INSTANT_NEVER;
}
