#ifndef TEE_PCK_H
#define TEE_PCK_H

#include "tee/cert.h"

/* The SGX extension of PCK certificates (Intel, "SGX PCK Certificate and CRL Profile Specification" §1.3.5). */
struct pck {
    struct span ppid; /* 16 */
    uint8_t components[16];
    uint16_t pce_svn;
    struct span pce_id; /* 2 */
    struct span fmspc;  /* 6 */
};

/* ERR_NOT_FOUND: no such extension. ERR_MALFORMED: a part missing, twice, or out of its range. */
MUST_CHECK enum err pck_decode(struct pck *ret, const struct cert *cert);

#endif
