/* X25519 over libsodium. */
#include "crypto/x25519.h"

#include <sodium.h>
#include <string.h>

enum err x25519_key_init(struct x25519_key *ret_key, const struct secret32 *secret)
{
    memcpy(ret_key->secret.bytes, secret->bytes, sizeof ret_key->secret.bytes);
    return crypto_scalarmult_curve25519_base(ret_key->public_bytes, secret->bytes) == 0
               ? OK
               : ERR_INTERNAL;
}

void x25519_key_wipe(struct x25519_key *key)
{
    wipe(mspan_of(key, sizeof *key));
}

enum err x25519_shared(struct secret32 *ret_shared,
                       const struct x25519_key *key,
                       const uint8_t peer_public[static 32])
{
    AUTO(secret32_wipe) struct secret32 shared;
    /* SPEC RFC7748 §"6.1": an all-zero result means a point of small order. The backend refuses its list of
     * such points and also looks at the result; we look once more, since all rests on it. */
    if (crypto_scalarmult_curve25519(shared.bytes, key->secret.bytes, peer_public) != 0 ||
        sodium_is_zero(shared.bytes, sizeof shared.bytes)) {
        return ERR_AUTH;
    }
    memcpy(ret_shared->bytes, shared.bytes, sizeof shared.bytes);
    return OK;
}
