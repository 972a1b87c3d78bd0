/* Scores: each part by itself, its cap and its decay. */
#include "p2p/gossip_score.h"

#include "base/test.h"

static const instant NOW = {.us = 1000 * US_PER_S};

static instant later(uint64_t s)
{
    return instant_add(NOW, s * US_PER_S);
}

TEST(time_in_the_mesh)
{
    struct gossip_topic_score c = {.weight = 2 * GOSSIP_ONE,
                                   .mesh_time_weight = 10,
                                   .mesh_time_quantum_us = US_PER_S,
                                   .mesh_time_cap = 100 * GOSSIP_ONE};
    struct gossip_topic_record r = {0};
    EXPECT_EQ(0, gossip_topic_score(&c, &r, later(50)));
    gossip_topic_grafted(&r, NOW);
    EXPECT_EQ(0, gossip_topic_score(&c, &r, NOW));
    EXPECT_EQ(2 * 50 * 10, gossip_topic_score(&c, &r, later(50)));
    EXPECT_EQ(2 * 100 * 10, gossip_topic_score(&c, &r, later(100)));
    EXPECT_EQ(2 * 100 * 10, gossip_topic_score(&c, &r, later(100000000)));
    gossip_topic_pruned(&c, &r, later(60));
    EXPECT_EQ(0, gossip_topic_score(&c, &r, later(60)));
}

TEST(first_deliveries_are_capped_and_fade)
{
    struct gossip_topic_score c = {.weight = GOSSIP_ONE,
                                   .first_weight = 3 * GOSSIP_ONE,
                                   .first_cap = 5 * GOSSIP_ONE,
                                   .first_decay = 500};
    struct gossip_topic_record r = {0};
    for (int64_t i = 1; i <= 7; i++) {
        gossip_topic_first(&c, &r);
        EXPECT_EQ(3 * GOSSIP_ONE * (i < 5 ? i : 5), gossip_topic_score(&c, &r, NOW));
    }
    gossip_topic_decay(&c, &r, 10);
    EXPECT_EQ(7500, gossip_topic_score(&c, &r, NOW));
    for (unsigned i = 0; i < 20; i++) {
        gossip_topic_decay(&c, &r, 10);
    }
    EXPECT_EQ(0, r.first);
}

TEST(missing_deliveries_count_squared_after_a_while_and_stay)
{
    struct gossip_topic_score c = {.weight = GOSSIP_ONE,
                                   .deficit_weight = -GOSSIP_ONE,
                                   .deliveries_min = 5 * GOSSIP_ONE,
                                   .deliveries_cap = 100 * GOSSIP_ONE,
                                   .deliveries_decay = 900,
                                   .activation_us = 10 * US_PER_S,
                                   .failure_weight = -GOSSIP_ONE,
                                   .failure_decay = 500};
    struct gossip_topic_record r = {0};
    gossip_topic_grafted(&r, NOW);
    gossip_topic_delivered(&c, &r);
    gossip_topic_delivered(&c, &r);
    EXPECT_EQ(0, gossip_topic_score(&c, &r, later(9)));
    EXPECT_EQ((uint64_t)(-9 * GOSSIP_ONE), gossip_topic_score(&c, &r, later(10)));
    gossip_topic_pruned(&c, &r, later(10));
    EXPECT_EQ((uint64_t)(-9 * GOSSIP_ONE), gossip_topic_score(&c, &r, later(10)));
    gossip_topic_decay(&c, &r, 10);
    EXPECT_EQ((uint64_t)(-4500), gossip_topic_score(&c, &r, later(10)));
    gossip_topic_delivered(&c, &r); /* out of the mesh: nothing to deliver */
    gossip_topic_grafted(&r, later(20));
    EXPECT_EQ(0, r.deliveries);
}

TEST(invalid_messages_count_squared)
{
    struct gossip_topic_score c = {
        .weight = GOSSIP_ONE, .invalid_weight = -20 * GOSSIP_ONE, .invalid_decay = 900};
    struct gossip_topic_record r = {0};
    for (int64_t i = 1; i <= 4; i++) {
        gossip_topic_invalid(&r);
        EXPECT_EQ((uint64_t)(-20 * i * i * GOSSIP_ONE), gossip_topic_score(&c, &r, NOW));
    }
    for (unsigned i = 0; i < 2000000; i++) {
        gossip_topic_invalid(&r);
    }
    EXPECT(gossip_topic_score(&c, &r, NOW) < -GOSSIP_ONE); /* and no overflow */
}

TEST(squares_begin_beyond_the_threshold)
{
    EXPECT_EQ(0, gossip_square_over(6 * GOSSIP_ONE, 6 * GOSSIP_ONE));
    EXPECT_EQ(0, gossip_square_over(-GOSSIP_ONE, 0));
    EXPECT_EQ(4 * GOSSIP_ONE, gossip_square_over(8 * GOSSIP_ONE, 6 * GOSSIP_ONE));
    EXPECT(gossip_square_over(INT64_MAX / 4, 0) > 0);
    EXPECT_EQ(0, gossip_decayed(10, 999, 10));
    EXPECT_EQ(19, gossip_decayed(20, 990, 10));
}

TEST_MAIN
