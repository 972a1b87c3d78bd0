/* The server at rendezvous points: it is one, and registers at those of the servers that it is connected to. */
#include "node/server/server_inside.h"
#include "service/directory.h"

/* Half of what a registration lasts. */
static const uint64_t EVERY_US = RENDEZVOUS_TTL_S / 2 * US_PER_S;

enum err server_rendezvous_start(struct server *s)
{
    struct rendezvous_points_cfg cfg = {.serves = true, .every_us = EVERY_US};
    if (!s->config->is_rendezvous) {
        return OK;
    }
    if (rendezvous_points_init(&s->rendezvous.points, &s->host, &cfg) != OK) {
        server_give_up(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
        return ERR_LIMIT;
    }
    s->rendezvous.is_on = true;
    return OK;
}

void server_rendezvous_stop(struct server *s)
{
    s->rendezvous.is_on = false;
    rendezvous_points_done(&s->rendezvous.points);
}

void server_rendezvous_event(struct server *s)
{
    struct host_rendezvous_event e;
    while (s->rendezvous.is_on && host_rendezvous_poll(&s->rendezvous.points.host, &e)) {
        if (e.kind == HOST_RENDEZVOUS_REGISTERED) {
            bool is_good = e.err == OK && e.status == RENDEZVOUS_OK;
            log_line(&s->log, LOG_DEBUG, "net", "a rendezvous point %s",
                     is_good ? "has registered us" : "does not register us");
        }
    }
}

void server_rendezvous_peers(struct server *s)
{
    s->rendezvous.has_news = true;
}

void server_rendezvous_follow(struct server *s)
{
    if (s->rendezvous.is_on) {
        s->rendezvous.has_news = true;
        rendezvous_points_anew(&s->rendezvous.points);
        server_wake(s);
    }
}

static void register_at(struct server *s, const struct peer_id *point, uint64_t day)
{
    char room[DIRECTORY_NAME_LEN_MAX];
    struct span name = directory_name(room, s->network->chain_id, day);
    enum err err =
        host_rendezvous_register(&s->rendezvous.points.host, point, name, RENDEZVOUS_TTL_S);
    if (err != OK) {
        log_line(&s->log, LOG_DEBUG, "net", "no registration at a rendezvous point: %s",
                 err_name(err));
    }
}

void server_rendezvous_tick(struct server *s, instant now)
{
    uv_timeval64_t tv;
    const struct peer_id *point;
    bool is_due = s->rendezvous.has_news ||
                  instant_reached(rendezvous_points_deadline(&s->rendezvous.points), now);
    if (!is_due || !s->rendezvous.is_on || s->phase != SERVER_RUNNING || s->host.addrs_count == 0 ||
        uv_gettimeofday(&tv) != 0 || tv.tv_sec <= 0) {
        return; /* nobody could reach us, as far as we know: server_rendezvous_follow */
    }
    s->rendezvous.has_news = false;
    while ((point = rendezvous_points_next(&s->rendezvous.points, now))) {
        for (uint64_t i = 0; i < DIRECTORY_DAYS_TOLD; i++) {
            register_at(s, point, (uint64_t)tv.tv_sec / DIRECTORY_DAY_S + i);
        }
    }
}

instant server_rendezvous_deadline(const struct server *s)
{
    bool is_due = s->rendezvous.is_on && s->phase == SERVER_RUNNING && s->host.addrs_count > 0;
    return is_due ? rendezvous_points_deadline(&s->rendezvous.points) : INSTANT_NEVER;
}
