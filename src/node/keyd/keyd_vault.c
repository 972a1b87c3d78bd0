/* The vault's requests. Start at keyd_vault_answer, at the end. */
#include "node/keyd/keyd_vault.h"

#include "base/rd.h"
#include "evm/bip39.h"
#include "wallet/vault_channel.h"

#include <string.h>

enum { SECRET_MAX = BIP39_TEXT_MAX, PRF_LEN = 32 };

bool keyd_vault_has(uint8_t op)
{
    return op >= KEYD_VAULT_STATUS && op <= KEYD_VAULT_RESTORE;
}

static struct span read_text(struct rd *r)
{
    return rd_bytes(r, rd_be16(r));
}

static void write_text(struct wr *w, const uint8_t *p, size_t n)
{
    wr_be16(w, (uint16_t)n);
    wr_bytes(w, span_of(p, n));
}

/* The path of a phrase's account, or none for a single key. */
static enum err read_path(struct rd *r, struct bip32_path *ret)
{
    struct span text = read_text(r);
    ret->count = 0;
    return text.n > 0 ? bip32_path_parse(ret, text) : OK;
}

static void read_assertion(struct rd *r, struct assertion_response *ret)
{
    ret->client_data_json = read_text(r);
    ret->authenticator_data = read_text(r);
    ret->signature = read_text(r);
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
    wr_u8(w, (uint8_t)v->head.recipients_count);
    for (size_t i = 0; i < v->head.recipients_count; i++) {
        const struct capsule_recipient *c = &v->head.recipients[i];
        wr_u8(w, (uint8_t)c->kind);
        write_text(w, c->credential_id, c->credential_id_len);
        write_text(w, c->rp_id, c->rp_id_len);
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

/* A secret that travelled sealed; wiped by its owner. */
struct secret_text {
    uint8_t bytes[SECRET_MAX];
    size_t n;
};

static void secret_text_wipe(struct secret_text *s)
{
    wipe(mspan_of(s, sizeof *s));
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
    ret->n = sealed.n - VAULT_CHANNEL_OVERHEAD;
    if (ret->n > sizeof ret->bytes) {
        return ERR_LIMIT;
    }
    /* Not ERR_AUTH: that is a wrong try, and this is a message of another session. */
    return vault_channel_open(mspan_of(ret->bytes, ret->n), &key, SPAN_OF(use), sealed) == OK
               ? OK
               : ERR_MALFORMED;
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
    place.rp_id = read_text(r);
    place.origin = read_text(r);
    response.client_data_json = read_text(r);
    response.attestation_object = read_text(r);
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    enum err e = vault_enrol_created(&k->vault, k->now, &v, &place, &response);
    return put_verdict(w, e, &v);
}

static enum err answer_asserted(struct keyd *k, struct wr *w, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text prf = {.n = 0};
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
    AUTO(secret_text_wipe) struct secret_text prf = {.n = 0};
    struct span credential_id = read_text(r);
    struct span sealed = rd_rest(r);
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    TRY(open_secret(k, &prf, KEYD_VAULT_UNLOCK, sealed));
    return vault_unlock(&k->vault, k->now, credential_id, span_of(prf.bytes, prf.n));
}

static enum err answer_unlock_phrase(struct keyd *k, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text phrase = {.n = 0};
    TRY(open_secret(k, &phrase, KEYD_VAULT_UNLOCK_PHRASE, rd_rest(r)));
    return vault_unlock_phrase(&k->vault, k->now, span_of(phrase.bytes, phrase.n));
}

/* The phrase goes to the key that the shower made for it; the daemon carries it and cannot read it. */
static enum err answer_recovery(struct keyd *k, struct wr *w, struct rd *r)
{
    AUTO(secret32_wipe) struct secret32 ephemeral;
    AUTO(buf_done) struct buf text;
    uint8_t receiver[32];
    uint8_t sealed[BIP39_PHRASE_MAX + VAULT_CHANNEL_OVERHEAD];
    const uint8_t use[1] = {KEYD_VAULT_RECOVERY};
    rd_copy(r, MSPAN_OF(receiver));
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    buf_init_secret(&text, k->cfg.work, BIP39_PHRASE_MAX);
    rng_fill(k->cfg.rng, MSPAN_OF(ephemeral.bytes));
    /* Sealed once for the trial: a receiver that cannot be sealed to must not cost the vault its phrase. */
    TRY(vault_channel_seal(mspan_of(sealed, VAULT_CHANNEL_OVERHEAD), receiver, &ephemeral,
                           SPAN_OF(use), SPAN_EMPTY));
    TRY(vault_add_recovery(&k->vault, k->now, &text));
    rng_fill(k->cfg.rng, MSPAN_OF(ephemeral.bytes));
    struct mspan out = mspan_of(sealed, text.n + VAULT_CHANNEL_OVERHEAD);
    TRY(vault_channel_seal(out, receiver, &ephemeral, SPAN_OF(use), buf_span(&text)));
    wr_bytes(w, span_const(out));
    return OK;
}

static enum err put_entry(struct wr *w, enum err e, uint32_t number)
{
    TRY(e);
    wr_be32(w, number);
    return OK;
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
    if (kind != VAULT_KEY || secret->n != sizeof key.bytes) {
        return ERR_MALFORMED;
    }
    memcpy(key.bytes, secret->bytes, sizeof key.bytes);
    return vault_add_key(&k->vault, k->now, ret_number, &key);
}

static enum err answer_import(struct keyd *k, struct wr *w, struct rd *r)
{
    AUTO(secret_text_wipe) struct secret_text secret = {.n = 0};
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

static enum err answer_prepare(struct keyd *k, struct wr *w, struct rd *r)
{
    struct vault_request q;
    struct vault_prepared p;
    uint8_t kind = rd_u8(r);
    q.number = rd_be32(r);
    TRY(read_path(r, &q.path));
    q.payload = rd_rest(r);
    if (!rd_ok(r) || kind < VAULT_SIGN_TRANSACTION || kind > VAULT_SIGN_TYPED_DATA) {
        return ERR_MALFORMED;
    }
    q.kind = (enum vault_signable)kind;
    TRY(vault_prepare(&k->vault, k->now, &p, &q));
    wr_bytes(w, SPAN_OF(p.challenge));
    wr_bytes(w, SPAN_OF(p.hash.bytes));
    wr_bytes(w, SPAN_OF(p.address.bytes));
    return OK;
}

static enum err answer_sign(struct keyd *k, struct wr *w, struct rd *r)
{
    struct assertion_response response;
    struct secp256k1_signature sig;
    struct span credential_id = read_text(r);
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
    uint32_t number = 0;
    enum err e;
    if (op == KEYD_VAULT_STATUS) {
        return answer_status(k, w);
    }
    if (op == KEYD_VAULT_CHANNEL) {
        return answer_channel(k, w);
    }
    if (op == KEYD_VAULT_ENROL) {
        e = vault_enrol_begin(&k->vault, k->now, &v);
        return put_verdict(w, e, &v);
    }
    if (op == KEYD_VAULT_DRAW) {
        e = vault_draw_phrase(&k->vault, k->now, &number);
        return put_entry(w, e, number);
    }
    vault_lock(&k->vault);
    return OK;
}

static enum err answer_remove(struct keyd *k, struct rd *r)
{
    struct span credential_id = read_text(r);
    return rd_end(r) ? vault_remove(&k->vault, k->now, credential_id) : ERR_MALFORMED;
}

enum err keyd_vault_answer(struct keyd *k, struct wr *w, uint8_t op, struct span body)
{
    struct rd r = rd_init(body);
    switch (op) {
    case KEYD_VAULT_STATUS:
    case KEYD_VAULT_CHANNEL:
    case KEYD_VAULT_ENROL:
    case KEYD_VAULT_DRAW:
    case KEYD_VAULT_LOCK:          return body.n == 0 ? answer_plain(k, w, op) : ERR_MALFORMED;
    case KEYD_VAULT_CREATED:       return answer_created(k, w, &r);
    case KEYD_VAULT_ASSERTED:      return answer_asserted(k, w, &r);
    case KEYD_VAULT_UNLOCK:        return answer_unlock(k, &r);
    case KEYD_VAULT_UNLOCK_PHRASE: return answer_unlock_phrase(k, &r);
    case KEYD_VAULT_RECOVERY:      return answer_recovery(k, w, &r);
    case KEYD_VAULT_REMOVE:        return answer_remove(k, &r);
    case KEYD_VAULT_IMPORT:        return answer_import(k, w, &r);
    case KEYD_VAULT_ADDRESS:       return answer_address(k, w, &r);
    case KEYD_VAULT_PREPARE:       return answer_prepare(k, w, &r);
    case KEYD_VAULT_SIGN:          return answer_sign(k, w, &r);
    case KEYD_VAULT_CAPSULE:       return answer_capsule(k, w, &r);
    case KEYD_VAULT_RESTORE:       return vault_restore(&k->vault, body);
    }
    return ERR_UNSUPPORTED;
}
