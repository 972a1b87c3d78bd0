#ifndef TEE_COSE_H
#define TEE_COSE_H

#include "codec/cbor.h"
#include "crypto/ecdsa.h"

/* COSE_Sign1 messages (RFC 9052 §4.2) signed by ECDSA: ES256 and ES384, named in the protected header. */
struct cose {
    struct span whole;
    struct span protected_header; /* encoded */
    int64_t algorithm;            /* -7 or -35 */
    struct cbor header;           /* the protected header as a map */
    struct span payload;
    struct span signature; /* r then s */
};

/* cose_decode reads one message, with or without its tag (18). ERR_MALFORMED, ERR_TRUNCATED, ERR_UNSUPPORTED (another
 * algorithm, or an unprotected header that names one), ERR_LIMIT. */
MUST_CHECK enum err cose_decode(struct cose *ret, struct span in);

/* cose_verify: does the key (x then y) of this curve sign the message, with no data beside it? ERR_AUTH. */
MUST_CHECK enum err cose_verify(const struct cose *c, enum ecdsa_curve curve, struct span xy);

/* cose_take_tag takes a tag's head with exactly this number off *in; false, and nothing is taken, if none is there. */
bool cose_take_tag(struct span *in, uint16_t number);

#endif
