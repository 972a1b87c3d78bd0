#include "codec/multiaddr.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

#define PEER    "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"
#define ED_PEER "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV"

/* go-multiaddr, multiaddr_test.go, "good", as far as the protocols are ours. */
static const char *const good[] = {
    "/ip4/1.2.3.4",
    "/ip4/0.0.0.0",
    "/ip6/::1",
    "/ip6/2601:9:4f81:9700:803e:ca65:66e8:c21",
    "/ip6/2601:9:4f81:9700:803e:ca65:66e8:c21/udp/1234/quic",
    "/ip6/2601:9:4f81:9700:803e:ca65:66e8:c21/udp/1234/quic-v1",
    "/ip6zone/x/ip6/fe80::1",
    "/ip6zone/x%y/ip6/fe80::1",
    "/ip6zone/x%y/ip6/::",
    "/ip6zone/x/ip6/fe80::1/udp/1234/quic-v1",
    "/udp/0",
    "/tcp/0",
    "/udp/65535",
    "/tcp/65535",
    "/p2p/" PEER,
    "/p2p/" ED_PEER,
    "/tcp/1234/http",
    "/tcp/1234/tls/http",
    "/p2p/" PEER "/tcp/1234",
    "/ip4/127.0.0.1/udp/1234",
    "/ip4/127.0.0.1/tcp/1234",
    "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport",
    "/ip4/127.0.0.1/p2p/" PEER "/tcp/1234",
    "/unix/a/b/c/d/e",
    "/unix/stdio",
    "/ip4/1.2.3.4/tcp/80/unix/a/b/c/d/e/f",
    "/ip4/127.0.0.1/p2p/" PEER "/tcp/1234/unix/stdio",
    "/ip4/127.0.0.1/tcp/127/ws",
    "/ip4/127.0.0.1/tcp/127/tls/ws",
    "/ip4/127.0.0.1/tcp/127/noise",
    "/ip4/127.0.0.1/tcp/127/wss",
    "/ip4/127.0.0.1/tcp/127/webrtc-direct",
    "/ip4/127.0.0.1/tcp/443/tls/sni/example.com/http",
    "/memory/4",
    "/memory/18446744073709551615",
    "/dns/example.com/tcp/443",
    "/dns4/example.com",
    "/dns6/example.com",
    "/dnsaddr/bootstrap.libp2p.io",
    "/ip4/1.2.3.4/tcp/4001/p2p/" PEER "/p2p-circuit/p2p/" ED_PEER,
};

TEST(text_round_trip)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint8_t bytes[MULTIADDR_LEN_MAX];
        uint8_t text[MULTIADDR_TEXT_MAX];
        struct wr b = wr_init(MSPAN_OF(bytes));
        struct wr t = wr_init(MSPAN_OF(text));
        test_note("%s", good[i]);
        EXPECT_OK(multiaddr_parse(&b, span_str(good[i]), NULL));
        EXPECT_OK(multiaddr_validate(span_of(bytes, b.n), NULL));
        EXPECT_OK(multiaddr_print(&t, span_of(bytes, b.n)));
        EXPECT_SPAN(span_str(good[i]), span_of(text, t.n));
    }
}

/* Other texts for the same address. */
TEST(read_but_not_written)
{
    static const struct {
        const char *text;
        const char *printed;
    } cases[] = {
        {"/ip4/127.0.0.1/tcp/1234/",                                               "/ip4/127.0.0.1/tcp/1234"},
        {"/ipfs/" PEER,                                                            "/p2p/" PEER             },
        {"/p2p/bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm",       "/p2p/" PEER             },
        {"/p2p/k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7",          "/p2p/" PEER             },
        {"/p2p/k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs",    "/p2p/" ED_PEER          },
        {"/p2p/bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u", "/p2p/" ED_PEER          },
        {"/ip6/0:0:0:0:0:0:0:1",                                                   "/ip6/::1"               },
        {"/ip6/::ffff:7f00:1",                                                     "/ip6/::ffff:127.0.0.1"  },
        {"/udp/1/quic-v1/webtransport/certhash/b2uaraocy6yrdblb4sfptaddgimjmmpy",
         "/udp/1/quic-v1/webtransport/certhash/u1QEQOFj2IjCsPJFfMAxmQxLGPw"                                 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[MULTIADDR_LEN_MAX];
        uint8_t text[MULTIADDR_TEXT_MAX];
        struct wr b = wr_init(MSPAN_OF(bytes));
        struct wr t = wr_init(MSPAN_OF(text));
        test_note("%s", cases[i].text);
        EXPECT_OK(multiaddr_parse(&b, span_str(cases[i].text), NULL));
        EXPECT_OK(multiaddr_print(&t, span_of(bytes, b.n)));
        EXPECT_SPAN(span_str(cases[i].printed), span_of(text, t.n));
    }
}

/* go-multiaddr, multiaddr_test.go, TestConstructFails, without the protocols that we do not have. */
static const char *const bad_texts[] = {
    "/ip4",
    "/ip4/::1",
    "/ip4/fdpsofodsajfdoisa",
    "/ip6",
    "/ip6zone",
    "/ip6zone/",
    "/ip6zone//ip6/fe80::1",
    "/udp",
    "/tcp",
    "/sctp",
    "/udp/65536",
    "/tcp/65536",
    "/quic/65536",
    "/quic-v1/65536",
    "/udp/1234/sctp",
    "/udp/1234/udt/1234",
    "/ip4/127.0.0.1/udp/jfodsajfidosajfoidsa",
    "/ip4/127.0.0.1/udp",
    "/ip4/127.0.0.1/tcp/jfodsajfidosajfoidsa",
    "/ip4/127.0.0.1/tcp",
    "/ip4/127.0.0.1/quic/1234",
    "/ip4/127.0.0.1/quic-v1/1234",
    "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash",
    "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/b2uaraocy6yrdblb4sfptaddgimjmmp",
    "/ip4/127.0.0.1/ipfs",
    "/ip4/127.0.0.1/ipfs/tcp",
    "/ip4/127.0.0.1/p2p",
    "/ip4/127.0.0.1/p2p/tcp",
    "/unix",
    "/ip4/1.2.3.4/tcp/80/unix",
    "/ip4/1.2.3.4/tcp/-1",
    "/ip4/127.0.0.1/tcp/9090/http/p2p-webcrt-direct",
    "/memory/92233720368547758081",
    "/",
    "",
    "/p2p/QmxoHT6iViN5xAjoz1VZ553cL31U9F94ht3QvWR1FrEbZY",
    /* ours */
    "ip4/1.2.3.4",
    "//ip4/1.2.3.4",
    "/ip4//tcp/1",
    "/ip4/1.2.3",
    "/ip4/1.2.3.4.5",
    "/ip4/01.2.3.4",
    "/ip4/1.2.3.256",
    "/ip4/1.2.3.",
    "/tcp/+1",
    "/tcp/ 1",
    "/tcp/01",
    "/tcp/0x1",
    "/ip6/1::2::3",
    "/ip6/:::",
    "/ip6/1:2:3:4:5:6:7",
    "/ip6/1:2:3:4:5:6:7:8:9",
    "/ip6/1:2:3:4:5:6:7:8::",
    "/ip6/12345::",
    "/ip6/::1.2.3",
    "/ip6/1.2.3.4::",
    "/ip6/:1",
    "/ip6/1:",
    "/dns/",
    "/dns/a\x01"
    "b",
    "/dns/\xff",
    "/p2p/1",
    "/p2p/0",
    "/IP4/1.2.3.4",
    "/ip4/1.2.3.4/tcp/1//",
    "/unix/",
    "/memory/18446744073709551616",
};

TEST(text_that_must_fail)
{
    for (size_t i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++) {
        uint8_t bytes[MULTIADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(bytes));
        struct diag why = {0};
        test_note("%s", bad_texts[i]);
        EXPECT(multiaddr_parse(&w, span_str(bad_texts[i]), &why) != OK);
        EXPECT_EQ(0, w.n);
        EXPECT(why.rule != NULL);
    }
}

/* go-multiaddr, TestStringToBytes; the last from libp2p's peer-ids. */
TEST(known_bytes)
{
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        {"/ip4/127.0.0.1/udp/1234",                        "047f000001910204d2"                },
        {"/ip4/127.0.0.1/tcp/4321",                        "047f0000010610e1"                  },
        {"/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1"},
        {"/dns4/a/tcp/1/tls/sni/b/ws",                     "360161 060001 c003 c1030162 dd03"  },
        {"/unix/a/b",                                      "9003042f612f62"                    },
        {"/memory/4",                                      "89060000000000000004"              },
        {"/p2p/" PEER,
         "a503221220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0b"          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[MULTIADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(bytes));
        test_note("%s", cases[i].text);
        EXPECT_OK(multiaddr_parse(&w, span_str(cases[i].text), NULL));
        EXPECT_SPAN(test_hex(cases[i].hex), span_of(bytes, w.n));
    }
}

TEST(bytes_that_must_fail)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err want;
    } cases[] = {
        {"empty",                "",                ERR_MALFORMED  },
        {"unknown code",         "0f0102",          ERR_UNSUPPORTED},
        {"code not minimal",     "84007f000001",    ERR_MALFORMED  },
        {"code cut",             "91",              ERR_MALFORMED  },
        {"ip4 cut",              "047f0000",        ERR_MALFORMED  },
        {"tcp cut",              "047f00000106",    ERR_MALFORMED  },
        {"length past the end",  "36056162",        ERR_MALFORMED  },
        {"length not minimal",   "36810061",        ERR_MALFORMED  },
        {"empty name",           "3600",            ERR_MALFORMED  },
        {"name with a slash",    "3603612f62",      ERR_MALFORMED  },
        {"name with a line end", "3603610a62",      ERR_MALFORMED  },
        {"name not UTF-8",       "3601ff",          ERR_MALFORMED  },
        {"unix without slash",   "90030161",        ERR_MALFORMED  },
        {"unix ends with slash", "9003032f612f",    ERR_MALFORMED  },
        {"unix before another",  "9003022f61 c003", ERR_MALFORMED  },
        {"p2p empty",            "a50300",          ERR_MALFORMED  },
        {"p2p of another hash",  "a503031301aa",    ERR_MALFORMED  },
        {"p2p, short sha2-256",  "a503031201aa",    ERR_MALFORMED  },
        {"certhash cut inside",  "d203031202aa",    ERR_MALFORMED  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct diag why = {0};
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, multiaddr_validate(test_hex(cases[i].hex), &why));
        EXPECT(why.rule != NULL);
    }
}

TEST(limits)
{
    uint8_t bytes[MULTIADDR_LEN_MAX + 8];
    struct wr w = wr_init(MSPAN_OF(bytes));
    for (int i = 0; i < MULTIADDR_PARTS_MAX; i++) {
        multiaddr_write(&w, MULTIADDR_TLS, SPAN_EMPTY);
    }
    EXPECT_OK(multiaddr_validate(span_of(bytes, w.n), NULL));
    multiaddr_write(&w, MULTIADDR_TLS, SPAN_EMPTY);
    EXPECT_ERR(ERR_LIMIT, multiaddr_validate(span_of(bytes, w.n), NULL));

    uint8_t name[256];
    memset(name, 'a', sizeof name);
    struct wr long_one = wr_init(MSPAN_OF(bytes));
    multiaddr_write(&long_one, MULTIADDR_DNS, span_of(name, 255));
    EXPECT_OK(wr_end(&long_one));
    multiaddr_write(&long_one, MULTIADDR_DNS,
                    span_of(name, 251)); /* 258 + 254 bytes: exactly the limit */
    EXPECT_EQ(MULTIADDR_LEN_MAX, long_one.n);
    EXPECT_OK(multiaddr_validate(span_of(bytes, long_one.n), NULL));
    multiaddr_write(&long_one, MULTIADDR_TLS, SPAN_EMPTY);
    EXPECT_ERR(ERR_LIMIT, multiaddr_validate(span_of(bytes, long_one.n), NULL));

    struct wr too_long = wr_init(MSPAN_OF(bytes));
    multiaddr_write(&too_long, MULTIADDR_DNS, span_of(name, 256));
    EXPECT_ERR(ERR_MALFORMED, wr_end(&too_long));
}

TEST(find_and_ports)
{
    uint8_t bytes[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(multiaddr_parse(
        &w, SPAN_LIT("/ip4/1.2.3.4/tcp/4001/p2p/" PEER "/p2p-circuit/p2p/" ED_PEER), NULL));
    struct span addr = span_of(bytes, w.n);
    struct multiaddr_part part;
    TEST_REQUIRE(multiaddr_find(&part, addr, MULTIADDR_TCP));
    EXPECT_EQ(4001, multiaddr_part_port(&part));
    EXPECT_EQ(3, part.raw.n);
    EXPECT(!multiaddr_find(&part, addr, MULTIADDR_UDP));
    struct span peer;
    TEST_REQUIRE(multiaddr_peer_id(&peer, addr));
    EXPECT_SPAN(
        test_hex("0024080112202d3de6d16ae87f7a933fe15521 62a2d3f04951e90e8051e4ee2c18f002dd0fb4"),
        peer);
}

/* Random good and damaged addresses: what validates prints, and what prints reads back the same. */
TEST(damaged_bytes)
{
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[MULTIADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(bytes));
        const char *text = good[rng_below(&r.rng, sizeof good / sizeof good[0])];
        EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
        bytes[rng_below(&r.rng, w.n)] ^= (uint8_t)(1 << rng_below(&r.rng, 8));
        struct span addr = span_of(bytes, w.n - (size_t)rng_below(&r.rng, 2));
        if (multiaddr_validate(addr, NULL) != OK) {
            continue;
        }
        uint8_t printed[MULTIADDR_TEXT_MAX];
        uint8_t again[MULTIADDR_LEN_MAX];
        struct wr t = wr_init(MSPAN_OF(printed));
        struct wr b = wr_init(MSPAN_OF(again));
        EXPECT_OK(multiaddr_print(&t, addr));
        EXPECT_OK(multiaddr_parse(&b, span_of(printed, t.n), NULL));
        EXPECT_SPAN(addr, span_of(again, b.n));
    }
}

TEST(walking)
{
    struct span rest = test_hex("047f000001 060fa1 ff");
    struct multiaddr_part part;
    EXPECT(multiaddr_next(&part, &rest));
    EXPECT_EQ(0, multiaddr_part_port(&part));
    EXPECT(multiaddr_next(&part, &rest));
    EXPECT(!multiaddr_next(&part, &rest)); /* not an address: the walk just ends */
    EXPECT_EQ(1, rest.n);
    struct span peer;
    EXPECT(!multiaddr_peer_id(&peer, test_hex("047f000001")));
    EXPECT_STR("quic-v1", multiaddr_code_name(461));
    EXPECT(multiaddr_code_name(1) == NULL);
    uint8_t out[8];
    struct wr w = wr_init(MSPAN_OF(out));
    EXPECT_ERR(ERR_UNSUPPORTED, multiaddr_print(&w, test_hex("0f01")));
    multiaddr_write_port(&w, MULTIADDR_UDP, 443);
    EXPECT_SPAN(test_hex("910201bb"), span_of(out, w.n));
    multiaddr_write(&w, (enum multiaddr_code)1, SPAN_EMPTY);
    EXPECT_ERR(ERR_MALFORMED, wr_end(&w));
}

TEST(text_limits)
{
    static char text[MULTIADDR_TEXT_MAX + 1];
    uint8_t out[MULTIADDR_LEN_MAX];
    struct diag why = {0};
    memset(text, 'a', sizeof text);
    text[0] = '/';
    struct wr w = wr_init(MSPAN_OF(out));
    EXPECT_ERR(ERR_LIMIT, multiaddr_parse(&w, SPAN_OF(text), &why));
    w = wr_init(MSPAN_OF(out));
    for (size_t i = 0; i < 4 * (MULTIADDR_PARTS_MAX + 1); i += 4) {
        memcpy(text + i, "/tls", 4);
    }
    EXPECT_OK(multiaddr_parse(&w, span_of(text, 4 * MULTIADDR_PARTS_MAX), &why));
    EXPECT_ERR(ERR_LIMIT, multiaddr_parse(&w, span_of(text, 4 * (MULTIADDR_PARTS_MAX + 1)), &why));
    struct wr small = wr_init(mspan_of(out, 3));
    EXPECT_ERR(ERR_LIMIT, multiaddr_parse(&small, SPAN_LIT("/ip4/1.2.3.4"), NULL));
    small = wr_init(mspan_of(out, 3));
    EXPECT_ERR(ERR_LIMIT, multiaddr_print(&small, test_hex("047f000001")));
}

TEST_MAIN
