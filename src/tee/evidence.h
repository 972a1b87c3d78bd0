#ifndef TEE_EVIDENCE_H
#define TEE_EVIDENCE_H

#include "tee/dcap.h"
#include "tee/sev_snp.h"
#include "tee/tpm2.h"
#include "tee/tpm2_credential.h"

/* The one door for programs: evidence of any kind, appraised under the vendors' roots that are built in and no others.
 *
 * Evidence and endorsements travel as texts with a type each, so that what an attester staples (attest.h) needs no format
 * of its own for each technology. Parts that a kind does not use are refused: nobody should wonder whether they counted. */
enum evidence_part {
    EVIDENCE_MAIN = 1, /* quote, report, document, token or TPMS_ATTEST */
    EVIDENCE_CHAIN,    /* SNP: VCEK or VLEK and its issuers; TPM: EK and its issuers */
    EVIDENCE_ROOT_CRL, /* SGX, TDX, SNP */
    EVIDENCE_PCK_CRL,  /* SGX, TDX */
    EVIDENCE_PCK_CRL_CHAIN,
    EVIDENCE_TCB_INFO,
    EVIDENCE_TCB_INFO_SIGNATURE,
    EVIDENCE_QE_IDENTITY,
    EVIDENCE_QE_IDENTITY_SIGNATURE,
    EVIDENCE_SIGNING_CHAIN,
    EVIDENCE_TPM_SIGNATURE,
    EVIDENCE_TPM_KEY,
    EVIDENCE_TPM_PCRS,
    EVIDENCE_PLATFORM_KEY, /* CCA */
    EVIDENCE_RUNTIME, /* SNP below a paravisor: the text whose hash the report carries (hcl.h), */
    EVIDENCE_TPM_ATTEST, /* and a quote by the key that it names, with TPM_SIGNATURE and TPM_PCRS */
    EVIDENCE_PART_COUNT
};

struct evidence {
    enum tee_kind kind;
    struct span parts[EVIDENCE_PART_COUNT]; /* empty: not there */
};

/* evidence_encode writes kind and parts: a byte, then for each part its type (a byte), its length (32 bits, big-endian) and
 * its bytes; evidence_encoded_len is how many bytes that is. evidence_decode reads it; spans point into the text. ERR_MALFORMED: a type that is unknown, comes twice or
 * out of order; ERR_LIMIT: longer than EVIDENCE_LEN_MAX. */
enum {
    EVIDENCE_LEN_MAX = 24 * 1024 - 256 /* with what attest.h puts around it: 24 KiB */
};
void evidence_encode(struct wr *w, const struct evidence *e);
size_t evidence_encoded_len(const struct evidence *e);
MUST_CHECK enum err evidence_decode(struct evidence *ret, struct span text);

/* evidence_carries is for attesters: was this made for binding? What hardware signed is read for that and nothing is verified. Of a TPM's evidence, and below a paravisor, the quote carries binding's SHA-256. */
bool evidence_carries(const struct evidence *e, const uint8_t binding[static 64]);

/* Memory of the verifiers, about 80 KiB, nothing of which depends on what arrives. Not to be moved while collateral in it is used. */
struct appraiser {
    struct chain chain;
    struct dcap_collateral collateral;
};

/* What the relying party expects. binding is 64 bytes: SGX, TDX, SNP, CCA and Nitro carry them as they are, a TPM carries
 * their SHA-256. activated_name: tpm2.h. */
struct evidence_expectation {
    const struct policy *policy;
    const struct releases *releases; /* may be NULL */
    walltime now;
    const uint8_t *binding; /* 64 bytes */
    struct span activated_name;
};

/* evidence_appraise returns OK only for accepted evidence; *ret tells the level, or the step that failed. */
MUST_CHECK enum err evidence_appraise(struct appraiser *work,
                                      struct appraisal *ret,
                                      const struct evidence *evidence,
                                      const struct evidence_expectation *e);

/* evidence_challenge draws a secret, and makes a credential for the key of this name and the EK of evidence that has just failed under work at STEP_KEY_ORIGIN in PART_EVIDENCE: its EK's
 * certificate was verified then, and all before it. ERR_STATE: that is not what failed, or not with this work. Errors of tpm2_credential_make. */
MUST_CHECK enum err evidence_challenge(const struct appraiser *work,
                                       struct tpm2_credential *ret,
                                       struct secret32 *ret_secret,
                                       const struct appraisal *failed,
                                       struct span name,
                                       struct rng *rng);

/* evidence_lacks_activation: evidence of a TPM failed for want of an opened credential, and of nothing else. */
bool evidence_lacks_activation(const struct appraisal *a);

#endif
