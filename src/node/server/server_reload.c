/* Reading server.ini once more. */
#include "base/mem.h"
#include "node/server/server_inside.h"

#include <stddef.h>
#include <string.h>

enum { LOCAL_PACE_MS = 500 }; /* as at the start */

/* A key and where its value stands. */
struct item {
    const char *name;
    size_t at;
    size_t len;
    bool is_live; /* may change while the server runs */
};

#define ITEM(name, member, is_live)                                                                \
    {name, offsetof(struct server_config, member), sizeof((struct server_config *)0)->member,      \
     is_live}

/* The rest is built into what is open: ports, stores, places for streams, the sandbox. */
static const struct item items[] = {
    ITEM("server.network", network, false),
    ITEM("server.node", nodes, true),
    ITEM("server.beacon", beacon, false),
    ITEM("server.listen", listen, false),
    ITEM("server.announce", announce, false),
    ITEM("server.wss_cert", wss_cert, true),
    ITEM("server.wss_key", wss_key, true),
    ITEM("server.attest", is_attested, false),
    ITEM("server.attest_issuers", attest_issuers, false),
    ITEM("server.attest_pcs", attest_pcs, false),
    ITEM("server.attest_root_crl", attest_root_crl, false),
    ITEM("server.attest_kds", attest_kds, false),
    ITEM("server.package", is_package, false),
    ITEM("server.cosign", cosign, false),
    ITEM("server.capsules", capsules_max, false),
    ITEM("server.dht", is_dht, false),
    ITEM("server.gossip", is_gossip, false),
    ITEM("server.public_dht", is_public_dht, false),
    ITEM("server.public_dht_peer", public_dht, false),
    ITEM("server.rendezvous", is_rendezvous, false),
    ITEM("server.operator", operator_name, true),
    ITEM("server.port_mapping", is_port_mapping, false),
    ITEM("server.bootstrap", bootstrap, false),
    ITEM("server.relay", relay, false),
    ITEM("server.relay_at", relay_at, false),
    ITEM("server.mdns", mdns, false),
    ITEM("server.mdns_port", mdns_port, false),
    ITEM("limits.memory_mib", places.memory_max, false),
    ITEM("limits.streams", limits.streams_max, false),
    ITEM("limits.streams_per_peer", limits.streams_per_peer_max, true),
    ITEM("limits.node_requests", limits.asks_max, true),
    ITEM("limits.units", limits.units_max, true),
    ITEM("limits.units_per_second", limits.units_per_s, true),
    ITEM("limits.logs_blocks", limits.logs_blocks_max, true),
    ITEM("limits.head_ms", limits.head_ms, true),
    ITEM("bundler.enabled", is_bundler, false),
    ITEM("bundler.min_tip_wei", bundler.min_tip, true),
    ITEM("bundler.loss_per_peer", bundler.loss.per_peer, true),
    ITEM("bundler.loss_per_network", bundler.loss.per_group, true),
    ITEM("bundler.loss_per_hour", bundler.loss.total, true),
    ITEM("bundler.stuck_seconds", bundler.stuck_ms, true),
    ITEM("bundler.track_ms", bundler.track_ms, true),
    ITEM("bundler.confirmations", bundler.confirmations, true),
    ITEM("operator.port", operator_port, false),
    ITEM("operator.token_file", token_file, false),
    ITEM("process.sandbox", places.is_sandbox_optional, false),
    ITEM("keys.tpm", places.tpm, false),
    ITEM("keys.seal", places.is_seal_required, false),
    ITEM("peers.allow", places.peer_limits.gate.allow, true),
    ITEM("peers.deny", places.peer_limits.gate.deny, true),
    ITEM("peers.high_water", places.peer_limits.high, true),
    ITEM("peers.low_water", places.peer_limits.low, true),
    ITEM("peers.grace_s", places.peer_limits.grace_s, true),
    ITEM("peers.per_address", places.peer_limits.per_host, true),
    ITEM("peers.per_network", places.peer_limits.per_network, true),
    ITEM("log.level", places.is_debug, true),
};

static bool
differs(const struct item *i, const struct server_config *a, const struct server_config *b)
{
    return memcmp((const char *)a + i->at, (const char *)b + i->at, i->len) != 0;
}

static void put_changed(struct json_writer *j,
                        const char *name,
                        const struct server *s,
                        const struct server_config *next,
                        bool is_live)
{
    json_put_name(j, name);
    json_put_array(j);
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (items[i].is_live == is_live && differs(&items[i], s->config, next)) {
            json_put_str(j, items[i].name);
        }
    }
    json_end_array(j);
}

static void take_over(struct server *s, const struct server_config *next)
{
    bool is_node_new = memcmp(&s->own.nodes, &next->nodes, sizeof next->nodes) != 0;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (items[i].is_live) {
            memcpy((char *)&s->own + items[i].at, (const char *)next + items[i].at, items[i].len);
        }
    }
    s->own.has_head_ms = next->has_head_ms;
    s->own.has_track_ms = next->has_track_ms;
    bool is_local = s->network->kind == NETWORK_LOCAL;
    struct service_server_limits limits = s->own.limits;
    limits.head_ms = is_local && !s->own.has_head_ms ? LOCAL_PACE_MS : limits.head_ms;
    service_server_set_limits(&s->service, &limits);
    if (s->has_bundler) {
        struct bundler_limits bundler = s->own.bundler;
        bundler.track_ms = is_local && !s->own.has_track_ms ? LOCAL_PACE_MS : bundler.track_ms;
        bundler_set_limits(&s->bundler, &bundler);
    }
    s->log.level = s->own.places.is_debug ? LOG_DEBUG : LOG_INFO;
    server_peers_take_over(s);
    if (is_node_new) { /* it is asked who it is before anything else */
        server_chain_begin(s);
    }
}

MUST_CHECK static enum err load(struct server *s, struct server_config *next, struct diag *ret_why)
{
    TRY(server_config_load(next, &s->config->args, ret_why));
    if (server_wrong_node(&next->nodes)) {
        return diag_set(ret_why, ERR_MALFORMED, "node is no http:// or https:// address", 0);
    }
    return server_wss_reload(s, next, ret_why); /* the last that may fail: it takes over at once */
}

enum err server_reload(struct server *s, struct json_writer *j, struct diag *ret_why)
{
    void *p;
    enum err err = mem_alloc(&s->budget, &p, sizeof(struct server_config));
    if (err != OK) {
        return diag_set(ret_why, err, "there is no memory for it", 0);
    }
    struct server_config *next = p;
    notify_tell(&s->notify, NOTIFY_RELOADING);
    err = load(s, next, ret_why);
    if (err == OK) {
        json_put_object(j);
        put_changed(j, "changed", s, next, true);
        put_changed(j, "needs_restart", s, next, false);
        json_end_object(j);
        take_over(s, next);
        log_line(&s->log, LOG_INFO, "server", "server.ini was read again");
    } else {
        log_line(&s->log, LOG_WARN, "server", "server.ini is not taken over: %s, line %zu",
                 ret_why->rule ? ret_why->rule : err_name(err), ret_why->offset);
    }
    notify_tell(&s->notify, NOTIFY_READY);
    mem_free(&s->budget, p, sizeof(struct server_config));
    server_wake(s);
    return err;
}
