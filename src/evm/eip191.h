#ifndef EVM_EIP191_H
#define EVM_EIP191_H

#include "base/span.h"
#include "crypto/hash.h"

/* Signed messages, EIP-191 version 0x45 ("personal_sign"): what an account signs when a page asks it to
 * sign a text. The prefix keeps such a signature from being one over a transaction. */

/* eip191_hash is the hash to sign for a message of any bytes. */
void eip191_hash(struct hash32 *ret_hash, struct span message);

#endif
