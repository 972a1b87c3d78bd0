#ifndef WALLET_VAULT_CONTENT_H
#define WALLET_VAULT_CONTENT_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "evm/bip39.h"
#include "wallet/capsule.h"
#include "webauthn/assertion.h"

/* What a vault holds: docs/vault.md "The content". It is large and secret: it lives in guarded memory, never on a stack. */

enum {
    VAULT_ENTRIES_MAX = 32,
    VAULT_PASSPHRASE_MAX = 64, /* bytes of a BIP-39 passphrase */
    VAULT_ORIGIN_MAX = 127,
};

/* A passkey as keyd must know it to check an assertion; the recipient of the same place has its names. */
struct vault_passkey {
    uint8_t credential_id[CAPSULE_CREDENTIAL_ID_MAX];
    uint8_t credential_id_len;
    struct assertion_credential credential;
    uint8_t origin[VAULT_ORIGIN_MAX];
    uint8_t origin_len;
};

enum vault_entry_kind { VAULT_PHRASE = 1, VAULT_KEY = 2 };

struct vault_entry {
    enum vault_entry_kind kind;
    uint32_t number;              /* never given twice in one vault */
    struct bip39_entropy entropy; /* of a phrase */
    uint8_t passphrase[VAULT_PASSPHRASE_MAX];
    uint8_t passphrase_len;
    struct secret32 key; /* of a single key */
};

struct vault_content {
    struct secret32 data_key; /* not part of the bytes below */
    struct secret32 seed;     /* of the vault key */
    uint32_t next_number;
    struct vault_passkey passkeys[CAPSULE_RECIPIENTS_MAX];
    size_t passkeys_count;
    struct vault_entry entries[VAULT_ENTRIES_MAX];
    size_t entries_count;
};

void vault_content_wipe(struct vault_content *c);

/* vault_content_encode fills all of out, zeros at the end. ERR_LIMIT: it is too small. */
MUST_CHECK enum err vault_content_encode(struct mspan out, const struct vault_content *c);

/* vault_content_decode leaves ret->data_key alone. ERR_MALFORMED: not what we write, to the last zero. ret is wiped then. */
MUST_CHECK enum err vault_content_decode(struct vault_content *ret, struct span in);

#endif
