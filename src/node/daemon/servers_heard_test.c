/* What is heard of on the local network and in the DHT: how much of it is kept, for how long, and that it stands behind what was named. */
#include "node/daemon/servers_inside.h"

#include "base/test.h"

#include <string.h>

#define NAMED "/ip4/10.0.0.1/tcp/1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

/* Too large for the stack. */
static struct servers s;

static struct peer_id peer_of(uint8_t number)
{
    uint8_t bytes[34] = {0x12, 0x20, number};
    struct peer_id peer;
    EXPECT_OK(peer_id_decode(&peer, SPAN_OF(bytes)));
    return peer;
}

static enum err
hear_of(uint64_t at_s, const struct peer_id *peer, struct span addr, enum found found)
{
    struct servers_heard heard = {.peer = *peer, .addr = addr, .found = found};
    return servers_hear(&s, (instant){at_s * US_PER_S}, &heard);
}

static enum err hear(uint64_t at_s, uint8_t number, uint8_t last)
{
    struct peer_id peer = peer_of(number);
    uint8_t addr[] = {4, 192, 168, 7, last, 6, 0, 1};
    return hear_of(at_s, &peer, SPAN_OF(addr), FOUND_MDNS);
}

static void begin(void)
{
    memset(&s, 0, sizeof s);
}

TEST(as_many_as_the_maximum_are_kept)
{
    begin();
    for (uint8_t i = 0; i < SERVERS_HEARD_COUNT_MAX; i++) {
        EXPECT_OK(hear(1, i, i));
        EXPECT_OK(hear(2, i, i)); /* again: nothing new */
        EXPECT_EQ(i + 1, s.target_count);
    }
    EXPECT_ERR(ERR_LIMIT, hear(2, 200, 200));
    EXPECT_ERR(ERR_LIMIT, hear(2, 0, 200)); /* a second address takes a place too */
    EXPECT_EQ(SERVERS_HEARD_COUNT_MAX, s.target_count);
}

TEST(each_way_of_hearing_has_its_places)
{
    uint8_t addr[] = {4, 8, 8, 8, 8, 6, 0, 1};
    begin();
    for (uint8_t i = 0; i < SERVERS_HEARD_COUNT_MAX; i++) {
        EXPECT_OK(hear(1, i, i));
    }
    for (uint8_t i = 0; i <= SERVERS_HEARD_COUNT_MAX; i++) {
        struct peer_id peer = peer_of((uint8_t)(100 + i));
        EXPECT_ERR(i < SERVERS_HEARD_COUNT_MAX ? OK : ERR_LIMIT,
                   hear_of(1, &peer, SPAN_OF(addr), FOUND_DHT));
    }
    struct peer_id first = peer_of(100);
    EXPECT_EQ(FOUND_DHT, servers_found(&s, &first));
}

/* However many servers are told of, those that are in use and those that were named keep their places. */
TEST(a_flood_displaces_nobody_who_is_good)
{
    begin();
    EXPECT_OK(servers_add(&s, span_str(NAMED), FOUND_MANUAL));
    struct peer_id named = s.targets[0].peer;
    struct peer_id good = peer_of(1);
    uint8_t addr[] = {4, 8, 8, 8, 8, 6, 0, 1};
    EXPECT_OK(hear_of(1, &good, SPAN_OF(addr), FOUND_GOSSIP)); /* and answers */
    unsigned taken = 0;
    for (unsigned i = 0; i < 1000; i++) {
        struct peer_id peer = peer_of((uint8_t)(2 + i % 250));
        addr[2] = (uint8_t)(i / 250);
        taken += hear_of(1 + i * 60, &peer, SPAN_OF(addr), FOUND_GOSSIP) == OK;
        for (size_t k = 2; k < s.target_count; k++) {
            s.targets[k].failures = 3; /* nobody is there */
        }
    }
    EXPECT(taken > 100);
    EXPECT_EQ(1 + SERVERS_HEARD_COUNT_MAX, s.target_count);
    EXPECT_EQ(FOUND_GOSSIP, servers_found(&s, &good));
    EXPECT_EQ(FOUND_MANUAL, servers_found(&s, &named));
}

TEST(the_list_of_addresses_has_its_own_end)
{
    begin();
    for (s.target_count = 0; s.target_count < SERVERS_TARGET_COUNT_MAX - 1; s.target_count++) {
        s.targets[s.target_count].found = FOUND_BOOTSTRAP;
    }
    EXPECT_OK(hear(1, 1, 1));
    EXPECT_ERR(ERR_LIMIT, hear(1, 2, 2));
}

TEST(who_came_to_nothing_makes_room_after_a_minute)
{
    static const struct {
        const char *name;
        bool is_useless;
        bool is_dialling;
        unsigned failures;
        uint64_t at_s;
        enum err err;
    } table[] = {
        {"it serves no wallets",          true,  false, 0, 61, OK       },
        {"so soon",                       true,  false, 0, 60, ERR_LIMIT},
        {"nobody answers",                false, false, 3, 61, OK       },
        {"it failed but twice",           false, false, 2, 61, ERR_LIMIT},
        {"it is being dialled once more", false, true,  3, 61, ERR_LIMIT},
        {"it is in use",                  false, false, 0, 99, ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        test_note("%s", table[i].name);
        begin();
        for (uint8_t k = 0; k < SERVERS_HEARD_COUNT_MAX; k++) {
            EXPECT_OK(hear(1, k, k));
        }
        s.targets[3].is_useless = table[i].is_useless;
        s.targets[3].is_dialling = table[i].is_dialling;
        s.targets[3].failures = table[i].failures;
        EXPECT_ERR(table[i].err, hear(table[i].at_s, 200, 200));
        struct peer_id fresh = peer_of(200);
        EXPECT_EQ(table[i].err == OK, peer_id_equal(&fresh, &s.targets[3].peer));
        EXPECT_EQ(SERVERS_HEARD_COUNT_MAX, s.target_count);
    }
}

TEST(who_was_named_stays_named)
{
    uint8_t elsewhere[] = {4, 192, 168, 7, 1, 6, 0, 1};
    begin();
    EXPECT_OK(servers_add(&s, span_str(NAMED), FOUND_MANUAL));
    struct peer_id named = s.targets[0].peer;
    EXPECT_OK(hear_of(1, &named, SPAN_OF(elsewhere), FOUND_DHT));
    EXPECT_EQ(1, s.target_count);
    EXPECT_EQ(FOUND_MANUAL, servers_found(&s, &named));
    EXPECT(servers_is_named(&s, &named));
    EXPECT_OK(hear(1, 7, 7));
    struct peer_id heard = peer_of(7);
    struct peer_id other = peer_of(8);
    EXPECT_EQ(FOUND_MDNS, servers_found(&s, &heard));
    EXPECT(!servers_is_named(&s, &heard));
    EXPECT_EQ(FOUND_INBOUND, servers_found(&s, &other));
}

static struct server *pick(uint64_t at)
{
    struct trust_tried nobody = {0};
    return trust_pick(&s, (instant){at}, (struct id){""}, nobody);
}

TEST(a_question_goes_to_strangers_last)
{
    begin();
    EXPECT_OK(servers_add(&s, span_str(NAMED), FOUND_BOOTSTRAP));
    EXPECT_OK(hear(1, 7, 7));
    s.servers[0] = (struct server){.peer = peer_of(7), .is_usable = true};
    s.servers[1] = (struct server){.peer = s.targets[0].peer, .is_usable = true};
    s.server_count = 2;
    for (int i = 0; i < 3; i++) {
        EXPECT(pick(5) == &s.servers[1]);
    }
    s.servers[1].busy_until = (instant){6};
    EXPECT(pick(5) == &s.servers[0]);
    EXPECT(pick(6) == &s.servers[1]);
    s.servers[1].is_usable = false;
    s.servers[0].is_usable = false;
    EXPECT(pick(5) == NULL);
}

TEST(an_address_that_is_too_long_is_refused)
{
    struct peer_id peer = peer_of(1);
    uint8_t addr[sizeof s.targets[0].addr + 1] = {4, 127, 0, 0, 1, 6, 0, 1};
    begin();
    EXPECT_ERR(ERR_LIMIT, hear_of(1, &peer, SPAN_OF(addr), FOUND_MDNS));
    EXPECT_OK(hear_of(1, &peer, span_of(addr, sizeof addr - 1), FOUND_MDNS));
}

TEST_MAIN
