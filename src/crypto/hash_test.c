/* FIPS 180-4 examples, RFC 4231 (HMAC), RFC 5869 (HKDF), and Wycheproof's HKDF. */
#include "crypto/hash.h"

#include "base/test.h"
#include "crypto/hkdf.h"
#include "crypto/ripemd160.h"
#include "crypto/wycheproof_test.h"

#include <string.h>

static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

/* Source: NIST, "SHA-256" and "SHA-512" example values for FIPS 180-4. */
TEST(sha256_of_the_standards_examples)
{
    struct hash32 h;
    sha256(&h, SPAN_EMPTY);
    EXPECT_SPAN(test_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                SPAN_OF(h.bytes));
    sha256(&h, SPAN_LIT("abc"));
    EXPECT_SPAN(test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                SPAN_OF(h.bytes));
    sha256(&h, span_str(two_blocks));
    EXPECT_SPAN(test_hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
                SPAN_OF(h.bytes));
}

TEST(sha512_of_the_standards_examples)
{
    uint8_t h[64];
    sha512(h, SPAN_LIT("abc"));
    EXPECT_SPAN(test_hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
                SPAN_OF(h));
}

TEST(a_million_letters_through_the_bulk_path_and_piece_by_piece)
{
    static uint8_t letters[1000000];
    memset(letters, 'a', sizeof letters);
    struct span want = test_hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    struct hash32 h;
    sha256(&h, SPAN_OF(letters));
    EXPECT_SPAN(want, SPAN_OF(h.bytes));
    struct sha256 pieces;
    sha256_init(&pieces);
    struct span rest = SPAN_OF(letters);
    for (size_t n = 1; rest.n > 0; n = n % 97 + 1) {
        sha256_add(&pieces, span_take(&rest, n));
    }
    sha256_end(&pieces, &h);
    EXPECT_SPAN(want, SPAN_OF(h.bytes));
}

/* Both ways around SHA256_BULK_MIN, and any cut into parts, give one answer. */
TEST(cutting_the_input_changes_nothing)
{
    uint8_t data[3 * SHA256_BULK_MIN];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (size_t n = SHA256_BULK_MIN - 2; n <= sizeof data; n += n < SHA256_BULK_MIN + 2 ? 1 : 41) {
        struct sha256 one;
        struct hash32 want;
        sha256_init(&one);
        sha256_add(&one, span_of(data, n));
        sha256_end(&one, &want);
        for (size_t cut = 0; cut <= n; cut += 13) {
            const struct span parts[] = {span_of(data, cut), SPAN_EMPTY,
                                         span_of(data + cut, n - cut)};
            struct hash32 got;
            sha256_of(&got, parts, 3);
            test_note("%zu bytes cut at %zu", n, cut);
            EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
        }
    }
}

/* Source: RFC 4231 §4.2, §4.3, §4.7 (a key longer than a block). */
TEST(hmac_sha256_of_rfc_4231)
{
    struct secret32 mac;
    struct span text = SPAN_LIT("Hi There");
    hmac_sha256(&mac, test_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), &text, 1);
    EXPECT_SPAN(test_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
                SPAN_OF(mac.bytes));
    const struct span parts[] = {SPAN_LIT("what do ya want "), SPAN_LIT("for nothing?")};
    hmac_sha256(&mac, SPAN_LIT("Jefe"), parts, 2);
    EXPECT_SPAN(test_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
                SPAN_OF(mac.bytes));
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    text = SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First");
    hmac_sha256(&mac, SPAN_OF(key), &text, 1);
    EXPECT_SPAN(test_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
                SPAN_OF(mac.bytes));
}

/* Source: the examples of the algorithm's authors (Dobbertin, Bosselaers, Preneel). */
TEST(ripemd160_examples)
{
    uint8_t hash[RIPEMD160_LEN];
    EXPECT_OK(ripemd160(hash, SPAN_EMPTY));
    EXPECT_SPAN(test_hex("9c1185a5c5e9fc54612808977ee8f548b2258d31"), SPAN_OF(hash));
    EXPECT_OK(ripemd160(hash, SPAN_LIT("abc")));
    EXPECT_SPAN(test_hex("8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"), SPAN_OF(hash));
}

TEST(hmac_sha512_of_rfc_4231)
{
    struct secret64 mac;
    struct span text = SPAN_LIT("Hi There");
    hmac_sha512(&mac, test_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), &text, 1);
    EXPECT_SPAN(test_hex("87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                         "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"),
                SPAN_OF(mac.bytes));
    const struct span parts[] = {SPAN_LIT("what do ya want "), SPAN_LIT("for nothing?")};
    hmac_sha512(&mac, SPAN_LIT("Jefe"), parts, 2);
    EXPECT_SPAN(test_hex("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"),
                SPAN_OF(mac.bytes));
}

/* Source: RFC 5869 §A.1 and §A.3 (no salt, no info). */
TEST(hmac_sha384_of_rfc_4231)
{
    uint8_t mac[48];
    uint8_t key[131];
    const struct span parts[] = {SPAN_LIT("what do ya want "), SPAN_LIT("for nothing?")};
    const struct span long_one = SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First");
    hmac_sha384(mac, SPAN_LIT("Jefe"), parts, 2);
    EXPECT_SPAN(test_hex("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47"
                         "e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"),
                SPAN_OF(mac));
    memset(key, 0xaa, sizeof key);
    hmac_sha384(mac, SPAN_OF(key), &long_one, 1);
    EXPECT_SPAN(test_hex("4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f"
                         "3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"),
                SPAN_OF(mac));
}

TEST(hkdf_of_rfc_5869)
{
    struct secret32 prk;
    uint8_t okm[42];
    struct span ikm = test_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    hkdf_extract(&prk, test_hex("000102030405060708090a0b0c"), ikm);
    EXPECT_SPAN(test_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
                SPAN_OF(prk.bytes));
    EXPECT_OK(hkdf_expand(MSPAN_OF(okm), &prk, test_hex("f0f1f2f3f4f5f6f7f8f9")));
    EXPECT_SPAN(
        test_hex(
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        SPAN_OF(okm));
    EXPECT_OK(hkdf(MSPAN_OF(okm), SPAN_EMPTY, ikm, SPAN_EMPTY));
    EXPECT_SPAN(
        test_hex(
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
        SPAN_OF(okm));
}

TEST(hkdf_expand_refuses_none_and_more_than_255_blocks)
{
    struct secret32 prk = {{1}};
    static uint8_t out[255 * 32 + 1];
    EXPECT_ERR(ERR_LIMIT, hkdf_expand(mspan_of(out, 0), &prk, SPAN_EMPTY));
    EXPECT_ERR(ERR_LIMIT, hkdf_expand(mspan_of(out, 255 * 32 + 1), &prk, SPAN_EMPTY));
    EXPECT_OK(hkdf_expand(mspan_of(out, 255 * 32), &prk, SPAN_EMPTY));
}

static bool hkdf_case(const struct wycheproof_case *c)
{
    static uint8_t okm[255 * 32];
    uint64_t size = wycheproof_number(c, "size");
    if (size > sizeof okm) {
        return false;
    }
    struct mspan out = mspan_of(okm, (size_t)size);
    return hkdf(out, wycheproof_hex(c, "salt"), wycheproof_hex(c, "ikm"),
                wycheproof_hex(c, "info")) == OK &&
           span_equal(span_const(out), wycheproof_hex(c, "okm"));
}

TEST(wycheproof_hkdf_sha256)
{
    wycheproof_run("vectors/wycheproof/hkdf_sha256_test.json", hkdf_case, NULL);
}

/* Empty parts change nothing, an empty key is a key of zeros; sums by Python's hashlib and hmac. */
TEST(empty_parts_and_keys)
{
    const struct span parts[] = {SPAN_EMPTY, SPAN_LIT("ab"), SPAN_EMPTY, SPAN_LIT("c")};
    uint8_t sum48[48];
    uint8_t sum64[64];
    struct secret64 mac;
    sha384_of(sum48, parts, 4);
    EXPECT_SPAN(test_hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
                         "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
                SPAN_OF(sum48)); /* FIPS 180-2 §D.1, "abc" */
    EXPECT_SPAN(SPAN_OF(sum48), sha2_of(sum64, true, parts, 4));
    EXPECT_SPAN(test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                sha2_of(sum64, false, parts, 4)); /* FIPS 180-2 §B.1, "abc" */
    sha512_of(sum64, parts, 4);
    EXPECT_SPAN(test_hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
                SPAN_OF(sum64)); /* FIPS 180-2 §C.1, "abc" */
    hmac_sha512(&mac, SPAN_EMPTY, parts, 4);
    EXPECT_SPAN(test_hex("29689f6b79a8dd686068c2eeae97fd8769ad3ba65cb5381f838358a8045a358e"
                         "e3ba1739c689c7805e31734fb6072f87261d1256995370d55725cba00d10bdd0"),
                SPAN_OF(mac.bytes));
}

TEST_MAIN
