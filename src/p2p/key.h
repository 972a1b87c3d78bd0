#ifndef P2P_KEY_H
#define P2P_KEY_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Public keys of peers: the protobuf of libp2p and signatures by them (libp2p/peer-ids, "Keys"). */

enum key_type { KEY_RSA = 0, KEY_ED25519 = 1, KEY_SECP256K1 = 2, KEY_ECDSA = 3 };

/* The longest encoded key that we read: RSA of 8192 bits in its envelope, with room. */
#define KEY_ENCODED_MAX 1100

/* An Ed25519 key in its protobuf. */
#define KEY_ED25519_ENCODED_LEN 36

/* A public key as a peer sent it. data is borrowed: it lives as long as the bytes that were decoded.
 * Ed25519: 32 bytes; secp256k1: 33, compressed; ECDSA and RSA: SubjectPublicKeyInfo in DER. */
struct public_key {
    enum key_type type;
    struct span data;
};

/* key_decode reads the protobuf, in its one deterministic form (Type then Data, nothing else), and
 * checks data as its type demands. ERR_MALFORMED: not so. ERR_UNSUPPORTED: a type or curve that we do
 * not do. ERR_LIMIT: too long, or an RSA key of a refused size. */
MUST_CHECK enum err key_decode(struct public_key *ret_key, struct span encoded);

/* key_encode writes the protobuf; failures stick to w. */
void key_encode(struct wr *w, const struct public_key *key);

/* key_encode_ed25519 is key_encode for the commonest kind. */
void key_encode_ed25519(uint8_t ret_out[static KEY_ED25519_ENCODED_LEN],
                        const uint8_t public_bytes[static 32]);

/* key_verify checks sig over message as the key's type says: Ed25519 over the message itself,
 * secp256k1 and ECDSA in DER over its SHA-256, RSA with PKCS #1 v1.5. ERR_AUTH: it does not hold;
 * ERR_MALFORMED: sig or key is not even in form; both mean the same to a caller: refuse the peer. */
MUST_CHECK enum err key_verify(const struct public_key *key, struct span message, struct span sig);

/* key_type_name returns "Ed25519" and the like; never NULL. */
const char *key_type_name(enum key_type type);

#endif
