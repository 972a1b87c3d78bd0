/* The store's key in a file beside it. Honest about what that is worth: docs/keyd.md. */
#include "node/os/store_key.h"

#include "base/secret.h"
#include "node/os/store_file.h"

#include <string.h>

static bool has_file(struct store_fs *fs, struct budget *budget, const char *name)
{
    AUTO(buf_done) struct buf content;
    buf_init(&content, budget, 2 * STORE_FILE_CONTENT_MAX);
    return fs->read(fs, &content, name) != ERR_NOT_FOUND;
}

static enum err key_take(struct guarded *ret_key, struct budget *budget, struct span bytes)
{
    if (bytes.n != sizeof(struct secret32)) {
        return ERR_MALFORMED;
    }
    TRY(guarded_init(ret_key, budget, sizeof(struct secret32)));
    memcpy(guarded_write(ret_key), bytes.p, bytes.n);
    guarded_close(ret_key);
    return OK;
}

enum err store_key_file(struct guarded *ret_key,
                        struct budget *budget,
                        struct store_fs *fs,
                        struct rng *rng,
                        const struct store_key_files *files)
{
    AUTO(buf_done) struct buf bytes;
    buf_init_secret(&bytes, budget, 4096);
    TRY(buf_reserve(&bytes, 4096)); /* once: growing would leave copies */
    enum err e = fs->read(fs, &bytes, files->key);
    if (e != ERR_NOT_FOUND) {
        return e != OK ? e : key_take(ret_key, budget, buf_span(&bytes));
    }
    if (has_file(fs, budget, files->store)) {
        return ERR_NOT_FOUND;
    }
    AUTO(secret32_wipe) struct secret32 fresh;
    rng_fill(rng, MSPAN_OF(fresh.bytes));
    TRY(store_replace(fs, files->key, files->key_aside, SPAN_OF(fresh.bytes)));
    return key_take(ret_key, budget, SPAN_OF(fresh.bytes));
}
