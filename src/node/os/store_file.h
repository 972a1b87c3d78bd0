#ifndef NODE_STORE_FILE_H
#define NODE_STORE_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "crypto/guarded.h"
#include "node/os/store_fs.h"

/* A store that is one encrypted file, replaced as a whole:
 *
 *     "PMSTORE1" | nonce 24 | XChaCha20-Poly1305 of the content, tag 16       (the first 8 bytes are associated data)
 *
 * A save writes the new file aside, syncs it, renames it over the old one and syncs the directory. So at
 * every moment the name stands for the whole old or the whole new content, and a save that answered OK is
 * on the disk. It does not protect against someone who puts an older file back. */

#define STORE_FILE_CONTENT_MAX ((size_t)64 * 1024)

/* What tells an old store from the newest one: a counter that only goes up, in a chip. With one the file is
 *
 *     "PMSTORE2" | version 8, big-endian | nonce 24 | XChaCha20-Poly1305, tag 16     (the first 16 bytes are associated data)
 *
 * A save writes version + 1, and when the file is durable has the counter follow. So a load finds the file's version equal to the counter; or one above
 * it, if the power went in between: then the counter follows now. Anything else was put back, or put in. Embed as first member. */
struct store_counter {
    enum err (*read)(struct store_counter *self, uint64_t *ret);
    enum err (*add)(struct store_counter *self, uint64_t *ret); /* what it is then */
};

struct store_file {
    struct store_fs *fs;       /* must outlive the store, as all here */
    struct rng *rng;           /* nonces */
    struct budget *budget;     /* of the two buffers during a call */
    const struct guarded *key; /* 32 bytes; opened for the moment of use */
    const char *name;          /* static text, as store_fs wants it */
    const char *name_aside;
    struct store_counter *counter; /* NULL: an older file is not noticed */
};

/* store_file_load replaces the content of ret, a secret buf, and removes what a crash left aside.
 * ERR_NOT_FOUND: there is no store yet. ERR_MALFORMED: not a store of ours. ERR_AUTH: another key, or changed
 * from outside. ERR_STATE: the file is not the newest one. ERR_LIMIT. ERR_IO; and with a counter its errors. Without a counter both layouts are read. */
MUST_CHECK enum err store_file_load(struct store_file *s, struct buf *ret);

/* store_file_save: OK means durable. After ERR_IO or ERR_LIMIT the old content stands, or the new one if only the
 * last sync failed: load again, or save again. */
MUST_CHECK enum err store_file_save(struct store_file *s, struct span content);

/* store_replace does the same steps for bytes that are not encrypted. */
MUST_CHECK enum err
store_replace(struct store_fs *fs, const char *name, const char *name_aside, struct span bytes);

#endif
