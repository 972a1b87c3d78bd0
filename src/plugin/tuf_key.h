#ifndef PLUGIN_TUF_KEY_H
#define PLUGIN_TUF_KEY_H

#include "base/err.h"
#include "codec/json.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

/* Public keys of TUF metadata: Ed25519, ECDSA on P-256, RSA with PSS, and RSA with PKCS #1 v1.5. */
enum { TUF_KEY_SPKI_LEN_MAX = 1200, TUF_KEY_SIG_LEN_MAX = 1024 };

enum tuf_key_kind { TUF_KEY_ED25519, TUF_KEY_P256, TUF_KEY_RSA_PSS, TUF_KEY_RSA_PKCS1 };

struct tuf_key {
    enum tuf_key_kind kind;
    struct hash32
        self; /* of the public key alone: equal for one key under any two names or schemes */
    struct ed25519_public ed25519;
    struct p256_public p256;
    uint8_t spki[TUF_KEY_SPKI_LEN_MAX]; /* of RSA, DER */
    size_t spki_len;
};

/* tuf_key_parse reads a key object. ERR_UNSUPPORTED: a type or scheme that we do not know; ERR_MALFORMED: members missing, null or of
 * the wrong type, a key of the wrong length, not on its curve, or of a size that we do not accept. why may be NULL. */
MUST_CHECK enum err tuf_key_parse(struct tuf_key *ret_key, struct json object, struct diag *why);

/* tuf_key_verify: ERR_AUTH if sig does not hold, ERR_MALFORMED if it is none. */
MUST_CHECK enum err tuf_key_verify(const struct tuf_key *key, struct span message, struct span sig);

#endif
