/* Gas limits and fees of user operations. */
#include "wallet/fee.h"

#include "base/arith.h"
#include "base/check.h"

#include <string.h>

/* At least this much per gas for whoever includes it, wei: below it no node takes a transaction. What servers suggest above
 * the maximum, or above the base fee where that is more, is theirs to want and not ours to pay. */
#define PRIORITY_MIN UINT64_C(1000000)
#define PRIORITY_MAX UINT64_C(3000000000)

static struct u256 times(struct u256 v, uint64_t n)
{
    return u256_mul_sat(v, u256_from_u64(n));
}

struct fee_per_gas fee_per_gas_for(const struct view *v, enum fee_speed speed)
{
    struct u256 tip = figure_value(&v->priority_fee);
    if (u256_compare(tip, u256_from_u64(PRIORITY_MIN)) < 0) {
        tip = u256_from_u64(PRIORITY_MIN);
    }
    struct u256 most = u256_from_u64(PRIORITY_MAX);
    if (u256_compare(figure_value(&v->base_fee), most) > 0) {
        most = figure_value(&v->base_fee);
    }
    if (u256_compare(tip, most) > 0) {
        tip = most;
    }
    struct fee_per_gas f = {.priority = speed == FEE_FAST ? times(tip, 2) : tip};
    /* The base fee rises by an eighth a block at most: twice of it holds for six full blocks, three times for nine. */
    f.max = u256_add_sat(times(figure_value(&v->base_fee), speed == FEE_FAST ? 3 : 2), f.priority);
    return f;
}

static uint64_t with_margin(uint64_t gas)
{
    return add_sat_u64(gas, gas / 8);
}

enum err fee_fill_limits(struct userop *op, const struct fee_facts *facts, struct buf *scratch)
{
    static uint8_t dummy[FEE_SIGNATURE_LEN_MAX * OPERATION_SIGNER_COUNT_MAX];
    check(facts->signers > 0);
    check(facts->signers <= OPERATION_SIGNER_COUNT_MAX);
    memset(dummy, 0xff, sizeof dummy); /* every byte at the dearer rate */
    uint64_t verify = facts->signers * (facts->view->has_p256 ? GAS_VERIFY : GAS_VERIFY_FALLBACK);
    if (facts->is_within) {
        verify += GAS_PROMISE;
    }
    if (op->init_code.n > 0) {
        verify += GAS_DEPLOY;
    } else if (u256_is_zero(op->nonce)) {
        verify +=
            GAS_FIRST; /* somebody else made it: a recovered account, or one made before its owner came */
    }
    uint64_t call = facts->call_gas ? with_margin(facts->call_gas) : GAS_CALL_UNTRIED;
    op->verification_gas_limit = u256_from_u64(verify);
    op->call_gas_limit = u256_from_u64(add_sat_u64(call, GAS_EXECUTE));
    op->pre_verification_gas =
        u256_from_u64(UINT32_MAX); /* its own bytes count too: none of them zero */
    struct span signature = op->signature;
    op->signature = span_of(dummy, FEE_SIGNATURE_LEN_MAX * facts->signers);
    buf_clear(scratch);
    enum err err = userop_encode_handle_ops(op, op->sender, scratch);
    op->signature = signature;
    TRY(err);
    op->pre_verification_gas = u256_from_u64(with_margin(userop_calldata_gas(buf_span(scratch))));
    buf_clear(scratch);
    return OK;
}

struct u256 fee_ceiling(const struct network *network)
{
    /* 0.05 ether where money is real, 1 where it is not. */
    const struct u256 finney = u256_from_u64(UINT64_C(1000000000000000));
    return times(finney, network->kind == NETWORK_MAIN ? 50 : 1000);
}

uint32_t fee_wait_s(const struct network *network, enum fee_speed speed)
{
    uint32_t blocks = speed == FEE_FAST ? 1 : 2;
    return (network->block_time_ms * blocks + 999) / 1000;
}

const char *fee_speed_name(enum fee_speed speed)
{
    switch (speed) {
    case FEE_NORMAL: return "normal";
    case FEE_FAST:   return "fast";
    case FEE_OWN:    return "own";
    }
    return "normal";
}
