/* The vault: locking, unlocking, changes, entries. Enrolment and signing have files of their own. */
#include "wallet/vault.h"

#include "base/check.h"
#include "evm/bip39.h"
#include "wallet/backup.h"
#include "wallet/vault_inside.h"

#include <string.h>

enum { RECOVERY_ENTROPY_LEN = 16 };

const char *vault_refusal_name(enum vault_refusal r)
{
    static const char *const names[VAULT_REFUSAL_COUNT] = {
        [VAULT_ACCEPTED] = "accepted",
        [VAULT_NO_USER_VERIFICATION] = "no_user_verification",
        [VAULT_CREATE_VALUE] = "create_value",
        [VAULT_PRF_CHANGED] = "prf_changed",
        [VAULT_PRF_MISSING] = "prf_missing",
        [VAULT_ASSERTION_REFUSED] = "assertion_refused",
        [VAULT_KNOWN_CREDENTIAL] = "known_credential",
        [VAULT_FULL] = "full",
        [VAULT_SEAL_FAILED] = "seal_failed",
    };
    check(r < VAULT_REFUSAL_COUNT);
    return names[r];
}

enum err vault_init(struct vault *v, const struct vault_cfg *cfg, struct span capsule)
{
    memset(v, 0, sizeof *v);
    v->cfg = *cfg;
    v->idle_until = INSTANT_NEVER;
    if (capsule.n > 0) {
        TRY(capsule_decode(&v->head, capsule));
        (void)span_copy(MSPAN_OF(v->capsule), capsule);
        v->state = VAULT_LOCKED;
    }
    TRY(guarded_init(&v->content, cfg->budget, sizeof(struct vault_room)));
    guarded_close(&v->content);
    return OK;
}

enum err vault_restore(struct vault *v, struct span capsule)
{
    if (v->state != VAULT_NONE) {
        return ERR_STATE;
    }
    enum err e = capsule_decode(&v->head_next, capsule);
    e = e == OK ? v->cfg.store->save(v->cfg.store, capsule) : e;
    TRY(e);
    memcpy(&v->head, &v->head_next, sizeof v->head);
    (void)span_copy(MSPAN_OF(v->capsule), capsule);
    vault_enrolment_end(v);
    v->state = VAULT_LOCKED;
    return OK;
}

void vault_enrolment_end(struct vault *v)
{
    wipe(mspan_of(&v->enrolment, sizeof v->enrolment));
}

void vault_lock(struct vault *v)
{
    if (v->state == VAULT_OPEN) {
        struct vault_room *room = guarded_write(&v->content);
        wipe(mspan_of(room, sizeof *room));
        guarded_close(&v->content);
        v->state = VAULT_LOCKED;
    }
    v->idle_until = INSTANT_NEVER;
    v->signing = (struct vault_signing){.is_waiting = false};
    v->approval = (struct vault_approval){.is_given = false};
    vault_enrolment_end(v);
}

void vault_done(struct vault *v)
{
    guarded_done(&v->content);
    wipe(mspan_of(v, sizeof *v));
}

instant vault_deadline(const struct vault *v)
{
    return v->idle_until;
}

void vault_tick(struct vault *v, instant now)
{
    if (instant_reached(v->idle_until, now)) {
        vault_lock(v);
    }
}

enum err vault_touch(struct vault *v, instant now)
{
    vault_tick(v, now);
    if (v->state != VAULT_OPEN) {
        return ERR_STATE;
    }
    v->idle_until = v->cfg.idle_us > 0 ? instant_add(now, v->cfg.idle_us) : INSTANT_NEVER;
    return OK;
}

void vault_opened(struct vault *v, instant now)
{
    v->state = VAULT_OPEN;
    v->wrong_tries = 0;
    v->idle_until = v->cfg.idle_us > 0 ? instant_add(now, v->cfg.idle_us) : INSTANT_NEVER;
}

struct vault_room *vault_change_begin(struct vault *v)
{
    struct vault_room *room = guarded_write(&v->content);
    memcpy(&room->next, &room->content, sizeof room->next);
    memcpy(&v->head_next, &v->head, sizeof v->head_next);
    v->head_next.generation++;
    return room;
}

enum err vault_change_seal(struct vault *v, struct vault_room *room)
{
    AUTO(ed25519_key_wipe) struct ed25519_key key;
    struct capsule_sealing sealing = {.data_key = &room->next.data_key, .key = &key};
    size_t n = capsule_room(&v->head_next);
    ed25519_key_init(&key, &room->next.seed);
    ed25519_key_public(&v->head_next.key, &key);
    rng_fill(v->cfg.rng, MSPAN_OF(sealing.nonce));
    TRY(vault_content_encode(mspan_of(room->plain, n), &room->next));
    sealing.content = span_of(room->plain, n);
    return capsule_encode(MSPAN_OF(v->capsule_aside), &v->head_next, &sealing);
}

enum err vault_change_store(struct vault *v, struct vault_room *room)
{
    TRY(v->cfg.store->save(v->cfg.store, SPAN_OF(v->capsule_aside)));
    memcpy(v->capsule, v->capsule_aside, sizeof v->capsule);
    memcpy(&v->head, &v->head_next, sizeof v->head);
    memcpy(&room->content, &room->next, sizeof room->content);
    return OK;
}

enum err vault_change_commit(struct vault *v, struct vault_room *room)
{
    TRY(vault_change_seal(v, room));
    return vault_change_store(v, room);
}

void vault_change_end(struct vault *v, struct vault_room *room)
{
    vault_content_wipe(&room->next);
    wipe(MSPAN_OF(room->plain));
    guarded_close(&v->content);
}

static const struct capsule_recipient *find_phrase(const struct capsule_head *head)
{
    for (size_t i = 0; i < head->recipients_count; i++) {
        if (head->recipients[i].kind == CAPSULE_PHRASE) {
            return &head->recipients[i];
        }
    }
    return NULL;
}

enum err vault_open_with(struct vault *v,
                         struct vault_room *room,
                         const struct capsule_recipient *recipient,
                         const struct capsule_keys *keys)
{
    size_t n = capsule_room(&v->head);
    struct vault_content *c = &room->next; /* what is open already stays so if this fails */
    TRY(capsule_unwrap(&c->data_key, &v->head, recipient, keys));
    enum err e =
        capsule_open(mspan_of(room->plain, n), &v->head, &c->data_key, SPAN_OF(v->capsule));
    e = e == OK ? vault_content_decode(c, span_of(room->plain, n)) : e;
    wipe(MSPAN_OF(room->plain));
    if (e == OK) {
        memcpy(&room->content, c, sizeof room->content);
    }
    vault_content_wipe(c);
    return e;
}

/* With the keys of a recipient: opens, or counts a wrong try. */
static enum err unlock_with(struct vault *v,
                            instant now,
                            const struct capsule_recipient *recipient,
                            const struct capsule_keys *keys)
{
    enum err e = vault_open_with(v, guarded_write(&v->content), recipient, keys);
    guarded_close(&v->content);
    if (e == OK) {
        vault_opened(v, now);
        return OK;
    }
    v->wrong_tries++;
    if (v->wrong_tries >= VAULT_FREE_TRIES) {
        unsigned doublings = v->wrong_tries - VAULT_FREE_TRIES;
        uint64_t wait = doublings < 12 ? (uint64_t)1000000 << doublings : VAULT_WAIT_US_MAX;
        v->try_at = instant_add(now, wait < VAULT_WAIT_US_MAX ? wait : VAULT_WAIT_US_MAX);
    }
    return ERR_AUTH;
}

static enum err may_try(struct vault *v, instant now)
{
    if (v->state == VAULT_NONE) {
        return ERR_STATE;
    }
    return instant_before(now, v->try_at) ? ERR_TIMEOUT : OK;
}

enum err vault_unlock(struct vault *v, instant now, struct span credential_id, struct span prf)
{
    AUTO(capsule_keys_wipe) struct capsule_keys keys;
    AUTO(secret32_wipe) struct secret32 output;
    TRY(may_try(v, now));
    const struct capsule_recipient *recipient = capsule_find_passkey(&v->head, credential_id);
    if (!recipient) {
        return ERR_NOT_FOUND;
    }
    if (prf.n != sizeof output.bytes) {
        return ERR_MALFORMED;
    }
    memcpy(output.bytes, prf.p, sizeof output.bytes);
    TRY(capsule_keys_of_prf(&keys, recipient, &output));
    return unlock_with(v, now, recipient, &keys);
}

enum err vault_unlock_phrase(struct vault *v, instant now, struct span text)
{
    AUTO(capsule_keys_wipe) struct capsule_keys keys;
    AUTO(bip39_entropy_wipe) struct bip39_entropy entropy;
    TRY(may_try(v, now));
    const struct capsule_recipient *recipient = find_phrase(&v->head);
    if (!recipient) {
        return ERR_NOT_FOUND;
    }
    TRY(bip39_parse(&entropy, v->cfg.work, text, NULL));
    TRY(capsule_keys_of_phrase(&keys, v->cfg.work, recipient, span_of(entropy.bytes, entropy.n)));
    return unlock_with(v, now, recipient, &keys);
}

static enum err
add_recovery(struct vault *v, struct vault_room *room, const struct bip39_entropy *entropy)
{
    AUTO(capsule_keys_wipe) struct capsule_keys keys;
    AUTO(secret32_wipe) struct secret32 ephemeral;
    struct capsule_head *head = &v->head_next;
    if (head->recipients_count == CAPSULE_RECIPIENTS_MAX) {
        return ERR_LIMIT;
    }
    struct capsule_recipient *r = &head->recipients[head->recipients_count++];
    *r = (struct capsule_recipient){.kind = CAPSULE_PHRASE, .cost = v->cfg.phrase_cost};
    rng_fill(v->cfg.rng, MSPAN_OF(r->salt));
    rng_fill(v->cfg.rng, MSPAN_OF(ephemeral.bytes));
    TRY(capsule_keys_of_phrase(&keys, v->cfg.work, r, span_of(entropy->bytes, entropy->n)));
    capsule_bind(r, head, &keys);
    TRY(capsule_wrap(r, head, &room->next.data_key, &ephemeral));
    return vault_change_commit(v, room);
}

enum err vault_add_recovery(struct vault *v, instant now, struct buf *ret_text)
{
    AUTO(bip39_entropy_wipe) struct bip39_entropy entropy = {.n = RECOVERY_ENTROPY_LEN};
    TRY(vault_touch(v, now));
    if (find_phrase(&v->head)) {
        return ERR_STATE;
    }
    size_t start = ret_text->n;
    rng_fill(v->cfg.rng, mspan_of(entropy.bytes, entropy.n));
    TRY(bip39_print(ret_text, &entropy)); /* first: a phrase that cannot be shown is not set */
    struct vault_room *room = vault_change_begin(v);
    enum err e = add_recovery(v, room, &entropy);
    vault_change_end(v, room);
    if (e != OK) {
        buf_shrink(ret_text, start);
    }
    return e;
}

static size_t count_passkeys(const struct capsule_head *head)
{
    size_t n = 0;
    for (size_t i = 0; i < head->recipients_count; i++) {
        n += head->recipients[i].kind == CAPSULE_PASSKEY;
    }
    return n;
}

static void remove_passkey(struct vault_content *c, struct span credential_id)
{
    for (size_t i = 0; i < c->passkeys_count; i++) {
        if (span_equal(span_of(c->passkeys[i].credential_id, c->passkeys[i].credential_id_len),
                       credential_id)) {
            c->passkeys_count--;
            memmove(&c->passkeys[i], &c->passkeys[i + 1],
                    (c->passkeys_count - i) * sizeof c->passkeys[0]);
            return;
        }
    }
}

enum err vault_remove(struct vault *v, instant now, struct span credential_id)
{
    TRY(vault_touch(v, now));
    const struct capsule_recipient *recipient = capsule_find_passkey(&v->head, credential_id);
    if (!recipient) {
        return ERR_NOT_FOUND;
    }
    if (count_passkeys(&v->head) == 1) {
        return ERR_DENIED;
    }
    size_t i = (size_t)(recipient - v->head.recipients);
    struct vault_room *room = vault_change_begin(v);
    struct capsule_head *head = &v->head_next;
    head->recipients_count--;
    memmove(&head->recipients[i], &head->recipients[i + 1],
            (head->recipients_count - i) * sizeof head->recipients[0]);
    remove_passkey(&room->next, credential_id);
    enum err e = vault_change_commit(v, room);
    vault_change_end(v, room);
    return e;
}

static bool is_same(const struct vault_entry *a, const struct vault_entry *b)
{
    /* Both are zero where their kind has nothing. */
    return a->kind == b->kind && a->passphrase_len == b->passphrase_len &&
           a->entropy.n == b->entropy.n && a->entropy.language == b->entropy.language &&
           ct_equal(SPAN_OF(a->entropy.bytes), SPAN_OF(b->entropy.bytes)) &&
           ct_equal(SPAN_OF(a->passphrase), SPAN_OF(b->passphrase)) &&
           ct_equal(SPAN_OF(a->key.bytes), SPAN_OF(b->key.bytes));
}

/* The same secret again is the entry that it has already. */
static bool find_same(uint32_t *ret_number, struct vault *v, const struct vault_entry *entry)
{
    bool is_found = false;
    const struct vault_room *room = guarded_read(&v->content);
    for (size_t i = 0; i < room->content.entries_count; i++) {
        if (is_same(&room->content.entries[i], entry)) {
            *ret_number = room->content.entries[i].number;
            is_found = true;
        }
    }
    guarded_close(&v->content);
    return is_found;
}

static enum err add_entry(struct vault *v, uint32_t *ret_number, const struct vault_entry *entry)
{
    if (find_same(ret_number, v, entry)) {
        return OK;
    }
    struct vault_room *room = vault_change_begin(v);
    struct vault_content *c = &room->next;
    enum err e = ERR_LIMIT;
    uint32_t number = c->next_number;
    if (c->entries_count < VAULT_ENTRIES_MAX && number < UINT32_MAX) {
        struct vault_entry *added = &c->entries[c->entries_count++];
        memcpy(added, entry, sizeof *added);
        added->number = c->next_number++;
        e = vault_change_commit(v, room);
    }
    vault_change_end(v, room);
    if (e == OK) {
        *ret_number = number;
    }
    return e;
}

static void entry_wipe(struct vault_entry *e)
{
    wipe(mspan_of(e, sizeof *e));
}

enum err vault_add_phrase(struct vault *v,
                          instant now,
                          uint32_t *ret_number,
                          const struct bip39_entropy *entropy,
                          struct span passphrase)
{
    AUTO(entry_wipe) struct vault_entry entry = {.kind = VAULT_PHRASE};
    TRY(vault_touch(v, now));
    if (passphrase.n > VAULT_PASSPHRASE_MAX) {
        return ERR_LIMIT;
    }
    /* What stands behind a short phrase's bytes is nobody's, and must not tell two entries of one phrase apart. */
    entry.entropy.n = entropy->n;
    entry.entropy.language = entropy->language;
    memcpy(entry.entropy.bytes, entropy->bytes, entropy->n);
    entry.passphrase_len = (uint8_t)span_copy(MSPAN_OF(entry.passphrase), passphrase);
    return add_entry(v, ret_number, &entry);
}

enum err vault_draw_phrase(struct vault *v, instant now, uint32_t *ret_number, unsigned words)
{
    AUTO(bip39_entropy_wipe) struct bip39_entropy entropy = {.n = words / 3 * 4};
    if (words != 12 && words != 24) {
        return ERR_MALFORMED;
    }
    rng_fill(v->cfg.rng, mspan_of(entropy.bytes, entropy.n));
    return vault_add_phrase(v, now, ret_number, &entropy, SPAN_EMPTY);
}

enum err
vault_add_key(struct vault *v, instant now, uint32_t *ret_number, const struct secret32 *key)
{
    AUTO(entry_wipe) struct vault_entry entry = {.kind = VAULT_KEY};
    struct secp256k1_public in_range;
    TRY(vault_touch(v, now));
    TRY(secp256k1_public_init(&in_range, key));
    memcpy(entry.key.bytes, key->bytes, sizeof entry.key.bytes);
    return add_entry(v, ret_number, &entry);
}

const struct vault_entry *vault_find_entry(const struct vault_content *c, uint32_t number)
{
    for (size_t i = 0; i < c->entries_count; i++) {
        if (c->entries[i].number == number) {
            return &c->entries[i];
        }
    }
    return NULL;
}

static enum err key_of_phrase(struct secret32 *ret,
                              struct budget *budget,
                              const struct vault_entry *entry,
                              const struct bip32_path *path)
{
    AUTO(buf_done) struct buf phrase;
    AUTO(secret64_wipe) struct secret64 seed;
    AUTO(bip32_key_wipe) struct bip32_key key;
    buf_init_secret(&phrase, budget, BIP39_PHRASE_MAX);
    TRY(bip39_print(&phrase, &entry->entropy));
    TRY(bip39_seed(&seed, budget, buf_span(&phrase),
                   span_of(entry->passphrase, entry->passphrase_len)));
    TRY(bip32_derive_path(&key, SPAN_OF(seed.bytes), path));
    memcpy(ret->bytes, key.secret.bytes, sizeof ret->bytes);
    return OK;
}

enum err vault_key_of(struct secret32 *ret,
                      struct budget *budget,
                      const struct vault_entry *entry,
                      const struct bip32_path *path)
{
    if (entry->kind == VAULT_PHRASE) {
        return key_of_phrase(ret, budget, entry, path);
    }
    if (path->count != 0) {
        return ERR_MALFORMED;
    }
    memcpy(ret->bytes, entry->key.bytes, sizeof ret->bytes);
    return OK;
}

enum err vault_address(struct vault *v,
                       instant now,
                       struct address *ret,
                       uint32_t number,
                       const struct bip32_path *path)
{
    AUTO(secret32_wipe) struct secret32 key;
    struct secp256k1_public public_key;
    TRY(vault_touch(v, now));
    const struct vault_room *room = guarded_read(&v->content);
    const struct vault_entry *entry = vault_find_entry(&room->content, number);
    enum err e = entry ? vault_key_of(&key, v->cfg.work, entry, path) : ERR_NOT_FOUND;
    guarded_close(&v->content);
    TRY(e);
    TRY(secp256k1_public_init(&public_key, &key));
    *ret = address_of_public_key(public_key.xy);
    return OK;
}

enum err vault_backup_key(struct vault *v, instant now, struct secret32 *ret, struct span salt)
{
    TRY(vault_touch(v, now));
    const struct vault_room *room = guarded_read(&v->content);
    enum err e = backup_key(ret, &room->content.data_key, salt);
    guarded_close(&v->content);
    return e;
}
