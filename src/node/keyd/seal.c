/* Which key keyd's store is under. */
#include "node/keyd/seal.h"

#include "base/check.h"
#include "crypto/hkdf.h"
#include "node/os/store_key.h"

#include <string.h>

static struct seal *seal_of(struct store_counter *c)
{
    return (struct seal *)(void *)c;
}

/* ---- keys ---- */

MUST_CHECK static enum err key_set(struct seal *s, const struct secret32 *key)
{
    guarded_done(&s->key);
    TRY(guarded_init(&s->key, s->budget, sizeof *key));
    memcpy(guarded_write(&s->key), key->bytes, sizeof key->bytes);
    guarded_close(&s->key);
    return OK;
}

/* Out of guarded memory, for the moment of a call. */
static void key_get(const struct seal *s, struct secret32 *ret)
{
    memcpy(ret->bytes, guarded_read(&s->key), sizeof ret->bytes);
    guarded_close(&s->key);
}

static void derive(struct secret32 *ret, const struct seal_recovery *r, struct span purpose)
{
    enum err e = hkdf(MSPAN_OF(ret->bytes), SPAN_EMPTY, SPAN_OF(r->entropy.bytes), purpose);
    check(e == OK);
}

/* The key that approves states. A draw that is no number of the curve has no odds worth a loop. */
MUST_CHECK static enum err
authority_of(struct p256_public *ret, struct secret32 *ret_secret, const struct seal_recovery *r)
{
    derive(ret_secret, r, SPAN_LIT("passmesh seal 1 authority"));
    return p256_public_of(ret, ret_secret);
}

static void recovery_key(struct secret32 *ret, const struct seal_recovery *r)
{
    derive(ret, r, SPAN_LIT("passmesh seal 1 recovery"));
}

/* ---- the counter, as the store sees it ---- */

MUST_CHECK static enum err count(struct seal *s, uint64_t *ret, enum sealer_counter what)
{
    AUTO(secret32_wipe) struct secret32 key;
    if (!s->sealer) {
        return ERR_IO;
    }
    key_get(s, &key);
    return s->sealer->counter(s->sealer, ret, what, &s->file.blob, &key);
}

static enum err counter_read(struct store_counter *self, uint64_t *ret)
{
    return count(seal_of(self), ret, SEALER_COUNTER_READ);
}

static enum err counter_add(struct store_counter *self, uint64_t *ret)
{
    return count(seal_of(self), ret, SEALER_COUNTER_ADD);
}

/* ---- the file ---- */

void seal_init(struct seal *s, const struct seal *cfg)
{
    *s = (struct seal){
        .counter = {.read = counter_read, .add = counter_add},
        .fs = cfg->fs,
        .rng = cfg->rng,
        .budget = cfg->budget,
        .sealer = cfg->sealer,
        .names = cfg->names,
        .store = cfg->store,
    };
    s->store->key = &s->key;
    s->store->counter = NULL;
}

void seal_done(struct seal *s)
{
    guarded_done(&s->key);
}

enum err seal_read(struct seal *s)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, s->budget, SEAL_FILE_LEN_MAX + 1024);
    enum err e = s->fs->read(s->fs, &text, s->names->seal);
    s->has_file = false;
    if (e == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(e);
    TRY(seal_file_read(&s->file, buf_span(&text)));
    s->has_file = true;
    s->store->counter = &s->counter;
    return OK;
}

MUST_CHECK static enum err write_file(struct seal *s)
{
    uint8_t room[SEAL_FILE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    seal_file_write(&w, &s->file);
    TRY(wr_end(&w));
    return store_replace(s->fs, s->names->seal, s->names->seal_aside, span_of(room, w.n));
}

enum err seal_open(struct seal *s, const char *store_name)
{
    const struct store_key_files files = {
        .key = s->names->key, .key_aside = s->names->key_aside, .store = store_name};
    AUTO(secret32_wipe) struct secret32 key;
    if (!s->has_file) {
        return store_key_file(&s->key, s->budget, s->fs, s->rng, &files);
    }
    if (!s->sealer) {
        return ERR_IO;
    }
    TRY(s->sealer->unseal(s->sealer, &key, &s->file.blob, &s->file.authority, &s->file.approvals));
    return key_set(s, &key);
}

/* ---- a seal that takes another's place ---- */

/* The key that the store had before; the present one is what previous stands under. */
MUST_CHECK static enum err previous_key(const struct seal *s, struct secret32 *ret)
{
    AUTO(secret32_wipe) struct secret32 present;
    key_get(s, &present);
    return seal_file_unwrap(&s->file, SEAL_PREVIOUS, ret, &present);
}

/* The store under that key, which is taken for the time of it. */
MUST_CHECK static enum err load_previous(struct seal *s, struct buf *content)
{
    AUTO(secret32_wipe) struct secret32 present;
    AUTO(secret32_wipe) struct secret32 previous;
    struct store_file before = *s->store;
    TRY(previous_key(s, &previous));
    key_get(s, &present);
    TRY(key_set(s, &previous));
    before.counter = NULL;
    enum err e = store_file_load(&before, content);
    TRY(key_set(s, &present));
    if (e == ERR_NOT_FOUND) { /* sealed before its first save */
        buf_clear(content);
        return OK;
    }
    return e;
}

/* The store is under the new key: what names the old one goes. */
MUST_CHECK static enum err forget_previous(struct seal *s)
{
    s->file.is_pending = false;
    wipe(MSPAN_OF(s->file.previous));
    TRY(write_file(s));
    TRY(s->fs->remove(s->fs, s->names->key));
    return s->fs->sync_dir(s->fs);
}

MUST_CHECK static enum err finish(struct seal *s, struct span content)
{
    TRY(store_file_save(s->store, content));
    return forget_previous(s);
}

enum err seal_load(struct seal *s, struct buf *content)
{
    uint64_t now = 0;
    enum err e = store_file_load(s->store, content);
    if (!s->has_file) {
        return e;
    }
    if (!s->file.is_pending) {
        TRY(e == ERR_NOT_FOUND ? ERR_STATE : e);
        return s->fs->remove(s->fs, s->names->key); /* the power may have gone just before */
    }
    if (e == OK) {
        return forget_previous(s);
    }
    if (e != ERR_AUTH && e != ERR_MALFORMED && e != ERR_NOT_FOUND) {
        return e;
    }
    /* Nothing was saved since: else somebody has put file and store back together. */
    TRY(count(s, &now, SEALER_COUNTER_READ));
    if (now != s->file.epoch) {
        return ERR_STATE;
    }
    TRY(load_previous(s, content));
    return finish(s, buf_span(content));
}

/* An approval of the state that the machine is in, or will be in. */
MUST_CHECK static enum err add_approval(struct seal *s,
                                        const struct secret32 *authority,
                                        uint32_t registers,
                                        struct span values)
{
    struct sealer_approvals *all = &s->file.approvals;
    struct sealer_approval a = {.registers = registers};
    TRY(s->sealer->state(s->sealer, &a.state, registers, values));
    TRY(sealer_approve(&a, authority));
    if (all->count == SEALER_APPROVALS_MAX) {
        memmove(&all->list[0], &all->list[1], (SEALER_APPROVALS_MAX - 1) * sizeof a);
        all->count--;
    }
    all->list[all->count++] = a;
    return OK;
}

/* A fresh key, sealed; the key of before stands in the file until the store is under the fresh one. */
MUST_CHECK static enum err
replace_key(struct seal *s, const struct seal_recovery *recovery, uint32_t registers)
{
    AUTO(secret32_wipe) struct secret32 previous;
    AUTO(secret32_wipe) struct secret32 fresh;
    AUTO(secret32_wipe) struct secret32 authority;
    AUTO(secret32_wipe) struct secret32 under;
    struct seal_file *f = &s->file;
    if (!s->sealer) {
        return ERR_IO;
    }
    key_get(s, &previous);
    rng_fill(s->rng, MSPAN_OF(fresh.bytes));
    *f = (struct seal_file){.provider = SEAL_PROVIDER_TPM2, .is_pending = true};
    TRY(authority_of(&f->authority, &authority, recovery));
    TRY(s->sealer->seal(s->sealer, &f->blob, &fresh, &f->authority));
    TRY(add_approval(s, &authority, registers, SPAN_EMPTY));
    TRY(s->sealer->counter(s->sealer, &f->epoch, SEALER_COUNTER_READ, &f->blob, &fresh));
    recovery_key(&under, recovery);
    TRY(seal_file_wrap(f, SEAL_RECOVERY, s->rng, &under, &fresh));
    TRY(seal_file_wrap(f, SEAL_PREVIOUS, s->rng, &fresh, &previous));
    /* Whether the chip gives it back is asked before anything depends on it. */
    AUTO(secret32_wipe) struct secret32 again;
    TRY(s->sealer->unseal(s->sealer, &again, &f->blob, &f->authority, &f->approvals));
    if (!ct_equal(SPAN_OF(again.bytes), SPAN_OF(fresh.bytes))) {
        return ERR_INTERNAL;
    }
    TRY(write_file(s));
    s->has_file = true;
    s->store->counter = &s->counter;
    return key_set(s, &fresh);
}

enum err seal_enrol(struct seal *s,
                    const struct seal_recovery *recovery,
                    uint32_t registers,
                    struct span content)
{
    if (s->has_file) {
        return ERR_STATE;
    }
    TRY(replace_key(s, recovery, registers));
    return finish(s, content);
}

/* ---- recovery ---- */

MUST_CHECK static enum err
check_phrase(const struct seal *s, struct secret32 *ret_authority, const struct seal_recovery *r)
{
    struct p256_public authority;
    if (!s->has_file) {
        return ERR_STATE;
    }
    TRY(authority_of(&authority, ret_authority, r));
    return span_equal(SPAN_OF(authority.xy), SPAN_OF(s->file.authority.xy)) ? OK : ERR_AUTH;
}

enum err seal_recover(struct seal *s, const struct seal_recovery *recovery, struct buf *content)
{
    AUTO(secret32_wipe) struct secret32 authority;
    AUTO(secret32_wipe) struct secret32 under;
    AUTO(secret32_wipe) struct secret32 key;
    TRY(check_phrase(s, &authority, recovery));
    recovery_key(&under, recovery);
    TRY(seal_file_unwrap(&s->file, SEAL_RECOVERY, &key, &under));
    TRY(key_set(s, &key));
    s->store->counter = NULL;
    enum err e = store_file_load(s->store, content);
    if (e != OK && s->file.is_pending) {
        TRY(load_previous(s, content));
        TRY(previous_key(s, &key));
        return key_set(s, &key); /* what the store is under */
    }
    return e;
}

enum err seal_enrol_again(struct seal *s,
                          const struct seal_recovery *recovery,
                          uint32_t registers,
                          struct span content)
{
    struct sealer_blob old = s->file.blob;
    AUTO(secret32_wipe) struct secret32 old_key;
    uint64_t gone = 0;
    key_get(s, &old_key);
    TRY(replace_key(s, recovery, registers));
    TRY(finish(s, content));
    /* The old counter's place in the chip, if it is this chip's. */
    enum err e = s->sealer->counter(s->sealer, &gone, SEALER_COUNTER_REMOVE, &old, &old_key);
    (void)e;
    return OK;
}

enum err seal_end(struct seal *s)
{
    AUTO(secret32_wipe) struct secret32 key;
    uint64_t gone = 0;
    if (!s->has_file) {
        return ERR_STATE;
    }
    key_get(s, &key);
    TRY(store_replace(s->fs, s->names->key, s->names->key_aside, SPAN_OF(key.bytes)));
    TRY(s->fs->remove(s->fs, s->names->seal));
    TRY(s->fs->sync_dir(s->fs));
    s->has_file = false;
    s->store->counter = NULL;
    if (s->sealer) {
        enum err e =
            s->sealer->counter(s->sealer, &gone, SEALER_COUNTER_REMOVE, &s->file.blob, &key);
        (void)e; /* a chip that was cleared has none */
    }
    return OK;
}

enum err seal_approve(struct seal *s,
                      const struct seal_recovery *recovery,
                      uint32_t registers,
                      struct span values)
{
    AUTO(secret32_wipe) struct secret32 authority;
    TRY(check_phrase(s, &authority, recovery));
    if (!s->sealer) {
        return ERR_IO;
    }
    TRY(add_approval(s, &authority, registers, values));
    return write_file(s);
}

uint32_t seal_registers(const struct seal *s)
{
    return s->has_file && s->file.approvals.count > 0
               ? s->file.approvals.list[s->file.approvals.count - 1].registers
               : 0;
}
