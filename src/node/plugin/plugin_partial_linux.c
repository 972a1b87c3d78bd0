/* Receiving a file of a package chunk by chunk. Only chunks whose hash is right reach the disk, so a hostile source costs one chunk, and
 * what a crash leaves is good up to its last whole chunk. */
#include "node/plugin/plugin_store.h"

#include "codec/base16.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct receiving {
    const struct plugin_partial *p;
    int fd;
    uint64_t verified; /* bytes of the file on disk */
    uint8_t *chunk;    /* what came of the next one */
    size_t chunk_len;
    bool is_wrong;  /* the source lied */
    bool is_failed; /* the disk did */
};

void plugin_hash_text(char text[static PLUGIN_HASH_TEXT_LEN], const struct hash32 *hash)
{
    struct wr w = wr_init(mspan_of(text, PLUGIN_HASH_TEXT_LEN - 1));
    base16_encode(&w, SPAN_OF(hash->bytes));
    text[PLUGIN_HASH_TEXT_LEN - 1] = '\0';
}

static size_t chunk_len_at(const struct package_file *f, uint64_t offset)
{
    uint64_t left = f->length - offset;
    return left < PACKAGE_CHUNK_LEN ? (size_t)left : PACKAGE_CHUNK_LEN;
}

static bool is_chunk(const struct package_file *f, uint64_t offset, struct span bytes)
{
    struct hash32 want;
    struct hash32 got;
    sha256(&got, bytes);
    return package_file_chunk(f, (size_t)(offset / PACKAGE_CHUNK_LEN), &want) &&
           span_equal(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
}

static bool write_chunk(struct receiving *r)
{
    struct span rest = span_of(r->chunk, r->chunk_len);
    uint64_t at = r->verified;
    while (rest.n > 0) {
        ssize_t n = pwrite(r->fd, rest.p, rest.n, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += (uint64_t)n;
        rest = span_from(rest, (size_t)n);
    }
    r->verified = at;
    r->chunk_len = 0;
    return true;
}

static void tell(const struct receiving *r)
{
    const struct plugin_source *s = r->p->source;
    if (s->progress) {
        s->progress(s->user, r->p->done_before + r->verified, r->p->total);
    }
}

static bool take(void *user, struct span part)
{
    struct receiving *r = user;
    while (part.n > 0) {
        size_t want = chunk_len_at(r->p->file, r->verified);
        if (want == 0) {
            r->is_wrong = true; /* more than was signed */
            return false;
        }
        struct span some = span_take(&part, want - r->chunk_len);
        memcpy(r->chunk + r->chunk_len, some.p, some.n);
        r->chunk_len += some.n;
        if (r->chunk_len < want) {
            return true;
        }
        if (!is_chunk(r->p->file, r->verified, span_of(r->chunk, want))) {
            r->is_wrong = true;
            return false;
        }
        if (!write_chunk(r)) {
            r->is_failed = true;
            return false;
        }
        tell(r);
    }
    return true;
}

/* Counts the whole chunks that are there and right, and cuts off the rest. */
static enum err check_prefix(struct receiving *r)
{
    struct stat st;
    if (fstat(r->fd, &st) != 0) {
        return ERR_IO;
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        return ERR_DENIED;
    }
    while (r->verified < r->p->file->length) {
        size_t want = chunk_len_at(r->p->file, r->verified);
        ssize_t n = pread(r->fd, r->chunk, want, (off_t)r->verified);
        if (n != (ssize_t)want || !is_chunk(r->p->file, r->verified, span_of(r->chunk, want))) {
            break;
        }
        r->verified += want;
    }
    bool is_longer = (uint64_t)st.st_size > r->verified;
    return is_longer && ftruncate(r->fd, (off_t)r->verified) != 0 ? ERR_IO : OK;
}

/* One source after the other, each from where the one before left off. */
static enum err receive(struct receiving *r)
{
    const struct plugin_source *s = r->p->source;
    enum err last = ERR_NOT_FOUND;
    for (size_t i = 0; i < s->sources_count && r->verified < r->p->file->length; i++) {
        struct download_args to = {.offset = r->verified, .take = take, .user = r};
        r->chunk_len = 0;
        r->is_wrong = false;
        enum err e = s->fetch(s->user, i, r->p->file, &to);
        if (r->is_failed || e == ERR_CLOSED) {
            return r->is_failed ? ERR_IO : e; /* closed: whoever waits has had enough */
        }
        /* A source that has none says less than one before it that lied. */
        last = r->is_wrong ? ERR_AUTH : e == ERR_NOT_FOUND ? last : e;
    }
    if (r->verified == r->p->file->length) {
        return OK;
    }
    return last == OK ? ERR_AUTH : last; /* a source that ended early has lied about the length */
}

enum err plugin_partial_fetch(const struct plugin_partial *p)
{
    char name[PLUGIN_HASH_TEXT_LEN];
    struct receiving r = {.p = p};
    plugin_hash_text(name, &p->file->hash);
    r.fd = openat(p->folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (r.fd < 0) {
        return errno == ELOOP ? ERR_DENIED : ERR_IO;
    }
    r.chunk = malloc(PACKAGE_CHUNK_LEN);
    if (!r.chunk) {
        abort();
    }
    enum err e = check_prefix(&r);
    if (e == OK) {
        tell(&r);
        e = receive(&r);
    }
    if (e == OK && (fchmod(r.fd, (mode_t)p->file->mode) != 0 || fsync(r.fd) != 0)) {
        e = ERR_IO;
    }
    free(r.chunk);
    return close(r.fd) == 0 ? e : ERR_IO;
}
