/* The store survives the loss of power at every operation. The file system here is a model: what was not synced
 * may be lost, torn or kept, and a name that was not synced may be the old or the new one; all combinations are
 * tried. Then the same code on a real directory. */
#include "node/os/store_file.h"

#include "base/check.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "node/os/store_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INODES_MAX = 16, NAMES_MAX = 8, CONTENT_MAX = 1024, NEVER = 1000000 };

struct content {
    size_t n;
    uint8_t bytes[CONTENT_MAX];
};

struct inode {
    struct content now;
    struct content synced;
};

struct name {
    const char *text;
    int inode;
};

/* What a disk may show of data that was not synced. */
enum unsynced { UNSYNCED_LOST, UNSYNCED_KEPT, UNSYNCED_TORN, UNSYNCED_COUNT };

struct model {
    struct store_fs fs;
    struct inode inodes[INODES_MAX];
    int inodes_count;
    struct name now[NAMES_MAX];
    struct name synced[NAMES_MAX];
    int ops;   /* done so far */
    int power; /* operations until the power goes */
    bool ignores_sync;
    bool ignores_sync_dir;
};

static struct model *model_of(struct store_fs *fs)
{
    return (struct model *)(void *)fs;
}

static bool has_power(struct model *m)
{
    return m->ops++ < m->power;
}

static struct name *name_find(struct name *names, const char *text)
{
    for (size_t i = 0; i < NAMES_MAX; i++) {
        if (names[i].text && strcmp(names[i].text, text) == 0) {
            return &names[i];
        }
    }
    return NULL;
}

static void name_set(struct name *names, const char *text, int inode)
{
    struct name *n = name_find(names, text);
    for (size_t i = 0; !n && i < NAMES_MAX; i++) {
        n = names[i].text ? NULL : &names[i];
    }
    check(n);
    *n = (struct name){.text = text, .inode = inode};
}

static enum err model_read(struct store_fs *self, struct buf *ret, const char *text)
{
    struct model *m = model_of(self);
    const struct name *n = name_find(m->now, text);
    if (!n) {
        return ERR_NOT_FOUND;
    }
    const struct content *c = &m->inodes[n->inode].now;
    return buf_append(ret, span_of(c->bytes, c->n));
}

static enum err model_create(struct store_fs *self, int *ret_handle, const char *text)
{
    struct model *m = model_of(self);
    if (!has_power(m)) {
        return ERR_IO;
    }
    const struct name *n = name_find(m->now, text);
    int inode = n ? n->inode : m->inodes_count++;
    check(inode < INODES_MAX);
    m->inodes[inode].now.n = 0;
    if (!n) {
        name_set(m->now, text, inode);
    }
    *ret_handle = inode;
    return OK;
}

static enum err model_write(struct store_fs *self, int handle, struct span part)
{
    struct model *m = model_of(self);
    bool is_whole = has_power(m);
    struct content *c = &m->inodes[handle].now;
    size_t n = is_whole ? part.n : part.n / 2; /* the power goes in the middle */
    check(c->n + n <= CONTENT_MAX);
    memcpy(c->bytes + c->n, part.p, n);
    c->n += n;
    return is_whole ? OK : ERR_IO;
}

static enum err model_sync(struct store_fs *self, int handle)
{
    struct model *m = model_of(self);
    if (!has_power(m)) {
        return ERR_IO;
    }
    if (!m->ignores_sync) {
        m->inodes[handle].synced = m->inodes[handle].now;
    }
    return OK;
}

static enum err model_close(struct store_fs *self, int handle)
{
    (void)handle;
    return has_power(model_of(self)) ? OK : ERR_IO;
}

static enum err model_rename(struct store_fs *self, const char *from, const char *to)
{
    struct model *m = model_of(self);
    struct name *n = name_find(m->now, from);
    if (!has_power(m) || !n) {
        return ERR_IO;
    }
    int inode = n->inode;
    n->text = NULL;
    name_set(m->now, to, inode);
    return OK;
}

static enum err model_sync_dir(struct store_fs *self)
{
    struct model *m = model_of(self);
    if (!has_power(m)) {
        return ERR_IO;
    }
    if (!m->ignores_sync_dir) {
        memcpy(m->synced, m->now, sizeof m->synced);
    }
    return OK;
}

static enum err model_remove(struct store_fs *self, const char *text)
{
    struct model *m = model_of(self);
    struct name *n = name_find(m->now, text);
    if (!has_power(m)) {
        return ERR_IO;
    }
    if (n) {
        n->text = NULL;
    }
    return OK;
}

static void model_init(struct model *m)
{
    static const struct store_fs fs = {
        .read = model_read,
        .create = model_create,
        .write = model_write,
        .sync = model_sync,
        .close = model_close,
        .rename = model_rename,
        .sync_dir = model_sync_dir,
        .remove = model_remove,
    };
    memset(m, 0, sizeof *m);
    m->fs = fs;
    m->power = NEVER;
}

/* The content that a name stands for now. */
static struct content *model_file(struct model *m, const char *text)
{
    const struct name *n = name_find(m->now, text);
    check(n);
    return &m->inodes[n->inode].now;
}

/* The machine starts again: each file shows what the disk chose to keep, the directory its old or new names. */
static void model_restart(struct model *m, enum unsynced unsynced, bool has_new_names)
{
    for (int i = 0; i < m->inodes_count; i++) {
        struct inode *inode = &m->inodes[i];
        switch (unsynced) {
        case UNSYNCED_LOST: inode->now = inode->synced; break;
        case UNSYNCED_KEPT: break;
        case UNSYNCED_TORN:
            if (inode->now.n != inode->synced.n ||
                memcmp(inode->now.bytes, inode->synced.bytes, inode->now.n) != 0) {
                memset(inode->now.bytes, 0, inode->now.n);
            }
            break;
        case UNSYNCED_COUNT: break;
        }
        inode->synced = inode->now;
    }
    if (has_new_names) {
        memcpy(m->synced, m->now, sizeof m->synced);
    } else {
        memcpy(m->now, m->synced, sizeof m->now);
    }
    m->power = NEVER;
}

struct bench {
    struct rng_seeded rng;
    struct guarded key;
    struct store_file file;
};

static void bench_init(struct bench *b, struct store_fs *fs)
{
    EXPECT_OK(crypto_init());
    rng_seeded_init(&b->rng, test_seed());
    b->key = (struct guarded){0};
    check(guarded_init(&b->key, test_budget(), 32) == OK);
    rng_fill(&b->rng.rng, mspan_of(guarded_write(&b->key), 32));
    guarded_close(&b->key);
    b->file = (struct store_file){.fs = fs,
                                  .rng = &b->rng.rng,
                                  .budget = test_budget(),
                                  .key = &b->key,
                                  .name = "store",
                                  .name_aside = "store.new"};
}

/* What a load shows: 'a' or 'b' (the first byte of the content), '-' for no store, '!' for any error. */
static char loaded(struct bench *b)
{
    AUTO(buf_done) struct buf content;
    buf_init_secret(&content, test_budget(), STORE_FILE_CONTENT_MAX);
    enum err e = store_file_load(&b->file, &content);
    if (e != OK) {
        return e == ERR_NOT_FOUND ? '-' : '!';
    }
    return content.n == 20 ? (char)content.p[0] : '!';
}

static const struct span content_a = SPAN_INIT("a store of twenty by");
static const struct span content_b = SPAN_INIT("b store of twenty by");

/* One loss of power: during the save of b (over a, if has_old) after power operations. Returns what is then loaded and
 * whether the save said OK. */
static char one_crash(struct model *m,
                      int power,
                      bool has_old,
                      enum unsynced unsynced,
                      bool has_new_names,
                      bool *ret_saved)
{
    struct bench b;
    bench_init(&b, &m->fs);
    if (has_old) {
        EXPECT_OK(store_file_save(&b.file, content_a));
    }
    m->ops = 0;
    m->power = power;
    *ret_saved = store_file_save(&b.file, content_b) == OK;
    model_restart(m, unsynced, has_new_names);
    char seen = loaded(&b);
    guarded_done(&b.key);
    return seen;
}

enum { SAVE_OPS = 6 }; /* create, write, sync, close, rename, sync_dir */

/* Counts the crashes after which neither the old nor the new content is there, or a saved one is gone. */
static int losses(bool ignores_sync, bool ignores_sync_dir, int *ret_crashes)
{
    static struct model m;
    int lost = 0;
    *ret_crashes = 0;
    for (int i = 0; i < (SAVE_OPS + 1) * 2 * UNSYNCED_COUNT * 2; i++) {
        int power = i % (SAVE_OPS + 1);
        bool has_old = i / (SAVE_OPS + 1) % 2 != 0;
        enum unsynced unsynced = (enum unsynced)(i / (2 * (SAVE_OPS + 1)) % UNSYNCED_COUNT);
        bool has_new_names = i / (2 * UNSYNCED_COUNT * (SAVE_OPS + 1)) != 0;
        bool saved;
        model_init(&m);
        m.ignores_sync = ignores_sync;
        m.ignores_sync_dir = ignores_sync_dir;
        char seen = one_crash(&m, power, has_old, unsynced, has_new_names, &saved);
        bool is_right = saved ? seen == 'b' : seen == 'b' || seen == (has_old ? 'a' : '-');
        lost += !is_right;
        (*ret_crashes)++;
    }
    return lost;
}

TEST(no_loss_of_power_loses_anything)
{
    int crashes;
    EXPECT_EQ(0, losses(false, false, &crashes));
    printf("# %d crashes: at each of %d operations, with and without an old store, and all that a "
           "disk may show\n",
           crashes, SAVE_OPS);
}

/* The same test sees a store that forgets a sync: it can fail. */
TEST(without_either_sync_something_is_lost)
{
    int crashes;
    EXPECT(losses(true, false, &crashes) > 0);
    EXPECT(losses(false, true, &crashes) > 0);
}

static const struct store_key_files key_files = {
    .key = "store.key", .key_aside = "store.key.new", .store = "store"};

static enum err key_load(struct store_fs *fs, uint8_t ret_key[static 32], uint64_t seed)
{
    struct rng_seeded rng;
    struct guarded key = {0};
    rng_seeded_init(&rng, seed);
    TRY(store_key_file(&key, test_budget(), fs, &rng.rng, &key_files));
    memcpy(ret_key, guarded_read(&key), 32);
    guarded_close(&key);
    guarded_done(&key);
    return OK;
}

TEST(a_key_that_was_given_out_is_found_again_after_each_crash)
{
    static struct model m;
    EXPECT_OK(crypto_init());
    for (int i = 0; i < (SAVE_OPS + 1) * UNSYNCED_COUNT * 2; i++) {
        uint8_t first[32] = {0};
        uint8_t second[32] = {0};
        model_init(&m);
        m.power = i % (SAVE_OPS + 1);
        enum err e = key_load(&m.fs, first, 1);
        model_restart(&m, (enum unsynced)(i / (SAVE_OPS + 1) % UNSYNCED_COUNT),
                      i / ((SAVE_OPS + 1) * UNSYNCED_COUNT) != 0);
        test_note("crash %d", i);
        EXPECT_OK(key_load(&m.fs, second, 2));
        EXPECT(e != OK || memcmp(first, second, 32) == 0);
    }
}

TEST(a_store_without_its_key_is_left_alone)
{
    static struct model m;
    struct bench b;
    uint8_t key[32];
    model_init(&m);
    bench_init(&b, &m.fs);
    EXPECT_OK(store_file_save(&b.file, content_a));
    EXPECT_ERR(ERR_NOT_FOUND, key_load(&m.fs, key, 1));
    EXPECT_EQ('a', loaded(&b));
    name_set(m.now, "store.key", m.inodes_count);
    m.inodes[m.inodes_count++].now.n = 31; /* a damaged key file */
    EXPECT_ERR(ERR_MALFORMED, key_load(&m.fs, key, 1));
    guarded_done(&b.key);
}

TEST(a_changed_file_and_another_key_are_noticed)
{
    static struct model m;
    struct bench b;
    model_init(&m);
    bench_init(&b, &m.fs);
    EXPECT_OK(store_file_save(&b.file, content_a));
    struct content *file = model_file(&m, "store");
    for (size_t i = 0; i < file->n; i++) {
        file->bytes[i] ^= 0x10;
        EXPECT_EQ('!', loaded(&b));
        file->bytes[i] ^= 0x10;
    }
    size_t whole = file->n;
    for (file->n = 0; file->n < whole; file->n++) {
        EXPECT_EQ('!', loaded(&b));
    }
    EXPECT_EQ('a', loaded(&b));
    *(uint8_t *)guarded_write(&b.key) ^= 1;
    guarded_close(&b.key);
    EXPECT_EQ('!', loaded(&b));
    guarded_done(&b.key);
}

TEST(the_content_is_not_in_the_file_and_two_saves_differ)
{
    static struct model m;
    struct bench b;
    struct content first;
    model_init(&m);
    bench_init(&b, &m.fs);
    EXPECT_OK(store_file_save(&b.file, content_a));
    first = *model_file(&m, "store");
    for (size_t i = 0; i + content_a.n <= first.n; i++) {
        EXPECT(memcmp(first.bytes + i, content_a.p, content_a.n) != 0);
    }
    EXPECT_OK(store_file_save(&b.file, content_a));
    const struct content *second = model_file(&m, "store");
    EXPECT_EQ(first.n, second->n);
    EXPECT(memcmp(first.bytes + 8, second->bytes + 8, 24) != 0); /* a nonce is never used twice */
    guarded_done(&b.key);
}

/* A counter that loses power with the disk: an operation like others. */
struct counting {
    struct store_counter port; /* first */
    struct model *disk;
    uint64_t value;
};

static enum err counting_read(struct store_counter *self, uint64_t *ret)
{
    *ret = ((struct counting *)(void *)self)->value;
    return OK;
}

static enum err counting_add(struct store_counter *self, uint64_t *ret)
{
    struct counting *c = (struct counting *)(void *)self;
    if (!has_power(c->disk)) {
        return ERR_IO;
    }
    *ret = ++c->value;
    return OK;
}

static struct counting counting_on(struct model *m)
{
    return (struct counting){
        .port = {.read = counting_read, .add = counting_add},
          .disk = m, .value = 41
    };
}

TEST(with_a_counter_no_loss_of_power_loses_anything)
{
    static struct model m;
    for (int i = 0; i < (SAVE_OPS + 2) * UNSYNCED_COUNT * 2; i++) {
        struct bench b;
        int power = i % (SAVE_OPS + 2);
        model_init(&m);
        struct counting c = counting_on(&m);
        bench_init(&b, &m.fs);
        b.file.counter = &c.port;
        EXPECT_OK(store_file_save(&b.file, content_a));
        m.ops = 0;
        m.power = power;
        bool saved = store_file_save(&b.file, content_b) == OK;
        model_restart(&m, (enum unsynced)(i / (SAVE_OPS + 2) % UNSYNCED_COUNT),
                      i / ((SAVE_OPS + 2) * UNSYNCED_COUNT) != 0);
        char seen = loaded(&b);
        test_note("power %d, case %d", power, i);
        EXPECT(seen == 'b' || (seen == 'a' && !saved));
        EXPECT_EQ(seen, loaded(&b)); /* once more: the counter has followed */
        EXPECT_OK(store_file_save(&b.file, content_b));
        EXPECT_EQ('b', loaded(&b));
        guarded_done(&b.key);
    }
}

TEST(an_older_store_that_is_put_back_is_refused)
{
    static struct model m;
    struct bench b;
    AUTO(buf_done) struct buf content;
    buf_init_secret(&content, test_budget(), STORE_FILE_CONTENT_MAX);
    model_init(&m);
    struct counting c = counting_on(&m);
    bench_init(&b, &m.fs);
    EXPECT_OK(store_file_save(&b.file, content_a)); /* from before there was a counter */
    struct content plain = *model_file(&m, "store");
    b.file.counter = &c.port;
    EXPECT_ERR(ERR_MALFORMED, store_file_load(&b.file, &content));
    EXPECT_OK(store_file_save(&b.file, content_a));
    struct content older = *model_file(&m, "store");
    EXPECT_OK(store_file_save(&b.file, content_b));
    struct content newest = *model_file(&m, "store");
    *model_file(&m, "store") = older;
    EXPECT_ERR(ERR_STATE, store_file_load(&b.file, &content));
    EXPECT_EQ(0, content.n);
    *model_file(&m, "store") = plain;
    EXPECT_ERR(ERR_MALFORMED, store_file_load(&b.file, &content));
    *model_file(&m, "store") = newest;
    model_file(&m, "store")->bytes[15]++; /* its version */
    EXPECT_ERR(ERR_AUTH, store_file_load(&b.file, &content));
    *model_file(&m, "store") = newest;
    c.value -= 2; /* another chip */
    EXPECT_ERR(ERR_STATE, store_file_load(&b.file, &content));
    b.file.counter = NULL; /* with the recovery phrase */
    EXPECT_OK(store_file_load(&b.file, &content));
    EXPECT_SPAN(content_b, buf_span(&content));
    guarded_done(&b.key);
}

static void scratch_dir(char *path, size_t n)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(path, n, "%s/passmesh-store-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(path));
}

TEST(a_real_directory)
{
    char path[256];
    char file[300];
    struct store_dir dir = {.fd = -1};
    struct store_dir second = {.fd = -1};
    struct bench b;
    struct stat st;
    scratch_dir(path, sizeof path);
    TEST_REQUIRE(store_dir_open(&dir, path) == OK);
    EXPECT_ERR(ERR_STATE, store_dir_open(&second, path)); /* one at a time */
    bench_init(&b, &dir.fs);
    EXPECT_EQ('-', loaded(&b));
    EXPECT_OK(store_file_save(&b.file, content_a));
    EXPECT_OK(store_file_save(&b.file, content_b));
    EXPECT_EQ('b', loaded(&b));
    (void)snprintf(file, sizeof file, "%s/store", path);
    EXPECT(stat(file, &st) == 0 && (st.st_mode & 0777) == 0600);
    EXPECT(unlink(file) == 0);
    store_dir_done(&dir);
    EXPECT(chmod(path, 0750) == 0);
    EXPECT_ERR(ERR_DENIED, store_dir_open(&dir, path)); /* others could read it */
    EXPECT(rmdir(path) == 0);
    guarded_done(&b.key);
}

TEST_MAIN
