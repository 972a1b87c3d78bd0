#ifndef WEBAUTHN_COSE_KEY_H
#define WEBAUTHN_COSE_KEY_H

#include "base/err.h"
#include "base/span.h"
#include "codec/cbor.h"
#include "crypto/p256.h"

/* A public key in COSE form (RFC 9052 §7, RFC 9053). We use ES256; EdDSA and RS256 are recognised so that
 * a person can be told what their passkey is, anything else is COSE_KEY_OTHER. */
enum cose_key_kind { COSE_KEY_ES256, COSE_KEY_EDDSA, COSE_KEY_RS256, COSE_KEY_OTHER };

enum { COSE_ALG_ES256 = -7, COSE_ALG_EDDSA = -8, COSE_ALG_RS256 = -257 };

struct cose_key {
    enum cose_key_kind kind;
    int64_t alg;             /* from the IANA registry of COSE algorithms */
    struct p256_public p256; /* ES256 only: on the curve */
    struct span raw;         /* the whole key; into the input */
};

/* cose_key_decode takes a CBOR map that cbor_take has accepted. ERR_MALFORMED: no map, no kty or alg, or, for
 * the three kinds, fields that are missing, of the wrong length, or no point of the curve. */
MUST_CHECK enum err cose_key_decode(struct cose_key *ret, struct cbor map);

/* cose_key_write_es256 writes the canonical form. */
void cose_key_write_es256(struct wr *w, const struct p256_public *key);

#endif
