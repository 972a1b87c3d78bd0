/* RFC 7748 and Wycheproof. */
#include "crypto/x25519.h"

#include "base/test.h"
#include "crypto/wycheproof_test.h"

#include <string.h>

static void key_of(struct x25519_key *ret_key, struct span secret)
{
    struct secret32 s;
    (void)span_copy(MSPAN_OF(s.bytes), secret);
    EXPECT_OK(x25519_key_init(ret_key, &s));
}

/* Source: RFC 7748 §6.1. */
TEST(bob_of_rfc_7748_and_alices_public_key)
{
    struct x25519_key bob;
    struct secret32 shared;
    key_of(&bob, test_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    EXPECT_SPAN(test_hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
                SPAN_OF(bob.public_bytes));
    struct span alice =
        test_hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    EXPECT_OK(x25519_shared(&shared, &bob, alice.p));
    EXPECT_SPAN(test_hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"),
                SPAN_OF(shared.bytes));
}

/* Source: RFC 7748 §5.2, the iterated function after 1 and 1,000 rounds. */
TEST(a_thousand_rounds)
{
    uint8_t u[32] = {9};
    struct secret32 k = {{9}};
    for (int i = 1; i <= 1000; i++) {
        struct x25519_key key;
        struct secret32 out;
        EXPECT_OK(x25519_key_init(&key, &k));
        TEST_REQUIRE(x25519_shared(&out, &key, u) == OK);
        memcpy(u, k.bytes, sizeof u);
        memcpy(k.bytes, out.bytes, sizeof k.bytes);
        if (i == 1) {
            EXPECT_SPAN(
                test_hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"),
                SPAN_OF(k.bytes));
        }
    }
    EXPECT_SPAN(test_hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"),
                SPAN_OF(k.bytes));
}

/* Points of order 1, 2, 4 and 8 and their non-canonical forms, from the table in libsodium's manual of the field
 * (Bernstein, "Curve25519: new Diffie-Hellman speed records", "small-order"). */
TEST(a_peer_of_small_order_is_refused)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct x25519_key key;
    key_of(&key, test_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct secret32 shared = {{7}};
        test_note("%s", points[i]);
        EXPECT_ERR(ERR_AUTH, x25519_shared(&shared, &key, test_hex(points[i]).p));
        EXPECT_EQ(7, shared.bytes[0]); /* untouched */
    }
}

static bool x25519_case(const struct wycheproof_case *c)
{
    struct x25519_key key;
    struct secret32 shared;
    struct span peer = wycheproof_hex(c, "public");
    key_of(&key, wycheproof_hex(c, "private"));
    return peer.n == 32 && x25519_shared(&shared, &key, peer.p) == OK &&
           EXPECT_SPAN(wycheproof_hex(c, "shared"), SPAN_OF(shared.bytes));
}

static const char *x25519_differ(const struct wycheproof_case *c)
{
    static const uint8_t zero[32];
    return span_equal(wycheproof_hex(c, "shared"), SPAN_OF(zero))
               ? "an all-zero shared secret is acceptable to the file and refused by us"
               : NULL;
}

TEST(wycheproof_x25519)
{
    wycheproof_run("vectors/wycheproof/x25519_test.json", x25519_case, x25519_differ);
}

TEST_MAIN
