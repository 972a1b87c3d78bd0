/* What a host tries, and when: one host, and a driver that writes down what it is asked to dial. */
#include "base/check.h"
#include "base/test.h"
#include "p2p/host_net_test.h"

#include <stdio.h>
#include <string.h>

enum { LINKS_MAX = 200 };

static struct {
    struct host host;
    struct key_signer signer;
    struct rng_seeded rng;
    instant now;
    host_link links[LINKS_MAX]; /* that the host asked for, as they came */
    bool is_open[LINKS_MAX];
    size_t links_count;
    char log[512]; /* addresses, as they were asked for; (N): dial N failed; x: one was given up */
    enum err err;  /* of the last failure */
} one;

static const struct peer_id somebody = {
    .n = 38, .bytes = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20, 7}
};
static const struct peer_id another = {
    .n = 38, .bytes = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20, 8}
};

static void say(const char *text)
{
    size_t n = strlen(one.log);
    snprintf(one.log + n, sizeof one.log - n, "%s%s", n > 0 ? " " : "", text);
}

static void on_dial(const struct host_event *e)
{
    char room[MULTIADDR_TEXT_MAX];
    struct wr w = wr_init(mspan_of(room, sizeof room - 1));
    check(multiaddr_print(&w, e->addr) == OK);
    room[w.n] = 0;
    say(room);
    check(one.links_count < LINKS_MAX);
    one.is_open[one.links_count] = true;
    one.links[one.links_count++] = e->link;
}

static void poll_one(void)
{
    struct host_event e;
    char text[32];
    while (host_poll(&one.host, &e)) {
        if (e.kind == HOST_EVENT_DIAL) {
            on_dial(&e);
        } else if (e.kind == HOST_EVENT_LINK_CLOSE) {
            say("x");
            host_link_closed(&one.host, one.now, e.link, ERR_CLOSED);
        } else if (e.kind == HOST_EVENT_DIAL_FAILED) {
            snprintf(text, sizeof text, "(%u)", (unsigned)e.dial);
            one.err = e.err;
            say(text);
        }
    }
}

static void pass_ms(uint64_t ms)
{
    one.now = instant_add(one.now, ms * US_PER_MS);
    host_tick(&one.host, one.now);
    poll_one();
}

/* fail ends the i-th link that was asked for. */
static void fail(size_t i)
{
    check(one.is_open[i]);
    one.is_open[i] = false;
    host_link_closed(&one.host, one.now, one.links[i], ERR_IO);
    poll_one();
}

static void start(void)
{
    memset(&one, 0, sizeof one);
    struct secret32 seed = {.bytes = {1}};
    key_signer_init(&one.signer, &seed);
    rng_seeded_init(&one.rng, 1);
    one.now = (instant){.us = US_PER_S};
    struct host_cfg cfg = {.signer = &one.signer.signer,
                           .rng = &one.rng.rng,
                           .parent = test_budget(),
                           .memory_max = 4 << 20,
                           .agent = "test/1"};
    EXPECT_OK(host_init(&one.host, &cfg, one.now));
}

static void stop(void)
{
    host_done(&one.host);
    key_signer_done(&one.signer);
}

struct how {
    bool insist;
    size_t worked_count;
    enum host_dial_role role;
};

/* dial_how dials somebody at addresses with a space between. */
static uint64_t dial_how(const struct peer_id *peer, const char *texts, struct how how)
{
    static uint8_t room[HOST_ADDRS_MAX][MULTIADDR_LEN_MAX];
    struct span addrs[HOST_ADDRS_MAX];
    size_t count = 0;
    uint64_t id = 0;
    struct span rest = span_str(texts);
    while (rest.n > 0) {
        struct span text = span_take(&rest, span_find(rest, ' '));
        struct wr w = wr_init(MSPAN_OF(room[count]));
        check(multiaddr_parse(&w, text, NULL) == OK);
        addrs[count] = span_of(room[count], w.n);
        rest = span_from(rest, 1);
        count++;
    }
    EXPECT_OK(host_dial(&one.host, &id, NULL,
                        (struct host_dial_args){.peer = peer,
                                                .addrs = addrs,
                                                .addrs_count = count,
                                                .insist = how.insist,
                                                .worked_count = how.worked_count,
                                                .role = how.role}));
    poll_one();
    return id;
}

static uint64_t dial(const char *texts)
{
    return dial_how(&somebody, texts, (struct how){0});
}

#define QUIC "/ip4/8.8.8.8/udp/1/quic-v1"
#define TCP  "/ip4/8.8.8.8/tcp/1"
#define TCP2 "/ip4/8.8.8.8/tcp/2"

TEST(quic_has_a_head_start)
{
    start();
    dial(TCP " " QUIC);
    EXPECT_STR(QUIC, one.log);
    pass_ms(249);
    EXPECT_STR(QUIC, one.log);
    pass_ms(1);
    EXPECT_STR(QUIC " " TCP, one.log);
    stop();
}

TEST(what_failed_makes_way_at_once)
{
    start();
    dial(TCP " " TCP2 " " QUIC);
    fail(0);
    EXPECT_STR(QUIC " " TCP, one.log);
    pass_ms(250);
    EXPECT_STR(QUIC " " TCP " " TCP2, one.log);
    fail(1);
    fail(2);
    EXPECT_STR(QUIC " " TCP " " TCP2 " (1)", one.log);
    EXPECT_EQ(ERR_IO, one.err);
    EXPECT_EQ(0, one.host.dials_count);
    stop();
}

TEST(what_worked_before_is_first)
{
    start();
    dial_how(&somebody, TCP " " QUIC, (struct how){.worked_count = 1});
    pass_ms(250);
    EXPECT_STR(TCP " " QUIC, one.log);
    stop();
}

TEST(two_who_want_the_same_peer_share_one_dial)
{
    start();
    uint64_t first = dial(TCP);
    uint64_t second = dial(TCP " " QUIC); /* what it knows beyond is tried, too */
    EXPECT(first != second);
    EXPECT_STR(TCP " " QUIC, one.log);
    EXPECT_EQ(2, one.host.dials_count);
    EXPECT_EQ(1, host_stats(&one.host).dials_joined_count);
    fail(0);
    fail(1);
    EXPECT_STR(TCP " " QUIC " (1) (3)", one.log); /* each hears of it */
    EXPECT_EQ(0, one.host.dials_count);
    stop();
}

TEST(one_who_gives_up_leaves_the_other_its_dial)
{
    start();
    uint64_t first = dial(TCP);
    uint64_t second = dial(TCP);
    host_dial_cancel(&one.host, first);
    poll_one();
    EXPECT_STR(TCP, one.log);
    EXPECT_EQ(1, one.host.dials_count);
    host_dial_cancel(&one.host, second);
    poll_one();
    EXPECT_STR(TCP " x", one.log);
    EXPECT_EQ(0, one.host.dials_count + one.host.links.count);
    stop();
}

TEST(other_peers_and_roles_are_dials_of_their_own)
{
    start();
    dial(TCP);
    dial_how(&another, TCP, (struct how){0});
    dial_how(&somebody, TCP, (struct how){.role = HOST_DIAL_DIRECT});
    dial_how(&somebody, TCP, (struct how){.role = HOST_DIAL_PUNCH_CLIENT});
    dial_how(&somebody, TCP, (struct how){.role = HOST_DIAL_PUNCH_CLIENT});
    EXPECT_STR(TCP " " TCP " " TCP " " TCP " " TCP, one.log);
    EXPECT_EQ(0, host_stats(&one.host).dials_joined_count);
    stop();
}

static bool is_client_of(const char *text)
{
    uint8_t room[64];
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    return host_punch_is_client(&one.host, span_of(room, w.n));
}

/* Who comes in from an address that is being punched, or is about to be, finds a client, whatever port it comes from. */
TEST(who_comes_in_while_we_punch)
{
    start();
    struct net_addr from = {
        .ip = {9, 9, 9, 9},
          .port = 1
    };
    EXPECT(!is_client_of("/ip4/9.9.9.9/tcp/1"));
    host_punch_expect(&one.host, &from, 2 * US_PER_S);
    EXPECT(is_client_of("/ip4/9.9.9.9/tcp/1"));
    EXPECT(is_client_of("/ip4/9.9.9.9/tcp/2"));
    EXPECT(!is_client_of("/ip4/9.9.9.8/tcp/1"));
    EXPECT(!is_client_of("/ip4/9.9.9.9/udp/1/quic-v1"));
    pass_ms(2000);
    EXPECT(!is_client_of("/ip4/9.9.9.9/tcp/1"));
    host_punch_expect(&one.host, &from, 2 * US_PER_S);
    host_punch_expect(&one.host, &from, 0);
    EXPECT(!is_client_of("/ip4/9.9.9.9/tcp/1"));
    for (uint8_t i = 0; i <= HOST_PUNCHES_EXPECTED_MAX; i++) {
        from.ip[0] = (uint8_t)(10 + i);
        host_punch_expect(&one.host, &from, 2 * US_PER_S);
    }
    EXPECT(is_client_of("/ip4/26.9.9.9/tcp/1"));
    EXPECT(is_client_of("/ip4/11.9.9.9/tcp/1"));
    EXPECT(!is_client_of("/ip4/10.9.9.9/tcp/1")); /* one too many */
    dial_how(&somebody, "/ip4/9.9.9.7/tcp/5", (struct how){.role = HOST_DIAL_PUNCH_SERVER});
    EXPECT(!is_client_of("/ip4/9.9.9.7/tcp/6"));
    dial_how(&another, "/ip4/9.9.9.7/tcp/5", (struct how){.role = HOST_DIAL_PUNCH_CLIENT});
    EXPECT(is_client_of("/ip4/9.9.9.7/tcp/6"));
    stop();
}

TEST(what_failed_a_moment_ago_is_passed_over)
{
    start();
    dial(TCP);
    fail(0);
    dial(TCP);
    EXPECT_STR(TCP " (1) (3)", one.log);
    EXPECT_EQ(ERR_DENIED, one.err);
    dial(TCP " " TCP2); /* the other one is tried, at once */
    EXPECT_STR(TCP " (1) (3) " TCP2, one.log);
    EXPECT_EQ(2, host_stats(&one.host).dials_backed_off_count);
    dial_how(&another, TCP, (struct how){0}); /* somebody else at the same address */
    dial_how(&somebody, TCP, (struct how){.role = HOST_DIAL_PUNCH_CLIENT});
    EXPECT_STR(TCP " (1) (3) " TCP2 " " TCP " " TCP, one.log);
    stop();
    start();
    dial(TCP);
    fail(0);
    dial_how(&somebody, TCP, (struct how){.insist = true});
    fail(1);
    pass_ms(6000); /* the second failure in a row */
    dial(TCP);
    EXPECT_STR(TCP " (1) " TCP " (3) " TCP, one.log);
    stop();
}

/* dial_many dials so many different peers at one address, each to fail. */
static void dial_many(const char *text, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct peer_id peer = somebody;
        peer.bytes[7] = (uint8_t)(i + 1);
        one.links_count = 0;
        one.log[0] = 0;
        dial_how(&peer, text, (struct how){0});
        if (one.links_count > 0) {
            fail(0);
        }
    }
}

TEST(a_network_that_swallows_udp)
{
    start();
    dial_many(QUIC, BLACK_HOLE_WINDOW);
    EXPECT(host_stats(&one.host).udp_is_blocked);
    EXPECT(!host_stats(&one.host).ip6_is_blocked);
    one.links_count = 0;
    one.log[0] = 0;
    dial(QUIC " " TCP); /* no time is lost */
    EXPECT_STR(TCP, one.log);
    EXPECT_EQ(1, host_stats(&one.host).dials_black_holed_count);
    pass_ms(60000); /* one probe; the dial above times out */
    one.log[0] = 0;
    dial_how(&another, QUIC, (struct how){0});
    EXPECT_STR(QUIC, one.log);
    dial(QUIC);
    EXPECT(strstr(one.log, "(") != NULL);
    stop();
}

TEST(what_is_near_does_not_count)
{
    start();
    dial_many("/ip4/10.0.0.9/udp/1/quic-v1", BLACK_HOLE_WINDOW);
    dial_many("/ip6/fd00::1/tcp/1", BLACK_HOLE_WINDOW);
    EXPECT(!host_stats(&one.host).udp_is_blocked);
    EXPECT(!host_stats(&one.host).ip6_is_blocked);
    dial_many("/ip6/2606:4700::1/tcp/1", BLACK_HOLE_WINDOW);
    EXPECT(host_stats(&one.host).ip6_is_blocked);
    stop();
}

/* ---- who came first ---- */

static struct host_net net;
static unsigned connected[2];
static unsigned failed;

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    connected[i & 1] += e->kind == HOST_EVENT_PEER_CONNECTED;
    failed += e->kind == HOST_EVENT_DIAL_FAILED;
}

/* net_dial has node i dial peer at the address of node at. */
static void net_dial(unsigned i, unsigned peer, unsigned at)
{
    struct span addr = host_net_addr(&net, at);
    uint64_t id;
    EXPECT_OK(host_dial(&net.nodes[i].host, &id, NULL,
                        (struct host_dial_args){.peer = host_self(&net.nodes[peer].host),
                                                .addrs = &addr,
                                                .addrs_count = 1}));
}

TEST(a_peer_that_comes_by_itself_ends_the_dial_to_it)
{
    host_net_init(&net, 3);
    net.on_event = on_event;
    net.nodes[2].is_natted = true;
    net_dial(0, 1, 2); /* hangs */
    host_net_run(&net);
    EXPECT_EQ(1, net.nodes[0].host.dials_count);
    net_dial(1, 0, 0);
    host_net_run(&net);
    EXPECT_EQ(1, connected[0]);
    EXPECT_EQ(1, connected[1]);
    EXPECT_EQ(0, net.nodes[0].host.dials_count);
    host_net_pass(&net, 30 * US_PER_S);
    EXPECT_EQ(0, failed);
    host_net_done(&net);
}

TEST(two_who_dial_each_other_keep_a_connection)
{
    host_net_init(&net, 2);
    net.on_event = on_event;
    net_dial(0, 1, 1);
    net_dial(1, 0, 0);
    host_net_pass(&net, 60 * US_PER_S);
    for (unsigned i = 0; i < 2; i++) {
        struct host_peer_info info;
        EXPECT(host_peer_find(&net.nodes[i].host, &info, host_self(&net.nodes[1 - i].host)));
        EXPECT_EQ(0, net.nodes[i].host.dials_count);
    }
    host_net_done(&net);
}

TEST_MAIN
