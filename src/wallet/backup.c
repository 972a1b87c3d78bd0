/* The format of the backup file. */
#include "wallet/backup.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/hkdf.h"

#include <string.h>

enum { VERSION = 1, LENGTH_LEN = 4 };

static_assert(BACKUP_CONTENT_MAX % BACKUP_STEP == 0,
              "a longest content and its length need one step more");

enum err backup_decode(struct backup *ret, struct span file)
{
    struct backup b;
    struct rd r = rd_init(file);
    if (file.n > BACKUP_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct span magic = rd_bytes(&r, 7);
    uint8_t version = rd_u8(&r);
    if (!rd_ok(&r) || !span_equal(magic, SPAN_LIT("PMBAKUP"))) {
        return ERR_MALFORMED;
    }
    if (version != VERSION) {
        return ERR_UNSUPPORTED;
    }
    b.salt = rd_bytes(&r, BACKUP_SALT_LEN);
    b.capsule = rd_bytes(&r, CAPSULE_LEN);
    b.nonce = rd_bytes(&r, XAEAD_NONCE_LEN);
    b.sealed = rd_rest(&r);
    if (!rd_ok(&r) || b.sealed.n < BACKUP_STEP + AEAD_TAG_LEN ||
        (b.sealed.n - AEAD_TAG_LEN) % BACKUP_STEP != 0) {
        return ERR_MALFORMED;
    }
    b.head = span_first(file, BACKUP_HEAD_LEN);
    *ret = b;
    return OK;
}

enum err backup_key(struct secret32 *ret, const struct secret32 *data_key, struct span salt)
{
    return hkdf(MSPAN_OF(ret->bytes), salt, SPAN_OF(data_key->bytes),
                SPAN_LIT("passmesh vault 1 backup"));
}

static size_t padded_len(size_t content_n)
{
    return (LENGTH_LEN + content_n + BACKUP_STEP - 1) / BACKUP_STEP * BACKUP_STEP;
}

enum err backup_encode(struct buf *out, const struct backup_sealing *sealing)
{
    check(sealing->capsule.n == CAPSULE_LEN);
    if (sealing->content.n > BACKUP_CONTENT_MAX) {
        return ERR_LIMIT;
    }
    const size_t plain_n = padded_len(sealing->content.n);
    const size_t from = out->n;
    struct mspan room;
    TRY(buf_extend(out, &room, BACKUP_HEAD_LEN + XAEAD_NONCE_LEN + plain_n + AEAD_TAG_LEN));
    struct wr w = wr_init(room);
    wr_bytes(&w, SPAN_LIT("PMBAKUP"));
    wr_u8(&w, VERSION);
    wr_bytes(&w, SPAN_OF(sealing->salt));
    wr_bytes(&w, sealing->capsule);
    wr_bytes(&w, SPAN_OF(sealing->nonce));
    const size_t head_n = w.n;
    wr_be32(&w, (uint32_t)sealing->content.n);
    wr_bytes(&w, sealing->content);
    check(wr_ok(&w));
    memset(room.p + w.n, 0, head_n + plain_n - w.n);
    /* In place: the plain text lies where the sealed one goes. */
    struct mspan sealed = mspan_of(room.p + head_n, plain_n + AEAD_TAG_LEN);
    enum err e = xaead_seal(sealing->key, sealed, sealing->nonce, span_of(room.p, BACKUP_HEAD_LEN),
                            span_of(sealed.p, plain_n));
    if (e != OK) {
        buf_shrink(out, from);
    }
    return e;
}

/* One content has one form: the padding is the shortest, and zeros. */
static enum err read_content(struct span *ret, struct span plain)
{
    struct rd r = rd_init(plain);
    const size_t n = rd_be32(&r);
    struct span content = rd_bytes(&r, n);
    if (!rd_ok(&r) || padded_len(n) != plain.n) {
        return ERR_MALFORMED;
    }
    struct span padding = rd_rest(&r);
    for (size_t i = 0; i < padding.n; i++) {
        if (padding.p[i] != 0) {
            return ERR_MALFORMED;
        }
    }
    *ret = content;
    return OK;
}

enum err backup_open(struct mspan room,
                     struct span *ret_content,
                     const struct backup *b,
                     const struct secret32 *key)
{
    check(room.n == b->sealed.n);
    struct mspan plain = mspan_of(room.p, room.n - AEAD_TAG_LEN);
    TRY(xaead_open(key, plain, b->nonce.p, b->head, b->sealed));
    return read_content(ret_content, span_const(plain));
}

/* ---- the content ---- */

struct backup_reader backup_read(struct span content)
{
    return (struct backup_reader){.r = protobuf_read(content), .err = OK};
}

static enum err read_item(struct backup_item *ret, const struct protobuf_field *f)
{
    struct span record;
    if (f->number == BACKUP_MADE) {
        return protobuf_get_u64(&ret->made_ms, f);
    }
    TRY(protobuf_get_bytes(&record, f));
    switch (ret->kind) {
    case BACKUP_MADE:     break;
    case BACKUP_ACCOUNT:  return account_decode(&ret->account, record);
    case BACKUP_CONTACT:  return contact_decode(&ret->contact, record);
    case BACKUP_SETTINGS: return settings_decode(&ret->settings, record);
    }
    return ERR_MALFORMED;
}

bool backup_next(struct backup_reader *r, struct backup_item *ret)
{
    struct protobuf_field f;
    while (r->err == OK && protobuf_next(&r->r, &f)) {
        if (f.number >= BACKUP_MADE && f.number <= BACKUP_SETTINGS) {
            ret->kind = (enum backup_kind)f.number;
            r->err = read_item(ret, &f);
            return r->err == OK;
        }
    }
    return false;
}

enum err backup_read_end(const struct backup_reader *r)
{
    TRY(r->err);
    return protobuf_end(&r->r);
}

void backup_write_made(struct wr *w, uint64_t made_ms)
{
    protobuf_write_varint(w, BACKUP_MADE, made_ms);
}

void backup_write_record(struct wr *w, enum backup_kind kind, struct span record)
{
    protobuf_write_bytes(w, (uint32_t)kind, record);
}
