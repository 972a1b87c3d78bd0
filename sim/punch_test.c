/* Routers as RFC 4787 has them, and hole punching through each pair of them: what can be punched is, what cannot stays
 * at the relay, which carries on. PASSMESH_LONG=1 runs many more seeds. */
#include "punch.h"

#include "base/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct rng_seeded rng;

static struct nat_endpoint at(uint32_t ip, uint16_t port)
{
    return (struct nat_endpoint){.ip = ip, .port = port};
}

static uint16_t port_out(struct nat *n, uint16_t from, struct nat_endpoint to)
{
    struct nat_packet p = {.protocol = NAT_UDP, .from = at(10, from), .to = to};
    EXPECT(nat_out(n, &p));
    EXPECT_EQ(99, p.from.ip);
    return p.from.port;
}

static bool comes_in(struct nat *n, uint16_t port, struct nat_endpoint from, instant now)
{
    struct nat_packet p = {.protocol = NAT_UDP, .from = from, .to = at(99, port), .now = now};
    return nat_in(n, &p) && p.to.ip == 10;
}

TEST(routers)
{
    for (unsigned m = 0; m < NAT_RULE_COUNT; m++) {
        for (unsigned f = 0; f < NAT_RULE_COUNT; f++) {
            static struct nat n;
            struct nat_cfg cfg = {.mapping = (enum nat_rule)m,
                                  .filtering = (enum nat_rule)f,
                                  .ip = 99,
                                  .timeout_us = 100};
            rng_seeded_init(&rng, test_seed());
            nat_init(&n, &cfg, &rng.rng);
            test_note("mapping %u, filtering %u", m, f);
            uint16_t port = port_out(&n, 1, at(1, 1));
            EXPECT_EQ(port, port_out(&n, 1, at(1, 1)));
            EXPECT(comes_in(&n, port, at(1, 1), (instant){0}));
            EXPECT_EQ(f < NAT_ADDRESS_AND_PORT_DEPENDENT,
                      comes_in(&n, port, at(1, 2), (instant){0}));
            EXPECT_EQ(f == NAT_ENDPOINT_INDEPENDENT, comes_in(&n, port, at(2, 1), (instant){0}));
            EXPECT_EQ(m < NAT_ADDRESS_AND_PORT_DEPENDENT, port == port_out(&n, 1, at(1, 2)));
            EXPECT_EQ(m == NAT_ENDPOINT_INDEPENDENT, port == port_out(&n, 1, at(2, 1)));
            EXPECT(port != port_out(&n, 2, at(1, 1)));
            EXPECT(!comes_in(&n, port, at(1, 1), (instant){.us = 100})); /* in time it forgets */
        }
    }
}

static const char *name_of(const struct punch_site *s)
{
    static char text[2][16];
    static unsigned at_;
    at_ ^= 1;
    (void)snprintf(text[at_], sizeof text[at_], "%s/%s",
                   s->is_open ? "open" : nat_rule_name(s->mapping),
                   s->is_open ? "-" : nat_rule_name(s->filtering));
    return text[at_];
}

struct tally {
    unsigned possible;
    unsigned punched;
    unsigned first;
    unsigned runs;
};

static void try_pair(void *user, const struct punch_cfg *pair)
{
    struct tally *all = user;
    const struct punch_site *a = &pair->source;
    const struct punch_site *b = &pair->target;
    const char *transport = pair->is_quic ? "quic" : "tcp";
    const char *text = getenv("PASSMESH_LONG");
    unsigned seeds = text && *text && *text != '0' ? 50 : 2;
    unsigned direct = 0;
    unsigned attempts = 0;
    bool possible = false;
    for (unsigned seed = 1; seed <= seeds; seed++) {
        struct budget budget;
        struct punch_report r;
        struct punch_cfg cfg = *pair;
        cfg.seed = test_seed() * 1000 + seed;
        budget_init(&budget, NULL, "simulator", (size_t)64 << 20);
        punch_run(&r, &cfg, &budget);
        possible = punch_is_possible(&cfg);
        test_note("%s %s -> %s, seed %" PRIu64, transport, name_of(a), name_of(b), cfg.seed);
        EXPECT(r.violation == NULL);
        EXPECT(r.is_relayed);
        EXPECT(r.is_carried); /* whichever way */
        EXPECT(possible || !r.is_direct);
        /* Over QUIC only the client's first packet counts: whose router chooses another port for each peer plays it in the last attempt. */
        EXPECT(cfg.is_quic || !r.is_direct || r.attempts <= 1);
        EXPECT_EQ(r.is_direct ? 0 : 1, r.circuits_count);
        direct += r.is_direct;
        attempts = r.attempts > attempts ? r.attempts : attempts;
        all->runs++;
        all->possible += possible;
        all->punched += possible && r.is_direct;
        all->first += possible && r.is_direct && r.attempts <= 1;
    }
    (void)printf("# %-5s %-8s %-8s %-10s direct %u of %u, attempts up to %u\n", transport,
                 name_of(a), name_of(b), possible ? "possible" : "impossible", direct, seeds,
                 attempts);
}

TEST(every_pair_of_routers)
{
    struct tally all = {0};
    (void)printf("#       source   target (mapping/filtering)\n");
    punch_each_pair(try_pair, &all);
    (void)printf(
        "# punched: %u of %u where it is possible, %u of them in the first attempt; %u runs\n",
        all.punched, all.possible, all.first, all.runs);
    EXPECT(all.punched * 100 >= all.possible * 99);
    EXPECT(all.possible > 0 && all.possible < all.runs);
}

TEST_MAIN
