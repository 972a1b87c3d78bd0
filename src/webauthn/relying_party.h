#ifndef WEBAUTHN_RELYING_PARTY_H
#define WEBAUTHN_RELYING_PARTY_H

#include "base/span.h"

/* What a ceremony must show, in the words of WebAuthn Level 3. All spans are borrowed for the call. */
struct relying_party {
    struct span id;     /* RP ID: a host name, such as passmesh.localhost */
    struct span origin; /* exactly, such as http://passmesh.localhost:7878 */
    bool requires_user_verification;
    bool allows_cross_origin; /* a page embedded in another origin's; the chain never does */
};

#endif
