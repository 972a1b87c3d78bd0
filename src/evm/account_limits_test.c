#include "evm/account_limits.h"

#include "base/test.h"
#include "codec/json.h"
#include "evm/fixture_test.h"
#include "evm/smart_account.h"

/* contracts/deployments.json, vectors.limits: made by viem. */

static struct address address_of(struct json v, const char *name)
{
    struct address a = {{0}};
    fixture_fill(MSPAN_OF(a.bytes), v, name);
    return a;
}

TEST(calls_match_and_come_back)
{
    struct json v;
    struct buf out;
    struct address to;
    enum limits_call call;
    struct account_limit got;
    TEST_REQUIRE(fixture_vectors(&v, "limits"));
    const struct account_limit limit = {
        .token = address_of(v, "token"), .amount = u256_from_u64(12345), .period_s = 86400};
    buf_init(&out, test_budget(), 256);
    EXPECT_OK(account_limits_lower(&out, &limit));
    EXPECT_SPAN(fixture_bytes(v, "lower"), buf_span(&out));
    EXPECT_OK(account_limits_read(&call, &got, &to, buf_span(&out)));
    EXPECT_EQ(LIMITS_CALL_LOWER, call);
    EXPECT(address_equal(limit.token, got.token));
    EXPECT(u256_equal(limit.amount, got.amount));
    EXPECT_EQ(86400, got.period_s);
    for (size_t n = 0; n < out.n; n++) {
        EXPECT(account_limits_read(&call, &got, &to, span_first(buf_span(&out), n)) != OK);
    }
    out.p[4] = 1;
    EXPECT_ERR(ERR_MALFORMED, account_limits_read(&call, &got, &to, buf_span(&out)));
    buf_clear(&out);
    EXPECT_OK(account_limits_forget(&out, address_of(v, "to")));
    EXPECT_SPAN(fixture_bytes(v, "forget"), buf_span(&out));
    EXPECT_OK(account_limits_read(&call, &got, &to, buf_span(&out)));
    EXPECT_EQ(LIMITS_CALL_FORGET, call);
    EXPECT(address_equal(address_of(v, "to"), to));
    EXPECT_ERR(ERR_NOT_FOUND, account_limits_read(&call, &got, &to, SPAN_LIT("\x01\x02\x03\x04")));
    buf_done(&out);
}

TEST(questions_and_slots_are_the_contracts)
{
    struct json v;
    uint8_t call[ACCOUNT_LIMITS_CALL_LEN_MAX];
    uint8_t slots[ACCOUNT_LIMIT_SLOTS][32];
    uint8_t slot[32];
    TEST_REQUIRE(fixture_vectors(&v, "limits"));
    EXPECT_SPAN(fixture_bytes(v, "limit_of"), account_limits_ask(call, address_of(v, "token")));
    EXPECT_SPAN(fixture_bytes(v, "is_known"), account_limits_ask_known(call, address_of(v, "to")));
    EXPECT_SPAN(fixture_bytes(v, "limit_fees"), account_limits_ask_fees(call));
    struct json where = fixture_member(v, "slots");
    account_limits_slots(slots, address_of(v, "token"));
    EXPECT_SPAN(fixture_bytes(where, "limit"), SPAN_OF(slots[0]));
    EXPECT_EQ((uint8_t)(slots[0][31] + 2), slots[2][31]);
    account_limits_known_slot(slot, address_of(v, "to"));
    EXPECT_SPAN(fixture_bytes(where, "known"), SPAN_OF(slot));
    account_limits_fees_slot(slot);
    EXPECT_SPAN(fixture_bytes(where, "fees"), SPAN_OF(slot));
}

TEST(a_limit_is_read_out_of_the_answer)
{
    uint8_t data[128] = {0};
    struct account_limit_words w;
    data[31] = 7;         /* amount */
    data[32 + 29] = 0x01; /* period: 0x015180 = 86,400 s */
    data[32 + 30] = 0x51;
    data[32 + 31] = 0x80;
    data[64 + 31] = 3;    /* spent */
    data[96 + 28] = 0x69; /* since */
    EXPECT_OK(account_limits_decode(&w, SPAN_OF(data)));
    EXPECT(u256_equal(u256_from_u64(7), w.amount));
    EXPECT(u256_equal(u256_from_u64(3), w.spent));
    EXPECT_EQ(86400, account_limit_period_s(w.window));
    EXPECT_EQ(0x69000000, account_limit_since(w.window));
    EXPECT_ERR(ERR_MALFORMED, account_limits_decode(&w, span_first(SPAN_OF(data), 96)));
    data[32 + 27] = 1; /* a period of more than 32 bits */
    EXPECT_ERR(ERR_MALFORMED, account_limits_decode(&w, SPAN_OF(data)));
}

TEST(what_one_owner_does_is_another_form_than_what_all_do)
{
    struct json v;
    struct buf out;
    struct smart_call calls[4];
    size_t count = 9;
    TEST_REQUIRE(fixture_vectors(&v, "limits"));
    struct span within = fixture_bytes(v, "within");
    buf_init(&out, test_budget(), 1024);
    EXPECT(smart_account_is_within(within));
    TEST_REQUIRE(EXPECT_OK(smart_account_within_calls(calls, &count, 4, within)));
    TEST_REQUIRE(EXPECT_EQ(2, count));
    EXPECT(address_equal(address_of(v, "to"), calls[0].to));
    EXPECT_EQ(68, calls[1].data.n);
    EXPECT_OK(smart_account_within(&out, calls, count));
    EXPECT_SPAN(within, buf_span(&out));
    EXPECT_ERR(ERR_MALFORMED, smart_account_calls(calls, &count, 4, within));
    buf_clear(&out);
    EXPECT_OK(smart_account_within(&out, calls, 0));
    EXPECT_SPAN(fixture_bytes(v, "within_nothing"), buf_span(&out));
    EXPECT_OK(smart_account_within_calls(calls, &count, 4, buf_span(&out)));
    EXPECT_EQ(0, count);
    EXPECT_ERR(ERR_MALFORMED, smart_account_within_calls(calls, &count, 1, within));
    buf_done(&out);
}

TEST_MAIN
