/* The DHT: networks of a few dozen nodes, honest and not, at the level of messages. */
#include "p2p/kad.h"

#include "base/test.h"
#include "p2p/kad_net_test.h"

#include <string.h>

static struct net n;

static const struct kad_op_args ALL = {0};

TEST(everybody_finds_everybody)
{
    net_init(&n, 50, NULL);
    for (size_t i = 0; i < n.count; i++) {
        struct net_node *node = &n.nodes[i];
        const struct peer_id *target = &n.nodes[(i * 7 + 3) % n.count].id;
        if (peer_id_equal(target, &node->id)) {
            continue;
        }
        uint64_t op;
        test_note("node %zu", i);
        EXPECT_OK(kad_find_peer(&node->kad, &op, n.now, target, ALL));
        net_run(&n);
        EXPECT_EQ(1, node->overs_count);
        EXPECT_OK(node->err);
        EXPECT(node->peers_count > 0);
        EXPECT(peer_id_equal(target, &node->last_peer));
        EXPECT(kad_stats(&node->kad).ops_count == 0);
        EXPECT_EQ(0, kad_stats(&node->kad).queries_count);
    }
    net_done(&n);
}

TEST(a_peer_that_is_not_there)
{
    net_init(&n, 30, NULL);
    struct peer_id nobody = n.nodes[3].id;
    nobody.bytes[9] ^= 1;
    uint64_t op;
    EXPECT_OK(kad_find_peer(&n.nodes[0].kad, &op, n.now, &nobody, ALL));
    net_run(&n);
    EXPECT_EQ(1, n.nodes[0].overs_count);
    EXPECT_ERR(ERR_NOT_FOUND, n.nodes[0].err);
    net_done(&n);
}

TEST(nobody_to_ask)
{
    net_init(&n, 1, NULL);
    uint64_t op;
    EXPECT_OK(kad_find_providers(&n.nodes[0].kad, &op, n.now, SPAN_LIT("key"), ALL));
    net_run(&n);
    EXPECT_ERR(ERR_NOT_FOUND, n.nodes[0].err);
    net_done(&n);
}

TEST(providers_are_found_and_expire)
{
    struct kad_cfg cfg = {.mode = KAD_MODE_SERVER, .expiry_us = 3600 * US_PER_S};
    net_init(&n, 50, &cfg);
    uint64_t op;
    for (size_t i = 5; i < 8; i++) {
        EXPECT_OK(kad_provide(&n.nodes[i].kad, &op, n.now, SPAN_LIT("the key"), ALL));
        net_run(&n);
        EXPECT_OK(n.nodes[i].err);
        EXPECT_EQ(KAD_K, n.nodes[i].stats.stored_count);
    }
    EXPECT_OK(kad_find_providers(&n.nodes[40].kad, &op, n.now, SPAN_LIT("the key"), ALL));
    net_run(&n);
    EXPECT_EQ(3, n.nodes[40].providers_count);
    EXPECT_OK(kad_find_providers(&n.nodes[41].kad, &op, n.now, SPAN_LIT("the key"),
                                 (struct kad_op_args){.wanted = 1}));
    net_run(&n);
    EXPECT_EQ(1, n.nodes[41].overs_count);
    EXPECT(n.nodes[41].providers_count >= 1);
    EXPECT_OK(kad_find_providers(&n.nodes[42].kad, &op, n.now, SPAN_LIT("another key"), ALL));
    net_run(&n);
    EXPECT_ERR(ERR_NOT_FOUND, n.nodes[42].err);
    net_pass(&n, cfg.expiry_us + US_PER_S);
    EXPECT_OK(kad_find_providers(&n.nodes[43].kad, &op, n.now, SPAN_LIT("the key"), ALL));
    net_run(&n);
    EXPECT_ERR(ERR_NOT_FOUND, n.nodes[43].err);
    for (size_t i = 0; i < n.count; i++) {
        EXPECT_EQ(0, kad_stats(&n.nodes[i].kad).providers_count);
    }
    net_done(&n);
}

TEST(what_is_kept_is_published_again)
{
    struct kad_cfg cfg = {
        .mode = KAD_MODE_SERVER, .expiry_us = 3600 * US_PER_S, .republish_us = 1800 * US_PER_S};
    net_init(&n, 30, &cfg);
    uint64_t op;
    EXPECT_OK(kad_provide(&n.nodes[5].kad, &op, n.now, SPAN_LIT("the key"),
                          (struct kad_op_args){.keep = true}));
    struct kad_put_args put = {
        .key = SPAN_LIT("/n/a"), .value = SPAN_LIT("5"), .op = {.keep = true}};
    EXPECT_OK(kad_put_value(&n.nodes[5].kad, &op, n.now, put));
    net_pass(&n, 3 * cfg.expiry_us);
    EXPECT_OK(kad_find_providers(&n.nodes[20].kad, &op, n.now, SPAN_LIT("the key"), ALL));
    EXPECT_OK(kad_get_value(&n.nodes[20].kad, &op, n.now, SPAN_LIT("/n/a"), ALL));
    net_run(&n);
    EXPECT_EQ(1, n.nodes[20].providers_count);
    EXPECT_STR("5", n.nodes[20].value);
    kad_unpublish(&n.nodes[5].kad, SPAN_LIT("the key"));
    kad_unpublish(&n.nodes[5].kad, SPAN_LIT("/n/a"));
    net_pass(&n, 2 * cfg.expiry_us);
    EXPECT_OK(kad_find_providers(&n.nodes[21].kad, &op, n.now, SPAN_LIT("the key"), ALL));
    net_run(&n);
    EXPECT_EQ(0, n.nodes[21].providers_count);
    net_done(&n);
}

TEST(the_better_value_wins_and_mends_the_others)
{
    net_init(&n, 20, NULL); /* so everybody is among the closest of everybody */
    uint64_t op;
    struct kad_put_args put = {
        .key = SPAN_LIT("/n/a"), .value = SPAN_LIT("7 new"), .op = {.keep = true}};
    EXPECT_OK(kad_put_value(&n.nodes[1].kad, &op, n.now, put));
    net_run(&n);
    EXPECT_EQ(19, n.nodes[1].stats.stored_count);
    put.op.keep = false;
    put.value = SPAN_LIT("3 old");
    EXPECT_OK(kad_put_value(&n.nodes[2].kad, &op, n.now, put));
    net_run(&n);
    EXPECT_EQ(0, n.nodes[2].stats.stored_count);
    /* One holder forgets, one has an older value by other ways: a reader brings both up to date. */
    size_t mended = 0;
    struct net_node *holders[2] = {0};
    for (size_t i = 0; i < n.count && mended < 2; i++) {
        if (kad_values_find(&n.nodes[i].kad.values, put.key)) {
            holders[mended] = &n.nodes[i];
            struct kad_value_args old = {
                .key = put.key, .value = SPAN_LIT("2"), .from = n.nodes[0].id};
            EXPECT_OK(kad_values_put(&n.nodes[i].kad.values, n.now, old));
            mended++;
        }
    }
    TEST_REQUIRE(mended == 2);
    struct net_node *reader = &n.nodes[19];
    EXPECT_OK(kad_get_value(&reader->kad, &op, n.now, put.key, ALL));
    net_run(&n);
    EXPECT_STR("7 new", reader->value);
    for (size_t i = 0; i < 2; i++) {
        const struct kad_value *v = kad_values_find(&holders[i]->kad.values, put.key);
        TEST_REQUIRE(v);
        EXPECT_SPAN(SPAN_LIT("7 new"), buf_span(&v->value));
    }
    net_done(&n);
}

TEST(values_without_validator_are_refused_on_both_sides)
{
    net_init(&n, 2, NULL);
    uint64_t op;
    static const struct {
        const char *key;
        const char *value;
        enum err err;
    } cases[] = {
        {"/n/a",  "1",   OK        },
        {"/n/a",  "bad", ERR_DENIED},
        {"/m/a",  "1",   ERR_DENIED},
        {"n/a",   "1",   ERR_DENIED},
        {"/nn/a", "1",   ERR_DENIED},
        {"",      "1",   ERR_DENIED},
        {"/",     "1",   ERR_DENIED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("key %s value %s", cases[i].key, cases[i].value);
        struct kad_put_args put = {.key = span_str(cases[i].key),
                                   .value = span_str(cases[i].value)};
        EXPECT_ERR(cases[i].err, kad_put_value(&n.nodes[0].kad, &op, n.now, put));
        static uint8_t request[256];
        static uint8_t answer[4096];
        struct wr w = wr_init(MSPAN_OF(request));
        struct kad_record record = {.key = put.key, .value = put.value};
        kad_message_encode(&w, &(struct kad_message_out){
                                   .type = KAD_PUT_VALUE, .key = put.key, .record = &record});
        struct wr a = wr_init(MSPAN_OF(answer));
        EXPECT_ERR(cases[i].err,
                   kad_serve(&n.nodes[1].kad, &a, n.now, &n.nodes[0].id, span_of(request, w.n)));
        if (cases[i].err == OK) {
            EXPECT_SPAN(span_of(request, w.n), span_of(answer, a.n));
        }
    }
    /* The key within the record must be the one that it goes under. */
    uint8_t request[128];
    uint8_t answer[1024];
    struct wr w = wr_init(MSPAN_OF(request));
    struct kad_record record = {.key = SPAN_LIT("/n/b"), .value = SPAN_LIT("1")};
    kad_message_encode(&w, &(struct kad_message_out){
                               .type = KAD_PUT_VALUE, .key = SPAN_LIT("/n/a"), .record = &record});
    struct wr a = wr_init(MSPAN_OF(answer));
    EXPECT_ERR(ERR_DENIED,
               kad_serve(&n.nodes[1].kad, &a, n.now, &n.nodes[0].id, span_of(request, w.n)));
    net_done(&n);
}

static enum err ask(struct net_node *server,
                    const struct peer_id *from,
                    const struct kad_message_out *out,
                    struct kad_message *ret_answer)
{
    static uint8_t request[4096];
    static uint8_t answer[64 * 1024];
    struct wr w = wr_init(MSPAN_OF(request));
    kad_message_encode(&w, out);
    struct wr a = wr_init(MSPAN_OF(answer));
    enum err e = kad_serve(&server->kad, &a, n.now, from, span_of(request, w.n));
    if (e == OK && a.n > 0) {
        EXPECT_OK(kad_message_decode(ret_answer, span_of(answer, a.n)));
    }
    return e;
}

TEST(only_a_peers_own_announcement_counts)
{
    net_init(&n, 3, NULL);
    struct kad_peer other = net_peer(&n.nodes[2]);
    struct kad_message answer;
    struct kad_message_out out = {.type = KAD_ADD_PROVIDER,
                                  .key = SPAN_LIT("key"),
                                  .providers = &other,
                                  .providers_count = 1};
    EXPECT_ERR(ERR_DENIED, ask(&n.nodes[0], &n.nodes[1].id, &out, &answer));
    EXPECT_OK(ask(&n.nodes[0], &n.nodes[2].id, &out, &answer));
    EXPECT_EQ(1, kad_stats(&n.nodes[0].kad).providers_count);
    net_done(&n);
}

TEST(clients_answer_nothing_and_enter_no_table)
{
    net_init(&n, 10, NULL);
    struct net_node *c = &n.nodes[9];
    kad_set_mode(&c->kad, KAD_MODE_CLIENT);
    struct kad_message answer;
    struct kad_message_out out = {.type = KAD_FIND_NODE, .key = SPAN_LIT("key")};
    EXPECT_ERR(ERR_STATE, ask(c, &n.nodes[0].id, &out, &answer));
    struct kad_peer peer = net_peer(c);
    for (size_t i = 0; i < 9; i++) {
        kad_peer_connected(&n.nodes[i].kad, n.now, &peer, false);
        EXPECT(!kad_table_find(&n.nodes[i].kad.table, &c->id));
    }
    /* But who is connected to it can say where it is. */
    uint64_t op;
    EXPECT_OK(kad_find_peer(&n.nodes[0].kad, &op, n.now, &c->id, ALL));
    net_run(&n);
    EXPECT(n.nodes[0].peers_count > 0);
    net_done(&n);
}

TEST(an_automatic_node_follows_its_reachability)
{
    struct kad_cfg cfg = {.mode = KAD_MODE_AUTO};
    net_init(&n, 1, &cfg);
    struct kad *k = &n.nodes[0].kad;
    struct kad_event e;
    EXPECT(!kad_poll_wire(k, &e));
    kad_set_reachable(k, true);
    TEST_REQUIRE(kad_poll_wire(k, &e));
    EXPECT_EQ(KAD_EVENT_MODE, e.kind);
    EXPECT(e.is_server);
    kad_set_reachable(k, true);
    EXPECT(!kad_poll_wire(k, &e));
    kad_set_reachable(k, false);
    kad_set_reachable(k, true);
    EXPECT(!kad_poll_wire(k, &e));
    kad_set_reachable(k, false);
    TEST_REQUIRE(kad_poll_wire(k, &e));
    EXPECT(!e.is_server);
    kad_set_mode(k, KAD_MODE_SERVER);
    kad_set_reachable(k, false);
    TEST_REQUIRE(kad_poll_wire(k, &e));
    EXPECT(e.is_server);
    net_done(&n);
}

TEST(who_asks_too_much_is_refused)
{
    struct kad_cfg cfg = {.mode = KAD_MODE_SERVER, .requests_per_peer = 5};
    net_init(&n, 1, &cfg);
    struct kad_message answer;
    struct kad_message_out out = {.type = KAD_PING};
    struct peer_id a = n.nodes[0].id;
    struct peer_id b = n.nodes[0].id;
    a.bytes[5] ^= 1;
    b.bytes[5] ^= 2;
    for (unsigned i = 0; i < 5; i++) {
        EXPECT_OK(ask(&n.nodes[0], &a, &out, &answer));
        EXPECT_EQ(KAD_PING, answer.type);
    }
    EXPECT_ERR(ERR_LIMIT, ask(&n.nodes[0], &a, &out, &answer));
    EXPECT_OK(ask(&n.nodes[0], &b, &out, &answer));
    n.now = instant_add(n.now, 10 * US_PER_S);
    EXPECT_OK(ask(&n.nodes[0], &a, &out, &answer));
    EXPECT_EQ(1, kad_stats(&n.nodes[0].kad).refused_count);
    net_done(&n);
}

TEST(the_mute_and_the_dead_are_passed_over)
{
    net_init(&n, 50, NULL);
    for (size_t i = 0; i < 50; i += 3) {
        n.nodes[i].is_mute = i % 2 == 0;
    }
    for (size_t i = 3; i < 50; i += 6) {
        n.nodes[i].is_up = false;
    }
    uint64_t op;
    EXPECT_OK(kad_provide(&n.nodes[1].kad, &op, n.now, SPAN_LIT("key"), ALL));
    net_pass(&n, 70 * US_PER_S);
    EXPECT_OK(n.nodes[1].err);
    /* A third of those that the others name are gone: the record goes to those that are not. */
    EXPECT(n.nodes[1].stats.stored_count >= 12);
    EXPECT_OK(kad_find_providers(&n.nodes[49].kad, &op, n.now, SPAN_LIT("key"), ALL));
    net_pass(&n, 70 * US_PER_S);
    EXPECT_EQ(1, n.nodes[49].providers_count);
    EXPECT_EQ(0, kad_stats(&n.nodes[49].kad).queries_count);
    net_done(&n);
}

/* Nodes that answer every question with invented peers, or with nonsense: a lookup ends all the same. */
TEST(liars_end_no_lookup_and_get_nobody_into_a_table)
{
    net_init(&n, 20, NULL);
    struct kad *k = &n.nodes[0].kad;
    size_t before = kad_stats(k).peers_count;
    uint64_t op;
    EXPECT_OK(kad_find_providers(k, &op, n.now, SPAN_LIT("key"), ALL));
    struct kad_event e;
    unsigned asked = 0;
    bool over = false;
    while (!over && asked < 5000) {
        if (!kad_poll_wire(k, &e) && !kad_poll(k, &e)) {
            n.now = kad_deadline(k);
            kad_tick(k, n.now);
            continue;
        }
        over = e.kind == KAD_EVENT_OVER;
        if (e.kind != KAD_EVENT_ASK) {
            continue;
        }
        asked++;
        static uint8_t room[32 * 1024];
        struct kad_peer invented[KAD_K];
        for (size_t i = 0; i < KAD_K; i++) {
            invented[i] = net_peer(&n.nodes[1]);
            rng_fill(&n.rng.rng, mspan_of(invented[i].id.bytes + 2, 32));
        }
        struct wr w = wr_init(MSPAN_OF(room));
        kad_message_encode(&w, &(struct kad_message_out){.type = KAD_GET_PROVIDERS,
                                                         .key = SPAN_LIT("key"),
                                                         .closer = invented,
                                                         .closer_count = KAD_K});
        if (asked % 5 == 0) {
            kad_answered(k, n.now, e.query, SPAN_LIT("nonsense"));
        } else {
            kad_answered(k, n.now, e.query, span_of(room, w.n));
        }
    }
    EXPECT(over);
    EXPECT(asked < 5000);
    /* The invented ones "answered" here from one IP group: few of them can have got in. */
    EXPECT(kad_stats(k).peers_count <= before + 3);
    net_done(&n);
}

TEST(no_memory_is_an_ordinary_thing)
{
    for (size_t memory = 6 * 1024; memory < 96 * 1024; memory += 5 * 1024) {
        test_note("%zu bytes", memory);
        struct kad_cfg cfg = {.mode = KAD_MODE_SERVER, .memory_max = memory};
        net_init(&n, 12, &cfg);
        uint64_t op;
        for (size_t i = 0; i < n.count; i++) {
            (void)!kad_provide(&n.nodes[i].kad, &op, n.now, SPAN_LIT("key"),
                               (struct kad_op_args){.keep = i % 2, .thorough = true});
            (void)!kad_find_providers(&n.nodes[i].kad, &op, n.now, SPAN_LIT("key"), ALL);
        }
        net_pass(&n, 100 * US_PER_S);
        for (size_t i = 0; i < n.count; i++) {
            EXPECT(kad_stats(&n.nodes[i].kad).memory_used <= memory);
            EXPECT_EQ(0, kad_stats(&n.nodes[i].kad).ops_count);
        }
        net_done(&n);
    }
}

TEST(cancelling_drops_the_queries)
{
    net_init(&n, 20, NULL);
    struct kad *k = &n.nodes[0].kad;
    uint64_t op;
    struct kad_event e;
    EXPECT_OK(kad_find_providers(k, &op, n.now, SPAN_LIT("key"), ALL));
    TEST_REQUIRE(kad_poll_wire(k, &e));
    EXPECT_EQ(KAD_EVENT_ASK, e.kind);
    uint64_t query = e.query;
    kad_cancel(k, op);
    kad_cancel(k, op);
    TEST_REQUIRE(kad_poll_wire(k, &e));
    EXPECT_EQ(KAD_EVENT_DROP, e.kind);
    EXPECT_EQ(query, e.query);
    EXPECT(!kad_poll_wire(k, &e));
    kad_answered(k, n.now, query, SPAN_EMPTY);
    EXPECT_EQ(0, kad_stats(k).queries_count);
    net_done(&n);
}

TEST(bootstrap_peers_are_asked_until_the_table_has_some)
{
    net_init(&n, 20, NULL);
    struct net_node *late = &n.nodes[19];
    struct kad_peer first = net_peer(&n.nodes[0]);
    struct kad_cfg cfg = {
        .self = late->id, .rng = &n.rng.rng, .parent = test_budget(), .mode = KAD_MODE_SERVER};
    kad_done(&late->kad); /* it starts anew, and knows nobody */
    EXPECT_OK(kad_init(&late->kad, &cfg, n.now));
    n.nodes[0].is_mute = true;
    EXPECT_OK(kad_add_bootstrap(&late->kad, n.now, &first));
    EXPECT_OK(kad_add_bootstrap(&late->kad, n.now, &first));
    EXPECT_EQ(1, late->kad.bootstrap_count);
    late->asked_count = 0;
    net_pass(&n, 100 * US_PER_S); /* at 0, 10, 30 and 70 seconds */
    EXPECT_EQ(0, kad_stats(&late->kad).peers_count);
    EXPECT_EQ(4, late->asked_count);
    n.nodes[0].is_mute = false;
    net_pass(&n, 120 * US_PER_S);
    EXPECT(kad_stats(&late->kad).peers_count >= 10);
    for (unsigned i = 1; i < KAD_BOOTSTRAP_MAX + 1; i++) {
        struct kad_peer more = first;
        more.id.bytes[20] ^= (uint8_t)i;
        EXPECT_ERR(i < KAD_BOOTSTRAP_MAX ? OK : ERR_LIMIT,
                   kad_add_bootstrap(&late->kad, n.now, &more));
    }
    net_done(&n);
}

TEST(operations_are_bounded)
{
    struct kad_cfg cfg = {.mode = KAD_MODE_SERVER, .ops_max = 3, .queries_max = 4};
    net_init(&n, 10, &cfg);
    struct kad *k = &n.nodes[0].kad;
    uint64_t op;
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_OK(kad_find_providers(k, &op, n.now, SPAN_LIT("key"), ALL));
    }
    EXPECT_ERR(ERR_LIMIT, kad_find_providers(k, &op, n.now, SPAN_LIT("key"), ALL));
    EXPECT(kad_stats(k).queries_count <= 4);
    net_pass(&n, 100 * US_PER_S);
    EXPECT_EQ(3, n.nodes[0].overs_count);
    EXPECT_ERR(ERR_NOT_FOUND, n.nodes[0].err);
    net_done(&n);
}

TEST(the_network_is_measured)
{
    net_init(&n, 60, NULL);
    uint64_t op;
    for (unsigned i = 0; i < 20; i++) {
        char key[8] = {'k', (char)('a' + i)};
        EXPECT_OK(kad_provide(&n.nodes[0].kad, &op, n.now, span_str(key), ALL));
        net_run(&n);
    }
    uint64_t size = kad_stats(&n.nodes[0].kad).network_size;
    EXPECT(size > 35);
    EXPECT(size < 100);
    net_done(&n);
}

TEST_MAIN
