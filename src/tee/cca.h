#ifndef TEE_CCA_H
#define TEE_CCA_H

#include "tee/cose.h"
#include "tee/policy.h"

/* Tokens of Arm's Confidential Compute Architecture ("Realm Management Monitor specification", DEN0137, §A7.2; profiles
 * http://arm.com/CCA-SSD/1.0.0 and tag:arm.com,2023): one of the platform, one of the realm. Order of steps: format; the
 * platform's key among the anchors; its signature; the realm's key named by the platform's challenge; the realm's signature; the
 * platform's lifecycle; then the policy. Each maker of platforms endorses its keys in its own way, so an anchor here is the
 * platform key itself. */
enum {
    CCA_LEN_MAX = 16 * 1024,
    CCA_MEASURED_COUNT = 4, /* realm extensible measurements */
};

struct cca {
    struct cose platform;
    struct cose realm;
    struct span platform_challenge;
    struct span instance_id; /* 33 bytes */
    uint64_t lifecycle;
    struct span realm_challenge;    /* 64 bytes */
    struct span realm_key;          /* as the platform hashes it */
    struct span realm_xy;           /* its point; empty: in realm_point */
    uint8_t realm_point[96];        /* put together from a COSE_Key */
    struct span realm_key_hash_alg; /* text */
    struct span rim;
    struct span rem[CCA_MEASURED_COUNT];
};

MUST_CHECK enum err cca_decode(struct cca *ret, struct span token);

/* platform_key: SubjectPublicKeyInfo of the platform's attestation key. */
MUST_CHECK enum err cca_verify(struct appraisal *a,
                               struct span token,
                               struct span platform_key,
                               const struct expectation *e);

#endif
