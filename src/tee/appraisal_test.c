/* The result and its words. */
#include "tee/appraisal.h"

#include "base/test.h"

#include <string.h>

static struct appraisal a;

TEST(words_are_there_and_differ)
{
    for (int i = 0; i < STEP_COUNT; i++) {
        EXPECT(appraisal_step_text((enum appraisal_step)i)[0] != '\0');
        for (int k = 0; k < i; k++) {
            EXPECT(strcmp(appraisal_step_name((enum appraisal_step)i),
                          appraisal_step_name((enum appraisal_step)k)) != 0);
        }
    }
    for (int i = 0; i < MEASURED_COUNT; i++) {
        enum measurement_name back = MEASURED_COUNT;
        EXPECT(measurement_parse(&back, span_str(measurement_name((enum measurement_name)i))));
        EXPECT_EQ(i, back);
    }
    for (int i = 0; i < TEE_LEVEL_COUNT; i++) {
        enum tee_level back = TEE_LEVEL_COUNT;
        EXPECT(tee_level_parse(&back, span_str(tee_level_name((enum tee_level)i))));
        EXPECT_EQ(i, back);
        EXPECT(strlen(tee_level_text((enum tee_level)i)) > 20);
    }
    for (int i = 0; i < TEE_KIND_COUNT; i++) {
        enum tee_kind back = TEE_KIND_COUNT;
        EXPECT(tee_kind_parse(&back, span_str(tee_kind_name((enum tee_kind)i))));
        EXPECT_EQ(i, back);
    }
    for (int i = TCB_UP_TO_DATE; i < TCB_STATUS_COUNT; i++) {
        enum tcb_status back = TCB_STATUS_COUNT;
        EXPECT(tcb_status_parse(&back, span_str(tcb_status_name((enum tcb_status)i))));
        EXPECT_EQ(i, back);
    }
    enum tcb_status status;
    EXPECT(!tcb_status_parse(&status, SPAN_EMPTY));
    EXPECT_STR("unknown", appraisal_step_name(STEP_COUNT));
    EXPECT_STR("none", tee_level_name(TEE_LEVEL_COUNT));
}

TEST(failing_takes_the_level_away)
{
    appraisal_init(&a, TEE_TDX);
    a.level = TEE_LEVEL_CODE_ATTESTED;
    EXPECT_ERR(ERR_AUTH, appraisal_fail(&a, ERR_AUTH, STEP_CERT_TIME, PART_CHAIN, 2));
    EXPECT_EQ(TEE_LEVEL_NONE, a.level);
    char line[200];
    appraisal_print(&a, line, sizeof line);
    EXPECT_STR("tdx: refused, a certificate is not valid at this time (cert_time, certificate 2)",
               line);
    appraisal_print(&a, line, 5);
    EXPECT_STR("tdx:", line);
}

TEST(accepted_in_one_line)
{
    char line[200];
    appraisal_init(&a, TEE_SGX);
    a.level = TEE_LEVEL_HARDWARE_ATTESTED;
    a.tcb = TCB_SW_HARDENING_NEEDED;
    appraisal_print(&a, line, sizeof line);
    EXPECT_STR("sgx: accepted as hardware-attested, SWHardeningNeeded", line);
}

TEST(the_window_only_narrows)
{
    appraisal_init(&a, TEE_SGX);
    EXPECT_EQ(UINT64_MAX, a.expires.s);
    appraisal_until(&a, (walltime){10}, (walltime){20});
    appraisal_until(&a, (walltime){5}, (walltime){30});
    EXPECT_EQ(10, a.not_before.s);
    EXPECT_EQ(20, a.expires.s);
}

TEST(advisories_stand_once_and_are_bounded)
{
    appraisal_init(&a, TEE_SGX);
    EXPECT_OK(appraisal_advise(&a, SPAN_LIT("INTEL-SA-00001")));
    EXPECT_OK(appraisal_advise(&a, SPAN_LIT("INTEL-SA-00001")));
    EXPECT_EQ(1, a.advisories_count);
    EXPECT_ERR(ERR_LIMIT, appraisal_advise(&a, SPAN_LIT("a name of 24 characters.")));
    EXPECT_OK(appraisal_advise(&a, SPAN_LIT("a name of 23 characters")));
    for (uint8_t i = 2; i < ADVISORIES_MAX; i++) {
        uint8_t name[1] = {(uint8_t)(i + 'A')};
        EXPECT_OK(appraisal_advise(&a, SPAN_OF(name)));
    }
    EXPECT_ERR(ERR_LIMIT, appraisal_advise(&a, SPAN_LIT("one more")));
}

TEST(report_data_is_bounded)
{
    static uint8_t data[REPORT_DATA_LEN_MAX + 1];
    appraisal_init(&a, TEE_NITRO);
    EXPECT_ERR(ERR_LIMIT, appraisal_report_data(&a, SPAN_OF(data)));
    EXPECT_OK(appraisal_report_data(&a, span_of(data, REPORT_DATA_LEN_MAX)));
    EXPECT_EQ(0, appraisal_measured(&a, MEASURED_MRTD).n);
}

TEST_MAIN
