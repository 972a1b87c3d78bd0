/* Reading packages from the custom fields of targets. */
#include "plugin/package.h"

#include "codec/base16.h"
#include "codec/decimal.h"
#include "plugin/target_name.h"

#include <string.h>

enum { VERSION_PART_MAX = 999999, NEED_MAX = 1 << 24 };

enum err package_version_parse(struct package_version *ret, struct span text)
{
    uint64_t parts[3];
    for (size_t i = 0; i < 3; i++) {
        size_t n = span_find(text, '.');
        bool is_last = i == 2;
        if ((n == text.n) != is_last ||
            decimal_parse(&parts[i], span_first(text, n), VERSION_PART_MAX) != OK) {
            return ERR_MALFORMED;
        }
        text = span_from(text, n + 1);
    }
    *ret = (struct package_version){
        .major = (uint32_t)parts[0], .minor = (uint32_t)parts[1], .patch = (uint32_t)parts[2]};
    return OK;
}

int package_version_compare(struct package_version a, struct package_version b)
{
    const uint32_t x[] = {a.major, a.minor, a.patch};
    const uint32_t y[] = {b.major, b.minor, b.patch};
    for (size_t i = 0; i < 3; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

static enum err bad(struct diag *why, const char *rule)
{
    return diag_set(why, ERR_MALFORMED, rule, 0);
}

/* A member that may be missing, and then is 0. */
static bool take_number(uint64_t *ret, struct json v, const char *name)
{
    struct json member;
    *ret = 0;
    return !json_find(&member, v, name) || (json_get_u64(ret, member) == OK && *ret <= NEED_MAX);
}

static bool take_text(struct span *ret, struct json v, const char *name)
{
    struct json member;
    *ret = SPAN_EMPTY;
    return !json_find(&member, v, name) || json_get_plain(ret, member) == OK;
}

static enum err take_needs(struct package_needs *n, struct json package, struct diag *why)
{
    struct json needs;
    struct json v;
    memset(n, 0, sizeof *n);
    if (!json_find(&needs, package, "needs")) {
        return OK;
    }
    if (needs.type != JSON_OBJECT || !take_number(&n->cores, needs, "cores") ||
        !take_number(&n->memory_mib, needs, "memory_mib") ||
        !take_number(&n->disk_mib, needs, "disk_mib") || !take_number(&n->tpm, needs, "tpm") ||
        !take_text(&n->tee, needs, "tee") ||
        (json_find(&v, needs, "reachable") && json_get_bool(&n->reachable, v) != OK)) {
        return bad(why, "package: malformed needs");
    }
    /* What we do not know cannot be met, and must not be overlooked. */
    static const char *const known[] = {"cores", "memory_mib", "disk_mib",
                                        "tpm",   "tee",        "reachable"};
    struct json_iter it = json_iterate(needs);
    struct json name;
    while (json_next(&it, &name, &v)) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known = is_known || json_string_equal(name, span_str(known[i]));
        }
        if (!is_known) {
            return bad(why, "package: a need that this client does not know");
        }
    }
    return OK;
}

static bool take_version(struct package_version *ret, struct json v, const char *name)
{
    struct span text;
    return json_find_plain(&text, v, name) == OK && package_version_parse(ret, text) == OK;
}

/* One part of a path. */
static bool is_file_name(struct span name)
{
    return target_name_is_safe(name) && span_find(name, '/') == name.n && name.p[0] != '.';
}

static struct span folder_of(struct span name)
{
    size_t n = name.n;
    while (n > 0 && name.p[n - 1] != '/') {
        n--;
    }
    return span_first(name, n);
}

enum err package_parse(struct package *ret, struct span name, struct json custom, struct diag *why)
{
    struct json v;
    struct package p;
    if (!json_find(&v, custom, "package")) {
        return ERR_NOT_FOUND;
    }
    if (json_find_plain(&p.name, v, "name") != OK || p.name.n == 0 ||
        json_find_plain(&p.entry, v, "entry") != OK ||
        json_find_plain(&p.platform, v, "platform") != OK ||
        json_find_u64(&p.abi, v, "abi") != OK || !json_find(&p.files, v, "files") ||
        p.files.type != JSON_ARRAY || !take_text(&p.notes, v, "notes")) {
        return bad(why, "package: name, entry, platform, abi or files is missing or malformed");
    }
    if (!take_version(&p.version, v, "version") || !take_version(&p.client_min, v, "client_min")) {
        return bad(why, "package: version or client_min is no version");
    }
    TRY(take_needs(&p.needs, v, why));
    p.folder = folder_of(name);
    if (!is_file_name(p.entry) || !span_equal(span_from(name, p.folder.n), p.entry)) {
        return bad(why, "package: the entry is not the target that says so");
    }
    *ret = p;
    return OK;
}

static bool take_mode(uint32_t *ret, struct json custom)
{
    struct span text;
    if (json_find_plain(&text, custom, "mode") != OK) {
        return false;
    }
    bool is_program = span_equal(text, SPAN_LIT("0755"));
    *ret = is_program ? 0755 : 0644;
    return is_program || span_equal(text, SPAN_LIT("0644"));
}

static bool take_hash(struct hash32 *ret, struct json v)
{
    struct span text;
    return json_get_plain(&text, v) == OK && base16_decode_fixed(MSPAN_OF(ret->bytes), text) == OK;
}

static bool is_chunk_list(struct json chunks, uint64_t length)
{
    struct json_iter it = json_iterate(chunks);
    struct json v;
    uint64_t count = 0;
    while (json_next(&it, NULL, &v)) {
        struct hash32 hash;
        if (!take_hash(&hash, v)) {
            return false;
        }
        count++;
    }
    return chunks.type == JSON_ARRAY &&
           count == length / PACKAGE_CHUNK_LEN + (length % PACKAGE_CHUNK_LEN != 0);
}

bool package_file_chunk(const struct package_file *file, size_t i, struct hash32 *ret_hash)
{
    struct json v;
    return json_at(&v, file->chunks, i) && take_hash(ret_hash, v);
}

static enum err take_file(struct package_file *ret,
                          const struct package *p,
                          struct json targets,
                          struct json name,
                          struct diag *why)
{
    uint8_t room[TUF_TARGET_NAME_MAX];
    struct package_file f;
    struct tuf_listing listing;
    struct json hash;
    if (json_get_plain(&f.name, name) != OK || !is_file_name(f.name)) {
        return bad(why, "package: a file with a name that is not allowed");
    }
    struct wr w = wr_init(MSPAN_OF(room));
    wr_bytes(&w, p->folder);
    wr_bytes(&w, f.name);
    if (!wr_ok(&w) || !tuf_listing_find(&listing, targets, span_of(room, w.n))) {
        return bad(why, "package: a file that is no target");
    }
    f.length = listing.length;
    if (!json_find(&hash, listing.hashes, "sha256") || !take_hash(&f.hash, hash)) {
        return bad(why, "package: a file without SHA-256");
    }
    if (!take_mode(&f.mode, listing.custom) || !json_find(&f.chunks, listing.custom, "chunks") ||
        !is_chunk_list(f.chunks, f.length)) {
        return bad(why, "package: a file without mode, or with the wrong number of chunk hashes");
    }
    *ret = f;
    return OK;
}

enum err package_files(struct package_file ret_files[static PACKAGE_FILES_MAX],
                       size_t *ret_count,
                       const struct package *package,
                       const struct tuf_metadata *m,
                       struct diag *why)
{
    struct json targets;
    struct json name;
    size_t count = 0;
    bool has_entry = false;
    if (!json_find(&targets, m->body, "targets")) {
        return bad(why, "package: no targets");
    }
    struct json_iter it = json_iterate(package->files);
    while (json_next(&it, NULL, &name)) {
        if (count == PACKAGE_FILES_MAX) {
            return bad(why, "package: too many files");
        }
        struct package_file *f = &ret_files[count];
        TRY(take_file(f, package, targets, name, why));
        for (size_t i = 0; i < count; i++) {
            if (span_equal(ret_files[i].name, f->name)) {
                return bad(why, "package: a file is listed twice");
            }
        }
        has_entry = has_entry || (span_equal(f->name, package->entry) && f->mode == 0755);
        count++;
    }
    if (!has_entry) {
        return bad(why, "package: the entry is not among the files, or no program");
    }
    *ret_count = count;
    return OK;
}
