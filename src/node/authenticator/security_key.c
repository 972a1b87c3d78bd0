/* Security keys over libfido2. */
#include "node/authenticator/security_key.h"

#include "codec/cbor.h"
#include "crypto/hash.h"
#include "node/authenticator/client_side.h"
#include "node/authenticator/libfido2.h"
#include "webauthn/auth_data.h"
#include "webauthn/prf.h"

#include <string.h>

void security_key_done(struct security_key *k)
{
    if (k->dev) {
        (void)fido_dev_close(k->dev);
        fido_dev_free(&k->dev);
    }
}

static enum err err_of(int r)
{
    switch (r) {
    case FIDO_OK:                        return OK;
    case FIDO_ERR_PIN_INVALID:
    case FIDO_ERR_UV_INVALID:            return ERR_AUTH;
    case FIDO_ERR_PIN_BLOCKED:
    case FIDO_ERR_PIN_AUTH_BLOCKED:
    case FIDO_ERR_UV_BLOCKED:
    case FIDO_ERR_OPERATION_DENIED:      return ERR_DENIED;
    case FIDO_ERR_PIN_REQUIRED:
    case FIDO_ERR_PIN_NOT_SET:
    case FIDO_ERR_CREDENTIAL_EXCLUDED:   return ERR_STATE;
    case FIDO_ERR_NO_CREDENTIALS:        return ERR_NOT_FOUND;
    case FIDO_ERR_UNSUPPORTED_OPTION:
    case FIDO_ERR_UNSUPPORTED_EXTENSION:
    case FIDO_ERR_UNSUPPORTED_ALGORITHM: return ERR_UNSUPPORTED;
    case FIDO_ERR_KEY_STORE_FULL:        return ERR_LIMIT;
    case FIDO_ERR_ACTION_TIMEOUT:
    case FIDO_ERR_USER_ACTION_TIMEOUT:
    case FIDO_ERR_TIMEOUT:               return ERR_TIMEOUT;
    default:                             return ERR_IO; /* any other number of the device's */
    }
}

/* A text with its closing zero, as libfido2 takes them. */
struct text {
    char s[SECURITY_KEY_TEXT_MAX + 1];
};

static void text_wipe(struct text *t)
{
    wipe(MSPAN_OF(t->s));
}

static enum err text_of(struct text *ret, struct span s, size_t max)
{
    if (s.n > max || span_find(s, 0) != s.n) {
        return ERR_LIMIT;
    }
    (void)span_copy(MSPAN_OF(ret->s), s);
    ret->s[s.n] = '\0';
    return OK;
}

static enum err keep(uint8_t *to, size_t *ret_len, size_t max, struct span from)
{
    if (from.n == 0 || from.n > max) {
        return ERR_MALFORMED;
    }
    memcpy(to, from.p, from.n);
    *ret_len = from.n;
    return OK;
}

/* Keeps the authenticator data, and refuses it without user verification. */
static enum err keep_auth_data(struct security_key_answer *a, struct span bytes)
{
    struct auth_data data;
    TRY(keep(a->auth_data, &a->auth_data_len, sizeof a->auth_data, bytes));
    if (auth_data_decode(&data, bytes, NULL) != OK) {
        return ERR_MALFORMED;
    }
    return auth_data_has(&data, AUTH_DATA_UV) ? OK : ERR_DENIED;
}

static void cred_free(fido_cred_t **c)
{
    fido_cred_free(c);
}

static void assert_free(fido_assert_t **a)
{
    fido_assert_free(a);
}

static int fill_cred(fido_cred_t *c,
                     const struct security_key_ask *ask,
                     const struct security_key_answer *a,
                     const char *rp_id,
                     const char *user_name)
{
    int r = fido_cred_set_type(c, COSE_ES256);
    r = r ? r : fido_cred_set_clientdata(c, a->client_data, a->client_data_len);
    r = r ? r : fido_cred_set_rp(c, rp_id, rp_id);
    r = r ? r : fido_cred_set_user(c, ask->user_id.p, ask->user_id.n, user_name, user_name, NULL);
    r = r ? r : fido_cred_set_rk(c, FIDO_OPT_TRUE);
    r = r ? r : fido_cred_set_extensions(c, FIDO_EXT_HMAC_SECRET | FIDO_EXT_CRED_PROTECT);
    r = r ? r : fido_cred_set_prot(c, FIDO_CRED_PROT_UV_OPTIONAL_WITH_ID);
    if (r == FIDO_OK && ask->pin.n == 0) {
        r = fido_cred_set_uv(c, FIDO_OPT_TRUE);
    }
    if (r == FIDO_OK && ask->credential_id.n > 0) {
        r = fido_cred_exclude(c, ask->credential_id.p, ask->credential_id.n);
    }
    return r;
}

enum err security_key_create(struct security_key *k,
                             struct security_key_answer *ret,
                             const struct security_key_ask *ask)
{
    AUTO(cred_free) fido_cred_t *c = fido_cred_new();
    AUTO(text_wipe) struct text pin;
    struct text rp_id;
    struct text user_name;
    memset(ret, 0, sizeof *ret);
    TRY(client_side_check(ask));
    if (ask->user_id.n == 0 || ask->user_id.n > SECURITY_KEY_USER_MAX || !c) {
        return ERR_LIMIT;
    }
    TRY(text_of(&pin, ask->pin, SECURITY_KEY_PIN_MAX));
    TRY(text_of(&rp_id, ask->rp_id, SECURITY_KEY_TEXT_MAX));
    TRY(text_of(&user_name, ask->user_name, SECURITY_KEY_TEXT_MAX));
    TRY(client_side_write_client_data(ret, "webauthn.create", ask));
    TRY(err_of(fill_cred(c, ask, ret, rp_id.s, user_name.s)));
    TRY(err_of(fido_dev_make_cred(k->dev, c, ask->pin.n > 0 ? pin.s : NULL)));
    TRY(keep(ret->credential_id, &ret->credential_id_len, sizeof ret->credential_id,
             span_of(fido_cred_id_ptr(c), fido_cred_id_len(c))));
    TRY(keep_auth_data(ret, span_of(fido_cred_authdata_raw_ptr(c), fido_cred_authdata_raw_len(c))));
    return client_side_write_object(ret);
}

static int fill_assert(fido_assert_t *f,
                       const struct security_key_ask *ask,
                       const struct security_key_answer *a,
                       const char *rp_id)
{
    int r = fido_assert_set_clientdata(f, a->client_data, a->client_data_len);
    r = r ? r : fido_assert_set_rp(f, rp_id);
    if (r == FIDO_OK && ask->pin.n == 0) {
        r = fido_assert_set_uv(f, FIDO_OPT_TRUE);
    }
    if (r == FIDO_OK && ask->credential_id.n > 0) {
        r = fido_assert_allow_cred(f, ask->credential_id.p, ask->credential_id.n);
    }
    if (r == FIDO_OK && ask->prf_input.n > 0) {
        struct hash32 salt;
        prf_salt(&salt, ask->prf_input);
        r = fido_assert_set_extensions(f, FIDO_EXT_HMAC_SECRET);
        r = r ? r : fido_assert_set_hmac_salt(f, salt.bytes, sizeof salt.bytes);
    }
    return r;
}

/* Which of the answers counts. libfido2 has asked for all that the device has, with one touch. */
static enum err choose(size_t *ret_i, const fido_assert_t *f, struct security_key_choice *choice)
{
    struct security_key_user users[SECURITY_KEY_USERS_MAX];
    size_t count = fido_assert_count(f);
    count = count < SECURITY_KEY_USERS_MAX ? count : SECURITY_KEY_USERS_MAX;
    *ret_i = 0;
    if (count < 2 || !choice) {
        return count > 0 ? OK : ERR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = fido_assert_user_name(f, i);
        users[i].name = name ? span_first(span_str(name), SECURITY_KEY_TEXT_MAX) : SPAN_EMPTY;
    }
    return choice->choose(choice, ret_i, users, count) && *ret_i < count ? OK : ERR_NOT_FOUND;
}

/* libfido2 1.12 hands the authenticator data out as a CBOR string. */
static enum err keep_assertion(struct security_key_answer *a, const fido_assert_t *f, size_t i)
{
    struct cbor item;
    struct span data;
    struct span user = span_of(fido_assert_user_id_ptr(f, i), fido_assert_user_id_len(f, i));
    if (cbor_decode(&item, span_of(fido_assert_authdata_ptr(f, i), fido_assert_authdata_len(f, i)),
                    CBOR_CANONICAL) != OK ||
        cbor_get_bytes(&data, item) != OK || user.n > sizeof a->user_id) {
        return ERR_MALFORMED;
    }
    TRY(keep(a->credential_id, &a->credential_id_len, sizeof a->credential_id,
             span_of(fido_assert_id_ptr(f, i), fido_assert_id_len(f, i))));
    TRY(keep(a->signature, &a->signature_len, sizeof a->signature,
             span_of(fido_assert_sig_ptr(f, i), fido_assert_sig_len(f, i))));
    a->user_id_len = span_copy(MSPAN_OF(a->user_id), user);
    return keep_auth_data(a, data);
}

enum err security_key_assert(struct security_key *k,
                             struct security_key_answer *ret,
                             const struct security_key_ask *ask)
{
    AUTO(assert_free) fido_assert_t *f = fido_assert_new();
    AUTO(text_wipe) struct text pin;
    struct text rp_id;
    size_t i = 0;
    memset(ret, 0, sizeof *ret);
    TRY(client_side_check(ask));
    TRY(f ? OK : ERR_LIMIT);
    TRY(text_of(&pin, ask->pin, SECURITY_KEY_PIN_MAX));
    TRY(text_of(&rp_id, ask->rp_id, SECURITY_KEY_TEXT_MAX));
    TRY(client_side_write_client_data(ret, "webauthn.get", ask));
    TRY(err_of(fill_assert(f, ask, ret, rp_id.s)));
    TRY(err_of(fido_dev_get_assert(k->dev, f, ask->pin.n > 0 ? pin.s : NULL)));
    TRY(choose(&i, f, ask->choice));
    TRY(keep_assertion(ret, f, i));
    struct span prf = span_of(fido_assert_hmac_secret_ptr(f, i), fido_assert_hmac_secret_len(f, i));
    if (ask->prf_input.n > 0 && prf.n == sizeof ret->prf.bytes) {
        memcpy(ret->prf.bytes, prf.p, prf.n);
        ret->has_prf = true;
    }
    return OK;
}
