/* RFC 6979 nonces on secp256k1, Ethereum's recovery, BIP-32 sums, strict DER, and Wycheproof. */
#include "crypto/secp256k1.h"

#include "base/test.h"
#include "crypto/wycheproof_test.h"

#include <string.h>

static const char order_hex[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

static struct secret32 secret_of(const char *hex)
{
    struct secret32 s;
    (void)span_copy(MSPAN_OF(s.bytes), test_hex(hex));
    return s;
}

struct vector {
    const char *secret;
    const char *message; /* hashed with SHA-256 */
    const char *rs;
};

/* Source: the table of deterministic signatures that the field shares (Trezor's and python-ecdsa's tests of RFC 6979 on
 * this curve). */
static const struct vector vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
     "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
     "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"                                                                                  },
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "All those moments will be lost in time, like tears in rain. Time to die...",           "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
     "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
    {"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "Satoshi Nakamoto",
     "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0"
     "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"                                                                                  },
};

TEST(deterministic_signatures_recover_their_key)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        test_note("vector %zu", i);
        struct secret32 secret = secret_of(v->secret);
        struct hash32 hash;
        struct secp256k1_signature sig;
        struct secp256k1_public key;
        struct secp256k1_public recovered;
        sha256(&hash, span_str(v->message));
        EXPECT_OK(secp256k1_public_init(&key, &secret));
        EXPECT_OK(secp256k1_sign(&sig, &secret, &hash));
        EXPECT_SPAN(test_hex(v->rs), SPAN_OF(sig.rs));
        EXPECT_OK(secp256k1_verify(&key, &hash, &sig));
        EXPECT_OK(secp256k1_recover(&recovered, &hash, &sig));
        EXPECT_SPAN(SPAN_OF(key.xy), SPAN_OF(recovered.xy));
        sig.recovery_id ^= 1;
        EXPECT_OK(secp256k1_recover(&recovered, &hash, &sig)); /* another key, and a valid one */
        EXPECT(!span_equal(SPAN_OF(key.xy), SPAN_OF(recovered.xy)));
        hash.bytes[0] ^= 1;
        EXPECT_ERR(ERR_AUTH, secp256k1_verify(&key, &hash, &sig));
    }
}

TEST(the_generator_is_the_key_of_one_and_compresses)
{
    struct secret32 one =
        secret_of("0000000000000000000000000000000000000000000000000000000000000001");
    struct secp256k1_public key;
    struct secp256k1_public parsed;
    uint8_t compressed[33];
    EXPECT_OK(secp256k1_public_init(&key, &one));
    secp256k1_public_compress(compressed, &key);
    EXPECT_SPAN(test_hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
                SPAN_OF(compressed)); /* SEC 2 §2.4.1 */
    EXPECT_OK(secp256k1_public_parse(&parsed, SPAN_OF(compressed)));
    EXPECT_SPAN(SPAN_OF(key.xy), SPAN_OF(parsed.xy));
}

TEST(secrets_out_of_range_are_refused)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct secret32 secret = secret_of(bad[i]);
        struct secp256k1_public key;
        struct secp256k1_signature sig;
        struct hash32 hash = {{1}};
        EXPECT_ERR(ERR_MALFORMED, secp256k1_public_init(&key, &secret));
        EXPECT_ERR(ERR_MALFORMED, secp256k1_sign(&sig, &secret, &hash));
    }
}

TEST(points_in_other_forms_are_refused)
{
    struct secp256k1_public key;
    uint8_t point[65] = {0x04};
    struct secret32 two =
        secret_of("0000000000000000000000000000000000000000000000000000000000000002");
    EXPECT_OK(secp256k1_public_init(&key, &two));
    memcpy(point + 1, key.xy, sizeof key.xy);
    EXPECT_OK(secp256k1_public_parse(&key, SPAN_OF(point)));
    point[0] = (uint8_t)(0x06 | (point[64] & 1)); /* hybrid */
    EXPECT_ERR(ERR_MALFORMED, secp256k1_public_parse(&key, SPAN_OF(point)));
    point[0] = 0x04;
    point[64] ^= 1; /* off the curve */
    EXPECT_ERR(ERR_MALFORMED, secp256k1_public_parse(&key, SPAN_OF(point)));
    EXPECT_ERR(ERR_MALFORMED, secp256k1_public_parse(&key, span_of(point, 64)));
    for (unsigned head = 0; head < 256; head++) {
        point[0] = (uint8_t)head;
        EXPECT_ERR(head == 0x02 || head == 0x03 ? OK : ERR_MALFORMED,
                   secp256k1_public_parse(&key, span_of(point, 33)));
    }
    struct hash32 hash = {{1}};
    struct secp256k1_signature sig = {.rs = {1}};
    struct secp256k1_public off = {{1}}; /* on no curve */
    EXPECT_ERR(ERR_AUTH, secp256k1_verify(&off, &hash, &sig));
    EXPECT_ERR(ERR_MALFORMED, secp256k1_public_add(&off, &two));
    EXPECT_ERR(ERR_MALFORMED, secp256k1_public_parse(&key, SPAN_EMPTY));
}

TEST(a_high_s_is_refused_until_it_is_normalized)
{
    struct secret32 secret = secret_of(vectors[0].secret);
    struct secp256k1_signature sig;
    struct secp256k1_public key;
    struct hash32 hash;
    sha256(&hash, span_str(vectors[0].message));
    EXPECT_OK(secp256k1_public_init(&key, &secret));
    EXPECT_OK(secp256k1_sign(&sig, &secret, &hash));
    struct secp256k1_signature high = sig;
    struct span order = test_hex(order_hex);
    unsigned borrow = 0;
    for (size_t i = 32; i-- > 0;) {
        unsigned d = order.p[i] - sig.rs[32 + i] - borrow;
        high.rs[32 + i] = (uint8_t)d;
        borrow = (d >> 8) & 1;
    }
    high.recovery_id ^= 1;
    EXPECT_ERR(ERR_AUTH, secp256k1_verify(&key, &hash, &high));
    struct secp256k1_public recovered;
    EXPECT_OK(secp256k1_recover(&recovered, &hash, &high));
    EXPECT_SPAN(SPAN_OF(key.xy), SPAN_OF(recovered.xy));
    EXPECT(secp256k1_normalize(&high));
    EXPECT_SPAN(SPAN_OF(sig.rs), SPAN_OF(high.rs));
    EXPECT_EQ(sig.recovery_id, high.recovery_id);
    EXPECT(!secp256k1_normalize(&high));
}

TEST(recovery_refuses_what_is_out_of_range)
{
    struct secp256k1_public key;
    struct hash32 hash = {{1}};
    struct secp256k1_signature sig = {.rs = {1}, .recovery_id = 4};
    sig.rs[63] = 1;
    EXPECT_ERR(ERR_MALFORMED, secp256k1_recover(&key, &hash, &sig));
    sig.recovery_id = 0;
    sig.rs[63] = 0; /* s = 0 */
    EXPECT_ERR(ERR_MALFORMED, secp256k1_recover(&key, &hash, &sig));
    memset(sig.rs, 0xff, sizeof sig.rs);
    EXPECT_ERR(ERR_MALFORMED, secp256k1_recover(&key, &hash, &sig));
    EXPECT(!secp256k1_normalize(&sig));
    EXPECT_ERR(ERR_AUTH, secp256k1_verify(&key, &hash, &sig));
    memset(sig.rs, 0, sizeof sig.rs);
    sig.rs[31] = 5; /* no point has x = 5 */
    sig.rs[63] = 1;
    EXPECT_ERR(ERR_AUTH, secp256k1_recover(&key, &hash, &sig));
}

TEST(der_round_trip)
{
    struct secp256k1_signature sig;
    struct secp256k1_signature back;
    uint8_t der[SECP256K1_DER_MAX];
    struct secret32 secret = secret_of(vectors[2].secret);
    struct hash32 hash = {{9}};
    EXPECT_OK(secp256k1_sign(&sig, &secret, &hash));
    size_t n = secp256k1_der_encode(der, &sig);
    EXPECT_OK(secp256k1_der_decode(&back, span_of(der, n)));
    EXPECT_SPAN(SPAN_OF(sig.rs), SPAN_OF(back.rs));
    for (size_t cut = 0; cut < n; cut++) {
        EXPECT_ERR(ERR_MALFORMED, secp256k1_der_decode(&back, span_of(der, cut)));
    }
}

/* (a + b) G = a G + b G, and the order as tweak is refused. */
TEST(sums_of_secrets_and_of_points_agree)
{
    struct secret32 a =
        secret_of("0000000000000000000000000000000000000000000000000000000000000005");
    struct secret32 b =
        secret_of("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413f");
    struct secp256k1_public sum;
    struct secp256k1_public three;
    EXPECT_OK(secp256k1_public_init(&sum, &a));
    EXPECT_OK(secp256k1_public_add(&sum, &b)); /* b = order - 2 */
    EXPECT_OK(secp256k1_secret_add(&a, &b));
    EXPECT_EQ(3, a.bytes[31]);
    EXPECT_OK(secp256k1_public_init(&three, &a));
    EXPECT_SPAN(SPAN_OF(three.xy), SPAN_OF(sum.xy));
    struct secret32 order = secret_of(order_hex);
    EXPECT_ERR(ERR_MALFORMED, secp256k1_secret_add(&a, &order));
    EXPECT_ERR(ERR_MALFORMED, secp256k1_public_add(&sum, &order));
    struct secret32 minus_three =
        secret_of("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413e");
    EXPECT_ERR(ERR_MALFORMED, secp256k1_secret_add(&a, &minus_three));
    EXPECT_EQ(3, a.bytes[31]);
}

static bool bitcoin_case(const struct wycheproof_case *c)
{
    struct secp256k1_public key;
    struct secp256k1_signature sig;
    struct hash32 hash;
    sha256(&hash, wycheproof_hex(c, "msg"));
    return EXPECT_OK(secp256k1_public_parse(&key, wycheproof_hex(c, "uncompressed"))) &&
           secp256k1_der_decode(&sig, wycheproof_hex(c, "sig")) == OK &&
           secp256k1_verify(&key, &hash, &sig) == OK;
}

TEST(wycheproof_ecdsa_secp256k1_bitcoin)
{
    wycheproof_run("vectors/wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json", bitcoin_case,
                   NULL);
}

TEST_MAIN
