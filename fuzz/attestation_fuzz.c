/* Attestation objects and authenticator data: what decodes lies within the input, and an ES256 key written again in
 * canonical form decodes to the same key. The object is tried as authenticator data too. */
#include "base/check.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "webauthn/attestation.h"
#include "webauthn/auth_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span part, struct span whole)
{
    check(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static bool try_auth_data(struct auth_data *ret, struct span in)
{
    struct diag why = {0};
    if (auth_data_decode(ret, in, &why) != OK) {
        check(why.rule != NULL);
        return false;
    }
    check_inside(ret->credential_id, in);
    check_inside(ret->extensions, in);
    check_inside(ret->key.raw, in);
    if (auth_data_has(ret, AUTH_DATA_AT) && ret->key.kind == COSE_KEY_ES256) {
        uint8_t store[96];
        struct wr w = wr_init(MSPAN_OF(store));
        cose_key_write_es256(&w, &ret->key.p256);
        struct cbor map;
        struct cose_key again;
        check(cbor_decode(&map, span_of(store, w.n), CBOR_CANONICAL) == OK);
        check(cose_key_decode(&again, map) == OK);
        check(span_equal(SPAN_OF(again.p256.xy), SPAN_OF(ret->key.p256.xy)));
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hash32 hash;
    struct span in = span_of(data, size);
    struct attestation a;
    struct auth_data auth;
    struct diag why = {0};
    check(crypto_init() == OK);
    (void)try_auth_data(&auth, in);
    if (attestation_decode(&a, in, &why) != OK) {
        check(why.rule != NULL);
        return 0;
    }
    check_inside(a.auth_data, in);
    check_inside(a.statement.raw, in);
    if (try_auth_data(&auth, a.auth_data) && auth_data_has(&auth, AUTH_DATA_AT)) {
        enum attestation_proof proof = ATTESTATION_NOT_CHECKED;
        enum err e = attestation_verify(&proof, &a, &auth, &hash, &why);
        check(e == OK || proof == ATTESTATION_NOT_CHECKED);
    }
    return 0;
}
