/* Keys of peers: the vectors of libp2p/peer-ids, and what must be refused. */
#include "p2p/key.h"

#include "base/test.h"
#include "base/wr.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/secp256k1.h"

#include <string.h>

/* Source: libp2p/specs, peer-ids/peer-ids.md, "Test vectors". */
static const char ed25519_hex[] =
    "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
static const char ed25519_seed_hex[] =
    "7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d";
static const char secp256k1_hex[] =
    "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";
static const char secp256k1_secret_hex[] =
    "53dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb";
static const char ecdsa_hex[] =
    "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab"
    "44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e"
    "62";
static const char ecdsa_secret_hex[] =
    "3e5b1fe9712e6c314942a750bd67485de3c1efe85b1bfb520ae8f9ae3dfa4a4c";
static const char rsa_hex[] =
    "080012a60430820222300d06092a864886f70d01010105000382020f003082020a0282020100e1beab071d08200b"
    "de24eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c090f66b0f29986dbb645dae9"
    "880089704a94e5066d594162ae6ee8892e6ec70701db0a6c445c04778eb3de1293aa1a23c3825b85c6620a2bc3f8"
    "2f9b0c309bc0ab3aeb1873282bebd3da03c33e76c21e9beb172fd44c9e43be32e2c99827033cf8d0f0c606f45793"
    "26c930eb4e854395ad941256542c793902185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb43"
    "5ec679d2e33901d27bb35aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d9"
    "8b3982d2a901b4454991766da295ab78822add5612a2df83bcee814cf50973e80d7ef38111b1bd87da2ae92438a2"
    "c8cbcc70b31ee319939a3b9c761dbc13b5c086d6b64bf7ae7dacc14622375d92a8ff9af7eb962162bbddebf90acb"
    "32adb5e4e4029f1c96019949ecfbfeffd7ac1e3fbcc6b6168c34be3d5a2e5999fcbb39bba7adbca78eab09b9bc39"
    "f7fa4b93411f4cc175e70c0a083e96bfaefb04a9580b4753c1738a6a760ae1afd851a1a4bdad231cf56e9284d832"
    "483df215a46c1c21bdf0c6cfe951c18f1ee4078c79c13d63edb6e14feaeffabc90ad317e4875fe648101b0864097"
    "e998f0ca3025ef9638cd2b0caecd3770ab54a1d9c6ca959b0f5dcbc90caeefc4135baca6fd475224269bbe1b0203"
    "010001";

static struct public_key decoded(const char *hex)
{
    struct public_key key = {.data = SPAN_EMPTY};
    EXPECT_OK(key_decode(&key, test_hex(hex)));
    return key;
}

static struct secret32 secret_of(const char *hex)
{
    struct secret32 s;
    (void)span_copy(MSPAN_OF(s.bytes), test_hex(hex));
    return s;
}

TEST(the_four_types_decode_and_encode_back)
{
    static const struct {
        const char *hex;
        enum key_type type;
    } keys[] = {
        {ed25519_hex,   KEY_ED25519  },
        {secp256k1_hex, KEY_SECP256K1},
        {ecdsa_hex,     KEY_ECDSA    },
        {rsa_hex,       KEY_RSA      },
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct public_key key;
        uint8_t out[KEY_ENCODED_MAX];
        test_note("%s", key_type_name(keys[i].type));
        TEST_REQUIRE(key_decode(&key, test_hex(keys[i].hex)) == OK);
        EXPECT_EQ(keys[i].type, key.type);
        struct wr w = wr_init(MSPAN_OF(out));
        key_encode(&w, &key);
        EXPECT_OK(wr_end(&w));
        EXPECT_SPAN(test_hex(keys[i].hex), span_of(out, w.n));
        for (size_t cut = 0; cut < w.n; cut++) {
            EXPECT(key_decode(&key, span_of(out, cut)) != OK);
        }
    }
}

TEST(ed25519_signs_for_the_vector)
{
    struct ed25519_key pair;
    struct ed25519_public public_key;
    struct ed25519_signature sig;
    struct secret32 seed = secret_of(ed25519_seed_hex);
    uint8_t encoded[KEY_ED25519_ENCODED_LEN];
    ed25519_key_init(&pair, &seed);
    ed25519_key_public(&public_key, &pair);
    key_encode_ed25519(encoded, public_key.bytes);
    EXPECT_SPAN(test_hex(ed25519_hex), SPAN_OF(encoded));
    ed25519_sign(&sig, &pair, SPAN_LIT("message"));
    struct public_key key = decoded(ed25519_hex);
    EXPECT_OK(key_verify(&key, SPAN_LIT("message"), SPAN_OF(sig.bytes)));
    EXPECT_ERR(ERR_AUTH, key_verify(&key, SPAN_LIT("messagf"), SPAN_OF(sig.bytes)));
    EXPECT_ERR(ERR_MALFORMED, key_verify(&key, SPAN_LIT("message"), span_of(sig.bytes, 63)));
}

TEST(secp256k1_signs_for_the_vector)
{
    struct hash32 hash;
    struct secp256k1_signature sig;
    struct secret32 secret = secret_of(secp256k1_secret_hex);
    uint8_t der[SECP256K1_DER_MAX];
    sha256(&hash, SPAN_LIT("message"));
    EXPECT_OK(secp256k1_sign(&sig, &secret, &hash));
    size_t n = secp256k1_der_encode(der, &sig);
    struct public_key key = decoded(secp256k1_hex);
    EXPECT_OK(key_verify(&key, SPAN_LIT("message"), span_of(der, n)));
    EXPECT_ERR(ERR_AUTH, key_verify(&key, SPAN_LIT("messagf"), span_of(der, n)));
    EXPECT_ERR(ERR_MALFORMED, key_verify(&key, SPAN_LIT("message"), span_of(der, n - 1)));
}

TEST(ecdsa_signs_for_the_vector)
{
    struct hash32 hash;
    struct p256_signature sig;
    struct secret32 secret = secret_of(ecdsa_secret_hex);
    uint8_t der[P256_DER_MAX];
    sha256(&hash, SPAN_LIT("message"));
    EXPECT_OK(p256_sign(&sig, &secret, &hash));
    size_t n = p256_der_encode(der, &sig);
    struct public_key key = decoded(ecdsa_hex);
    EXPECT_OK(key_verify(&key, SPAN_LIT("message"), span_of(der, n)));
    EXPECT_ERR(ERR_AUTH, key_verify(&key, SPAN_LIT("messagf"), span_of(der, n)));
    EXPECT_ERR(ERR_MALFORMED, key_verify(&key, SPAN_LIT("message"), span_of(der, n - 1)));
}

struct refused {
    const char *name;
    const char *hex;
    enum err want;
};

TEST(other_spellings_and_wrong_keys_are_refused)
{
    static const struct refused cases[] = {
        {"nothing",                       "",                                            ERR_MALFORMED  },
        {"data alone (type 0 left out)",  "1202aabb",                                    ERR_MALFORMED  },
        {"data before type",
         "12201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e0801",     ERR_MALFORMED  },
        {"type as a long varint",
         "08810012201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",   ERR_MALFORMED  },
        {"length as a long varint",
         "080112a0001ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",   ERR_MALFORMED  },
        {"a field more",
         "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e1800", ERR_MALFORMED  },
        {"type twice",
         "0801080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e", ERR_MALFORMED  },
        {"Ed25519 of 31 bytes",
         "0801121f1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce2",       ERR_MALFORMED  },
        {"Ed25519 of 33 bytes",
         "080112211ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e00",   ERR_MALFORMED  },
        {"secp256k1 off the curve",
         "08021221030000000000000000000000000000000000000000000000000000000000000005",   ERR_MALFORMED  },
        {"type 4",                        "08041200",                                    ERR_UNSUPPORTED},
        {"type 2^32 (would wrap to RSA)", "0880808080101200",                            ERR_UNSUPPORTED},
        {"RSA that is no DER",            "080012021234",                                ERR_MALFORMED  },
        {"ECDSA that is no DER",          "080312021234",                                ERR_MALFORMED  },
        {"ECDSA on P-384 (not done)",
         "080312783076301006072a8648ce3d020106052b8104002203620004aa87ca22be8b05378eb1c71ef320ad746"
         "e1d"
         "3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292d"
         "c29"
         "f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",             ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct public_key key;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, key_decode(&key, test_hex(cases[i].hex)));
    }
    static uint8_t long_one[KEY_ENCODED_MAX + 1] = {0x08, 0x00};
    struct public_key key;
    EXPECT_ERR(ERR_LIMIT, key_decode(&key, SPAN_OF(long_one)));
}

TEST_MAIN
