#include "service/proven_chain.h"

#include "base/test.h"
#include "codec/protobuf.h"
#include "service/chain_world_test.h"
#include "service/client.h"

#include <string.h>

static struct chain_world w;
static struct buf body;
static struct service_request asked;

static void begin(enum service_type type)
{
    chain_world_init(&w, 32);
    buf_init(&body, test_budget(), SERVICE_BODY_LEN_MAX);
    asked = chain_world_request(&w, type);
    EXPECT_EQ(SERVICE_OK, chain_world_exchange(&w, &body, &asked, CHAIN_FAULT_NONE));
}

static void end(void)
{
    buf_done(&body);
    chain_world_done(&w);
}

static enum err inclusion(struct proven_inclusion *ret, struct span in)
{
    struct service_chain chain;
    TRY(service_chain_decode(&chain, SERVICE_INCLUSION, in));
    return proven_inclusion_verify(ret, &asked.block_hash, &asked, &chain);
}

/* logs counts those found. */
static enum err logs(size_t *ret_count, struct span in)
{
    struct service_chain chain;
    struct proven_logs p;
    struct log_found found;
    TRY(service_chain_decode(&chain, SERVICE_LOGS, in));
    TRY(proven_logs_verify(&p, test_budget(), &asked.block_hash, &asked, &chain));
    *ret_count = 0;
    while (proven_logs_next(&p, &found)) {
        ++*ret_count;
    }
    proven_logs_done(&p);
    return OK;
}

/* rebuilt gives the body without its nth field of this number; of lists, without the last receipt and transaction. */
enum cut { CUT_FIELD, CUT_ITEM, CUT_RECEIPTS };
static void cut_lists(struct wr *out, struct span lists, enum cut cut)
{
    struct buf inner;
    struct protobuf_reader r = protobuf_read(lists);
    struct protobuf_field f;
    size_t seen[3] = {0};
    buf_init(&inner, test_budget(), 1 << 20);
    struct wr wi = wr_init_buf(&inner);
    while (protobuf_next(&r, &f)) {
        bool is_first = seen[f.number]++ == 0;
        bool is_dropped = cut == CUT_ITEM ? is_first : f.number == SERVICE_LISTS_RECEIPT;
        if (!is_dropped) {
            protobuf_write_bytes(&wi, f.number, f.bytes);
        }
    }
    protobuf_write_bytes(out, SERVICE_CHAIN_LISTS, buf_span(&inner));
    buf_done(&inner);
}

static void rebuild(struct buf *out, uint32_t number, size_t nth, enum cut cut)
{
    struct protobuf_reader r = protobuf_read(buf_span(&body));
    struct protobuf_field f;
    size_t seen = 0;
    buf_init(out, test_budget(), SERVICE_BODY_LEN_MAX);
    struct wr wo = wr_init_buf(out);
    while (protobuf_next(&r, &f)) {
        bool is_it = f.number == number && seen++ == nth;
        if (is_it && cut != CUT_FIELD) {
            cut_lists(&wo, f.bytes, cut);
        } else if (!is_it && f.wire == PROTOBUF_VARINT) {
            protobuf_write_varint(&wo, f.number, f.value);
        } else if (!is_it) {
            protobuf_write_bytes(&wo, f.number, f.bytes);
        }
    }
    EXPECT_OK(wr_end(&wo));
}

TEST(an_inclusion_says_what_happened)
{
    struct proven_inclusion p;
    begin(SERVICE_INCLUSION);
    TEST_REQUIRE(inclusion(&p, buf_span(&body)) == OK);
    EXPECT_EQ(CHAIN_WORLD_FIRST + 3, proven_inclusion_block(&p).number);
    EXPECT_EQ(1, proven_inclusion_index(&p));
    EXPECT_EQ(21000, proven_inclusion_gas_used(&p));
    EXPECT_EQ(42000, proven_inclusion_receipt(&p)->cumulative_gas);
    EXPECT_SPAN(buf_span(&w.txs[3][1]), proven_inclusion_tx(&p));
    end();
}

/* No header, index, path or node may be another, and none may be missing. */
TEST(no_bit_of_an_inclusion_may_change)
{
    struct proven_inclusion p;
    begin(SERVICE_INCLUSION);
    for (size_t i = 0; i < 8 * body.n; i += 3) {
        body.p[i / 8] ^= (uint8_t)(1U << i % 8);
        test_note("bit %zu", i);
        EXPECT(inclusion(&p, buf_span(&body)) != OK);
        body.p[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    for (size_t n = 0; n < body.n; n++) {
        EXPECT(inclusion(&p, span_first(buf_span(&body), n)) != OK);
    }
    end();
}

TEST(an_inclusion_is_of_what_was_asked)
{
    struct proven_inclusion p;
    begin(SERVICE_INCLUSION);
    asked.tx_hash = chain_world_tx(&w, 3, 0); /* a genuine proof of another transaction */
    EXPECT_ERR(ERR_AUTH, inclusion(&p, buf_span(&body)));
    asked.tx_hash = chain_world_tx(&w, 3, 1);
    asked.block_hash = w.headers[4].hash; /* and from another block */
    EXPECT_ERR(ERR_AUTH, inclusion(&p, buf_span(&body)));
    end();
}

TEST(the_gas_of_the_receipt_before_is_proven_too)
{
    struct buf other;
    struct proven_inclusion p;
    begin(SERVICE_INCLUSION);
    rebuild(&other, SERVICE_CHAIN_BEFORE_NODE, 0, CUT_FIELD);
    EXPECT(inclusion(&p, buf_span(&other)) != OK);
    buf_done(&other);
    end();
}

TEST(logs_are_complete)
{
    size_t count = 0;
    begin(SERVICE_LOGS);
    EXPECT_OK(logs(&count, buf_span(&body)));
    EXPECT_EQ(CHAIN_WORLD_PAID_COUNT, count);
    end();
}

/* The fault of every light client that takes the logs it is given: a server that says nothing of a payment. */
TEST(a_log_that_is_left_out_is_noticed)
{
    static const struct {
        uint32_t field;
        enum cut cut;
        enum err err;
        const char *why;
    } cases[] = {
        {SERVICE_CHAIN_LISTS,  CUT_FIELD,    ERR_TRUNCATED, "the lists of a block"         },
        {SERVICE_CHAIN_LISTS,  CUT_ITEM,     ERR_AUTH,      "a receipt and its transaction"},
        {SERVICE_CHAIN_LISTS,  CUT_RECEIPTS, ERR_MALFORMED, "all receipts of a block"      },
        {SERVICE_CHAIN_HEADER, CUT_FIELD,    ERR_TRUNCATED, "a block with its header"      },
    };
    begin(SERVICE_LOGS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t nth = 0; nth < 2; nth++) {
            struct buf other;
            size_t count;
            test_note("%s, %zu", cases[i].why, nth);
            rebuild(&other, cases[i].field, nth, cases[i].cut);
            EXPECT_ERR(cases[i].err, logs(&count, buf_span(&other)));
            buf_done(&other);
        }
    }
    end();
}

TEST(an_empty_answer_is_no_proof_of_nothing)
{
    size_t count;
    struct service_chain chain;
    begin(SERVICE_LOGS);
    EXPECT_ERR(ERR_MALFORMED, logs(&count, SPAN_EMPTY));
    EXPECT_ERR(ERR_MALFORMED, service_chain_decode(&chain, SERVICE_HEADERS, SPAN_EMPTY));
    EXPECT_ERR(ERR_MALFORMED, service_chain_decode(&chain, SERVICE_INCLUSION, SPAN_EMPTY));
    EXPECT_ERR(ERR_MALFORMED, service_chain_decode(&chain, SERVICE_STATUS, buf_span(&body)));
    end();
}

TEST(headers_are_linked)
{
    struct service_chain chain;
    struct proven_header p;
    struct buf other;
    begin(SERVICE_HEADERS);
    TEST_REQUIRE(service_chain_decode(&chain, SERVICE_HEADERS, buf_span(&body)) == OK);
    TEST_REQUIRE(proven_header_verify(&p, &asked.block_hash, &asked, &chain) == OK);
    EXPECT_EQ(CHAIN_WORLD_FIRST, proven_header(&p)->number);
    EXPECT_ERR(ERR_STATE, proven_header_verify(&p, &w.headers[1].hash, &asked, &chain));
    asked.number++; /* the client's own mistake */
    EXPECT_ERR(ERR_STATE, proven_header_verify(&p, &asked.block_hash, &asked, &chain));
    asked.number--;
    rebuild(&other, SERVICE_CHAIN_HEADER, 2, CUT_FIELD);
    TEST_REQUIRE(service_chain_decode(&chain, SERVICE_HEADERS, buf_span(&other)) == OK);
    EXPECT_ERR(ERR_TRUNCATED, proven_header_verify(&p, &asked.block_hash, &asked, &chain));
    asked.blocks--;
    EXPECT_ERR(ERR_AUTH, proven_header_verify(&p, &asked.block_hash, &asked, &chain));
    buf_done(&other);
    end();
}

TEST(code_is_what_its_hash_says)
{
    struct service_chain chain;
    struct span code;
    begin(SERVICE_CODE);
    TEST_REQUIRE(service_chain_decode(&chain, SERVICE_CODE, buf_span(&body)) == OK);
    EXPECT_OK(proven_code_verify(&code, &asked, &chain));
    EXPECT_SPAN(test_hex("6000"), code);
    asked.code_hash.bytes[0] ^= 1;
    EXPECT_ERR(ERR_AUTH, proven_code_verify(&code, &asked, &chain));
    end();
}

/* The vectors of docs/protocol.md. */
static void expect_request(const struct service_request *r, const char *message, const char *hash)
{
    struct buf b;
    struct hash32 got;
    buf_init(&b, test_budget(), 8192);
    EXPECT_OK(service_request_encode(r, &b));
    EXPECT_SPAN(test_hex(message), buf_span(&b));
    service_request_hash(&got, buf_span(&b));
    EXPECT_SPAN(test_hex(hash), SPAN_OF(got.bytes));
    buf_done(&b);
}

TEST(vectors)
{
    begin(SERVICE_HEADERS);
    expect_request(
        &asked,
        "080b10e9f4011908070605040302016220f8365e4aa81b64464f06bf4477ac2cb30134ff6261fc78"
        "75ed03d57b3f895a2fa00169a80106",
        "91306d079a2b7f13178c196aa352a414f7c97706f2abaee49024f0e1efe17476");
    end();
    begin(SERVICE_CODE);
    expect_request(
        &asked,
        "080c10e9f4011908070605040302016220f8365e4aa81b64464f06bf4477ac2cb30134ff6261fc78"
        "75ed03d57b3f895a2f6a1470707070707070707070707070707070707070709a012007ad118d6cc8"
        "642c86c03827f276d8b791a65e5c99a3845faf186be720a1455d",
        "d1b4daceb309a86cef9c0e8e6c13ac843fa5099cde7dbcc94c7f7809047a0ab4");
    EXPECT_SPAN(test_hex("12026000"), buf_span(&body));
    end();
    begin(SERVICE_LOGS);
    expect_request(
        &asked,
        "080e10e9f4011908070605040302016220f8365e4aa81b64464f06bf4477ac2cb30134ff6261fc78"
        "75ed03d57b3f895a2fa00169a80106ba01147070707070707070707070707070707070707070c201"
        "20ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd2012000000000"
        "00000000000000001111111111111111111111111111111111111111",
        "511042c24dacabc97d8f44572dd4b4249b971d84c1ac0a351b86e0cb344f316f");
    end();
    begin(SERVICE_INCLUSION);
    asked.block_hash = w.headers[2].hash;
    asked.number = w.headers[2].number;
    asked.tx_hash = chain_world_tx(&w, 2, 0);
    expect_request(
        &asked,
        "080d10e9f40119080706050403020162200117db98fbc2999d97654ae2335eb4fa1082e4f9ae63fd"
        "7ee899e2f9a5341e85a00166b2012016a34ea150b7d07e9498c9ec1707464e431fde87c12e59da09"
        "671a1feb6c83b2",
        "dd795e5cb19ce02e758931db73f5e9ad6dbd9e566ac258cf5f12b01491398dae");
    EXPECT_EQ(SERVICE_OK, chain_world_exchange(&w, &body, &asked, CHAIN_FAULT_NONE));
    EXPECT_SPAN(
        test_hex("0af703f901f4a0046eaa750af41166ae33f385dd1598ebe0d47559613961096e5f28f7de9737c0a0"
                 "00000000000000000000000000000000000000000000000000000000000000009400000000000000"
                 "00000000000000000000000000a00000000000000000000000000000000000000000000000000000"
                 "000000000000a0f5780a34e66daf2db56fde6dd2bc5d1f3fcd99c540807eb000be048727af6dcea0"
                 "aea0210b383fbe799e7011703414b6ccde972684917584c40ebecb62ad5d36adb901000000000000"
                 "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
                 "00000000000000000000000001000000000000000008000000000000000000000100000000000000"
                 "00000000000000000000000000000002000000000000000000080000000000000000000000000000"
                 "00000000000000000000000000000000000000000000000000010000000000004000000010000000"
                 "00000004000000000000000000000000000000000010000000000000000000000000000000000000"
                 "00000000000000000000000000000000002000000000000000000000000000000000000000000000"
                 "000000000000000000000880668401c9c3808082040080a000000000000000000000000000000000"
                 "000000000000000000000000000000008800000000000000000918002229e8822080a4e320843b9a"
                 "ca0082520894350000000000000000000000000000000000000001801b01022ab203f901af822080"
                 "b901a9f901a601825208b90100000000000000000000000000000000000000000000000000000000"
                 "00000000000000000000000000000000000000000000000000000000000001000000000000000008"
                 "00000000000000000000010000000000000000000000000000000000000000000002000000000000"
                 "00000008000000000000000000000000000000000000000000000000000000000000000000000000"
                 "00000001000000000000400000001000000000000004000000000000000000000000000000000010"
                 "00000000000000000000000000000000000000000000000000000000000000000000002000000000"
                 "0000000000000000000000000000000000000000000000000000000008f89df89b948f7070707070"
                 "7070707070707070707070707070f863a0dddddddddddddddddddddddddddddddddddddddddddddd"
                 "dddddddddddddddddda0000000000000000000000000000000000000000000000000000000000000"
                 "0000a0ff00000000000000000000001111111111111111111111111111111111111111a000000000"
                 "00000000000000000000000000000000000000000000000000000000"),
        buf_span(&body));
    end();
}

TEST(running_hash)
{
    struct hash32 running = {{0}};
    service_part_hash(&running, SPAN_LIT("abc"));
    EXPECT_SPAN(test_hex("365aa7d8f7f9402c4b9434502b4cc89ddb09fe50d7cd95b493b834c62d5a5370"),
                SPAN_OF(running.bytes));
}

/* ---- parts ---- */

/* A client that has asked for logs gets these parts of "abcdef". */
struct part {
    const char *text;
    uint64_t rest;
    bool is_other; /* the running hash is another */
};

static enum err parts_taken(const struct part *parts, size_t count)
{
    static struct service_client c;
    struct service_client_event e;
    instant now = {.us = 1};
    struct hash32 running;
    asked = chain_world_request(&w, SERVICE_LOGS);
    EXPECT_OK(service_client_init(&c, test_budget(), &asked, now));
    running = c.request_hash;
    for (size_t i = 0; i < count; i++) {
        struct buf message;
        struct buf frame;
        struct service_response r = {.request_hash = c.request_hash,
                                     .is_part = true,
                                     .rest = parts[i].rest,
                                     .body = span_str(parts[i].text)};
        service_part_hash(&running, r.body);
        r.running = running;
        r.running.bytes[0] ^= parts[i].is_other;
        buf_init(&message, test_budget(), 4096);
        buf_init(&frame, test_budget(), 4096);
        EXPECT_OK(service_response_encode(&r, &message));
        struct wr wr = wr_init_buf(&frame);
        frame_write(&wr, FRAME_UVARINT, buf_span(&message));
        struct span in = buf_span(&frame);
        enum err err = service_client_recv(&c, now, &in);
        (void)err;
        buf_done(&message);
        buf_done(&frame);
    }
    enum err err = service_client_poll(&c, &e) ? e.err : ERR_TRUNCATED;
    service_client_done(&c);
    return err;
}

TEST(parts_fit_together)
{
    static const struct {
        struct part parts[3];
        size_t count;
        enum err err;
        const char *why;
    } cases[] = {
        /* together it is no body, which shows that all of it was read */
        {{{"ab", 4, false}, {"cd", 2, false}, {"ef", 0, false}}, 3, ERR_MALFORMED, "all"            },
        {{{"ab", 4, false}, {"cd", 2, false}},                   2, ERR_TRUNCATED, "the last is out"},
        {{{"ab", 4, false}, {"cd", 3, false}},                   2, ERR_MALFORMED, "it grows"       },
        {{{"ab", 4, false}, {"cd", 2, true}},                    2, ERR_AUTH,      "another hash"   },
        {{{"ab", 16 << 20, false}},                              1, ERR_MALFORMED, "too long"       },
        {{{"", 4, false}},                                       1, ERR_MALFORMED, "an empty part"  },
    };
    chain_world_init(&w, 32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].why);
        EXPECT_ERR(cases[i].err, parts_taken(cases[i].parts, cases[i].count));
    }
    chain_world_done(&w);
}

TEST_MAIN
