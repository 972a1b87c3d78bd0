/* Attestation objects: WebAuthn Level 3 §6.5.4, §8.2, §8.7. */
#include "webauthn/attestation.h"

#include "crypto/hash.h"
#include "webauthn/auth_data.h"

static const char *const names[] = {
    [ATTESTATION_NONE] = "none",
    [ATTESTATION_PACKED] = "packed",
    [ATTESTATION_TPM] = "tpm",
    [ATTESTATION_ANDROID_KEY] = "android-key",
    [ATTESTATION_ANDROID_SAFETYNET] = "android-safetynet",
    [ATTESTATION_APPLE] = "apple",
    [ATTESTATION_FIDO_U2F] = "fido-u2f",
    [ATTESTATION_OTHER] = "other",
};

const char *attestation_format_text(enum attestation_format format)
{
    return names[format];
}

static enum attestation_format format_of(struct span name)
{
    for (unsigned i = 0; i < ATTESTATION_OTHER; i++) {
        if (span_equal(name, span_str(names[i]))) {
            return (enum attestation_format)i;
        }
    }
    return ATTESTATION_OTHER;
}

enum err attestation_decode(struct attestation *ret, struct span object, struct diag *why)
{
    if (object.n > ATTESTATION_OBJECT_LEN_MAX) {
        return diag_set(why, ERR_LIMIT, "attestation: too long", ATTESTATION_OBJECT_LEN_MAX);
    }
    struct cbor root;
    enum err e = cbor_decode(&root, object, CBOR_ANY_ORDER);
    if (e != OK) {
        return diag_set(why, e, "attestation: not the CBOR that is allowed", 0);
    }
    struct attestation a = {0};
    struct cbor format;
    struct cbor auth_data = {0};
    bool has_all = cbor_find_text(&format, root, "fmt") &&
                   cbor_find_text(&a.statement, root, "attStmt") &&
                   cbor_find_text(&auth_data, root, "authData");
    if (!has_all || a.statement.type != CBOR_MAP) {
        return diag_set(why, ERR_MALFORMED, "attestation: fmt, attStmt or authData is missing", 0);
    }
    if (cbor_get_text(&a.format_name, format) != OK ||
        cbor_get_bytes(&a.auth_data, auth_data) != OK) {
        return diag_set(why, ERR_MALFORMED, "attestation: fmt or authData of another type", 0);
    }
    a.format = format_of(a.format_name);
    *ret = a;
    return OK;
}

/* Packed without x5c: the credential's own signature over authData and the client data hash. */
static enum err verify_self(const struct attestation *a,
                            const struct auth_data *data,
                            const struct hash32 *client_data_hash,
                            struct diag *why)
{
    struct cbor alg;
    struct cbor sig;
    int64_t alg_id;
    struct span der;
    if (!cbor_find_text(&alg, a->statement, "alg") || !cbor_find_text(&sig, a->statement, "sig")) {
        return diag_set(why, ERR_MALFORMED, "attestation: packed without alg or sig", 0);
    }
    TRY(cbor_get_i64(&alg_id, alg));
    TRY(cbor_get_bytes(&der, sig));
    /* SPEC webauthn-3 §"8.2. Packed Attestation Statement Format": in self attestation alg is that of the credential's key. */
    if (alg_id != data->key.alg) {
        return diag_set(why, ERR_AUTH, "attestation: alg is not that of the key", 0);
    }
    if (data->key.kind != COSE_KEY_ES256) {
        return ERR_UNSUPPORTED;
    }
    struct p256_signature signature;
    struct hash32 hash;
    struct span parts[] = {a->auth_data, SPAN_OF(client_data_hash->bytes)};
    TRY(p256_der_decode(&signature, der));
    sha256_of(&hash, parts, 2);
    enum err e = p256_verify(&data->key.p256, &hash, &signature);
    return e == OK ? OK : diag_set(why, e, "attestation: the signature does not hold", 0);
}

enum err attestation_verify(enum attestation_proof *ret,
                            const struct attestation *a,
                            const struct auth_data *data,
                            const struct hash32 *client_data_hash,
                            struct diag *why)
{
    struct cbor x5c;
    if (a->format == ATTESTATION_NONE) {
        /* SPEC webauthn-3 §"8.7. None Attestation Statement Format": the statement is an empty map. */
        if (a->statement.arg != 0) {
            return diag_set(why, ERR_MALFORMED, "attestation: none with a statement", 0);
        }
        *ret = ATTESTATION_PROVES_NOTHING;
        return OK;
    }
    bool is_self = a->format == ATTESTATION_PACKED && !cbor_find_text(&x5c, a->statement, "x5c");
    enum err e = is_self ? verify_self(a, data, client_data_hash, why) : OK;
    if (e == ERR_UNSUPPORTED) {
        is_self = false; /* a key of another kind: nothing is checked, nothing is trusted */
        e = OK;
    }
    TRY(e);
    *ret = is_self ? ATTESTATION_SELF : ATTESTATION_NOT_CHECKED;
    return OK;
}
