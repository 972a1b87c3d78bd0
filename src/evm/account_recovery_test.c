#include "evm/account_recovery.h"

#include "base/test.h"
#include "codec/json.h"
#include "evm/fixture_test.h"

/* contracts/deployments.json, vectors.recovery: made by viem; contracts/lib/attacks.mjs signs with the same hashes against the
 * contract on a real node. The change is that of vectors.owner_change. */
struct vector {
    struct json whole;
    struct json calls;
    struct json answers;
    struct json hashes;
    struct address account;
    struct owner_change change;
    struct hash32 id;
    struct span signature;
};

static bool start(struct vector *v)
{
    struct json owner_change;
    *v = (struct vector){0};
    if (!fixture_vectors(&v->whole, "recovery") ||
        !fixture_vectors(&owner_change, "owner_change")) {
        return false;
    }
    v->calls = fixture_member(v->whole, "calls");
    v->answers = fixture_member(v->whole, "answers");
    v->hashes = fixture_member(v->whole, "hashes");
    fixture_fill(MSPAN_OF(v->account.bytes), v->whole, "account");
    v->signature = fixture_bytes(v->whole, "signature");
    struct json calls = fixture_member(owner_change, "calls");
    enum owner_call call;
    v->id = fixture_hash(owner_change, "id");
    struct hash32 unused;
    return EXPECT_OK(owner_change_read(&call, &v->change, &unused, fixture_bytes(calls, "apply")));
}

TEST(what_is_signed_is_what_the_contract_asks_for)
{
    static struct vector v;
    TEST_REQUIRE(start(&v));
    struct hash32 head = fixture_hash(v.whole, "owners_head");
    const struct {
        const char *name;
        struct recovery_signable s;
    } rows[] = {
        {"recover", {.act = RECOVERY_RECOVER, .what = v.id, .round = 7}             },
        {"cancel",  {.act = RECOVERY_CANCEL, .what = v.id, .round = 7}              },
        {"put_off", {.act = RECOVERY_PUT_OFF, .what = v.id, .round = 7, .vetoes = 1}},
        {"freeze",  {.act = RECOVERY_FREEZE, .what = head}                          },
        {"hold",    {.act = RECOVERY_HOLD, .what = v.id, .round = 7}                },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hash32 want = fixture_hash(v.hashes, rows[i].name);
        struct hash32 got;
        account_recovery_hash(&got, v.account, 31337, &rows[i].s);
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
        account_recovery_hash(&got, v.account, 1, &rows[i].s);
        EXPECT(!span_equal(SPAN_OF(want.bytes), SPAN_OF(got.bytes)));
        struct recovery_signable other = rows[i].s;
        other.round++;
        account_recovery_hash(&got, v.account, 31337, &other);
        bool is_of_a_round = other.act != RECOVERY_FREEZE;
        EXPECT_EQ(!is_of_a_round, span_equal(SPAN_OF(want.bytes), SPAN_OF(got.bytes)));
    }
}

static void
expect_call(const struct vector *v, const char *name, enum recovery_call want, struct buf *out)
{
    enum recovery_call call = RECOVERY_CALL_FREEZE;
    static struct owner_change got;
    struct span signature;
    EXPECT_SPAN(fixture_bytes(v->calls, name), buf_span(out));
    EXPECT_OK(account_recovery_read(&call, &got, &signature, buf_span(out)));
    EXPECT_EQ(want, call);
    if (want == RECOVERY_CALL_BEGIN || want == RECOVERY_CALL_APPLY) {
        struct hash32 id;
        owner_change_id(&id, v->account, &got);
        EXPECT_SPAN(SPAN_OF(v->id.bytes), SPAN_OF(id.bytes));
    }
    if (want == RECOVERY_CALL_BEGIN || want == RECOVERY_CALL_CANCEL) {
        EXPECT_SPAN(v->signature, signature);
    }
    for (size_t n = 0; n < out->n; n++) {
        EXPECT(account_recovery_read(&call, &got, &signature, span_first(buf_span(out), n)) != OK);
    }
    buf_clear(out);
}

TEST(calls_match_and_come_back)
{
    static struct vector v;
    AUTO(buf_done) struct buf out;
    const struct smart_owner nobody = {.len = 0};
    buf_init(&out, test_budget(), 16 * 1024);
    TEST_REQUIRE(start(&v));
    EXPECT_OK(account_recovery_begin(&out, &v.change, v.signature));
    expect_call(&v, "recover", RECOVERY_CALL_BEGIN, &out);
    EXPECT_OK(account_recovery_apply(&out, &v.change));
    expect_call(&v, "apply", RECOVERY_CALL_APPLY, &out);
    EXPECT_OK(account_recovery_cancel(&out, v.signature));
    expect_call(&v, "cancel", RECOVERY_CALL_CANCEL, &out);
    EXPECT_OK(account_recovery_put_off(&out, &nobody, SPAN_EMPTY));
    expect_call(&v, "put_off", RECOVERY_CALL_PUT_OFF, &out);
    EXPECT_OK(account_recovery_freeze(&out, &nobody, SPAN_EMPTY));
    expect_call(&v, "freeze", RECOVERY_CALL_FREEZE, &out);
    EXPECT_OK(account_recovery_freeze(&out, &nobody, v.signature));
    expect_call(&v, "hold", RECOVERY_CALL_FREEZE, &out);
}

TEST(answers_are_read_strictly)
{
    static struct vector v;
    static struct account_guardians g;
    struct account_recovery a;
    uint8_t bent[1024];
    TEST_REQUIRE(start(&v));
    struct span guardians = fixture_bytes(v.answers, "guardians");
    struct span recovery = fixture_bytes(v.answers, "recovery");
    TEST_REQUIRE(EXPECT_OK(account_guardians_decode(&g, guardians)));
    EXPECT_EQ(3, g.count);
    EXPECT_EQ(2, g.threshold);
    EXPECT_EQ(172800, g.delay_s);
    EXPECT_EQ(116, g.list[0].len);
    EXPECT_EQ(40, g.list[2].len);
    TEST_REQUIRE(EXPECT_OK(account_recovery_decode(&a, recovery)));
    EXPECT(a.is_pending);
    EXPECT_SPAN(SPAN_OF(v.id.bytes), SPAN_OF(a.pending.bytes));
    EXPECT_EQ(1800000000, a.ready_at);
    EXPECT_EQ(1, a.vetoes);
    EXPECT_EQ(7, a.round);
    EXPECT_EQ(1800000001, a.frozen_until);
    EXPECT_EQ(1700000000, a.held_until);
    EXPECT_OK(account_recovery_decode(&a, fixture_bytes(v.answers, "quiet")));
    EXPECT(!a.is_pending);
    EXPECT_OK(account_guardians_decode(&g, fixture_bytes(v.answers, "none")));
    EXPECT_EQ(0, g.count);
    for (size_t n = 0; n < guardians.n; n++) {
        EXPECT_EQ(ERR_MALFORMED, account_guardians_decode(&g, span_first(guardians, n)));
    }
    for (size_t n = 0; n < recovery.n; n++) {
        EXPECT_EQ(ERR_MALFORMED, account_recovery_decode(&a, span_first(recovery, n)));
    }
    span_copy(MSPAN_OF(bent), recovery);
    EXPECT_EQ(ERR_MALFORMED, account_recovery_decode(&a, span_of(bent, recovery.n + 32)));
    bent[2 * 32 + 31] = RECOVERY_VETOES_MAX + 1;
    EXPECT_EQ(ERR_MALFORMED, account_recovery_decode(&a, span_of(bent, recovery.n)));
    TEST_REQUIRE(EXPECT(guardians.n <= sizeof bent));
    span_copy(MSPAN_OF(bent), guardians);
    bent[63] = 0; /* three guardians, none of whom decides */
    EXPECT_EQ(ERR_MALFORMED, account_guardians_decode(&g, span_of(bent, guardians.n)));
    bent[63] = 4;
    EXPECT_EQ(ERR_MALFORMED, account_guardians_decode(&g, span_of(bent, guardians.n)));
    bent[63] = 3;
    EXPECT_OK(account_guardians_decode(&g, span_of(bent, guardians.n)));
}

TEST_MAIN
