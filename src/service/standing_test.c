#include "service/standing.h"

#include "base/test.h"

static struct standings x;
static const struct address account = {.bytes = {7}};

static instant at(uint64_t s)
{
    return instant_add((instant){1}, s * US_PER_S);
}

static void begin(uint32_t peers_max)
{
    standings_init(&x, &(struct standings_cfg){
                           .budget = test_budget(), .peers_max = peers_max, .seed = {1, 2}
    });
}

static void answered(const char *peer, unsigned count, uint64_t s)
{
    for (unsigned i = 0; i < count; i++) {
        standings_answered(&x, span_str(peer), at(s));
    }
}

static enum standing of(const char *peer, uint64_t s)
{
    struct address its;
    enum standing standing = standings_of(&x, &its, span_str(peer), at(s));
    EXPECT(standing != STANDING_PAYING || address_equal(its, account));
    return standing;
}

TEST(who_comes_again_is_known)
{
    begin(8);
    EXPECT_EQ(STANDING_UNKNOWN, of("a", 0));
    answered("a", 100, 0);
    EXPECT_EQ(STANDING_UNKNOWN, of("a", 59)); /* much in a short time makes nobody known */
    EXPECT_EQ(STANDING_KNOWN, of("a", 60));
    answered("b", STANDING_KNOWN_ANSWERS - 1, 0);
    EXPECT_EQ(STANDING_UNKNOWN, of("b", 1000));
    answered("b", 1, 1000);
    EXPECT_EQ(STANDING_KNOWN, of("b", 1000));
    standings_done(&x);
}

TEST(who_paid_is_paying_for_a_day)
{
    begin(8);
    standings_paid(&x, SPAN_LIT("a"), account, at(0));
    EXPECT_EQ(STANDING_PAYING, of("a", 0));
    EXPECT_EQ(STANDING_PAYING, of("a", STANDING_PAID_S - 1));
    EXPECT_EQ(STANDING_UNKNOWN, of("a", STANDING_PAID_S));
    answered("a", STANDING_KNOWN_ANSWERS, 1);
    EXPECT_EQ(STANDING_KNOWN, of("a", STANDING_PAID_S));
    EXPECT_STR("paying", standing_name(STANDING_PAYING));
    standings_done(&x);
}

TEST(made_up_peers_push_out_made_up_peers_alone)
{
    begin(8);
    answered("friend", STANDING_KNOWN_ANSWERS, 0);
    answered("friend", 1, 60);
    standings_paid(&x, SPAN_LIT("payer"), account, at(60));
    for (unsigned i = 0; i < 1000; i++) {
        char name[] = {(char)('a' + i % 26), (char)('a' + i / 26), 0};
        answered(name, STANDING_KNOWN_ANSWERS, 61);
    }
    EXPECT_EQ(STANDING_KNOWN, of("friend", 62));
    EXPECT_EQ(STANDING_PAYING, of("payer", 62));
    EXPECT_EQ(6, x.peers.count); /* four strangers, and these two */
    /* Of those that are known the longest unused goes, too. */
    for (unsigned i = 0; i < 4; i++) {
        char name[] = {'k', (char)('0' + i), 0};
        standings_paid(&x, span_str(name), account, at(70 + i));
    }
    EXPECT_EQ(STANDING_UNKNOWN, of("friend", 80));
    EXPECT_EQ(STANDING_UNKNOWN, of("payer", 80));
    EXPECT_EQ(STANDING_PAYING, of("k0", 80));
    standings_done(&x);
}

TEST(without_memory_nobody_is_known)
{
    struct budget budget;
    budget_init(&budget, test_budget(), "small", 1);
    standings_init(&x, &(struct standings_cfg){.budget = &budget, .peers_max = 8});
    answered("a", 100, 0);
    standings_paid(&x, SPAN_LIT("a"), account, at(0));
    EXPECT_EQ(STANDING_UNKNOWN, of("a", 100));
    standings_done(&x);
    budget_done(&budget);
}

TEST_MAIN
