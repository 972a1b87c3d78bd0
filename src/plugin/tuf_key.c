/* Keys of TUF metadata: section 4.2 of the specification. */
#include "plugin/tuf_key.h"

#include "codec/base16.h"
#include "codec/pem.h"
#include "crypto/rsa.h"

enum { PEM_LEN_MAX = 2048 };

static const struct {
    const char *type;
    const char *scheme;
    enum tuf_key_kind kind;
} kinds[] = {
    {"ed25519",             "ed25519",             TUF_KEY_ED25519  },
    {"ecdsa",               "ecdsa-sha2-nistp256", TUF_KEY_P256     },
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", TUF_KEY_P256     },
    {"rsa",                 "rsassa-pss-sha256",   TUF_KEY_RSA_PSS  },
    {"rsa",                 "rsa-pkcs1v15-sha256", TUF_KEY_RSA_PKCS1},
};

static enum err find_kind(enum tuf_key_kind *ret, struct json type, struct json scheme)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (json_string_equal(type, span_str(kinds[i].type)) &&
            json_string_equal(scheme, span_str(kinds[i].scheme))) {
            *ret = kinds[i].kind;
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}

/* The DER of a PEM text with one public key and nothing else. */
static enum err take_spki(struct tuf_key *key, struct json value)
{
    uint8_t text_room[PEM_LEN_MAX];
    struct wr text = wr_init(MSPAN_OF(text_room));
    TRY(json_get_string(&text, value));
    struct span rest = span_of(text_room, text.n);
    struct wr der = wr_init(MSPAN_OF(key->spki));
    TRY(pem_take(&der, &rest, "PUBLIC KEY"));
    key->spki_len = der.n;
    return OK;
}

static enum err take_ed25519(struct tuf_key *key, struct json value)
{
    struct span text;
    TRY(json_get_plain(&text, value));
    TRY(base16_decode_fixed(MSPAN_OF(key->ed25519.bytes), text));
    sha256(&key->self, SPAN_OF(key->ed25519.bytes));
    return OK;
}

static enum err take_p256(struct tuf_key *key, struct json value)
{
    TRY(take_spki(key, value));
    TRY(p256_spki_decode(&key->p256, span_of(key->spki, key->spki_len)));
    sha256(&key->self, SPAN_OF(key->p256.xy));
    return OK;
}

static enum err take_rsa(struct tuf_key *key, struct json value)
{
    TRY(take_spki(key, value));
    TRY(rsa_spki_check(span_of(key->spki, key->spki_len)));
    sha256(&key->self, span_of(key->spki, key->spki_len));
    return OK;
}

static enum err take_value(struct tuf_key *key, struct json value)
{
    switch (key->kind) {
    case TUF_KEY_ED25519:   return take_ed25519(key, value);
    case TUF_KEY_P256:      return take_p256(key, value);
    case TUF_KEY_RSA_PSS:
    case TUF_KEY_RSA_PKCS1: return take_rsa(key, value);
    }
    return ERR_INTERNAL;
}

enum err tuf_key_parse(struct tuf_key *ret_key, struct json object, struct diag *why)
{
    struct json type;
    struct json scheme;
    struct json keyval;
    struct json public;
    struct tuf_key key;
    if (!json_find(&type, object, "keytype") || !json_find(&scheme, object, "scheme") ||
        !json_find(&keyval, object, "keyval") || !json_find(&public, keyval, "public") ||
        public.type != JSON_STRING) {
        return diag_set(why, ERR_MALFORMED, "a key without type, scheme or public value", 0);
    }
    if (find_kind(&key.kind, type, scheme) != OK) {
        return diag_set(why, ERR_UNSUPPORTED, "a key of unknown type or scheme", 0);
    }
    if (take_value(&key, public) != OK) {
        return diag_set(why, ERR_MALFORMED, "a public key of the wrong length or form", 0);
    }
    *ret_key = key;
    return OK;
}

enum err tuf_key_verify(const struct tuf_key *key, struct span message, struct span sig)
{
    struct span spki = span_of(key->spki, key->spki_len);
    struct p256_signature p256;
    struct hash32 hash;
    switch (key->kind) {
    case TUF_KEY_ED25519: return ed25519_verify(&key->ed25519, message, sig);
    case TUF_KEY_P256:
        TRY(p256_der_decode(&p256, sig));
        sha256(&hash, message);
        return p256_verify(&key->p256, &hash, &p256);
    case TUF_KEY_RSA_PSS:   return rsa_pss_verify(spki, message, sig);
    case TUF_KEY_RSA_PKCS1: return rsa_verify(spki, message, sig);
    }
    return ERR_INTERNAL;
}
