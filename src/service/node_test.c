#include "service/node_test.h"

#include "base/test.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/jsonrpc.h"

#include <string.h>

const struct address scripted_self = {
    {0x9d, 0x8a, 0x62, 0xf6, 0x56, 0xa8, 0xd1, 0x61, 0x5c, 0x12,
     0x94, 0xfd, 0x71, 0xe9, 0xcf, 0xb3, 0xe4, 0x85, 0x5a, 0x4f}
};

static const char *const codes[4] = {"PROXY", "IMPLEMENTATION", "VERIFIER", "FACTORY"};

struct bundler_known scripted_known_ready[4] = {
    {.role = BUNDLER_PROXY},
    {.role = BUNDLER_IMPLEMENTATION, .address = {{0x22}}},
    {.role = BUNDLER_VERIFIER, .address = {{0x33}}},
    {.role = BUNDLER_FACTORY, .address = {{0x44}}},
};

void scripted_node_init(struct scripted_node *n)
{
    memset(n, 0, sizeof *n);
    n->block = 100;
    n->base_fee = 1000;
    n->account_exists = true;
    n->chain_id = 31337;
    n->entry_point = userop_entry_point_08;
    n->self = scripted_self;
    for (size_t i = 0; i < 4; i++) {
        keccak256(&scripted_known_ready[i].code_hash, span_str(codes[i]));
    }
}

static void put_word(struct json_writer *j, struct span left)
{
    uint8_t word[32] = {0};
    (void)span_copy(mspan_of(word + 32 - left.n, left.n), left);
    json_put_hex(j, SPAN_OF(word));
}

static void put_code(struct scripted_node *n, struct json_writer *j, struct address a)
{
    const char *code = n->account_exists ? codes[0] : "";
    for (size_t i = 1; i < 4; i++) {
        if (address_equal(a, scripted_known_ready[i].address)) {
            code = i == 2 && n->other_verifier_code ? "OTHER" : codes[i];
        }
    }
    json_put_hex(j, span_str(code));
}

static void put_error(struct json_writer *j, const char *message, struct span data)
{
    json_put_name(j, "error");
    json_put_object(j);
    json_put_name(j, "code");
    json_put_i64(j, data.n ? 3 : -32000);
    json_put_name(j, "message");
    json_put_str(j, message);
    if (data.n) {
        json_put_name(j, "data");
        json_put_hex(j, data);
    }
    json_end_object(j);
}

static void put_simulation(struct scripted_node *n, struct json_writer *j)
{
    if (n->plain_error) {
        put_error(j, n->plain_error, SPAN_EMPTY);
        return;
    }
    if (!n->sim_error) {
        json_put_name(j, "result");
        json_put_str(j, "0x");
        return;
    }
    struct buf b;
    buf_init(&b, test_budget(), 1024);
    EXPECT_OK(buf_append(&b, test_hex("220266b6")));
    struct abi_wr w = abi_wr_init(&b, 2);
    abi_wr_u64(&w, 0);
    abi_wr_bytes(&w, span_str(n->sim_error));
    EXPECT_OK(abi_wr_end(&w));
    put_error(j, "execution reverted", buf_span(&b));
    buf_done(&b);
}

static void block_hash(const struct scripted_node *n, uint64_t number, struct hash32 *ret)
{
    uint64_t both[2] = {number, n->fork};
    keccak256(ret, SPAN_OF(both));
}

struct service_head scripted_node_head(const struct scripted_node *n)
{
    struct service_head h = {.number = n->block,
                             .time_s = 1700000000 + n->block,
                             .base_fee_per_gas = u256_from_u64(n->base_fee)};
    block_hash(n, n->block, &h.hash);
    block_hash(n, n->block - 1, &h.parent_hash);
    return h;
}

static void put_block(struct scripted_node *n, struct json_writer *j)
{
    struct service_head h = scripted_node_head(n);
    json_put_object(j);
    json_put_name(j, "number");
    jsonrpc_put_u64(j, h.number);
    json_put_name(j, "hash");
    json_put_hex(j, SPAN_OF(h.hash.bytes));
    json_put_name(j, "parentHash");
    json_put_hex(j, SPAN_OF(h.parent_hash.bytes));
    json_put_name(j, "timestamp");
    jsonrpc_put_u64(j, h.time_s);
    json_put_name(j, "baseFeePerGas");
    jsonrpc_put_quantity(j, h.base_fee_per_gas);
    json_end_object(j);
}

static void
put_receipt(struct scripted_node *n, struct json_writer *j, const struct scripted_tx *tx)
{
    static const struct hash32 none;
    bool is_op = !span_equal(SPAN_OF(tx->userop.bytes), SPAN_OF(none.bytes));
    json_put_object(j);
    json_put_name(j, "transactionHash");
    json_put_hex(j, SPAN_OF(tx->hash.bytes));
    json_put_name(j, "status");
    jsonrpc_put_u64(j, !(is_op && n->bundle_reverts));
    json_put_name(j, "blockNumber");
    jsonrpc_put_u64(j, tx->block);
    json_put_name(j, "gasUsed");
    jsonrpc_put_u64(j, 150000);
    json_put_name(j, "effectiveGasPrice");
    jsonrpc_put_u64(j, 3);
    json_put_name(j, "logs");
    json_put_array(j);
    if (is_op && !n->bundle_reverts) {
        struct hash32 topic;
        uint8_t data[128] = {0};
        keccak256(
            &topic,
            SPAN_LIT("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)"));
        data[63] = !n->op_reverts;
        data[95] = 77;
        u256_to_be(data + 96, u256_from_u64(150000));
        json_put_object(j);
        json_put_name(j, "address");
        jsonrpc_put_address(j, n->entry_point);
        json_put_name(j, "topics");
        json_put_array(j);
        json_put_hex(j, SPAN_OF(topic.bytes));
        json_put_hex(j, SPAN_OF(tx->userop.bytes));
        json_end_array(j);
        json_put_name(j, "data");
        json_put_hex(j, SPAN_OF(data));
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

/* take_raw puts a transaction into the pool, as a node would: one for each nonce, unless it pays a tenth more. */
static const char *take_raw(struct scripted_node *n, struct span raw, struct hash32 *ret_hash)
{
    struct tx tx;
    struct buf scratch;
    struct address sender = {0};
    n->sends_count++;
    tx_hash(ret_hash, raw);
    buf_init(&scratch, test_budget(), SCRIPTED_RAW_LEN_MAX);
    bool ok = tx_decode(&tx, raw) == OK && tx_sender(&sender, &tx, &scratch) == OK;
    buf_done(&scratch);
    if (!EXPECT(ok) || !EXPECT(address_equal(sender, n->self)) ||
        !EXPECT(tx.chain_id == n->chain_id)) {
        return "broken";
    }
    if (n->send_error) {
        return n->send_error;
    }
    if (n->forgets_sends) {
        return NULL;
    }
    if (tx.nonce < n->nonce) {
        return "nonce too low";
    }
    for (size_t i = 0; i < n->txs_count; i++) {
        if (span_equal(SPAN_OF(n->txs[i].hash.bytes), SPAN_OF(ret_hash->bytes))) {
            return "already known";
        }
        if (!n->txs[i].is_mined && n->txs[i].nonce == tx.nonce &&
            u256_compare(tx.max_fee_per_gas,
                         u256_add_sat(n->txs[i].fee, u256_from_u64(n->txs[i].fee.w[0] / 10))) < 0) {
            return "replacement transaction underpriced";
        }
    }
    if (!EXPECT(n->txs_count < SCRIPTED_TXS_MAX)) {
        return "full";
    }
    struct scripted_tx *t = &n->txs[n->txs_count++];
    *t = (struct scripted_tx){.hash = *ret_hash, .nonce = tx.nonce, .fee = tx.max_fee_per_gas};
    if (tx.data.n > 0) {
        struct userop op;
        struct address beneficiary;
        struct userop_domain d = {.entry_point = n->entry_point,
                                  .chain_id = u256_from_u64(n->chain_id)};
        EXPECT(address_equal(tx.to, n->entry_point));
        EXPECT_OK(userop_decode_handle_ops(&op, &beneficiary, tx.data));
        EXPECT_OK(userop_hash(&t->userop, &op, &d));
    } else {
        EXPECT(address_equal(tx.to, n->self));
    }
    return NULL;
}

static void put_sent(struct scripted_node *n, struct json_writer *j, struct json param)
{
    static uint8_t raw[SCRIPTED_RAW_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(raw));
    struct hash32 hash;
    EXPECT_OK(jsonrpc_get_data(&w, param));
    const char *error = take_raw(n, span_of(raw, w.n), &hash);
    if (error) {
        put_error(j, error, SPAN_EMPTY);
        return;
    }
    json_put_name(j, "result");
    json_put_hex(j, SPAN_OF(hash.bytes));
}

static void put_tracked(struct scripted_node *n, struct json_writer *j, struct json param)
{
    uint8_t hash[32];
    EXPECT_OK(jsonrpc_get_fixed(MSPAN_OF(hash), param));
    for (size_t i = 0; i < n->txs_count; i++) {
        if (n->txs[i].is_mined && span_equal(SPAN_OF(hash), SPAN_OF(n->txs[i].hash.bytes))) {
            put_receipt(n, j, &n->txs[i]);
            return;
        }
    }
    json_put_null(j);
}

void scripted_node_answer(struct scripted_node *n, struct span ask, struct buf *out)
{
    struct json root;
    struct json params;
    struct json first = {0};
    struct span method;
    uint64_t id = 0;
    n->asks_count++;
    if (!EXPECT(json_parse(&root, ask, NULL) == OK) ||
        !EXPECT(json_find(&params, root, "params"))) {
        return;
    }
    EXPECT_OK(json_find_u64(&id, root, "id"));
    EXPECT_OK(json_find_plain(&method, root, "method"));
    (void)json_at(&first, params, 0);
    struct wr w = wr_init_buf(out);
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "jsonrpc");
    json_put_str(&j, "2.0");
    json_put_name(&j, "id");
    json_put_u64(&j, id);
    struct address a = {0};
    if (span_equal(method, SPAN_LIT("eth_call"))) {
        put_simulation(n, &j);
    } else if (span_equal(method, SPAN_LIT("eth_sendRawTransaction"))) {
        put_sent(n, &j, first);
    } else {
        json_put_name(&j, "result");
        if (span_equal(method, SPAN_LIT("eth_getCode"))) {
            EXPECT_OK(jsonrpc_get_address(&a, first));
            put_code(n, &j, a);
        } else if (span_equal(method, SPAN_LIT("eth_getStorageAt"))) {
            a.bytes[0] = n->other_implementation ? 0x23 : 0x22;
            put_word(&j, SPAN_OF(a.bytes));
        } else if (span_equal(method, SPAN_LIT("eth_getTransactionCount"))) {
            jsonrpc_put_u64(&j, n->nonce);
        } else if (span_equal(method, SPAN_LIT("eth_getTransactionReceipt"))) {
            put_tracked(n, &j, first);
        } else if (span_equal(method, SPAN_LIT("eth_getBlockByNumber"))) {
            put_block(n, &j);
        } else {
            json_put_string(&j, method); /* what was asked, so that a test sees it arrive */
        }
    }
    json_end_object(&j);
    EXPECT_OK(json_writer_end(&j));
}

bool scripted_node_mine(struct scripted_node *n)
{
    struct scripted_tx *best = NULL;
    n->block++;
    for (size_t i = 0; i < n->txs_count; i++) {
        struct scripted_tx *t = &n->txs[i];
        if (!t->is_mined && t->nonce == n->nonce &&
            u256_compare(t->fee, u256_from_u64(n->base_fee)) >= 0 &&
            (!best || u256_compare(t->fee, best->fee) > 0)) {
            best = t;
        }
    }
    if (!best) {
        return false;
    }
    best->is_mined = true;
    best->block = n->block;
    n->nonce++;
    return true;
}

unsigned scripted_node_executed(const struct scripted_node *n, const struct hash32 *userop)
{
    unsigned count = 0;
    for (size_t i = 0; i < n->txs_count; i++) {
        count += n->txs[i].is_mined &&
                 span_equal(SPAN_OF(n->txs[i].userop.bytes), SPAN_OF(userop->bytes));
    }
    return count;
}

static enum err
sign(struct bundler_signer *self, struct secp256k1_signature *ret_sig, struct span unsigned_tx)
{
    (void)self;
    struct hash32 hash;
    keccak256(&hash, unsigned_tx);
    struct secret32 key;
    memset(key.bytes, 0x46, sizeof key.bytes);
    return secp256k1_sign(ret_sig, &key, &hash);
}

struct bundler_signer scripted_signer = {.sign = sign};

static enum err store_put(struct bundler_store *self, const struct hash32 *key, struct span record)
{
    struct scripted_store *s = (struct scripted_store *)(void *)self;
    if (s->is_broken) {
        return ERR_IO;
    }
    s->puts_count++;
    size_t i = 0;
    while (i < s->count && !span_equal(SPAN_OF(s->records[i].key.bytes), SPAN_OF(key->bytes))) {
        i++;
    }
    if (!EXPECT(i < sizeof s->records / sizeof *s->records) ||
        !EXPECT(record.n <= sizeof s->records[i].record)) {
        return ERR_IO;
    }
    s->count += i == s->count;
    s->records[i].key = *key;
    s->records[i].n = span_copy(MSPAN_OF(s->records[i].record), record);
    return OK;
}

static void store_remove(struct bundler_store *self, const struct hash32 *key)
{
    struct scripted_store *s = (struct scripted_store *)(void *)self;
    for (size_t i = 0; i < s->count; i++) {
        if (span_equal(SPAN_OF(s->records[i].key.bytes), SPAN_OF(key->bytes))) {
            s->records[i] = s->records[--s->count];
            return;
        }
    }
}

void scripted_store_init(struct scripted_store *s)
{
    memset(s, 0, sizeof *s);
    s->port.put = store_put;
    s->port.remove = store_remove;
}

void scripted_userop(
    struct buf *out, uint8_t account, uint64_t nonce, uint64_t fee, uint8_t variant)
{
    uint8_t owner[116] = {0x33};
    struct buf sig;
    buf_init(&sig, test_budget(), 1024);
    struct abi_wr w = abi_wr_init(&sig, 2);
    abi_wr_array_begin(&w, 1, 1);
    abi_wr_bytes(&w, SPAN_OF(owner));
    abi_wr_close(&w);
    abi_wr_array_begin(&w, 1, 1);
    abi_wr_bytes(&w, SPAN_LIT("a signature"));
    abi_wr_close(&w);
    EXPECT_OK(abi_wr_end(&w));
    struct userop op = {
        .nonce = u256_from_u64(nonce),
        .call_data = span_of(&variant, 1),
        .verification_gas_limit = u256_from_u64(200000),
        .call_gas_limit = u256_from_u64(100000),
        .pre_verification_gas = u256_from_u64(80000),
        .max_fee_per_gas = u256_from_u64(fee),
        .max_priority_fee_per_gas = u256_from_u64(fee / 10),
        .signature = buf_span(&sig),
    };
    op.sender.bytes[19] = account;
    EXPECT_OK(userop_encode(&op, out));
    buf_done(&sig);
}
