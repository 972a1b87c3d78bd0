#include "service/descriptor_store.h"

#include "base/test.h"

#include <string.h>

enum { NOW = 1800000000, VALID_S = 14400 };

static struct descriptor_store store;
static struct rng_seeded rng;

/* /ip4/192.0.2.1/tcp/4001 */
static const uint8_t addr[] = {4, 192, 0, 2, 1, 6, 0x0f, 0xa1};

/* What one descriptor is made of: peer number, and where. */
struct wish {
    uint32_t peer;
    uint64_t seq;
    uint64_t issued_s; /* 0: NOW */
    uint64_t place;    /* 0: one of its own */
    uint64_t chain;    /* 0: 1 */
    bool is_nowhere;
};

static uint8_t peer_room[4];
static uint8_t sealed_room[DESCRIPTOR_SEALED_LEN_MAX];

static struct span peer_of(uint32_t number)
{
    struct wr w = wr_init(MSPAN_OF(peer_room));
    wr_be32(&w, number);
    return SPAN_OF(peer_room);
}

static struct descriptor descriptor_of(const struct wish *x)
{
    uint64_t issued = x->issued_s ? x->issued_s : NOW;
    return (struct descriptor){.peer = peer_of(x->peer),
                               .seq = x->seq,
                               .issued_s = issued,
                               .expires_s = issued + VALID_S,
                               .addrs_count = 1,
                               .addrs = {SPAN_OF(addr)},
                               .chains_count = 1,
                               .chains = {{.id = x->chain ? x->chain : 1}}};
}

/* put has it judged and, if it is good, taken; behind a head, as in an envelope. */
static enum descriptor_verdict put(struct wish x, uint64_t now_s)
{
    struct descriptor d = descriptor_of(&x);
    struct descriptor_places places = {.count = !x.is_nowhere,
                                       .list = {x.place ? x.place : 1000000 + x.peer}};
    enum descriptor_verdict v = descriptor_store_judge(&store, &d, &places, now_s);
    struct wr w = wr_init(MSPAN_OF(sealed_room));
    wr_str(&w, "head");
    descriptor_encode(&w, &d);
    EXPECT_OK(wr_end(&w));
    struct descriptor_put args = {.descriptor = &d,
                                  .places = &places,
                                  .sealed = span_of(sealed_room, w.n),
                                  .payload = span_of(sealed_room + 4, w.n - 4)};
    return v == DESCRIPTOR_TAKEN ? descriptor_store_put(&store, &args, now_s) : v;
}

static void start(size_t count_max)
{
    rng_seeded_init(&rng, test_seed());
    descriptor_store_init(&store,
                          &(struct descriptor_store_cfg){
                              .count_max = count_max, .parent = test_budget(), .seed = {1, 2}
    });
}

static bool has(uint32_t peer)
{
    return descriptor_store_find(&store, peer_of(peer)) != NULL;
}

TEST(one_is_taken_and_read_back)
{
    struct descriptor d;
    start(10);
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 1, .seq = 9}, NOW));
    const struct descriptor_entry *e = descriptor_store_find(&store, peer_of(1));
    TEST_REQUIRE(e);
    EXPECT_SPAN(SPAN_LIT("head"), span_of(e->sealed, 4));
    descriptor_entry_open(&d, e);
    EXPECT_EQ(9, d.seq);
    EXPECT_SPAN(SPAN_OF(addr), d.addrs[0]);
    descriptor_store_done(&store);
}

TEST(only_a_higher_sequence_after_ten_minutes)
{
    static const struct {
        const char *name;
        uint64_t seq;
        uint64_t after_s;
        enum descriptor_verdict verdict;
    } cases[] = {
        {"the same again",            5, 600,  DESCRIPTOR_KNOWN   },
        {"an older one",              4, 600,  DESCRIPTOR_KNOWN   },
        {"a newer one at once",       6, 0,    DESCRIPTOR_TOO_SOON},
        {"a second before its time",  6, 599,  DESCRIPTOR_TOO_SOON},
        {"in its time",               6, 600,  DESCRIPTOR_TAKEN   },
        {"when the last has run out", 6, 9999, DESCRIPTOR_TAKEN   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t at = NOW + cases[i].after_s;
        start(10);
        test_note("%s", cases[i].name);
        EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 1, .seq = 5}, NOW));
        EXPECT_EQ(cases[i].verdict,
                  put((struct wish){.peer = 1, .seq = cases[i].seq, .issued_s = at}, at));
        EXPECT_EQ(1, store.entries.count);
        descriptor_store_done(&store);
    }
}

TEST(times_that_do_not_fit)
{
    start(10);
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 1, .seq = 1}, NOW - 600));
    EXPECT_EQ(DESCRIPTOR_EARLY, put((struct wish){.peer = 2, .seq = 1}, NOW - 601));
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 3, .seq = 1}, NOW + VALID_S - 1));
    EXPECT_EQ(DESCRIPTOR_EXPIRED, put((struct wish){.peer = 4, .seq = 1}, NOW + VALID_S));
    descriptor_store_done(&store);
}

/* A server says less than before; then it is gone, and somebody brings back what it said first. */
TEST(an_older_one_does_not_come_back_when_the_last_has_expired)
{
    start(10);
    EXPECT_EQ(DESCRIPTOR_TAKEN,
              put((struct wish){.peer = 1, .seq = 8, .issued_s = NOW + 600}, NOW));
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 1, .seq = 9}, NOW + 600));
    EXPECT_EQ(DESCRIPTOR_KNOWN,
              put((struct wish){.peer = 1, .seq = 8, .issued_s = NOW + 600}, NOW + VALID_S + 300));
    /* Forgotten only when that one has run out, too. */
    EXPECT_EQ(DESCRIPTOR_TAKEN,
              put((struct wish){.peer = 2, .seq = 1, .issued_s = NOW + 9000}, NOW + VALID_S + 300));
    EXPECT(has(1));
    EXPECT_EQ(DESCRIPTOR_TAKEN,
              put((struct wish){.peer = 3, .seq = 1, .issued_s = NOW + 9000}, NOW + VALID_S + 600));
    EXPECT(!has(1));
    descriptor_store_done(&store);
}

TEST(a_clock_that_was_set_back_shuts_nobody_out)
{
    start(10);
    EXPECT_EQ(DESCRIPTOR_TAKEN,
              put((struct wish){.peer = 1, .seq = 1, .issued_s = NOW + 9000}, NOW + 9000));
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 1, .seq = 2}, NOW));
    descriptor_store_done(&store);
}

TEST(a_thousand_peers_of_one_place_are_three)
{
    unsigned taken = 0;
    start(100);
    for (uint32_t i = 0; i < 1000; i++) {
        taken += put((struct wish){.peer = i, .seq = 1, .place = 77}, NOW) == DESCRIPTOR_TAKEN;
    }
    EXPECT_EQ(3, taken);
    EXPECT_EQ(DESCRIPTOR_CROWDED, put((struct wish){.peer = 1001, .seq = 1, .place = 77}, NOW));
    EXPECT_EQ(DESCRIPTOR_NOWHERE,
              put((struct wish){.peer = 1002, .seq = 1, .is_nowhere = true}, NOW));
    /* One of the three may say something new. */
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 1, .seq = 2, .place = 77}, NOW + 600));
    EXPECT_EQ(3, store.entries.count);
    descriptor_store_done(&store);
}

/* Who claims the place of others holds it until somebody has tried to reach it there. */
TEST(whoever_does_not_answer_leaves_a_place)
{
    start(100);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = i, .seq = 1, .place = 77}, NOW));
    }
    descriptor_store_dialled(&store, peer_of(0), true, NOW);
    descriptor_store_dialled(&store, peer_of(2), false, NOW + 1);
    descriptor_store_dialled(&store, peer_of(1), false, NOW + 2);
    descriptor_store_dialled(&store, peer_of(2), false, NOW + 3);
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 3, .seq = 1, .place = 77}, NOW));
    EXPECT(has(0) && has(1) && !has(2) && has(3));
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 4, .seq = 1, .place = 77}, NOW));
    EXPECT(has(0) && !has(1) && has(3) && has(4));
    EXPECT_EQ(DESCRIPTOR_CROWDED, put((struct wish){.peer = 5, .seq = 1, .place = 77}, NOW));
    descriptor_store_done(&store);
}

TEST(a_local_network_has_one_place_for_all)
{
    descriptor_store_init(&store, &(struct descriptor_store_cfg){
                                      .count_max = 10, .parent = test_budget(), .is_local = true});
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_EQ(DESCRIPTOR_TAKEN,
                  put((struct wish){.peer = i, .seq = 1, .is_nowhere = true}, NOW));
    }
    descriptor_store_done(&store);
}

/* The full measure: a flood from as many places as it takes does not drive out who has proven itself, nor who was there. */
TEST(a_flood_displaces_nobody_who_is_good)
{
    unsigned full = 0;
    start(DESCRIPTOR_STORE_MAX);
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 1, .seq = 1}, NOW));
    descriptor_store_dialled(&store, peer_of(1), false, NOW);
    descriptor_store_dialled(&store, peer_of(1), true, NOW + 1);
    for (uint32_t i = 2; i < DESCRIPTOR_STORE_MAX + 500; i++) {
        full += put((struct wish){.peer = i, .seq = 1}, NOW) == DESCRIPTOR_FULL;
    }
    EXPECT_EQ(499, full);
    EXPECT_EQ(DESCRIPTOR_STORE_MAX, store.entries.count);
    EXPECT(store.budget.used <= store.budget.limit);
    EXPECT(has(1) && has(2));
    descriptor_store_dialled(&store, peer_of(700), false, NOW + 20);
    descriptor_store_dialled(&store, peer_of(600), false, NOW + 10);
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 20000, .seq = 1}, NOW));
    EXPECT(!has(600) && has(700) && has(1));
    EXPECT_EQ(DESCRIPTOR_TAKEN, put((struct wish){.peer = 20001, .seq = 1}, NOW));
    EXPECT(!has(700) && has(1));
    EXPECT_EQ(DESCRIPTOR_FULL, put((struct wish){.peer = 20002, .seq = 1}, NOW));
    /* Who is in may still renew what it says. */
    EXPECT_EQ(DESCRIPTOR_TAKEN,
              put((struct wish){.peer = 2, .seq = 2, .issued_s = NOW + 600}, NOW + 600));
    descriptor_store_done(&store);
}

TEST(memory_is_bounded_before_the_count)
{
    struct budget small;
    budget_init(&small, test_budget(), "small", 4096);
    descriptor_store_init(&store,
                          &(struct descriptor_store_cfg){.count_max = 100, .parent = &small});
    enum descriptor_verdict v = DESCRIPTOR_TAKEN;
    for (uint32_t i = 0; i < 100 && v == DESCRIPTOR_TAKEN; i++) {
        v = put((struct wish){.peer = i, .seq = 1}, NOW);
    }
    EXPECT_EQ(DESCRIPTOR_FULL, v);
    EXPECT(small.used <= small.limit);
    descriptor_store_done(&store);
    EXPECT_EQ(0, small.used);
}

TEST(a_sample_is_of_one_chain_and_in_date)
{
    const struct descriptor_entry *list[DIRECTORY_ANSWER_MAX];
    start(100);
    EXPECT_EQ(0, descriptor_store_sample(&store, list, &rng.rng, 1, NOW));
    for (uint32_t i = 0; i < 60; i++) {
        uint64_t issued = i < 20 ? NOW - VALID_S + 1 : NOW;
        EXPECT_EQ(
            DESCRIPTOR_TAKEN,
            put((struct wish){.peer = i, .seq = 1, .issued_s = issued, .chain = 1 + i % 2}, NOW));
    }
    uint64_t seen = 0;
    for (unsigned round = 0; round < 50; round++) {
        size_t count = descriptor_store_sample(&store, list, &rng.rng, 1, NOW + 1);
        EXPECT_EQ(DIRECTORY_ANSWER_MAX, count);
        uint64_t now = 0;
        for (size_t i = 0; i < count; i++) {
            now |= UINT64_C(1) << list[i]->peer[3];
        }
        EXPECT_EQ(DIRECTORY_ANSWER_MAX, __builtin_popcountll(now)); /* nobody twice */
        seen |= now;
    }
    EXPECT_EQ(20, __builtin_popcountll(seen)); /* each of those from 20 on with an even number */
    EXPECT_EQ(0, seen & UINT64_C(0xfffff));
    EXPECT_EQ(0, descriptor_store_sample(&store, list, &rng.rng, 3, NOW));
    descriptor_store_done(&store);
}

TEST(each_verdict_has_a_name)
{
    for (int v = 0; v < DESCRIPTOR_VERDICT_COUNT; v++) {
        EXPECT(descriptor_verdict_name((enum descriptor_verdict)v)[0] != '\0');
    }
    EXPECT(descriptor_verdict_is_fault(DESCRIPTOR_FORGED));
    EXPECT(!descriptor_verdict_is_fault(DESCRIPTOR_KNOWN));
}

TEST_MAIN
