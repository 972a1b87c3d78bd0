#ifndef P2P_KEY_SIGNER_H
#define P2P_KEY_SIGNER_H

#include "crypto/ed25519.h"
#include "p2p/key.h"
#include "p2p/signer.h"

/* A signer over an Ed25519 key in this process's own memory: for tests, the simulator and tools, and for identities that
 * last as long as their connections (node/daemon/identities.h). A node's identity lives in keyd instead. */
struct key_signer {
    struct signer signer; /* give &k.signer to those who ask for one */
    struct ed25519_key key;
    uint8_t public_key[KEY_ED25519_ENCODED_LEN];
};

/* key_signer_init makes the key pair from a 32-byte seed. k must not move afterwards. */
void key_signer_init(struct key_signer *k, const struct secret32 *seed);
void key_signer_done(struct key_signer *k);

#endif
