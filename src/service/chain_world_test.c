#include "service/chain_world_test.h"

#include "base/test.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "evm/erc20.h"
#include "evm/jsonrpc.h"
#include "evm/mpt.h"
#include "evm/receipt_json.h"
#include "evm/tx_json.h"
#include "evm/userop.h"

#include <stdlib.h>
#include <string.h>

static const size_t counts[CHAIN_WORLD_BLOCKS] = {0, 3, 1, 2, 3, 1};
static const size_t paid[CHAIN_WORLD_PAID_COUNT][2] = {
    {1, 2},
    {3, 0}
};
static const uint8_t code[] = {0x60, 0x00};

/* Which of CHAIN_WORLD_PAID it is; CHAIN_WORLD_PAID_COUNT: none. */
static size_t paid_index(size_t block, size_t index)
{
    for (size_t i = 0; i < CHAIN_WORLD_PAID_COUNT; i++) {
        if (paid[i][0] == block && paid[i][1] == index) {
            return i;
        }
    }
    return CHAIN_WORLD_PAID_COUNT;
}

static bool is_paid(size_t block, size_t index)
{
    return paid_index(block, index) < CHAIN_WORLD_PAID_COUNT;
}

static void put_hex(struct json_writer *j, const char *name, struct span bytes)
{
    json_put_name(j, name);
    jsonrpc_put_data(j, bytes);
}

static void put_number(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    jsonrpc_put_u64(j, v);
}

static void put_tx(struct json_writer *j, size_t block, size_t index, uint64_t type)
{
    static const uint8_t to[20] = {0x35};
    json_put_object(j);
    put_number(j, "type", type);
    put_number(j, "nonce", 16 * block + index);
    put_number(j, "gasPrice", 1000000000);
    put_number(j, "gas", 21000);
    put_hex(j, "to", SPAN_OF(to));
    put_number(j, "value", 1);
    put_hex(j, "input", SPAN_EMPTY);
    put_number(j, "v", 27);
    put_number(j, "r", 1);
    put_number(j, "s", 2);
    json_end_object(j);
}

/* The topics of the one log: a transfer from nobody to the payee, or something else of another contract. */
struct event {
    struct address address;
    struct hash32 topics[3];
    struct bloom bloom;
};

static struct event event_of(const struct chain_world *w, size_t block, size_t index)
{
    struct event e = {.address = w->token};
    e.topics[0] = w->transfer;
    e.topics[2] = w->payee;
    if (w->is_userop) {
        e.address = w->userop.entry_point;
        e.topics[0] = userop_event_topic;
        e.topics[1] = w->userop.hash;
    }
    if (w->is_payments && is_paid(block, index)) {
        const struct address *payer = &w->payments.payers[paid_index(block, index)];
        span_copy(mspan_of(e.topics[1].bytes + 12, 20), SPAN_OF(payer->bytes));
    }
    if (!is_paid(block, index)) {
        e.address.bytes[0] ^= 0xff;
        e.topics[1].bytes[0] ^= w->is_userop;
        e.topics[2].bytes[0] ^= 0xff;
    }
    bloom_add(&e.bloom, SPAN_OF(e.address.bytes));
    for (size_t i = 0; i < 3; i++) {
        bloom_add(&e.bloom, SPAN_OF(e.topics[i].bytes));
    }
    return e;
}

static void put_receipt(
    struct json_writer *j, const struct chain_world *w, size_t block, size_t index, uint64_t gas)
{
    struct event e = event_of(w, block, index);
    uint8_t *data = calloc(1, w->data_len + 1);
    if (w->is_userop) {
        data[63] = w->userop.is_success;
        data[94] = CHAIN_WORLD_COST >> 8;
        data[95] = CHAIN_WORLD_COST & 0xff;
    }
    if (w->is_payments && is_paid(block, index)) {
        data[31] = w->payments.amounts[paid_index(block, index)];
    }
    json_put_object(j);
    put_number(j, "type", 0);
    put_number(j, "status", 1);
    put_number(j, "blockNumber", CHAIN_WORLD_FIRST + block);
    put_number(j, "cumulativeGasUsed", gas * (index + 1));
    put_hex(j, "logsBloom", SPAN_OF(e.bloom.bytes));
    json_put_name(j, "logs");
    json_put_array(j);
    json_put_object(j);
    put_hex(j, "address", SPAN_OF(e.address.bytes));
    json_put_name(j, "topics");
    json_put_array(j);
    for (size_t i = 0; i < 3; i++) {
        jsonrpc_put_data(j, SPAN_OF(e.topics[i].bytes));
    }
    json_end_array(j);
    put_hex(j, "data", span_of(data, w->data_len));
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    free(data);
}

/* make_items has the JSON of a block's items encoded, which evm/tx_json_test.c holds against real ones. */
static void make_items(struct chain_world *w, size_t block)
{
    for (size_t i = 0; i < counts[block]; i++) {
        struct buf text;
        struct json v;
        buf_init(&text, test_budget(), 1 << 21);
        struct wr wr = wr_init_buf(&text);
        struct json_writer j = json_writer_init(&wr);
        put_tx(&j, block, i, 0);
        EXPECT_OK(json_writer_end(&j));
        EXPECT_OK(json_parse(&v, buf_span(&text), NULL));
        EXPECT_OK(tx_json_encode(&w->txs[block][i], v));
        buf_clear(&text);
        wr = wr_init_buf(&text);
        j = json_writer_init(&wr);
        put_receipt(&j, w, block, i, 21000);
        EXPECT_OK(json_writer_end(&j));
        EXPECT_OK(json_parse(&v, buf_span(&text), NULL));
        EXPECT_OK(receipt_json_encode(&w->receipts[block][i], v));
        buf_done(&text);
    }
}

static struct hash32 root_of(const struct buf *items, size_t count)
{
    struct span spans[CHAIN_WORLD_ITEMS_MAX];
    struct hash32 root;
    for (size_t i = 0; i < count; i++) {
        spans[i] = buf_span(&items[i]);
    }
    EXPECT_OK(mpt_root_of_list(&root, spans, count));
    return root;
}

static void world_make(struct chain_world *w)
{
    memset(w->token.bytes, 0x70, sizeof w->token.bytes);
    memset(w->transfer.bytes, 0xdd, sizeof w->transfer.bytes);
    memset(w->payee.bytes + 12, 0x11, 20);
    if (w->is_payments) {
        w->token = w->payments.token;
        w->transfer = erc20_event_topic;
        span_copy(mspan_of(w->payee.bytes + 12, 20), SPAN_OF(w->payments.payee.bytes));
    }
    for (size_t b = 0; b < CHAIN_WORLD_BLOCKS; b++) {
        struct header *h = &w->headers[b];
        w->counts[b] = counts[b];
        for (size_t i = 0; i < CHAIN_WORLD_ITEMS_MAX; i++) {
            buf_init(&w->txs[b][i], test_budget(), 1 << 20);
            buf_init(&w->receipts[b][i], test_budget(), 1 << 20);
        }
        make_items(w, b);
        *h = (struct header){.form = HEADER_LONDON,
                             .number = CHAIN_WORLD_FIRST + b,
                             .timestamp = 1000 + 12 * b,
                             .gas_limit = 30000000,
                             .base_fee = u256_from_u64(7 + b)};
        h->transactions_root = root_of(w->txs[b], counts[b]);
        h->receipts_root = root_of(w->receipts[b], counts[b]);
        for (size_t i = 0; i < counts[b]; i++) {
            struct event e = event_of(w, b, i);
            for (size_t k = 0; k < BLOOM_LEN; k++) {
                h->bloom.bytes[k] |= e.bloom.bytes[k];
            }
        }
        if (b > 0) {
            h->parent_hash = w->headers[b - 1].hash;
        }
        buf_init(&w->rlp[b], test_budget(), HEADER_LEN_MAX);
        EXPECT_OK(header_encode(h, &w->rlp[b]));
        keccak256(&h->hash, buf_span(&w->rlp[b]));
    }
}

void chain_world_init(struct chain_world *w, size_t data_len)
{
    *w = (struct chain_world){.data_len = data_len};
    world_make(w);
}

void chain_world_init_userop(struct chain_world *w, const struct chain_world_userop *what)
{
    *w = (struct chain_world){.data_len = 4 * 32, .is_userop = true, .userop = *what};
    world_make(w);
}

void chain_world_init_payments(struct chain_world *w, const struct chain_world_payments *what)
{
    *w = (struct chain_world){.data_len = 32, .is_payments = true, .payments = *what};
    world_make(w);
}

void chain_world_done(struct chain_world *w)
{
    for (size_t b = 0; b < CHAIN_WORLD_BLOCKS; b++) {
        buf_done(&w->rlp[b]);
        for (size_t i = 0; i < CHAIN_WORLD_ITEMS_MAX; i++) {
            buf_done(&w->txs[b][i]);
            buf_done(&w->receipts[b][i]);
        }
    }
}

struct hash32 chain_world_tx(const struct chain_world *w, size_t block, size_t index)
{
    struct hash32 hash;
    keccak256(&hash, buf_span(&w->txs[block][index]));
    return hash;
}

struct service_request chain_world_request(const struct chain_world *w, enum service_type type)
{
    struct service_request r = {.type = type,
                                .chain_id = 31337,
                                .id = UINT64_C(0x0102030405060708),
                                .block_hash = w->headers[CHAIN_WORLD_BLOCKS - 1].hash};
    if (type == SERVICE_CODE) {
        r.address = w->token;
        keccak256(&r.code_hash, SPAN_OF(code));
        return r;
    }
    r.number = CHAIN_WORLD_FIRST + CHAIN_WORLD_BLOCKS - 1;
    if (type == SERVICE_INCLUSION) {
        r.tx_hash = chain_world_tx(w, 3, 1);
        return r;
    }
    r.blocks = CHAIN_WORLD_BLOCKS;
    if (type == SERVICE_LOGS) {
        r.addresses = SPAN_OF(w->token.bytes);
        r.topics[0] = SPAN_OF(w->transfer.bytes);
        r.topics[2] = SPAN_OF(w->payee.bytes);
    }
    return r;
}

/* ---- the node ---- */

static void put_block(struct json_writer *j,
                      const struct chain_world *w,
                      size_t b,
                      bool is_full,
                      enum chain_fault fault)
{
    const struct header *h = &w->headers[b];
    struct hash32 parent = h->parent_hash;
    parent.bytes[0] ^= fault == CHAIN_FAULT_OTHER_CHAIN;
    json_put_object(j);
    put_hex(j, "parentHash", SPAN_OF(parent.bytes));
    put_hex(j, "sha3Uncles", SPAN_OF(h->ommers_hash.bytes));
    put_hex(j, "miner", SPAN_OF(h->beneficiary.bytes));
    put_hex(j, "stateRoot", SPAN_OF(h->state_root.bytes));
    put_hex(j, "transactionsRoot", SPAN_OF(h->transactions_root.bytes));
    put_hex(j, "receiptsRoot", SPAN_OF(h->receipts_root.bytes));
    put_hex(j, "logsBloom", SPAN_OF(h->bloom.bytes));
    put_hex(j, "extraData", SPAN_EMPTY);
    put_hex(j, "mixHash", SPAN_OF(h->mix_hash.bytes));
    put_hex(j, "nonce", SPAN_OF(h->nonce));
    put_number(j, "difficulty", 0);
    put_number(j, "gasLimit", h->gas_limit);
    put_number(j, "gasUsed", fault == CHAIN_FAULT_HEADER && b == 2 ? 1 : 0);
    put_number(j, "timestamp", h->timestamp);
    put_number(j, "number", h->number);
    json_put_name(j, "baseFeePerGas");
    jsonrpc_put_quantity(j, h->base_fee);
    json_put_name(j, "transactions");
    json_put_array(j);
    size_t count =
        counts[b] - (fault == CHAIN_FAULT_TX_MISSING || fault == CHAIN_FAULT_RECEIPT_LAST);
    for (size_t i = 0; is_full && counts[b] > 0 && i < count; i++) {
        put_tx(j, b, i, fault == CHAIN_FAULT_TYPE ? 0x7e : 0);
    }
    json_end_array(j);
    json_end_object(j);
}

static size_t block_of_hash(const struct chain_world *w, struct json v)
{
    struct hash32 hash = {{0}};
    EXPECT_OK(jsonrpc_get_fixed(MSPAN_OF(hash.bytes), v));
    for (size_t b = 0; b < CHAIN_WORLD_BLOCKS; b++) {
        if (span_equal(SPAN_OF(hash.bytes), SPAN_OF(w->headers[b].hash.bytes))) {
            return b;
        }
    }
    return CHAIN_WORLD_BLOCKS;
}

static void
put_receipts(struct json_writer *j, const struct chain_world *w, size_t b, enum chain_fault fault)
{
    size_t count = counts[b] - (fault == CHAIN_FAULT_RECEIPT_LAST);
    json_put_array(j);
    for (size_t i = 0; counts[b] > 0 && i < count; i++) {
        put_receipt(j, w, b, i, fault == CHAIN_FAULT_RECEIPT ? 21001 : 21000);
    }
    json_end_array(j);
}

/* put_place answers eth_getTransactionReceipt. */
static void put_place(struct json_writer *j,
                      const struct chain_world *w,
                      struct json hash,
                      enum chain_fault fault)
{
    struct hash32 want = {{0}};
    EXPECT_OK(jsonrpc_get_fixed(MSPAN_OF(want.bytes), hash));
    for (size_t b = 0; b < CHAIN_WORLD_BLOCKS; b++) {
        for (size_t i = 0; i < counts[b]; i++) {
            struct hash32 h = chain_world_tx(w, b, i);
            if (span_equal(SPAN_OF(h.bytes), SPAN_OF(want.bytes))) {
                put_receipt(j, w, b - (fault == CHAIN_FAULT_PLACE), i, 21000);
                return;
            }
        }
    }
    json_put_null(j);
}

static void put_result(struct json_writer *j,
                       const struct chain_world *w,
                       struct json ask,
                       enum chain_fault fault)
{
    struct span method;
    struct json params;
    struct json first = {.type = JSON_NULL};
    uint64_t number = 0;
    EXPECT_OK(json_find_plain(&method, ask, "method"));
    EXPECT(json_find(&params, ask, "params") && json_at(&first, params, 0));
    if (span_equal(method, SPAN_LIT("eth_getBlockByNumber"))) {
        EXPECT_OK(jsonrpc_get_u64(&number, first));
        EXPECT(number >= CHAIN_WORLD_FIRST && number < CHAIN_WORLD_FIRST + CHAIN_WORLD_BLOCKS);
        put_block(j, w, (size_t)number - CHAIN_WORLD_FIRST, false, fault);
    } else if (span_equal(method, SPAN_LIT("eth_getBlockByHash"))) {
        put_block(j, w, block_of_hash(w, first), true, fault);
    } else if (span_equal(method, SPAN_LIT("eth_getBlockReceipts"))) {
        put_receipts(j, w, block_of_hash(w, first), fault);
    } else if (span_equal(method, SPAN_LIT("eth_getTransactionReceipt"))) {
        put_place(j, w, first, fault);
    } else {
        EXPECT(span_equal(method, SPAN_LIT("eth_getCode")));
        jsonrpc_put_data(j, span_first(SPAN_OF(code), fault == CHAIN_FAULT_CODE ? 1 : 2));
    }
}

void chain_world_answer(const struct chain_world *w,
                        struct span ask,
                        struct buf *out,
                        enum chain_fault fault)
{
    struct json batch;
    struct json one;
    struct json id;
    struct wr wr = wr_init_buf(out);
    struct json_writer j = json_writer_init(&wr);
    if (fault == CHAIN_FAULT_TEXT) {
        wr_str(&wr, "no");
        return;
    }
    EXPECT_OK(json_parse(&batch, ask, NULL));
    struct json_iter it = json_iterate(batch);
    json_put_array(&j);
    while (json_next(&it, NULL, &one)) {
        EXPECT(json_find(&id, one, "id"));
        json_put_object(&j);
        json_put_name(&j, "jsonrpc");
        json_put_str(&j, "2.0");
        json_put_name(&j, "id");
        json_put_raw(&j, id.raw);
        json_put_name(&j, fault == CHAIN_FAULT_ERROR ? "error" : "result");
        if (fault == CHAIN_FAULT_ERROR) {
            json_put_raw(&j, SPAN_LIT("{\"code\":-32601,\"message\":\"no such method\"}"));
        } else {
            put_result(&j, w, one, fault);
        }
        json_end_object(&j);
    }
    json_end_array(&j);
    EXPECT_OK(json_writer_end(&j));
}

/* ---- a server in front of it ---- */

size_t chain_world_turn(struct service_server *s,
                        const struct chain_world *w,
                        enum chain_fault fault,
                        instant now)
{
    size_t count = 0;
    struct service_server_event e;
    while (service_server_poll(s, &e, now)) {
        struct buf text;
        uint64_t token = e.token;
        if (e.kind != SERVICE_SERVER_ASK) {
            continue;
        }
        buf_init(&text, test_budget(), SERVICE_RESPONSE_LEN_MAX);
        if (e.text.p[0] == '[') {
            chain_world_answer(w, e.text, &text, fault);
            count++;
        } else { /* the head */
            struct json ask;
            struct json id;
            struct wr wr = wr_init_buf(&text);
            EXPECT(json_parse(&ask, e.text, NULL) == OK && json_find(&id, ask, "id"));
            wr_str(&wr, "{\"jsonrpc\":\"2.0\",\"id\":");
            wr_bytes(&wr, id.raw);
            wr_str(&wr, ",\"result\":");
            struct json_writer j = json_writer_init(&wr);
            json_put_object(&j);
            put_number(&j, "number", CHAIN_WORLD_FIRST);
            put_hex(&j, "hash", SPAN_OF(w->headers[0].hash.bytes));
            put_hex(&j, "parentHash", SPAN_OF(w->headers[0].parent_hash.bytes));
            put_number(&j, "timestamp", 1);
            json_end_object(&j);
            EXPECT_OK(json_writer_end(&j));
            wr_str(&wr, "}");
        }
        service_server_answer(s, token, buf_span(&text), now);
        buf_done(&text);
    }
    return count;
}

void chain_world_carry(struct service_server *s,
                       struct service_stream *st,
                       struct service_client *c)
{
    static uint8_t wire[1000]; /* what is read may point into it */
    instant now = {.us = 1000000};
    for (struct span out = service_server_waiting(st); out.n > 0;
         out = service_server_waiting(st)) {
        struct span in = span_of(wire, span_copy(MSPAN_OF(wire), span_first(out, sizeof wire)));
        size_t n = in.n;
        enum err e = service_client_recv(c, now, &in);
        service_server_sent(s, st, n);
        if (!EXPECT(e == OK || in.n == 0)) {
            return;
        }
    }
    EXPECT(service_server_is_finished(st));
}

enum service_code chain_world_exchange(const struct chain_world *w,
                                       struct buf *ret_body,
                                       const struct service_request *r,
                                       enum chain_fault fault)
{
    static struct service_server s;
    static struct service_client c;
    const struct service_server_cfg cfg = {.budget = test_budget(),
                                           .chain_id = 31337,
                                           .agent = "test",
                                           .limits = service_server_limits_default()};
    const struct service_peer peer = {.id = SPAN_LIT("peer"), .group = SPAN_LIT("net")};
    instant now = {.us = 1000000};
    struct service_stream *st;
    struct service_client_event e;
    enum service_code answer = SERVICE_INTERNAL;
    EXPECT_OK(service_server_init(&s, &cfg, now));
    EXPECT_OK(service_client_init(&c, test_budget(), r, now));
    (void)chain_world_turn(&s, w, CHAIN_FAULT_NONE, now);
    EXPECT_OK(service_server_open(&s, &st, peer, NULL, now));
    service_server_recv(&s, st, service_client_waiting(&c), now);
    (void)chain_world_turn(&s, w, fault, now);
    chain_world_carry(&s, st, &c);
    buf_clear(ret_body);
    if (EXPECT(service_client_poll(&c, &e)) && EXPECT_EQ(SERVICE_CLIENT_ANSWER, e.kind)) {
        answer = e.response.code;
        EXPECT_OK(buf_append(ret_body, e.response.body));
    }
    EXPECT_EQ(0, s.asks_count);
    service_client_done(&c);
    service_server_reset(&s, st);
    service_server_done(&s);
    return answer;
}
