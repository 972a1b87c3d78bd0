/* The content of the vault as bytes. */
#include "wallet/vault_content.h"

#include "base/rd.h"
#include "base/wr.h"

#include <string.h>

enum { FLAG_BACKUP_ELIGIBLE = 1 };

void vault_content_wipe(struct vault_content *c)
{
    wipe(mspan_of(c, sizeof *c));
}

static void write_part(struct wr *w, const uint8_t *p, uint8_t n)
{
    wr_u8(w, n);
    wr_bytes(w, span_of(p, n));
}

static void write_entry(struct wr *w, const struct vault_entry *e)
{
    wr_u8(w, (uint8_t)e->kind);
    wr_be32(w, e->number);
    switch (e->kind) {
    case VAULT_PHRASE:
        wr_u8(w, (uint8_t)e->entropy.language);
        write_part(w, e->entropy.bytes, (uint8_t)e->entropy.n);
        write_part(w, e->passphrase, e->passphrase_len);
        break;
    case VAULT_KEY: wr_bytes(w, SPAN_OF(e->key.bytes)); break;
    }
}

enum err vault_content_encode(struct mspan out, const struct vault_content *c)
{
    struct wr w = wr_init(mspan_from(out, 2));
    wr_bytes(&w, SPAN_OF(c->seed.bytes));
    wr_be32(&w, c->next_number);
    wr_u8(&w, (uint8_t)c->passkeys_count);
    for (size_t i = 0; i < c->passkeys_count; i++) {
        const struct vault_passkey *p = &c->passkeys[i];
        write_part(&w, p->credential_id, p->credential_id_len);
        wr_bytes(&w, SPAN_OF(p->credential.key.xy));
        wr_be32(&w, p->credential.sign_count);
        wr_u8(&w, p->credential.is_backup_eligible ? FLAG_BACKUP_ELIGIBLE : 0);
        write_part(&w, p->origin, p->origin_len);
    }
    wr_u8(&w, (uint8_t)c->entries_count);
    for (size_t i = 0; i < c->entries_count; i++) {
        write_entry(&w, &c->entries[i]);
    }
    TRY(wr_end(&w));
    struct wr length = wr_init(out);
    wr_be16(&length, (uint16_t)w.n);
    TRY(wr_end(&length));
    memset(out.p + 2 + w.n, 0, out.n - 2 - w.n);
    return OK;
}

static uint8_t read_part(struct rd *r, uint8_t *out, size_t min, size_t max)
{
    uint8_t n = rd_u8(r);
    if (n < min || n > max) {
        rd_fail(r);
        return 0;
    }
    rd_copy(r, mspan_of(out, n));
    return n;
}

static void read_passkey(struct rd *r, struct vault_passkey *p)
{
    uint8_t xy[64];
    p->credential_id_len = read_part(r, p->credential_id, 1, CAPSULE_CREDENTIAL_ID_MAX);
    rd_copy(r, MSPAN_OF(xy));
    p->credential.sign_count = rd_be32(r);
    uint8_t flags = rd_u8(r);
    p->credential.is_backup_eligible = flags == FLAG_BACKUP_ELIGIBLE;
    p->origin_len = read_part(r, p->origin, 1, VAULT_ORIGIN_MAX);
    if (flags > FLAG_BACKUP_ELIGIBLE || p256_public_init(&p->credential.key, SPAN_OF(xy)) != OK) {
        rd_fail(r);
    }
}

static void read_entry(struct rd *r, struct vault_entry *e, uint32_t next_number)
{
    uint8_t kind = rd_u8(r);
    e->kind = (enum vault_entry_kind)kind;
    e->number = rd_be32(r);
    if (kind == VAULT_PHRASE) {
        uint8_t language = rd_u8(r);
        e->entropy.n = read_part(r, e->entropy.bytes, 16, BIP39_ENTROPY_MAX);
        e->passphrase_len = read_part(r, e->passphrase, 0, VAULT_PASSPHRASE_MAX);
        e->entropy.language = (enum bip39_language)language;
        if (language >= BIP39_LANGUAGE_COUNT || e->entropy.n % 4 != 0) {
            rd_fail(r);
        }
    } else if (kind == VAULT_KEY) {
        rd_copy(r, MSPAN_OF(e->key.bytes));
    } else {
        rd_fail(r);
    }
    if (e->number >= next_number) {
        rd_fail(r);
    }
}

static size_t read_count(struct rd *r, size_t max)
{
    size_t n = rd_u8(r);
    if (n > max) {
        rd_fail(r);
        return 0;
    }
    return n;
}

static bool read_content(struct vault_content *ret, struct span in)
{
    struct rd r = rd_init(in);
    rd_copy(&r, MSPAN_OF(ret->seed.bytes));
    ret->next_number = rd_be32(&r);
    ret->passkeys_count = read_count(&r, CAPSULE_RECIPIENTS_MAX);
    for (size_t i = 0; i < ret->passkeys_count; i++) {
        read_passkey(&r, &ret->passkeys[i]);
    }
    ret->entries_count = read_count(&r, VAULT_ENTRIES_MAX);
    for (size_t i = 0; i < ret->entries_count; i++) {
        read_entry(&r, &ret->entries[i], ret->next_number);
    }
    return rd_end(&r);
}

/* Everything but the data key, which the caller may have put there already. */
static void clear(struct vault_content *c)
{
    AUTO(secret32_wipe) struct secret32 data_key;
    memcpy(data_key.bytes, c->data_key.bytes, sizeof data_key.bytes);
    vault_content_wipe(c);
    memcpy(c->data_key.bytes, data_key.bytes, sizeof data_key.bytes);
}

enum err vault_content_decode(struct vault_content *ret, struct span in)
{
    struct rd r = rd_init(in);
    size_t n = rd_be16(&r);
    struct span body = rd_bytes(&r, n);
    struct span filler = rd_rest(&r);
    clear(ret);
    bool is_good = rd_ok(&r) && read_content(ret, body);
    uint8_t seen = 0;
    for (size_t i = 0; i < filler.n; i++) {
        seen |= filler.p[i];
    }
    if (!is_good || seen != 0) {
        clear(ret);
        return ERR_MALFORMED;
    }
    return OK;
}
