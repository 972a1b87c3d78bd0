#include "sim.h"

#include "base/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Scenarios from 2 to 200 nodes, calm and rough. PASSMESH_LONG=1 runs each with many more seeds. */

static bool is_long(void)
{
    const char *text = getenv("PASSMESH_LONG");
    return text && *text && *text != '0';
}

static struct sim_report run(const struct sim_cfg *cfg)
{
    struct budget budget;
    budget_init(&budget, NULL, "simulator", (size_t)4 << 30);
    struct sim_report r = {0};
    EXPECT_OK(sim_run(&r, cfg, &budget));
    EXPECT_EQ(0, budget.used);
    if (!EXPECT(r.violation == NULL)) {
        (void)printf("# seed %" PRIu64 ", %" PRIu32 " nodes: %s (node %" PRIu32 " at %" PRIu64
                     " us)\n",
                     cfg->seed, cfg->nodes_count, r.violation, r.violation_node, r.violation_at_us);
    }
    return r;
}

struct scenario {
    const char *name;
    struct sim_cfg cfg; /* zeroed fields take the default */
    unsigned seeds;
    unsigned acked_min_percent; /* 100: all but those that their sender gave up */
};

static struct sim_cfg complete(const struct scenario *s, uint64_t seed)
{
    struct sim_cfg c = sim_cfg_default();
    c.seed = seed;
    c.nodes_count = s->cfg.nodes_count;
    c.duration_us = s->cfg.duration_us ? s->cfg.duration_us : c.duration_us;
    c.latency_us_min = s->cfg.latency_us_max ? s->cfg.latency_us_min : c.latency_us_min;
    c.latency_us_max = s->cfg.latency_us_max ? s->cfg.latency_us_max : c.latency_us_max;
    c.rate = s->cfg.rate ? s->cfg.rate : c.rate;
    c.loss_ppm = s->cfg.loss_ppm;
    c.neighbours_count = s->cfg.neighbours_count ? s->cfg.neighbours_count : c.neighbours_count;
    c.message_every_us = s->cfg.message_every_us ? s->cfg.message_every_us : c.message_every_us;
    c.message_len_max = s->cfg.message_len_max ? s->cfg.message_len_max : c.message_len_max;
    c.crash_every_us = s->cfg.crash_every_us;
    c.partition_every_us = s->cfg.partition_every_us;
    c.memory_max = s->cfg.memory_max ? s->cfg.memory_max : c.memory_max;
    return c;
}

/* One message in sixteen is given up by plan, at a random byte; calm networks acknowledge all others. */
static void run_scenario(const struct scenario *s)
{
    unsigned seeds = is_long() ? s->seeds * 50 : s->seeds;
    for (uint64_t seed = test_seed(); seed < test_seed() + seeds; seed++) {
        struct sim_cfg cfg = complete(s, seed);
        test_note("%s, seed %" PRIu64 ": make sim SEED=%" PRIu64 " NODES=%" PRIu32, s->name, seed,
                  seed, cfg.nodes_count);
        struct sim_report r = run(&cfg);
        EXPECT(r.messages_count > 0);
        uint64_t wanted = r.messages_count - r.reset_count;
        EXPECT(r.acked_count * 100 >= wanted * s->acked_min_percent);
        EXPECT(r.acked_count <= r.delivered_count);
        EXPECT(r.memory_max <= cfg.memory_max);
        EXPECT((cfg.loss_ppm == 0) == (r.lost_count == 0));
    }
}

TEST(two_calm_nodes)
{
    run_scenario(&(struct scenario){
        .name = "two",
        .cfg = {.nodes_count = 2, .duration_us = 20 * US_PER_S},
        .seeds = 10,
        .acked_min_percent = 100
    });
}

TEST(long_fat_path_grows_the_window)
{
    struct scenario s = {.name = "long fat path", .seeds = 1, .acked_min_percent = 100};
    s.cfg = (struct sim_cfg){.nodes_count = 2,
                             .duration_us = 30 * US_PER_S,
                             .latency_us_min = 100 * US_PER_MS,
                             .latency_us_max = 100 * US_PER_MS,
                             .rate = 50 * 1000 * 1000,
                             .message_every_us = 2 * US_PER_S,
                             .message_len_max = 8 * 1000 * 1000};
    run_scenario(&s);
    struct sim_cfg cfg = complete(&s, 1);
    struct sim_report r = run(&cfg);
    EXPECT(r.window_max > 256 * 1024);
}

TEST(loss)
{
    run_scenario(&(struct scenario){
        .name = "loss",
        .cfg = {.nodes_count = 8, .duration_us = 20 * US_PER_S, .loss_ppm = 30000},
        .seeds = 5,
        .acked_min_percent = 100
    });
}

TEST(slow_lines)
{
    run_scenario(&(struct scenario){
        .name = "slow lines",
        .cfg = {.nodes_count = 5,
                .duration_us = 30 * US_PER_S,
                .rate = 20000,
                .message_every_us = 5 * US_PER_S,
                .message_len_max = 60000},
        .seeds = 4,
        .acked_min_percent = 100
    });
}

TEST(crashes)
{
    run_scenario(&(struct scenario){
        .name = "crashes",
        .cfg = {.nodes_count = 10, .duration_us = 60 * US_PER_S, .crash_every_us = 2 * US_PER_S},
        .seeds = 5,
        .acked_min_percent = 30
    });
}

TEST(partitions)
{
    run_scenario(&(struct scenario){
        .name = "partitions",
        .cfg = {.nodes_count = 10,
                .duration_us = 90 * US_PER_S,
                .partition_every_us = 20 * US_PER_S},
        .seeds = 3,
        .acked_min_percent = 30
    });
}

/* Hardly enough memory for one connection each: refusals, and all the invariants still. */
TEST(tiny_memory)
{
    for (size_t memory = 256 * 1024; memory <= 400 * 1024; memory += 48 * 1024) {
        struct scenario s = {.name = "tiny memory", .seeds = 2};
        s.cfg = (struct sim_cfg){.nodes_count = 12,
                                 .neighbours_count = 11,
                                 .duration_us = 20 * US_PER_S,
                                 .memory_max = memory,
                                 .message_every_us = 100 * US_PER_MS};
        run_scenario(&s);
    }
}

TEST(everything_at_once)
{
    run_scenario(&(struct scenario){
        .name = "everything",
        .cfg = {.nodes_count = 30,
                .duration_us = 60 * US_PER_S,
                .loss_ppm = 20000,
                .crash_every_us = 3 * US_PER_S,
                .partition_every_us = 15 * US_PER_S,
                .memory_max = 1024 * 1024},
        .seeds = 3,
        .acked_min_percent = 20
    });
}

/* A thousand in the long suite. */
TEST(two_hundred_nodes)
{
    run_scenario(&(struct scenario){
        .name = "two hundred",
        .cfg = {.nodes_count = is_long() ? 1000 : 200,
                .duration_us = 15 * US_PER_S,
                .loss_ppm = 5000,
                .crash_every_us = 3 * US_PER_S},
        .seeds = 1,
        .acked_min_percent = 60
    });
}

/* Every node publishes a key and looks for those of others, which it has mostly never met. */
TEST(dht_on_real_hosts)
{
    static const struct {
        const char *name;
        uint64_t crash_every_us;
        unsigned found_min_percent;
    } cases[] = {
        {"calm",    0,            100},
        {"crashes", 5 * US_PER_S, 90 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_cfg cfg = sim_cfg_default();
        cfg.seed = test_seed();
        cfg.nodes_count = is_long() ? 500 : 60;
        cfg.duration_us = 120 * US_PER_S;
        cfg.message_every_us = 60 * US_PER_S;
        cfg.message_len_max = 1000;
        cfg.kad_every_us = 10 * US_PER_S;
        cfg.crash_every_us = cases[i].crash_every_us;
        test_note("%s: make sim SEED=%" PRIu64 " NODES=%" PRIu32 " SIM='--kad-ms=10000 ...'",
                  cases[i].name, cfg.seed, cfg.nodes_count);
        struct sim_report r = run(&cfg);
        EXPECT(r.kad_lookups_count > 3 * cfg.nodes_count);
        EXPECT(r.kad_found_count * 100 >= r.kad_lookups_count * cases[i].found_min_percent);
    }
}

/* The same seed twice is the same world; another seed is another. */
TEST(a_seed_replays_everything)
{
    struct scenario s = {.name = "replay"};
    s.cfg = (struct sim_cfg){.nodes_count = 10,
                             .duration_us = 20 * US_PER_S,
                             .loss_ppm = 10000,
                             .crash_every_us = 4 * US_PER_S};
    struct sim_cfg cfg = complete(&s, 7);
    struct sim_report a = run(&cfg);
    struct sim_report b = run(&cfg);
    EXPECT_EQ(a.hash, b.hash);
    EXPECT_EQ(a.events_count, b.events_count);
    cfg.seed = 8;
    EXPECT(run(&cfg).hash != a.hash);
}

TEST(configurations_without_sense)
{
    struct budget budget;
    budget_init(&budget, NULL, "simulator", (size_t)1 << 30);
    struct sim_report r;
    struct sim_cfg cfg = sim_cfg_default();
    cfg.nodes_count = 1;
    EXPECT_ERR(ERR_LIMIT, sim_run(&r, &cfg, &budget));
    cfg.nodes_count = SIM_NODES_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, sim_run(&r, &cfg, &budget));
    EXPECT_EQ(0, budget.used);
}

TEST_MAIN
