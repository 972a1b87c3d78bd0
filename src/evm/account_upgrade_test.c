#include "evm/account_upgrade.h"

#include "base/test.h"
#include "codec/json.h"
#include "evm/deployments.h"
#include "evm/fixture_test.h"

/* contracts/deployments.json, vectors.upgrade: made by viem; contracts/test/policy.test.mjs holds such an id against the
 * contract on a real node. */
struct vector {
    struct json whole;
    struct address account;
    struct account_upgrade upgrade;
};

static bool start(struct vector *v)
{
    *v = (struct vector){0};
    if (!fixture_vectors(&v->whole, "upgrade")) {
        return false;
    }
    fixture_fill(MSPAN_OF(v->account.bytes), v->whole, "account");
    fixture_fill(MSPAN_OF(v->upgrade.implementation.bytes), v->whole, "implementation");
    fixture_fill(MSPAN_OF(v->upgrade.code_hash), v->whole, "code_hash");
    fixture_fill(MSPAN_OF(v->upgrade.head), v->whole, "owners_head");
    v->upgrade.attempt = 1;
    return true;
}

TEST(its_id_is_the_contracts)
{
    struct vector v;
    struct hash32 id;
    TEST_REQUIRE(start(&v));
    struct hash32 want = fixture_hash(v.whole, "id");
    account_upgrade_id(&id, v.account, 31337, &v.upgrade);
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(id.bytes));
    account_upgrade_id(&id, v.account, 1, &v.upgrade);
    EXPECT(!span_equal(SPAN_OF(want.bytes), SPAN_OF(id.bytes)));
}

TEST(calls_match_and_come_back)
{
    struct vector v;
    struct buf out;
    struct account_upgrade got;
    enum upgrade_call call;
    TEST_REQUIRE(start(&v));
    buf_init(&out, test_budget(), 1024);
    EXPECT_OK(account_upgrade_schedule(&out, &v.upgrade));
    EXPECT_SPAN(fixture_bytes(v.whole, "schedule"), buf_span(&out));
    EXPECT_OK(account_upgrade_read(&call, &got, buf_span(&out)));
    EXPECT_EQ(UPGRADE_CALL_SCHEDULE, call);
    EXPECT_EQ(1, got.attempt);
    EXPECT_SPAN(SPAN_OF(v.upgrade.implementation.bytes), SPAN_OF(got.implementation.bytes));
    for (size_t n = 0; n < out.n; n++) {
        EXPECT(account_upgrade_read(&call, &got, span_first(buf_span(&out), n)) != OK);
    }
    out.p[out.n - 1] = 1; /* the call to the new code is of one byte now, which is not there */
    EXPECT_ERR(ERR_MALFORMED, account_upgrade_read(&call, &got, buf_span(&out)));

    buf_clear(&out);
    EXPECT_OK(account_upgrade_apply(&out, &v.upgrade));
    EXPECT_SPAN(fixture_bytes(v.whole, "apply"), buf_span(&out));
    EXPECT_OK(account_upgrade_read(&call, &got, buf_span(&out)));
    EXPECT_EQ(UPGRADE_CALL_APPLY, call);
    EXPECT_ERR(ERR_NOT_FOUND, account_upgrade_read(&call, &got, SPAN_LIT("\x01\x02\x03\x04")));
    buf_done(&out);
}

TEST(code_is_known_by_chain)
{
    struct vector v;
    TEST_REQUIRE(start(&v));
    const struct deployment_by_chain *d = &deployments.implementation_2;
    EXPECT(address_equal(d->address, v.upgrade.implementation));
    const uint8_t *code = deployment_code_hash(d, 31337);
    TEST_REQUIRE(EXPECT(code != NULL));
    EXPECT_SPAN(SPAN_OF(v.upgrade.code_hash), span_of(code, 32));
    EXPECT(deployment_code_hash(d, 31338) == NULL);
    EXPECT(deployment_code_hash(&deployments.guardians_2, 1) != NULL);
}

TEST_MAIN
