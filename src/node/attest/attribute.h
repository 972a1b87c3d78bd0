#ifndef NODE_ATTRIBUTE_H
#define NODE_ATTRIBUTE_H

#include "base/buf.h"

/* Files that a kernel, or what stands in for one, makes up when they are opened (configfs, Gramine's /dev/attestation): read whole, or written whole in one write, and closed, since some
 * of them take what was written only then. Names are relative to dir_fd; the pointer goes to the system as it is (sandbox.h compares it).
 *
 * Errors: ERR_NOT_FOUND: ENOENT; ERR_UNSUPPORTED: ENXIO, ENODEV, EOPNOTSUPP; ERR_STATE: EBUSY, EEXIST, ETXTBSY; ERR_TIMEOUT: EINTR, EAGAIN, ETIMEDOUT; ERR_DENIED: EACCES, EPERM; ERR_LIMIT: longer than ret
 * takes, EMSGSIZE; ERR_IO: all else, and a write that was taken in part. */
MUST_CHECK enum err attribute_read(int dir_fd, const char *name, struct buf *ret);
MUST_CHECK enum err attribute_write(int dir_fd, const char *name, struct span whole);

/* attribute_err is that list, for errno of other calls. */
enum err attribute_err(int errno_value);

#endif
