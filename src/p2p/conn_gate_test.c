/* Whom the person wants and whom not. */
#include "p2p/conn_gate.h"

#include "base/test.h"
#include "codec/multiaddr.h"

#define PEER    "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
#define ANOTHER "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"

static struct net_addr addr_of(const char *text)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct net_addr a = {0};
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    EXPECT_OK(net_addr_of(&a, span_of(room, w.n)));
    return a;
}

static enum conn_verdict verdict(const struct conn_gate *gate, const char *text)
{
    struct net_addr a = addr_of(text);
    return conn_gate_addr(gate, &a);
}

static const struct {
    const char *text;
    enum err err;
} texts[] = {
    {"203.0.113.0/24",    OK           },
    {"203.0.113.7",       OK           },
    {"0.0.0.0/0",         OK           },
    {"::/0",              OK           },
    {"2001:db8::/32",     OK           },
    {"2001:db8::1",       OK           },
    {"2001:db8::1/128",   OK           },
    {PEER,                OK           },
    {ANOTHER,             OK           },
    {"",                  ERR_MALFORMED},
    {"/",                 ERR_MALFORMED},
    {"203.0.113.0/",      ERR_MALFORMED},
    {"203.0.113.0/33",    ERR_MALFORMED},
    {"203.0.113.0/024",   ERR_MALFORMED},
    {"203.0.113.0/24/24", ERR_MALFORMED},
    {"203.0.113.0/-1",    ERR_MALFORMED},
    {"203.0.113.7/24",    ERR_MALFORMED}, /* bits beyond the prefix */
    {"2001:db8::1/32",    ERR_MALFORMED},
    {"2001:db8::/129",    ERR_MALFORMED},
    {"203.0.113.7/tcp/1", ERR_MALFORMED},
    {"example.org",       ERR_MALFORMED},
    {"/ip4/203.0.113.7",  ERR_MALFORMED},
    {PEER "x",            ERR_MALFORMED},
};

TEST(rules_as_text)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        static struct conn_rules rules;
        rules.count = 0;
        EXPECT_ERR(texts[i].err, conn_rules_add(&rules, span_str(texts[i].text)));
        EXPECT_EQ(texts[i].err == OK, rules.count);
    }
}

TEST(no_more_than_find_room)
{
    static struct conn_rules rules;
    for (int i = 0; i < CONN_RULES_MAX; i++) {
        EXPECT_OK(conn_rules_add(&rules, SPAN_LIT("203.0.113.7")));
    }
    EXPECT_ERR(ERR_LIMIT, conn_rules_add(&rules, SPAN_LIT("203.0.113.7")));
}

TEST(networks_and_their_neighbours)
{
    static struct conn_gate g;
    EXPECT_OK(conn_rules_add(&g.deny, SPAN_LIT("203.0.112.0/23")));
    EXPECT_OK(conn_rules_add(&g.deny, SPAN_LIT("2606:4700::/32")));
    EXPECT_OK(conn_rules_add(&g.allow, SPAN_LIT("203.0.113.9")));
    EXPECT_EQ(CONN_UNSAID, verdict(NULL, "/ip4/203.0.112.0/tcp/1"));
    EXPECT_EQ(CONN_UNSAID, verdict(&g, "/ip4/203.0.111.255/tcp/1"));
    EXPECT_EQ(CONN_DENIED, verdict(&g, "/ip4/203.0.112.0/tcp/1"));
    EXPECT_EQ(CONN_DENIED, verdict(&g, "/ip4/203.0.113.255/udp/1/quic-v1"));
    EXPECT_EQ(CONN_UNSAID, verdict(&g, "/ip4/203.0.114.0/tcp/1"));
    EXPECT_EQ(CONN_ALLOWED, verdict(&g, "/ip4/203.0.113.9/tcp/1/ws"));
    EXPECT_EQ(CONN_DENIED, verdict(&g, "/ip6/2606:4700:ffff::1/tcp/1"));
    EXPECT_EQ(CONN_UNSAID, verdict(&g, "/ip6/2606:4701::1/tcp/1"));
    /* The same address, spelled as IPv6, is no way around. */
    EXPECT_EQ(CONN_DENIED, verdict(&g, "/ip6/::ffff:203.0.113.8/tcp/1"));
    EXPECT_EQ(CONN_ALLOWED, verdict(&g, "/ip6/::ffff:203.0.113.9/tcp/1"));
    EXPECT_OK(conn_rules_add(&g.deny, SPAN_LIT("::ffff:198.51.100.0/120")));
    EXPECT_EQ(CONN_DENIED, verdict(&g, "/ip4/198.51.100.255/tcp/1"));
    EXPECT_EQ(CONN_UNSAID, verdict(&g, "/ip4/198.51.101.0/tcp/1"));
}

TEST(peers)
{
    static struct conn_gate g;
    struct peer_id one;
    struct peer_id two;
    struct peer_id nobody = {0};
    EXPECT_OK(peer_id_parse(&one, SPAN_LIT(PEER)));
    EXPECT_OK(peer_id_parse(&two, SPAN_LIT(ANOTHER)));
    EXPECT_OK(conn_rules_add(&g.deny, SPAN_LIT(PEER)));
    EXPECT_OK(conn_rules_add(&g.deny, SPAN_LIT("0.0.0.0/0")));
    EXPECT_EQ(CONN_DENIED, conn_gate_peer(&g, &one));
    EXPECT_EQ(CONN_UNSAID, conn_gate_peer(&g, &two));
    EXPECT_EQ(CONN_UNSAID, conn_gate_peer(&g, &nobody));
    EXPECT_OK(conn_rules_add(&g.allow, SPAN_LIT(PEER)));
    EXPECT_EQ(CONN_ALLOWED, conn_gate_peer(&g, &one));
}

TEST_MAIN
