#include "wallet/partial_text.h"

#include "base/test.h"
#include "codec/base64.h"
#include "wallet/partial.h"

#include <string.h>

static const struct address account = {
    {9, 8, 7}
};
static const struct address receiver = {
    {1, 2, 3}
};
static const struct network net = {.chain_id = 31337, .entry_point = {{0x43}}};

/* An operation of a few calls; data holds what it points into. */
static struct partial made(struct buf *data, const struct smart_call *calls, size_t count)
{
    buf_clear(data);
    EXPECT_OK(smart_account_execute(data, calls, count));
    return (struct partial){
        .chain_id = 31337,
        .expires_ms = 1800000000000,
        .op = {.sender = account,
               .nonce = u256_from_u64(3),
               .call_data = buf_span(data),
               .call_gas_limit = u256_from_u64(100000),
               .verification_gas_limit = u256_from_u64(200000),
               .max_fee_per_gas = u256_from_u64(1000),
               .max_priority_fee_per_gas = u256_from_u64(10),
               .pre_verification_gas = u256_from_u64(50000)}
    };
}

static struct partial payment(struct buf *data)
{
    const struct smart_call call = {.to = receiver, .value = u256_from_u64(5)};
    return made(data, &call, 1);
}

TEST(a_text_travels_and_any_change_of_it_is_found)
{
    AUTO(buf_done) struct buf data;
    AUTO(buf_done) struct buf text;
    AUTO(buf_done) struct buf again;
    AUTO(buf_done) struct buf room;
    struct partial got;
    struct hash32 a;
    struct hash32 b;
    buf_init(&data, test_budget(), 4096);
    buf_init(&text, test_budget(), PARTIAL_TEXT_LEN_MAX);
    buf_init(&again, test_budget(), PARTIAL_TEXT_LEN_MAX);
    buf_init(&room, test_budget(), PARTIAL_BYTES_MAX);
    struct partial p = payment(&data);
    p.op.signature = SPAN_LIT("what is there already stays at home");
    TEST_REQUIRE(EXPECT_OK(partial_print(&text, &p)));
    TEST_REQUIRE(EXPECT_OK(partial_parse(&got, &room, buf_span(&text))));
    EXPECT_EQ(p.chain_id, got.chain_id);
    EXPECT_EQ(p.expires_ms, got.expires_ms);
    EXPECT_EQ(0, got.op.signature.n);
    EXPECT_OK(partial_hash(&a, &p, &net));
    EXPECT_OK(partial_hash(&b, &got, &net));
    EXPECT_SPAN(SPAN_OF(a.bytes), SPAN_OF(b.bytes));
    EXPECT_OK(partial_print(&again, &got));
    EXPECT_SPAN(buf_span(&text), buf_span(&again));
    for (size_t n = 0; n < text.n; n++) {
        EXPECT(partial_parse(&got, &room, span_first(buf_span(&text), n)) != OK);
        uint8_t was = text.p[n];
        text.p[n] = was == 'A' ? 'B' : 'A';
        EXPECT(partial_parse(&got, &room, buf_span(&text)) != OK);
        text.p[n] = '\n';
        EXPECT(partial_parse(&got, &room, buf_span(&text)) != OK);
        text.p[n] = was;
    }
}

TEST(another_chain_is_another_hash)
{
    AUTO(buf_done) struct buf data;
    struct hash32 a;
    struct hash32 b;
    static struct network other;
    buf_init(&data, test_budget(), 4096);
    struct partial p = payment(&data);
    other = net;
    other.chain_id = 1;
    EXPECT_OK(partial_hash(&a, &p, &net));
    EXPECT_OK(partial_hash(&b, &p, &other));
    EXPECT(!span_equal(SPAN_OF(a.bytes), SPAN_OF(b.bytes)));
}

TEST(a_mail_program_may_break_it_into_lines)
{
    static uint8_t broken[2 * PARTIAL_TEXT_LEN_MAX];
    AUTO(buf_done) struct buf data;
    AUTO(buf_done) struct buf text;
    AUTO(buf_done) struct buf room;
    struct partial got;
    buf_init(&data, test_budget(), 4096);
    buf_init(&text, test_budget(), PARTIAL_TEXT_LEN_MAX);
    buf_init(&room, test_budget(), PARTIAL_BYTES_MAX);
    struct partial p = payment(&data);
    TEST_REQUIRE(EXPECT_OK(partial_print(&text, &p)));
    struct wr w = wr_init(MSPAN_OF(broken));
    for (size_t i = 0; i < text.n; i++) {
        wr_str(&w, i % 60 == 59 ? " \r\n\t" : "");
        wr_u8(&w, text.p[i]);
    }
    EXPECT_OK(partial_parse(&got, &room, span_of(broken, w.n)));
}

/* The text of bytes whose check is right. */
static enum err parse_bytes(struct buf *room, struct span bytes)
{
    AUTO(buf_done) struct buf text;
    struct partial unused;
    struct hash32 check;
    buf_init(&text, test_budget(), 4 * PARTIAL_TEXT_LEN_MAX);
    sha256(&check, bytes);
    EXPECT_OK(buf_append(room, bytes));
    EXPECT_OK(buf_append(room, span_of(check.bytes, 4)));
    struct wr w = wr_init_buf(&text);
    wr_str(&w, "passmesh-sign:");
    base64_encode(&w, BASE64_URL_BARE, buf_span(room));
    EXPECT_OK(wr_end(&w));
    return partial_parse(&unused, room, buf_span(&text));
}

/* bytes of a good text with one of them changed, and its check made right. */
static enum err with_byte(struct buf *room, struct span good, size_t at, uint8_t v)
{
    static uint8_t copy[PARTIAL_BYTES_MAX];
    span_copy(MSPAN_OF(copy), good);
    copy[at] = v;
    buf_clear(room);
    return parse_bytes(room, span_of(copy, good.n));
}

TEST(what_no_wallet_makes_is_refused)
{
    static uint8_t good[PARTIAL_BYTES_MAX];
    AUTO(buf_done) struct buf data;
    AUTO(buf_done) struct buf text;
    AUTO(buf_done) struct buf room;
    struct partial got;
    buf_init(&data, test_budget(), 4096);
    buf_init(&text, test_budget(), PARTIAL_TEXT_LEN_MAX);
    buf_init(&room, test_budget(), 3 * PARTIAL_BYTES_MAX);
    struct partial p = payment(&data);
    p.op.init_code = SPAN_LIT("factory");
    EXPECT_ERR(ERR_UNSUPPORTED, partial_print(&text, &p));
    p.op.init_code = SPAN_EMPTY;
    p.op.paymaster_and_data = SPAN_LIT("somebody who pays");
    EXPECT_ERR(ERR_UNSUPPORTED, partial_print(&text, &p));
    p.op.paymaster_and_data = SPAN_EMPTY;
    TEST_REQUIRE(EXPECT_OK(partial_print(&text, &p)));
    TEST_REQUIRE(EXPECT_OK(partial_parse(&got, &room, buf_span(&text))));
    size_t n = buf_span(&room).n - 4;
    span_copy(MSPAN_OF(good), span_first(buf_span(&room), n));
    struct span bytes = span_of(good, n);
    EXPECT_OK(with_byte(&room, bytes, 17, 1));                    /* another expiry */
    EXPECT_ERR(ERR_UNSUPPORTED, with_byte(&room, bytes, 0, 2));   /* a later version */
    EXPECT_ERR(ERR_UNSUPPORTED, with_byte(&room, bytes, 1, 1));   /* another kind */
    EXPECT_ERR(ERR_MALFORMED, with_byte(&room, bytes, 18, 1));    /* not the ABI's form */
    EXPECT_ERR(ERR_MALFORMED, with_byte(&room, bytes, n - 1, 1)); /* padding */
    good[n] = 0;
    buf_clear(&room);
    EXPECT_ERR(ERR_MALFORMED, parse_bytes(&room, span_of(good, n + 1)));
    good[8] = 0;
    good[9] = 0;
    buf_clear(&room);
    EXPECT_ERR(ERR_MALFORMED, parse_bytes(&room, bytes)); /* chain 0 */
}

TEST(no_longer_text_is_read_or_made)
{
    static uint8_t zeros[PARTIAL_USEROP_LEN_MAX];
    static uint8_t letters[PARTIAL_TEXT_LEN_MAX + 1];
    AUTO(buf_done) struct buf data;
    AUTO(buf_done) struct buf text;
    AUTO(buf_done) struct buf room;
    struct partial got;
    buf_init(&data, test_budget(), 4096);
    buf_init(&text, test_budget(), 2 * PARTIAL_TEXT_LEN_MAX);
    buf_init(&room, test_budget(), PARTIAL_BYTES_MAX);
    struct partial p = payment(&data);
    p.op.call_data = SPAN_OF(zeros);
    EXPECT_ERR(ERR_LIMIT, partial_print(&text, &p));
    buf_clear(&text);
    p.op.call_data = span_of(zeros, PARTIAL_USEROP_LEN_MAX - 512); /* the rest of it are 16 words */
    EXPECT_OK(partial_print(&text, &p));
    EXPECT(text.n <= PARTIAL_TEXT_LEN_MAX);
    EXPECT_OK(partial_parse(&got, &room, buf_span(&text)));
    memset(letters, 'A', sizeof letters);
    EXPECT_ERR(ERR_LIMIT, partial_parse(&got, &room, SPAN_OF(letters)));
    EXPECT_ERR(ERR_MALFORMED, partial_parse(&got, &room, SPAN_EMPTY));
}

/* ---- in words ---- */

static struct partial_call
read_one(struct buf *data, const struct smart_call *call, const struct network *n)
{
    struct smart_call calls[PARTIAL_CALL_COUNT_MAX];
    struct partial_call ret;
    struct partial p = made(data, call, 1);
    EXPECT_EQ(1, partial_calls(calls, &p));
    partial_call_read(&ret, &p, n, &calls[0]);
    return ret;
}

TEST(payments_and_tokens_are_read)
{
    AUTO(buf_done) struct buf data;
    uint8_t transfer[68] = {0xa9, 0x05, 0x9c, 0xbb};
    const struct token listed = {.address = {{0x11}}, .symbol = "TEST", .decimals = 6};
    static struct network with;
    buf_init(&data, test_budget(), 4096);
    with = net;
    with.tokens[0] = listed;
    with.token_count = 1;
    struct smart_call call = {.to = receiver, .value = u256_from_u64(5)};
    struct partial_call got = read_one(&data, &call, &with);
    EXPECT_EQ(PARTIAL_PAYMENT, got.what);
    EXPECT(!got.is_danger);
    EXPECT(u256_compare(u256_from_u64(5), got.amount) == 0);
    transfer[16] = 0x77;
    transfer[67] = 9;
    call = (struct smart_call){.to = listed.address, .data = SPAN_OF(transfer)};
    got = read_one(&data, &call, &with);
    EXPECT_EQ(PARTIAL_TOKEN, got.what);
    EXPECT(!got.is_danger);
    EXPECT_EQ(0x77, got.to.bytes[0]);
    EXPECT(u256_compare(u256_from_u64(9), got.amount) == 0);
    got = read_one(&data, &call, &net);
    EXPECT_EQ(PARTIAL_TOKEN, got.what);
    EXPECT(got.is_danger);
    transfer[15] = 1; /* no address */
    got = read_one(&data, &call, &with);
    EXPECT_EQ(PARTIAL_UNKNOWN, got.what);
    EXPECT(got.is_danger);
    EXPECT_SPAN(SPAN_OF(transfer), got.data);
}

TEST(what_gives_the_account_away_is_danger)
{
    AUTO(buf_done) struct buf data;
    AUTO(buf_done) struct buf inner;
    struct owner_change c = {.sequence = 1, .threshold = 1, .added_count = 1};
    struct hash32 id = {{7}};
    buf_init(&data, test_budget(), 4096);
    buf_init(&inner, test_budget(), 4096);
    c.added[0] =
        smart_owner_passkey(receiver, (uint8_t[64]){1}, SPAN_LIT("http://passmesh.localhost"));
    EXPECT_OK(owner_change_propose(&inner, &c));
    struct smart_call call = {.to = account, .data = buf_span(&inner)};
    struct partial_call got = read_one(&data, &call, &net);
    EXPECT_EQ(PARTIAL_OWNERS, got.what);
    EXPECT(got.is_danger);
    EXPECT_EQ(1, got.change.added_count);
    buf_clear(&inner);
    EXPECT_OK(owner_change_veto(&inner, &id));
    call.data = buf_span(&inner);
    got = read_one(&data, &call, &net);
    EXPECT_EQ(PARTIAL_VETO, got.what);
    EXPECT(!got.is_danger);
    call.data = SPAN_LIT("whatever");
    got = read_one(&data, &call, &net);
    EXPECT_EQ(PARTIAL_OWN, got.what);
    EXPECT(got.is_danger);
}

TEST(what_is_not_of_the_accounts_form_is_one_unknown_call)
{
    AUTO(buf_done) struct buf data;
    struct smart_call calls[PARTIAL_CALL_COUNT_MAX];
    struct smart_call many[PARTIAL_CALL_COUNT_MAX + 1];
    struct partial_call got;
    buf_init(&data, test_budget(), 8192);
    for (size_t i = 0; i < PARTIAL_CALL_COUNT_MAX + 1; i++) {
        many[i] = (struct smart_call){.to = receiver, .value = u256_from_u64(i)};
    }
    struct partial p = made(&data, many, PARTIAL_CALL_COUNT_MAX);
    EXPECT_EQ(PARTIAL_CALL_COUNT_MAX, partial_calls(calls, &p));
    p = made(&data, many, PARTIAL_CALL_COUNT_MAX + 1); /* more than is shown */
    EXPECT_EQ(1, partial_calls(calls, &p));
    EXPECT_SPAN(p.op.call_data, calls[0].data);
    partial_call_read(&got, &p, &net, &calls[0]);
    EXPECT(got.is_danger);
}

TEST_MAIN
