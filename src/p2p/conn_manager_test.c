/* Which peers to keep. */
#include "p2p/conn_manager.h"

#include "base/test.h"

#include <string.h>

static struct conn_manager m;
static instant now;

static struct peer_id peer_of(unsigned i)
{
    return (struct peer_id){
        .n = 3, .bytes = {1, (uint8_t)(i >> 8), (uint8_t)i}
    };
}

static void start(uint32_t low, uint32_t high)
{
    struct conn_manager_cfg cfg = {
        .low = low,
        .high = high,
        .grace_us = 20 * US_PER_S,
        .peers_max = 2000,
        .budget = test_budget(),
        .seed = {1, 2}
    };
    now = (instant){.us = 1000 * US_PER_S};
    conn_manager_init(&m, &cfg);
}

static void come(unsigned i, bool inbound)
{
    struct peer_id peer = peer_of(i);
    conn_manager_connected(&m, now, &peer, inbound);
}

static void tag(unsigned i, enum conn_tag t, uint32_t value)
{
    struct peer_id peer = peer_of(i);
    conn_manager_tag(&m, &peer, t, value);
}

static void protect(unsigned i, enum conn_tag t, bool is_protected)
{
    struct peer_id peer = peer_of(i);
    conn_manager_protect(&m, &peer, t, is_protected);
}

static void pass(uint64_t s)
{
    now = instant_add(now, s * US_PER_S);
}

/* round does what the host does when it is time; how many left, *ret_last the last of them. */
static unsigned round_of(bool *has_left, size_t count)
{
    struct peer_id peer;
    unsigned n = 0;
    if (!instant_reached(conn_manager_deadline(&m), now)) {
        return 0;
    }
    conn_manager_trim(&m, now);
    while (conn_manager_poll(&m, &peer)) {
        unsigned i = (unsigned)peer.bytes[1] << 8 | peer.bytes[2];
        if (i < count) {
            has_left[i] = true;
        }
        conn_manager_disconnected(&m, &peer);
        n++;
    }
    return n;
}

TEST(above_the_high_mark_down_to_the_low_one)
{
    bool left[20] = {0};
    start(5, 10);
    for (unsigned i = 0; i < 10; i++) {
        come(i, true);
    }
    pass(30);
    EXPECT(instant_is_never(conn_manager_deadline(&m)));
    come(10, true);
    EXPECT_EQ(0, round_of(left, 20)); /* the newcomer does not count yet */
    pass(20);
    EXPECT_EQ(6, round_of(left, 20));
    EXPECT(left[10]);
    EXPECT_EQ(5, m.connected_count);
    EXPECT(instant_is_never(conn_manager_deadline(&m)));
    conn_manager_done(&m);
}

TEST(the_least_valued_go_first)
{
    bool left[20] = {0};
    start(4, 7);
    for (unsigned i = 0; i < 8; i++) {
        come(i, i != 2); /* 2 was dialled by us */
        pass(1);
    }
    pass(60);
    tag(0, CONN_TAG_DHT, 1);
    tag(1, CONN_TAG_DHT, 5);
    tag(1, CONN_TAG_GOSSIP, 5);
    struct peer_id busy = peer_of(3);
    conn_manager_busy(&m, &busy, 1);
    EXPECT_EQ(4, round_of(left, 20));
    /* Of 4 to 7, which are nothing to us and came by themselves, all go: 7 came last and is first. 3 has a stream, 2 is ours. */
    for (unsigned i = 0; i < 8; i++) {
        EXPECT_EQ(i >= 4, left[i]);
    }
    conn_manager_done(&m);
}

TEST(protected_ones_stay_whatever_comes)
{
    bool left[20] = {0};
    struct conn_tags tags;
    struct peer_id first = peer_of(0);
    start(1, 2);
    protect(0, CONN_TAG_SERVER, true); /* before it is connected */
    protect(0, CONN_TAG_RELAY, true);
    for (unsigned i = 0; i < 6; i++) {
        come(i, true);
    }
    protect(0, CONN_TAG_RELAY, false); /* one tag still protects */
    pass(60);
    EXPECT_EQ(5, round_of(left, 20));
    EXPECT(!left[0]);
    EXPECT(conn_manager_tags(&m, &tags, &first));
    EXPECT_EQ(1u << CONN_TAG_SERVER, tags.protectors);
    conn_manager_disconnected(&m, &first);
    EXPECT(conn_manager_tags(&m, &tags, &first)); /* remembered */
    protect(0, CONN_TAG_SERVER, false);
    EXPECT(!conn_manager_tags(&m, &tags, &first));
    EXPECT_EQ(0, m.peers.count);
    conn_manager_done(&m);
}

TEST(rounds_have_a_pause_between_them)
{
    bool left[100] = {0};
    start(5, 10);
    for (unsigned i = 0; i < 20; i++) {
        come(i, true);
    }
    EXPECT_EQ(0, round_of(left, 100)); /* all too young */
    pass(9);
    EXPECT_EQ(0, round_of(left, 100));
    pass(1);
    EXPECT_EQ(0, round_of(left, 100));
    pass(10);
    EXPECT_EQ(15, round_of(left, 100));
    for (unsigned i = 20; i < 40; i++) {
        come(i, true);
    }
    EXPECT(!instant_reached(conn_manager_deadline(&m), now));
    pass(10);
    EXPECT(instant_reached(conn_manager_deadline(&m), now));
    conn_manager_done(&m);
}

TEST(a_flood_drives_out_itself)
{
    static bool left[1500];
    memset(left, 0, sizeof left);
    start(40, 60);
    for (unsigned i = 0; i < 30; i++) { /* who was there before, and nothing special */
        come(i, true);
    }
    pass(600);
    for (unsigned i = 30; i < 1500; i++) {
        come(i, true);
        now = instant_add(now, 100 * US_PER_MS);
        (void)round_of(left, 1500);
    }
    pass(30);
    (void)round_of(left, 1500);
    for (unsigned i = 0; i < 30; i++) {
        EXPECT(!left[i]);
    }
    EXPECT_EQ(40, m.connected_count);
    EXPECT_EQ(40, m.peers.count);
    conn_manager_done(&m);
}

TEST(no_marks_no_rounds_and_marks_may_change)
{
    bool left[20] = {0};
    start(0, 0);
    for (unsigned i = 0; i < 20; i++) {
        come(i, true);
        come(i, true); /* twice is once */
    }
    pass(60);
    EXPECT_EQ(20, m.connected_count);
    EXPECT_EQ(0, round_of(left, 20));
    struct conn_manager_cfg cfg = {.low = 3, .high = 4, .grace_us = 20 * US_PER_S};
    conn_manager_set_marks(&m, now, &cfg);
    EXPECT_EQ(17, round_of(left, 20));
    conn_manager_done(&m);
}

TEST_MAIN
