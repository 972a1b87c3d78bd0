/* The programs that this server runs, offered to peers that look for them: whoever wants the package needs no mirror then. */
#include "node/server/server_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LEN_MAX ((uint64_t)CHUNK_INDEX_MAX * PACKAGE_CHUNK_LEN)

/* All of it or ERR_IO. */
static enum err read_at(int fd, struct mspan room, uint64_t at)
{
    while (room.n > 0) {
        ssize_t n = pread(fd, room.p, room.n, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ERR_IO;
        }
        at += (uint64_t)n;
        room = mspan_from(room, (size_t)n);
    }
    return OK;
}

static size_t chunk_len(uint64_t length, uint64_t at)
{
    uint64_t left = at < length ? length - at : 0;
    return left < PACKAGE_CHUNK_LEN ? (size_t)left : PACKAGE_CHUNK_LEN;
}

static enum err shelf_read(struct chunk_shelf *self,
                           uint8_t ret[static PACKAGE_CHUNK_LEN],
                           size_t *ret_len,
                           const struct chunk_request *r)
{
    const struct server_package *p = (const struct server_package *)(const void *)self;
    uint64_t at = (uint64_t)r->index * PACKAGE_CHUNK_LEN;
    for (size_t i = 0; i < p->files_count; i++) {
        const struct server_package_file *f = &p->files[i];
        size_t n = chunk_len(f->length, at);
        if (n > 0 && span_equal(SPAN_OF(f->hash.bytes), SPAN_OF(r->file.bytes))) {
            TRY(read_at(f->fd, mspan_of(ret, n), at));
            *ret_len = n;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err hash_file(struct hash32 *ret, int fd, uint64_t length)
{
    uint8_t *chunk = malloc(PACKAGE_CHUNK_LEN);
    struct sha256 h;
    enum err e = chunk ? OK : ERR_LIMIT;
    sha256_init(&h);
    for (uint64_t at = 0; at < length && e == OK; at += PACKAGE_CHUNK_LEN) {
        size_t n = chunk_len(length, at);
        e = read_at(fd, mspan_of(chunk, n), at);
        if (e == OK) {
            sha256_add(&h, span_of(chunk, n));
        }
    }
    sha256_end(&h, ret);
    free(chunk);
    return e;
}

/* A program that cannot be read, or is no package's size, is not offered. */
static void add(struct server_package *p, const char *path)
{
    struct server_package_file *f = &p->files[p->files_count];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    f->fd = fd;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        (uint64_t)st.st_size <= FILE_LEN_MAX) {
        f->length = (uint64_t)st.st_size;
        if (hash_file(&f->hash, fd, f->length) == OK) {
            p->files_count++;
            return;
        }
    }
    (void)close(fd);
}

enum err server_package_start(struct server *s)
{
    struct server_package *p = &s->package;
    p->shelf.read = shelf_read;
    if (!s->config->is_package) {
        return OK;
    }
    /* The very file that runs: another may lie at its path by now. */
    add(p, "/proc/self/exe");
    add(p, s->config->places.keyd);
    struct chunk_host_cfg cfg = {.budget = &s->service_budget, .shelf = &p->shelf};
    cfg.seed[0] = rng_u64(&s->entropy.rng);
    cfg.seed[1] = rng_u64(&s->entropy.rng);
    return chunk_host_init(&p->host, &s->host, &cfg);
}

void server_package_stop(struct server *s)
{
    chunk_host_done(&s->package.host);
    for (size_t i = 0; i < s->package.files_count; i++) {
        (void)close(s->package.files[i].fd);
    }
    s->package.files_count = 0;
}
