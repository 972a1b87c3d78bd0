/* The release list. */
#include "tee/releases.h"

#include "tee/measurements.h"
#include "tee/utc.h"

enum { NAME_LEN_MAX = 100 };

/* One entry; measurements is an object that measurements_check has accepted. */
struct release {
    enum tee_kind kind;
    struct span name;
    struct json measurements;
    uint32_t svn_min;
    walltime not_after;
    bool is_revoked;
};

static enum err read_release(struct release *ret, struct json v)
{
    struct release r = {0};
    struct span kind;
    struct span end;
    uint64_t svn_min;
    TRY(json_find_plain(&kind, v, "kind"));
    TRY(json_find_plain(&r.name, v, "name"));
    TRY(json_find_plain(&end, v, "not_after"));
    TRY(json_find_u64(&svn_min, v, "svn_min"));
    TRY(json_find_bool(&r.is_revoked, v, "revoked"));
    bool is_good = tee_kind_parse(&r.kind, kind) && utc_parse(&r.not_after, end) &&
                   svn_min <= UINT32_MAX && r.name.n > 0 && r.name.n <= NAME_LEN_MAX;
    if (!is_good || json_count(v) != 6 || !json_find(&r.measurements, v, "measurements")) {
        return ERR_MALFORMED;
    }
    r.svn_min = (uint32_t)svn_min;
    TRY(measurements_check(r.measurements));
    *ret = r;
    return OK;
}

enum err releases_parse(struct releases *ret, struct span text, struct diag *why)
{
    struct json root;
    struct json one;
    struct releases r = {.is_parsed = true};
    uint64_t version;
    size_t count = 0;
    if (text.n > RELEASES_TEXT_LEN_MAX) {
        return diag_set(why, ERR_LIMIT, "releases: too long", RELEASES_TEXT_LEN_MAX);
    }
    TRY(json_parse(&root, text, why));
    bool has_all = json_find_u64(&version, root, "version") == OK && version == 1 &&
                   json_find_u64(&r.sequence, root, "sequence") == OK &&
                   json_find(&r.list, root, "releases") && json_count(root) == 3;
    if (!has_all || r.list.type != JSON_ARRAY) {
        return diag_set(why, ERR_MALFORMED,
                        "releases: wants \"version\" 1, \"sequence\" and \"releases\", no more", 0);
    }
    struct json_iter it = json_iterate(r.list);
    while (json_next(&it, NULL, &one)) {
        struct release release;
        if (count++ == RELEASES_COUNT_MAX) {
            return diag_set(why, ERR_LIMIT, "releases: too many", RELEASES_COUNT_MAX);
        }
        if (read_release(&release, one) != OK) {
            return diag_set(why, ERR_MALFORMED, "releases: an entry is not as it must be",
                            (size_t)(one.raw.p - text.p));
        }
    }
    *ret = r;
    return OK;
}

bool releases_have(const struct releases *r, const struct appraisal *a, walltime now)
{
    struct json_iter it = json_iterate(r->list);
    struct json one;
    bool found = false;
    while (r->is_parsed && json_next(&it, NULL, &one)) {
        struct release release;
        if (read_release(&release, one) != OK || release.kind != a->kind ||
            !measurements_match(release.measurements, a)) {
            continue;
        }
        if (release.is_revoked) {
            return false;
        }
        found = found || (a->svn >= release.svn_min && now.s <= release.not_after.s);
    }
    return found;
}

static bool is_same(const struct release *a, const struct release *b)
{
    return a->kind == b->kind && span_equal(a->name, b->name) &&
           span_equal(a->measurements.raw, b->measurements.raw) && a->svn_min == b->svn_min &&
           a->not_after.s == b->not_after.s && (b->is_revoked || !a->is_revoked);
}

enum err releases_extends(const struct releases *last, const struct releases *next)
{
    struct json_iter old_it = json_iterate(last->list);
    struct json_iter new_it = json_iterate(next->list);
    struct json old_one;
    struct json new_one;
    if (!last->is_parsed) {
        return next->is_parsed ? OK : ERR_DENIED;
    }
    if (!next->is_parsed || next->sequence <= last->sequence) {
        return ERR_DENIED;
    }
    while (json_next(&old_it, NULL, &old_one)) {
        struct release a;
        struct release b;
        if (!json_next(&new_it, NULL, &new_one) || read_release(&a, old_one) != OK ||
            read_release(&b, new_one) != OK || !is_same(&a, &b)) {
            return ERR_DENIED;
        }
    }
    return OK;
}
