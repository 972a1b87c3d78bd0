/* A repository in a folder: see repo.h. */
#include "node/plugin/repo.h"

#include "base/mem.h"
#include "codec/base16.h"
#include "node/plugin/folder.h"
#include "node/plugin/repo_token.h"
#include "plugin/target_name.h"
#include "plugin/tuf_fault.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MEMORY_MAX = 512 << 20,
    DOCUMENT_LEN_MAX = 4 << 20,
    TARGET_LEN_MAX = 256 << 20,
    ENTRY_LEN_MAX = 64 << 10,
    SIGNATURE_ROOM = 1024,
    DAY_S = 86400,
    NAME_ROOM = 64
};

/* How long documents are good for. */
static const uint64_t days[TUF_ROLE_COUNT] = {
    [TUF_ROOT] = 365, [TUF_TIMESTAMP] = 7, [TUF_SNAPSHOT] = 14, [TUF_TARGETS] = 90};

/* A document in memory, with what it says. */
struct document {
    struct buf raw;
    struct tuf_metadata m;
};

static enum err fail(struct repo *r, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum err fail(struct repo *r, enum err e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->words, sizeof r->words, format, args);
    va_end(args);
    return e;
}

enum err repo_open(struct repo *r, const char *path)
{
    void *work;
    time_t now = time(NULL);
    memset(r, 0, sizeof *r);
    r->dir = r->draft = r->metadata = r->targets = -1;
    r->now.s = now > 0 ? (uint64_t)now : 0;
    budget_init(&r->budget, NULL, "system", MEMORY_MAX);
    TRY(mem_alloc(&r->budget, &work, sizeof *r->work));
    r->work = work;
    TRY(tuf_work_init(r->work, &r->budget, DOCUMENT_LEN_MAX));
    const struct {
        const char *name;
        int *fd;
    } folders[] = {
        {"draft/x",    &r->draft   },
        {"metadata/x", &r->metadata},
        {"targets/x",  &r->targets }
    };
    if (folder_open(&r->dir, path) != OK) {
        return fail(r, ERR_IO, "the folder %s cannot be opened", path);
    }
    for (size_t i = 0; i < 3; i++) {
        const char *base;
        if (folder_open_at(folders[i].fd, &base, r->dir, folders[i].name) != OK) {
            return fail(r, ERR_IO, "a folder within %s cannot be opened", path);
        }
    }
    return OK;
}

void repo_close(struct repo *r)
{
    int fds[] = {r->dir, r->draft, r->metadata, r->targets};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    if (r->work) {
        tuf_work_done(r->work);
        mem_free(&r->budget, r->work, sizeof *r->work);
        r->work = NULL;
    }
}

static void document_done(struct document *d)
{
    buf_done(&d->raw);
}

static enum err document_read(
    struct repo *r, struct document *ret, int folder, const char *name, enum tuf_role role)
{
    struct diag why = {0};
    buf_init(&ret->raw, &r->budget, DOCUMENT_LEN_MAX);
    enum err e = folder_read(folder, &ret->raw, name, DOCUMENT_LEN_MAX);
    if (e != OK) {
        return fail(r, e, "%s cannot be read: %s", name, err_name(e));
    }
    e = tuf_metadata_parse(&ret->m, role, buf_span(&ret->raw), r->work, &why);
    if (e != OK) {
        return fail(r, e, "%s: %s", name, why.rule);
    }
    return OK;
}

static const char *draft_name(enum tuf_role role)
{
    return role == TUF_ROOT ? "root.json" : role == TUF_TARGETS ? "targets.json" : "snapshot.json";
}

static void published_name(char name[static NAME_ROOM], enum tuf_role role, uint64_t version)
{
    (void)snprintf(name, NAME_ROOM, "%llu.%s.json", (unsigned long long)version,
                   tuf_role_name(role));
}

static bool is_published(const struct repo *r, enum tuf_role role, uint64_t version)
{
    char name[NAME_ROOM];
    published_name(name, role, version);
    return faccessat(r->metadata, name, F_OK, 0) == 0;
}

/* What stands in a document that is made now. A published document is never changed: the next version is. */
static struct tuf_body_head next_head(const struct repo *r, enum tuf_role role, uint64_t version)
{
    uint64_t next = version > 0 && !is_published(r, role, version) ? version : version + 1;
    return (struct tuf_body_head){.version = next, .expires.s = r->now.s + days[role] * DAY_S};
}

static enum err
write_draft(struct repo *r, enum tuf_role role, const struct wr *w, struct span room)
{
    enum err e = wr_end(w);
    if (e == OK) {
        e = folder_write(r->draft, draft_name(role), span_first(room, w->n), 0644);
    }
    return e == OK ? OK : fail(r, e, "the draft of %s cannot be written", tuf_role_name(role));
}

/* Reads public keys "FILE,FILE:THRESHOLD" into role; their text goes onto texts. */
static enum err
read_keys(struct repo *r, struct tuf_body_role *role, struct buf *texts, const char *list)
{
    const char *colon = strrchr(list, ':');
    const char *end = colon ? colon : list + strlen(list);
    role->keys_count = 0;
    role->threshold = colon ? strtoul(colon + 1, NULL, 10) : 1;
    while (list < end) {
        char path[REPO_PATH_LEN_MAX];
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end;
        (void)snprintf(path, sizeof path, "%.*s", (int)(stop - list), list);
        size_t before = texts->n;
        struct json key;
        if (role->keys_count == TUF_BODY_KEYS_MAX ||
            folder_read(AT_FDCWD, texts, path, ENTRY_LEN_MAX) != OK ||
            json_parse(&key, span_from(buf_span(texts), before), NULL) != OK) {
            return fail(r, ERR_MALFORMED, "%s is no public key file", path);
        }
        role->keys[role->keys_count++] = key.raw;
        list = comma ? comma + 1 : end;
    }
    if (role->threshold < 1 || role->threshold > role->keys_count) {
        return fail(r, ERR_MALFORMED, "a threshold has to be from 1 to the number of keys");
    }
    return OK;
}

static enum err
read_role(struct repo *r, struct tuf_body_root *root, struct buf *texts, const char *argument)
{
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        const char *name = tuf_role_name((enum tuf_role)i);
        size_t n = strlen(name);
        if (strncmp(argument, name, n) == 0 && argument[n] == '=') {
            return read_keys(r, &root->roles[i], texts, argument + n + 1);
        }
    }
    return fail(r, ERR_MALFORMED, "%s is not ROLE=KEY_FILE[,KEY_FILE]...[:THRESHOLD]", argument);
}

/* Puts the roles of the arguments into root and writes it as the draft. */
static enum err write_root(struct repo *r,
                           struct tuf_body_root *root,
                           uint64_t version,
                           const char *const *roles,
                           size_t count)
{
    struct buf texts;
    struct buf out;
    struct mspan room = {0};
    enum err e = OK;
    buf_init(&texts, &r->budget, DOCUMENT_LEN_MAX);
    buf_init(&out, &r->budget, DOCUMENT_LEN_MAX);
    if (buf_reserve(&texts, DOCUMENT_LEN_MAX) != OK ||
        buf_extend(&out, &room, DOCUMENT_LEN_MAX) != OK) { /* so that spans stay */
        e = ERR_LIMIT;
    }
    for (size_t i = 0; i < count && e == OK; i++) {
        e = read_role(r, root, &texts, roles[i]);
    }
    for (size_t i = 0; i < TUF_ROLE_COUNT && e == OK; i++) {
        e = root->roles[i].keys_count > 0 ? OK
                                          : fail(r, ERR_MALFORMED, "the role %s has no keys",
                                                 tuf_role_name((enum tuf_role)i));
    }
    if (e == OK) {
        struct wr w = wr_init(room);
        e = tuf_body_root_write(&w, next_head(r, TUF_ROOT, version), root, r->work);
        e = e == OK ? write_draft(r, TUF_ROOT, &w, span_const(room))
                    : fail(r, e, "a key is malformed");
    }
    buf_done(&texts);
    buf_done(&out);
    return e;
}

static enum err
write_targets(struct repo *r, const struct tuf_metadata *old, struct tuf_body_edit edit)
{
    struct buf out;
    struct mspan room;
    buf_init(&out, &r->budget, 2 * DOCUMENT_LEN_MAX);
    TRY(buf_extend(&out, &room, DOCUMENT_LEN_MAX));
    struct wr w = wr_init(room);
    enum err e = tuf_body_targets(&w, next_head(r, TUF_TARGETS, old ? old->version : 0), old, edit);
    e = e == OK ? write_draft(r, TUF_TARGETS, &w, span_const(room))
                : fail(r, e, "the list of targets is too long");
    buf_done(&out);
    return e;
}

enum err repo_init(struct repo *r, const char *const *roles, size_t count)
{
    struct tuf_body_root root;
    memset(&root, 0, sizeof root);
    root.is_development = r->is_development;
    if (faccessat(r->draft, draft_name(TUF_ROOT), F_OK, 0) == 0) {
        return fail(r, ERR_STATE, "there is a repository already");
    }
    TRY(write_root(r, &root, 0, roles, count));
    return write_targets(r, NULL, (struct tuf_body_edit){0});
}

enum err repo_rotate(struct repo *r, const char *const *roles, size_t count)
{
    struct document old;
    struct tuf_body_root root;
    enum err e = document_read(r, &old, r->draft, draft_name(TUF_ROOT), TUF_ROOT);
    if (e == OK) {
        e = tuf_body_root_read(&root, &old.m);
    }
    if (e == OK) {
        e = write_root(r, &root, old.m.version, roles, count);
    }
    document_done(&old);
    return e;
}

/* DIR/HASH.NAME of a target, below the folder of targets. */
static enum err
target_path(char path[static REPO_PATH_LEN_MAX], const char *name, struct span hash_text)
{
    const char *slash = strrchr(name, '/');
    size_t dir_len = slash ? (size_t)(slash - name) + 1 : 0;
    int n = snprintf(path, REPO_PATH_LEN_MAX, "%.*s%.*s.%s", (int)dir_len, name, (int)hash_text.n,
                     (const char *)hash_text.p, name + dir_len);
    return n > 0 && n < REPO_PATH_LEN_MAX ? OK : ERR_LIMIT;
}

static enum err
copy_target(struct repo *r, const char *name, struct span hash_text, struct span bytes)
{
    char path[REPO_PATH_LEN_MAX];
    const char *base;
    int folder;
    TRY(target_path(path, name, hash_text));
    TRY(folder_open_at(&folder, &base, r->targets, path));
    enum err e = folder_write(folder, base, bytes, 0644);
    (void)close(folder);
    return e;
}

/* The entry of a target among the targets. */
static enum err
write_entry(struct wr *w, struct span bytes, struct span hash_text, struct span custom)
{
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    if (custom.n > 0) {
        struct json v;
        if (json_parse(&v, custom, NULL) != OK || v.type != JSON_OBJECT) {
            return ERR_MALFORMED;
        }
        json_put_name(&j, "custom");
        json_put_raw(&j, v.raw);
    }
    json_put_name(&j, "hashes");
    json_put_object(&j);
    json_put_name(&j, "sha256");
    json_put_string(&j, hash_text);
    json_end_object(&j);
    json_put_name(&j, "length");
    json_put_u64(&j, bytes.n);
    json_end_object(&j);
    return json_writer_end(&j);
}

static enum err edit_targets(struct repo *r, struct tuf_body_edit edit)
{
    struct document old;
    enum err e = document_read(r, &old, r->draft, draft_name(TUF_TARGETS), TUF_TARGETS);
    if (e == OK) {
        e = write_targets(r, &old.m, edit);
    }
    document_done(&old);
    return e;
}

static enum err add_bytes(struct repo *r, const char *name, struct span bytes, struct span custom)
{
    struct hash32 hash;
    uint8_t text[64];
    struct buf entry;
    struct mspan room;
    struct wr digits = wr_init(MSPAN_OF(text));
    sha256(&hash, bytes);
    base16_encode(&digits, SPAN_OF(hash.bytes));
    buf_init(&entry, &r->budget, ENTRY_LEN_MAX + SIGNATURE_ROOM);
    TRY(buf_extend(&entry, &room, ENTRY_LEN_MAX + SIGNATURE_ROOM));
    struct wr w = wr_init(room);
    enum err e = write_entry(&w, bytes, SPAN_OF(text), custom);
    if (e != OK) {
        e = fail(r, e, "the custom field is no JSON object");
    } else if (copy_target(r, name, SPAN_OF(text), bytes) != OK) {
        e = fail(r, ERR_IO, "the target %s cannot be copied", name);
    } else {
        e = edit_targets(
            r, (struct tuf_body_edit){.name = span_str(name), .entry = span_of(room.p, w.n)});
    }
    buf_done(&entry);
    return e;
}

enum err repo_add(struct repo *r, const char *name, const char *file, const char *custom_file)
{
    struct folder_map bytes = {0};
    struct folder_map custom = {0};
    if (!target_name_is_safe(span_str(name))) {
        return fail(r, ERR_DENIED, "no client would write a target of this name");
    }
    if (folder_map(AT_FDCWD, &bytes, file, TARGET_LEN_MAX) != OK) {
        return fail(r, ERR_IO, "%s cannot be read", file);
    }
    enum err e = OK;
    if (custom_file && folder_map(AT_FDCWD, &custom, custom_file, ENTRY_LEN_MAX) != OK) {
        e = fail(r, ERR_IO, "%s cannot be read", custom_file);
    }
    if (e == OK) {
        e = add_bytes(r, name, bytes.bytes, custom.bytes);
    }
    folder_unmap(&bytes);
    folder_unmap(&custom);
    return e;
}

enum err repo_remove(struct repo *r, const char *name)
{
    return edit_targets(r, (struct tuf_body_edit){.name = span_str(name)});
}

static enum err sign_with(struct repo *r, struct buf *document, const struct tuf_signer *signer)
{
    struct buf out;
    struct mspan room;
    buf_init(&out, &r->budget, DOCUMENT_LEN_MAX + SIGNATURE_ROOM);
    TRY(buf_extend(&out, &room, document->n + SIGNATURE_ROOM));
    struct wr w = wr_init(room);
    enum err e = tuf_sign(&w, buf_span(document), signer, r->work);
    buf_shrink(&out, e == OK ? w.n : 0);
    if (e != OK) {
        buf_done(&out);
        return fail(r, e, "the document cannot be signed");
    }
    buf_done(document);
    *document = out;
    return OK;
}

static enum err sign_by_token(struct repo *r, struct buf *document, const char *uri)
{
    AUTO(repo_token_close) struct repo_token token = {.module = NULL};
    struct tuf_signer signer;
    char why[REPO_TOKEN_WORDS_LEN];
    enum err e = repo_token_open(&token, uri, r->pin_fd, why);
    if (e != OK) {
        return fail(r, e, "the key %s cannot be used: %s", uri, why);
    }
    tuf_signer_init_token(&signer, &token.token);
    return sign_with(r, document, &signer);
}

static enum err sign_by_file(struct repo *r, struct buf *document, const char *path)
{
    AUTO(tuf_signer_wipe) struct tuf_signer signer = {0};
    enum err e = repo_key_load(&signer, path);
    return e == OK ? sign_with(r, document, &signer)
                   : fail(r, e, "the key %s cannot be used: %s", path,
                          e == ERR_DENIED ? "others may read it" : err_name(e));
}

/* Signs a document with each key in turn. */
static enum err
sign_document(struct repo *r, struct buf *document, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TRY(repo_token_is_uri(keys[i]) ? sign_by_token(r, document, keys[i])
                                       : sign_by_file(r, document, keys[i]));
    }
    return OK;
}

static enum err find_role(enum tuf_role *ret, const char *name)
{
    static const enum tuf_role roles[] = {TUF_ROOT, TUF_TARGETS};
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(name, tuf_role_name(roles[i])) == 0) {
            *ret = roles[i];
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err repo_sign(struct repo *r, const char *role_name, const char *const *keys, size_t count)
{
    enum tuf_role role;
    struct document d;
    if (find_role(&role, role_name) != OK) {
        return fail(r, ERR_NOT_FOUND,
                    "only root and targets are signed by hand; publish signs the others");
    }
    enum err e = document_read(r, &d, r->draft, draft_name(role), role);
    if (e == OK && is_published(r, role, d.m.version)) {
        e = fail(r, ERR_STATE, "version %llu is published already",
                 (unsigned long long)d.m.version);
    }
    if (e == OK) {
        e = sign_document(r, &d.raw, keys, count);
    }
    if (e == OK && folder_write(r->draft, draft_name(role), buf_span(&d.raw), 0644) != OK) {
        e = fail(r, ERR_IO, "the draft cannot be written");
    }
    document_done(&d);
    return e;
}

static enum err check_signed(struct repo *r,
                             const struct document *d,
                             const struct document *root,
                             const char *whose)
{
    struct diag why = {0};
    enum err e = tuf_metadata_verify(&d->m, tuf_signers_of(&root->m, d->m.role), r->work, &why);
    return e == OK ? OK
                   : fail(r, e, "%s is not signed as %s root asks: %s", tuf_role_name(d->m.role),
                          whose, why.rule);
}

/* A root that is not served yet is checked against itself and the one before it. */
static enum err publish_root(struct repo *r, const struct document *root)
{
    char name[NAME_ROOM];
    TRY(check_signed(r, root, root, "its own"));
    if (root->m.version > 1) {
        struct document before;
        published_name(name, TUF_ROOT, root->m.version - 1);
        enum err e = document_read(r, &before, r->metadata, name, TUF_ROOT);
        if (e == OK) {
            e = check_signed(r, root, &before, "the published");
        }
        document_done(&before);
        TRY(e);
    }
    published_name(name, TUF_ROOT, root->m.version);
    return folder_write(r->metadata, name, buf_span(&root->raw), 0644);
}

/* Makes, signs, checks and serves a snapshot or a timestamp that names the document listed. */
struct listing_keys {
    const char *const *keys;
    size_t count;
};
static enum err publish_list(struct repo *r,
                             enum tuf_role role,
                             const struct document *root,
                             const struct document *listed,
                             struct listing_keys keys)
{
    struct document old;
    struct document d = {0};
    struct mspan room;
    char name[NAME_ROOM] = "timestamp.json";
    bool is_timestamp = role == TUF_TIMESTAMP;
    int folder = is_timestamp ? r->metadata : r->draft;
    enum err there = document_read(r, &old, folder, is_timestamp ? name : draft_name(role), role);
    uint64_t version = there == OK ? old.m.version + 1 : 1;
    document_done(&old);
    if (there != OK && there != ERR_NOT_FOUND) {
        return there;
    }
    struct tuf_body_head head = {.version = version, .expires.s = r->now.s + days[role] * DAY_S};
    struct tuf_body_listed what = {.version = listed->m.version, .bytes = buf_span(&listed->raw)};
    buf_init(&d.raw, &r->budget, DOCUMENT_LEN_MAX);
    TRY(buf_extend(&d.raw, &room, ENTRY_LEN_MAX));
    struct wr w = wr_init(room);
    enum err e = tuf_body_list(&w, role, head, what);
    buf_shrink(&d.raw, w.n);
    struct diag why = {0};
    if (e == OK) {
        e = sign_document(r, &d.raw, keys.keys, keys.count);
    }
    if (e == OK) {
        e = tuf_metadata_parse(&d.m, role, buf_span(&d.raw), r->work, &why);
    }
    if (e == OK) {
        e = check_signed(r, &d, root, "the");
    }
    if (e == OK && !is_timestamp) {
        published_name(name, role, version);
        e = folder_write(r->metadata, name, buf_span(&d.raw), 0644);
        e = e == OK ? folder_write(r->draft, draft_name(role), buf_span(&d.raw), 0644) : e;
    } else if (e == OK) {
        e = folder_write(r->metadata, name, buf_span(&d.raw), 0644);
    }
    document_done(&d);
    return e;
}

static enum err
publish_targets(struct repo *r, const struct document *root, const struct repo_publish *keys)
{
    struct document targets;
    char name[NAME_ROOM];
    enum err e = document_read(r, &targets, r->draft, draft_name(TUF_TARGETS), TUF_TARGETS);
    if (e == OK) {
        e = check_signed(r, &targets, root, "the");
    }
    if (e == OK) {
        published_name(name, TUF_TARGETS, targets.m.version);
        e = folder_write(r->metadata, name, buf_span(&targets.raw), 0644);
    }
    if (e == OK) {
        struct listing_keys snapshot = {.keys = keys->snapshot_keys, .count = keys->snapshot_count};
        e = publish_list(r, TUF_SNAPSHOT, root, &targets, snapshot);
    }
    document_done(&targets);
    return e;
}

enum err repo_publish(struct repo *r, const struct repo_publish *keys)
{
    struct document root;
    struct document snapshot = {0};
    enum err e = document_read(r, &root, r->draft, draft_name(TUF_ROOT), TUF_ROOT);
    if (e == OK) {
        e = publish_root(r, &root);
    }
    if (e == OK && keys->snapshot_count > 0) {
        e = publish_targets(r, &root, keys);
    }
    if (e == OK) {
        e = document_read(r, &snapshot, r->draft, draft_name(TUF_SNAPSHOT), TUF_SNAPSHOT);
    }
    if (e == OK) {
        e = check_signed(r, &snapshot, &root, "the");
    }
    if (e == OK) {
        struct listing_keys timestamp = {.keys = keys->timestamp_keys,
                                         .count = keys->timestamp_count};
        e = publish_list(r, TUF_TIMESTAMP, &root, &snapshot, timestamp);
    }
    document_done(&root);
    document_done(&snapshot);
    return e;
}
