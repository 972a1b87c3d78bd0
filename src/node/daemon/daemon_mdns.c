/* Servers of the local network are heard, and become candidates. */
#include "node/daemon/daemon_inside.h"

/* A wallet of the local test network stays on this machine. Any other dials nothing on this machine because a stranger
 * says so, and nothing that is not on a network that the machine itself is on. */
static void on_found(void *user, const struct mdns_found *found)
{
    struct daemon *d = user;
    struct span addr = span_of(found->addr, found->addr_len);
    instant now = loop_now(&d->loop);
    if (!near_has(&d->near, addr, d->servers.cfg.is_local)) {
        near_load(&d->near); /* the machine may have come to another network */
        if (!near_has(&d->near, addr, d->servers.cfg.is_local)) {
            return;
        }
    }
    struct servers_heard heard = {.peer = found->peer, .addr = addr, .found = FOUND_MDNS};
    if (servers_hear(&d->servers, now, &heard) == OK) {
        alarm_set(&d->alarm, now); /* the dial is not the socket's to do */
    }
}

void daemon_mdns_start(struct daemon *d)
{
    near_load(&d->near);
    if (!d->config->is_mdns) {
        return;
    }
    struct mdns_socket_cfg cfg = {
        .loop = &d->loop,
        .mdns = {.self = *host_self(&d->host), .rng = &d->entropy.rng, .budget = &d->budget},
        .port = d->config->mdns_port,
        .on_found = on_found,
        .user = d
    };
    if (mdns_socket_init(&d->mdns, &cfg) != OK) {
        log_line(&d->log, LOG_WARN, "net", "servers of the local network cannot be heard");
    }
}

void daemon_mdns_stop(struct daemon *d)
{
    mdns_socket_done(&d->mdns);
}
