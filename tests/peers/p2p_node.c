/* p2p_node [--listen ADDR]... [--memory MIB] [--seed N] [--perf] [--conns N] [--security noise|tls|noise,tls]
 *          [--kad server|client] [--kad-protocol ID] [--gossip] [--mdns PORT]
 *          [--autonat server|client] [--relay] [--circuit] [--dcutr] [--public] [--cert FILE --key FILE]
 *
 * A libp2p node that the interoperability tests talk to. It prints "listening ADDR" for each listener and
 * "ready PEER", then takes commands on stdin:
 *
 *     dial ADDR            -> connected PEER in|out       (also when a peer dials us), or "error dial ..."
 *     identify PEER        -> ok identify PEER agent=... observed=... protocols=a,b
 *     ping PEER            -> ok ping PEER us=N
 *     echo PEER BYTES      -> ok echo bytes=N sha256=... us=N     BYTES there and back on one stream
 *     streams PEER N       -> open N, then ok streams count=N     N streams open at the same time
 *     resets PEER N        -> ok resets count=N                   N streams, reset at random points
 *     send PEER BYTES      -> ok send bytes=N us=N                BYTES that the peer takes and drops
 *     perf PEER UP DOWN    -> ok perf up_us=N down_us=N
 *     disconnect PEER      -> disconnected PEER
 *     serve PROTOCOL       -> ok serve                            a protocol more, at most 8, that answers as echo; peers are told
 *     stats                -> ok stats memory=N conns=N streams=N serving=N handshakes=N sunk=N
 *     provide HEX, providers HEX, find PEER, put KEY VALUE, get KEY
 *                          -> found PEER ..., value TEXT, at last ok kad asked=N ... ok|not found   with --kad
 *     subscribe TOPIC, unsubscribe TOPIC, publish TOPIC TEXT, publishbytes TOPIC N
 *                          -> ok VERB; messages of others: message TOPIC AUTHOR len=N TEXT   with --gossip
 *     mesh TOPIC           -> ok mesh count=N peers=N
 *     reach ADDR           -> verdict ADDR reachable|unreachable|unknown arrived=N failed=N     with --autonat
 *     autonatstats         -> ok autonatstats served=N refused=N asked=N arrived=N
 *     (by itself)          -> discovered ADDR                         with --mdns; nomdns where that cannot be
 *     reserve ADDR         -> circuit ADDR for each of ours there, reserved RELAY ...; later lost RELAY ...  with --circuit
 *     (by itself)          -> direct PEER in|out, upgraded PEER attempts=N or gaveup PEER ...  with --dcutr, and --public: to no private address
 *     relaystats           -> ok relaystats reservations=N circuits=N opened=N refused=N relayed=N
 *     kadstats             -> ok kadstats peers=N providers=N values=N served=N
 *     quit, or end of stdin
 *
 * It serves /test/echo/1.0.0 and /test/sink/1.0.0, and with --perf also /perf/1.0.0. --conns takes so many connections, and lets
 * them be idle for ever. --security says how it dials; it listens to all. --cert and --key are for listening at /tls/ws. */
#include "p2p_node.h"
#include "base/check.h"
#include "codec/multiaddr.h"
#include "crypto/backend.h"
#include "node/net/web_certificate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void node_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
    (void)fflush(stdout);
}

static void fill_random(struct rng *self, struct mspan out)
{
    (void)self;
    for (size_t n = 0; n < out.n;) {
        ssize_t got = getrandom(out.p + n, out.n - n, 0);
        check(got > 0);
        n += (size_t)got;
    }
}

static const char *peer_text(const struct peer_id *peer)
{
    static char text[PEER_ID_TEXT_MAX];
    peer_id_print(text, peer);
    return text;
}

static void say_addr(const char *word, struct span addr, const struct peer_id *peer)
{
    char text[MULTIADDR_TEXT_MAX] = "";
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    if (addr.n > 0 && multiaddr_print(&w, addr) == OK) {
        text[w.n] = 0;
    }
    if (peer) {
        node_say("%s %s/p2p/%s", word, text, peer_text(peer));
    } else {
        node_say("%s %s", word, text);
    }
}

/* ---- events ---- */

static void say_identified(struct node *n, const struct peer_id *peer)
{
    struct host_peer_info info;
    if (!host_peer_find(&n->host, &info, peer) || !info.identified) {
        node_say("error identify not known");
        return;
    }
    static char list[4096];
    list[0] = 0;
    size_t len = 0;
    for (size_t i = 0; i < info.protocols_count; i++) {
        struct span p = host_peer_protocol(&n->host, peer, i);
        int more = snprintf(list + len, sizeof list - len, "%s%.*s", i ? "," : "", (int)p.n,
                            (const char *)p.p);
        len += more > 0 && len + (size_t)more < sizeof list ? (size_t)more : 0;
    }
    node_say("ok identify %s agent=%.*s observed=%zu protocols=%s", peer_text(peer),
             (int)info.agent.n, (const char *)info.agent.p, info.observed.n, list);
}

/* say_refused tells of each kind of refusal once in a row: a job at a limit asks again and again. */
static void say_refused(struct node *n, const struct refusal *r)
{
    if (r->reason != n->refused_last) {
        n->refused_last = r->reason;
        node_say("refused %s, %s, value=%" PRIu64 " limit=%" PRIu64, r->reason, r->scope, r->value,
                 r->limit);
    }
}

static void on_event(void *user, const struct host_event *e)
{
    struct node *n = user;
    switch (e->kind) {
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE: break; /* the driver's */
    case HOST_EVENT_PEER_CONNECTED:
        node_say("connected %s %s%s", peer_text(&e->peer), e->inbound ? "in" : "out",
                 e->relayed ? " relayed" : "");
        break;
    case HOST_EVENT_PEER_DIRECT:
        node_say("direct %s %s", peer_text(&e->peer), e->inbound ? "in" : "out");
        break;
    case HOST_EVENT_PEER_IDENTIFIED: node_say("identified %s", peer_text(&e->peer)); break;
    case HOST_EVENT_PEER_DISCONNECTED:
        node_say("disconnected %s %s %s", peer_text(&e->peer), err_name(e->err),
                 e->rule ? e->rule : "");
        break;
    case HOST_EVENT_DIAL_FAILED:
        node_say("error dial %s %s", err_name(e->err), e->rule ? e->rule : "");
        break;
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:    stream_on_event(n, e); break;
    case HOST_EVENT_PING:
        if (e->err == OK) {
            node_say("ok ping %s us=%" PRIu64, peer_text(&e->peer), e->rtt_us);
        } else {
            node_say("error ping %s", err_name(e->err));
        }
        break;
    case HOST_EVENT_PERF:
        if (e->err == OK) {
            node_say("ok perf up_us=%" PRIu64 " down_us=%" PRIu64, e->perf.upload_us,
                     e->perf.download_us);
        } else {
            node_say("error perf %s %s", err_name(e->err), e->rule ? e->rule : "");
        }
        break;
    case HOST_EVENT_REFUSED: say_refused(n, &e->refusal); break;
    case HOST_EVENT_EXTENSION:
        if (e->extension == &n->gossip.extension) {
            node_gossip_on_event(n);
        } else if (e->extension == &n->circuit.extension || e->extension == &n->dcutr.extension) {
            node_relay_on_event(n);
        } else if (e->extension == &n->autonat.extension) {
            node_autonat_on_event(n);
        } else {
            node_kad_on_event(n);
        }
        break;
    }
}

/* ---- commands ---- */

static void do_dial(struct node *n, const char *text)
{
    uint8_t bytes[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    if (multiaddr_parse(&w, span_str(text), NULL) != OK) {
        node_say("error dial not a multiaddr");
        return;
    }
    struct span addr = span_of(bytes, w.n);
    uint64_t dial;
    struct refusal refusal = {0};
    host_tick(&n->host, loop_now(&n->loop)); /* the time that is allowed begins now */
    enum err err = host_dial(&n->host, &dial, &refusal,
                             (struct host_dial_args){.addrs = &addr, .addrs_count = 1});
    if (err != OK) {
        node_say("error dial %s %s", err_name(err), refusal.reason ? refusal.reason : "");
    }
}

static void
start_job(struct node *n, enum job_kind kind, const struct peer_id *peer, uint64_t figure)
{
    if (n->job.kind != JOB_NONE) {
        node_say("error busy");
        return;
    }
    n->job = (struct job){
        .kind = kind, .peer = *peer, .started_at = loop_now(&n->loop), .count = 1, .bytes = figure};
    if (kind == JOB_STREAMS || kind == JOB_RESETS) {
        n->job.count = (uint32_t)figure;
        n->job.bytes = kind == JOB_STREAMS ? 100 : 300000;
    }
    job_go_on(n);
}

static void do_stats(struct node *n)
{
    struct host_stats s = host_stats(&n->host);
    node_say("ok stats memory=%zu conns=%u streams=%u serving=%u handshakes=%" PRIu64
             " sunk=%" PRIu64,
             s.memory_used, s.conns_count, s.streams_count, n->serving_count, s.handshakes_count,
             n->sunk_len);
}

static void say_unless_ok(const char *what, enum err err)
{
    if (err != OK) {
        node_say("error %s %s", what, err_name(err));
    }
}

static void do_serve(struct node *n, const char *protocol)
{
    if (n->served_count == sizeof n->served / sizeof n->served[0] ||
        strlen(protocol) >= sizeof n->served[0]) {
        node_say("error serve too many or too long");
        return;
    }
    char *name = n->served[n->served_count++];
    memcpy(name, protocol, strlen(protocol) + 1);
    enum err e = host_handle(&n->host, name, (struct host_protocol_args){0});
    node_say("%s serve %s", e == OK ? "ok" : "error", err_name(e));
}

static void do_with_peer(struct node *n,
                         const char *verb,
                         const struct peer_id *peer,
                         const uint64_t figures[2])
{
    if (strcmp(verb, "identify") == 0) {
        say_identified(n, peer);
    } else if (strcmp(verb, "ping") == 0) {
        say_unless_ok("ping", host_ping(&n->host, peer));
    } else if (strcmp(verb, "echo") == 0) {
        start_job(n, JOB_ECHO, peer, figures[0]);
    } else if (strcmp(verb, "streams") == 0) {
        start_job(n, JOB_STREAMS, peer, figures[0]);
    } else if (strcmp(verb, "resets") == 0) {
        start_job(n, JOB_RESETS, peer, figures[0]);
    } else if (strcmp(verb, "send") == 0) {
        start_job(n, JOB_SEND, peer, figures[0]);
    } else if (strcmp(verb, "perf") == 0) {
        struct host_perf_args args = {
            .peer = peer, .upload_len = figures[0], .download_len = figures[1]};
        say_unless_ok("perf", host_perf(&n->host, args));
    } else if (strcmp(verb, "disconnect") == 0) {
        host_disconnect(&n->host, peer);
    } else {
        node_say("error unknown command");
    }
}

static void on_line(struct node *n, char *line)
{
    char *rest = line;
    const char *verb = strsep(&rest, " ");
    const char *subject = rest ? strsep(&rest, " ") : "";
    uint64_t figures[2] = {0};
    if (node_relay_command(n, verb, subject) || node_kad_command(n, verb, subject, rest) ||
        node_gossip_command(n, verb, subject, rest) || node_autonat_command(n, verb, subject)) {
        tcp_pump(&n->tcp);
        return;
    }
    for (size_t i = 0; i < 2 && rest; i++) {
        figures[i] = strtoull(strsep(&rest, " "), NULL, 10);
    }
    struct peer_id peer;
    if (strcmp(verb, "quit") == 0) {
        loop_stop(&n->loop);
    } else if (strcmp(verb, "dial") == 0) {
        do_dial(n, subject);
    } else if (strcmp(verb, "serve") == 0) {
        do_serve(n, subject);
    } else if (strcmp(verb, "stats") == 0) {
        do_stats(n);
    } else if (strcmp(verb, "relaystats") == 0) {
        node_relay_say_stats(n);
    } else if (strcmp(verb, "kadstats") == 0 && n->has_kad) {
        node_kad_say_stats(n);
    } else if (peer_id_parse(&peer, span_str(subject)) == OK) {
        do_with_peer(n, verb, &peer, figures);
    } else {
        node_say("error unknown command or peer");
    }
    tcp_pump(&n->tcp);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *ret_buffer)
{
    (void)hint;
    struct node *n = handle->data;
    *ret_buffer = uv_buf_init(n->line + n->line_len, (unsigned)(sizeof n->line - 1 - n->line_len));
}

static void on_input(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct node *n = stream->data;
    if (count < 0) {
        loop_stop(&n->loop);
        return;
    }
    n->line_len += (size_t)count;
    n->line[n->line_len] = 0;
    for (char *end = strchr(n->line, '\n'); end; end = strchr(n->line, '\n')) {
        *end = 0;
        char line[sizeof n->line];
        memcpy(line, n->line, sizeof line);
        n->line_len -= (size_t)(end + 1 - n->line);
        memmove(n->line, end + 1, n->line_len + 1);
        on_line(n, line);
    }
}

/* ---- start ---- */

static void listen_on(struct node *n, const char *text)
{
    uint8_t bytes[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    struct span addr;
    if (multiaddr_parse(&w, span_str(text), NULL) != OK ||
        tcp_listen(&n->tcp, &addr, span_of(bytes, w.n)) != OK) {
        (void)fprintf(stderr, "p2p_node: cannot listen on %s\n", text);
        exit(1);
    }
    check(host_set_listen_addrs(&n->host, &addr, 1) == OK);
    say_addr("listening", addr, host_self(&n->host));
}

struct options {
    const char *listen[4];
    size_t listen_count;
    size_t memory_mib;
    uint64_t seed;
    uint32_t conns;
    bool perf;
    const char *security;
    bool gossip;
    bool relay;
    bool circuit;
    bool dcutr;
    bool public_only; /* hole punching leaves private addresses alone */
    uint16_t mdns;    /* port; 0 = none */
    const char *kad;  /* mode */
    const char *kad_protocol;
    const char *autonat; /* server or client */
    struct web_certificate_files wss;
};

static _Noreturn void usage(void)
{
    (void)fprintf(stderr, "usage: p2p_node [--listen ADDR]... [--memory MIB] [--seed N] [--perf] "
                          "[--conns N] [--security noise|tls|noise,tls] "
                          "[--kad server|client] [--kad-protocol ID] [--gossip] [--mdns PORT] "
                          "[--autonat server|client] [--relay] [--circuit] [--dcutr] [--public] "
                          "[--cert FILE --key FILE]\n");
    exit(2);
}

static struct options options_of(int argc, char **argv)
{
    struct options o = {.memory_mib = 256};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--perf") == 0) {
            o.perf = true;
        } else if (strcmp(argv[i], "--gossip") == 0) {
            o.gossip = true;
        } else if (strcmp(argv[i], "--relay") == 0) {
            o.relay = true;
        } else if (strcmp(argv[i], "--circuit") == 0) {
            o.circuit = true;
        } else if (strcmp(argv[i], "--dcutr") == 0) {
            o.dcutr = true;
        } else if (strcmp(argv[i], "--public") == 0) {
            o.public_only = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--listen") == 0 && o.listen_count < 4) {
            o.listen[o.listen_count++] = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--memory") == 0) {
            o.memory_mib = strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            o.seed = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--conns") == 0) {
            o.conns = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--security") == 0) {
            o.security = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--mdns") == 0) {
            o.mdns = (uint16_t)strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--kad") == 0) {
            o.kad = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--kad-protocol") == 0) {
            o.kad_protocol = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--autonat") == 0) {
            o.autonat = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--cert") == 0) {
            o.wss.chain = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--key") == 0) {
            o.wss.key = argv[++i];
        } else {
            usage();
        }
    }
    return o;
}

/* set_security reads names with commas between. */
static void set_security(struct host_cfg *cfg, const char *text)
{
    struct span rest = span_str(text);
    while (rest.n > 0 && cfg->security_dial_count < SECURITY_COUNT) {
        struct span word = span_take(&rest, span_find(rest, ','));
        (void)span_take(&rest, 1);
        bool is_tls = span_equal(word, SPAN_LIT("tls"));
        if (!is_tls && !span_equal(word, SPAN_LIT("noise"))) {
            usage();
        }
        cfg->security_dial[cfg->security_dial_count++] = is_tls ? SECURITY_TLS : SECURITY_NOISE;
    }
}

static void node_init(struct node *n, const struct options *o)
{
    size_t memory = o->memory_mib << 20;
    struct secret32 seed;
    n->rng.fill = fill_random;
    rng_fill(&n->rng, MSPAN_OF(seed.bytes));
    check(crypto_init() == OK);
    key_signer_init(&n->signer, &seed);
    secret32_wipe(&seed);
    rng_seeded_init(&n->choices, o->seed);
    list_init(&n->clients);
    budget_init(&n->budget, NULL, "system", 2 * memory);
    check(loop_init(&n->loop) == OK);
    struct host_cfg cfg = {.signer = &n->signer.signer,
                           .rng = &n->rng,
                           .parent = &n->budget,
                           .memory_max = memory,
                           .agent = "passmesh-test/0.1.0",
                           .serve_perf = o->perf};
    uv_timeval64_t clock;
    check(uv_gettimeofday(&clock) == 0);
    cfg.unix_s = (uint64_t)clock.tv_sec;
    set_security(&cfg, o->security ? o->security : "noise");
    cfg.limits = host_limits_for(memory);
    cfg.limits.streams_per_conn_max = 4096;
    cfg.limits.streams_in_per_conn_max = 4096;
    if (o->conns > 0) {
        cfg.limits.conns_max = cfg.limits.conns_in_max = o->conns;
        cfg.limits.keepalive_us = 0;
    }
    check(host_init(&n->host, &cfg, loop_now(&n->loop)) == OK);
    check(host_handle(&n->host, ECHO_PROTOCOL, (struct host_protocol_args){.relayed_ok = true}) ==
          OK);
    check(host_handle(&n->host, SINK_PROTOCOL, (struct host_protocol_args){0}) == OK);
    if (o->kad) {
        node_kad_init(n, o->kad, o->kad_protocol);
    }
    if (o->gossip) {
        node_gossip_init(n);
    }
    if (o->relay || o->circuit || o->dcutr) {
        node_relay_init(n, o->relay);
    }
    if (o->dcutr) {
        node_dcutr_init(n, !o->public_only);
    }
    if (o->autonat) {
        node_autonat_init(n, cfg.unix_s, strcmp(o->autonat, "server") == 0);
    }
    struct tcp_cfg tcp = {.loop = &n->loop,
                          .host = &n->host,
                          .budget = &n->budget,
                          .rng = &n->rng,
                          .one_port = o->dcutr,
                          .on_event = on_event,
                          .user = n};
    check(tcp_init(&n->tcp, &tcp) == OK);
    const char *rule = "";
    if (o->wss.chain && o->wss.key &&
        web_certificate_load(&n->tcp.web_server, &rule, &o->wss, &n->budget) != OK) {
        (void)fprintf(stderr, "p2p_node: %s\n", rule);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct node n;
    struct options o = options_of(argc, argv);
    node_init(&n, &o);
    for (size_t i = 0; i < o.listen_count; i++) {
        listen_on(&n, o.listen[i]);
    }
    check(uv_pipe_init(&n.loop.uv, &n.input, 0) == 0);
    n.input.data = &n;
    check(uv_pipe_open(&n.input, 0) == 0);
    check(uv_read_start((uv_stream_t *)&n.input, on_alloc, on_input) == 0);
    if (o.mdns > 0) {
        struct span addr =
            n.host.addrs_count > 0 ? span_from(buf_span(&n.host.addrs), 2) : SPAN_EMPTY;
        node_mdns_init(&n, o.mdns, &addr, addr.n > 0);
    }
    node_say("ready %s", peer_text(host_self(&n.host)));
    tcp_pump(&n.tcp);
    loop_run(&n.loop);
    dialback_done(&n.dialback);
    tcp_done(&n.tcp);
    uv_close((uv_handle_t *)&n.input, NULL);
    mdns_socket_done(&n.mdns);
    loop_done(&n.loop);
    node_autonat_done(&n);
    host_kad_done(&n.kad);
    host_gossip_done(&n.gossip);
    node_relay_done(&n);
    host_done(&n.host);
    return 0;
}
