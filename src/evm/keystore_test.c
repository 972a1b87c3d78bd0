#include "evm/keystore.h"

#include "base/test.h"
#include "base/wr.h"
#include "codec/json.h"
#include "crypto/backend.h"

#include <string.h>

#define PBKDF2_FILE                                                                                \
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"                            \
    "\"6087dab2f9fdbbfaddc31a909735c1e6\"},\"ciphertext\":"                                        \
    "\"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46\",\"kdf\":\"pbkdf2\","     \
    "\"kdfparams\":{\"c\":262144,\"dklen\":32,\"prf\":\"hmac-sha256\",\"salt\":"                   \
    "\"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd\"},\"mac\":"               \
    "\"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2\"},\"id\":"                \
    "\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}"

/* The same secret and password with one round, made with Node's crypto: for all that does not need the cost. */
#define CHEAP_FILE                                                                                 \
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"                            \
    "\"6087dab2f9fdbbfaddc31a909735c1e6\"},\"ciphertext\":"                                        \
    "\"2bf4aacce1be4c2d156d85ea8acec6a07d81bb5835d80a977a94a2515c0e831e\",\"kdf\":\"pbkdf2\","     \
    "\"kdfparams\":{\"c\":1,\"dklen\":32,\"prf\":\"hmac-sha256\",\"salt\":"                        \
    "\"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd\"},\"mac\":"               \
    "\"74d823bf9806963e681f87edd6930b888eabe06b2d663a2e5fea5dbd82d0c038\"},\"id\":"                \
    "\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}"

#define SCRYPT_FILE                                                                                \
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"                            \
    "\"83dbcc02d8ccb40e466191a123791e0e\"},\"ciphertext\":"                                        \
    "\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c\",\"kdf\":\"scrypt\","     \
    "\"kdfparams\":{\"dklen\":32,\"n\":262144,\"r\":1,\"p\":8,\"salt\":"                           \
    "\"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19\"},\"mac\":"               \
    "\"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097\"},\"id\":"                \
    "\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}"

static const char *const secret_hex =
    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

/* ethereum.org, "Web3 Secret Storage Definition", test vectors. */
TEST(vectors_of_the_definition)
{
    static const char *const files[] = {PBKDF2_FILE, SCRYPT_FILE};
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct secret32 secret;
        struct diag why = {0};
        struct span text = span_str(files[i]);
        EXPECT_OK(keystore_open(&secret, test_budget(), text, SPAN_LIT("testpassword"), &why));
        EXPECT_SPAN(test_hex(secret_hex), SPAN_OF(secret.bytes));
    }
}

TEST(a_wrong_password)
{
    struct secret32 secret;
    struct diag why = {0};
    struct span text = SPAN_LIT(CHEAP_FILE);
    EXPECT_OK(keystore_open(&secret, test_budget(), text, SPAN_LIT("testpassword"), &why));
    EXPECT_SPAN(test_hex(secret_hex), SPAN_OF(secret.bytes));
    EXPECT_ERR(ERR_AUTH,
               keystore_open(&secret, test_budget(), text, SPAN_LIT("testpasswore"), &why));
    EXPECT_STR("the password is wrong", why.rule);
}

/* The first vector with one thing changed. */
TEST(refused_files)
{
    static const struct {
        const char *name;
        const char *from;
        const char *to;
        enum err err;
    } cases[] = {
        {"no JSON",               "{\"crypto\"",  "[\"crypto\"",                    ERR_MALFORMED  },
        {"no version",            "\"version\"",  "\"versions\"",                   ERR_MALFORMED  },
        {"version as text",       ":3}",          ":\"3\"}",                        ERR_MALFORMED  },
        {"version 1",             ":3}",          ":1}",                            ERR_UNSUPPORTED},
        {"no crypto",             "\"crypto\"",   "\"cripto\"",                     ERR_MALFORMED  },
        {"crypto is a list",      "\"crypto\":{", "\"crypto\":1,\"x\":{",           ERR_MALFORMED  },
        {"another cipher",        "aes-128-ctr",  "aes-128-cbc",                    ERR_UNSUPPORTED},
        {"no iv",                 "\"iv\"",       "\"vi\"",                         ERR_MALFORMED  },
        {"short iv",              "6087dab2",     "6087da",                         ERR_MALFORMED  },
        {"iv is no hex",          "6087dab2",     "6087dabg",                       ERR_MALFORMED  },
        {"long ciphertext",       "2bf4aacc",     "2bf4aaccff",                     ERR_MALFORMED  },
        {"short mac",             "74d823bf",     "74d823",                         ERR_MALFORMED  },
        {"another derivation",    "\"pbkdf2\"",   "\"argon2\"",                     ERR_UNSUPPORTED},
        {"another hash",          "hmac-sha256",  "hmac-sha512",                    ERR_UNSUPPORTED},
        {"no parameters",         "kdfparams",    "kdfparam",                       ERR_MALFORMED  },
        {"derived key too short", "\"dklen\":32", "\"dklen\":16",                   ERR_UNSUPPORTED},
        {"no rounds",             "\"c\":1,",     "\"d\":1,",                       ERR_MALFORMED  },
        {"zero rounds",           "\"c\":1,",     "\"c\":0,",                       ERR_LIMIT      },
        {"negative rounds",       "\"c\":1,",     "\"c\":-1,",                      ERR_MALFORMED  },
        {"far too many rounds",   "\"c\":1,",     "\"c\":10000001,",                ERR_LIMIT      },
        {"more than 32 bits",     "\"c\":1,",     "\"c\":4294967297,",              ERR_LIMIT      },
        {"odd salt",              "ae3cd4e7",     "ae3cd4e",                        ERR_MALFORMED  },
        {"tag changed",           "74d823bf",     "74d823b0",                       ERR_AUTH       },
        {"ciphertext changed",    "2bf4aacc",     "2bf4aac0",                       ERR_AUTH       },
        {"another address",       "{\"crypto\"",
         "{\"address\":\"0x0000000000000000000000000000000000000001\",\"crypto\"",  ERR_MALFORMED  },
        {"address is too short",  "{\"crypto\"",  "{\"address\":\"01\",\"crypto\"", ERR_MALFORMED  },
    };
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048];
        struct secret32 secret;
        struct diag why = {0};
        test_note("%s", cases[i].name);
        const char *start = CHEAP_FILE;
        const char *at = strstr(start, cases[i].from);
        TEST_REQUIRE(at != NULL);
        struct wr w = wr_init(MSPAN_OF(text));
        wr_bytes(&w, span_of(start, (size_t)(at - start)));
        wr_str(&w, cases[i].to);
        wr_str(&w, at + strlen(cases[i].from));
        TEST_REQUIRE(wr_ok(&w));
        EXPECT_ERR(cases[i].err, keystore_open(&secret, test_budget(), span_of(text, w.n),
                                               SPAN_LIT("testpassword"), &why));
        EXPECT(why.rule != NULL);
    }
}

TEST(forms_that_others_write)
{
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {
        {"\"crypto\"",  "\"Crypto\""                                                          },
        {"{\"crypto\"", "{\"address\":\"008aeeda4d805471df9b2a5b0f38a0c3bcba786b\",\"crypto\""},
        {"\"2bf4aacc",  "\"0x2bf4aacc"                                                        },
    };
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048];
        struct secret32 secret;
        const char *start = CHEAP_FILE;
        const char *at = strstr(start, cases[i].from);
        test_note("%s", cases[i].to);
        TEST_REQUIRE(at != NULL);
        struct wr w = wr_init(MSPAN_OF(text));
        wr_bytes(&w, span_of(start, (size_t)(at - start)));
        wr_str(&w, cases[i].to);
        wr_str(&w, at + strlen(cases[i].from));
        EXPECT_OK(keystore_open(&secret, test_budget(), span_of(text, w.n),
                                SPAN_LIT("testpassword"), NULL));
        EXPECT_SPAN(test_hex(secret_hex), SPAN_OF(secret.bytes));
    }
}

static void secret_of(struct secret32 *ret, const char *hex)
{
    memcpy(ret->bytes, test_hex(hex).p, 32);
}

TEST(what_is_sealed_opens)
{
    struct secret32 secret;
    struct secret32 back;
    struct buf out;
    struct json root;
    struct keystore_random random = {.salt = {1}, .iv = {2}, .id = {3}};
    EXPECT_OK(crypto_init());
    secret_of(&secret, secret_hex);
    buf_init(&out, test_budget(), KEYSTORE_LEN_MAX);
    EXPECT_OK(keystore_seal(&out, test_budget(), &secret, SPAN_LIT("p\xc3\xa4ss"), &random, 12));
    EXPECT_OK(json_parse(&root, buf_span(&out), NULL));
    EXPECT_OK(keystore_open(&back, test_budget(), buf_span(&out), SPAN_LIT("p\xc3\xa4ss"), NULL));
    EXPECT_SPAN(SPAN_OF(secret.bytes), SPAN_OF(back.bytes));
    EXPECT_ERR(ERR_AUTH, keystore_open(&back, test_budget(), buf_span(&out), SPAN_EMPTY, NULL));
    struct span id;
    EXPECT_OK(json_find_plain(&id, root, "id"));
    EXPECT_SPAN(SPAN_LIT("03000000-0000-4000-8000-000000000000"), id);
    buf_done(&out);
}

TEST(sealing_limits)
{
    struct secret32 secret = {{0}};
    struct buf out;
    struct keystore_random random = {.salt = {1}};
    struct budget small;
    EXPECT_OK(crypto_init());
    buf_init(&out, test_budget(), KEYSTORE_LEN_MAX);
    EXPECT_ERR(ERR_MALFORMED, keystore_seal(&out, test_budget(), &secret, SPAN_EMPTY, &random, 12));
    secret_of(&secret, secret_hex);
    EXPECT_ERR(ERR_LIMIT, keystore_seal(&out, test_budget(), &secret, SPAN_EMPTY, &random, 11));
    EXPECT_ERR(ERR_LIMIT, keystore_seal(&out, test_budget(), &secret, SPAN_EMPTY, &random, 19));
    budget_init(&small, test_budget(), "small", 1024 * 1024);
    EXPECT_ERR(ERR_LIMIT, keystore_seal(&out, &small, &secret, SPAN_EMPTY, &random, 12));
    budget_done(&small);
    EXPECT_EQ(0, out.n);
    buf_done(&out);
    buf_init(&out, test_budget(), 100);
    EXPECT_ERR(ERR_LIMIT, keystore_seal(&out, test_budget(), &secret, SPAN_EMPTY, &random, 12));
    EXPECT_EQ(0, out.n);
    buf_done(&out);
    static char text[KEYSTORE_TEXT_MAX + 1];
    memset(text, ' ', sizeof text);
    struct secret32 back;
    EXPECT_ERR(ERR_LIMIT, keystore_open(&back, test_budget(), SPAN_OF(text), SPAN_EMPTY, NULL));
}

TEST_MAIN
