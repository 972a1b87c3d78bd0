#include "node/authenticator/ctap_pin_test.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/openssl_ec.h"

#include <string.h>

/* The x coordinate of ours * theirs. */
static bool
ecdh_x(struct secret32 *ret, const struct secret32 *ours, const struct p256_public *theirs)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *scalar = BN_bin2bn(ours->bytes, 32, NULL);
    BIGNUM *x = BN_bin2bn(theirs->xy, 32, NULL);
    BIGNUM *y = BN_bin2bn(theirs->xy + 32, 32, NULL);
    bool done = EC_POINT_set_affine_coordinates(group, point, x, y, NULL) == 1 &&
                EC_POINT_mul(group, point, NULL, point, scalar, NULL) == 1 &&
                EC_POINT_get_affine_coordinates(group, point, x, y, NULL) == 1 &&
                BN_bn2binpad(x, ret->bytes, 32) == 32;
    BN_free(x);
    BN_free(y);
    BN_free(scalar);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return done;
}

bool ctap_shared_of(struct ctap_shared *ret,
                    int protocol,
                    const struct secret32 *ours,
                    const struct p256_public *theirs)
{
    static const uint8_t zero[32];
    struct secret32 x;
    if (!ecdh_x(&x, ours, theirs)) {
        return false;
    }
    ret->protocol = protocol;
    if (protocol == 1) {
        struct hash32 h;
        sha256(&h, SPAN_OF(x.bytes));
        memcpy(ret->hmac_key.bytes, h.bytes, 32);
        memcpy(ret->aes_key.bytes, h.bytes, 32);
        return true;
    }
    return hkdf(MSPAN_OF(ret->hmac_key.bytes), SPAN_OF(zero), SPAN_OF(x.bytes),
                SPAN_LIT("CTAP2 HMAC key")) == OK &&
           hkdf(MSPAN_OF(ret->aes_key.bytes), SPAN_OF(zero), SPAN_OF(x.bytes),
                SPAN_LIT("CTAP2 AES key")) == OK;
}

static void
cbc(uint8_t *out, const struct secret32 *key, const uint8_t *iv, struct span in, int seals)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    check(ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key->bytes, iv, seals) == 1);
    check(EVP_CIPHER_CTX_set_padding(ctx, 0) == 1);
    check(EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) == 1);
    check((size_t)n == in.n);
    EVP_CIPHER_CTX_free(ctx);
}

size_t ctap_decrypt(const struct ctap_shared *s, struct mspan out, struct span sealed)
{
    static const uint8_t zero[16];
    const uint8_t *iv = zero;
    if (s->protocol == 2) {
        if (sealed.n < 16) {
            return 0;
        }
        iv = sealed.p;
        sealed = span_from(sealed, 16);
    }
    if (sealed.n == 0 || sealed.n % 16 != 0 || sealed.n > out.n) {
        return 0;
    }
    cbc(out.p, &s->aes_key, iv, sealed, 0);
    return sealed.n;
}

void ctap_encrypt(const struct ctap_shared *s,
                  struct wr *w,
                  const uint8_t iv[static 16],
                  struct span plain)
{
    static const uint8_t zero[16];
    uint8_t out[256];
    check(plain.n <= sizeof out && plain.n % 16 == 0);
    cbc(out, &s->aes_key, s->protocol == 2 ? iv : zero, plain, 1);
    if (s->protocol == 2) {
        wr_bytes(w, span_of(iv, 16));
    }
    wr_bytes(w, span_of(out, plain.n));
}

bool ctap_authenticates(int protocol, struct span key, struct span message, struct span tag)
{
    struct secret32 mac;
    hmac_sha256(&mac, key, &message, 1);
    return ct_equal(span_of(mac.bytes, protocol == 1 ? 16 : 32), tag);
}
