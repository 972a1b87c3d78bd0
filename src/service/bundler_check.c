/* What an operation shows without asking the chain. */
#include "service/bundler_parts.h"

#include "evm/abi.h"

#include <string.h>

enum {
    OWNERS_MAX = 32,
    ADDRESS_LEN = 20,
    TX_SLACK_GAS =
        60000, /* left over in the transaction: EntryPoint demands spare gas around each part */
};

size_t bundler_known_find(const struct bundler *b, enum bundler_role role, struct address address)
{
    for (size_t i = 0; i < b->cfg.known_count; i++) {
        if (b->known[i].role == role && address_equal(b->known[i].address, address)) {
            return i;
        }
    }
    return b->cfg.known_count;
}

/* owners_check reads who signed: abi.encode(bytes[] owners, bytes[] signatures), each owner a verifier's address
 * and a key (docs/account.md, "Signature"). Only these verifiers run in validation. */
MUST_CHECK static enum service_code owners_check(const struct bundler *b,
                                                 uint32_t *known_needed,
                                                 const char **ret_why,
                                                 struct span signature)
{
    struct abi_rd r = abi_rd_init(signature);
    size_t count;
    struct abi_rd owners = abi_rd_array(&r, &count, 1, OWNERS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct span owner = abi_rd_bytes(&owners);
        struct address verifier;
        if (owners.failed) {
            break;
        }
        if (owner.n <= ADDRESS_LEN) {
            *ret_why = "an owner that is a contract is not taken here: its code is not known";
            return SERVICE_DENIED;
        }
        (void)span_copy(MSPAN_OF(verifier.bytes), owner);
        size_t at = bundler_known_find(b, BUNDLER_VERIFIER, verifier);
        if (at == b->cfg.known_count) {
            *ret_why = "the verifier of an owner is not one whose code is known here";
            return SERVICE_DENIED;
        }
        *known_needed |= UINT32_C(1) << at;
    }
    if (!abi_rd_ok(&r) || !abi_rd_ok(&owners) || count == 0) {
        *ret_why = "the signature is not a list of owners and their signatures";
        return SERVICE_DENIED;
    }
    return SERVICE_OK;
}

MUST_CHECK static enum service_code factory_check(const struct bundler *b,
                                                  uint32_t *known_needed,
                                                  const char **ret_why,
                                                  struct span init_code)
{
    if (init_code.n == 0) {
        return SERVICE_OK;
    }
    struct address factory;
    size_t at = b->cfg.known_count;
    if (init_code.n >= ADDRESS_LEN) {
        (void)span_copy(MSPAN_OF(factory.bytes), init_code);
        at = bundler_known_find(b, BUNDLER_FACTORY, factory);
    }
    if (at == b->cfg.known_count) {
        *ret_why = "the init code is not of a factory whose code is known here";
        return SERVICE_DENIED;
    }
    *known_needed |= UINT32_C(1) << at;
    return SERVICE_OK;
}

uint64_t bundler_tx_gas(const struct bundler *b, const struct userop *op)
{
    /* 1/64 of the gas stays behind at each call (EIP-150), so the whole is a 63rd larger. */
    struct u256 inside = u256_add_sat(op->verification_gas_limit, op->call_gas_limit);
    struct u256_quotient q;
    if (u256_divmod(&q, inside, u256_from_u64(63)) != OK) {
        return UINT64_MAX;
    }
    struct u256 sum = u256_add_sat(u256_add_sat(inside, q.quotient), u256_from_u64(TX_SLACK_GAS));
    sum = u256_add_sat(sum, u256_from_u64(userop_calldata_gas(buf_span(&b->call))));
    uint64_t gas;
    return u256_to_u64(&gas, sum) == OK ? gas : UINT64_MAX;
}

MUST_CHECK static enum service_code
gas_check(const struct bundler *b, const char **ret_why, const struct userop *op)
{
    if (u256_compare(op->verification_gas_limit,
                     u256_from_u64(b->cfg.limits.verification_gas_max)) > 0) {
        *ret_why = "verificationGasLimit is above what is taken here";
        return SERVICE_DENIED;
    }
    if (bundler_tx_gas(b, op) > b->cfg.limits.tx_gas_max) {
        *ret_why = "the gas limits are above what one transaction may have";
        return SERVICE_DENIED;
    }
    if (u256_compare(op->pre_verification_gas,
                     u256_from_u64(userop_calldata_gas(buf_span(&b->call)))) < 0) {
        *ret_why = "preVerificationGas does not pay for the transaction's bytes";
        return SERVICE_DENIED;
    }
    return SERVICE_OK;
}

MUST_CHECK static enum service_code
fee_check(const struct bundler *b, const char **ret_why, const struct userop *op)
{
    struct u256 needed = u256_add_sat(b->head.base_fee_per_gas, b->cfg.limits.min_tip);
    if (u256_compare(op->max_fee_per_gas, op->max_priority_fee_per_gas) < 0) {
        *ret_why = "maxPriorityFeePerGas is above maxFeePerGas";
        return SERVICE_BAD_REQUEST;
    }
    if (u256_compare(op->max_fee_per_gas, needed) < 0 ||
        u256_compare(op->max_priority_fee_per_gas, b->cfg.limits.min_tip) < 0) {
        *ret_why = "the fee does not cover the base fee and this server's least tip";
        return SERVICE_DENIED;
    }
    return SERVICE_OK;
}

enum service_code bundler_check_shape(struct bundler *b,
                                      uint32_t *ret_known_needed,
                                      const char **ret_why,
                                      const struct userop *op)
{
    uint32_t needed = 0;
    if (op->paymaster_and_data.n > 0) {
        *ret_why = "operations with a paymaster are not taken here";
        return SERVICE_DENIED;
    }
    enum service_code code = factory_check(b, &needed, ret_why, op->init_code);
    if (code == SERVICE_OK) {
        code = owners_check(b, &needed, ret_why, op->signature);
    }
    buf_clear(&b->call);
    if (code == SERVICE_OK && userop_encode_handle_ops(op, b->cfg.self, &b->call) != OK) {
        *ret_why = "a gas limit or fee passes 128 bits";
        return SERVICE_BAD_REQUEST;
    }
    if (code == SERVICE_OK) {
        code = gas_check(b, ret_why, op);
    }
    if (code == SERVICE_OK) {
        code = fee_check(b, ret_why, op);
    }
    *ret_known_needed = needed;
    return code;
}
