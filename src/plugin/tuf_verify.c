/* Signatures of TUF metadata: thresholds over distinct public keys. */
#include "plugin/tuf_metadata.h"

#include "base/check.h"
#include "codec/base16.h"
#include "plugin/canonical.h"
#include "plugin/tuf_key.h"

static bool find_member(struct json *ret, struct json object, struct json name)
{
    struct json_iter it = json_iterate(object);
    struct json key;
    struct json v;
    while (json_next(&it, &key, &v)) {
        if (span_equal(key.raw, name.raw)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

static bool has_string(struct json array, struct json string)
{
    struct json_iter it = json_iterate(array);
    struct json v;
    while (json_next(&it, NULL, &v)) {
        if (span_equal(v.raw, string.raw)) {
            return true;
        }
    }
    return false;
}

struct tuf_signers tuf_signers_of(const struct tuf_metadata *root, enum tuf_role role)
{
    struct tuf_signers s;
    struct json roles;
    bool is_there = json_find(&s.keys, root->body, "keys") &&
                    json_find(&roles, root->body, "roles") &&
                    json_find(&s.role, roles, tuf_role_name(role));
    check(is_there); /* tuf_metadata_parse saw to it */
    return s;
}

/* One signature: OK if a key of signers made it, and then which. */
static enum err verify_one(struct hash32 *ret_key,
                           struct json signature,
                           struct tuf_signers signers,
                           struct span message,
                           struct diag *why)
{
    struct json keyid;
    struct json keyids;
    struct json object;
    struct tuf_key key;
    struct span text;
    uint8_t sig[TUF_KEY_SIG_LEN_MAX];
    if (!json_find(&keyid, signature, "keyid") || !json_find(&keyids, signers.role, "keyids") ||
        !has_string(keyids, keyid) || !find_member(&object, signers.keys, keyid)) {
        return diag_set(why, ERR_AUTH, "a signature is of no key of the role", 0);
    }
    TRY(tuf_key_parse(&key, object, why));
    struct wr w = wr_init(MSPAN_OF(sig));
    if (json_find_plain(&text, signature, "sig") != OK || text.n == 0 ||
        base16_decode(&w, text) != OK || tuf_key_verify(&key, message, span_of(sig, w.n)) != OK) {
        return diag_set(why, ERR_AUTH, "a signature does not hold", 0);
    }
    *ret_key = key.self;
    return OK;
}

static bool is_counted(const struct tuf_work *work, size_t count, const struct hash32 *key)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(SPAN_OF(work->counted[i].bytes), SPAN_OF(key->bytes))) {
            return true;
        }
    }
    return false;
}

static enum err make_canonical(struct tuf_work *work, struct json body, struct diag *why)
{
    struct mspan room;
    buf_clear(&work->canonical);
    arena_reset(&work->scratch);
    if (buf_extend(&work->canonical, &room, body.raw.n) != OK) {
        return diag_set(why, ERR_LIMIT, "out of memory", 0);
    }
    struct wr w = wr_init(room);
    enum err e = canonical_write(&w, body, &work->scratch);
    if (e != OK) {
        return diag_set(why, e, "a number with a fraction cannot be signed", 0);
    }
    buf_shrink(&work->canonical, w.n);
    return OK;
}

/* SPEC tuf §"5.3.4": a threshold of keys, each public key once, whatever it is called and however often it signed. */
enum err tuf_metadata_verify(const struct tuf_metadata *m,
                             struct tuf_signers signers,
                             struct tuf_work *work,
                             struct diag *why)
{
    uint64_t threshold;
    struct diag first = {0}; /* reason why a signature did not count */
    TRY(json_find_u64(&threshold, signers.role, "threshold"));
    TRY(make_canonical(work, m->body, why));
    struct json_iter it = json_iterate(m->signatures);
    struct json signature;
    size_t count = 0;
    while (json_next(&it, NULL, &signature)) {
        struct diag one = {0};
        struct hash32 key;
        enum err e = verify_one(&key, signature, signers, buf_span(&work->canonical), &one);
        if (e == OK && is_counted(work, count, &key)) {
            e = diag_set(&one, ERR_AUTH, "one key signed under two key ids", 0);
        }
        if (e == OK) {
            check(count < TUF_SIGNATURES_MAX);
            work->counted[count++] = key;
        } else if (!first.rule) {
            first = one;
        }
    }
    if (count >= threshold) {
        return OK;
    }
    return diag_set(why, ERR_AUTH, first.rule ? first.rule : "too few signatures", 0);
}

/* Is the key called keyid in a also one of b's? A key that we cannot read is compared by its name. */
static bool has_key(struct tuf_signers b, const struct tuf_key *key, struct json keyid)
{
    struct json keyids;
    struct json_iter it;
    struct json other;
    if (!json_find(&keyids, b.role, "keyids")) {
        return false;
    }
    if (!key) {
        return has_string(keyids, keyid);
    }
    it = json_iterate(keyids);
    while (json_next(&it, NULL, &other)) {
        struct json object;
        struct tuf_key parsed;
        if (find_member(&object, b.keys, other) && tuf_key_parse(&parsed, object, NULL) == OK &&
            span_equal(SPAN_OF(parsed.self.bytes), SPAN_OF(key->self.bytes))) {
            return true;
        }
    }
    return false;
}

static bool has_all(struct tuf_signers b, struct tuf_signers a)
{
    struct json keyids;
    struct json keyid;
    if (!json_find(&keyids, a.role, "keyids")) {
        return false;
    }
    struct json_iter it = json_iterate(keyids);
    while (json_next(&it, NULL, &keyid)) {
        struct json object;
        struct tuf_key key;
        bool is_read =
            find_member(&object, a.keys, keyid) && tuf_key_parse(&key, object, NULL) == OK;
        if (!has_key(b, is_read ? &key : NULL, keyid)) {
            return false;
        }
    }
    return true;
}

bool tuf_signers_equal(struct tuf_signers a, struct tuf_signers b)
{
    return has_all(b, a) && has_all(a, b);
}
