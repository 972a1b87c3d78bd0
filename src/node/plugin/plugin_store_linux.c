/* Versions of a plugin on disk: see plugin_store.h. No name from outside reaches the kernel unchecked, no link is followed, and each folder is reached by
 * its descriptor. */
#include "node/plugin/plugin_store.h"

#include "base/buf.h"
#include "base/mem.h"
#include "node/plugin/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_NAME_ROOM = 256,
    FILE_LEN_MAX = 256 << 20,
    DEPTH_MAX = 8,
    LOCK_WAIT_MS = 1500,
    LOCK_STEP_MS = 10
};

static const char journal_name[] = "journal";
static const char manifest_name[] = "manifest";

static enum err fail(struct plugin_store *s, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum err fail(struct plugin_store *s, enum err e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(s->words, sizeof s->words, format, args);
    va_end(args);
    return e;
}

/* A folder of ours that nobody else may enter. */
static enum err open_own(struct plugin_store *s, int *ret_fd, int at, const char *name)
{
    struct stat st;
    if (mkdirat(at, name, 0700) != 0 && errno != EEXIST) {
        return fail(s, ERR_IO, "%s cannot be made: %s", name, strerror(errno));
    }
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return fail(s, errno == ELOOP || errno == ENOTDIR ? ERR_DENIED : ERR_IO,
                    "%s is no folder of ours", name);
    }
    if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        (void)close(fd);
        return fail(s, ERR_DENIED, "%s belongs to someone else, or others may enter it", name);
    }
    *ret_fd = fd;
    return OK;
}

/* A process that was just killed may hold the lock for some milliseconds more. */
static enum err take_lock(struct plugin_store *s)
{
    s->lock = openat(s->dir, "LOCK", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0) {
        return fail(s, errno == ELOOP ? ERR_DENIED : ERR_IO, "the lock cannot be opened");
    }
    for (int waited_ms = 0; flock(s->lock, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_STEP_MS) {
        const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};
        if (waited_ms >= LOCK_WAIT_MS) {
            return fail(s, ERR_STATE, "another process works on it");
        }
        (void)nanosleep(&step, NULL);
    }
    return OK;
}

static enum err read_journal(struct plugin_store *s)
{
    struct buf text;
    struct diag why = {0};
    memset(&s->journal, 0, sizeof s->journal);
    buf_init(&text, s->budget, JOURNAL_TEXT_MAX);
    enum err e = folder_read(s->dir, &text, journal_name, JOURNAL_TEXT_MAX);
    if (e == OK) {
        e = journal_parse(&s->journal, buf_span(&text), &why);
    }
    buf_done(&text);
    if (e != OK && e != ERR_NOT_FOUND) {
        return fail(s, e == ERR_DENIED ? e : ERR_IO, "the journal cannot be read: %s",
                    why.rule ? why.rule : err_name(e));
    }
    return OK;
}

static enum err write_journal(struct plugin_store *s, const struct journal *j)
{
    uint8_t text[JOURNAL_TEXT_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    TRY(journal_print(&w, j));
    enum err e = folder_write(s->dir, journal_name, span_of(text, w.n), 0600);
    if (e != OK) {
        return fail(s, e, "the journal cannot be written: %s", strerror(errno));
    }
    s->journal = *j;
    return OK;
}

typedef bool (*keep_fn)(const struct plugin_store *s, const char *name);

static bool keep_named(const struct plugin_store *s, const char *name)
{
    struct journal_id id = {{0}};
    size_t n = strlen(name);
    memcpy(id.text, name, n < JOURNAL_ID_LEN ? n : JOURNAL_ID_LEN);
    return n == JOURNAL_ID_LEN && journal_names(&s->journal, &id);
}

static bool keep_none(const struct plugin_store *s, const char *name)
{
    (void)s;
    (void)name;
    return false;
}

static enum err clear(const struct plugin_store *s, int folder, keep_fn keep)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        return ERR_IO;
    }
    enum err e = OK;
    for (struct dirent *entry = readdir(d); entry && e == OK; entry = readdir(d)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !keep(s, entry->d_name)) {
            e = folder_remove_tree(folder, entry->d_name);
        }
    }
    (void)closedir(d);
    return e;
}

enum err plugin_store_open(struct plugin_store *s, const char *path, struct budget *budget)
{
    memset(s, 0, sizeof *s);
    s->dir = s->versions = s->partial = s->staging = s->lock = -1;
    s->budget = budget;
    TRY(open_own(s, &s->dir, AT_FDCWD, path));
    TRY(take_lock(s));
    TRY(open_own(s, &s->versions, s->dir, "versions"));
    TRY(open_own(s, &s->partial, s->dir, "partial"));
    TRY(open_own(s, &s->staging, s->dir, "staging"));
    TRY(read_journal(s));
    if (clear(s, s->staging, keep_none) != OK || clear(s, s->versions, keep_named) != OK) {
        return fail(s, ERR_IO, "what was left over cannot be removed");
    }
    return OK;
}

void plugin_store_close(struct plugin_store *s)
{
    int fds[] = {s->versions, s->partial, s->staging, s->dir, s->lock};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    s->dir = s->versions = s->partial = s->staging = s->lock = -1;
}

static enum err receive_all(struct plugin_store *s, const struct plugin_install *in)
{
    struct plugin_partial p = {.folder = s->partial, .source = in->source};
    for (size_t i = 0; i < in->files_count; i++) {
        p.total += in->files[i].length;
    }
    for (size_t i = 0; i < in->files_count; i++) {
        p.file = &in->files[i];
        enum err e = plugin_partial_fetch(&p);
        if (e != OK) {
            return fail(s, e, "%.*s could not be received: %s", (int)p.file->name.n,
                        (const char *)p.file->name.p,
                        e == ERR_AUTH ? "what came is not what was signed" : err_name(e));
        }
        p.done_before += p.file->length;
    }
    return OK;
}

static void name_of(char name[static FILE_NAME_ROOM], struct span file)
{
    size_t n = span_copy(mspan_of(name, FILE_NAME_ROOM - 1), file);
    name[n] = '\0';
}

/* A file of the version: the received one, under its name. The received one stays until the switch. */
static enum err place_file(struct plugin_store *s, int folder, const struct package_file *f)
{
    char hash[PLUGIN_HASH_TEXT_LEN];
    char name[FILE_NAME_ROOM];
    plugin_hash_text(hash, &f->hash);
    name_of(name, f->name);
    if (linkat(s->partial, hash, folder, name, 0) != 0) {
        return fail(s, ERR_IO, "%s cannot be put in place: %s", name, strerror(errno));
    }
    return OK;
}

static enum err put_together(struct plugin_store *s,
                             const struct plugin_install *in,
                             const struct journal_id *id,
                             struct span manifest)
{
    int folder;
    TRY(clear(s, s->staging, keep_none));
    if (mkdirat(s->staging, id->text, 0700) != 0) {
        return fail(s, ERR_IO, "the version cannot be put together: %s", strerror(errno));
    }
    folder = openat(s->staging, id->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder < 0) {
        return fail(s, ERR_IO, "the version cannot be put together: %s", strerror(errno));
    }
    enum err e = OK;
    for (size_t i = 0; i < in->files_count && e == OK; i++) {
        e = place_file(s, folder, &in->files[i]);
    }
    if (e == OK &&
        folder_write(folder, manifest_name, manifest, 0644) != OK) { /* syncs the folder */
        e = fail(s, ERR_IO, "the manifest cannot be written: %s", strerror(errno));
    }
    (void)close(folder);
    if (e == OK &&
        (fsync(s->staging) != 0 || renameat(s->staging, id->text, s->versions, id->text) != 0 ||
         fsync(s->versions) != 0)) {
        e = fail(s, ERR_IO, "the version cannot be moved to its place: %s", strerror(errno));
    }
    return e;
}

/* After the switch: what was received, and versions that nothing names. */
static void tidy(struct plugin_store *s, const struct plugin_install *in)
{
    for (size_t i = 0; i < in->files_count; i++) {
        char hash[PLUGIN_HASH_TEXT_LEN];
        plugin_hash_text(hash, &in->files[i].hash);
        (void)unlinkat(s->partial, hash, 0);
    }
    if (clear(s, s->versions, keep_named) != OK) {
        (void)fail(s, ERR_IO, "an old version cannot be removed"); /* the next open tries again */
    }
}

static enum err
install(struct plugin_store *s, const struct plugin_install *in, struct span manifest)
{
    struct journal_id id;
    struct journal next = s->journal;
    manifest_id(&id, manifest);
    enum err e = journal_install(&next, &id);
    if (e != OK) {
        return fail(s, e, "this version failed here before");
    }
    if (plugin_store_verify(s, &id, NULL) != OK) {
        if (folder_remove_tree(s->versions, id.text) != OK) {
            return fail(s, ERR_IO, "a broken version cannot be removed");
        }
        TRY(receive_all(s, in));
        TRY(put_together(s, in, &id, manifest));
        TRY(plugin_store_verify(s, &id, NULL));
    }
    next = s->journal; /* what runs may have passed its trial meanwhile, or failed */
    TRY(journal_install(&next, &id));
    TRY(write_journal(s, &next)); /* the switch */
    tidy(s, in);
    return OK;
}

enum err plugin_store_install(struct plugin_store *s, const struct plugin_install *in)
{
    struct buf manifest;
    struct mspan room;
    buf_init(&manifest, s->budget, MANIFEST_LEN_MAX);
    TRY(buf_extend(&manifest, &room, MANIFEST_LEN_MAX));
    struct wr w = wr_init(room);
    enum err e = manifest_print(&w, in->package, in->files, in->files_count);
    e = e == OK ? install(s, in, span_of(room.p, w.n)) : fail(s, e, "the manifest is too long");
    buf_done(&manifest);
    return e;
}

enum err plugin_store_manifest(struct plugin_store *s,
                               const struct journal_id *id,
                               struct buf *text,
                               struct manifest *ret)
{
    struct journal_id got;
    struct diag why = {0};
    int folder = openat(s->versions, id->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder < 0) {
        return fail(s, errno == ENOENT ? ERR_NOT_FOUND : ERR_AUTH, "there is no such version");
    }
    enum err e = folder_read(folder, text, manifest_name, MANIFEST_LEN_MAX);
    (void)close(folder);
    if (e == OK) {
        manifest_id(&got, buf_span(text));
        e = journal_id_equal(&got, id) ? manifest_parse(ret, buf_span(text), &why) : ERR_AUTH;
    }
    return e == OK ? OK : fail(s, ERR_AUTH, "the manifest is not the one that was installed");
}

/* One file as the manifest has it; its descriptor if it is wanted. */
static enum err verify_file(int folder, const struct manifest_file *f, int *ret_fd)
{
    char name[FILE_NAME_ROOM];
    struct stat st;
    struct folder_map map;
    struct hash32 hash;
    name_of(name, f->name);
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return ERR_AUTH;
    }
    bool is_as_listed = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
                        (st.st_mode & 07777) == (mode_t)f->mode &&
                        (uint64_t)st.st_size == f->length;
    enum err e = is_as_listed ? folder_map_fd(fd, &map, (size_t)f->length) : ERR_AUTH;
    if (e == OK) {
        sha256(&hash, map.bytes);
        folder_unmap(&map);
        e = span_equal(SPAN_OF(hash.bytes), SPAN_OF(f->hash.bytes)) ? OK : ERR_AUTH;
    }
    if (e == OK && ret_fd) {
        *ret_fd = fd;
        return OK;
    }
    (void)close(fd);
    return e;
}

/* Nothing stands in the folder but the manifest and its files. */
static bool is_nothing_else(int folder, const struct manifest *m)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    size_t count = 0;
    if (!d) {
        return false;
    }
    for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(d);
    return count == m->files_count + 1;
}

static enum err
verify_folder(struct plugin_store *s, int folder, const struct manifest *m, int *ret_entry)
{
    int entry = -1;
    for (size_t i = 0; i < m->files_count; i++) {
        const struct manifest_file *f = &m->files[i];
        bool is_wanted = ret_entry && entry < 0 && span_equal(f->name, m->entry);
        if (verify_file(folder, f, is_wanted ? &entry : NULL) != OK) {
            if (entry >= 0) {
                (void)close(entry);
            }
            return fail(s, ERR_AUTH, "%.*s is not as it was installed", (int)f->name.n,
                        (const char *)f->name.p);
        }
    }
    if (!is_nothing_else(folder, m)) {
        if (entry >= 0) {
            (void)close(entry);
        }
        return fail(s, ERR_AUTH, "there is a file that was not installed");
    }
    if (ret_entry) {
        *ret_entry = entry;
    }
    return OK;
}

enum err plugin_store_verify(struct plugin_store *s, const struct journal_id *id, int *ret_entry)
{
    struct buf text;
    struct manifest *m;
    void *p;
    if (!journal_id_is_set(id)) {
        return fail(s, ERR_NOT_FOUND, "nothing is installed");
    }
    TRY(mem_alloc(s->budget, &p, sizeof *m));
    m = p;
    buf_init(&text, s->budget, MANIFEST_LEN_MAX);
    enum err e = plugin_store_manifest(s, id, &text, m);
    if (e == OK) {
        int folder = openat(s->versions, id->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        e = folder >= 0 ? verify_folder(s, folder, m, ret_entry) : ERR_IO;
        if (folder >= 0) {
            (void)close(folder);
        }
    }
    buf_done(&text);
    mem_free(s->budget, p, sizeof *m);
    return e;
}

enum err plugin_store_pass(struct plugin_store *s)
{
    struct journal next = s->journal;
    journal_pass(&next);
    return write_journal(s, &next);
}

enum err plugin_store_fail(struct plugin_store *s, bool *ret_is_back)
{
    struct journal next = s->journal;
    bool is_back = journal_fail(&next);
    TRY(write_journal(s, &next));
    if (clear(s, s->versions, keep_named) != OK) {
        (void)fail(s, ERR_IO,
                   "the failed version cannot be removed"); /* the next open tries again */
    }
    *ret_is_back = is_back;
    return OK;
}

enum err plugin_store_remove(struct plugin_store *s)
{
    /* The journal first: without it nothing is installed, and the rest is only left over. */
    if (folder_remove(s->dir, journal_name) != OK) {
        return fail(s, ERR_IO, "the journal cannot be removed");
    }
    memset(&s->journal, 0, sizeof s->journal);
    bool is_clear = clear(s, s->versions, keep_none) == OK &&
                    clear(s, s->partial, keep_none) == OK && clear(s, s->staging, keep_none) == OK;
    return is_clear ? OK : fail(s, ERR_IO, "not everything can be removed");
}
