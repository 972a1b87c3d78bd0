#include "evm/account_session.h"

#include "base/test.h"
#include "codec/json.h"
#include "evm/fixture_test.h"

/* contracts/deployments.json, vectors.sessions: made by viem. */

static struct account_session session_of(struct json v)
{
    struct account_session s = {.valid_until = fixture_u64(v, "valid_until"),
                                .amount = fixture_u256(v, "amount"),
                                .ether = fixture_u256(v, "ether")};
    fixture_fill(MSPAN_OF(s.id), v, "id");
    fixture_fill(MSPAN_OF(s.key.bytes), v, "key");
    fixture_fill(MSPAN_OF(s.target.bytes), v, "target");
    fixture_fill(MSPAN_OF(s.recipient.bytes), v, "recipient");
    account_session_transfer(s.selector);
    return s;
}

TEST(calls_match_and_come_back)
{
    struct json v;
    struct buf out;
    enum session_call call;
    struct account_session got;
    TEST_REQUIRE(fixture_vectors(&v, "sessions"));
    const struct account_session s = session_of(v);
    buf_init(&out, test_budget(), 512);
    EXPECT_OK(account_session_add(&out, &s));
    EXPECT_SPAN(fixture_bytes(v, "add"), buf_span(&out));
    TEST_REQUIRE(EXPECT_OK(account_session_read(&call, &got, buf_span(&out))));
    EXPECT_EQ(SESSION_CALL_ADD, call);
    EXPECT_SPAN(SPAN_OF(s.id), SPAN_OF(got.id));
    EXPECT_SPAN(SPAN_OF(s.selector), SPAN_OF(got.selector));
    EXPECT(address_equal(s.key, got.key));
    EXPECT(address_equal(s.target, got.target));
    EXPECT(address_equal(s.recipient, got.recipient));
    EXPECT_EQ(s.valid_until, got.valid_until);
    EXPECT(u256_equal(s.amount, got.amount));
    EXPECT(u256_equal(s.ether, got.ether));
    for (size_t n = 0; n < out.n; n++) {
        EXPECT(account_session_read(&call, &got, span_first(buf_span(&out), n)) != OK);
    }
    out.p[4] = 1; /* an id of more than 160 bits */
    EXPECT_ERR(ERR_MALFORMED, account_session_read(&call, &got, buf_span(&out)));
    buf_clear(&out);
    EXPECT_OK(account_session_end(&out, s.id));
    EXPECT_SPAN(fixture_bytes(v, "end"), buf_span(&out));
    EXPECT_OK(account_session_read(&call, &got, buf_span(&out)));
    EXPECT_EQ(SESSION_CALL_END, call);
    EXPECT_SPAN(SPAN_OF(s.id), SPAN_OF(got.id));
    EXPECT_ERR(ERR_NOT_FOUND, account_session_read(&call, &got, SPAN_LIT("\x01\x02\x03\x04")));
    buf_done(&out);
}

TEST(a_key_of_another_kind_is_refused)
{
    struct json v;
    struct buf out;
    enum session_call call;
    struct account_session got;
    TEST_REQUIRE(fixture_vectors(&v, "sessions"));
    const struct account_session s = session_of(v);
    buf_init(&out, test_budget(), 512);
    EXPECT_OK(account_session_add(&out, &s));
    out.p[4 + 9 * 32] ^= 1; /* the first byte of its verifier */
    EXPECT_ERR(ERR_MALFORMED, account_session_read(&call, &got, buf_span(&out)));
    buf_done(&out);
}

TEST(words_and_slots_are_the_contracts)
{
    struct json v;
    uint8_t slots[SESSION_PART_COUNT][32];
    uint8_t word[32];
    struct json each;
    TEST_REQUIRE(fixture_vectors(&v, "sessions"));
    const struct account_session s = session_of(v);
    account_session_slots(slots, s.id);
    struct json_iter it = json_iterate(fixture_member(v, "slots"));
    for (size_t i = 0; i < SESSION_PART_COUNT && EXPECT(json_next(&it, NULL, &each)); i++) {
        EXPECT_SPAN(fixture_hex(each), SPAN_OF(slots[i]));
    }
    u256_to_be(word, account_session_terms(&s));
    EXPECT_SPAN(fixture_bytes(v, "terms"), SPAN_OF(word));
}

TEST(kinds_are_told_by_the_function)
{
    static const uint8_t approve[4] = {0x09, 0x5e, 0xa7, 0xb3};
    struct account_session s = {0};
    EXPECT(account_session_is_ether(&s));
    EXPECT(!account_session_is_token(&s));
    account_session_transfer(s.selector);
    EXPECT(!account_session_is_ether(&s));
    EXPECT(account_session_is_token(&s));
    EXPECT(account_session_moves(s.selector));
    EXPECT(account_session_moves(approve));
    s.selector[0] ^= 1;
    EXPECT(!account_session_moves(s.selector));
}

TEST_MAIN
