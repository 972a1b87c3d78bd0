/* The server in the DHT: it answers others, and says there that it serves wallets. */
#include "codec/multiaddr.h"
#include "node/server/server_inside.h"
#include "service/directory.h"

static const uint64_t PROVIDE_EVERY_US = 3600 * US_PER_S;
static const uint64_t RETRY_US_MIN = 2 * US_PER_S;
static const uint64_t RETRY_US_MAX = 600 * US_PER_S;

static void add_bootstrap(struct server *s, const char *text)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    if (multiaddr_parse(&w, span_str(text), NULL) != OK || wr_end(&w) != OK ||
        host_kad_add_bootstrap(&s->dht.kad, span_of(room, w.n)) != OK) {
        log_line(&s->log, LOG_WARN, "dht", "the address to begin with is not used: %s", text);
    }
}

enum err server_dht_start(struct server *s)
{
    struct host_kad_cfg cfg = {
        .kad = {.mode = server_reach_is_dht_server(s) ? KAD_MODE_SERVER : KAD_MODE_CLIENT,
                .private_too = s->network->kind == NETWORK_LOCAL}
    };

    s->dht.provide_at = INSTANT_NEVER;
    if (!s->config->is_dht) {
        return OK;
    }
    if (host_kad_init(&s->dht.kad, &s->host, &cfg) != OK) {
        server_give_up(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
        return ERR_LIMIT;
    }
    s->dht.is_on = true;
    s->dht.retry_us = RETRY_US_MIN;
    s->dht.provide_at = loop_now(&s->loop);
    for (size_t i = 0; i < s->network->bootstrap_count; i++) {
        add_bootstrap(s, s->network->bootstrap[i]);
    }
    for (size_t i = 0; i < s->config->bootstrap_count; i++) {
        add_bootstrap(s, s->config->bootstrap[i]);
    }
    return OK;
}

void server_dht_stop(struct server *s)
{
    if (s->dht.is_on) {
        s->dht.is_on = false;
        s->dht.provide_at = INSTANT_NEVER;
        host_kad_done(&s->dht.kad);
    }
}

void server_dht_follow(struct server *s)
{
    if (!s->dht.is_on) {
        return;
    }
    kad_set_mode(&s->dht.kad.kad,
                 server_reach_is_dht_server(s) ? KAD_MODE_SERVER : KAD_MODE_CLIENT);
    if (s->dht.provides_count == 0) {
        s->dht.provide_at = loop_now(&s->loop); /* at other addresses than before */
    }
    server_wake(s);
}

static void plan(struct server *s)
{
    instant now = loop_now(&s->loop);
    s->dht.provide_at = instant_add(now, s->dht.is_stored ? PROVIDE_EVERY_US : s->dht.retry_us);
    s->dht.retry_us = s->dht.is_stored ? RETRY_US_MIN : 2 * s->dht.retry_us;
    s->dht.retry_us = s->dht.retry_us > RETRY_US_MAX ? RETRY_US_MAX : s->dht.retry_us;
}

void server_dht_event(struct server *s)
{
    struct kad_event e;
    while (s->dht.is_on && host_kad_poll(&s->dht.kad, &e)) {
        host_probe_kad(&s->probe.host, &e);
        if (e.kind != KAD_EVENT_OVER || s->dht.provides_count == 0) {
            continue;
        }
        s->dht.is_stored |= e.stats.stored_count > 0;
        s->dht.provides_count--;
        if (s->dht.provides_count == 0) {
            plan(s);
        }
    }
}

static void provide(struct server *s, instant now, uint64_t day)
{
    uint8_t key[DIRECTORY_KEY_LEN];
    uint64_t op;
    struct kad_op_args args = {.keep = true}; /* also to answer for it ourselves */
    directory_key(key, s->network->chain_id, day);
    s->dht.provides_count +=
        kad_provide(&s->dht.kad.kad, &op, now, SPAN_OF(key), args) == OK ? 1 : 0;
}

/* The keys of days gone by are told of no more. */
static void forget_until(struct server *s, uint64_t today)
{
    for (uint64_t i = 0; i < DIRECTORY_DAYS_TOLD && s->dht.day + i < today; i++) {
        uint8_t key[DIRECTORY_KEY_LEN];
        directory_key(key, s->network->chain_id, s->dht.day + i);
        kad_unpublish(&s->dht.kad.kad, SPAN_OF(key));
    }
    s->dht.day = today;
}

void server_dht_tick(struct server *s, instant now)
{
    uv_timeval64_t tv;
    if (!s->dht.is_on || !instant_reached(s->dht.provide_at, now) || uv_gettimeofday(&tv) != 0 ||
        tv.tv_sec <= 0) {
        return;
    }
    uint64_t unix_s = (uint64_t)tv.tv_sec;
    kad_set_walltime(&s->dht.kad.kad, now, (walltime){unix_s});
    forget_until(s, unix_s / DIRECTORY_DAY_S);
    s->dht.provide_at = INSTANT_NEVER;
    s->dht.is_stored = false;
    if (s->host.addrs_count == 0) {
        return; /* until an address is known at which the server can be reached: server_dht_follow */
    }
    for (uint64_t i = 0; i < DIRECTORY_DAYS_TOLD; i++) {
        provide(s, now, s->dht.day + i);
    }
    if (s->dht.provides_count == 0) {
        plan(s);
    }
}

instant server_dht_deadline(const struct server *s)
{
    return s->dht.provide_at;
}
