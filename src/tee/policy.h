#ifndef TEE_POLICY_H
#define TEE_POLICY_H

#include "codec/json.h"
#include "tee/appraisal.h"
#include "tee/chain.h"
#include "tee/releases.h"

/* Appraisal policies (RFC 9334 §8.5), as files. What a policy does not say is not accepted: without a rule for a kind of
 * evidence, without a measurement, with an empty list, everything is refused.
 *
 *     { "version": 1,
 *       "rules": [
 *         { "kind": "tdx",
 *           "tcb": ["UpToDate", "SWHardeningNeeded"],          sgx, tdx: statuses to accept
 *           "measurements": [{"mrtd": "91eb…", "rtmr0": "…"}], any one set, each of its values; or "released"; or "any"
 *           "evaluation_min": 17, "svn_min": 0, "product_id": 1,
 *           "vmpl": 0,                                         sev-snp: 0 to 3
 *           "firmware_min": {"bootloader": 4, "tee": 0, "snp": 24, "microcode": 219, "fmc": 0},
 *           "crl": "required",                                 or "optional": checked if it is there
 *           "allow": ["sept_ve", "service_td", "migration"] } ] }
 *
 * "released" accepts what stands in the release list. "any" accepts genuine hardware whatever runs on it. One rule for each
 * kind. A member that this version does not know refuses the file. */
enum {
    POLICY_TEXT_LEN_MAX = 64 * 1024,
};

enum policy_allow {
    POLICY_ALLOW_SEPT_VE = 1,    /* TDX: SEPT_VE_DISABLE is not set (Azure) */
    POLICY_ALLOW_SERVICE_TD = 2, /* TDX: bound to a service guest, such as one that migrates it */
    POLICY_ALLOW_MIGRATION = 4,  /* TDX, SNP: may be moved to another machine */
    POLICY_ALLOW_NO_EK = 8, /* TPM: a key that nothing ties to a chip; such a TPM may be software */
};

/* Firmware numbers in AMD's order of names. */
struct snp_firmware {
    uint8_t fmc;
    uint8_t bootloader;
    uint8_t tee;
    uint8_t snp;
    uint8_t microcode;
};

struct policy_rule {
    uint32_t statuses; /* bit i: enum tcb_status i */
    uint32_t allow;    /* enum policy_allow */
    uint32_t evaluation_min;
    uint16_t svn_min;
    bool has_product_id;
    uint16_t product_id;
    uint8_t vmpl;
    bool is_crl_required;
    struct snp_firmware firmware_min;
    struct json measurements; /* an array, or the string "released" or "any" */
};

/* The text must live as long as the policy. A zeroed policy has no rule. */
struct policy {
    bool is_parsed;
    struct json rules;
};

/* policy_parse: ERR_MALFORMED with the rule that was broken in *why (may be NULL). An empty list of rules is well-formed,
 * and accepts nothing. */
MUST_CHECK enum err policy_parse(struct policy *ret, struct span text, struct diag *why);

/* policy_find gives the rule for a kind; false if there is none. */
bool policy_find(struct policy_rule *ret, const struct policy *p, enum tee_kind kind);

/* What a verifier is told beside evidence and endorsements. */
struct expectation {
    const struct anchors *anchors;
    const struct policy *policy;
    const struct releases
        *releases; /* NULL: there is no list, and so no level above hardware-attested */
    walltime now;
    struct span binding; /* what the attester must have put in; compared whole, length included */
};

/* policy_begin finds the rule for a->kind. STEP_POLICY_NO_RULE. */
MUST_CHECK enum err
policy_begin(struct policy_rule *ret, struct appraisal *a, const struct expectation *e);

/* policy_decide is the last step of every verifier: status, floors, measurements, binding, in this order; then the level.
 * An empty binding is refused too. */
MUST_CHECK enum err
policy_decide(struct appraisal *a, const struct policy_rule *rule, const struct expectation *e);

#endif
