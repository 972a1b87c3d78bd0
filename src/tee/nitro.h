#ifndef TEE_NITRO_H
#define TEE_NITRO_H

#include "tee/policy.h"

/* Attestation documents of AWS Nitro Enclaves ("Nitro Enclaves attestation process"): a COSE_Sign1 message by a key whose
 * certificate lives three hours. Order of steps: format; chain to the root; signature; debug mode; the policy. What the
 * attester put in is the user data, or the nonce if there is none. Amazon publishes no list of revoked instances; the policy's
 * "crl" has no meaning here. */
enum {
    NITRO_LEN_MAX = 16 * 1024,
    NITRO_PCRS_COUNT = 16,
    NITRO_CA_MAX = CHAIN_CERTS_MAX - 1,
};

struct nitro {
    struct span module_id;
    uint64_t timestamp_ms;
    struct span pcrs[NITRO_PCRS_COUNT]; /* each is there; 48 bytes */
    struct span certificate;
    size_t ca_count;
    struct span ca[NITRO_CA_MAX];
    struct span public_key; /* empty: not given */
    struct span user_data;
    struct span nonce;
};

/* nitro_decode reads a payload. ERR_MALFORMED: not such a map, or a register missing: a document without all registers proves
 * nothing about those that it leaves out. */
MUST_CHECK enum err nitro_decode(struct nitro *ret, struct span payload);

MUST_CHECK enum err nitro_verify(struct appraisal *a,
                                 struct chain *work,
                                 struct span document,
                                 const struct expectation *e);

#endif
