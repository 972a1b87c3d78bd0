/* Enrolling a passkey: created, asserted, asserted again with the same PRF output, sealed, opened again, and only then stored. */
#include "codec/json.h"
#include "wallet/vault.h"
#include "wallet/vault_inside.h"
#include "webauthn/assertion.h"
#include "webauthn/auth_data.h"
#include "webauthn/registration.h"
#include "webauthn/relying_party.h"

#include <string.h>

static void draw(struct vault *v, struct vault_enrolled *ret)
{
    struct vault_enrolment *n = &v->enrolment;
    rng_fill(v->cfg.rng, MSPAN_OF(n->challenge));
    memcpy(ret->challenge, n->challenge, sizeof ret->challenge);
    memcpy(ret->prf_input, n->recipient.prf_input, sizeof ret->prf_input);
}

static enum err refuse(struct vault *v, struct vault_enrolled *ret, enum vault_refusal why)
{
    vault_enrolment_end(v);
    ret->refusal = why;
    return ERR_DENIED;
}

enum err vault_enrol_begin(struct vault *v, instant now, struct vault_enrolled *ret)
{
    *ret = (struct vault_enrolled){.is_done = false};
    if (v->state != VAULT_NONE) {
        TRY(vault_touch(v, now));
    }
    if (v->head.recipients_count == CAPSULE_RECIPIENTS_MAX) {
        return ERR_LIMIT;
    }
    vault_enrolment_end(v);
    v->enrolment.step = ENROLMENT_CREATING;
    v->enrolment.until = instant_add(now, VAULT_REQUEST_US);
    v->enrolment.recipient.kind = CAPSULE_PASSKEY;
    rng_fill(v->cfg.rng, MSPAN_OF(v->enrolment.recipient.prf_input));
    draw(v, ret);
    return OK;
}

/* ERR_STATE, and the end, if the step is another or its time is over. */
static enum err expect_step(struct vault *v, instant now, bool is_step)
{
    if (v->state != VAULT_NONE) {
        TRY(vault_touch(v, now));
    }
    if (is_step && !instant_reached(v->enrolment.until, now)) {
        return OK;
    }
    vault_enrolment_end(v);
    return ERR_STATE;
}

static bool lacks_user_verification(struct span authenticator_data)
{
    struct auth_data data;
    return auth_data_decode(&data, authenticator_data, NULL) == OK &&
           !auth_data_has(&data, AUTH_DATA_UV);
}

static bool is_placed(const struct vault_place *p)
{
    return p->rp_id.n > 0 && p->rp_id.n <= CAPSULE_RP_ID_MAX && p->origin.n > 0 &&
           p->origin.n <= VAULT_ORIGIN_MAX;
}

enum err vault_enrol_created(struct vault *v,
                             instant now,
                             struct vault_enrolled *ret,
                             const struct vault_place *place,
                             const struct registration_response *response)
{
    struct vault_enrolment *n = &v->enrolment;
    /* The flag is judged by us: so that the reason can be told. */
    const struct relying_party rp = {.id = place->rp_id, .origin = place->origin};
    struct registration reg;
    *ret = (struct vault_enrolled){.is_done = false};
    TRY(expect_step(v, now, n->step == ENROLMENT_CREATING));
    if (!is_placed(place) ||
        registration_verify(&reg, &rp, SPAN_OF(n->challenge), response, NULL) != OK) {
        return refuse(v, ret, VAULT_ASSERTION_REFUSED);
    }
    if (!reg.is_user_verified) {
        return refuse(v, ret, VAULT_NO_USER_VERIFICATION);
    }
    if (reg.credential_id.n > CAPSULE_CREDENTIAL_ID_MAX) {
        return refuse(v, ret, VAULT_FULL);
    }
    if (capsule_find_passkey(&v->head, reg.credential_id)) {
        return refuse(v, ret, VAULT_KNOWN_CREDENTIAL);
    }
    struct capsule_recipient *r = &n->recipient;
    struct vault_passkey *p = &n->passkey;
    r->credential_id_len = (uint8_t)span_copy(MSPAN_OF(r->credential_id), reg.credential_id);
    r->rp_id_len = (uint8_t)span_copy(MSPAN_OF(r->rp_id), place->rp_id);
    p->credential_id_len = (uint8_t)span_copy(MSPAN_OF(p->credential_id), reg.credential_id);
    p->origin_len = (uint8_t)span_copy(MSPAN_OF(p->origin), place->origin);
    p->credential = (struct assertion_credential){
        .key = reg.key, .sign_count = reg.sign_count, .is_backup_eligible = reg.is_backup_eligible};
    n->step = ENROLMENT_FIRST;
    draw(v, ret);
    return OK;
}

static bool is_zero(struct span s)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < s.n; i++) {
        seen |= s.p[i];
    }
    return seen == 0;
}

/* The type that a clientDataJSON names, for the reason alone; the verification is assertion_verify's. */
static bool is_of_creation(struct span client_data)
{
    struct json root;
    struct json type;
    return json_parse(&root, client_data, NULL) == OK && json_find(&type, root, "type") &&
           json_string_equal(type, SPAN_LIT("webauthn.create"));
}

static enum vault_refusal
judge(struct vault_enrolment *n, const struct assertion_response *response, struct span prf)
{
    const struct relying_party rp = {.id = span_of(n->recipient.rp_id, n->recipient.rp_id_len),
                                     .origin = span_of(n->passkey.origin, n->passkey.origin_len),
                                     .requires_user_verification = true};
    struct assertion a;
    if (is_of_creation(response->client_data_json)) {
        return VAULT_CREATE_VALUE;
    }
    if (lacks_user_verification(response->authenticator_data)) {
        return VAULT_NO_USER_VERIFICATION;
    }
    if (assertion_verify(&a, &rp, SPAN_OF(n->challenge), &n->passkey.credential, response, NULL) !=
        OK) {
        return VAULT_ASSERTION_REFUSED;
    }
    n->passkey.credential.sign_count = a.sign_count;
    if (prf.n != sizeof n->prf.bytes || is_zero(prf)) {
        return VAULT_PRF_MISSING;
    }
    if (n->step == ENROLMENT_SECOND && !ct_equal(prf, SPAN_OF(n->prf.bytes))) {
        return VAULT_PRF_CHANGED;
    }
    return VAULT_ACCEPTED;
}

/* A new vault draws its keys with its first passkey. */
static void draw_vault(struct vault *v, struct vault_room *room)
{
    struct ed25519_key key;
    rng_fill(v->cfg.rng, MSPAN_OF(v->head_next.id));
    rng_fill(v->cfg.rng, MSPAN_OF(room->next.data_key.bytes));
    rng_fill(v->cfg.rng, MSPAN_OF(room->next.seed.bytes));
    room->next.next_number = 1;
    ed25519_key_init(&key, &room->next.seed);
    ed25519_key_public(&v->head_next.key, &key);
    ed25519_key_wipe(&key);
}

/* Opens what was sealed to the new passkey as an unlocking would: from the bytes. ERR_AUTH if that fails. */
static enum err
open_again(struct vault *v, struct vault_room *room, const struct capsule_keys *keys)
{
    AUTO(secret32_wipe) struct secret32 data_key;
    struct capsule_head *head = &v->head_next;
    TRY(capsule_decode(head, SPAN_OF(v->capsule_aside)));
    const struct capsule_recipient *r = &head->recipients[head->recipients_count - 1];
    size_t n = capsule_room(head);
    TRY(capsule_unwrap(&data_key, head, r, keys));
    TRY(capsule_open(mspan_of(room->plain, n), head, &data_key, SPAN_OF(v->capsule_aside)));
    return ct_equal(SPAN_OF(data_key.bytes), SPAN_OF(room->next.data_key.bytes)) ? OK : ERR_AUTH;
}

static enum err add_passkey(struct vault *v, struct vault_room *room, const struct secret32 *prf)
{
    AUTO(capsule_keys_wipe) struct capsule_keys keys;
    AUTO(secret32_wipe) struct secret32 ephemeral;
    struct capsule_head *head = &v->head_next;
    struct vault_content *c = &room->next;
    if (head->recipients_count == CAPSULE_RECIPIENTS_MAX) {
        return ERR_LIMIT;
    }
    struct capsule_recipient *r = &head->recipients[head->recipients_count++];
    memcpy(r, &v->enrolment.recipient, sizeof *r);
    memcpy(&c->passkeys[c->passkeys_count++], &v->enrolment.passkey, sizeof c->passkeys[0]);
    rng_fill(v->cfg.rng, MSPAN_OF(ephemeral.bytes));
    TRY(capsule_keys_of_prf(&keys, r, prf));
    capsule_bind(r, head, &keys);
    TRY(capsule_wrap(r, head, &c->data_key, &ephemeral));
    TRY(vault_change_seal(v, room));
    TRY(open_again(v, room, &keys));
    return vault_change_store(v, room);
}

static enum err enrol(struct vault *v, instant now, struct vault_enrolled *ret)
{
    struct vault_room *room = vault_change_begin(v);
    if (v->state == VAULT_NONE) {
        draw_vault(v, room);
    }
    enum err e = add_passkey(v, room, &v->enrolment.prf);
    vault_change_end(v, room);
    if (e == ERR_LIMIT) {
        return refuse(v, ret, VAULT_FULL);
    }
    if (e == ERR_AUTH || e == ERR_MALFORMED) {
        return refuse(v, ret, VAULT_SEAL_FAILED);
    }
    vault_enrolment_end(v);
    TRY(e);
    vault_opened(v, now);
    ret->is_done = true;
    return OK;
}

enum err vault_enrol_asserted(struct vault *v,
                              instant now,
                              struct vault_enrolled *ret,
                              const struct assertion_response *response,
                              struct span prf)
{
    struct vault_enrolment *n = &v->enrolment;
    *ret = (struct vault_enrolled){.is_done = false};
    TRY(expect_step(v, now, n->step == ENROLMENT_FIRST || n->step == ENROLMENT_SECOND));
    enum vault_refusal why = judge(n, response, prf);
    if (why != VAULT_ACCEPTED) {
        return refuse(v, ret, why);
    }
    if (n->step == ENROLMENT_SECOND) {
        return enrol(v, now, ret);
    }
    memcpy(n->prf.bytes, prf.p, sizeof n->prf.bytes);
    n->step = ENROLMENT_SECOND;
    draw(v, ret);
    return OK;
}
