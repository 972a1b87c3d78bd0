/* ECDSA of others: keys and signatures made here by OpenSSL, and each way to be refused. */
#include "crypto/ecdsa.h"

#include "base/test.h"
#include "codec/der.h"
#include "crypto/hash.h"
#include "crypto/openssl_ec.h"
#include "crypto/openssl_rsa.h"
#include "crypto/rsa.h"

#include <limits.h>
#include <openssl/x509.h>
#include <string.h>

struct sample {
    enum ecdsa_curve curve;
    uint8_t spki[160];
    size_t spki_len;
    uint8_t digest[64];
    size_t digest_len;
    uint8_t rs[2 * ECDSA_COORDINATE_LEN_MAX];
};

static const char *const groups[] = {"P-256", "P-384", "P-521"};

/* The orders of the groups (SP 800-186 §3.2.1.3 to §3.2.1.5). */
static const char *const orders[] = {
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc529"
    "73",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc01"
    "48f709a5d03bb5c9b8899c47aebb6fb71e91386409"};

static bool sample_make(struct sample *s, enum ecdsa_curve curve)
{
    uint8_t der[160];
    size_t der_len = sizeof der;
    uint8_t *spki = s->spki;
    struct span text = SPAN_LIT("passmesh");
    s->curve = curve;
    s->digest_len = (size_t[]){32, 48, 64}[curve];
    if (curve == ECDSA_P256) {
        struct hash32 h;
        sha256(&h, text);
        memcpy(s->digest, h.bytes, 32);
    } else if (curve == ECDSA_P384) {
        sha384_of(s->digest, &text, 1);
    } else {
        sha512(s->digest, text);
    }
    EVP_PKEY *key = EVP_EC_gen(groups[curve]);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    int n = i2d_PUBKEY(key, &spki);
    bool made = n > 0 && EVP_PKEY_sign_init(ctx) == 1 &&
                EVP_PKEY_sign(ctx, der, &der_len, s->digest, s->digest_len) == 1;
    s->spki_len = (size_t)n;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    size_t half = ecdsa_coordinate_len(curve);
    return made && der_decode_ecdsa(mspan_of(s->rs, half), mspan_of(s->rs + half, half),
                                    span_of(der, der_len)) == OK;
}

static enum err sample_verify(const struct sample *s)
{
    enum ecdsa_curve curve;
    struct span xy;
    TRY(ecdsa_spki_decode(&curve, &xy, span_of(s->spki, s->spki_len)));
    return ecdsa_verify(curve, xy, span_of(s->digest, s->digest_len),
                        span_of(s->rs, 2 * ecdsa_coordinate_len(curve)));
}

TEST(each_flipped_bit_is_refused)
{
    for (int curve = ECDSA_P256; curve <= ECDSA_P521; curve++) {
        struct sample s;
        TEST_REQUIRE(sample_make(&s, (enum ecdsa_curve)curve));
        EXPECT_OK(sample_verify(&s));
        size_t len = 2 * ecdsa_coordinate_len(s.curve);
        for (size_t i = 0; i < len; i++) {
            s.rs[i] ^= 1;
            test_note("%s, byte %zu of the signature", groups[curve], i);
            EXPECT_ERR(ERR_AUTH, sample_verify(&s));
            s.rs[i] ^= 1;
        }
        for (size_t i = s.spki_len - len; i < s.spki_len; i++) {
            s.spki[i] ^= 0x10;
            test_note("%s, byte %zu of the key", groups[curve], i);
            EXPECT_ERR(ERR_AUTH, sample_verify(&s));
            s.spki[i] ^= 0x10;
        }
        s.digest[s.digest_len - 1] ^= 1;
        EXPECT_ERR(ERR_AUTH, sample_verify(&s));
    }
}

TEST(r_and_s_stay_inside_the_order)
{
    for (int curve = ECDSA_P256; curve <= ECDSA_P521; curve++) {
        struct sample good;
        TEST_REQUIRE(sample_make(&good, (enum ecdsa_curve)curve));
        size_t half = ecdsa_coordinate_len(good.curve);
        struct span order = test_hex(orders[curve]);
        for (size_t part = 0; part < 2; part++) {
            struct sample s = good;
            memset(s.rs + part * half, 0, half);
            EXPECT_ERR(ERR_AUTH, sample_verify(&s));
            memcpy(s.rs + part * half, order.p, half);
            EXPECT_ERR(ERR_AUTH, sample_verify(&s));
            memset(s.rs + part * half, 0xff, half);
            EXPECT_ERR(ERR_AUTH, sample_verify(&s));
        }
    }
}

TEST(only_named_curves_with_a_plain_point_are_keys)
{
    struct sample s;
    enum ecdsa_curve curve;
    struct span xy;
    TEST_REQUIRE(sample_make(&s, ECDSA_P384));
    struct span spki = span_of(s.spki, s.spki_len);
    EXPECT_ERR(ERR_MALFORMED, ecdsa_spki_decode(&curve, &xy, span_first(spki, spki.n - 1)));
    EXPECT_ERR(ERR_MALFORMED, ecdsa_spki_decode(&curve, &xy, SPAN_EMPTY));
    s.spki[spki.n - 97] = 0x03; /* compressed */
    EXPECT_ERR(ERR_UNSUPPORTED, ecdsa_spki_decode(&curve, &xy, spki));
    s.spki[spki.n - 97] = 0x04;
    s.spki[17] ^= 1; /* another curve's number */
    EXPECT_ERR(ERR_UNSUPPORTED, ecdsa_spki_decode(&curve, &xy, spki));
    uint8_t rs[64] = {1};
    EXPECT_ERR(ERR_AUTH, ecdsa_verify(ECDSA_P256, SPAN_OF(rs), SPAN_OF(rs), span_of(rs, 63)));
    EXPECT_ERR(ERR_AUTH, ecdsa_verify_der(ECDSA_P256, SPAN_OF(rs), SPAN_OF(rs), SPAN_LIT("0")));
}

/* The schemes of RSA, each against the signatures of each other. */
TEST(rsa_schemes_do_not_stand_for_each_other)
{
    static const struct {
        const char *digest;
        int padding;
        int salt_len;
    } ways[] = {
        {"SHA256", RSA_PKCS1_PADDING,     0 },
        {"SHA384", RSA_PKCS1_PADDING,     0 },
        {"SHA256", RSA_PKCS1_PSS_PADDING, 32},
        {"SHA384", RSA_PKCS1_PSS_PADDING, 48},
        {"SHA384", RSA_PKCS1_PSS_PADDING, 32}
    };
    uint8_t spki[600];
    uint8_t *end = spki;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    int spki_len = i2d_PUBKEY(key, &end);
    for (size_t made = 0; made < sizeof ways / sizeof ways[0]; made++) {
        uint8_t sig[256];
        size_t sig_len = sizeof sig;
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_PKEY_CTX *ctx = NULL;
        bool signed_it =
            EVP_DigestSignInit_ex(md, &ctx, ways[made].digest, NULL, NULL, key, NULL) == 1 &&
            EVP_PKEY_CTX_set_rsa_padding(ctx, ways[made].padding) == 1 &&
            (!ways[made].salt_len ||
             EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, ways[made].salt_len) == 1) &&
            EVP_DigestSign(md, sig, &sig_len, (const uint8_t *)"passmesh", 8) == 1;
        EXPECT(signed_it);
        EVP_MD_CTX_free(md);
        for (int as = RSA_PKCS1_SHA256; as <= RSA_PSS_SHA384; as++) {
            test_note("made as %zu, read as %d", made, as);
            EXPECT_ERR((int)made == as ? OK : ERR_AUTH,
                       rsa_verify_as((enum rsa_scheme)as, span_of(spki, (size_t)spki_len),
                                     SPAN_LIT("passmesh"), SPAN_OF(sig)));
        }
    }
    EVP_PKEY_free(key);
}

/* A key of P-256 with other bytes: where, and what takes their place. */
TEST(a_key_with_more_or_other_parts_is_refused)
{
    struct sample s;
    enum ecdsa_curve curve;
    struct span xy;
    uint8_t der[162];
    TEST_REQUIRE(sample_make(&s, ECDSA_P256));
    size_t n = s.spki_len; /* 30 59 30 13 06 07 ... 06 08 ... 03 42 00 04 ... */
    memcpy(der, s.spki, n);
    der[n] = 0;
    EXPECT_ERR(ERR_MALFORMED, ecdsa_spki_decode(&curve, &xy, span_of(der, n + 1)));
    der[1] += 2; /* a NULL after the bits, inside the sequence */
    der[n] = 0x05;
    der[n + 1] = 0;
    EXPECT_ERR(ERR_MALFORMED, ecdsa_spki_decode(&curve, &xy, span_of(der, n + 2)));
    memcpy(der, s.spki, n);
    der[12] ^= 1; /* not id-ecPublicKey */
    EXPECT_ERR(ERR_UNSUPPORTED, ecdsa_spki_decode(&curve, &xy, span_of(der, n)));
    memcpy(der, s.spki, n);
    der[13] = 0x04; /* the parameters are no name */
    EXPECT_ERR(ERR_UNSUPPORTED, ecdsa_spki_decode(&curve, &xy, span_of(der, n)));
}

TEST(lengths_that_do_not_fit_the_curve_are_refused_before_anything_is_read)
{
    uint8_t b[64] = {1};
    struct span pair = SPAN_OF(b);
    struct span huge = span_of(b, (size_t)INT_MAX + 1);
    EXPECT_ERR(ERR_AUTH, ecdsa_verify(ECDSA_P256, span_first(pair, 63), pair, pair));
    EXPECT_ERR(ERR_AUTH, ecdsa_verify(ECDSA_P256, pair, huge, pair));
    EXPECT_ERR(ERR_AUTH, ecdsa_verify(ECDSA_P384, pair, pair, pair));
}

TEST(a_signature_in_der_holds)
{
    struct sample s;
    uint8_t der[110];
    struct span xy;
    enum ecdsa_curve curve;
    TEST_REQUIRE(sample_make(&s, ECDSA_P384));
    EXPECT_OK(ecdsa_spki_decode(&curve, &xy, span_of(s.spki, s.spki_len)));
    struct wr w = wr_init(MSPAN_OF(der));
    der_write_ecdsa(&w, span_of(s.rs, 48), span_of(s.rs + 48, 48));
    struct span digest = span_of(s.digest, s.digest_len);
    EXPECT_OK(ecdsa_verify_der(curve, xy, digest, span_of(der, w.n)));
    EXPECT_ERR(ERR_AUTH, ecdsa_verify_der(curve, xy, digest, span_of(der, w.n - 1)));
}

TEST_MAIN
