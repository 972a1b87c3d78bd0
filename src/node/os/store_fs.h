#ifndef NODE_STORE_FS_H
#define NODE_STORE_FS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* The few file operations that a store needs, as a table: the system's directory here, and in tests one that
 * fails, or loses power, at any of them. Names are static text without a slash. */
struct store_fs {
    /* read appends the whole file. ERR_NOT_FOUND; ERR_LIMIT: longer than ret has room for; ERR_IO. */
    enum err (*read)(struct store_fs *self, struct buf *ret, const char *name);
    /* create makes or empties a file for writing, readable by its owner alone. */
    enum err (*create)(struct store_fs *self, int *ret_handle, const char *name);
    enum err (*write)(struct store_fs *self,
                      int handle,
                      struct span part);                 /* all of it, or ERR_IO */
    enum err (*sync)(struct store_fs *self, int handle); /* content is on the disk after OK */
    enum err (*close)(struct store_fs *self, int handle);
    enum err (*rename)(struct store_fs *self, const char *from, const char *to); /* replaces */
    enum err (*sync_dir)(struct store_fs *self); /* names are on the disk after OK */
    enum err (*remove)(struct store_fs *self, const char *name); /* OK too if there is none */
};

/* One directory of the system, held open. */
struct store_dir {
    struct store_fs fs; /* give &d.fs to the store */
    int fd;
};

/* store_dir_open makes the directory if need be (0700), opens it, and locks it against a second process, for
 * which it waits up to 1.5 s: one that was just killed may hold the lock for some milliseconds more.
 * ERR_DENIED: it belongs to someone else or others may enter it. ERR_STATE: another process holds it.
 * ERR_IO. store_dir_done closes; safe on a zeroed object with fd = -1. */
MUST_CHECK enum err store_dir_open(struct store_dir *d, const char *path);
void store_dir_done(struct store_dir *d);

#endif
