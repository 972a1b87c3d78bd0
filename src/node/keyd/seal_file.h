#ifndef NODE_SEAL_FILE_H
#define NODE_SEAL_FILE_H

#include "base/wr.h"
#include "crypto/aead.h"
#include "node/os/sealer.h"

/* What lies beside a store whose key is sealed:
 *
 *     "PMSEAL01" | provider 1 | is pending 1 | epoch 8 | authority 64 | approvals (sealer.h) | length 2, blob | recovery 72 | previous 72, if pending
 *
 * recovery holds the store's key under a key that the recovery phrase gives; previous, while a seal takes another's place, the old key of the store under
 * the new one. Each is nonce 24 | XChaCha20-Poly1305 of 32 bytes; provider, epoch and authority are associated data. So a seal that was begun and not
 * finished loses nothing: whichever of the two keys the store is under can be had from this file. */

enum {
    SEAL_PROVIDER_TPM2 = 1,
    SEAL_WRAP_LEN = XAEAD_NONCE_LEN + 32 + AEAD_TAG_LEN,
    SEAL_FILE_LEN_MAX = 82 + SEALER_APPROVALS_LEN_MAX + 2 + SEALER_BLOB_MAX + 2 * SEAL_WRAP_LEN,
    SEAL_AD_LEN_MAX = 96,
};

struct seal_file {
    uint8_t provider;
    bool is_pending;
    uint64_t epoch; /* the counter when the key was sealed; a pending store is of that moment */
    struct p256_public authority;
    struct sealer_approvals approvals;
    struct sealer_blob blob;
    uint8_t recovery[SEAL_WRAP_LEN];
    uint8_t previous[SEAL_WRAP_LEN];
};

/* seal_file_read: ERR_MALFORMED, ERR_UNSUPPORTED: a provider that this version does not know. */
MUST_CHECK enum err seal_file_read(struct seal_file *ret, struct span text);
void seal_file_write(struct wr *w, const struct seal_file *f);

/* The two wraps. seal_file_unwrap: ERR_AUTH. */
enum seal_wrap { SEAL_RECOVERY, SEAL_PREVIOUS };
struct rng;
MUST_CHECK enum err seal_file_wrap(struct seal_file *f,
                                   enum seal_wrap which,
                                   struct rng *rng,
                                   const struct secret32 *under,
                                   const struct secret32 *key);
MUST_CHECK enum err seal_file_unwrap(const struct seal_file *f,
                                     enum seal_wrap which,
                                     struct secret32 *ret,
                                     const struct secret32 *under);

#endif
