/* The Attestation Result and its words. */
#include "tee/appraisal.h"

#include "base/check.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *text;
} steps[] = {
    [STEP_NONE] = {"none",                 "nothing failed"                                         },
    [STEP_EVIDENCE_FORMAT] = {"evidence_format",      "the evidence breaks its format"                         },
    [STEP_EVIDENCE_VERSION] = {"evidence_version",     "evidence of an unknown version"                         },
    [STEP_EVIDENCE_KEY_TYPE] = {"evidence_key_type",
                   "signed by a kind of key that we do not verify"                                  },
    [STEP_EVIDENCE_VENDOR] = {"evidence_vendor",      "made by the quoting enclave of another vendor"          },
    [STEP_CERT_DATA] = {"cert_data",            "the evidence brings no certificate for its key"         },
    [STEP_CERT_FORMAT] = {"cert_format",          "a certificate breaks its format"                        },
    [STEP_CERT_MISSING] = {"cert_missing",         "a certificate is missing"                               },
    [STEP_CERT_ISSUER] = {"cert_issuer",          "a certificate is not issued by the next one"            },
    [STEP_CERT_CONSTRAINTS] = {"cert_constraints",     "a certificate may not be used so"                       },
    [STEP_CERT_TIME] = {"cert_time",            "a certificate is not valid at this time"                },
    [STEP_CERT_NAME] = {"cert_name",            "a certificate has another purpose"                      },
    [STEP_CERT_SIGNATURE] = {"cert_signature",       "the signature of a certificate does not hold"           },
    [STEP_CERT_EXTENSION] = {"cert_extension",
                   "a certificate does not describe its hardware as it must"                        },
    [STEP_CERT_REVOKED] = {"cert_revoked",         "a certificate was revoked"                              },
    [STEP_ROOT] = {"root",                 "the certificates do not end in a root that we trust"    },
    [STEP_CRL_MISSING] = {"crl_missing",          "a revocation list is missing"                           },
    [STEP_CRL_FORMAT] = {"crl_format",           "a revocation list breaks its format"                    },
    [STEP_CRL_ISSUER] = {"crl_issuer",           "a revocation list is of another issuer"                 },
    [STEP_CRL_SIGNATURE] = {"crl_signature",        "the signature of a revocation list does not hold"       },
    [STEP_CRL_TIME] = {"crl_time",             "a revocation list is not valid at this time"            },
    [STEP_COLLATERAL_FORMAT] = {"collateral_format",    "the vendor's collateral breaks its format"              },
    [STEP_COLLATERAL_SIGNATURE] = {"collateral_signature",
                   "the signature of the vendor's collateral does not hold"                         },
    [STEP_COLLATERAL_KIND] = {"collateral_kind",      "collateral for another technology or version"           },
    [STEP_COLLATERAL_TIME] = {"collateral_time",      "the collateral is not valid at this time"               },
    [STEP_COLLATERAL_OLD] = {"collateral_old",       "the collateral is older than the policy allows"         },
    [STEP_FMSPC] = {"fmspc",                "collateral of another family of platforms"              },
    [STEP_PCE_ID] = {"pce_id",               "collateral for another provisioning enclave"            },
    [STEP_QE_SIGNATURE] = {"qe_signature",
                   "the quoting enclave is not signed for by the platform's key"                    },
    [STEP_QE_BINDING] = {"qe_binding",           "the quoting enclave does not name the quote's key"      },
    [STEP_QE_IDENTITY] = {"qe_identity",          "not the vendor's quoting enclave"                       },
    [STEP_QE_LEVEL] = {"qe_level",             "a quoting enclave below every listed level"             },
    [STEP_EVIDENCE_SIGNATURE] = {"evidence_signature",
                   "the signature of the evidence does not hold"                                    },
    [STEP_MODULE_IDENTITY] = {"module_identity",      "not the vendor's TDX module"                            },
    [STEP_TCB_LEVEL] = {"tcb_level",            "firmware below every listed level"                      },
    [STEP_TCB_MISMATCH] = {"tcb_mismatch",         "the certificate is for another firmware"                },
    [STEP_CHIP_ID] = {"chip_id",              "the certificate is for another chip"                    },
    [STEP_TCB_ORDER] = {"tcb_order",            "firmware numbers that cannot be"                        },
    [STEP_DEBUG] = {"debug",                "the operator can look inside: debugging is on"          },
    [STEP_ATTRIBUTES] = {"attributes",           "attributes that are not allowed"                        },
    [STEP_MIGRATION] = {"migration",            "a migration agent could take the guest away"            },
    [STEP_VMPL] = {"vmpl",                 "reported from another privilege level"                  },
    [STEP_SERVICE_TD] = {"service_td",           "bound to a service guest that the policy does not allow"},
    [STEP_LIFECYCLE] = {"lifecycle",            "the platform is not in its secured state"               },
    [STEP_REALM_KEY] = {"realm_key",            "the realm's key is not the one that the platform names" },
    [STEP_KEY_ATTRIBUTES] = {"key_attributes",       "the attestation key is not restricted to its chip"      },
    [STEP_KEY_ORIGIN] = {"key_origin",           "nothing binds the attestation key to hardware"          },
    [STEP_PCR_DIGEST] = {"pcr_digest",           "the registers shown are not those that were signed"     },
    [STEP_POLICY_NO_RULE] = {"policy_no_rule",       "the policy does not accept this technology"             },
    [STEP_POLICY_STATUS] = {"policy_status",        "the policy does not accept this firmware status"        },
    [STEP_POLICY_FLOOR] = {"policy_floor",         "a version below the policy's floor"                     },
    [STEP_POLICY_MEASUREMENT] = {"policy_measurement",   "the policy does not know this measurement"              },
    [STEP_BINDING] = {"binding",              "made for another key, nonce or connection"              },
};
static_assert(sizeof steps / sizeof steps[0] == STEP_COUNT, "words for each step");
static_assert(STEP_COUNT <= 60, "few enough to know by heart");

static const char *const parts[] = {
    [PART_EVIDENCE] = "evidence",
    [PART_CHAIN] = "certificate",
    [PART_COLLATERAL_CHAIN] = "collateral certificate",
    [PART_CRL] = "revocation list",
    [PART_TCB_INFO] = "TCB info",
    [PART_QE_IDENTITY] = "QE identity",
    [PART_POLICY] = "policy",
};
static_assert(sizeof parts / sizeof parts[0] == PART_COUNT, "a name for each part");

static const char *const statuses[] = {
    [TCB_NOT_STATED] = "",
    [TCB_UP_TO_DATE] = "UpToDate",
    [TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [TCB_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
    [TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
    [TCB_OUT_OF_DATE] = "OutOfDate",
    [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [TCB_REVOKED] = "Revoked",
};
static_assert(sizeof statuses / sizeof statuses[0] == TCB_STATUS_COUNT, "a word for each status");

static const char *const measurements[] = {
    [MEASURED_MRENCLAVE] = "mrenclave",
    [MEASURED_MRSIGNER] = "mrsigner",
    [MEASURED_MRTD] = "mrtd",
    [MEASURED_MRSEAM] = "mrseam",
    [MEASURED_MRSIGNERSEAM] = "mrsignerseam",
    [MEASURED_MRCONFIGID] = "mrconfigid",
    [MEASURED_MROWNER] = "mrowner",
    [MEASURED_MROWNERCONFIG] = "mrownerconfig",
    [MEASURED_RTMR0] = "rtmr0",
    [MEASURED_RTMR1] = "rtmr1",
    [MEASURED_RTMR2] = "rtmr2",
    [MEASURED_RTMR3] = "rtmr3",
    [MEASURED_MRSERVICETD] = "mrservicetd",
    [MEASURED_LAUNCH] = "launch",
    [MEASURED_HOST_DATA] = "host_data",
    [MEASURED_ID_KEY] = "id_key",
    [MEASURED_AUTHOR_KEY] = "author_key",
    [MEASURED_RIM] = "rim",
    [MEASURED_REM0] = "rem0",
    [MEASURED_REM1] = "rem1",
    [MEASURED_REM2] = "rem2",
    [MEASURED_REM3] = "rem3",
    [MEASURED_PCR0] = "pcr0",
    "pcr1",
    "pcr2",
    "pcr3",
    "pcr4",
    "pcr5",
    "pcr6",
    "pcr7",
    "pcr8",
    "pcr9",
    "pcr10",
    "pcr11",
    "pcr12",
    "pcr13",
    "pcr14",
    "pcr15",
    "pcr16",
    "pcr17",
    "pcr18",
    "pcr19",
    "pcr20",
    "pcr21",
    "pcr22",
    "pcr23",
};
static_assert(sizeof measurements / sizeof measurements[0] == MEASURED_COUNT, "a name for each");

void appraisal_init(struct appraisal *a, enum tee_kind kind)
{
    *a = (struct appraisal){.kind = kind, .expires = {UINT64_MAX}};
}

enum err appraisal_fail(
    struct appraisal *a, enum err e, enum appraisal_step step, enum appraisal_part part, size_t at)
{
    check(e != OK);
    check(step != STEP_NONE);
    a->failed = step;
    a->part = part;
    a->at = at;
    a->level = TEE_LEVEL_NONE;
    return e;
}

void appraisal_until(struct appraisal *a, walltime not_before, walltime not_after)
{
    if (not_before.s > a->not_before.s) {
        a->not_before = not_before;
    }
    if (not_after.s < a->expires.s) {
        a->expires = not_after;
    }
}

void appraisal_measure(struct appraisal *a, enum measurement_name name, struct span bytes)
{
    check(a->measurements_count < MEASUREMENTS_MAX);
    check(bytes.n <= MEASUREMENT_LEN_MAX);
    struct measurement *m = &a->measurements[a->measurements_count++];
    m->name = (uint8_t)name;
    m->len = (uint8_t)span_copy(MSPAN_OF(m->bytes), bytes);
}

struct span appraisal_measured(const struct appraisal *a, enum measurement_name name)
{
    for (size_t i = 0; i < a->measurements_count; i++) {
        if (a->measurements[i].name == name) {
            return span_of(a->measurements[i].bytes, a->measurements[i].len);
        }
    }
    return SPAN_EMPTY;
}

enum err appraisal_advise(struct appraisal *a, struct span advisory)
{
    for (size_t i = 0; i < a->advisories_count; i++) {
        if (span_equal(span_str(a->advisories[i]), advisory)) {
            return OK;
        }
    }
    if (a->advisories_count == ADVISORIES_MAX || advisory.n >= ADVISORY_LEN_MAX) {
        return ERR_LIMIT;
    }
    char *to = a->advisories[a->advisories_count++];
    to[span_copy(mspan_of(to, ADVISORY_LEN_MAX - 1), advisory)] = '\0';
    return OK;
}

enum err appraisal_report_data(struct appraisal *a, struct span data)
{
    if (data.n > REPORT_DATA_LEN_MAX) {
        return ERR_LIMIT;
    }
    a->report_data_len = span_copy(MSPAN_OF(a->report_data), data);
    return OK;
}

const char *appraisal_step_name(enum appraisal_step step)
{
    return (unsigned)step < STEP_COUNT ? steps[step].name : "unknown";
}

const char *appraisal_step_text(enum appraisal_step step)
{
    return (unsigned)step < STEP_COUNT ? steps[step].text : "unknown";
}

const char *appraisal_part_name(enum appraisal_part part)
{
    return (unsigned)part < PART_COUNT ? parts[part] : "unknown";
}

const char *tcb_status_name(enum tcb_status status)
{
    return (unsigned)status < TCB_STATUS_COUNT ? statuses[status] : "unknown";
}

bool tcb_status_parse(enum tcb_status *ret, struct span name)
{
    for (int i = TCB_UP_TO_DATE; i < TCB_STATUS_COUNT; i++) {
        if (span_equal(name, span_str(statuses[i]))) {
            *ret = (enum tcb_status)i;
            return true;
        }
    }
    return false;
}

const char *measurement_name(enum measurement_name name)
{
    return (unsigned)name < MEASURED_COUNT ? measurements[name] : "unknown";
}

bool measurement_parse(enum measurement_name *ret, struct span name)
{
    for (int i = 0; i < MEASURED_COUNT; i++) {
        if (span_equal(name, span_str(measurements[i]))) {
            *ret = (enum measurement_name)i;
            return true;
        }
    }
    return false;
}

void appraisal_print(const struct appraisal *a, char *out, size_t len)
{
    const char *status = tcb_status_name(a->tcb);
    const char *comma = status[0] ? ", " : "";
    if (a->failed == STEP_NONE) {
        (void)snprintf(out, len, "%s: accepted as %s%s%s", tee_kind_name(a->kind),
                       tee_level_name(a->level), comma, status);
        return;
    }
    (void)snprintf(out, len, "%s: refused, %s (%s, %s %zu)%s%s", tee_kind_name(a->kind),
                   appraisal_step_text(a->failed), appraisal_step_name(a->failed),
                   appraisal_part_name(a->part), a->at, comma, status);
}
