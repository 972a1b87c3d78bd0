#ifndef WALLET_PARTIAL_TEXT_H
#define WALLET_PARTIAL_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/userop.h"
#include "wallet/network.h"

/* A user operation that owners in other wallets are to sign, as text (docs/partial.md). It holds no signature: whoever signs computes the hash
 * from the fields himself, and his answer is an answer of wallet/guardian_help.h.
 *
 *   text      = "passmesh-sign:" base64url(bytes), without padding; white space anywhere in it is passed over
 *   bytes     = version 1 (1) | kind 5 (1) | body | check (4): the first bytes of SHA-256 of all before
 *   operation = chain id (8) | expires (8), Unix time in milliseconds | ABI encoding of the PackedUserOperation, its signature empty
 *
 * Init code and a paymaster are refused: the account must be on the chain, or no owner of it can be told; and this wallet pays itself. */
enum {
    PARTIAL_USEROP_LEN_MAX = 6144, /* bytes: the longest setting takes about 4,500 */
    PARTIAL_BYTES_MAX = PARTIAL_USEROP_LEN_MAX + 22,
    PARTIAL_TEXT_LEN_MAX = 8240,
};

struct partial {
    uint64_t chain_id;
    uint64_t expires_ms; /* by the clock of the wallet that made it */
    struct userop op;    /* signature, init_code and paymaster_and_data are empty */
};

/* partial_print appends the text. ERR_LIMIT: out is full, or the operation is longer than any text. ERR_UNSUPPORTED: it has init code or a
 * paymaster. */
MUST_CHECK enum err partial_print(struct buf *out, const struct partial *p);

/* partial_parse reads it. room, of PARTIAL_BYTES_MAX at least, is emptied and holds what ret's spans point into. ERR_MALFORMED: no such
 * text, or cut, or mistyped; ERR_UNSUPPORTED: of a later version or kind; ERR_LIMIT: longer than any. */
MUST_CHECK enum err partial_parse(struct partial *ret, struct buf *room, struct span text);

/* partial_hash is what the owners sign, on the network whose chain id it has. Errors of userop_hash. */
MUST_CHECK enum err
partial_hash(struct hash32 *ret, const struct partial *p, const struct network *n);

#endif
