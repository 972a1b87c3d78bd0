/* Files below a folder's descriptor. */
#include "node/plugin/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_LEN_MAX = 256, DEPTH_MAX = 8 };

enum err folder_open(int *ret_fd, const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return ERR_IO;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    *ret_fd = fd;
    return OK;
}

static enum err open_part(int *ret_fd, int at, const char *part)
{
    if (mkdirat(at, part, 0700) != 0 && errno != EEXIST) {
        return ERR_IO;
    }
    int fd = openat(at, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ELOOP || errno == ENOTDIR ? ERR_DENIED : ERR_IO;
    }
    *ret_fd = fd;
    return OK;
}

enum err folder_open_at(int *ret_fd, const char **ret_base, int fd, const char *name)
{
    int at = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (at < 0) {
        return ERR_IO;
    }
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(name, '/')) {
        char part[PART_LEN_MAX];
        size_t n = (size_t)(slash - name);
        int next = -1;
        enum err e = n < sizeof part ? OK : ERR_LIMIT;
        if (e == OK) {
            memcpy(part, name, n);
            part[n] = '\0';
            e = open_part(&next, at, part);
        }
        (void)close(at);
        if (e != OK) {
            return e;
        }
        at = next;
        name = slash + 1;
    }
    *ret_fd = at;
    *ret_base = name;
    return OK;
}

/* Opens a regular file for reading and tells its length. */
static enum err open_file(int at, int *ret_fd, size_t *ret_len, const char *name, size_t len_max)
{
    struct stat st;
    /* Not to wait for a pipe that someone planted. */
    int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : errno == ELOOP ? ERR_DENIED : ERR_IO;
    }
    enum err e = fstat(fd, &st) == 0 ? OK : ERR_IO;
    if (e == OK && !S_ISREG(st.st_mode)) {
        e = ERR_DENIED;
    }
    if (e == OK && (st.st_size < 0 || (uint64_t)st.st_size > len_max)) {
        e = ERR_LIMIT;
    }
    if (e != OK) {
        (void)close(fd);
        return e;
    }
    *ret_fd = fd;
    *ret_len = (size_t)st.st_size;
    return OK;
}

static enum err read_all(int fd, struct mspan out)
{
    while (out.n > 0) {
        ssize_t n = read(fd, out.p, out.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ERR_IO; /* it was cut while we read */
        }
        out = mspan_from(out, (size_t)n);
    }
    return OK;
}

enum err folder_read(int fd, struct buf *ret, const char *name, size_t len_max)
{
    int file;
    size_t len;
    struct mspan room;
    TRY(open_file(fd, &file, &len, name, len_max));
    enum err e = buf_extend(ret, &room, len);
    if (e == OK) {
        e = read_all(file, room);
        if (e != OK) {
            buf_shrink(ret, ret->n - len);
        }
    }
    (void)close(file);
    return e;
}

static enum err write_all(int fd, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno != EINTR) {
            return ERR_IO;
        }
        bytes = span_from(bytes, n > 0 ? (size_t)n : 0);
    }
    return OK;
}

enum err folder_write(int fd, const char *name, struct span bytes, uint32_t mode)
{
    static const char aside[] = ".aside";
    if (unlinkat(fd, aside, 0) != 0 && errno != ENOENT) {
        return ERR_IO;
    }
    int file = openat(fd, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return ERR_IO;
    }
    enum err e = write_all(file, bytes);
    if (e == OK && (fchmod(file, (mode_t)mode) != 0 || fsync(file) != 0)) {
        e = ERR_IO;
    }
    if (close(file) != 0) {
        e = ERR_IO;
    }
    if (e == OK && renameat(fd, aside, fd, name) != 0) {
        e = ERR_IO;
    }
    if (e != OK) {
        (void)unlinkat(fd, aside, 0);
        return e;
    }
    return fsync(fd) == 0 ? OK : ERR_IO;
}

enum err folder_remove(int fd, const char *name)
{
    if (unlinkat(fd, name, 0) != 0) {
        return errno == ENOENT ? OK : ERR_IO;
    }
    return fsync(fd) == 0 ? OK : ERR_IO;
}

enum err folder_map_fd(int file, struct folder_map *ret, size_t len)
{
    void *p = len > 0 ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, file, 0) : NULL;
    if (p == MAP_FAILED) {
        return ERR_IO;
    }
    ret->bytes = span_of(p, len);
    return OK;
}

enum err folder_map(int fd, struct folder_map *ret, const char *name, size_t len_max)
{
    int file;
    size_t len;
    TRY(open_file(fd, &file, &len, name, len_max));
    enum err e = folder_map_fd(file, ret, len);
    (void)close(file);
    return e;
}

void folder_unmap(struct folder_map *m)
{
    if (m->bytes.n > 0) {
        (void)munmap((void *)(uintptr_t)m->bytes.p, m->bytes.n);
    }
    m->bytes = SPAN_EMPTY;
}

static enum err remove_tree(int at, const char *name, int depth)
{
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) {
        return OK;
    }
    if (errno != EISDIR && errno != EPERM) {
        return ERR_IO;
    }
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d || depth == DEPTH_MAX) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return ERR_IO;
    }
    enum err e = OK;
    for (struct dirent *entry = readdir(d); entry && e == OK; entry = readdir(d)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            e = remove_tree(dirfd(d), entry->d_name, depth + 1);
        }
    }
    (void)closedir(d);
    return e == OK && unlinkat(at, name, AT_REMOVEDIR) != 0 ? ERR_IO : e;
}

enum err folder_remove_tree(int fd, const char *name)
{
    return remove_tree(fd, name, 0);
}
