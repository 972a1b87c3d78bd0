#ifndef WALLET_BACKUP_H
#define WALLET_BACKUP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "codec/protobuf.h"
#include "crypto/aead.h"
#include "wallet/account.h"
#include "wallet/capsule.h"
#include "wallet/contact.h"
#include "wallet/settings.h"

/* The encrypted backup file: docs/vault.md "The backup file". It holds the vault's capsule and, sealed under a key that follows from the
 * vault's data key, what the wallet knows: accounts, contacts, settings. So what opens the capsule opens the file, and nothing else. */
enum {
    BACKUP_SALT_LEN = 32,
    BACKUP_HEAD_LEN = 8 + BACKUP_SALT_LEN + CAPSULE_LEN,
    BACKUP_CONTENT_MAX = 1024 * 1024, /* bytes: the most accounts and contacts that there may be */
    BACKUP_STEP = 4096,               /* the content is padded to a multiple */
    BACKUP_PLAIN_MAX = BACKUP_CONTENT_MAX + BACKUP_STEP,
    BACKUP_LEN_MAX = BACKUP_HEAD_LEN + XAEAD_NONCE_LEN + BACKUP_PLAIN_MAX + AEAD_TAG_LEN,
};

/* A file's parts; spans into it. */
struct backup {
    struct span head; /* salt and capsule, and what stands before: associated data */
    struct span salt;
    struct span capsule;
    struct span nonce;
    struct span sealed;
};

/* backup_decode cuts the file; the capsule is not looked into (capsule_decode). ERR_MALFORMED: not a backup file, or cut short;
 * ERR_UNSUPPORTED: of another version; ERR_LIMIT: longer than there are. */
MUST_CHECK enum err backup_decode(struct backup *ret, struct span file);

/* backup_key is the key of one file. */
MUST_CHECK enum err
backup_key(struct secret32 *ret, const struct secret32 *data_key, struct span salt);

/* backup_encode appends a file. capsule has CAPSULE_LEN bytes; key is backup_key of the salt; the nonce is fresh and random. ERR_LIMIT: content is longer
 * than BACKUP_CONTENT_MAX, or out is full. */
struct backup_sealing {
    const struct secret32 *key;
    struct span capsule;
    struct span content;
    uint8_t salt[BACKUP_SALT_LEN];
    uint8_t nonce[XAEAD_NONCE_LEN];
};
MUST_CHECK enum err backup_encode(struct buf *out, const struct backup_sealing *sealing);

/* backup_open decrypts in room, which has b->sealed.n bytes, and gives the content, a span into it. ERR_AUTH: another key, or damaged. */
MUST_CHECK enum err backup_open(struct mspan room,
                                struct span *ret_content,
                                const struct backup *b,
                                const struct secret32 *key);

/* What a content holds, one after the other; what a later version puts there is passed over. */
enum backup_kind { BACKUP_MADE = 1, BACKUP_ACCOUNT = 2, BACKUP_CONTACT = 3, BACKUP_SETTINGS = 4 };

struct backup_item { /* large: not for a stack */
    enum backup_kind kind;
    uint64_t made_ms; /* Unix time */
    struct account account;
    struct contact contact;
    struct settings settings;
};

struct backup_reader {
    struct protobuf_reader r;
    enum err err;
};
struct backup_reader backup_read(struct span content);

/* backup_next gives the next item; false at the end, or when something is broken: backup_read_end then says ERR_MALFORMED or ERR_LIMIT. */
bool backup_next(struct backup_reader *r, struct backup_item *ret);
MUST_CHECK enum err backup_read_end(const struct backup_reader *r);

/* backup_write appends an item; record is its encoding (account_encode and its like), of BACKUP_MADE none. */
void backup_write_made(struct wr *w, uint64_t made_ms);
void backup_write_record(struct wr *w, enum backup_kind kind, struct span record);

#endif
