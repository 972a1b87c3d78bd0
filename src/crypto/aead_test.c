/* RFC 8439, NIST's GCM example, draft-irtf-cfrg-xchacha, and Wycheproof; and what a context costs. */
#include "crypto/aead.h"

#include "base/test.h"
#include "crypto/wycheproof_test.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char sunscreen[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";

struct vector {
    const char *name;
    const char *key;
    const char *nonce;
    const char *ad;
    const char *plain; /* hex; NULL: the sentence above */
    const char *sealed;
    enum aead_kind kind;
};

static const struct vector vectors[] = {
    {"RFC 8439 §2.8.2",                                   "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647",                                                                                                                          "50515253c0c1c2c3c4c5c6c7", NULL,
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",                                                                                                                                                                                  AEAD_CHACHA20_POLY1305},
    {"GCM specification, test case 14",
     "0000000000000000000000000000000000000000000000000000000000000000",                                                      "000000000000000000000000",
     "",                                                                                                                                                                              "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",                                                                                                                                                                                      AEAD_AES_256_GCM      },
    {"GCM specification, test case 13 (nothing to seal)",
     "0000000000000000000000000000000000000000000000000000000000000000",                                                      "000000000000000000000000",
     "",                                                                                                                                                                              "",                                 "530f8afbc74536b9a963b4f1c4cb738b", AEAD_AES_256_GCM      },
};

static void run_vector(const struct vector *v)
{
    test_note("%s", v->name);
    struct secret32 key;
    (void)span_copy(MSPAN_OF(key.bytes), test_hex(v->key));
    const uint8_t *nonce = test_hex(v->nonce).p;
    struct span plain = v->plain ? test_hex(v->plain) : span_str(sunscreen);
    struct span ad = test_hex(v->ad);
    struct span want = test_hex(v->sealed);
    AUTO(aead_done) struct aead a = {0};
    TEST_REQUIRE(aead_init(&a, test_budget(), v->kind, &key) == OK);
    uint8_t room[256];
    struct mspan sealed = mspan_of(room, plain.n + AEAD_TAG_LEN);
    EXPECT_OK(aead_seal(&a, sealed, nonce, ad, plain));
    EXPECT_SPAN(want, span_const(sealed));
    EXPECT_OK(aead_open(&a, mspan_of(room, plain.n), nonce, ad, span_const(sealed)));
    EXPECT_SPAN(plain, span_of(room, plain.n));
    (void)span_copy(MSPAN_OF(room), plain); /* again, in place, after the other direction */
    EXPECT_OK(aead_seal(&a, sealed, nonce, ad, span_of(room, plain.n)));
    EXPECT_SPAN(want, span_const(sealed));
    for (size_t i = 0; i < want.n; i++) {
        uint8_t broken[256];
        uint8_t out[256];
        (void)span_copy(MSPAN_OF(broken), want);
        broken[i] ^= 1;
        memset(out, 0xee, sizeof out);
        EXPECT_ERR(ERR_AUTH,
                   aead_open(&a, mspan_of(out, plain.n), nonce, ad, span_of(broken, want.n)));
        for (size_t j = 0; j < plain.n; j++) {
            EXPECT_EQ(0, out[j]); /* nothing unauthenticated is left */
        }
    }
}

TEST(vectors_of_the_standards_hold_and_each_flipped_bit_is_seen)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        run_vector(&vectors[i]);
    }
}

TEST(rekeying_and_lengths)
{
    struct secret32 one = {{1}};
    struct secret32 two = {{2}};
    uint8_t nonce[AEAD_NONCE_LEN] = {0};
    uint8_t text[5] = "plain";
    uint8_t sealed[5 + AEAD_TAG_LEN];
    AUTO(aead_done) struct aead a = {0};
    TEST_REQUIRE(aead_init(&a, test_budget(), AEAD_CHACHA20_POLY1305, &one) == OK);
    EXPECT_OK(aead_seal(&a, MSPAN_OF(sealed), nonce, SPAN_EMPTY, SPAN_OF(text)));
    EXPECT_OK(aead_rekey(&a, &two));
    EXPECT_ERR(ERR_AUTH, aead_open(&a, MSPAN_OF(text), nonce, SPAN_EMPTY, SPAN_OF(sealed)));
    EXPECT_OK(aead_rekey(&a, &one));
    EXPECT_OK(aead_open(&a, MSPAN_OF(text), nonce, SPAN_EMPTY, SPAN_OF(sealed)));
    EXPECT_ERR(ERR_TRUNCATED,
               aead_open(&a, mspan_of(text, 0), nonce, SPAN_EMPTY, span_of(sealed, 15)));
    EXPECT_ERR(ERR_AUTH, aead_open(&a, mspan_of(text, 0), nonce, SPAN_EMPTY, span_of(sealed, 16)));
    aead_done(&a);
    aead_done(&a); /* twice is safe */
}

TEST(a_context_is_charged_and_refused_without_budget)
{
    struct secret32 key = {{1}};
    struct budget small;
    budget_init(&small, test_budget(), "small", AEAD_MEM);
    struct aead a = {0};
    struct aead b = {0};
    EXPECT_OK(aead_init(&a, &small, AEAD_AES_256_GCM, &key));
    EXPECT_EQ(AEAD_MEM, small.used);
    EXPECT_ERR(ERR_LIMIT, aead_init(&b, &small, AEAD_AES_256_GCM, &key));
    aead_done(&a);
    EXPECT_EQ(0, small.used);
}

/* The declared cost is not below what the heap really lends to the backend. */
static void expect_cost(enum aead_kind kind, const char *name)
{
    enum { COUNT = 256 };
    static struct aead many[COUNT];
    struct secret32 key = {{1}};
    struct aead first = {0};
    EXPECT_OK(aead_init(&first, test_budget(), kind, &key)); /* what is made once for all */
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < COUNT; i++) {
        EXPECT_OK(aead_init(&many[i], test_budget(), kind, &key));
    }
    size_t each = (mallinfo2().uordblks - before) / COUNT;
    printf("# %s: %zu bytes a keyed context (declared %d)\n", name, each, AEAD_MEM);
    EXPECT(each <= AEAD_MEM);
    for (size_t i = 0; i < COUNT; i++) {
        aead_done(&many[i]);
    }
    aead_done(&first);
}

TEST(the_declared_cost_covers_the_real_one)
{
    expect_cost(AEAD_CHACHA20_POLY1305, "ChaCha20-Poly1305");
    expect_cost(AEAD_AES_256_GCM, "AES-256-GCM");
}

/* Opens what the case gives, then seals it again and compares. */
static bool aead_agrees(struct aead *a, const uint8_t *nonce, const struct wycheproof_case *c)
{
    static uint8_t sealed[2048];
    static uint8_t plain[2048];
    struct span message = wycheproof_hex(c, "msg");
    struct span text = wycheproof_hex(c, "ct");
    struct span tag = wycheproof_hex(c, "tag");
    struct span ad = wycheproof_hex(c, "aad");
    size_t n = span_copy(MSPAN_OF(sealed), text);
    n += span_copy(mspan_from(MSPAN_OF(sealed), n), tag);
    if (aead_open(a, mspan_of(plain, text.n), nonce, ad, span_of(sealed, n)) != OK) {
        return false;
    }
    uint8_t again[2048];
    return EXPECT_SPAN(message, span_of(plain, text.n)) &&
           EXPECT_OK(aead_seal(a, mspan_of(again, n), nonce, ad, message)) &&
           EXPECT_SPAN(span_of(sealed, n), span_of(again, n));
}

static bool is_gcm_ours(const struct wycheproof_case *c)
{
    return wycheproof_number(c, "keySize") == 256 && wycheproof_number(c, "ivSize") == 96;
}

static bool gcm_case(const struct wycheproof_case *c)
{
    if (!is_gcm_ours(c)) {
        return false;
    }
    struct secret32 key;
    (void)span_copy(MSPAN_OF(key.bytes), wycheproof_hex(c, "key"));
    AUTO(aead_done) struct aead a = {0};
    return EXPECT_OK(aead_init(&a, test_budget(), AEAD_AES_256_GCM, &key)) &&
           aead_agrees(&a, wycheproof_hex(c, "iv").p, c);
}

static const char *gcm_differ(const struct wycheproof_case *c)
{
    struct json result;
    bool is_valid =
        json_find(&result, c->test, "result") && !json_string_equal(result, SPAN_LIT("invalid"));
    return is_valid && !is_gcm_ours(c) ? "the seam takes 256-bit keys and 96-bit nonces only"
                                       : NULL;
}

TEST(wycheproof_aes_256_gcm)
{
    wycheproof_run("vectors/wycheproof/aes_gcm_test.json", gcm_case, gcm_differ);
}

static bool is_xchacha_ours(const struct wycheproof_case *c)
{
    return wycheproof_hex(c, "iv").n == XAEAD_NONCE_LEN;
}

static bool xchacha_case(const struct wycheproof_case *c)
{
    static uint8_t sealed[2048];
    static uint8_t plain[2048];
    if (!is_xchacha_ours(c)) {
        return false;
    }
    struct secret32 key;
    (void)span_copy(MSPAN_OF(key.bytes), wycheproof_hex(c, "key"));
    struct span message = wycheproof_hex(c, "msg");
    struct span ad = wycheproof_hex(c, "aad");
    const uint8_t *nonce = wycheproof_hex(c, "iv").p;
    size_t n = span_copy(MSPAN_OF(sealed), wycheproof_hex(c, "ct"));
    n += span_copy(mspan_from(MSPAN_OF(sealed), n), wycheproof_hex(c, "tag"));
    if (xaead_open(&key, mspan_of(plain, n - AEAD_TAG_LEN), nonce, ad, span_of(sealed, n)) != OK) {
        return false;
    }
    static uint8_t again[2048];
    return EXPECT_SPAN(message, span_of(plain, n - AEAD_TAG_LEN)) &&
           EXPECT_OK(xaead_seal(&key, mspan_of(again, n), nonce, ad, message)) &&
           EXPECT_SPAN(span_of(sealed, n), span_of(again, n));
}

TEST(wycheproof_xchacha20_poly1305)
{
    wycheproof_run("vectors/wycheproof/xchacha20_poly1305_test.json", xchacha_case, NULL);
}

/* (draft-irtf-cfrg-xchacha section 2.3) XChaCha20-Poly1305 is ChaCha20-Poly1305 under HChaCha20(key, first 16 bytes of
 * the nonce), with 4 zeros and the other 8 as its nonce. So the same file tests the 12-byte seam too. */
static bool chacha_case(const struct wycheproof_case *c)
{
    if (!is_xchacha_ours(c)) {
        return false;
    }
    struct span iv = wycheproof_hex(c, "iv");
    struct secret32 key;
    if (crypto_core_hchacha20(key.bytes, iv.p, wycheproof_hex(c, "key").p, NULL) != 0) {
        return false;
    }
    uint8_t nonce[AEAD_NONCE_LEN] = {0};
    memcpy(nonce + 4, iv.p + 16, 8);
    AUTO(aead_done) struct aead a = {0};
    return EXPECT_OK(aead_init(&a, test_budget(), AEAD_CHACHA20_POLY1305, &key)) &&
           aead_agrees(&a, nonce, c);
}

TEST(wycheproof_xchacha20_through_the_chacha20_seam)
{
    wycheproof_run("vectors/wycheproof/xchacha20_poly1305_test.json", chacha_case, NULL);
}

/* The spans name more than there is: nothing of them may be read before the limit is checked. */
TEST(lengths_beyond_the_limit_are_refused_before_anything_is_read)
{
    static const uint8_t nonce[XAEAD_NONCE_LEN] = {1};
    static const struct secret32 key = {{2}};
    uint8_t byte[1] = {0};
    struct span huge = span_of(byte, (size_t)1 << 31);
    struct span one = SPAN_OF(byte);
    struct mspan out = MSPAN_OF(byte);
    AUTO(aead_done) struct aead a = {0};
    TEST_REQUIRE(aead_init(&a, test_budget(), AEAD_AES_256_GCM, &key) == OK);
    EXPECT_ERR(ERR_LIMIT, aead_seal(&a, out, nonce, SPAN_EMPTY, huge));
    EXPECT_ERR(ERR_LIMIT, aead_seal(&a, out, nonce, huge, one));
    EXPECT_ERR(ERR_LIMIT, aead_open(&a, out, nonce, SPAN_EMPTY, huge));
    EXPECT_ERR(ERR_LIMIT, aead_open(&a, out, nonce, huge, span_first(huge, AEAD_TAG_LEN)));
    EXPECT_ERR(ERR_LIMIT, xaead_seal(&key, out, nonce, SPAN_EMPTY, huge));
    EXPECT_ERR(ERR_LIMIT, xaead_seal(&key, out, nonce, huge, one));
    EXPECT_ERR(ERR_LIMIT, xaead_open(&key, out, nonce, SPAN_EMPTY, huge));
    EXPECT_ERR(ERR_LIMIT, xaead_open(&key, out, nonce, huge, span_first(huge, AEAD_TAG_LEN)));
    EXPECT_ERR(ERR_TRUNCATED, xaead_open(&key, out, nonce, SPAN_EMPTY, one));
    EXPECT_ERR(ERR_TRUNCATED, aead_open(&a, out, nonce, SPAN_EMPTY, one));
}

TEST_MAIN
