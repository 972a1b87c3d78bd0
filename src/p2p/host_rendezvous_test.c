/* Rendezvous on hosts: strangers who only know the point find each other. */
#include "p2p/host_rendezvous.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

static struct host_net net;
static struct host_rendezvous all[3];

static struct {
    unsigned registered;
    unsigned found;
    unsigned over;
    enum err err;
    uint64_t status;
    struct peer_id peer;
} seen[3];

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct host_rendezvous_event r;
    if (e->kind != HOST_EVENT_EXTENSION) {
        return;
    }
    while (host_rendezvous_poll(&all[i], &r)) {
        seen[i].registered += r.kind == HOST_RENDEZVOUS_REGISTERED && r.err == OK;
        seen[i].found += r.kind == HOST_RENDEZVOUS_FOUND;
        seen[i].over += r.kind == HOST_RENDEZVOUS_OVER;
        if (r.kind == HOST_RENDEZVOUS_FOUND) {
            seen[i].peer = r.peer;
        } else {
            seen[i].err = r.err;
            seen[i].status = r.status;
        }
    }
}

/* start: node 0 is the point, the others know only it. */
static void start(void)
{
    memset(seen, 0, sizeof seen);
    host_net_init(&net, 3);
    net.on_event = on_event;
    for (unsigned i = 0; i < 3; i++) {
        struct host_rendezvous_cfg cfg = {.serves = i == 0};
        EXPECT_OK(host_rendezvous_init(&all[i], &net.nodes[i].host, &cfg));
    }
    host_net_connect(&net, 1, 0);
    host_net_connect(&net, 2, 0);
}

static void stop(void)
{
    for (unsigned i = 0; i < 3; i++) {
        host_rendezvous_done(&all[i]);
    }
    host_net_done(&net);
}

TEST(strangers_meet_at_a_point)
{
    start();
    const struct peer_id *point = host_self(&net.nodes[0].host);
    EXPECT_OK(host_rendezvous_register(&all[1], point, SPAN_LIT("a"), 0));
    host_net_run(&net);
    EXPECT_EQ(1, seen[1].registered);
    EXPECT_OK(host_rendezvous_discover(&all[2], point, SPAN_LIT("a"), SPAN_EMPTY));
    host_net_run(&net);
    EXPECT_EQ(1, seen[2].found);
    EXPECT_EQ(1, seen[2].over);
    EXPECT(peer_id_equal(host_self(&net.nodes[1].host), &seen[2].peer));
    EXPECT_OK(host_rendezvous_unregister(&all[1], point, SPAN_LIT("a")));
    host_net_run(&net);
    EXPECT_OK(host_rendezvous_discover(&all[2], point, SPAN_LIT("a"), SPAN_EMPTY));
    host_net_run(&net);
    EXPECT_EQ(1, seen[2].found);
    EXPECT_EQ(2, seen[2].over);
    EXPECT_EQ(0, all[0].streams.count);
    stop();
}

TEST(what_fails_is_told)
{
    start();
    const struct peer_id *point = host_self(&net.nodes[0].host);
    EXPECT_OK(host_rendezvous_register(&all[1], point, SPAN_LIT("a"), 10000000));
    host_net_run(&net);
    EXPECT_ERR(ERR_DENIED, seen[1].err);
    EXPECT_EQ(RENDEZVOUS_INVALID_TTL, seen[1].status);
    EXPECT_OK(host_rendezvous_discover(&all[1], point, SPAN_LIT("a"), SPAN_LIT("made up")));
    host_net_run(&net);
    EXPECT_EQ(RENDEZVOUS_INVALID_COOKIE, seen[1].status);
    /* The second is no point. */
    host_net_connect(&net, 1, 2);
    EXPECT_OK(host_rendezvous_discover(&all[1], host_self(&net.nodes[2].host), SPAN_LIT("a"),
                                       SPAN_EMPTY));
    host_net_run(&net);
    EXPECT_EQ(2, seen[1].over);
    EXPECT_ERR(ERR_CLOSED, seen[1].err);
    struct peer_id nobody = *point;
    nobody.bytes[20] ^= 1;
    EXPECT_ERR(ERR_NOT_FOUND, host_rendezvous_register(&all[1], &nobody, SPAN_LIT("a"), 0));
    stop();
}

TEST(a_silent_stream_is_not_waited_for)
{
    start();
    host_stream s = {0};
    struct host_open_args args = {
        .peer = host_self(&net.nodes[0].host), .protocol = RENDEZVOUS_PROTOCOL, .known = true};
    EXPECT_OK(host_open_stream(&net.nodes[1].host, &s, NULL, args));
    EXPECT_EQ(1, host_stream_write(&net.nodes[1].host, s, SPAN_LIT("\5")));
    host_net_run(&net);
    EXPECT_EQ(1, all[0].streams.count);
    host_net_pass(&net, 21 * US_PER_S);
    EXPECT_EQ(0, all[0].streams.count);
    stop();
}

TEST_MAIN
