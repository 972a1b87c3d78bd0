#ifndef P2P_SIGNER_H
#define P2P_SIGNER_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* The port through which engines ask the holder of the identity key for a signature. The node fills
 * it over keyd; tests and the simulator over a key of their own. Synchronous, and short enough that an
 * engine may wait for it. */

enum { SIGNATURE_LEN_MAX = 512, SIGNER_PUBLIC_KEY_LEN_MAX = 600 };

/* What is signed. The message carries the domain's own prefix already; the purpose lets the holder
 * check that prefix, and refuse a client whose capabilities do not cover it. */
enum signer_purpose {
    SIGNER_NOISE_STATIC_KEY, /* "noise-libp2p-static-key:" and 32 bytes */
    SIGNER_TLS_KEY,  /* "libp2p-tls-handshake:" and the certificate's SubjectPublicKeyInfo, P-256 */
    SIGNER_PUBSUB,   /* "libp2p-pubsub:" and a message without signature and key */
    SIGNER_ENVELOPE, /* length-prefixed domain, payload type and payload of a signed envelope */
};

struct signature {
    size_t len; /* bytes of the key type's own signature form; 64 for Ed25519 */
    uint8_t bytes[SIGNATURE_LEN_MAX];
};

/* Embed as first member of the real object. */
struct signer {
    /* sign answers ERR_DENIED if the purpose is not allowed, ERR_IO if the holder is gone. */
    enum err (*sign)(struct signer *self,
                     struct signature *ret_sig,
                     enum signer_purpose purpose,
                     struct span message);

    /* The identity's public key as libp2p's PublicKey message; lives as long as the signer. */
    struct span public_key;
};

#endif
