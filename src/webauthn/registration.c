/* Registering a passkey: WebAuthn Level 3 §7.1. */
#include "webauthn/registration.h"

#include "webauthn/auth_data.h"
#include "webauthn/client_data.h"
#include "webauthn/relying_party.h"

#include <string.h>

static enum err verify_credential(const struct auth_data *data, struct diag *why)
{
    /* SPEC webauthn-3 §"7.1. Registering a New Credential": a registration carries the new credential, and its
     * algorithm is one that was asked for; we ask for ES256 alone. */
    if (!auth_data_has(data, AUTH_DATA_AT)) {
        return diag_set(why, ERR_MALFORMED, "registration: no credential in it", 32);
    }
    if (data->key.kind != COSE_KEY_ES256) {
        return diag_set(why, ERR_UNSUPPORTED, "registration: the key is not ES256", 0);
    }
    return OK;
}

enum err registration_verify(struct registration *ret,
                             const struct relying_party *rp,
                             struct span challenge,
                             const struct registration_response *response,
                             struct diag *why)
{
    struct client_data client;
    struct attestation attestation;
    struct auth_data data;
    TRY(client_data_verify(&client, CLIENT_DATA_CREATE, challenge, rp, response->client_data_json,
                           why));
    TRY(attestation_decode(&attestation, response->attestation_object, why));
    TRY(auth_data_decode(&data, attestation.auth_data, why));
    TRY(auth_data_verify(&data, rp, why));
    TRY(verify_credential(&data, why));
    struct hash32 client_data_hash;
    enum attestation_proof proof;
    sha256(&client_data_hash, response->client_data_json);
    TRY(attestation_verify(&proof, &attestation, &data, &client_data_hash, why));
    struct registration r = {
        .credential_id = data.credential_id,
        .key = data.key.p256,
        .sign_count = data.sign_count,
        .is_user_verified = auth_data_has(&data, AUTH_DATA_UV),
        .is_backup_eligible = auth_data_has(&data, AUTH_DATA_BE),
        .is_backed_up = auth_data_has(&data, AUTH_DATA_BS),
        .format = attestation.format,
        .proof = proof,
    };
    memcpy(r.aaguid, data.aaguid.p, sizeof r.aaguid);
    *ret = r;
    return OK;
}
