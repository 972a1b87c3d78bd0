/* What is near: interfaces of our own making, and multiaddrs. */
#include "node/net/near.h"

#include "base/test.h"
#include "codec/multiaddr.h"

#include <string.h>

static const struct near home = {
    .list = {{.is_loopback = true, .ip = {127, 0, 0, 1}, .mask = {255}},
             {.ip = {192, 168, 7, 20}, .mask = {255, 255, 255, 0}},
             {.is_ip6 = true,
              .ip = {0xfd, 1, 2, 3, 4, 5, 6, 7, [15] = 9},
              .mask = {255, 255, 255, 255, 255, 255, 255, 255}},
             {.ip = {10, 0, 0, 1}, .mask = {0}}},
    .count = 4
};

static struct span bytes_of(const char *text)
{
    static uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    return span_of(room, w.n);
}

TEST(an_address_is_near_if_an_interface_says_so)
{
    static const struct {
        const char *addr;
        bool is_near;
        bool is_loopback;
    } table[] = {
        {"/ip4/192.168.7.1/tcp/1",         true,  false},
        {"/ip4/192.168.7.255/tcp/1",       true,  false},
        {"/ip4/192.168.7.9/tcp/1/ws",      true,  false},
        {"/ip4/192.168.6.255/tcp/1",       false, false},
        {"/ip4/192.168.8.0/tcp/1",         false, false},
        {"/ip4/8.8.8.8/tcp/1",             false, false}, /* and the mask of no bits makes it none */
        {"/ip4/127.0.0.1/tcp/1",           false, true },
        {"/ip4/127.255.255.255/tcp/1",     false, true },
        {"/ip4/126.255.255.255/tcp/1",     false, false},
        {"/ip6/fd01:203:405:607::1/tcp/1", true,  false},
        {"/ip6/fd01:203:405:608::1/tcp/1", false, false},
        {"/ip6/::1/tcp/1",                 false, false},
        {"/dns4/a.example/tcp/1",          false, false},
        {"/tcp/1",                         false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        test_note("%s", table[i].addr);
        EXPECT_EQ(table[i].is_near, near_has(&home, bytes_of(table[i].addr), false));
        EXPECT_EQ(table[i].is_loopback, near_has(&home, bytes_of(table[i].addr), true));
    }
    EXPECT(!near_has(&home, SPAN_EMPTY, false));
}

TEST(an_address_of_every_interface_is_one_for_each)
{
    static const struct {
        const char *addr;
        const char *forms[4]; /* at interface 0, 1, ... */
    } table[] = {
        {"/ip4/0.0.0.0/tcp/4001",
         {"/ip4/127.0.0.1/tcp/4001", "/ip4/192.168.7.20/tcp/4001", NULL, "/ip4/10.0.0.1/tcp/4001"}},
        {"/ip6/::/tcp/1/ws",      {NULL, NULL, "/ip6/fd01:203:405:607::9/tcp/1/ws", NULL}         },
        {"/ip4/1.2.3.4/tcp/5",    {"/ip4/1.2.3.4/tcp/5", NULL, NULL, NULL}                        },
        {"/dns/a.example/tcp/5",  {"/dns/a.example/tcp/5", NULL, NULL, NULL}                      },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t k = 0; k < 5; k++) {
            uint8_t room[MULTIADDR_LEN_MAX];
            char text[128];
            struct wr w = wr_init(MSPAN_OF(room));
            struct wr t = wr_init(mspan_of(text, sizeof text - 1));
            const char *want = k < 4 ? table[i].forms[k] : NULL;
            test_note("%s at %zu", table[i].addr, k);
            EXPECT_EQ(want != NULL, near_expand(&home, &w, bytes_of(table[i].addr), k));
            if (want) {
                EXPECT_OK(multiaddr_print(&t, span_of(room, w.n)));
                text[t.n] = 0;
                EXPECT_STR(want, text);
            }
        }
    }
}

TEST(places_are_what_stands_there_and_what_the_interfaces_say)
{
    struct near_interface first = home.list[1];
    uint8_t rooms[2][MULTIADDR_LEN_MAX];
    struct span listen[2];
    struct net_addr places[8];
    static const char *const texts[] = {"/ip4/0.0.0.0/tcp/4001", "/dns4/a.example/tcp/1"};
    for (size_t i = 0; i < 2; i++) {
        struct wr w = wr_init(MSPAN_OF(rooms[i]));
        EXPECT_OK(multiaddr_parse(&w, span_str(texts[i]), NULL));
        listen[i] = span_of(rooms[i], w.n);
    }
    struct near_places_args args = {.listen = listen, .listen_count = 2, .max = 8};
    EXPECT_EQ(4, near_places(&home, places, args)); /* itself, and three interfaces with IPv4 */
    EXPECT(net_addr_is_any(&places[0]));
    EXPECT_EQ(4001, places[2].port);
    EXPECT(memcmp(places[2].ip, first.ip, 4) == 0);
    args.max = 2;
    EXPECT_EQ(2, near_places(&home, places, args));
}

TEST(the_interfaces_of_this_machine)
{
    struct near n;
    near_load(&n);
    EXPECT(n.count <= NEAR_INTERFACES_MAX);
    for (size_t i = 0; i < n.count; i++) {
        uint8_t room[64];
        struct wr w = wr_init(MSPAN_OF(room));
        multiaddr_write(&w, n.list[i].is_ip6 ? MULTIADDR_IP6 : MULTIADDR_IP4,
                        span_of(n.list[i].ip, n.list[i].is_ip6 ? 16 : 4));
        EXPECT(near_has(&n, span_of(room, w.n), n.list[i].is_loopback)); /* its own address */
    }
}

TEST_MAIN
