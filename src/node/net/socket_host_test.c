/* Hosts on loopback sockets, each with its own loop, turned in this one thread. */
#include "node/net/socket_host.h"

#include "base/test.h"
#include "p2p/tls_web_test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a host was told. */
struct heard {
    struct socket_host *host;
    uint32_t connected_count;
    uint32_t failed_count;
    struct peer_id peer;
};

static void on_event(void *user, const struct host_event *e)
{
    struct heard *heard = user;
    if (e->kind == HOST_EVENT_PEER_CONNECTED) {
        heard->connected_count++;
        heard->peer = e->peer;
    } else if (e->kind == HOST_EVENT_DIAL_FAILED) {
        heard->failed_count++;
    }
}

static struct socket_host a;
static struct socket_host b;

static bool turn_until(const uint32_t *count)
{
    instant deadline = instant_add(loop_now(&a.loop), 20 * US_PER_S);
    while (*count == 0 && instant_before(loop_now(&a.loop), deadline)) {
        (void)loop_turn(&a.loop);
        (void)loop_turn(&b.loop);
    }
    return *count > 0;
}

static bool start_both(struct heard *heard_a, struct heard *heard_b)
{
    struct socket_host_cfg cfg = {
        .web_cas = SPAN_LIT(TLS_WEB_TEST_CA), .on_event = on_event, .user = heard_a};
    if (!EXPECT_OK(socket_host_init(&a, &cfg))) {
        return false;
    }
    cfg.user = heard_b;
    return EXPECT_OK(socket_host_init(&b, &cfg));
}

TEST(one_dials_what_the_other_prints)
{
    static const char *const listens[] = {"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1",
                                          "/ip4/127.0.0.1/tcp/0/ws"};
    for (size_t i = 0; i < sizeof listens / sizeof listens[0]; i++) {
        struct heard heard_a = {0};
        struct heard heard_b = {0};
        char text[SOCKET_HOST_ADDR_TEXT_MAX];
        test_note("%s", listens[i]);
        TEST_REQUIRE(start_both(&heard_a, &heard_b));
        EXPECT_OK(socket_host_listen(&a, listens[i]));
        TEST_REQUIRE(EXPECT(socket_host_print_addr(&a, text, 0)));
        EXPECT(!strstr(text, "/0/"));
        EXPECT_OK(socket_host_dial(&b, text));
        EXPECT(turn_until(&heard_b.connected_count));
        EXPECT(turn_until(&heard_a.connected_count));
        EXPECT(peer_id_equal(&heard_b.peer, host_self(&a.host)));
        EXPECT(peer_id_equal(&heard_a.peer, host_self(&b.host)));
        socket_host_done(&a);
        socket_host_done(&b);
    }
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    TEST_REQUIRE(f != NULL);
    EXPECT(fputs(text, f) >= 0);
    EXPECT_EQ(0, fclose(f));
    EXPECT_EQ(0, chmod(path, 0600));
}

TEST(a_secure_websocket_with_a_certificate_from_files)
{
    char dir[] = "/tmp/socket_host_XXXXXX";
    char chain[64];
    char key[64];
    char text[SOCKET_HOST_ADDR_TEXT_MAX];
    const char *rule = "";
    struct heard heard_a = {0};
    struct heard heard_b = {0};
    TEST_REQUIRE(mkdtemp(dir) != NULL);
    (void)snprintf(chain, sizeof chain, "%s/chain.pem", dir);
    (void)snprintf(key, sizeof key, "%s/key.pem", dir);
    put(chain, TLS_WEB_TEST_GOOD);
    put(key, TLS_WEB_TEST_GOOD_KEY);
    struct web_certificate_files files = {.chain = chain, .key = key};
    TEST_REQUIRE(start_both(&heard_a, &heard_b));
    EXPECT_ERR(ERR_STATE, socket_host_listen(&a, "/ip4/127.0.0.1/tcp/0/tls/ws"));
    EXPECT_OK(socket_host_use_certificate(&a, &rule, &files));
    EXPECT_OK(socket_host_listen(&a, "/ip4/127.0.0.1/tcp/0/tls/ws"));
    TEST_REQUIRE(EXPECT(socket_host_print_addr(&a, text, 0)));
    EXPECT(strstr(text, "/tls/ws/p2p/"));
    EXPECT_OK(socket_host_dial(&b, text));
    EXPECT(turn_until(&heard_b.connected_count));
    EXPECT(turn_until(&heard_a.connected_count));
    EXPECT(peer_id_equal(&heard_b.peer, host_self(&a.host)));
    socket_host_done(&a);
    socket_host_done(&b);
    EXPECT_EQ(0, unlink(chain));
    EXPECT_EQ(0, unlink(key));
    EXPECT_EQ(0, rmdir(dir));
}

TEST(another_than_the_peer_that_is_meant_is_not_taken)
{
    struct heard heard_a = {0};
    struct heard heard_b = {0};
    char text[SOCKET_HOST_ADDR_TEXT_MAX];
    char own[PEER_ID_TEXT_MAX];
    TEST_REQUIRE(start_both(&heard_a, &heard_b));
    EXPECT_OK(socket_host_listen(&a, "/ip4/127.0.0.1/tcp/0"));
    TEST_REQUIRE(EXPECT(socket_host_print_addr(&a, text, 0)));
    struct peer_id other = *host_self(&a.host);
    other.bytes[other.n - 1] ^= 1;
    peer_id_print(own, &other);
    char *id = strstr(text, "/p2p/");
    TEST_REQUIRE(EXPECT(id && strlen(id + 5) == strlen(own)));
    memcpy(id + 5, own, strlen(own));
    EXPECT_OK(socket_host_dial(&b, text));
    EXPECT(turn_until(&heard_b.failed_count));
    EXPECT_EQ(0, heard_b.connected_count);
    socket_host_done(&a);
    socket_host_done(&b);
}

/* wait_for sleeps as another event loop would: until one of ours has something to do. */
static void wait_for(struct loop *one, struct loop *other)
{
    int timeouts[] = {uv_backend_timeout(&one->uv), uv_backend_timeout(&other->uv)};
    struct pollfd fds[] = {
        {.fd = uv_backend_fd(&one->uv),   .events = POLLIN},
        {.fd = uv_backend_fd(&other->uv), .events = POLLIN},
    };
    int timeout = timeouts[0] < 0 || (timeouts[1] >= 0 && timeouts[1] < timeouts[0]) ? timeouts[1]
                                                                                     : timeouts[0];
    (void)poll(fds, 2, timeout < 0 || timeout > 10000 ? 10000 : timeout);
}

TEST(another_event_loop_can_do_the_waiting)
{
    enum { TURNS_MAX = 200 };
    struct heard heard_a = {0};
    struct heard heard_b = {0};
    char text[SOCKET_HOST_ADDR_TEXT_MAX];
    TEST_REQUIRE(start_both(&heard_a, &heard_b));
    EXPECT_OK(socket_host_listen(&a, "/ip4/127.0.0.1/udp/0/quic-v1"));
    TEST_REQUIRE(EXPECT(socket_host_print_addr(&a, text, 0)));
    EXPECT_OK(socket_host_dial(&b, text));
    uint32_t turns = 0;
    while ((heard_a.connected_count == 0 || heard_b.connected_count == 0) && turns < TURNS_MAX) {
        (void)loop_turn(&a.loop); /* before it waits: a turn also enters new descriptors */
        (void)loop_turn(&b.loop);
        wait_for(&a.loop, &b.loop);
        turns++;
    }
    EXPECT_EQ(1, heard_a.connected_count);
    EXPECT_EQ(1, heard_b.connected_count);
    socket_host_done(&a);
    socket_host_done(&b);
}

TEST(a_seed_names_the_identity_and_without_one_it_is_fresh)
{
    struct secret32 seed = {.bytes = {7}};
    struct socket_host_cfg seeded = {.seed = &seed};
    struct socket_host_cfg plain = {0};
    TEST_REQUIRE(EXPECT_OK(socket_host_init(&a, &seeded)));
    TEST_REQUIRE(EXPECT_OK(socket_host_init(&b, &seeded)));
    EXPECT(peer_id_equal(host_self(&a.host), host_self(&b.host)));
    socket_host_done(&a);
    socket_host_done(&b);
    TEST_REQUIRE(EXPECT_OK(socket_host_init(&a, &plain)));
    TEST_REQUIRE(EXPECT_OK(socket_host_init(&b, &plain)));
    EXPECT(!peer_id_equal(host_self(&a.host), host_self(&b.host)));
    socket_host_done(&a);
    socket_host_done(&b);
}

TEST(every_interface_is_announced_as_itself)
{
    struct socket_host_cfg cfg = {0};
    char text[SOCKET_HOST_ADDR_TEXT_MAX];
    bool has_loopback = false;
    TEST_REQUIRE(EXPECT_OK(socket_host_init(&a, &cfg)));
    EXPECT(!socket_host_print_addr(&a, text, 0));
    EXPECT_OK(socket_host_listen(&a, "/ip4/0.0.0.0/tcp/0"));
    EXPECT_OK(socket_host_listen(&a, "/ip4/127.0.0.1/udp/0/quic-v1"));
    size_t count = 0;
    while (socket_host_print_addr(&a, text, count)) {
        EXPECT(!strstr(text, "/0.0.0.0/"));
        has_loopback = has_loopback || strstr(text, "/ip4/127.0.0.1/tcp/") == text;
        count++;
    }
    EXPECT(has_loopback);
    EXPECT(strstr(text, "/quic-v1/p2p/") != NULL); /* the last that was printed */
    socket_host_done(&a);
}

TEST(what_is_no_address_is_refused)
{
    struct socket_host_cfg cfg = {0};
    TEST_REQUIRE(EXPECT_OK(socket_host_init(&a, &cfg)));
    EXPECT_ERR(ERR_MALFORMED, socket_host_listen(&a, "127.0.0.1:4001"));
    EXPECT_ERR(ERR_MALFORMED, socket_host_dial(&a, ""));
    EXPECT_ERR(ERR_UNSUPPORTED, socket_host_listen(&a, "/dns4/a.example/tcp/1"));
    EXPECT_ERR(ERR_UNSUPPORTED, socket_host_dial(&a, "/ip4/127.0.0.1/udp/1/quic-v1/webtransport"));
    for (size_t i = 0; i < TCP_LISTENERS_MAX; i++) {
        EXPECT_OK(socket_host_listen(&a, "/ip4/127.0.0.1/tcp/0"));
    }
    EXPECT_ERR(ERR_LIMIT, socket_host_listen(&a, "/ip4/127.0.0.1/tcp/0"));
    socket_host_done(&a);
}

TEST(too_little_memory_leaves_nothing_behind)
{
    static const size_t sizes[] = {1, 4096, 65536, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct socket_host_cfg cfg = {
            .host = {.memory_max = sizes[i], .parent = test_budget()}
        };
        test_note("%zu bytes", sizes[i]);
        EXPECT_ERR(ERR_LIMIT, socket_host_init(&a, &cfg));
        EXPECT_EQ(0, test_budget()->used);
        socket_host_done(&a);
    }
    struct socket_host_cfg enough = {
        .host = {.memory_max = 8 << 20, .parent = test_budget()}
    };
    EXPECT_OK(socket_host_init(&a, &enough));
    EXPECT(test_budget()->used > 0);
    socket_host_done(&a);
    EXPECT_EQ(0, test_budget()->used);
}

TEST_MAIN
