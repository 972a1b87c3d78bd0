/* Which key a store is under, with the power going at each operation of each change. Directory and chip are models: the real chip is in
 * tpm_seal_test.c, the whole of it in seal_process_test.c. */
#include "node/keyd/seal.h"

#include "base/check.h"
#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

enum { FILES_MAX = 8, FILE_MAX = 4096, NEVER = 1000000, REGISTERS = 1 << 7 };

struct file {
    const char *name;
    bool exists;
    size_t n;
    uint8_t bytes[FILE_MAX];
};

/* A directory whose operations are whole or not at all; store_file_test.c has the disk that tears. */
struct model {
    struct store_fs fs; /* first */
    struct file files[FILES_MAX];
    int power;
};

static struct model *model_of(struct store_fs *fs)
{
    return (struct model *)(void *)fs;
}

static struct file *file_find(struct model *m, const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct file *f = &m->files[i];
        if (!f->name || strcmp(f->name, name) == 0) {
            f->name = name;
            return f;
        }
    }
    check(false);
    return NULL;
}

static bool has_power(struct model *m)
{
    return m->power-- > 0;
}

static enum err model_read(struct store_fs *fs, struct buf *ret, const char *name)
{
    const struct file *f = file_find(model_of(fs), name);
    return f->exists ? buf_append(ret, span_of(f->bytes, f->n)) : ERR_NOT_FOUND;
}

static enum err model_create(struct store_fs *fs, int *ret_handle, const char *name)
{
    struct file *f = file_find(model_of(fs), name);
    if (!has_power(model_of(fs))) {
        return ERR_IO;
    }
    f->exists = true;
    f->n = 0;
    *ret_handle = (int)(f - model_of(fs)->files);
    return OK;
}

static enum err model_write(struct store_fs *fs, int handle, struct span part)
{
    struct file *f = &model_of(fs)->files[handle];
    if (!has_power(model_of(fs))) {
        return ERR_IO;
    }
    f->n = span_copy(MSPAN_OF(f->bytes), part);
    return f->n == part.n ? OK : ERR_IO;
}

static enum err model_handle(struct store_fs *fs, int handle)
{
    (void)handle;
    return model_of(fs)->power > 0 ? OK : ERR_IO;
}

static enum err model_sync_dir(struct store_fs *fs)
{
    return model_of(fs)->power > 0 ? OK : ERR_IO;
}

static enum err model_rename(struct store_fs *fs, const char *from, const char *to)
{
    struct file *source = file_find(model_of(fs), from);
    struct file *target = file_find(model_of(fs), to);
    if (!has_power(model_of(fs)) || !source->exists) {
        return ERR_IO;
    }
    target->exists = true;
    target->n = source->n;
    memcpy(target->bytes, source->bytes, source->n);
    source->exists = false;
    return OK;
}

static enum err model_remove(struct store_fs *fs, const char *name)
{
    struct file *f = file_find(model_of(fs), name);
    if (f->exists && !has_power(model_of(fs))) {
        return ERR_IO;
    }
    f->exists = false;
    return OK;
}

/* A chip in a few lines: it seals under its own number, in its own state. */
enum { CHIP_SLOTS = 8 };
struct model_chip {
    struct sealer sealer; /* first */
    struct model *power;
    uint8_t id;
    uint8_t state;
    uint64_t highest;
    struct {
        bool is_used;
        struct secret32 key;
        uint64_t count;
    } slots[CHIP_SLOTS];
};

static struct model_chip *chip_of(struct sealer *s)
{
    return (struct model_chip *)(void *)s;
}

static enum err chip_seal(struct sealer *self,
                          struct sealer_blob *ret,
                          const struct secret32 *key,
                          const struct p256_public *authority)
{
    struct model_chip *c = chip_of(self);
    (void)authority;
    for (uint8_t i = 0; i < CHIP_SLOTS; i++) {
        if (!c->slots[i].is_used) {
            if (!has_power(c->power)) {
                return ERR_IO;
            }
            c->slots[i].is_used = true;
            c->slots[i].key = *key;
            c->slots[i].count = ++c->highest;
            ret->bytes[0] = c->id;
            ret->bytes[1] = i;
            ret->n = 2;
            return OK;
        }
    }
    return ERR_LIMIT;
}

static enum err
chip_state(struct sealer *self, struct hash32 *ret, uint32_t registers, struct span values)
{
    memset(ret->bytes, (int)(registers >> 7), sizeof ret->bytes);
    ret->bytes[0] = values.n > 0 ? values.p[0] : chip_of(self)->state;
    return OK;
}

static enum err chip_unseal(struct sealer *self,
                            struct secret32 *ret,
                            const struct sealer_blob *blob,
                            const struct p256_public *authority,
                            const struct sealer_approvals *approvals)
{
    struct model_chip *c = chip_of(self);
    if (blob->n != 2 || blob->bytes[0] != c->id) {
        return ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < approvals->count; i++) {
        if (approvals->list[i].state.bytes[0] == c->state) {
            *ret = c->slots[blob->bytes[1]].key;
            return sealer_is_approved(&approvals->list[i], authority) ? OK : ERR_AUTH;
        }
    }
    return ERR_STATE;
}

static enum err chip_counter(struct sealer *self,
                             uint64_t *ret,
                             enum sealer_counter what,
                             const struct sealer_blob *blob,
                             const struct secret32 *key)
{
    struct model_chip *c = chip_of(self);
    if (blob->bytes[0] != c->id || !c->slots[blob->bytes[1]].is_used) {
        return ERR_NOT_FOUND;
    }
    if (!ct_equal(SPAN_OF(key->bytes), SPAN_OF(c->slots[blob->bytes[1]].key.bytes))) {
        return ERR_AUTH;
    }
    if (what != SEALER_COUNTER_READ && !has_power(c->power)) {
        return ERR_IO;
    }
    if (what == SEALER_COUNTER_ADD) {
        c->slots[blob->bytes[1]].count++;
        c->highest++;
    }
    c->slots[blob->bytes[1]].is_used = what != SEALER_COUNTER_REMOVE;
    *ret = c->slots[blob->bytes[1]].count;
    return OK;
}

static const struct seal_names names = {
    .seal = "store.seal",
    .seal_aside = "store.seal.new",
    .key = "store.key",
    .key_aside = "store.key.new",
};

static struct model disk;
static struct model_chip chip;
static struct rng_seeded rng;
static struct store_file store;
static struct seal seal;
static struct seal_recovery phrase;

static void model_init(struct model *m)
{
    *m = (struct model){
        .fs = {.read = model_read,
               .create = model_create,
               .write = model_write,
               .sync = model_handle,
               .close = model_handle,
               .rename = model_rename,
               .sync_dir = model_sync_dir,
               .remove = model_remove},
        .power = NEVER
    };
}

static void chip_init(uint8_t id)
{
    chip = (struct model_chip){
        .sealer = {.name = "model",
                   .seal = chip_seal,
                   .unseal = chip_unseal,
                   .state = chip_state,
                   .counter = chip_counter},
        .power = &disk,
        .id = id,
        .state = 1,
    };
}

/* A process that starts: the power is there again. */
static void boot(void)
{
    disk.power = NEVER;
    seal_done(&seal);
    store = (struct store_file){.fs = &disk.fs,
                                .rng = &rng.rng,
                                .budget = test_budget(),
                                .name = "store",
                                .name_aside = "store.new"};
    const struct seal cfg = {.fs = &disk.fs,
                             .rng = &rng.rng,
                             .budget = test_budget(),
                             .sealer = &chip.sealer,
                             .names = &names,
                             .store = &store};
    seal_init(&seal, &cfg);
}

/* The first error, or OK with the store's first byte. */
static enum err open_store(char *ret)
{
    AUTO(buf_done) struct buf content;
    buf_init_secret(&content, test_budget(), STORE_FILE_CONTENT_MAX);
    boot();
    TRY(seal_read(&seal));
    TRY(seal_open(&seal, "store"));
    TRY(seal_load(&seal, &content));
    *ret = content.n > 0 ? (char)content.p[0] : '-';
    return OK;
}

static const struct span old = SPAN_INIT("old content");
static const struct span fresh = SPAN_INIT("new content");

/* A store under a key file; sealed, if wanted. */
static void begin(bool is_sealed)
{
    char c;
    EXPECT_OK(crypto_init());
    rng_seeded_init(&rng, test_seed());
    model_init(&disk);
    chip_init(1);
    memset(phrase.entropy.bytes, 5, sizeof phrase.entropy.bytes);
    boot();
    EXPECT_OK(seal_read(&seal));
    EXPECT_OK(seal_open(&seal, "store"));
    EXPECT_OK(store_file_save(&store, old));
    if (is_sealed) {
        EXPECT_OK(open_store(&c));
        EXPECT_OK(seal_enrol(&seal, &phrase, REGISTERS, old));
    }
}

static void end(void)
{
    seal_done(&seal);
}

TEST(sealed_and_opened)
{
    char c = 0;
    begin(true);
    EXPECT(!file_find(&disk, "store.key")->exists);
    EXPECT_OK(open_store(&c));
    EXPECT_EQ('o', c);
    EXPECT_OK(store_file_save(&store, fresh));
    EXPECT_OK(open_store(&c));
    EXPECT_EQ('n', c);
    EXPECT_EQ(REGISTERS, seal_registers(&seal));
    EXPECT_ERR(ERR_STATE, seal_enrol(&seal, &phrase, REGISTERS, fresh));
    EXPECT_OK(seal_end(&seal));
    EXPECT_OK(open_store(&c));
    EXPECT_EQ('n', c);
    EXPECT(!seal.has_file && file_find(&disk, "store.key")->exists);
    EXPECT_OK(store_file_save(&store, old));
    EXPECT_OK(open_store(&c));
    EXPECT_EQ('o', c);
    end();
}

/* Does the change end, with so much power? Afterwards the store opens, whatever came of it. */
enum change { ENROL, ENROL_AGAIN, END, APPROVE, SAVE, CHANGES };

static enum err make_change(enum change what, int power)
{
    AUTO(buf_done) struct buf content;
    char c;
    buf_init_secret(&content, test_budget(), STORE_FILE_CONTENT_MAX);
    EXPECT_OK(open_store(&c));
    if (what == ENROL_AGAIN) {
        boot();
        EXPECT_OK(seal_read(&seal));
        EXPECT_OK(seal_recover(&seal, &phrase, &content));
    }
    disk.power = power;
    switch (what) {
    case ENROL:       return seal_enrol(&seal, &phrase, REGISTERS, old);
    case ENROL_AGAIN: return seal_enrol_again(&seal, &phrase, REGISTERS, buf_span(&content));
    case END:         return seal_end(&seal);
    case APPROVE:     return seal_approve(&seal, &phrase, REGISTERS, SPAN_LIT("\x02"));
    case SAVE:        return store_file_save(&store, old);
    case CHANGES:     break;
    }
    return ERR_INTERNAL;
}

TEST(power_goes_at_each_operation_of_each_change)
{
    enum { POWER_MAX = 40 };
    for (int what = 0; what < CHANGES; what++) {
        int crashes = 0;
        for (int power = 1; power < POWER_MAX; power++) {
            char c = 0;
            begin(what != ENROL);
            enum err e = make_change((enum change)what, power);
            crashes += e != OK;
            test_note("change %d, power %d, %s", what, power, err_name(e));
            EXPECT_OK(open_store(&c));
            EXPECT_EQ('o', c);
            EXPECT_OK(open_store(&c)); /* what was left half done is done */
            if (seal.has_file) {
                AUTO(buf_done) struct buf content;
                buf_init_secret(&content, test_budget(), STORE_FILE_CONTENT_MAX);
                EXPECT(!seal.file.is_pending);
                EXPECT(!file_find(&disk, "store.key")->exists);
                boot();
                EXPECT_OK(seal_read(&seal));
                EXPECT_OK(seal_recover(&seal, &phrase, &content));
                EXPECT_SPAN(old, buf_span(&content));
            }
            end();
        }
        EXPECT(crashes >= 3 && crashes < POWER_MAX - 1);
    }
}

/* And with the phrase alone, at the worst moment: the change is half done and the chip is gone. */
TEST(half_done_and_the_chip_gone)
{
    enum { POWER_MAX = 20 };
    for (int what = 0; what <= ENROL_AGAIN; what++) {
        for (int power = 1; power < POWER_MAX; power++) {
            AUTO(buf_done) struct buf content;
            char c = 0;
            buf_init_secret(&content, test_budget(), STORE_FILE_CONTENT_MAX);
            begin(what != ENROL);
            enum err e = make_change((enum change)what, power);
            boot();
            seal.sealer = NULL;
            test_note("change %d, power %d, %s", what, power, err_name(e));
            EXPECT_OK(seal_read(&seal));
            if (seal.has_file) {
                EXPECT_OK(seal_recover(&seal, &phrase, &content));
                EXPECT_SPAN(old, buf_span(&content));
                EXPECT_OK(seal_end(&seal));
            }
            EXPECT_OK(open_store(&c));
            EXPECT_EQ('o', c);
            EXPECT(!seal.has_file);
            end();
        }
    }
}

TEST(an_update_that_was_approved_and_one_that_was_not)
{
    char c = 0;
    begin(true);
    EXPECT_OK(open_store(&c));
    EXPECT_OK(seal_approve(&seal, &phrase, REGISTERS, SPAN_LIT("\x02")));
    chip.state = 2;
    EXPECT_OK(open_store(&c));
    chip.state = 3;
    EXPECT_ERR(ERR_STATE, open_store(&c));
    struct seal_recovery other = {{{1}}};
    EXPECT_ERR(ERR_AUTH, seal_approve(&seal, &other, REGISTERS, SPAN_EMPTY));
    EXPECT_OK(
        seal_approve(&seal, &phrase, REGISTERS, SPAN_EMPTY)); /* afterwards, with the phrase */
    EXPECT_OK(open_store(&c));
    for (char next = 4; next < 20; next++) { /* more than are kept */
        EXPECT_OK(seal_approve(&seal, &phrase, REGISTERS, span_of(&next, 1)));
        chip.state = (uint8_t)next;
        EXPECT_OK(open_store(&c));
    }
    chip.state = 1;
    EXPECT_ERR(ERR_STATE, open_store(&c)); /* the oldest have gone */
    end();
}

TEST(another_chip_and_the_phrase)
{
    AUTO(buf_done) struct buf content;
    char c = 0;
    buf_init_secret(&content, test_budget(), STORE_FILE_CONTENT_MAX);
    begin(true);
    chip_init(2);
    EXPECT_ERR(ERR_NOT_FOUND, open_store(&c));
    struct seal_recovery other = {{{1}}};
    EXPECT_ERR(ERR_AUTH, seal_recover(&seal, &other, &content));
    EXPECT_OK(seal_recover(&seal, &phrase, &content));
    EXPECT_OK(seal_enrol_again(&seal, &phrase, REGISTERS, buf_span(&content)));
    EXPECT_OK(open_store(&c));
    EXPECT_EQ('o', c);
    end();
}

TEST(what_is_put_back_is_refused)
{
    static struct file sealed;
    static struct file older;
    static struct file before;
    static struct file before_key;
    static struct file newest;
    static struct file now;
    char c = 0;
    begin(false);
    before = *file_find(&disk, "store");
    before_key = *file_find(&disk, "store.key");
    EXPECT_OK(open_store(&c));
    /* Power goes when the seal stands and the store is still under the old key. */
    disk.power = 5;
    EXPECT(seal_enrol(&seal, &phrase, REGISTERS, old) != OK);
    sealed = *file_find(&disk, "store.seal");
    EXPECT(sealed.exists);
    EXPECT_OK(open_store(&c));
    older = *file_find(&disk, "store");
    EXPECT_OK(store_file_save(&store, fresh));
    newest = *file_find(&disk, "store");
    *file_find(&disk, "store") = older;
    EXPECT_ERR(ERR_STATE, open_store(&c));
    *file_find(&disk, "store") = before; /* and the seal of the moment of sealing */
    EXPECT(open_store(&c) != OK);
    now = *file_find(&disk, "store.seal");
    *file_find(&disk, "store.seal") = sealed;
    *file_find(&disk, "store.key") = before_key;
    EXPECT_ERR(ERR_STATE, open_store(&c));
    *file_find(&disk, "store.seal") = now;
    file_find(&disk, "store")->exists = false;
    EXPECT_ERR(ERR_STATE, open_store(&c));
    *file_find(&disk, "store") = newest;
    EXPECT_OK(open_store(&c));
    EXPECT_EQ('n', c);
    end();
}

TEST(a_file_that_was_cut_or_changed)
{
    static struct seal_file f;
    char c = 0;
    begin(true);
    struct file *file = file_find(&disk, "store.seal");
    static struct file good;
    good = *file;
    for (size_t n = 0; n < good.n; n++) {
        EXPECT(seal_file_read(&f, span_of(good.bytes, n)) != OK);
    }
    for (size_t i = 0; i < good.n; i++) {
        *file = good;
        file->bytes[i] ^= 0x40;
        test_note("byte %zu", i);
        bool opens = open_store(&c) == OK;
        /* What only recovery needs is not looked at otherwise. */
        EXPECT(!opens || i >= good.n - SEAL_WRAP_LEN || (i >= 10 && i < 18) ||
               (i >= 83 && i < 87 + 32));
    }
    *file = good;
    EXPECT_OK(open_store(&c));
    end();
}

TEST_MAIN
