#include "service/proof_world_test.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/account_proof.h"
#include "evm/header.h"
#include "evm/jsonrpc.h"
#include "evm/rlp.h"
#include "service/proof.h"

#include <string.h>

static void leaf_write(struct buf *out, struct hash32 *ret_root, struct span key, struct span value)
{
    uint8_t path[33] = {0x20};
    struct hash32 hash;
    keccak256(&hash, key);
    memcpy(path + 1, hash.bytes, 32);
    struct rlp_wr w = rlp_wr_init(out);
    rlp_wr_list_begin(&w);
    rlp_wr_bytes(&w, SPAN_OF(path));
    rlp_wr_bytes(&w, value);
    rlp_wr_list_end(&w);
    EXPECT_OK(rlp_wr_end(&w));
    keccak256(ret_root, buf_span(out));
}

void proof_world_init(struct proof_world *w)
{
    proof_world_init_code(w, SPAN_EMPTY);
}

void proof_world_init_code(struct proof_world *w, struct span code)
{
    struct hash32 code_hash;
    keccak256(&code_hash, code);
    *w = (struct proof_world){
        .request = {.type = SERVICE_ACCOUNT_PROOF, .chain_id = 31337}
    };
    w->request.id = UINT64_C(0x0102030405060708);
    buf_init(&w->storage_leaf, test_budget(), 1024);
    buf_init(&w->state_leaf, test_budget(), 1024);
    buf_init(&w->header, test_budget(), 1024);
    struct buf account;
    buf_init(&account, test_budget(), 1024);
    struct hash32 storage_root;
    leaf_write(&w->storage_leaf, &storage_root, span_of(w->slots, 32), test_hex("2a"));
    struct rlp_wr r = rlp_wr_init(&account);
    rlp_wr_list_begin(&r);
    rlp_wr_u64(&r, 7);
    rlp_wr_u256(&r, u256_from_u64(UINT64_C(1000000000000000000)));
    rlp_wr_bytes(&r, SPAN_OF(storage_root.bytes));
    rlp_wr_bytes(&r, SPAN_OF(code_hash.bytes));
    rlp_wr_list_end(&r);
    EXPECT_OK(rlp_wr_end(&r));
    memset(w->request.address.bytes, 0x11, sizeof w->request.address.bytes);
    leaf_write(&w->state_leaf, &w->state_root, SPAN_OF(w->request.address.bytes),
               buf_span(&account));
    buf_done(&account);
    struct header h = {.form = HEADER_FRONTIER, .state_root = w->state_root, .number = 5};
    EXPECT_OK(header_encode(&h, &w->header));
    keccak256(&w->request.block_hash, buf_span(&w->header));
    w->slots[63] = 1; /* slot 0, which is set, and slot 1, which is not */
    w->request.slots = SPAN_OF(w->slots);
}

void proof_world_done(struct proof_world *w)
{
    buf_done(&w->storage_leaf);
    buf_done(&w->state_leaf);
    buf_done(&w->header);
}

static void put_data(struct json_writer *j, const char *name, struct span bytes)
{
    json_put_name(j, name);
    jsonrpc_put_data(j, bytes);
}

void proof_world_put_result(struct json_writer *j, uint64_t id)
{
    json_put_object(j);
    json_put_name(j, "jsonrpc");
    json_put_str(j, "2.0");
    json_put_name(j, "id");
    json_put_u64(j, id);
    json_put_name(j, "result");
}

void proof_world_put_block(struct json_writer *j, const struct proof_world *w, uint64_t number)
{
    struct header h;
    EXPECT_OK(header_decode(&h, buf_span(&w->header)));
    json_put_object(j);
    put_data(j, "parentHash", SPAN_OF(h.parent_hash.bytes));
    put_data(j, "sha3Uncles", SPAN_OF(h.ommers_hash.bytes));
    put_data(j, "miner", SPAN_OF(h.beneficiary.bytes));
    put_data(j, "stateRoot", SPAN_OF(h.state_root.bytes));
    put_data(j, "transactionsRoot", SPAN_OF(h.transactions_root.bytes));
    put_data(j, "receiptsRoot", SPAN_OF(h.receipts_root.bytes));
    put_data(j, "logsBloom", SPAN_OF(h.bloom.bytes));
    put_data(j, "extraData", SPAN_EMPTY);
    put_data(j, "mixHash", SPAN_OF(h.mix_hash.bytes));
    put_data(j, "nonce", SPAN_OF(h.nonce));
    static const char *const zeros[] = {"difficulty", "gasLimit", "gasUsed", "timestamp"};
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        json_put_name(j, zeros[i]);
        json_put_str(j, "0x0");
    }
    json_put_name(j, "number");
    jsonrpc_put_u64(j, number);
    json_end_object(j);
}

void proof_world_put_node(struct json_writer *j, struct span node, bool is_broken)
{
    uint8_t copy[512];
    size_t n = span_copy(MSPAN_OF(copy), node);
    copy[n - 1] ^= is_broken;
    json_put_array(j);
    jsonrpc_put_data(j, span_of(copy, n));
    json_end_array(j);
}

void proof_world_body(const struct proof_world *w, struct buf *out)
{
    const struct span state = buf_span(&w->state_leaf);
    const struct span storage = buf_span(&w->storage_leaf);
    const struct mpt_proof account = {.nodes = &state, .nodes_count = 1};
    const struct mpt_proof slot = {.nodes = &storage, .nodes_count = 1};
    struct service_proof_writer writer;
    service_proof_writer_init(&writer, out, &w->request);
    EXPECT_OK(service_proof_put_header(&writer, buf_span(&w->header)));
    EXPECT_OK(service_proof_put_path(&writer, &account));
    EXPECT_OK(service_proof_put_path(&writer, &slot));
    EXPECT_OK(service_proof_put_path(&writer, &slot));
}
