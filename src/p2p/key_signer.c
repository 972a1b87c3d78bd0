/* A signer over a key in memory. */
#include "p2p/key_signer.h"

#include "p2p/certificate.h"
#include "p2p/envelope.h"
#include "p2p/gossip_message.h"
#include "p2p/noise_payload.h"

#include <string.h>

/* The prefix that a message of this purpose has, so that a signature can never be used for another. */
static bool fits_purpose(enum signer_purpose purpose, struct span message)
{
    switch (purpose) {
    case SIGNER_NOISE_STATIC_KEY:
        return message.n == sizeof NOISE_SIGNATURE_PREFIX - 1 + 32 &&
               span_starts_with(message, SPAN_LIT(NOISE_SIGNATURE_PREFIX));
    case SIGNER_TLS_KEY:  return certificate_is_signable(message);
    case SIGNER_PUBSUB:   return gossip_is_signable(message);
    case SIGNER_ENVELOPE: return envelope_is_signable(message);
    }
    return false;
}

static enum err sign(struct signer *self,
                     struct signature *ret_sig,
                     enum signer_purpose purpose,
                     struct span message)
{
    const struct key_signer *k = (const struct key_signer *)(const void *)self;
    if (!fits_purpose(purpose, message)) {
        return ERR_DENIED;
    }
    struct ed25519_signature sig;
    ed25519_sign(&sig, &k->key, message);
    ret_sig->len = sizeof sig.bytes;
    memcpy(ret_sig->bytes, sig.bytes, sizeof sig.bytes);
    return OK;
}

void key_signer_init(struct key_signer *k, const struct secret32 *seed)
{
    struct ed25519_public public_bytes;
    ed25519_key_init(&k->key, seed);
    ed25519_key_public(&public_bytes, &k->key);
    key_encode_ed25519(k->public_key, public_bytes.bytes);
    k->signer = (struct signer){.sign = sign, .public_key = SPAN_OF(k->public_key)};
}

void key_signer_done(struct key_signer *k)
{
    ed25519_key_wipe(&k->key);
}
