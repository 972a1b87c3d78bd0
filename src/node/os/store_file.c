/* The encrypted store file and its replacement. */
#include "node/os/store_file.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/aead.h"

#include <string.h>

enum {
    MAGIC_LEN = 8,
    COUNTED_LEN = MAGIC_LEN + 8, /* of the associated data: with the version */
    FILE_LEN_MIN = MAGIC_LEN + XAEAD_NONCE_LEN + AEAD_TAG_LEN,
};
#define FILE_LEN_MAX (STORE_FILE_CONTENT_MAX + FILE_LEN_MIN + 8)

static const struct span magic_plain = SPAN_INIT("PMSTORE1");
static const struct span magic_counted = SPAN_INIT("PMSTORE2");

static const struct secret32 *key_open(const struct store_file *s)
{
    check(s->key->n >= sizeof(struct secret32));
    return guarded_read(s->key);
}

/* How many bytes stand before the nonce; 0: not a store of ours. */
static size_t head_len_of(const struct store_file *s, struct span file)
{
    if (span_starts_with(file, magic_counted)) {
        return COUNTED_LEN;
    }
    return span_starts_with(file, magic_plain) && !s->counter ? MAGIC_LEN : 0;
}

static enum err open_content(struct store_file *s, struct buf *ret, struct span file)
{
    size_t head_len = head_len_of(s, file);
    if (head_len == 0 || file.n < head_len + XAEAD_NONCE_LEN + AEAD_TAG_LEN) {
        return ERR_MALFORMED;
    }
    struct span sealed = span_from(file, head_len + XAEAD_NONCE_LEN);
    struct mspan content;
    buf_clear(ret);
    TRY(buf_extend(ret, &content, sealed.n - AEAD_TAG_LEN));
    enum err e =
        xaead_open(key_open(s), content, file.p + head_len, span_first(file, head_len), sealed);
    guarded_close(s->key);
    if (e != OK) {
        buf_clear(ret);
    }
    return e;
}

/* The version stands in associated data, so it is ours once the content has opened. */
static enum err check_version(const struct store_file *s, struct span file)
{
    struct rd r = rd_init(span_from(file, MAGIC_LEN));
    uint64_t version = rd_be64(&r);
    uint64_t count = 0;
    TRY(s->counter->read(s->counter, &count));
    if (version == count) {
        return OK;
    }
    if (count == UINT64_MAX || version != count + 1) {
        return ERR_STATE;
    }
    TRY(s->counter->add(s->counter, &count));
    return version == count ? OK : ERR_STATE;
}

enum err store_file_load(struct store_file *s, struct buf *ret)
{
    check(ret->secret);
    TRY(s->fs->remove(s->fs, s->name_aside));
    AUTO(buf_done) struct buf file;
    buf_init(&file, s->budget, FILE_LEN_MAX + 1024);
    TRY(s->fs->read(s->fs, &file, s->name));
    TRY(open_content(s, ret, buf_span(&file)));
    enum err e = s->counter ? check_version(s, buf_span(&file)) : OK;
    if (e != OK) {
        buf_clear(ret);
    }
    return e;
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

/* What stands before the nonce. */
static enum err write_head(const struct store_file *s, struct wr *w, uint64_t *ret_version)
{
    *ret_version = 0;
    wr_bytes(w, s->counter ? magic_counted : magic_plain);
    if (s->counter) {
        TRY(s->counter->read(s->counter, ret_version));
        (*ret_version)++;
        wr_be64(w, *ret_version);
    }
    return OK;
}

enum err store_file_save(struct store_file *s, struct span content)
{
    if (content.n > STORE_FILE_CONTENT_MAX) {
        return ERR_LIMIT;
    }
    AUTO(buf_done) struct buf file = {0};
    struct mspan whole;
    uint8_t head[COUNTED_LEN];
    struct wr w = wr_init(MSPAN_OF(head));
    uint64_t version;
    TRY(write_head(s, &w, &version));
    buf_init(&file, s->budget, FILE_LEN_MAX);
    TRY(buf_extend(&file, &whole, content.n + w.n + XAEAD_NONCE_LEN + AEAD_TAG_LEN));
    memcpy(whole.p, head, w.n);
    uint8_t *nonce = whole.p + w.n;
    rng_fill(s->rng, mspan_of(nonce, XAEAD_NONCE_LEN));
    enum err e = xaead_seal(key_open(s), mspan_from(whole, w.n + XAEAD_NONCE_LEN), nonce,
                            span_of(head, w.n), content);
    guarded_close(s->key);
    TRY(e);
    TRY(store_replace(s->fs, s->name, s->name_aside, span_const(whole)));
    uint64_t count = version;
    if (s->counter) {
        TRY(s->counter->add(s->counter, &count));
    }
    return count == version ? OK : ERR_STATE;
}
