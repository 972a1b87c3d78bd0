/* By whose identity a server is asked. An account asks by one of its own, so that no server sees by that which accounts are
 * in one wallet. (It sees the wallet's network address: nothing here hides that.) */
#include "node/daemon/servers_inside.h"

enum { DIAL_ADDRS_MAX = 8, DAEMON_ONLY_S = 600 };

enum err account_host(struct servers *s, struct wallet_time t, struct call *c)
{
    const struct server *one = servers_find(s, &c->peer);
    c->host = s->cfg.host;
    if (!s->cfg.host_of || !id_is_set(c->account) ||
        (one && instant_before(t.mono, one->daemon_only_until))) {
        return OK;
    }
    return s->cfg.host_of(s->cfg.user, &c->host, t, c->account);
}

/* Where a server that the daemon is connected to can be dialled: as the daemon did, or at what it announces itself, which may lead
 * through a relay where the daemon's connection is a hole that it punched. */
static size_t addrs_of(const struct servers *s,
                       const struct host_peer_info *info,
                       struct span ret[static DIAL_ADDRS_MAX])
{
    size_t count = 0;
    if (!info->inbound) {
        ret[count++] = info->addr;
    }
    for (size_t i = 0; i < info->addrs_count && count < DIAL_ADDRS_MAX; i++) {
        struct span addr = host_peer_addr(s->cfg.host, &info->peer, i);
        bool is_again = count > 0 && span_equal(addr, ret[0]);
        if (!is_again && (!s->cfg.may_dial || s->cfg.may_dial(s->cfg.user, addr))) {
            ret[count++] = addr;
        }
    }
    return count;
}

enum err account_dial(struct servers *s, struct call *c)
{
    struct span addrs[DIAL_ADDRS_MAX];
    struct host_peer_info info;
    struct host_dial_args args = {.peer = &c->peer, .addrs = addrs, .insist = true};
    if (!host_peer_find(s->cfg.host, &info, &c->peer)) {
        return ERR_CLOSED;
    }
    args.addrs_count = addrs_of(s, &info, addrs);
    args.worked_count = !info.inbound;
    host_tick(c->host, c->started_at); /* the time that is allowed begins now */
    return host_dial(c->host, &c->dial, NULL, args);
}

/* Others than those that the person named could turn identities away to have the daemon's, which all accounts share. */
void account_gone(struct servers *s, struct wallet_time t, struct call *c)
{
    struct server *one = servers_find(s, &c->peer);
    if (!one || c->host == s->cfg.host || c->has_heard ||
        servers_found(s, &c->peer) != FOUND_MANUAL) {
        return;
    }
    log_line(s->cfg.log, LOG_INFO, "net",
             "a server that you named turns away an account's identity: it is asked by the "
             "wallet's own, which all accounts share");
    one->daemon_only_until = instant_add(t.mono, DAEMON_ONLY_S * US_PER_S);
    c->is_turned_away = true;
}

bool servers_is_asking(const struct servers *s, const struct host *host)
{
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        if (s->calls[i].is_used && s->calls[i].host == host) {
            return true;
        }
    }
    return false;
}
