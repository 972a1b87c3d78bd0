/* A passkey in software, for tests. */
#include "webauthn/software_passkey_test.h"

#include "base/test.h"
#include "codec/base64.h"
#include "crypto/backend.h"
#include "crypto/hash.h"

#include <string.h>

const struct relying_party software_rp = {
    .id = {(const uint8_t *)"passmesh.localhost",             18},
    .origin = {(const uint8_t *)"http://passmesh.localhost:7878", 30},
    .requires_user_verification = true,
};

const uint8_t software_challenge[32] = {0xfb, 0xff, 3};

struct software_passkey software_passkey_make(uint8_t seed)
{
    struct software_passkey p = {0};
    memset(p.secret.bytes, seed, sizeof p.secret.bytes);
    EXPECT_OK(crypto_init());
    EXPECT_OK(p256_public_of(&p.key, &p.secret));
    return p;
}

static struct span make_json(struct made *m, const struct making *how)
{
    struct wr w = wr_init(MSPAN_OF(m->json));
    if (how->json) {
        wr_str(&w, how->json);
        return span_of(m->json, w.n);
    }
    wr_str(&w, "{\"type\":\"");
    wr_str(&w, how->type);
    wr_str(&w, "\",\"challenge\":\"");
    base64_encode(&w, BASE64_URL_BARE,
                  how->challenge.n > 0 ? how->challenge : SPAN_OF(software_challenge));
    wr_str(&w, "\",\"origin\":\"http://passmesh.localhost:7878\",\"crossOrigin\":false");
    wr_str(&w, how->extra ? how->extra : "");
    wr_str(&w, "}");
    EXPECT_OK(wr_end(&w));
    return span_of(m->json, w.n);
}

static void
write_auth_data(struct wr *w, const struct software_passkey *p, const struct making *how)
{
    struct hash32 id_hash;
    sha256(&id_hash, how->rp_id ? span_str(how->rp_id) : software_rp.id);
    wr_bytes(w, SPAN_OF(id_hash.bytes));
    wr_u8(w, how->flags);
    wr_be32(w, how->sign_count);
    if (how->flags & AUTH_DATA_AT) {
        wr_zeros(w, 16);
        struct span id =
            how->credential_id.n > 0 ? how->credential_id : SPAN_LIT("\x01\x02\x03\x04");
        wr_be16(w, (uint16_t)id.n);
        wr_bytes(w, id);
        cose_key_write_es256(w, &p->key);
    }
    if (how->flags & AUTH_DATA_ED) {
        cbor_write_map(w, 1);
        cbor_write_text(w, "credProtect");
        cbor_write_u64(w, 2);
    }
}

/* Adds the order minus s: the other signature over the same. */
static void make_high(struct p256_signature *sig)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    int borrow = 0;
    for (size_t i = 32; i > 0; i--) {
        int d = order[i - 1] - sig->rs[31 + i] - borrow;
        borrow = d < 0;
        sig->rs[31 + i] = (uint8_t)(d + 256 * borrow);
    }
}

void software_passkey_use(struct made *m, const struct software_passkey *p, struct making how)
{
    struct span json = make_json(m, &how);
    struct wr w = wr_init(MSPAN_OF(m->auth_data));
    write_auth_data(&w, p, &how);
    EXPECT_OK(wr_end(&w));
    struct span auth_data = span_of(m->auth_data, w.n);
    struct wr o = wr_init(MSPAN_OF(m->object));
    cbor_write_map(&o, 3);
    cbor_write_text(&o, "fmt");
    cbor_write_text(&o, "none");
    cbor_write_text(&o, "attStmt");
    cbor_write_map(&o, 0);
    cbor_write_text(&o, "authData");
    cbor_write_bytes(&o, auth_data);
    EXPECT_OK(wr_end(&o));
    struct hash32 client_hash;
    struct hash32 hash;
    sha256(&client_hash, json);
    struct span parts[] = {auth_data, SPAN_OF(client_hash.bytes)};
    sha256_of(&hash, parts, 2);
    struct p256_signature sig;
    EXPECT_OK(p256_sign(&sig, &p->secret, &hash));
    if (how.high_s) {
        make_high(&sig);
    }
    size_t der_len = p256_der_encode(m->der, &sig);
    m->registration = (struct registration_response){.client_data_json = json,
                                                     .attestation_object = span_of(m->object, o.n)};
    m->assertion = (struct assertion_response){.client_data_json = json,
                                               .authenticator_data = auth_data,
                                               .signature = span_of(m->der, der_len)};
}

struct making making_create(void)
{
    return (struct making){.type = "webauthn.create", .flags = FLAGS_CREATE};
}

struct making making_get(void)
{
    return (struct making){.type = "webauthn.get", .flags = FLAGS_GET, .sign_count = 1};
}

enum err software_passkey_verify(struct assertion *ret,
                                 const struct software_passkey *p,
                                 const struct made *m,
                                 struct diag *why)
{
    struct assertion_credential credential = {.key = p->key};
    return assertion_verify(ret, &software_rp, SPAN_OF(software_challenge), &credential,
                            &m->assertion, why);
}
