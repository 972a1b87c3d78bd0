/* The daemon and relays: it dials servers through them, and upgrades what it can to direct connections. It takes nobody in. */
#include "node/daemon/daemon_inside.h"

#include <stdio.h>

enum err daemon_relay_start(struct daemon *d)
{
    struct host_dcutr_cfg dcutr = {.private_too = d->servers.cfg.is_local};
    if (host_circuit_init(&d->circuit, &d->host, &(struct host_circuit_cfg){0}) != OK ||
        host_dcutr_init(&d->dcutr, &d->host, &dcutr) != OK) {
        (void)snprintf(d->text, DAEMON_TEXT_LEN,
                       "The memory for peers is too small: raise memory_mib in passmesh.ini.");
        return ERR_LIMIT;
    }
    return OK;
}

void daemon_relay_stop(struct daemon *d)
{
    host_dcutr_done(&d->dcutr);
    host_circuit_done(&d->circuit);
}

void daemon_relay_event(struct daemon *d)
{
    struct host_circuit_event c;
    struct host_dcutr_event e;
    while (d->circuit.host && host_circuit_poll(&d->circuit, &c)) {}
    while (d->dcutr.host && host_dcutr_poll(&d->dcutr, &e)) {
        log_line(&d->log, LOG_DEBUG, "net", "a relayed connection %s",
                 e.kind == HOST_DCUTR_UPGRADED ? "became direct" : "stays relayed");
    }
}
