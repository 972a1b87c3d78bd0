#ifndef NODE_CTAP_PIN_TEST_H
#define NODE_CTAP_PIN_TEST_H

#include "base/secret.h"
#include "base/span.h"
#include "base/wr.h"
#include "crypto/p256.h"

/* The PIN/UV auth protocols of CTAP 2.1 §6.5, the device's side, for tests. */

struct ctap_shared {
    int protocol; /* 1 or 2 */
    struct secret32 hmac_key;
    struct secret32 aes_key;
};

/* ctap_shared_of: ECDH of our secret with the platform's point. false: not a point. */
bool ctap_shared_of(struct ctap_shared *ret,
                    int protocol,
                    const struct secret32 *ours,
                    const struct p256_public *theirs);

/* ctap_decrypt returns the plain length, 0 if the form is wrong; ctap_encrypt writes onto w (iv is for protocol 2). */
size_t ctap_decrypt(const struct ctap_shared *s, struct mspan out, struct span sealed);
void ctap_encrypt(const struct ctap_shared *s,
                  struct wr *w,
                  const uint8_t iv[static 16],
                  struct span plain);

/* ctap_authenticates: tag is the protocol's HMAC of message under key. */
bool ctap_authenticates(int protocol, struct span key, struct span message, struct span tag);

#endif
