/* P-256: RFC 6979's key and signatures, Wycheproof, forms of keys and signatures. */
#include "crypto/p256.h"

#include "base/test.h"
#include "crypto/wycheproof_test.h"

#include <string.h>

/* Source: RFC 6979 §A.2.5: the key, and its signatures of "sample" and "test" under SHA-256. */
static const char secret_hex[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char point_hex[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char sample_hex[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                                 "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char test_sig_hex[] =
    "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
    "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";

static void load(struct p256_public *ret_key, struct p256_signature *ret_sig, const char *sig_hex)
{
    EXPECT_OK(p256_public_init(ret_key, test_hex(point_hex)));
    (void)span_copy(MSPAN_OF(ret_sig->rs), test_hex(sig_hex));
}

static void secret_load(struct secret32 *ret_secret, const char *hex)
{
    (void)span_copy(MSPAN_OF(ret_secret->bytes), test_hex(hex));
}

TEST(signatures_of_rfc_6979_hold)
{
    struct p256_public key;
    struct p256_signature sig;
    struct hash32 hash;
    load(&key, &sig, sample_hex);
    sha256(&hash, SPAN_LIT("sample"));
    EXPECT_OK(p256_verify(&key, &hash, &sig));
    hash.bytes[31] ^= 1;
    EXPECT_ERR(ERR_AUTH, p256_verify(&key, &hash, &sig));
    load(&key, &sig, test_sig_hex);
    sha256(&hash, SPAN_LIT("test"));
    EXPECT_OK(p256_verify(&key, &hash, &sig));
    key.xy[63] ^= 1; /* no longer on the curve */
    EXPECT_ERR(ERR_AUTH, p256_verify(&key, &hash, &sig));
}

TEST(low_s)
{
    struct p256_public key;
    struct p256_signature sig;
    struct hash32 hash;
    load(&key, &sig, sample_hex); /* its s is high */
    sha256(&hash, SPAN_LIT("sample"));
    EXPECT(!p256_is_low_s(&sig));
    EXPECT(p256_normalize(&sig));
    EXPECT(p256_is_low_s(&sig));
    EXPECT(!p256_normalize(&sig));
    EXPECT_OK(p256_verify(&key, &hash, &sig));
    /* Half the order is low; one more is high. */
    struct p256_signature edge = {.rs = {1}};
    (void)span_copy(mspan_of(edge.rs + 32, 32),
                    test_hex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8"));
    EXPECT(p256_is_low_s(&edge));
    edge.rs[63]++;
    EXPECT(!p256_is_low_s(&edge));
    /* Out of range stays as it is. */
    memset(edge.rs, 0xff, sizeof edge.rs);
    EXPECT(!p256_normalize(&edge));
}

TEST(keys_of_our_own)
{
    struct secret32 secret;
    struct p256_public key;
    struct p256_signature sig;
    struct hash32 hash;
    secret_load(&secret, secret_hex);
    EXPECT_OK(p256_public_of(&key, &secret));
    EXPECT_SPAN(test_hex(point_hex), SPAN_OF(key.xy));
    for (int i = 0; i < 20; i++) { /* nonces differ: half of them would be high */
        hash.bytes[0] = (uint8_t)i;
        memset(hash.bytes + 1, 0, sizeof hash.bytes - 1);
        EXPECT_OK(p256_sign(&sig, &secret, &hash));
        EXPECT(p256_is_low_s(&sig));
        EXPECT_OK(p256_verify(&key, &hash, &sig));
    }
    secret_load(&secret, "0000000000000000000000000000000000000000000000000000000000000000");
    EXPECT_ERR(ERR_MALFORMED, p256_public_of(&key, &secret));
    EXPECT_ERR(ERR_MALFORMED, p256_sign(&sig, &secret, &hash));
    secret_load(&secret, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    EXPECT_ERR(ERR_MALFORMED, p256_public_of(&key, &secret));
}

TEST(points)
{
    struct p256_public key;
    uint8_t point[65] = {0x04};
    struct span xy = test_hex(point_hex);
    memcpy(point + 1, xy.p, 64);
    EXPECT_OK(p256_public_parse(&key, SPAN_OF(point)));
    uint8_t compressed[33] = {(uint8_t)(0x02 | (point[64] & 1))};
    memcpy(compressed + 1, xy.p, 32);
    EXPECT_OK(p256_public_parse(&key, SPAN_OF(compressed)));
    EXPECT_SPAN(xy, SPAN_OF(key.xy));
    compressed[0] ^= 0x01; /* the point below the axis */
    EXPECT_OK(p256_public_parse(&key, SPAN_OF(compressed)));
    EXPECT(!span_equal(xy, SPAN_OF(key.xy)));
    EXPECT_SPAN(span_first(xy, 32), span_of(key.xy, 32));
    compressed[0] = 0x05;
    EXPECT_ERR(ERR_MALFORMED, p256_public_parse(&key, SPAN_OF(compressed)));
    point[0] = (uint8_t)(0x06 | (point[64] & 1));
    EXPECT_ERR(ERR_MALFORMED, p256_public_parse(&key, SPAN_OF(point))); /* hybrid */
    point[0] = 0x04;
    point[64] ^= 1;
    EXPECT_ERR(ERR_MALFORMED, p256_public_parse(&key, SPAN_OF(point))); /* off the curve */
    uint8_t infinity = 0;
    EXPECT_ERR(ERR_MALFORMED, p256_public_parse(&key, span_of(&infinity, 1)));
    uint8_t zeros[64] = {0};
    EXPECT_ERR(ERR_MALFORMED, p256_public_init(&key, SPAN_OF(zeros)));
    EXPECT_ERR(ERR_MALFORMED, p256_public_init(&key, span_of(zeros, 63)));
    /* The same x, written as x + p where that still fits, would be a second spelling: (0, y) has one. */
    uint8_t wrapped[64];
    (void)span_copy(MSPAN_OF(wrapped),
                    test_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
                             "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"));
    EXPECT_ERR(ERR_MALFORMED, p256_public_init(&key, SPAN_OF(wrapped)));
    memset(wrapped, 0, 32);
    EXPECT_OK(p256_public_init(&key, SPAN_OF(wrapped)));
}

TEST(spki)
{
    struct p256_public key;
    struct p256_public back;
    uint8_t der[P256_SPKI_LEN];
    uint8_t longer[P256_SPKI_LEN + 2] = {0};
    EXPECT_OK(p256_public_init(&key, test_hex(point_hex)));
    p256_spki_encode(der, &key);
    EXPECT_OK(p256_spki_decode(&back, SPAN_OF(der)));
    memcpy(longer, der, sizeof der);
    EXPECT_ERR(ERR_MALFORMED, p256_spki_decode(&back, SPAN_OF(longer)));
    longer[1] += 2; /* a NULL after the bits, inside the sequence */
    longer[P256_SPKI_LEN] = 0x05;
    EXPECT_ERR(ERR_MALFORMED, p256_spki_decode(&back, SPAN_OF(longer)));
    EXPECT_SPAN(SPAN_OF(key.xy), SPAN_OF(back.xy));
    for (size_t cut = 0; cut < sizeof der; cut++) {
        EXPECT_ERR(ERR_MALFORMED, p256_spki_decode(&back, span_of(der, cut)));
    }
    der[22] = 0x22; /* another curve's name */
    EXPECT_ERR(ERR_UNSUPPORTED, p256_spki_decode(&back, SPAN_OF(der)));
    p256_spki_encode(der, &key);
    der[90] ^= 1;
    EXPECT_ERR(ERR_MALFORMED, p256_spki_decode(&back, SPAN_OF(der)));
}

static bool ecdsa_case(const struct wycheproof_case *c)
{
    struct p256_public key;
    struct p256_signature sig;
    struct hash32 hash;
    sha256(&hash, wycheproof_hex(c, "msg"));
    return EXPECT_OK(p256_public_parse(&key, wycheproof_hex(c, "uncompressed"))) &&
           p256_der_decode(&sig, wycheproof_hex(c, "sig")) == OK &&
           p256_verify(&key, &hash, &sig) == OK;
}

TEST(wycheproof_ecdsa_secp256r1_sha256)
{
    wycheproof_run("vectors/wycheproof/ecdsa_secp256r1_sha256_test.json", ecdsa_case, NULL);
}

TEST_MAIN
