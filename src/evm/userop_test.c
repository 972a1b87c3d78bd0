#include "evm/userop.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "evm/jsonrpc.h"

#include <string.h>

TEST(domain_separator)
{
    /* The typed data of the domain as any EIP-712 implementation sees it must give the same: see the comparison
     * with viem; here only that each part counts. */
    struct userop_domain d = {.entry_point = userop_entry_point_08, .chain_id = u256_from_u64(1)};
    struct hash32 a;
    struct hash32 b;
    userop_domain_separator(&a, &d);
    d.chain_id = u256_from_u64(2);
    userop_domain_separator(&b, &d);
    EXPECT(!span_equal(SPAN_OF(a.bytes), SPAN_OF(b.bytes)));
    char text[ADDRESS_TEXT_LEN];
    address_print(text, userop_entry_point_08);
    EXPECT_STR("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108", text);
}

/* get_bytes decodes a member of 0x text into out. */
static struct span get_bytes(struct json v, const char *name, struct buf *out)
{
    struct json member;
    struct wr w = wr_init_buf(out);
    if (!EXPECT(json_find(&member, v, name))) {
        return SPAN_EMPTY;
    }
    size_t start = out->n;
    EXPECT_OK(jsonrpc_get_data(&w, member));
    return span_of(out->p + start, out->n - start);
}

/* contracts/deployments.json: a hash that the EntryPoint itself returned from getUserOpHash. */
TEST(hash_of_the_real_entry_point)
{
    struct span file;
    struct json root;
    struct json vectors;
    struct json vector = {0};
    struct json packed;
    TEST_REQUIRE(test_file("contracts/deployments.json", &file));
    TEST_REQUIRE(json_parse(&root, file, NULL) == OK);
    TEST_REQUIRE(json_find(&vectors, root, "vectors") && json_find(&vector, vectors, "user_op"));
    TEST_REQUIRE(json_find(&packed, vector, "packed"));
    struct buf bytes;
    buf_init(&bytes, test_budget(), 1 << 16);
    TEST_REQUIRE(buf_reserve(&bytes, 1 << 16) == OK); /* so that spans into it stay */
    struct userop op = {0};
    struct userop_domain d = {.entry_point = userop_entry_point_08};
    uint64_t chain_id = 0;
    EXPECT_OK(json_find_u64(&chain_id, vector, "chain_id"));
    d.chain_id = u256_from_u64(chain_id);
    EXPECT_OK(jsonrpc_find_address(&op.sender, packed, "sender"));
    EXPECT_OK(jsonrpc_find_quantity(&op.nonce, packed, "nonce"));
    EXPECT_OK(jsonrpc_find_quantity(&op.pre_verification_gas, packed, "preVerificationGas"));
    op.init_code = get_bytes(packed, "initCode", &bytes);
    op.call_data = get_bytes(packed, "callData", &bytes);
    op.paymaster_and_data = get_bytes(packed, "paymasterAndData", &bytes);
    struct span limits = get_bytes(packed, "accountGasLimits", &bytes);
    struct span fees = get_bytes(packed, "gasFees", &bytes);
    TEST_REQUIRE(limits.n == 32 && fees.n == 32);
    EXPECT_OK(u256_from_be(&op.verification_gas_limit, span_first(limits, 16)));
    EXPECT_OK(u256_from_be(&op.call_gas_limit, span_from(limits, 16)));
    EXPECT_OK(u256_from_be(&op.max_priority_fee_per_gas, span_first(fees, 16)));
    EXPECT_OK(u256_from_be(&op.max_fee_per_gas, span_from(fees, 16)));
    struct hash32 want;
    struct hash32 got;
    EXPECT_OK(jsonrpc_find_fixed(MSPAN_OF(want.bytes), vector, "hash"));
    EXPECT_OK(userop_hash(&got, &op, &d));
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
    buf_done(&bytes);
}

static struct userop example(void)
{
    struct userop op = {
        .nonce = u256_from_u64(7),
        .call_data = SPAN_LIT("call"),
        .verification_gas_limit = u256_from_u64(100),
        .call_gas_limit = u256_from_u64(20),
        .max_priority_fee_per_gas = u256_from_u64(3),
        .max_fee_per_gas = u256_from_u64(1000),
        .pre_verification_gas = u256_from_u64(4),
        .signature = SPAN_LIT("a signature"),
    };
    memset(op.sender.bytes, 0x11, sizeof op.sender.bytes);
    return op;
}

TEST(fees)
{
    struct userop op = example();
    EXPECT_EQ(124, userop_gas_max(&op).w[0]);
    EXPECT_EQ(124000, userop_fee_max(&op).w[0]);
    uint8_t paymaster[52] = {0};
    paymaster[20 + 15] = 50;
    paymaster[20 + 31] = 6;
    op.paymaster_and_data = SPAN_OF(paymaster);
    EXPECT_EQ(180, userop_gas_max(&op).w[0]);
    op.paymaster_and_data.n = 51;
    EXPECT(u256_equal(U256_MAX, userop_gas_max(&op)));
    op = example();
    op.pre_verification_gas = U256_MAX;
    EXPECT(u256_equal(U256_MAX, userop_gas_max(&op)));
    EXPECT(u256_equal(U256_MAX, userop_fee_max(&op)));
}

TEST(limits)
{
    struct userop op = example();
    struct hash32 h;
    struct userop_domain d = {.entry_point = userop_entry_point_08};
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    op.call_gas_limit = (struct u256){
        .w = {0, 0, 1, 0}
    };
    EXPECT_ERR(ERR_LIMIT, userop_hash(&h, &op, &d));
    EXPECT_ERR(ERR_LIMIT, userop_encode(&op, &b));
    op = example();
    op.init_code = SPAN_LIT("\x77\x02");
    EXPECT_ERR(ERR_UNSUPPORTED, userop_hash(&h, &op, &d));
    buf_done(&b);
}

TEST(round_trip_and_cuts)
{
    struct userop op = example();
    struct userop back;
    struct address beneficiary = {{1}};
    struct address to;
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    EXPECT_OK(userop_encode_handle_ops(&op, beneficiary, &b));
    EXPECT_OK(userop_decode_handle_ops(&back, &to, buf_span(&b)));
    EXPECT(address_equal(to, beneficiary));
    EXPECT_SPAN(op.signature, back.signature);
    EXPECT_SPAN(op.call_data, back.call_data);
    EXPECT(u256_equal(op.call_gas_limit, back.call_gas_limit));
    for (size_t n = 0; n < b.n; n++) {
        EXPECT(userop_decode_handle_ops(&back, &to, span_first(buf_span(&b), n)) != OK);
    }
    buf_done(&b);
}

/* Gas of call data by hand: 21,000, then 4 and 16 a byte and the EntryPoint's work, or the floor of 10 and 40. */
TEST(calldata_gas)
{
    uint8_t call[3000] = {0};
    EXPECT_EQ(21000 + 10000, userop_calldata_gas(SPAN_EMPTY));
    EXPECT_EQ(21000 + 10000 + 4 * 100, userop_calldata_gas(span_of(call, 100)));
    memset(call, 1, sizeof call);
    EXPECT_EQ(21000 + 10000 + 16 * 100, userop_calldata_gas(span_of(call, 100)));
    EXPECT_EQ(21000 + 40 * 3000, userop_calldata_gas(SPAN_OF(call)));
}

TEST_MAIN
