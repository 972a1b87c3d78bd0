/* Can strangers reach the server: it asks peers, dials for those who ask, and announces what is confirmed. The DHT follows. */
#include "base/check.h"
#include "codec/multiaddr.h"
#include "node/net/near.h"
#include "node/server/server_inside.h"

enum { LOOPBACK_NET = 127 };

static bool is_local(const struct server *s)
{
    return s->network->kind == NETWORK_LOCAL;
}

/* ---- where it listens ---- */

/* Its listening addresses, and what the operator announces. */
static void set_listen(struct server *s)
{
    struct near near;
    struct net_addr places[HOST_REACH_LISTEN_MAX];
    near_load(&near);
    size_t count = near_places(&near, places,
                               (struct near_places_args){.listen = s->listen,
                                                         .listen_count = s->listen_count,
                                                         .max = HOST_REACH_LISTEN_MAX});
    for (size_t i = 0; i < s->reach.also_count && count < HOST_REACH_LISTEN_MAX; i++) {
        count += net_addr_of(&places[count], s->reach.also[i]) == OK;
    }
    host_reach_set_listen(&s->reach.host, places, count);
}

/* ---- announcing ---- */

/* What is announced without proof: what the operator says; on a local network, all that the server listens on. */
MUST_CHECK static enum err read_also(struct server *s)
{
    struct server_reach *r = &s->reach;
    r->also_count = s->config->announce_count;
    for (size_t i = 0; i < r->also_count; i++) {
        struct wr w = wr_init(MSPAN_OF(r->also_rooms[i]));
        if (multiaddr_parse(&w, span_str(s->config->announce[i]), NULL) != OK || wr_end(&w) != OK) {
            server_give_up(s, ERR_MALFORMED, "announce = %s in server.ini is no address.",
                           s->config->announce[i]);
            return ERR_MALFORMED;
        }
        r->also[i] = span_of(r->also_rooms[i], w.n);
    }
    if (r->also_count == 0 && is_local(s)) {
        r->also_count = s->listen_count;
        for (size_t i = 0; i < s->listen_count; i++) {
            r->also[i] = s->listen[i];
        }
    }
    return OK;
}

enum err server_announce(struct server *s)
{
    struct span addrs[HOST_ADDRS_MAX];
    AUTO(buf_done) struct buf room = {0};
    buf_init(&room, &s->budget, (size_t)HOST_ADDRS_MAX * (MULTIADDR_LEN_MAX + 2));
    for (size_t i = 0; i < s->reach.also_count; i++) {
        addrs[i] = s->reach.also[i];
    }
    size_t count = server_relay_addrs(s, addrs, s->reach.also_count, &room);
    enum err e = s->reach.is_on ? host_reach_announce(&s->reach.host, addrs, count)
                                : host_set_listen_addrs(&s->host, addrs, count);
    if (e != OK) {
        log_line(&s->log, LOG_ERROR, "net", "there is no memory for the addresses");
    }
    return e;
}

/* The DHT has it as a server while others can reach it: proven; or, until the opposite is, because its operator says so, or
 * because the network is this machine's own. */
static bool is_good_for_dht(const struct server *s)
{
    if (s->config->relay_at_count > 0 && s->reach.host.verdict.reach != REACH_REACHABLE) {
        return false; /* whoever needs a relay answers nobody in time */
    }
    switch (s->reach.host.verdict.reach) {
    case REACH_REACHABLE: return true;
    case REACH_UNKNOWN:   return s->reach.also_count > 0;
    case REACH_PUNCHABLE:
    case REACH_RELAYED:   break;
    }
    return is_local(s);
}

bool server_reach_is_dht_server(const struct server *s)
{
    return is_good_for_dht(s);
}

static void tell(struct server *s)
{
    const struct reachability *v = &s->reach.host.verdict;
    log_line(&s->log, LOG_INFO, "net", "from outside: %s: %s", reach_text(v->reach),
             reach_reason_text(v->reason));
}

void server_reach_event(struct server *s)
{
    if (!s->reach.is_on || !host_reach_poll(&s->reach.host)) {
        return;
    }
    const struct reachability *v = &s->reach.host.verdict;
    if (v->reach != s->reach.told || v->reason != s->reach.told_reason) {
        s->reach.told = v->reach;
        s->reach.told_reason = v->reason;
        tell(s);
    }
    if (server_announce(s) == OK) {
        server_dht_follow(s);
        server_public_dht_follow(s);
        server_gossip_follow(s);
        server_rendezvous_follow(s);
    }
}

/* ---- the home router ---- */

/* on_report: the router opened ports, or does so no more. What is no public address is none: a router behind another. */
static void on_report(void *user)
{
    struct server *s = user;
    const struct portmap_report *r = &s->reach.portmap.report;
    struct net_addr outer[HOST_REACH_MAPPED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s->listen_count && count < HOST_REACH_MAPPED_MAX; i++) {
        struct net_addr listen;
        if (net_addr_of(&listen, s->listen[i]) == OK &&
            portmap_report_addr(r, &outer[count], &listen) && net_addr_is_public(&outer[count])) {
            count++;
        }
    }
    log_line(&s->log, LOG_INFO, "net", "the router: %s (%s), %zu ports towards us%s%s",
             portmap_state_name(r->state), portmap_how_name(r->how), count, r->why ? ": " : "",
             r->why ? pcp_result_text(r->why) : "");
    host_reach_set_mapped(&s->reach.host, outer, count);
    server_wake(s);
}

static void ask_router(struct server *s)
{
    struct portmap_port ports[PORTMAP_PORTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s->listen_count && count < PORTMAP_PORTS_MAX; i++) {
        struct net_addr a;
        if (net_addr_of(&a, s->listen[i]) == OK && !a.is_ip6 && a.ip[0] != LOOPBACK_NET) {
            ports[count++] =
                (struct portmap_port){.is_udp = a.transport == NET_QUIC, .inside = a.port};
        }
    }
    if (count == 0 || is_local(s)) {
        portmap_end(&s->reach.portmap); /* nothing that a router could open */
        return;
    }
    s->reach.portmap.on_report = on_report;
    s->reach.portmap.user = s;
    portmap_ask(&s->reach.portmap, &s->loop, ports, count);
}

/* ---- life ---- */

static void on_result(void *user)
{
    server_wake(user);
}

MUST_CHECK static enum err start_asking(struct server *s, uint64_t unix_s)
{
    struct dialback_cfg dialback = {.loop = &s->loop,
                                    .budget = &s->budget,
                                    .rng = &s->entropy.rng,
                                    .unix_s = unix_s,
                                    .agent = s->host.cfg.agent,
                                    .on_result = on_result,
                                    .user = s};
    TRY(dialback_init(&s->reach.dialback, &dialback));
    struct host_reach_cfg cfg = {
        .autonat = {.dialler = &s->reach.dialback.dialler,
                    .policy = {.private_too = is_local(s), .no_ip6 = !s->reach.dialback.has_ip6}},
        .tcp_reuses_port = true,
    };
    s->reach.is_on = true;
    TRY(host_reach_init(&s->reach.host, &s->host, &cfg));
    s->reach.dialback.to = &s->reach.host.autonat;
    return OK;
}

enum err server_reach_start(struct server *s)
{
    TRY(read_also(s));
    enum err e = start_asking(s, s->host.cfg.unix_s);
    if (e == OK) {
        set_listen(s);
        e = server_announce(s);
        ask_router(s);
    }
    if (e != OK) {
        server_give_up(s, e, "There is no memory for the network: raise memory_mib in server.ini.");
    }
    return e;
}

void server_reach_stop(struct server *s)
{
    portmap_end(&s->reach.portmap);
    dialback_done(&s->reach.dialback);
}

void server_reach_free(struct server *s)
{
    if (s->reach.is_on) {
        host_reach_done(&s->reach.host);
        s->reach.is_on = false;
    }
    dialback_free(&s->reach.dialback);
}

/* ---- status ---- */

static void put_str(struct json_writer *j, const char *name, const char *text)
{
    json_put_name(j, name);
    json_put_str(j, text);
}

static void put_addr(struct json_writer *j, const struct reach_addr *a)
{
    uint8_t bytes[NET_ADDR_LEN_MAX];
    char text[SERVER_ADDR_TEXT_LEN];
    struct wr b = wr_init(MSPAN_OF(bytes));
    struct wr w = wr_init(mspan_of(text, sizeof text));
    net_addr_write(&b, &a->addr);
    check(wr_ok(&b));
    json_put_object(j);
    if (multiaddr_print(&w, span_of(bytes, b.n)) == OK) {
        json_put_name(j, "address");
        json_put_string(j, span_of(text, w.n));
    }
    put_str(j, "state", reach_name(a->reach));
    put_str(j, "why", reach_reason_name(a->reason));
    json_put_name(j, "arrived");
    json_put_u64(j, a->arrived_count);
    json_put_name(j, "failed");
    json_put_u64(j, a->failed_count);
    json_end_object(j);
}

void server_reach_write(const struct server *s, struct json_writer *j)
{
    const struct reachability *v = &s->reach.host.verdict;
    json_put_name(j, "reach");
    json_put_object(j);
    put_str(j, "state", reach_name(v->reach));
    put_str(j, "why", reach_reason_name(v->reason));
    put_str(j, "words", reach_text(v->reach));
    put_str(j, "why_words", reach_reason_text(v->reason));
    json_put_name(j, "addresses");
    json_put_array(j);
    for (size_t i = 0; i < v->addrs_count; i++) {
        put_addr(j, &v->addrs[i]);
    }
    json_end_array(j);
    json_put_name(j, "router");
    json_put_object(j);
    put_str(j, "state",
            s->reach.portmap.is_watched ? portmap_state_name(s->reach.portmap.report.state)
                                        : "off");
    put_str(j, "how", portmap_how_name(s->reach.portmap.report.how));
    if (s->reach.portmap.report.why != PCP_SUCCESS) {
        put_str(j, "why", pcp_result_name(s->reach.portmap.report.why));
        put_str(j, "why_words", pcp_result_text(s->reach.portmap.report.why));
    }
    json_end_object(j);
    json_end_object(j);
}
