/* What hosts say of their network, read back; and whom a person may mean. */
#include "node/net/net_json.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { ROOM_LEN = 64 * 1024 };

static struct host_net net;
static uint8_t room[ROOM_LEN];

static struct json parse(const struct json_writer *j, size_t n)
{
    struct json v = {0};
    EXPECT_OK(json_writer_end(j));
    EXPECT_OK(json_parse(&v, span_of(room, n), NULL));
    return v;
}

static struct json at(struct json v, const char *name)
{
    struct json member = {0};
    test_note("%s", name);
    EXPECT(json_find(&member, v, name));
    return member;
}

static struct json first(struct json list)
{
    struct json v = {0};
    struct json_iter it = json_iterate(list);
    EXPECT(json_next(&it, NULL, &v));
    return v;
}

static uint64_t number(struct json v, const char *name)
{
    uint64_t n = 0;
    EXPECT_OK(json_find_u64(&n, v, name));
    return n;
}

static void expect_word(const char *want, struct json v, const char *name)
{
    struct span word = SPAN_EMPTY;
    test_note("%s", name);
    EXPECT_OK(json_find_plain(&word, v, name));
    EXPECT(span_equal(word, span_str(want)));
}

TEST(the_state_of_two_hosts)
{
    static struct host_kad kad;
    host_net_init(&net, 2);
    EXPECT_OK(host_kad_init(&kad, &net.nodes[0].host,
                            &(struct host_kad_cfg){
                                .kad = {.mode = KAD_MODE_SERVER, .private_too = true}
    }));
    static struct host_conn_manager peers;
    host_conn_manager_init(&peers, &net.nodes[0].host, &(struct host_conn_manager_cfg){0});
    host_net_connect(&net, 0, 1);
    host_net_pass(&net, US_PER_S);
    host_disconnect(&net.nodes[0].host, host_self(&net.nodes[1].host));
    host_net_run(&net);
    host_net_connect(&net, 0, 1);
    host_net_pass(&net, US_PER_S);
    conn_manager_tag(&peers.manager, host_self(&net.nodes[1].host), CONN_TAG_DHT, 7);
    struct net_json n = {.peers = &peers,
                         .host = &net.nodes[0].host,
                         .kad = &kad,
                         .budgets = {test_budget()},
                         .now = net.now};
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    net_json_put_state(&j, &n);
    struct json v = parse(&j, w.n);
    EXPECT_EQ(1, json_count(at(v, "peers")));
    struct json peer = first(at(v, "peers"));
    expect_word("/ip4/10.0.0.2/tcp/4001", peer, "address");
    expect_word("out", peer, "direction");
    expect_word("tcp", peer, "transport");
    expect_word("yamux", peer, "muxer");
    expect_word("test/1", peer, "agent");
    EXPECT(json_count(at(peer, "protocols")) >= 3);
    EXPECT(number(peer, "memory_used") > 0);
    EXPECT_EQ(1, json_count(at(peer, "tags")));
    EXPECT_EQ(7, number(first(at(peer, "tags")), "value"));
    EXPECT_EQ(1, json_count(at(v, "endings")));
    EXPECT_EQ(0, json_count(at(v, "refusals")));
    expect_word("closed by us", first(at(v, "endings")), "why");
    expect_word("server", at(v, "dht"), "mode");
    expect_word("unknown", at(v, "reach"), "state");
    struct json address = first(at(v, "addresses"));
    expect_word("/ip4/10.0.0.1/tcp/4001", address, "address");
    EXPECT_EQ(0, json_count(at(v, "topics")));
    EXPECT_EQ(6,
              json_count(at(v, "budget"))); /* the program's, three of the host, two of the DHT */
    EXPECT_EQ(1, number(first(at(v, "counts")), "used"));
    host_kad_done(&kad);
    host_conn_manager_done(&peers);
    host_net_done(&net);
}

TEST(topics_and_their_mesh)
{
    static struct host_gossip gossip[2];
    host_net_init(&net, 2);
    for (size_t i = 0; i < 2; i++) {
        EXPECT_OK(host_gossip_init(&gossip[i], &net.nodes[i].host, &(struct host_gossip_cfg){0}));
        EXPECT_OK(gossip_subscribe(&gossip[i].gossip, net.now, SPAN_LIT("to\npic"),
                                   &(struct gossip_topic_cfg){0}));
    }
    host_net_connect(&net, 0, 1);
    host_net_pass(&net, 5 * US_PER_S);
    struct net_json n = {.host = &net.nodes[0].host, .gossip = &gossip[0], .now = net.now};
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    net_json_put_state(&j, &n);
    struct json topic = first(at(parse(&j, w.n), "topics"));
    expect_word("to?pic", topic, "topic"); /* a stranger's words */
    EXPECT_EQ(1, json_count(at(topic, "mesh")));
    for (size_t i = 0; i < 2; i++) {
        host_gossip_done(&gossip[i]);
    }
    host_net_done(&net);
}

TEST(a_probe_with_its_dial)
{
    static struct host_probe probe;
    host_net_init(&net, 3);
    net.nodes[2].is_dead = true;
    host_probe_init(&probe, &net.nodes[0].host, NULL);
    struct net_json n = {.host = &net.nodes[0].host};
    for (unsigned i = 1; i < 3; i++) {
        struct span addr = host_net_addr(&net, i);
        struct host_probe_args args = {.goal = HOST_PROBE_TRACE,
                                       .peer = *host_self(&net.nodes[i].host),
                                       .addrs = &addr,
                                       .addrs_count = 1};
        EXPECT_OK(host_probe_start(&probe, net.now, &args));
        host_net_pass(&net, 10 * US_PER_S);
        EXPECT(host_probe_poll(&probe));
        struct wr w = wr_init(MSPAN_OF(room));
        struct json_writer j = json_writer_init(&w);
        n.now = net.now;
        net_json_put_probe(&j, &n, &probe);
        struct json v = parse(&j, w.n);
        expect_word(i == 1 ? "connected" : "unreachable", v, "outcome");
        struct json step = first(at(v, "dial"));
        expect_word(i == 1 ? "connected" : "failed", step, "state");
        expect_word(i == 1 ? "" : "cannot connect", step, "why");
        struct json connection;
        EXPECT_EQ(i == 1, json_find(&connection, v, "connection"));
        host_probe_clear(&probe);
    }
    host_probe_done(&probe);
    host_net_done(&net);
}

TEST(who_is_meant)
{
    static const char id[] = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
    static const struct {
        const char *text;
        bool is_good;
        bool has_addr;
    } table[] = {
        {"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",                          true,  false},
        {"/ip4/192.0.2.1/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp", true,
         true                                                                                         },
        {"/dnsaddr/a.example/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",   true,  true },
        {"",                                                                              false, false},
        {"/ip4/192.0.2.1/tcp/1",                                                          false, false},
        {"/ip4/192.0.2.1/tcp",                                                            false, false},
        {"/",                                                                             false, false},
        {"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDE",                           false, false},
        {"somebody",                                                                      false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct net_target t;
        char text[PEER_ID_TEXT_MAX];
        test_note("%s", table[i].text);
        enum err e = net_target_read(&t, span_str(table[i].text));
        EXPECT_EQ(table[i].is_good, e == OK);
        if (e == OK) {
            peer_id_print(text, &t.peer);
            EXPECT_STR(id, text);
            EXPECT_EQ(table[i].has_addr, t.addr.n > 0);
        }
    }
}

TEST_MAIN
