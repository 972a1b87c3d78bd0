#ifndef WEBAUTHN_PRF_H
#define WEBAUTHN_PRF_H

#include "base/span.h"

struct hash32;

/* prf_salt turns an input of WebAuthn's prf extension into the salt that an authenticator's hmac-secret is given: for
 * devices that are asked directly, not through a browser (WebAuthn Level 3 §10.1.4). */
void prf_salt(struct hash32 *ret_salt, struct span input);

#endif
