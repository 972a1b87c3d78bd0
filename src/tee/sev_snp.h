#ifndef TEE_SEV_SNP_H
#define TEE_SEV_SNP_H

#include "tee/policy.h"

/* Attestation reports of AMD SEV-SNP, versions 2 to 5 ("SEV Secure Nested Paging Firmware ABI", 56860, §7.3), signed by the
 * chip's own key (VCEK) or by one that a cloud provider loaded (VLEK). Order of steps:
 *
 *   format and version; the kind of key; chain to AMD's root, the key's name, the root's CRL; the report's signature; the
 *   certificate's firmware numbers and chip against the report; order of firmware numbers; debug, migration, VMPL; the policy's
 *   floors on the reported firmware; below a paravisor: the text and its key under the report, the quote under that key; then the policy */
enum { SEV_SNP_REPORT_LEN = 1184 };

/* A guest below a paravisor (hcl.h): what the report carries is the hash of a text that names the key of a TPM, and a quote by that key carries the SHA-256 of the binding. The quote's
 * registers are measurements too. All empty: there is none. */
struct sev_snp_paravisor {
    struct span runtime;   /* the text */
    struct span attest;    /* TPMS_ATTEST */
    struct span signature; /* TPMT_SIGNATURE */
    struct span pcrs;
};

struct sev_snp_texts {
    struct span key_cert; /* VCEK or VLEK, DER or PEM */
    struct span chain;    /* ASK or ASVK, and ARK */
    struct span crl;      /* of the ARK, DER; empty: missing */
    struct sev_snp_paravisor paravisor;
};

/* Spans point into the report. TCB values are the eight bytes as they stand. */
struct sev_snp_report {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    uint32_t vmpl;
    uint32_t signature_algorithm;
    uint32_t flags;
    struct span current_tcb;
    struct span reported_tcb;
    struct span committed_tcb;
    struct span report_data;       /* 64 */
    struct span measurement;       /* 48 */
    struct span host_data;         /* 32 */
    struct span id_key_digest;     /* 48 */
    struct span author_key_digest; /* 48 */
    struct span chip_id;           /* 64 */
    uint8_t family;                /* of the processor; 0 before version 3 */
    struct span signed_part;
    struct span r; /* 72, little-endian */
    struct span s;
};

/* sev_snp_decode cuts a report of exactly SEV_SNP_REPORT_LEN bytes. ERR_MALFORMED, ERR_UNSUPPORTED (version). */
MUST_CHECK enum err sev_snp_decode(struct sev_snp_report *ret, struct span in);

/* sev_snp_firmware reads a TCB value; Turin and later order it in another way. */
struct snp_firmware sev_snp_firmware(struct span tcb, bool is_turin);

/* sev_snp_verify appraises one report; work holds the chain meanwhile. */
MUST_CHECK enum err sev_snp_verify(struct appraisal *a,
                                   struct chain *work,
                                   struct span report,
                                   const struct sev_snp_texts *texts,
                                   const struct expectation *e);

#endif
