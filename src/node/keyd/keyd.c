/* The engine of passmesh-keyd. Start at keyd_answer, at the end. */
#include "node/keyd/keyd.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/ed25519.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "node/keyd/keyd_cosign.h"
#include "node/keyd/keyd_policy.h"
#include "node/keyd/keyd_vault.h"

#include <string.h>

/* The store's content: version | next id 4 | count 1 | count times { id 4 | purpose 1 | secret 32 | public length 1 |
 * public } | in version 3 co-signers: count 1, count times { secret 32 | address 20 | record (wallet/cosigner.h) } | capsule of the vault or
 * nothing. The public half is there so that a damaged secret is noticed before it signs. Version 1 had no capsule; version 3 is written only where
 * there are co-signers, so that an older keyd reads all other stores. */
enum {
    STORE_VERSION_COSIGNERS = 3,
    STORE_VERSION = 2,
    STORE_VERSION_OLD = 1,
    STORE_HEAD_LEN = 7,
    STORE_ENTRY_MAX = 102,
    STORE_COSIGNER_MAX = 32 + 20 + COSIGNER_RECORD_LEN_MAX,
    STORE_MAX = STORE_HEAD_LEN + KEYD_KEYS_MAX * STORE_ENTRY_MAX +
                KEYD_COSIGNERS_MAX * STORE_COSIGNER_MAX + CAPSULE_LEN,
    DRAWS_MAX = 8, /* a secp256k1 secret is out of range once in 2^127 draws */
};

static enum err public_of(struct keyd_key *key, const struct secret32 *secret)
{
    AUTO(ed25519_key_wipe) struct ed25519_key pair = {0};
    struct ed25519_public ed25519;
    struct secp256k1_public secp256k1;
    switch (key->purpose) {
    case KEYD_IDENTITY:
        ed25519_key_init(&pair, secret);
        ed25519_key_public(&ed25519, &pair);
        key->public_len = sizeof ed25519.bytes;
        memcpy(key->public_bytes, ed25519.bytes, sizeof ed25519.bytes);
        return OK;
    case KEYD_BUNDLER:
        TRY(secp256k1_public_init(&secp256k1, secret));
        key->public_len = sizeof secp256k1.xy;
        memcpy(key->public_bytes, secp256k1.xy, sizeof secp256k1.xy);
        return OK;
    }
    return ERR_UNSUPPORTED;
}

static const struct keyd_key *find_purpose(const struct keyd *k, enum keyd_purpose purpose)
{
    for (size_t i = 0; i < k->keys_count; i++) {
        if (k->keys[i].purpose == purpose) {
            return &k->keys[i];
        }
    }
    return NULL;
}

static const struct keyd_key *find_id(const struct keyd *k, uint32_t id, enum keyd_purpose purpose)
{
    for (size_t i = 0; i < k->keys_count; i++) {
        if (k->keys[i].id == id && k->keys[i].purpose == purpose) {
            return &k->keys[i];
        }
    }
    return NULL;
}

static enum err load_entry(struct keyd *k, struct rd *r, struct secret32 *secret)
{
    struct keyd_key key = {0};
    key.id = rd_be32(r);
    uint8_t purpose = rd_u8(r);
    rd_copy(r, MSPAN_OF(secret->bytes));
    struct span public_bytes = rd_bytes(r, rd_u8(r));
    if (!rd_ok(r) || key.id >= k->next_id ||
        (purpose != KEYD_IDENTITY && purpose != KEYD_BUNDLER)) {
        return ERR_MALFORMED;
    }
    key.purpose = (enum keyd_purpose)purpose;
    if (public_of(&key, secret) != OK ||
        !span_equal(span_of(key.public_bytes, key.public_len), public_bytes)) {
        return ERR_MALFORMED;
    }
    k->keys[k->keys_count++] = key;
    return OK;
}

/* ret_capsule is what follows the keys: a span into content. */
static enum err
load(struct keyd *k, struct span *ret_capsule, struct secret32 *secrets, struct span content)
{
    struct rd r = rd_init(content);
    uint8_t version = rd_u8(&r);
    k->next_id = rd_be32(&r);
    size_t count = rd_u8(&r);
    bool is_known = version >= STORE_VERSION_OLD && version <= STORE_VERSION_COSIGNERS;
    if (!rd_ok(&r) || !is_known || count > KEYD_KEYS_MAX) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(load_entry(k, &r, &secrets[i]));
    }
    if (version == STORE_VERSION_COSIGNERS) {
        TRY(keyd_cosigners_read(k, &r, secrets + KEYD_KEYS_MAX));
    }
    *ret_capsule = rd_rest(&r);
    bool is_whole =
        ret_capsule->n == 0 || (version >= STORE_VERSION && ret_capsule->n == CAPSULE_LEN);
    return rd_ok(&r) && is_whole ? OK : ERR_MALFORMED;
}

/* The capsule that belongs into the store now. */
static struct span capsule_of(const struct keyd *k)
{
    if (k->vault_port.saving.n > 0) {
        return k->vault_port.saving;
    }
    return k->vault.state == VAULT_NONE ? SPAN_EMPTY : SPAN_OF(k->vault.capsule);
}

enum err keyd_save(struct keyd *k, const struct secret32 *secrets)
{
    AUTO(buf_done) struct buf content;
    buf_init_secret(&content, k->cfg.budget, STORE_MAX);
    TRY(buf_reserve(&content, STORE_MAX)); /* once, so that no copy is left behind by growing */
    struct wr w = wr_init_buf(&content);
    wr_u8(&w, k->cosigners_count > 0 ? STORE_VERSION_COSIGNERS : STORE_VERSION);
    wr_be32(&w, k->next_id);
    wr_u8(&w, (uint8_t)k->keys_count);
    for (size_t i = 0; i < k->keys_count; i++) {
        wr_be32(&w, k->keys[i].id);
        wr_u8(&w, (uint8_t)k->keys[i].purpose);
        wr_bytes(&w, SPAN_OF(secrets[i].bytes));
        wr_u8(&w, k->keys[i].public_len);
        wr_bytes(&w, span_of(k->keys[i].public_bytes, k->keys[i].public_len));
    }
    if (k->cosigners_count > 0) {
        keyd_cosigners_write(k, &w, secrets + KEYD_KEYS_MAX);
    }
    wr_bytes(&w, capsule_of(k));
    TRY(wr_end(&w));
    return k->cfg.store->save(k->cfg.store, buf_span(&content));
}

static enum err save_vault(struct vault_store *self, struct span capsule)
{
    struct keyd_vault_port *port = (struct keyd_vault_port *)(void *)self;
    struct keyd *k = port->keyd;
    port->saving = capsule;
    enum err e = keyd_save(k, guarded_read(&k->secrets));
    guarded_close(&k->secrets);
    port->saving = SPAN_EMPTY;
    return e;
}

static enum err init_vault(struct keyd *k, struct span capsule)
{
    k->vault_port = (struct keyd_vault_port){.store = {.save = save_vault}, .keyd = k};
    const struct vault_cfg cfg = {
        .budget = k->cfg.budget,
        .work = k->cfg.work,
        .rng = k->cfg.rng,
        .store = &k->vault_port.store,
        .idle_us = k->cfg.idle_us,
        .phrase_cost = k->cfg.phrase_cost,
    };
    return vault_init(&k->vault, &cfg, capsule);
}

enum err keyd_init(struct keyd *k, const struct keyd_cfg *cfg, struct span content)
{
    struct span capsule = SPAN_EMPTY;
    memset(k, 0, sizeof *k);
    k->cfg = *cfg;
    k->next_id = 1;
    TRY(guarded_init(&k->secrets, cfg->budget, KEYD_SECRETS_MAX * sizeof(struct secret32)));
    enum err e = content.n > 0 ? load(k, &capsule, guarded_write(&k->secrets), content) : OK;
    guarded_close(&k->secrets);
    e = e == OK ? init_vault(k, capsule) : e;
    if (e != OK) {
        keyd_done(k);
        return e;
    }
    if (k->secrets.locked) {
        k->cfg.protections |= KEYD_LOCKED_MEMORY;
    }
    return OK;
}

void keyd_done(struct keyd *k)
{
    guarded_done(&k->secrets);
    vault_done(&k->vault);
    x25519_key_wipe(&k->channel);
    k->keys_count = 0;
    k->cosigners_count = 0;
}

void keyd_tick(struct keyd *k, instant now)
{
    k->now = now;
    vault_tick(&k->vault, now);
}

void keyd_set_clock(struct keyd *k, walltime clock)
{
    k->clock = clock;
}

void keyd_slept(struct keyd *k)
{
    vault_lock(&k->vault);
}

instant keyd_deadline(const struct keyd *k)
{
    return vault_deadline(&k->vault);
}

static void put_key(struct wr *w, const struct keyd_key *key)
{
    wr_be32(w, key->id);
    wr_u8(w, (uint8_t)key->purpose);
    wr_u8(w, key->public_len);
    wr_bytes(w, span_of(key->public_bytes, key->public_len));
}

static enum err answer_status(struct keyd *k, struct wr *w, uint32_t capabilities)
{
    wr_be32(w, capabilities);
    wr_be32(w, k->cfg.protections);
    wr_u8(w, k->cfg.landlock_abi);
    wr_be16(w, (uint16_t)k->keys_count);
    wr_be64(w, k->signed_count);
    wr_be64(w, k->denied_count);
    return OK;
}

static enum err answer_list(struct keyd *k, struct wr *w)
{
    for (size_t i = 0; i < k->keys_count; i++) {
        put_key(w, &k->keys[i]);
    }
    return OK;
}

static enum err draw_key(struct keyd *k, struct keyd_key *key, struct secret32 *secret)
{
    for (int i = 0; i < DRAWS_MAX; i++) {
        rng_fill(k->cfg.rng, MSPAN_OF(secret->bytes));
        if (public_of(key, secret) == OK) {
            return OK;
        }
    }
    return ERR_INTERNAL;
}

/* With the guarded memory open. The key counts once it is on the disk. */
static enum err create_open(struct keyd *k, struct keyd_key *key, struct secret32 *secrets)
{
    TRY(draw_key(k, key, &secrets[k->keys_count]));
    key->id = k->next_id++;
    k->keys[k->keys_count++] = *key;
    enum err e = keyd_save(k, secrets);
    if (e != OK) {
        k->keys_count--;
        secret32_wipe(&secrets[k->keys_count]);
    }
    return e;
}

static enum err answer_create(struct keyd *k, struct wr *w, struct span body)
{
    struct rd r = rd_init(body);
    uint8_t purpose = rd_u8(&r);
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    if (purpose != KEYD_IDENTITY && purpose != KEYD_BUNDLER) {
        return ERR_UNSUPPORTED;
    }
    if (k->keys_count == KEYD_KEYS_MAX) {
        return ERR_LIMIT;
    }
    if (purpose == KEYD_IDENTITY && find_purpose(k, KEYD_IDENTITY)) {
        return ERR_STATE; /* a node has one identity */
    }
    struct keyd_key key = {.purpose = (enum keyd_purpose)purpose};
    enum err e = create_open(k, &key, guarded_write(&k->secrets));
    guarded_close(&k->secrets);
    TRY(e);
    put_key(w, &key);
    return OK;
}

static const struct secret32 *secret_open(const struct keyd *k, const struct keyd_key *key)
{
    const struct secret32 *secrets = guarded_read(&k->secrets);
    return &secrets[key - k->keys];
}

static enum err
check_as_identity(enum keyd_op op, struct span message, const struct ed25519_public *identity)
{
    if (op == KEYD_SIGN_NOISE_KEY) {
        return keyd_check_noise_key(message);
    }
    if (op == KEYD_SIGN_PUBSUB) {
        return keyd_check_pubsub(message, identity);
    }
    return op == KEYD_SIGN_TLS_KEY ? keyd_check_tls_key(message)
                                   : keyd_check_envelope(message, identity);
}

static enum err sign_as_identity(struct keyd *k, struct wr *w, enum keyd_op op, struct span message)
{
    const struct keyd_key *key = find_purpose(k, KEYD_IDENTITY);
    if (!key) {
        return ERR_NOT_FOUND;
    }
    struct ed25519_public identity;
    memcpy(identity.bytes, key->public_bytes, sizeof identity.bytes);
    TRY(check_as_identity(op, message, &identity));
    AUTO(ed25519_key_wipe) struct ed25519_key pair;
    struct ed25519_signature sig;
    ed25519_key_init(&pair, secret_open(k, key));
    guarded_close(&k->secrets);
    ed25519_sign(&sig, &pair, message);
    wr_bytes(w, SPAN_OF(sig.bytes));
    k->signed_count++;
    return OK;
}

typedef enum err (*check_transaction_fn)(struct span unsigned_tx, struct address bundler);

static enum err sign_as_bundler(struct keyd *k,
                                struct wr *w,
                                struct span body,
                                check_transaction_fn check_transaction)
{
    struct rd r = rd_init(body);
    uint32_t id = rd_be32(&r);
    struct span unsigned_tx = rd_rest(&r);
    const struct keyd_key *key = find_id(k, id, KEYD_BUNDLER);
    if (!rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    if (!key) {
        return ERR_NOT_FOUND;
    }
    TRY(check_transaction(unsigned_tx, address_of_public_key(key->public_bytes)));
    /* The check took it as the one canonical unsigned form, so its hash is what the chain verifies. */
    struct hash32 hash;
    struct secp256k1_signature sig;
    keccak256(&hash, unsigned_tx);
    enum err e = secp256k1_sign(&sig, secret_open(k, key), &hash);
    guarded_close(&k->secrets);
    TRY(e);
    wr_bytes(w, SPAN_OF(sig.rs));
    wr_u8(w, sig.recovery_id);
    k->signed_count++;
    return OK;
}

struct request {
    uint8_t version;
    uint8_t op;
    uint32_t id;
    struct span body;
};

static enum err check_capability(uint32_t capabilities, enum keyd_capability needed)
{
    return (capabilities & needed) != 0 ? OK : ERR_DENIED;
}

static enum err
answer_op(struct keyd *k, struct wr *w, uint32_t capabilities, const struct request *q)
{
    switch (q->op) {
    case KEYD_STATUS: return q->body.n == 0 ? answer_status(k, w, capabilities) : ERR_MALFORMED;
    case KEYD_LIST:   return q->body.n == 0 ? answer_list(k, w) : ERR_MALFORMED;
    case KEYD_CREATE:
        TRY(check_capability(capabilities, KEYD_MAY_MANAGE));
        return answer_create(k, w, q->body);
    case KEYD_SIGN_NOISE_KEY:
    case KEYD_SIGN_TLS_KEY:
    case KEYD_SIGN_PUBSUB:
    case KEYD_SIGN_ENVELOPE:
        TRY(check_capability(capabilities, KEYD_MAY_IDENTITY));
        return sign_as_identity(k, w, (enum keyd_op)q->op, q->body);
    case KEYD_SIGN_TRANSACTION:
        TRY(check_capability(capabilities, KEYD_MAY_BUNDLER));
        return sign_as_bundler(k, w, q->body, keyd_check_transaction);
    case KEYD_SIGN_WITHDRAWAL:
        TRY(check_capability(capabilities, KEYD_MAY_WITHDRAW));
        return sign_as_bundler(k, w, q->body, keyd_check_withdrawal);
    case KEYD_COSIGN_CREATE:
    case KEYD_COSIGN_SIGN:
    case KEYD_COSIGN_REMOVE:
        TRY(check_capability(capabilities, KEYD_MAY_COSIGN));
        return keyd_cosign_answer(k, w, (enum keyd_op)q->op, q->body);
    }
    if (keyd_vault_has(q->op)) {
        TRY(check_capability(capabilities, KEYD_MAY_VAULT));
        return keyd_vault_answer(k, w, q->op, q->body);
    }
    return ERR_UNSUPPORTED; /* of another version */
}

size_t keyd_answer(struct keyd *k, struct mspan out, uint32_t capabilities, struct span request)
{
    check(out.n >= KEYD_REPLY_MAX);
    struct rd r = rd_init(request);
    struct request q;
    q.version = rd_u8(&r);
    q.op = rd_u8(&r);
    q.id = rd_be32(&r);
    q.body = rd_rest(&r);
    struct wr w = wr_init(mspan_first(out, KEYD_REPLY_MAX));
    wr_u8(&w, KEYD_VERSION);
    wr_u8(&w, (uint8_t)(q.op | KEYD_REPLY_BIT));
    wr_be32(&w, q.id);
    size_t head_len = w.n;
    wr_u8(&w, OK);
    enum err e = ERR_MALFORMED;
    if (rd_ok(&r) && request.n <= KEYD_REQUEST_MAX) {
        e = q.version == KEYD_VERSION ? answer_op(k, &w, capabilities, &q) : ERR_UNSUPPORTED;
    }
    check(wr_ok(&w));
    if (e != OK) {
        k->denied_count += e == ERR_DENIED;
        w.n = head_len + 1; /* no half a body with an error */
        out.p[head_len] = (uint8_t)e;
    }
    return w.n;
}
