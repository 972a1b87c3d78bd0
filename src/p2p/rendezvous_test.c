/* A rendezvous point: messages, registrations with their bounds, cookies. */
#include "p2p/rendezvous.h"

#include "base/test.h"
#include "p2p/envelope.h"
#include "p2p/key_signer.h"

#include <stdio.h>
#include <string.h>

enum { PEERS = 6 };

static instant now = {.us = US_PER_S};
static struct rng_seeded rng;
static struct rendezvous point;

static struct someone {
    struct key_signer signer;
    struct peer_id id;
    uint8_t record[512];
    size_t record_len;
} people[PEERS];

static void seal(struct someone *s, uint64_t seq)
{
    static const uint8_t addr[] = {4, 10, 0, 0, 1, 6, 0, 1};
    struct span addrs[] = {SPAN_OF(addr)};
    struct wr w = wr_init(MSPAN_OF(s->record));
    struct peer_record_cfg cfg = {.seq = seq, .addrs = addrs, .addrs_count = 1};
    EXPECT_OK(peer_record_seal(&w, &cfg, &s->signer.signer, test_budget()));
    s->record_len = w.n;
}

static void start(const struct rendezvous_cfg *given)
{
    struct rendezvous_cfg cfg = given ? *given : (struct rendezvous_cfg){0};
    now = (instant){.us = US_PER_S};
    rng_seeded_init(&rng, test_seed());
    cfg.rng = &rng.rng;
    cfg.parent = test_budget();
    EXPECT_OK(rendezvous_init(&point, &cfg));
    for (uint8_t i = 0; i < PEERS; i++) {
        struct secret32 seed = {.bytes = {(uint8_t)(i + 1)}};
        key_signer_init(&people[i].signer, &seed);
        peer_id_of_key(&people[i].id, people[i].signer.signer.public_key);
        seal(&people[i], 10);
    }
}

static struct rendezvous_message ask(const struct someone *from, const struct rendezvous_message *m)
{
    static uint8_t request[16 * 1024];
    static uint8_t answer[RENDEZVOUS_LEN_MAX];
    struct rendezvous_message a = {.status = 999};
    struct wr w = wr_init(MSPAN_OF(request));
    rendezvous_encode(&w, m);
    EXPECT(wr_ok(&w));
    struct wr out = wr_init(MSPAN_OF(answer));
    EXPECT_OK(rendezvous_serve(&point, &out, now, &from->id, span_of(request, w.n)));
    if (out.n > 0) {
        EXPECT_OK(rendezvous_decode(&a, span_of(answer, out.n)));
    }
    return a;
}

static uint64_t
enter(const struct someone *from, const struct someone *whose, const char *ns, uint64_t ttl_s)
{
    return ask(from,
               &(struct rendezvous_message){.type = RENDEZVOUS_REGISTER,
                                            .ns = span_str(ns),
                                            .record = span_of(whose->record, whose->record_len),
                                            .ttl_s = ttl_s})
        .status;
}

static struct rendezvous_message discover(const char *ns, struct span cookie, uint64_t limit)
{
    return ask(&people[0], &(struct rendezvous_message){.type = RENDEZVOUS_DISCOVER,
                                                        .ns = span_str(ns),
                                                        .cookie = cookie,
                                                        .limit = limit});
}

static unsigned count_of(const struct rendezvous_message *m)
{
    struct span body = m->body;
    struct rendezvous_message item;
    unsigned count = 0;
    while (rendezvous_next(&item, &body)) {
        struct peer_record record;
        EXPECT_OK(peer_record_open(&record, item.record, test_budget()));
        count++;
    }
    return count;
}

TEST(bytes)
{
    /* By hand from the protobuf of the specification. */
    static const struct {
        const char *name;
        struct rendezvous_message m;
        const char *hex;
    } cases[] = {
        {"register",
         {.type = RENDEZVOUS_REGISTER,
          .ns = SPAN_INIT("ns"),
          .record = SPAN_INIT("r"),
          .ttl_s = 60},
         "0800 1209 0a026e73 120172 183c"                                                                      },
        {"answer",     {.type = RENDEZVOUS_REGISTER_RESPONSE, .ttl_s = 60},               "0801 1a04 0800 183c"},
        {"unregister",
         {.type = RENDEZVOUS_UNREGISTER, .ns = SPAN_INIT("ns")},
         "0802 2204 0a026e73"                                                                                  },
        {"discover",
         {.type = RENDEZVOUS_DISCOVER, .ns = SPAN_INIT("ns"), .limit = 5},
         "0803 2a06 0a026e73 1005"                                                                             },
        {"found",
         {.type = RENDEZVOUS_DISCOVER_RESPONSE, .cookie = SPAN_INIT("c"), .status = 103},
         "0804 3205 120163 1867"                                                                               },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        uint8_t room[64];
        struct wr w = wr_init(MSPAN_OF(room));
        rendezvous_encode(&w, &cases[i].m);
        EXPECT_SPAN(test_hex(cases[i].hex), span_of(room, w.n));
        struct rendezvous_message m;
        TEST_REQUIRE(EXPECT_OK(rendezvous_decode(&m, span_of(room, w.n))));
        EXPECT_EQ(cases[i].m.type, m.type);
        EXPECT_SPAN(cases[i].m.ns, m.ns);
        EXPECT_SPAN(cases[i].m.cookie, m.cookie);
        EXPECT_EQ(cases[i].m.ttl_s, m.ttl_s);
        EXPECT_EQ(cases[i].m.status, m.status);
        EXPECT_EQ(cases[i].m.limit, m.limit);
    }
    static const char *const bad[] = {"08", "0805", "0a00", "1205 0a", "0800 1202 08 01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rendezvous_message m;
        test_note("%s", bad[i]);
        EXPECT(rendezvous_decode(&m, test_hex(bad[i])) != OK);
    }
}

TEST(who_registers_is_found_until_its_time_is_over)
{
    start(NULL);
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[1], &people[1], "a", 100));
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[2], &people[2], "a", 0));
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[2], &people[2], "b", 50));
    struct rendezvous_message m = discover("a", SPAN_EMPTY, 0);
    EXPECT_EQ(2, count_of(&m));
    m = discover("", SPAN_EMPTY, 0);
    EXPECT_EQ(3, count_of(&m));
    m = discover("c", SPAN_EMPTY, 0);
    EXPECT_EQ(0, count_of(&m));
    now = instant_add(now, 100 * US_PER_S);
    m = discover("", SPAN_EMPTY, 0);
    EXPECT_EQ(1, count_of(&m));
    (void)ask(&people[1],
              &(struct rendezvous_message){.type = RENDEZVOUS_UNREGISTER, .ns = SPAN_LIT("a")});
    m = discover("a", SPAN_EMPTY, 0);
    EXPECT_EQ(1, count_of(&m)); /* it was not the first's to take away */
    (void)ask(&people[2],
              &(struct rendezvous_message){.type = RENDEZVOUS_UNREGISTER, .ns = SPAN_LIT("a")});
    m = discover("a", SPAN_EMPTY, 0);
    EXPECT_EQ(0, count_of(&m));
    rendezvous_done(&point);
}

TEST(what_is_refused)
{
    start(NULL);
    EXPECT_EQ(RENDEZVOUS_INVALID_NAMESPACE, enter(&people[1], &people[1], "", 0));
    EXPECT_EQ(RENDEZVOUS_NOT_AUTHORIZED, enter(&people[1], &people[2], "a", 0));
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[1], &people[1], "a", RENDEZVOUS_TTL_S_MAX));
    EXPECT_EQ(RENDEZVOUS_INVALID_TTL, enter(&people[1], &people[1], "a", RENDEZVOUS_TTL_S_MAX + 1));
    EXPECT_EQ(RENDEZVOUS_INVALID_TTL, enter(&people[1], &people[1], "a", UINT64_MAX));
    people[3].record[people[3].record_len - 1] ^= 1;
    EXPECT_EQ(RENDEZVOUS_INVALID_RECORD, enter(&people[3], &people[3], "a", 0));
    seal(&people[1], 11);
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[1], &people[1], "a", 0));
    seal(&people[1], 9); /* older than what is there */
    EXPECT_EQ(RENDEZVOUS_INVALID_RECORD, enter(&people[1], &people[1], "a", 0));
    EXPECT_EQ(1, point.count);
    rendezvous_done(&point);
}

TEST(bounds)
{
    struct rendezvous_cfg cfg = {.registrations_max = 6, .of_peer_max = 3, .of_namespace_max = 2};
    start(&cfg);
    for (unsigned i = 0; i < 4; i++) {
        char ns[8];
        (void)snprintf(ns, sizeof ns, "n%u", i);
        EXPECT_EQ(i < 3 ? RENDEZVOUS_OK : RENDEZVOUS_UNAVAILABLE,
                  enter(&people[0], &people[0], ns, 0));
    }
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[0], &people[0], "n0", 0)); /* again: renewed */
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[1], &people[1], "n0", 0));
    EXPECT_EQ(RENDEZVOUS_UNAVAILABLE, enter(&people[2], &people[2], "n0", 0));
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[2], &people[2], "n1", 0));
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[3], &people[3], "n2", 0));
    EXPECT_EQ(6, point.count);
    EXPECT_EQ(RENDEZVOUS_UNAVAILABLE, enter(&people[4], &people[4], "n9", 0));
    rendezvous_done(&point);
    EXPECT_EQ(0, test_budget()->used);
}

TEST(cookies_lead_on_and_cannot_be_made_up)
{
    start(NULL);
    for (unsigned i = 0; i < 5; i++) {
        EXPECT_EQ(RENDEZVOUS_OK, enter(&people[i], &people[i], "a", 0));
    }
    struct rendezvous_message m = discover("a", SPAN_EMPTY, 2);
    EXPECT_EQ(2, count_of(&m));
    uint8_t cookie[RENDEZVOUS_COOKIE_LEN_MAX];
    size_t n = span_copy(MSPAN_OF(cookie), m.cookie);
    m = discover("a", span_of(cookie, n), 0);
    EXPECT_EQ(3, count_of(&m));
    n = span_copy(MSPAN_OF(cookie), m.cookie);
    m = discover("a", span_of(cookie, n), 0);
    EXPECT_EQ(0, count_of(&m));
    EXPECT_EQ(RENDEZVOUS_OK, enter(&people[5], &people[5], "a", 0));
    m = discover("a", span_of(cookie, n), 0);
    EXPECT_EQ(1, count_of(&m)); /* only what has come since */
    m = discover("b", span_of(cookie, n), 0);
    EXPECT_EQ(RENDEZVOUS_INVALID_COOKIE, m.status);
    for (size_t i = 0; i < n; i++) {
        cookie[i] ^= 1;
        m = discover("a", span_of(cookie, n), 0);
        EXPECT_EQ(RENDEZVOUS_INVALID_COOKIE, m.status);
        cookie[i] ^= 1;
    }
    m = discover("a", span_of(cookie, n - 1), 0);
    EXPECT_EQ(RENDEZVOUS_INVALID_COOKIE, m.status);
    rendezvous_done(&point);
}

TEST_MAIN
