/* The TCP driver over loopback: two hosts on one loop. Ports are whatever the system gives. */
#include "node/net/tcp.h"

#include "base/test.h"
#include "codec/multiaddr.h"
#include "crypto/backend.h"
#include "node/net/dnsaddr.h"
#include "node/net/tcp_addr.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"
#include "p2p/tls_web_test.h"
#include "p2p/ws_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SERVED "/echo/1"
enum { SIDES = 2, WAIT_MS = 20000, BULK_LEN = 3000000 };

struct side {
    struct key_signer signer;
    struct rng_seeded rng;
    struct budget budget;
    struct host host;
    struct tcp tcp;
    struct peer_id peer; /* the other, once connected */
    unsigned connected;
    unsigned disconnected;
    unsigned dials_failed;
    uint64_t received;
    uint64_t to_send;
    host_stream stream;
};

static struct loop loop;
static struct alarm watchdog;
static struct side sides[SIDES];

static void write_some(struct side *s)
{
    static const uint8_t zeros[16384];
    size_t sent = 1;
    while (s->to_send > 0 && sent > 0) {
        size_t len = s->to_send < sizeof zeros ? (size_t)s->to_send : sizeof zeros;
        sent = host_stream_write(&s->host, s->stream, span_of(zeros, len));
        s->to_send -= sent;
    }
}

static void on_event(void *user, const struct host_event *e)
{
    struct side *s = user;
    if (e->kind == HOST_EVENT_PEER_CONNECTED) {
        s->connected++;
        s->peer = e->peer;
    } else if (e->kind == HOST_EVENT_PEER_DISCONNECTED) {
        s->disconnected++;
    } else if (e->kind == HOST_EVENT_DIAL_FAILED) {
        s->dials_failed++;
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        s->received += e->data.n;
        host_stream_consume(&s->host, e->stream, e->data.n);
    } else if (e->kind == HOST_EVENT_STREAM_OPENED || e->kind == HOST_EVENT_STREAM_WRITABLE) {
        write_some(s);
    }
}

static void side_init(struct side *s, uint8_t fill, unsigned handshake_ms)
{
    struct secret32 seed;
    memset(s, 0, sizeof *s);
    memset(seed.bytes, fill, sizeof seed.bytes);
    key_signer_init(&s->signer, &seed);
    rng_seeded_init(&s->rng, fill);
    budget_init(&s->budget, test_budget(), "system", (size_t)24 << 20);
    struct host_cfg cfg = {.signer = &s->signer.signer,
                           .rng = &s->rng.rng,
                           .parent = &s->budget,
                           .memory_max = (size_t)16 << 20,
                           .unix_s = 1800000000,
                           .agent = "test"};
    cfg.limits = host_limits_for(cfg.memory_max);
    cfg.limits.handshake_timeout_us = handshake_ms * US_PER_MS;
    EXPECT_OK(host_init(&s->host, &cfg, loop_now(&loop)));
    EXPECT_OK(host_handle(&s->host, SERVED, (struct host_protocol_args){0}));
    struct tcp_cfg tcp = {.loop = &loop,
                          .host = &s->host,
                          .budget = &s->budget,
                          .rng = &s->rng.rng,
                          .web_cas = SPAN_LIT(TLS_WEB_TEST_CA),
                          .on_event = on_event,
                          .user = s};
    EXPECT_OK(tcp_init(&s->tcp, &tcp));
}

static void do_nothing(void *user)
{
    (void)user;
}

static void setup_with(unsigned handshake_ms)
{
    EXPECT_OK(crypto_init());
    EXPECT_OK(loop_init(&loop));
    alarm_init(&watchdog, &loop, do_nothing, NULL);
    for (unsigned i = 0; i < SIDES; i++) {
        side_init(&sides[i], (uint8_t)(1 + i), handshake_ms);
    }
}

static void setup(void)
{
    setup_with(WAIT_MS);
}

static void teardown(void)
{
    for (unsigned i = 0; i < SIDES; i++) {
        tcp_done(&sides[i].tcp);
    }
    alarm_done(&watchdog);
    loop_done(&loop);
    for (unsigned i = 0; i < SIDES; i++) {
        host_done(&sides[i].host);
        EXPECT_EQ(0, sides[i].budget.used);
        budget_done(&sides[i].budget);
    }
}

static struct span parse(const char *text)
{
    static uint8_t bytes[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    return span_of(bytes, w.n);
}

/* turn waits for the next thing to happen, but not for long. */
static void turn(void)
{
    struct alarm *a = &watchdog;
    alarm_set(a, INSTANT_NEVER);
    alarm_set(a, instant_add(loop_now(&loop), 20 * US_PER_MS));
    (void)uv_run(&loop.uv, UV_RUN_ONCE);
}

/* turn_until turns the loop until *count has come to `want`; false if it does not in time. */
static bool turn_until(const unsigned *count, unsigned want)
{
    instant end = instant_add(loop_now(&loop), WAIT_MS * US_PER_MS);
    while (*count < want && instant_before(loop_now(&loop), end)) {
        turn();
    }
    return *count >= want;
}

static void dial(struct side *from, struct span addr)
{
    uint64_t id;
    EXPECT_OK(host_dial(&from->host, &id, NULL,
                        (struct host_dial_args){.addrs = &addr, .addrs_count = 1}));
    tcp_pump(&from->tcp);
}

TEST(targets)
{
    static const struct {
        const char *addr;
        enum err err;
        int family;
        const char *name;
    } CASES[] = {
        {"/ip4/127.0.0.1/tcp/4001",                                                             OK,              AF_INET,   ""           },
        {"/ip6/::1/tcp/4001",                                                                   OK,              AF_INET6,  ""           },
        {"/dns/example.org/tcp/4001",                                                           OK,              AF_UNSPEC, "example.org"},
        {"/dns4/example.org/tcp/4001/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh", OK,
         AF_INET,                                                                                                           "example.org"},
        {"/dns6/example.org/tcp/4001",                                                          OK,              AF_INET6,  "example.org"},
        {"/dnsaddr/example.org",                                                                ERR_UNSUPPORTED, 0,         ""           },
        {"/ip4/127.0.0.1/udp/4001/quic-v1",                                                     ERR_UNSUPPORTED, 0,         ""           },
        {"/ip4/127.0.0.1",                                                                      ERR_UNSUPPORTED, 0,         ""           },
        {"/memory/1",                                                                           ERR_UNSUPPORTED, 0,         ""           },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        test_note("%s", CASES[i].addr);
        struct tcp_target t;
        if (EXPECT_ERR(CASES[i].err, tcp_target_of(&t, parse(CASES[i].addr))) &&
            CASES[i].err == OK) {
            EXPECT_EQ(CASES[i].family, t.family);
            EXPECT_EQ(4001, t.port);
            EXPECT_STR(CASES[i].name, t.name);
        }
    }
}

TEST(addresses_of_sockets)
{
    uint8_t bytes[TCP_ADDR_LEN_MAX];
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    EXPECT_EQ(1, inet_pton(AF_INET6, "::ffff:10.1.2.3", &mapped.sin6_addr));
    struct sockaddr_storage s = {0};
    memcpy(&s, &mapped, sizeof mapped);
    struct wr w = wr_init(MSPAN_OF(bytes));
    tcp_sockaddr_write(&w, &s);
    EXPECT_SPAN(test_hex("040a010203 060050"), span_of(bytes, w.n));
    tcp_sockaddr_set_port(&s, 81);
    w = wr_init(MSPAN_OF(bytes));
    tcp_sockaddr_write(&w, &s);
    EXPECT_SPAN(test_hex("040a010203 060051"), span_of(bytes, w.n));
}

static void serve_certificate(struct side *s, const char *chain, const char *key)
{
    const char *rule = "";
    EXPECT_OK(tls_web_context_serve(&s->tcp.web_server, &rule, span_str(chain), span_str(key)));
}

/* meet has side 0 dial side 1 on an address, move a few megabytes, and part. */
static void meet(const char *listen, const char *dial_prefix)
{
    setup();
    struct span addr;
    serve_certificate(&sides[1], TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
    if (tcp_listen(&sides[1].tcp, &addr, parse(listen)) != OK) {
        test_skip("cannot listen on %s here", listen);
        teardown();
        return;
    }
    struct multiaddr_part port;
    bool is_quic = !multiaddr_find(&port, addr, MULTIADDR_TCP);
    EXPECT(!is_quic || multiaddr_find(&port, addr, MULTIADDR_UDP));
    uint8_t target[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(target));
    EXPECT_OK(multiaddr_parse(&w, span_str(dial_prefix), NULL));
    wr_bytes(&w, port.raw);
    struct ws_addr ws;
    if (is_quic) {
        multiaddr_write(&w, MULTIADDR_QUIC_V1, SPAN_EMPTY);
    } else if (ws_addr_find(&ws, addr)) {
        ws_addr_write(&w, ws.is_tls);
    }
    dial(&sides[0], span_of(target, w.n));
    if (EXPECT(turn_until(&sides[0].connected, 1)) && EXPECT(turn_until(&sides[1].connected, 1))) {
        struct host_open_args open = {.peer = &sides[0].peer, .protocol = SERVED};
        sides[0].to_send = BULK_LEN;
        EXPECT_OK(host_open_stream(&sides[0].host, &sides[0].stream, NULL, open));
        tcp_pump(&sides[0].tcp);
        instant end = instant_add(loop_now(&loop), WAIT_MS * US_PER_MS);
        while (sides[1].received < BULK_LEN && instant_before(loop_now(&loop), end)) {
            turn();
        }
        EXPECT_EQ(BULK_LEN, sides[1].received);
        host_disconnect(&sides[1].host, &sides[1].peer);
        tcp_pump(&sides[1].tcp);
        EXPECT(turn_until(&sides[0].disconnected, 1));
        EXPECT(turn_until(&sides[1].disconnected, 1));
        EXPECT_EQ(0, host_stats(&sides[0].host).conns_count);
    }
    teardown();
}

TEST(ip4)
{
    meet("/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1");
}

TEST(ip6)
{
    meet("/ip6/::1/tcp/0", "/ip6/::1");
}

/* The name may give ::1 first, where nobody listens: the next address is tried. */
TEST(name)
{
    meet("/ip4/127.0.0.1/tcp/0", "/dns/localhost");
}

TEST(quic_over_ip4)
{
    meet("/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1");
}

TEST(quic_over_ip6)
{
    meet("/ip6/::1/udp/0/quic-v1", "/ip6/::1");
}

TEST(quic_to_a_name)
{
    meet("/ip4/127.0.0.1/udp/0/quic-v1", "/dns4/localhost");
}

TEST(websocket_over_ip4)
{
    meet("/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1");
}

TEST(websocket_over_ip6)
{
    meet("/ip6/::1/tcp/0/ws", "/ip6/::1");
}

TEST(websocket_to_a_name)
{
    meet("/ip4/127.0.0.1/tcp/0/ws", "/dns4/localhost");
}

TEST(secure_websocket_over_ip4)
{
    meet("/ip4/127.0.0.1/tcp/0/tls/ws", "/ip4/127.0.0.1");
}

TEST(secure_websocket_over_ip6)
{
    meet("/ip6/::1/tcp/0/wss", "/ip6/::1");
}

TEST(secure_websocket_to_a_name)
{
    meet("/ip4/127.0.0.1/tcp/0/tls/ws", "/dns4/localhost");
}

/* A dial of side 0 to the port of side 1, by its form. */
static void dial_port(struct span listened, const char *prefix, const char *suffix)
{
    struct multiaddr_part port;
    uint8_t target[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(target));
    EXPECT(multiaddr_find(&port, listened, MULTIADDR_TCP));
    EXPECT_OK(multiaddr_parse(&w, span_str(prefix), NULL));
    wr_bytes(&w, port.raw);
    EXPECT_OK(multiaddr_parse(&w, span_str(suffix), NULL));
    dial(&sides[0], span_of(target, w.n));
}

/* The name behind /sni counts, not that of the address; a certificate that does not hold is a failed dial, whoever the peer
 * is; and a certificate is replaced while the listener and its connections go on. */
TEST(names_of_secure_websockets)
{
    setup();
    struct span addr;
    EXPECT_ERR(ERR_STATE, tcp_listen(&sides[1].tcp, NULL, parse("/ip4/127.0.0.1/tcp/0/tls/ws")));
    serve_certificate(&sides[1], TLS_WEB_TEST_OTHER, TLS_WEB_TEST_OTHER_KEY);
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0/wss")));
    dial_port(addr, "/ip4/127.0.0.1", "/tls/ws");
    EXPECT(turn_until(&sides[0].dials_failed, 1));
    dial_port(addr, "/dns4/localhost", "/wss");
    EXPECT(turn_until(&sides[0].dials_failed, 2));
    dial_port(addr, "/ip4/127.0.0.1", "/ws");
    EXPECT(turn_until(&sides[0].dials_failed, 3));
    EXPECT_EQ(0, sides[0].connected);
    dial_port(addr, "/ip4/127.0.0.1", "/tls/sni/b.example/ws");
    EXPECT(turn_until(&sides[0].connected, 1));
    EXPECT(turn_until(&sides[1].connected, 1));
    serve_certificate(&sides[1], TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
    EXPECT_EQ(0, sides[0].disconnected);
    host_disconnect(&sides[0].host, host_self(&sides[1].host));
    tcp_pump(&sides[0].tcp);
    EXPECT(turn_until(&sides[0].disconnected, 1));
    EXPECT(turn_until(&sides[1].disconnected, 1));
    dial_port(addr, "/ip4/127.0.0.1",
              "/tls/sni/a.example/ws"); /* what failed is not tried at once */
    EXPECT(turn_until(&sides[0].connected, 2));
    EXPECT(turn_until(&sides[1].connected, 2));
    teardown();
}

/* An answer with three texts: an address, something else, and an address with a peer. */
TEST(addresses_in_a_dns_answer)
{
    static const char hex[] =
        "1234 8180 0000 0003 0000 0000"
        "00 0010 0001 0000003c 0023 22 "
        "646e73616464723d2f6970342f3132372e302e302e312f7463702f343030312f7773"
        "00 0010 0001 0000003c 0008 07 763d73706631 20"
        "00 0010 0001 0000003c 001b 1a 646e73616464723d2f646e73616464722f612e6578616d706c65";
    static struct dnsaddr_list list;
    dnsaddr_read(&list, test_hex(hex));
    EXPECT_EQ(2, list.count);
    EXPECT_SPAN(parse("/ip4/127.0.0.1/tcp/4001/ws"), list.addrs[0]);
    EXPECT_SPAN(parse("/dnsaddr/a.example"), list.addrs[1]);
    EXPECT(dnsaddr_is(list.addrs[1]));
    EXPECT(!dnsaddr_is(list.addrs[0]));
    dnsaddr_read(&list, SPAN_EMPTY);
    EXPECT_EQ(0, list.count);
}

TEST(hosts_of_http)
{
    static const struct {
        const char *addr;
        const char *host;
        const char *tls_name;
    } cases[] = {
        {"/ip4/127.0.0.1/tcp/80/ws",                                                          "127.0.0.1:80", "127.0.0.1"},
        {"/ip6/::1/tcp/65535/ws",                                                             "[::1]:65535",  "::1"      },
        {"/ip6/::1/tcp/1/tls/sni/c/ws",                                                       "c:1",          "c"        },
        {"/dns4/d/tcp/443/tls/ws",                                                            "d:443",        "d"        },
        {"/dns4/a.example/tcp/1/ws/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh",
         "a.example:1",                                                                                       "a.example"},
        {"/dns/b/tcp/2",                                                                      "b:2",          "b"        },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[300];
        struct wr w = wr_init(MSPAN_OF(text));
        tcp_addr_http_host(&w, parse(cases[i].addr));
        EXPECT_SPAN(span_str(cases[i].host), span_of(text, w.n));
        w = wr_init(MSPAN_OF(text));
        tcp_addr_tls_name(&w, parse(cases[i].addr));
        EXPECT_SPAN(span_str(cases[i].tls_name), span_of(text, w.n));
    }
}

TEST(done_in_the_middle)
{
    setup();
    struct span addr;
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0")));
    dial(&sides[0], addr);
    (void)loop_turn(&loop);
    teardown();
}

TEST(listening_fails)
{
    setup();
    struct span addr;
    struct span again;
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0")));
    EXPECT_ERR(ERR_IO, tcp_listen(&sides[0].tcp, &again, addr));
    EXPECT_ERR(ERR_UNSUPPORTED, tcp_listen(&sides[0].tcp, &again, parse("/dns4/localhost/tcp/0")));
    EXPECT_ERR(ERR_UNSUPPORTED, tcp_listen(&sides[0].tcp, &again, parse("/ip4/127.0.0.1/udp/0")));
    for (unsigned i = 1; i < TCP_LISTENERS_MAX; i++) {
        EXPECT_OK(tcp_listen(&sides[1].tcp, NULL, parse("/ip4/127.0.0.1/tcp/0")));
    }
    EXPECT_ERR(ERR_LIMIT, tcp_listen(&sides[1].tcp, NULL, parse("/ip4/127.0.0.1/tcp/0")));
    teardown();
}

TEST(nobody_there)
{
    setup();
    struct span addr;
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0")));
    uint8_t dead[TCP_ADDR_LEN_MAX];
    struct span target = span_of(dead, span_copy(MSPAN_OF(dead), addr));
    tcp_done(&sides[1].tcp);
    (void)loop_turn(&loop);
    dial(&sides[0], target);
    EXPECT(turn_until(&sides[0].dials_failed, 1));
    dial(&sides[0], parse("/dns4/nobody.invalid/tcp/1"));
    EXPECT(turn_until(&sides[0].dials_failed, 2));
    teardown();
}

static int raw_connect(struct span addr)
{
    struct tcp_target t;
    EXPECT_OK(tcp_target_of(&t, addr));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(0, connect(fd, (const struct sockaddr *)&t.sockaddr, sizeof(struct sockaddr_in)));
    EXPECT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
    return fd;
}

/* closed_in_time turns the loop until fd reads an end or a reset. */
static bool closed_in_time(int fd)
{
    instant end = instant_add(loop_now(&loop), WAIT_MS * US_PER_MS);
    uint8_t bytes[512];
    while (instant_before(loop_now(&loop), end)) {
        turn();
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            return true;
        }
    }
    return false;
}

TEST(silent_peer_is_closed_at_the_deadline)
{
    setup_with(100);
    struct span addr;
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0")));
    int fd = raw_connect(addr);
    EXPECT(closed_in_time(fd));
    EXPECT_EQ(0, host_stats(&sides[1].host).conns_count);
    (void)close(fd);
    teardown();
}

TEST(garbage_is_closed_at_once)
{
    setup();
    struct span addr;
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0")));
    int fd = raw_connect(addr);
    EXPECT_EQ(18, write(fd, "\x11GET / HTTP/1.1\r\n\r\n", 18));
    EXPECT(closed_in_time(fd));
    (void)close(fd);
    teardown();
}

/* What does not speak TLS where it is spoken: closed at once, or at the deadline, and the rest goes on. */
TEST(hostile_peers_of_a_secure_websocket)
{
    static const char *const bytes[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                        "\x11/multistream/1.0.0\n", "\x16\x03\x01\xff\xff\x01",
                                        "\x16\x03\x01"};
    setup_with(1000);
    struct span addr;
    serve_certificate(&sides[1], TLS_WEB_TEST_GOOD, TLS_WEB_TEST_GOOD_KEY);
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0/tls/ws")));
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        test_note("%zu", i);
        int fd = raw_connect(addr);
        size_t len = strlen(bytes[i]);
        EXPECT_EQ((ssize_t)len, write(fd, bytes[i], len));
        EXPECT(closed_in_time(fd));
        EXPECT_EQ(0, host_stats(&sides[1].host).conns_count);
        (void)close(fd);
    }
    dial_port(addr, "/ip4/127.0.0.1", "/tls/ws");
    EXPECT(turn_until(&sides[0].connected, 1));
    teardown();
}

TEST(without_memory_connections_are_refused_and_later_taken)
{
    setup();
    struct span addr;
    EXPECT_OK(tcp_listen(&sides[1].tcp, &addr, parse("/ip4/127.0.0.1/tcp/0")));
    size_t limit = sides[1].budget.limit;
    sides[1].budget.limit = sides[1].budget.used + 100;
    int fds[3];
    for (unsigned i = 0; i < 3; i++) {
        fds[i] = raw_connect(addr);
    }
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(closed_in_time(fds[i]));
        (void)close(fds[i]);
    }
    sides[1].budget.limit = limit;
    dial(&sides[0], addr);
    EXPECT(turn_until(&sides[0].connected, 1));
    teardown();
}

static void count_up(void *user)
{
    unsigned *count = user;
    (*count)++;
}

TEST(alarm)
{
    EXPECT_OK(loop_init(&loop));
    unsigned rung = 0;
    struct alarm a;
    alarm_init(&a, &loop, count_up, &rung);
    EXPECT(instant_is_never(a.at));
    alarm_set(&a, instant_add(loop_now(&loop), 1000));
    alarm_set(&a, INSTANT_NEVER);
    EXPECT(!loop_turn(&loop)); /* nothing is active */
    EXPECT_EQ(0, rung);
    instant at = instant_add(loop_now(&loop), 2500);
    alarm_set(&a, at);
    loop_run(&loop); /* until nothing is active */
    EXPECT_EQ(1, rung);
    EXPECT(!instant_before(loop_now(&loop), at));
    alarm_done(&a);
    loop_done(&loop);
}

/* local_port is the port that a connected peer sees us at. */
static uint16_t seen_port(unsigned at, unsigned peer)
{
    struct host_peer_info info;
    struct multiaddr_part part;
    bool is_there = host_peer_find(&sides[at].host, &info, host_self(&sides[peer].host)) &&
                    multiaddr_find(&part, info.addr, MULTIADDR_TCP);
    return is_there ? multiaddr_part_port(&part) : 0;
}

static uint16_t port_of(struct span addr)
{
    struct multiaddr_part part;
    return multiaddr_find(&part, addr, MULTIADDR_TCP) ? multiaddr_part_port(&part) : 0;
}

/* With one port for all, a peer sees us at the port that we listen on; nobody else can listen there; and what cannot
 * share it dials from another. */
TEST(one_port_for_listening_and_dialling)
{
    setup();
    sides[0].tcp.cfg.one_port = true;
    struct span own;
    struct span other;
    struct span taken;
    EXPECT_OK(tcp_listen(&sides[0].tcp, &own, parse("/ip4/127.0.0.1/tcp/0")));
    EXPECT_OK(tcp_listen(&sides[1].tcp, &other, parse("/ip4/127.0.0.1/tcp/0")));
    EXPECT_ERR(ERR_IO, tcp_listen(&sides[1].tcp, &taken, own));
    EXPECT_EQ(sides[0].tcp.ports[0], port_of(own));
    dial(&sides[0], other);
    EXPECT(turn_until(&sides[0].connected, 1) && turn_until(&sides[1].connected, 1));
    EXPECT_EQ(port_of(own), seen_port(1, 0));
    /* Again at once: the two ports of the old connection may still be in use. */
    host_disconnect(&sides[0].host, host_self(&sides[1].host));
    tcp_pump(&sides[0].tcp);
    EXPECT(turn_until(&sides[0].disconnected, 1) && turn_until(&sides[1].disconnected, 1));
    dial(&sides[0], other);
    EXPECT(turn_until(&sides[0].connected, 2) && turn_until(&sides[1].connected, 2));
    teardown();
}

TEST_MAIN
