/* Servers' descriptors among hosts: through the topic, by asking, and what hostile peers come to. */
#include "node/net/directory_host.h"

#include "base/test.h"
#include "node/net/descriptor_topic.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { WALLET = HOST_NET_MAX - 1, CHAIN = 31337 };

static struct host_net net;
static struct host_gossip gossips[HOST_NET_MAX];
static struct directory_host directories[HOST_NET_MAX];
static struct descriptor_topic topics[HOST_NET_MAX];
static bool is_server[HOST_NET_MAX];
static unsigned told[HOST_NET_MAX];

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    if (e->kind == HOST_EVENT_EXTENSION && is_server[i]) {
        struct gossip_event m;
        while (host_gossip_poll(&gossips[i], &m)) {
            EXPECT(descriptor_topic_take(&topics[i], &m));
        }
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        host_stream_consume(&net.nodes[i].host, e->stream, e->data.n);
    }
}

static void on_taken(void *user, const struct descriptor *d)
{
    (void)d;
    ++*(unsigned *)user;
}

static struct descriptor descriptor_of(unsigned i)
{
    return (struct descriptor){.addrs_count = 1,
                               .addrs = {host_net_addr(&net, i)},
                               .chains_count = 1,
                               .chains = {{.id = CHAIN, .services = DESCRIPTOR_PROOFS}},
                               .operator_name = SPAN_LIT("somebody")};
}

static bool is_internet; /* places count */

static void start_directory(unsigned i, bool serves)
{
    struct directory_host_cfg cfg = {
        .list = {.host = &net.nodes[i].host,
                 .parent = test_budget(),
                 .count_max = 64,
                 .is_local = !is_internet,
                 .on_taken = on_taken,
                 .user = &told[i]},
        .rng = &net.nodes[i].rng.rng,
        .serves = serves
    };
    EXPECT_OK(directory_host_init(&directories[i], &net.nodes[i].host, &cfg));
}

static void start_server(unsigned i)
{
    struct host_gossip_cfg cfg = {.gossip = {.memory_max = (size_t)1 << 20},
                                  .no_floodsub = true,
                                  .memory_max = (size_t)1 << 20};
    EXPECT_OK(host_gossip_init(&gossips[i], &net.nodes[i].host, &cfg));
    start_directory(i, true);
    EXPECT_OK(descriptor_topic_init(
        &topics[i], &(struct descriptor_topic_cfg){.gossip = &gossips[i],
                                                   .list = &directories[i].list,
                                                   .signer = net.nodes[i].host.cfg.signer}));
    is_server[i] = true;
}

/* count servers in a line, each knows the one before it; and one node more, which is none. */
static void start(unsigned count)
{
    memset(told, 0, sizeof told);
    memset(is_server, 0, sizeof is_server);
    host_net_init(&net, HOST_NET_MAX);
    net.on_event = on_event;
    for (unsigned i = 0; i < count; i++) {
        start_server(i);
    }
    for (unsigned i = 1; i < count; i++) {
        host_net_connect(&net, i, i - 1);
    }
    host_net_pass(&net, 3 * US_PER_S);
}

static void stop(void)
{
    for (unsigned i = 0; i < HOST_NET_MAX; i++) {
        if (is_server[i]) {
            host_gossip_done(&gossips[i]);
        }
        directory_host_done(&directories[i]);
    }
    host_net_done(&net);
}

static enum err publish(unsigned i)
{
    struct descriptor d = descriptor_of(i);
    enum err e = descriptor_topic_publish(&topics[i], &d);
    host_net_pass(&net, 2 * US_PER_S);
    return e;
}

static void pass_s(uint64_t s)
{
    for (uint64_t i = 0; i < s / 60; i++) {
        host_net_pass(&net, 60 * US_PER_S);
    }
}

TEST(all_servers_hear_of_one)
{
    start(5);
    EXPECT(descriptor_topic_is_due(&topics[0]));
    EXPECT_OK(publish(0));
    for (unsigned i = 1; i < 5; i++) {
        EXPECT_EQ(1, told[i]);
    }
    EXPECT_EQ(0, told[0]);
    EXPECT_EQ(0, directories[0].list.store.entries.count);
    stop();
}

TEST(when_it_is_due)
{
    start(1);
    EXPECT(!descriptor_topic_is_due(&topics[0])); /* nobody would hear it */
    start_server(1);
    host_net_connect(&net, 1, 0);
    host_net_pass(&net, 3 * US_PER_S);
    EXPECT(descriptor_topic_is_due(&topics[0]));
    EXPECT_OK(publish(0));
    EXPECT(!descriptor_topic_is_due(&topics[0]));
    pass_s(600);
    EXPECT(
        descriptor_topic_is_due(&topics[0])); /* whoever had one of before its start takes it now */
    EXPECT_OK(publish(0));
    EXPECT_EQ(2, told[1]);
    pass_s(660);
    EXPECT(!descriptor_topic_is_due(&topics[0]));
    descriptor_topic_changed(&topics[0]);
    EXPECT(descriptor_topic_is_due(&topics[0]));
    EXPECT_OK(publish(0));
    EXPECT_EQ(3, told[1]);
    start_server(2);
    host_net_connect(&net, 2, 0);
    host_net_pass(&net, 3 * US_PER_S);
    EXPECT(!descriptor_topic_is_due(&topics[0])); /* more listen, but it is too soon */
    pass_s(600);
    EXPECT(descriptor_topic_is_due(&topics[0]));
    EXPECT_OK(publish(0));
    EXPECT_EQ(1, told[2]);
    pass_s(3540);
    EXPECT(!descriptor_topic_is_due(&topics[0]));
    pass_s(60);
    EXPECT(descriptor_topic_is_due(&topics[0]));
    stop();
}

TEST(who_publishes_too_often_is_passed_over)
{
    start(3);
    EXPECT_OK(publish(0));
    for (unsigned i = 0; i < 20; i++) {
        EXPECT_OK(publish(0));
    }
    EXPECT_EQ(1, told[1]);
    EXPECT_EQ(20, directories[1].list.counts[DESCRIPTOR_TOO_SOON]);
    EXPECT_EQ(0, directories[2].list.counts[DESCRIPTOR_TOO_SOON]); /* node 1 did not pass them on */
    stop();
}

/* What no honest node passes on costs its sender its standing, and goes no further. */
TEST(forgers_are_heard_no_more)
{
    start(3);
    struct gossip_peer_info info;
    uint8_t junk[64];
    for (uint8_t i = 0; i < 20; i++) {
        memset(junk, i, sizeof junk);
        EXPECT_OK(
            gossip_publish(&gossips[0].gossip, net.now, SPAN_LIT(DESCRIPTOR_TOPIC), SPAN_OF(junk)));
        host_net_pass(&net, US_PER_S);
    }
    EXPECT(directories[1].list.counts[DESCRIPTOR_BROKEN] > 0);
    EXPECT(directories[1].list.counts[DESCRIPTOR_BROKEN] < 10); /* soon nobody listens */
    EXPECT_EQ(0, directories[2].list.counts[DESCRIPTOR_BROKEN]);
    EXPECT(gossip_peer_find(&gossips[1].gossip, &info, host_self(&net.nodes[0].host)));
    EXPECT(info.score < -80 * GOSSIP_ONE);
    EXPECT_EQ(0, told[2]);
    stop();
}

/* A descriptor of a peer that nobody knows, in the /24 that is wanted. */
static struct span descriptor_of_stranger(struct mspan room, unsigned number, uint8_t network)
{
    const uint8_t addr[] = {4, 8, 8, network, (uint8_t)number, 6, 0x0f, 0xa1};
    struct secret32 seed = {
        .bytes = {0xff, (uint8_t)(number >> 8), (uint8_t)number, network}
    };
    struct key_signer signer;
    struct peer_id id;
    struct descriptor d = descriptor_of(0);
    struct wr w = wr_init(room);
    key_signer_init(&signer, &seed);
    peer_id_of_key(&id, signer.signer.public_key);
    d.peer = peer_id_span(&id);
    d.seq = 1;
    d.issued_s = HOST_NET_UNIX_S;
    d.expires_s = d.issued_s + 3600;
    d.addrs[0] = SPAN_OF(addr);
    EXPECT_OK(descriptors_seal(&w, &d, &signer.signer, test_budget()));
    key_signer_done(&signer);
    return span_of(room.p, w.n);
}

/* One peer tells of a thousand servers in one network, and then of one in each of many more than there is room for. */
TEST(a_flood_is_capped_where_it_comes_in)
{
    uint8_t room[DESCRIPTOR_SEALED_LEN_MAX];
    is_internet = true;
    start(3);
    is_internet = false;
    for (unsigned i = 0; i < 1000; i++) {
        struct span sealed = descriptor_of_stranger(MSPAN_OF(room), i, 8);
        EXPECT_OK(gossip_publish(&gossips[0].gossip, net.now, SPAN_LIT(DESCRIPTOR_TOPIC), sealed));
        if (i % 50 == 0) {
            host_net_pass(&net, 2 * US_PER_S);
        }
    }
    host_net_pass(&net, 2 * US_PER_S);
    EXPECT_EQ(3, told[1]);
    EXPECT_EQ(3, told[2]);
    EXPECT(directories[1].list.counts[DESCRIPTOR_CROWDED] > 500);
    EXPECT_EQ(0, directories[2].list.counts[DESCRIPTOR_CROWDED]); /* node 1 passed three on */
    for (unsigned i = 0; i < 100; i++) {
        struct span sealed = descriptor_of_stranger(MSPAN_OF(room), 1, (uint8_t)(100 + i));
        EXPECT_OK(gossip_publish(&gossips[0].gossip, net.now, SPAN_LIT(DESCRIPTOR_TOPIC), sealed));
        host_net_pass(&net, US_PER_S);
    }
    EXPECT_EQ(64, directories[1].list.store.entries.count);
    EXPECT_EQ(39, directories[1].list.counts[DESCRIPTOR_FULL]);
    EXPECT_EQ(64, directories[2].list.store.entries.count);
    for (unsigned i = 1; i < 3; i++) {
        const struct budget *b = &directories[i].list.store.budget;
        EXPECT(b->used <= b->limit);
        EXPECT(gossips[i].gossip.budget.used <= gossips[i].gossip.budget.limit);
    }
    stop();
}

static void start_wallet(void)
{
    start_directory(WALLET, false);
    directory_host_want(&directories[WALLET], CHAIN);
}

TEST(a_wallet_asks_the_one_server_that_it_knows)
{
    start(3);
    EXPECT_OK(publish(1));
    EXPECT_OK(publish(2));
    start_wallet();
    host_net_connect(&net, WALLET, 0);
    host_net_pass(&net, US_PER_S);
    EXPECT_EQ(2, told[WALLET]);
    EXPECT_EQ(1, directories[0].answers_count);
    /* Asked again, ever later; what it knows is no news. */
    host_net_pass(&net, 200 * US_PER_S);
    EXPECT_EQ(2, told[WALLET]);
    EXPECT_EQ(7, directories[0].answers_count);
    directory_host_rest(&directories[WALLET]);
    pass_s(1200);
    EXPECT_EQ(7, directories[0].answers_count);
    stop();
}

TEST(of_another_chain_nothing_is_given)
{
    start(2);
    EXPECT_OK(publish(1));
    start_wallet();
    directory_host_want(&directories[WALLET], 1);
    host_net_connect(&net, WALLET, 0);
    host_net_pass(&net, US_PER_S);
    EXPECT_EQ(0, told[WALLET]);
    directory_host_want(&directories[WALLET], CHAIN); /* begins anew */
    host_net_pass(&net, US_PER_S);
    EXPECT_EQ(1, told[WALLET]);
    stop();
}

TEST(a_wallet_answers_nobody)
{
    start(1);
    start_wallet();
    host_net_connect(&net, 0, WALLET);
    host_net_pass(&net, US_PER_S);
    directory_host_want(&directories[0], CHAIN);
    host_net_pass(&net, 10 * US_PER_S);
    EXPECT_EQ(0, directories[WALLET].answers_count);
    EXPECT(!directories[0].is_asking);
    stop();
}

/* Who answers falsely is asked once. */
TEST(who_gives_a_forged_one_is_asked_no_more)
{
    start(2);
    EXPECT_OK(publish(1));
    struct descriptor_entry *e = map_at(&directories[0].list.store.entries, 0)->value;
    e->sealed[e->sealed_len - 1] ^= 1; /* of the signature */
    start_wallet();
    host_net_connect(&net, WALLET, 0);
    pass_s(1800);
    EXPECT_EQ(0, told[WALLET]);
    EXPECT_EQ(1, directories[WALLET].list.counts[DESCRIPTOR_FORGED]);
    EXPECT_EQ(1, directories[0].answers_count);
    stop();
}

/* What one stream of the wallet's brings; it stays open. */
static unsigned ask_on(host_stream *ret, const char *hex)
{
    struct host_open_args args = {
        .peer = host_self(&net.nodes[0].host), .protocol = DIRECTORY_PROTOCOL, .known = true};
    struct span bytes = test_hex(hex);
    uint64_t before = directories[0].answers_count;
    EXPECT_OK(host_open_stream(&net.nodes[WALLET].host, ret, NULL, args));
    EXPECT_EQ(bytes.n, host_stream_write(&net.nodes[WALLET].host, *ret, bytes));
    host_net_run(&net);
    return (unsigned)(directories[0].answers_count - before);
}

static unsigned ask(const char *hex)
{
    host_stream s = {0};
    unsigned answers = ask_on(&s, hex);
    host_stream_reset(&net.nodes[WALLET].host, s, 0);
    host_net_run(&net);
    return answers;
}

TEST(what_a_peer_may_ask)
{
    static const struct {
        const char *name;
        const char *hex;
        unsigned answers;
    } cases[] = {
        {"a chain",              "04 08e9f401",             1},
        {"no chain",             "00",                      0},
        {"no protobuf",          "01 ff",                   0},
        {"two questions in one", "04 08e9f401 04 08e9f401", 0},
        {"half a question",      "04 08e9",                 0},
        {"longer than anything", "ffff01",                  0},
        {"of a later version",   "06 08e9f401 1001",        1},
    };
    start(1);
    host_net_connect(&net, WALLET, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT_EQ(cases[i].answers, ask(cases[i].hex));
    }
    host_stream stalled = {0};
    EXPECT_EQ(0, ask_on(&stalled, "04 08e9"));
    EXPECT(directories[0].answers.streams[0].is_used);
    host_net_pass(&net, 11 * US_PER_S); /* it is not waited for */
    for (size_t i = 0; i < DIRECTORY_IN_MAX; i++) {
        EXPECT(!directories[0].answers.streams[i].is_used);
    }
    unsigned answers = 0;
    for (unsigned i = 0; i < 50; i++) {
        answers += ask("04 08e9f401");
    }
    EXPECT(answers >= 8 && answers <= 10); /* its quota */
    stop();
}

/* A dial that comes to nothing is remembered, one that comes through clears it. */
TEST(dials_are_seen)
{
    uint64_t dial;
    start(2);
    EXPECT_OK(publish(1));
    start_wallet();
    host_net_connect(&net, WALLET, 0);
    host_net_pass(&net, US_PER_S);
    struct span addr = host_net_addr(&net, 1);
    const struct peer_id *peer = host_self(&net.nodes[1].host);
    struct host_dial_args args = {.peer = peer, .addrs = &addr, .addrs_count = 1, .insist = true};
    net.nodes[1].is_dead = true;
    EXPECT_OK(host_dial(&net.nodes[WALLET].host, &dial, NULL, args));
    host_net_pass(&net, 30 * US_PER_S);
    const struct descriptor_entry *e =
        descriptor_store_find(&directories[WALLET].list.store, peer_id_span(peer));
    TEST_REQUIRE(e);
    EXPECT(e->unanswered_s > 0 && !e->is_answered);
    net.nodes[1].is_dead = false;
    EXPECT_OK(host_dial(&net.nodes[WALLET].host, &dial, NULL, args));
    host_net_pass(&net, 30 * US_PER_S);
    EXPECT(e->unanswered_s == 0 && e->is_answered);
    stop();
}

TEST_MAIN
