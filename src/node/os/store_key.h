#ifndef NODE_STORE_KEY_H
#define NODE_STORE_KEY_H

#include "base/err.h"
#include "base/rng.h"
#include "crypto/guarded.h"
#include "node/os/store_fs.h"

/* Where the key of an encrypted store comes from. A file today; a TPM or a person's passkey take its
 * place by another function of this shape. */

/* store_key_file reads the key file of dir into guarded memory, left closed; if there is neither key nor store,
 * makes a new one, durable before it returns. ERR_NOT_FOUND: a store without its key: nothing is made then,
 * so that nothing is overwritten. ERR_MALFORMED: a key file of another length. ERR_LIMIT, ERR_IO. */
struct store_key_files {
    const char *key; /* static text, names in the directory */
    const char *key_aside;
    const char *store;
};
MUST_CHECK enum err store_key_file(struct guarded *ret_key,
                                   struct budget *budget,
                                   struct store_fs *fs,
                                   struct rng *rng,
                                   const struct store_key_files *files);

#endif
