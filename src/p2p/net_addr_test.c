/* Addresses of the internet: what is one, what is public, whose it may be. */
#include "p2p/net_addr.h"

#include "base/test.h"
#include "codec/multiaddr.h"

#include <string.h>

static enum err parse(struct net_addr *a, const char *text)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    TRY(multiaddr_parse(&w, span_str(text), NULL));
    return net_addr_of(a, span_of(room, w.n));
}

static const struct {
    const char *text;
    enum err err;
    enum net_transport transport;
    bool is_public;
} cases[] = {
    {"/ip4/8.8.8.8/tcp/4001",                OK,              NET_TCP,  true },
    {"/ip4/8.8.8.8/tcp/4001/ws",             OK,              NET_WS,   true },
    {"/ip4/8.8.8.8/udp/4001/quic-v1",        OK,              NET_QUIC, true },
    {"/ip4/100.63.255.255/tcp/1",            OK,              NET_TCP,  true },
    {"/ip4/100.64.0.0/tcp/1",                OK,              NET_TCP,  false},
    {"/ip4/100.127.255.255/tcp/1",           OK,              NET_TCP,  false},
    {"/ip4/100.128.0.0/tcp/1",               OK,              NET_TCP,  true },
    {"/ip4/0.1.2.3/tcp/1",                   OK,              NET_TCP,  false},
    {"/ip4/10.255.0.1/tcp/1",                OK,              NET_TCP,  false},
    {"/ip4/11.0.0.0/tcp/1",                  OK,              NET_TCP,  true },
    {"/ip4/127.0.0.1/tcp/1",                 OK,              NET_TCP,  false},
    {"/ip4/169.254.1.1/tcp/1",               OK,              NET_TCP,  false},
    {"/ip4/172.15.0.1/tcp/1",                OK,              NET_TCP,  true },
    {"/ip4/172.16.0.1/tcp/1",                OK,              NET_TCP,  false},
    {"/ip4/172.31.255.1/tcp/1",              OK,              NET_TCP,  false},
    {"/ip4/172.32.0.1/tcp/1",                OK,              NET_TCP,  true },
    {"/ip4/192.168.1.1/tcp/1",               OK,              NET_TCP,  false},
    {"/ip4/192.0.2.1/tcp/1",                 OK,              NET_TCP,  false},
    {"/ip4/198.18.0.1/tcp/1",                OK,              NET_TCP,  false},
    {"/ip4/198.20.0.1/tcp/1",                OK,              NET_TCP,  true },
    {"/ip4/203.0.113.9/tcp/1",               OK,              NET_TCP,  false},
    {"/ip4/223.255.255.255/tcp/1",           OK,              NET_TCP,  true },
    {"/ip4/224.0.0.1/tcp/1",                 OK,              NET_TCP,  false},
    {"/ip4/255.255.255.255/tcp/1",           OK,              NET_TCP,  false},
    {"/ip6/2606:4700::1/tcp/1",              OK,              NET_TCP,  true },
    {"/ip6/::1/tcp/1",                       OK,              NET_TCP,  false},
    {"/ip6/fe80::1/tcp/1",                   OK,              NET_TCP,  false},
    {"/ip6/fd00::1/tcp/1",                   OK,              NET_TCP,  false},
    {"/ip6/2001:db8::1/tcp/1",               OK,              NET_TCP,  false},
    {"/ip6/2001::a00:1/tcp/1",               OK,              NET_TCP,  false},
    {"/ip6/2002:a00:1::/tcp/1",              OK,              NET_TCP,  false},
    {"/ip6/64:ff9b::a00:1/tcp/1",            OK,              NET_TCP,  false},
    {"/ip6/::ffff:10.0.0.1/tcp/1",           OK,              NET_TCP,  false},
    {"/dns4/example.org/tcp/1",              ERR_UNSUPPORTED, NET_TCP,  false},
    {"/ip4/8.8.8.8",                         ERR_UNSUPPORTED, NET_TCP,  false},
    {"/ip4/8.8.8.8/udp/1",                   ERR_UNSUPPORTED, NET_TCP,  false},
    {"/ip4/8.8.8.8/tcp/1/p2p-circuit",       ERR_UNSUPPORTED, NET_TCP,  false},
    {"/ip4/8.8.8.8/tcp/1/wss",               OK,              NET_WSS,  true },
    {"/ip6/2606:4700::1/tcp/1/tls/ws",       OK,              NET_WSS,  true },
    {"/ip4/10.0.0.1/tcp/1/tls/sni/a/ws",     OK,              NET_WSS,  false},
    {"/ip4/8.8.8.8/tcp/1/tls",               ERR_UNSUPPORTED, NET_TCP,  false},
    {"/ip4/8.8.8.8/tcp/1/ip4/8.8.8.8/tcp/2", ERR_UNSUPPORTED, NET_TCP,  false},
};

TEST(what_is_an_address_and_what_is_public)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net_addr a;
        test_note("%s", cases[i].text);
        enum err e = parse(&a, cases[i].text);
        EXPECT_ERR(cases[i].err, e);
        if (e != OK) {
            continue;
        }
        uint8_t room[NET_ADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(room));
        struct net_addr again;
        EXPECT_EQ(cases[i].transport, a.transport);
        EXPECT_EQ(cases[i].is_public, net_addr_is_public(&a));
        net_addr_write(&w, &a);
        EXPECT_OK(wr_end(&w));
        EXPECT_OK(net_addr_of(&again, span_of(room, w.n)));
        EXPECT(net_addr_equal(&a, &again));
    }
}

TEST(a_peer_behind_it_is_passed_over)
{
    struct net_addr a;
    EXPECT_OK(parse(&a, "/ip4/8.8.8.8/udp/7/quic-v1/p2p/"
                        "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv"));
    EXPECT_EQ(7, a.port);
    EXPECT(!net_addr_is_any(&a));
    EXPECT_OK(parse(&a, "/ip6/::/tcp/7"));
    EXPECT(net_addr_is_any(&a));
    EXPECT_ERR(ERR_UNSUPPORTED, net_addr_of(&a, SPAN_LIT("\4\1")));
}

static uint64_t group(const char *text)
{
    struct net_addr a;
    EXPECT_OK(parse(&a, text));
    return net_addr_group(&a);
}

TEST(groups)
{
    EXPECT(group("/ip4/8.8.8.8/tcp/1") == group("/ip4/8.8.8.200/udp/9/quic-v1"));
    EXPECT(group("/ip4/8.8.8.8/tcp/1") != group("/ip4/8.8.9.8/tcp/1"));
    EXPECT(group("/ip6/2606:4700:1::1/tcp/1") == group("/ip6/2606:4700:1:ffff::1/tcp/1"));
    EXPECT(group("/ip6/2606:4700:1::1/tcp/1") != group("/ip6/2606:4700:2::1/tcp/1"));
}

TEST_MAIN
