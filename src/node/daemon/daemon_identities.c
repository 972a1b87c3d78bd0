/* The daemon and its accounts' identities: which servers they are connected to is the servers' doing (servers_account.c). */
#include "node/daemon/daemon_inside.h"

static bool is_asking(void *user, const struct host *host)
{
    const struct daemon *d = user;
    return servers_is_asking(&d->servers, host);
}

static void on_event(void *user, struct host *host, const struct host_event *e)
{
    struct daemon *d = user;
    servers_account_event(&d->servers, host, daemon_time(d), e);
    daemon_pump_soon(d);
}

static enum err host_of(void *user, struct host **ret, struct wallet_time t, struct id account)
{
    struct daemon *d = user;
    return identities_host(&d->identities, ret, t.mono, account);
}

static bool may_dial(void *user, struct span addr)
{
    return daemon_may_dial(user, addr);
}

static void banned(void *user, const struct peer_id *peer)
{
    struct daemon *d = user;
    identities_disconnect(&d->identities, peer);
}

void daemon_identities_hear(struct servers_cfg *cfg)
{
    cfg->host_of = host_of;
    cfg->banned = banned;
    cfg->may_dial = may_dial;
}

void daemon_identities_start(struct daemon *d)
{
    struct identities_cfg cfg = {.loop = &d->loop,
                                 .budget = &d->budget,
                                 .rng = &d->entropy.rng,
                                 .log = &d->log,
                                 .agent = DAEMON_AGENT,
                                 .private_too = d->servers.cfg.is_local,
                                 .gate = &d->config->peer_limits.gate,
                                 .is_asking = is_asking,
                                 .on_event = on_event,
                                 .user = d};
    identities_init(&d->identities, &cfg);
}
