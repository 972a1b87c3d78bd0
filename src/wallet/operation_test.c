#include "wallet/operation.h"

#include "base/test.h"

#include <string.h>

static void fill(struct operation *op, struct rng *rng)
{
    op->id = operation_id(rng, UINT64_C(1764100000000));
    op->kind = OPERATION_SPEED_UP;
    op->state = OPERATION_SUBMITTED;
    op->revision = 7;
    op->account = id_make(rng);
    op->network = id_make(rng);
    op->created_ms = 1;
    op->updated_ms = 2;
    op->expires_ms = 3;
    op->by_command_line = true;
    rng_fill(rng, MSPAN_OF(op->to.bytes));
    rng_fill(rng, MSPAN_OF(op->token.bytes));
    text_set(op->symbol, sizeof op->symbol, SPAN_LIT("TOK"));
    op->decimals = 6;
    op->amount = U256_MAX;
    op->fee_max = u256_from_u64(5);
    op->has_first_deploy = true;
    op->trial = TRIAL_WOULD_FAIL;
    struct risk r = {.level = RISK_DANGER, .tick = true};
    coded_set(&r.what, "would_fail");
    coded_add_str(&r.what, "reason", "no");
    operation_add_risk(op, &r);
    operation_add_risk(op, &r); /* once only */
    EXPECT_OK(buf_append(&op->userop, SPAN_LIT("bytes of the operation")));
    rng_fill(rng, MSPAN_OF(op->userop_hash.bytes));
    op->has_tx = true;
    op->block = 9;
    op->has_received = true;
    op->received = figure_restore(&(struct figure_kept){.value = op->amount,
                                                        .anchor = ANCHOR_LIGHT_CLIENT,
                                                        .block = op->block,
                                                        .as_of_ms = 11,
                                                        .ground = FIGURE_BY_ALL_LOGS});
    op->replaces = id_make(rng);
    coded_set(&op->reason, "late");
    op->steps[0] = (struct step){.state = OPERATION_PREPARED, .at_ms = 1};
    op->steps[1] = (struct step){.state = OPERATION_SIGNED, .at_ms = 2, .by = "Laptop"};
    op->step_count = 2;
}

TEST(a_record_keeps_everything)
{
    struct rng_seeded rng;
    struct operation *op = NULL;
    struct operation *back = NULL;
    struct buf record;
    struct buf again;
    rng_seeded_init(&rng, test_seed());
    TEST_REQUIRE(operation_new(&op, test_budget()) == OK &&
                 operation_new(&back, test_budget()) == OK);
    buf_init(&record, test_budget(), OPERATION_RECORD_LEN_MAX);
    buf_init(&again, test_budget(), OPERATION_RECORD_LEN_MAX);
    fill(op, &rng.rng);
    EXPECT_EQ(1, op->risk_count);
    EXPECT_OK(operation_encode(&record, op));
    TEST_REQUIRE(EXPECT_OK(operation_decode(back, buf_span(&record))));
    EXPECT_OK(operation_encode(&again, back));
    EXPECT_SPAN(buf_span(&record), buf_span(&again));
    EXPECT_STR("no", back->risks[0].what.params[0].value);
    EXPECT_STR("Laptop", back->steps[1].by);
    EXPECT_STR("complete_logs", figure_why(&back->received));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&back->received));
    EXPECT_EQ(ANCHOR_LIGHT_CLIENT, figure_anchor(&back->received));
    EXPECT_EQ(11, figure_as_of_ms(&back->received));
    EXPECT_EQ(9, figure_block(&back->received));
    EXPECT(u256_equal(U256_MAX, figure_value(&back->received)));
    EXPECT(u256_equal(U256_MAX, back->amount));
    /* A record that ends anywhere is refused or lacks what stands behind; it never breaks. */
    for (size_t n = 0; n < record.n; n++) {
        (void)!operation_decode(back, span_first(buf_span(&record), n));
    }
    buf_done(&record);
    buf_done(&again);
    operation_free(op);
    operation_free(back);
}

TEST(keys_are_ordered_by_time)
{
    struct rng_seeded rng;
    uint8_t before[16] = {0};
    rng_seeded_init(&rng, test_seed());
    for (uint64_t ms = 1; ms < UINT64_C(1) << 47; ms *= 3) {
        uint8_t key[16];
        EXPECT_OK(operation_key(key, operation_id(&rng.rng, ms)));
        EXPECT(span_compare(SPAN_OF(before), SPAN_OF(key)) < 0);
        memcpy(before, key, sizeof before);
    }
    struct id bad = {"short"};
    EXPECT_ERR(ERR_MALFORMED, operation_key(before, bad));
}

TEST(no_state_is_left_backwards)
{
    for (int from = 0; from < OPERATION_STATE_COUNT; from++) {
        for (int to = 0; to < OPERATION_STATE_COUNT; to++) {
            bool may = operation_may_go((enum operation_state)from, (enum operation_state)to);
            bool is_reorg = from == OPERATION_INCLUDED && to == OPERATION_SUBMITTED;
            EXPECT(!may || to > from || is_reorg);
            EXPECT(!may || !operation_is_over((enum operation_state)from));
        }
    }
}

TEST(texts_from_strangers_are_cleaned)
{
    struct coded c;
    coded_set(&c, "code");
    coded_add(&c, "a", SPAN_LIT("line\nbreak\x7f\xff end"));
    EXPECT_STR("line?break?? end", c.params[0].value);
    char long_text[400];
    memset(long_text, 'x', sizeof long_text);
    coded_add(&c, "b", span_of(long_text, sizeof long_text));
    EXPECT_EQ(CODED_VALUE_LEN_MAX, strlen(c.params[1].value));
    memcpy(long_text + CODED_VALUE_LEN_MAX - 1, "\xe4\xb8\xad",
           3); /* a character across the end is left out */
    coded_add(&c, "c", span_of(long_text, sizeof long_text));
    EXPECT_EQ(CODED_VALUE_LEN_MAX - 1, strlen(c.params[2].value));
}

TEST_MAIN
