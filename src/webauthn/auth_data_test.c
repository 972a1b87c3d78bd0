#include "webauthn/auth_data.h"

#include "base/test.h"
#include "crypto/backend.h"
#include "webauthn/relying_party.h"

#include <stdio.h>
#include <string.h>

#define RP32 "a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3"
#define GUID "00000000000000000000000000000000"
/* SEC 2 section 2.4.2: the base point of P-256. */
#define GX  "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define KEY "a5 0102 0326 2001 215820" GX "225820" GY

TEST(layouts)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err want;
    } cases[] = {
        {"plain",                     RP32 "05 00000001",                         OK           },
        {"empty",                     "",                                         ERR_TRUNCATED},
        {"one byte short",            RP32 "05 000000",                           ERR_TRUNCATED},
        {"one byte long",             RP32 "05 00000001 00",                      ERR_MALFORMED},
        {"credential",                RP32 "45 00000001" GUID "0001 aa" KEY,      OK           },
        {"credential, no AT",         RP32 "05 00000001" GUID "0001 aa" KEY,      ERR_MALFORMED},
        {"AT, no credential",         RP32 "45 00000001",                         ERR_TRUNCATED},
        {"empty ID",                  RP32 "45 00000001" GUID "0000" KEY,         ERR_MALFORMED},
        {"ID past the end",           RP32 "45 00000001" GUID "ffff aa" KEY,      ERR_TRUNCATED},
        {"no key",                    RP32 "45 00000001" GUID "0001 aa",          ERR_TRUNCATED},
        {"key and a trailing byte",   RP32 "45 00000001" GUID "0001 aa" KEY "00", ERR_MALFORMED},
        {"extensions",                RP32 "85 00000001 a16161f5",                OK           },
        {"extensions, no map",        RP32 "85 00000001 80",                      ERR_MALFORMED},
        {"extensions missing",        RP32 "85 00000001",                         ERR_TRUNCATED},
        {"extensions, key twice",     RP32 "85 00000001 a26161f56161f5",          ERR_MALFORMED},
        {"credential and extensions", RP32 "c5 00000001" GUID "0001 aa" KEY "a0", OK           },
        {"flags without meaning",     RP32 "27 00000001",                         OK           },
    };
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct auth_data data;
        struct diag why = {0};
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, auth_data_decode(&data, test_hex(cases[i].hex), &why));
        EXPECT((why.rule != NULL) == (cases[i].want != OK));
    }
}

TEST(credential_id_limit)
{
    for (size_t len = AUTH_DATA_CREDENTIAL_ID_MAX; len <= AUTH_DATA_CREDENTIAL_ID_MAX + 1; len++) {
        static uint8_t store[2048];
        struct span key = test_hex(KEY);
        struct wr w = wr_init(MSPAN_OF(store));
        wr_zeros(&w, 32);
        wr_u8(&w, AUTH_DATA_UP | AUTH_DATA_AT);
        wr_zeros(&w, 20);
        wr_be16(&w, (uint16_t)len);
        wr_zeros(&w, len);
        wr_bytes(&w, key);
        struct auth_data data;
        EXPECT_ERR(len > AUTH_DATA_CREDENTIAL_ID_MAX ? ERR_MALFORMED : OK,
                   auth_data_decode(&data, span_of(store, w.n), NULL));
    }
}

TEST(keys)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err want;
        enum cose_key_kind kind;
    } cases[] = {
        {"ES256",                   KEY,                                         OK,            COSE_KEY_ES256},
        {"ES256, another order",    "a5 2001 0326 0102 225820" GY "215820" GX,   OK,            COSE_KEY_ES256},
        {"x and y exchanged",       "a5 0102 0326 2001 215820" GY "225820" GX,   ERR_MALFORMED,
         COSE_KEY_OTHER                                                                                       },
        {"another curve",           "a5 0102 0326 2002 215820" GX "225820" GY,   ERR_MALFORMED, COSE_KEY_OTHER},
        {"another key type",        "a5 0101 0326 2001 215820" GX "225820" GY,   ERR_MALFORMED,
         COSE_KEY_OTHER                                                                                       },
        {"compressed: y a boolean", "a5 0102 0326 2001 215820" GX "22f5",        ERR_MALFORMED,
         COSE_KEY_OTHER                                                                                       },
        {"no y",                    "a4 0102 0326 2001 215820" GX,               ERR_MALFORMED, COSE_KEY_OTHER},
        {"no alg",                  "a4 0102 2001 215820" GX "225820" GY,        ERR_MALFORMED, COSE_KEY_OTHER},
        {"no kty",                  "a4 0326 2001 215820" GX "225820" GY,        ERR_MALFORMED, COSE_KEY_OTHER},
        {"EdDSA",                   "a4 0101 0327 2006 215820" GX,               OK,            COSE_KEY_EDDSA},
        {"EdDSA, short x",          "a4 0101 0327 2006 2141aa",                  ERR_MALFORMED, COSE_KEY_OTHER},
        {"EdDSA on X25519",         "a4 0101 0327 2004 215820" GX,               ERR_MALFORMED, COSE_KEY_OTHER},
        {"RS256, small modulus",    "a4 0103 03390100 2041aa 2143010001",        ERR_MALFORMED,
         COSE_KEY_OTHER                                                                                       },
        {"EdDSA, no curve",         "a3 0101 0327 215820" GX,                    ERR_MALFORMED, COSE_KEY_OTHER},
        {"EdDSA, no x",             "a3 0101 0327 2006",                         ERR_MALFORMED, COSE_KEY_OTHER},
        {"EdDSA of another type",   "a4 0102 0327 2006 215820" GX,               ERR_MALFORMED, COSE_KEY_OTHER},
        {"ES256, no curve",         "a4 0102 0326 215820" GX "225820" GY,        ERR_MALFORMED, COSE_KEY_OTHER},
        {"ES256, no x",             "a4 0102 0326 2001 225820" GY,               ERR_MALFORMED, COSE_KEY_OTHER},
        {"ES256, long x",
         "a5 0102 0326 2001 215821" GX "00"
         "225820" GY,
         ERR_MALFORMED,                                                                         COSE_KEY_OTHER},
        {"ES256, short y",          "a5 0102 0326 2001 215820" GX "2241aa",      ERR_MALFORMED, COSE_KEY_OTHER},
        {"kty is text",             "a5 016161 0326 2001 215820" GX "225820" GY, ERR_MALFORMED, COSE_KEY_OTHER},
        {"RS256, no n",             "a3 0103 03390100 2143010001",               ERR_MALFORMED, COSE_KEY_OTHER},
        {"RS256, no e",             "a3 0103 03390100 2041aa",                   ERR_MALFORMED, COSE_KEY_OTHER},
        {"RS256 of another type",   "a4 0102 03390100 2041aa 2143010001",        ERR_MALFORMED,
         COSE_KEY_OTHER                                                                                       },
        {"ES384",                   "a2 0102 033822",                            OK,            COSE_KEY_OTHER},
        {"no map",                  "80",                                        ERR_MALFORMED, COSE_KEY_OTHER},
    };
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cbor map;
        struct cose_key key = {.kind = COSE_KEY_OTHER};
        test_note("%s", cases[i].name);
        TEST_REQUIRE(EXPECT_OK(cbor_decode(&map, test_hex(cases[i].hex), CBOR_ANY_ORDER)));
        EXPECT_ERR(cases[i].want, cose_key_decode(&key, map));
        EXPECT_EQ(cases[i].kind, key.kind);
    }
}

TEST(backup_flags)
{
    const struct relying_party rp = {.id = SPAN_LIT("a")};
    for (unsigned flags = 0; flags < 256; flags++) {
        struct auth_data data = {.flags = (uint8_t)flags};
        data.rp_id_hash = test_hex("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48b"
                                   "b"); /* SHA-256 of "a", FIPS 180 */
        bool is_good =
            (flags & AUTH_DATA_UP) && (!(flags & AUTH_DATA_BS) || (flags & AUTH_DATA_BE));
        EXPECT_ERR(is_good ? OK : ERR_AUTH, auth_data_verify(&data, &rp, NULL));
    }
}

TEST(length_limit)
{
    static uint8_t large[AUTH_DATA_LEN_MAX + 1];
    struct auth_data data;
    EXPECT_ERR(ERR_LIMIT, auth_data_decode(&data, SPAN_OF(large), NULL));
}

TEST(rsa_sizes)
{
    static const struct {
        size_t n_len;
        size_t e_len;
        enum err want;
    } cases[] = {
        {255,  3, ERR_MALFORMED},
        {256,  3, OK           },
        {1024, 3, OK           },
        {1025, 3, ERR_MALFORMED},
        {256,  0, ERR_MALFORMED},
        {256,  9, ERR_MALFORMED}
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static uint8_t store[1200];
        static const uint8_t bytes[1025] = {0x80};
        struct wr w = wr_init(MSPAN_OF(store));
        struct cbor map;
        struct cose_key key;
        cbor_write_map(&w, 4);
        cbor_write_i64(&w, 1);
        cbor_write_i64(&w, 3);
        cbor_write_i64(&w, 3);
        cbor_write_i64(&w, COSE_ALG_RS256);
        cbor_write_i64(&w, -1);
        cbor_write_bytes(&w, span_of(bytes, cases[i].n_len));
        cbor_write_i64(&w, -2);
        cbor_write_bytes(&w, span_of(bytes, cases[i].e_len));
        test_note("%zu, %zu", cases[i].n_len, cases[i].e_len);
        TEST_REQUIRE(EXPECT_OK(cbor_decode(&map, span_of(store, w.n), CBOR_CANONICAL)));
        EXPECT_ERR(cases[i].want, cose_key_decode(&key, map));
    }
}

TEST_MAIN
