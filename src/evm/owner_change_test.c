#include "evm/owner_change.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "evm/fixture_test.h"

/* contracts/deployments.json, vectors.owner_change: made by viem, and held against the contract on a real node. */

static struct span hex(struct json object, const char *name, struct buf *room)
{
    struct json v;
    struct span text = SPAN_EMPTY;
    size_t start = room->n;
    EXPECT(json_find(&v, object, name));
    EXPECT_OK(json_get_plain(&text, v));
    struct wr w = wr_init_buf(room);
    EXPECT_OK(base16_decode_0x(&w, text));
    return span_of(room->p + start, room->n - start);
}

static uint64_t number(struct json object, const char *name)
{
    struct json v;
    struct span text = SPAN_EMPTY;
    struct u256 wide = U256_ZERO;
    uint64_t n = 0;
    EXPECT(json_find(&v, object, name));
    EXPECT_OK(json_get_plain(&text, v));
    EXPECT_OK(u256_parse_hex(&wide, text));
    EXPECT_OK(u256_to_u64(&n, wide));
    return n;
}

static size_t owners(struct json change, const char *name, struct smart_owner *ret)
{
    struct json list;
    struct json one;
    size_t count = 0;
    EXPECT(json_find(&list, change, name));
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        struct span text = SPAN_EMPTY;
        struct wr w = wr_init(MSPAN_OF(ret[count].bytes));
        EXPECT_OK(json_get_plain(&text, one));
        EXPECT_OK(base16_decode_0x(&w, text));
        ret[count++].len = w.n;
    }
    return count;
}

struct vector {
    struct json whole;
    struct json calls;
    struct address account;
    struct owner_change change;
    struct buf room;
};

static bool vector_init(struct vector *v)
{
    *v = (struct vector){0};
    buf_init(&v->room, test_budget(), 32 * 1024);
    struct json c;
    if (!fixture_vectors(&v->whole, "owner_change") || !EXPECT(json_find(&c, v->whole, "change")) ||
        !EXPECT(json_find(&v->calls, v->whole, "calls")) ||
        !EXPECT_OK(buf_reserve(&v->room, 32 * 1024))) {
        return false;
    }
    span_copy(MSPAN_OF(v->account.bytes), hex(v->whole, "account", &v->room));
    v->change.sequence = number(c, "sequence");
    v->change.attempt = number(c, "attempt");
    v->change.threshold = number(c, "threshold");
    span_copy(MSPAN_OF(v->change.previous), hex(c, "previous", &v->room));
    v->change.added_count = owners(c, "added", v->change.added);
    v->change.removed_count = owners(c, "removed", v->change.removed);
    return EXPECT_EQ(1, v->change.added_count) && EXPECT_EQ(2, v->change.removed_count);
}

static void expect_same(const struct owner_change *want, const struct owner_change *got)
{
    EXPECT_EQ(want->sequence, got->sequence);
    EXPECT_EQ(want->attempt, got->attempt);
    EXPECT_EQ(want->threshold, got->threshold);
    EXPECT_SPAN(SPAN_OF(want->previous), SPAN_OF(got->previous));
    TEST_REQUIRE(EXPECT_EQ(want->added_count, got->added_count));
    TEST_REQUIRE(EXPECT_EQ(want->removed_count, got->removed_count));
    for (size_t i = 0; i < want->removed_count; i++) {
        EXPECT_SPAN(span_of(want->removed[i].bytes, want->removed[i].len),
                    span_of(got->removed[i].bytes, got->removed[i].len));
    }
    EXPECT_SPAN(span_of(want->added[0].bytes, want->added[0].len),
                span_of(got->added[0].bytes, got->added[0].len));
}

TEST(its_id_is_the_contracts)
{
    static struct vector v;
    TEST_REQUIRE(vector_init(&v));
    struct hash32 id;
    uint8_t first[32];
    owner_change_id(&id, v.account, &v.change);
    owner_change_first(first, v.account);
    EXPECT_SPAN(hex(v.whole, "id", &v.room), SPAN_OF(id.bytes));
    EXPECT_SPAN(SPAN_OF(v.change.previous), SPAN_OF(first));
    buf_done(&v.room);
}

TEST(calls_match_and_come_back)
{
    static struct vector v;
    TEST_REQUIRE(vector_init(&v));
    struct buf out;
    struct hash32 id;
    struct hash32 got_id;
    static struct owner_change got;
    enum owner_call call;
    buf_init(&out, test_budget(), 8192);
    owner_change_id(&id, v.account, &v.change);

    EXPECT_OK(owner_change_propose(&out, &v.change));
    EXPECT_SPAN(hex(v.calls, "change", &v.room), buf_span(&out));
    EXPECT_OK(owner_change_read(&call, &got, &got_id, buf_span(&out)));
    EXPECT_EQ(OWNER_CALL_PROPOSE, call);
    expect_same(&v.change, &got);
    for (size_t n = 0; n < out.n; n++) {
        EXPECT(owner_change_read(&call, &got, &got_id, span_first(buf_span(&out), n)) != OK);
    }

    buf_clear(&out);
    EXPECT_OK(owner_change_apply(&out, &v.change));
    EXPECT_SPAN(hex(v.calls, "apply", &v.room), buf_span(&out));
    EXPECT_OK(owner_change_read(&call, &got, &got_id, buf_span(&out)));
    EXPECT_EQ(OWNER_CALL_APPLY, call);
    expect_same(&v.change, &got);

    buf_clear(&out);
    EXPECT_OK(owner_change_veto(&out, &id));
    EXPECT_SPAN(hex(v.calls, "veto", &v.room), buf_span(&out));
    EXPECT_OK(owner_change_read(&call, &got, &got_id, buf_span(&out)));
    EXPECT_EQ(OWNER_CALL_VETO, call);
    EXPECT_SPAN(SPAN_OF(id.bytes), SPAN_OF(got_id.bytes));
    buf_done(&out);
    buf_done(&v.room);
}

TEST(what_others_signed_is_no_call_of_this_wallet)
{
    static struct vector v;
    TEST_REQUIRE(vector_init(&v));
    struct hash32 id;
    static struct owner_change got;
    enum owner_call call;
    EXPECT_ERR(ERR_MALFORMED,
               owner_change_read(&call, &got, &id, hex(v.calls, "change_signed", &v.room)));
    EXPECT_ERR(ERR_MALFORMED,
               owner_change_read(&call, &got, &id, hex(v.calls, "veto_signed", &v.room)));
    EXPECT_ERR(ERR_NOT_FOUND, owner_change_read(&call, &got, &id, SPAN_LIT("\x01\x02\x03\x04")));
    EXPECT_ERR(ERR_NOT_FOUND, owner_change_read(&call, &got, &id, SPAN_EMPTY));
    buf_done(&v.room);
}

TEST(what_owners_signed_is_carried_as_the_contract_takes_it)
{
    static struct vector v;
    TEST_REQUIRE(vector_init(&v));
    struct hash32 id;
    struct hash32 hash;
    static struct owner_carried got;
    struct smart_owner owner = {.len = 0};
    AUTO(buf_done) struct buf out;
    buf_init(&out, test_budget(), 8192);
    owner_change_id(&id, v.account, &v.change);
    owner_change_veto_hash(&hash, v.account, &id);
    EXPECT_SPAN(hex(v.whole, "veto_hash", &v.room), SPAN_OF(hash.bytes));

    struct span signed_change = hex(v.calls, "change_signed", &v.room);
    EXPECT_OK(owner_change_read_carried(&got, signed_change));
    EXPECT(!got.is_veto);
    EXPECT(got.signature.n > 0);
    expect_same(&v.change, &got.change);
    EXPECT_OK(owner_change_carry(&out, &got.change, got.signature));
    EXPECT_SPAN(signed_change, buf_span(&out));
    for (size_t n = 0; n < signed_change.n; n++) {
        EXPECT(owner_change_read_carried(&got, span_first(signed_change, n)) != OK);
    }

    struct span signed_veto = hex(v.calls, "veto_signed", &v.room);
    EXPECT_OK(owner_change_read_carried(&got, signed_veto));
    EXPECT(got.is_veto);
    EXPECT_SPAN(SPAN_OF(id.bytes), SPAN_OF(got.id.bytes));
    owner.len = span_copy(MSPAN_OF(owner.bytes), got.owner);
    buf_clear(&out);
    EXPECT_OK(owner_change_carry_veto(&out, &got.id, &owner, got.signature));
    EXPECT_SPAN(signed_veto, buf_span(&out));
    EXPECT_ERR(ERR_NOT_FOUND, owner_change_read_carried(&got, hex(v.calls, "apply", &v.room)));
    buf_done(&v.room);
}

TEST(the_log_of_a_scheduled_change)
{
    static struct vector v;
    struct json logs;
    struct json scheduled = {0};
    TEST_REQUIRE(vector_init(&v) && json_find(&logs, v.whole, "logs") &&
                 json_find(&scheduled, logs, "scheduled"));
    struct span data = hex(scheduled, "data", &v.room);
    static struct owner_change got;
    uint64_t ready_at = 0;
    EXPECT_OK(owner_change_read_log(&ready_at, &got, data));
    EXPECT_EQ(1800000000, ready_at);
    expect_same(&v.change, &got);
    for (size_t n = 0; n < data.n; n++) {
        EXPECT(owner_change_read_log(&ready_at, &got, span_first(data, n)) != OK);
    }
    buf_done(&v.room);
}

TEST(what_waits)
{
    struct owner_change c = {.threshold = 1, .added_count = 1};
    EXPECT(!owner_change_waits(&c, 1));
    EXPECT(owner_change_waits(&c, 2));
    c.removed_count = 1;
    EXPECT(owner_change_waits(&c, 1));
}

TEST_MAIN
