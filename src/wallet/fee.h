#ifndef WALLET_FEE_H
#define WALLET_FEE_H

#include "base/buf.h"
#include "base/err.h"
#include "evm/userop.h"
#include "wallet/network.h"
#include "wallet/operation.h"
#include "wallet/view.h"

/* What a user operation may cost. All limits are made here, none is taken from a server: a server only decides
 * whether it serves the operation at that price. */

enum {
    FEE_SIGNATURE_LEN_MAX =
        1536, /* one passkey: two lists, an owner, the longest usual clientDataJSON */
    /* Gas of an account's validation, from contracts/ (tests print it), with a fifth on top. */
    GAS_VERIFY = 90000,           /* a passkey through P256VERIFY */
    GAS_VERIFY_FALLBACK = 480000, /* the same in Solidity, where the chain has no P256VERIFY */
    GAS_PROMISE = 35000,          /* counting the fee against a limit at validation */
    GAS_DEPLOY = 420000,          /* making the account */
    GAS_FIRST =
        40000, /* the first operation of one that is there: nonce and deposit are new in storage */
    GAS_EXECUTE = 45000,       /* the account's own work around a call */
    GAS_CALL_UNTRIED = 150000, /* of a call that could not be tried out */
    GAS_TRANSFER = 21000,      /* an ordinary account's transfer of ether to one without code */
};

/* fee_per_gas gives the two EIP-1559 figures for a speed (wei per gas). */
struct fee_per_gas {
    struct u256 max;
    struct u256 priority;
};
struct fee_per_gas fee_per_gas_for(const struct view *v, enum fee_speed speed);

/* fee_fill_limits sets op's gas limits: call_gas is what the trial run of its call used (0: it could not be tried).
 * scratch is cleared and used for the encoding that is measured. ERR_LIMIT if it is too small. */
struct fee_facts {
    const struct view *view;
    uint64_t call_gas;
    bool is_within; /* it keeps within limits, and counts */
    size_t signers; /* owners who must sign, 1 to OPERATION_SIGNER_COUNT_MAX */
};
MUST_CHECK enum err
fee_fill_limits(struct userop *op, const struct fee_facts *facts, struct buf *scratch);

/* fee_ceiling is the most that this wallet pays for one operation on a network, wei. */
struct u256 fee_ceiling(const struct network *network);

/* fee_wait_s is how long inclusion usually takes, seconds. */
uint32_t fee_wait_s(const struct network *network, enum fee_speed speed);

const char *fee_speed_name(enum fee_speed speed);

#endif
