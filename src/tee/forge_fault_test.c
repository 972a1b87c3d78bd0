/* What can be wrong with a platform, its quote and its collateral, one thing at a time. */
#include "tee/forge_fault_test.h"

#include <string.h>

void forge_genuine(struct forge *ret, enum tee_kind kind)
{
    *ret = (struct forge){
        .kind = kind, .tee_tcb_svn = {5, 1, 5}
    };
    memset(ret->tee_tcb_svn + 2, 5, 14);
    memset(ret->tee_tcb_svn2 + 2, 5, 14);
    ret->tee_tcb_svn2[0] = 5;
    ret->tee_tcb_svn2[1] = 1;
    ret->attributes = kind == TEE_TDX ? UINT64_C(1) << 28 : 0;
    ret->report_data[0] = 0xaa;
}

static void another_vendor(struct forge *f)
{
    f->vendor_flip = 1;
}
static void version_2(struct forge *f)
{
    f->version = 2;
}
static void version_6(struct forge *f)
{
    f->version = 6;
}
static void key_type_p384(struct forge *f)
{
    f->key_type = 3;
}
static void cert_type_3(struct forge *f)
{
    f->cert_type = 3;
}
static void debug(struct forge *f)
{
    f->attributes |= f->kind == TEE_TDX ? 1 : 2;
}
static void reserved_td_bit(struct forge *f)
{
    f->attributes |= 1 << 10;
}
static void untrusted_td_bit(struct forge *f)
{
    f->attributes |= 1 << 4;
}
static void sept_ve(struct forge *f)
{
    f->attributes = 0;
}
static void migratable(struct forge *f)
{
    f->attributes |= 1 << 29;
}
static void reserved_sgx_flag(struct forge *f)
{
    f->attributes |= 1 << 3;
}
static void service_td(struct forge *f)
{
    f->version = 5;
    f->body_type = 3;
    f->mrservicetd[47] = 1;
}
static void quote_by_another_key(struct forge *f)
{
    f->quote_signer = "stranger";
}
static void qe_by_another_key(struct forge *f)
{
    f->qe_signer = "stranger";
}
static void qe_binds_another_key(struct forge *f)
{
    f->qe_report_data[0] = 1;
}
static void qe_binding_tail(struct forge *f)
{
    f->qe_report_data[63] = 1;
}
static void qe_of_another_maker(struct forge *f)
{
    f->qe_mrsigner = 1;
}
static void qe_in_debug(struct forge *f)
{
    f->qe_flags = 2;
}
static void qe_below_levels(struct forge *f)
{
    f->qe_svn = 2;
}
static void r_is_zero(struct forge *f)
{
    f->forged_signature = "0000000000000000000000000000000000000000000000000000000000000000"
                          "0000000000000000000000000000000000000000000000000000000000000001";
}
static void s_is_the_order(struct forge *f)
{
    f->forged_signature = "0000000000000000000000000000000000000000000000000000000000000001"
                          "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
}
static void pck_of_another_purpose(struct forge *f)
{
    f->pck.subject = "Intel SGX TCB Signing";
}
static void pck_not_yet_valid(struct forge *f)
{
    f->pck.not_before.s = FORGE_NOW.s + 1;
}
static void pck_expired(struct forge *f)
{
    f->pck.not_after.s = FORGE_NOW.s - 1;
}
static void pck_by_a_stranger(struct forge *f)
{
    f->pck.signer = pki_key("stranger", PKI_P256);
}
static void pck_says_nothing(struct forge *f)
{
    f->has_sgx_extension_not = true;
}
static void pck_has_unknown_critical(struct forge *f)
{
    f->pck.extensions[0] = (struct pki_extension){"1.2.3.4.5", SPAN_LIT("x"), true};
}
static void ca_is_no_ca(struct forge *f)
{
    f->ca.basic_constraints = "critical,CA:FALSE";
}
static void ca_may_not_sign(struct forge *f)
{
    f->ca.key_usage = "critical,cRLSign";
}
static void ca_not_yet_valid(struct forge *f)
{
    f->ca.not_before.s = FORGE_NOW.s + 1;
}
static void root_may_have_no_ca(struct forge *f)
{
    f->root.basic_constraints = "critical,CA:TRUE,pathlen:0";
}
static void root_not_yet_valid(struct forge *f)
{
    f->root.not_before.s = FORGE_NOW.s + 1;
}
static void signing_by_a_stranger(struct forge *f)
{
    f->signing.signer = pki_key("stranger", PKI_P256);
}
static void signing_of_another_purpose(struct forge *f)
{
    f->signing.subject = "Intel SGX PCK Certificate";
}
static void collateral_by_the_pck(struct forge *f)
{
    f->collateral_signer = "pck";
}
static void tcb_info_expired(struct forge *f)
{
    f->tcb_next = "2024-12-31T23:59:59Z";
}
static void tcb_info_of_tomorrow(struct forge *f)
{
    f->tcb_issue = "2025-01-01T00:00:01Z";
}
static void tcb_info_without_zone(struct forge *f)
{
    f->tcb_next = "2026-01-01T00:00:00";
}
static void tcb_info_repeats_a_name(struct forge *f)
{
    f->extra_member = "\"tcbLevels\":[],";
}
static void tcb_info_repeats_in_disguise(struct forge *f)
{
    f->extra_member = "\"tcbLe\\u0076els\":[],";
}
static void tcb_info_trailing(struct forge *f)
{
    f->trailing = "{}";
}
static void tcb_info_of_sgx(struct forge *f)
{
    f->tcb_id = "SGX";
}
static void tcb_info_version_4(struct forge *f)
{
    f->tcb_version = 4;
}
static void tcb_info_seventeen(struct forge *f)
{
    f->component = "{\"svn\":5},{\"svn\":0}";
}
static void tcb_info_fifteen(struct forge *f)
{
    f->component = "";
}
static void tcb_info_fifteen_tdx(struct forge *f)
{
    f->tdx_component = "";
}
static void tcb_info_256(struct forge *f)
{
    f->component = "{\"svn\":256}";
}
static void tcb_info_unknown_status(struct forge *f)
{
    f->status = "Perfect";
}
static void qe_identity_of_sgx(struct forge *f)
{
    f->qe_id = "QE";
}
static void another_fmspc(struct forge *f)
{
    f->fmspc = 1;
}
static void another_pce(struct forge *f)
{
    f->pce_id = 1;
}
static void last_component_low(struct forge *f)
{
    f->has_components = true;
    memset(f->components, 5, 16);
    f->components[15] = 1;
}
static void pce_svn_low(struct forge *f)
{
    f->pce_svn = 4;
}
static void last_tdx_component_low(struct forge *f)
{
    f->tee_tcb_svn[15] = 1;
}
static void unknown_module(struct forge *f)
{
    f->tee_tcb_svn[1] = 9;
}
static void module_of_another_maker(struct forge *f)
{
    f->mrsignerseam[0] = 1;
}
static void module_below_levels(struct forge *f)
{
    f->tee_tcb_svn[0] = 1;
}
static void platform_revoked(struct forge *f)
{
    f->status = "Revoked";
}
static void qe_revoked(struct forge *f)
{
    f->qe_status = "Revoked";
}
static void module_revoked(struct forge *f)
{
    f->module_status = "Revoked";
}
static void platform_out_of_date(struct forge *f)
{
    f->status = "OutOfDate";
}
static void no_crls(struct forge *f)
{
    f->has_no_crls = true;
}
static void crl_expired(struct forge *f)
{
    f->pck_crl.next_update.s = FORGE_NOW.s - 1;
}
static void crl_of_tomorrow(struct forge *f)
{
    f->root_crl.this_update.s = FORGE_NOW.s + 1;
}
static void crl_of_another(struct forge *f)
{
    f->pck_crl.issuer = "Intel SGX PCK Processor CA";
}
static void crl_by_a_stranger(struct forge *f)
{
    f->pck_crl.signer = pki_key("stranger", PKI_P256);
}
static void crl_of_changes(struct forge *f)
{
    f->pck_crl.extension = (struct pki_extension){"2.5.29.27", SPAN_LIT("\x02\x01\x01"), true};
}

static const uint64_t serial_of_pck[] = {77, 4};
static const uint64_t serial_of_ca[] = {2};
static const uint64_t serial_of_signing[] = {3};
static void pck_on_the_list(struct forge *f)
{
    f->pck_crl.serials = serial_of_pck;
    f->pck_crl.serials_count = 2;
}
static void ca_on_the_list(struct forge *f)
{
    f->root_crl.serials = serial_of_ca;
    f->root_crl.serials_count = 1;
}
static void signing_on_the_list(struct forge *f)
{
    f->root_crl.serials = serial_of_signing;
    f->root_crl.serials_count = 1;
}

static const struct forge_fault faults[] = {
    {"vendor not checked",                     TEE_SGX, another_vendor,               STEP_EVIDENCE_VENDOR     },
    {"version 2",                              TEE_SGX, version_2,                    STEP_EVIDENCE_VERSION    },
    {"version 6",                              TEE_TDX, version_6,                    STEP_EVIDENCE_VERSION    },
    {"key type",                               TEE_SGX, key_type_p384,                STEP_EVIDENCE_KEY_TYPE   },
    {"certification data without certificate", TEE_SGX, cert_type_3,                  STEP_CERT_DATA           },
    {"debug enclave",                          TEE_SGX, debug,                        STEP_DEBUG               },
    {"debug guest",                            TEE_TDX, debug,                        STEP_DEBUG               },
    {"reserved TD bit",                        TEE_TDX, reserved_td_bit,              STEP_ATTRIBUTES          },
    {"untrusted TD bit",                       TEE_TDX, untrusted_td_bit,             STEP_ATTRIBUTES          },
    {"SEPT_VE_DISABLE missing",                TEE_TDX, sept_ve,                      STEP_ATTRIBUTES          },
    {"migratable guest",                       TEE_TDX, migratable,                   STEP_MIGRATION           },
    {"reserved SGX flag",                      TEE_SGX, reserved_sgx_flag,            STEP_ATTRIBUTES          },
    {"service TD",                             TEE_TDX, service_td,                   STEP_SERVICE_TD          },
    {"quote by another key",                   TEE_TDX, quote_by_another_key,         STEP_EVIDENCE_SIGNATURE  },
    {"QE report by another key",               TEE_TDX, qe_by_another_key,            STEP_QE_SIGNATURE        },
    {"QE names another key",                   TEE_SGX, qe_binds_another_key,         STEP_QE_BINDING          },
    {"QE report data beyond the hash",         TEE_SGX, qe_binding_tail,              STEP_QE_BINDING          },
    {"QE of another maker",                    TEE_SGX, qe_of_another_maker,          STEP_QE_IDENTITY         },
    {"QE in debug mode",                       TEE_SGX, qe_in_debug,                  STEP_QE_IDENTITY         },
    {"QE below its levels",                    TEE_SGX, qe_below_levels,              STEP_QE_LEVEL            },
    {"r = 0",                                  TEE_SGX, r_is_zero,                    STEP_EVIDENCE_SIGNATURE  },
    {"s = n",                                  TEE_SGX, s_is_the_order,               STEP_EVIDENCE_SIGNATURE  },
    {"certificate of another purpose",         TEE_SGX, pck_of_another_purpose,       STEP_CERT_NAME           },
    {"notBefore of the leaf",                  TEE_SGX, pck_not_yet_valid,            STEP_CERT_TIME           },
    {"notAfter of the leaf",                   TEE_SGX, pck_expired,                  STEP_CERT_TIME           },
    {"leaf by a stranger",                     TEE_SGX, pck_by_a_stranger,            STEP_CERT_SIGNATURE      },
    {"leaf without SGX extension",             TEE_SGX, pck_says_nothing,             STEP_CERT_EXTENSION      },
    {"unknown critical extension",             TEE_SGX, pck_has_unknown_critical,     STEP_CERT_FORMAT         },
    {"issuer that is no CA",                   TEE_SGX, ca_is_no_ca,                  STEP_CERT_CONSTRAINTS    },
    {"issuer without keyCertSign",             TEE_SGX, ca_may_not_sign,              STEP_CERT_CONSTRAINTS    },
    {"notBefore of the CA",                    TEE_SGX, ca_not_yet_valid,             STEP_CERT_TIME           },
    {"path length of the root",                TEE_SGX, root_may_have_no_ca,          STEP_CERT_CONSTRAINTS    },
    {"notBefore of the root",                  TEE_SGX, root_not_yet_valid,           STEP_CERT_TIME           },
    {"signing certificate by a stranger",      TEE_SGX, signing_by_a_stranger,        STEP_CERT_SIGNATURE      },
    {"signing certificate of another purpose", TEE_SGX, signing_of_another_purpose,   STEP_CERT_NAME           },
    {"collateral signed by a platform",        TEE_SGX, collateral_by_the_pck,        STEP_COLLATERAL_SIGNATURE},
    {"TCB info expired",                       TEE_TDX, tcb_info_expired,             STEP_COLLATERAL_TIME     },
    {"TCB info of tomorrow",                   TEE_TDX, tcb_info_of_tomorrow,         STEP_COLLATERAL_TIME     },
    {"TCB info without a time zone",           TEE_TDX, tcb_info_without_zone,        STEP_COLLATERAL_FORMAT   },
    {"a name twice",                           TEE_TDX, tcb_info_repeats_a_name,      STEP_COLLATERAL_FORMAT   },
    {"a name twice, escaped",                  TEE_TDX, tcb_info_repeats_in_disguise, STEP_COLLATERAL_FORMAT   },
    {"trailing JSON",                          TEE_TDX, tcb_info_trailing,            STEP_COLLATERAL_FORMAT   },
    {"TCB info of SGX for TDX",                TEE_TDX, tcb_info_of_sgx,              STEP_COLLATERAL_KIND     },
    {"TCB info version 4",                     TEE_TDX, tcb_info_version_4,           STEP_COLLATERAL_KIND     },
    {"17 components",                          TEE_SGX, tcb_info_seventeen,           STEP_COLLATERAL_FORMAT   },
    {"15 components",                          TEE_SGX, tcb_info_fifteen,             STEP_COLLATERAL_FORMAT   },
    {"15 TDX components",                      TEE_TDX, tcb_info_fifteen_tdx,         STEP_COLLATERAL_FORMAT   },
    {"component 256",                          TEE_SGX, tcb_info_256,                 STEP_COLLATERAL_FORMAT   },
    {"unknown status",                         TEE_SGX, tcb_info_unknown_status,      STEP_COLLATERAL_KIND     },
    {"QE identity of SGX for TDX",             TEE_TDX, qe_identity_of_sgx,           STEP_COLLATERAL_KIND     },
    {"another FMSPC",                          TEE_SGX, another_fmspc,                STEP_FMSPC               },
    {"another PCE id",                         TEE_SGX, another_pce,                  STEP_PCE_ID              },
    {"last component low",                     TEE_SGX, last_component_low,           STEP_TCB_LEVEL           },
    {"PCE SVN low",                            TEE_SGX, pce_svn_low,                  STEP_TCB_LEVEL           },
    {"last TDX component low",                 TEE_TDX, last_tdx_component_low,       STEP_TCB_LEVEL           },
    {"unknown TDX module",                     TEE_TDX, unknown_module,               STEP_MODULE_IDENTITY     },
    {"TDX module of another maker",            TEE_TDX, module_of_another_maker,      STEP_MODULE_IDENTITY     },
    {"TDX module below its levels",            TEE_TDX, module_below_levels,          STEP_TCB_LEVEL           },
    {"platform revoked",                       TEE_SGX, platform_revoked,             STEP_POLICY_STATUS       },
    {"QE revoked",                             TEE_SGX, qe_revoked,                   STEP_POLICY_STATUS       },
    {"TDX module revoked",                     TEE_TDX, module_revoked,               STEP_POLICY_STATUS       },
    {"OutOfDate is not only logged",           TEE_SGX, platform_out_of_date,         STEP_POLICY_STATUS       },
    {"no CRLs",                                TEE_SGX, no_crls,                      STEP_CRL_MISSING         },
    {"CRL past nextUpdate",                    TEE_SGX, crl_expired,                  STEP_CRL_TIME            },
    {"CRL of tomorrow",                        TEE_SGX, crl_of_tomorrow,              STEP_CRL_TIME            },
    {"CRL of another issuer",                  TEE_SGX, crl_of_another,               STEP_CRL_ISSUER          },
    {"CRL by a stranger",                      TEE_SGX, crl_by_a_stranger,            STEP_CRL_SIGNATURE       },
    {"CRL of changes only",                    TEE_SGX, crl_of_changes,               STEP_CRL_FORMAT          },
    {"PCK revoked",                            TEE_SGX, pck_on_the_list,              STEP_CERT_REVOKED        },
    {"PCK CA revoked",                         TEE_SGX, ca_on_the_list,               STEP_CERT_REVOKED        },
    {"TCB signing revoked",                    TEE_SGX, signing_on_the_list,          STEP_CERT_REVOKED        },
};

bool forge_fault(struct forge_fault *ret, size_t i)
{
    if (i >= sizeof faults / sizeof faults[0]) {
        return false;
    }
    *ret = faults[i];
    return true;
}
