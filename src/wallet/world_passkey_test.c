/* The software passkey of the wallet's tests. */
#include "base/check.h"
#include "codec/base64.h"
#include "crypto/hash.h"
#include "wallet/world_test.h"

#include <string.h>

static const char origin_right[] = WORLD_ORIGIN;

static size_t
client_data(char *out, size_t cap, const char *type, struct span challenge, const char *origin)
{
    struct wr w = wr_init(mspan_of(out, cap));
    wr_str(&w, "{\"type\":\"");
    wr_str(&w, type);
    wr_str(&w, "\",\"challenge\":\"");
    base64_encode(&w, BASE64_URL_BARE, challenge);
    wr_str(&w, "\",\"origin\":\"");
    wr_str(&w, origin);
    wr_str(&w, "\",\"crossOrigin\":false}");
    check(wr_ok(&w));
    return w.n;
}

static void auth_data(struct wr *w, uint8_t flags)
{
    struct hash32 rp;
    sha256(&rp, SPAN_LIT("passmesh.localhost"));
    wr_bytes(w, SPAN_OF(rp.bytes));
    wr_u8(w, flags);
    wr_be32(w, 0);
}

/* A COSE key for ES256 (RFC 9053 §2.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}. */
static void cose_key(struct wr *w, const struct p256_public *key)
{
    static const uint8_t head[] = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20};
    static const uint8_t middle[] = {0x22, 0x58, 0x20};
    wr_bytes(w, SPAN_OF(head));
    wr_bytes(w, span_of(key->xy, 32));
    wr_bytes(w, SPAN_OF(middle));
    wr_bytes(w, span_of(key->xy + 32, 32));
}

/* {"fmt": "none", "attStmt": {}, "authData": bytes} */
static size_t attestation(const struct world *w, uint8_t *out, size_t cap, uint8_t flags)
{
    uint8_t data[256];
    struct wr d = wr_init(MSPAN_OF(data));
    auth_data(&d, flags);
    wr_zeros(&d, 16);
    wr_be16(&d, sizeof w->credential);
    wr_bytes(&d, SPAN_OF(w->credential));
    cose_key(&d, &w->key);
    static const uint8_t head[] = "\xa3\x63"
                                  "fmt\x64none\x67"
                                  "attStmt\xa0\x68"
                                  "authData\x58";
    struct wr o = wr_init(mspan_of(out, cap));
    wr_bytes(&o, span_of(head, sizeof head - 1));
    wr_u8(&o, (uint8_t)d.n);
    wr_bytes(&o, span_of(data, d.n));
    check(wr_ok(&d));
    check(wr_ok(&o));
    return o.n;
}

struct enroll_answer
world_attest(struct world *w, struct span challenge, const struct world_ceremony *how)
{
    static char json[512];
    static uint8_t object[512];
    const char *origin = how && how->origin ? how->origin : origin_right;
    uint8_t flags = how && how->flags ? how->flags : 0x05;
    size_t n = client_data(json, sizeof json, "webauthn.create", challenge, origin);
    size_t object_len = attestation(w, object, sizeof object, (uint8_t)(flags | 0x40));
    return (struct enroll_answer){.passkey_name = SPAN_LIT("Laptop"),
                                  .credential_id = SPAN_OF(w->credential),
                                  .client_data = span_of(json, n),
                                  .attestation = span_of(object, object_len),
                                  .transports = TRANSPORT_INTERNAL};
}

const struct account *
world_enroll(struct world *w, const char *name, const struct world_ceremony *how, struct coded *why)
{
    struct ceremony c;
    const struct account *a = NULL;
    struct enroll_args args = {.name = span_str(name)};
    if (wallet_enroll_begin(w->wallet, w->t, &args, &c, why) != OK) {
        return NULL;
    }
    struct enroll_answer answer = world_attest(w, SPAN_OF(c.challenge), how);
    answer.ceremony = c.id;
    return wallet_enroll_finish(w->wallet, w->t, &answer, &a, why) == OK ? a : NULL;
}

struct passkey_answer
world_answer(struct world *w, struct span challenge, const struct world_ceremony *how)
{
    static char json[512];
    static uint8_t data[64];
    static uint8_t der[P256_DER_MAX];
    const char *origin = how && how->origin ? how->origin : origin_right;
    struct wr d = wr_init(MSPAN_OF(data));
    auth_data(&d, how && how->flags ? how->flags : 0x05);
    size_t n = client_data(json, sizeof json, "webauthn.get", challenge, origin);
    struct hash32 json_hash;
    struct hash32 digest;
    struct p256_signature sig;
    sha256(&json_hash, span_of(json, n));
    const struct span parts[] = {span_of(data, d.n), SPAN_OF(json_hash.bytes)};
    sha256_of(&digest, parts, 2);
    EXPECT_OK(p256_sign(&sig, &w->secret, &digest));
    return (struct passkey_answer){.credential_id = SPAN_OF(w->credential),
                                   .client_data = span_of(json, n),
                                   .authenticator_data = span_of(data, d.n),
                                   .signature = span_of(der, p256_der_encode(der, &sig))};
}
