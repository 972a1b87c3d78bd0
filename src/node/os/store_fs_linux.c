/* A directory of the system behind the store's operations. Each call here is one that the sandbox lets through: the
 * names reach the kernel as the very pointers that were given. */
#include "node/os/store_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 1500, LOCK_STEP_MS = 10 };

static int dir_of(struct store_fs *self)
{
    return ((struct store_dir *)(void *)self)->fd;
}

static enum err read_into(struct buf *ret, int fd)
{
    for (;;) {
        struct mspan room;
        TRY(buf_extend(ret, &room, 1024));
        ssize_t n = read(fd, room.p, room.n);
        buf_shrink(ret, ret->n - room.n + (n > 0 ? (size_t)n : 0));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? OK : ERR_IO;
        }
    }
}

static enum err dir_read(struct store_fs *self, struct buf *ret, const char *name)
{
    int fd = openat(dir_of(self), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    enum err e = read_into(ret, fd);
    (void)close(fd);
    return e;
}

static enum err dir_create(struct store_fs *self, int *ret_handle, const char *name)
{
    int fd =
        openat(dir_of(self), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return ERR_IO;
    }
    *ret_handle = fd;
    return OK;
}

static enum err dir_write(struct store_fs *self, int handle, struct span part)
{
    (void)self;
    while (part.n > 0) {
        ssize_t n = write(handle, part.p, part.n);
        if (n < 0 && errno != EINTR) {
            return ERR_IO;
        }
        part = span_from(part, n > 0 ? (size_t)n : 0);
    }
    return OK;
}

static enum err dir_sync(struct store_fs *self, int handle)
{
    (void)self;
    return fsync(handle) == 0 ? OK : ERR_IO;
}

static enum err dir_close(struct store_fs *self, int handle)
{
    (void)self;
    return close(handle) == 0 ? OK : ERR_IO;
}

static enum err dir_rename(struct store_fs *self, const char *from, const char *to)
{
    return renameat(dir_of(self), from, dir_of(self), to) == 0 ? OK : ERR_IO;
}

static enum err dir_sync_dir(struct store_fs *self)
{
    return fsync(dir_of(self)) == 0 ? OK : ERR_IO;
}

static enum err dir_remove(struct store_fs *self, const char *name)
{
    return unlinkat(dir_of(self), name, 0) == 0 || errno == ENOENT ? OK : ERR_IO;
}

/* A process that was just killed may hold the lock for some milliseconds more. */
static enum err take_lock(int fd)
{
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK) {
            return ERR_IO;
        }
        if (waited_ms >= LOCK_WAIT_MS) {
            return ERR_STATE;
        }
        struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};
        (void)nanosleep(&step, NULL);
    }
    return OK;
}

static enum err dir_check(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return ERR_IO;
    }
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        return ERR_DENIED;
    }
    return take_lock(fd);
}

enum err store_dir_open(struct store_dir *d, const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return ERR_IO;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return ERR_IO;
    }
    enum err e = dir_check(fd);
    if (e != OK) {
        (void)close(fd);
        return e;
    }
    *d = (struct store_dir){
        .fs = {.read = dir_read,
               .create = dir_create,
               .write = dir_write,
               .sync = dir_sync,
               .close = dir_close,
               .rename = dir_rename,
               .sync_dir = dir_sync_dir,
               .remove = dir_remove},
        .fd = fd,
    };
    return OK;
}

void store_dir_done(struct store_dir *d)
{
    if (d->fd >= 0) {
        (void)close(d->fd);
    }
    d->fd = -1;
}
