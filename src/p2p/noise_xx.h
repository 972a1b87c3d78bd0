#ifndef P2P_NOISE_XX_H
#define P2P_NOISE_XX_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/x25519.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Noise_XX_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, revision 34): the three messages of
 * the XX pattern and the keys that come out of them. Nothing of libp2p is in here; noise.h adds that.
 *
 *     message 0   initiator -> responder   e
 *     message 1   responder -> initiator   e, ee, s, es
 *     message 2   initiator -> responder   s, se
 */

enum {
    NOISE_XX_KEY_LEN = 32,
    NOISE_XX_MESSAGES = 3,
    NOISE_XX_OVERHEAD_MAX = 96, /* bytes that a message is longer than its payload: message 1 */
};

struct noise_xx {
    struct aead
        *aead; /* works with the key of the moment; the caller's, may be reused after split */
    const struct x25519_key *s;   /* own static key, borrowed until done */
    struct x25519_key e;          /* own ephemeral key */
    uint8_t re[NOISE_XX_KEY_LEN]; /* the other side's ephemeral and static public keys */
    uint8_t rs[NOISE_XX_KEY_LEN];
    struct hash32 h;    /* of all that both sides have seen */
    struct secret32 ck; /* chaining key */
    uint64_t n;         /* nonce under the key of the moment */
    bool has_key;
    bool is_initiator;
    unsigned message; /* the next one to write or read, 0 to NOISE_XX_MESSAGES */
};

struct noise_xx_cfg {
    bool is_initiator;
    struct aead *aead; /* zeroed; noise_xx_init readies it on budget */
    struct budget *budget;
    const struct x25519_key *static_key;     /* borrowed until done */
    const struct secret32 *ephemeral_secret; /* 32 fresh random bytes */
    struct span prologue;
};

/* noise_xx_init: ERR_LIMIT if the budget is too small for the cipher. */
MUST_CHECK enum err noise_xx_init(struct noise_xx *x, const struct noise_xx_cfg *cfg);

/* noise_xx_is_ours tells whether the next message is ours to write. */
bool noise_xx_is_ours(const struct noise_xx *x);

/* noise_xx_write puts the next message with payload into out and its length into *ret_n. ERR_LIMIT if
 * out is smaller than payload.n + NOISE_XX_OVERHEAD_MAX. ERR_AUTH: the other side's key is of small
 * order. After an error x is of no further use. */
MUST_CHECK enum err
noise_xx_write(struct noise_xx *x, size_t *ret_n, struct mspan out, struct span payload);

/* noise_xx_read takes the next message and puts its payload into out (as long as message at least);
 * ERR_TRUNCATED: too short for its keys. ERR_AUTH: a tag does not hold. After an error x is of no use. */
MUST_CHECK enum err
noise_xx_read(struct noise_xx *x, size_t *ret_n, struct mspan out, struct span message);

/* noise_xx_split, after the last message, gives the keys for what the initiator sends and for what the
 * responder sends, and the hash that names this session on both sides. */
MUST_CHECK enum err noise_xx_split(struct noise_xx *x,
                                   struct secret32 *ret_initiator_key,
                                   struct secret32 *ret_responder_key,
                                   struct hash32 *ret_hash);

/* noise_xx_done wipes; the cipher stays the caller's. */
void noise_xx_done(struct noise_xx *x);

/* noise_nonce writes counter n as ChaChaPoly wants it: four zero bytes, then n little-endian. */
void noise_nonce(uint8_t ret_nonce[static AEAD_NONCE_LEN], uint64_t n);

#endif
