/* Credentials, opened here as a TPM does, with OpenSSL's own key derivations (KBKDF is KDFa, SSKDF is KDFe). node/tpm has the same with a TPM. */
#include "tee/tpm2_credential.h"

#include "base/rd.h"
#include "base/test.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "crypto/openssl_ec.h"
#include "crypto/openssl_rsa.h"

#include <openssl/kdf.h>
#include <openssl/x509.h>
#include <string.h>

static struct rng_seeded rng;
static struct secret32 secret;
static uint8_t name[TPM2_NAME_LEN];
static struct tpm2_credential made;

static const struct ek {
    const char *curve; /* NULL: RSA */
    unsigned bits;
    const char *digest;
    size_t digest_len;
    const char *cipher;
    size_t key_len;
} eks[] = {
    {NULL,    2048, "SHA256", 32, "AES-128-CFB", 16},
    {"P-256", 0,    "SHA256", 32, "AES-128-CFB", 16},
    {"P-384", 0,    "SHA384", 48, "AES-256-CFB", 32},
};
enum { EKS_COUNT = sizeof eks / sizeof eks[0] };

static void setup(void)
{
    EXPECT_OK(crypto_init());
    rng_seeded_init(&rng, test_seed());
    memset(secret.bytes, 0x42, sizeof secret.bytes);
    memset(name, 0x11, sizeof name);
    name[0] = 0;
    name[1] = 0x0b;
}

static EVP_PKEY *ek_key(const struct ek *ek)
{
    return ek->curve ? EVP_EC_gen(ek->curve) : EVP_RSA_gen(ek->bits);
}

static struct span spki_of(EVP_PKEY *key, uint8_t room[static 1200])
{
    uint8_t *end = room;
    return span_of(room, (size_t)i2d_PUBKEY(key, &end));
}

static bool derive(const char *kind, struct mspan out, OSSL_PARAM *params)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, kind, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    bool done = EVP_KDF_derive(ctx, out.p, out.n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void *octets(struct span s)
{
    return (void *)(uintptr_t)s.p;
}

static bool kdfa(
    const struct ek *ek, struct mspan out, struct span seed, const char *label, struct span context)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, text("HMAC"), 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, text(ek->digest), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, octets(seed), seed.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, text(label), strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, octets(context), context.n),
        OSSL_PARAM_construct_end(),
    };
    return derive("KBKDF", out, params);
}

static bool seed_by_rsa(EVP_PKEY *key, struct mspan out, struct span cipher)
{
    size_t n = out.n;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    void *label = OPENSSL_memdup("IDENTITY", 9);
    uint8_t room[256];
    size_t len = sizeof room;
    bool done = EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, 9) == 1 &&
                EVP_PKEY_decrypt(ctx, room, &len, cipher.p, cipher.n) == 1 && len == n;
    EVP_PKEY_CTX_free(ctx);
    (void)span_copy(out, span_of(room, done ? n : 0));
    return done;
}

/* The peer's point as a key of the same curve, and the x of both. */
static bool seed_by_curve(EVP_PKEY *key, const struct ek *ek, struct mspan out, struct span point)
{
    uint8_t ours[97];
    uint8_t info[9 + 96];
    uint8_t z[48];
    uint8_t theirs[97] = {0x04};
    size_t ours_len = 0;
    struct rd r = rd_init(point);
    struct span x = rd_be16_sized(&r);
    struct span y = rd_be16_sized(&r);
    size_t z_len = x.n;
    if (!rd_end(&r) || x.n != y.n || x.n > sizeof z) {
        return false;
    }
    memcpy(theirs + 1, x.p, x.n);
    memcpy(theirs + 1 + x.n, y.p, y.n);
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool done = EVP_PKEY_copy_parameters(peer, key) == 1 &&
                EVP_PKEY_set1_encoded_public_key(peer, theirs, 1 + 2 * x.n) == 1 &&
                EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                EVP_PKEY_derive(ctx, z, &z_len) == 1 &&
                EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ours,
                                                sizeof ours, &ours_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    struct wr w = wr_init(MSPAN_OF(info));
    wr_bytes(&w, SPAN_LIT("IDENTITY\0"));
    wr_bytes(&w, x);
    wr_bytes(&w, span_of(ours + 1, x.n));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, text(ek->digest), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, z, z_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, w.n),
        OSSL_PARAM_construct_end(),
    };
    return done && derive("SSKDF", out, params);
}

static bool decrypt(const struct ek *ek, struct mspan out, struct span key, struct span in)
{
    static const uint8_t iv[16];
    int n = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ek->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done = EVP_DecryptInit_ex2(ctx, cipher, key.p, iv, NULL) == 1 && out.n >= in.n &&
                EVP_DecryptUpdate(ctx, out.p, &n, in.p, (int)in.n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return done;
}

/* TPM2_ActivateCredential, for the key of this name; empty: it does not open. */
static struct span
activate(EVP_PKEY *key, const struct ek *ek, struct span credential, struct span key_name)
{
    static uint8_t plain[64];
    uint8_t seed[48];
    uint8_t storage[32];
    uint8_t integrity[48];
    uint8_t tag[48];
    uint8_t tagged[128];
    size_t tag_len = 0;
    struct tpm2_credential_parts p;
    if (tpm2_credential_split(&p, credential) != OK) {
        return SPAN_EMPTY;
    }
    struct mspan seed_room = mspan_of(seed, ek->digest_len);
    if (!(ek->curve ? seed_by_curve(key, ek, seed_room, p.encrypted_secret)
                    : seed_by_rsa(key, seed_room, p.encrypted_secret))) {
        return SPAN_EMPTY;
    }
    struct rd r = rd_init(p.id_object);
    struct span want = rd_be16_sized(&r);
    struct span cipher = rd_rest(&r);
    struct wr w = wr_init(MSPAN_OF(tagged));
    wr_bytes(&w, cipher);
    wr_bytes(&w, key_name);
    bool done = kdfa(ek, mspan_of(integrity, ek->digest_len), span_of(seed, ek->digest_len),
                     "INTEGRITY", SPAN_EMPTY) &&
                kdfa(ek, mspan_of(storage, ek->key_len), span_of(seed, ek->digest_len), "STORAGE",
                     key_name) &&
                EVP_Q_mac(NULL, "HMAC", NULL, ek->digest, NULL, integrity, ek->digest_len, tagged,
                          w.n, tag, sizeof tag, &tag_len) &&
                span_equal(want, span_of(tag, tag_len)) &&
                decrypt(ek, MSPAN_OF(plain), span_of(storage, ek->key_len), cipher);
    r = rd_init(span_of(plain, done ? cipher.n : 0));
    struct span opened = rd_be16_sized(&r);
    return rd_end(&r) ? opened : SPAN_EMPTY;
}

TEST(what_is_made_is_opened)
{
    uint8_t spki[1200];
    setup();
    for (size_t i = 0; i < EKS_COUNT; i++) {
        EVP_PKEY *key = ek_key(&eks[i]);
        test_note("key %zu", i);
        for (int round = 0; round < 8; round++) {
            name[5] = (uint8_t)round;
            EXPECT_OK(
                tpm2_credential_make(&made, spki_of(key, spki), SPAN_OF(name), &secret, &rng.rng));
            EXPECT_SPAN(SPAN_OF(secret.bytes),
                        activate(key, &eks[i], span_of(made.bytes, made.n), SPAN_OF(name)));
        }
        EVP_PKEY_free(key);
    }
}

TEST(another_key_or_another_name_opens_nothing)
{
    uint8_t spki[1200];
    setup();
    for (size_t i = 0; i < EKS_COUNT; i++) {
        EVP_PKEY *key = ek_key(&eks[i]);
        EVP_PKEY *other = ek_key(&eks[i]);
        struct span all = span_of(made.bytes, 0);
        test_note("key %zu", i);
        EXPECT_OK(
            tpm2_credential_make(&made, spki_of(key, spki), SPAN_OF(name), &secret, &rng.rng));
        all = span_of(made.bytes, made.n);
        EXPECT_EQ(0, activate(other, &eks[i], all, SPAN_OF(name)).n);
        name[33] ^= 1;
        EXPECT_EQ(0, activate(key, &eks[i], all, SPAN_OF(name)).n);
        name[33] ^= 1;
        for (size_t at = 0; at < made.n; at++) {
            made.bytes[at] ^= 0x10;
            test_note("key %zu, byte %zu", i, at);
            EXPECT_EQ(0, activate(key, &eks[i], all, SPAN_OF(name)).n);
            made.bytes[at] ^= 0x10;
        }
        EXPECT_EQ(32, activate(key, &eks[i], all, SPAN_OF(name)).n);
        EVP_PKEY_free(key);
        EVP_PKEY_free(other);
    }
}

TEST(nothing_but_what_is_drawn_is_random)
{
    static struct tpm2_credential again;
    uint8_t spki[1200];
    setup();
    for (size_t i = 0; i < EKS_COUNT; i++) {
        EVP_PKEY *key = ek_key(&eks[i]);
        struct span public_key = spki_of(key, spki);
        test_note("key %zu", i);
        rng_seeded_init(&rng, 7);
        EXPECT_OK(tpm2_credential_make(&made, public_key, SPAN_OF(name), &secret, &rng.rng));
        EXPECT_OK(tpm2_credential_make(&again, public_key, SPAN_OF(name), &secret, &rng.rng));
        EXPECT(!span_equal(span_of(made.bytes, made.n), span_of(again.bytes, again.n)));
        rng_seeded_init(&rng, 7);
        EXPECT_OK(tpm2_credential_make(&again, public_key, SPAN_OF(name), &secret, &rng.rng));
        EXPECT_SPAN(span_of(made.bytes, made.n), span_of(again.bytes, again.n));
        EVP_PKEY_free(key);
    }
}

/* A generator that gives no number of the curve. */
static void fill_ones(struct rng *self, struct mspan out)
{
    (void)self;
    memset(out.p, 0xff, out.n);
}

TEST(keys_that_are_none_of_the_templates)
{
    static const struct ek others[] = {
        {.bits = 3072}, {.bits = 4096}, {.curve = "P-521"}, {.curve = "secp256k1"}};
    uint8_t spki[1200];
    struct rng ones = {fill_ones};
    setup();
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        EVP_PKEY *key = ek_key(&others[i]);
        test_note("key %zu", i);
        EXPECT_ERR(ERR_UNSUPPORTED, tpm2_credential_make(&made, spki_of(key, spki), SPAN_OF(name),
                                                         &secret, &rng.rng));
        EVP_PKEY_free(key);
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct span public_key = spki_of(key, spki);
    EXPECT_ERR(ERR_INTERNAL,
               tpm2_credential_make(&made, public_key, SPAN_OF(name), &secret, &ones));
    EXPECT_ERR(ERR_MALFORMED, tpm2_credential_make(&made, span_first(public_key, 60), SPAN_OF(name),
                                                   &secret, &rng.rng));
    spki[public_key.n - 1] ^= 1;
    EXPECT_ERR(ERR_AUTH, tpm2_credential_make(&made, public_key, SPAN_OF(name), &secret, &rng.rng));
    EVP_PKEY_free(key);
}

TEST(two_structures_and_nothing_else)
{
    static uint8_t room[TPM2_CREDENTIAL_LEN_MAX + 1];
    struct tpm2_credential_parts p;
    static const struct {
        size_t first;
        size_t second;
        size_t extra;
        enum err want;
    } rows[] = {
        {1,                          1,                                 0, OK           },
        {TPM2_ID_OBJECT_LEN_MAX - 2, TPM2_ENCRYPTED_SECRET_LEN_MAX - 2, 0, OK           },
        {0,                          1,                                 0, ERR_MALFORMED},
        {1,                          0,                                 0, ERR_MALFORMED},
        {TPM2_ID_OBJECT_LEN_MAX - 1, 1,                                 0, ERR_MALFORMED},
        {1,                          TPM2_ENCRYPTED_SECRET_LEN_MAX - 1, 0, ERR_MALFORMED},
        {1,                          1,                                 1, ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wr w = wr_init(MSPAN_OF(room));
        wr_be16(&w, (uint16_t)rows[i].first);
        wr_zeros(&w, rows[i].first);
        wr_be16(&w, (uint16_t)rows[i].second);
        wr_zeros(&w, rows[i].second + rows[i].extra);
        test_note("row %zu", i);
        EXPECT_OK(wr_end(&w));
        EXPECT_ERR(rows[i].want, tpm2_credential_split(&p, span_of(room, w.n)));
        if (rows[i].want == OK) {
            EXPECT_EQ(rows[i].first, p.id_object.n);
            EXPECT_EQ(rows[i].second, p.encrypted_secret.n);
            EXPECT_ERR(ERR_MALFORMED, tpm2_credential_split(&p, span_of(room, w.n - 1)));
        }
    }
    EXPECT_ERR(ERR_MALFORMED, tpm2_credential_split(&p, SPAN_EMPTY));
}

TEST_MAIN
