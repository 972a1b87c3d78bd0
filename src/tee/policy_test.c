/* Policies: what a file may say, and that silence refuses. */
#include "tee/policy.h"

#include "base/test.h"

#include <string.h>

static struct appraisal a;

TEST(files_that_are_refused)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"version\":2,\"rules\":[]}",
        "{\"version\":1}",
        "{\"version\":1,\"rules\":{}}",
        "{\"version\":1,\"rules\":[],\"more\":1}",
        "{\"version\":1,\"rules\":[]} ,",
        "{\"version\":1,\"rules\":[{}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\"}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx2\",\"measurements\":\"any\"}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"all\"}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":[{}]}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":[{\"mrenclave\":\"\"}]}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":[{\"mrenclave\":\"0g\"}]}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":[{\"enclave\":\"00\"}]}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\",\"tcb\":\"UpToDate\"}"
        "]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\",\"tcb\":[\"Revoked\"]"
        "}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\",\"tcb\":["
        "\"uptodate\"]}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\",\"svn_min\":65536}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\",\"svn_min\":-1}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\",\"vmpl\":4}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\",\"crl\":"
        "\"never\"}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\",\"allow\":["
        "\"debug\"]}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\","
        "\"firmware_min\":{\"ucode\":1}}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\","
        "\"firmware_min\":{\"snp\":256}}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\"},"
        "{\"kind\":\"sgx\",\"measurements\":[]}]}",
        "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\",\"trust\":true}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct policy p = {0};
        struct diag why = {0};
        test_note("policy %zu", i);
        EXPECT(policy_parse(&p, span_str(bad[i]), &why) != OK);
        EXPECT(why.rule != NULL);
        EXPECT(!p.is_parsed);
    }
}

TEST(a_whole_rule_is_read)
{
    static const char text[] =
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\",\"vmpl\":3,"
        "\"svn_min\":65535,\"product_id\":0,\"evaluation_min\":4294967295,\"crl\":\"optional\","
        "\"tcb\":[\"UpToDate\",\"OutOfDate\"],\"allow\":[\"migration\",\"sept_ve\"],"
        "\"firmware_min\":{\"fmc\":1,\"bootloader\":2,\"tee\":3,\"snp\":4,\"microcode\":255}}]}";
    struct policy p;
    struct policy_rule r;
    TEST_REQUIRE(policy_parse(&p, span_str(text), NULL) == OK);
    EXPECT(!policy_find(&r, &p, TEE_SGX));
    TEST_REQUIRE(policy_find(&r, &p, TEE_SEV_SNP));
    EXPECT_EQ(3, r.vmpl);
    EXPECT_EQ(65535, r.svn_min);
    EXPECT(r.has_product_id);
    EXPECT_EQ(UINT32_MAX, r.evaluation_min);
    EXPECT(!r.is_crl_required);
    EXPECT_EQ(POLICY_ALLOW_MIGRATION | POLICY_ALLOW_SEPT_VE, r.allow);
    EXPECT_EQ(1U << TCB_UP_TO_DATE | 1U << TCB_OUT_OF_DATE, r.statuses);
    EXPECT_EQ(255, r.firmware_min.microcode);
    EXPECT_EQ(1, r.firmware_min.fmc);
}

static enum err decide(const char *rules, struct span binding)
{
    static char text[1024];
    struct policy p;
    struct policy_rule r;
    struct wr w = wr_init(MSPAN_OF(text));
    wr_str(&w, "{\"version\":1,\"rules\":");
    wr_str(&w, rules);
    wr_str(&w, "}");
    TRY(policy_parse(&p, span_of(text, w.n), NULL));
    struct expectation e = {.policy = &p, .binding = binding};
    TRY(policy_begin(&r, &a, &e));
    return policy_decide(&a, &r, &e);
}

TEST(silence_refuses)
{
    static const struct {
        const char *rules;
        const char *binding;
        enum appraisal_step step;
    } rows[] = {
        {"[]",                                                                            "me",  STEP_POLICY_NO_RULE    },
        {"[{\"kind\":\"nitro\",\"measurements\":[]}]",                                    "me",  STEP_POLICY_MEASUREMENT},
        {"[{\"kind\":\"nitro\",\"measurements\":[{\"pcr0\":\"aa\"}]}]",                   "me",
         STEP_POLICY_MEASUREMENT                                                                                        },
        {"[{\"kind\":\"nitro\",\"measurements\":[{\"pcr0\":\"aabb\",\"pcr1\":\"00\"}]}]", "me",
         STEP_POLICY_MEASUREMENT                                                                                        },
        {"[{\"kind\":\"nitro\",\"measurements\":[{\"pcr0\":\"aabb\"}]}]",                 "",    STEP_BINDING           },
        {"[{\"kind\":\"nitro\",\"measurements\":[{\"pcr0\":\"aabb\"}]}]",                 "m",   STEP_BINDING           },
        {"[{\"kind\":\"nitro\",\"measurements\":[{\"pcr0\":\"aabb\"}]}]",                 "mee", STEP_BINDING           },
        {"[{\"kind\":\"nitro\",\"measurements\":[{\"pcr0\":\"AABB\"}]}]",                 "me",  STEP_NONE              },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        appraisal_init(&a, TEE_NITRO);
        appraisal_measure(&a, MEASURED_PCR0, test_hex("aabb"));
        EXPECT_OK(appraisal_report_data(&a, SPAN_LIT("me")));
        test_note("row %zu", i);
        EXPECT((decide(rows[i].rules, span_str(rows[i].binding)) == OK) ==
               (rows[i].step == STEP_NONE));
        EXPECT_STR(appraisal_step_name(rows[i].step), appraisal_step_name(a.failed));
    }
    EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, a.level);
}

TEST(a_tpm_reaches_its_own_level_and_no_more)
{
    appraisal_init(&a, TEE_TPM2);
    EXPECT_OK(appraisal_report_data(&a, SPAN_LIT("me")));
    EXPECT_OK(decide("[{\"kind\":\"tpm2\",\"measurements\":\"any\"}]", SPAN_LIT("me")));
    EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, a.level);
}

/* The file that docs show, and each text of it cut short. */
TEST(policies_cut_anywhere)
{
    static const char text[] = "{\"version\":1,\"rules\":[{\"kind\":\"tdx\",\"tcb\":[\"UpToDate\"],"
                               "\"measurements\":[{\"mrtd\":\"00ff\"}]}]}";
    struct policy p;
    EXPECT_OK(policy_parse(&p, span_str(text), NULL));
    for (size_t n = 0; n < strlen(text); n++) {
        EXPECT(policy_parse(&p, span_of(text, n), NULL) != OK);
    }
}

TEST_MAIN
