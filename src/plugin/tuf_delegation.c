/* Delegations: sections 4.5 and 5.6.7 of the specification, and TAP 15 for succinct roles. */
#include "plugin/tuf_delegation.h"

#include "base/rd.h"
#include "codec/base16.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <string.h>

enum { HASH_TEXT_LEN = 64 };

/* SPEC tuf §"4.5": in a pattern * and ? never stand for a slash, so it has as many of them as the path. */
bool tuf_path_matches(struct span pattern, struct span path)
{
    struct span retry_pattern = SPAN_EMPTY; /* behind the last star */
    struct span retry_path = SPAN_EMPTY;    /* what that star may still swallow */
    bool has_star = false;
    while (path.n > 0 || pattern.n > 0) {
        if (pattern.n > 0 && pattern.p[0] == '*') {
            (void)span_take(&pattern, 1);
            retry_pattern = pattern;
            retry_path = path;
            has_star = true;
            continue;
        }
        bool is_any = pattern.n > 0 && pattern.p[0] == '?' && path.n > 0 && path.p[0] != '/';
        if (is_any || (pattern.n > 0 && path.n > 0 && pattern.p[0] == path.p[0])) {
            (void)span_take(&pattern, 1);
            (void)span_take(&path, 1);
            continue;
        }
        if (!has_star || retry_path.n == 0 || retry_path.p[0] == '/') {
            return false;
        }
        (void)span_take(&retry_path, 1);
        pattern = retry_pattern;
        path = retry_path;
    }
    return true;
}

static bool is_path_among(struct json patterns, struct span path)
{
    struct json_iter it = json_iterate(patterns);
    struct json v;
    while (json_next(&it, NULL, &v)) {
        uint8_t room[TUF_TARGET_NAME_MAX];
        struct wr w = wr_init(MSPAN_OF(room));
        if (json_get_string(&w, v) == OK && tuf_path_matches(span_of(room, w.n), path)) {
            return true;
        }
    }
    return false;
}

static bool is_hash_among(struct json prefixes, struct span path)
{
    uint8_t text[HASH_TEXT_LEN];
    struct wr w = wr_init(MSPAN_OF(text));
    struct hash32 hash;
    sha256(&hash, path);
    base16_encode(&w, SPAN_OF(hash.bytes));
    struct json_iter it = json_iterate(prefixes);
    struct json v;
    while (json_next(&it, NULL, &v)) {
        struct span prefix;
        if (json_get_plain(&prefix, v) == OK && span_starts_with(SPAN_OF(text), prefix)) {
            return true;
        }
    }
    return false;
}

struct tuf_delegation_iter tuf_delegation_first(const struct tuf_metadata *m)
{
    struct tuf_delegation_iter it = {.succinct.type = JSON_NULL};
    struct json delegations;
    struct json roles;
    if (!json_find(&delegations, m->body, "delegations")) {
        return it;
    }
    (void)json_find(&it.keys, delegations, "keys");
    if (!json_find(&it.succinct, delegations, "succinct_roles") &&
        json_find(&roles, delegations, "roles")) {
        it.roles = json_iterate(roles);
    }
    return it;
}

static void take_name(struct tuf_delegation *d, struct json name)
{
    struct wr w = wr_init(mspan_of(d->name, sizeof d->name));
    if (json_get_string(&w, name) == OK) {
        d->name_len = w.n;
    }
}

/* SPEC tap15 §"Specification": the bin is the first bits of the hash of the path, its name the prefix, a dash and the number in hexadecimal
 * digits, as many as the highest number has. */
static void take_bin(struct tuf_delegation *d, struct json succinct, struct span path)
{
    struct json prefix;
    uint64_t bits = tuf_number(succinct, "bit_length");
    struct hash32 hash;
    char number[16];
    sha256(&hash, path);
    struct rd r = rd_init(SPAN_OF(hash.bytes));
    uint32_t bin = rd_be32(&r);
    bin = bits > 0 && bits < 32 ? bin >> (32 - bits) : bin;
    (void)snprintf(number, sizeof number, "-%0*x", (int)((bits + 3) / 4), (unsigned)bin);
    if (json_find(&prefix, succinct, "name_prefix")) {
        take_name(d, prefix);
    }
    size_t n = strlen(number);
    if (d->name_len + n <= sizeof d->name) {
        memcpy(d->name + d->name_len, number, n);
        d->name_len += n;
    }
}

bool tuf_delegation_next(struct tuf_delegation_iter *it,
                         struct tuf_delegation *ret,
                         struct span path)
{
    struct tuf_delegation d = {.signers.keys = it->keys};
    if (it->succinct.type == JSON_OBJECT) {
        d.signers.role = it->succinct;
        take_bin(&d, it->succinct, path);
        it->succinct.type = JSON_NULL;
        *ret = d;
        return true;
    }
    while (json_next(&it->roles, NULL, &d.signers.role)) {
        struct json v;
        bool is_trusted =
            (json_find(&v, d.signers.role, "paths") && is_path_among(v, path)) ||
            (json_find(&v, d.signers.role, "path_hash_prefixes") && is_hash_among(v, path));
        if (is_trusted && json_find(&v, d.signers.role, "name")) {
            take_name(&d, v);
            d.is_terminating = tuf_flag(d.signers.role, "terminating");
            *ret = d;
            return true;
        }
    }
    return false;
}
