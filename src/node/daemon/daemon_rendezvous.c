/* Servers are looked for at the rendezvous points that the daemon is connected to, while there are few. */
#include "node/daemon/daemon_inside.h"
#include "service/directory.h"

#include <stdio.h>

static const uint64_t EVERY_US = 60 * US_PER_S;

enum err daemon_rendezvous_start(struct daemon *d)
{
    struct rendezvous_points_cfg cfg = {.every_us = EVERY_US};
    if (!d->config->is_rendezvous) {
        return OK;
    }
    if (rendezvous_points_init(&d->rendezvous.points, &d->host, &cfg) != OK) {
        (void)snprintf(d->text, DAEMON_TEXT_LEN,
                       "The memory for peers is too small: raise memory_mib in passmesh.ini.");
        return ERR_LIMIT;
    }
    d->rendezvous.is_on = true;
    return OK;
}

void daemon_rendezvous_stop(struct daemon *d)
{
    d->rendezvous.is_on = false;
    rendezvous_points_done(&d->rendezvous.points);
}

/* The record is the server's own; that it serves wallets, identify will tell. */
static void take(struct daemon *d, const struct host_rendezvous_event *e)
{
    struct peer_record record;
    struct servers_heard heard = {.peer = e->peer, .found = FOUND_RENDEZVOUS};
    if (peer_record_open(&record, e->record, &d->budget) == OK &&
        !peer_id_equal(&e->peer, host_self(&d->host))) {
        daemon_hear(d, heard, record.addrs, record.addrs_count);
    }
}

void daemon_rendezvous_event(struct daemon *d)
{
    struct host_rendezvous_event e;
    while (d->rendezvous.is_on && host_rendezvous_poll(&d->rendezvous.points.host, &e)) {
        if (e.kind == HOST_RENDEZVOUS_FOUND) {
            log_line(&d->log, LOG_DEBUG, "net", "a rendezvous point names a server");
            take(d, &e);
        }
    }
}

static bool is_looking(const struct daemon *d)
{
    return d->rendezvous.is_on && servers_usable_count(&d->servers) < SERVERS_ENOUGH;
}

void daemon_rendezvous_tick(struct daemon *d, struct wallet_time t)
{
    const struct network *n = wallet_network(d->wallet, wallet_settings(d->wallet)->network);
    const struct peer_id *point;
    char room[DIRECTORY_NAME_LEN_MAX];
    if (!is_looking(d) || !n) {
        return;
    }
    if (!id_equal(n->id, d->rendezvous.network)) {
        d->rendezvous.network = n->id;
        rendezvous_points_anew(&d->rendezvous.points);
    }
    struct span name = directory_name(room, n->chain_id, t.unix_ms / 1000 / DIRECTORY_DAY_S);
    while ((point = rendezvous_points_next(&d->rendezvous.points, t.mono))) {
        if (host_rendezvous_discover(&d->rendezvous.points.host, point, name, SPAN_EMPTY) != OK) {
            log_line(&d->log, LOG_DEBUG, "net", "a rendezvous point cannot be asked now");
        }
    }
}

instant daemon_rendezvous_deadline(const struct daemon *d)
{
    return is_looking(d) ? rendezvous_points_deadline(&d->rendezvous.points) : INSTANT_NEVER;
}
