#include "beacon/bls.h"

#include "beacon/hash_to_g2.h"
#include "beacon/pairing.h"

/* SPEC draft-irtf-cfrg-bls-signature §4.2.3: the domain of signatures whose keys come with a proof of possession. */
static const struct span suite = SPAN_INIT("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_");

/* SPEC draft-irtf-cfrg-bls-signature §2.5: a key is a point of the group other than infinity. */
enum err bls_key_verify(struct g1 *ret_key, const uint8_t bytes[static BLS_KEY_LEN])
{
    struct g1 key;
    TRY(g1_decode(&key, bytes));
    if (!g1_is_in_group(&key)) {
        return ERR_MALFORMED;
    }
    *ret_key = key;
    return OK;
}

/* SPEC draft-irtf-cfrg-bls-signature §3.3.4: the keys are added up, each as often as it stands there. A sum of infinity is
 * no key. */
static bool keys_add(struct g1 *ret_sum, const struct bls_signers *signers)
{
    struct g1_jacobian sum = {0};
    for (size_t i = 0; i < signers->keys_count; i++) {
        if (signers->bits[i / 8] >> (i % 8) & 1) {
            g1_add_affine(&sum, &sum, &signers->keys[i]);
        }
    }
    return g1_affine(ret_sum, &sum) && g1_is_in_group(ret_sum);
}

enum err bls_aggregate_verify(const struct bls_signers *signers,
                              struct span message,
                              const uint8_t signature[static BLS_SIGNATURE_LEN])
{
    struct pairing_pair pairs[2];
    /* SPEC draft-irtf-cfrg-bls-signature §2.7: the signature is checked to lie in the group before it is used. */
    TRY(g2_decode(&pairs[1].q, signature));
    if (!g2_is_in_group(&pairs[1].q)) {
        return ERR_MALFORMED;
    }
    if (!keys_add(&pairs[0].p, signers)) {
        return ERR_AUTH;
    }
    TRY(hash_to_g2(&pairs[0].q, message, suite));
    pairs[1].p = g1_generator;
    fp_neg(&pairs[1].p.y, &pairs[1].p.y);
    return pairing_is_one(pairs, 2) ? OK : ERR_AUTH;
}
