#ifndef WALLET_CAPSULE_COPY_H
#define WALLET_CAPSULE_COPY_H

#include "base/buf.h"
#include "crypto/p256.h"
#include "service/keep.h"
#include "wallet/capsule.h"
#include "webauthn/assertion.h"

/* A capsule with strangers, docs/vault.md "Copies with peers": what is sent to a server that keeps one, and to get it back with nothing but a passkey. */
enum {
    COPY_NONCE_LEN = SERVICE_NONCE_LEN,
    COPY_NONCES_MAX = 8, /* of as many servers, in one challenge */
    COPY_ORIGIN_MAX = 127,
    COPY_USER_HANDLE_MAX = 64,
    COPY_PUT_LEN_MAX = CAPSULE_LEN + 512,
    COPY_GET_LEN_MAX = 4096,
};

/* capsule_locator is under which name a server keeps the copy of the passkey with this user handle (1 to COPY_USER_HANDLE_MAX bytes). */
void capsule_locator(struct hash32 *ret, struct span user_handle);

/* capsule_copy_challenge is what the passkey signs to get a copy: nonces has COPY_NONCE_LEN bytes of each server that is asked, 1 to COPY_NONCES_MAX of them. */
void capsule_copy_challenge(struct hash32 *ret, struct span nonces);

/* A copy to keep. credential_id is that of one of the capsule's recipients. */
struct capsule_put {
    struct hash32 locator;
    struct p256_public key; /* of that passkey */
    bool is_backup_eligible;
    struct span credential_id;
    struct span origin; /* of the wallet's page, which stands in what the passkey signs */
    struct span capsule;
};
MUST_CHECK enum err capsule_put_encode(const struct capsule_put *p, struct buf *out);

/* capsule_put_decode reads the form alone: ERR_MALFORMED. Spans point into in. */
MUST_CHECK enum err capsule_put_decode(struct capsule_put *ret, struct span in);

/* The question for a copy. */
struct capsule_get {
    struct hash32 locator;
    struct span nonces;
    struct assertion_response response;
};
MUST_CHECK enum err capsule_get_encode(const struct capsule_get *g, struct buf *out);
MUST_CHECK enum err capsule_get_decode(struct capsule_get *ret, struct span in);

#endif
