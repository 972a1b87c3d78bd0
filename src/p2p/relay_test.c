/* The accounts of a relay: each limit and its neighbours, renewal, the end of a reservation, little memory. */
#include "p2p/relay.h"

#include "base/test.h"
#include "codec/multiaddr.h"

static struct rng_seeded rng;
static instant now;

static struct peer_id peer_of(uint32_t i)
{
    uint8_t id[34] = {0x12, 0x20, (uint8_t)(i >> 8), (uint8_t)i};
    struct peer_id peer;
    EXPECT_OK(peer_id_decode(&peer, SPAN_OF(id)));
    return peer;
}

static void start(struct relay *r, struct relay_cfg cfg)
{
    now = (instant){.us = US_PER_S};
    rng_seeded_init(&rng, test_seed());
    cfg.rng = &rng.rng;
    cfg.parent = test_budget();
    EXPECT_OK(relay_init(r, &cfg));
}

static enum circuit_status reserve(struct relay *r, uint32_t i, const char *from)
{
    uint8_t addr[64];
    struct wr w = wr_init(MSPAN_OF(addr));
    EXPECT_OK(multiaddr_parse(&w, span_str(from), NULL));
    struct peer_id peer = peer_of(i);
    return relay_reserve(
        r, (struct relay_ask){.peer = &peer, .remote = span_of(addr, w.n), .now = now});
}

static enum circuit_status open_between(struct relay *r, uint32_t a, uint32_t b)
{
    struct peer_id source = peer_of(a);
    struct peer_id target = peer_of(b);
    return relay_open(r, &source, &target);
}

static void close_between(struct relay *r, uint32_t a, uint32_t b)
{
    struct peer_id source = peer_of(a);
    struct peer_id target = peer_of(b);
    relay_close(r, &source, &target);
}

TEST(reservations_have_limits)
{
    struct relay r;
    start(&r, (struct relay_cfg){.reservations_max = 4, .reservations_per_group_max = 2});
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 2, "/ip4/1.2.3.200/udp/1/quic-v1"));
    EXPECT_EQ(CIRCUIT_RESERVATION_REFUSED, reserve(&r, 3, "/ip4/1.2.3.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1")); /* a renewal */
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 3, "/ip4/1.2.4.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 4, "/ip6/2001:db8:1:2::1/tcp/1"));
    EXPECT_EQ(CIRCUIT_RESERVATION_REFUSED, reserve(&r, 5, "/ip4/9.9.9.9/tcp/1"));
    struct peer_id gone = peer_of(2);
    relay_drop(&r, &gone);
    EXPECT(!relay_has(&r, &gone));
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 5, "/ip6/2001:db8:1:ffff::1/tcp/1"));
    EXPECT_EQ(4, r.reservations.count);
    relay_done(&r);
}

TEST(a_reservation_ends_with_its_time)
{
    struct relay r;
    start(&r, (struct relay_cfg){.ttl_s = 100});
    struct peer_id peer = peer_of(1);
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    now = instant_add(now, 60 * US_PER_S);
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    now = instant_add(now, 99 * US_PER_S);
    relay_tick(&r, now);
    EXPECT(relay_has(&r, &peer));
    EXPECT_EQ(now.us + US_PER_S, relay_deadline(&r).us);
    now = instant_add(now, US_PER_S);
    relay_tick(&r, now);
    EXPECT(!relay_has(&r, &peer));
    EXPECT_EQ(CIRCUIT_NO_RESERVATION, open_between(&r, 2, 1));
    EXPECT_EQ(0, r.peers.count);
    relay_done(&r);
}

TEST(circuits_have_limits)
{
    struct relay r;
    start(&r, (struct relay_cfg){.circuits_max = 3, .circuits_per_peer_max = 2});
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 2, "/ip4/1.2.3.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 3, "/ip4/1.2.3.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_PERMISSION_DENIED, open_between(&r, 1, 1));
    EXPECT_EQ(CIRCUIT_NO_RESERVATION, open_between(&r, 1, 9));
    EXPECT_EQ(CIRCUIT_OK, open_between(&r, 9, 1));
    EXPECT_EQ(CIRCUIT_OK, open_between(&r, 8, 1));
    EXPECT_EQ(CIRCUIT_RESOURCE_LIMIT, open_between(&r, 7, 1)); /* the target's */
    EXPECT_EQ(CIRCUIT_RESOURCE_LIMIT, open_between(&r, 1, 2)); /* as a source they count too */
    EXPECT_EQ(CIRCUIT_OK, open_between(&r, 9, 2));
    EXPECT_EQ(CIRCUIT_RESOURCE_LIMIT, open_between(&r, 7, 3)); /* of all */
    close_between(&r, 8, 1);
    EXPECT_EQ(CIRCUIT_OK, open_between(&r, 7, 3));
    /* A circuit outlives the reservation that it came by. */
    struct peer_id gone = peer_of(3);
    relay_drop(&r, &gone);
    close_between(&r, 7, 3);
    close_between(&r, 9, 1);
    close_between(&r, 9, 2);
    EXPECT_EQ(0, r.circuits_count);
    EXPECT_EQ(2, r.peers.count);
    relay_done(&r);
}

TEST(grants_by_the_minute)
{
    struct relay r;
    start(&r, (struct relay_cfg){.grants_per_minute_max = 2});
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    EXPECT_EQ(CIRCUIT_RESERVATION_REFUSED, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    now = instant_add(now, 60 * US_PER_S);
    EXPECT_EQ(CIRCUIT_OK, reserve(&r, 1, "/ip4/1.2.3.4/tcp/1"));
    relay_done(&r);
}

TEST(limits_of_circuits)
{
    struct relay r;
    start(&r, (struct relay_cfg){0});
    EXPECT_EQ(120, r.cfg.limit.duration_s);
    EXPECT_EQ(131072, r.cfg.limit.data_len);
    relay_done(&r);
    start(&r, (struct relay_cfg){.is_unlimited = true});
    EXPECT_EQ(0, r.cfg.limit.duration_s);
    EXPECT_EQ(0, r.cfg.limit.data_len);
    relay_done(&r);
    struct relay_cfg cfg = {.reservations_max = 1000000, .rng = &rng.rng, .parent = test_budget()};
    EXPECT_ERR(ERR_LIMIT, relay_init(&r, &cfg));
}

/* Whatever memory there is, what does not fit is refused, and nothing stays behind. */
TEST(any_budget)
{
    for (size_t memory = 0; memory < 12000; memory += 97) {
        struct budget budget;
        struct relay r;
        now = (instant){.us = US_PER_S};
        rng_seeded_init(&rng, 1);
        budget_init(&budget, test_budget(), "test", memory);
        struct relay_cfg cfg = {
            .rng = &rng.rng, .parent = &budget, .reservations_per_group_max = 99};
        EXPECT_OK(relay_init(&r, &cfg));
        bool all = true;
        for (uint32_t i = 1; i <= 20; i++) {
            bool has = reserve(&r, i, "/ip4/1.2.3.4/tcp/1") == CIRCUIT_OK;
            if (has && open_between(&r, 100 + i, i) == CIRCUIT_OK && i % 2) {
                close_between(&r, 100 + i, i);
            }
            all = all && has;
        }
        EXPECT(all == (r.reservations.count == 20));
        relay_done(&r);
        EXPECT_EQ(0, budget.used);
    }
}

TEST_MAIN
