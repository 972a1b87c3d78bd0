/* The server and relays: it relays for others where it can be reached, and is reached through others where it cannot.
 * Whoever came through a relay is upgraded to a direct connection where routers let it. */
#include "codec/multiaddr.h"
#include "node/server/server_inside.h"

static const uint64_t LOOK_US_MIN = 5 * US_PER_S;
static const uint64_t LOOK_US_MAX = 600 * US_PER_S;
enum { RELAYS_WANTED = 2 };

/* parse_addr reads a multiaddr of server.ini; room has MULTIADDR_LEN_MAX. */
MUST_CHECK static enum err parse_addr(struct span *ret_addr, uint8_t *room, const char *text)
{
    struct wr w = wr_init(mspan_of(room, MULTIADDR_LEN_MAX));
    TRY(multiaddr_parse(&w, span_str(text), NULL));
    *ret_addr = span_of(room, w.n);
    return wr_end(&w);
}

size_t server_relay_addrs(const struct server *s,
                          struct span addrs[static HOST_ADDRS_MAX],
                          size_t count,
                          struct buf *room)
{
    if (s->relay.is_on) {
        (void)host_circuit_addrs(&s->relay.circuit, room);
    }
    for (struct rd r = rd_init(buf_span(room)); r.rest.n > 0 && count < HOST_ADDRS_MAX;) {
        size_t len = rd_be16(&r);
        addrs[count++] = rd_bytes(&r, len);
    }
    return count;
}

static void serve(struct server *s)
{
    if (host_relay_init(&s->relay.service, &s->host, &(struct host_relay_cfg){0}) == OK) {
        s->relay.serves = true;
        log_line(&s->log, LOG_INFO, "relay", "relays for peers that cannot be reached");
    } else {
        host_relay_done(&s->relay.service);
        log_line(&s->log, LOG_WARN, "relay", "cannot relay: memory, or a clock that is not set");
    }
}

enum err server_relay_start(struct server *s)
{
    struct host_dcutr_cfg dcutr = {.private_too = s->network->kind == NETWORK_LOCAL};
    s->relay.look_at = loop_now(&s->loop);
    s->relay.every_us = LOOK_US_MIN;
    if (host_circuit_init(&s->relay.circuit, &s->host, &(struct host_circuit_cfg){0}) != OK ||
        host_dcutr_init(&s->relay.dcutr, &s->host, &dcutr) != OK) {
        server_give_up(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
        return ERR_LIMIT;
    }
    s->relay.is_on = true;
    if (s->config->relay == SERVER_RELAY_YES) {
        serve(s);
    }
    return OK;
}

void server_relay_stop(struct server *s)
{
    host_dcutr_done(&s->relay.dcutr);
    host_circuit_done(&s->relay.circuit);
    host_relay_done(&s->relay.service);
    s->relay.is_on = s->relay.serves = false;
}

/* ---- being reached through others ---- */

static void reserve_named(struct server *s, const char *text)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct span addr;
    struct span id;
    struct peer_id relay;
    if (parse_addr(&addr, room, text) != OK || !multiaddr_peer_id(&id, addr) ||
        peer_id_decode(&relay, id) != OK) {
        log_line(&s->log, LOG_WARN, "relay", "the relay is not used, its address has no /p2p: %s",
                 text);
        return;
    }
    enum err err = host_circuit_reserve(&s->relay.circuit, &relay, &addr, 1);
    if (err != OK && err != ERR_STATE) {
        log_line(&s->log, LOG_DEBUG, "relay", "%s: %s", text, err_name(err));
    }
}

/* reserve_found asks peers that say that they relay. */
static void reserve_found(struct server *s)
{
    size_t held = s->relay.circuit.relays_count;
    for (size_t i = 0; i < host_peers_count(&s->host) && held < RELAYS_WANTED; i++) {
        struct host_peer_info info;
        host_peer_at(&s->host, &info, i);
        struct peer_id peer = info.peer;
        if (info.identified && !info.relayed && !info.inbound &&
            host_peer_speaks(&s->host, &peer, SPAN_LIT(CIRCUIT_HOP_PROTOCOL)) &&
            host_circuit_reserve(&s->relay.circuit, &peer, NULL, 0) == OK) {
            held++;
        }
    }
}

void server_relay_tick(struct server *s, instant now)
{
    enum reach reach = s->reach.host.verdict.reach;
    if (!s->relay.is_on || s->phase != SERVER_RUNNING) {
        return;
    }
    if (!s->relay.serves && reach == REACH_REACHABLE && s->config->relay == SERVER_RELAY_REACHED) {
        serve(s);
    }
    if (!instant_reached(s->relay.look_at, now)) {
        return;
    }
    s->relay.look_at = instant_add(now, s->relay.every_us);
    s->relay.every_us = s->relay.every_us * 2 > LOOK_US_MAX ? LOOK_US_MAX : s->relay.every_us * 2;
    for (size_t i = 0; i < s->config->relay_at_count; i++) {
        reserve_named(s, s->config->relay_at[i]);
    }
    if (s->config->relay_at_count == 0 && (reach == REACH_PUNCHABLE || reach == REACH_RELAYED)) {
        reserve_found(s);
    }
}

instant server_relay_deadline(const struct server *s)
{
    return s->relay.is_on && s->phase == SERVER_RUNNING ? s->relay.look_at : INSTANT_NEVER;
}

void server_relay_event(struct server *s)
{
    struct host_circuit_event c;
    struct host_dcutr_event d;
    char peer[PEER_ID_TEXT_MAX];
    while (s->relay.is_on && host_circuit_poll(&s->relay.circuit, &c)) {
        bool is_held = c.kind == HOST_CIRCUIT_RESERVED;
        peer_id_print(peer, &c.relay);
        if (is_held) {
            log_line(&s->log, LOG_INFO, "relay", "reached through %s", peer);
        } else {
            log_line(&s->log, LOG_INFO, "relay", "not reached through %s: %s, status %llu", peer,
                     err_name(c.err), (unsigned long long)c.status);
        }
        if (is_held) {
            s->relay.every_us = LOOK_US_MIN;
        }
        if (server_announce(s) == OK) {
            server_dht_follow(s);
            server_public_dht_follow(s);
            server_rendezvous_follow(s);
        }
    }
    while (s->relay.is_on && host_dcutr_poll(&s->relay.dcutr, &d)) {
        bool is_direct = d.kind == HOST_DCUTR_UPGRADED;
        log_line(&s->log, LOG_DEBUG, "relay", "a relayed connection %s after %u attempts%s%s",
                 is_direct ? "became direct" : "stays", d.attempts, d.rule ? ": " : "",
                 d.rule ? d.rule : "");
    }
}
