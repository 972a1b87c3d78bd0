/* Reachability on hosts, in networks of two to five: identify, votes, AutoNAT and the verdict together. Node 0 serves with
 * 7 as its dialler; the others ask. */
#include "p2p/host_reach.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { SERVER = 0, ASKER = 1, DIALLER = 7, NODES = 8 };

static struct host_net net;
static struct host_reach all[5];
static struct host_dialback dialback;
static unsigned changes;

static enum err
start_dial(struct autonat_dialler *self, uint64_t id, const struct host_dialback_args *args)
{
    (void)self;
    return host_dialback_start(&dialback, id, args);
}

static struct autonat_dialler dialler = {.start = start_dial};

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct host_dialback_event d;
    if (e->kind != HOST_EVENT_EXTENSION) {
        return;
    }
    while (i == DIALLER && host_dialback_poll(&dialback, &d)) {
        host_autonat_dialled(&all[SERVER].autonat, d.id, d.how, d.index);
    }
    if (i == ASKER) {
        changes += host_reach_poll(&all[i]);
    }
}

static void start(unsigned peers, bool listens)
{
    changes = 0;
    host_net_init(&net, NODES);
    net.on_event = on_event;
    host_dialback_init(&dialback, &net.nodes[DIALLER].host);
    for (unsigned i = 0; i < peers; i++) {
        struct host_reach_cfg cfg = {
            .autonat = {.dialler = i == SERVER ? &dialler : NULL, .policy = {.private_too = true}}
        };
        struct net_addr any = {.port = 4001};
        EXPECT_OK(host_reach_init(&all[i], &net.nodes[i].host, &cfg));
        host_reach_set_listen(&all[i], &any, listens);
    }
}

static void run(unsigned peers)
{
    for (unsigned i = 0; i < peers; i++) {
        if (i != ASKER) {
            host_net_connect(&net, ASKER, i);
        }
    }
    host_net_pass(&net, 90 * US_PER_S);
}

static void stop(unsigned peers)
{
    for (unsigned i = 0; i < peers; i++) {
        host_reach_done(&all[i]);
    }
    host_dialback_done(&dialback);
    host_net_done(&net);
}

TEST(networks_of_two_to_five)
{
    for (unsigned peers = 2; peers <= 5; peers++) {
        for (unsigned dead = 0; dead < 2; dead++) {
            start(peers, true);
            net.nodes[ASKER].is_dead = dead;
            run(peers);
            test_note("%u peers, %s", peers, dead ? "behind a router" : "open");
            EXPECT_STR(dead ? "relayed" : "reachable", reach_name(all[ASKER].verdict.reach));
            EXPECT_EQ(1, all[ASKER].verdict.addrs_count);
            EXPECT_EQ(REACH_OBSERVED, all[ASKER].verdict.addrs[0].sources);
            EXPECT(changes >= 1);
            EXPECT(changes <= 3); /* no address, asking, verdict: it does not waver */
            stop(peers);
        }
    }
}

TEST(only_what_is_confirmed_is_announced)
{
    start(2, true);
    struct span also = host_net_addr(&net, 5);
    EXPECT_OK(host_reach_announce(&all[ASKER], NULL, 0));
    EXPECT_EQ(0, net.nodes[ASKER].host.addrs_count);
    run(2);
    EXPECT_OK(host_reach_announce(&all[ASKER], &also, 1));
    EXPECT_EQ(2, net.nodes[ASKER].host.addrs_count);
    also = host_net_addr(&net, ASKER);
    EXPECT_OK(host_reach_announce(&all[ASKER], &also, 1));
    EXPECT_EQ(1, net.nodes[ASKER].host.addrs_count); /* named once */
    stop(2);
}

TEST(who_takes_no_connections_asks_nobody)
{
    start(2, false);
    run(2);
    EXPECT_EQ(REACH_NOT_LISTENING, all[ASKER].verdict.reason);
    EXPECT_EQ(0, all[ASKER].autonat.stats.asked_count);
    stop(2);
}

TEST(a_port_that_the_router_opened)
{
    start(2, true);
    struct net_addr mapped = {
        .port = 4001, .ip = {10, 0, 0, ASKER + 1}
    };
    host_reach_set_mapped(&all[ASKER], &mapped, 1);
    run(2);
    EXPECT_EQ(REACH_DIALLED_MAPPED, all[ASKER].verdict.reason);
    host_reach_set_mapped(&all[ASKER], NULL, 0);
    host_net_pass(&net, US_PER_S);
    EXPECT_EQ(REACH_DIALLED, all[ASKER].verdict.reason);
    stop(2);
}

TEST_MAIN
