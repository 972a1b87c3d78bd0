/* Identities of accounts on real sockets. */
#include "node/daemon/identities.h"

#include "base/test.h"
#include "node/net/socket_host.h"

#include <stdio.h>
#include <string.h>

static struct socket_host server; /* its loop is everybody's */
static struct identities all;
static const struct host *asking[IDENTITIES_COUNT_MAX]; /* by these questions run */
static size_t asking_count;
static unsigned came;
static unsigned went;

static void on_server(void *user, const struct host_event *e)
{
    (void)user;
    came += e->kind == HOST_EVENT_PEER_CONNECTED;
    went += e->kind == HOST_EVENT_PEER_DISCONNECTED;
}

static void on_event(void *user, struct host *host, const struct host_event *e)
{
    (void)user;
    (void)host;
    (void)e;
}

static bool is_asking(void *user, const struct host *host)
{
    (void)user;
    for (size_t i = 0; i < asking_count; i++) {
        if (asking[i] == host) {
            return true;
        }
    }
    return false;
}

static bool begin(void)
{
    struct socket_host_cfg cfg = {.on_event = on_server};
    if (!EXPECT_OK(socket_host_init(&server, &cfg)) ||
        !EXPECT_OK(socket_host_listen(&server, "/ip4/127.0.0.1/tcp/0"))) {
        return false;
    }
    identities_init(&all, &(struct identities_cfg){.loop = &server.loop,
                                                   .budget = test_budget(),
                                                   .rng = &server.entropy.rng,
                                                   .agent = "test/1",
                                                   .private_too = true,
                                                   .is_asking = is_asking,
                                                   .on_event = on_event});
    asking_count = 0;
    came = went = 0;
    return true;
}

static void end(void)
{
    identities_close(&all);
    socket_host_done(&server); /* turns the loop */
    identities_free(&all);
}

static instant later(uint64_t s)
{
    return instant_add(loop_now(&server.loop), s * US_PER_S);
}

static struct host *host_at(unsigned number, uint64_t s)
{
    struct id account = {0};
    struct host *host = NULL;
    (void)snprintf(account.text, sizeof account.text, "a%u", number);
    EXPECT_OK(identities_host(&all, &host, later(s), account));
    return host;
}

static void dial(struct host *host)
{
    char text[SOCKET_HOST_ADDR_TEXT_MAX];
    uint8_t room[TCP_ADDR_LEN_MAX];
    uint64_t number;
    struct wr w = wr_init(MSPAN_OF(room));
    TEST_REQUIRE(EXPECT(socket_host_print_addr(&server, text, 0)));
    *strstr(text, "/p2p/") = '\0';
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    struct span addr = span_of(room, w.n);
    struct host_dial_args args = {
        .peer = host_self(&server.host), .addrs = &addr, .addrs_count = 1};
    EXPECT_OK(host_dial(host, &number, NULL, args));
}

/* Turns until libuv has let go of all but so many. */
static void turn_left(size_t want)
{
    instant until = later(20);
    while (all.count != want && instant_before(loop_now(&server.loop), until)) {
        identities_tick(&all, loop_now(&server.loop));
        (void)loop_turn(&server.loop);
    }
    EXPECT_EQ(want, all.count);
}

/* Turns until count is want, or too long. */
static void turn(const unsigned *count, unsigned want)
{
    instant until = later(20);
    while (*count != want && instant_before(loop_now(&server.loop), until)) {
        identities_tick(&all, loop_now(&server.loop));
        (void)loop_turn(&server.loop);
    }
    EXPECT_EQ(want, *count);
}

TEST(two_accounts_are_two_peers)
{
    struct net_identity list[IDENTITIES_COUNT_MAX];
    TEST_REQUIRE(begin());
    struct host *one = host_at(1, 0);
    struct host *two = host_at(2, 0);
    EXPECT(one != two);
    EXPECT(!peer_id_equal(host_self(one), host_self(two)));
    EXPECT(host_at(1, 1) == one);
    dial(one);
    dial(two);
    turn(&came, 2);
    EXPECT_EQ(2, identities_list(&all, list));
    EXPECT_SPAN(SPAN_LIT("a1"), list[0].account);
    EXPECT(peer_id_equal(list[1].peer, host_self(two)));
    EXPECT_EQ(1, list[0].servers);
    struct host_peer_info info;
    EXPECT(host_peer_find(&server.host, &info, host_self(one)));
    EXPECT(host_peer_find(&server.host, &info, host_self(two)));
    identities_disconnect(&all, host_self(&server.host));
    turn(&went, 2);
    end();
}

TEST(what_is_not_used_goes)
{
    TEST_REQUIRE(begin());
    struct host *one = host_at(1, 0);
    struct host *two = host_at(2, 0);
    dial(one);
    dial(two);
    turn(&came, 2);
    asking[asking_count++] = one;
    EXPECT(!instant_is_never(identities_deadline(&all, later(0))));
    identities_tick(&all, later(IDENTITY_IDLE_S + 1));
    turn(&went, 1);
    turn_left(1);
    EXPECT(host_at(1, 0) == one);
    EXPECT_EQ(1, host_peers_count(one));
    asking_count = 0;
    identities_tick(&all, later(IDENTITY_IDLE_S + 1));
    turn(&went, 2);
    turn_left(0);
    EXPECT(instant_is_never(identities_deadline(&all, later(0))));
    end();
}

TEST(the_longest_unused_makes_place)
{
    struct host *hosts[IDENTITIES_LIVE_MAX];
    struct host *none = NULL;
    TEST_REQUIRE(begin());
    for (unsigned i = 0; i < IDENTITIES_LIVE_MAX; i++) {
        hosts[i] = host_at(i, i == 2 ? 0 : i + 1);
        asking[asking_count++] = hosts[i];
    }
    EXPECT_EQ(ERR_LIMIT, identities_host(&all, &none, later(20), (struct id){"more"}));
    EXPECT(none == NULL);
    dial(hosts[2]);
    turn(&came, 1);
    asking[2] = hosts[0]; /* the third asks nothing */
    EXPECT(host_at(100, 20) != NULL);
    struct net_identity list[IDENTITIES_COUNT_MAX];
    EXPECT_EQ(IDENTITIES_LIVE_MAX, identities_list(&all, list));
    for (size_t i = 0; i < IDENTITIES_LIVE_MAX; i++) {
        EXPECT(!span_equal(SPAN_LIT("a2"), list[i].account));
    }
    turn(&went, 1);
    end();
}

/* Many accounts in a row: what is closing has its places too. */
TEST(accounts_in_a_row)
{
    TEST_REQUIRE(begin());
    for (unsigned i = 0; i < 200; i++) {
        struct host *host = host_at(i, i);
        if (host && i % 16 == 0) {
            dial(host);
        }
        for (int k = 0; k < 3; k++) {
            identities_tick(&all, loop_now(&server.loop));
            (void)loop_turn(&server.loop);
        }
    }
    EXPECT(all.count <= IDENTITIES_COUNT_MAX);
    end();
}

TEST_MAIN
