/* The backup file: made here and read by whoever keeps it, in parts; brought back in parts, proven, and taken back. What opens it is the vault
 * (docs/vault.md "The backup file"): the key process gives the key of one file while its vault is open. */
#include "codec/base64.h"
#include "node/api/api_vault.h"
#include "wallet/backup.h"

#include <string.h>

enum { PART_LEN_MAX = 8192, CAPSULE_ID_AT = 8 };

static enum err ask_key(struct api_call *c, struct secret32 *ret, struct span salt)
{
    struct span body;
    TRY(vault_ask(c->api, &body, KEYD_VAULT_BACKUP_KEY, salt));
    if (body.n != sizeof ret->bytes) {
        return ERR_IO;
    }
    memcpy(ret->bytes, body.p, sizeof ret->bytes);
    return OK;
}

static void put_counts(struct api_call *c, const struct backup_counts *n)
{
    struct json_writer *j = c->w.j;
    json_put_name(j, "made_ms");
    json_put_u64(j, n->made_ms);
    json_put_name(j, "accounts");
    json_put_u64(j, n->accounts);
    json_put_name(j, "contacts");
    json_put_u64(j, n->contacts);
}

static void drop_file(struct api_backup *b)
{
    buf_clear(&b->file);
    buf_trim(&b->file);
    b->is_made = false;
    b->size = 0;
}

/* ---- making ---- */

static enum err make(struct api_call *c, struct backup_counts *ret)
{
    AUTO(secret32_wipe) struct secret32 key;
    AUTO(buf_done) struct buf content;
    AUTO(buf_done) struct buf capsule;
    struct backup_sealing sealing = {.key = &key};
    struct buf *file = &c->api->backup.file;
    buf_init(&content, &c->api->budget, BACKUP_CONTENT_MAX);
    buf_init(&capsule, &c->api->budget, CAPSULE_LEN);
    rng_fill(c->api->cfg.rng, MSPAN_OF(sealing.salt));
    rng_fill(c->api->cfg.rng, MSPAN_OF(sealing.nonce));
    TRY(ask_key(c, &key, SPAN_OF(sealing.salt)));
    TRY(api_port_capsule(c->api->cfg.node, &capsule));
    TRY(wallet_backup_write(c->w.wallet, c->t, &content));
    TRY(wallet_backup_look(c->w.wallet, ret, buf_span(&content)));
    sealing.capsule = buf_span(&capsule);
    sealing.content = buf_span(&content);
    return backup_encode(file, &sealing);
}

enum api_done api_do_backup_make(struct api_call *c)
{
    struct api_backup *b = &c->api->backup;
    struct backup_counts n;
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    drop_file(b);
    enum err e = make(c, &n);
    if (e != OK) {
        return vault_refused(c, e);
    }
    b->is_made = true;
    b->size = b->file.n;
    json_put_object(c->w.j);
    json_put_name(c->w.j, "size");
    json_put_u64(c->w.j, b->size);
    put_counts(c, &n);
    json_end_object(c->w.j);
    return API_DONE;
}

static uint64_t param_u64(const struct api_call *c, const char *name)
{
    uint64_t v = 0;
    return json_find_u64(&v, c->params, name) == OK ? v : 0;
}

enum api_done api_do_backup_read(struct api_call *c)
{
    AUTO(buf_done) struct buf text;
    const struct api_backup *b = &c->api->backup;
    const uint64_t offset = param_u64(c, "offset");
    buf_init(&text, &c->api->budget, base64_len(BASE64_URL_BARE, PART_LEN_MAX));
    if (!b->is_made || offset >= b->size || wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "backup_none");
    }
    struct span rest = span_from(buf_span(&b->file), (size_t)offset);
    struct wr w = wr_init_buf(&text);
    base64_encode(&w, BASE64_URL_BARE,
                  span_first(rest, rest.n < PART_LEN_MAX ? rest.n : PART_LEN_MAX));
    if (wr_end(&w) != OK) {
        return api_refuse(c, "backup_none");
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "data");
    json_put_string(c->w.j, buf_span(&text));
    json_end_object(c->w.j);
    return API_DONE;
}

/* ---- bringing back ---- */

enum api_done api_do_backup_part(struct api_call *c)
{
    AUTO(buf_done) struct buf bytes;
    struct api_backup *b = &c->api->backup;
    const uint64_t offset = param_u64(c, "offset");
    const uint64_t size = param_u64(c, "size");
    struct span data;
    buf_init(&bytes, &c->api->budget, PART_LEN_MAX + 1);
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (offset == 0) {
        drop_file(b);
        b->size = size <= BACKUP_LEN_MAX ? (size_t)size : 0;
    }
    enum err e = api_member_bytes(c->params, "data", &bytes, &data);
    if (e != OK || b->is_made || size != b->size || offset != b->file.n || data.n == 0 ||
        data.n > b->size - b->file.n) {
        return api_refuse(c, "backup_broken");
    }
    if (buf_append(&b->file, data) != OK) {
        return api_refuse(c, "backup_broken");
    }
    json_put_object(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

/* The file that was brought, whole. */
static enum err whole(struct api_call *c, struct backup *ret)
{
    const struct api_backup *b = &c->api->backup;
    if (b->is_made || b->size == 0 || b->file.n != b->size) {
        return ERR_NOT_FOUND;
    }
    return backup_decode(ret, buf_span(&b->file)) == OK ? OK : ERR_MALFORMED;
}

static enum api_done refused(struct api_call *c, enum err e)
{
    if (e == ERR_NOT_FOUND) {
        return api_refuse(c, "backup_none");
    }
    /* AUTH: another data key. LIMIT: more than this wallet has places for. */
    if (e == ERR_MALFORMED || e == ERR_UNSUPPORTED || e == ERR_AUTH || e == ERR_TRUNCATED) {
        return api_refuse(c, "backup_broken");
    }
    return vault_refused(c, e);
}

/* Whether the key process holds the vault that the file is of. */
static enum err check_vault(struct api_call *c, const struct backup *b)
{
    static const uint8_t first = 0;
    struct span body;
    enum err e = vault_ask(c->api, &body, KEYD_VAULT_CAPSULE, span_of(&first, 1));
    if (e != OK) {
        return e == ERR_NOT_FOUND ? ERR_STATE : e; /* no vault */
    }
    if (body.n != KEYD_CAPSULE_PART) {
        return ERR_IO;
    }
    struct span ours = span_first(span_from(body, CAPSULE_ID_AT), CAPSULE_ID_LEN);
    struct span theirs = span_first(span_from(b->capsule, CAPSULE_ID_AT), CAPSULE_ID_LEN);
    return span_equal(ours, theirs) ? OK : ERR_DENIED;
}

enum api_done api_do_restore_begin(struct api_call *c)
{
    struct backup b;
    struct span body;
    struct vault_seen seen;
    enum err e = whole(c, &b);
    if (e == OK && wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    e = e == OK ? vault_see(c->api, &seen) : e;
    if (e == OK && seen.state == VAULT_NONE) {
        e = vault_ask(c->api, &body, KEYD_VAULT_RESTORE, b.capsule);
        e = e == ERR_AUTH ? ERR_MALFORMED : e;
    } else if (e == OK) {
        e = check_vault(c, &b);
    }
    if (e == ERR_DENIED) {
        return api_refuse(c, "backup_other_vault");
    }
    if (e != OK) {
        return refused(c, e);
    }
    c->api->is_stale[API_TOPIC_STATUS] = true;
    json_put_object(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

/* What both do with the opened file. */
typedef enum err (*content_fn)(struct api_call *c, struct backup_counts *ret, struct span content);

static enum err look_into(struct api_call *c, struct backup_counts *ret, struct span content)
{
    return wallet_backup_look(c->w.wallet, ret, content);
}

static enum err take_back(struct api_call *c, struct backup_counts *ret, struct span content)
{
    return wallet_backup_restore(c->w.wallet, c->t, ret, content);
}

static enum err
open_file(struct api_call *c, const struct backup *b, struct backup_counts *ret, content_fn use)
{
    AUTO(secret32_wipe) struct secret32 key;
    AUTO(buf_done) struct buf plain;
    struct mspan room;
    struct span content;
    buf_init(&plain, &c->api->budget, BACKUP_PLAIN_MAX + AEAD_TAG_LEN);
    TRY(check_vault(c, b));
    TRY(ask_key(c, &key, b->salt));
    TRY(buf_extend(&plain, &room, b->sealed.n));
    TRY(backup_open(room, &content, b, &key));
    return use(c, ret, content);
}

static enum api_done open_and(struct api_call *c, content_fn use)
{
    struct backup b;
    struct backup_counts n;
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    enum err e = whole(c, &b);
    if (e == OK) {
        e = open_file(c, &b, &n, use);
        if (e == ERR_DENIED) {
            return api_refuse(c, "backup_other_vault");
        }
    }
    if (e != OK) {
        return refused(c, e);
    }
    wallet_backup_proven(c->w.wallet, c->t, capsule_generation(b.capsule));
    drop_file(&c->api->backup);
    json_put_object(c->w.j);
    put_counts(c, &n);
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_backup_check(struct api_call *c)
{
    return open_and(c, look_into);
}

enum api_done api_do_restore_finish(struct api_call *c)
{
    return open_and(c, take_back);
}
