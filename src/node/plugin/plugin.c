/* From repositories to installed version: see plugin.h. */
#include "node/plugin/plugin.h"

#include "base/arith.h"
#include "codec/decimal.h"
#include "node/plugin/folder.h"
#include "node/plugin/machine.h"
#include "plugin/agreement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_MAX = 128 << 20, TRUSTED_LEN_MAX = 256 };

static const char trusted_name[] = "trusted";
static const char package_name[] = "server";
static const char client_name[] = "client";

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

/* What a repository says of its failure. */
static enum err fail_of(struct plugin *p, enum err e, const struct repository *r)
{
    (void)fail(p, e, r->code, "%s", r->text);
    p->step = r->step;
    return e;
}

/* ---- which repositories are trusted ---- */

static const struct tuf_metadata *targets_of(const struct repository *r)
{
    return &r->run.client.targets.m;
}

/* "agree 2", then an id a line. */
static enum err write_trusted(struct plugin *p)
{
    uint8_t text[TRUSTED_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    wr_str(&w, "agree ");
    decimal_print(&w, p->agree);
    wr_u8(&w, '\n');
    for (size_t i = 0; i < p->repositories_count; i++) {
        wr_str(&w, p->repositories[i].id);
        wr_u8(&w, '\n');
    }
    enum err e = wr_end(&w);
    e = e == OK ? folder_write(p->dir, trusted_name, span_of(text, w.n), 0600) : e;
    return e == OK ? OK : fail(p, e, "store_broken", "The list of repositories cannot be written.");
}

static bool is_id(struct span line)
{
    for (size_t i = 0; i < line.n; i++) {
        bool is_digit = line.p[i] >= '0' && line.p[i] <= '9';
        if (!is_digit && (line.p[i] < 'a' || line.p[i] > 'f')) {
            return false;
        }
    }
    return line.n == REPOSITORY_ID_LEN;
}

static enum err open_repository(struct plugin *p, struct span id)
{
    char text[REPOSITORY_ID_LEN + 1];
    struct repository *r = &p->repositories[p->repositories_count];
    if (!is_id(id) || p->repositories_count == PLUGIN_REPOSITORIES_MAX) {
        return ERR_MALFORMED;
    }
    text[span_copy(mspan_of(text, REPOSITORY_ID_LEN), id)] = '\0';
    enum err e = repository_open(r, p->folders, text, &p->budget);
    if (e != OK) {
        repository_close(r);
        return e;
    }
    p->repositories_count++;
    return OK;
}

static enum err parse_trusted(struct plugin *p, struct span text)
{
    const struct span word = SPAN_LIT("agree ");
    struct span line = span_take(&text, span_find(text, '\n'));
    (void)span_take(&text, 1);
    if (!span_equal(span_take(&line, word.n), word)) {
        return ERR_MALFORMED;
    }
    TRY(decimal_parse(&p->agree, line, PLUGIN_REPOSITORIES_MAX));
    if (p->agree == 0) {
        return ERR_MALFORMED;
    }
    while (text.n > 0) {
        line = span_take(&text, span_find(text, '\n'));
        (void)span_take(&text, 1);
        TRY(open_repository(p, line));
    }
    return OK;
}

static enum err read_trusted(struct plugin *p)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, &p->budget, TRUSTED_LEN_MAX);
    enum err e = folder_read(p->dir, &text, trusted_name, TRUSTED_LEN_MAX);
    if (e == OK) {
        e = parse_trusted(p, buf_span(&text));
    }
    return e == OK || e == ERR_NOT_FOUND
               ? OK
               : fail(p, ERR_IO, "store_broken", "The list of repositories cannot be read.");
}

enum err plugin_open(struct plugin *p, const char *path)
{
    char store[DOWNLOAD_URL_LEN_MAX];
    const char *base;
    memset(p, 0, sizeof *p);
    p->dir = p->folders = -1;
    p->agree = 1;
    p->store.dir = p->store.versions = p->store.partial = p->store.staging = p->store.lock = -1;
    budget_init(&p->budget, NULL, "system", MEMORY_MAX);
    if (folder_open(&p->dir, path) != OK ||
        folder_open_at(&p->folders, &base, p->dir, "repositories/x") != OK) {
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
    TRY(download_init(&p->download));
    return read_trusted(p);
}

void plugin_close(struct plugin *p)
{
    for (size_t i = 0; i < p->repositories_count; i++) {
        repository_close(&p->repositories[i]);
    }
    p->repositories_count = 0;
    download_done(&p->download);
    plugin_store_close(&p->store);
    if (p->folders >= 0) {
        (void)close(p->folders);
    }
    if (p->dir >= 0) {
        (void)close(p->dir);
    }
    p->dir = p->folders = -1;
}

static struct repository *find_repository(struct plugin *p, struct span id)
{
    for (size_t i = 0; i < p->repositories_count; i++) {
        if (span_equal(span_str(p->repositories[i].id), id)) {
            return &p->repositories[i];
        }
    }
    return NULL;
}

/* Takes the last one away again. */
static void drop_last(struct plugin *p)
{
    struct repository *r = &p->repositories[--p->repositories_count];
    repository_close(r);
    enum err gone = folder_remove_tree(p->folders, r->id);
    (void)gone; /* no list names it: what is left is found when it is added again */
}

static enum err
begin_repository(struct plugin *p, struct repository **ret, const char *id, struct span root)
{
    for (size_t i = 0; i < p->repositories_count; i++) {
        if (repository_shares_key(&p->repositories[i], root)) {
            return fail(p, ERR_STATE, "repository_other",
                        "One of its keys is also one of a repository that is trusted already.");
        }
    }
    if (p->repositories_count == PLUGIN_REPOSITORIES_MAX) {
        return fail(p, ERR_LIMIT, "repository_many", "There are %d repositories already.",
                    PLUGIN_REPOSITORIES_MAX);
    }
    if (open_repository(p, span_str(id)) != OK) {
        return fail(p, ERR_IO, "store_broken", "The repository's folder cannot be made.");
    }
    *ret = &p->repositories[p->repositories_count - 1];
    return OK;
}

enum err plugin_add_root(struct plugin *p, const char *url, struct span root)
{
    char id[REPOSITORY_ID_LEN + 1];
    repository_id(id, root);
    struct repository *r = find_repository(p, span_str(id));
    bool is_new = !r;
    if (is_new) {
        TRY(begin_repository(p, &r, id, root));
    }
    enum err e = is_new ? repository_trust(r, root) : OK;
    e = e == OK ? repository_add_mirror(r, url) : e;
    if (e != OK) {
        (void)fail_of(p, e, r);
        if (is_new) {
            drop_last(p);
        }
        return e;
    }
    return write_trusted(p);
}

enum err plugin_add_repository(struct plugin *p, const char *url, const char *root_file)
{
    struct folder_map root;
    if (folder_map(AT_FDCWD, &root, root_file, REPOSITORY_ROOT_LEN_MAX) != OK) {
        return fail(p, ERR_IO, "repository_file", "The file %s cannot be read.", root_file);
    }
    enum err e = plugin_add_root(p, url, root.bytes);
    folder_unmap(&root);
    return e;
}

/* First out of the list, then off the disk. */
static enum err forget_one(struct plugin *p, struct repository *r)
{
    char id[REPOSITORY_ID_LEN + 1];
    size_t at = (size_t)(r - p->repositories);
    (void)snprintf(id, sizeof id, "%s", r->id);
    repository_close(r);
    p->repositories_count--;
    memmove(r, r + 1, (p->repositories_count - at) * sizeof *r);
    p->agree = p->repositories_count == 0 ? 1 : p->agree;
    p->is_current = false;
    p->has_newer_client = false;
    TRY(write_trusted(p));
    return folder_remove_tree(p->folders, id) == OK
               ? OK
               : fail(p, ERR_IO, "store_broken", "The repository cannot be removed.");
}

enum err plugin_forget_repository(struct plugin *p, struct span id)
{
    if (id.n > 0) {
        struct repository *r = find_repository(p, id);
        return r ? forget_one(p, r)
                 : fail(p, ERR_NOT_FOUND, "repository_none", "No such repository is trusted.");
    }
    while (p->repositories_count > 0) {
        TRY(forget_one(p, &p->repositories[0]));
    }
    return OK;
}

enum err plugin_set_agree(struct plugin *p, uint64_t count)
{
    if (count < 1 || count > PLUGIN_REPOSITORIES_MAX) {
        return fail(p, ERR_MALFORMED, "repository_few", "1 to %d repositories can have to agree.",
                    PLUGIN_REPOSITORIES_MAX);
    }
    p->agree = count;
    p->is_current = false;
    p->has_newer_client = false;
    return write_trusted(p);
}

/* ---- choosing ---- */

/* As many as have to agree are current; else what is wrong with the first that is not. */
static enum err update(struct plugin *p)
{
    size_t current_count = 0;
    enum err failed = OK;
    for (size_t i = 0; i < p->repositories_count; i++) {
        struct repository *r = &p->repositories[i];
        enum err e = repository_update(r, &p->download);
        current_count += e == OK;
        if (e != OK && failed == OK) {
            failed = fail_of(p, e, r);
        }
    }
    if (p->repositories_count == 0) {
        return fail(p, ERR_NOT_FOUND, "repository_none", "No repository is known: add one first.");
    }
    if (p->repositories_count < p->agree) {
        return fail(p, ERR_NOT_FOUND, "repository_few",
                    "%u repositories have to agree, and fewer are known.", (unsigned)p->agree);
    }
    return current_count < p->agree ? failed : OK;
}

static bool
shares_key(const struct plugin *p, size_t i, const bool vouches[PLUGIN_REPOSITORIES_MAX])
{
    for (size_t k = 0; k < p->repositories_count; k++) {
        if (vouches[k] && agreement_shares_key(p->repositories[k].run.client.root.m.body,
                                               p->repositories[i].run.client.root.m.body)) {
            return true;
        }
    }
    return false;
}

struct candidate {
    size_t repository;
    const struct package_variant *variant;
    struct package_file files[PACKAGE_FILES_MAX];
    size_t files_count;
    bool vouches[PLUGIN_REPOSITORIES_MAX];
};

/* How many repositories vouch for it. Keys may have come to be shared since a repository was added: then the second does not count. */
static uint64_t count_vouching(const struct plugin *p, struct candidate *c)
{
    uint64_t count = 1;
    memset(c->vouches, 0, sizeof c->vouches);
    c->vouches[c->repository] = true;
    for (size_t i = 0; i < p->repositories_count; i++) {
        const struct repository *r = &p->repositories[i];
        if (i != c->repository && r->is_current && !shares_key(p, i, c->vouches) &&
            agreement_has(targets_of(r), &c->variant->package, c->files, c->files_count)) {
            c->vouches[i] = true;
            count++;
        }
    }
    return count;
}

/* What stood in the way of packages that were passed over. */
struct passed_over {
    bool is_listed;
    bool is_disputed;
    struct diag malformed;
    size_t repository; /* of the one that was chosen */
};

static void consider(struct plugin *p,
                     struct passed_over *o,
                     size_t repository,
                     const struct package_variant *v)
{
    struct candidate c = {.repository = repository, .variant = v};
    o->is_listed = true;
    if (p->is_current && !package_is_better(&v->package, &v->match, &p->package, &p->match)) {
        return;
    }
    if (package_files(c.files, &c.files_count, &v->package,
                      targets_of(&p->repositories[repository]), &o->malformed) != OK) {
        return;
    }
    if (count_vouching(p, &c) < p->agree) {
        o->is_disputed = true;
        return;
    }
    p->is_current = true;
    p->package = v->package;
    p->match = v->match;
    p->files_count = c.files_count;
    memcpy(p->files, c.files, sizeof p->files);
    memcpy(p->vouches, c.vouches, sizeof p->vouches);
    o->repository = repository;
}

static void list(struct plugin *p, size_t repository, const char *name)
{
    p->variants_count = package_list(p->variants, targets_of(&p->repositories[repository]),
                                     span_str(name), &p->machine);
}

/* Is it for this platform, newer than what is known, and vouched for? */
static void consider_client(struct plugin *p, size_t repository, const struct package_variant *v)
{
    struct candidate c = {.repository = repository, .variant = v};
    struct package_version known =
        p->has_newer_client ? p->newer_client.version : p->machine.client;
    if (span_equal(v->package.platform, p->machine.platform) &&
        package_version_compare(v->package.version, known) > 0 &&
        package_files(c.files, &c.files_count, &v->package,
                      targets_of(&p->repositories[repository]), NULL) == OK &&
        count_vouching(p, &c) >= p->agree) {
        p->has_newer_client = true;
        p->newer_client = v->package;
    }
}

static void look_for_client(struct plugin *p)
{
    for (size_t i = 0; i < p->repositories_count; i++) {
        p->variants_count = 0;
        if (p->repositories[i].is_current) {
            list(p, i, client_name);
        }
        for (size_t v = 0; v < p->variants_count; v++) {
            consider_client(p, i, &p->variants[v]);
        }
    }
}

static enum err choose(struct plugin *p)
{
    struct passed_over o = {0};
    for (size_t i = 0; i < p->repositories_count; i++) {
        p->variants_count = 0;
        if (p->repositories[i].is_current) {
            list(p, i, package_name);
        }
        for (size_t v = 0; v < p->variants_count; v++) {
            consider(p, &o, i, &p->variants[v]);
        }
    }
    p->variants_count = 0;
    if (p->is_current) {
        list(p, o.repository, package_name);
        return OK;
    }
    if (o.is_disputed) {
        return fail(p, ERR_AUTH, "repository_disagree",
                    "Fewer than %u repositories vouch for the same package.", (unsigned)p->agree);
    }
    return o.is_listed
               ? fail(p, ERR_MALFORMED, "package_malformed", "The package is malformed: %s.",
                      o.malformed.rule)
               : fail(p, ERR_NOT_FOUND, "package_none", "The repository has no server package.");
}

enum err plugin_check(struct plugin *p)
{
    p->is_current = false;
    p->has_newer_client = false;
    TRY(update(p));
    look_for_client(p);
    TRY(choose(p));
    return p->match.is_met
               ? OK
               : fail(p, ERR_DENIED, "package_unsuitable", "No package suits this machine.");
}

/* ---- installing ---- */

/* What plugin_source needs: the plugin, and who wants to hear of progress. */
struct fetching {
    struct plugin *plugin;
    plugin_progress_fn progress;
    void *user;
};

/* A mirror of a repository that vouches for the package. */
struct source {
    struct repository *repository;
    size_t mirror;
};

/* Source i; false behind the last, *ret_count then says how many there are. */
static bool find_source(struct plugin *p, struct source *ret, size_t i, size_t *ret_count)
{
    *ret_count = 0;
    for (size_t k = 0; k < p->repositories_count; k++) {
        struct repository *r = &p->repositories[k];
        size_t n = p->vouches[k] ? r->mirrors_count : 0;
        if (i - *ret_count < n) {
            *ret = (struct source){.repository = r, .mirror = i - *ret_count};
            return true;
        }
        *ret_count += n;
    }
    return false;
}

static enum err make_url(struct plugin *p,
                         char url[static DOWNLOAD_URL_LEN_MAX],
                         const struct source *source,
                         struct span name)
{
    uint8_t path[TUF_TARGET_NAME_MAX];
    struct wr w = wr_init(MSPAN_OF(path));
    wr_bytes(&w, p->package.folder);
    wr_bytes(&w, name);
    TRY(wr_end(&w));
    return repository_target_url(source->repository, url, source->mirror, span_of(path, w.n));
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
    struct plugin *p = f->plugin;
    struct source from;
    size_t mirrors_count;
    p->is_from_peers = !find_source(p, &from, source, &mirrors_count);
    if (p->is_from_peers) {
        return p->peers(p->peers_user, file, to);
    }
    TRY(make_url(p, url, &from, file->name));
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
    struct source none;
    struct plugin_source source = {.fetch = fetch, .progress = on_progress, .user = &f};
    (void)find_source(p, &none, SIZE_MAX, &source.sources_count);
    source.sources_count += p->peers != NULL;
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
