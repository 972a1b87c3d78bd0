/* Secrets on their way through the daemon. */
#include "wallet/vault_channel.h"

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"

#include <string.h>

struct message_key {
    struct secret32 key;
    uint8_t nonce[AEAD_NONCE_LEN];
};

static void message_key_wipe(struct message_key *k)
{
    wipe(mspan_of(k, sizeof *k));
}

static enum err derive(struct message_key *ret,
                       const struct secret32 *shared,
                       const uint8_t *sender,
                       const uint8_t *receiver)
{
    uint8_t salt[64];
    struct secret64 out;
    memcpy(salt, sender, 32);
    memcpy(salt + 32, receiver, 32);
    TRY(hkdf(mspan_of(out.bytes, sizeof ret->key.bytes + sizeof ret->nonce), SPAN_OF(salt),
             SPAN_OF(shared->bytes), SPAN_LIT("passmesh vault 1 prf channel")));
    memcpy(ret->key.bytes, out.bytes, sizeof ret->key.bytes);
    memcpy(ret->nonce, out.bytes + sizeof ret->key.bytes, sizeof ret->nonce);
    secret64_wipe(&out);
    return OK;
}

enum err vault_channel_seal(struct mspan out,
                            const uint8_t receiver[static 32],
                            const struct secret32 *ephemeral,
                            struct vault_use use,
                            struct span plain)
{
    AUTO(x25519_key_wipe) struct x25519_key pair;
    AUTO(secret32_wipe) struct secret32 shared;
    AUTO(message_key_wipe) struct message_key key;
    AUTO(aead_done) struct aead cipher = {0};
    check(out.n == plain.n + VAULT_CHANNEL_OVERHEAD);
    TRY(x25519_key_init(&pair, ephemeral));
    TRY(x25519_shared(&shared, &pair, receiver));
    TRY(derive(&key, &shared, pair.public_bytes, receiver));
    memcpy(out.p, pair.public_bytes, 32);
    TRY(aead_init(&cipher, use.budget, AEAD_AES_256_GCM, &key.key));
    return aead_seal(&cipher, mspan_from(out, 32), key.nonce, use.name, plain);
}

enum err vault_channel_open(struct mspan out,
                            const struct x25519_key *receiver,
                            struct vault_use use,
                            struct span sealed)
{
    AUTO(secret32_wipe) struct secret32 shared;
    AUTO(message_key_wipe) struct message_key key;
    AUTO(aead_done) struct aead cipher = {0};
    if (sealed.n < VAULT_CHANNEL_OVERHEAD) {
        return ERR_TRUNCATED;
    }
    check(out.n == sealed.n - VAULT_CHANNEL_OVERHEAD);
    TRY(x25519_shared(&shared, receiver, sealed.p));
    TRY(derive(&key, &shared, sealed.p, receiver->public_bytes));
    TRY(aead_init(&cipher, use.budget, AEAD_AES_256_GCM, &key.key));
    return aead_open(&cipher, out, key.nonce, use.name, span_from(sealed, 32));
}
