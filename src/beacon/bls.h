#ifndef BEACON_BLS_H
#define BEACON_BLS_H

#include "base/err.h"
#include "base/span.h"
#include "beacon/g1.h"
#include "beacon/g2.h"

#include <stddef.h>
#include <stdint.h>

/* BLS signatures of the beacon chain, verified: keys in G1, signatures in G2, the suite
 * BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. There is no signing here and nothing secret, so nothing runs in constant
 * time.
 *
 * bls_key_verify is for keys of unknown origin. A committee's keys stand in the chain's state, which takes none without a
 * proof of possession; bls_aggregate_verify looks only at whether their sum lies in the group. */
enum {
    BLS_KEY_LEN = G1_LEN,
    BLS_SIGNATURE_LEN = G2_LEN,
};

/* bls_key_verify: ERR_MALFORMED as of g1_decode, or if the point is not in the group. */
MUST_CHECK enum err bls_key_verify(struct g1 *ret_key, const uint8_t bytes[static BLS_KEY_LEN]);

/* Which of the keys have signed: bit i of byte i/8, lowest first. */
struct bls_signers {
    const struct g1
        *keys; /* the same key may stand there more than once, and then counts as often */
    const uint8_t *bits;
    size_t keys_count;
};

/* bls_aggregate_verify checks one signature of all the signers over the same message. ERR_MALFORMED: the signature is not the
 * encoding of a point of the group other than infinity; ERR_AUTH: it is not theirs, nobody has signed, or the keys cancel
 * out. Nothing but OK says that they have signed. O(keys). */
MUST_CHECK enum err bls_aggregate_verify(const struct bls_signers *signers,
                                         struct span message,
                                         const uint8_t signature[static BLS_SIGNATURE_LEN]);

#endif
