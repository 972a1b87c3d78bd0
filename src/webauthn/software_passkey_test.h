#ifndef WEBAUTHN_SOFTWARE_PASSKEY_TEST_H
#define WEBAUTHN_SOFTWARE_PASSKEY_TEST_H

#include "crypto/p256.h"
#include "webauthn/assertion.h"
#include "webauthn/auth_data.h"
#include "webauthn/client_data.h"
#include "webauthn/registration.h"
#include "webauthn/relying_party.h"

/* What an authenticator and a browser together make of a challenge, for tests: a passkey in software, and every way to do it wrong. */
struct software_passkey {
    struct secret32 secret;
    struct p256_public key;
};

/* How a ceremony is done; json, if set, stands instead of the usual text. */
struct making {
    const char *type;
    const char *json;
    const char *extra;         /* further members, with the comma before them */
    const char *rp_id;         /* NULL: the right one */
    struct span challenge;     /* empty: software_challenge */
    struct span credential_id; /* empty: 01 02 03 04 */
    uint8_t flags;
    uint32_t sign_count;
    bool high_s;
};

/* Everything that one ceremony yields; the spans point into the stores. */
struct made {
    uint8_t json[CLIENT_DATA_LEN_MAX];
    uint8_t auth_data[1024];
    uint8_t object[1400];
    uint8_t der[P256_DER_MAX];
    struct registration_response registration;
    struct assertion_response assertion;
};

enum { FLAGS_GET = AUTH_DATA_UP | AUTH_DATA_UV, FLAGS_CREATE = FLAGS_GET | AUTH_DATA_AT };

/* The relying party and the challenge of all these tests. */
extern const struct relying_party software_rp;
extern const uint8_t software_challenge[32];

struct software_passkey software_passkey_make(uint8_t seed);
void software_passkey_use(struct made *m, const struct software_passkey *p, struct making how);

/* A usual registration and a usual assertion. */
struct making making_create(void);
struct making making_get(void);

/* assertion_verify with the passkey's own key, a counter of 0 and no backup. */
MUST_CHECK enum err software_passkey_verify(struct assertion *ret,
                                            const struct software_passkey *p,
                                            const struct made *m,
                                            struct diag *why);

#endif
