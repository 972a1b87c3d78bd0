/* Holding what an authenticator answered against what was asked of it. */
#include "base/check.h"
#include "codec/json.h"
#include "wallet/engine.h"
#include "webauthn/assertion.h"
#include "webauthn/auth_data.h"
#include "webauthn/relying_party.h"

/* The origin that the answer names, for the message; "?" if it names none. */
static void add_got_origin(struct coded *why, struct span client_data)
{
    struct json root;
    struct span origin = SPAN_LIT("?");
    if (json_parse(&root, client_data, NULL) != OK ||
        json_find_plain(&origin, root, "origin") != OK) {
        origin = SPAN_LIT("?");
    }
    coded_add(why, "got", origin);
}

static bool origin_differs(const struct wallet *w, struct span client_data)
{
    struct json root;
    struct json origin;
    return json_parse(&root, client_data, NULL) == OK && json_find(&origin, root, "origin") &&
           !json_string_equal(origin, span_str(w->cfg.origin));
}

enum err passkey_refused(const struct wallet *w,
                         struct span client_data,
                         const struct diag *diag,
                         struct coded *ret_why)
{
    if (origin_differs(w, client_data)) {
        coded_set(ret_why, "ceremony_origin");
        coded_add_str(ret_why, "expected", w->cfg.origin);
        add_got_origin(ret_why, client_data);
        return ERR_AUTH;
    }
    log_line(w->cfg.log, LOG_INFO, "passkey", "an answer was refused: %s",
             diag->rule ? diag->rule : "broken");
    coded_set(ret_why, "ceremony_refused");
    coded_add_str(ret_why, "rule", "webauthn");
    return ERR_AUTH;
}

static enum err wrong_key(const struct account *a, struct coded *ret_why)
{
    char names[CODED_VALUE_LEN_MAX + 1];
    struct wr wr = wr_init(mspan_of(names, CODED_VALUE_LEN_MAX));
    for (size_t i = 0; i < a->owner_count && wr_ok(&wr); i++) {
        wr_str(&wr, i ? ", " : "");
        wr_bytes(&wr, name_span(&a->owners[i].name));
    }
    coded_set(ret_why, "ceremony_wrong_key");
    coded_add(ret_why, "account", name_span(&a->name));
    coded_add(ret_why, "names", span_of(names, wr.n));
    return ERR_AUTH;
}

static bool lacks_user_check(struct span authenticator_data)
{
    struct auth_data data;
    return auth_data_decode(&data, authenticator_data, NULL) == OK &&
           !auth_data_has(&data, AUTH_DATA_UV);
}

enum err passkey_verify(struct wallet *w,
                        struct wallet_time t,
                        const struct passkey_args *args,
                        struct owner **ret_owner,
                        struct buf *ret_signature,
                        struct coded *ret_why)
{
    struct owner *o = account_owner(args->account, args->answer->credential_id);
    enum owner_standing standing = o ? o->standing : OWNER_GONE;
    if (o && id_is_set(args->network)) {
        standing = wallet_owner_state(w, args->account, o, args->network).standing;
    }
    if (!o || standing == OWNER_GONE || (id_is_set(args->network) && standing == OWNER_NEW)) {
        return wrong_key(args->account, ret_why);
    }
    struct relying_party rp = {.id = span_str(o->rp_id),
                               .origin = span_str(o->origin),
                               .requires_user_verification = true};
    struct assertion_credential credential = {.sign_count = o->sign_count,
                                              .is_backup_eligible = o->is_synced};
    span_copy(MSPAN_OF(credential.key.xy), SPAN_OF(o->public_key));
    struct assertion_response response = {
        .client_data_json = args->answer->client_data,
        .authenticator_data = args->answer->authenticator_data,
        .signature = args->answer->signature,
    };
    struct diag diag = {0};
    struct assertion a;
    enum err err = assertion_verify(&a, &rp, args->challenge, &credential, &response, &diag);
    if (err == OK && ret_signature) {
        struct wr wr = wr_init_buf(ret_signature);
        err = assertion_encode(&wr, &a, &response, &diag);
    }
    if (err != OK && lacks_user_check(response.authenticator_data)) {
        return refuse(ret_why, ERR_AUTH, "ceremony_unverified");
    }
    if (err != OK) {
        return passkey_refused(w, response.client_data_json, &diag, ret_why);
    }
    if (a.counter == ASSERTION_COUNTER_STUCK) {
        log_line(w->cfg.log, LOG_WARN, "passkey",
                 "a passkey's counter did not rise: perhaps a copy of it exists");
    }
    o->sign_count = a.sign_count;
    o->last_used_ms = t.unix_ms;
    o->tested_ms = t.unix_ms;
    *ret_owner = o;
    return OK;
}
