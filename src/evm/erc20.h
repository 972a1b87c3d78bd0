#ifndef EVM_ERC20_H
#define EVM_ERC20_H

#include "base/span.h"
#include "evm/address.h"
#include "evm/u256.h"

#include <stdbool.h>

/* Calls of a token (ERC-20). */
struct erc20_transfer {
    struct address to;
    struct u256 amount; /* of the token's smallest unit */
};

/* erc20_transfer_decode reads the calldata of transfer(address,uint256) in its one exact form; false for anything else. */
bool erc20_transfer_decode(struct erc20_transfer *ret, struct span calldata);

#endif
