#ifndef NODE_KEYD_H
#define NODE_KEYD_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/rng.h"
#include "crypto/guarded.h"
#include "evm/keystore.h"
#include "node/keyd/keyd_wire.h"
#include "wallet/cosigner.h"
#include "wallet/vault.h"

/* The engine of passmesh-keyd: requests in, replies out. It holds the secrets in guarded memory, opens it
 * for the moment of a signature, and signs only what it has read and understood itself. No descriptor, file
 * or clock of its own: the store and the randomness are given. */

/* Where keys are kept; embed as first member. save: OK means that content survives a loss of power. */
struct keyd_store {
    enum err (*save)(struct keyd_store *self, struct span content);
};

struct keyd_cfg {
    struct budget *budget; /* at least KEYD_MEM; must outlive the engine, as all here */
    struct rng *rng;       /* draws the secrets */
    struct keyd_store *store;
    uint32_t protections; /* for STATUS; KEYD_LOCKED_MEMORY is added here */
    uint8_t landlock_abi; /* for STATUS */
    struct budget *work;  /* for the moment of Argon2id; may be another than budget */
    struct argon2_cost phrase_cost;
    unsigned
        key_file_log2_n; /* scrypt's cost of key files that are written; KEYD_KEY_FILE_LOG2_N */
    uint64_t idle_us;    /* of the vault */
};

/* What an engine reserves at most: guarded pages, and the store's content while it is written, bytes. */
#define KEYD_MEM (128 * 1024 + VAULT_MEM)

/* The largest thing that comes sealed, bytes: a key file and its password, each with its length. */
#define KEYD_KEY_FILE_LOG2_N 17 /* 128 MiB for a moment: as most wallets write */
#define KEYD_PASSWORD_MAX    256
#define KEYD_SECRET_MAX      (4 + KEYD_PASSWORD_MAX + KEYSTORE_TEXT_MAX)

enum { KEYD_SECRETS_MAX = KEYD_KEYS_MAX + KEYD_COSIGNERS_MAX };

/* The vault's way into keyd's store. */
struct keyd_vault_port {
    struct vault_store store; /* first */
    struct keyd *keyd;
    struct span saving; /* the capsule on its way */
};

/* A co-signer, and where its key leads. */
struct keyd_cosigner {
    struct address address;
    struct cosigner record;
};

struct keyd {
    struct keyd_cfg cfg;
    /* struct secret32 [KEYD_SECRETS_MAX]: of keys in their order, and from KEYD_KEYS_MAX on of cosigners in theirs */
    struct guarded secrets;
    struct keyd_key keys[KEYD_KEYS_MAX];
    size_t keys_count;
    struct keyd_cosigner cosigners[KEYD_COSIGNERS_MAX];
    size_t cosigners_count;
    uint32_t next_id;
    uint64_t signed_count;
    uint64_t denied_count;
    instant now;
    walltime clock;
    struct vault vault;
    struct keyd_vault_port vault_port;
    struct x25519_key channel; /* for one request with a secret */
    bool has_channel;
    uint8_t secret[KEYD_SECRET_MAX]; /* what came sealed, for the moment of its request */
};

/* keyd_init takes what the store holds (empty: a new store); content may be wiped afterwards. k must not move from then on.
 * ERR_MALFORMED: it is not what keyd writes, or a public key does not belong to its secret. ERR_LIMIT. */
MUST_CHECK enum err keyd_init(struct keyd *k, const struct keyd_cfg *cfg, struct span content);

/* keyd_done wipes; safe on a zeroed object. */
void keyd_done(struct keyd *k);

/* keyd_tick tells the time, before requests and when keyd_deadline has come; the vault locks itself by it. */
void keyd_tick(struct keyd *k, instant now);

/* keyd_set_clock tells the time of the calendar, for what expires; 0, before it was told, lets nothing pass that does. */
void keyd_set_clock(struct keyd *k, walltime clock);

/* keyd_slept: the machine has slept; the vault locks. */
void keyd_slept(struct keyd *k);
instant keyd_deadline(const struct keyd *k);

/* keyd_answer reads one request of a client with these capabilities and writes the reply into out, of
 * KEYD_REPLY_MAX bytes. Returns its length; every request, however broken, gets one. */
size_t keyd_answer(struct keyd *k, struct mspan out, uint32_t capabilities, struct span request);

#endif
