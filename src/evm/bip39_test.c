#include "evm/bip39.h"

#include "base/rng.h"
#include "base/test.h"
#include "codec/base16.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "evm/fixture_test.h"
#include "evm/wordlist.h"

#include <string.h>

/* The files of the specification, unchanged: SHA-256 of bitcoin/bips bip-0039/ and trezor/python-mnemonic. */
TEST(the_lists_are_those_of_the_specification)
{
    static const char *const hashes[BIP39_LANGUAGE_COUNT] = {
        [BIP39_ENGLISH] = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda",
        [BIP39_CHINESE_SIMPLIFIED] =
            "5c5942792bd8340cb8b27cd592f1015edf56a8c5b26276ee18a482428e7c5726",
        [BIP39_CHINESE_TRADITIONAL] =
            "417b26b3d8500a4ae3d59717d7011952db6fc2fb84b807f3f94ac734e89c1b5f",
        [BIP39_CZECH] = "7e80e161c3e93d9554c2efb78d4e3cebf8fc727e9c52e03b83b94406bdcc95fc",
        [BIP39_FRENCH] = "ebc3959ab7801a1df6bac4fa7d970652f1df76b683cd2f4003c941c63d517e59",
        [BIP39_ITALIAN] = "d392c49fdb700a24cd1fceb237c1f65dcc128f6b34a8aacb58b59384b5c648c2",
        [BIP39_JAPANESE] = "2eed0aef492291e061633d7ad8117f1a2b03eb80a29d0e4e3117ac2528d05ffd",
        [BIP39_KOREAN] = "9e95f86c167de88f450f0aaf89e87f6624a57f973c67b516e338e8e8b8897f60",
        [BIP39_PORTUGUESE] = "2685e9c194c82ae67e10ba59d9ea5345a23dc093e92276fc5361f6667d79cd3f",
        [BIP39_RUSSIAN] = "6d2a988436ed390df3264d4bf52a3b9383d71f7d0f89aca80275ee1e96562f24",
        [BIP39_SPANISH] = "46846a5a0139d1e3cb77293e521c2865f7bcdb82c44e8d0a06a2cd0ecba48c0b",
        [BIP39_TURKISH] = "3444e619f0dc452ef7a230f151bbcaa2c011ba54914d4c9a0a857a258d6ec5f7",
    };
    for (size_t i = 0; i < BIP39_LANGUAGE_COUNT; i++) {
        struct sha256 h;
        struct hash32 hash;
        struct word word;
        test_note("%s", wordlists[i].name);
        sha256_init(&h);
        for (uint32_t k = 0; k < WORDLIST_WORDS; k++) {
            wordlist_at(&word, &wordlists[i], k);
            EXPECT(k % 16 != 0 || wordlist_find(&wordlists[i], &word) == k + 1);
            sha256_add(&h, span_str((const char *)word.bytes));
            sha256_add(&h, SPAN_LIT("\n"));
        }
        sha256_end(&h, &hash);
        EXPECT_SPAN(test_hex(hashes[i]), SPAN_OF(hash.bytes));
    }
}

static struct span phrase_of(struct buf *out, const struct bip39_entropy *e)
{
    buf_init_secret(out, test_budget(), BIP39_PHRASE_MAX);
    EXPECT_OK(bip39_print(out, e));
    return buf_span(out);
}

struct vector {
    enum bip39_language language;
    struct span entropy;
    struct span phrase;
    struct span seed;
};

static void check_vector(const struct vector *v)
{
    struct bip39_entropy e;
    struct secret64 seed;
    EXPECT_OK(bip39_seed(&seed, test_budget(), v->phrase, SPAN_LIT("TREZOR")));
    EXPECT_SPAN(v->seed, SPAN_OF(seed.bytes));
    if (!EXPECT_OK(bip39_parse(&e, test_budget(), v->phrase, NULL))) {
        return;
    }
    /* The two Chinese lists share words: a phrase of both is taken in the first, and stays the same text. */
    EXPECT(e.language == v->language || v->language == BIP39_CHINESE_TRADITIONAL);
    EXPECT(e.language != v->language || span_equal(v->entropy, span_of(e.bytes, e.n)));
    struct bip39_entropy made = {.n = v->entropy.n, .language = v->language};
    memcpy(made.bytes, v->entropy.p, v->entropy.n);
    struct buf text;
    EXPECT_OK(bip39_seed(&seed, test_budget(), phrase_of(&text, &made), SPAN_LIT("TREZOR")));
    EXPECT_SPAN(v->seed, SPAN_OF(seed.bytes));
    buf_done(&text);
}

/* These vectors write hex without 0x. */
static struct span bare_hex(struct json v)
{
    char text[2 * 64 + 1] = "";
    struct span s = fixture_text(v);
    if (EXPECT(s.n < sizeof text)) {
        memcpy(text, s.p, s.n);
    }
    return test_hex(text);
}

/* trezor/python-mnemonic, vectors.json: 24 phrases in each language, passphrase TREZOR. */
TEST(vectors_of_all_languages)
{
    struct span content;
    struct json root;
    if (!test_fixture("vectors/bip39/vectors.json", &content)) {
        return;
    }
    TEST_REQUIRE(json_parse(&root, content, NULL) == OK);
    EXPECT_OK(crypto_init());
    size_t count = 0;
    for (int language = 0; language < BIP39_LANGUAGE_COUNT; language++) {
        const char *name = bip39_language_name((enum bip39_language)language);
        struct json_iter it = json_iterate(fixture_member(root, name));
        struct json row;
        while (json_next(&it, NULL, &row)) {
            struct json cell[3];
            TEST_REQUIRE(json_at(&cell[0], row, 0) && json_at(&cell[1], row, 1) &&
                         json_at(&cell[2], row, 2));
            uint8_t phrase[2048];
            struct wr w = wr_init(MSPAN_OF(phrase));
            EXPECT_OK(json_get_string(&w, cell[1]));
            test_note("%s, %zu", name, count);
            struct vector v = {.language = (enum bip39_language)language,
                               .phrase = span_of(phrase, w.n),
                               .entropy = bare_hex(cell[0]),
                               .seed = bare_hex(cell[2])};
            check_vector(&v);
            count++;
        }
    }
    EXPECT_EQ(12 * 24, count);
}

/* BIP-39's first vector, so that the suite stands without fixtures. */
TEST(the_first_vector)
{
    struct bip39_entropy e;
    struct secret64 seed;
    struct span phrase = SPAN_LIT("abandon abandon abandon abandon abandon abandon abandon abandon "
                                  "abandon abandon abandon about");
    static const uint8_t zero[16];
    EXPECT_OK(bip39_parse(&e, test_budget(), phrase, NULL));
    EXPECT_SPAN(SPAN_OF(zero), span_of(e.bytes, e.n));
    EXPECT_OK(bip39_seed(&seed, test_budget(), phrase, SPAN_LIT("TREZOR")));
    EXPECT_SPAN(test_hex("c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
                         "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"),
                SPAN_OF(seed.bytes));
    struct buf text;
    EXPECT_SPAN(phrase, phrase_of(&text, &e));
    buf_done(&text);
}

/* As a person types it, composed and decomposed, with any blanks and in capitals. */
TEST(forms_that_are_the_same_phrase)
{
    static const struct {
        const char *name;
        const char *text;
        enum bip39_language language;
    } cases[] = {
        {"capitals, tabs, line ends",
         "  Abandon\tABANDON abandon abandon\r\nabandon abandon abandon abandon abandon abandon "
         "abandon   about \n",                                      BIP39_ENGLISH           },
        {"composed accents",
         "\u00e1baco \u00e1baco \u00e1baco \u00e1baco \u00e1baco \u00e1baco \u00e1baco \u00e1baco "
         "\u00e1baco \u00e1baco \u00e1baco abierto",                BIP39_SPANISH           },
        {"decomposed accents, one capital",
         "A\u0301baco a\u0301baco a\u0301baco a\u0301baco a\u0301baco a\u0301baco a\u0301baco "
         "a\u0301baco a\u0301baco a\u0301baco a\u0301baco abierto", BIP39_SPANISH           },
        {"ideographic blanks",
         "\u7684\u3000\u7684\u3000\u7684\u3000\u7684\u3000\u7684\u3000\u7684\u3000\u7684\u3000"
         "\u7684"
         "\u3000\u7684\u3000\u7684\u3000\u7684\u3000\u5728",        BIP39_CHINESE_SIMPLIFIED},
    };
    static const uint8_t zero[16];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bip39_entropy e = {.n = 0};
        struct diag why = {0};
        test_note("%s", cases[i].name);
        EXPECT_OK(bip39_parse(&e, test_budget(), span_str(cases[i].text), &why));
        EXPECT_EQ(cases[i].language, e.language);
        EXPECT_SPAN(SPAN_OF(zero), span_of(e.bytes, e.n));
    }
}

#define TEN  "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
#define LONG "123456789a123456789b123456789c123456789d"

TEST(refused_phrases)
{
    static const struct {
        const char *name;
        const char *text;
        const char *rule;
        size_t offset;
    } cases[] = {
        {"nothing",                                "",                              "not 12, 15, 18, 21 or 24 words", 0 },
        {"eleven words",                           TEN "about",                     "not 12, 15, 18, 21 or 24 words", 11},
        {"thirteen words",                         TEN "abandon abandon about",     "not 12, 15, 18, 21 or 24 words", 13},
        {"nine words with a good checksum length",
         "abandon abandon abandon abandon abandon abandon abandon abandon abandon", "not 12, 15, 18, 21 or 24 words", 9 },
        {"twenty-five words",                      TEN TEN "zoo zoo zoo zoo zoo",   "more than 24 words",             24},
        {"checksum",                               TEN "abandon abandon",           "the checksum does not hold",     12},
        {"a typing error",                         TEN "abuot about",               "a word that is in no list",      10},
        {"a word of four letters",                 TEN "aban about",                "a word that is in no list",      10},
        {"a word that is too long",                TEN LONG " about",               "a word that is in no list",      10},
        {"two languages",                          TEN "abandon abete",             "a word that is in no list",      11},
        {"not UTF-8",                              TEN "abandon ab\xff",            "not UTF-8",                      0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bip39_entropy e;
        struct diag why = {0};
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_MALFORMED, bip39_parse(&e, test_budget(), span_str(cases[i].text), &why));
        EXPECT_STR(cases[i].rule, why.rule);
        EXPECT_EQ(cases[i].offset, why.offset);
    }
    static uint8_t blanks[BIP39_TEXT_MAX + 1];
    struct bip39_entropy e;
    memset(blanks, ' ', sizeof blanks);
    EXPECT_ERR(ERR_LIMIT, bip39_parse(&e, test_budget(), SPAN_OF(blanks), NULL));
    EXPECT_ERR(ERR_MALFORMED,
               bip39_parse(&e, test_budget(), span_of(blanks, BIP39_TEXT_MAX), NULL));
    struct budget small;
    budget_init(&small, test_budget(), "small", 1000);
    EXPECT_ERR(ERR_LIMIT, bip39_parse(&e, &small, SPAN_LIT("abandon"), NULL));
    budget_done(&small);
}

/* One letter of Unicode that becomes eighteen: normalisation must not run over its room. */
TEST(text_that_grows)
{
    static char text[BIP39_TEXT_MAX];
    struct secret64 seed;
    for (size_t i = 0; i + 3 <= sizeof text; i += 3) {
        memcpy(text + i, "\xef\xb7\xba", 3);
    }
    EXPECT_ERR(ERR_LIMIT, bip39_seed(&seed, test_budget(), SPAN_LIT("a"), span_of(text, 2046)));
    EXPECT_OK(bip39_seed(&seed, test_budget(), SPAN_LIT("a"), span_of(text, 600)));
}

TEST(every_entropy_comes_back)
{
    struct rng_seeded rng;
    rng_seeded_init(&rng, test_seed());
    for (int i = 0; i < 240; i++) {
        struct bip39_entropy e = {.n = 16 + 4 * (size_t)rng_below(&rng.rng, 5),
                                  .language = (enum bip39_language)(i % BIP39_LANGUAGE_COUNT)};
        struct bip39_entropy back = {.n = 0};
        struct buf text;
        struct buf again;
        rng_fill(&rng.rng, mspan_of(e.bytes, e.n));
        struct span phrase = phrase_of(&text, &e);
        test_note("seed %llu, round %d", (unsigned long long)test_seed(), i);
        EXPECT_OK(bip39_parse(&back, test_budget(), phrase, NULL));
        EXPECT_SPAN(phrase, phrase_of(&again, &back));
        buf_done(&text);
        buf_done(&again);
    }
    struct buf text;
    buf_init_secret(&text, test_budget(), BIP39_PHRASE_MAX);
    static const size_t bad[] = {0, 12, 15, 17, 31, 33, 36};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bip39_entropy e = {.n = bad[i]};
        EXPECT_ERR(ERR_MALFORMED, bip39_print(&text, &e));
    }
    buf_done(&text);
}

TEST_MAIN
