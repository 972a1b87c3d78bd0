/* The vault's ceremonies with a security key or the TPM, over the daemon's API. */
#include "node/authenticator/device_vault.h"

#include "base/buf.h"
#include "base/wr.h"
#include "codec/base64.h"
#include "node/keyd/keyd_wire.h"
#include "wallet/vault_channel.h"

#include <stdio.h>
#include <string.h>

enum {
    MESSAGE_MAX = 16 * 1024,
    BYTES_MAX = 256, /* of a credential id, a challenge, a PRF input */
    PRF_LEN = 32,
    NUMBER_TEXT_MAX = 24
};

static const struct span rp_id = SPAN_INIT("passmesh.localhost");

void device_vault_done(struct device_vault *d)
{
    security_key_answer_wipe(&d->answer);
}

/* ---- messages ---- */

struct message {
    struct buf text;
    struct wr w;
    bool has_member;
};

static void message_init(struct message *m, struct device_vault *d)
{
    *m = (struct message){.has_member = false};
    buf_init(&m->text, d->budget, MESSAGE_MAX);
    m->w = wr_init_buf(&m->text);
}

static void message_done(struct message *m)
{
    buf_done(&m->text);
}

static void put_name(struct message *m, const char *name)
{
    wr_str(&m->w, m->has_member ? ",\"" : "\"");
    wr_str(&m->w, name);
    wr_str(&m->w, "\":");
    m->has_member = true;
}

static void put_bytes(struct message *m, const char *name, struct span bytes)
{
    put_name(m, name);
    wr_str(&m->w, "\"");
    base64_encode(&m->w, BASE64_URL_BARE, bytes);
    wr_str(&m->w, "\"");
}

static void put_text(struct message *m, const char *name, struct span text)
{
    put_name(m, name);
    wr_str(&m->w, "\"");
    wr_bytes(&m->w, text); /* a word or an id: nothing to escape */
    wr_str(&m->w, "\"");
}

static void put_assertion(struct message *m, const struct security_key_answer *a)
{
    put_name(m, "assertion");
    wr_str(&m->w, "{");
    m->has_member = false;
    put_bytes(m, "credential_id", span_of(a->credential_id, a->credential_id_len));
    put_bytes(m, "client_data_json", span_of(a->client_data, a->client_data_len));
    put_bytes(m, "authenticator_data", span_of(a->auth_data, a->auth_data_len));
    put_bytes(m, "signature", span_of(a->signature, a->signature_len));
    wr_str(&m->w, "}");
    m->has_member = true;
}

static enum err
call(struct device_vault *d, struct message *m, struct json *ret_result, const char *method)
{
    TRY(wr_end(&m->w));
    return d->api->call(d->api, ret_result, method, buf_span(&m->text));
}

static enum err ask(struct device_vault *d, struct json *ret_result, const char *method)
{
    return d->api->call(d->api, ret_result, method, SPAN_EMPTY);
}

/* Bytes of a base64url member, found by names with dots between. */
struct bytes {
    uint8_t p[BYTES_MAX];
    size_t n;
};

static enum err find_bytes(struct bytes *ret, struct json v, const char *outer, const char *name)
{
    struct span text;
    struct json inner = v;
    struct wr w = wr_init(MSPAN_OF(ret->p));
    if (outer && !json_find(&inner, v, outer)) {
        return ERR_MALFORMED;
    }
    TRY(json_find_plain(&text, inner, name));
    TRY(base64_decode(&w, BASE64_URL_BARE, text));
    ret->n = w.n;
    return OK;
}

/* ---- sealing ---- */

static enum err
put_sealed(struct device_vault *d, struct message *m, uint8_t op, struct span secret)
{
    AUTO(secret32_wipe) struct secret32 ephemeral = {{0}};
    const struct vault_use use = {.budget = d->budget, .name = span_of(&op, 1)};
    uint8_t sealed[PRF_LEN + VAULT_CHANNEL_OVERHEAD];
    struct json result;
    struct bytes receiver;
    TRY(ask(d, &result, "vault_channel"));
    TRY(find_bytes(&receiver, result, NULL, "public_key"));
    if (receiver.n != 32 || secret.n != PRF_LEN) {
        return ERR_MALFORMED;
    }
    rng_fill(d->rng, MSPAN_OF(ephemeral.bytes));
    TRY(vault_channel_seal(MSPAN_OF(sealed), receiver.p, &ephemeral, use, secret));
    put_bytes(m, "sealed", SPAN_OF(sealed));
    return OK;
}

static struct security_key_ask asking(const struct device_vault *d)
{
    return (struct security_key_ask){.rp_id = rp_id, .origin = d->origin, .pin = d->pin};
}

/* ---- enrolling ---- */

static enum err
assert_once(struct device_vault *d, struct json *result, const struct bytes *credential_id)
{
    AUTO(message_done) struct message m = {.has_member = false};
    struct bytes challenge;
    struct bytes input;
    struct security_key_ask q = asking(d);
    message_init(&m, d);
    TRY(find_bytes(&challenge, *result, "options", "challenge"));
    TRY(find_bytes(&input, *result, NULL, "prf_input"));
    q.challenge = span_of(challenge.p, challenge.n);
    q.prf_input = span_of(input.p, input.n);
    q.credential_id = span_of(credential_id->p, credential_id->n);
    TRY(d->authenticator->use(d->authenticator, &d->answer, &q));
    put_assertion(&m, &d->answer);
    if (d->answer.has_prf) {
        TRY(put_sealed(d, &m, KEYD_VAULT_ASSERTED, SPAN_OF(d->answer.prf.bytes)));
    }
    secret32_wipe(&d->answer.prf);
    return call(d, &m, result, "vault_enrol_asserted");
}

static enum err create(struct device_vault *d, struct json *result, struct bytes *ret_credential_id)
{
    AUTO(message_done) struct message m = {.has_member = false};
    struct bytes challenge;
    struct bytes user;
    struct security_key_ask q = asking(d);
    message_init(&m, d);
    put_text(&m, "where", span_str(d->authenticator->where));
    TRY(call(d, &m, result, "vault_enrol_begin"));
    TRY(find_bytes(&challenge, *result, "options", "challenge"));
    TRY(find_bytes(&user, *result, "options", "user_id"));
    q.challenge = span_of(challenge.p, challenge.n);
    q.user_id = span_of(user.p, user.n);
    q.user_name = SPAN_LIT("Passmesh vault");
    TRY(d->authenticator->create(d->authenticator, &d->answer, &q));
    ret_credential_id->n = span_copy(MSPAN_OF(ret_credential_id->p),
                                     span_of(d->answer.credential_id, d->answer.credential_id_len));
    message_done(&m);
    message_init(&m, d);
    put_name(&m, "response");
    wr_str(&m.w, "{");
    m.has_member = false;
    put_bytes(&m, "credential_id", span_of(ret_credential_id->p, ret_credential_id->n));
    put_bytes(&m, "client_data_json", span_of(d->answer.client_data, d->answer.client_data_len));
    put_bytes(&m, "attestation_object", span_of(d->answer.object, d->answer.object_len));
    wr_str(&m.w, ",\"transports\":[\"");
    wr_str(&m.w, d->authenticator->transport);
    wr_str(&m.w, "\"]}");
    return call(d, &m, result, "vault_enrol_created");
}

static enum err expect_state(struct device_vault *d, struct json *result, const char *state)
{
    struct span found;
    TRY(ask(d, result, "vault_status"));
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
    TRY(ask(d, &vault, "vault_status"));
    if (!json_find(&list, vault, "passkeys")) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(list);
    while (e == ERR_NOT_FOUND && json_next(&it, NULL, &one)) {
        struct bytes id;
        struct security_key_ask q = asking(d);
        TRY(find_bytes(&id, one, NULL, "id"));
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
    struct bytes credential_id;
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
    AUTO(message_done) struct message m = {.has_member = false};
    struct json result;
    struct bytes challenge;
    message_init(&m, d);
    put_text(&m, "what", SPAN_LIT("passkey"));
    TRY(call(d, &m, &result, "vault_change_begin"));
    TRY(find_bytes(&challenge, result, "options", "challenge"));
    TRY(sign_any(d, who, pin, span_of(challenge.p, challenge.n)));
    message_done(&m);
    message_init(&m, d);
    put_assertion(&m, &d->answer);
    return call(d, &m, &result, "vault_change_finish");
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
        struct bytes id;
        struct bytes input;
        struct security_key_ask q = asking(d);
        TRY(find_bytes(&id, one, NULL, "id"));
        TRY(find_bytes(&input, one, NULL, "prf_input"));
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
    AUTO(message_done) struct message m = {.has_member = false};
    struct json result;
    message_init(&m, d);
    TRY(expect_state(d, &result, "locked"));
    TRY(assert_any(d, result));
    put_bytes(&m, "credential_id", span_of(d->answer.credential_id, d->answer.credential_id_len));
    enum err e = put_sealed(d, &m, KEYD_VAULT_UNLOCK, SPAN_OF(d->answer.prf.bytes));
    secret32_wipe(&d->answer.prf);
    TRY(e);
    return call(d, &m, &result, "vault_unlock");
}

/* ---- approving ---- */

enum err device_vault_begin(struct device_vault *d, struct device_request *request)
{
    AUTO(message_done) struct message m = {.has_member = false};
    char number[NUMBER_TEXT_MAX];
    struct json result;
    struct bytes challenge;
    struct span code;
    message_init(&m, d);
    put_text(&m, "operation_id", request->operation);
    put_name(&m, "revision");
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)request->revision);
    wr_str(&m.w, number);
    TRY(call(d, &m, &result, "sign_begin"));
    TRY(find_bytes(&challenge, result, "options", "challenge"));
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
    AUTO(message_done) struct message m = {.has_member = false};
    char number[NUMBER_TEXT_MAX];
    struct json result;
    message_init(&m, d);
    TRY(sign_any(d, d->authenticator, d->pin, SPAN_OF(request->challenge)));
    put_text(&m, "operation_id", request->operation);
    put_name(&m, "revision");
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)request->revision);
    wr_str(&m.w, number);
    put_name(&m, "ticks");
    wr_bytes(&m.w, ticks);
    put_assertion(&m, &d->answer);
    return call(d, &m, &result, "send_approve");
}
