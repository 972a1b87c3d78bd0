#ifndef P2P_CERTIFICATE_H
#define P2P_CERTIFICATE_H

#include "base/err.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/span.h"
#include "p2p/peer_id.h"
#include "p2p/signer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The certificates with which peers prove who they are inside TLS, over TCP and in QUIC (libp2p specs,
 * tls/tls.md). A certificate carries a key of its own and signs itself; an extension holds the identity's
 * public key and the identity's signature over the certificate's key:
 *
 *     1.3.6.1.4.1.53594.1.1 = SEQUENCE { OCTET STRING PublicKey, OCTET STRING signature }
 *     signature over "libp2p-tls-handshake:" and the certificate's SubjectPublicKeyInfo
 *
 * No TLS library is needed for any of it: DER is read and written here, so both stacks judge alike. */

#define CERTIFICATE_SIGNATURE_PREFIX "libp2p-tls-handshake:"

enum {
    CERTIFICATE_LEN_MAX = 720, /* bytes of our own: an Ed25519, secp256k1 or P-256 identity fits */
    CERTIFICATE_KEY_LEN = 121, /* bytes of its key in DER */
    CERTIFICATE_PEER_LEN_MAX = 8192, /* bytes of a peer's: two RSA keys of 8192 bits fit */
};

/* The certificate of this process, made once and certified once by the identity; never stored. */
struct certificate_identity {
    struct secret32 key; /* P-256 */
    size_t len;
    uint8_t bytes[CERTIFICATE_LEN_MAX]; /* DER */
};

/* certificate_identity_init draws a key from rng, has signer certify it, and signs the certificate. Its signature's
 * nonce comes from the backend's generator, so the bytes differ from run to run. Errors: the signer's; ERR_LIMIT if
 * key and signature are too long. */
MUST_CHECK enum err
certificate_identity_init(struct certificate_identity *id, struct signer *signer, struct rng *rng);
void certificate_identity_done(struct certificate_identity *id);

/* certificate_key_encode writes the secret key as an ECPrivateKey (RFC 5915), as TLS libraries take it. The caller
 * wipes it. */
void certificate_key_encode(uint8_t ret_out[static CERTIFICATE_KEY_LEN],
                            const struct certificate_identity *id);

/* certificate_verify judges a peer's certificate at unix_s, and gives its peer id. Errors, which all mean to abort
 * the handshake: ERR_MALFORMED; ERR_LIMIT too long; ERR_UNSUPPORTED an algorithm or key that we do not do, or a
 * critical extension that nobody here understands; ERR_TIMEOUT not valid yet, or no longer; ERR_AUTH a signature does
 * not hold. *ret_rule (may be NULL) says which rule, as static text. */
MUST_CHECK enum err certificate_verify(struct peer_id *ret_peer,
                                       const char **ret_rule,
                                       struct span certificate,
                                       uint64_t unix_s);

/* certificate_is_signable: is this exactly what an identity signs for its certificate, the prefix and a
 * SubjectPublicKeyInfo of P-256? For those who hold the key. */
bool certificate_is_signable(struct span message);

#endif
