/* Repositories that agree. */
#include "plugin/agreement.h"

#include "plugin/tuf_key.h"

static bool is_same_file(const struct package_file *a, const struct package_file *b)
{
    struct hash32 x;
    struct hash32 y;
    bool has_more = true;
    if (!span_equal(a->name, b->name) || a->length != b->length || a->mode != b->mode ||
        !span_equal(SPAN_OF(a->hash.bytes), SPAN_OF(b->hash.bytes))) {
        return false;
    }
    for (size_t i = 0; has_more; i++) {
        has_more = package_file_chunk(a, i, &x);
        if (has_more != package_file_chunk(b, i, &y) ||
            (has_more && !span_equal(SPAN_OF(x.bytes), SPAN_OF(y.bytes)))) {
            return false;
        }
    }
    return true;
}

static bool has_file(const struct package_file *files, size_t count, const struct package_file *f)
{
    for (size_t i = 0; i < count; i++) {
        if (is_same_file(&files[i], f)) {
            return true;
        }
    }
    return false;
}

/* The package whose entry is called path. */
static bool find_package(struct package *ret, const struct tuf_metadata *m, struct span path)
{
    struct tuf_listing listing;
    struct json targets;
    return json_find(&targets, m->body, "targets") && tuf_listing_find(&listing, targets, path) &&
           package_parse(ret, path, listing.custom, NULL) == OK;
}

static bool is_same_package(const struct package *a, const struct package *b)
{
    return span_equal(a->name, b->name) && span_equal(a->platform, b->platform) &&
           package_version_compare(a->version, b->version) == 0 && a->abi == b->abi;
}

bool agreement_has(const struct tuf_metadata *m,
                   const struct package *package,
                   const struct package_file *files,
                   size_t files_count)
{
    uint8_t path[TUF_TARGET_NAME_MAX];
    struct package other;
    struct package_file others[PACKAGE_FILES_MAX];
    size_t others_count;
    struct wr w = wr_init(MSPAN_OF(path));
    wr_bytes(&w, package->folder);
    wr_bytes(&w, package->entry);
    if (!wr_ok(&w) || !find_package(&other, m, span_of(path, w.n)) ||
        !is_same_package(package, &other) ||
        package_files(others, &others_count, &other, m, NULL) != OK ||
        others_count != files_count) {
        return false;
    }
    for (size_t i = 0; i < files_count; i++) {
        if (!has_file(others, others_count, &files[i])) {
            return false;
        }
    }
    return true; /* names are unique in either, and there are as many */
}

/* Public keys of a root. */
enum { KEYS_MAX = 64 };
struct key_set {
    struct hash32 selves[KEYS_MAX];
    size_t count;
};

static bool has_key(const struct key_set *set, const struct hash32 *self)
{
    for (size_t i = 0; i < set->count; i++) {
        if (span_equal(SPAN_OF(set->selves[i].bytes), SPAN_OF(self->bytes))) {
            return true;
        }
    }
    return false;
}

/* The next key that can sign at all; false at the end. */
static bool next_key(struct json_iter *it, struct hash32 *ret_self)
{
    struct json object;
    struct tuf_key key;
    while (json_next(it, NULL, &object)) {
        if (tuf_key_parse(&key, object, NULL) == OK) {
            *ret_self = key.self;
            return true;
        }
    }
    return false;
}

bool agreement_shares_key(struct json a, struct json b)
{
    struct key_set set = {.count = 0};
    struct json keys;
    struct hash32 self;
    if (!json_find(&keys, a, "keys")) {
        return false;
    }
    struct json_iter it = json_iterate(keys);
    while (next_key(&it, &self)) {
        if (set.count == KEYS_MAX) {
            return true; /* more than we compare: not to be trusted as another */
        }
        set.selves[set.count++] = self;
    }
    it = json_iterate(json_find(&keys, b, "keys") ? keys : (struct json){0});
    while (next_key(&it, &self)) {
        if (has_key(&set, &self)) {
            return true;
        }
    }
    return false;
}
