#ifndef TEE_CHAIN_H
#define TEE_CHAIN_H

#include "crypto/hash.h"
#include "tee/appraisal.h"
#include "tee/cert.h"
#include "tee/crl.h"

/* Paths of certificates from a leaf to a key that we trust (RFC 5280 §6: any policy will do; constraints on policies and names are
 * refused). */
enum {
    CHAIN_CERTS_MAX = 6,
};

/* A root that we trust: SHA-256 of its SubjectPublicKeyInfo, because a root renews its certificate and keeps its key, and
 * of the certificate that we know. Another certificate of the same key must be signed by it. */
struct anchor {
    struct hash32 spki;
    struct hash32 certificate;
};

struct anchors {
    const struct anchor *list;
    size_t count;
    /* Certificates that one of them has signed, by their hash; may be none. Whoever lists one has verified that signature, which is not done again. */
    const struct hash32 *issued;
    size_t issued_count;
};

/* certs[0] is the leaf, each next one the issuer of the one before. Spans of the certificates stay where they were read
 * from: in the caller's text if that was DER, else in der. */
struct chain {
    size_t count;
    struct cert certs[CHAIN_CERTS_MAX];
    size_t der_len;
    uint8_t der[CERT_LEN_MAX];
};

/* What went wrong, for appraisal_fail. */
struct chain_fault {
    enum appraisal_step step;
    size_t at;
};

/* chain_read reads certificates of several texts in any order, each text PEM blocks or DER one after the other, and puts each
 * behind the one that it issued. A zero byte may follow PEM. Faults: STEP_CERT_FORMAT, STEP_CERT_MISSING (none at all),
 * STEP_CERT_ISSUER (they make no single path). ERR_LIMIT: more than CHAIN_CERTS_MAX, or than CERT_LEN_MAX bytes of DER. */
MUST_CHECK enum err chain_read(struct chain *c,
                               const struct span *texts,
                               size_t texts_count,
                               struct chain_fault *fault);

/* chain_verify: names, constraints, times at now, signatures, and the last key among the anchors. */
MUST_CHECK enum err chain_verify(const struct chain *c,
                                 const struct anchors *anchors,
                                 walltime now,
                                 struct chain_fault *fault);

/* chain_verify_leaf checks the leaf, and the others' right to stand above it, for a chain whose other certificates are
 * known to have been verified, perhaps in another place of another chain, and to be within their time. */
MUST_CHECK enum err
chain_verify_leaf(const struct chain *c, walltime now, struct chain_fault *fault);

/* chain_verify_crl: the list is complete, by this issuer, and in date. */
MUST_CHECK enum err chain_verify_crl(const struct crl *l,
                                     const struct cert *issuer,
                                     walltime now,
                                     struct chain_fault *fault);

/* chain_times narrows a's window to the certificates' validity. */
void chain_times(struct appraisal *a, const struct chain *c);

#endif
