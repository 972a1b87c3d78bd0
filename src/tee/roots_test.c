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

TEST_MAIN
