/* The large simulations, small: in `make test` some hundred nodes, with PASSMESH_LONG=1 ten thousand and many seeds. */
#include "scale.h"

#include "base/test.h"

#include <inttypes.h>
#include <stdlib.h>

static bool is_long(void)
{
    const char *text = getenv("PASSMESH_LONG");
    return text && *text && *text != '0';
}

static struct scale_dht_report run_dht(const struct scale_dht_cfg *cfg)
{
    struct budget budget;
    budget_init(&budget, NULL, "simulator", SIZE_MAX);
    struct scale_dht_report r = {0};
    test_note("build/sim/scale dht --seed=%" PRIu64 " --nodes=%" PRIu32 " --churn=%" PRIu32
              " --sybils=%" PRIu32,
              cfg->seed, cfg->nodes_count, cfg->churn_percent, cfg->sybils_count);
    EXPECT_OK(scale_dht(&r, cfg, &budget));
    EXPECT_STR("", r.violation ? r.violation : "");
    EXPECT_EQ(cfg->keys_count,
              r.published_count >= cfg->keys_count ? cfg->keys_count : r.published_count);
    return r;
}

static struct scale_dht_cfg dht_cfg(uint64_t seed)
{
    struct scale_dht_cfg c = scale_dht_default();
    c.seed = seed;
    if (!is_long()) {
        c.nodes_count = 600;
        c.joins_count = 100;
        c.keys_count = 20;
        c.lookups_count = 60;
    }
    return c;
}

TEST(keys_are_found_soon)
{
    for (uint64_t seed = test_seed(); seed < test_seed() + (is_long() ? 20 : 1); seed++) {
        struct scale_dht_cfg c = dht_cfg(seed);
        struct scale_dht_report r = run_dht(&c);
        EXPECT_EQ(r.cold_count, r.cold_found_count);
        EXPECT_EQ(r.warm_count, r.warm_found_count);
        EXPECT(r.cold_p95_us < 2 * US_PER_S);
        EXPECT(r.warm_p50_us <= r.cold_p50_us);
        EXPECT(r.size_estimate > c.nodes_count / 2);
        EXPECT(r.size_estimate < c.nodes_count * 2);
    }
}

TEST(keys_outlive_those_that_hold_them)
{
    static const struct {
        uint32_t churn_percent;
        uint32_t found_min_percent;
    } cases[] = {
        {20, 100},
        {50, 98 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scale_dht_cfg c = dht_cfg(test_seed());
        c.churn_percent = cases[i].churn_percent;
        struct scale_dht_report r = run_dht(&c);
        EXPECT((r.cold_found_count + r.warm_found_count) * 100 >=
               (r.cold_count + r.warm_count) * cases[i].found_min_percent);
    }
}

/* Twenty-five liars right around a key know nobody but each other. Who looks at the key's whole region sees through it. */
TEST(a_key_among_liars_is_found_by_its_region)
{
    struct scale_dht_cfg c = dht_cfg(test_seed());
    c.sybils_count = 25;
    c.thorough = true;
    struct scale_dht_report r = run_dht(&c);
    EXPECT(r.eclipse_count >= 19);
    EXPECT(r.eclipse_found_count * 100 >= r.eclipse_count * 90);
    c.thorough = false;
    struct scale_dht_report plain = run_dht(&c);
    EXPECT(plain.eclipse_found_count < r.eclipse_found_count);
}

static struct scale_gossip_report run_gossip(const struct scale_gossip_cfg *cfg)
{
    struct budget budget;
    budget_init(&budget, NULL, "simulator", SIZE_MAX);
    struct scale_gossip_report r = {0};
    test_note("build/sim/scale gossip --seed=%" PRIu64 " --nodes=%" PRIu32 " --hostile=%" PRIu32,
              cfg->seed, cfg->nodes_count, cfg->hostile_percent);
    EXPECT_OK(scale_gossip(&r, cfg, &budget));
    EXPECT_STR("", r.violation ? r.violation : "");
    return r;
}

static struct scale_gossip_cfg gossip_cfg(uint64_t seed)
{
    struct scale_gossip_cfg c = scale_gossip_default();
    c.seed = seed;
    if (!is_long()) {
        c.nodes_count = 500;
        c.messages_count = 10;
    }
    return c;
}

TEST(gossip_reaches_all_in_few_hops)
{
    for (uint64_t seed = test_seed(); seed < test_seed() + (is_long() ? 20 : 1); seed++) {
        struct scale_gossip_cfg c = gossip_cfg(seed);
        struct scale_gossip_report r = run_gossip(&c);
        EXPECT_EQ(r.deliveries_wanted, r.deliveries_count);
        EXPECT(r.hops_p99 <= 6);
        EXPECT(r.mesh_min >= 4);
    }
}

TEST(gossip_survives_a_fifth_of_enemies)
{
    for (uint64_t seed = test_seed(); seed < test_seed() + (is_long() ? 20 : 1); seed++) {
        struct scale_gossip_cfg c = gossip_cfg(seed);
        c.hostile_percent = 20;
        struct scale_gossip_report r = run_gossip(&c);
        EXPECT(r.deliveries_count * 1000 >= r.deliveries_wanted * 999);
        EXPECT(r.hostile_in_mesh_percent <= 5);
    }
}

TEST(a_seed_replays_everything)
{
    struct scale_dht_cfg c = scale_dht_default();
    c.nodes_count = 200;
    c.lookups_count = 20;
    c.keys_count = 5;
    c.churn_percent = 10;
    struct scale_dht_report a = run_dht(&c);
    struct scale_dht_report b = run_dht(&c);
    EXPECT_EQ(a.hash, b.hash);
    c.seed = 2;
    EXPECT(run_dht(&c).hash != a.hash);
    struct scale_gossip_cfg g = scale_gossip_default();
    g.nodes_count = 100;
    g.messages_count = 5;
    struct scale_gossip_report x = run_gossip(&g);
    struct scale_gossip_report y = run_gossip(&g);
    EXPECT_EQ(x.hash, y.hash);
    EXPECT_EQ(x.events_count, y.events_count);
}

TEST(configurations_without_sense)
{
    struct budget budget;
    budget_init(&budget, NULL, "simulator", (size_t)1 << 30);
    struct scale_dht_report r;
    struct scale_dht_cfg c = scale_dht_default();
    c.nodes_count = 1;
    EXPECT_ERR(ERR_LIMIT, scale_dht(&r, &c, &budget));
    struct scale_gossip_report g;
    struct scale_gossip_cfg d = scale_gossip_default();
    d.nodes_count = SCALE_NODES_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, scale_gossip(&g, &d, &budget));
}

TEST_MAIN
