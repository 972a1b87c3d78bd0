#include "beacon/bls.h"

#include "base/test.h"
#include "beacon/signer_test.h"

#include <string.h>

/* ethereum/bls12-381-tests: the three keys of its cases. */
static const char *const keys_hex[] = {
    "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f7"
    "9a",
    "b301803f8b5ac4a1133581fc676dfedc60d891dd5fa99028805e5ea5b08d3491af75d0707adab3b70c6a6a580217bf"
    "81",
    "b53d21a4cfd562c469cc81514d4ce5a6b577d8403d32a394dc265dd190b47fa9f829fdd7963afdf972e5e77854051f"
    "6f",
};

static const struct {
    const char *name;
    uint8_t message; /* 32 of it */
    uint8_t signers;
    const char *signature;
} vectors[] = {
    {"sign_case_84d45c9c7cca6b92", 0xab, 1,
     "91347bccf740d859038fcdcaf233eeceb2a436bcaaee9b2aa3bfb70efe29dfb2677562ccbea1c8e061fb9971b0753"
     "c24"
     "0622fab78489ce96768259fc01360346da5b9f579e5da0d941e4c6ba18a0e64906082375394f337fa1af2b7127b0d"
     "121"},
    {"sign_case_d0e28d7e76eb6e9c", 0x00, 1,
     "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb515"
     "809"
     "0352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285"
     "a55"},
    {"fast_aggregate_verify",      0xab, 7,
     "9712c3edd73a209c742b8250759db12549b3eaf43b5ca61376d9f30e2747dbcf842d8b2ac0901d2a093713e20284a"
     "767"
     "0fcf6954e9ab93de991bb9b313e664785a075fc285806fa5224c82bde146561b446ccfc706a64b8579513cfc4ff1d"
     "930"},
};

static void load_keys(struct g1 keys[static 3])
{
    for (size_t i = 0; i < 3; i++) {
        (void)EXPECT_OK(bls_key_verify(&keys[i], test_hex(keys_hex[i]).p));
    }
}

TEST(vectors_of_the_specification)
{
    struct g1 keys[3] = {0};
    load_keys(keys);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t message[32];
        memset(message, vectors[i].message, sizeof message);
        struct span signature = test_hex(vectors[i].signature);
        struct bls_signers signers = {.keys = keys, .bits = &vectors[i].signers, .keys_count = 3};
        test_note("%s", vectors[i].name);
        EXPECT_OK(bls_aggregate_verify(&signers, SPAN_OF(message), signature.p));
        /* The same for others, for another message, and negated. */
        for (uint8_t other = 0; other < 8; other++) {
            if (other != vectors[i].signers) {
                signers.bits = &other;
                EXPECT_ERR(ERR_AUTH, bls_aggregate_verify(&signers, SPAN_OF(message), signature.p));
            }
        }
        signers.bits = &vectors[i].signers;
        message[31] ^= 1;
        EXPECT_ERR(ERR_AUTH, bls_aggregate_verify(&signers, SPAN_OF(message), signature.p));
        message[31] ^= 1;
        uint8_t negated[BLS_SIGNATURE_LEN];
        memcpy(negated, signature.p, sizeof negated);
        negated[0] ^= 0x20;
        EXPECT_ERR(ERR_AUTH, bls_aggregate_verify(&signers, SPAN_OF(message), negated));
    }
}

TEST(keys_refused)
{
    static const struct {
        const char *name;
        uint8_t first; /* of zeros otherwise */
        uint8_t last;
    } cases[] = {
        {"infinity",                           0xc0, 0},
        {"infinity with a sign",               0xe0, 0},
        {"zeros",                              0,    0},
        {"on the curve, of order three",       0x80, 0},
        {"not on the curve",                   0x80, 1},
        {"on the curve, outside of the group", 0x80, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[BLS_KEY_LEN] = {cases[i].first};
        struct g1 key;
        bytes[BLS_KEY_LEN - 1] = cases[i].last;
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_MALFORMED, bls_key_verify(&key, bytes));
    }
}

/* Colibri finding 6: a decompressed point was taken for one of the group. */
TEST(hole_signatures_outside_of_the_group)
{
    struct g1 keys[3] = {0};
    uint8_t bits = 7;
    uint8_t signature[BLS_SIGNATURE_LEN] = {0xc0};
    struct bls_signers signers = {.keys = keys, .bits = &bits, .keys_count = 3};
    load_keys(keys);
    test_note("infinity");
    EXPECT_ERR(ERR_MALFORMED, bls_aggregate_verify(&signers, SPAN_LIT("m"), signature));
    size_t outside = 0;
    for (uint8_t x = 0; x < 10; x++) {
        struct g2 point;
        signature[0] = 0x80;
        signature[BLS_SIGNATURE_LEN - 1] = x;
        test_note("x = %u", x);
        outside += g2_decode(&point, signature) == OK;
        EXPECT_ERR(ERR_MALFORMED, bls_aggregate_verify(&signers, SPAN_LIT("m"), signature));
    }
    EXPECT(outside > 0); /* points of the curve, refused for their order */
}

/* Colibri finding 7: the same key twice needs a doubling, which an incomplete addition gets wrong. */
TEST(hole_a_key_twice_counts_twice)
{
    struct bls_signer s[4];
    struct g1 keys[4];
    uint8_t bits = 0xf;
    uint8_t signature[BLS_SIGNATURE_LEN];
    static const uint64_t secrets[4] = {5, 5, 10, 5};
    for (size_t i = 0; i < 4; i++) {
        signer_init(&s[i], secrets[i]);
        keys[i] = s[i].key;
    }
    struct bls_signers signers = {.keys = keys, .bits = &bits, .keys_count = 4};
    for (bits = 1; bits < 16; bits++) {
        test_note("signers %x", bits);
        signer_sign(signature, s, span_of(&bits, 1), SPAN_LIT("message"));
        EXPECT_OK(bls_aggregate_verify(&signers, SPAN_LIT("message"), signature));
    }
    /* Counted once it is another signature. */
    bits = 1;
    signer_sign(signature, s, span_of(&bits, 1), SPAN_LIT("message"));
    bits = 3;
    EXPECT_ERR(ERR_AUTH, bls_aggregate_verify(&signers, SPAN_LIT("message"), signature));
}

TEST(keys_that_cancel_out_sign_nothing)
{
    struct bls_signer s[2];
    struct g1 keys[2];
    uint8_t bits = 1;
    uint8_t signature[BLS_SIGNATURE_LEN];
    signer_init(&s[0], 77);
    keys[0] = s[0].key;
    keys[1] = s[0].key;
    fp_neg(&keys[1].y, &keys[1].y);
    signer_sign(signature, s, span_of(&bits, 1), SPAN_LIT("message"));
    struct bls_signers signers = {.keys = keys, .bits = &bits, .keys_count = 2};
    EXPECT_OK(bls_aggregate_verify(&signers, SPAN_LIT("message"), signature));
    bits = 3;
    EXPECT_ERR(ERR_AUTH, bls_aggregate_verify(&signers, SPAN_LIT("message"), signature));
    bits = 0;
    EXPECT_ERR(ERR_AUTH, bls_aggregate_verify(&signers, SPAN_LIT("message"), signature));
}

/* Keys of a committee are not looked at one by one, but what is outside of the group does not get through in their sum. */
TEST(a_sum_outside_of_the_group_is_refused)
{
    struct bls_signer s;
    struct g1 keys[2];
    uint8_t low_order[BLS_KEY_LEN] = {0x80};
    uint8_t bits = 1;
    uint8_t signature[BLS_SIGNATURE_LEN];
    signer_init(&s, 77);
    signer_sign(signature, &s, span_of(&bits, 1), SPAN_LIT("message"));
    keys[0] = s.key;
    TEST_REQUIRE(g1_decode(&keys[1], low_order) == OK);
    struct bls_signers signers = {.keys = keys, .bits = &bits, .keys_count = 2};
    EXPECT_OK(bls_aggregate_verify(&signers, SPAN_LIT("message"), signature));
    bits = 3;
    EXPECT_ERR(ERR_AUTH, bls_aggregate_verify(&signers, SPAN_LIT("message"), signature));
}

TEST_MAIN
