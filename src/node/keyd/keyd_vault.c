/* The vault's requests. Start at keyd_vault_answer, at the end. */
#include "node/keyd/keyd_vault.h"

#include "base/rd.h"
#include "evm/bip39.h"
#include "evm/keystore.h"
#include "wallet/backup.h"
#include "wallet/vault_channel.h"

#include <string.h>

enum {
    IMPORT_FILE = 3,      /* kinds 1 and 2 are those of entries */
    NAME_SHOWN_MAX = 128, /* bytes of a name of typed data in a reading; a longer one is left out */
};

bool keyd_vault_has(uint8_t op)
{
    return op >= KEYD_VAULT_STATUS && op <= KEYD_VAULT_PASSKEY;
}

/* The path of a phrase's account, or none for a single key. */
static enum err read_path(struct rd *r, struct bip32_path *ret)
{
    struct span text = rd_be16_sized(r);
    ret->count = 0;
    return text.n > 0 ? bip32_path_parse(ret, text) : OK;
}

static void read_assertion(struct rd *r, struct assertion_response *ret)
{
    ret->client_data_json = rd_be16_sized(r);
    ret->authenticator_data = rd_be16_sized(r);
    ret->signature = rd_be16_sized(r);
}

static uint32_t wait_ms(const struct keyd *k)
{
    uint64_t us = instant_since(k->now, k->vault.try_at);
    return (uint32_t)((us + US_PER_MS - 1) / US_PER_MS); /* an hour at most */
}

static enum err answer_status(struct keyd *k, struct wr *w)
{
    const struct vault *v = &k->vault;
    wr_u8(w, (uint8_t)v->state);
    wr_be32(w, wait_ms(k));
    wr_be64(w, v->head.generation);
    wr_u8(w, (uint8_t)v->head.recipients_count);
    for (size_t i = 0; i < v->head.recipients_count; i++) {
        const struct capsule_recipient *c = &v->head.recipients[i];
        wr_u8(w, (uint8_t)c->kind);
        wr_be16_sized(w, span_of(c->credential_id, c->credential_id_len));
        wr_be16_sized(w, span_of(c->rp_id, c->rp_id_len));
        wr_bytes(w, SPAN_OF(c->prf_input));
    }
    if (v->state != VAULT_OPEN) {
        wr_u8(w, 0);
        return OK;
    }
    const struct vault_content *content = guarded_read(&v->content);
    wr_u8(w, (uint8_t)content->entries_count);
    for (size_t i = 0; i < content->entries_count; i++) {
        wr_u8(w, (uint8_t)content->entries[i].kind);
        wr_be32(w, content->entries[i].number);
    }
    guarded_close(&v->content);
    return OK;
}

static enum err answer_channel(struct keyd *k, struct wr *w)
{
    AUTO(secret32_wipe) struct secret32 secret;
    rng_fill(k->cfg.rng, MSPAN_OF(secret.bytes));
    TRY(x25519_key_init(&k->channel, &secret));
    k->has_channel = true;
    wr_bytes(w, SPAN_OF(k->channel.public_bytes));
    return OK;
}

/* A secret that travelled sealed, in keyd's one place for it; wiped by whoever declared it. */
struct secret_text {
    uint8_t *bytes; /* k->secret */
    size_t n;
};

static void secret_text_wipe(struct secret_text *s)
{
    wipe(mspan_of(s->bytes, s->n));
}

/* The channel's key is used up by the first request that needs it, good or bad: nothing sealed can be sent twice. */
static enum err
open_secret(struct keyd *k, struct secret_text *ret, enum keyd_op op, struct span sealed)
{
    AUTO(x25519_key_wipe) struct x25519_key key;
    const uint8_t use[1] = {(uint8_t)op};
    bool has_channel = k->has_channel;
    memcpy(&key, &k->channel, sizeof key);
    x25519_key_wipe(&k->channel);
    k->has_channel = false;
    if (!has_channel) {
        return ERR_STATE;
    }
    if (sealed.n < VAULT_CHANNEL_OVERHEAD) {
        return ERR_MALFORMED;
    }
    if (sealed.n - VAULT_CHANNEL_OVERHEAD > sizeof k->secret) {
        return ERR_LIMIT;
    }
    ret->n = sealed.n - VAULT_CHANNEL_OVERHEAD;
    /* Not ERR_AUTH: that is a wrong try, and this is a message of another session. */
    const struct vault_use of = {.budget = k->cfg.budget, .name = SPAN_OF(use)};
    return vault_channel_open(mspan_of(ret->bytes, ret->n), &key, of, sealed) == OK ? OK
                                                                                    : ERR_MALFORMED;
}

/* Seals to a key that whoever shows it made; the daemon carries it and cannot read it. */
static enum err seal_to(struct keyd *k,
                        struct mspan out,
                        const uint8_t receiver[static 32],
                        enum keyd_op op,
                        struct span plain)
{
    AUTO(secret32_wipe) struct secret32 ephemeral;
    const uint8_t use[1] = {(uint8_t)op};
    const struct vault_use of = {.budget = k->cfg.budget, .name = SPAN_OF(use)};
    rng_fill(k->cfg.rng, MSPAN_OF(ephemeral.bytes));
    return vault_channel_seal(out, receiver, &ephemeral, of, plain);
}

static enum err put_verdict(struct wr *w, enum err e, const struct vault_enrolled *v)
{
    if (e != OK && e != ERR_DENIED) {
        return e;
    }
    wr_u8(w, (uint8_t)v->refusal);
    wr_u8(w, v->is_done);
    wr_bytes(w, SPAN_OF(v->challenge));
    wr_bytes(w, SPAN_OF(v->prf_input));
    return OK;
}

static enum err answer_created(struct keyd *k, struct wr *w, struct rd *r)
{
    struct vault_place place;
    struct registration_response response;
    struct vault_enrolled v = {.is_done = false};
    place.rp_id = rd_be16_sized(r);
    place.origin = rd_be16_sized(r);
    response.client_data_json = rd_be16_sized(r);
    response.attestation_object = rd_be16_sized(r);
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    enum err e = vault_enrol_created(&k->vault, k->now, &v, &place, &response);
    return put_verdict(w, e, &v);
}

static enum err answer_asserted(struct keyd *k, struct wr *w, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text prf = {.bytes = k->secret};
    struct assertion_response response;
    struct vault_enrolled v = {.is_done = false};
    read_assertion(r, &response);
    struct span sealed = rd_rest(r);
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    /* Nothing sealed is an answer too: the authenticator gave no output. */
    if (sealed.n > 0) {
        TRY(open_secret(k, &prf, KEYD_VAULT_ASSERTED, sealed));
    }
    enum err e = vault_enrol_asserted(&k->vault, k->now, &v, &response, span_of(prf.bytes, prf.n));
    return put_verdict(w, e, &v);
}

static enum err answer_unlock(struct keyd *k, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text prf = {.bytes = k->secret};
    struct span credential_id = rd_be16_sized(r);
    struct span sealed = rd_rest(r);
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    TRY(open_secret(k, &prf, KEYD_VAULT_UNLOCK, sealed));
    return vault_unlock(&k->vault, k->now, credential_id, span_of(prf.bytes, prf.n));
}

static enum err answer_unlock_phrase(struct keyd *k, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text phrase = {.bytes = k->secret};
    TRY(open_secret(k, &phrase, KEYD_VAULT_UNLOCK_PHRASE, rd_rest(r)));
    return vault_unlock_phrase(&k->vault, k->now, span_of(phrase.bytes, phrase.n));
}

/* A change of an open vault: a passkey has agreed to exactly this. */
static enum err take_approval(struct keyd *k, enum keyd_op op, struct span body)
{
    uint8_t payload[VAULT_CHANGE_MAX];
    struct wr w = wr_init(MSPAN_OF(payload));
    wr_u8(&w, (uint8_t)op);
    wr_bytes(&w, body);
    if (!wr_ok(&w)) {
        return ERR_LIMIT;
    }
    return vault_take_approval(&k->vault, k->now, span_of(payload, w.n));
}

static enum err answer_recovery(struct keyd *k, struct wr *w, struct rd *r)
{
    AUTO(buf_done) struct buf text = {0};
    uint8_t receiver[32];
    uint8_t sealed[BIP39_PHRASE_MAX + VAULT_CHANNEL_OVERHEAD];
    rd_copy(r, MSPAN_OF(receiver));
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    buf_init_secret(&text, k->cfg.work, BIP39_PHRASE_MAX);
    TRY(buf_reserve(&text, BIP39_PHRASE_MAX));
    /* Sealed once for the trial: a receiver that cannot be sealed to must not cost the vault its phrase. */
    TRY(seal_to(k, mspan_of(sealed, VAULT_CHANNEL_OVERHEAD), receiver, KEYD_VAULT_RECOVERY,
                SPAN_EMPTY));
    if (k->vault.state == VAULT_OPEN) {
        TRY(take_approval(k, KEYD_VAULT_RECOVERY, SPAN_OF(receiver)));
    }
    TRY(vault_add_recovery(&k->vault, k->now, &text));
    struct mspan out = mspan_of(sealed, text.n + VAULT_CHANNEL_OVERHEAD);
    TRY(seal_to(k, out, receiver, KEYD_VAULT_RECOVERY, buf_span(&text)));
    wr_bytes(w, span_const(out));
    return OK;
}

static enum err put_entry(struct wr *w, enum err e, uint32_t number)
{
    TRY(e);
    wr_be32(w, number);
    return OK;
}

/* A key file of another wallet, behind its password. Takes a second or two, as its maker wanted. */
static enum err import_file(struct keyd *k, uint32_t *ret_number, struct span secret)
{
    AUTO(secret32_wipe) struct secret32 key;
    struct rd r = rd_init(secret);
    struct span password = rd_be16_sized(&r);
    struct span text = rd_be16_sized(&r);
    if (!rd_end(&r) || password.n > KEYD_PASSWORD_MAX) {
        return ERR_MALFORMED;
    }
    TRY(keystore_open(&key, k->cfg.work, text, password, NULL));
    return vault_add_key(&k->vault, k->now, ret_number, &key);
}

static enum err
import_secret(struct keyd *k, uint32_t *ret_number, uint8_t kind, const struct secret_text *secret)
{
    AUTO(bip39_entropy_wipe) struct bip39_entropy entropy;
    AUTO(secret32_wipe) struct secret32 key;
    if (kind == VAULT_PHRASE) {
        TRY(bip39_parse(&entropy, k->cfg.work, span_of(secret->bytes, secret->n), NULL));
        return vault_add_phrase(&k->vault, k->now, ret_number, &entropy, SPAN_EMPTY);
    }
    if (kind == IMPORT_FILE) {
        return import_file(k, ret_number, span_of(secret->bytes, secret->n));
    }
    if (kind != VAULT_KEY || secret->n != sizeof key.bytes) {
        return ERR_MALFORMED;
    }
    memcpy(key.bytes, secret->bytes, sizeof key.bytes);
    return vault_add_key(&k->vault, k->now, ret_number, &key);
}

static enum err answer_import(struct keyd *k, struct wr *w, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text secret = {.bytes = k->secret};
    uint32_t number = 0;
    uint8_t kind = rd_u8(r);
    struct span sealed = rd_rest(r);
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    TRY(open_secret(k, &secret, KEYD_VAULT_IMPORT, sealed));
    enum err e = import_secret(k, &number, kind, &secret);
    return put_entry(w, e, number);
}

static enum err answer_address(struct keyd *k, struct wr *w, struct rd *r)
{
    struct bip32_path path;
    struct address address;
    uint32_t number = rd_be32(r);
    TRY(read_path(r, &path));
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    TRY(vault_address(&k->vault, k->now, &address, number, &path));
    wr_bytes(w, SPAN_OF(address.bytes));
    return OK;
}

static void put_transaction(struct wr *w, const struct vault_reading *r)
{
    uint8_t word[32];
    wr_u8(w, (uint8_t)r->tx.type);
    wr_be64(w, r->tx.chain_id);
    wr_be64(w, r->tx.nonce);
    wr_be64(w, r->tx.gas_limit);
    u256_to_be(word, r->tx.max_fee_per_gas);
    wr_bytes(w, SPAN_OF(word));
    u256_to_be(word, r->tx.max_priority_fee_per_gas);
    wr_bytes(w, SPAN_OF(word));
    wr_u8(w, r->tx.has_to);
    wr_bytes(w, SPAN_OF(r->tx.to.bytes));
    u256_to_be(word, r->tx.value);
    wr_bytes(w, SPAN_OF(word));
    wr_be32(w, (uint32_t)r->tx.data.n);
    wr_u8(w, r->is_token_transfer);
    wr_bytes(w, SPAN_OF(r->receiver.bytes));
    u256_to_be(word, r->amount);
    wr_bytes(w, SPAN_OF(word));
}

static void put_reading(struct wr *w, const struct vault_reading *r)
{
    struct span type = r->primary_type.n <= NAME_SHOWN_MAX ? r->primary_type : SPAN_EMPTY;
    struct span name = r->domain_name.n <= NAME_SHOWN_MAX ? r->domain_name : SPAN_EMPTY;
    wr_u8(w, (uint8_t)r->kind);
    switch (r->kind) {
    case VAULT_SIGN_TRANSACTION: put_transaction(w, r); break;
    case VAULT_SIGN_MESSAGE:
        wr_be32(w, (uint32_t)r->len);
        wr_u8(w, r->is_text);
        break;
    case VAULT_SIGN_TYPED_DATA:
        wr_be16_sized(w, span_of(type.p, type.n));
        wr_be16_sized(w, span_of(name.p, name.n));
        wr_u8(w, r->has_chain_id);
        wr_be64(w, r->chain_id);
        wr_u8(w, r->has_contract);
        wr_bytes(w, SPAN_OF(r->contract.bytes));
        break;
    case VAULT_EXPORT:
    case VAULT_CHANGE: break;
    }
}

static enum err answer_prepare(struct keyd *k, struct wr *w, struct rd *r)
{
    struct vault_request q;
    struct vault_prepared p;
    uint8_t kind = rd_u8(r);
    q.number = rd_be32(r);
    TRY(read_path(r, &q.path));
    q.payload = rd_rest(r);
    if (!rd_ok(r) || kind < VAULT_SIGN_TRANSACTION || kind > VAULT_CHANGE) {
        return ERR_MALFORMED;
    }
    q.kind = (enum vault_signable)kind;
    TRY(vault_prepare(&k->vault, k->now, &p, &q));
    wr_bytes(w, SPAN_OF(p.challenge));
    wr_bytes(w, SPAN_OF(p.reading.hash.bytes));
    wr_bytes(w, SPAN_OF(p.address.bytes));
    put_reading(w, &p.reading);
    return OK;
}

static enum err answer_sign(struct keyd *k, struct wr *w, struct rd *r)
{
    struct assertion_response response;
    struct secp256k1_signature sig;
    struct span credential_id = rd_be16_sized(r);
    read_assertion(r, &response);
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    TRY(vault_sign(&k->vault, k->now, &sig, credential_id, &response));
    wr_bytes(w, SPAN_OF(sig.rs));
    wr_u8(w, sig.recovery_id);
    k->signed_count++;
    return OK;
}

/* The key file for a password that came sealed; else the secret as it is. */
static enum err wrap_key(struct keyd *k, struct buf *out, struct span key, struct span password)
{
    AUTO(secret32_wipe) struct secret32 secret;
    struct keystore_random random;
    if (key.n != sizeof secret.bytes) {
        return ERR_MALFORMED;
    }
    memcpy(secret.bytes, key.p, sizeof secret.bytes);
    rng_fill(k->cfg.rng, mspan_of(&random, sizeof random));
    return keystore_seal(out, k->cfg.work, &secret, password, &random, k->cfg.key_file_log2_n);
}

static enum err answer_export(struct keyd *k, struct wr *w, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text password = {.bytes = k->secret};
    AUTO(buf_done) struct buf secret = {0};
    AUTO(buf_done) struct buf file = {0};
    struct assertion_response response;
    struct vault_exported exported = {.secret = &secret};
    struct span credential_id = rd_be16_sized(r);
    read_assertion(r, &response);
    struct span sealed = rd_rest(r);
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    buf_init_secret(&secret, k->cfg.budget, BIP39_PHRASE_MAX);
    buf_init_secret(&file, k->cfg.budget, KEYSTORE_LEN_MAX);
    TRY(buf_reserve(&secret,
                    BIP39_PHRASE_MAX)); /* once, so that no copy is left behind by growing */
    if (sealed.n > 0) {
        TRY(open_secret(k, &password, KEYD_VAULT_EXPORT, sealed));
    }
    TRY(vault_export(&k->vault, k->now, &exported, credential_id, &response));
    const struct buf *text = &secret;
    uint8_t kind = (uint8_t)exported.kind;
    if (sealed.n > 0) {
        TRY(wrap_key(k, &file, buf_span(&secret), span_of(password.bytes, password.n)));
        text = &file;
        kind = IMPORT_FILE;
    }
    uint8_t out[BIP39_PHRASE_MAX + VAULT_CHANNEL_OVERHEAD];
    struct mspan room = mspan_of(out, text->n + VAULT_CHANNEL_OVERHEAD);
    TRY(seal_to(k, room, exported.receiver, KEYD_VAULT_EXPORT, buf_span(text)));
    wr_u8(w, kind);
    wr_bytes(w, span_const(room));
    return OK;
}

static enum err answer_capsule(struct keyd *k, struct wr *w, struct rd *r)
{
    size_t part = rd_u8(r);
    if (!rd_end(r) || part >= CAPSULE_LEN / KEYD_CAPSULE_PART) {
        return ERR_MALFORMED;
    }
    if (k->vault.state == VAULT_NONE) {
        return ERR_NOT_FOUND;
    }
    wr_bytes(w, span_of(k->vault.capsule + part * KEYD_CAPSULE_PART, KEYD_CAPSULE_PART));
    return OK;
}

/* Requests without a body. */
static enum err answer_plain(struct keyd *k, struct wr *w, uint8_t op)
{
    struct vault_enrolled v = {.is_done = false};
    enum err e;
    if (op == KEYD_VAULT_STATUS) {
        return answer_status(k, w);
    }
    if (op == KEYD_VAULT_CHANNEL) {
        return answer_channel(k, w);
    }
    if (op == KEYD_VAULT_ENROL) {
        if (k->vault.state == VAULT_OPEN) {
            TRY(take_approval(k, KEYD_VAULT_ENROL, SPAN_EMPTY));
        }
        e = vault_enrol_begin(&k->vault, k->now, &v);
        return put_verdict(w, e, &v);
    }
    vault_lock(&k->vault);
    return OK;
}

static enum err answer_draw(struct keyd *k, struct wr *w, struct rd *r)
{
    uint32_t number = 0;
    unsigned words = rd_u8(r);
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    enum err e = vault_draw_phrase(&k->vault, k->now, &number, words);
    return put_entry(w, e, number);
}

static enum err answer_approve(struct keyd *k, struct rd *r)
{
    struct assertion_response response;
    struct span credential_id = rd_be16_sized(r);
    read_assertion(r, &response);
    return rd_end(r) ? vault_approve(&k->vault, k->now, credential_id, &response) : ERR_MALFORMED;
}

static enum err answer_remove(struct keyd *k, struct rd *r)
{
    struct span body = r->rest;
    struct span credential_id = rd_be16_sized(r);
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    if (k->vault.state == VAULT_OPEN) {
        TRY(take_approval(k, KEYD_VAULT_REMOVE, body));
    }
    return vault_remove(&k->vault, k->now, credential_id);
}

static enum err answer_backup_key(struct keyd *k, struct wr *w, struct span salt)
{
    AUTO(secret32_wipe) struct secret32 key;
    if (salt.n != BACKUP_SALT_LEN) {
        return ERR_MALFORMED;
    }
    TRY(vault_backup_key(&k->vault, k->now, &key, salt));
    wr_bytes(w, SPAN_OF(key.bytes));
    return OK;
}

static enum err answer_passkey(struct keyd *k, struct wr *w, struct rd *r)
{
    struct vault_passkey p;
    struct span credential_id = rd_be16_sized(r);
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    TRY(vault_passkey_look(&k->vault, k->now, &p, credential_id));
    wr_bytes(w, SPAN_OF(p.credential.key.xy));
    wr_u8(w, p.credential.is_backup_eligible);
    wr_be16_sized(w, span_of(p.origin, p.origin_len));
    return OK;
}

enum err keyd_vault_answer(struct keyd *k, struct wr *w, uint8_t op, struct span body)
{
    struct rd r = rd_init(body);
    switch (op) {
    case KEYD_VAULT_STATUS:
    case KEYD_VAULT_CHANNEL:
    case KEYD_VAULT_ENROL:
    case KEYD_VAULT_LOCK:          return body.n == 0 ? answer_plain(k, w, op) : ERR_MALFORMED;
    case KEYD_VAULT_CREATED:       return answer_created(k, w, &r);
    case KEYD_VAULT_ASSERTED:      return answer_asserted(k, w, &r);
    case KEYD_VAULT_UNLOCK:        return answer_unlock(k, &r);
    case KEYD_VAULT_UNLOCK_PHRASE: return answer_unlock_phrase(k, &r);
    case KEYD_VAULT_RECOVERY:      return answer_recovery(k, w, &r);
    case KEYD_VAULT_REMOVE:        return answer_remove(k, &r);
    case KEYD_VAULT_DRAW:          return answer_draw(k, w, &r);
    case KEYD_VAULT_APPROVE:       return answer_approve(k, &r);
    case KEYD_VAULT_EXPORT:        return answer_export(k, w, &r);
    case KEYD_VAULT_IMPORT:        return answer_import(k, w, &r);
    case KEYD_VAULT_ADDRESS:       return answer_address(k, w, &r);
    case KEYD_VAULT_PREPARE:       return answer_prepare(k, w, &r);
    case KEYD_VAULT_SIGN:          return answer_sign(k, w, &r);
    case KEYD_VAULT_CAPSULE:       return answer_capsule(k, w, &r);
    case KEYD_VAULT_RESTORE:       return vault_restore(&k->vault, body);
    case KEYD_VAULT_BACKUP_KEY:    return answer_backup_key(k, w, body);
    case KEYD_VAULT_PASSKEY:       return answer_passkey(k, w, &r);
    }
    return ERR_UNSUPPORTED;
}
