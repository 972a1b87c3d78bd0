#ifndef WALLET_VAULT_CHANNEL_H
#define WALLET_VAULT_CHANNEL_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/x25519.h"

/* How a secret travels between the person's page or device and keyd, through a daemon that only carries it: sealed to a public key
 * that the receiver made for this one message.
 *
 *     ephemeral public key 32 | AES-256-GCM of the text, tag 16
 *
 * Key and nonce follow from the shared secret and both public keys (docs/vault.md "Labels"); associated data names the use. Every browser
 * has these primitives itself, so the page brings no cipher along. */
#define VAULT_CHANNEL_OVERHEAD ((size_t)48)

struct vault_use {
    struct budget *budget; /* AEAD_MEM for the moment */
    struct span name;      /* of what the text is for: a byte of keyd_wire.h */
};

/* vault_channel_seal: out has plain.n + VAULT_CHANNEL_OVERHEAD bytes; ephemeral is 32 fresh random bytes. ERR_AUTH: receiver is no public
 * key of a sincere peer. ERR_LIMIT. */
MUST_CHECK enum err vault_channel_seal(struct mspan out,
                                       const uint8_t receiver[static 32],
                                       const struct secret32 *ephemeral,
                                       struct vault_use use,
                                       struct span plain);

/* vault_channel_open: out has sealed.n - VAULT_CHANNEL_OVERHEAD bytes. ERR_TRUNCATED: shorter than that; ERR_AUTH: for another key or
 * use, or changed. ERR_LIMIT. */
MUST_CHECK enum err vault_channel_open(struct mspan out,
                                       const struct x25519_key *receiver,
                                       struct vault_use use,
                                       struct span sealed);

#endif
