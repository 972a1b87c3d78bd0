/* RSA: signatures made with the cryptography package of Python (OpenSSL behind it), and keys in forms that
 * must be refused. */
#include "crypto/rsa.h"

#include "base/test.h"
#include "base/wr.h"
#include "codec/der.h"
#include "crypto/openssl_rsa.h"
#include "crypto/rsa_vector_test.h"

#include <openssl/x509.h>
#include <string.h>

/* The same message by the same key, with SHA-1, and with PSS. */
static const char sha1_sig_hex[] =
    "68a66d8fd5bfbb7d290a3758decd922e55ff1d8df82583174d60687b95d7a416ab20ca7bda01783f53437aea"
    "ce7889867d12233360278dbebb3276c4cb3fe75b5ef5424f9d26aabc2e503a3a7aeedf8f9f46fd520f161e2e"
    "3a0496009f9f5e716e6aeb5ec7c50846225413c2fe60bbe4ce76c6f8af1048abdb5ec92d373fd90176746c4f"
    "a39623594d7f6ce1c232c01448e13b6d98a1a54b32c009f6a98d2bdd767a38aef5dff6cf565d1885f154f422"
    "2d7f1a23d8983f87756dd820d498dcda2f2e3f18265f1cb598f16a484ac988f1298f564e403c247ce8d71415"
    "61b3e02f7b60de12606b0a9bfd0b51475cd3ac7d2b85bb56c16be6431a0766480b9199d3";
static const char pss_sig_hex[] =
    "12a60f54b69cfe1dbc7d51e9090e0fffedf15e758141324fb08ba03de59765e489799fc5faed019bfc6e5665"
    "df1b790317cd8b14dde4852eaa5c1e2b048b8c35ae5556448a26aff640675041185526bb46b230f21923bf92"
    "02beecc37efc2c0fe1af7f6ffbe8f95592ec4f1e78ccc792b0a22b74bb1019935c0b3eb59bd265e738f7b5f4"
    "4b918132eb2487d39ddfba58c7ccf93ea5a91c60b4bd6be484a69a77880b8d822fa904e7755dc3c6beaa67c3"
    "67f7dd184d1491bed276b3ab5f44d399c4eea9ad63b1a136bc406bfa3a8004a674fc0b916fa6e0cfaa62d1a3"
    "be9fefcc3e96152198f2d5a12eaf9cc581c54b8e57f21e419e3facb1ee3c299eb7e4438f";

TEST(a_signature_holds_and_each_change_breaks_it)
{
    struct span spki = test_hex(spki_hex);
    struct span sig = test_hex(sig_hex);
    EXPECT_OK(rsa_verify(spki, SPAN_LIT("passmesh"), sig));
    EXPECT_ERR(ERR_AUTH, rsa_verify(spki, SPAN_LIT("passmest"), sig));
    EXPECT_ERR(ERR_AUTH, rsa_verify(spki, SPAN_LIT("passmesh"), span_first(sig, 255)));
    EXPECT_ERR(ERR_AUTH, rsa_verify(spki, SPAN_LIT("passmesh"), SPAN_EMPTY));
    EXPECT_ERR(ERR_AUTH, rsa_verify(spki, SPAN_LIT("passmesh"), test_hex(sha1_sig_hex)));
    EXPECT_ERR(ERR_AUTH, rsa_verify(spki, SPAN_LIT("passmesh"), test_hex(pss_sig_hex)));
    for (size_t bit = 0; bit < 2048; bit += 129) {
        uint8_t broken[256];
        (void)span_copy(MSPAN_OF(broken), sig);
        broken[bit / 8] ^= (uint8_t)(1 << bit % 8);
        EXPECT_ERR(ERR_AUTH, rsa_verify(spki, SPAN_LIT("passmesh"), SPAN_OF(broken)));
    }
}

/* A key of 2048 bits ends in its modulus, five bytes before the end of the exponent 65537. */
TEST(a_key_is_written_as_it_was_read)
{
    uint8_t room[300];
    uint8_t small[64];
    struct span spki = test_hex(spki_hex);
    struct span modulus = span_first(span_from(spki, spki.n - 5 - 256), 256);
    struct wr w = wr_init(MSPAN_OF(room));
    rsa_spki_write(&w, modulus, SPAN_LIT("\x00\x01\x00\x01"));
    EXPECT_OK(wr_end(&w));
    EXPECT_SPAN(spki, span_of(room, w.n));
    w = wr_init(MSPAN_OF(small));
    rsa_spki_write(&w, modulus, SPAN_LIT("\x03"));
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
}

TEST(pss_holds_for_its_own_padding_alone)
{
    struct span spki = test_hex(spki_hex);
    struct span sig = test_hex(pss_sig_hex);
    EXPECT_OK(rsa_pss_verify(spki, SPAN_LIT("passmesh"), sig));
    EXPECT_ERR(ERR_AUTH, rsa_pss_verify(spki, SPAN_LIT("passmest"), sig));
    EXPECT_ERR(ERR_AUTH, rsa_pss_verify(spki, SPAN_LIT("passmesh"), span_first(sig, 255)));
    EXPECT_ERR(ERR_AUTH, rsa_pss_verify(spki, SPAN_LIT("passmesh"), test_hex(sig_hex)));
    EXPECT_ERR(ERR_MALFORMED, rsa_pss_verify(span_first(spki, 200), SPAN_LIT("passmesh"), sig));
    for (size_t bit = 0; bit < 2048; bit += 129) {
        uint8_t broken[256];
        (void)span_copy(MSPAN_OF(broken), sig);
        broken[bit / 8] ^= (uint8_t)(1 << bit % 8);
        EXPECT_ERR(ERR_AUTH, rsa_pss_verify(spki, SPAN_LIT("passmesh"), SPAN_OF(broken)));
    }
}

TEST(a_key_that_is_cut_or_has_more_is_malformed)
{
    struct span spki = test_hex(spki_hex);
    uint8_t longer[512];
    for (size_t n = 0; n < spki.n; n++) {
        EXPECT_ERR(ERR_MALFORMED, rsa_spki_check(span_first(spki, n)));
    }
    EXPECT_OK(rsa_spki_check(spki));
    size_t n = span_copy(MSPAN_OF(longer), spki);
    longer[n] = 0;
    EXPECT_ERR(ERR_MALFORMED, rsa_spki_check(span_of(longer, n + 1)));
}

/* The sample key is 30 82 01 22 | 30 0d 06 09 ... 05 00 | 03 82 01 0f 00 | 30 82 01 0a | 02 82 01 01 ... | 02 03 .... */
TEST(a_key_with_something_after_any_of_its_parts_is_malformed)
{
    struct span spki = test_hex(spki_hex);
    uint8_t der[512];
    size_t n = span_copy(MSPAN_OF(der), spki);
    TEST_REQUIRE(n == 294 && der[3] == 0x22 && der[22] == 0x0f && der[27] == 0x0a);
    der[n] = 0x05; /* a NULL behind, which ... */
    der[n + 1] = 0;
    der[3] = 0x24; /* ... the outer sequence holds, */
    EXPECT_ERR(ERR_MALFORMED, rsa_spki_check(span_of(der, n + 2)));
    der[22] = 0x11; /* ... and the bits too, */
    EXPECT_ERR(ERR_MALFORMED, rsa_spki_check(span_of(der, n + 2)));
    der[27] = 0x0c; /* ... and the pair of numbers */
    EXPECT_ERR(ERR_MALFORMED, rsa_spki_check(span_of(der, n + 2)));
    n = span_copy(MSPAN_OF(der), spki);
    der[17] = 0x06; /* the parameters are an empty OID instead of NULL */
    EXPECT_ERR(ERR_MALFORMED, rsa_spki_check(span_of(der, n)));
}

struct shape {
    const char *name;
    size_t bits;
    uint64_t exponent;
    enum err want;
    bool is_even;
    bool is_pss; /* id-RSASSA-PSS instead of rsaEncryption */
};

/* A key of that shape; its modulus need be no product. */
static struct span spki_of(const struct shape *shape, struct mspan out)
{
    static const uint8_t oid[9] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
    static const uint8_t oid_pss[9] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
    static uint8_t modulus[2048];
    static uint8_t pair[2100];
    uint8_t exponent[8];
    size_t n = (shape->bits + 7) / 8;
    memset(modulus, 0xff, n);
    modulus[0] = (uint8_t)(0xff >> (n * 8 - shape->bits));
    modulus[n - 1] = shape->is_even ? 0xfe : 0xff;
    for (size_t i = 0; i < 8; i++) {
        exponent[i] = (uint8_t)(shape->exponent >> (56 - 8 * i));
    }
    struct wr p = wr_init(MSPAN_OF(pair));
    der_write_header(&p, DER_SEQUENCE,
                     der_uint_len(span_of(modulus, n)) + der_uint_len(SPAN_OF(exponent)));
    der_write_uint(&p, span_of(modulus, n));
    der_write_uint(&p, SPAN_OF(exponent));
    size_t algorithm_len = der_len(sizeof oid) + der_len(0);
    struct wr w = wr_init(out);
    der_write_header(&w, DER_SEQUENCE, der_len(algorithm_len) + der_len(p.n + 1));
    der_write_header(&w, DER_SEQUENCE, algorithm_len);
    der_write(&w, DER_OID, shape->is_pss ? SPAN_OF(oid_pss) : SPAN_OF(oid));
    der_write(&w, DER_NULL, SPAN_EMPTY);
    der_write_bits(&w, span_of(pair, p.n));
    EXPECT(wr_ok(&p) && wr_ok(&w));
    return span_of(out.p, w.n);
}

TEST(sizes_and_exponents_at_their_limits)
{
    static const struct shape shapes[] = {
        {.name = "2047 bits", .bits = 2047, .exponent = 65537, .want = ERR_LIMIT},
        {.name = "2048 bits", .bits = 2048, .exponent = 65537, .want = OK},
        {.name = "8192 bits", .bits = 8192, .exponent = 65537, .want = OK},
        {.name = "8193 bits", .bits = 8193, .exponent = 65537, .want = ERR_LIMIT},
        {.name = "16384 bits", .bits = 16384, .exponent = 65537, .want = ERR_LIMIT},
        {.name = "512 bits", .bits = 512, .exponent = 65537, .want = ERR_LIMIT},
        {.name = "exponent 0", .bits = 2048, .exponent = 0, .want = ERR_LIMIT},
        {.name = "exponent 1", .bits = 2048, .exponent = 1, .want = ERR_LIMIT},
        {.name = "exponent 2", .bits = 2048, .exponent = 2, .want = ERR_LIMIT},
        {.name = "exponent 3", .bits = 2048, .exponent = 3, .want = OK},
        {.name = "exponent 2^32 - 1", .bits = 2048, .exponent = 0xffffffff, .want = OK},
        {.name = "exponent 2^32 + 1", .bits = 2048, .exponent = 0x100000001, .want = ERR_LIMIT},
        {.name = "even modulus", .bits = 2048, .exponent = 3, .want = ERR_LIMIT, .is_even = true},
        {.name = "PSS key", .bits = 2048, .exponent = 3, .want = ERR_UNSUPPORTED, .is_pss = true},
    };
    static uint8_t room[2200];
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        test_note("%s", shapes[i].name);
        struct span spki = spki_of(&shapes[i], MSPAN_OF(room));
        EXPECT_ERR(shapes[i].want, rsa_spki_check(spki));
        if (shapes[i].want != OK) {
            EXPECT_ERR(shapes[i].want, rsa_verify(spki, SPAN_LIT("x"), SPAN_LIT("y")));
        }
    }
}

/* What OpenSSL reads of a ciphertext; its label is given away. */
static struct span
opened(EVP_PKEY *key, uint8_t room[static 256], struct span cipher, const char *label)
{
    size_t n = 256;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    void *copy = OPENSSL_memdup(label, strlen(label) + 1);
    bool done = EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)strlen(label) + 1) == 1 &&
                EVP_PKEY_decrypt(ctx, room, &n, cipher.p, cipher.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done ? span_of(room, n) : SPAN_EMPTY;
}

TEST(oaep_is_what_openssl_opens)
{
    static const size_t lens[] = {0, 1, 32, 190};
    uint8_t message[191];
    uint8_t seed[RSA_OAEP_SEED_LEN];
    uint8_t cipher[256];
    uint8_t again[256];
    uint8_t room[256];
    uint8_t spki[600];
    uint8_t *end = spki;
    size_t n = 0;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    struct span public_key = span_of(spki, (size_t)i2d_PUBKEY(key, &end));
    struct rsa_oaep in = {.label = SPAN_LIT("IDENTITY\0"), .seed = SPAN_OF(seed)};
    memset(message, 7, sizeof message);
    memset(seed, 9, sizeof seed);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        in.message = span_of(message, lens[i]);
        EXPECT_OK(rsa_oaep_encrypt(MSPAN_OF(cipher), &n, public_key, &in));
        EXPECT_EQ(256, n);
        EXPECT_SPAN(in.message, opened(key, room, SPAN_OF(cipher), "IDENTITY"));
        EXPECT_EQ(0, opened(key, room, SPAN_OF(cipher), "IDENTITX").n);
    }
    in.message = span_of(message, 32);
    EXPECT_OK(rsa_oaep_encrypt(MSPAN_OF(cipher), &n, public_key, &in));
    EXPECT_OK(rsa_oaep_encrypt(MSPAN_OF(again), &n, public_key, &in));
    EXPECT_SPAN(SPAN_OF(cipher), SPAN_OF(again)); /* nothing but the seed is random */
    seed[31] ^= 1;
    EXPECT_OK(rsa_oaep_encrypt(MSPAN_OF(again), &n, public_key, &in));
    EXPECT(!span_equal(SPAN_OF(cipher), SPAN_OF(again)));
    EXPECT_ERR(ERR_LIMIT, rsa_oaep_encrypt(mspan_of(cipher, 255), &n, public_key, &in));
    in.message = span_of(message, 191);
    EXPECT_ERR(ERR_LIMIT, rsa_oaep_encrypt(MSPAN_OF(cipher), &n, public_key, &in));
    EXPECT_ERR(ERR_MALFORMED,
               rsa_oaep_encrypt(MSPAN_OF(cipher), &n, span_first(public_key, 200), &in));
    EVP_PKEY_free(key);
}

TEST_MAIN
