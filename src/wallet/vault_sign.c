/* Signing for ordinary accounts: what is signed was decoded here, and a passkey has signed for it a moment ago. */
#include "wallet/vault.h"
#include "wallet/vault_inside.h"
#include "webauthn/assertion.h"
#include "webauthn/relying_party.h"

#include <string.h>

enum err vault_prepare(struct vault *v,
                       instant now,
                       struct vault_prepared *ret,
                       const struct vault_request *request)
{
    static const uint8_t end[1];
    struct vault_prepared out;
    struct hash32 challenge;
    uint8_t nonce[32];
    TRY(vault_touch(v, now));
    v->signing = (struct vault_signing){.is_waiting = false};
    TRY(vault_read(&out.reading, v->cfg.work, request->kind, request->payload));
    out.address = (struct address){{0}};
    if (request->kind != VAULT_CHANGE) {
        TRY(vault_address(v, now, &out.address, request->number, &request->path));
    }
    rng_fill(v->cfg.rng, MSPAN_OF(nonce));
    const struct span parts[] = {SPAN_LIT("passmesh sign 1"), SPAN_OF(end), SPAN_OF(nonce),
                                 SPAN_OF(out.address.bytes), SPAN_OF(out.reading.hash.bytes)};
    sha256_of(&challenge, parts, 5);
    memcpy(out.challenge, challenge.bytes, sizeof out.challenge);
    v->signing.is_waiting = true;
    v->signing.until = instant_add(now, VAULT_REQUEST_US);
    v->signing.kind = request->kind;
    if (request->kind == VAULT_EXPORT) {
        (void)span_copy(MSPAN_OF(v->signing.receiver), request->payload);
    }
    v->signing.hash = out.reading.hash;
    v->signing.entry = request->number;
    v->signing.path = request->path;
    memcpy(v->signing.challenge, out.challenge, sizeof v->signing.challenge);
    *ret = out;
    return OK;
}

static const struct vault_passkey *find_passkey(const struct vault_content *c,
                                                struct span credential_id)
{
    for (size_t i = 0; i < c->passkeys_count; i++) {
        const struct vault_passkey *p = &c->passkeys[i];
        if (span_equal(span_of(p->credential_id, p->credential_id_len), credential_id)) {
            return p;
        }
    }
    return NULL;
}

static enum err check_assertion(const struct vault *v,
                                const struct vault_content *c,
                                struct span credential_id,
                                const struct vault_signing *signing,
                                const struct assertion_response *response)
{
    struct assertion a;
    const struct capsule_recipient *r = capsule_find_passkey(&v->head, credential_id);
    const struct vault_passkey *p = find_passkey(c, credential_id);
    if (!r || !p) {
        return ERR_NOT_FOUND;
    }
    const struct relying_party rp = {.id = span_of(r->rp_id, r->rp_id_len),
                                     .origin = span_of(p->origin, p->origin_len),
                                     .requires_user_verification = true};
    enum err e =
        assertion_verify(&a, &rp, SPAN_OF(signing->challenge), &p->credential, response, NULL);
    return e == OK ? OK : ERR_AUTH;
}

enum err vault_passkey_look(struct vault *v,
                            instant now,
                            struct vault_passkey *ret,
                            struct span credential_id)
{
    TRY(vault_touch(v, now));
    const struct vault_room *room = guarded_read(&v->content);
    const struct vault_passkey *p = find_passkey(&room->content, credential_id);
    if (p) {
        *ret = *p;
    }
    guarded_close(&v->content);
    return p ? OK : ERR_NOT_FOUND;
}

static enum err sign(struct vault *v,
                     const struct vault_content *c,
                     struct secp256k1_signature *ret_sig,
                     const struct vault_signing *signing)
{
    AUTO(secret32_wipe) struct secret32 key;
    const struct vault_entry *entry = vault_find_entry(c, signing->entry);
    if (!entry) {
        return ERR_NOT_FOUND;
    }
    TRY(vault_key_of(&key, v->cfg.work, entry, &signing->path));
    return secp256k1_sign(ret_sig, &key, &signing->hash);
}

/* The request that waits, used up; its assertion is checked. */
static enum err take(struct vault *v,
                     instant now,
                     struct vault_signing *ret,
                     struct span credential_id,
                     const struct assertion_response *response)
{
    TRY(vault_touch(v, now));
    *ret = v->signing;
    v->signing = (struct vault_signing){.is_waiting = false}; /* once, whatever comes out */
    if (!ret->is_waiting || instant_reached(ret->until, now)) {
        return ERR_STATE;
    }
    const struct vault_room *room = guarded_read(&v->content);
    enum err e = check_assertion(v, &room->content, credential_id, ret, response);
    guarded_close(&v->content);
    return e;
}

enum err vault_sign(struct vault *v,
                    instant now,
                    struct secp256k1_signature *ret_sig,
                    struct span credential_id,
                    const struct assertion_response *response)
{
    struct vault_signing signing;
    TRY(take(v, now, &signing, credential_id, response));
    const struct vault_room *room = guarded_read(&v->content);
    enum err e = ERR_STATE;
    if (signing.kind < VAULT_EXPORT) {
        e = sign(v, &room->content, ret_sig, &signing);
    }
    guarded_close(&v->content);
    return e;
}

static enum err export_entry(struct vault *v,
                             const struct vault_content *c,
                             struct vault_exported *ret,
                             const struct vault_signing *signing)
{
    AUTO(secret32_wipe) struct secret32 key;
    const struct vault_entry *entry = vault_find_entry(c, signing->entry);
    if (!entry) {
        return ERR_NOT_FOUND;
    }
    memcpy(ret->receiver, signing->receiver, sizeof ret->receiver);
    if (entry->kind == VAULT_PHRASE && signing->path.count == 0) {
        ret->kind = VAULT_PHRASE;
        return bip39_print(ret->secret, &entry->entropy);
    }
    ret->kind = VAULT_KEY;
    TRY(vault_key_of(&key, v->cfg.work, entry, &signing->path));
    return buf_append(ret->secret, SPAN_OF(key.bytes));
}

enum err vault_export(struct vault *v,
                      instant now,
                      struct vault_exported *ret,
                      struct span credential_id,
                      const struct assertion_response *response)
{
    struct vault_signing signing;
    TRY(take(v, now, &signing, credential_id, response));
    const struct vault_room *room = guarded_read(&v->content);
    enum err e = ERR_STATE;
    if (signing.kind == VAULT_EXPORT) {
        e = export_entry(v, &room->content, ret, &signing);
    }
    guarded_close(&v->content);
    return e;
}

enum err vault_approve(struct vault *v,
                       instant now,
                       struct span credential_id,
                       const struct assertion_response *response)
{
    struct vault_signing signing;
    TRY(take(v, now, &signing, credential_id, response));
    if (signing.kind != VAULT_CHANGE) {
        return ERR_STATE;
    }
    v->approval = (struct vault_approval){
        .is_given = true, .until = instant_add(now, VAULT_REQUEST_US), .hash = signing.hash};
    return OK;
}

enum err vault_take_approval(struct vault *v, instant now, struct span payload)
{
    struct hash32 hash;
    const struct vault_approval given = v->approval;
    v->approval = (struct vault_approval){.is_given = false};
    vault_change_hash(&hash, payload);
    bool is_this = span_equal(SPAN_OF(hash.bytes), SPAN_OF(given.hash.bytes));
    return given.is_given && is_this && !instant_reached(given.until, now) ? OK : ERR_DENIED;
}
