/* The server says on the local network where it listens. */
#include "node/net/near.h"
#include "node/server/server_inside.h"

/* Other peers are the wallets' business. */
static void on_found(void *user, const struct mdns_found *found)
{
    (void)user;
    (void)found;
}

enum { TOLD_LEN_MAX = 64 }; /* an IP address, a port and /ws */

struct told {
    uint8_t room[MDNS_ADDRS_MAX][TOLD_LEN_MAX];
    struct span addrs[MDNS_ADDRS_MAX];
    size_t count;
};

/* Adds the forms of one listening address. */
static void tell(struct told *t, const struct near *near, struct span listen, bool loopback_too)
{
    for (size_t i = 0; (i == 0 || i < near->count) && t->count < MDNS_ADDRS_MAX; i++) {
        struct wr w = wr_init(MSPAN_OF(t->room[t->count]));
        if (!near_expand(near, &w, listen, i)) {
            continue;
        }
        struct span addr = span_of(t->room[t->count], w.n);
        if (near_has(near, addr, false) || (loopback_too && near_has(near, addr, true))) {
            t->addrs[t->count++] = addr;
        }
    }
}

void server_mdns_start(struct server *s)
{
    struct near near;
    struct told t = {.count = 0};
    if (s->config->mdns == SERVER_MDNS_NO) {
        return;
    }
    near_load(&near);
    for (size_t i = 0; i < s->listen_count; i++) {
        tell(&t, &near, s->listen[i], s->config->mdns == SERVER_MDNS_YES);
    }
    if (t.count == 0) {
        return;
    }
    struct mdns_socket_cfg cfg = {
        .loop = &s->loop,
        .mdns = {.self = *host_self(&s->host), .rng = &s->entropy.rng, .budget = &s->budget},
        .port = s->config->mdns_port,
        .on_found = on_found,
        .user = s
    };
    if (mdns_socket_init(&s->mdns, &cfg) != OK ||
        mdns_socket_set_addrs(&s->mdns, t.addrs, t.count) != OK) {
        log_line(&s->log, LOG_WARN, "net", "the local network cannot be told that we are here");
    }
}

void server_mdns_stop(struct server *s)
{
    mdns_socket_done(&s->mdns);
}
