#ifndef TEE_CRL_H
#define TEE_CRL_H

#include "tee/cert.h"

/* Certificate revocation lists (RFC 5280 §5): complete ones of one issuer. Lists of changes only, lists for others
 * and any critical extension are refused. */
enum {
    CRL_LEN_MAX =
        1024 * 1024, /* AMD's and Intel's are a few KB; a list costs its length in time, once */
};

struct crl {
    struct span signed_part;
    struct span issuer;
    struct span entries; /* content of revokedCertificates */
    struct span signature;
    enum cert_algorithm algorithm;
    walltime this_update;
    walltime next_update;
};

/* crl_decode reads exactly one list and each of its entries. ERR_LIMIT, ERR_MALFORMED, ERR_UNSUPPORTED. */
MUST_CHECK enum err crl_decode(struct crl *ret, struct span der);

/* crl_lists: does the list name this serial number? O(entries). */
bool crl_lists(const struct crl *l, struct span serial);

#endif
