#ifndef WALLET_VAULT_CHANNEL_H
#define WALLET_VAULT_CHANNEL_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/x25519.h"

/* How a secret travels between the person's page or device and keyd, through a daemon that only carries it: sealed to a public key
 * that the receiver made for this one message.
 *
 *     ephemeral public key 32 | XChaCha20-Poly1305 of the text, tag 16
 *
 * Key and nonce follow from the shared secret and both public keys (docs/vault.md "Labels"); associated data names the use. */
#define VAULT_CHANNEL_OVERHEAD ((size_t)48)

/* vault_channel_seal: out has plain.n + VAULT_CHANNEL_OVERHEAD bytes; ephemeral is 32 fresh random bytes. ERR_AUTH: receiver is no public
 * key of a sincere peer. */
MUST_CHECK enum err vault_channel_seal(struct mspan out,
                                       const uint8_t receiver[static 32],
                                       const struct secret32 *ephemeral,
                                       struct span use,
                                       struct span plain);

/* vault_channel_open: out has sealed.n - VAULT_CHANNEL_OVERHEAD bytes. ERR_TRUNCATED: shorter than that; ERR_AUTH: for another key or
 * use, or changed. */
MUST_CHECK enum err vault_channel_open(struct mspan out,
                                       const struct x25519_key *receiver,
                                       struct span use,
                                       struct span sealed);

#endif
