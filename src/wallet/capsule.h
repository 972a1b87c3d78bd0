#ifndef WALLET_CAPSULE_H
#define WALLET_CAPSULE_H

#include "base/budget.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "crypto/argon2.h"
#include "crypto/ed25519.h"
#include "crypto/x25519.h"

#include <stdbool.h>
#include <stdint.h>

/* The sealed vault as bytes: docs/vault.md "The capsule". Public to whoever has it, but for what it seals. */

enum {
    CAPSULE_LEN = 8192,
    CAPSULE_RECIPIENTS_MAX = 8,
    CAPSULE_CREDENTIAL_ID_MAX = 255,
    CAPSULE_RP_ID_MAX = 127,
    CAPSULE_ID_LEN = 16,
    CAPSULE_WRAPPED_LEN = 48,
    CAPSULE_NAME_MAX = 1 + 1 + CAPSULE_CREDENTIAL_ID_MAX + 1 + CAPSULE_RP_ID_MAX + 32,
};

enum capsule_kind { CAPSULE_PASSKEY = 1, CAPSULE_PHRASE = 2 };

struct capsule_recipient {
    enum capsule_kind kind;
    /* a passkey's name */
    uint8_t credential_id[CAPSULE_CREDENTIAL_ID_MAX];
    uint8_t credential_id_len;
    uint8_t rp_id[CAPSULE_RP_ID_MAX];
    uint8_t rp_id_len;
    uint8_t prf_input[32];
    /* a phrase's name */
    uint8_t salt[ARGON2_SALT_LEN];
    struct argon2_cost cost;
    /* the seal */
    uint8_t public_key[32];
    uint8_t ephemeral[32];
    uint8_t wrapped[CAPSULE_WRAPPED_LEN];
    uint8_t binding[32];
};

struct capsule_head {
    uint8_t id[CAPSULE_ID_LEN];
    uint64_t generation;
    struct ed25519_public key; /* the vault key */
    struct capsule_recipient recipients[CAPSULE_RECIPIENTS_MAX];
    size_t recipients_count;
};

/* capsule_decode reads the clear part and checks the signature of the vault key over all of it. ERR_MALFORMED: not a capsule;
 * ERR_UNSUPPORTED: of another version; ERR_AUTH: the signature. That the vault key is the right one, only a recipient's
 * binding tells. */
MUST_CHECK enum err capsule_decode(struct capsule_head *ret, struct span capsule);

/* capsule_find_passkey: the recipient of that credential, or NULL. Points into head. */
const struct capsule_recipient *capsule_find_passkey(const struct capsule_head *head,
                                                     struct span credential_id);

/* capsule_generation of CAPSULE_LEN bytes, which nobody has verified yet. */
uint64_t capsule_generation(struct span capsule);

/* What a recipient's owner has: follows from the PRF output or the phrase. A secret. */
struct capsule_keys {
    struct x25519_key key;
    struct secret32 binding;
};
void capsule_keys_wipe(struct capsule_keys *keys);

/* capsule_keys_of_prf takes 32 bytes of PRF output. */
MUST_CHECK enum err capsule_keys_of_prf(struct capsule_keys *ret,
                                        const struct capsule_recipient *recipient,
                                        const struct secret32 *prf);

/* capsule_keys_of_phrase takes the entropy of a phrase; takes a tenth of a second. ERR_LIMIT: the recipient's costs are out of range, or no
 * budget for them. */
MUST_CHECK enum err capsule_keys_of_phrase(struct capsule_keys *ret,
                                           struct budget *budget,
                                           const struct capsule_recipient *recipient,
                                           struct span entropy);

/* capsule_bind fills public_key and binding of a new recipient whose name is there, for the vault of head. */
void capsule_bind(struct capsule_recipient *recipient,
                  const struct capsule_head *head,
                  const struct capsule_keys *keys);

/* capsule_wrap seals the data key to a recipient; ephemeral is 32 fresh random bytes. */
MUST_CHECK enum err capsule_wrap(struct capsule_recipient *recipient,
                                 const struct capsule_head *head,
                                 const struct secret32 *data_key,
                                 const struct secret32 *ephemeral);

/* capsule_unwrap gives the data key. ERR_AUTH: other keys than the recipient's, or the vault key is not the one that was bound, or the
 * seal is damaged. */
MUST_CHECK enum err capsule_unwrap(struct secret32 *ret_data_key,
                                   const struct capsule_head *head,
                                   const struct capsule_recipient *recipient,
                                   const struct capsule_keys *keys);

/* capsule_room is how many bytes of content a capsule of that head takes; 0 if its recipients leave none. */
size_t capsule_room(const struct capsule_head *head);

/* capsule_encode writes a capsule of CAPSULE_LEN bytes. content has capsule_room bytes, key is the pair of head->key; nonce is fresh and
 * random. ERR_LIMIT: the recipients leave no room. */
struct capsule_sealing {
    const struct secret32 *data_key;
    const struct ed25519_key *key;
    struct span content;
    uint8_t nonce[24];
};
MUST_CHECK enum err capsule_encode(struct mspan out,
                                   const struct capsule_head *head,
                                   const struct capsule_sealing *sealing);

/* capsule_open decrypts the content of a capsule that was decoded into head; out has capsule_room bytes. ERR_AUTH: another
 * data key, or damaged. */
MUST_CHECK enum err capsule_open(struct mspan out,
                                 const struct capsule_head *head,
                                 const struct secret32 *data_key,
                                 struct span capsule);

#endif
