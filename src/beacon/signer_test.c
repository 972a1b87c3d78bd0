#include "beacon/signer_test.h"

#include "base/check.h"
#include "base/wr.h"
#include "beacon/hash_to_g2.h"

const uint8_t signer_group_order[32] = {
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
};

void signer_mul_g1(struct g1_jacobian *r, const struct g1 *a, struct span scalar)
{
    struct g1_jacobian t = {0};
    for (size_t i = 0; i < 8 * scalar.n; i++) {
        g1_double(&t, &t);
        if (scalar.p[i / 8] >> (7 - i % 8) & 1) {
            g1_add_affine(&t, &t, a);
        }
    }
    *r = t;
}

void signer_mul_g2(struct g2_jacobian *r, const struct g2 *a, struct span scalar)
{
    struct g2_jacobian t = {0};
    for (size_t i = 0; i < 8 * scalar.n; i++) {
        g2_double(&t, &t);
        if (scalar.p[i / 8] >> (7 - i % 8) & 1) {
            g2_add_affine(&t, &t, a);
        }
    }
    *r = t;
}

void signer_init(struct bls_signer *s, uint64_t secret)
{
    uint8_t scalar[8];
    struct g1_jacobian t;
    struct wr w = wr_init(MSPAN_OF(scalar));
    wr_be64(&w, secret);
    s->secret = secret;
    signer_mul_g1(&t, &g1_generator, SPAN_OF(scalar));
    check(g1_affine(&s->key, &t));
    g1_encode(s->key_bytes, &s->key);
}

void signer_sign(uint8_t ret_signature[static BLS_SIGNATURE_LEN],
                 const struct bls_signer *signers,
                 struct span bits,
                 struct span message)
{
    uint8_t scalar[16];
    uint64_t low = 0;
    uint64_t high = 0;
    for (size_t i = 0; i < 8 * bits.n; i++) {
        if (bits.p[i / 8] >> (i % 8) & 1) {
            high += __builtin_add_overflow(low, signers[i].secret, &low);
        }
    }
    struct wr w = wr_init(MSPAN_OF(scalar));
    wr_be64(&w, high);
    wr_be64(&w, low);
    struct g2 point;
    struct g2_jacobian t;
    check(hash_to_g2(&point, message, SPAN_LIT("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")) ==
          OK);
    signer_mul_g2(&t, &point, SPAN_OF(scalar));
    check(g2_affine(&point, &t));
    g2_encode(ret_signature, &point);
}
