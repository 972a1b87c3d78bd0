#include "evm/bip32.h"

#include "base/rng.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "evm/address.h"
#include "evm/bip39.h"

#include <string.h>

static struct span line_take(struct span *rest)
{
    struct span line = span_take(rest, span_find(*rest, '\n'));
    *rest = span_from(*rest, 1);
    return line;
}

/* "m/0<sub>H</sub>/1" as "m/0h/1". */
static void path_of(struct bip32_path *path, struct span text)
{
    uint8_t plain[BIP32_PATH_TEXT_MAX];
    size_t n = 0;
    static const struct span mark = SPAN_INIT("<sub>H</sub>");
    while (text.n > 0 && n < sizeof plain) {
        bool is_mark = span_starts_with(text, mark);
        plain[n++] = is_mark ? 'h' : text.p[0];
        text = span_from(text, is_mark ? mark.n : 1);
    }
    EXPECT_OK(bip32_path_parse(path, span_of(plain, n)));
}

static void check_chain(struct span seed, struct span path_text, struct span pub, struct span prv)
{
    struct bip32_path path = {.count = 0};
    struct bip32_key key;
    struct bip32_key parsed;
    struct bip32_public public_key;
    struct bip32_public parsed_public;
    char text[BIP32_TEXT_MAX];
    path_of(&path, path_text);
    TEST_REQUIRE(bip32_derive_path(&key, seed, &path) == OK);
    TEST_REQUIRE(bip32_public_of(&public_key, &key) == OK);
    EXPECT_OK(bip32_print(text, &key));
    EXPECT_SPAN(prv, span_str(text));
    bip32_public_print(text, &public_key);
    EXPECT_SPAN(pub, span_str(text));
    EXPECT_OK(bip32_parse(&parsed, prv));
    EXPECT_SPAN(SPAN_OF(key.secret.bytes), SPAN_OF(parsed.secret.bytes));
    EXPECT_OK(bip32_public_parse(&parsed_public, pub));
    EXPECT_SPAN(SPAN_OF(public_key.key.xy), SPAN_OF(parsed_public.key.xy));
}

/* bitcoin/bips bip-0032 "Test Vectors": vectors 1 to 4 are chains, vector 5 lists keys to refuse. */
TEST(vectors_of_the_specification)
{
    struct span rest;
    if (!test_fixture("vectors/bip39/bip32-test-vectors.mediawiki", &rest)) {
        return;
    }
    EXPECT_OK(crypto_init());
    struct span seed = SPAN_EMPTY;
    struct span path = SPAN_EMPTY;
    struct span pub = SPAN_EMPTY;
    size_t chains = 0;
    size_t refused = 0;
    while (rest.n > 0) {
        struct span line = line_take(&rest);
        test_note("%.*s", (int)line.n, line.n > 0 ? (const char *)line.p : "");
        if (span_starts_with(line, SPAN_LIT("Seed (hex): "))) {
            char hex[200] = {0};
            (void)span_copy(mspan_of(hex, sizeof hex - 1), span_from(line, 12));
            seed = test_hex(hex);
        } else if (span_starts_with(line, SPAN_LIT("* Chain "))) {
            path = span_from(line, 8);
        } else if (span_starts_with(line, SPAN_LIT("** ext pub: "))) {
            pub = span_from(line, 12);
        } else if (span_starts_with(line, SPAN_LIT("** ext prv: "))) {
            check_chain(seed, path, pub, span_from(line, 12));
            chains++;
        } else if (span_starts_with(line, SPAN_LIT("* "))) {
            struct span text = span_from(line, 2);
            struct bip32_key key;
            struct bip32_public public_key;
            text = span_first(text, span_find(text, ' '));
            EXPECT_ERR(ERR_MALFORMED, bip32_parse(&key, text));
            EXPECT_ERR(ERR_MALFORMED, bip32_public_parse(&public_key, text));
            refused++;
        }
    }
    EXPECT_EQ(17, chains);
    EXPECT_EQ(16, refused);
}

/* Vector 1, so that the suite stands without fixtures. */
TEST(the_first_vector)
{
    EXPECT_OK(crypto_init());
    check_chain(
        test_hex("000102030405060708090a0b0c0d0e0f"), SPAN_LIT("m/0<sub>H</sub>/1"),
        SPAN_LIT("xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5u"
                 "Mash7SyYq527Hqck2AxYysAA7xmALppuCkwQ"),
        SPAN_LIT("xprv9wTYmMFdV23N2TdNG573QoEsfRrWKQgWeibmLntzniatZvR9BmLnvSxqu53Kw1UmYPxLgbo"
                 "yZQaXwTCg8MSY3H2EU4pWcQDnRnrVA1xe8fs"));
}

TEST(public_children_are_those_of_the_secret)
{
    struct rng_seeded rng;
    uint8_t seed[32];
    struct bip32_key key;
    struct bip32_public from_public;
    struct bip32_public from_secret;
    EXPECT_OK(crypto_init());
    rng_seeded_init(&rng, test_seed());
    rng_fill(&rng.rng, MSPAN_OF(seed));
    EXPECT_OK(bip32_master(&key, SPAN_OF(seed)));
    EXPECT_OK(bip32_public_of(&from_public, &key));
    for (int i = 0; i < 20; i++) {
        uint32_t index = (uint32_t)rng_below(&rng.rng, BIP32_HARDENED);
        EXPECT_OK(bip32_derive(&key, &key, index));
        EXPECT_OK(bip32_public_derive(&from_public, &from_public, index));
        EXPECT_OK(bip32_public_of(&from_secret, &key));
        EXPECT(memcmp(&from_public, &from_secret, sizeof from_public) == 0);
    }
    EXPECT_ERR(ERR_DENIED, bip32_public_derive(&from_public, &from_public, BIP32_HARDENED));
    key.place.depth = UINT8_MAX;
    from_public.place.depth = UINT8_MAX;
    EXPECT_ERR(ERR_LIMIT, bip32_derive(&key, &key, 0));
    EXPECT_ERR(ERR_LIMIT, bip32_public_derive(&from_public, &from_public, 0));
}

TEST(seed_lengths)
{
    uint8_t seed[BIP32_SEED_MAX + 1] = {1};
    struct bip32_key key;
    EXPECT_OK(crypto_init());
    EXPECT_ERR(ERR_LIMIT, bip32_master(&key, span_of(seed, BIP32_SEED_MIN - 1)));
    EXPECT_OK(bip32_master(&key, span_of(seed, BIP32_SEED_MIN)));
    EXPECT_OK(bip32_master(&key, span_of(seed, BIP32_SEED_MAX)));
    EXPECT_ERR(ERR_LIMIT, bip32_master(&key, span_of(seed, BIP32_SEED_MAX + 1)));
}

TEST(paths)
{
    static const struct {
        const char *text;
        const char *back; /* NULL: refused */
        enum err err;
    } cases[] = {
        {"m",                         "m",                      OK           },
        {"m/0",                       "m/0",                    OK           },
        {"m/44'/60h/0H/0/5",          "m/44'/60'/0'/0/5",       OK           },
        {"m/2147483647'",             "m/2147483647'",          OK           },
        {"m/1/2/3/4/5/6/7/8/9/10",    "m/1/2/3/4/5/6/7/8/9/10", OK           },
        {"m/1/2/3/4/5/6/7/8/9/10/11", NULL,                     ERR_LIMIT    },
        {"m/2147483648",              NULL,                     ERR_MALFORMED},
        {"m/99999999999999999999",    NULL,                     ERR_MALFORMED},
        {"",                          NULL,                     ERR_MALFORMED},
        {"44'/60'",                   NULL,                     ERR_MALFORMED},
        {"M/0",                       NULL,                     ERR_MALFORMED},
        {"m/",                        NULL,                     ERR_MALFORMED},
        {"m//0",                      NULL,                     ERR_MALFORMED},
        {"m/0/",                      NULL,                     ERR_MALFORMED},
        {"m/'",                       NULL,                     ERR_MALFORMED},
        {"m/0''",                     NULL,                     ERR_MALFORMED},
        {"m/-1",                      NULL,                     ERR_MALFORMED},
        {"m/00",                      NULL,                     ERR_MALFORMED},
        {"m0",                        NULL,                     ERR_MALFORMED},
        {"m/0 ",                      NULL,                     ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bip32_path path = {.count = 99};
        char text[BIP32_PATH_TEXT_MAX];
        test_note("%s", cases[i].text);
        EXPECT_ERR(cases[i].err, bip32_path_parse(&path, span_str(cases[i].text)));
        if (cases[i].back) {
            bip32_path_print(text, &path);
            EXPECT_STR(cases[i].back, text);
        } else {
            EXPECT_EQ(99, path.count);
        }
    }
}

/* The first accounts of the phrase that every development node uses; by viem's mnemonicToAccount. */
TEST(accounts_as_other_wallets_number_them)
{
    static const struct {
        enum bip44_style style;
        uint32_t i;
        const char *path;
        const char *address;
    } cases[] = {
        {BIP44_ADDRESS, 0, "m/44'/60'/0'/0/0", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"},
        {BIP44_ADDRESS, 9, "m/44'/60'/0'/0/9", "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"},
        {BIP44_ACCOUNT, 1, "m/44'/60'/1'/0/0", "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650"},
        {BIP44_LEGACY,  1, "m/44'/60'/0'/1",   "0xc89D42189f0450C2b2c3c61f58Ec5d628176A1E7"},
    };
    struct secret64 seed;
    EXPECT_OK(crypto_init());
    EXPECT_OK(bip39_seed(&seed, test_budget(),
                         SPAN_LIT("test test test test test test test test test test test junk"),
                         SPAN_EMPTY));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bip32_path path;
        struct bip32_key key;
        struct bip32_public public_key;
        char text[BIP32_PATH_TEXT_MAX];
        char address[ADDRESS_TEXT_LEN];
        EXPECT_OK(bip44_path(&path, cases[i].style, cases[i].i));
        bip32_path_print(text, &path);
        EXPECT_STR(cases[i].path, text);
        EXPECT_OK(bip32_derive_path(&key, SPAN_OF(seed.bytes), &path));
        EXPECT_OK(bip32_public_of(&public_key, &key));
        address_print(address, address_of_public_key(public_key.key.xy));
        EXPECT_STR(cases[i].address, address);
    }
    struct bip32_path path;
    EXPECT_OK(bip44_path(&path, BIP44_LEGACY, BIP32_HARDENED - 1));
    EXPECT_ERR(ERR_LIMIT, bip44_path(&path, BIP44_LEGACY, BIP32_HARDENED));
}

TEST_MAIN
