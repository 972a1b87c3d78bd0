/* What a call reads: from what a node says, through server and client, to a proven witness. */
#include "base/test.h"
#include "codec/protobuf.h"
#include "crypto/keccak.h"
#include "evm/account_proof.h"
#include "evm/jsonrpc.h"
#include "service/chain_world_test.h"
#include "service/proof_world_test.h"
#include "service/proven_witness.h"

#include <string.h>

/* What the node does with the questions. */
enum fault {
    FAULT_NONE,
    FAULT_NO_OVERRIDE,   /* it refuses a third parameter: right all the same */
    FAULT_REVERTS,       /* the call does not end well: what it read is known all the same */
    FAULT_TWICE,         /* a slot that stands there twice, and the callee too */
    FAULT_NO_ACCESS,     /* it cannot run the call */
    FAULT_MANY_ACCOUNTS, /* more than a witness holds */
    FAULT_MANY_SLOTS,
    FAULT_NO_LIST,
    FAULT_NO_STATE,
    FAULT_CODE, /* another's */
    FAULT_NODE,
    FAULT_TEXT,
};

static struct proof_world w;
static struct service_request r;
static const uint8_t code[] = {0x60, 0x00, 0x54};
static unsigned reads_asked;

static void put_error(struct json_writer *j, uint64_t id)
{
    json_put_object(j);
    json_put_name(j, "jsonrpc");
    json_put_str(j, "2.0");
    json_put_name(j, "id");
    json_put_u64(j, id);
    json_put_name(j, "error");
    json_put_raw(j, SPAN_LIT("{\"code\":-32602,\"message\":\"too many arguments\"}"));
    json_end_object(j);
}

static void put_keys(struct json_writer *j, size_t count, enum fault fault)
{
    json_put_name(j, "storageKeys");
    json_put_array(j);
    for (size_t i = count; i > 0; i--) { /* falling: the server sorts them */
        uint8_t slot[32] = {[30] = (uint8_t)((i - 1) >> 8), [31] = (uint8_t)(i - 1)};
        jsonrpc_put_data(j, SPAN_OF(slot));
        if (fault == FAULT_TWICE) {
            jsonrpc_put_data(j, SPAN_OF(slot));
        }
    }
    json_end_array(j);
}

static void put_access(struct json_writer *j, uint64_t id, enum fault fault)
{
    if (fault == FAULT_NO_ACCESS || (fault == FAULT_NO_OVERRIDE && id == 1)) {
        put_error(j, id);
        return;
    }
    proof_world_put_result(j, id);
    json_put_object(j);
    if (fault == FAULT_REVERTS) {
        json_put_name(j, "error");
        json_put_str(j, "execution reverted");
    }
    if (fault != FAULT_NO_LIST) {
        json_put_name(j, "accessList");
        json_put_array(j);
        for (uint8_t i = 0; i < (fault == FAULT_MANY_ACCOUNTS ? 15 : 1); i++) {
            struct address a = w.request.address;
            a.bytes[0] ^= i;
            json_put_object(j);
            json_put_name(j, "address");
            jsonrpc_put_address(j, a);
            put_keys(j, fault == FAULT_MANY_SLOTS ? 33 : 2, fault);
            json_end_object(j);
        }
        json_end_array(j);
    }
    json_end_object(j);
    json_end_object(j);
}

static void put_proof(struct json_writer *j, uint64_t id, size_t slots, enum fault fault)
{
    proof_world_put_result(j, id);
    json_put_object(j);
    json_put_name(j, "accountProof");
    proof_world_put_node(j, buf_span(&w.state_leaf), fault == FAULT_NODE);
    json_put_name(j, "storageProof");
    json_put_array(j);
    for (size_t i = 0; i < slots; i++) {
        json_put_object(j);
        json_put_name(j, "proof");
        proof_world_put_node(j, buf_span(&w.storage_leaf), false);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
}

/* One question of the second batch. The contract is the last of the accounts, in the order of addresses. */
static void put_state(struct json_writer *j, struct json question, uint64_t id, enum fault fault)
{
    struct span method = SPAN_EMPTY;
    struct json params;
    struct json slots;
    struct json who;
    struct address address = {0};
    EXPECT_OK(json_find_plain(&method, question, "method"));
    EXPECT(json_find(&params, question, "params"));
    if (id == 1) {
        proof_world_put_result(j, 1);
        proof_world_put_block(j, &w, 5);
        json_end_object(j);
        return;
    }
    EXPECT(json_at(&who, params, 0));
    EXPECT_OK(jsonrpc_get_address(&address, who));
    bool is_contract = address_equal(address, w.request.address);
    if (span_equal(method, SPAN_LIT("eth_getProof"))) {
        EXPECT(json_at(&slots, params, 1));
        EXPECT_EQ(is_contract ? 2 : 0, json_count(slots));
        put_proof(j, id, json_count(slots), fault);
        return;
    }
    EXPECT(span_equal(method, SPAN_LIT("eth_getCode")));
    proof_world_put_result(j, id);
    jsonrpc_put_data(j, is_contract && fault != FAULT_CODE ? SPAN_OF(code) : SPAN_EMPTY);
    json_end_object(j);
}

static void node_answer(struct buf *out, struct json ask, enum fault fault)
{
    struct json first = {.type = JSON_NULL};
    struct json question;
    struct span method = SPAN_EMPTY;
    struct wr wr = wr_init_buf(out);
    struct json_writer j = json_writer_init(&wr);
    if (fault == FAULT_TEXT) {
        wr_str(&wr, "no");
        return;
    }
    EXPECT(json_at(&first, ask, 0));
    EXPECT_OK(json_find_plain(&method, first, "method"));
    bool is_access = span_equal(method, SPAN_LIT("eth_createAccessList"));
    reads_asked += is_access;
    json_put_array(&j);
    struct json_iter it = json_iterate(ask);
    for (uint64_t id = 1; json_next(&it, NULL, &question); id++) {
        if (is_access) {
            put_access(&j, id, fault);
        } else if (fault == FAULT_NO_STATE && id == 2) {
            put_error(&j, id);
        } else {
            put_state(&j, question, id, fault);
        }
    }
    json_end_array(&j);
    EXPECT_OK(json_writer_end(&j));
}

#define HASH "\"0x1111111111111111111111111111111111111111111111111111111111111111\""

static void
answer_ask(struct service_server *s, const struct service_server_event *e, enum fault fault)
{
    struct buf text;
    struct json ask;
    uint64_t token = e->token;
    buf_init(&text, test_budget(), 1 << 18);
    TEST_REQUIRE(json_parse(&ask, e->text, NULL) == OK);
    if (ask.type == JSON_ARRAY) {
        node_answer(&text, ask, fault);
    } else {
        struct json id;
        struct wr wr = wr_init_buf(&text);
        TEST_REQUIRE(json_find(&id, ask, "id"));
        wr_str(&wr, "{\"jsonrpc\":\"2.0\",\"id\":");
        wr_bytes(&wr, id.raw);
        wr_str(&wr, ",\"result\":{\"number\":\"0x5\",\"hash\":" HASH ",\"parentHash\":" HASH
                    ",\"timestamp\":\"0x1\"}}");
    }
    service_server_answer(s, token, buf_span(&text), (instant){.us = 1000000});
    buf_done(&text);
}

/* exchange gives the code of the answer to r, and with OK its witness, whose body lies in a static place. */
static enum service_code exchange(struct service_witness *ret, enum fault fault)
{
    static struct service_server s;
    static struct service_client c;
    static struct service_client_event e;
    static uint8_t body[1 << 16];
    const struct service_server_cfg cfg = {.budget = test_budget(),
                                           .chain_id = 31337,
                                           .agent = "test",
                                           .limits = service_server_limits_default()};
    const struct service_peer peer = {.id = SPAN_LIT("peer"), .group = SPAN_LIT("net")};
    instant now = {.us = 1000000};
    struct service_stream *st;
    struct service_server_event ask;
    EXPECT_OK(service_server_init(&s, &cfg, now));
    EXPECT_OK(service_client_init(&c, test_budget(), &r, now));
    while (service_server_poll(&s, &ask, now)) {
        answer_ask(&s, &ask, FAULT_NONE); /* the head */
    }
    EXPECT_OK(service_server_open(&s, &st, peer, NULL, now));
    service_server_recv(&s, st, service_client_waiting(&c), now);
    while (service_server_poll(&s, &ask, now)) {
        if (ask.kind == SERVICE_SERVER_ASK) {
            answer_ask(&s, &ask, fault);
        }
    }
    chain_world_carry(&s, st, &c);
    e.response.code = SERVICE_INTERNAL;
    EXPECT(service_client_poll(&c, &e) && e.kind == SERVICE_CLIENT_ANSWER);
    if (e.response.code == SERVICE_OK) {
        size_t n = span_copy(MSPAN_OF(body), e.body.witness.body);
        EXPECT_OK(service_witness_decode(ret, span_of(body, n)));
    }
    service_client_done(&c);
    service_server_reset(&s, st);
    service_server_done(&s);
    return e.response.code;
}

static void begin(void)
{
    proof_world_init_code(&w, SPAN_OF(code));
    r = (struct service_request){.type = SERVICE_CALL_WITNESS,
                                 .chain_id = 31337,
                                 .id = UINT64_C(0x0102030405060708),
                                 .block_hash = w.request.block_hash,
                                 .address = w.request.address,
                                 .data = SPAN_LIT("\x70\xa0\x82\x31"),
                                 .gas = 100000};
    memset(r.from.bytes, 0x0a, sizeof r.from.bytes);
    reads_asked = 0;
}

static void end(void)
{
    proof_world_done(&w);
}

static const struct proven_known nothing;

TEST(what_a_node_says_becomes_a_witness)
{
    static const enum fault good[] = {FAULT_NONE, FAULT_NO_OVERRIDE, FAULT_REVERTS, FAULT_TWICE};
    begin();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct service_witness answer;
        struct proven_witness p;
        struct proven_account account;
        struct span its;
        struct u256 value;
        test_note("fault %u", (unsigned)good[i]);
        TEST_REQUIRE(EXPECT_EQ(SERVICE_OK, exchange(&answer, good[i])));
        EXPECT_EQ(2, answer.accounts_count);
        EXPECT_OK(proven_witness_verify(&p, &r.block_hash, &r, &nothing, &answer));
        EXPECT_EQ(5, proven_witness_block(&p).number);
        EXPECT_OK(proven_witness_account(&account, &its, &p, r.address));
        EXPECT_SPAN(SPAN_OF(code), its);
        EXPECT_EQ(7, proven_account_state(&account)->nonce);
        EXPECT_OK(proven_account_slot(&value, &account, w.slots));
        EXPECT(u256_equal(value, u256_from_u64(42)));
        EXPECT_OK(proven_account_slot(&value, &account, w.slots + 32));
        EXPECT(u256_is_zero(value));
        EXPECT_OK(proven_witness_account(&account, &its, &p, r.from));
        EXPECT(!proven_account_state(&account)->exists); /* proven by the leaf that is in its way */
        EXPECT_EQ(0, its.n);
        struct address other = {.bytes = {1}};
        EXPECT_ERR(ERR_NOT_FOUND, proven_witness_account(&account, &its, &p, other));
    }
    EXPECT_EQ(4, reads_asked);
    end();
}

/* The vector of docs/protocol.md. */
TEST(the_vector)
{
    struct buf message;
    struct hash32 hash;
    struct service_witness answer;
    begin();
    buf_init(&message, test_budget(), 1024);
    EXPECT_OK(service_request_encode(&r, &message));
    service_request_hash(&hash, buf_span(&message));
    EXPECT_SPAN(test_hex("ab5b88e5123600be5c833353b1fd9616b358d8fb1a683be848118a7c88452f34"),
                SPAN_OF(hash.bytes));
    TEST_REQUIRE(EXPECT_EQ(SERVICE_OK, exchange(&answer, FAULT_NONE)));
    sha256(&hash, answer.body);
    EXPECT_SPAN(test_hex("eb0c5328eac43c40153b623030ae62c4a43bf459a77577fb1ebcb508818f4165"),
                SPAN_OF(hash.bytes));
    buf_done(&message);
    end();
}

TEST(a_nodes_fault_is_no_lie_of_ours)
{
    static const struct {
        enum fault fault;
        enum service_code code;
    } cases[] = {
        {FAULT_NO_ACCESS,     SERVICE_NOT_FOUND},
        {FAULT_MANY_ACCOUNTS, SERVICE_TOO_LARGE},
        {FAULT_MANY_SLOTS,    SERVICE_TOO_LARGE},
        {FAULT_NO_LIST,       SERVICE_UPSTREAM },
        {FAULT_NO_STATE,      SERVICE_NOT_FOUND},
        {FAULT_CODE,          SERVICE_UPSTREAM },
        {FAULT_NODE,          SERVICE_UPSTREAM },
        {FAULT_TEXT,          SERVICE_UPSTREAM },
    };
    struct service_witness answer;
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("fault %u", (unsigned)cases[i].fault);
        EXPECT_EQ(cases[i].code, exchange(&answer, cases[i].fault));
    }
    end();
}

TEST(what_is_known_is_not_sent)
{
    uint8_t known[3 * 32];
    struct hash32 code_hash;
    struct service_witness answer;
    struct proven_witness p;
    struct proven_account account;
    struct span its;
    const struct span nodes[] = {SPAN_EMPTY, buf_span(&w.state_leaf), SPAN_EMPTY};
    begin();
    struct span state = buf_span(&w.state_leaf);
    keccak256(&code_hash, SPAN_OF(code));
    memcpy(known, r.block_hash.bytes, 32);
    memcpy(known + 32, w.state_root.bytes, 32);
    memcpy(known + 64, code_hash.bytes, 32);
    r.known = SPAN_OF(known);
    TEST_REQUIRE(EXPECT_EQ(SERVICE_OK, exchange(&answer, FAULT_NONE)));
    EXPECT_EQ(0, answer.header.n);
    struct span mine[3] = {nodes[0], state, nodes[2]};
    struct proven_known have = {
        .header = buf_span(&w.header), .nodes = {.nodes = mine, .nodes_count = 3}
    };
    EXPECT_OK(proven_witness_verify(&p, &r.block_hash, &r, &have, &answer));
    EXPECT_OK(proven_witness_account(&account, &its, &p, r.address));
    EXPECT_EQ(0, its.n); /* the client has it */
    EXPECT_EQ(7, proven_account_state(&account)->nonce);
    EXPECT(proven_witness_verify(&p, &r.block_hash, &r, &nothing, &answer) != OK);
    end();
}

/* Is what a witness says of the contract true? It may say it of other slots than the call reads. */
static bool is_true(const struct proven_witness *p)
{
    struct proven_account account;
    struct span its;
    struct u256 value;
    return proven_witness_account(&account, &its, p, r.address) == OK &&
           proven_account_state(&account)->nonce == 7 && span_equal(its, SPAN_OF(code)) &&
           (proven_account_slot(&value, &account, w.slots) != OK ||
            u256_equal(value, u256_from_u64(42)));
}

/* An answer, each bit of it changed: another slot that is not set may stand in place of one, and nothing else. */
TEST(no_changed_bit_proves_what_is_false)
{
    static uint8_t copy[1 << 16];
    struct service_witness answer;
    struct proven_witness p;
    unsigned refused = 0;
    begin();
    TEST_REQUIRE(EXPECT_EQ(SERVICE_OK, exchange(&answer, FAULT_NONE)));
    size_t n = answer.body.n;
    memcpy(copy, answer.body.p, n);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
        bool is_taken = service_witness_decode(&answer, span_of(copy, n)) == OK &&
                        proven_witness_verify(&p, &r.block_hash, &r, &nothing, &answer) == OK;
        EXPECT(!is_taken || is_true(&p));
        refused += !is_taken;
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    EXPECT(refused + 256 >= 8 * n);
    end();
}

/* An answer to another question. */
TEST(it_is_of_what_was_asked)
{
    struct service_witness answer;
    struct proven_witness p;
    begin();
    TEST_REQUIRE(EXPECT_EQ(SERVICE_OK, exchange(&answer, FAULT_NONE)));
    struct service_request other = r;
    other.from.bytes[0] ^= 1;
    EXPECT_ERR(ERR_TRUNCATED, proven_witness_verify(&p, &r.block_hash, &other, &nothing, &answer));
    other = r;
    other.address.bytes[0] ^= 1;
    EXPECT_ERR(ERR_TRUNCATED, proven_witness_verify(&p, &r.block_hash, &other, &nothing, &answer));
    other = r;
    other.block_hash.bytes[0] ^= 1;
    EXPECT_ERR(ERR_STATE, proven_witness_verify(&p, &r.block_hash, &other, &nothing, &answer));
    other = r;
    other.type = SERVICE_ACCOUNT_PROOF;
    EXPECT_ERR(ERR_STATE, proven_witness_verify(&p, &r.block_hash, &other, &nothing, &answer));
    end();
}

static void put_account(struct wr *out, uint8_t address, struct span slots)
{
    uint8_t bytes[20] = {address};
    uint8_t room[512];
    struct wr m = wr_init(MSPAN_OF(room));
    protobuf_write_bytes(&m, SERVICE_WITNESS_ADDRESS, SPAN_OF(bytes));
    protobuf_write_bytes(&m, SERVICE_WITNESS_SLOTS, slots);
    protobuf_write_bytes(&m, SERVICE_WITNESS_PROOF, test_hex("1a00")); /* an empty path */
    protobuf_write_bytes(out, SERVICE_WITNESS_ACCOUNT, span_of(room, m.n));
}

TEST(bodies_that_are_none)
{
    static uint8_t room[1 << 14];
    struct service_witness answer;
    struct wr out = wr_init(MSPAN_OF(room));
    EXPECT_ERR(ERR_MALFORMED, service_witness_decode(&answer, SPAN_EMPTY));
    for (uint8_t i = 1; i <= SERVICE_WITNESS_ACCOUNTS_MAX; i++) {
        put_account(&out, i, SPAN_EMPTY);
    }
    EXPECT_OK(service_witness_decode(&answer, span_of(room, out.n)));
    EXPECT_EQ(SERVICE_WITNESS_ACCOUNTS_MAX, answer.accounts_count);
    size_t n = out.n;
    put_account(&out, SERVICE_WITNESS_ACCOUNTS_MAX + 1, SPAN_EMPTY);
    EXPECT_ERR(ERR_MALFORMED, service_witness_decode(&answer, span_of(room, out.n)));
    out.n = n / SERVICE_WITNESS_ACCOUNTS_MAX;
    put_account(&out, 1, SPAN_EMPTY); /* the same again */
    EXPECT_ERR(ERR_MALFORMED, service_witness_decode(&answer, span_of(room, out.n)));
    uint8_t slots[64] = {1};
    out.n = 0;
    put_account(&out, 1, SPAN_OF(slots)); /* falling, and no paths for them */
    EXPECT_ERR(ERR_MALFORMED, service_witness_decode(&answer, span_of(room, out.n)));
    out.n = 0;
    protobuf_write_bytes(&out, SERVICE_WITNESS_ACCOUNT, test_hex("0a0101"));
    EXPECT_ERR(ERR_MALFORMED, service_witness_decode(&answer, span_of(room, out.n)));
}

TEST_MAIN
