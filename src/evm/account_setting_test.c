#include "evm/account_setting.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "evm/fixture_test.h"

#include <string.h>

/* contracts/deployments.json, vectors.settings: made by viem; contracts/lib/attacks.mjs schedules such calls on a real node. */
static bool load(struct json *ret, struct json *ret_each)
{
    if (!fixture_vectors(ret, "settings")) {
        return false;
    }
    *ret_each = fixture_member(*ret, "each");
    return true;
}

static void fill_guardians(struct account_setting *s, struct json v)
{
    struct json key;
    struct json_iter it = json_iterate(fixture_member(v, "list"));
    while (json_next(&it, NULL, &key)) {
        struct span bytes = fixture_hex(key);
        struct smart_owner *g = &s->guardians.list[s->guardians.count++];
        g->len = span_copy(MSPAN_OF(g->bytes), bytes);
        EXPECT_EQ(bytes.n, g->len);
    }
    s->guardians.threshold = fixture_u64(v, "threshold");
    s->guardians.delay_s = (uint32_t)fixture_u64(v, "delay");
}

/* Settings are large for a stack. */
static struct account_setting read_s;
static struct account_setting got;

static const struct account_setting *setting_of(struct json v)
{
    struct account_setting *s = &read_s;
    *s = (struct account_setting){.kind = ACCOUNT_SETTING_KNOWN};
    struct span kind = fixture_text(fixture_member(v, "kind"));
    if (span_equal(kind, SPAN_LIT("guardians"))) {
        s->kind = ACCOUNT_SETTING_GUARDIANS;
        fill_guardians(s, v);
    } else if (span_equal(kind, SPAN_LIT("limit"))) {
        s->kind = ACCOUNT_SETTING_LIMIT;
        fixture_fill(MSPAN_OF(s->token.bytes), v, "token");
        s->amount = fixture_u256(v, "amount");
        s->period_s = (uint32_t)fixture_u64(v, "period");
    } else {
        fixture_fill(MSPAN_OF(s->to.bytes), v, "to");
    }
    return s;
}

static void expect_equal(const struct account_setting *want, const struct account_setting *have)
{
    EXPECT_EQ(want->kind, have->kind);
    EXPECT_EQ(want->guardians.count, have->guardians.count);
    for (size_t i = 0; i < want->guardians.count; i++) {
        EXPECT_SPAN(span_of(want->guardians.list[i].bytes, want->guardians.list[i].len),
                    span_of(have->guardians.list[i].bytes, have->guardians.list[i].len));
    }
    EXPECT_EQ(want->guardians.threshold, have->guardians.threshold);
    EXPECT_EQ(want->guardians.delay_s, have->guardians.delay_s);
    EXPECT(address_equal(want->token, have->token));
    EXPECT(u256_equal(want->amount, have->amount));
    EXPECT_EQ(want->period_s, have->period_s);
    EXPECT(address_equal(want->to, have->to));
}

TEST(each_setting_matches_the_contracts_encoding_and_comes_back)
{
    struct json whole;
    struct json each;
    struct json v;
    struct buf out;
    size_t count = 0;
    TEST_REQUIRE(load(&whole, &each));
    buf_init(&out, test_budget(), ACCOUNT_SETTING_LEN_MAX);
    struct json_iter it = json_iterate(each);
    while (json_next(&it, NULL, &v)) {
        const struct account_setting *s = setting_of(v);
        buf_clear(&out);
        EXPECT_OK(account_setting_encode(&out, s));
        EXPECT_SPAN(fixture_bytes(v, "call"), buf_span(&out));
        EXPECT_OK(account_setting_decode(&got, buf_span(&out)));
        expect_equal(s, &got);
        for (size_t n = 0; n < out.n; n++) {
            EXPECT(account_setting_decode(&got, span_first(buf_span(&out), n)) != OK);
        }
        count++;
    }
    EXPECT_EQ(4, count);
    buf_done(&out);
}

TEST(a_proposal_has_the_contracts_id_and_calls)
{
    struct json whole;
    struct json each;
    struct json v;
    struct buf out;
    TEST_REQUIRE(load(&whole, &each));
    struct address account;
    struct account_proposal p = {.attempt = 2};
    fixture_fill(MSPAN_OF(account.bytes), whole, "account");
    fixture_fill(MSPAN_OF(p.head), whole, "owners_head");
    buf_init(&out, test_budget(), 2 * ACCOUNT_SETTING_LEN_MAX);
    struct json_iter it = json_iterate(each);
    while (json_next(&it, NULL, &v)) {
        struct hash32 id;
        struct hash32 want = fixture_hash(v, "id");
        struct account_proposal back;
        enum proposal_call call;
        p.call = fixture_bytes(v, "call");
        account_proposal_id(&id, account, 31337, &p);
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(id.bytes));
        account_proposal_id(&id, account, 1, &p); /* another chain */
        EXPECT(!span_equal(SPAN_OF(want.bytes), SPAN_OF(id.bytes)));

        buf_clear(&out);
        EXPECT_OK(account_proposal_schedule(&out, &p));
        EXPECT_SPAN(fixture_bytes(v, "schedule"), buf_span(&out));
        EXPECT_OK(account_proposal_read(&call, &back, buf_span(&out)));
        EXPECT_EQ(PROPOSAL_CALL_SCHEDULE, call);
        EXPECT_EQ(2, back.attempt);
        EXPECT_SPAN(p.call, back.call);
        for (size_t n = 0; n < out.n; n++) {
            EXPECT(account_proposal_read(&call, &back, span_first(buf_span(&out), n)) != OK);
        }
        buf_clear(&out);
        EXPECT_OK(account_proposal_apply(&out, &p));
        EXPECT_SPAN(fixture_bytes(v, "apply"), buf_span(&out));
        EXPECT_OK(account_proposal_read(&call, &back, buf_span(&out)));
        EXPECT_EQ(PROPOSAL_CALL_APPLY, call);
    }
    buf_done(&out);
}

TEST(what_is_not_of_the_strict_form_is_refused)
{
    struct buf out;
    struct account_proposal p;
    enum proposal_call call;
    const struct account_setting s = {.kind = ACCOUNT_SETTING_LIMIT, .period_s = 3600};
    buf_init(&out, test_budget(), ACCOUNT_SETTING_LEN_MAX + 32);
    EXPECT_OK(account_setting_encode(&out, &s));
    out.p[4] = 1; /* an address has 20 bytes */
    EXPECT_ERR(ERR_MALFORMED, account_setting_decode(&got, buf_span(&out)));
    out.p[4] = 0;
    out.p[4 + 2 * 32] = 1; /* a period of more than 32 bits */
    EXPECT_ERR(ERR_MALFORMED, account_setting_decode(&got, buf_span(&out)));
    out.p[4 + 2 * 32] = 0;
    EXPECT_OK(buf_append(&out, SPAN_OF(((uint8_t[32]){0})))); /* one word too many */
    EXPECT_ERR(ERR_MALFORMED, account_setting_decode(&got, buf_span(&out)));
    EXPECT_ERR(ERR_NOT_FOUND, account_setting_decode(&got, SPAN_LIT("\x01\x02\x03\x04")));
    EXPECT_ERR(ERR_NOT_FOUND, account_setting_decode(&got, SPAN_EMPTY));
    EXPECT_ERR(ERR_NOT_FOUND, account_proposal_read(&call, &p, buf_span(&out)));
    buf_done(&out);
}

TEST(all_guardians_fit_and_one_more_does_not)
{
    struct buf out;
    static struct account_setting s; /* large */
    s = (struct account_setting){.kind = ACCOUNT_SETTING_GUARDIANS, .guardians.threshold = 1};
    for (size_t i = 0; i < GUARDIAN_COUNT_MAX; i++) {
        s.guardians.list[i].len = SMART_ACCOUNT_OWNER_LEN_MAX;
        memset(s.guardians.list[i].bytes, (int)i + 1, s.guardians.list[i].len);
    }
    s.guardians.count = GUARDIAN_COUNT_MAX;
    buf_init(&out, test_budget(), 2 * ACCOUNT_SETTING_LEN_MAX);
    EXPECT_OK(account_setting_encode(&out, &s));
    EXPECT_EQ(ACCOUNT_SETTING_LEN_MAX, out.n);
    EXPECT_OK(account_setting_decode(&got, buf_span(&out)));
    expect_equal(&s, &got);
    /* One more place in the list: the offsets stay inside the bytes, so that their number alone is refused. */
    out.p[4 + 3 * 32 + 31] = GUARDIAN_COUNT_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, account_setting_decode(&got, buf_span(&out)));
    buf_done(&out);
}

TEST_MAIN
