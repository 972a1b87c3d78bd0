/* The encrypted store file and its replacement. */
#include "node/os/store_file.h"

#include "base/check.h"
#include "crypto/aead.h"

#include <string.h>

static const uint8_t magic[8] = {'P', 'M', 'S', 'T', 'O', 'R', 'E', '1'};

enum { HEAD_LEN = sizeof magic + XAEAD_NONCE_LEN, FILE_LEN_MIN = HEAD_LEN + AEAD_TAG_LEN };
#define FILE_LEN_MAX (STORE_FILE_CONTENT_MAX + FILE_LEN_MIN)

static const struct secret32 *key_open(const struct store_file *s)
{
    check(s->key->n >= sizeof(struct secret32));
    return guarded_read(s->key);
}

static enum err open_content(struct store_file *s, struct buf *ret, struct span file)
{
    if (file.n < FILE_LEN_MIN || !span_starts_with(file, SPAN_OF(magic))) {
        return ERR_MALFORMED;
    }
    struct span sealed = span_from(file, HEAD_LEN);
    struct mspan content;
    buf_clear(ret);
    TRY(buf_extend(ret, &content, sealed.n - AEAD_TAG_LEN));
    enum err e = xaead_open(key_open(s), content, file.p + sizeof magic, SPAN_OF(magic), sealed);
    guarded_close(s->key);
    if (e != OK) {
        buf_clear(ret);
    }
    return e;
}

enum err store_file_load(struct store_file *s, struct buf *ret)
{
    check(ret->secret);
    TRY(s->fs->remove(s->fs, s->name_aside));
    AUTO(buf_done) struct buf file;
    buf_init(&file, s->budget, FILE_LEN_MAX + 1024);
    TRY(s->fs->read(s->fs, &file, s->name));
    return open_content(s, ret, buf_span(&file));
}

static enum err write_aside(struct store_fs *fs, const char *name_aside, struct span bytes)
{
    int handle;
    TRY(fs->create(fs, &handle, name_aside));
    enum err e = fs->write(fs, handle, bytes);
    if (e == OK) {
        e = fs->sync(fs, handle);
    }
    enum err e_close = fs->close(fs, handle);
    return e != OK ? e : e_close;
}

enum err
store_replace(struct store_fs *fs, const char *name, const char *name_aside, struct span bytes)
{
    /* The order is the whole point: the content must be on the disk before the name points to it, and the name
     * before we say that it is done. */
    TRY(write_aside(fs, name_aside, bytes));
    TRY(fs->rename(fs, name_aside, name));
    return fs->sync_dir(fs);
}

enum err store_file_save(struct store_file *s, struct span content)
{
    if (content.n > STORE_FILE_CONTENT_MAX) {
        return ERR_LIMIT;
    }
    AUTO(buf_done) struct buf file;
    struct mspan whole;
    buf_init(&file, s->budget, FILE_LEN_MAX);
    TRY(buf_extend(&file, &whole, content.n + FILE_LEN_MIN));
    memcpy(whole.p, magic, sizeof magic);
    uint8_t *nonce = whole.p + sizeof magic;
    rng_fill(s->rng, mspan_of(nonce, XAEAD_NONCE_LEN));
    enum err e =
        xaead_seal(key_open(s), mspan_from(whole, HEAD_LEN), nonce, SPAN_OF(magic), content);
    guarded_close(s->key);
    TRY(e);
    return store_replace(s->fs, s->name, s->name_aside, span_const(whole));
}
