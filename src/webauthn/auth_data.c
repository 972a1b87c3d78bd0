/* Authenticator data: WebAuthn Level 3 §6.1, §6.5.1. */
#include "webauthn/auth_data.h"

#include "base/rd.h"
#include "crypto/hash.h"
#include "webauthn/relying_party.h"

static enum err decode_credential(struct auth_data *data, struct rd *r)
{
    data->aaguid = rd_bytes(r, 16);
    size_t id_len = rd_be16(r);
    data->credential_id = rd_bytes(r, id_len);
    if (!rd_ok(r)) {
        return ERR_TRUNCATED;
    }
    /* SPEC webauthn-3 §"7.1. Registering a New Credential": a credential ID is at most 1023 bytes. */
    if (id_len == 0 || id_len > AUTH_DATA_CREDENTIAL_ID_MAX) {
        return ERR_MALFORMED;
    }
    struct cbor map;
    TRY(cbor_take(&map, &r->rest, CBOR_ANY_ORDER));
    return cose_key_decode(&data->key, map);
}

static enum err decode_extensions(struct auth_data *data, struct rd *r)
{
    struct cbor map;
    TRY(cbor_take(&map, &r->rest, CBOR_ANY_ORDER));
    if (map.type != CBOR_MAP) {
        return ERR_MALFORMED;
    }
    data->extensions = map.raw;
    return OK;
}

enum err auth_data_decode(struct auth_data *ret, struct span in, struct diag *why)
{
    if (in.n > AUTH_DATA_LEN_MAX) {
        return diag_set(why, ERR_LIMIT, "authenticator data: too long", AUTH_DATA_LEN_MAX);
    }
    struct rd r = rd_init(in);
    struct auth_data data = {0};
    data.rp_id_hash = rd_bytes(&r, 32);
    data.flags = rd_u8(&r);
    data.sign_count = rd_be32(&r);
    if (!rd_ok(&r)) {
        return diag_set(why, ERR_TRUNCATED, "authenticator data: too short", in.n);
    }
    enum err e = auth_data_has(&data, AUTH_DATA_AT) ? decode_credential(&data, &r) : OK;
    if (e != OK) {
        return diag_set(why, e, "authenticator data: malformed credential", rd_offset(&r));
    }
    e = auth_data_has(&data, AUTH_DATA_ED) ? decode_extensions(&data, &r) : OK;
    if (e != OK) {
        return diag_set(why, e, "authenticator data: malformed extensions", rd_offset(&r));
    }
    if (!rd_end(&r)) {
        return diag_set(why, ERR_MALFORMED, "authenticator data: trailing bytes", rd_offset(&r));
    }
    *ret = data;
    return OK;
}

enum err
auth_data_verify(const struct auth_data *data, const struct relying_party *rp, struct diag *why)
{
    struct hash32 want;
    sha256(&want, rp->id);
    if (!span_equal(SPAN_OF(want.bytes), data->rp_id_hash)) {
        return diag_set(why, ERR_AUTH, "authenticator data: another relying party", 0);
    }
    if (!auth_data_has(data, AUTH_DATA_UP)) {
        return diag_set(why, ERR_AUTH, "authenticator data: no person was present", 32);
    }
    if (rp->requires_user_verification && !auth_data_has(data, AUTH_DATA_UV)) {
        return diag_set(why, ERR_AUTH, "authenticator data: the person was not verified", 32);
    }
    /* SPEC webauthn-3 §"6.1.3. Credential Backup State": backed up without being eligible for it cannot be. */
    if (auth_data_has(data, AUTH_DATA_BS) && !auth_data_has(data, AUTH_DATA_BE)) {
        return diag_set(why, ERR_AUTH, "authenticator data: backed up but not eligible", 32);
    }
    return OK;
}
