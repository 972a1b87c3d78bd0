/* Signing for ordinary accounts: what is signed was decoded here, and a passkey has signed for it a moment ago. */
#include "codec/json.h"
#include "crypto/keccak.h"
#include "evm/eip191.h"
#include "evm/eip712.h"
#include "evm/tx.h"
#include "wallet/vault.h"
#include "wallet/vault_inside.h"
#include "webauthn/assertion.h"
#include "webauthn/relying_party.h"

#include <string.h>

enum { SCRATCH_MAX = 256 * 1024 };

/* The bytes of the decoded transaction are the one canonical form, so their hash is what the chain verifies. */
static enum err hash_transaction(struct hash32 *ret, struct span payload)
{
    struct tx tx;
    TRY(tx_decode(&tx, payload));
    if (tx.is_signed || !tx.has_chain_id) {
        return ERR_DENIED;
    }
    keccak256(ret, payload);
    return OK;
}

static enum err hash_typed_data(struct hash32 *ret, struct budget *work, struct span payload)
{
    AUTO(buf_done) struct buf scratch;
    struct json root;
    struct eip712_hashes hashes;
    buf_init(&scratch, work, SCRATCH_MAX);
    TRY(json_parse(&root, payload, NULL));
    TRY(eip712_hash(&hashes, root, &scratch, NULL));
    *ret = hashes.digest;
    return OK;
}

static enum err hash_payload(struct hash32 *ret, struct budget *work, const struct vault_request *q)
{
    switch (q->kind) {
    case VAULT_SIGN_TRANSACTION: return hash_transaction(ret, q->payload);
    case VAULT_SIGN_TYPED_DATA:  return hash_typed_data(ret, work, q->payload);
    case VAULT_SIGN_MESSAGE:     eip191_hash(ret, q->payload); return OK;
    }
    return ERR_UNSUPPORTED;
}

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
    TRY(hash_payload(&out.hash, v->cfg.work, request));
    TRY(vault_address(v, now, &out.address, request->number, &request->path));
    rng_fill(v->cfg.rng, MSPAN_OF(nonce));
    const struct span parts[] = {SPAN_LIT("passmesh sign 1"), SPAN_OF(end), SPAN_OF(nonce),
                                 SPAN_OF(out.address.bytes), SPAN_OF(out.hash.bytes)};
    sha256_of(&challenge, parts, 5);
    memcpy(out.challenge, challenge.bytes, sizeof out.challenge);
    v->signing.is_waiting = true;
    v->signing.until = instant_add(now, VAULT_REQUEST_US);
    v->signing.hash = out.hash;
    v->signing.entry = request->number;
    v->signing.path = request->path;
    memcpy(v->signing.challenge, out.challenge, sizeof v->signing.challenge);
    *ret = out;
    return OK;
}

static enum err check_assertion(const struct vault *v,
                                const struct vault_content *c,
                                struct span credential_id,
                                const struct vault_signing *signing,
                                const struct assertion_response *response)
{
    struct assertion a;
    const struct capsule_recipient *r = vault_find_recipient(v, credential_id);
    for (size_t i = 0; r && i < c->passkeys_count; i++) {
        const struct vault_passkey *p = &c->passkeys[i];
        if (!span_equal(span_of(p->credential_id, p->credential_id_len), credential_id)) {
            continue;
        }
        const struct relying_party rp = {.id = span_of(r->rp_id, r->rp_id_len),
                                         .origin = span_of(p->origin, p->origin_len),
                                         .requires_user_verification = true};
        return assertion_verify(&a, &rp, SPAN_OF(signing->challenge), &p->credential, response,
                                NULL) == OK
                   ? OK
                   : ERR_AUTH;
    }
    return ERR_NOT_FOUND;
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

enum err vault_sign(struct vault *v,
                    instant now,
                    struct secp256k1_signature *ret_sig,
                    struct span credential_id,
                    const struct assertion_response *response)
{
    TRY(vault_touch(v, now));
    const struct vault_signing signing = v->signing;
    v->signing = (struct vault_signing){.is_waiting = false}; /* once, whatever comes out */
    if (!signing.is_waiting || instant_reached(signing.until, now)) {
        return ERR_STATE;
    }
    const struct vault_room *room = guarded_read(&v->content);
    enum err e = check_assertion(v, &room->content, credential_id, &signing, response);
    e = e == OK ? sign(v, &room->content, ret_sig, &signing) : e;
    guarded_close(&v->content);
    return e;
}
