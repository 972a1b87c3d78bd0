#include "webauthn/client_data.h"

#include "base/test.h"
#include "webauthn/software_passkey_test.h"

#include <string.h>

#define CH "\"challenge\":\"-_8DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define OR "\"origin\":\"http://passmesh.localhost:7878\""
#define TY "\"type\":\"webauthn.get\""

/* The texts that a browser, another browser, and somebody who wants to deceive one of two readers would write. */
static const struct {
    const char *name;
    const char *json;
    enum err want;
    enum err chain; /* may the contract be given it? */
} texts[] = {
    {"as Chromium writes it",       "{" TY "," CH "," OR ",\"crossOrigin\":false}",                         OK,            OK             },
    {"without crossOrigin",         "{" TY "," CH "," OR "}",                                               OK,            OK             },
    {"another order",               "{" OR "," CH "," TY "}",                                               OK,            OK             },
    {"unknown members",             "{\"a\":[1,{\"challenge\":\"x\"}]," CH "," OR ",\"b\":null," TY "}",    OK,
     OK                                                                                                                                   },
    {"the name within a string",    "{\"a\":\"\\\"challenge\\\":\\\"x\\\"\"," CH "," OR "," TY "}",         OK,
     OK                                                                                                                                   },
    {"white space",                 "{ " TY "," CH "," OR "}",                                              OK,            ERR_UNSUPPORTED},
    {"white space at the end",      "{" TY "," CH "," OR "}\n",                                             OK,            ERR_UNSUPPORTED},
    {"white space after a colon",   "{\"type\": \"webauthn.get\"," CH "," OR "}",                           OK,
     ERR_UNSUPPORTED                                                                                                                      },
    {"blanks within a string",      "{" TY "," CH "," OR ",\"x\":\" a \\\" b \"}",                          OK,            OK             },
    {"an escape in a name",         "{\"typ\\u0065\":\"webauthn.get\"," CH "," OR "}",                      OK,            ERR_UNSUPPORTED},
    {"an escape in an other name",  "{" TY "," CH "," OR ",\"\\u0061\":1}",                                 OK,            ERR_UNSUPPORTED},
    {"an escape in the type",       "{\"type\":\"webauthn\\u002eget\"," CH "," OR "}",                      OK,
     ERR_UNSUPPORTED                                                                                                                      },
    {"an escape in the origin",     "{" TY "," CH ",\"origin\":\"http:\\/\\/passmesh.localhost:7878\"}",
     OK,                                                                                                                   ERR_UNSUPPORTED},
    {"a byte order mark",           "\xef\xbb\xbf{" TY "," CH "," OR "}",                                   OK,            ERR_UNSUPPORTED},
    {"cross origin",                "{" TY "," CH "," OR ",\"crossOrigin\":true}",                          ERR_AUTH,      OK             },
    {"top origin",                  "{" TY "," CH "," OR ",\"topOrigin\":\"https://example.com\"}",         ERR_AUTH,      OK             },
    {"another port",                "{" TY "," CH ",\"origin\":\"http://passmesh.localhost:7879\"}",        ERR_AUTH,      OK             },
    {"no port",                     "{" TY "," CH ",\"origin\":\"http://passmesh.localhost\"}",             ERR_AUTH,      OK             },
    {"https",                       "{" TY "," CH ",\"origin\":\"https://passmesh.localhost:7878\"}",       ERR_AUTH,      OK             },
    {"origin with a zero",          "{" TY "," CH ",\"origin\":\"http://passmesh.localhost:7878\\u0000\"}",
     ERR_AUTH,                                                                                                             OK             },
    {"origin in look-alike",        "{" TY "," CH ",\"origin\":\"http://p\xd0\xb0ssmesh.localhost:7878\"}",
     ERR_AUTH,                                                                                                             OK             },
    {"origin null",                 "{" TY "," CH ",\"origin\":null}",                                      ERR_MALFORMED, OK             },
    {"no origin",                   "{" TY "," CH "}",                                                      ERR_MALFORMED, OK             },
    {"no challenge",                "{" TY "," OR "}",                                                      ERR_MALFORMED, OK             },
    {"no type",                     "{" CH "," OR "}",                                                      ERR_MALFORMED, OK             },
    {"challenge padded",
     "{" TY ",\"challenge\":\"-_8DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"," OR "}",                      ERR_AUTH,
     OK                                                                                                                                   },
    {"challenge, standard letters",
     "{" TY ",\"challenge\":\"+/8DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"," OR "}",                       ERR_AUTH,      OK             },
    {"challenge, last bits set",
     "{" TY ",\"challenge\":\"-_8DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"," OR "}",                       ERR_AUTH,      OK             },
    {"challenge twice",             "{" TY "," CH "," OR "," CH "}",                                        ERR_MALFORMED, OK             },
    {"challenge twice, escaped",    "{" TY "," CH "," OR ",\"ch\\u0061llenge\":\"x\"}",                     ERR_MALFORMED,
     OK                                                                                                                                   },
    {"origin twice",                "{" OR "," TY "," CH ",\"origin\":\"http://evil.example\"}",            ERR_MALFORMED,
     OK                                                                                                                                   },
    {"challenge only nested",       "{" TY "," OR ",\"a\":{" CH "}}",                                       ERR_MALFORMED, OK             },
    {"crossOrigin as text",         "{" TY "," CH "," OR ",\"crossOrigin\":\"false\"}",                     ERR_MALFORMED, OK             },
    {"an array",                    "[" TY "]",                                                             ERR_MALFORMED, OK             },
    {"lone surrogate",              "{" TY "," CH "," OR ",\"x\":\"\\ud800\"}",                             ERR_MALFORMED, OK             },
    {"not UTF-8",                   "{" TY "," CH "," OR ",\"x\":\"\xff\"}",                                ERR_MALFORMED, OK             },
    {"cut",                         "{" TY "," CH "," OR,                                                   ERR_MALFORMED, OK             },
    {"text after",                  "{" TY "," CH "," OR "}x",                                              ERR_MALFORMED, OK             },
    {"empty",                       "",                                                                     ERR_MALFORMED, OK             },
};

TEST(client_data_texts)
{
    static struct made m;
    struct software_passkey p = software_passkey_make(10);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct making how = making_get();
        struct assertion a;
        struct diag why = {0};
        how.json = texts[i].json;
        test_note("%s", texts[i].name);
        software_passkey_use(&m, &p, how);
        EXPECT_ERR(texts[i].want, software_passkey_verify(&a, &p, &m, &why));
        if (texts[i].want == OK) {
            static uint8_t store[2048];
            struct wr w = wr_init(MSPAN_OF(store));
            EXPECT_ERR(texts[i].chain, assertion_encode(&w, &a, &m.assertion, &why));
        }
    }
}

TEST(length_limits)
{
    static char json[CLIENT_DATA_LEN_MAX + 1];
    struct client_data data;
    memset(json, ' ', sizeof json);
    EXPECT_ERR(ERR_LIMIT, client_data_verify(&data, CLIENT_DATA_GET, SPAN_OF(software_challenge),
                                             &software_rp, SPAN_OF(json), NULL));
    EXPECT_ERR(ERR_MALFORMED,
               client_data_verify(&data, CLIENT_DATA_GET, SPAN_OF(software_challenge), &software_rp,
                                  span_of(json, CLIENT_DATA_LEN_MAX), NULL));
    uint8_t challenge[CLIENT_DATA_CHALLENGE_LEN_MAX + 1] = {0};
    struct span text = SPAN_LIT("{}");
    EXPECT_ERR(ERR_INTERNAL, client_data_verify(&data, CLIENT_DATA_GET, SPAN_OF(challenge),
                                                &software_rp, text, NULL));
    EXPECT_ERR(ERR_INTERNAL,
               client_data_verify(&data, CLIENT_DATA_GET, SPAN_EMPTY, &software_rp, text, NULL));
}

/* Texts that no ceremony let through. */
TEST(chain_form_alone)
{
    static const struct {
        const char *json;
        enum err want;
    } cases[] = {
        {"{" TY "," CH "," OR ",\"crossOrigin\":true}", ERR_UNSUPPORTED},
        {"{" TY "," CH "}",                             ERR_UNSUPPORTED},
        {"{" TY ",\"challenge\":1," OR "}",             ERR_UNSUPPORTED},
        {"{" CH "," OR "}",                             ERR_UNSUPPORTED},
        {"{" TY "," CH "," OR ",\"x\":\"\\\\\"}",       OK             },
        {"[]",                                          ERR_MALFORMED  },
        {"{" TY "," CH "," OR ",\t\"x\":1}",            ERR_UNSUPPORTED},
        {"",                                            ERR_MALFORMED  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].json);
        EXPECT_ERR(cases[i].want, client_data_check_chain_form(span_str(cases[i].json), NULL));
    }
}

TEST_MAIN
