/* Grades are made in one place, and none is given for nothing. */
#include "wallet/figure.h"

#include "base/test.h"
#include "service/proof.h"
#include "service/proof_world_test.h"

#include <string.h>

static bool prove(struct proven_account *ret)
{
    static const struct proven_known nothing;
    struct proof_world w;
    struct buf b;
    struct service_proof p;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    proof_world_body(&w, &b);
    bool ok =
        EXPECT_OK(service_proof_decode(&p, buf_span(&b))) &&
        EXPECT_OK(proven_account_verify(ret, &w.request.block_hash, &w.request, &nothing, &p));
    buf_done(&b);
    proof_world_done(&w);
    return ok;
}

TEST(what_nobody_set_is_worth_the_least)
{
    struct figure none = {0};
    EXPECT_EQ(GRADE_REPORTED, figure_grade(&none));
    EXPECT_EQ(ANCHOR_NONE, figure_anchor(&none));
    EXPECT_STR("one_server", figure_why(&none));
}

TEST(a_proof_gives_the_number_too)
{
    uint8_t slot[32] = {0};
    struct proven_account p;
    struct figure f;
    struct figure_claim claim = {
        .part = FIGURE_BALANCE, .anchor = ANCHOR_HEADER_SOURCE, .as_of_ms = 9};
    TEST_REQUIRE(prove(&p));
    EXPECT_OK(figure_prove(&f, &p, &claim));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&f));
    EXPECT_STR("merkle_proof_trusted_block", figure_why(&f));
    EXPECT(u256_equal(u256_from_u64(UINT64_C(1000000000000000000)), figure_value(&f)));
    EXPECT_EQ(5, figure_block(&f));
    EXPECT_EQ(9, figure_as_of_ms(&f));
    claim.anchor = ANCHOR_LIGHT_CLIENT;
    claim.part = FIGURE_SLOT;
    claim.slot = slot;
    EXPECT_OK(figure_prove(&f, &p, &claim));
    EXPECT_STR("merkle_proof", figure_why(&f));
    EXPECT(u256_equal(u256_from_u64(42), figure_value(&f)));
    claim.bits = 4; /* 42 is 0b101010 */
    EXPECT_OK(figure_prove(&f, &p, &claim));
    EXPECT(u256_equal(u256_from_u64(10), figure_value(&f)));
}

TEST(without_an_anchor_nothing_is_proven)
{
    uint8_t other[32] = {9};
    struct proven_account p;
    struct figure f = {0};
    struct figure_claim claim = {.part = FIGURE_BALANCE};
    TEST_REQUIRE(prove(&p));
    EXPECT_ERR(ERR_STATE, figure_prove(&f, &p, &claim));
    claim =
        (struct figure_claim){.part = FIGURE_SLOT, .slot = other, .anchor = ANCHOR_LIGHT_CLIENT};
    EXPECT_ERR(ERR_NOT_FOUND, figure_prove(&f, &p, &claim));
    EXPECT_EQ(GRADE_REPORTED, figure_grade(&f));
}

TEST(what_is_said)
{
    static const struct {
        struct figure_said said;
        enum grade grade;
        const char *why;
    } cases[] = {
        {{.k = 1, .n = 1},                      GRADE_REPORTED, "one_server"      },
        {{.k = 1, .n = 3},                      GRADE_REPORTED, "one_server"      },
        {{.k = 1, .n = 1, .is_local = true},    GRADE_REPORTED, "local_network"   },
        {{.k = 2, .n = 2},                      GRADE_AGREED,   "quorum"          },
        {{.k = 2, .n = 3, .is_local = true},    GRADE_AGREED,   "quorum"          },
        {{.k = 2, .n = 3, .is_majority = true}, GRADE_AGREED,   "majority"        },
        {{.k = 1, .n = 2, .is_disputed = true}, GRADE_REPORTED, "servers_disagree"},
        {{.k = 2, .n = 4, .is_disputed = true}, GRADE_REPORTED, "servers_disagree"},
        {{.k = 3, .n = 3, .is_middle = true},   GRADE_REPORTED, "middle"          },
        {{.k = 1, .n = 1, .is_own_node = true}, GRADE_REPORTED, "own_node"        },
        {{.k = 3, .n = 3, .is_own_node = true}, GRADE_REPORTED, "own_node"        },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct figure f = figure_say(u256_from_u64(i), &cases[i].said);
        test_note("case %zu", i);
        EXPECT_EQ(cases[i].grade, figure_grade(&f));
        EXPECT_STR(cases[i].why, figure_why(&f));
        EXPECT(u256_equal(u256_from_u64(i), figure_value(&f)));
    }
    struct figure own = figure_own(u256_from_u64(1), 2);
    EXPECT_STR("this_wallet", figure_why(&own));
    EXPECT_EQ(GRADE_REPORTED, figure_grade(&own));
}

TEST(the_worse_of_two)
{
    EXPECT_EQ(GRADE_REPORTED, grade_worse(GRADE_PROVEN, GRADE_REPORTED));
    EXPECT_EQ(GRADE_AGREED, grade_worse(GRADE_AGREED, GRADE_PROVEN));
    EXPECT_EQ(GRADE_PROVEN, grade_worse(GRADE_PROVEN, GRADE_PROVEN));
}

TEST_MAIN
