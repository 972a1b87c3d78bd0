#ifndef BEACON_SIGNER_TEST_H
#define BEACON_SIGNER_TEST_H

#include "base/span.h"
#include "beacon/bls.h"

/* Keys and signatures for tests: small secrets, nothing constant in time. */
struct bls_signer {
    uint64_t secret;
    struct g1 key;
    uint8_t key_bytes[BLS_KEY_LEN];
};

/* Multiplication by a number of any length, most significant byte first. */
void signer_mul_g1(struct g1_jacobian *r, const struct g1 *a, struct span scalar);
void signer_mul_g2(struct g2_jacobian *r, const struct g2 *a, struct span scalar);

/* The prime order of the groups. */
extern const uint8_t signer_group_order[32];

/* signer_init makes the key of a secret above zero. */
void signer_init(struct bls_signer *s, uint64_t secret);

/* signer_sign makes the aggregate signature of those whose bit is set: bit i of byte i/8. */
void signer_sign(uint8_t ret_signature[static BLS_SIGNATURE_LEN],
                 const struct bls_signer *signers,
                 struct span bits,
                 struct span message);

#endif
