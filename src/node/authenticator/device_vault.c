/* The vault's ceremonies with a security key or the TPM, over the daemon's API. */
#include "node/authenticator/device_message.h"

#include "node/keyd/keyd_wire.h"
#include "wallet/vault_channel.h"

#include <stdio.h>
#include <string.h>

enum { PRF_LEN = 32, NUMBER_TEXT_MAX = 24 };

void device_vault_done(struct device_vault *d)
{
    security_key_answer_wipe(&d->answer);
}

/* ---- sealing ---- */

static enum err
put_sealed(struct device_vault *d, struct device_message *m, uint8_t op, struct span secret)
{
    AUTO(secret32_wipe) struct secret32 ephemeral = {{0}};
    const struct vault_use use = {.budget = d->budget, .name = span_of(&op, 1)};
    uint8_t sealed[PRF_LEN + VAULT_CHANNEL_OVERHEAD];
    struct json result;
    struct device_bytes receiver;
    TRY(device_ask(d, &result, "vault_channel"));
    TRY(device_find_bytes(&receiver, result, NULL, "public_key"));
    if (receiver.n != 32 || secret.n != PRF_LEN) {
        return ERR_MALFORMED;
    }
    rng_fill(d->rng, MSPAN_OF(ephemeral.bytes));
    TRY(vault_channel_seal(MSPAN_OF(sealed), receiver.p, &ephemeral, use, secret));
    device_put_bytes(m, "sealed", SPAN_OF(sealed));
    return OK;
}

/* ---- enrolling ---- */

static enum err
assert_once(struct device_vault *d, struct json *result, const struct device_bytes *credential_id)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct device_bytes challenge;
    struct device_bytes input;
    struct security_key_ask q = device_asking(d);
    device_message_init(&m, d);
    TRY(device_find_bytes(&challenge, *result, "options", "challenge"));
    TRY(device_find_bytes(&input, *result, NULL, "prf_input"));
    q.challenge = span_of(challenge.p, challenge.n);
    q.prf_input = span_of(input.p, input.n);
    q.credential_id = span_of(credential_id->p, credential_id->n);
    TRY(d->authenticator->use(d->authenticator, &d->answer, &q));
    device_put_assertion(&m, &d->answer);
    if (d->answer.has_prf) {
        TRY(put_sealed(d, &m, KEYD_VAULT_ASSERTED, SPAN_OF(d->answer.prf.bytes)));
    }
    secret32_wipe(&d->answer.prf);
    return device_call(d, &m, result, "vault_enrol_asserted");
}

static enum err
create(struct device_vault *d, struct json *result, struct device_bytes *ret_credential_id)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct device_bytes challenge;
    struct device_bytes user;
    struct security_key_ask q = device_asking(d);
    device_message_init(&m, d);
    device_put_text(&m, "where", span_str(d->authenticator->where));
    TRY(device_call(d, &m, result, "vault_enrol_begin"));
    TRY(device_find_bytes(&challenge, *result, "options", "challenge"));
    TRY(device_find_bytes(&user, *result, "options", "user_id"));
    q.challenge = span_of(challenge.p, challenge.n);
    q.user_id = span_of(user.p, user.n);
    q.user_name = span_str(device_vault_user);
    TRY(d->authenticator->create(d->authenticator, &d->answer, &q));
    ret_credential_id->n = span_copy(MSPAN_OF(ret_credential_id->p),
                                     span_of(d->answer.credential_id, d->answer.credential_id_len));
    device_message_done(&m);
    device_message_init(&m, d);
    device_put_name(&m, "response");
    wr_str(&m.w, "{");
    m.has_member = false;
    device_put_bytes(&m, "credential_id", span_of(ret_credential_id->p, ret_credential_id->n));
    device_put_bytes(&m, "client_data_json",
                     span_of(d->answer.client_data, d->answer.client_data_len));
    device_put_bytes(&m, "attestation_object", span_of(d->answer.object, d->answer.object_len));
    wr_str(&m.w, ",\"transports\":[\"");
    wr_str(&m.w, d->authenticator->transport);
    wr_str(&m.w, "\"]}");
    return device_call(d, &m, result, "vault_enrol_created");
}

static enum err expect_state(struct device_vault *d, struct json *result, const char *state)
{
    struct span found;
    TRY(device_ask(d, result, "vault_status"));
    TRY(json_find_plain(&found, *result, "state"));
    return span_equal(found, span_str(state)) ? OK : ERR_STATE;
}

/* The passkey of the vault that is on this authenticator, without PRF: a signature never asks for it. */
static enum err sign_any(struct device_vault *d,
                         struct device_authenticator *who,
                         struct span pin,
                         struct span challenge)
{
    struct json vault;
    struct json list;
    struct json one;
    enum err e = ERR_NOT_FOUND;
    TRY(device_ask(d, &vault, "vault_status"));
    if (!json_find(&list, vault, "passkeys")) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(list);
    while (e == ERR_NOT_FOUND && json_next(&it, NULL, &one)) {
        struct device_bytes id;
        struct security_key_ask q = device_asking(d);
        TRY(device_find_bytes(&id, one, NULL, "id"));
        q.pin = pin;
        q.challenge = challenge;
        q.credential_id = span_of(id.p, id.n);
        e = who->use(who, &d->answer, &q);
    }
    return e;
}

static enum err make_passkey(struct device_vault *d)
{
    struct json result;
    struct device_bytes credential_id;
    bool is_done = false;
    TRY(create(d, &result, &credential_id));
    TRY(assert_once(d, &result, &credential_id));
    TRY(assert_once(d, &result, &credential_id));
    TRY(json_find_bool(&is_done, result, "done"));
    return is_done ? OK : ERR_STATE;
}

enum err device_vault_enrol(struct device_vault *d)
{
    struct json result;
    TRY(expect_state(d, &result, "none"));
    return make_passkey(d);
}

static enum err agree(struct device_vault *d, struct device_authenticator *who, struct span pin)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct json result;
    struct device_bytes challenge;
    device_message_init(&m, d);
    device_put_text(&m, "what", SPAN_LIT("passkey"));
    TRY(device_call(d, &m, &result, "vault_change_begin"));
    TRY(device_find_bytes(&challenge, result, "options", "challenge"));
    TRY(sign_any(d, who, pin, span_of(challenge.p, challenge.n)));
    device_message_done(&m);
    device_message_init(&m, d);
    device_put_assertion(&m, &d->answer);
    return device_call(d, &m, &result, "vault_change_finish");
}

enum err device_vault_add(struct device_vault *d,
                          struct device_authenticator *agrees,
                          struct span agrees_pin)
{
    struct json result;
    TRY(expect_state(d, &result, "open"));
    TRY(agree(d, agrees, agrees_pin));
    return make_passkey(d);
}

/* ---- opening ---- */

/* Which of the vault's passkeys is on this key is found by trying: each has a PRF input of its own. */
static enum err assert_any(struct device_vault *d, struct json vault)
{
    struct json list;
    struct json one;
    enum err e = ERR_NOT_FOUND;
    uint8_t challenge[32];
    if (!json_find(&list, vault, "passkeys")) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(list);
    while (e == ERR_NOT_FOUND && json_next(&it, NULL, &one)) {
        struct device_bytes id;
        struct device_bytes input;
        struct security_key_ask q = device_asking(d);
        TRY(device_find_bytes(&id, one, NULL, "id"));
        TRY(device_find_bytes(&input, one, NULL, "prf_input"));
        rng_fill(d->rng, MSPAN_OF(challenge)); /* nobody wants this signature: the secret opens */
        q.challenge = SPAN_OF(challenge);
        q.credential_id = span_of(id.p, id.n);
        q.prf_input = span_of(input.p, input.n);
        e = d->authenticator->use(d->authenticator, &d->answer, &q);
    }
    TRY(e);
    return d->answer.has_prf ? OK : ERR_UNSUPPORTED;
}

enum err device_vault_unlock(struct device_vault *d)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct json result;
    device_message_init(&m, d);
    TRY(expect_state(d, &result, "locked"));
    TRY(assert_any(d, result));
    device_put_bytes(&m, "credential_id",
                     span_of(d->answer.credential_id, d->answer.credential_id_len));
    if (d->answer.user_id_len > 0) { /* servers keep a copy under the name that follows from it */
        device_put_bytes(&m, "user_handle", span_of(d->answer.user_id, d->answer.user_id_len));
    }
    enum err e = put_sealed(d, &m, KEYD_VAULT_UNLOCK, SPAN_OF(d->answer.prf.bytes));
    secret32_wipe(&d->answer.prf);
    TRY(e);
    return device_call(d, &m, &result, "vault_unlock");
}

/* ---- approving ---- */

enum err device_vault_begin(struct device_vault *d, struct device_request *request)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    char number[NUMBER_TEXT_MAX];
    struct json result;
    struct device_bytes challenge;
    struct span code;
    device_message_init(&m, d);
    device_put_text(&m, "operation_id", request->operation);
    device_put_name(&m, "revision");
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)request->revision);
    wr_str(&m.w, number);
    TRY(device_call(d, &m, &result, "sign_begin"));
    TRY(device_find_bytes(&challenge, result, "options", "challenge"));
    TRY(json_find_plain(&code, result, "check_code"));
    if (challenge.n != sizeof request->challenge || code.n != sizeof request->check_code - 1 ||
        !json_find(&request->reading, result, "reading")) {
        return ERR_MALFORMED;
    }
    memcpy(request->challenge, challenge.p, challenge.n);
    memcpy(request->check_code, code.p, code.n);
    request->check_code[code.n] = '\0';
    return OK;
}

enum err device_vault_approve(struct device_vault *d,
                              const struct device_request *request,
                              struct span ticks)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    char number[NUMBER_TEXT_MAX];
    struct json result;
    device_message_init(&m, d);
    TRY(sign_any(d, d->authenticator, d->pin, SPAN_OF(request->challenge)));
    device_put_text(&m, "operation_id", request->operation);
    device_put_name(&m, "revision");
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)request->revision);
    wr_str(&m.w, number);
    device_put_name(&m, "ticks");
    wr_bytes(&m.w, ticks);
    device_put_assertion(&m, &d->answer);
    return device_call(d, &m, &result, "send_approve");
}
