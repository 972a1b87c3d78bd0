/* Whose turn it is, of the rendezvous points that a host is connected to. */
#include "node/net/rendezvous_points.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { CLIENT, POINT, OTHER, PLAIN, NODES };

static struct host_net net;
static struct rendezvous_points all[NODES];
static unsigned registered;
static unsigned found;

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    struct host_rendezvous_event r;
    (void)user;
    (void)e;
    while (i != PLAIN && host_rendezvous_poll(&all[i].host, &r)) {
        registered += r.kind == HOST_RENDEZVOUS_REGISTERED && r.err == OK;
        found += r.kind == HOST_RENDEZVOUS_FOUND;
    }
}

static void begin(void)
{
    memset(all, 0, sizeof all);
    registered = found = 0;
    host_net_init(&net, NODES);
    net.on_event = on_event;
    for (unsigned i = 0; i < PLAIN; i++) {
        struct rendezvous_points_cfg cfg = {.serves = i != CLIENT, .every_us = 60 * US_PER_S};
        EXPECT_OK(rendezvous_points_init(&all[i], &net.nodes[i].host, &cfg));
    }
}

static void end(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        rendezvous_points_done(&all[i]); /* also one that never was */
    }
    host_net_done(&net);
}

static const struct peer_id *self(unsigned i)
{
    return host_self(&net.nodes[i].host);
}

static const struct peer_id *next(void)
{
    return rendezvous_points_next(&all[CLIENT], net.now);
}

TEST(each_point_has_its_turn)
{
    begin();
    EXPECT(next() == NULL);
    EXPECT(instant_is_never(rendezvous_points_deadline(&all[CLIENT])));
    host_net_connect(&net, CLIENT, PLAIN); /* is none */
    EXPECT(next() == NULL);
    host_net_connect(&net, CLIENT, POINT);
    const struct peer_id *one = next();
    TEST_REQUIRE(one);
    EXPECT(peer_id_equal(one, self(POINT)));
    EXPECT(next() == NULL);
    EXPECT_EQ(net.now.us + 60 * US_PER_S, rendezvous_points_deadline(&all[CLIENT]).us);
    host_net_pass(&net, 30 * US_PER_S);
    host_net_connect(&net, CLIENT, OTHER);
    one = next();
    TEST_REQUIRE(one);
    EXPECT(peer_id_equal(one, self(OTHER))); /* at once */
    EXPECT(next() == NULL);
    host_net_pass(&net, 31 * US_PER_S);
    one = next();
    TEST_REQUIRE(one);
    EXPECT(peer_id_equal(one, self(POINT)));
    EXPECT(next() == NULL);
    rendezvous_points_anew(&all[CLIENT]);
    EXPECT(next() != NULL && next() != NULL && next() == NULL);
    /* One that left and came back is as new. */
    host_disconnect(&net.nodes[CLIENT].host, self(POINT));
    host_net_run(&net);
    EXPECT(next() == NULL);
    host_net_connect(&net, CLIENT, POINT);
    EXPECT(next() != NULL);
    end();
}

TEST(who_registers_is_found)
{
    begin();
    host_net_connect(&net, OTHER, POINT);
    const struct peer_id *point = rendezvous_points_next(&all[OTHER], net.now);
    TEST_REQUIRE(point);
    for (size_t i = 0; i < RENDEZVOUS_POINTS_OF_PEER_MAX + 1; i++) {
        struct span name = span_first(SPAN_LIT("name"), i + 1); /* "n", "na", ... */
        name = i < 4 ? name : SPAN_LIT("another");
        EXPECT_OK(host_rendezvous_register(&all[OTHER].host, point, name, 0));
        host_net_run(&net);
    }
    EXPECT_EQ(RENDEZVOUS_POINTS_OF_PEER_MAX, registered);
    host_net_connect(&net, CLIENT, POINT);
    point = next();
    TEST_REQUIRE(point);
    EXPECT_OK(host_rendezvous_discover(&all[CLIENT].host, point, SPAN_LIT("na"), SPAN_EMPTY));
    host_net_run(&net);
    EXPECT_EQ(1, found);
    end();
}

TEST_MAIN
