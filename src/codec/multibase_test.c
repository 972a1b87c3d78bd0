/* The text encodings together: base16, base32, base36, base58, base64, multibase, CIDs, UTF-8, PEM. */
#include "codec/multibase.h"

#include "base/rng.h"
#include "base/test.h"
#include "codec/base16.h"
#include "codec/base32.h"
#include "codec/base58.h"
#include "codec/base64.h"
#include "codec/cid.h"
#include "codec/decimal.h"
#include "codec/ip.h"
#include "codec/multihash.h"
#include "codec/pem.h"
#include "codec/utf8.h"

#include <string.h>

/* draft-msporny-base58 section 5, and Bitcoin's base58_encode_decode.json. */
TEST(base58_vectors)
{
    static const struct {
        const char *hex;
        const char *text;
    } cases[] = {
        {"",                                                   ""                 },
        {"61",                                                 "2g"               },
        {"626262",                                             "a3gV"             },
        {"636363",                                             "aPEr"             },
        {"00000000000000000000",                               "1111111111"       },
        {"516b6fcd0f",                                         "ABnLTmg"          },
        {"bf4f89001e670274dd",                                 "3SEo3LWLoPntC"    },
        {"572e4794",                                           "3EFU7m"           },
        {"10c8511e",                                           "Rt5zm"            },
        {"00eb15231dfceb60925886b67d065299925915aeb172c06647",
         "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"                                     },
        {"48656c6c6f20576f726c6421",                           "2NEpo7TZRRrLZSi2U"},
        {"0000287fb4cd",                                       "11233QC4"         },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t store[64];
        struct wr w = wr_init(MSPAN_OF(store));
        test_note("%s", cases[i].text);
        base58_encode(&w, test_hex(cases[i].hex));
        EXPECT_SPAN(span_str(cases[i].text), span_of(store, w.n));
        w = wr_init(MSPAN_OF(store));
        EXPECT_OK(base58_decode(&w, span_str(cases[i].text)));
        EXPECT_SPAN(test_hex(cases[i].hex), span_of(store, w.n));
    }
    static const char *const bad[] = {"0", "O", "I", "l", "a b", "a3gV ", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t store[64];
        struct wr w = wr_init(MSPAN_OF(store));
        EXPECT_ERR(ERR_MALFORMED, base58_decode(&w, span_str(bad[i])));
    }
}

TEST(base58_limits)
{
    uint8_t bytes[BASE58_BYTES_MAX + 1];
    uint8_t text[BASE58_TEXT_MAX + 8];
    memset(bytes, 0xff, sizeof bytes);
    struct wr w = wr_init(MSPAN_OF(text));
    base58_encode(&w, span_of(bytes, BASE58_BYTES_MAX));
    EXPECT_OK(wr_end(&w));
    EXPECT_EQ(BASE58_TEXT_MAX, w.n);
    struct wr back = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(base58_decode(&back, span_of(text, w.n)));
    EXPECT_EQ(BASE58_BYTES_MAX, back.n);
    struct wr over = wr_init(MSPAN_OF(text));
    base58_encode(&over, SPAN_OF(bytes));
    EXPECT_ERR(ERR_LIMIT, wr_end(&over));
    memset(text, 'z', sizeof text);
    struct wr big = wr_init(MSPAN_OF(bytes));
    EXPECT_ERR(ERR_LIMIT, base58_decode(&big, span_of(text, BASE58_TEXT_MAX)));
    EXPECT_ERR(ERR_LIMIT, base58_decode(&big, span_of(text, BASE58_TEXT_MAX + 1)));
}

/* RFC 4648 section 10, base32 in lower case and without padding. */
TEST(base32_vectors)
{
    static const char *const cases[][2] = {
        {"",       ""          },
        {"f",      "my"        },
        {"fo",     "mzxq"      },
        {"foo",    "mzxw6"     },
        {"foob",   "mzxw6yq"   },
        {"fooba",  "mzxw6ytb"  },
        {"foobar", "mzxw6ytboi"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t store[32];
        struct wr w = wr_init(MSPAN_OF(store));
        base32_encode(&w, BASE32_LOWER, span_str(cases[i][0]));
        EXPECT_SPAN(span_str(cases[i][1]), span_of(store, w.n));
        w = wr_init(MSPAN_OF(store));
        EXPECT_OK(base32_decode(&w, BASE32_LOWER, span_str(cases[i][1])));
        EXPECT_SPAN(span_str(cases[i][0]), span_of(store, w.n));
    }
    static const char *const bad[] = {"m", "mzx", "mzxw6y", "mz", "MY", "my======", "m1", "mzxr"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t store[32];
        struct wr w = wr_init(MSPAN_OF(store));
        test_note("%s", bad[i]);
        EXPECT_ERR(ERR_MALFORMED, base32_decode(&w, BASE32_LOWER, span_str(bad[i])));
    }
}

/* RFC 4648 section 10, and its url-safe alphabet. */
TEST(base64_vectors)
{
    static const char *const cases[][2] = {
        {"",       ""        },
        {"f",      "Zg=="    },
        {"fo",     "Zm8="    },
        {"foo",    "Zm9v"    },
        {"foob",   "Zm9vYg=="},
        {"fooba",  "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (enum base64_kind kind = BASE64_STD; kind <= BASE64_URL_BARE; kind++) {
            uint8_t store[32];
            struct span want = span_str(cases[i][1]);
            if (kind == BASE64_STD_BARE || kind == BASE64_URL_BARE) {
                want = span_first(want, span_find(want, '='));
            }
            struct wr w = wr_init(MSPAN_OF(store));
            base64_encode(&w, kind, span_str(cases[i][0]));
            EXPECT_SPAN(want, span_of(store, w.n));
            EXPECT_EQ(w.n, base64_len(kind, strlen(cases[i][0])));
            w = wr_init(MSPAN_OF(store));
            EXPECT_OK(base64_decode(&w, kind, want));
            EXPECT_SPAN(span_str(cases[i][0]), span_of(store, w.n));
        }
    }
    uint8_t store[8];
    struct wr w = wr_init(MSPAN_OF(store));
    base64_encode(&w, BASE64_URL_BARE, test_hex("fbff"));
    EXPECT_SPAN(SPAN_LIT("-_8"), span_of(store, w.n));
    static const struct {
        enum base64_kind kind;
        const char *text;
    } bad[] = {
        {BASE64_STD,      "Zg"      },
        {BASE64_STD,      "Zg="     },
        {BASE64_STD,      "Zg==="   },
        {BASE64_STD,      "===="    },
        {BASE64_STD,      "Z==="    },
        {BASE64_STD,      "Zh=="    },
        {BASE64_STD,      "Zm9="    },
        {BASE64_STD,      "Zg==Zg=="},
        {BASE64_STD,      "-_8="    },
        {BASE64_STD,      "Zm9v\n"  },
        {BASE64_STD,      "Zm 9v==="},
        {BASE64_STD_BARE, "Zg=="    },
        {BASE64_STD_BARE, "Z"       },
        {BASE64_STD_BARE, "Zm9vZ"   },
        {BASE64_STD_BARE, "Zh"      },
        {BASE64_URL_BARE, "+/8"     },
        {BASE64_URL_BARE, "Zg=="    },
        {BASE64_URL_BARE, "Zm9"     },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        w = wr_init(MSPAN_OF(store));
        test_note("%d %s", (int)bad[i].kind, bad[i].text);
        EXPECT_ERR(ERR_MALFORMED, base64_decode(&w, bad[i].kind, span_str(bad[i].text)));
    }
}

TEST(base16)
{
    uint8_t out[2] = {7, 7};
    EXPECT_OK(base16_decode_fixed(MSPAN_OF(out), SPAN_LIT("aBCd")));
    EXPECT_SPAN(test_hex("abcd"), SPAN_OF(out));
    EXPECT_OK(base16_decode_fixed_0x(MSPAN_OF(out), SPAN_LIT("0x0102")));
    static const char *const bad[] = {"", "ab", "abc", "abcde", "abcdef", "abcg", "0xabcd", " abc"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT_ERR(ERR_MALFORMED, base16_decode_fixed(MSPAN_OF(out), span_str(bad[i])));
        EXPECT_SPAN(test_hex("0102"), SPAN_OF(out));
    }
    EXPECT_ERR(ERR_MALFORMED, base16_decode_fixed_0x(MSPAN_OF(out), SPAN_LIT("0X0102")));
    struct wr w = wr_init(MSPAN_OF(out));
    EXPECT_OK(base16_decode_0x(&w, SPAN_LIT("0x")));
    EXPECT_EQ(0, w.n);
    EXPECT_ERR(ERR_LIMIT, base16_decode(&w, SPAN_LIT("010203")));
}

/* multiformats/multibase, tests/basic.csv: "yes mani !". */
TEST(multibase_vectors)
{
    static const char *const cases[] = {
        "f796573206d616e692021", "F796573206D616E692021", "bpfsxgidnmfxgsibb", "BPFSXGIDNMFXGSIBB",
        "k2lcpzo5yikidynfl",     "z7paNL19xttacUY",       "meWVzIG1hbmkgIQ",   "MeWVzIG1hbmkgIQ==",
        "ueWVzIG1hbmkgIQ",       "UeWVzIG1hbmkgIQ==",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t store[64];
        struct wr w = wr_init(MSPAN_OF(store));
        test_note("%s", cases[i]);
        EXPECT_OK(multibase_decode(&w, span_str(cases[i])));
        EXPECT_SPAN(SPAN_LIT("yes mani !"), span_of(store, w.n));
        struct wr t = wr_init(MSPAN_OF(store));
        multibase_encode(&t, (enum multibase)cases[i][0], SPAN_LIT("yes mani !"));
        EXPECT_SPAN(span_str(cases[i]), span_of(store, t.n));
    }
    uint8_t store[8];
    struct wr w = wr_init(MSPAN_OF(store));
    EXPECT_ERR(ERR_MALFORMED, multibase_decode(&w, SPAN_EMPTY));
    EXPECT_ERR(ERR_UNSUPPORTED, multibase_decode(&w, SPAN_LIT("0101")));
    EXPECT_ERR(ERR_MALFORMED, multibase_decode(&w, SPAN_LIT("f0")));
}

/* libp2p/specs peer-ids/peer-ids.md, "String representation". */
TEST(peer_ids)
{
    static const struct {
        const char *text;
        const char *printed;
    } good[] = {
        {"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",              NULL},
        {"12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",        NULL},
        {"bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",
         "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"                   },
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint8_t id[MULTIHASH_LEN_MAX];
        uint8_t text[CID_TEXT_MAX];
        struct wr w = wr_init(MSPAN_OF(id));
        struct wr t = wr_init(MSPAN_OF(text));
        test_note("%s", good[i].text);
        EXPECT_OK(cid_parse_peer_id(&w, span_str(good[i].text)));
        cid_print_peer_id(&t, span_of(id, w.n));
        EXPECT_SPAN(span_str(good[i].printed ? good[i].printed : good[i].text), span_of(text, t.n));
        if (good[i].printed) {
            struct wr c = wr_init(MSPAN_OF(text));
            cid_print_peer_cid(&c, span_of(id, w.n));
            EXPECT_SPAN(span_str(good[i].text), span_of(text, c.n));
        }
    }
    static const char *const bad[] = {
        "",
        "1",
        "Qm",
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5",
        "zQmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        "bafybeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe", /* dag-pb */
        "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqx",
        "x",
        "b",
        "f0172",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t id[MULTIHASH_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(id));
        test_note("%s", bad[i]);
        EXPECT(cid_parse_peer_id(&w, span_str(bad[i])) != OK);
        EXPECT_EQ(0, w.n);
    }
}

/* multiformats/cid, README: the same content as version 0 and 1. */
TEST(cids)
{
    static const struct {
        const char *text;
        unsigned version;
        uint64_t codec;
    } cases[] = {
        {"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",              0, CID_DAG_PB},
        {"bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", 1, CID_DAG_PB},
        {"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", 1, CID_RAW   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[CID_LEN_MAX];
        uint8_t text[CID_TEXT_MAX];
        struct wr w = wr_init(MSPAN_OF(bytes));
        struct wr t = wr_init(MSPAN_OF(text));
        struct cid cid = {0};
        test_note("%s", cases[i].text);
        EXPECT_OK(cid_parse(&w, span_str(cases[i].text)));
        EXPECT_OK(cid_decode(&cid, span_of(bytes, w.n)));
        EXPECT_EQ(cases[i].version, cid.version);
        EXPECT_EQ(cases[i].codec, cid.codec);
        EXPECT_OK(cid_print(&t, span_of(bytes, w.n)));
        EXPECT_SPAN(span_str(cases[i].text), span_of(text, t.n));
    }
    struct cid cid;
    EXPECT_ERR(ERR_UNSUPPORTED, cid_decode(&cid, test_hex("0272 0000")));
    EXPECT_ERR(ERR_MALFORMED, cid_decode(&cid, test_hex("0172")));
    EXPECT_ERR(ERR_UNSUPPORTED, cid_decode(&cid, test_hex("0172 1301aa")));
}

TEST(multihashes)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err want;
    } cases[] = {
        {"identity",           "0003616263", OK             },
        {"identity, empty",    "0000",       OK             },
        {"identity, cut",      "000461",     ERR_MALFORMED  },
        {"identity, trailing", "00016162",   ERR_MALFORMED  },
        {"sha2-256 of 1 byte", "1201aa",     ERR_MALFORMED  },
        {"sha1",               "1114",       ERR_UNSUPPORTED},
        {"code not minimal",   "80000161",   ERR_MALFORMED  },
        {"empty",              "",           ERR_MALFORMED  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct multihash hash;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, multihash_decode(&hash, test_hex(cases[i].hex)));
    }
    uint8_t store[MULTIHASH_LEN_MAX + 1];
    uint8_t digest[MULTIHASH_IDENTITY_LEN_MAX + 1] = {0};
    struct multihash hash;
    struct wr w = wr_init(MSPAN_OF(store));
    multihash_write(&w, MULTIHASH_IDENTITY, span_of(digest, MULTIHASH_IDENTITY_LEN_MAX));
    EXPECT_EQ(MULTIHASH_LEN_MAX, w.n);
    EXPECT_OK(multihash_decode(&hash, span_of(store, w.n)));
    w = wr_init(MSPAN_OF(store));
    multihash_write(&w, MULTIHASH_IDENTITY, SPAN_OF(digest));
    EXPECT_ERR(ERR_LIMIT, multihash_decode(&hash, span_of(store, w.n)));
}

/* Every code point, and each two- and three-byte sequence against the ranges of RFC 3629 section 4. */
TEST(utf8)
{
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        uint8_t out[4];
        if (code == 0xd800) {
            code = 0xe000;
        }
        size_t n = utf8_encode(out, code);
        struct span s = span_of(out, n);
        TEST_REQUIRE(utf8_take(&s) == (int32_t)code);
        TEST_REQUIRE(s.n == 0);
        TEST_REQUIRE(!utf8_is_valid(span_of(out, n - 1)) || n == 1);
    }
    unsigned valid = 0;
    for (unsigned i = 0; i < 0x10000; i++) {
        uint8_t two[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        valid += utf8_is_valid(SPAN_OF(two));
    }
    EXPECT_EQ(128 * 128 + (0xdf - 0xc2 + 1) * 64, valid);
}

TEST(pem)
{
    static uint8_t store[512];
    uint8_t bytes[100];
    memset(bytes, 0x5a, sizeof bytes);
    for (size_t n = 1; n <= sizeof bytes; n++) {
        struct wr w = wr_init(MSPAN_OF(store));
        wr_str(&w, "words before\r\n");
        pem_write(&w, "CERTIFICATE", span_of(bytes, n));
        wr_str(&w, "after");
        uint8_t back[100];
        struct wr b = wr_init(MSPAN_OF(back));
        struct span text = span_of(store, w.n);
        EXPECT_ERR(ERR_NOT_FOUND, pem_take(&b, &text, "PUBLIC KEY"));
        EXPECT_OK(pem_take(&b, &text, "CERTIFICATE"));
        EXPECT_SPAN(span_of(bytes, n), span_of(back, b.n));
        EXPECT_SPAN(SPAN_LIT("after"), text);
    }
    static const char *const bad[] = {
        "-----BEGIN A-----\nZg==\n",
        "-----BEGIN A-----\nZg==\nZg==\n-----END A-----\n",
        "-----BEGIN A-----\nZg\n-----END A-----\n",
        "-----BEGIN A-----\n\nZg==\n-----END A-----\n",
        "-----BEGIN A-----\nProc-Type: 4\n-----END A-----\n",
        "-----BEGIN A-----\nZg==\n-----END B-----\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct wr w = wr_init(MSPAN_OF(store));
        struct span text = span_str(bad[i]);
        test_note("%s", bad[i]);
        EXPECT_ERR(ERR_MALFORMED, pem_take(&w, &text, "A"));
        EXPECT_EQ(strlen(bad[i]), text.n);
    }
}

TEST(random_round_trip)
{
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    static const char prefixes[] = "fFbBkzmMuU";
    for (int i = 0; i < 5000; i++) {
        uint8_t bytes[80];
        uint8_t text[256];
        uint8_t back[80];
        rng_fill(&r.rng, MSPAN_OF(bytes));
        struct span in = span_of(bytes, (size_t)rng_below(&r.rng, sizeof bytes + 1));
        memset(bytes, 0, (size_t)rng_below(&r.rng, 4));
        struct wr t = wr_init(MSPAN_OF(text));
        struct wr b = wr_init(MSPAN_OF(back));
        multibase_encode(&t, (enum multibase)prefixes[rng_below(&r.rng, sizeof prefixes - 1)], in);
        EXPECT_OK(wr_end(&t));
        EXPECT_OK(multibase_decode(&b, span_of(text, t.n)));
        EXPECT_SPAN(in, span_of(back, b.n));
    }
}

/* RFC 5952 section 4, and RFC 4291 section 2.2. */
TEST(ip_texts)
{
    static const struct {
        const char *text;
        const char *printed; /* NULL: refused */
    } cases[] = {
        {"2001:db8:0:0:1:0:0:1",  "2001:db8::1:0:0:1"},
        {"2001:DB8::1",           "2001:db8::1"      },
        {"::",                    "::"               },
        {"1::",                   "1::"              },
        {"0:0:0:1:0:0:0:0",       "0:0:0:1::"        },
        {"1:0:2:3:4:5:6:7",       "1:0:2:3:4:5:6:7"  },
        {"::1.2.3.4",             "::102:304"        },
        {"64:ff9b::192.0.2.33",   "64:ff9b::c000:221"},
        {"::ffff:0:0",            "::ffff:0.0.0.0"   },
        {"1:2:3:4:5:6:7::",       "1:2:3:4:5:6:7:0"  },
        {"",                      NULL               },
        {":",                     NULL               },
        {"1",                     NULL               },
        {"1:2:3:4:5:6:7:8:9",     NULL               },
        {"::1::",                 NULL               },
        {"g::",                   NULL               },
        {"::1%eth0",              NULL               },
        {"1.2.3.4",               NULL               },
        {"::1.2.3.4:5",           NULL               },
        {"1:2:3:4:5:6:7:1.2.3.4", NULL               },
        {"::00001",               NULL               },
        {"1:::2",                 NULL               },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t ip[IP6_LEN];
        uint8_t text[64];
        test_note("%s", cases[i].text);
        EXPECT_ERR(cases[i].printed ? OK : ERR_MALFORMED, ip6_parse(ip, span_str(cases[i].text)));
        if (cases[i].printed) {
            struct wr w = wr_init(MSPAN_OF(text));
            ip6_print(&w, ip);
            EXPECT_SPAN(span_str(cases[i].printed), span_of(text, w.n));
        }
    }
}

TEST(decimals)
{
    static const struct {
        const char *text;
        uint64_t max;
        enum err want;
    } cases[] = {
        {"0",                    0,          OK           },
        {"255",                  255,        OK           },
        {"256",                  255,        ERR_MALFORMED},
        {"18446744073709551615", UINT64_MAX, OK           },
        {"18446744073709551616", UINT64_MAX, ERR_MALFORMED},
        {"99999999999999999999", UINT64_MAX, ERR_MALFORMED},
        {"",                     9,          ERR_MALFORMED},
        {"00",                   9,          ERR_MALFORMED},
        {"-1",                   9,          ERR_MALFORMED},
        {"1 ",                   9,          ERR_MALFORMED},
        {"/",                    9,          ERR_MALFORMED},
        {":",                    9,          ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t v = 0;
        uint8_t text[24];
        test_note("%s", cases[i].text);
        EXPECT_ERR(cases[i].want, decimal_parse(&v, span_str(cases[i].text), cases[i].max));
        if (cases[i].want == OK) {
            struct wr w = wr_init(MSPAN_OF(text));
            decimal_print(&w, v);
            EXPECT_SPAN(span_str(cases[i].text), span_of(text, w.n));
        }
    }
}

/* Every writer stops when its output is full, and every reader says so. */
TEST(full_outputs)
{
    uint8_t store[3];
    struct wr w = wr_init(MSPAN_OF(store));
    base64_encode(&w, BASE64_STD, SPAN_LIT("abcdef"));
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    w = wr_init(MSPAN_OF(store));
    base32_encode(&w, BASE32_LOWER, SPAN_LIT("abcdef"));
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    w = wr_init(MSPAN_OF(store));
    base16_encode(&w, SPAN_LIT("abcdef"));
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    w = wr_init(MSPAN_OF(store));
    EXPECT_ERR(ERR_LIMIT, base64_decode(&w, BASE64_STD, SPAN_LIT("YWJjZGVm")));
    w = wr_init(MSPAN_OF(store));
    EXPECT_ERR(ERR_LIMIT, base32_decode(&w, BASE32_LOWER, SPAN_LIT("mfrggzdfmy")));
    w = wr_init(MSPAN_OF(store));
    EXPECT_ERR(ERR_LIMIT, base58_decode(&w, SPAN_LIT("2NEpo7TZRRrLZSi2U")));
    w = wr_init(MSPAN_OF(store));
    EXPECT_ERR(ERR_LIMIT,
               cid_parse(&w, SPAN_LIT("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")));
    w = wr_init(MSPAN_OF(store));
    EXPECT_ERR(
        ERR_LIMIT,
        cid_parse_peer_id(&w, SPAN_LIT("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")));
    uint8_t large[CID_LEN_MAX + 1] = {0};
    w = wr_init(MSPAN_OF(store));
    cid_print_peer_cid(&w, SPAN_OF(large));
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    static char text[CID_TEXT_MAX + 1];
    struct cid cid;
    EXPECT_ERR(ERR_LIMIT, cid_decode(&cid, SPAN_OF(large)));
    EXPECT_ERR(ERR_LIMIT, cid_parse(&w, SPAN_OF(text)));
    EXPECT_ERR(ERR_MALFORMED, cid_print(&w, test_hex("01")));
}

TEST_MAIN
