#include "service/descriptor.h"

#include "base/test.h"
#include "codec/multiaddr.h"

#include <string.h>

enum { ISSUED = 1800000000 };

static uint8_t room[DESCRIPTOR_SEALED_LEN_MAX * 2];

/* /ip4/192.0.2.1/tcp/4001 */
static const uint8_t tcp[] = {4, 192, 0, 2, 1, 6, 0x0f, 0xa1};

/* The vector of docs/protocol.md. */
static struct descriptor good(void)
{
    static uint8_t peer[34];
    memset(peer, 7, sizeof peer);
    peer[0] = 0x12;
    peer[1] = 0x20;
    return (struct descriptor){
        .peer = SPAN_OF(peer),
        .seq = 5,
        .issued_s = ISSUED,
        .expires_s = ISSUED + 14400,
        .addrs_count = 1,
        .addrs = {SPAN_OF(tcp)},
        .chains_count = 1,
        .chains = {{.id = 31337, .services = DESCRIPTOR_PROOFS | DESCRIPTOR_BUNDLER, .level = 2}},
        .operator_name = SPAN_LIT("Example"),
    };
}

static struct span encode(const struct descriptor *d)
{
    struct wr w = wr_init(MSPAN_OF(room));
    descriptor_encode(&w, d);
    EXPECT_OK(wr_end(&w));
    return span_of(room, w.n);
}

TEST(the_vector)
{
    struct descriptor d = good();
    struct descriptor back;
    struct span in =
        test_hex("0a22 1220 07070707070707070707070707070707 07070707070707070707070707070707"
                 "1005 1880a4a7da06 20c094a8da06 2a08 04c0000201060fa1"
                 "3208 08e9f401 1005 1802 3a07 4578616d706c65");
    EXPECT_SPAN(in, encode(&d));
    EXPECT_OK(descriptor_decode(&back, in));
    EXPECT_SPAN(d.peer, back.peer);
    EXPECT_EQ(d.seq, back.seq);
    EXPECT_EQ(d.expires_s, back.expires_s);
    EXPECT_SPAN(d.addrs[0], back.addrs[0]);
    EXPECT_SPAN(d.operator_name, back.operator_name);
    const struct descriptor_chain *chain = descriptor_serves(&back, 31337);
    TEST_REQUIRE(chain);
    EXPECT_EQ(5, chain->services);
    EXPECT_EQ(2, chain->level);
    EXPECT(!descriptor_serves(&back, 1));
}

TEST(what_a_later_version_adds_is_stepped_over)
{
    struct descriptor d = good();
    struct descriptor back;
    size_t n = encode(&d).n;
    memcpy(room + n, "\x78\x01\xa2\x06\x01z", 6); /* fields 15 and 100 */
    EXPECT_OK(descriptor_decode(&back, span_of(room, n + 6)));
}

/* A descriptor, changed in one thing. */
typedef void (*change_fn)(struct descriptor *d);
static uint8_t longest[DESCRIPTOR_ADDR_LEN_MAX + 8];

/* An address of n bytes: /dns and a name. */
static struct span addr_of(size_t n)
{
    memset(longest, 'a', sizeof longest);
    longest[0] = MULTIADDR_DNS;
    longest[1] = (uint8_t)(n - 2); /* one byte, below 128 */
    return span_of(longest, n);
}

static void no_peer(struct descriptor *d)
{
    d->peer = SPAN_EMPTY;
}
static void long_peer(struct descriptor *d)
{
    d->peer = span_of(longest, DESCRIPTOR_PEER_LEN_MAX + 1);
}
static void no_seq(struct descriptor *d)
{
    d->seq = 0;
}
static void day(struct descriptor *d)
{
    d->expires_s = d->issued_s + DESCRIPTOR_VALID_S_MAX;
}
static void over_a_day(struct descriptor *d)
{
    d->expires_s = d->issued_s + DESCRIPTOR_VALID_S_MAX + 1;
}
static void never_valid(struct descriptor *d)
{
    d->expires_s = d->issued_s;
}
static void backwards(struct descriptor *d)
{
    d->expires_s = 1;
}
static void no_addrs(struct descriptor *d)
{
    d->addrs_count = 0;
}
static void all_addrs(struct descriptor *d)
{
    for (size_t i = 0; i < DESCRIPTOR_ADDRS_MAX; i++) {
        d->addrs[i] = d->addrs[0];
    }
    d->addrs_count = DESCRIPTOR_ADDRS_MAX;
}
static void strange_addr(struct descriptor *d)
{
    d->addrs[0] = SPAN_LIT("\xff\x01x"); /* of a kind that is not known */
}
static void broken_addr(struct descriptor *d)
{
    d->addrs[0] = SPAN_LIT("\x04\xc0");
}
static void long_addr(struct descriptor *d)
{
    d->addrs[0] = addr_of(DESCRIPTOR_ADDR_LEN_MAX);
}
static void longer_addr(struct descriptor *d)
{
    d->addrs[0] = addr_of(DESCRIPTOR_ADDR_LEN_MAX + 1);
}
static void no_chains(struct descriptor *d)
{
    d->chains_count = 0;
}
static void chain_zero(struct descriptor *d)
{
    d->chains[0].id = 0;
}
static void all_chains(struct descriptor *d)
{
    for (size_t i = 0; i < DESCRIPTOR_CHAINS_MAX; i++) {
        d->chains[i] = (struct descriptor_chain){.id = i + 1};
    }
    d->chains_count = DESCRIPTOR_CHAINS_MAX;
}
static void chain_twice(struct descriptor *d)
{
    d->chains[1] = d->chains[0];
    d->chains_count = 2;
}
static void no_operator(struct descriptor *d)
{
    d->operator_name = SPAN_EMPTY;
}
static void strange_operator(struct descriptor *d)
{
    d->operator_name = SPAN_LIT("a\x1b[2J");
}
static void long_operator(struct descriptor *d)
{
    static uint8_t name[DESCRIPTOR_OPERATOR_LEN_MAX + 1];
    memset(name, 'x', sizeof name);
    d->operator_name = SPAN_OF(name);
}

TEST(bounds)
{
    static const struct {
        const char *name;
        change_fn change;
        enum err err;
    } cases[] = {
        {"no peer",                    no_peer,          ERR_MALFORMED},
        {"a peer id that is too long", long_peer,        ERR_MALFORMED},
        {"no sequence",                no_seq,           ERR_MALFORMED},
        {"valid for a day",            day,              OK           },
        {"valid for longer",           over_a_day,       ERR_MALFORMED},
        {"valid for no time",          never_valid,      ERR_MALFORMED},
        {"expires before its issue",   backwards,        ERR_MALFORMED},
        {"no address",                 no_addrs,         ERR_MALFORMED},
        {"eight addresses",            all_addrs,        OK           },
        {"an address of another kind", strange_addr,     OK           },
        {"half an address",            broken_addr,      ERR_MALFORMED},
        {"the longest address",        long_addr,        OK           },
        {"a longer one",               longer_addr,      ERR_MALFORMED},
        {"no chain",                   no_chains,        ERR_MALFORMED},
        {"chain 0",                    chain_zero,       ERR_MALFORMED},
        {"eight chains",               all_chains,       OK           },
        {"a chain twice",              chain_twice,      ERR_MALFORMED},
        {"no operator",                no_operator,      OK           },
        {"a name that moves a cursor", strange_operator, ERR_MALFORMED},
        {"a name that is too long",    long_operator,    ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct descriptor d = good();
        struct descriptor back;
        struct wr w = wr_init(MSPAN_OF(room));
        test_note("%s", cases[i].name);
        cases[i].change(&d);
        descriptor_encode(&w, &d);
        EXPECT_ERR(cases[i].err, wr_end(&w));
        if (cases[i].err == OK) {
            EXPECT_OK(descriptor_decode(&back, span_of(room, w.n)));
        }
    }
}

TEST(what_is_no_descriptor)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err err;
    } cases[] = {
        {"nothing",                  "",                                             ERR_MALFORMED},
        {"no protobuf",              "ff",                                           ERR_MALFORMED},
        {"a sequence of text",       "120161",                                       ERR_MALFORMED},
        {"a chain that is a number", "3001",                                         ERR_MALFORMED},
        {"nine addresses",           "2a00 2a00 2a00 2a00 2a00 2a00 2a00 2a00 2a00", ERR_LIMIT    },
        {"nine chains",              "3200 3200 3200 3200 3200 3200 3200 3200 3200", ERR_LIMIT    },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct descriptor d;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].err, descriptor_decode(&d, test_hex(cases[i].hex)));
    }
}

TEST(questions_and_answers)
{
    uint64_t chain = 0;
    struct wr w = wr_init(MSPAN_OF(room));
    directory_question_write(&w, 31337);
    EXPECT_SPAN(test_hex("04 08e9f401"), span_of(room, w.n));
    EXPECT_OK(directory_question_parse(&chain, span_of(room + 1, w.n - 1)));
    EXPECT_EQ(31337, chain);
    EXPECT_ERR(ERR_MALFORMED, directory_question_parse(&chain, SPAN_EMPTY));

    struct directory_answer a = {
        .count = 2, .sealed = {SPAN_LIT("abc"), SPAN_LIT("d")}
    };
    struct directory_answer back;
    w = wr_init(MSPAN_OF(room));
    directory_answer_write(&w, &a);
    EXPECT_SPAN(test_hex("08 0a03616263 0a0164"), span_of(room, w.n));
    EXPECT_OK(directory_answer_parse(&back, span_of(room + 1, w.n - 1)));
    EXPECT_EQ(2, back.count);
    EXPECT_SPAN(SPAN_LIT("d"), back.sealed[1]);
    EXPECT_OK(directory_answer_parse(&back, SPAN_EMPTY));
    EXPECT_EQ(0, back.count);
}

TEST(answers_have_bounds)
{
    static uint8_t big[DIRECTORY_ANSWER_LEN_MAX + 64];
    static uint8_t sealed[DESCRIPTOR_SEALED_LEN_MAX + 1];
    struct directory_answer a = {.count = DIRECTORY_ANSWER_MAX};
    struct directory_answer back;
    for (size_t i = 0; i < a.count; i++) {
        a.sealed[i] = span_of(sealed, DESCRIPTOR_SEALED_LEN_MAX);
    }
    struct wr w = wr_init(MSPAN_OF(big));
    directory_answer_write(&w, &a);
    struct span message = span_of(big + 3, w.n - 3);
    EXPECT(message.n <= DIRECTORY_ANSWER_LEN_MAX);
    EXPECT_OK(directory_answer_parse(&back, message));
    memcpy(big + w.n, "\x0a", 2); /* one more, empty */
    EXPECT_ERR(ERR_LIMIT, directory_answer_parse(&back, span_of(big + 3, w.n - 1)));
    a = (struct directory_answer){.count = 1, .sealed = {SPAN_OF(sealed)}};
    w = wr_init(MSPAN_OF(big));
    directory_answer_write(&w, &a);
    EXPECT_ERR(ERR_LIMIT, directory_answer_parse(&back, span_of(big + 2, w.n - 2)));
}

TEST_MAIN
