/* ECDSA verification over OpenSSL: the key is read by our own strict reader, and handed over as a point. */
#include "crypto/ecdsa.h"

#include "codec/der.h"
#include "crypto/openssl.h"

#include <string.h>

enum { DER_LEN_MAX = 2 * (ECDSA_COORDINATE_LEN_MAX + 3) + 3 };

struct curve {
    const char *group;
    struct span oid; /* RFC 5480 §2.1.1.1 */
    size_t coordinate_len;
};

static const struct curve curves[] = {
    [ECDSA_P256] = {"prime256v1", SPAN_INIT("\x2a\x86\x48\xce\x3d\x03\x01\x07"), 32},
    [ECDSA_P384] = {"secp384r1",  SPAN_INIT("\x2b\x81\x04\x00\x22"),             48},
};

/* 1.2.840.10045.2.1, id-ecPublicKey. */
static const struct span oid_ec = SPAN_INIT("\x2a\x86\x48\xce\x3d\x02\x01");

static void pkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

static void pkey_ctx_free(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}

size_t ecdsa_coordinate_len(enum ecdsa_curve curve)
{
    return curves[curve].coordinate_len;
}

enum err ecdsa_spki_decode(enum ecdsa_curve *ret_curve, struct span *ret_xy, struct span spki)
{
    struct rd r = rd_init(spki);
    struct rd info = der_enter(&r, DER_SEQUENCE);
    struct rd algorithm = der_enter(&info, DER_SEQUENCE);
    struct span oid = der_read(&algorithm, DER_OID);
    struct span bits = der_read_bits(&info);
    if (!rd_ok(&algorithm) || !rd_end(&info) || !rd_end(&r)) {
        return ERR_MALFORMED;
    }
    if (!span_equal(oid, oid_ec)) {
        return ERR_UNSUPPORTED;
    }
    /* SPEC RFC5480 §"2.1.1": the parameters name a curve; curves spelled out are not accepted. */
    struct span named = der_read(&algorithm, DER_OID);
    if (!rd_end(&algorithm)) {
        return ERR_UNSUPPORTED;
    }
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        bool is_plain = bits.n == 1 + 2 * curves[i].coordinate_len && bits.p[0] == 0x04;
        if (span_equal(named, curves[i].oid) && is_plain) {
            *ret_curve = (enum ecdsa_curve)i;
            *ret_xy = span_from(bits, 1);
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}

static EVP_PKEY *public_pkey(const struct curve *curve, struct span xy)
{
    uint8_t point[1 + 2 * ECDSA_COORDINATE_LEN_MAX] = {0x04};
    char group[16];
    memcpy(point + 1, xy.p, xy.n);
    memcpy(group, curve->group, strlen(curve->group) + 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + xy.n),
        OSSL_PARAM_construct_end(),
    };
    AUTO(pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return pkey;
}

enum err ecdsa_verify(enum ecdsa_curve curve, struct span xy, struct span digest, struct span rs)
{
    const struct curve *c = &curves[curve];
    uint8_t der[DER_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(der));
    if (xy.n != 2 * c->coordinate_len || rs.n != 2 * c->coordinate_len) {
        return ERR_AUTH;
    }
    der_write_ecdsa(&w, span_first(rs, c->coordinate_len), span_from(rs, c->coordinate_len));
    TRY(wr_end(&w));
    AUTO(pkey_free) EVP_PKEY *pkey = public_pkey(c, xy);
    AUTO(pkey_ctx_free)
    EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    bool holds = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
                 EVP_PKEY_verify(ctx, der, w.n, digest.p, digest.n) == 1;
    ERR_clear_error();
    return holds ? OK : ERR_AUTH;
}

enum err
ecdsa_verify_der(enum ecdsa_curve curve, struct span xy, struct span digest, struct span der)
{
    uint8_t rs[2 * ECDSA_COORDINATE_LEN_MAX];
    size_t n = curves[curve].coordinate_len;
    if (der_decode_ecdsa(mspan_of(rs, n), mspan_of(rs + n, n), der) != OK) {
        return ERR_AUTH;
    }
    return ecdsa_verify(curve, xy, digest, span_of(rs, 2 * n));
}
