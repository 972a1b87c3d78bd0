/* The routing table, lookups and stores by themselves. */
#include "p2p/kad_table.h"

#include "base/test.h"
#include "codec/multiaddr.h"
#include "p2p/kad_lookup.h"
#include "p2p/kad_store.h"

#include <stdio.h>

#include <string.h>

static const instant NOW = {.us = US_PER_S};

struct someone {
    struct kad_peer peer;
    uint8_t addrs[64];
};

/* someone_at makes a peer at an address, "" for none, whose id is `n`. */
static void someone_at(struct someone *s, uint32_t n, const char *addr)
{
    uint8_t bytes[34] = {0x12, 0x20, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    EXPECT_OK(peer_id_decode(&s->peer.id, SPAN_OF(bytes)));
    struct wr w = wr_init(MSPAN_OF(s->addrs));
    if (*addr) {
        uint8_t raw[48];
        struct wr a = wr_init(MSPAN_OF(raw));
        EXPECT_OK(multiaddr_parse(&a, span_str(addr), NULL));
        kad_write_addr(&w, span_of(raw, a.n));
    }
    s->peer.addrs = span_of(s->addrs, w.n);
}

static void someone_alone(struct someone *s, uint32_t n)
{
    char addr[64];
    (void)snprintf(addr, sizeof addr, "/ip4/%u.%u.0.1/tcp/1", 20 + n / 250, 1 + n % 250);
    someone_at(s, n, addr);
}

static struct kad_table table_of(struct kad_table_cfg cfg)
{
    struct kad_table t;
    cfg.budget = test_budget();
    kad_id_of(&cfg.self, SPAN_LIT("self"));
    kad_table_init(&t, cfg);
    return t;
}

TEST(distance)
{
    struct kad_id zero = {{0}};
    struct kad_id a = {{0x10}};
    struct kad_id b = {
        {0x10, 0x01}
    };
    EXPECT_EQ(3, kad_common_prefix(&zero, &a));
    EXPECT_EQ(15, kad_common_prefix(&a, &b));
    EXPECT_EQ(256, kad_common_prefix(&a, &a));
    EXPECT(kad_compare(&zero, &a, &b) < 0);
    EXPECT(kad_compare(&b, &a, &b) > 0);
    EXPECT_EQ(0, kad_compare(&zero, &a, &a));
    /* SHA-256 of "abc", FIPS 180-4. */
    struct kad_id abc;
    kad_id_of(&abc, SPAN_LIT("abc"));
    EXPECT_SPAN(test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                SPAN_OF(abc.bytes));
}

TEST(a_full_bucket_keeps_its_good_peers)
{
    struct kad_table t = table_of((struct kad_table_cfg){.bucket_max = 4});
    struct someone s;
    for (uint32_t i = 0; i < 400; i++) {
        someone_alone(&s, i);
        enum err e = kad_table_answered(&t, (instant){NOW.us + i}, &s.peer);
        EXPECT(e == OK || e == ERR_LIMIT);
    }
    for (unsigned b = 0; b < KAD_BUCKETS_MAX; b++) {
        EXPECT(t.bucket_counts[b] <= 4);
    }
    EXPECT_EQ(4, t.bucket_counts[0]);
    /* One that does not answer gives way to the next that does; a second silence removes. */
    const struct kad_entry *e = &t.entries[0];
    struct peer_id silent = e->contact.peer;
    unsigned bucket = e->bucket;
    kad_table_failed(&t, &silent);
    EXPECT(kad_table_find(&t, &silent));
    uint32_t i = 400;
    do {
        someone_alone(&s, i++);
    } while (!kad_table_wants(&t, &s.peer));
    EXPECT_OK(kad_table_answered(&t, NOW, &s.peer));
    EXPECT(!kad_table_find(&t, &silent));
    EXPECT_EQ(4, t.bucket_counts[bucket]);
    kad_table_failed(&t, &s.peer.id);
    EXPECT_OK(kad_table_answered(&t, NOW, &s.peer));
    kad_table_failed(&t, &s.peer.id);
    EXPECT(kad_table_find(&t, &s.peer.id));
    kad_table_failed(&t, &s.peer.id);
    EXPECT(!kad_table_find(&t, &s.peer.id));
    kad_table_done(&t);
}

TEST(an_ip_group_gets_few_places)
{
    static const struct {
        const char *name;
        const char *format;
        unsigned admitted;
    } cases[] = {
        {"one IPv4 /16",      "/ip4/20.1.7.%u/tcp/1",    3 },
        {"one IPv6 /32",      "/ip6/2001:db8::%u/tcp/1", 3 },
        {"names",             "/dns4/x%u.example/tcp/1", 3 },
        {"private addresses", "/ip4/192.168.1.%u/tcp/1", 0 },
        {"loopback",          "/ip4/127.0.0.%u/tcp/1",   0 },
        {"unique local IPv6", "/ip6/fd00::%u/tcp/1",     0 },
        {"many IPv4 /16",     "/ip4/20.%u.0.1/tcp/1",    40},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        test_note("%s", cases[c].name);
        struct kad_table t = table_of((struct kad_table_cfg){.bucket_max = 100});
        for (uint32_t i = 1; i <= 40; i++) {
            char addr[64];
            struct someone s;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(addr, sizeof addr, cases[c].format, i);
#pragma GCC diagnostic pop
            someone_at(&s, i, addr);
            enum err e = kad_table_answered(&t, NOW, &s.peer);
            EXPECT(e == OK || e == ERR_LIMIT || e == ERR_DENIED);
        }
        EXPECT_EQ(cases[c].admitted, t.count);
        kad_table_done(&t);
    }
}

TEST(private_networks_and_peers_without_address)
{
    struct kad_table t = table_of((struct kad_table_cfg){.private_too = true});
    struct someone s;
    for (uint32_t i = 1; i <= 10; i++) {
        someone_at(&s, i, "/ip4/10.0.0.1/tcp/1");
        EXPECT_OK(kad_table_answered(&t, NOW, &s.peer));
    }
    someone_at(&s, 11, "");
    EXPECT_ERR(ERR_DENIED, kad_table_answered(&t, NOW, &s.peer));
    EXPECT_EQ(10, t.count);
    kad_table_done(&t);
}

TEST(closest_are_sorted_and_complete)
{
    struct kad_table t = table_of((struct kad_table_cfg){.bucket_max = 100});
    struct someone s;
    for (uint32_t i = 0; i < 200; i++) {
        someone_alone(&s, i);
        EXPECT_OK(kad_table_answered(&t, NOW, &s.peer));
    }
    struct kad_id target;
    kad_id_of(&target, SPAN_LIT("target"));
    const struct kad_entry *closest[KAD_K];
    EXPECT_EQ(KAD_K, kad_table_closest(&t, closest, KAD_K, &target, NULL));
    for (size_t i = 1; i < KAD_K; i++) {
        EXPECT(kad_compare(&target, &closest[i - 1]->contact.id, &closest[i]->contact.id) < 0);
    }
    size_t closer = 0;
    for (size_t i = 0; i < t.count; i++) {
        closer +=
            kad_compare(&target, &t.entries[i].contact.id, &closest[KAD_K - 1]->contact.id) < 0;
    }
    EXPECT_EQ(KAD_K - 1, closer);
    struct peer_id first = closest[0]->contact.peer;
    const struct kad_entry *without[KAD_K];
    EXPECT_EQ(KAD_K, kad_table_closest(&t, without, KAD_K, &target, &first));
    EXPECT(without[0] == closest[1]);
    kad_table_done(&t);
}

TEST(stale_buckets_come_up_once)
{
    struct kad_table t = table_of((struct kad_table_cfg){0});
    struct someone s;
    for (uint32_t i = 0; i < 30; i++) {
        someone_alone(&s, i);
        (void)!kad_table_answered(&t, NOW, &s.peer);
    }
    unsigned count = 0;
    unsigned bucket;
    while (kad_table_stale(&t, &bucket, NOW, US_PER_S)) {
        EXPECT_EQ(count, bucket);
        count++;
    }
    EXPECT(count > 2);
    EXPECT(!kad_table_stale(&t, &bucket, (instant){NOW.us + US_PER_S - 1}, US_PER_S));
    EXPECT(kad_table_stale(&t, &bucket, (instant){NOW.us + US_PER_S}, US_PER_S));
    kad_table_done(&t);
}

/* ---- lookups ---- */

static struct kad_lookup lookup_of(uint32_t paths, uint32_t final)
{
    struct kad_lookup l;
    struct kad_lookup_cfg cfg = {.budget = test_budget(),
                                 .paths = paths,
                                 .alpha = 4,
                                 .beta = 2,
                                 .final = final,
                                 .slow_us = US_PER_S};
    kad_id_of(&cfg.target, SPAN_LIT("target"));
    kad_lookup_init(&l, cfg);
    return l;
}

TEST(a_lookup_asks_the_closest_and_not_too_many)
{
    struct kad_lookup l = lookup_of(1, 0);
    struct someone s;
    EXPECT(kad_lookup_is_over(&l, NOW));
    for (uint32_t i = 0; i < 30; i++) {
        someone_alone(&s, i);
        kad_lookup_add(&l, &s.peer, NULL);
        kad_lookup_add(&l, &s.peer, NULL);
    }
    EXPECT_EQ(30, l.count);
    struct kad_id asked[4];
    for (unsigned i = 0; i < 4; i++) {
        const struct kad_candidate *c = kad_lookup_next(&l, NOW);
        TEST_REQUIRE(c);
        EXPECT(c == &l.candidates[i]);
        asked[i] = c->contact.id;
    }
    EXPECT(!kad_lookup_next(&l, NOW));
    EXPECT(!kad_lookup_is_over(&l, NOW));
    EXPECT_EQ(NOW.us + US_PER_S, kad_lookup_deadline(&l, NOW).us);
    /* The first fails, the next two answer: the two closest that live have answered. */
    kad_lookup_failed(&l, &asked[0]);
    kad_lookup_answered(&l, &asked[1]);
    EXPECT(!kad_lookup_is_over(&l, NOW));
    kad_lookup_answered(&l, &asked[2]);
    EXPECT(kad_lookup_is_over(&l, NOW));
    EXPECT(!kad_lookup_next(&l, NOW));
    kad_lookup_done(&l);
}

TEST(who_is_slow_is_not_waited_for)
{
    struct kad_lookup l = lookup_of(1, 0);
    struct someone s;
    for (uint32_t i = 0; i < 6; i++) {
        someone_alone(&s, i);
        kad_lookup_add(&l, &s.peer, NULL);
    }
    struct kad_id ids[6];
    for (unsigned i = 0; i < 4; i++) {
        ids[i] = kad_lookup_next(&l, NOW)->contact.id;
    }
    instant later = {NOW.us + US_PER_S};
    EXPECT(!kad_lookup_is_over(&l, later));
    for (unsigned i = 4; i < 6; i++) {
        const struct kad_candidate *c = kad_lookup_next(&l, later);
        TEST_REQUIRE(c);
        ids[i] = c->contact.id;
    }
    EXPECT(!kad_lookup_next(&l, later));
    kad_lookup_answered(&l, &ids[4]);
    kad_lookup_answered(&l, &ids[0]); /* after all */
    EXPECT(kad_lookup_is_over(&l, later));
    kad_lookup_done(&l);
}

TEST(paths_are_disjoint)
{
    struct kad_lookup l = lookup_of(2, 0);
    struct someone s[4];
    for (uint32_t i = 0; i < 2; i++) {
        someone_alone(&s[i], i);
        kad_lookup_add(&l, &s[i].peer, NULL);
    }
    struct kad_id id0;
    struct kad_id id1;
    kad_id_of(&id0, peer_id_span(&s[0].peer.id));
    kad_id_of(&id1, peer_id_span(&s[1].peer.id));
    someone_alone(&s[2], 2);
    kad_lookup_add(&l, &s[2].peer, &id0);
    kad_lookup_add(&l, &s[2].peer, &id1); /* known: stays where it was heard of first */
    struct kad_id id2;
    kad_id_of(&id2, peer_id_span(&s[2].peer.id));
    EXPECT_EQ(0, kad_lookup_find(&l, &id0)->path);
    EXPECT_EQ(1, kad_lookup_find(&l, &id1)->path);
    EXPECT_EQ(0, kad_lookup_find(&l, &id2)->path);
    EXPECT_EQ(1, kad_lookup_find(&l, &id2)->hops);
    kad_lookup_done(&l);
}

TEST(the_closest_of_all_answer_in_the_end)
{
    struct kad_lookup l = lookup_of(2, 10);
    struct someone s;
    for (uint32_t i = 0; i < 40; i++) {
        someone_alone(&s, i);
        kad_lookup_add(&l, &s.peer, NULL);
    }
    const struct kad_candidate *c;
    while ((c = kad_lookup_next(&l, NOW))) {
        struct kad_id id = c->contact.id;
        kad_lookup_answered(&l, &id);
    }
    EXPECT(kad_lookup_is_over(&l, NOW));
    struct kad_candidate *closest[KAD_K];
    EXPECT(kad_lookup_closest(&l, closest, KAD_K) >= 10);
    for (unsigned i = 0; i < 10; i++) {
        EXPECT(closest[i] == &l.candidates[i]);
    }
    kad_lookup_done(&l);
}

TEST(candidates_are_bounded_and_the_far_ones_go)
{
    struct kad_lookup l = lookup_of(1, 0);
    struct someone s;
    for (uint32_t i = 0; i < 1000; i++) {
        someone_alone(&s, i);
        kad_lookup_add(&l, &s.peer, NULL);
    }
    EXPECT_EQ(KAD_CANDIDATES_MAX, l.count);
    unsigned bits = kad_common_prefix(&l.cfg.target, &l.candidates[l.count - 1].contact.id);
    EXPECT(bits >= 1); /* a quarter of all, and so none of the far half */
    kad_lookup_done(&l);
}

/* ---- stores ---- */

static const struct kad_store_cfg STORE = {.count_max = 10,
                                           .per_peer_max = 3,
                                           .per_key_max = 5,
                                           .per_key_group_max = 2,
                                           .expiry_us = 100,
                                           .addrs_expiry_us = 50};

static struct kad_id key_of(const char *text)
{
    struct kad_id id;
    kad_id_of(&id, span_str(text));
    return id;
}

TEST(providers_have_bounds)
{
    struct kad_providers p;
    struct kad_store_cfg cfg = STORE;
    cfg.budget = test_budget();
    kad_providers_init(&p, cfg);
    struct someone s;
    struct kad_id a = key_of("a");
    for (uint32_t i = 0; i < 6; i++) {
        someone_alone(&s, i);
        EXPECT_ERR(i < 5 ? OK : ERR_LIMIT, kad_providers_add(&p, NOW, &a, &s.peer));
    }
    someone_alone(&s, 0);
    EXPECT_OK(kad_providers_add(&p, NOW, &a, &s.peer)); /* again: renewed */
    EXPECT_EQ(5, p.count);
    static const char *const names[] = {"b", "c", "d"};
    for (size_t i = 0; i < 3; i++) {
        struct kad_id key = key_of(names[i]);
        EXPECT_ERR(i < 2 ? OK : ERR_LIMIT, kad_providers_add(&p, NOW, &key, &s.peer));
    }
    struct kad_id e = key_of("e");
    for (uint32_t i = 0; i < 4; i++) {
        someone_at(&s, 100 + i, "/ip4/30.1.2.3/tcp/1");
        EXPECT_ERR(i < 2 ? OK : ERR_LIMIT, kad_providers_add(&p, NOW, &e, &s.peer));
    }
    EXPECT_EQ(9, p.count);
    someone_alone(&s, 50);
    struct kad_id f = key_of("f");
    EXPECT_OK(kad_providers_add(&p, NOW, &f, &s.peer));
    struct kad_id g = key_of("g");
    someone_alone(&s, 51);
    EXPECT_ERR(ERR_LIMIT, kad_providers_add(&p, NOW, &g, &s.peer));
    kad_providers_done(&p);
    EXPECT_EQ(0, test_budget()->used);
}

TEST(providers_age)
{
    struct kad_providers p;
    struct kad_store_cfg cfg = STORE;
    cfg.budget = test_budget();
    kad_providers_init(&p, cfg);
    struct someone s;
    struct kad_id a = key_of("a");
    struct kad_peer found[4];
    someone_alone(&s, 1);
    EXPECT_OK(kad_providers_add(&p, NOW, &a, &s.peer));
    EXPECT_EQ(NOW.us + 100, kad_providers_deadline(&p).us);
    EXPECT_EQ(1, kad_providers_find(&p, found, 4, (instant){NOW.us + 49}, &a));
    EXPECT_SPAN(s.peer.addrs, found[0].addrs);
    EXPECT_EQ(1, kad_providers_find(&p, found, 4, (instant){NOW.us + 50}, &a));
    EXPECT_EQ(0, found[0].addrs.n);
    kad_providers_tick(&p, (instant){NOW.us + 99});
    EXPECT_EQ(1, p.count);
    kad_providers_tick(&p, (instant){NOW.us + 100});
    EXPECT_EQ(0, p.count);
    EXPECT_EQ(0, kad_providers_find(&p, found, 4, NOW, &a));
    kad_providers_done(&p);
}

TEST(values_have_bounds_and_a_full_quota_pushes_nobody_out)
{
    struct kad_values v;
    struct kad_store_cfg cfg = STORE;
    cfg.budget = test_budget();
    cfg.per_peer_max = 1;
    kad_values_init(&v, cfg);
    struct someone a;
    struct someone b;
    someone_alone(&a, 1);
    someone_alone(&b, 2);
    struct kad_value_args args = {.key = SPAN_LIT("1"), .value = SPAN_LIT("x"), .from = a.peer.id};
    EXPECT_OK(kad_values_put(&v, NOW, args));
    args.from = b.peer.id;
    args.key = SPAN_LIT("2");
    EXPECT_OK(kad_values_put(&v, NOW, args));
    args.key = SPAN_LIT("1");
    EXPECT_ERR(ERR_LIMIT, kad_values_put(&v, NOW, args));
    TEST_REQUIRE(kad_values_find(&v, SPAN_LIT("1")));
    args.key = SPAN_LIT("2");
    args.value = SPAN_LIT("y");
    EXPECT_OK(kad_values_put(&v, NOW, args));
    EXPECT_SPAN(SPAN_LIT("y"), buf_span(&kad_values_find(&v, SPAN_LIT("2"))->value));
    kad_values_tick(&v, (instant){NOW.us + 100});
    EXPECT_EQ(0, v.keys.count);
    kad_values_done(&v);
    EXPECT_EQ(0, test_budget()->used);
}

TEST_MAIN
