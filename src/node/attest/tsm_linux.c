/* configfs-tsm on Linux: mkdir, rmdir, and files that are opened for each read and write. */
#include "codec/decimal.h"
#include "node/attest/attribute.h"
#include "node/attest/collector_devices.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {"provider", "generation", "inblob", "outblob", "auxblob"};
static_assert(sizeof names / sizeof names[0] ==
                  sizeof((struct tsm_files *)0)->paths / sizeof((struct tsm_files *)0)->paths[0],
              "a path for each");

static struct tsm_files *of(struct tsm_ops *ops)
{
    return (struct tsm_files *)(void *)ops;
}

static enum err files_make(struct tsm_ops *ops, const char *dir)
{
    return mkdirat(of(ops)->fd, dir, 0700) == 0 ? OK : attribute_err(errno);
}

static enum err files_remove(struct tsm_ops *ops, const char *dir)
{
    return unlinkat(of(ops)->fd, dir, AT_REMOVEDIR) == 0 ? OK : attribute_err(errno);
}

/* The path that was written down before the sandbox closed: it compares addresses. */
static const char *path_of(const struct tsm_files *f, const char *file)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], file) == 0) {
            return f->paths[i];
        }
    }
    return "";
}

static enum err
files_write(struct tsm_ops *ops, const char *dir, const char *file, struct span whole)
{
    (void)dir;
    return attribute_write(of(ops)->fd, path_of(of(ops), file), whole);
}

static enum err files_read(struct tsm_ops *ops, const char *dir, const char *file, struct buf *ret)
{
    (void)dir;
    return attribute_read(of(ops)->fd, path_of(of(ops), file), ret);
}

/* Requests of processes that were killed over them: each holds a report in the kernel's memory. */
static void remove_leftovers(int fd)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again >= 0 ? fdopendir(again) : NULL;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        uint64_t pid = 0;
        struct span digits = span_str(e->d_name);
        bool is_ours = span_starts_with(digits, SPAN_LIT("passmesh-")) &&
                       decimal_parse(&pid, span_from(digits, 9), INT32_MAX) == OK && pid > 0;
        if (is_ours && kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
            (void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
        }
    }
    if (d) {
        (void)closedir(d);
    }
}

void tsm_files_open(struct tsm_files *f, const char *root)
{
    char path[256];
    *f = (struct tsm_files){
        .ops = {
                .make = files_make, .remove = files_remove, .write = files_write, .read = files_read}
    };
    (void)snprintf(f->dir, sizeof f->dir, "passmesh-%d", (int)getpid());
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(f->paths[i], sizeof f->paths[i], "%s/%s", f->dir, names[i]);
    }
    int n = snprintf(path, sizeof path, "%s/sys/kernel/config/tsm/report", root);
    bool is_ours = n > 0 && (size_t)n < sizeof path && access(path, W_OK | X_OK) == 0;
    f->fd = is_ours ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (f->fd >= 0) {
        remove_leftovers(f->fd);
    }
}
