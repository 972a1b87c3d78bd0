#ifndef WEBAUTHN_REGISTRATION_H
#define WEBAUTHN_REGISTRATION_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/p256.h"
#include "webauthn/attestation.h"

struct relying_party;

/* A new passkey (WebAuthn Level 3 §7.1, steps 6 to 25). */
struct registration_response {
    struct span client_data_json;
    struct span attestation_object;
};

/* The credential record that the caller keeps. Spans point into the response. */
struct registration {
    struct span credential_id;
    struct p256_public key;
    uint32_t sign_count;
    uint8_t aaguid[16]; /* the model that the authenticator names; not proven */
    bool is_user_verified;
    bool is_backup_eligible;
    bool is_backed_up;
    enum attestation_format format;
    enum attestation_proof proof;
};

/* registration_verify goes through the steps in the spec's order. challenge is the bytes that were asked for.
 * ERR_MALFORMED, ERR_TRUNCATED, ERR_LIMIT: broken input; ERR_AUTH: a ceremony for something else; ERR_UNSUPPORTED: a key that is not
 * ES256, or CBOR that we do not read. The caller still sees to it that credential_id is not known already. why may be NULL. */
MUST_CHECK enum err registration_verify(struct registration *ret,
                                        const struct relying_party *rp,
                                        struct span challenge,
                                        const struct registration_response *response,
                                        struct diag *why);

#endif
