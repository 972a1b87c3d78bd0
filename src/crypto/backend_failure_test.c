/* What our seams do when OpenSSL runs out of memory: the n-th allocation of an operation fails, for each n that
 * the operation reaches. It must end in an error or still be right, leave its output alone when it fails, and
 * work again afterwards. */
#include "base/budget.h"
#include "base/test.h"
#include "crypto/aead.h"
#include "crypto/aes_cfb.h"
#include "crypto/aes_ctr.h"
#include "crypto/backend.h"
#include "crypto/ecdh.h"
#include "crypto/ecdsa.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"
#include "crypto/p256.h"
#include "crypto/rsa.h"
#include "crypto/rsa_vector_test.h"

#include <stdlib.h>
#include <string.h>

#define ALLOCATIONS_MAX 4000 /* far above what any operation below makes */

/* The allocator that OpenSSL is given: counts down to the one allocation that fails. */
static struct {
    size_t until_failure; /* 0: none fails */
    bool failed;
} allocator;

static bool allocation_fails(void)
{
    if (allocator.until_failure == 0 || --allocator.until_failure > 0) {
        return false;
    }
    allocator.failed = true;
    return true;
}

static void *failing_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return allocation_fails() ? NULL : malloc(n);
}

static void *failing_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return allocation_fails() ? NULL : realloc(p, n);
}

static void plain_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* Source: RFC 6979 §A.2.5. */
static const char secret_hex[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char point_hex[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char sample_hex[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                                 "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

/* The vectors in bytes, read once. */
static struct {
    struct secret32 secret;
    struct p256_public key;
    struct p256_signature sample;
    struct hash32 hash; /* of "sample" */
    struct span spki;   /* RSA */
    struct span rsa_sig;
    struct span zeros_hash; /* of 65,536 zero bytes, by sha256sum */
} vector;

static void vector_load(void)
{
    (void)span_copy(MSPAN_OF(vector.secret.bytes), test_hex(secret_hex));
    (void)span_copy(MSPAN_OF(vector.key.xy), test_hex(point_hex));
    (void)span_copy(MSPAN_OF(vector.sample.rs), test_hex(sample_hex));
    sha256(&vector.hash, SPAN_LIT("sample"));
    vector.spki = test_hex(spki_hex);
    vector.rsa_sig = test_hex(sig_hex);
    vector.zeros_hash =
        test_hex("de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31");
}

static enum err seal_and_open(void)
{
    static const uint8_t nonce[AEAD_NONCE_LEN] = {1};
    struct budget budget;
    budget_init(&budget, NULL, "test", 1 << 16);
    struct aead a = {0};
    uint8_t sealed[5 + AEAD_TAG_LEN];
    uint8_t plain[5];
    enum err e = aead_init(&a, &budget, AEAD_AES_256_GCM, &vector.secret);
    if (e == OK) {
        e = aead_seal(&a, MSPAN_OF(sealed), nonce, SPAN_LIT("ad"), SPAN_LIT("hello"));
    }
    if (e == OK) {
        e = aead_open(&a, MSPAN_OF(plain), nonce, SPAN_LIT("ad"), SPAN_OF(sealed));
    }
    if (e == OK) {
        EXPECT_SPAN(SPAN_LIT("hello"), SPAN_OF(plain));
    }
    aead_done(&a);
    EXPECT_EQ(0, budget.used);
    return e;
}

/* The key stream's first block is the cipher of the counter (FIPS 197 §C.1 has it with this key). */
static enum err counter_mode(void)
{
    uint8_t block[16] = {0};
    enum err e = aes_ctr(MSPAN_OF(block), test_hex("000102030405060708090a0b0c0d0e0f").p,
                         test_hex("00112233445566778899aabbccddeeff").p, SPAN_OF(block));
    if (e == OK) {
        EXPECT_SPAN(test_hex("69c4e0d86a7b0430d8cdb78070b4c55a"), SPAN_OF(block));
    }
    return e;
}

/* So is the first segment (the same vector). */
static enum err feedback_mode(void)
{
    uint8_t block[16] = {0};
    enum err e = aes_cfb_encrypt(MSPAN_OF(block), test_hex("000102030405060708090a0b0c0d0e0f"),
                                 test_hex("00112233445566778899aabbccddeeff").p, SPAN_OF(block));
    if (e == OK) {
        EXPECT_SPAN(test_hex("69c4e0d86a7b0430d8cdb78070b4c55a"), SPAN_OF(block));
    }
    return e;
}

/* With one's own key as the other side's, both products are of what the vector has. */
static enum err agree(void)
{
    struct ecdh made = {{0}, {0}};
    struct span secret = SPAN_OF(vector.secret.bytes);
    enum err e = ecdh_agree(&made, ECDSA_P256, secret, SPAN_OF(vector.key.xy));
    if (e == OK) {
        EXPECT_SPAN(SPAN_OF(vector.key.xy), span_of(made.xy, sizeof vector.key.xy));
    }
    EXPECT_EQ(e == OK, made.shared[0] != 0);
    ecdh_wipe(&made);
    return e;
}

static enum err parse_compressed(void)
{
    uint8_t point[33] = {0x03};
    memcpy(point + 1, vector.key.xy, 32);
    struct p256_public key = {{0}};
    enum err e = p256_public_parse(&key, SPAN_OF(point));
    EXPECT_EQ(e == OK ? 0x60 : 0, key.xy[0]);
    return e;
}

static enum err verify_good(void)
{
    return p256_verify(&vector.key, &vector.hash, &vector.sample);
}

/* Says OK when the bad signature was refused, as it always must be. */
static enum err verify_bad(void)
{
    struct hash32 hash = vector.hash;
    hash.bytes[0] ^= 1;
    EXPECT_ERR(ERR_AUTH, p256_verify(&vector.key, &hash, &vector.sample));
    return OK;
}

/* A stranger's signature may be refused for want of memory, and never taken for it. */
static enum err ecdsa_good_and_bad(void)
{
    struct span xy = SPAN_OF(vector.key.xy);
    struct span rs = SPAN_OF(vector.sample.rs);
    struct hash32 other = {{1}};
    EXPECT_ERR(ERR_AUTH, ecdsa_verify(ECDSA_P256, xy, SPAN_OF(other.bytes), rs));
    return ecdsa_verify(ECDSA_P256, xy, SPAN_OF(vector.hash.bytes), rs);
}

static enum err sign(void)
{
    static const struct p256_signature untouched;
    struct p256_signature sig = untouched;
    enum err e = p256_sign(&sig, &vector.secret, &vector.hash);
    EXPECT_EQ(e == OK, memcmp(&sig, &untouched, sizeof sig) != 0);
    return e;
}

static enum err public_of(void)
{
    struct p256_public key = {{0}};
    enum err e = p256_public_of(&key, &vector.secret);
    EXPECT_EQ(e == OK ? 0x60 : 0, key.xy[0]);
    return e;
}

static enum err rsa_verify_good(void)
{
    return rsa_verify(vector.spki, SPAN_LIT("passmesh"), vector.rsa_sig);
}

/* Says OK when the bad signature was not taken: refused, or not looked at for want of memory. */
static enum err rsa_verify_bad(void)
{
    EXPECT(rsa_verify(vector.spki, SPAN_LIT("passmest"), vector.rsa_sig) != OK);
    return OK;
}

static enum err rsa_encrypt(void)
{
    static const uint8_t seed[RSA_OAEP_SEED_LEN] = {1};
    struct rsa_oaep in = {.seed = SPAN_OF(seed), .message = SPAN_LIT("hello")};
    uint8_t out[RSA_BITS_MAX / 8];
    size_t n = 0;
    enum err e = rsa_oaep_encrypt(MSPAN_OF(out), &n, vector.spki, &in);
    EXPECT_EQ(e == OK, n != 0);
    return e;
}

/* A long input takes OpenSSL's SHA-256, and falls back to libsodium's when that has no memory. */
static enum err hash_long(void)
{
    static uint8_t data[1 << 16];
    struct hash32 hash;
    sha256(&hash, SPAN_OF(data));
    EXPECT_SPAN(vector.zeros_hash, SPAN_OF(hash.bytes));
    return OK;
}

struct operation {
    const char *name;
    enum err (*run)(void);
};

static const struct operation operations[] = {
    {"AEAD sealed and opened",             seal_and_open     },
    {"AES in counter mode",                counter_mode      },
    {"AES in feedback mode",               feedback_mode     },
    {"ECDH",                               agree             },
    {"ECDSA verified",                     ecdsa_good_and_bad},
    {"P-256 key from its compressed form", parse_compressed  },
    {"P-256 signature verified",           verify_good       },
    {"P-256 signature refused",            verify_bad        },
    {"P-256 signature made",               sign              },
    {"P-256 public key of a secret",       public_of         },
    {"RSA signature verified",             rsa_verify_good   },
    {"RSA signature refused",              rsa_verify_bad    },
    {"RSA encrypted",                      rsa_encrypt       },
    {"SHA-256 of a long input",            hash_long         },
};

/* Runs one operation with its n-th allocation failing, for n from 1 on until it makes fewer. Returns how many
 * failures it met. */
static size_t run_with_failures(const struct operation *o)
{
    for (size_t n = 1; n <= ALLOCATIONS_MAX; n++) {
        test_note("%s, allocation %zu fails", o->name, n);
        allocator.failed = false;
        allocator.until_failure = n;
        enum err e = o->run();
        allocator.until_failure = 0;
        if (!allocator.failed) {
            EXPECT_OK(e);
            return n - 1;
        }
        EXPECT_OK(o->run()); /* nothing is left behind that spoils the next one */
    }
    EXPECT(false); /* it never ran without a failure */
    return ALLOCATIONS_MAX;
}

TEST(every_failing_allocation_ends_in_an_error_or_a_right_answer)
{
    vector_load();
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        test_note("%s", operations[i].name);
        EXPECT_OK(operations[i].run()); /* the backend keeps what it fetches the first time */
        EXPECT(run_with_failures(&operations[i]) > 0);
    }
}

int main(int argc, char **argv)
{
    /* Only before the first allocation does OpenSSL take another allocator. */
    if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) != 1) {
        return 1;
    }
    return test_run_all(argc, argv);
}
