/* A repository's folder, its mirrors, its update. */
#include "node/plugin/repository.h"

#include "codec/base16.h"
#include "crypto/hash.h"
#include "node/plugin/folder.h"
#include "plugin/agreement.h"
#include "plugin/tuf_body.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST_LEN_MAX = REPOSITORY_MIRRORS_MAX * REPOSITORY_URL_LEN_MAX };

/* A clock before this is wrong: 2026-01-01, before which nothing of this was built. */
#define TIME_MIN_S UINT64_C(1767225600)

static const char list_name[] = "mirrors";
static const char first_name[] = "first.json";

static enum err fail(struct repository *r, enum err e, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static enum err fail(struct repository *r, enum err e, const char *code, const char *format, ...)
{
    va_list args;
    r->code = code;
    r->step = "";
    va_start(args, format);
    (void)vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
    return e;
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

static enum err fail_tuf(struct repository *r, enum err e, const struct tuf_fault *fault)
{
    char text[TUF_FAULT_TEXT_LEN];
    tuf_fault_print(text, fault);
    (void)fail(r, e, attack_code(fault), "The repository is refused: %s.",
               fault->code == TUF_OK ? err_name(e) : text);
    r->step = tuf_code_section(fault->code);
    return e;
}

void repository_id(char ret[static REPOSITORY_ID_LEN + 1], struct span root)
{
    struct hash32 hash;
    struct wr w = wr_init(mspan_of(ret, REPOSITORY_ID_LEN));
    sha256(&hash, root);
    base16_encode(&w, span_of(hash.bytes, REPOSITORY_ID_LEN / 2));
    ret[REPOSITORY_ID_LEN] = '\0';
}

/* The body of a root in a folder, whose bytes stay mapped. */
static bool read_root(struct json *ret_body, struct folder_map *map, int dir, const char *name)
{
    struct json root;
    if (folder_map(dir, map, name, REPOSITORY_ROOT_LEN_MAX) != OK) {
        return false;
    }
    bool is_root = json_parse(&root, map->bytes, NULL) == OK && json_find(ret_body, root, "signed");
    if (!is_root) {
        folder_unmap(map);
    }
    return is_root;
}

/* What the root that was added says of itself; it was verified then. */
static bool reads_development(struct repository *r)
{
    struct folder_map map;
    struct tuf_metadata m = {0};
    if (!read_root(&m.body, &map, r->dir, first_name)) {
        return false;
    }
    bool is_so = tuf_body_is_development(&m);
    folder_unmap(&map);
    return is_so;
}

static enum err read_mirrors(struct repository *r)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, r->budget, LIST_LEN_MAX);
    enum err e = folder_read(r->dir, &text, list_name, LIST_LEN_MAX);
    struct span rest = buf_span(&text);
    while (e == OK && rest.n > 0 && r->mirrors_count < REPOSITORY_MIRRORS_MAX) {
        struct span line = span_take(&rest, span_find(rest, '\n'));
        (void)span_take(&rest, 1);
        if (line.n > 0 && line.n < REPOSITORY_URL_LEN_MAX) {
            (void)span_copy(mspan_of(r->mirrors[r->mirrors_count++], REPOSITORY_URL_LEN_MAX - 1),
                            line);
        }
    }
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err write_mirrors(struct repository *r)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, r->budget, LIST_LEN_MAX + REPOSITORY_MIRRORS_MAX);
    struct wr w = wr_init_buf(&text);
    for (size_t i = 0; i < r->mirrors_count; i++) {
        wr_str(&w, r->mirrors[i]);
        wr_u8(&w, '\n');
    }
    enum err e = wr_end(&w);
    e = e == OK ? folder_write(r->dir, list_name, buf_span(&text), 0600) : e;
    return e == OK ? OK : fail(r, e, "store_broken", "The list of mirrors cannot be written.");
}

enum err repository_open(struct repository *r, int parent, const char *id, struct budget *budget)
{
    char name[REPOSITORY_ID_LEN + 4];
    const char *base;
    memset(r, 0, sizeof *r);
    r->dir = r->metadata = -1;
    r->budget = budget;
    r->step = "";
    (void)snprintf(r->id, sizeof r->id, "%s", id);
    (void)snprintf(name, sizeof name, "%s/x", r->id);
    if (folder_open_at(&r->dir, &base, parent, name) != OK ||
        folder_open_at(&r->metadata, &base, r->dir, "metadata/x") != OK) {
        return fail(r, ERR_IO, "store_broken", "The folder of repository %s cannot be opened.", id);
    }
    r->is_development = reads_development(r);
    return read_mirrors(r) == OK
               ? OK
               : fail(r, ERR_IO, "store_broken", "The list of mirrors cannot be read.");
}

void repository_close(struct repository *r)
{
    tuf_client_done(&r->run.client);
    if (r->metadata > 0) {
        (void)close(r->metadata);
    }
    if (r->dir > 0) {
        (void)close(r->dir);
    }
    r->dir = r->metadata = -1;
}

enum err repository_trust(struct repository *r, struct span root)
{
    struct tuf_fault fault;
    struct tuf_run_root trusted = {.bytes = root, .is_forced = true};
    enum err e = tuf_run_init_root(r->metadata, trusted, r->budget, &fault);
    if (e != OK) {
        return fail_tuf(r, e, &fault);
    }
    if (folder_write(r->dir, first_name, root, 0600) != OK) {
        return fail(r, ERR_IO, "store_broken", "The root cannot be written.");
    }
    r->is_development = reads_development(r);
    return OK;
}

static bool is_url(const char *url)
{
    bool is_web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    for (const char *c = url; *c; c++) {
        if (*c <= ' ' || *c == 0x7f) {
            return false;
        }
    }
    return is_web && strlen(url) < REPOSITORY_URL_LEN_MAX;
}

enum err repository_add_mirror(struct repository *r, const char *url)
{
    if (!is_url(url)) {
        return fail(r, ERR_MALFORMED, "repository_address",
                    "The address has to begin with https:// or http://.");
    }
    for (size_t i = 0; i < r->mirrors_count; i++) {
        if (strcmp(r->mirrors[i], url) == 0) {
            return OK;
        }
    }
    if (r->mirrors_count == REPOSITORY_MIRRORS_MAX) {
        return fail(r, ERR_LIMIT, "repository_many", "There are %d mirrors already.",
                    REPOSITORY_MIRRORS_MAX);
    }
    (void)snprintf(r->mirrors[r->mirrors_count++], REPOSITORY_URL_LEN_MAX, "%s", url);
    return write_mirrors(r);
}

bool repository_shares_key(struct repository *r, struct span root)
{
    struct folder_map map;
    struct json other;
    struct json body;
    if (json_parse(&other, root, NULL) != OK || !json_find(&other, other, "signed") ||
        !read_root(&body, &map, r->metadata, "root.json")) {
        return false;
    }
    bool is_shared = agreement_shares_key(body, other);
    folder_unmap(&map);
    return is_shared;
}

enum err repository_update(struct repository *r, struct download *download)
{
    enum err e = ERR_NOT_FOUND;
    r->is_current = false;
    r->code = NULL;
    for (size_t i = 0; i < r->mirrors_count; i++) {
        (void)snprintf(r->metadata_url, sizeof r->metadata_url, "%s/metadata", r->mirrors[i]);
        tuf_client_done(&r->run.client);
        r->run.download = download;
        r->run.url = r->metadata_url;
        r->run.dir = r->metadata;
        e = tuf_run_update(&r->run, r->budget, (walltime){.s = TIME_MIN_S});
        if (e == OK) {
            r->is_current = true;
            r->code = NULL;
            return OK;
        }
        (void)fail_tuf(r, e, tuf_client_fault(&r->run.client));
    }
    return r->code ? e : fail(r, e, "repository_unreachable", "The repository has no mirror.");
}

enum err repository_target_url(struct repository *r,
                               char url[static DOWNLOAD_URL_LEN_MAX],
                               size_t mirror,
                               struct span path)
{
    uint8_t tail[DOWNLOAD_URL_LEN_MAX / 2];
    struct wr out = wr_init(MSPAN_OF(tail));
    TRY(tuf_run_search(&r->run, path));
    TRY(tuf_target_url(&r->run.client, &out, path, tuf_client_target(&r->run.client)));
    int n = snprintf(url, DOWNLOAD_URL_LEN_MAX, "%s/targets/%.*s", r->mirrors[mirror], (int)out.n,
                     (const char *)tail);
    return n > 0 && n < DOWNLOAD_URL_LEN_MAX ? OK : ERR_LIMIT;
}
