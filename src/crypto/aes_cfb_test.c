/* AES-CFB: the vectors of NIST SP 800-38A, appendix F.3.13 (CFB128-AES128) and F.3.17 (CFB128-AES256). */
#include "crypto/aes_cfb.h"

#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

static const char plain[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                            "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

static const struct {
    const char *key;
    const char *cipher;
} vectors[] = {
    {"2b7e151628aed2a6abf7158809cf4f3c",
     "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
     "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6"},
    {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
     "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
     "df10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471"},
};

TEST(published_vectors)
{
    uint8_t out[64];
    struct span iv = test_hex("000102030405060708090a0b0c0d0e0f");
    struct span in = test_hex(plain);
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct span want = test_hex(vectors[i].cipher);
        EXPECT_OK(aes_cfb_encrypt(MSPAN_OF(out), test_hex(vectors[i].key), iv.p, in));
        EXPECT_SPAN(want, SPAN_OF(out));
        /* A part of a block at the end is the beginning of the whole. */
        EXPECT_OK(
            aes_cfb_encrypt(mspan_of(out, 21), test_hex(vectors[i].key), iv.p, span_first(in, 21)));
        EXPECT_SPAN(span_first(want, 21), span_of(out, 21));
    }
}

TEST(where_it_stands_and_keys_of_other_lengths)
{
    uint8_t room[64];
    struct span iv = test_hex("000102030405060708090a0b0c0d0e0f");
    struct span in = test_hex(plain);
    memcpy(room, in.p, in.n);
    EXPECT_OK(aes_cfb_encrypt(MSPAN_OF(room), test_hex(vectors[0].key), iv.p, SPAN_OF(room)));
    EXPECT_SPAN(test_hex(vectors[0].cipher), SPAN_OF(room));
    EXPECT_OK(aes_cfb_encrypt(mspan_of(room, 0), test_hex(vectors[0].key), iv.p, SPAN_EMPTY));
    EXPECT_ERR(ERR_UNSUPPORTED, aes_cfb_encrypt(MSPAN_OF(room), span_first(in, 24), iv.p, in));
    EXPECT_ERR(ERR_UNSUPPORTED, aes_cfb_encrypt(MSPAN_OF(room), SPAN_EMPTY, iv.p, in));
}

TEST_MAIN
