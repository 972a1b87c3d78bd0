/* Gossipsub: small networks, and single nodes against peers made of bytes. */
#include "p2p/gossip.h"

#include "base/test.h"
#include "p2p/envelope.h"
#include "p2p/gossip_net_test.h"

#include <string.h>

static struct gnet n;

static unsigned receivers(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < n.count; i++) {
        count += n.nodes[i].received > 0;
    }
    return count;
}

TEST(everybody_gets_it_once)
{
    for (int signing = GOSSIP_STRICT_SIGN; signing <= GOSSIP_STRICT_NO_SIGN; signing++) {
        test_note("signing %d", signing);
        gnet_init(&n, 30, NULL);
        gnet_connect_randomly(&n, 10);
        gnet_subscribe_all(&n, "t", (enum gossip_signing)signing);
        gnet_pass(&n, 5 * US_PER_S);
        EXPECT_OK(gossip_publish(&n.nodes[3].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("hello")));
        gnet_pass(&n, 5 * US_PER_S);
        for (size_t i = 0; i < n.count; i++) {
            EXPECT_EQ(i != 3, n.nodes[i].received);
            EXPECT_EQ(signing == GOSSIP_STRICT_SIGN && i != 3, n.nodes[i].last_author.n > 0);
        }
        gnet_done(&n);
    }
}

TEST(meshes_stay_within_bounds)
{
    gnet_init(&n, 40, NULL);
    for (size_t i = 0; i < 40; i++) { /* everybody knows everybody */
        for (size_t k = 0; k < i; k++) {
            gnet_connect(&n, i, k, GOSSIP_V12);
        }
    }
    gnet_subscribe_all(&n, "t", GOSSIP_STRICT_NO_SIGN);
    gnet_pass(&n, 30 * US_PER_S);
    for (size_t i = 0; i < n.count; i++) {
        uint32_t count = gossip_mesh_count(&n.nodes[i].gossip, SPAN_LIT("t"));
        EXPECT(count >= 5);
        EXPECT(count <= 13);
        for (size_t k = 0; k < n.count; k++) { /* both sides agree */
            EXPECT_EQ(gossip_in_mesh(&n.nodes[i].gossip, SPAN_LIT("t"), &n.nodes[k].id),
                      gossip_in_mesh(&n.nodes[k].gossip, SPAN_LIT("t"), &n.nodes[i].id));
        }
    }
    gnet_done(&n);
}

TEST(a_node_outside_the_topic_publishes_by_fanout)
{
    struct gossip_cfg cfg = {.no_flood_publish = true};
    gnet_init(&n, 20, &cfg);
    gnet_connect_randomly(&n, 12);
    gnet_subscribe_all(&n, "t", GOSSIP_STRICT_SIGN);
    gossip_unsubscribe(&n.nodes[0].gossip, n.now, SPAN_LIT("t"));
    gnet_pass(&n, 5 * US_PER_S);
    EXPECT_EQ(0, gossip_mesh_count(&n.nodes[0].gossip, SPAN_LIT("t")));
    EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("hello")));
    gnet_pass(&n, 3 * US_PER_S);
    EXPECT_EQ(19, receivers());
    EXPECT_EQ(0, n.nodes[0].received);
    EXPECT_ERR(ERR_NOT_FOUND,
               gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("u"), SPAN_LIT("hello")));
    gnet_done(&n);
}

/* Half the nodes lose everything that they send: gossip brings it to the others all the same. */
TEST(gossip_mends_what_a_mesh_loses)
{
    struct gossip_cfg cfg = {.no_flood_publish = true};
    gnet_init(&n, 30, &cfg);
    gnet_connect_randomly(&n, 16);
    gnet_subscribe_all(&n, "t", GOSSIP_STRICT_NO_SIGN);
    gnet_pass(&n, 5 * US_PER_S);
    for (size_t i = 1; i < 30; i += 3) {
        n.nodes[i].is_mute = true;
    }
    EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("hello")));
    gnet_pass(&n, 6 * US_PER_S);
    for (size_t i = 0; i < n.count; i++) {
        test_note("node %zu", i);
        EXPECT(i == 0 || n.nodes[i].is_mute || n.nodes[i].received == 1);
    }
    gnet_done(&n);
}

TEST(versions_live_together)
{
    gnet_init(&n, 16, NULL);
    for (size_t i = 0; i < 16; i++) {
        for (size_t k = 0; k < i; k++) {
            gnet_connect(&n, i, k, (enum gossip_version)((i + k) % GOSSIP_VERSIONS_COUNT));
        }
    }
    gnet_subscribe_all(&n, "t", GOSSIP_STRICT_SIGN);
    gnet_pass(&n, 3 * US_PER_S);
    EXPECT_OK(gossip_publish(&n.nodes[5].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("hello")));
    gnet_pass(&n, 3 * US_PER_S);
    EXPECT_EQ(15, receivers());
    gnet_done(&n);
}

TEST(verdicts_decide_what_travels_and_who_pays)
{
    static const struct {
        enum gossip_verdict verdict;
        bool travels;
        int score; /* sign */
    } cases[] = {
        {GOSSIP_ACCEPT, true,  1 },
        {GOSSIP_IGNORE, false, 0 },
        {GOSSIP_REJECT, false, -1},
    };
    for (size_t i = 0; i < 3; i++) {
        test_note("verdict %zu", i);
        struct gossip_topic_score score = gossip_topic_score_default();
        score.mesh_time_weight = 0;
        gnet_init(&n, 3, NULL);
        gnet_connect(&n, 0, 1, GOSSIP_V12);
        gnet_connect(&n, 1, 2, GOSSIP_V12);
        struct gossip_topic_cfg cfg = {.signing = GOSSIP_STRICT_SIGN, .score = score};
        for (size_t k = 0; k < 3; k++) {
            EXPECT_OK(gossip_subscribe(&n.nodes[k].gossip, n.now, SPAN_LIT("t"), &cfg));
        }
        gnet_pass(&n, 2 * US_PER_S);
        n.nodes[1].verdict = cases[i].verdict;
        EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("x")));
        gnet_pass(&n, 2 * US_PER_S);
        EXPECT_EQ(1, n.nodes[1].received);
        EXPECT_EQ(cases[i].travels, n.nodes[2].received);
        struct gossip_peer_info info;
        TEST_REQUIRE(gossip_peer_find(&n.nodes[1].gossip, &info, &n.nodes[0].id));
        EXPECT_EQ(cases[i].score > 0, info.score > 0);
        EXPECT_EQ(cases[i].score < 0, info.score < 0);
        EXPECT_EQ(cases[i].score >= 0,
                  gossip_in_mesh(&n.nodes[1].gossip, SPAN_LIT("t"), &n.nodes[0].id));
        gnet_done(&n);
    }
}

TEST(a_verdict_may_come_late_or_never)
{
    gnet_init(&n, 3, NULL);
    gnet_connect(&n, 0, 1, GOSSIP_V12);
    gnet_connect(&n, 1, 2, GOSSIP_V12);
    gnet_subscribe_all(&n, "t", GOSSIP_STRICT_NO_SIGN);
    gnet_pass(&n, 2 * US_PER_S);
    n.nodes[1].holds = true;
    EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("one")));
    gnet_pass(&n, 20 * US_PER_S);
    EXPECT_EQ(0, n.nodes[2].received);
    gossip_validated(&n.nodes[1].gossip, n.now, n.nodes[1].held, GOSSIP_ACCEPT);
    gossip_validated(&n.nodes[1].gossip, n.now, n.nodes[1].held, GOSSIP_REJECT);
    gnet_pass(&n, US_PER_S);
    EXPECT_EQ(1, n.nodes[2].received);
    EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("two")));
    gnet_pass(&n, 200 * US_PER_S);
    EXPECT_EQ(0, n.nodes[1].gossip.seen.count);
    gossip_validated(&n.nodes[1].gossip, n.now, n.nodes[1].held, GOSSIP_ACCEPT);
    EXPECT_EQ(1, n.nodes[2].received);
    gnet_done(&n);
}

/* ---- one node and peers made of bytes ---- */

static struct peer_id stranger(unsigned i)
{
    struct peer_id id;
    uint8_t bytes[34] = {0x12, 0x20, (uint8_t)(i >> 8), (uint8_t)i};
    EXPECT_OK(peer_id_decode(&id, SPAN_OF(bytes)));
    return id;
}

static void start_one(const struct gossip_cfg *cfg)
{
    gnet_init(&n, 1, cfg);
    gnet_subscribe_all(&n, "t", GOSSIP_STRICT_NO_SIGN);
}

static struct peer_id connect_stranger(unsigned i, enum gossip_version version, uint32_t group)
{
    struct peer_id id = stranger(i);
    EXPECT_OK(gossip_peer_connected(&n.nodes[0].gossip, n.now, &id,
                                    (struct gossip_peer_args){.version = version, .group = group}));
    return id;
}

static enum err say(const struct peer_id *from, const char *hex)
{
    return gossip_recv(&n.nodes[0].gossip, n.now, from, test_hex(hex));
}

static int64_t score_of(const struct peer_id *id)
{
    struct gossip_peer_info info = {0};
    EXPECT(gossip_peer_find(&n.nodes[0].gossip, &info, id));
    return info.score;
}

/* heard counts the items of a kind that the node says to a peer. */
static unsigned
heard(const struct peer_id *id, enum gossip_item_kind kind, struct gossip_item *ret_last)
{
    static struct buf rpc;
    buf_done(&rpc);
    buf_init(&rpc, test_budget(), GOSSIP_RPC_LEN_MAX);
    unsigned count = 0;
    struct peer_id who;
    while (gossip_next_peer(&n.nodes[0].gossip, &who)) {}
    while (gossip_take_rpc(&n.nodes[0].gossip, id, &rpc, 16 * 1024)) {}
    EXPECT_OK(gossip_rpc_check(buf_span(&rpc)));
    struct gossip_cursor c = gossip_cursor_init(buf_span(&rpc));
    struct gossip_item item;
    while (gossip_next_item(&item, &c)) {
        if (item.kind == kind) {
            count++;
            *ret_last = item;
        }
    }
    if (!ret_last->raw.p) {
        buf_done(&rpc);
    }
    return count;
}

static void stop_one(const struct peer_id *id)
{
    struct gossip_item none = {0};
    (void)heard(id, GOSSIP_PUBLISH, &none);
    struct gossip_item clear = {0};
    (void)heard(id, GOSSIP_SUBSCRIBE, &clear);
    gnet_done(&n);
}

#define SUBSCRIBE_T "0a05 0801 1201 74"
#define GRAFT_T     "1a05 1a03 0a01 74"

TEST(a_graft_is_answered_as_it_deserves)
{
    struct gossip_item item = {0};
    start_one(NULL);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_OK(say(&p, SUBSCRIBE_T));
    EXPECT_OK(say(&p, GRAFT_T));
    EXPECT(gossip_in_mesh(&n.nodes[0].gossip, SPAN_LIT("t"), &p));
    EXPECT_EQ(0, heard(&p, GOSSIP_PRUNE, &item));
    /* Of a topic that we do not have: no answer. */
    EXPECT_OK(say(&p, "1a05 1a03 0a01 75"));
    EXPECT_EQ(0, heard(&p, GOSSIP_PRUNE, &item));
    /* It leaves with a backoff of 30 seconds; back too early: pruned, and worse for it. */
    EXPECT_OK(say(&p, "1a07 2205 0a01 74 181e"));
    EXPECT(!gossip_in_mesh(&n.nodes[0].gossip, SPAN_LIT("t"), &p));
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_OK(say(&p, GRAFT_T));
    }
    EXPECT(!gossip_in_mesh(&n.nodes[0].gossip, SPAN_LIT("t"), &p));
    EXPECT_EQ(4, heard(&p, GOSSIP_PRUNE, &item));
    EXPECT(item.has_backoff);
    EXPECT_EQ(60, item.backoff_s);
    EXPECT(score_of(&p) < 0);
    memset(&item, 0, sizeof item);
    stop_one(&p);
}

TEST(a_backoff_is_a_day_at_most)
{
    start_one(NULL);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_OK(say(&p, SUBSCRIBE_T));
    EXPECT_OK(say(&p, GRAFT_T));
    EXPECT_OK(say(&p, "1a10 220e 0a01 74 18 ffffffffffffffffff01"));
    struct gossip_topic *t = map_at(&n.nodes[0].gossip.topics, 0)->value;
    const struct gossip_member *m =
        list_entry(list_first(&t->members), struct gossip_member, in_topic);
    EXPECT_EQ(n.now.us + 24 * 3600 * US_PER_S, m->backoff_until.us);
    stop_one(&p);
}

TEST(a_full_mesh_takes_only_those_that_we_dialled)
{
    start_one(NULL);
    struct peer_id p = {0};
    for (unsigned i = 0; i < 14; i++) {
        p = connect_stranger(i, GOSSIP_V12, 0);
        EXPECT_OK(say(&p, SUBSCRIBE_T));
        EXPECT_OK(say(&p, GRAFT_T));
        EXPECT_EQ(i < 12, gossip_in_mesh(&n.nodes[0].gossip, SPAN_LIT("t"), &p));
    }
    EXPECT_EQ(12, gossip_mesh_count(&n.nodes[0].gossip, SPAN_LIT("t")));
    struct gossip_item item = {0};
    EXPECT_EQ(1, heard(&p, GOSSIP_PRUNE, &item));
    struct span rest = item.raw;
    struct gossip_px px;
    unsigned count = 0;
    while (gossip_next_px(&px, &rest)) {
        count++;
    }
    EXPECT_EQ(13, count); /* everybody else, it is told */
    struct peer_id dialled = stranger(50);
    EXPECT_OK(gossip_peer_connected(
        &n.nodes[0].gossip, n.now, &dialled,
        (struct gossip_peer_args){.version = GOSSIP_V12, .is_outbound = true}));
    EXPECT_OK(say(&dialled, SUBSCRIBE_T));
    EXPECT_OK(say(&dialled, GRAFT_T));
    EXPECT_EQ(13, gossip_mesh_count(&n.nodes[0].gossip, SPAN_LIT("t")));
    /* The heartbeat cuts it down to D. */
    gossip_tick(&n.nodes[0].gossip, gossip_deadline(&n.nodes[0].gossip));
    EXPECT_EQ(6, gossip_mesh_count(&n.nodes[0].gossip, SPAN_LIT("t")));
    stop_one(&p);
}

TEST(ihave_is_asked_for_within_bounds_and_a_broken_promise_costs)
{
    struct gossip_cfg cfg = {.ihave_ids_max = 5};
    struct gossip_item item = {0};
    start_one(&cfg);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_OK(say(&p, SUBSCRIBE_T));
    EXPECT_OK(say(&p, "1a11 0a0f 0a01 74 1202 6161 1202 6262 1202 6363")); /* three ids */
    TEST_REQUIRE(heard(&p, GOSSIP_IWANT, &item) == 1);
    struct span rest = item.raw;
    struct span id;
    unsigned count = 0;
    while (gossip_next_id(&id, GOSSIP_IWANT, &rest)) {
        count++;
    }
    EXPECT_EQ(3, count);
    EXPECT_OK(say(&p, "1a11 0a0f 0a01 74 1202 6464 1202 6565 1202 6666"));
    TEST_REQUIRE(heard(&p, GOSSIP_IWANT, &item) == 1);
    rest = item.raw;
    count = 0;
    while (gossip_next_id(&id, GOSSIP_IWANT, &rest)) {
        count++;
    }
    EXPECT_EQ(2, count); /* five in all */
    EXPECT_OK(say(&p, "1a0b 0a09 0a01 74 1204 67676767"));
    EXPECT_EQ(0, heard(&p, GOSSIP_IWANT, &item));
    /* None of it comes: two promises are broken in this heartbeat, and ten later ones sink it. */
    for (unsigned i = 0; i < 10; i++) {
        gossip_tick(&n.nodes[0].gossip, gossip_deadline(&n.nodes[0].gossip));
        EXPECT_OK(say(&p, "1a11 0a0f 0a01 74 1202 6161 1202 6262 1202 6363"));
    }
    for (unsigned i = 0; i < 4; i++) {
        gossip_tick(&n.nodes[0].gossip, gossip_deadline(&n.nodes[0].gossip));
    }
    EXPECT(score_of(&p) < 0);
    memset(&item, 0, sizeof item);
    stop_one(&p);
}

TEST(iwant_is_served_a_few_times)
{
    struct gossip_item item = {0};
    start_one(NULL);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("abc")));
    /* SHA-256 of "abc" */
    static const char IWANT[] =
        "1a24 1222 0a20 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for (unsigned i = 0; i < 5; i++) {
        EXPECT_OK(say(&p, IWANT));
        EXPECT_EQ(i < 3, heard(&p, GOSSIP_PUBLISH, &item));
    }
    EXPECT_OK(say(&p, "1a05 1203 0a01 01"));
    EXPECT_EQ(0, heard(&p, GOSSIP_PUBLISH, &item));
    struct peer_id q = connect_stranger(2, GOSSIP_V12, 0);
    for (unsigned i = 0; i < 6; i++) {
        gossip_tick(&n.nodes[0].gossip, gossip_deadline(&n.nodes[0].gossip));
    }
    EXPECT_OK(say(&q, IWANT)); /* no longer kept */
    EXPECT_EQ(0, heard(&q, GOSSIP_PUBLISH, &item));
    memset(&item, 0, sizeof item);
    stop_one(&p);
}

TEST(idontwant_saves_the_sending)
{
    struct gossip_item item = {0};
    start_one(NULL);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_OK(say(&p, SUBSCRIBE_T));
    EXPECT_OK(say(&p, GRAFT_T));
    EXPECT_OK(
        say(&p, "1a24 2a22 0a20 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("abc")));
    EXPECT_EQ(0, heard(&p, GOSSIP_PUBLISH, &item));
    EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_LIT("abd")));
    EXPECT_EQ(1, heard(&p, GOSSIP_PUBLISH, &item));
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(1, n.nodes[0].gossip.unwanted.count);
        gossip_tick(&n.nodes[0].gossip, gossip_deadline(&n.nodes[0].gossip));
    }
    EXPECT_EQ(0, n.nodes[0].gossip.unwanted.count);
    memset(&item, 0, sizeof item);
    stop_one(&p);
}

TEST(a_large_message_is_announced_as_unwanted_to_the_mesh)
{
    struct gossip_item item = {0};
    start_one(NULL);
    struct peer_id p[3];
    for (unsigned i = 0; i < 3; i++) { /* the last knows only 1.1 */
        p[i] = connect_stranger(i, i == 2 ? GOSSIP_V11 : GOSSIP_V12, 0);
        EXPECT_OK(say(&p[i], SUBSCRIBE_T));
        EXPECT_OK(say(&p[i], GRAFT_T));
    }
    for (size_t len = 1023; len <= 1024; len++) {
        static uint8_t data[1024];
        uint8_t message[1100];
        uint8_t rpc[1200];
        struct wr m = wr_init(MSPAN_OF(message));
        gossip_message_encode(
            &m, &(struct gossip_message){.data = span_of(data, len), .topic = SPAN_LIT("t")});
        struct wr w = wr_init(MSPAN_OF(rpc));
        gossip_write_publish(&w, span_of(message, m.n));
        EXPECT_OK(gossip_recv(&n.nodes[0].gossip, n.now, &p[0], span_of(rpc, w.n)));
        EXPECT_EQ(0, heard(&p[0], GOSSIP_IDONTWANT, &item));
        EXPECT_EQ(len == 1024, heard(&p[1], GOSSIP_IDONTWANT, &item));
        EXPECT_EQ(0, heard(&p[2], GOSSIP_IDONTWANT, &item));
    }
    memset(&item, 0, sizeof item);
    stop_one(&p[0]);
}

TEST(nonsense_sinks_a_peer_until_it_is_not_heard)
{
    start_one(NULL);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_ERR(ERR_MALFORMED, say(&p, "0a"));
    EXPECT_ERR(ERR_MALFORMED, say(&p, "0a"));
    EXPECT(score_of(&p) < 0);
    EXPECT_ERR(ERR_MALFORMED, say(&p, "0a"));
    EXPECT_ERR(ERR_DENIED, say(&p, SUBSCRIBE_T));
    /* Hanging up does not help. */
    gossip_peer_disconnected(&n.nodes[0].gossip, n.now, &p);
    (void)connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_ERR(ERR_DENIED, say(&p, SUBSCRIBE_T));
    /* Time does. */
    gnet_pass(&n, 300 * US_PER_S);
    EXPECT_OK(say(&p, SUBSCRIBE_T));
    stop_one(&p);
}

TEST(many_peers_at_one_address_count_against_each_other)
{
    start_one(NULL);
    struct peer_id p = {0};
    for (unsigned i = 0; i < 13; i++) {
        p = connect_stranger(i, GOSSIP_V12, 77);
        gossip_tick(&n.nodes[0].gossip, gossip_deadline(&n.nodes[0].gossip));
        EXPECT_EQ(i >= 10, score_of(&p) < 0);
    }
    EXPECT_EQ(-5 * 9 * GOSSIP_ONE, score_of(&p));
    stop_one(&p);
}

TEST(peer_exchange_is_believed_only_from_the_good)
{
    struct gossip_item item = {0};
    for (unsigned good = 0; good < 2; good++) {
        start_one(NULL);
        struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
        EXPECT_OK(say(&p, SUBSCRIBE_T));
        EXPECT_OK(say(&p, GRAFT_T));
        gossip_set_app_score(&n.nodes[0].gossip, &p, good ? 20 * GOSSIP_ONE : 5 * GOSSIP_ONE);
        uint8_t control[512];
        uint8_t rpc[600];
        struct gossip_px px[3] = {
            {.peer = stranger(5)},
            {.peer = stranger(6), .record = SPAN_LIT("forged")},
            {.peer = n.nodes[0].id}
        };
        struct wr c = wr_init(MSPAN_OF(control));
        gossip_write_prune(
            &c, &(struct gossip_prune_out){.topic = SPAN_LIT("t"), .peers = px, .peers_count = 3});
        struct wr w = wr_init(MSPAN_OF(rpc));
        gossip_write_control(&w, span_of(control, c.n));
        EXPECT_OK(gossip_recv(&n.nodes[0].gossip, n.now, &p, span_of(rpc, w.n)));
        gnet_run(&n);
        EXPECT_EQ(good, n.nodes[0].connects);
        memset(&item, 0, sizeof item);
        stop_one(&p);
    }
}

TEST(a_slow_reader_loses_messages_and_nobody_else_does)
{
    struct gossip_item item = {0};
    struct gossip_cfg cfg = {.queue_max = 8};
    start_one(&cfg);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    EXPECT_OK(say(&p, SUBSCRIBE_T));
    for (unsigned i = 0; i < 20; i++) {
        uint8_t data[1] = {(uint8_t)i};
        EXPECT_OK(gossip_publish(&n.nodes[0].gossip, n.now, SPAN_LIT("t"), SPAN_OF(data)));
    }
    struct gossip_peer_info info;
    EXPECT(gossip_peer_find(&n.nodes[0].gossip, &info, &p));
    EXPECT_EQ(12, info.dropped_count);
    EXPECT_EQ(8, heard(&p, GOSSIP_PUBLISH, &item));
    memset(&item, 0, sizeof item);
    stop_one(&p);
}

TEST(topics_and_peers_are_bounded)
{
    struct gossip_cfg cfg = {.topics_of_peer_max = 3, .topics_max = 5, .peers_max = 4};
    start_one(&cfg);
    struct peer_id p = connect_stranger(1, GOSSIP_V12, 0);
    for (uint8_t i = 0; i < 10; i++) {
        char hex[32] = "0a05 0801 1201 4";
        hex[16] = (char)('0' + i);
        EXPECT_OK(say(&p, hex));
    }
    struct gossip_peer_info info;
    EXPECT(gossip_peer_find(&n.nodes[0].gossip, &info, &p));
    EXPECT_EQ(3, info.topics_count);
    EXPECT_EQ(4, n.nodes[0].gossip.topics.count);
    for (unsigned i = 2; i < 5; i++) {
        (void)connect_stranger(i, GOSSIP_V12, 0);
    }
    struct peer_id q = stranger(9);
    EXPECT_ERR(ERR_LIMIT,
               gossip_peer_connected(&n.nodes[0].gossip, n.now, &q, (struct gossip_peer_args){0}));
    gossip_peer_disconnected(&n.nodes[0].gossip, n.now, &p);
    EXPECT_OK(gossip_peer_connected(&n.nodes[0].gossip, n.now, &q, (struct gossip_peer_args){0}));
    stop_one(&q);
}

TEST(no_memory_is_an_ordinary_thing)
{
    for (size_t memory = 24 * 1024; memory < 200 * 1024; memory += 24 * 1024) {
        test_note("%zu bytes", memory);
        struct gossip_cfg cfg = {.memory_max = memory};
        gnet_init(&n, 8, &cfg);
        struct gossip_topic_cfg topic = {.signing = GOSSIP_STRICT_SIGN};
        for (size_t i = 0; i < 8; i++) {
            for (size_t k = 0; k < i; k++) {
                gnet_connect(&n, i, k, GOSSIP_V12);
            }
            (void)!gossip_subscribe(&n.nodes[i].gossip, n.now, SPAN_LIT("t"), &topic);
        }
        for (unsigned m = 0; m < 50; m++) {
            uint8_t data[700] = {(uint8_t)m};
            (void)!gossip_publish(&n.nodes[m % 8].gossip, n.now, SPAN_LIT("t"), SPAN_OF(data));
            gnet_pass(&n, 100 * US_PER_MS);
        }
        gnet_pass(&n, 5 * US_PER_S);
        for (size_t i = 0; i < 8; i++) {
            EXPECT(n.nodes[i].gossip.budget.used_max <= memory);
        }
        gnet_done(&n);
    }
}

static size_t
first_byte(void *user, uint8_t ret_id[static GOSSIP_ID_LEN_MAX], const struct gossip_message *m)
{
    (void)user;
    if (m->data.n == 0) {
        return 0;
    }
    ret_id[0] = m->data.p[0];
    return 1;
}

TEST(each_topic_has_its_own_ids)
{
    gnet_init(&n, 2, NULL);
    gnet_connect(&n, 0, 1, GOSSIP_V12);
    struct gossip_topic_cfg cfg = {.signing = GOSSIP_STRICT_NO_SIGN, .id = first_byte};
    for (size_t i = 0; i < 2; i++) {
        EXPECT_OK(gossip_subscribe(&n.nodes[i].gossip, n.now, SPAN_LIT("own"), &cfg));
    }
    gnet_subscribe_all(&n, "other", GOSSIP_STRICT_NO_SIGN);
    gnet_run(&n);
    struct gossip *g = &n.nodes[0].gossip;
    EXPECT_OK(gossip_publish(g, n.now, SPAN_LIT("own"), SPAN_LIT("abc")));
    EXPECT_ERR(ERR_STATE, gossip_publish(g, n.now, SPAN_LIT("own"), SPAN_LIT("axx")));
    EXPECT_ERR(ERR_MALFORMED, gossip_publish(g, n.now, SPAN_LIT("own"), SPAN_EMPTY));
    EXPECT_OK(gossip_publish(g, n.now, SPAN_LIT("other"), SPAN_LIT("abc")));
    EXPECT_OK(gossip_publish(g, n.now, SPAN_LIT("other"), SPAN_LIT("axx")));
    gnet_run(&n);
    EXPECT_EQ(3, n.nodes[1].received);
    gnet_done(&n);
}

TEST_MAIN
