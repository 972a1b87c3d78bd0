/* ECDSA verification over OpenSSL: the key is read by our own strict reader, and handed over as a point. */
#include "crypto/ecdsa.h"

#include "codec/der.h"
#include "crypto/openssl_ec_key.h"

#include <limits.h>
#include <string.h>

struct curve {
    int group;       /* OpenSSL's number */
    struct span oid; /* RFC 5480 §2.1.1.1 */
    size_t coordinate_len;
};

static const struct curve curves[] = {
    [ECDSA_P256] = {NID_X9_62_prime256v1, SPAN_INIT("\x2a\x86\x48\xce\x3d\x03\x01\x07"), 32},
    [ECDSA_P384] = {NID_secp384r1,        SPAN_INIT("\x2b\x81\x04\x00\x22"),             48},
};

/* 1.2.840.10045.2.1, id-ecPublicKey. */
static const struct span oid_ec = SPAN_INIT("\x2a\x86\x48\xce\x3d\x02\x01");

static void key_free(EC_KEY **k)
{
    EC_KEY_free(*k);
}

static void signature_free(ECDSA_SIG **sig)
{
    ECDSA_SIG_free(*sig);
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

/* The constants of the curves, made at the first use and only read after that. OpenSSL makes them anew for each key otherwise, in a sixth of the time that
 * a verification on P-256 takes. They are no state: no input reaches them. NULL if memory was short just then: each key makes its own. */
static EC_GROUP *groups[sizeof curves / sizeof curves[0]];
static CRYPTO_ONCE groups_once = CRYPTO_ONCE_STATIC_INIT;

static void make_groups(void)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        groups[i] = EC_GROUP_new_by_curve_name(curves[i].group);
    }
}

static EC_KEY *empty_key(enum ecdsa_curve curve)
{
    bool is_made = CRYPTO_THREAD_run_once(&groups_once, make_groups) == 1 && groups[curve];
    EC_KEY *key = is_made ? EC_KEY_new() : EC_KEY_new_by_curve_name(curves[curve].group);
    if (key && is_made && EC_KEY_set_group(key, groups[curve]) != 1) {
        EC_KEY_free(key);
        return NULL;
    }
    return key;
}

/* SPEC SEC1 §"2.3.4": coordinates below the field's prime, and the point on the curve; else NULL. */
static EC_KEY *public_key(enum ecdsa_curve curve, struct span xy)
{
    uint8_t point[1 + 2 * ECDSA_COORDINATE_LEN_MAX] = {0x04};
    memcpy(point + 1, xy.p, xy.n);
    EC_KEY *key = empty_key(curve);
    if (key && EC_KEY_oct2key(key, point, 1 + xy.n, NULL) == 1) {
        return key;
    }
    EC_KEY_free(key);
    return NULL;
}

static ECDSA_SIG *signature_of(struct span r, struct span s)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r_number = BN_bin2bn(r.p, (int)r.n, NULL);
    BIGNUM *s_number = BN_bin2bn(s.p, (int)s.n, NULL);
    if (sig && ECDSA_SIG_set0(sig, r_number, s_number) == 1) {
        return sig; /* owns both numbers */
    }
    BN_free(r_number);
    BN_free(s_number);
    ECDSA_SIG_free(sig);
    return NULL;
}

enum err ecdsa_verify(enum ecdsa_curve curve, struct span xy, struct span digest, struct span rs)
{
    size_t half = curves[curve].coordinate_len;
    if (xy.n != 2 * half || rs.n != 2 * half || digest.n > INT_MAX) {
        return ERR_AUTH;
    }
    AUTO(key_free) EC_KEY *key = public_key(curve, xy);
    AUTO(signature_free)
    ECDSA_SIG *sig = key ? signature_of(span_first(rs, half), span_from(rs, half)) : NULL;
    bool holds = sig && ECDSA_do_verify(digest.p, (int)digest.n, sig, key) == 1;
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
