/* User operations of ERC-4337, EntryPoint 0.8. */
#include "evm/userop.h"

#include "crypto/keccak.h"
#include "evm/abi.h"

#include <string.h>

const struct address userop_entry_point_08 = {
    {0x43, 0x37, 0x08, 0x4d, 0x9e, 0x25, 0x5f, 0xf0, 0x70, 0x24,
     0x61, 0xcf, 0x88, 0x95, 0xce, 0x9e, 0x3b, 0x5f, 0xf1, 0x08}
};

enum {
    OP_WORDS = 9,            /* of a PackedUserOperation's head */
    PAYMASTER_HEAD_LEN = 52, /* address and two gas limits */
    HALF = 16,               /* bytes of a packed gas limit */
    TX_GAS = 21000,
    /* EIP-2028 and EIP-7623: gas for a byte of call data, and the floor */
    ZERO_BYTE_GAS = 4,
    BYTE_GAS = 16,
    ZERO_BYTE_FLOOR_GAS = 10,
    BYTE_FLOOR_GAS = 40,
    /* what EntryPoint 0.8 spends on an operation outside the parts that it meters: measured on it, and
     * rounded up */
    ENTRY_POINT_GAS = 10000,
};

static const uint8_t handle_ops_selector[ABI_SELECTOR_LEN] = {0x76, 0x5e, 0x82, 0x7f};

static void hash_word(uint8_t out[static 32], struct span bytes)
{
    struct hash32 h;
    keccak256(&h, bytes);
    memcpy(out, h.bytes, 32);
}

/* pack puts two numbers below 2^128 side by side. */
MUST_CHECK static enum err pack(uint8_t out[static 32], struct u256 high, struct u256 low)
{
    if (u256_bit_len(high) > 128 || u256_bit_len(low) > 128) {
        return ERR_LIMIT;
    }
    struct u256 both = {
        .w = {low.w[0], low.w[1], high.w[0], high.w[1]}
    };
    u256_to_be(out, both);
    return OK;
}

static void unpack(struct u256 *ret_high, struct u256 *ret_low, struct u256 both)
{
    *ret_high = (struct u256){
        .w = {both.w[2], both.w[3], 0, 0}
    };
    *ret_low = (struct u256){
        .w = {both.w[0], both.w[1], 0, 0}
    };
}

void userop_domain_separator(struct hash32 *ret_hash, const struct userop_domain *domain)
{
    uint8_t words[5][32] = {0};
    hash_word(
        words[0],
        SPAN_LIT(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"));
    hash_word(words[1], SPAN_LIT("ERC4337"));
    hash_word(words[2], SPAN_LIT("1"));
    u256_to_be(words[3], domain->chain_id);
    memcpy(words[4] + 12, domain->entry_point.bytes, 20);
    keccak256(ret_hash, SPAN_OF(words));
}

/* is_eip7702 knows the marker that stands for a factory where the account is delegated by EIP-7702. */
static bool is_eip7702(struct span init_code)
{
    static const uint8_t marker[20] = {0x77, 0x02};
    return init_code.n >= 2 && span_equal(span_first(init_code, 20),
                                          span_of(marker, init_code.n < 20 ? init_code.n : 20));
}

enum err
userop_hash(struct hash32 *ret_hash, const struct userop *op, const struct userop_domain *domain)
{
    if (is_eip7702(op->init_code)) {
        return ERR_UNSUPPORTED;
    }
    /* SPEC ercs/ERC-4337 §"UserOperation": since 0.8 the hash is EIP-712's of PackedUserOperation without
     * the signature. */
    uint8_t words[9][32] = {0};
    hash_word(
        words[0],
        SPAN_LIT("PackedUserOperation(address sender,uint256 nonce,bytes initCode,bytes callData,"
                 "bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,"
                 "bytes paymasterAndData)"));
    memcpy(words[1] + 12, op->sender.bytes, 20);
    u256_to_be(words[2], op->nonce);
    hash_word(words[3], op->init_code);
    hash_word(words[4], op->call_data);
    TRY(pack(words[5], op->verification_gas_limit, op->call_gas_limit));
    u256_to_be(words[6], op->pre_verification_gas);
    TRY(pack(words[7], op->max_priority_fee_per_gas, op->max_fee_per_gas));
    hash_word(words[8], op->paymaster_and_data);
    struct hash32 separator;
    struct hash32 struct_hash;
    userop_domain_separator(&separator, domain);
    keccak256(&struct_hash, SPAN_OF(words));
    static const uint8_t prefix[2] = {0x19, 0x01};
    const struct span parts[3] = {SPAN_OF(prefix), SPAN_OF(separator.bytes),
                                  SPAN_OF(struct_hash.bytes)};
    keccak256_of(ret_hash, parts, 3);
    return OK;
}

struct u256 userop_gas_max(const struct userop *op)
{
    struct u256 sum = u256_add_sat(op->verification_gas_limit, op->call_gas_limit);
    sum = u256_add_sat(sum, op->pre_verification_gas);
    if (op->paymaster_and_data.n == 0) {
        return sum;
    }
    struct u256 verification;
    struct u256 post_op;
    if (op->paymaster_and_data.n < PAYMASTER_HEAD_LEN ||
        u256_from_be(&verification, span_of(op->paymaster_and_data.p + 20, HALF)) != OK ||
        u256_from_be(&post_op, span_of(op->paymaster_and_data.p + 20 + HALF, HALF)) != OK) {
        return U256_MAX;
    }
    return u256_add_sat(u256_add_sat(sum, verification), post_op);
}

struct u256 userop_fee_max(const struct userop *op)
{
    return u256_mul_sat(userop_gas_max(op), op->max_fee_per_gas);
}

static void op_write(struct abi_wr *w, const struct userop *op)
{
    uint8_t limits[32];
    uint8_t fees[32];
    enum err e = pack(limits, op->verification_gas_limit, op->call_gas_limit);
    if (e == OK) {
        e = pack(fees, op->max_priority_fee_per_gas, op->max_fee_per_gas);
    }
    if (e != OK) {
        w->err = w->err == OK ? e : w->err;
        memset(limits, 0, sizeof limits);
        memset(fees, 0, sizeof fees);
    }
    abi_wr_tuple_begin(w, OP_WORDS);
    abi_wr_address(w, op->sender);
    abi_wr_u256(w, op->nonce);
    abi_wr_bytes(w, op->init_code);
    abi_wr_bytes(w, op->call_data);
    abi_wr_fixed(w, SPAN_OF(limits));
    abi_wr_u256(w, op->pre_verification_gas);
    abi_wr_fixed(w, SPAN_OF(fees));
    abi_wr_bytes(w, op->paymaster_and_data);
    abi_wr_bytes(w, op->signature);
    abi_wr_close(w);
}

static void op_read(struct abi_rd *r, struct userop *op)
{
    struct abi_rd t = abi_rd_tuple(r);
    op->sender = abi_rd_address(&t);
    op->nonce = abi_rd_u256(&t);
    op->init_code = abi_rd_bytes(&t);
    op->call_data = abi_rd_bytes(&t);
    unpack(&op->verification_gas_limit, &op->call_gas_limit, abi_rd_u256(&t));
    op->pre_verification_gas = abi_rd_u256(&t);
    unpack(&op->max_priority_fee_per_gas, &op->max_fee_per_gas, abi_rd_u256(&t));
    op->paymaster_and_data = abi_rd_bytes(&t);
    op->signature = abi_rd_bytes(&t);
    r->failed |= t.failed;
}

enum err userop_encode(const struct userop *op, struct buf *out)
{
    struct abi_wr w = abi_wr_init(out, 1);
    op_write(&w, op);
    return abi_wr_end(&w);
}

enum err userop_decode(struct userop *ret_op, struct span in)
{
    struct userop op = {0};
    struct abi_rd r = abi_rd_init(in);
    op_read(&r, &op);
    if (!abi_rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    *ret_op = op;
    return OK;
}

enum err
userop_encode_handle_ops(const struct userop *op, struct address beneficiary, struct buf *out)
{
    TRY(buf_append(out, SPAN_OF(handle_ops_selector)));
    struct abi_wr w = abi_wr_init(out, 2);
    abi_wr_array_begin(&w, 1, 1);
    op_write(&w, op);
    abi_wr_close(&w);
    abi_wr_address(&w, beneficiary);
    return abi_wr_end(&w);
}

enum err
userop_decode_handle_ops(struct userop *ret_op, struct address *ret_beneficiary, struct span call)
{
    if (!span_starts_with(call, SPAN_OF(handle_ops_selector))) {
        return ERR_UNSUPPORTED;
    }
    struct userop op = {0};
    struct abi_rd r = abi_rd_init(span_from(call, ABI_SELECTOR_LEN));
    size_t count;
    struct abi_rd ops = abi_rd_array(&r, &count, 1, 1);
    op_read(&ops, &op);
    struct address beneficiary = abi_rd_address(&r);
    if (!abi_rd_ok(&r) || !abi_rd_ok(&ops) || count != 1) {
        return ERR_MALFORMED;
    }
    *ret_op = op;
    *ret_beneficiary = beneficiary;
    return OK;
}

uint64_t userop_calldata_gas(struct span handle_ops_call)
{
    uint64_t zeros = 0;
    for (size_t i = 0; i < handle_ops_call.n; i++) {
        zeros += handle_ops_call.p[i] == 0;
    }
    uint64_t others = handle_ops_call.n - zeros;
    uint64_t plain = zeros * ZERO_BYTE_GAS + others * BYTE_GAS + ENTRY_POINT_GAS;
    /* SPEC eips/EIP-7623 §"Specification": a transaction is charged at least the floor for its call data. The
     * floor covers execution too, so it and the rest are not added. */
    uint64_t floor = zeros * ZERO_BYTE_FLOOR_GAS + others * BYTE_FLOOR_GAS;
    return TX_GAS + (plain > floor ? plain : floor);
}

/* keccak256("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)") */
const struct hash32 userop_event_topic = {
    .bytes = {0x49, 0x62, 0x8f, 0xd1, 0x47, 0x10, 0x06, 0xc1, 0x48, 0x2d, 0xa8,
              0x80, 0x28, 0xe9, 0xce, 0x4d, 0xbb, 0x08, 0x0b, 0x81, 0x5c, 0x9b,
              0x03, 0x44, 0xd3, 0x9e, 0x5a, 0x8e, 0x6e, 0xc1, 0x41, 0x9f}
};

enum err userop_event_decode(struct userop_event *ret, struct span data)
{
    enum { WORDS = 4 }; /* nonce, success, actualGasCost, actualGasUsed */
    struct u256 words[WORDS];
    if (data.n != WORDS * 32) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < WORDS; i++) {
        TRY(u256_from_be(&words[i], span_of(data.p + 32 * i, 32)));
    }
    *ret = (struct userop_event){.is_success = !u256_is_zero(words[1]),
                                 .actual_gas_cost = words[2],
                                 .actual_gas_used = words[3]};
    return OK;
}
