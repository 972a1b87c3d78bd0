/* From repository to installed version: see plugin.h. */
#include "node/plugin/plugin.h"

#include "base/arith.h"
#include "codec/base16.h"
#include "node/plugin/folder.h"
#include "node/plugin/machine.h"
#include "plugin/tuf_body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    MEMORY_MAX = 128 << 20,
    ROOT_LEN_MAX = 512000,
    LIST_LEN_MAX = PLUGIN_MIRRORS_MAX * PLUGIN_URL_LEN_MAX
};

/* A clock before this is wrong: 2026-01-01, before which nothing of this was built. */
#define TIME_MIN_S UINT64_C(1767225600)

static const char list_name[] = "repository";
static const char package_name[] = "server";
static const char first_name[] = "first.json";

static enum err fail(struct plugin *p, enum err e, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static enum err fail(struct plugin *p, enum err e, const char *code, const char *format, ...)
{
    va_list args;
    p->code = code;
    p->step = "";
    va_start(args, format);
    (void)vsnprintf(p->text, sizeof p->text, format, args);
    va_end(args);
    return e;
}

static enum err fail_store(struct plugin *p, enum err e)
{
    const char *code = e == ERR_AUTH                    ? "install_wrong_bytes"
                       : e == ERR_DENIED                ? "install_failed_before"
                       : e == ERR_CLOSED                ? "install_cancelled"
                       : e == ERR_IO && errno == ENOSPC ? "install_disk"
                                                        : "install_unreachable";
    return fail(p, e, code, "%s", p->store.words[0] ? p->store.words : err_name(e));
}

static const char *attack_code(const struct tuf_fault *fault)
{
    static const char *const codes[][2] = {
        {"arbitrary software", "repository_forged"     },
        {"endless data",       "repository_endless"    },
        {"freeze",             "repository_freeze"     },
        {"mix and match",      "repository_mix"        },
        {"rollback",           "repository_rollback"   },
        {"withholding",        "repository_unreachable"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i][0], tuf_code_attack(fault->code)) == 0) {
            return fault->code == TUF_CLOCK ? "clock_wrong" : codes[i][1];
        }
    }
    return "repository_unreachable";
}

static enum err fail_tuf(struct plugin *p, enum err e, const struct tuf_fault *fault)
{
    char text[TUF_FAULT_TEXT_LEN];
    tuf_fault_print(text, fault);
    (void)fail(p, e, attack_code(fault), "The repository is refused: %s.",
               fault->code == TUF_OK ? err_name(e) : text);
    p->step = tuf_code_section(fault->code);
    return e;
}

/* What the root that was added says of itself; it was verified then. */
static bool reads_development(struct plugin *p)
{
    struct folder_map first;
    struct json root;
    struct tuf_metadata m = {0};
    bool is_so = false;
    if (folder_map(p->dir, &first, first_name, ROOT_LEN_MAX) == OK) {
        is_so = json_parse(&root, first.bytes, NULL) == OK && json_find(&m.body, root, "signed") &&
                tuf_body_is_development(&m);
        folder_unmap(&first);
    }
    return is_so;
}

static enum err read_mirrors(struct plugin *p)
{
    struct buf text;
    buf_init(&text, &p->budget, LIST_LEN_MAX);
    enum err e = folder_read(p->dir, &text, list_name, LIST_LEN_MAX);
    struct span rest = buf_span(&text);
    while (e == OK && rest.n > 0 && p->mirrors_count < PLUGIN_MIRRORS_MAX) {
        struct span line = span_take(&rest, span_find(rest, '\n'));
        (void)span_take(&rest, 1);
        if (line.n > 0 && line.n < PLUGIN_URL_LEN_MAX) {
            (void)span_copy(mspan_of(p->mirrors[p->mirrors_count++], PLUGIN_URL_LEN_MAX - 1), line);
        }
    }
    buf_done(&text);
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err plugin_open(struct plugin *p, const char *path)
{
    char store[DOWNLOAD_URL_LEN_MAX];
    const char *base;
    memset(p, 0, sizeof *p);
    p->dir = p->metadata = -1;
    p->store.dir = p->store.versions = p->store.partial = p->store.staging = p->store.lock = -1;
    budget_init(&p->budget, NULL, "system", MEMORY_MAX);
    if (folder_open(&p->dir, path) != OK ||
        folder_open_at(&p->metadata, &base, p->dir, "metadata/x") != OK) {
        return fail(p, ERR_IO, "store_broken", "The folder %s cannot be opened.", path);
    }
    int n = snprintf(store, sizeof store, "%s/store", path);
    if (n < 0 || (size_t)n >= sizeof store) {
        return fail(p, ERR_LIMIT, "store_broken", "The path is too long.");
    }
    enum err e = plugin_store_open(&p->store, store, &p->budget);
    if (e != OK) {
        return fail_store(p, e);
    }
    machine_look(&p->machine, path);
    p->is_development = reads_development(p);
    TRY(download_init(&p->download));
    return read_mirrors(p) == OK
               ? OK
               : fail(p, ERR_IO, "store_broken", "The list of mirrors cannot be read.");
}

void plugin_close(struct plugin *p)
{
    tuf_client_done(&p->run.client);
    download_done(&p->download);
    plugin_store_close(&p->store);
    if (p->metadata >= 0) {
        (void)close(p->metadata);
    }
    if (p->dir >= 0) {
        (void)close(p->dir);
    }
    p->dir = p->metadata = -1;
}

static enum err write_mirrors(struct plugin *p)
{
    struct buf text;
    buf_init(&text, &p->budget, LIST_LEN_MAX + PLUGIN_MIRRORS_MAX);
    struct wr w = wr_init_buf(&text);
    for (size_t i = 0; i < p->mirrors_count; i++) {
        wr_str(&w, p->mirrors[i]);
        wr_u8(&w, '\n');
    }
    enum err e = wr_end(&w);
    e = e == OK ? folder_write(p->dir, list_name, buf_span(&text), 0600) : e;
    buf_done(&text);
    return e == OK ? OK : fail(p, e, "store_broken", "The list of mirrors cannot be written.");
}

static bool is_url(const char *url)
{
    bool is_web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    for (const char *c = url; *c; c++) {
        if (*c <= ' ' || *c == 0x7f) {
            return false;
        }
    }
    return is_web && strlen(url) < PLUGIN_URL_LEN_MAX;
}

/* The first root is kept as "first.json", so that a second mirror can be told from a second repository. */
static enum err trust_root(struct plugin *p, struct span root)
{
    struct folder_map first;
    struct tuf_fault fault;
    enum err there = folder_map(p->dir, &first, first_name, ROOT_LEN_MAX);
    if (there == OK) {
        bool is_same = span_equal(first.bytes, root);
        folder_unmap(&first);
        return is_same ? OK
                       : fail(p, ERR_STATE, "repository_other",
                              "There is another repository; forget that one first.");
    }
    struct tuf_run_root trusted = {.bytes = root, .is_forced = true};
    enum err e = tuf_run_init_root(p->metadata, trusted, &p->budget, &fault);
    if (e != OK) {
        return fail_tuf(p, e, &fault);
    }
    return folder_write(p->dir, first_name, root, 0600) == OK
               ? OK
               : fail(p, ERR_IO, "store_broken", "The root cannot be written.");
}

enum err plugin_add_root(struct plugin *p, const char *url, struct span root)
{
    if (!is_url(url)) {
        return fail(p, ERR_MALFORMED, "repository_address",
                    "The address has to begin with https:// or http://.");
    }
    if (p->mirrors_count == PLUGIN_MIRRORS_MAX) {
        return fail(p, ERR_LIMIT, "repository_many", "There are %d mirrors already.",
                    PLUGIN_MIRRORS_MAX);
    }
    TRY(trust_root(p, root));
    p->is_development = reads_development(p);
    for (size_t i = 0; i < p->mirrors_count; i++) {
        if (strcmp(p->mirrors[i], url) == 0) {
            return OK;
        }
    }
    (void)snprintf(p->mirrors[p->mirrors_count++], PLUGIN_URL_LEN_MAX, "%s", url);
    return write_mirrors(p);
}

enum err plugin_add_repository(struct plugin *p, const char *url, const char *root_file)
{
    struct folder_map root;
    if (folder_map(AT_FDCWD, &root, root_file, ROOT_LEN_MAX) != OK) {
        return fail(p, ERR_IO, "repository_file", "The file %s cannot be read.", root_file);
    }
    enum err e = plugin_add_root(p, url, root.bytes);
    folder_unmap(&root);
    return e;
}

enum err plugin_forget_repository(struct plugin *p)
{
    static const char *const names[] = {"timestamp.json", "snapshot.json", "targets.json",
                                        "root.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (folder_remove(p->metadata, names[i]) != OK) {
            return fail(p, ERR_IO, "store_broken", "The metadata cannot be removed.");
        }
    }
    p->mirrors_count = 0;
    p->is_development = false;
    p->is_current = false;
    bool is_gone =
        folder_remove(p->dir, list_name) == OK && folder_remove(p->dir, first_name) == OK;
    return is_gone ? OK : fail(p, ERR_IO, "store_broken", "The list of mirrors cannot be removed.");
}

/* One mirror after the other; what is wrong with the last one is what is said. */
static enum err update(struct plugin *p)
{
    enum err e = ERR_NOT_FOUND;
    for (size_t i = 0; i < p->mirrors_count; i++) {
        char url[DOWNLOAD_URL_LEN_MAX];
        (void)snprintf(url, sizeof url, "%s/metadata", p->mirrors[i]);
        tuf_client_done(&p->run.client);
        p->run.download = &p->download;
        p->run.url = url;
        p->run.dir = p->metadata;
        e = tuf_run_update(&p->run, &p->budget, (walltime){.s = TIME_MIN_S});
        if (e == OK) {
            return OK;
        }
        (void)fail_tuf(p, e, tuf_client_fault(&p->run.client));
    }
    return e == ERR_NOT_FOUND
               ? fail(p, e, "repository_none", "No repository is known: add one first.")
               : e;
}

enum err plugin_check(struct plugin *p)
{
    struct diag why = {0};
    p->is_current = false;
    TRY(update(p));
    const struct tuf_metadata *m = &p->run.client.targets.m;
    enum err e = package_choose(&p->package, &p->match, m, span_str(package_name), &p->machine);
    if (e != OK) {
        return fail(p, e, "package_none", "The repository has no server package.");
    }
    e = package_files(p->files, &p->files_count, &p->package, m, &why);
    if (e != OK) {
        return fail(p, e, "package_malformed", "The package is malformed: %s.", why.rule);
    }
    p->is_current = true;
    p->variants_count = package_list(p->variants, m, span_str(package_name), &p->machine);
    return p->match.is_met
               ? OK
               : fail(p, ERR_DENIED, "package_unsuitable", "No package suits this machine.");
}

/* What plugin_source needs: the plugin, and who wants to hear of progress. */
struct fetching {
    struct plugin *plugin;
    plugin_progress_fn progress;
    void *user;
};

static enum err make_url(struct plugin *p,
                         char url[static DOWNLOAD_URL_LEN_MAX],
                         const char *mirror,
                         struct span name)
{
    uint8_t path[TUF_TARGET_NAME_MAX];
    uint8_t tail[DOWNLOAD_URL_LEN_MAX / 2];
    struct wr w = wr_init(MSPAN_OF(path));
    wr_bytes(&w, p->package.folder);
    wr_bytes(&w, name);
    TRY(wr_end(&w));
    TRY(tuf_run_search(&p->run, span_of(path, w.n)));
    struct wr out = wr_init(MSPAN_OF(tail));
    TRY(tuf_target_url(&p->run.client, &out, span_of(path, w.n),
                       tuf_client_target(&p->run.client)));
    int n = snprintf(url, DOWNLOAD_URL_LEN_MAX, "%s/targets/%.*s", mirror, (int)out.n,
                     (const char *)tail);
    return n > 0 && n < DOWNLOAD_URL_LEN_MAX ? OK : ERR_LIMIT;
}

/* A mirror that cannot give a part gives all of it, and what is there already is passed over. */
struct skipping {
    const struct download_args *to;
    uint64_t left;
};

static bool take_behind(void *user, struct span part)
{
    struct skipping *s = user;
    size_t n = part.n < s->left ? part.n : (size_t)s->left;
    s->left -= n;
    part = span_from(part, n);
    return part.n == 0 || s->to->take(s->to->user, part);
}

static enum err
fetch(void *user, size_t source, const struct package_file *file, const struct download_args *to)
{
    struct fetching *f = user;
    char url[DOWNLOAD_URL_LEN_MAX];
    struct download_args args = *to;
    f->plugin->is_from_peers = source == f->plugin->mirrors_count;
    if (f->plugin->is_from_peers) {
        return f->plugin->peers(f->plugin->peers_user, file, to);
    }
    TRY(make_url(f->plugin, url, f->plugin->mirrors[source], file->name));
    args.url = url;
    enum err e = download_get(&f->plugin->download, &args);
    if (e != ERR_UNSUPPORTED || to->offset == 0) {
        return e;
    }
    struct skipping all = {.to = to, .left = to->offset};
    args = (struct download_args){.url = url, .take = take_behind, .user = &all};
    return download_get(&f->plugin->download, &args);
}

static void on_progress(void *user, uint64_t verified, uint64_t length)
{
    struct fetching *f = user;
    if (f->progress) {
        f->progress(f->user, verified, length);
    }
}

static struct plugin_install what_to_install(struct plugin *p, const struct plugin_source *source)
{
    return (struct plugin_install){
        .package = &p->package, .files = p->files, .files_count = p->files_count, .source = source};
}

enum err plugin_install(struct plugin *p, plugin_progress_fn progress, void *user)
{
    struct fetching f = {.plugin = p, .progress = progress, .user = user};
    struct plugin_source source = {.fetch = fetch,
                                   .progress = on_progress,
                                   .user = &f,
                                   .sources_count = p->mirrors_count + (p->peers != NULL)};
    struct plugin_install install = what_to_install(p, &source);
    if (!p->is_current || !p->match.is_met) {
        return fail(p, ERR_STATE, "package_none", "There is nothing to install.");
    }
    enum err e = plugin_store_install(&p->store, &install);
    return e == OK ? OK : fail_store(p, e);
}

uint64_t plugin_package_len(const struct plugin *p)
{
    uint64_t len = 0;
    for (size_t i = 0; i < p->files_count; i++) {
        if (!add_ok_u64(&len, len, p->files[i].length)) {
            return UINT64_MAX;
        }
    }
    return len;
}

bool plugin_is_installed(struct plugin *p)
{
    struct journal_id id;
    struct buf text;
    struct mspan room;
    bool is_same = false;
    buf_init(&text, &p->budget, MANIFEST_LEN_MAX);
    if (p->is_current && buf_extend(&text, &room, MANIFEST_LEN_MAX) == OK) {
        struct wr w = wr_init(room);
        if (manifest_print(&w, &p->package, p->files, p->files_count) == OK) {
            manifest_id(&id, span_of(room.p, w.n));
            is_same = journal_id_equal(&id, &p->store.journal.current);
        }
    }
    buf_done(&text);
    return is_same;
}
