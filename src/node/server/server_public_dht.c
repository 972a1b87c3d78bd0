/* The server in the public DHT of IPFS: once others reach it, it says there which chain it serves, and answers nothing. */
#include "node/server/server_inside.h"
#include "service/directory.h"

/* Records live for 48 hours there, and a key's day is told of one day before. */
static const uint64_t PROVIDE_EVERY_US = 12 * 3600 * US_PER_S;
static const uint64_t RETRY_US_MIN = 60 * US_PER_S;
static const uint64_t RETRY_US_MAX = 3600 * US_PER_S;
static const uint64_t MOVED_US = 600 * US_PER_S; /* from new addresses to their publication */

static bool is_wanted(const struct server *s)
{
    return s->config->is_public_dht &&
           public_dht_has_way(&s->config->public_dht, s->network->kind == NETWORK_LOCAL);
}

/* Whoever is found there must be reachable: the others would waste everybody's dials. */
static bool may_provide(const struct server *s)
{
    return is_wanted(s) && s->phase == SERVER_RUNNING && server_reach_is_dht_server(s) &&
           s->host.addrs_count > 0;
}

void server_public_dht_start(struct server *s)
{
    s->public_dht.provide_at = loop_now(&s->loop);
    s->public_dht.retry_us = RETRY_US_MIN;
}

static void leave(struct server *s)
{
    s->public_dht.provides_count = 0;
    s->public_dht.is_over = false;
    public_dht_leave(&s->public_dht.dht);
}

void server_public_dht_stop(struct server *s)
{
    leave(s);
    s->public_dht.provide_at = INSTANT_NEVER;
}

void server_public_dht_follow(struct server *s)
{
    struct server_public_dht *p = &s->public_dht;
    p->has_moved = true;
    if (p->is_stored && !p->dht.is_on) {
        p->provide_at = instant_min(p->provide_at, instant_add(loop_now(&s->loop), MOVED_US));
    }
}

static void go_home(struct server *s, instant now)
{
    struct server_public_dht *p = &s->public_dht;
    leave(s);
    p->is_stored = p->is_taken;
    p->provide_at = instant_add(now, !p->is_stored  ? p->retry_us
                                     : p->has_moved ? MOVED_US
                                                    : PROVIDE_EVERY_US);
    p->retry_us = p->is_stored ? RETRY_US_MIN : 2 * p->retry_us;
    p->retry_us = p->retry_us > RETRY_US_MAX ? RETRY_US_MAX : p->retry_us;
    log_line(&s->log, LOG_INFO, "dht", "the public DHT %s which chain is served here",
             p->is_stored ? "keeps" : "does not keep");
}

void server_public_dht_event(struct server *s)
{
    struct server_public_dht *p = &s->public_dht;
    struct kad_event e;
    while (p->dht.is_on && host_kad_poll(&p->dht.kad, &e)) {
        if (e.kind == KAD_EVENT_OVER && p->provides_count > 0) {
            p->is_taken |= e.stats.stored_count > 0;
            p->provides_count--;
            p->is_over = p->provides_count == 0;
        }
    }
}

static void visit(struct server *s, instant now)
{
    struct public_dht_cfg cfg = {.host = &s->host,
                                 .config = &s->config->public_dht,
                                 .private_too = s->network->kind == NETWORK_LOCAL};
    s->public_dht.is_taken = false;
    enum err e = public_dht_enter(&s->public_dht.dht, &cfg, now);
    if (e != OK) {
        log_line(&s->log, LOG_WARN, "dht", "the public DHT cannot be told: %s", err_name(e));
        go_home(s, now);
    }
}

static void provide(struct server *s, instant now)
{
    uv_timeval64_t tv;
    struct kad *kad = &s->public_dht.dht.kad.kad;
    if (uv_gettimeofday(&tv) != 0 || tv.tv_sec <= 0) {
        return;
    }
    uint64_t unix_s = (uint64_t)tv.tv_sec;
    s->public_dht.has_moved = false; /* the records have the addresses of now */
    kad_set_walltime(kad, now, (walltime){unix_s});
    for (uint64_t i = 0; i < DIRECTORY_DAYS_TOLD; i++) {
        uint8_t key[DIRECTORY_KEY_LEN];
        uint64_t op;
        directory_key(key, s->network->chain_id, unix_s / DIRECTORY_DAY_S + i);
        s->public_dht.provides_count +=
            kad_provide(kad, &op, now, SPAN_OF(key), (struct kad_op_args){.thorough = true}) == OK;
    }
}

void server_public_dht_tick(struct server *s, instant now)
{
    struct server_public_dht *p = &s->public_dht;
    if (!may_provide(s)) {
        leave(s);
        return;
    }
    if (!p->dht.is_on) {
        if (instant_reached(p->provide_at, now)) {
            visit(s, now);
        }
        return;
    }
    if (p->is_over || public_dht_is_late(&p->dht, now)) {
        p->is_over = true;
        if (public_dht_ebb(&p->dht, now)) {
            go_home(s, now);
        }
    } else if (p->provides_count == 0 && public_dht_is_ready(&p->dht, now)) {
        provide(s, now);
    }
}

instant server_public_dht_deadline(const struct server *s)
{
    if (s->public_dht.dht.is_on) {
        return instant_add(loop_now(&s->loop), PUBLIC_DHT_STEP_US);
    }
    return may_provide(s) ? s->public_dht.provide_at : INSTANT_NEVER;
}

const char *server_public_dht_word(const struct server *s)
{
    return !is_wanted(s) ? "off" : s->public_dht.is_stored ? "stored" : "not_stored";
}
