#ifndef NODE_SEALER_H
#define NODE_SEALER_H

#include "base/err.h"
#include "base/rd.h"
#include "base/secret.h"
#include "base/wr.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

#include <stddef.h>
#include <stdint.h>

/* What keeps a 32-byte key and gives it back to this machine alone, while it is in a state that was approved: a TPM today. Without one, the
 * key is a file (store_key.h), and every status says so.
 *
 * The state is what the machine measured of its start. Who may approve states is fixed when a key is sealed: the holder of authority's secret, which
 * the recovery phrase gives. So a state can be approved before an update makes it, and whoever has the phrase is never locked out.
 *
 * Errors. ERR_IO: it does not answer. ERR_NOT_FOUND: sealed by another one, or it was cleared. ERR_STATE: no approval fits the machine's
 * state. ERR_AUTH: the blob is not what it made. ERR_DENIED: its owner does not let us. ERR_LIMIT: no room. ERR_UNSUPPORTED. */

enum {
    SEALER_BLOB_MAX = 1024,
    SEALER_APPROVALS_MAX = 8,
    SEALER_REGISTERS_MAX = 24,
};

struct sealer_blob {
    uint8_t bytes[SEALER_BLOB_MAX];
    size_t n;
};

struct sealer_approval {
    uint32_t registers;  /* bit i: register i counts */
    struct hash32 state; /* as sealer.state gives it for these registers */
    struct p256_signature signature;
};

struct sealer_approvals {
    struct sealer_approval list[SEALER_APPROVALS_MAX];
    size_t count;
};

/* A counter beside the sealed key that only goes up, and that only the key's holder can move. */
enum sealer_counter { SEALER_COUNTER_READ = 0, SEALER_COUNTER_ADD = 1, SEALER_COUNTER_REMOVE = 2 };

/* Embed as first member. */
struct sealer {
    const char *name; /* "tpm2" */
    /* seal makes a blob and its counter, whose value is above that of any that this chip ever had. */
    enum err (*seal)(struct sealer *self,
                     struct sealer_blob *ret,
                     const struct secret32 *key,
                     const struct p256_public *authority);
    enum err (*unseal)(struct sealer *self,
                       struct secret32 *ret,
                       const struct sealer_blob *blob,
                       const struct p256_public *authority,
                       const struct sealer_approvals *approvals);
    /* state of the machine now; or, with values (32 bytes for each register, in order), what it will be. */
    enum err (*state)(struct sealer *self,
                      struct hash32 *ret,
                      uint32_t registers,
                      struct span values);
    /* counter gives its value after what was asked; REMOVE gives 0. */
    enum err (*counter)(struct sealer *self,
                        uint64_t *ret,
                        enum sealer_counter what,
                        const struct sealer_blob *blob,
                        const struct secret32 *key);
};

/* sealer_approve signs registers and state of *a; ERR_MALFORMED: not a secret of P-256. sealer_is_approved checks it. */
MUST_CHECK enum err sealer_approve(struct sealer_approval *a, const struct secret32 *authority);
bool sealer_is_approved(const struct sealer_approval *a, const struct p256_public *authority);

/* Approvals as they travel and lie in files: count 1, each: registers 4 | state 32 | signature 64. sealer_approvals_read: ERR_MALFORMED. */
enum { SEALER_APPROVALS_LEN_MAX = 1 + SEALER_APPROVALS_MAX * 100 };
void sealer_approvals_write(struct wr *w, const struct sealer_approvals *a);
MUST_CHECK enum err sealer_approvals_read(struct sealer_approvals *ret, struct rd *r);

/* What is signed is SHA-256(state · this), as TPM2_PolicyAuthorize wants it. */
#define SEALER_APPROVAL_LABEL "passmesh seal 1"
void sealer_approval_hash(struct hash32 *ret, const struct hash32 *state);

#endif
