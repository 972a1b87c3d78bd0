#include "crypto/aes_ctr.h"

#include "base/test.h"

#include <limits.h>
#include <string.h>

/* NIST SP 800-38A, F.5.1: CTR-AES128.Encrypt, all four blocks. */
TEST(sp_800_38a)
{
    struct span key = test_hex("2b7e151628aed2a6abf7158809cf4f3c");
    struct span iv = test_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    struct span plain =
        test_hex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51"
                 "30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710");
    struct span sealed =
        test_hex("874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff"
                 "5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee");
    uint8_t out[64];
    EXPECT_OK(aes_ctr(MSPAN_OF(out), key.p, iv.p, plain));
    EXPECT_SPAN(sealed, SPAN_OF(out));
    EXPECT_OK(aes_ctr(MSPAN_OF(out), key.p, iv.p, SPAN_OF(out)));
    EXPECT_SPAN(plain, SPAN_OF(out));
}

TEST(every_length_is_a_prefix)
{
    static const uint8_t key[AES_CTR_KEY_LEN] = {1};
    static const uint8_t iv[AES_CTR_IV_LEN] = {2};
    static const uint8_t zero[50];
    uint8_t whole[50];
    EXPECT_OK(aes_ctr(MSPAN_OF(whole), key, iv, SPAN_OF(zero)));
    for (size_t n = 0; n <= sizeof whole; n++) {
        uint8_t part[sizeof whole];
        EXPECT_OK(aes_ctr(mspan_of(part, n), key, iv, span_of(zero, n)));
        EXPECT(memcmp(part, whole, n) == 0);
    }
}

TEST(more_than_the_backend_counts_is_refused_before_anything_is_read)
{
    static const uint8_t key[AES_CTR_KEY_LEN] = {1};
    static const uint8_t iv[AES_CTR_IV_LEN] = {2};
    uint8_t byte[1] = {0};
    size_t huge = (size_t)INT_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, aes_ctr(mspan_of(byte, huge), key, iv, span_of(byte, huge)));
}

TEST_MAIN
