/* Diffie-Hellman over OpenSSL's curves. */
#include "crypto/ecdh.h"

#include "base/secret.h"
#include "crypto/openssl_ec.h"

#include <string.h>

static const int groups[] = {[ECDSA_P256] = NID_X9_62_prime256v1,
                             [ECDSA_P384] = NID_secp384r1,
                             [ECDSA_P521] = NID_secp521r1};

static void group_free(EC_GROUP **g)
{
    EC_GROUP_free(*g);
}

static void point_free(EC_POINT **p)
{
    EC_POINT_clear_free(*p);
}

static void bn_clear_free(BIGNUM **b)
{
    BN_clear_free(*b);
}

static void bn_ctx_free(BN_CTX **c)
{
    BN_CTX_free(*c);
}

void ecdh_wipe(struct ecdh *e)
{
    wipe(mspan_of(e, sizeof *e));
}

static bool is_in_range(const BIGNUM *k, const EC_GROUP *group)
{
    return !BN_is_zero(k) && BN_cmp(k, EC_GROUP_get0_order(group)) < 0;
}

/* SPEC SEC1 §"2.3.4": coordinates below the field's prime, and the point on the curve. */
static bool
read_point(EC_POINT *ret, const EC_GROUP *group, struct span xy, size_t half, BN_CTX *ctx)
{
    uint8_t text[1 + 2 * ECDSA_COORDINATE_LEN_MAX] = {0x04};
    if (xy.n != 2 * half) {
        return false;
    }
    memcpy(text + 1, xy.p, xy.n);
    bool is_good = EC_POINT_oct2point(group, ret, text, 1 + xy.n, ctx) == 1;
    ERR_clear_error();
    return is_good;
}

/* x then y of k times p, or of the base point if p is NULL; false: infinity, or the backend fails. */
static bool multiply(uint8_t *ret_text,
                     const EC_GROUP *group,
                     const BIGNUM *k,
                     const EC_POINT *p,
                     size_t half,
                     BN_CTX *ctx)
{
    AUTO(point_free) EC_POINT *product = EC_POINT_new(group);
    return product && EC_POINT_mul(group, product, p ? NULL : k, p, p ? k : NULL, ctx) == 1 &&
           EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, ret_text, 1 + 2 * half,
                              ctx) == 1 + 2 * half;
}

enum err
ecdh_agree(struct ecdh *ret, enum ecdsa_curve curve, struct span secret, struct span peer_xy)
{
    size_t half = ecdsa_coordinate_len(curve);
    uint8_t ours[1 + 2 * ECDSA_COORDINATE_LEN_MAX];
    uint8_t product[1 + 2 * ECDSA_COORDINATE_LEN_MAX];
    AUTO(group_free) EC_GROUP *group = EC_GROUP_new_by_curve_name(groups[curve]);
    AUTO(point_free) EC_POINT *peer = group ? EC_POINT_new(group) : NULL;
    AUTO(bn_ctx_free) BN_CTX *ctx = BN_CTX_secure_new();
    AUTO(bn_clear_free) BIGNUM *k = BN_secure_new();
    if (secret.n != half) {
        return ERR_MALFORMED;
    }
    if (!peer || !ctx || !k || !BN_bin2bn(secret.p, (int)half, k)) {
        return ERR_INTERNAL;
    }
    if (!is_in_range(k, group)) {
        return ERR_MALFORMED;
    }
    if (!read_point(peer, group, peer_xy, half, ctx)) {
        return ERR_AUTH;
    }
    BN_set_flags(k, BN_FLG_CONSTTIME);
    bool done =
        multiply(ours, group, k, NULL, half, ctx) && multiply(product, group, k, peer, half, ctx);
    if (done) {
        memcpy(ret->xy, ours + 1, 2 * half);
        memcpy(ret->shared, product + 1, half);
    }
    wipe(MSPAN_OF(product));
    ERR_clear_error();
    return done ? OK : ERR_INTERNAL;
}
