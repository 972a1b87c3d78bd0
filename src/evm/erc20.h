#ifndef EVM_ERC20_H
#define EVM_ERC20_H

#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/receipt.h"
#include "evm/u256.h"

#include <stdbool.h>

/* Calls and events of a token (ERC-20). */
struct erc20_transfer {
    struct address to;
    struct u256 amount; /* of the token's smallest unit */
};

/* erc20_transfer_decode reads the calldata of transfer(address,uint256) in its one exact form; false for anything else. */
bool erc20_transfer_decode(struct erc20_transfer *ret, struct span calldata);

/* What a token logs of each transfer: Transfer(address indexed from, address indexed to, uint256 value). */
struct erc20_event {
    struct address from;
    struct address to;
    struct u256 amount;
};
extern const struct hash32 erc20_event_topic;

/* erc20_event_decode: false: the log is none, or of a token that does not index both addresses (as those of ERC-721 have a third
 * topic more). */
bool erc20_event_decode(struct erc20_event *ret, const struct event_log *log);

#endif
