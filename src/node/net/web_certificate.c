/* The files of a certificate for secure WebSockets. */
#include "node/net/web_certificate.h"

#include "base/buf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    const char *path;
    const char *unreadable;
    bool is_private;
};

MUST_CHECK static enum err read_all(struct buf *into, int fd, struct mspan room)
{
    size_t n = 0;
    ssize_t got = 1;
    while (got > 0 && n < room.n) {
        struct mspan rest = mspan_from(room, n);
        got = read(fd, rest.p, rest.n);
        n += got > 0 ? (size_t)got : 0;
    }
    buf_shrink(into, n);
    return got < 0 ? ERR_IO : OK;
}

MUST_CHECK static enum err
read_open(struct buf *into, const char **ret_rule, const struct file *file, int fd)
{
    struct stat st;
    struct mspan room;
    *ret_rule = file->unreadable;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return ERR_IO;
    }
    /* A group may read it, as systems have one for keys of certificates, and systemd shows the mask of an access list there. */
    if (file->is_private && (st.st_mode & S_IRWXO) != 0) {
        *ret_rule = "others may read the file of the key: chmod o= it";
        return ERR_DENIED;
    }
    if (buf_extend(into, &room, TLS_WEB_PEM_LEN_MAX + 1) != OK) {
        *ret_rule = "there is no memory for it";
        return ERR_LIMIT;
    }
    return read_all(into, fd, room);
}

MUST_CHECK static enum err
read_file(struct buf *into, const char **ret_rule, const struct file *file)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum err err = read_open(into, ret_rule, file, fd);
    if (fd >= 0) {
        (void)close(fd);
    }
    return err;
}

enum err web_certificate_load(struct tls_web_context *c,
                              const char **ret_rule,
                              const struct web_certificate_files *files,
                              struct budget *budget)
{
    const struct file chain_file = {.path = files->chain,
                                    .unreadable = "the file of the certificate cannot be read"};
    const struct file key_file = {
        .path = files->key, .unreadable = "the file of the key cannot be read", .is_private = true};
    AUTO(buf_done) struct buf chain = {0};
    AUTO(buf_done) struct buf key = {0};
    buf_init(&chain, budget, TLS_WEB_PEM_LEN_MAX + 1);
    buf_init_secret(&key, budget, TLS_WEB_PEM_LEN_MAX + 1);
    TRY(read_file(&chain, ret_rule, &chain_file));
    TRY(read_file(&key, ret_rule, &key_file));
    return tls_web_context_serve(c, ret_rule, buf_span(&chain), buf_span(&key));
}
