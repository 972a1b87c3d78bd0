/* mDNS: names and messages, questions and answers between two engines, and what is not believed. */
#include "p2p/mdns.h"

#include "base/test.h"

#include <string.h>

static const instant NOW = {.us = US_PER_S};
static struct rng_seeded rng;

static struct peer_id peer_of(uint8_t n)
{
    struct peer_id id;
    uint8_t bytes[34] = {0x12, 0x20, n};
    EXPECT_OK(peer_id_decode(&id, SPAN_OF(bytes)));
    return id;
}

static struct mdns *start(uint8_t n)
{
    static struct mdns engines[3];
    struct mdns *m = &engines[n];
    struct mdns_cfg cfg = {.self = peer_of(n), .rng = &rng.rng, .budget = test_budget()};
    EXPECT_OK(mdns_init(m, &cfg, NOW));
    return m;
}

static void set_addr(struct mdns *m, const char *text)
{
    uint8_t bytes[128];
    struct wr w = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    struct span addr = span_of(bytes, w.n);
    EXPECT_OK(mdns_set_addrs(m, &addr, 1));
}

TEST(names)
{
    static const struct {
        const char *text;
        const char *hex; /* "" = refused */
    } cases[] = {
        {"local",           "05 6c6f63616c 00"                        },
        {"_p2p._udp.local", "04 5f703270 04 5f756470 05 6c6f63616c 00"},
        {"a..b",            ""                                        },
        {".a",              ""                                        },
        {"a.",              "01 61 00"                                },
        {"",                "00"                                      },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].text);
        struct mdns_name name;
        enum err e = mdns_name_parse(&name, span_str(cases[i].text));
        if (*cases[i].hex) {
            EXPECT_OK(e);
            EXPECT_SPAN(test_hex(cases[i].hex), span_of(name.bytes, name.n));
        } else {
            EXPECT_ERR(ERR_MALFORMED, e);
        }
    }
    char label[130];
    memset(label, 'a', sizeof label);
    struct mdns_name name;
    EXPECT_OK(mdns_name_parse(&name, span_of(label, 63)));
    EXPECT_ERR(ERR_MALFORMED, mdns_name_parse(&name, span_of(label, 64)));
}

#define HEAD_QUESTION "0000 0000 0001 0000 0000 0000"
#define HEAD_ANSWER   "0000 8400 0000 0001 0000 0000"
#define SERVICE       "04 5f703270 04 5f756470 05 6c6f63616c 00"

TEST(messages)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err err; /* of the first item, or of the head */
    } cases[] = {
        {"a question",                 HEAD_QUESTION SERVICE "000c 0001",                                  OK           },
        {"upper case",                 HEAD_QUESTION "04 5f503250 04 5f554450 05 4c4f43414c 00 000c 8001", OK           },
        {"a PTR",                      HEAD_ANSWER SERVICE "000c 0001 00000078 0004 01 61 c00c",           OK           },
        {"nothing",                    "0000 0000 0000 0000 0000 0000",                                    ERR_NOT_FOUND},
        {"half a head",                "0000 0000 0001",                                                   ERR_MALFORMED},
        {"a name without end",         HEAD_QUESTION "04 5f703270",                                        ERR_MALFORMED},
        {"a pointer to itself",        HEAD_QUESTION "c00c 000c 0001",                                     ERR_MALFORMED},
        {"a pointer ahead",            HEAD_QUESTION "c00e 00 000c 0001",                                  ERR_MALFORMED},
        {"half a pointer",             HEAD_QUESTION "c0",                                                 ERR_MALFORMED},
        {"a label of 64",              HEAD_QUESTION "40 61",                                              ERR_MALFORMED},
        {"no type",                    HEAD_QUESTION SERVICE "00",                                         ERR_MALFORMED},
        {"data beyond the end",        HEAD_ANSWER SERVICE "0010 0001 00000078 0004 01 61",                ERR_MALFORMED},
        {"a PTR longer than its name", HEAD_ANSWER SERVICE "000c 0001 00000078 0005 01 61 c00c 00",
         ERR_MALFORMED                                                                                                  },
        {"too many records",           "0000 8400 0000 0041 0000 0000",                                    ERR_LIMIT    },
        {"counts that add up",         "0000 8400 ffff ffff ffff ffff",                                    ERR_LIMIT    },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        struct mdns_cursor c;
        struct mdns_record r;
        bool is_response;
        enum err e = mdns_open(&c, &is_response, test_hex(cases[i].hex));
        e = e == OK ? mdns_next(&r, &c) : e;
        EXPECT_ERR(cases[i].err, e);
        if (e == OK) {
            EXPECT_EQ(MDNS_PTR, r.type);
            EXPECT_SPAN(test_hex(SERVICE), span_of(r.name.bytes, r.name.n));
            EXPECT_ERR(ERR_NOT_FOUND, mdns_next(&r, &c));
        }
    }
}

TEST(two_engines_find_each_other)
{
    rng_seeded_init(&rng, test_seed());
    struct mdns *a = start(1);
    struct mdns *b = start(2);
    set_addr(a, "/ip4/192.168.1.7/tcp/4001");
    set_addr(b, "/ip6/fe80::1/udp/4001/quic-v1");
    unsigned found[2] = {0};
    unsigned datagrams = 0;
    instant now = NOW;
    while (now.us < 30 * US_PER_S) {
        now = instant_min(mdns_deadline(a), mdns_deadline(b));
        struct mdns *all[2] = {a, b};
        for (size_t i = 0; i < 2; i++) {
            uint8_t out[MDNS_SENT_LEN_MAX];
            size_t n;
            while ((n = mdns_send(all[i], now, MSPAN_OF(out))) > 0) {
                datagrams++;
                mdns_recv(a, now, span_of(out, n)); /* multicast: we hear ourselves too */
                mdns_recv(b, now, span_of(out, n));
            }
        }
        for (size_t i = 0; i < 2; i++) {
            struct mdns_found f;
            while (mdns_poll(all[i], &f)) {
                found[i]++;
                struct peer_id other = peer_of(i == 0 ? 2 : 1);
                EXPECT(peer_id_equal(&other, &f.peer));
                EXPECT_SPAN(i == 0 ? test_hex("29 fe800000000000000000000000000001 9102 0fa1 cd03")
                                   : test_hex("04 c0a80107 06 0fa1"),
                            span_of(f.addr, f.addr_len));
            }
        }
    }
    EXPECT(found[0] >= 1);
    EXPECT(found[1] >= 1);
    EXPECT(datagrams < 60); /* questions ever more seldom, answers once a second at most */
    EXPECT_EQ(0, a->refused_count);
    mdns_done(a);
    mdns_done(b);
}

/* The records of an answer, by type; go-libp2p takes none without SRV and A or AAAA. */
TEST(an_answer_has_a_host_and_its_address_beside_the_text)
{
    static const struct {
        const char *addr;
        uint16_t types[4];
        const char *ip;
    } cases[] = {
        {"/ip4/10.0.0.1/tcp/258",        {MDNS_PTR, MDNS_TXT, MDNS_SRV, MDNS_A}, "0a000001"},
        {"/ip6/fd00::1/udp/258/quic-v1",
         {MDNS_PTR, MDNS_TXT, MDNS_SRV, MDNS_AAAA},
         "fd000000000000000000000000000001"                                                },
        {"/dns4/a.local/tcp/258",        {MDNS_PTR, MDNS_TXT},                   ""        },
    };
    rng_seeded_init(&rng, test_seed());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].addr);
        struct mdns *m = start(1);
        uint8_t out[MDNS_SENT_LEN_MAX];
        struct mdns_cursor c;
        struct mdns_record r;
        bool is_response;
        m->ask_at = INSTANT_NEVER;
        set_addr(m, cases[i].addr);
        mdns_recv(m, NOW, test_hex(HEAD_QUESTION SERVICE "000c 0001"));
        size_t n = mdns_send(m, mdns_deadline(m), MSPAN_OF(out));
        EXPECT_OK(mdns_open(&c, &is_response, span_of(out, n)));
        for (size_t k = 0; k < 4 && cases[i].types[k]; k++) {
            EXPECT_OK(mdns_next(&r, &c));
            EXPECT_EQ(cases[i].types[k], r.type);
            if (r.type == MDNS_SRV) {
                EXPECT_SPAN(test_hex("0000 0000 0102"), span_of(r.data.p, 6));
                EXPECT_SPAN(span_of(m->host.bytes, m->host.n), span_from(r.data, 6));
            } else if (k == 3) {
                EXPECT_SPAN(span_of(m->host.bytes, m->host.n), span_of(r.name.bytes, r.name.n));
                EXPECT_SPAN(test_hex(cases[i].ip), r.data);
            }
        }
        EXPECT_ERR(ERR_NOT_FOUND, mdns_next(&r, &c));
        mdns_done(m);
    }
}

TEST(answers_wait_a_moment_and_come_once_a_second)
{
    rng_seeded_init(&rng, test_seed());
    struct mdns *m = start(1);
    uint8_t out[MDNS_SENT_LEN_MAX];
    struct span question = test_hex(HEAD_QUESTION SERVICE "000c 0001");
    m->ask_at = INSTANT_NEVER;
    mdns_recv(m, NOW, question);
    EXPECT(instant_is_never(mdns_deadline(m))); /* no address: nothing to say */
    set_addr(m, "/ip4/10.0.0.1/tcp/1");
    mdns_recv(m, NOW, question);
    instant at = mdns_deadline(m);
    EXPECT(at.us >= NOW.us + 20000);
    EXPECT(at.us <= NOW.us + 120000);
    EXPECT_EQ(0, mdns_send(m, NOW, MSPAN_OF(out)));
    EXPECT(mdns_send(m, at, MSPAN_OF(out)) > 0);
    EXPECT_EQ(0, mdns_send(m, at, MSPAN_OF(out)));
    mdns_recv(m, at, question);
    EXPECT_EQ(at.us + US_PER_S, mdns_deadline(m).us);
    mdns_recv(
        m, at,
        test_hex(HEAD_QUESTION
                 "09 5f7365727669636573 07 5f646e732d7364 04 5f756470 05 6c6f63616c 00 000c 0001"));
    size_t n = mdns_send(m, instant_add(at, 500 * US_PER_MS), MSPAN_OF(out));
    struct mdns_cursor c;
    struct mdns_record r;
    bool is_response;
    EXPECT_OK(mdns_open(&c, &is_response, span_of(out, n)));
    EXPECT(is_response);
    EXPECT_OK(mdns_next(&r, &c));
    EXPECT_SPAN(test_hex(SERVICE), span_of(r.target.bytes, r.target.n));
    mdns_done(m);
}

/* answer makes a response with one TXT record of `text` under our service. */
static struct span answer(struct mdns *m, const char *const *texts, size_t count, bool foreign)
{
    static uint8_t out[8000];
    static uint8_t data[6000];
    struct mdns_name name;
    EXPECT_OK(mdns_name_parse(&name, foreign ? SPAN_LIT("abc._other._udp.local")
                                             : SPAN_LIT("abc._p2p._udp.local")));
    struct wr d = wr_init(MSPAN_OF(data));
    for (size_t i = 0; i < count; i++) {
        wr_u8(&d, (uint8_t)strlen(texts[i]));
        wr_str(&d, texts[i]);
    }
    struct wr w = wr_init(MSPAN_OF(out));
    mdns_write_head(&w, (struct mdns_head){.is_response = true, .answers = 1, .extras = 1});
    mdns_write_ptr(&w, &m->service, &name, 120);
    mdns_write_txt(&w, &name, span_of(data, d.n), 120);
    EXPECT(wr_ok(&w));
    return span_of(out, w.n);
}

#define PEER "/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh"

TEST(what_is_believed_of_an_answer)
{
    static const struct {
        const char *text;
        unsigned found;
    } cases[] = {
        {"dnsaddr=/ip4/10.0.0.1/tcp/1" PEER,         1},
        {"dnsaddr=/ip4/10.0.0.1/udp/1/quic-v1" PEER, 1},
        {"dnsaddr=/ip4/10.0.0.1/tcp/1",              0},
        {"dnsaddr=" PEER,                            0},
        {"dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/12D3Koo",  0},
        {"dnsaddr=/ip4/10.0.0.256/tcp/1" PEER,       0},
        {"dnsaddr=",                                 0},
        {"DNSADDR=/ip4/10.0.0.1/tcp/1" PEER,         0},
        {"other=/ip4/10.0.0.1/tcp/1" PEER,           0},
    };
    rng_seeded_init(&rng, test_seed());
    struct mdns *m = start(1);
    struct mdns_found f;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].text);
        mdns_recv(m, NOW, answer(m, &cases[i].text, 1, false));
        EXPECT_EQ(cases[i].found, mdns_poll(m, &f));
        mdns_recv(m, NOW, answer(m, &cases[i].text, 1, true));
        EXPECT(!mdns_poll(m, &f));
    }
    /* Many addresses: as many as are waited for. */
    const char *many[40];
    for (size_t i = 0; i < 40; i++) {
        many[i] = cases[0].text;
    }
    for (unsigned i = 0; i < 3; i++) {
        mdns_recv(m, NOW, answer(m, many, 40, false));
    }
    unsigned count = 0;
    while (mdns_poll(m, &f)) {
        count++;
    }
    EXPECT_EQ(MDNS_FOUND_MAX, count);
    mdns_done(m);
}

TEST(addresses_that_do_not_fit_are_left_out)
{
    rng_seeded_init(&rng, test_seed());
    struct mdns *m = start(1);
    uint8_t bytes[4][MULTIADDR_LEN_MAX];
    struct span addrs[4];
    for (size_t i = 0; i < 4; i++) {
        char name[201];
        memset(name, 'a', sizeof name);
        struct wr w = wr_init(MSPAN_OF(bytes[i]));
        multiaddr_write(&w, MULTIADDR_DNS4, span_of(name, i == 1 ? 200 : 100));
        multiaddr_write_port(&w, MULTIADDR_TCP, (uint16_t)(i + 1));
        addrs[i] = span_of(bytes[i], w.n);
    }
    EXPECT_OK(mdns_set_addrs(m, addrs, 4));
    struct span data = buf_span(&m->txt);
    struct span text;
    unsigned count = 0;
    while (mdns_next_text(&text, &data)) {
        EXPECT(text.n <= MDNS_TEXT_LEN_MAX);
        count++;
    }
    EXPECT_EQ(3, count);
    mdns_done(m);
}

TEST_MAIN
