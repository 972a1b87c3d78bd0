/* What a router opened, as bytes: every field, every cut, every value that is not one. */
#include "p2p/portmap_report.h"

#include "base/test.h"

#include <string.h>

static struct portmap_report sample(void)
{
    return (struct portmap_report){
        .how = PORTMAP_UPNP,
        .state = PORTMAP_OPEN,
        .ip = {8, 8, 8, 8},
        .ports = {{.inside = 4001, .outside = 4001},
               {.is_udp = true, .inside = 4001, .outside = 5000},
               {.inside = 4002}},
        .count = 3
    };
}

TEST(there_and_back)
{
    uint8_t room[PORTMAP_REPORT_LEN_MAX];
    struct portmap_report r = sample();
    struct portmap_report again;
    struct wr w = wr_init(MSPAN_OF(room));
    portmap_report_encode(&w, &r);
    EXPECT_OK(wr_end(&w));
    EXPECT_SPAN(test_hex("02 03 00 08080808 03 06 0fa1 0fa1 11 0fa1 1388 06 0fa2 0000"),
                span_of(room, w.n));
    EXPECT_OK(portmap_report_decode(&again, span_of(room, w.n)));
    EXPECT_EQ(3, again.count);
    EXPECT_EQ(5000, again.ports[1].outside);
    EXPECT(again.ports[1].is_udp);
    for (size_t n = 0; n < w.n; n++) {
        EXPECT_ERR(ERR_MALFORMED, portmap_report_decode(&again, span_of(room, n)));
    }
}

TEST(what_is_not_of_this_form)
{
    static const char *const cases[] = {
        "",
        "04 03 00 08080808 00",             /* how */
        "02 04 00 08080808 00",             /* state */
        "03 02 11 08080808 00",             /* why */
        "02 03 00 08080808 09",             /* more ports than there may be */
        "02 03 00 08080808 01 07 00010001", /* a transport of its own */
        "02 03 00 08080808 00 00",          /* a byte behind */
    };
    struct portmap_report r;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i]);
        EXPECT_ERR(ERR_MALFORMED, portmap_report_decode(&r, test_hex(cases[i])));
    }
    EXPECT_OK(portmap_report_decode(&r, test_hex("00 01 00 00000000 00")));
    EXPECT_OK(portmap_report_decode(&r, test_hex("03 02 02 00000000 00")));
    EXPECT_EQ(PORTMAP_PCP, r.how);
    EXPECT_EQ(PCP_NOT_AUTHORIZED, r.why);
}

TEST(the_outer_address_of_a_listener)
{
    struct portmap_report r = sample();
    struct net_addr tcp = {
        .port = 4001, .ip = {192, 168, 1, 2}
    };
    struct net_addr quic = {.transport = NET_QUIC, .port = 4001};
    struct net_addr ws = {.transport = NET_WS, .port = 4002};
    struct net_addr ip6 = {.is_ip6 = true, .port = 4001};
    struct net_addr outer;
    TEST_REQUIRE(portmap_report_addr(&r, &outer, &tcp));
    EXPECT_EQ(8, outer.ip[0]);
    EXPECT_EQ(4001, outer.port);
    TEST_REQUIRE(portmap_report_addr(&r, &outer, &quic));
    EXPECT_EQ(5000, outer.port);
    EXPECT_EQ(NET_QUIC, outer.transport);
    EXPECT(!portmap_report_addr(&r, &outer, &ws)); /* refused */
    EXPECT(!portmap_report_addr(&r, &outer, &ip6));
    memset(r.ip, 0, sizeof r.ip);
    EXPECT(!portmap_report_addr(&r, &outer, &tcp));
    r = sample();
    r.state = PORTMAP_REFUSED;
    EXPECT(!portmap_report_addr(&r, &outer, &tcp));
}

TEST(names)
{
    EXPECT_STR("nat-pmp", portmap_how_name(PORTMAP_NAT_PMP));
    EXPECT_STR("pcp", portmap_how_name(PORTMAP_PCP));
    EXPECT_STR("nobody", portmap_how_name(PORTMAP_NOBODY));
    EXPECT_STR("open", portmap_state_name(PORTMAP_OPEN));
    EXPECT_STR("asking", portmap_state_name(PORTMAP_ASKING));
}

TEST_MAIN
