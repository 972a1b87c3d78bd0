/* Attributes on Linux. */
#include "node/attest/attribute.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { STEP_LEN = 2048 };

enum err attribute_err(int errno_value)
{
    switch (errno_value) {
    case ENOENT:     return ERR_NOT_FOUND;
    case ENXIO:
    case ENODEV:
    case EOPNOTSUPP: return ERR_UNSUPPORTED;
    case EBUSY:
    case EEXIST:
    case ETXTBSY:    return ERR_STATE;
    case EINTR:
    case EAGAIN:
    case ETIMEDOUT:  return ERR_TIMEOUT;
    case EACCES:
    case EPERM:      return ERR_DENIED;
    case EMSGSIZE:   return ERR_LIMIT;
    default:         return ERR_IO;
    }
}

/* To the end; an EINTR in the middle is the caller's, for what was read so far is of no use. */
static enum err read_all(int fd, struct buf *ret)
{
    for (;;) {
        uint8_t room[STEP_LEN];
        ssize_t n = read(fd, room, sizeof room);
        if (n < 0) {
            return attribute_err(errno);
        }
        if (n == 0) {
            return OK;
        }
        TRY(buf_append(ret, span_of(room, (size_t)n)));
    }
}

enum err attribute_read(int dir_fd, const char *name, struct buf *ret)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return attribute_err(errno);
    }
    enum err e = read_all(fd, ret);
    (void)close(fd);
    return e;
}

enum err attribute_write(int dir_fd, const char *name, struct span whole)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return attribute_err(errno);
    }
    ssize_t n = write(fd, whole.p, whole.n);
    enum err e = n < 0 ? attribute_err(errno) : (size_t)n == whole.n ? OK : ERR_IO;
    if (close(fd) != 0 && e == OK) {
        e = attribute_err(errno); /* closing is what hands it over */
    }
    return e;
}
