/* Which address first, and when. */
#include "p2p/dial_plan.h"

#include "base/test.h"
#include "codec/multiaddr.h"

#include <stdio.h>
#include <string.h>

#define PEER  "/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
#define RELAY PEER "/p2p-circuit"

static const instant start = {.us = 7 * US_PER_S};

static void add(struct dial_plan *p, const char *text, bool worked)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    EXPECT_OK(dial_plan_add(p, span_of(room, w.n), worked));
}

static void print_step(char *ret_text, size_t n, struct span addr, instant at)
{
    uint8_t room[MULTIADDR_TEXT_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(multiaddr_print(&w, addr));
    snprintf(ret_text, n, "%llu %.*s", (unsigned long long)(instant_since(start, at) / US_PER_MS),
             (int)w.n, (const char *)room);
}

/* Each case: addresses as the caller gave them (+ in front: it worked), then milliseconds and address as they are tried. */
static const struct {
    const char *name;
    const char *given[7];
    const char *tried[7];
} cases[] = {
    {"QUIC before TCP before WebSocket",
     {"/dns4/a/tcp/443/tls/ws", "/ip4/8.8.8.8/tcp/1/ws", "/ip4/8.8.8.8/tcp/1",
      "/ip4/8.8.8.8/udp/1/quic-v1"},
     {"0 /ip4/8.8.8.8/udp/1/quic-v1", "250 /ip4/8.8.8.8/tcp/1", "500 /ip4/8.8.8.8/tcp/1/ws",
      "750 /dns4/a/tcp/443/tls/ws"}                                                                                                             },
    {"families take turns, IPv6 first",
     {"/ip4/8.8.8.8/tcp/1", "/ip4/8.8.4.4/tcp/1", "/ip6/2606:4700::1/tcp/1",
      "/ip6/2606:4700::2/tcp/1"},
     {"0 /ip6/2606:4700::1/tcp/1", "250 /ip4/8.8.8.8/tcp/1", "500 /ip6/2606:4700::2/tcp/1",
      "750 /ip4/8.8.4.4/tcp/1"}                                                                                                                 },
    {"TCP after the last QUIC",
     {"/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/udp/1/quic-v1", "/ip6/2606:4700::1/udp/1/quic-v1"},
     {"0 /ip6/2606:4700::1/udp/1/quic-v1", "250 /ip4/8.8.8.8/udp/1/quic-v1",
      "500 /ip4/8.8.8.8/tcp/1"}                                                                                                                 },
    {"private ones close together, public ones hardly later",
     {"/ip4/8.8.8.8/tcp/1", "/ip4/192.168.1.2/tcp/1", "/ip4/10.0.0.1/tcp/1",
      "/ip4/192.168.1.2/udp/1/quic-v1"},
     {"0 /ip4/192.168.1.2/udp/1/quic-v1", "30 /ip4/192.168.1.2/tcp/1", "30 /ip4/8.8.8.8/tcp/1",
      "60 /ip4/10.0.0.1/tcp/1"}                                                                                                                 },
    {"a relay is what is left",
     {"/ip4/9.9.9.9/tcp/1" RELAY, "/ip4/8.8.8.8/tcp/1"},
     {"0 /ip4/8.8.8.8/tcp/1", "500 /ip4/9.9.9.9/tcp/1" RELAY}                                                                                   },
    {"a relay alone need not wait",                                 {"/ip4/9.9.9.9/tcp/1" RELAY},                 {"0 /ip4/9.9.9.9/tcp/1" RELAY}},
    {"what worked before is first, whatever it is",
     {"+/ip4/8.8.8.8/tcp/1/ws", "/ip4/8.8.8.8/udp/1/quic-v1", "/ip4/9.9.9.9/tcp/1" RELAY},
     {"0 /ip4/8.8.8.8/tcp/1/ws", "250 /ip4/8.8.8.8/udp/1/quic-v1", "750 /ip4/9.9.9.9/tcp/1" RELAY}                                              },
    {"a relay that worked is as good as any",
     {"/ip4/8.8.8.8/tcp/1", "+/ip4/9.9.9.9/tcp/1" RELAY},
     {"0 /ip4/9.9.9.9/tcp/1" RELAY, "250 /ip4/8.8.8.8/tcp/1"}                                                                                   },
    {"names as what they name, names of names if that does not do",
     {"/dns4/a.example/tcp/1", "/dnsaddr/b.example", "/dns6/a.example/tcp/1"},
     {"0 /dns6/a.example/tcp/1", "250 /dnsaddr/b.example", "250 /dns4/a.example/tcp/1"}                                                         },
    {"a name of names alone",
     {"/dnsaddr/b.example", "/ip4/9.9.9.9/tcp/1" RELAY},
     {"0 /dnsaddr/b.example", "500 /ip4/9.9.9.9/tcp/1" RELAY}                                                                                   },
    {"what is found out to have worked moves to the front",
     {"/ip4/8.8.8.8/udp/1/quic-v1", "/ip4/8.8.8.8/tcp/1" PEER, "+/ip4/8.8.8.8/tcp/1"},
     {"0 /ip4/8.8.8.8/tcp/1" PEER, "250 /ip4/8.8.8.8/udp/1/quic-v1"}                                                                            },
    {"twice is once",                                               {"/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/tcp/1"}, {"0 /ip4/8.8.8.8/tcp/1"}      },
};

TEST(ranked_and_staggered)
{
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct dial_plan p;
        struct span addr;
        char text[512];
        size_t n = 0;
        dial_plan_init(&p, test_budget());
        for (size_t i = 0; i < 7 && cases[c].given[i]; i++) {
            const char *given = cases[c].given[i];
            add(&p, given + (given[0] == '+'), given[0] == '+');
        }
        dial_plan_rank(&p, start);
        instant at = dial_plan_due(&p);
        for (; dial_plan_next(&p, at, false, &addr); at = dial_plan_due(&p)) {
            print_step(text, sizeof text, addr, at);
            EXPECT_STR(cases[c].tried[n] ? cases[c].tried[n] : cases[c].name, text);
            n++;
        }
        EXPECT(instant_is_never(at));
        EXPECT(n == 7 || !cases[c].tried[n]);
        dial_plan_done(&p);
    }
}

TEST(what_failed_makes_way_and_all_move_up)
{
    struct dial_plan p;
    struct span addr;
    dial_plan_init(&p, test_budget());
    add(&p, "/ip4/8.8.8.8/tcp/1", false);
    add(&p, "/ip4/8.8.8.8/tcp/2", false);
    add(&p, "/ip4/8.8.8.8/tcp/3", false);
    dial_plan_rank(&p, start);
    EXPECT(dial_plan_next(&p, start, false, &addr));
    EXPECT(!dial_plan_next(&p, start, false, &addr));
    instant now = instant_add(start, 100 * US_PER_MS);
    EXPECT(dial_plan_next(&p, now, true, &addr));
    EXPECT_EQ(now.us + DIAL_STAGGER_US, dial_plan_due(&p).us); /* 250 ms after this one */
    dial_plan_drop_rest(&p);
    EXPECT(!dial_plan_next(&p, now, true, &addr));
    dial_plan_done(&p);
}

TEST(a_full_plan_and_late_additions)
{
    struct dial_plan p;
    struct dial_plan other;
    struct span addr;
    uint8_t room[16];
    dial_plan_init(&p, test_budget());
    dial_plan_init(&other, test_budget());
    for (uint16_t i = 0; i <= DIAL_PLAN_STEPS_MAX; i++) {
        struct wr w = wr_init(MSPAN_OF(room));
        multiaddr_write(&w, MULTIADDR_IP4, SPAN_LIT("\x08\x08\x08\x08"));
        multiaddr_write_port(&w, MULTIADDR_TCP, i);
        enum err want = i < DIAL_PLAN_STEPS_MAX ? OK : ERR_LIMIT;
        EXPECT_ERR(want, dial_plan_add(&p, span_of(room, w.n), false));
    }
    dial_plan_rank(&p, start);
    /* What was tried is not tried again, what is new has its place among the rest. */
    add(&other, "/ip4/8.8.8.8/tcp/1", false);
    add(&other, "/ip4/8.8.8.8/udp/1/quic-v1", false);
    dial_plan_rank(&other, start);
    EXPECT(dial_plan_next(&other, start, false, &addr));
    add(&other, "/ip4/8.8.8.8/udp/1/quic-v1", false);
    add(&other, "/ip4/8.8.8.8/udp/2/quic-v1", false);
    EXPECT_EQ(3, other.count);
    dial_plan_rank(&other, start);
    EXPECT(dial_plan_next(&other, start, false, &addr));
    EXPECT_EQ(0, other.steps[1].delay_us);
    EXPECT_EQ(DIAL_STAGGER_US, other.steps[2].delay_us);
    dial_plan_merge(&p, &other); /* no room: nothing happens */
    EXPECT_EQ(DIAL_PLAN_STEPS_MAX, p.count);
    dial_plan_done(&p);
    dial_plan_done(&other);
}

TEST_MAIN
