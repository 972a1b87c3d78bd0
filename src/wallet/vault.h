#ifndef WALLET_VAULT_H
#define WALLET_VAULT_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/rng.h"
#include "base/span.h"
#include "crypto/guarded.h"
#include "crypto/secp256k1.h"
#include "evm/address.h"
#include "evm/bip32.h"
#include "wallet/capsule.h"
#include "wallet/vault_content.h"
#include "wallet/vault_reading.h"
#include "webauthn/registration.h"

/* The vault's engine: docs/vault.md. It runs in keyd, has no clock, file or randomness of its own, and nothing of
 * it is blocking but Argon2id and the store.
 *
 *     none ──enrolment of the first passkey──▶ open ◀──unlock── locked
 *                                                 └──lock, idle──▶
 */

/* Where the capsule is kept; embed as first member. save: OK means that it survives a loss of power. */
struct vault_store {
    enum err (*save)(struct vault_store *self, struct span capsule);
};

struct vault_cfg {
    struct budget *budget; /* VAULT_MEM for its life; must outlive the engine, as all here */
    struct budget *work;   /* for the moment of Argon2id */
    struct rng *rng;       /* draws keys, challenges and nonces */
    struct vault_store *store;
    uint64_t idle_us; /* without a use for so long it locks; 0: never */
    struct argon2_cost phrase_cost;
};

#define VAULT_MEM     (96 * 1024)
#define VAULT_IDLE_US ((uint64_t)10 * 60 * 1000 * 1000)
#define VAULT_REQUEST_US                                                                           \
    ((uint64_t)5 * 60 * 1000 * 1000) /* life of an enrolment or a signing request */
#define VAULT_FREE_TRIES  3
#define VAULT_WAIT_US_MAX ((uint64_t)60 * 60 * 1000 * 1000)
#define VAULT_PHRASE_COST ((struct argon2_cost){.passes = 3, .memory_kib = 64 * 1024})

enum vault_state { VAULT_NONE, VAULT_LOCKED, VAULT_OPEN };

/* Why an enrolment was refused; docs/vault.md "Enrolling a passkey". */
enum vault_refusal {
    VAULT_ACCEPTED,
    VAULT_NO_USER_VERIFICATION,
    VAULT_CREATE_VALUE,
    VAULT_PRF_CHANGED,
    VAULT_PRF_MISSING,
    VAULT_ASSERTION_REFUSED,
    VAULT_KNOWN_CREDENTIAL,
    VAULT_FULL,
    VAULT_SEAL_FAILED,
    VAULT_REFUSAL_COUNT
};

/* vault_refusal_name is a static word such as "prf_changed". */
const char *vault_refusal_name(enum vault_refusal r);

enum vault_enrolment_step { ENROLMENT_NONE, ENROLMENT_CREATING, ENROLMENT_FIRST, ENROLMENT_SECOND };

struct vault_enrolment {
    enum vault_enrolment_step step;
    instant until;
    uint8_t challenge[32];
    struct capsule_recipient recipient; /* its name */
    struct vault_passkey passkey;
    struct secret32 prf; /* the first output, until the second */
};

struct vault_signing {
    bool is_waiting;
    instant until;
    uint8_t challenge[32];
    enum vault_signable kind;
    uint8_t receiver[VAULT_RECEIVER_LEN]; /* of an export */
    struct hash32 hash;
    uint32_t entry;
    struct bip32_path path;
};

/* A change of the vault that a passkey has agreed to, and that was not made yet. */
struct vault_approval {
    bool is_given;
    instant until;
    struct hash32 hash;
};

struct vault {
    struct vault_cfg cfg;
    enum vault_state state;
    instant idle_until;
    instant try_at; /* no earlier */
    unsigned wrong_tries;
    struct capsule_head head;
    struct capsule_head head_next; /* while a change is made */
    uint8_t capsule[CAPSULE_LEN];
    uint8_t capsule_aside[CAPSULE_LEN];
    struct guarded content; /* struct vault_room */
    struct vault_enrolment enrolment;
    struct vault_signing signing;
    struct vault_approval approval;
};

/* vault_init takes the stored capsule, or nothing: then there is no vault yet. Errors of capsule_decode; ERR_LIMIT. */
MUST_CHECK enum err vault_init(struct vault *v, const struct vault_cfg *cfg, struct span capsule);

/* vault_restore takes a capsule from a backup where there is no vault yet: it is stored, and locked. ERR_STATE: there is a vault.
 * Errors of capsule_decode; ERR_IO. */
MUST_CHECK enum err vault_restore(struct vault *v, struct span capsule);

/* vault_done wipes; safe on a zeroed object. */
void vault_done(struct vault *v);

/* vault_lock wipes all that was open, an enrolment and a signing request too. */
void vault_lock(struct vault *v);

instant vault_deadline(const struct vault *v);
void vault_tick(struct vault *v, instant now);

/* Enrolling: begin, then created, then asserted twice. A refusal ends the enrolment, and nothing is stored. */
struct vault_enrolled {
    uint8_t challenge[32]; /* for the ceremony that follows */
    uint8_t prf_input[32]; /* what all ceremonies of this passkey evaluate */
    bool is_done;
    enum vault_refusal refusal; /* with ERR_DENIED */
};

/* vault_enrol_begin: ERR_STATE if the vault is locked. ERR_LIMIT: eight recipients. The challenge is for the creation. */
MUST_CHECK enum err vault_enrol_begin(struct vault *v, instant now, struct vault_enrolled *ret);

/* Where ceremonies of a passkey are held. */
struct vault_place {
    struct span rp_id;
    struct span origin;
};

/* vault_enrol_created verifies the registration. ERR_DENIED: refused, ret->refusal says why. ERR_STATE: not begun, or too long ago. */
MUST_CHECK enum err vault_enrol_created(struct vault *v,
                                        instant now,
                                        struct vault_enrolled *ret,
                                        const struct vault_place *place,
                                        const struct registration_response *response);

/* vault_enrol_asserted takes an assertion and its PRF output. After the second (ret->is_done) the passkey is trusted, the new
 * capsule is stored and the vault is open. ERR_DENIED and ERR_STATE as above; ERR_IO: the store failed, nothing changed. */
MUST_CHECK enum err vault_enrol_asserted(struct vault *v,
                                         instant now,
                                         struct vault_enrolled *ret,
                                         const struct assertion_response *response,
                                         struct span prf);

/* Unlocking. ERR_AUTH: it opens nothing; counted. ERR_TIMEOUT: too many wrong tries, the next is taken at v->try_at. ERR_NOT_FOUND: no such
 * recipient. ERR_STATE: there is no vault. ERR_MALFORMED: not 32 bytes, or not a phrase. */
MUST_CHECK enum err
vault_unlock(struct vault *v, instant now, struct span credential_id, struct span prf);
MUST_CHECK enum err vault_unlock_phrase(struct vault *v, instant now, struct span text);

/* vault_add_recovery makes the recovery phrase of the vault: 12 English words, appended to ret_text, a secret buf. ERR_STATE: locked, or there
 * is one. ERR_LIMIT; ERR_IO. Takes a tenth of a second. */
MUST_CHECK enum err vault_add_recovery(struct vault *v, instant now, struct buf *ret_text);

/* vault_remove takes a recipient away. ERR_NOT_FOUND. ERR_DENIED: it is the last passkey. ERR_STATE; ERR_IO. */
MUST_CHECK enum err vault_remove(struct vault *v, instant now, struct span credential_id);

/* Entries. ERR_STATE: locked. ERR_LIMIT: full. ERR_IO: the store failed, nothing changed. *ret_number names the entry;
 * a secret that is there already keeps its own. */
MUST_CHECK enum err vault_add_phrase(struct vault *v,
                                     instant now,
                                     uint32_t *ret_number,
                                     const struct bip39_entropy *entropy,
                                     struct span passphrase);
MUST_CHECK enum err
vault_add_key(struct vault *v, instant now, uint32_t *ret_number, const struct secret32 *key);

/* vault_draw_phrase adds a new phrase of 12 or 24 English words. ERR_MALFORMED: another count. */
MUST_CHECK enum err
vault_draw_phrase(struct vault *v, instant now, uint32_t *ret_number, unsigned words);

/* vault_address is the account of an entry: of a phrase at path, of a key with an empty path. ERR_NOT_FOUND, ERR_STATE,
 * ERR_MALFORMED: a path for a key, or an index without a key. */
MUST_CHECK enum err vault_address(struct vault *v,
                                  instant now,
                                  struct address *ret,
                                  uint32_t number,
                                  const struct bip32_path *path);

/* Signing: prepare, show, let a passkey sign the challenge, sign. What is signed was decoded here. */
struct vault_prepared {
    uint8_t challenge[32];
    struct vault_reading reading; /* its spans lie in the request's payload */
    struct address address;
};

struct vault_request {
    uint32_t number; /* of the entry */
    struct bip32_path path;
    enum vault_signable kind;
    struct span payload; /* see enum vault_signable */
};

/* vault_prepare: a request that waited is dropped. Errors of vault_read; others as vault_address. */
MUST_CHECK enum err vault_prepare(struct vault *v,
                                  instant now,
                                  struct vault_prepared *ret,
                                  const struct vault_request *request);

/* vault_sign uses the request up, whatever comes out. ERR_STATE: locked, nothing to be signed prepared, or too long ago. ERR_NOT_FOUND: no passkey of that
 * credential. ERR_AUTH: the assertion does not hold. */
MUST_CHECK enum err vault_sign(struct vault *v,
                               instant now,
                               struct secp256k1_signature *ret_sig,
                               struct span credential_id,
                               const struct assertion_response *response);

/* vault_approve takes the assertion over a prepared VAULT_CHANGE; errs as vault_sign. vault_take_approval asks whether exactly this change
 * was agreed to a moment ago, and uses the answer up: ERR_DENIED if not. So an open vault lets nobody in whom its passkeys did not. */
MUST_CHECK enum err vault_approve(struct vault *v,
                                  instant now,
                                  struct span credential_id,
                                  const struct assertion_response *response);
MUST_CHECK enum err vault_take_approval(struct vault *v, instant now, struct span payload);

/* vault_passkey_look copies what is known of one of the vault's passkeys: nothing of it is secret. ERR_STATE: locked. ERR_NOT_FOUND. */
MUST_CHECK enum err vault_passkey_look(struct vault *v,
                                       instant now,
                                       struct vault_passkey *ret,
                                       struct span credential_id);

/* vault_backup_key gives the key of one backup file (wallet/backup.h), which opens that file and nothing else. ERR_STATE: locked. */
MUST_CHECK enum err
vault_backup_key(struct vault *v, instant now, struct secret32 *ret, struct span salt);

/* vault_export answers a prepared VAULT_EXPORT: the phrase of an entry (request without a path), or the private key at a path. Uses the
 * request up and errs as vault_sign does; ERR_LIMIT. */
struct vault_exported {
    struct buf *
        secret; /* the caller's secret buf, of BIP39_PHRASE_MAX: the phrase's words, or the key's 32 bytes */
    enum vault_entry_kind kind;
    uint8_t receiver[VAULT_RECEIVER_LEN];
};
MUST_CHECK enum err vault_export(struct vault *v,
                                 instant now,
                                 struct vault_exported *ret,
                                 struct span credential_id,
                                 const struct assertion_response *response);

#endif
