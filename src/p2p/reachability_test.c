/* The verdict, case by case, and its words. */
#include "p2p/reachability.h"

#include "base/test.h"

#include <string.h>

static const instant NOW = {.us = 1000 * US_PER_S};
static struct observed observed;
static struct autonat_probes probes;
static struct reachability verdict;

static struct net_addr ours(enum net_transport t)
{
    return (struct net_addr){
        .transport = t, .port = 4001, .ip = {8, 8, 8, 8}
    };
}

struct one {
    const char *name;
    bool is_listening;
    bool is_seen;      /* two peers see us at ours(NET_QUIC) and ours(NET_TCP) */
    uint16_t ports[2]; /* that the two see; 0 = 4001 */
    bool is_mapped;    /* the TCP one, by the router */
    uint32_t servers;
    enum autonat_verdict tcp;
    enum autonat_verdict quic;
    uint64_t ago_s; /* since the addresses were named */
    enum reach reach;
    enum reach_reason reason;
};

static void see(uint8_t g, struct net_addr a, uint16_t port)
{
    a.port = port ? port : a.port;
    observed_add(
        &observed, NOW,
        &(struct observed_args){
            .observer = g, .at = {.port = 1, .ip = {9, 9, g, 1}},
                 .addr = a, .is_exact = true
    });
}

static void judge(const struct one *c)
{
    struct net_addr listen = {.port = 4001};
    struct net_addr mapped = ours(NET_TCP);
    struct net_addr addrs[2] = {ours(NET_TCP), ours(NET_QUIC)};
    memset(&observed, 0, sizeof observed);
    memset(&probes, 0, sizeof probes);
    for (uint8_t g = 1; g <= 2 && c->is_seen; g++) {
        see(g, ours(NET_QUIC), c->ports[g - 1]);
        see(g, ours(NET_TCP), 0);
    }
    (void)autonat_probes_set(&probes, addrs, 2, (instant){.us = NOW.us - c->ago_s * US_PER_S});
    probes.servers_count = c->servers;
    probes.probes[0].verdict = c->tcp;
    probes.probes[1].verdict = c->quic;
    struct reach_input in = {.listen = &listen,
                             .listen_count = c->is_listening,
                             .is_listening = c->is_listening,
                             .mapped = &mapped,
                             .mapped_count = c->is_mapped,
                             .observed = &observed,
                             .probes = &probes,
                             .now = NOW};
    reachability_judge(&verdict, &in);
}

static const struct one cases[] = {
    {"takes no connections",
     false, true,
     {0},
     false, 2,
     AUTONAT_UNREACHABLE, AUTONAT_UNKNOWN,
     0,   REACH_UNKNOWN,
     REACH_NOT_LISTENING },
    {"seen by nobody",
     true,  false,
     {0},
     false, 2,
     AUTONAT_UNKNOWN,     AUTONAT_UNKNOWN,
     0,   REACH_UNKNOWN,
     REACH_NO_ADDRESS    },
    {"nobody to ask",
     true,  true,
     {0},
     false, 0,
     AUTONAT_UNKNOWN,     AUTONAT_UNKNOWN,
     0,   REACH_UNKNOWN,
     REACH_NOBODY_TO_ASK },
    {"asking",
     true,  true,
     {0},
     false, 2,
     AUTONAT_UNKNOWN,     AUTONAT_UNKNOWN,
     0,   REACH_UNKNOWN,
     REACH_ASKING        },
    {"one arrived",
     true,  true,
     {0},
     false, 2,
     AUTONAT_UNREACHABLE, AUTONAT_REACHABLE,
     0,   REACH_REACHABLE,
     REACH_DIALLED       },
    {"by the router's port",
     true,  true,
     {0},
     true,  2,
     AUTONAT_REACHABLE,   AUTONAT_UNREACHABLE,
     0,   REACH_REACHABLE,
     REACH_DIALLED_MAPPED},
    {"half known",
     true,  true,
     {0},
     false, 2,
     AUTONAT_UNREACHABLE, AUTONAT_UNKNOWN,
     0,   REACH_UNKNOWN,
     REACH_ASKING        },
    {"half known for long",
     true,  true,
     {0},
     false, 2,
     AUTONAT_UNREACHABLE, AUTONAT_UNKNOWN,
     100, REACH_PUNCHABLE,
     REACH_SAME_PORT     },
    {"closed, one port",
     true,  true,
     {0},
     false, 2,
     AUTONAT_UNREACHABLE, AUTONAT_UNREACHABLE,
     0,   REACH_PUNCHABLE,
     REACH_SAME_PORT     },
    {"closed, many ports",
     true,  true,
     {5, 6},
     false, 2,
     AUTONAT_UNREACHABLE, AUTONAT_UNREACHABLE,
     0,   REACH_RELAYED,
     REACH_PORTS_DIFFER  },
    {"closed, not known",
     true,  false,
     {0},
     true,  2,
     AUTONAT_UNREACHABLE, AUTONAT_UNKNOWN,
     0,   REACH_RELAYED,
     REACH_NO_DIAL       },
};

TEST(verdicts)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        judge(&cases[i]);
        test_note("%s", cases[i].name);
        EXPECT_STR(reach_name(cases[i].reach), reach_name(verdict.reach));
        EXPECT_STR(reach_reason_name(cases[i].reason), reach_reason_name(verdict.reason));
    }
}

TEST(each_peer_sees_another_port_and_nothing_else_is_known)
{
    judge(&cases[0]);
    memset(&observed, 0, sizeof observed);
    see(1, ours(NET_QUIC), 5);
    see(2, ours(NET_QUIC), 6);
    struct reach_input in = {
        .is_listening = true, .observed = &observed, .probes = &probes, .now = NOW};
    reachability_judge(&verdict, &in);
    EXPECT_EQ(0, verdict.addrs_count);
    EXPECT_EQ(REACH_RELAYED, verdict.reach);
    EXPECT_EQ(REACH_PORTS_DIFFER, verdict.reason);
    /* Of the outer IP both agree: a port there may have been forwarded by hand. */
    struct net_addr listen = {.port = 4001};
    in.listen = &listen;
    in.listen_count = 1;
    reachability_judge(&verdict, &in);
    struct net_addr guessed = ours(NET_TCP);
    TEST_REQUIRE(verdict.addrs_count == 1);
    EXPECT(net_addr_equal(&guessed, &verdict.addrs[0].addr));
}

TEST(each_address_and_transport_has_its_own)
{
    judge(&cases[5]);
    EXPECT_EQ(2, verdict.addrs_count);
    EXPECT_EQ(REACH_MAPPED | REACH_OBSERVED, verdict.addrs[0].sources);
    EXPECT_EQ(REACH_REACHABLE, verdict.by_transport[NET_TCP][0]);
    EXPECT_EQ(REACH_PUNCHABLE, verdict.by_transport[NET_QUIC][0]);
    EXPECT_EQ(REACH_UNKNOWN, verdict.by_transport[NET_WS][1]);
    struct reachability before = verdict;
    EXPECT(reachability_equal(&before, &verdict));
    verdict.addrs[0].failed_count++;
    EXPECT(reachability_equal(&before, &verdict));
    judge(&cases[4]);
    EXPECT(!reachability_equal(&before, &verdict));
}

TEST(words_for_everything)
{
    for (unsigned i = 0; i < REACH_COUNT; i++) {
        EXPECT(reach_name((enum reach)i)[0] && reach_text((enum reach)i)[0]);
    }
    for (unsigned i = 0; i < REACH_REASON_COUNT; i++) {
        EXPECT(reach_reason_name((enum reach_reason)i)[0] &&
               reach_reason_text((enum reach_reason)i)[0]);
    }
}

TEST_MAIN
