/* Packets of IPv4 through the router: what is rewritten, checksums, hairpins, and what is dropped. */
#include "nat_ip4.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

enum { INNER = 0x0a000002, OUTER = 0x08080802, REMOTE = 0x09090902, TCP = 6, UDP = 17, ROOM = 128 };

static struct rng_seeded rng;
static struct nat_ip4 router;

struct packet {
    uint8_t bytes[ROOM];
    size_t n;
};

static void router_init(enum nat_rule filtering)
{
    rng_seeded_init(&rng, test_seed());
    router = (struct nat_ip4){.inside = 0x0a000000, .mask = 0xff000000};
    struct nat_cfg cfg = {.filtering = filtering, .ip = OUTER, .timeout_us = 100};
    nat_init(&router.nat, &cfg, &rng.rng);
}

static uint16_t word(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put(uint8_t *p, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
    }
}

/* sum_of is the slow and obvious sum of 16-bit words, before its complement. */
static uint32_t sum_of(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
    }
    return sum;
}

static uint16_t folded(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static size_t header_len(const struct packet *p)
{
    return (size_t)(p->bytes[0] & 15) * 4;
}

static uint32_t next_sum(const struct packet *p)
{
    size_t at = header_len(p);
    return sum_of(p->bytes + 12, 8) + p->bytes[9] + (uint32_t)(p->n - at) +
           sum_of(p->bytes + at, p->n - at);
}

struct draft {
    uint8_t protocol;
    uint32_t from, to;
    uint16_t from_port, to_port;
    size_t options_len, data_len;
    bool without_sum;
};

static struct packet make(const struct draft *d)
{
    struct packet p = {0};
    size_t at = 20 + d->options_len;
    p.n = at + (d->protocol == TCP ? 20U : 8U) + d->data_len;
    p.bytes[0] = (uint8_t)(4 << 4 | at / 4);
    put(p.bytes + 2, (uint32_t)p.n, 2);
    p.bytes[8] = 64;
    p.bytes[9] = d->protocol;
    put(p.bytes + 12, d->from, 4);
    put(p.bytes + 16, d->to, 4);
    put(p.bytes + at, d->from_port, 2);
    put(p.bytes + at + 2, d->to_port, 2);
    for (size_t i = p.n - d->data_len; i < p.n; i++) {
        p.bytes[i] = (uint8_t)rng_u64(&rng.rng);
    }
    size_t sum_at = at + (d->protocol == TCP ? 16U : 6U);
    if (d->protocol == UDP) {
        put(p.bytes + at + 4, (uint32_t)(p.n - at), 2);
    }
    put(p.bytes + 10, (uint16_t)~folded(sum_of(p.bytes, at)), 2);
    if (!d->without_sum) {
        uint16_t sum = (uint16_t)~folded(next_sum(&p));
        put(p.bytes + sum_at, sum == 0 && d->protocol == UDP ? 0xffff : sum, 2);
    }
    return p;
}

static bool pass(struct packet *p)
{
    return nat_ip4_translate(&router, mspan_of(p->bytes, p->n), (instant){.us = 1});
}

static bool has_good_sums(const struct packet *p)
{
    return folded(sum_of(p->bytes, header_len(p))) == 0xffff && folded(next_sum(p)) == 0xffff;
}

static struct draft outgoing(uint8_t protocol)
{
    return (struct draft){
        .protocol = protocol, .from = INNER, .to = REMOTE, .from_port = 4001, .to_port = 80};
}

TEST(there_and_back)
{
    for (size_t i = 0; i < 2000; i++) {
        router_init(NAT_ENDPOINT_INDEPENDENT);
        rng_seeded_init(&rng, test_seed() + i);
        struct draft d = outgoing(i % 2 ? TCP : UDP);
        d.options_len = i % 11 * 4;
        d.data_len = i % 40;
        d.from_port = (uint16_t)rng_u64(&rng.rng);
        struct packet p = make(&d);
        test_note("packet %zu", i);
        EXPECT(has_good_sums(&p));
        EXPECT(pass(&p));
        EXPECT(has_good_sums(&p));
        EXPECT_EQ(OUTER, (uint32_t)word(p.bytes + 12) << 16 | word(p.bytes + 14));
        EXPECT_EQ(REMOTE, (uint32_t)word(p.bytes + 16) << 16 | word(p.bytes + 18));
        uint16_t port = word(p.bytes + header_len(&p));

        struct draft answer = d;
        answer.from = REMOTE;
        answer.to = OUTER;
        answer.from_port = 80;
        answer.to_port = port;
        p = make(&answer);
        EXPECT(pass(&p));
        EXPECT(has_good_sums(&p));
        EXPECT_EQ(INNER, (uint32_t)word(p.bytes + 16) << 16 | word(p.bytes + 18));
        EXPECT_EQ(d.from_port, word(p.bytes + header_len(&p) + 2));
    }
}

TEST(a_datagram_without_checksum_stays_so)
{
    router_init(NAT_ENDPOINT_INDEPENDENT);
    struct draft d = outgoing(UDP);
    d.without_sum = true;
    struct packet p = make(&d);
    EXPECT(pass(&p));
    EXPECT_EQ(0, word(p.bytes + 26));
    EXPECT_EQ(0xffff, folded(sum_of(p.bytes, 20)));
}

TEST(hairpin)
{
    for (unsigned f = 0; f < NAT_RULE_COUNT; f++) {
        router_init((enum nat_rule)f);
        struct draft first = outgoing(TCP);
        struct packet p = make(&first);
        EXPECT(pass(&p));
        uint16_t port = word(p.bytes + 20);
        struct draft second = {
            .protocol = TCP, .from = INNER + 1, .to = OUTER, .from_port = 5000, .to_port = port};
        p = make(&second);
        struct packet before = p;
        bool is_let_in = f == NAT_ENDPOINT_INDEPENDENT;
        test_note("filtering %u", f);
        EXPECT_EQ(is_let_in, pass(&p));
        if (is_let_in) {
            EXPECT(has_good_sums(&p));
            EXPECT_EQ(OUTER, (uint32_t)word(p.bytes + 12) << 16 | word(p.bytes + 14));
            EXPECT_EQ(INNER, (uint32_t)word(p.bytes + 16) << 16 | word(p.bytes + 18));
        } else {
            EXPECT(memcmp(&before, &p, sizeof p) == 0);
        }
    }
}

TEST(what_is_dropped)
{
    struct {
        const char *name;
        size_t at;
        uint8_t value;
        size_t n; /* of the packet; 0 = all */
    } cases[] = {
        {"version 6",                   0,  0x65, 0 },
        {"a header of 16 bytes",        0,  0x44, 0 },
        {"a header beyond the packet",  0,  0x4f, 0 },
        {"ICMP",                        9,  1,    0 },
        {"more fragments",              6,  0x20, 0 },
        {"a later fragment",            7,  1,    0 },
        {"longer than what came",       3,  41,   0 },
        {"too short for TCP",           3,  39,   0 },
        {"cut",                         0,  0x45, 39},
        {"less than a header",          0,  0x45, 19},
        {"from nowhere that is inside", 12, 9,    0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        router_init(NAT_ENDPOINT_INDEPENDENT);
        struct draft d = outgoing(TCP);
        struct packet p = make(&d);
        p.bytes[cases[i].at] = cases[i].value;
        p.n = cases[i].n ? cases[i].n : p.n;
        struct packet before = p;
        test_note("%s", cases[i].name);
        EXPECT(!pass(&p));
        EXPECT(memcmp(&before, &p, sizeof p) == 0);
    }
    EXPECT(!nat_ip4_translate(&router, (struct mspan){0}, (instant){0}));
}

TEST(exactly_as_long_as_needed_passes)
{
    router_init(NAT_ENDPOINT_INDEPENDENT);
    struct draft d = outgoing(UDP);
    struct packet p = make(&d);
    EXPECT_EQ(28, p.n);
    EXPECT(pass(&p));
}

/* Garbage: packets with bytes changed and cut anywhere, in memory of exactly their length under AddressSanitizer. */
TEST(garbage)
{
    router_init(NAT_ENDPOINT_INDEPENDENT);
    size_t passed = 0;
    for (size_t i = 0; i < 200000; i++) {
        struct draft d = outgoing(i % 2 ? TCP : UDP);
        d.options_len = i % 3 * 4;
        struct packet p = make(&d);
        for (uint64_t k = rng_below(&rng.rng, 4); k > 0; k--) {
            p.bytes[rng_below(&rng.rng, p.n)] = (uint8_t)rng_u64(&rng.rng);
        }
        size_t n = rng_below(&rng.rng, 4) ? p.n : rng_below(&rng.rng, p.n + 1);
        uint8_t *end = p.bytes + ROOM - n; /* what lies behind is the end of the array */
        memmove(end, p.bytes, n);
        passed += nat_ip4_translate(&router, mspan_of(end, n), (instant){.us = i});
    }
    EXPECT(passed > 1000);
}

TEST_MAIN
