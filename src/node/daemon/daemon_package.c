/* Chunks of packages for the keeper, from the servers that the daemon is connected to. */
#include "node/daemon/daemon_inside.h"

static void on_chunk(void *user, enum err err, struct span bytes)
{
    struct daemon *d = user;
    struct daemon_package *p = &d->package;
    if (p->host.liars_count > p->liars_told) {
        p->liars_told = p->host.liars_count;
        log_line(&d->log, LOG_WARN, "plugin",
                 "%u peers sent something else than the package: they are not asked again",
                 (unsigned)p->liars_told);
    }
    daemon_plugin_give(d, p->number, err == OK ? bytes : SPAN_EMPTY);
}

enum err daemon_package_start(struct daemon *d)
{
    const struct chunk_host_cfg cfg = {.budget = &d->budget, .on_chunk = on_chunk, .user = d};
    return chunk_host_init(&d->package.host, &d->host, &cfg);
}

void daemon_package_stop(struct daemon *d)
{
    chunk_host_done(&d->package.host);
}

void daemon_package_want(struct daemon *d, uint64_t number, const struct chunk_want *want)
{
    host_tick(&d->host, daemon_time(d).mono); /* the time that is allowed begins now */
    d->package.number = number;
    chunk_host_want(&d->package.host, want);
}
