#ifndef NODE_SECURITY_KEY_H
#define NODE_SECURITY_KEY_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "webauthn/assertion.h"
#include "webauthn/registration.h"

#include <stdbool.h>

/* Passkeys on a security key (USB, NFC), asked directly through libfido2: the ceremonies of a browser without one. The client data is
 * written here as a browser writes it, so that a key which was enrolled in the browser works here and gives the same PRF output. Calls
 * wait for the person's touch: never on an event loop. */

struct fido_dev;

struct security_key {
    struct fido_dev *dev; /* NULL: closed */
};

/* security_key_open opens the device of a path. ERR_IO: it is not there, does not speak CTAP, or is in use. */
MUST_CHECK enum err security_key_open(struct security_key *k, const char *path);
void security_key_done(struct security_key *k);

enum {
    SECURITY_KEY_TEXT_MAX = 127, /* RP ID, origin, names */
    SECURITY_KEY_PIN_MAX = 63,   /* bytes */
    SECURITY_KEY_USER_MAX = 64,
    SECURITY_KEY_CLIENT_DATA_MAX = 512,
    SECURITY_KEY_AUTH_DATA_MAX = 1024,
};

/* One of several passkeys of the RP ID that a device has. name: what the device keeps as its user's, at most SECURITY_KEY_TEXT_MAX bytes of anything. */
struct security_key_user {
    struct span name;
};

enum { SECURITY_KEY_USERS_MAX = 16 };

/* Which of several passkeys is meant; embed as first member. */
struct security_key_choice {
    /* choose is told of all that answered, 2 to SECURITY_KEY_USERS_MAX of them; spans live for the call. false: none of them is meant. */
    bool (*choose)(struct security_key_choice *self,
                   size_t *ret_i,
                   const struct security_key_user *users,
                   size_t count);
};

/* What a ceremony is about. All spans are borrowed for the call. */
struct security_key_ask {
    struct span rp_id;
    struct span origin;
    struct span challenge; /* at most 64 bytes */
    struct span pin;       /* empty: the device verifies the person itself */
    struct span user_id;   /* creation: 1 to SECURITY_KEY_USER_MAX bytes */
    struct span user_name; /* creation */
    struct span
        credential_id; /* creation: a known passkey that must not be on it; else the one to use, empty: any of the RP ID */
    struct span
        prf_input; /* assertion: evaluate the PRF for it; empty: no PRF, as in every signing */
    struct security_key_choice *
        choice; /* assertion without credential_id, where the device has several; NULL: the first */
};

/* What it gave. A PRF output is a secret: wipe with security_key_answer_wipe. */
struct security_key_answer {
    uint8_t client_data[SECURITY_KEY_CLIENT_DATA_MAX];
    size_t client_data_len;
    uint8_t auth_data[SECURITY_KEY_AUTH_DATA_MAX]; /* creation: within object */
    size_t auth_data_len;
    uint8_t
        object[SECURITY_KEY_AUTH_DATA_MAX + 64]; /* creation: the attestation object, format none */
    size_t object_len;
    uint8_t signature[96];
    size_t signature_len;
    uint8_t credential_id[255];
    size_t credential_id_len;
    uint8_t user_id
        [SECURITY_KEY_USER_MAX]; /* assertion: as it was at the creation; empty: the device does not say */
    size_t user_id_len;
    struct secret32 prf;
    bool has_prf;
};
void security_key_answer_wipe(struct security_key_answer *a);

/* The answer as the verifiers of src/webauthn take it; spans point into a. */
struct registration_response security_key_registration(const struct security_key_answer *a);
struct assertion_response security_key_assertion(const struct security_key_answer *a);

/* security_key_create makes a discoverable ES256 passkey with hmac-secret and credProtect 2. security_key_assert uses one.
 * ERR_AUTH: the PIN is wrong. ERR_DENIED: the PIN is blocked, the person said no, or the answer lacks user verification, whose PRF would be
 * another. ERR_STATE: the device needs a PIN, or has that passkey already. ERR_NOT_FOUND: no such passkey on it, or none was chosen. ERR_UNSUPPORTED: the device
 * cannot do what was asked. ERR_TIMEOUT: nobody touched it. ERR_LIMIT: a length above. ERR_MALFORMED: an answer out of form. ERR_IO. */
MUST_CHECK enum err security_key_create(struct security_key *k,
                                        struct security_key_answer *ret,
                                        const struct security_key_ask *ask);
MUST_CHECK enum err security_key_assert(struct security_key *k,
                                        struct security_key_answer *ret,
                                        const struct security_key_ask *ask);

#endif
