/* The prf extension: WebAuthn Level 3 §10.1.4. */
#include "webauthn/prf.h"

#include "crypto/hash.h"

void prf_salt(struct hash32 *ret_salt, struct span input)
{
    static const uint8_t context[] = "WebAuthn PRF"; /* its closing zero is part of the context */
    struct span parts[] = {SPAN_OF(context), input};
    sha256_of(ret_salt, parts, 2);
}
