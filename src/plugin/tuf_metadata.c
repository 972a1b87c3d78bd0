/* Reading TUF metadata: section 4 of the specification. What passes here is well-formed to its last member, so that later readers
 * need not ask again. */
#include "plugin/tuf_metadata.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/base16.h"
#include "codec/utf8.h"

#include <string.h>

static const char *const role_names[] = {"root", "timestamp", "snapshot", "targets"};
static_assert(sizeof role_names / sizeof role_names[0] == TUF_ROLE_COUNT, "a name for each role");

const char *tuf_role_name(enum tuf_role role)
{
    return role_names[role];
}

enum err tuf_work_init(struct tuf_work *work, struct budget *budget, size_t len_max)
{
    void *marks;
    memset(work, 0, sizeof *work);
    TRY(mem_alloc(budget, &marks, TUF_NAMES_MAX * sizeof *work->marks));
    work->budget = budget;
    work->marks = marks;
    buf_init(&work->canonical, budget, len_max);
    arena_init(&work->scratch, budget, TUF_NAMES_MAX * 64 + len_max);
    return OK;
}

void tuf_work_done(struct tuf_work *work)
{
    if (work->marks) {
        mem_free(work->budget, work->marks, TUF_NAMES_MAX * sizeof *work->marks);
        buf_done(&work->canonical);
        arena_done(&work->scratch);
    }
    memset(work, 0, sizeof *work);
}

static enum err bad(struct diag *why, const char *rule)
{
    return diag_set(why, ERR_MALFORMED, rule, 0);
}

static bool find(struct json *ret, struct json object, const char *name, enum json_type type)
{
    return json_find(ret, object, name) && ret->type == type;
}

/* If the member is there at all, it has this type. */
static bool is_absent_or(struct json object, const char *name, enum json_type type)
{
    struct json v;
    return !json_find(&v, object, name) || v.type == type;
}

static bool find_positive(uint64_t *ret, struct json object, const char *name)
{
    return json_find_u64(ret, object, name) == OK && *ret > 0;
}

/* An array of different strings. */
static bool is_set_of_strings(struct json array, size_t count_max)
{
    struct json_iter it = json_iterate(array);
    struct json v;
    size_t count = 0;
    while (json_next(&it, NULL, &v)) {
        struct json_iter later = it;
        struct json other;
        if (v.type != JSON_STRING || ++count > count_max) {
            return false;
        }
        while (json_next(&later, NULL, &other)) {
            if (span_equal(v.raw, other.raw)) {
                return false;
            }
        }
    }
    return true;
}

/* SPEC tuf §"4.2": a key has a type, a scheme and a public value. */
static enum err check_keys(struct json keys, struct diag *why)
{
    struct json_iter it = json_iterate(keys);
    struct json key;
    while (json_next(&it, NULL, &key)) {
        struct json v;
        struct json keyval;
        if (!find(&v, key, "keytype", JSON_STRING) || !find(&v, key, "scheme", JSON_STRING) ||
            !find(&keyval, key, "keyval", JSON_OBJECT) ||
            !find(&v, keyval, "public", JSON_STRING)) {
            return bad(why, "a key without type, scheme or public value");
        }
    }
    return OK;
}

/* SPEC tuf §"4.3": a role has different key ids and a threshold of at least one. */
static enum err check_signers(struct json role, struct diag *why)
{
    struct json keyids;
    uint64_t threshold;
    if (!find(&keyids, role, "keyids", JSON_ARRAY) ||
        !is_set_of_strings(keyids, TUF_SIGNATURES_MAX)) {
        return bad(why, "the key ids of a role are missing, too many, or one is there twice");
    }
    if (!find_positive(&threshold, role, "threshold")) {
        return bad(why, "the threshold of a role is not a number of at least 1");
    }
    return OK;
}

static enum err check_root(struct json body, struct diag *why)
{
    struct json keys;
    struct json roles;
    if (!find(&keys, body, "keys", JSON_OBJECT) || !find(&roles, body, "roles", JSON_OBJECT) ||
        !is_absent_or(body, "consistent_snapshot", JSON_BOOL)) {
        return bad(why, "keys, roles or consistent_snapshot is missing or of the wrong type");
    }
    TRY(check_keys(keys, why));
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        struct json role;
        if (!find(&role, roles, role_names[i], JSON_OBJECT)) {
            return bad(why, "one of the four roles is missing");
        }
        TRY(check_signers(role, why));
    }
    return OK;
}

static bool is_hashes(struct json v)
{
    struct json_iter it = json_iterate(v);
    struct json hash;
    size_t count = 0;
    while (json_next(&it, NULL, &hash)) {
        if (hash.type != JSON_STRING) {
            return false;
        }
        count++;
    }
    return v.type == JSON_OBJECT && count > 0;
}

/* SPEC tuf §"4.4": what a document says of another: its version, perhaps its length and hashes. */
static bool is_meta_entry(struct json v)
{
    struct json hashes;
    struct json length;
    uint64_t number;
    return v.type == JSON_OBJECT && find_positive(&number, v, "version") &&
           (!json_find(&length, v, "length") || json_get_u64(&number, length) == OK) &&
           (!json_find(&hashes, v, "hashes") || is_hashes(hashes));
}

static enum err check_meta(struct json body, struct diag *why)
{
    struct json meta;
    struct json v;
    if (!find(&meta, body, "meta", JSON_OBJECT)) {
        return bad(why, "meta is missing or no object");
    }
    struct json_iter it = json_iterate(meta);
    while (json_next(&it, NULL, &v)) {
        if (!is_meta_entry(v)) {
            return bad(why, "an entry of meta has no version, or empty or malformed hashes");
        }
    }
    return OK;
}

static enum err check_timestamp(struct json body, struct diag *why)
{
    struct json meta;
    struct json v;
    TRY(check_meta(body, why));
    if (!find(&meta, body, "meta", JSON_OBJECT) || !json_find(&v, meta, "snapshot.json") ||
        json_count(meta) != 1) {
        return bad(why, "a timestamp names the snapshot and nothing else");
    }
    return OK;
}

/* SPEC tuf §"4.5": a target has a length and at least one hash. */
static enum err check_target_list(struct json body, struct diag *why)
{
    struct json targets;
    struct json v;
    if (!find(&targets, body, "targets", JSON_OBJECT)) {
        return bad(why, "targets is missing or no object");
    }
    struct json_iter it = json_iterate(targets);
    while (json_next(&it, NULL, &v)) {
        struct json hashes;
        uint64_t length;
        if (v.type != JSON_OBJECT || json_find_u64(&length, v, "length") != OK ||
            !json_find(&hashes, v, "hashes") || !is_hashes(hashes) ||
            !is_absent_or(v, "custom", JSON_OBJECT)) {
            return bad(why, "a target without length or hashes");
        }
    }
    return OK;
}

static bool is_role_name(struct json v)
{
    if (v.type != JSON_STRING || json_string_len(v) == 0 ||
        json_string_len(v) > TUF_ROLE_NAME_MAX) {
        return false;
    }
    /* A delegated role that is called like a top-level one would take its file. */
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        if (json_string_equal(v, span_str(role_names[i]))) {
            return false;
        }
    }
    return true;
}

static bool is_strings(struct json array)
{
    struct json_iter it = json_iterate(array);
    struct json v;
    while (json_next(&it, NULL, &v)) {
        if (v.type != JSON_STRING) {
            return false;
        }
    }
    return array.type == JSON_ARRAY;
}

static enum err check_delegated_role(struct json role, struct diag *why)
{
    struct json name;
    struct json paths;
    struct json v;
    TRY(check_signers(role, why));
    if (!json_find(&name, role, "name") || !is_role_name(name)) {
        return bad(why, "a delegated role has no name that is allowed");
    }
    bool has_paths = json_find(&paths, role, "paths");
    bool has_prefixes = json_find(has_paths ? &v : &paths, role, "path_hash_prefixes");
    if (has_paths == has_prefixes || !is_strings(paths)) {
        return bad(why, "a delegated role needs either paths or path_hash_prefixes");
    }
    if (!find(&v, role, "terminating", JSON_BOOL)) {
        return bad(why, "a delegated role does not say whether it ends the search");
    }
    return OK;
}

static enum err check_succinct(struct json succinct, struct diag *why)
{
    struct json prefix;
    uint64_t bits;
    TRY(check_signers(succinct, why));
    if (json_find_u64(&bits, succinct, "bit_length") != OK || bits < 1 || bits > 32 ||
        !json_find(&prefix, succinct, "name_prefix") || !is_role_name(prefix)) {
        return bad(why, "succinct roles need bit_length from 1 to 32 and a name_prefix");
    }
    return OK;
}

static enum err check_targets(struct json body, struct diag *why)
{
    struct json delegations;
    struct json keys;
    struct json roles;
    struct json succinct;
    TRY(check_target_list(body, why));
    if (!json_find(&delegations, body, "delegations")) {
        return OK;
    }
    if (!find(&keys, delegations, "keys", JSON_OBJECT)) {
        return bad(why, "delegations without keys");
    }
    TRY(check_keys(keys, why));
    bool has_succinct = json_find(&succinct, delegations, "succinct_roles");
    bool has_roles = json_find(&roles, delegations, "roles");
    if (has_roles == has_succinct) {
        return bad(why, "delegations need either roles or succinct_roles");
    }
    if (has_succinct) {
        return check_succinct(succinct, why);
    }
    if (roles.type != JSON_ARRAY) {
        return bad(why, "the delegated roles are no array");
    }
    struct json_iter it = json_iterate(roles);
    struct json role;
    while (json_next(&it, NULL, &role)) {
        TRY(check_delegated_role(role, why));
    }
    return OK;
}

/* SPEC tuf §"4.2.1": a key id stands at most once among the signatures. */
static enum err check_signatures(struct json signatures, struct diag *why)
{
    struct json_iter it = json_iterate(signatures);
    struct json v;
    size_t count = 0;
    while (json_next(&it, NULL, &v)) {
        struct json_iter later = it;
        struct json keyid;
        struct json sig;
        struct json other;
        if (!find(&keyid, v, "keyid", JSON_STRING) || !find(&sig, v, "sig", JSON_STRING)) {
            return bad(why, "a signature without keyid or sig");
        }
        if (++count > TUF_SIGNATURES_MAX) {
            return diag_set(why, ERR_LIMIT, "too many signatures", 0);
        }
        while (json_next(&later, NULL, &other)) {
            struct json other_id;
            if (json_find(&other_id, other, "keyid") && span_equal(other_id.raw, keyid.raw)) {
                return bad(why, "two signatures under one key id");
            }
        }
    }
    return OK;
}

/* SPEC tuf §"4.2": the members that all roles have. Versions of the specification before the dot must be ours. */
static enum err check_common(struct tuf_metadata *m, struct diag *why)
{
    struct json type;
    struct span text;
    if (!find(&type, m->body, "_type", JSON_STRING) ||
        !json_string_equal(type, span_str(role_names[m->role]))) {
        return bad(why, "_type is not that of this role");
    }
    if (json_find_plain(&text, m->body, "spec_version") != OK ||
        !span_starts_with(text, SPAN_LIT("1."))) {
        return bad(why, "spec_version is not 1");
    }
    if (!find_positive(&m->version, m->body, "version")) {
        return bad(why, "version is not a number of at least 1");
    }
    if (json_find_plain(&text, m->body, "expires") != OK ||
        tuf_time_parse(&m->expires, text) != OK) {
        return bad(why, "expires is no date");
    }
    return OK;
}

static enum err check_role(const struct tuf_metadata *m, struct diag *why)
{
    switch (m->role) {
    case TUF_ROOT:       return check_root(m->body, why);
    case TUF_TIMESTAMP:  return check_timestamp(m->body, why);
    case TUF_SNAPSHOT:   return check_meta(m->body, why);
    case TUF_TARGETS:    return check_targets(m->body, why);
    case TUF_ROLE_COUNT: break;
    }
    return ERR_INTERNAL;
}

enum err tuf_metadata_parse(struct tuf_metadata *ret,
                            enum tuf_role role,
                            struct span text,
                            struct tuf_work *work,
                            struct diag *why)
{
    struct json_names room = {.marks = work->marks, .count_max = TUF_NAMES_MAX};
    struct tuf_metadata m = {.role = role};
    struct json root;
    TRY(json_parse_wide(&root, text, room, why));
    if (!find(&m.signatures, root, "signatures", JSON_ARRAY) ||
        !find(&m.body, root, "signed", JSON_OBJECT)) {
        return bad(why, "signatures or signed is missing or of the wrong type");
    }
    TRY(check_signatures(m.signatures, why));
    TRY(check_common(&m, why));
    TRY(check_role(&m, why));
    *ret = m;
    return OK;
}

bool tuf_listing_find(struct tuf_listing *ret, struct json entries, struct span name)
{
    struct json_iter it = json_iterate(entries);
    struct json key;
    struct json v;
    while (json_next(&it, &key, &v)) {
        if (!json_string_equal(key, name)) {
            continue;
        }
        struct tuf_listing l = {.hashes.type = JSON_NULL, .custom.type = JSON_NULL};
        l.version = tuf_number(v, "version");
        l.has_length = json_find_u64(&l.length, v, "length") == OK;
        (void)json_find(&l.hashes, v, "hashes");
        (void)json_find(&l.custom, v, "custom");
        *ret = l;
        return true;
    }
    return false;
}

static bool is_hash(struct json v, struct span hash)
{
    struct span text;
    uint8_t listed[64];
    return json_get_plain(&text, v) == OK && hash.n <= sizeof listed &&
           base16_decode_fixed(mspan_of(listed, hash.n), text) == OK &&
           span_equal(span_of(listed, hash.n), hash);
}

bool tuf_listing_hashes_hold(const struct tuf_listing *listing, struct span bytes)
{
    struct json v;
    bool is_known = false;
    if (json_find(&v, listing->hashes, "sha256")) {
        struct hash32 hash;
        sha256(&hash, bytes);
        is_known = true;
        if (!is_hash(v, SPAN_OF(hash.bytes))) {
            return false;
        }
    }
    if (json_find(&v, listing->hashes, "sha512")) {
        uint8_t hash[64];
        sha512(hash, bytes);
        is_known = true;
        if (!is_hash(v, SPAN_OF(hash))) {
            return false;
        }
    }
    return is_known;
}
