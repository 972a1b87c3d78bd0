#ifndef TEE_APPRAISAL_H
#define TEE_APPRAISAL_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "tee/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*~ Start here. The words are those of RFC 9334: an Attester hands over Evidence, others made Endorsements of its hardware,
 * a Relying Party has an appraisal policy, and the Verifier (this library) writes an Attestation Result, here `struct
 * appraisal`. Verifiers: dcap.h (SGX and TDX), sev_snp.h, nitro.h, tpm2.h, cca.h. Below them: cert.h, chain.h, crl.h.
 *
 * A verifier takes its steps in order and ends at the first that fails: so `failed` names what was looked at last, and all
 * that stands in the appraisal was verified before. The call returns OK only for accepted evidence. */

/* What failed. Each verifier's header says in which order. */
enum appraisal_step {
    STEP_NONE,
    STEP_EVIDENCE_FORMAT,   /* the evidence breaks its format */
    STEP_EVIDENCE_VERSION,  /* a version that we do not read */
    STEP_EVIDENCE_KEY_TYPE, /* signed by a kind of key that we do not verify */
    STEP_EVIDENCE_VENDOR,   /* made by a quoting enclave of another vendor */
    STEP_CERT_DATA,         /* names its key without a certificate */
    STEP_CERT_FORMAT,
    STEP_CERT_MISSING,
    STEP_CERT_ISSUER, /* not issued by the next certificate */
    STEP_CERT_CONSTRAINTS,
    STEP_CERT_TIME,
    STEP_CERT_NAME, /* a certificate for another purpose */
    STEP_CERT_SIGNATURE,
    STEP_CERT_EXTENSION, /* what it says about the hardware is missing or malformed */
    STEP_CERT_REVOKED,
    STEP_ROOT, /* does not end in a key that we trust */
    STEP_CRL_MISSING,
    STEP_CRL_FORMAT,
    STEP_CRL_ISSUER,
    STEP_CRL_SIGNATURE,
    STEP_CRL_TIME,
    STEP_COLLATERAL_FORMAT,
    STEP_COLLATERAL_SIGNATURE,
    STEP_COLLATERAL_KIND, /* for another technology, or a version that we do not read */
    STEP_COLLATERAL_TIME,
    STEP_COLLATERAL_OLD, /* its evaluation number is below the policy's */
    STEP_FMSPC,          /* collateral of another platform family */
    STEP_PCE_ID,
    STEP_QE_SIGNATURE, /* the quoting enclave's report is not signed by the platform's key */
    STEP_QE_BINDING,   /* that report does not name the quote's key */
    STEP_QE_IDENTITY,  /* another enclave than the vendor's */
    STEP_QE_LEVEL,
    STEP_EVIDENCE_SIGNATURE,
    STEP_MODULE_IDENTITY, /* another TDX module than the vendor's */
    STEP_TCB_LEVEL,       /* below every level that the vendor lists */
    STEP_TCB_MISMATCH,    /* the certificate is for another firmware */
    STEP_CHIP_ID,         /* the certificate is for another chip */
    STEP_TCB_ORDER,       /* firmware numbers that cannot be: it was rolled back */
    STEP_DEBUG,
    STEP_ATTRIBUTES,
    STEP_MIGRATION,
    STEP_VMPL,
    STEP_SERVICE_TD,
    STEP_LIFECYCLE,      /* the platform is not in its secured state */
    STEP_REALM_KEY,      /* the realm's key is not the one that the platform names */
    STEP_KEY_ATTRIBUTES, /* the attestation key could sign anything, or leave its TPM */
    STEP_KEY_ORIGIN,     /* nothing binds the attestation key to hardware */
    STEP_PCR_DIGEST,
    STEP_POLICY_NO_RULE, /* the policy says nothing about this kind of evidence */
    STEP_POLICY_STATUS,
    STEP_POLICY_FLOOR,
    STEP_POLICY_MEASUREMENT,
    STEP_BINDING, /* made for another key, nonce or connection */
    STEP_COUNT
};

/* Where it failed. `at` counts bytes for texts and records, and certificates from the leaf (0) for chains. */
enum appraisal_part {
    PART_EVIDENCE,
    PART_CHAIN, /* of the evidence's key */
    PART_COLLATERAL_CHAIN,
    PART_CRL, /* at: 0 the root's, 1 the intermediate's */
    PART_TCB_INFO,
    PART_QE_IDENTITY,
    PART_POLICY,
    PART_COUNT
};

/* Intel's words, from best to worst. */
enum tcb_status {
    TCB_NOT_STATED, /* this technology has no such word */
    TCB_UP_TO_DATE,
    TCB_SW_HARDENING_NEEDED,
    TCB_CONFIGURATION_NEEDED,
    TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    TCB_RELAUNCH_ADVISED,
    TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    TCB_OUT_OF_DATE,
    TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
    TCB_REVOKED,
    TCB_STATUS_COUNT
};

enum measurement_name {
    MEASURED_MRENCLAVE,
    MEASURED_MRSIGNER,
    MEASURED_MRTD,
    MEASURED_MRSEAM,
    MEASURED_MRSIGNERSEAM,
    MEASURED_MRCONFIGID,
    MEASURED_MROWNER,
    MEASURED_MROWNERCONFIG,
    MEASURED_RTMR0,
    MEASURED_RTMR1,
    MEASURED_RTMR2,
    MEASURED_RTMR3,
    MEASURED_MRSERVICETD,
    MEASURED_LAUNCH,
    MEASURED_HOST_DATA,
    MEASURED_ID_KEY,
    MEASURED_AUTHOR_KEY,
    MEASURED_RIM,
    MEASURED_REM0,
    MEASURED_REM1,
    MEASURED_REM2,
    MEASURED_REM3,
    MEASURED_PCR0,
    MEASURED_PCR23 = MEASURED_PCR0 + 23,
    MEASURED_COUNT
};

enum {
    MEASUREMENT_LEN_MAX = 64,
    MEASUREMENTS_MAX = 28, /* four of SEV-SNP, and 24 registers */
    ADVISORIES_MAX = 48,
    ADVISORY_LEN_MAX = 24,
    REPORT_DATA_LEN_MAX = 512, /* Nitro's user data is the longest */
};

struct measurement {
    uint8_t name; /* enum measurement_name */
    uint8_t len;
    uint8_t bytes[MEASUREMENT_LEN_MAX];
};

/* The Attestation Result. Copies everything, so it may be kept after evidence and endorsements are gone. */
struct appraisal {
    enum tee_kind kind;
    enum tee_level level; /* TEE_LEVEL_NONE unless accepted */
    enum appraisal_step failed;
    enum appraisal_part part;
    size_t at;
    enum tcb_status tcb;
    walltime tcb_date;         /* of the matched level; 0 if not stated */
    walltime not_before;       /* endorsements hold from here ... */
    walltime expires;          /* ... to here: the earliest end of anything that was used */
    uint32_t evaluation;       /* tcbEvaluationDataNumber */
    uint16_t product_id;       /* SGX: ISVPRODID */
    uint32_t svn;              /* SGX: ISVSVN; SNP: guest SVN */
    bool has_hardware_id;      /* false: the platform keeps it to itself */
    struct hash32 hardware_id; /* SHA-256 of PPID, chip id, EK, instance id: same chip, same hash */
    size_t report_data_len;
    uint8_t report_data[REPORT_DATA_LEN_MAX]; /* what the attester put in */
    size_t advisories_count;
    char advisories[ADVISORIES_MAX][ADVISORY_LEN_MAX]; /* NUL-terminated */
    size_t measurements_count;
    struct measurement measurements[MEASUREMENTS_MAX];
};

/* appraisal_init empties a; the window begins unbounded. */
void appraisal_init(struct appraisal *a, enum tee_kind kind);

/* appraisal_fail notes step and place, takes the level away, and returns e: `return appraisal_fail(a, ERR_AUTH, ...)`. */
enum err appraisal_fail(
    struct appraisal *a, enum err e, enum appraisal_step step, enum appraisal_part part, size_t at);

/* appraisal_until narrows the window in which the endorsements hold. */
void appraisal_until(struct appraisal *a, walltime not_before, walltime not_after);

/* appraisal_measure adds a measurement; bytes beyond MEASUREMENT_LEN_MAX or a 29th are our own bug. */
void appraisal_measure(struct appraisal *a, enum measurement_name name, struct span bytes);

/* appraisal_measured finds one; empty if there is none. */
struct span appraisal_measured(const struct appraisal *a, enum measurement_name name);

/* appraisal_advise adds an advisory once. ERR_LIMIT: too many, or a name too long. */
MUST_CHECK enum err appraisal_advise(struct appraisal *a, struct span advisory);

/* appraisal_report_data copies what the attester put in. ERR_LIMIT: longer than REPORT_DATA_LEN_MAX. */
MUST_CHECK enum err appraisal_report_data(struct appraisal *a, struct span data);

/* Words. The name is short and stable ("cert_time"), the text a sentence without a period; never NULL. */
const char *appraisal_step_name(enum appraisal_step step);
const char *appraisal_step_text(enum appraisal_step step);
const char *appraisal_part_name(enum appraisal_part part);
const char *tcb_status_name(enum tcb_status status); /* Intel's spelling */
bool tcb_status_parse(enum tcb_status *ret, struct span name);
const char *measurement_name(enum measurement_name name);
bool measurement_parse(enum measurement_name *ret, struct span name);

/* appraisal_print writes one line for people: kind, level or the failing step and its place, status. NUL-terminated, cut
 * at len. */
void appraisal_print(const struct appraisal *a, char *out, size_t len);

#endif
