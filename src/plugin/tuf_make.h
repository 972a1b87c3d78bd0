#ifndef PLUGIN_TUF_MAKE_H
#define PLUGIN_TUF_MAKE_H

#include "base/err.h"
#include "base/secret.h"
#include "base/wr.h"
#include "crypto/ed25519.h"
#include "plugin/tuf_key.h"
#include "plugin/tuf_metadata.h"

/* The maker's side of a repository: keys that sign, and signatures put onto documents. */
#define TUF_KEY_ID_LEN 64

/* A P-256 key that a device holds and does not give away. Embed as first member. sign gives any error for what the device does not do; what it gives is verified. */
struct tuf_token {
    struct p256_public public;
    enum err (*sign)(struct tuf_token *self,
                     struct p256_signature *ret_sig,
                     const struct hash32 *hash);
};

struct tuf_signer {
    enum tuf_key_kind kind;     /* Ed25519 or P-256 */
    struct ed25519_key ed25519; /* of TUF_KEY_ED25519 */
    struct secret32 p256;       /* of TUF_KEY_P256 without a token */
    struct tuf_token *token;    /* of TUF_KEY_P256; NULL: the key is here */
};

/* tuf_signer_init makes a key of one of the two kinds from 32 random bytes: ERR_UNSUPPORTED for others, ERR_MALFORMED for a seed that is no
 * P-256 key: draw again. */
MUST_CHECK enum err
tuf_signer_init(struct tuf_signer *ret, enum tuf_key_kind kind, const struct secret32 *seed);
/* tuf_signer_init_token makes one of a key in a device, which must outlive it. */
void tuf_signer_init_token(struct tuf_signer *ret, struct tuf_token *token);
void tuf_signer_wipe(struct tuf_signer *signer);

/* tuf_signer_print writes the key object of its public half, as it stands in metadata; the id is the hash of that. */
void tuf_signer_print(struct wr *w, const struct tuf_signer *signer);
void tuf_signer_id(char ret_id[static TUF_KEY_ID_LEN + 1], const struct tuf_signer *signer);

/* tuf_sign writes document, {"signatures": [...], "signed": {...}}, with signer's signature added, in place of an earlier one under its id.
 * ERR_MALFORMED: that is no document; ERR_LIMIT: memory; of a token its own errors, and ERR_AUTH: it signed wrongly. */
MUST_CHECK enum err tuf_sign(struct wr *out,
                             struct span document,
                             const struct tuf_signer *signer,
                             struct tuf_work *work);

#endif
