/* The built-in roots as a table: what a slip of the hand in it would break. */
#include "tee/roots.h"

#include "base/test.h"

/* A key that stood under two kinds would let one maker vouch for the hardware of another. */
TEST(each_key_and_certificate_stands_once)
{
    static const struct hash32 zero;
    size_t count = 0;
    for (int k = 0; k < TEE_KIND_COUNT; k++) {
        struct anchors a = roots_of((enum tee_kind)k);
        for (size_t i = 0; i < a.count; i++, count++) {
            EXPECT(!hash32_equal(&a.list[i].spki, &zero) &&
                   !hash32_equal(&a.list[i].certificate, &zero));
            EXPECT(!hash32_equal(&a.list[i].spki, &a.list[i].certificate));
            for (int l = 0; l <= k; l++) {
                struct anchors b = roots_of((enum tee_kind)l);
                for (size_t j = 0; b.list != a.list && j < b.count; j++) {
                    EXPECT(!hash32_equal(&a.list[i].spki, &b.list[j].spki));
                }
            }
            for (size_t j = 0; j < i; j++) {
                EXPECT(!hash32_equal(&a.list[i].spki, &a.list[j].spki));
                EXPECT(!hash32_equal(&a.list[i].certificate, &a.list[j].certificate));
            }
        }
    }
    EXPECT_EQ(roots_of(TEE_SGX).list == roots_of(TEE_TDX).list, true);
    EXPECT_EQ(0, roots_of(TEE_CCA).count);
    EXPECT_EQ(2 * roots_of(TEE_SGX).count + roots_of(TEE_SEV_SNP).count +
                  roots_of(TEE_NITRO).count + roots_of(TEE_TPM2).count,
              count);
}

/* Of each certificate that stands for a signature that is not verified again: the signature. */
TEST(what_roots_have_issued)
{
    static const char *const files[] = {
        "tee/roots/amd-ask_ark_milan.pem",      "tee/roots/amd-ask_ark_genoa.pem",
        "tee/roots/amd-ask_ark_turin_vcek.pem", "tee/roots/amd-ask_ark_milan_vlek.pem",
        "tee/roots/amd-ask_ark_genoa_vlek.pem", "tee/roots/amd-ask_ark_turin_vlek.pem",
    };
    static struct chain c;
    const struct anchors known = roots_of(TEE_SEV_SNP);
    const struct anchors alone = {.list = known.list, .count = known.count};
    EXPECT_EQ(sizeof files / sizeof files[0], known.issued_count);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct span pem;
        struct chain_fault fault;
        struct hash32 hash;
        if (!test_fixture(files[i], &pem)) {
            return;
        }
        TEST_REQUIRE(EXPECT_OK(chain_read(&c, &pem, 1, &fault)));
        TEST_REQUIRE(EXPECT_EQ(2, c.count));
        test_note("%s", files[i]);
        EXPECT_OK(chain_verify(&c, &alone, (walltime){1780000000}, &fault));
        sha256(&hash, c.certs[0].der);
        EXPECT(hash32_equal(&hash, &known.issued[i]));
        /* It stands below a root alone, and below its own. */
        EXPECT_OK(chain_verify(&c, &known, (walltime){1780000000}, &fault));
        const struct anchors others = {.list = roots_of(TEE_NITRO).list,
                                       .count = roots_of(TEE_NITRO).count,
                                       .issued = known.issued,
                                       .issued_count = known.issued_count};
        EXPECT_ERR(ERR_AUTH, chain_verify(&c, &others, (walltime){1780000000}, &fault));
        EXPECT_STR("root", appraisal_step_name(fault.step));
    }
}

TEST_MAIN
