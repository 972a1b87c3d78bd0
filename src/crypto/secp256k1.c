/* ECDSA on secp256k1 over libsecp256k1. Its static context serves all that is public; signing builds a
 * context on the stack and blinds it, so that no process-wide object has to be kept. */
#include "crypto/secp256k1.h"

#include "base/check.h"
#include "base/wr.h"
#include "codec/der.h"

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <string.h>

enum { CONTEXT_MAX = 512 };

struct signing {
    _Alignas(16) uint8_t room[CONTEXT_MAX];
    secp256k1_context *ctx;
};

static void signing_done(struct signing *s)
{
    if (s->ctx) {
        secp256k1_context_preallocated_destroy(s->ctx);
    }
    wipe(mspan_of(s->room, sizeof s->room));
}

/* The blinding seed follows from the secret: it only has to be unknown to who measures us. */
static void signing_init(struct signing *s, const struct secret32 *secret, struct span message)
{
    check(secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE) <= CONTEXT_MAX);
    s->ctx = secp256k1_context_preallocated_create(s->room, SECP256K1_CONTEXT_NONE);
    AUTO(secret32_wipe) struct secret32 seed;
    const struct span parts[] = {SPAN_LIT("passmesh secp256k1 blinding"), message};
    hmac_sha256(&seed, SPAN_OF(secret->bytes), parts, 2);
    check(secp256k1_context_randomize(s->ctx, seed.bytes) == 1);
}

static void public_put(struct secp256k1_public *ret_public, const secp256k1_pubkey *key)
{
    uint8_t point[65];
    size_t n = sizeof point;
    (void)secp256k1_ec_pubkey_serialize(secp256k1_context_static, point, &n, key,
                                        SECP256K1_EC_UNCOMPRESSED);
    memcpy(ret_public->xy, point + 1, sizeof ret_public->xy);
}

static bool public_get(secp256k1_pubkey *ret_key, const struct secp256k1_public *key)
{
    uint8_t point[65] = {0x04};
    memcpy(point + 1, key->xy, sizeof key->xy);
    return secp256k1_ec_pubkey_parse(secp256k1_context_static, ret_key, point, sizeof point) == 1;
}

enum err secp256k1_public_init(struct secp256k1_public *ret_public, const struct secret32 *secret)
{
    AUTO(signing_done) struct signing s = {.ctx = NULL};
    signing_init(&s, secret, SPAN_EMPTY);
    secp256k1_pubkey key;
    if (secp256k1_ec_pubkey_create(s.ctx, &key, secret->bytes) != 1) {
        return ERR_MALFORMED;
    }
    public_put(ret_public, &key);
    return OK;
}

enum err secp256k1_public_parse(struct secp256k1_public *ret_public, struct span in)
{
    bool is_compressed = in.n == 33 && (in.p[0] == 0x02 || in.p[0] == 0x03);
    bool is_plain = in.n == 65 && in.p[0] == 0x04;
    secp256k1_pubkey key;
    if (!(is_compressed || is_plain) ||
        secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, in.p, in.n) != 1) {
        return ERR_MALFORMED;
    }
    public_put(ret_public, &key);
    return OK;
}

void secp256k1_public_compress(uint8_t ret_out[static 33], const struct secp256k1_public *key)
{
    ret_out[0] = (uint8_t)(0x02 | (key->xy[63] & 1));
    memcpy(ret_out + 1, key->xy, 32);
}

enum err secp256k1_sign(struct secp256k1_signature *ret_sig,
                        const struct secret32 *secret,
                        const struct hash32 *hash)
{
    AUTO(signing_done) struct signing s = {.ctx = NULL};
    signing_init(&s, secret, SPAN_OF(hash->bytes));
    secp256k1_ecdsa_recoverable_signature sig;
    if (secp256k1_ecdsa_sign_recoverable(s.ctx, &sig, hash->bytes, secret->bytes, NULL, NULL) !=
        1) {
        return ERR_MALFORMED;
    }
    int id = 0;
    (void)secp256k1_ecdsa_recoverable_signature_serialize_compact(s.ctx, ret_sig->rs, &id, &sig);
    ret_sig->recovery_id = (uint8_t)id;
    return OK;
}

enum err secp256k1_verify(const struct secp256k1_public *key,
                          const struct hash32 *hash,
                          const struct secp256k1_signature *sig)
{
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey point;
    bool holds =
        secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &parsed, sig->rs) == 1 &&
        public_get(&point, key) &&
        secp256k1_ecdsa_verify(secp256k1_context_static, &parsed, hash->bytes, &point) == 1;
    return holds ? OK : ERR_AUTH;
}

bool secp256k1_normalize(struct secp256k1_signature *sig)
{
    secp256k1_ecdsa_signature in;
    secp256k1_ecdsa_signature low;
    if (secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &in, sig->rs) != 1 ||
        secp256k1_ecdsa_signature_normalize(secp256k1_context_static, &low, &in) != 1) {
        return false;
    }
    (void)secp256k1_ecdsa_signature_serialize_compact(secp256k1_context_static, sig->rs, &low);
    sig->recovery_id ^= 1;
    return true;
}

enum err secp256k1_recover(struct secp256k1_public *ret_public,
                           const struct hash32 *hash,
                           const struct secp256k1_signature *sig)
{
    static const uint8_t zero[32];
    if (sig->recovery_id > 3 || memcmp(sig->rs, zero, 32) == 0 ||
        memcmp(sig->rs + 32, zero, 32) == 0) {
        return ERR_MALFORMED;
    }
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(secp256k1_context_static, &parsed,
                                                            sig->rs, sig->recovery_id) != 1) {
        return ERR_MALFORMED;
    }
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recover(secp256k1_context_static, &key, &parsed, hash->bytes) != 1) {
        return ERR_AUTH;
    }
    public_put(ret_public, &key);
    return OK;
}

enum err secp256k1_der_decode(struct secp256k1_signature *ret_sig, struct span der)
{
    struct secp256k1_signature sig = {.recovery_id = 0};
    TRY(der_decode_ecdsa(mspan_of(sig.rs, 32), mspan_of(sig.rs + 32, 32), der));
    *ret_sig = sig;
    return OK;
}

size_t secp256k1_der_encode(uint8_t ret_out[static SECP256K1_DER_MAX],
                            const struct secp256k1_signature *sig)
{
    struct wr w = wr_init(mspan_of(ret_out, SECP256K1_DER_MAX));
    der_write_ecdsa(&w, span_of(sig->rs, 32), span_of(sig->rs + 32, 32));
    check(wr_ok(&w));
    return w.n;
}

enum err secp256k1_secret_add(struct secret32 *secret, const struct secret32 *tweak)
{
    AUTO(secret32_wipe) struct secret32 sum;
    memcpy(sum.bytes, secret->bytes, sizeof sum.bytes);
    if (secp256k1_ec_seckey_tweak_add(secp256k1_context_static, sum.bytes, tweak->bytes) != 1) {
        return ERR_MALFORMED;
    }
    memcpy(secret->bytes, sum.bytes, sizeof sum.bytes);
    return OK;
}

enum err secp256k1_public_add(struct secp256k1_public *key, const struct secret32 *tweak)
{
    secp256k1_pubkey point;
    if (!public_get(&point, key) ||
        secp256k1_ec_pubkey_tweak_add(secp256k1_context_static, &point, tweak->bytes) != 1) {
        return ERR_MALFORMED;
    }
    public_put(key, &point);
    return OK;
}
