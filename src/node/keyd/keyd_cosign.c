/* Co-signers in keyd. */
#include "node/keyd/keyd_cosign.h"

#include "crypto/secp256k1.h"

#include <string.h>

enum { DRAWS_MAX = 8 /* a secret is out of range once in 2^127 draws */ };

static enum err address_of(struct address *ret, const struct secret32 *secret)
{
    struct secp256k1_public key;
    TRY(secp256k1_public_init(&key, secret));
    *ret = address_of_public_key(key.xy);
    return OK;
}

enum err keyd_cosigners_read(struct keyd *k, struct rd *r, struct secret32 *secrets)
{
    size_t count = rd_u8(r);
    if (!rd_ok(r) || count > KEYD_COSIGNERS_MAX) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        struct keyd_cosigner *c = &k->cosigners[i];
        struct address stored;
        rd_copy(r, MSPAN_OF(secrets[i].bytes));
        rd_copy(r, MSPAN_OF(stored.bytes));
        bool is_good = rd_ok(r) && cosigner_read(&c->record, r) == OK &&
                       address_of(&c->address, &secrets[i]) == OK &&
                       address_equal(stored, c->address);
        if (!is_good) {
            return ERR_MALFORMED;
        }
    }
    k->cosigners_count = count;
    return OK;
}

void keyd_cosigners_write(const struct keyd *k, struct wr *w, const struct secret32 *secrets)
{
    wr_u8(w, (uint8_t)k->cosigners_count);
    for (size_t i = 0; i < k->cosigners_count; i++) {
        wr_bytes(w, SPAN_OF(secrets[i].bytes));
        wr_bytes(w, SPAN_OF(k->cosigners[i].address.bytes));
        cosigner_write(w, &k->cosigners[i].record);
    }
}

/* The one that this account and passkey have. */
static struct keyd_cosigner *find_pair(struct keyd *k, const struct cosigner_terms *t)
{
    for (size_t i = 0; i < k->cosigners_count; i++) {
        const struct cosigner_terms *have = &k->cosigners[i].record.terms;
        if (address_equal(have->account, t->account) &&
            span_equal(SPAN_OF(have->passkey.xy), SPAN_OF(t->passkey.xy))) {
            return &k->cosigners[i];
        }
    }
    return NULL;
}

static struct keyd_cosigner *find_address(struct keyd *k, struct address address)
{
    for (size_t i = 0; i < k->cosigners_count; i++) {
        if (address_equal(k->cosigners[i].address, address)) {
            return &k->cosigners[i];
        }
    }
    return NULL;
}

static enum err draw(struct keyd *k, struct address *ret, struct secret32 *secret)
{
    for (int i = 0; i < DRAWS_MAX; i++) {
        rng_fill(k->cfg.rng, MSPAN_OF(secret->bytes));
        if (address_of(ret, secret) == OK) {
            return OK;
        }
    }
    return ERR_INTERNAL;
}

/* With the guarded memory open: makes room by one whose removal is over, if there is one. */
static void drop_gone(struct keyd *k, struct secret32 *secrets)
{
    struct secret32 *own = secrets + KEYD_KEYS_MAX;
    for (size_t i = 0; i < k->cosigners_count; i++) {
        if (cosigner_is_gone(&k->cosigners[i].record, k->clock)) {
            size_t last = --k->cosigners_count;
            k->cosigners[i] = k->cosigners[last];
            memcpy(own[i].bytes, own[last].bytes, sizeof own[i].bytes);
            secret32_wipe(&own[last]);
            return;
        }
    }
}

/* With the guarded memory open. The co-signer counts once it is on the disk. */
static enum err add_open(struct keyd *k, struct secret32 *secrets, const struct cosigner *record)
{
    if (k->cosigners_count == KEYD_COSIGNERS_MAX) {
        drop_gone(k, secrets);
    }
    if (k->cosigners_count == KEYD_COSIGNERS_MAX) {
        return ERR_LIMIT;
    }
    struct secret32 *secret = &secrets[KEYD_KEYS_MAX + k->cosigners_count];
    struct keyd_cosigner *c = &k->cosigners[k->cosigners_count];
    TRY(draw(k, &c->address, secret));
    c->record = *record;
    k->cosigners_count++;
    enum err e = keyd_save(k, secrets);
    if (e != OK) {
        k->cosigners_count--;
        secret32_wipe(secret);
    }
    return e;
}

static bool has_terms(const struct keyd_cosigner *c, const struct hash32 *terms)
{
    struct hash32 have;
    cosigner_terms_hash(&have, &c->record.terms);
    return span_equal(SPAN_OF(have.bytes), SPAN_OF(terms->bytes));
}

static enum err answer_create(struct keyd *k, struct wr *w, struct span body)
{
    struct cosigner_create create;
    struct cosigner record;
    struct hash32 terms;
    TRY(cosigner_create_decode(&create, body));
    TRY(cosigner_init(&record, &create, k->clock));
    cosigner_terms_hash(&terms, &create.terms);
    const struct keyd_cosigner *c = find_pair(k, &create.terms);
    if (c && !has_terms(c, &terms)) {
        return ERR_STATE;
    }
    if (!c) {
        enum err e = add_open(k, guarded_write(&k->secrets), &record);
        guarded_close(&k->secrets);
        TRY(e);
        c = &k->cosigners[k->cosigners_count - 1];
    }
    wr_bytes(w, SPAN_OF(c->address.bytes));
    wr_bytes(w, SPAN_OF(terms.bytes));
    return OK;
}

/* With the guarded memory open: what was counted is saved, then the hash signed. */
static enum err sign_open(struct keyd *k,
                          struct secp256k1_signature *ret,
                          const struct secret32 *secrets,
                          const struct keyd_cosigner *c,
                          const struct hash32 *hash)
{
    TRY(keyd_save(k, secrets));
    return secp256k1_sign(ret, &secrets[KEYD_KEYS_MAX + (c - k->cosigners)], hash);
}

static enum err answer_sign(struct keyd *k, struct wr *w, struct span body)
{
    struct cosigner_ask ask;
    struct hash32 hash;
    struct secp256k1_signature sig;
    TRY(cosigner_ask_decode(&ask, body));
    struct keyd_cosigner *c = find_address(k, ask.cosigner);
    if (!c) {
        return ERR_NOT_FOUND;
    }
    struct cosigner before = c->record;
    TRY(cosigner_allow(&c->record, &hash, &ask, k->clock));
    enum err e = sign_open(k, &sig, guarded_read(&k->secrets), c, &hash);
    guarded_close(&k->secrets);
    if (e != OK) {
        c->record = before;
        return e;
    }
    wr_bytes(w, SPAN_OF(sig.rs));
    wr_u8(w, sig.recovery_id);
    k->signed_count++;
    return OK;
}

static enum err answer_remove(struct keyd *k, struct span body)
{
    struct cosigner_create remove;
    struct hash32 terms;
    TRY(cosigner_create_decode(&remove, body));
    cosigner_terms_hash(&terms, &remove.terms);
    struct keyd_cosigner *c = find_pair(k, &remove.terms);
    if (!c || !has_terms(c, &terms)) {
        return ERR_NOT_FOUND;
    }
    struct cosigner before = c->record;
    TRY(cosigner_remove(&c->record, &remove, k->clock));
    enum err e = keyd_save(k, guarded_read(&k->secrets));
    guarded_close(&k->secrets);
    if (e != OK) {
        c->record = before;
    }
    return e;
}

enum err keyd_cosign_answer(struct keyd *k, struct wr *w, enum keyd_op op, struct span body)
{
    if (op == KEYD_COSIGN_REMOVE) {
        return answer_remove(k, body);
    }
    return op == KEYD_COSIGN_CREATE ? answer_create(k, w, body) : answer_sign(k, w, body);
}
