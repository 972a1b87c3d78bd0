/* COSE keys: RFC 9052 §7, RFC 9053 §2 and §7, RFC 8230 §4; WebAuthn Level 3 §5.8.5. */
#include "webauthn/cose_key.h"

#include <string.h>

enum { KTY = 1, ALG = 3, EC_CRV = -1, EC_X = -2, EC_Y = -3, RSA_N = -1, RSA_E = -2 };
enum { KTY_OKP = 1, KTY_EC2 = 2, KTY_RSA = 3, CRV_P256 = 1, CRV_ED25519 = 6 };
enum { RSA_N_LEN_MIN = 256, RSA_N_LEN_MAX = 1024, RSA_E_LEN_MAX = 8 };

static enum err get_int(int64_t *ret, struct cbor map, int64_t label)
{
    struct cbor v;
    return cbor_find_int(&v, map, label) ? cbor_get_i64(ret, v) : ERR_MALFORMED;
}

static enum err get_bytes(struct span *ret, struct cbor map, int64_t label)
{
    struct cbor v;
    return cbor_find_int(&v, map, label) ? cbor_get_bytes(ret, v) : ERR_MALFORMED;
}

static enum err decode_es256(struct cose_key *key, struct cbor map)
{
    int64_t curve;
    struct span x;
    struct span y;
    TRY(get_int(&curve, map, EC_CRV));
    TRY(get_bytes(&x, map, EC_X));
    /* SPEC webauthn-3 §"5.8.5. Cryptographic Algorithm Identifier": ES256 means P-256, and the point is not compressed. */
    TRY(get_bytes(&y, map, EC_Y));
    if (curve != CRV_P256 || x.n != 32 || y.n != 32) {
        return ERR_MALFORMED;
    }
    uint8_t xy[64];
    memcpy(xy, x.p, 32);
    memcpy(xy + 32, y.p, 32);
    TRY(p256_public_init(&key->p256, SPAN_OF(xy)));
    key->kind = COSE_KEY_ES256;
    return OK;
}

static enum err decode_eddsa(struct cose_key *key, struct cbor map)
{
    int64_t curve;
    struct span x;
    TRY(get_int(&curve, map, EC_CRV));
    TRY(get_bytes(&x, map, EC_X));
    /* SPEC webauthn-3 §"5.8.5. Cryptographic Algorithm Identifier": EdDSA (-8) means Ed25519. */
    if (curve != CRV_ED25519 || x.n != 32) {
        return ERR_MALFORMED;
    }
    key->kind = COSE_KEY_EDDSA;
    return OK;
}

static enum err decode_rs256(struct cose_key *key, struct cbor map)
{
    struct span n;
    struct span e;
    TRY(get_bytes(&n, map, RSA_N));
    TRY(get_bytes(&e, map, RSA_E));
    if (n.n < RSA_N_LEN_MIN || n.n > RSA_N_LEN_MAX || e.n == 0 || e.n > RSA_E_LEN_MAX) {
        return ERR_MALFORMED;
    }
    key->kind = COSE_KEY_RS256;
    return OK;
}

enum err cose_key_decode(struct cose_key *ret, struct cbor map)
{
    struct cose_key key = {.kind = COSE_KEY_OTHER, .raw = map.raw};
    int64_t kty;
    if (map.type != CBOR_MAP) {
        return ERR_MALFORMED;
    }
    TRY(get_int(&kty, map, KTY));
    TRY(get_int(&key.alg, map, ALG));
    if (key.alg == COSE_ALG_ES256 || key.alg == COSE_ALG_EDDSA || key.alg == COSE_ALG_RS256) {
        int64_t want = key.alg == COSE_ALG_ES256   ? KTY_EC2
                       : key.alg == COSE_ALG_EDDSA ? KTY_OKP
                                                   : KTY_RSA;
        if (kty != want) {
            return ERR_MALFORMED;
        }
        TRY(want == KTY_EC2   ? decode_es256(&key, map)
            : want == KTY_OKP ? decode_eddsa(&key, map)
                              : decode_rs256(&key, map));
    }
    *ret = key;
    return OK;
}

void cose_key_write_es256(struct wr *w, const struct p256_public *key)
{
    cbor_write_map(w, 5);
    cbor_write_i64(w, KTY);
    cbor_write_i64(w, KTY_EC2);
    cbor_write_i64(w, ALG);
    cbor_write_i64(w, COSE_ALG_ES256);
    cbor_write_i64(w, EC_CRV);
    cbor_write_i64(w, CRV_P256);
    cbor_write_i64(w, EC_X);
    cbor_write_bytes(w, span_of(key->xy, 32));
    cbor_write_i64(w, EC_Y);
    cbor_write_bytes(w, span_of(key->xy + 32, 32));
}
