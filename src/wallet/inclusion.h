#ifndef WALLET_INCLUSION_H
#define WALLET_INCLUSION_H

#include "base/err.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/u256.h"
#include "service/proven_chain.h"

#include <stdbool.h>

/* What a proven receipt says of one operation of ours: a user operation that a bundle holds, by the event of its EntryPoint, or a
 * transaction of an ordinary account. */
struct inclusion_of {
    bool is_transaction;
    struct hash32 userop_hash;  /* else */
    struct address entry_point; /* else */
};

struct inclusion {
    bool is_success; /* its calls did not revert */
    struct u256 fee; /* wei that the account paid */
};

/* inclusion_read: ERR_NOT_FOUND: the transaction does not hold the operation; ERR_UNSUPPORTED, ERR_MALFORMED: its price cannot be
 * read. */
MUST_CHECK enum err inclusion_read(struct inclusion *ret,
                                   const struct proven_inclusion *p,
                                   const struct inclusion_of *what);

#endif
