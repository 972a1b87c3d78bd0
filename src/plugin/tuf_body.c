/* Making TUF documents: section 4 of the specification. Members are written in the order of the canonical form. */
#include "plugin/tuf_body.h"

#include "codec/base16.h"
#include "plugin/canonical.h"

#include <string.h>

enum { KEY_LEN_MAX = 4096 };

static const char spec_version[] = "1.0.34";

enum err
tuf_body_key_id(char ret_id[static TUF_BODY_KEY_ID_LEN + 1], struct span key, struct tuf_work *work)
{
    struct json v;
    struct mspan room;
    struct hash32 hash;
    if (key.n > KEY_LEN_MAX || json_parse(&v, key, NULL) != OK || v.type != JSON_OBJECT) {
        return ERR_MALFORMED;
    }
    buf_clear(&work->canonical);
    arena_reset(&work->scratch);
    TRY(buf_extend(&work->canonical, &room, key.n));
    struct wr w = wr_init(room);
    TRY(canonical_write(&w, v, &work->scratch));
    sha256(&hash, span_of(room.p, w.n));
    struct wr id = wr_init(mspan_of(ret_id, TUF_BODY_KEY_ID_LEN));
    base16_encode(&id, SPAN_OF(hash.bytes));
    ret_id[TUF_BODY_KEY_ID_LEN] = '\0';
    return OK;
}

static enum err read_role(struct tuf_body_role *role, struct tuf_signers signers)
{
    struct json keyids;
    struct json keyid;
    if (!json_find(&keyids, signers.role, "keyids")) {
        return ERR_MALFORMED;
    }
    role->keys_count = 0;
    role->threshold = tuf_number(signers.role, "threshold");
    struct json_iter it = json_iterate(keyids);
    while (json_next(&it, NULL, &keyid)) {
        struct json_iter keys = json_iterate(signers.keys);
        struct json name;
        struct json key;
        while (json_next(&keys, &name, &key)) {
            if (!span_equal(name.raw, keyid.raw)) {
                continue;
            }
            if (role->keys_count == TUF_BODY_KEYS_MAX) {
                return ERR_LIMIT;
            }
            role->keys[role->keys_count++] = key.raw;
        }
    }
    return OK;
}

static const char use_name[] = "x-passmesh-use";
static const char use_development[] = "development";

bool tuf_body_is_development(const struct tuf_metadata *root)
{
    struct json use;
    return json_find(&use, root->body, use_name) &&
           json_string_equal(use, span_str(use_development));
}

enum err tuf_body_root_read(struct tuf_body_root *ret, const struct tuf_metadata *root)
{
    struct tuf_body_root r = {0};
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        TRY(read_role(&r.roles[i], tuf_signers_of(root, (enum tuf_role)i)));
    }
    r.is_development = tuf_body_is_development(root);
    *ret = r;
    return OK;
}

static struct json_writer begin(struct wr *w, enum tuf_role role)
{
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    json_put_name(&j, "signatures");
    json_put_array(&j);
    json_end_array(&j);
    json_put_name(&j, "signed");
    json_put_object(&j);
    json_put_name(&j, "_type");
    json_put_str(&j, tuf_role_name(role));
    return j;
}

static void put_expires(struct json_writer *j, walltime expires)
{
    char text[TUF_TIME_TEXT_LEN];
    tuf_time_print(text, expires);
    json_put_name(j, "expires");
    json_put_str(j, text);
}

static void put_spec_version(struct json_writer *j)
{
    json_put_name(j, "spec_version");
    json_put_str(j, spec_version);
}

static enum err end(struct json_writer *j, uint64_t version)
{
    json_put_name(j, "version");
    json_put_u64(j, version);
    json_end_object(j);
    json_end_object(j);
    return json_writer_end(j);
}

/* Has this key object been met in an earlier place? */
static bool is_before(const struct tuf_body_root *root, size_t role, size_t key)
{
    struct span self = root->roles[role].keys[key];
    for (size_t i = 0; i <= role; i++) {
        size_t count = i == role ? key : root->roles[i].keys_count;
        for (size_t k = 0; k < count; k++) {
            if (span_equal(root->roles[i].keys[k], self)) {
                return true;
            }
        }
    }
    return false;
}

static enum err
put_keys(struct json_writer *j, const struct tuf_body_root *root, struct tuf_work *work)
{
    json_put_name(j, "keys");
    json_put_object(j);
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        for (size_t k = 0; k < root->roles[i].keys_count; k++) {
            char id[TUF_BODY_KEY_ID_LEN + 1];
            if (is_before(root, i, k)) {
                continue;
            }
            TRY(tuf_body_key_id(id, root->roles[i].keys[k], work));
            json_put_name(j, id);
            json_put_raw(j, root->roles[i].keys[k]);
        }
    }
    json_end_object(j);
    return OK;
}

static enum err
put_role(struct json_writer *j, const struct tuf_body_role *role, struct tuf_work *work)
{
    json_put_object(j);
    json_put_name(j, "keyids");
    json_put_array(j);
    for (size_t k = 0; k < role->keys_count; k++) {
        char id[TUF_BODY_KEY_ID_LEN + 1];
        TRY(tuf_body_key_id(id, role->keys[k], work));
        json_put_str(j, id);
    }
    json_end_array(j);
    json_put_name(j, "threshold");
    json_put_u64(j, role->threshold);
    json_end_object(j);
    return OK;
}

enum err tuf_body_root_write(struct wr *w,
                             struct tuf_body_head head,
                             const struct tuf_body_root *root,
                             struct tuf_work *work)
{
    struct json_writer j = begin(w, TUF_ROOT);
    json_put_name(&j, "consistent_snapshot");
    json_put_bool(&j, true);
    put_expires(&j, head.expires);
    TRY(put_keys(&j, root, work));
    json_put_name(&j, "roles");
    json_put_object(&j);
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        json_put_name(&j, tuf_role_name((enum tuf_role)i));
        TRY(put_role(&j, &root->roles[i], work));
    }
    json_end_object(&j);
    put_spec_version(&j);
    if (root->is_development) {
        json_put_name(&j, use_name);
        json_put_str(&j, use_development);
    }
    return end(&j, head.version);
}

static enum err put_name(struct json_writer *j, struct json name)
{
    uint8_t room[JSON_NAME_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    TRY(json_get_string(&w, name));
    json_put_name_span(j, span_of(room, w.n));
    return OK;
}

enum err tuf_body_targets(struct wr *w,
                          struct tuf_body_head head,
                          const struct tuf_metadata *old,
                          struct tuf_body_edit edit)
{
    struct json v;
    struct json name;
    struct json targets;
    struct json_writer j = begin(w, TUF_TARGETS);
    if (old && json_find(&v, old->body, "delegations")) {
        json_put_name(&j, "delegations");
        json_put_raw(&j, v.raw);
    }
    put_expires(&j, head.expires);
    put_spec_version(&j);
    json_put_name(&j, "targets");
    json_put_object(&j);
    if (old && json_find(&targets, old->body, "targets")) {
        struct json_iter it = json_iterate(targets);
        while (json_next(&it, &name, &v)) {
            if (edit.name.n == 0 || !json_string_equal(name, edit.name)) {
                TRY(put_name(&j, name));
                json_put_raw(&j, v.raw);
            }
        }
    }
    if (edit.name.n > 0 && edit.entry.n > 0) {
        json_put_name_span(&j, edit.name);
        json_put_raw(&j, edit.entry);
    }
    json_end_object(&j);
    return end(&j, head.version);
}

enum err tuf_body_list(struct wr *w,
                       enum tuf_role role,
                       struct tuf_body_head head,
                       struct tuf_body_listed listed)
{
    struct hash32 hash;
    uint8_t text[64];
    struct wr digits = wr_init(MSPAN_OF(text));
    sha256(&hash, listed.bytes);
    base16_encode(&digits, SPAN_OF(hash.bytes));
    struct json_writer j = begin(w, role);
    put_expires(&j, head.expires);
    json_put_name(&j, "meta");
    json_put_object(&j);
    json_put_name(&j, role == TUF_TIMESTAMP ? "snapshot.json" : "targets.json");
    json_put_object(&j);
    json_put_name(&j, "hashes");
    json_put_object(&j);
    json_put_name(&j, "sha256");
    json_put_string(&j, SPAN_OF(text));
    json_end_object(&j);
    json_put_name(&j, "length");
    json_put_u64(&j, listed.bytes.n);
    json_put_name(&j, "version");
    json_put_u64(&j, listed.version);
    json_end_object(&j);
    json_end_object(&j);
    put_spec_version(&j);
    return end(&j, head.version);
}
