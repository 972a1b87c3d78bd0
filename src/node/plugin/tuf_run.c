/* Between a TUF client, a folder and a server. */
#include "node/plugin/tuf_run.h"

#include "base/mem.h"
#include "node/plugin/folder.h"
#include "plugin/target_name.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_ROOM = TUF_TARGET_NAME_MAX + 1 };

static const char part_name[] = ".part";

/* base, a slash if it has none at its end, and name. */
static enum err make_url(char url[static DOWNLOAD_URL_LEN_MAX], const char *base, struct span name)
{
    size_t n = strlen(base);
    const char *slash = n > 0 && base[n - 1] == '/' ? "" : "/";
    int len = snprintf(url, DOWNLOAD_URL_LEN_MAX, "%s%s%.*s", base, slash, (int)name.n,
                       (const char *)name.p);
    return len > 0 && len < DOWNLOAD_URL_LEN_MAX ? OK : ERR_LIMIT;
}

/* Is it a root that a threshold of its own keys signed? */
static enum err check_root(struct span root, struct budget *budget, struct tuf_fault *fault)
{
    void *p;
    struct tuf_metadata m;
    TRY(mem_alloc(budget, &p, sizeof(struct tuf_work)));
    struct tuf_work *work = p;
    enum err e = tuf_work_init(work, budget, root.n + 1);
    if (e == OK) {
        bool is_good =
            tuf_metadata_parse(&m, TUF_ROOT, root, work, &fault->why) == OK &&
            tuf_metadata_verify(&m, tuf_signers_of(&m, TUF_ROOT), work, &fault->why) == OK;
        fault->code = is_good ? TUF_OK : TUF_ROOT_TRUSTED;
        e = is_good ? OK : ERR_AUTH;
    }
    tuf_work_done(work);
    mem_free(budget, p, sizeof(struct tuf_work));
    return e;
}

enum err tuf_run_init_root(int dir,
                           struct tuf_run_root root,
                           struct budget *budget,
                           struct tuf_fault *ret_fault)
{
    struct stat st;
    *ret_fault = (struct tuf_fault){.code = TUF_OK};
    bool is_there = fstatat(dir, "root.json", &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (is_there && !root.is_forced) {
        return OK; /* what is stored may be further on; the update looks at it */
    }
    TRY(check_root(root.bytes, budget, ret_fault));
    return folder_write(dir, "root.json", root.bytes, 0600);
}

static bool take_metadata(void *user, struct span part)
{
    struct tuf_client *c = user;
    return tuf_client_recv(c, part) == OK;
}

static enum err answer_local(struct tuf_run *r, const struct tuf_event *e)
{
    struct folder_map m;
    enum tuf_answer a = TUF_ANSWER_ABSENT;
    if (folder_map(r->dir, &m, e->name, e->len_max) == OK) {
        a = tuf_client_recv(&r->client, m.bytes) == OK ? TUF_ANSWER_WHOLE : TUF_ANSWER_FAILED;
        folder_unmap(&m);
    }
    return tuf_client_end(&r->client, a);
}

static enum err answer_remote(struct tuf_run *r, const struct tuf_event *e)
{
    char url[DOWNLOAD_URL_LEN_MAX];
    struct download_args args = {.url = url, .take = take_metadata, .user = &r->client};
    TRY(make_url(url, r->url, span_str(e->name)));
    switch (download_get(r->download, &args)) {
    case OK:
    case ERR_LIMIT:       return tuf_client_end(&r->client, TUF_ANSWER_WHOLE);
    case ERR_NOT_FOUND:   return tuf_client_end(&r->client, TUF_ANSWER_ABSENT);
    case ERR_TRUNCATED:
    case ERR_MALFORMED:
    case ERR_UNSUPPORTED:
    case ERR_STATE:
    case ERR_AUTH:
    case ERR_DENIED:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_INTERNAL:
    case ERR_COUNT:       break;
    }
    return tuf_client_end(&r->client, TUF_ANSWER_FAILED);
}

static enum err drive(struct tuf_run *r)
{
    struct tuf_event e;
    while (tuf_client_poll(&r->client, &e)) {
        switch (e.type) {
        case TUF_EVENT_ASK_LOCAL:  TRY(answer_local(r, &e)); break;
        case TUF_EVENT_ASK_REMOTE: TRY(answer_remote(r, &e)); break;
        case TUF_EVENT_STORE:      TRY(folder_write(r->dir, e.name, e.bytes, 0600)); break;
        case TUF_EVENT_REMOVE:     TRY(folder_remove(r->dir, e.name)); break;
        case TUF_EVENT_DONE:
        case TUF_EVENT_FOUND:      return OK;
        case TUF_EVENT_FAILED:     return tuf_code_err(tuf_client_fault(&r->client)->code);
        }
    }
    return ERR_INTERNAL;
}

enum err tuf_run_update(struct tuf_run *r, struct budget *budget, walltime time_min)
{
    time_t now = time(NULL);
    struct tuf_cfg cfg = tuf_cfg_default((walltime){.s = now > 0 ? (uint64_t)now : 0});
    cfg.time_min = time_min;
    TRY(tuf_client_init(&r->client, budget, &cfg));
    return drive(r);
}

enum err tuf_run_search(struct tuf_run *r, struct span path)
{
    TRY(tuf_client_search(&r->client, path));
    return drive(r);
}

/* A file that is being received: never longer than was signed. */
struct receiving {
    int fd;
    uint64_t left;
    bool is_over;
    bool is_failed;
};

static bool take_target(void *user, struct span part)
{
    struct receiving *rec = user;
    if (part.n > rec->left) {
        rec->is_over = true;
        return false;
    }
    rec->left -= part.n;
    while (part.n > 0) {
        ssize_t n = write(rec->fd, part.p, part.n);
        if (n < 0) {
            rec->is_failed = true;
            return false;
        }
        part = span_from(part, (size_t)n);
    }
    return true;
}

static enum err check_file(struct tuf_run *r, int folder, const char *name, struct tuf_fault *fault)
{
    struct folder_map m;
    const struct tuf_target *target = tuf_client_target(&r->client);
    TRY(folder_map(folder, &m, name, (size_t)target->length));
    enum err e = tuf_target_check(target, m.bytes, fault);
    folder_unmap(&m);
    return e;
}

static enum err receive(struct tuf_run *r, int fd, const char *url, struct tuf_fault *fault)
{
    struct receiving rec = {.fd = fd, .left = tuf_client_target(&r->client)->length};
    struct download_args args = {.url = url, .take = take_target, .user = &rec};
    enum err e = download_get(r->download, &args);
    if (rec.is_failed || fsync(fd) != 0) {
        return ERR_IO;
    }
    if (rec.is_over) {
        fault->code = TUF_TARGET_CAP;
    } else if (e != OK) {
        fault->code = TUF_TARGET_FETCH;
        fault->why.rule = e == ERR_NOT_FOUND ? "the server has none" : "the transfer failed";
    }
    return tuf_code_err(fault->code);
}

static enum err fetch_aside(struct tuf_run *r, int folder, const char *url, struct tuf_fault *fault)
{
    if (unlinkat(folder, part_name, 0) != 0 &&
        faccessat(folder, part_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return ERR_IO;
    }
    int fd = openat(folder, part_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return ERR_IO;
    }
    enum err e = receive(r, fd, url, fault);
    (void)close(fd);
    if (e == OK) {
        e = check_file(r, folder, part_name, fault);
    }
    if (e != OK) {
        (void)unlinkat(folder, part_name, 0);
    }
    return e;
}

static enum err
fetch_to(struct tuf_run *r, int folder, const char *base, const char *url, struct tuf_fault *fault)
{
    struct tuf_fault unused = {.code = TUF_OK};
    if (check_file(r, folder, base, &unused) == OK) {
        return OK; /* it is there already */
    }
    TRY(fetch_aside(r, folder, url, fault));
    return renameat(folder, part_name, folder, base) == 0 && fsync(folder) == 0 ? OK : ERR_IO;
}

enum err
tuf_run_fetch(struct tuf_run *r, const struct tuf_run_target *target, struct tuf_fault *ret_fault)
{
    char name[NAME_ROOM] = "";
    char url[DOWNLOAD_URL_LEN_MAX];
    uint8_t path[DOWNLOAD_URL_LEN_MAX];
    const char *base;
    int folder;
    *ret_fault = (struct tuf_fault){.code = TUF_OK};
    if (!target_name_is_safe(target->path)) {
        ret_fault->code = TUF_TARGET_NAME;
        return tuf_code_err(ret_fault->code);
    }
    struct wr w = wr_init(MSPAN_OF(path));
    TRY(tuf_target_url(&r->client, &w, target->path, tuf_client_target(&r->client)));
    TRY(make_url(url, target->targets_url, span_of(path, w.n)));
    (void)span_copy(mspan_of(name, sizeof name - 1), target->path);
    TRY(folder_open_at(&folder, &base, target->folder, name));
    enum err e = fetch_to(r, folder, base, url, ret_fault);
    (void)close(folder);
    return e;
}
