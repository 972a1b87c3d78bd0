/* Visits to a public DHT of three hosts: what they need, what they find, and that nothing of them is left. */
#include "node/net/public_dht.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <stdio.h>
#include <string.h>

enum { FIRST, SECOND, THIRD, VISITOR, NODES };

static struct host_net net;
static struct host_kad strangers[VISITOR];
static struct public_dht visit;
static struct config_public_dht config;
static unsigned found_count;
static unsigned over_count;

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    struct kad_event k;
    (void)user;
    if (e->kind != HOST_EVENT_EXTENSION) {
        return;
    }
    struct host_kad *kad = i == VISITOR ? &visit.kad : &strangers[i];
    while (host_kad_poll(kad, &k)) {
        found_count += i == VISITOR && k.kind == KAD_EVENT_PROVIDER;
        over_count += k.kind == KAD_EVENT_OVER;
    }
}

static void start(void)
{
    char id[PEER_ID_TEXT_MAX];
    found_count = over_count = 0;
    memset(&config, 0, sizeof config);
    config.peers_count = 1;
    host_net_init(&net, NODES);
    net.on_event = on_event;
    for (unsigned i = 0; i < VISITOR; i++) {
        struct host_kad_cfg cfg = {
            .kad = {.mode = KAD_MODE_SERVER, .private_too = true},
              .protocol = KAD_PROTOCOL_IPFS
        };
        EXPECT_OK(host_kad_init(&strangers[i], &net.nodes[i].host, &cfg));
    }
    host_net_connect(&net, SECOND, FIRST);
    host_net_connect(&net, THIRD, FIRST);
    host_net_pass(&net, 20 * US_PER_S);
    peer_id_print(id, host_self(&net.nodes[FIRST].host));
    (void)snprintf(config.peers[0], sizeof config.peers[0], "/ip4/10.0.0.%d/tcp/4001/p2p/%s",
                   FIRST + 1, id);
}

static void stop(void)
{
    public_dht_leave(&visit);
    for (unsigned i = 0; i < VISITOR; i++) {
        host_kad_done(&strangers[i]);
    }
    host_net_done(&net);
}

static enum err enter(void)
{
    struct public_dht_cfg cfg = {
        .host = &net.nodes[VISITOR].host, .config = &config, .private_too = true};
    return public_dht_enter(&visit, &cfg, net.now);
}

static uint64_t served(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < VISITOR; i++) {
        sum += kad_stats(&strangers[i].kad).served_count;
    }
    return sum;
}

TEST(a_visit_finds_who_provides_and_leaves_nothing)
{
    uint64_t op;
    struct host *host = &net.nodes[VISITOR].host;
    start();
    EXPECT_OK(
        kad_provide(&strangers[THIRD].kad, &op, net.now, SPAN_LIT("key"), (struct kad_op_args){0}));
    host_net_run(&net);
    over_count = 0;
    EXPECT_OK(enter());
    EXPECT(!public_dht_is_ready(&visit, net.now));
    host_net_pass(&net, 6 * US_PER_S);
    EXPECT(public_dht_is_ready(&visit, net.now));
    EXPECT_OK(kad_find_providers(&visit.kad.kad, &op, net.now, SPAN_LIT("key"),
                                 (struct kad_op_args){.thorough = true}));
    host_net_run(&net);
    EXPECT_EQ(1, found_count);
    EXPECT_EQ(1, over_count);
    EXPECT(!host_peer_speaks(&net.nodes[FIRST].host, host_self(host), SPAN_LIT(KAD_PROTOCOL_IPFS)));
    EXPECT_EQ(3, host_peers_count(host));
    (void)public_dht_ebb(&visit, net.now);
    host_net_pass(&net, US_PER_S);
    EXPECT(public_dht_ebb(&visit, net.now));
    public_dht_leave(&visit);
    host_net_run(&net);
    EXPECT(!visit.is_on);
    EXPECT_EQ(0, host_peers_count(host));
    public_dht_leave(&visit); /* also when it is over */
    stop();
}

TEST(without_a_visit_nobody_is_asked)
{
    start();
    host_net_connect(&net, VISITOR, FIRST); /* a peer that speaks the protocol */
    uint64_t before = served();
    host_net_pass(&net, 60 * US_PER_S);
    EXPECT_EQ(before, served());
    EXPECT_OK(enter());
    host_net_pass(&net, 6 * US_PER_S);
    EXPECT(before < served());
    stop();
}

TEST(one_peer_is_enough_after_a_while)
{
    start();
    EXPECT_OK(enter());
    host_net_run(&net);
    host_net_pass(&net, US_PER_S);
    EXPECT_EQ(1, kad_stats(&visit.kad.kad).peers_count);
    EXPECT(!public_dht_is_ready(&visit, net.now));
    host_net_pass(&net, 4 * US_PER_S);
    EXPECT(public_dht_is_ready(&visit, net.now));
    EXPECT(!public_dht_is_late(&visit, net.now));
    EXPECT(public_dht_is_late(&visit, instant_add(net.now, 150 * US_PER_S)));
    stop();
    EXPECT(!public_dht_is_ready(&visit, net.now));
    EXPECT(!public_dht_is_late(&visit, net.now));
}

TEST(nobody_to_begin_with_is_no_visit)
{
    start();
    (void)snprintf(config.peers[0], sizeof config.peers[0], "/ip4/10.0.0.1/tcp/4001"); /* who? */
    EXPECT_ERR(ERR_MALFORMED, enter());
    EXPECT(!visit.is_on);
    (void)snprintf(config.peers[0], sizeof config.peers[0], "somebody");
    EXPECT_ERR(ERR_MALFORMED, enter());
    stop();
}

TEST(a_dead_end_does_not_last)
{
    start();
    net.nodes[FIRST].is_dead = true;
    EXPECT_OK(enter());
    host_net_pass(&net, 150 * US_PER_S);
    EXPECT(!public_dht_is_ready(&visit, net.now));
    EXPECT(public_dht_is_late(&visit, net.now));
    stop();
}

TEST(without_configuration_it_begins_where_ipfs_does)
{
    start();
    memset(&config, 0, sizeof config);
    EXPECT_OK(enter());
    EXPECT_EQ(6, visit.kad.kad.bootstrap_count);
    public_dht_leave(&visit);
    stop();
}

TEST(a_local_network_never_goes_to_ipfs)
{
    memset(&config, 0, sizeof config);
    EXPECT(public_dht_has_way(&config, false));
    EXPECT(!public_dht_has_way(&config, true));
    config.peers_count = 1;
    EXPECT(public_dht_has_way(&config, false));
    EXPECT(public_dht_has_way(&config, true));
}

TEST_MAIN
