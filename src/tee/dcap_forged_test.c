/* What no published sample shows, on platforms made by forge_test.c: each check that verifiers have forgotten, by name, and
 * the levels and statuses of Intel's rules. */
#include "tee/dcap.h"

#include "base/test.h"
#include "tee/forge_fault_test.h"

#include <string.h>

enum { QUOTE_ROOM = 16384 };

static const char policy_text[] =
    "{\"version\":1,\"rules\":["
    "{\"kind\":\"sgx\",\"measurements\":\"any\",\"tcb\":[\"UpToDate\"]},"
    "{\"kind\":\"tdx\",\"measurements\":\"any\",\"tcb\":[\"UpToDate\"]}]}";

static struct dcap_collateral collateral;
static struct appraisal result;

static enum err judge_as(const struct forged *made, const struct forge *f, const char *policy)
{
    struct policy p;
    struct anchors anchors = {.list = &made->anchor, .count = 1};
    EXPECT_OK(policy_parse(&p, span_str(policy), NULL));
    struct expectation e = {&anchors, &p, NULL, FORGE_NOW, SPAN_OF(f->report_data)};
    enum err err = dcap_collateral_verify(&collateral, &result, &made->texts, &anchors, FORGE_NOW);
    return err == OK ? dcap_verify(&result, made->quote, &collateral, &e) : err;
}

static enum err judge(const struct forge *f)
{
    struct forged made;
    forge(&made, f);
    return judge_as(&made, f, policy_text);
}

static void refused(const struct forge *f, enum appraisal_step step)
{
    EXPECT(judge(f) != OK);
    EXPECT_STR(appraisal_step_name(step), appraisal_step_name(result.failed));
    EXPECT_EQ(TEE_LEVEL_NONE, result.level);
}

TEST(genuine_platforms_are_accepted)
{
    struct forge f;
    forge_genuine(&f, TEE_SGX);
    EXPECT_OK(judge(&f));
    EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, result.level);
    EXPECT_EQ(17, result.evaluation);
    EXPECT_EQ(pki_year(2025).s + 19 * 86400, result.expires.s); /* the TCB info's end */
    forge_genuine(&f, TEE_TDX);
    EXPECT_OK(judge(&f));
    f.is_chain_shuffled = true;
    EXPECT_OK(judge(&f));
    f.version = 5;
    for (uint16_t type = 2; type <= 4; type++) {
        f.body_type = type;
        test_note("body type %u", type);
        EXPECT_OK(judge(&f));
    }
    forge_genuine(&f, TEE_SGX);
    f.version = 5;
    f.body_type = 1;
    EXPECT_OK(judge(&f));
    f.version = 4;
    EXPECT_OK(judge(&f));
}

TEST(each_forgotten_check)
{
    struct forge_fault fault;
    for (size_t i = 0; forge_fault(&fault, i); i++) {
        struct forge f;
        forge_genuine(&f, fault.kind);
        fault.make(&f);
        test_note("%s", fault.name);
        refused(&f, fault.step);
    }
}

/* A Revoked quoting enclave must not end the work early with success, nor hide a bad signature. */
TEST(revoked_is_found_after_the_signatures)
{
    struct forge f;
    forge_genuine(&f, TEE_SGX);
    f.qe_status = "Revoked";
    f.quote_signer = "stranger";
    refused(&f, STEP_EVIDENCE_SIGNATURE);
    f.quote_signer = NULL;
    EXPECT_ERR(ERR_DENIED, judge(&f));
    EXPECT_STR("Revoked", tcb_status_name(result.tcb));
}

TEST(levels_and_their_merge)
{
    static const struct {
        const char *platform;
        const char *qe;
        const char *want;
    } rows[] = {
        {"UpToDate",                          "OutOfDate", "OutOfDate"                   },
        {"SWHardeningNeeded",                 "OutOfDate", "OutOfDate"                   },
        {"ConfigurationNeeded",               "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"OutOfDateConfigurationNeeded",      "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"OutOfDate",                         "UpToDate",  "OutOfDate"                   },
        {"SWHardeningNeeded",                 "UpToDate",  "SWHardeningNeeded"           },
        {"Revoked",                           "UpToDate",  "Revoked"                     },
        {"UpToDate",                          "Revoked",   "Revoked"                     },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct forge f;
        forge_genuine(&f, TEE_SGX);
        f.status = rows[i].platform;
        f.qe_status = rows[i].qe;
        (void)judge(&f);
        test_note("row %zu", i);
        EXPECT_STR(rows[i].want, tcb_status_name(result.tcb));
    }
    struct forge f;
    forge_genuine(&f, TEE_TDX);
    f.module_status = "OutOfDate";
    (void)judge(&f);
    EXPECT_STR("OutOfDate", tcb_status_name(result.tcb));
    EXPECT_EQ(2, result.advisories_count); /* the module's and the platform's */
}

/* Only the numbers from the third on belong to the platform once the module has a version of its own. */
TEST(module_numbers_are_left_to_the_module)
{
    struct forge f;
    forge_genuine(&f, TEE_TDX);
    f.tee_tcb_svn[0] = 4; /* below the platform level's 5, and the module's level 4 */
    EXPECT_OK(judge(&f));
    f.tee_tcb_svn[1] = 0; /* module version 0: its numbers are the platform's again */
    refused(&f, STEP_TCB_LEVEL);
}

TEST(td_15_launched_under_an_old_module_is_told_to_launch_again)
{
    struct forge f;
    forge_genuine(&f, TEE_TDX);
    f.version = 5;
    f.body_type = 3;
    f.tee_tcb_svn[0] = 2;
    (void)judge(&f);
    EXPECT_STR("TDRelaunchAdvised", tcb_status_name(result.tcb));
    f.tee_tcb_svn2[0] = 2; /* nothing has been updated since */
    (void)judge(&f);
    EXPECT_STR("OutOfDate", tcb_status_name(result.tcb));
}

TEST(policy_floors)
{
    static const struct {
        const char *policy;
        enum appraisal_step step;
    } rows[] = {
        {"{\"version\":1,\"rules\":[]}",                                                       STEP_POLICY_NO_RULE    },
        {"{\"version\":1,\"rules\":[{\"kind\":\"tdx\",\"tcb\":[\"UpToDate\"],\"measurements\":"
         "\"any\"}]}",                                                                STEP_POLICY_NO_RULE    },
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"tcb\":[],\"measurements\":\"any\"}]}",
         STEP_POLICY_STATUS                                                                                           },
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\"}]}",
         STEP_POLICY_STATUS                                                                                           },
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"tcb\":[\"UpToDate\"],\"measurements\":[]}]"
         "}",                                                                         STEP_POLICY_MEASUREMENT},
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"tcb\":[\"UpToDate\"],\"measurements\":"
         "\"any\","
         "\"evaluation_min\":18}]}",                                                  STEP_POLICY_FLOOR      },
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"tcb\":[\"UpToDate\"],\"measurements\":"
         "\"any\","
         "\"evaluation_min\":17,\"svn_min\":1,\"product_id\":7}]}",                   STEP_POLICY_FLOOR      },
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"tcb\":[\"UpToDate\"],\"measurements\":"
         "\"any\","
         "\"product_id\":8}]}",                                                       STEP_POLICY_FLOOR      },
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"tcb\":[\"UpToDate\"],\"measurements\":"
         "[{\"mrenclave\":\"00\"}]}]}",                                               STEP_POLICY_MEASUREMENT},
        {"{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"tcb\":[\"UpToDate\"],\"measurements\":"
         "[{\"mrtd\":\"00\"},{\"mrenclave\":"
         "\"e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0\"}]}]}", STEP_NONE              },
    };
    struct forged made;
    struct forge f;
    forge_genuine(&f, TEE_SGX);
    forge(&made, &f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_note("policy %zu", i);
        EXPECT((judge_as(&made, &f, rows[i].policy) == OK) == (rows[i].step == STEP_NONE));
        EXPECT_STR(appraisal_step_name(rows[i].step), appraisal_step_name(result.failed));
    }
}

TEST(binding_is_compared_whole)
{
    struct forged made;
    struct forge f;
    forge_genuine(&f, TEE_SGX);
    forge(&made, &f);
    EXPECT_OK(judge_as(&made, &f, policy_text));
    f.report_data[63] ^= 1;
    EXPECT_ERR(ERR_AUTH, judge_as(&made, &f, policy_text));
    EXPECT_STR("binding", appraisal_step_name(result.failed));
}

/* A certificate for the same key that the vendor does not publish, and one that its holder did not sign. */
TEST(a_root_is_its_key)
{
    struct forge f;
    forge_genuine(&f, TEE_SGX);
    struct forged made;
    forge(&made, &f);
    memset(made.anchor.certificate.bytes, 0, 32); /* known by its key alone */
    EXPECT_OK(judge_as(&made, &f, policy_text));
    f.root.signer = pki_key("stranger", PKI_P256);
    forge(&made, &f);
    memset(made.anchor.certificate.bytes, 0, 32);
    EXPECT(judge_as(&made, &f, policy_text) != OK);
    EXPECT_STR("root", appraisal_step_name(result.failed));
    forge_genuine(&f, TEE_SGX);
    forge(&made, &f);
    struct anchor right = made.anchor;
    f.root = (struct pki_cert){.key = pki_key("stranger", PKI_P256),
                               .signer = pki_key("stranger", PKI_P256)};
    forge(&made, &f);
    made.anchor = right;
    EXPECT(judge_as(&made, &f, policy_text) != OK);
    EXPECT_STR("root", appraisal_step_name(result.failed));
}

TEST(collateral_may_be_kept_while_it_lasts)
{
    struct forged made;
    struct forge f;
    forge_genuine(&f, TEE_TDX);
    struct policy p;
    forge(&made, &f);
    struct anchors anchors = {.list = &made.anchor, .count = 1};
    EXPECT_OK(policy_parse(&p, span_str(policy_text), NULL));
    struct expectation e = {&anchors, &p, NULL, FORGE_NOW, SPAN_OF(f.report_data)};
    EXPECT_OK(dcap_collateral_verify(&collateral, &result, &made.texts, &anchors, FORGE_NOW));
    EXPECT_OK(dcap_verify(&result, made.quote, &collateral, &e));
    e.now.s = collateral.expires.s;
    EXPECT_OK(dcap_verify(&result, made.quote, &collateral, &e));
    e.now.s = collateral.expires.s + 1;
    EXPECT_ERR(ERR_TIMEOUT, dcap_verify(&result, made.quote, &collateral, &e));
    e.now.s = collateral.not_before.s - 1;
    EXPECT_ERR(ERR_TIMEOUT, dcap_verify(&result, made.quote, &collateral, &e));
    /* Failing to verify takes the old collateral away. */
    EXPECT(dcap_collateral_verify(&collateral, &result, &made.texts, &anchors, pki_year(2030)) !=
           OK);
    e.now = FORGE_NOW;
    EXPECT(dcap_verify(&result, made.quote, &collateral, &e) != OK);
}

/* A length that says 4 GB, a quote cut anywhere: refused, and nothing is allocated by it. */
TEST(cut_and_exaggerated_quotes)
{
    struct forged made;
    struct forge f;
    forge_genuine(&f, TEE_TDX);
    static uint8_t room[QUOTE_ROOM];
    forge(&made, &f);
    struct forged cut = made;
    for (size_t n = 0; n < made.quote.n; n += n < 1300 ? 1 : 97) {
        cut.quote = span_first(made.quote, n);
        test_note("%zu bytes", n);
        EXPECT(judge_as(&cut, &f, policy_text) != OK);
    }
    TEST_REQUIRE(made.quote.n <= QUOTE_ROOM);
    memcpy(room, made.quote.p, made.quote.n);
    cut.quote = span_of(room, made.quote.n);
    memset(room + 632, 0xff, 4); /* the length of the signature data */
    EXPECT(judge_as(&cut, &f, policy_text) != OK);
    EXPECT_STR("evidence_format", appraisal_step_name(result.failed));
    memcpy(room, made.quote.p, made.quote.n);
    memset(room + 632 + 4 + 128 + 2, 0xff, 4); /* the length of the certification data */
    EXPECT(judge_as(&cut, &f, policy_text) != OK);
    EXPECT_STR("evidence_format", appraisal_step_name(result.failed));
}

TEST_MAIN
