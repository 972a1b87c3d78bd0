/* The vault: enrolling a passkey, opening, locking, changes of who can open it. */
#include "node/api/api_vault.h"

#include "base/rd.h"
#include "node/api/api_options.h"

enum { HASH_LEN = 32 };

static enum api_done done_empty(struct api_call *c)
{
    c->api->is_stale[API_TOPIC_STATUS] = true;
    json_put_object(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

static void put_proven(struct api_call *c, const struct way *way)
{
    json_put_name(c->w.j, "proven_ms");
    json_put_u64(c->w.j, wallet_way_proven_ms(c->w.wallet, way));
}

static void put_passkeys(struct api_call *c, const struct vault_seen *seen)
{
    struct json_writer *j = c->w.j;
    json_put_array(j);
    for (size_t i = 0; i < seen->passkeys_count; i++) {
        const struct way way = way_of_passkey(seen->passkeys[i].id);
        json_put_object(j);
        json_put_name(j, "id");
        api_write_base64url(j, seen->passkeys[i].id);
        json_put_name(j, "rp_id");
        json_put_string(j, seen->passkeys[i].rp_id);
        json_put_name(j, "prf_input");
        api_write_base64url(j, seen->passkeys[i].prf_input);
        put_proven(c, &way);
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_backup(struct api_call *c)
{
    struct json_writer *j = c->w.j;
    const struct way_list *ways = wallet_ways(c->w.wallet);
    json_put_name(j, "backup");
    json_put_object(j);
    json_put_name(j, "proven_ms");
    json_put_u64(j, ways->backup_ms);
    json_put_name(j, "current");
    json_put_bool(j, ways->backup_ms > 0 && ways->backup_generation == ways->generation);
    json_end_object(j);
}

enum api_done api_do_vault_status(struct api_call *c)
{
    struct vault_seen seen;
    struct json_writer *j = c->w.j;
    enum err e = vault_see(c->api, &seen);
    if (e != OK) {
        return vault_refused(c, e);
    }
    json_put_object(j);
    json_put_name(j, "state");
    json_put_str(j, vault_state_name(seen.state));
    json_put_name(j, "wait_ms");
    json_put_u64(j, seen.wait_ms);
    json_put_name(j, "passkeys");
    put_passkeys(c, &seen);
    json_put_name(j, "has_phrase");
    json_put_bool(j, seen.has_phrase);
    if (seen.has_phrase) {
        const struct way phrase = way_of_phrase();
        json_put_name(j, "phrase");
        json_put_object(j);
        put_proven(c, &phrase);
        json_end_object(j);
    }
    if (seen.state != VAULT_NONE) {
        put_backup(c);
        vault_put_copies(c);
    }
    json_put_name(j, "entries");
    json_put_array(j);
    for (size_t i = 0; i < seen.entries_count; i++) {
        json_put_u64(j, seen.entries[i]);
    }
    json_end_array(j);
    json_end_object(j);
    return API_DONE;
}

enum api_done api_do_vault_channel(struct api_call *c)
{
    struct span body;
    enum err e = vault_ask(c->api, &body, KEYD_VAULT_CHANNEL, SPAN_EMPTY);
    if (e != OK || body.n != HASH_LEN) {
        return vault_refused(c, e == OK ? ERR_IO : e);
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "public_key");
    api_write_base64url(c->w.j, body);
    json_end_object(c->w.j);
    return API_DONE;
}

/* ---- enrolling ---- */

/* A verdict, its challenge and PRF input kept beyond the next request. */
struct verdict {
    uint8_t refusal;
    bool is_done;
    uint8_t challenge[HASH_LEN];
    uint8_t prf_input[HASH_LEN];
};

static bool read_verdict(struct verdict *ret, struct span body)
{
    struct rd r = rd_init(body);
    ret->refusal = rd_u8(&r);
    ret->is_done = rd_u8(&r) == 1;
    rd_copy(&r, MSPAN_OF(ret->challenge));
    rd_copy(&r, MSPAN_OF(ret->prf_input));
    return rd_end(&r) && ret->refusal < VAULT_REFUSAL_COUNT;
}

static enum api_done refused_by(struct api_call *c, enum vault_refusal why)
{
    static const char *const codes[VAULT_REFUSAL_COUNT] = {
        [VAULT_ACCEPTED] = "internal",
        [VAULT_NO_USER_VERIFICATION] = "ceremony_unverified",
        [VAULT_CREATE_VALUE] = "vault_create_value",
        [VAULT_PRF_CHANGED] = "vault_prf_changed",
        [VAULT_PRF_MISSING] = "vault_prf_missing",
        [VAULT_ASSERTION_REFUSED] = "ceremony_refused",
        [VAULT_KNOWN_CREDENTIAL] = "ceremony_already",
        [VAULT_FULL] = "vault_full",
        [VAULT_SEAL_FAILED] = "vault_seal_failed",
    };
    coded_set(&c->why, codes[why]);
    if (why == VAULT_ASSERTION_REFUSED) {
        coded_add_str(&c->why, "rule", "assertion");
    }
    return API_REFUSED;
}

/* Whoever holds a passkey of the vault already need not make another there. */
static void put_excluded(struct json_writer *j, const struct vault_seen *seen)
{
    json_put_array(j);
    for (size_t i = 0; i < seen->passkeys_count; i++) {
        options_begin_descriptor(j);
        api_write_base64url(j, seen->passkeys[i].id);
        options_end_descriptor(j);
    }
    json_end_array(j);
}

static void put_creation(struct api_call *c, const struct verdict *v, const struct vault_seen *seen)
{
    struct json_writer *j = c->w.j;
    uint8_t user[HASH_LEN];
    rng_fill(c->api->cfg.rng, MSPAN_OF(user));
    json_put_name(j, "options");
    const struct options_creation x = {.user_id = SPAN_OF(user),
                                       .user_name = "Passmesh vault",
                                       .challenge = SPAN_OF(v->challenge)};
    options_begin_creation(j, &x);
    put_excluded(j, seen);
    options_end_creation(c);
    json_put_name(j, "prf_input");
    api_write_base64url(j, SPAN_OF(v->prf_input));
}

enum api_done api_do_vault_enrol_begin(struct api_call *c)
{
    struct verdict v;
    struct vault_seen seen;
    struct span body;
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    enum err e = vault_ask(c->api, &body, KEYD_VAULT_ENROL, SPAN_EMPTY);
    if (e == OK && !read_verdict(&v, body)) {
        e = ERR_IO;
    }
    e = e == OK ? vault_see(c->api, &seen) : e;
    if (e != OK) {
        return vault_refused(c, e);
    }
    json_put_object(c->w.j);
    put_creation(c, &v, &seen);
    json_end_object(c->w.j);
    return API_DONE;
}

/* The challenge of the assertion that follows is for the new passkey alone, which the vault does not know yet. */
static void put_step(struct api_call *c, const struct verdict *v, struct span credential_id)
{
    struct json_writer *j = c->w.j;
    json_put_object(j);
    json_put_name(j, "done");
    json_put_bool(j, v->is_done);
    if (!v->is_done) {
        json_put_name(j, "options");
        options_begin_request(j, "passmesh.localhost", SPAN_OF(v->challenge));
        options_begin_descriptor(j);
        json_put_string(j, credential_id); /* base64url, as it came */
        options_end_descriptor(j);
        options_end_request(j);
        json_put_name(j, "prf_input");
        api_write_base64url(j, SPAN_OF(v->prf_input));
    }
    json_end_object(j);
}

/* place holds the member user_handle, if there is one. */
static void tell_opened(struct api_call *c, struct json place, struct span credential_id)
{
    AUTO(buf_done) struct buf bytes;
    struct json v;
    struct span handle = SPAN_EMPTY;
    buf_init(&bytes, &c->api->budget, CREDENTIAL_LEN_MAX + 1);
    if (json_find(&v, place, "user_handle") &&
        api_member_bytes(place, "user_handle", &bytes, &handle) == OK) {
        vault_tell_opened(c, credential_id, handle);
    }
}

/* What was enrolled has opened the vault just now. */
static void prove_new(struct api_call *c, struct json assertion)
{
    AUTO(buf_done) struct buf bytes;
    struct span id;
    buf_init(&bytes, &c->api->budget, CREDENTIAL_LEN_MAX + 1);
    if (api_member_bytes(assertion, "credential_id", &bytes, &id) == OK) {
        const struct way way = way_of_passkey(id);
        wallet_way_proven(c->w.wallet, c->t, &way);
        tell_opened(c, assertion, id);
    }
}

static enum api_done step_done(struct api_call *c, enum err e, struct span body, const char *answer)
{
    struct verdict v;
    struct json given;
    struct span credential_id;
    if (e == OK && !read_verdict(&v, body)) {
        e = ERR_IO;
    }
    if (e != OK) {
        return e == ERR_STATE ? api_refuse(c, "vault_over") : vault_refused(c, e);
    }
    if (v.refusal != VAULT_ACCEPTED) {
        return refused_by(c, (enum vault_refusal)v.refusal);
    }
    if (!api_param(c, &given, answer) ||
        json_find_plain(&credential_id, given, "credential_id") != OK) {
        return vault_refused(c, ERR_MALFORMED);
    }
    c->api->is_stale[API_TOPIC_STATUS] = true;
    if (v.is_done) {
        vault_tell_changed(c);
        prove_new(c, given);
    }
    put_step(c, &v, credential_id);
    return API_DONE;
}

static enum err ask_created(struct vault_message *m, struct api_call *c)
{
    AUTO(buf_done) struct buf bytes;
    struct json response;
    struct span client_data;
    struct span attestation;
    buf_init(&bytes, &c->api->budget, API_ANSWER_LEN_MAX);
    TRY(buf_reserve(&bytes, API_ANSWER_LEN_MAX));
    if (!api_param(c, &response, "response")) {
        return ERR_MALFORMED;
    }
    TRY(api_member_bytes(response, "client_data_json", &bytes, &client_data));
    TRY(api_member_bytes(response, "attestation_object", &bytes, &attestation));
    vault_message_text(m, SPAN_LIT("passmesh.localhost"));
    vault_message_text(m, span_str(c->api->cfg.origin));
    vault_message_text(m, client_data);
    vault_message_text(m, attestation);
    return vault_message_ask(m, c, KEYD_VAULT_CREATED);
}

enum api_done api_do_vault_enrol_created(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    vault_message_init(&m, c);
    enum err e = ask_created(&m, c);
    return step_done(c, e, m.answer, "response");
}

enum api_done api_do_vault_enrol_asserted(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    vault_message_init(&m, c);
    enum err e = vault_message_assertion(&m, c, false);
    e = e == OK ? vault_message_param(&m, c, "sealed") : e;
    e = e == OK ? vault_message_ask(&m, c, KEYD_VAULT_ASSERTED) : e;
    return step_done(c, e, m.answer, "assertion");
}

/* ---- opening and locking ---- */

static enum api_done refused_try(struct api_call *c, enum err e)
{
    struct vault_seen seen;
    if (e == ERR_AUTH) {
        return api_refuse(c, "vault_wrong");
    }
    if (e == ERR_TIMEOUT && vault_see(c->api, &seen) == OK) {
        coded_set(&c->why, "vault_wait");
        coded_add_u64(&c->why, "seconds", (seen.wait_ms + 999) / 1000);
        return API_REFUSED;
    }
    return vault_refused(c, e);
}

/* A vault that was open already is opened again: so each way in is proven. */
static enum api_done opened(struct api_call *c, const struct way *way)
{
    wallet_way_proven(c->w.wallet, c->t, way);
    wallet_unlocked(c->w.wallet, c->t);
    vault_adopt(c);
    return done_empty(c);
}

enum api_done api_do_vault_unlock(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    AUTO(buf_done) struct buf id;
    struct span credential_id;
    buf_init(&id, &c->api->budget, CREDENTIAL_LEN_MAX + 1);
    vault_message_init(&m, c);
    enum err e = api_member_bytes(c->params, "credential_id", &id, &credential_id);
    if (e == OK) {
        vault_message_text(&m, credential_id);
        e = vault_message_param(&m, c, "sealed");
    }
    e = e == OK ? vault_message_ask(&m, c, KEYD_VAULT_UNLOCK) : e;
    if (e != OK) {
        return refused_try(c, e);
    }
    const struct way way = way_of_passkey(credential_id);
    tell_opened(c, c->params, credential_id);
    return opened(c, &way);
}

enum api_done api_do_vault_unlock_phrase(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    vault_message_init(&m, c);
    enum err e = vault_message_param(&m, c, "sealed");
    e = e == OK ? vault_message_ask(&m, c, KEYD_VAULT_UNLOCK_PHRASE) : e;
    if (e == ERR_MALFORMED) {
        return api_refuse(c, "secret_phrase");
    }
    const struct way phrase = way_of_phrase();
    return e == OK ? opened(c, &phrase) : refused_try(c, e);
}

enum api_done api_do_vault_lock(struct api_call *c)
{
    struct span body;
    enum err e = vault_ask(c->api, &body, KEYD_VAULT_LOCK, SPAN_EMPTY);
    return e == OK ? done_empty(c) : vault_refused(c, e);
}

/* ---- changes ---- */

static enum err prepare_change(struct api_call *c, struct span *ret_answer)
{
    AUTO(vault_message_done) struct vault_message change;
    vault_message_init(&change, c);
    bool is_recovery = api_param_is(c, "what", "recovery");
    wr_u8(&change.w, is_recovery ? KEYD_VAULT_RECOVERY : KEYD_VAULT_ENROL);
    if (is_recovery) {
        TRY(vault_message_param(&change, c, "receiver"));
    }
    TRY(wr_end(&change.w));
    const struct vault_wish wish = {.kind = VAULT_CHANGE, .payload = buf_span(&change.bytes)};
    return vault_prepare_request(c, ret_answer, &wish);
}

enum api_done api_do_vault_change_begin(struct api_call *c)
{
    struct span answer;
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    enum err e = prepare_change(c, &answer);
    if (e == OK) {
        json_put_object(c->w.j);
        e = vault_put_options(c, span_first(answer, HASH_LEN));
        json_end_object(c->w.j);
    }
    return e == OK ? API_DONE : vault_refused(c, e);
}

enum api_done api_do_vault_change_finish(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    vault_message_init(&m, c);
    enum err e = vault_message_assertion(&m, c, true);
    e = e == OK ? vault_message_ask(&m, c, KEYD_VAULT_APPROVE) : e;
    return e == OK ? done_empty(c) : vault_refused(c, e);
}

enum api_done api_do_vault_recovery(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    struct vault_seen seen;
    vault_message_init(&m, c);
    enum err e = vault_see(c->api, &seen);
    if (e == OK && seen.has_phrase) {
        return api_refuse(c, "vault_has_phrase");
    }
    e = e == OK ? vault_message_param(&m, c, "receiver") : e;
    e = e == OK ? vault_message_ask(&m, c, KEYD_VAULT_RECOVERY) : e;
    if (e != OK) {
        return vault_refused(c, e);
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "sealed");
    api_write_base64url(c->w.j, m.answer);
    json_end_object(c->w.j);
    vault_tell_changed(c);
    return API_DONE;
}
