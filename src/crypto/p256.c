/* ECDSA on P-256 over OpenSSL. Points are parsed and multiplied with its EC functions, signatures go
 * through EVP. */
#include "crypto/p256.h"

#include "base/check.h"
#include "base/wr.h"
#include "codec/der.h"
#include "crypto/ecdsa.h"
#include "crypto/openssl_ec.h"

#include <string.h>

/* The order of the group and half of it, big-endian (SP 800-186 section 3.2.1.3). */
static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t order_half[32] = {
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};

/* What precedes the point 04 x y in the SubjectPublicKeyInfo: SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 },
 * BIT STRING } (RFC 5480 section 2). */
static const uint8_t spki_head[27] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

static void group_free(EC_GROUP **g)
{
    EC_GROUP_free(*g);
}

static void point_free(EC_POINT **p)
{
    EC_POINT_free(*p);
}

static void bn_clear_free(BIGNUM **b)
{
    BN_clear_free(*b);
}

static void bn_ctx_free(BN_CTX **c)
{
    BN_CTX_free(*c);
}

static void pkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

static void pkey_ctx_free(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}

enum err p256_public_parse(struct p256_public *ret_public, struct span point)
{
    bool is_plain = point.n == 65 && point.p[0] == 0x04;
    bool is_compressed = point.n == 33 && (point.p[0] == 0x02 || point.p[0] == 0x03);
    if (!(is_plain || is_compressed)) {
        return ERR_MALFORMED;
    }
    AUTO(group_free) EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    AUTO(point_free) EC_POINT *p = group ? EC_POINT_new(group) : NULL;
    if (!p) {
        return ERR_INTERNAL;
    }
    /* SPEC SEC1 §"2.3.4": coordinates below the field's prime, and the point on the curve. */
    if (EC_POINT_oct2point(group, p, point.p, point.n, NULL) != 1) {
        ERR_clear_error();
        return ERR_MALFORMED;
    }
    uint8_t out[65];
    if (EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, out, sizeof out, NULL) !=
        sizeof out) {
        return ERR_INTERNAL;
    }
    memcpy(ret_public->xy, out + 1, sizeof ret_public->xy);
    return OK;
}

enum err p256_public_init(struct p256_public *ret_public, struct span xy)
{
    if (xy.n != 64) {
        return ERR_MALFORMED;
    }
    uint8_t point[65] = {0x04};
    memcpy(point + 1, xy.p, 64);
    return p256_public_parse(ret_public, SPAN_OF(point));
}

enum err p256_spki_decode(struct p256_public *ret_public, struct span der)
{
    if (der.n == P256_SPKI_LEN && span_starts_with(der, SPAN_OF(spki_head))) {
        return p256_public_init(ret_public, span_from(der, sizeof spki_head));
    }
    /* Tell another kind of key from broken bytes. */
    struct rd r = rd_init(der);
    struct rd info = der_enter(&r, DER_SEQUENCE);
    struct rd algorithm = der_enter(&info, DER_SEQUENCE);
    (void)der_read(&algorithm, DER_OID);
    (void)der_read_bits(&info);
    return rd_ok(&algorithm) && rd_end(&info) && rd_end(&r) ? ERR_UNSUPPORTED : ERR_MALFORMED;
}

void p256_spki_encode(uint8_t ret_out[static P256_SPKI_LEN], const struct p256_public *key)
{
    memcpy(ret_out, spki_head, sizeof spki_head);
    memcpy(ret_out + sizeof spki_head, key->xy, sizeof key->xy);
}

enum err p256_verify(const struct p256_public *key,
                     const struct hash32 *hash,
                     const struct p256_signature *sig)
{
    return ecdsa_verify(ECDSA_P256, SPAN_OF(key->xy), SPAN_OF(hash->bytes), SPAN_OF(sig->rs));
}

enum err p256_der_decode(struct p256_signature *ret_sig, struct span der)
{
    struct p256_signature sig;
    TRY(der_decode_ecdsa(mspan_of(sig.rs, 32), mspan_of(sig.rs + 32, 32), der));
    *ret_sig = sig;
    return OK;
}

size_t p256_der_encode(uint8_t ret_out[static P256_DER_MAX], const struct p256_signature *sig)
{
    struct wr w = wr_init(mspan_of(ret_out, P256_DER_MAX));
    der_write_ecdsa(&w, span_of(sig->rs, 32), span_of(sig->rs + 32, 32));
    check(wr_ok(&w));
    return w.n;
}

bool p256_is_low_s(const struct p256_signature *sig)
{
    return memcmp(sig->rs + 32, order_half, sizeof order_half) <= 0;
}

bool p256_normalize(struct p256_signature *sig)
{
    if (p256_is_low_s(sig) || memcmp(sig->rs + 32, order, sizeof order) >= 0) {
        return false;
    }
    unsigned borrow = 0;
    for (size_t i = 32; i-- > 0;) {
        unsigned d = order[i] - sig->rs[32 + i] - borrow;
        sig->rs[32 + i] = (uint8_t)d;
        borrow = (d >> 8) & 1;
    }
    return true;
}

/* A secret as the backend's number, marked for constant-time use; NULL if it is not in [1, order). */
static BIGNUM *secret_number(const struct secret32 *secret, const EC_GROUP *group)
{
    BIGNUM *k = BN_secure_new();
    if (!k || !BN_bin2bn(secret->bytes, sizeof secret->bytes, k) || BN_is_zero(k) ||
        BN_cmp(k, EC_GROUP_get0_order(group)) >= 0) {
        BN_clear_free(k);
        return NULL;
    }
    BN_set_flags(k, BN_FLG_CONSTTIME);
    return k;
}

enum err p256_public_of(struct p256_public *ret_public, const struct secret32 *secret)
{
    AUTO(group_free) EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    AUTO(point_free) EC_POINT *p = group ? EC_POINT_new(group) : NULL;
    AUTO(bn_ctx_free) BN_CTX *ctx = BN_CTX_secure_new();
    if (!p || !ctx) {
        return ERR_INTERNAL;
    }
    AUTO(bn_clear_free) BIGNUM *k = secret_number(secret, group);
    if (!k) {
        return ERR_MALFORMED;
    }
    uint8_t out[65];
    if (EC_POINT_mul(group, p, k, NULL, NULL, ctx) != 1 ||
        EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, out, sizeof out, ctx) !=
            sizeof out) {
        return ERR_INTERNAL;
    }
    memcpy(ret_public->xy, out + 1, sizeof ret_public->xy);
    return OK;
}

static EVP_PKEY *secret_pkey(const struct secret32 *secret)
{
    AUTO(secret32_wipe) struct secret32 native; /* the backend wants its machine's byte order */
    for (size_t i = 0; i < sizeof native.bytes; i++) {
        native.bytes[i] = secret->bytes[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 31 - i : i];
    }
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.bytes, sizeof native.bytes),
        OSSL_PARAM_construct_end(),
    };
    AUTO(pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        return NULL;
    }
    return pkey;
}

enum err
p256_sign(struct p256_signature *ret_sig, const struct secret32 *secret, const struct hash32 *hash)
{
    struct p256_public unused;
    TRY(p256_public_of(&unused, secret)); /* refuses a secret out of range */
    AUTO(pkey_free) EVP_PKEY *pkey = secret_pkey(secret);
    AUTO(pkey_ctx_free)
    EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    uint8_t der[P256_DER_MAX];
    size_t der_n = sizeof der;
    if (!ctx || EVP_PKEY_sign_init(ctx) != 1 ||
        EVP_PKEY_sign(ctx, der, &der_n, hash->bytes, sizeof hash->bytes) != 1 ||
        der_n >
            sizeof der) { /* OpenSSL 3.0 says 1, with a length of -1, when it cannot allocate the DER */
        ERR_clear_error();
        return ERR_INTERNAL;
    }
    struct p256_signature sig;
    if (p256_der_decode(&sig, span_of(der, der_n)) != OK) {
        return ERR_INTERNAL;
    }
    (void)p256_normalize(&sig);
    *ret_sig = sig;
    return OK;
}
