/* Advisories on what stands above streams, replayed against a live node: docs/advisories.md has the table. Here: identify, gossipsub,
 * rendezvous and the DHT. */
#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "codec/frame.h"
#include "codec/protobuf.h"
#include "p2p/envelope.h"
#include "p2p/gossip_message.h"
#include "p2p/host_gossip.h"
#include "p2p/host_kad.h"
#include "p2p/host_peer_store.h"
#include "p2p/host_rendezvous.h"
#include "p2p/kad_message.h"
#include "p2p/siege_test.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY = 8 << 20, ATTACKER = 2 };

static const char *rule(const char *text)
{
    return text ? text : "none";
}

/* say writes one message behind its length. */
static void say(struct siege *s, host_stream stream, struct span message)
{
    static uint8_t bytes[(1 << 20) + 8192];
    struct wr w = wr_init(MSPAN_OF(bytes));
    frame_write(&w, FRAME_UVARINT, message);
    check(wr_ok(&w));
    siege_host_write(s, ATTACKER, stream, span_of(bytes, w.n));
}

static struct host *attacker(struct siege *s)
{
    return &s->net.nodes[ATTACKER].host;
}

/* ---- CVE-2023-40583, RUSTSEC-2022-0009: records of others ---- */

static struct host_peer_store store;

static void store_setup(struct siege *s)
{
    host_peer_store_init(&store, siege_host(s),
                         &(struct host_peer_store_cfg){.peers_max = 100, .memory_max = 256 * 1024});
}

static void store_teardown(struct siege *s)
{
    (void)s;
    host_peer_store_done(&store);
}

static void stranger_init(struct key_signer *k, struct peer_id *ret, unsigned i)
{
    struct secret32 seed = {
        .bytes = {200, (uint8_t)i, (uint8_t)(i >> 8)}
    };
    key_signer_init(k, &seed);
    peer_id_of_key(ret, k->signer.public_key);
}

/* write_record seals a record of `of`, signed by signer. */
static void
write_record(struct wr *w, const struct peer_id *of, struct signer *signer, uint64_t seq)
{
    uint8_t payload[128];
    uint8_t addr[16];
    struct wr a = wr_init(MSPAN_OF(addr));
    protobuf_write_bytes(&a, 1, test_hex("042c010101060fa1"));
    struct wr p = wr_init(MSPAN_OF(payload));
    protobuf_write_bytes(&p, 1, peer_id_span(of));
    protobuf_write_varint(&p, 2, seq);
    protobuf_write_bytes(&p, 3, span_of(addr, a.n));
    struct envelope_content content = {.domain = SPAN_LIT("libp2p-peer-record"),
                                       .payload_type = SPAN_LIT("\x03\x01"),
                                       .payload = span_of(payload, p.n)};
    EXPECT_OK(envelope_seal(w, &content, signer, test_budget()));
}

/* push has the attacker tell of itself with this record. */
static void push(struct siege *s, struct span record)
{
    uint8_t message[2048];
    struct wr w = wr_init(MSPAN_OF(message));
    protobuf_write_bytes(&w, 1, s->net.nodes[ATTACKER].signer.signer.public_key);
    protobuf_write_bytes(&w, 8, record);
    host_stream stream = siege_host_stream(s, ATTACKER, IDENTIFY_PUSH_PROTOCOL);
    say(s, stream, span_of(message, w.n));
    host_stream_close_write(attacker(s), stream);
    host_net_run(&s->net);
}

static void push_records_of_others(struct siege *s)
{
    const struct peer_store_peer *own = peer_store_find(&store.store, host_self(attacker(s)));
    TEST_REQUIRE(own != NULL);
    uint64_t seq = own->seq;
    for (unsigned i = 0; i < 300; i++) {
        struct key_signer k;
        struct peer_id other;
        uint8_t sealed[512];
        stranger_init(&k, &other, i);
        struct wr w = wr_init(MSPAN_OF(sealed));
        /* by turns: signed by whom it speaks of; and by the attacker, in another's name */
        write_record(&w, &other, i % 2 ? &k.signer : &s->net.nodes[ATTACKER].signer.signer,
                     seq + 10 + i);
        push(s, span_of(sealed, w.n));
        EXPECT(!peer_store_find(&store.store, &other));
        key_signer_done(&k);
    }
    EXPECT(store.store.peers.count <= 2); /* the bystander and the attacker */
    own = peer_store_find(&store.store, host_self(attacker(s)));
    TEST_REQUIRE(own != NULL);
    EXPECT_EQ(seq, own->seq);
    EXPECT(siege_grown(s) <= 48 * 1024);
}

TEST(advisory_cve_2023_40583_records_of_others)
{
    siege_run(&(struct siege_plan){.memory_max = MEMORY,
                                   .hosts = 1,
                                   .setup = store_setup,
                                   .attack = push_records_of_others,
                                   .teardown = store_teardown});
}

/* ---- identify that says too much (go-libp2p 2026: at most 1,024 protocols; addresses of a peer) ---- */

static void identify_too_much(struct siege *s)
{
    static uint8_t message[IDENTIFY_MESSAGE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(message));
    for (unsigned i = 0; i < IDENTIFY_PROTOCOLS_MAX + 1; i++) {
        protobuf_write_bytes(&w, 3, SPAN_LIT("/a"));
    }
    host_stream stream = siege_host_stream(s, ATTACKER, IDENTIFY_PUSH_PROTOCOL);
    siege_mark(s);
    say(s, stream, span_of(message, w.n));
    host_stream_close_write(attacker(s), stream);
    host_net_run(&s->net);
    EXPECT_EQ(1, s->refusals);
    EXPECT_STR("stream", rule(s->refusal.scope));
    EXPECT_STR("too many protocols or addresses", rule(s->refusal.reason));
    EXPECT(siege_grown(s) <= 48 * 1024);
}

TEST(advisory_identify_protocols_and_addresses)
{
    siege_run(&(struct siege_plan){.memory_max = MEMORY, .hosts = 1, .attack = identify_too_much});
}

/* ---- gossipsub ---- */

static struct host_gossip
    gossips[3]; /* of the node and of the attacker, which speaks it in the ordinary way besides */

static void on_gossip(void *user, unsigned i, const struct host_event *e)
{
    struct siege *s = user;
    struct gossip_event g;
    if (e->kind != HOST_EVENT_EXTENSION || i == 1) {
        return;
    }
    while (host_gossip_poll(&gossips[i], &g)) {
        bool is_good = g.data.n > 0 && g.data.p[0] == 'g';
        gossip_validated(&gossips[i].gossip, s->net.now, g.message,
                         is_good ? GOSSIP_ACCEPT : GOSSIP_REJECT);
    }
}

static void gossip_setup(struct siege *s)
{
    s->on_event = on_gossip;
    for (unsigned i = 0; i < 3; i += 2) {
        struct host_gossip_cfg cfg = {
            .gossip = {.memory_max = 2 << 20, .score = gossip_score_default()},
            .memory_max = 8 << 20
        };
        cfg.gossip.score.retain_us = 60 * US_PER_S;
        struct gossip_topic_cfg topic = {.signing = GOSSIP_STRICT_NO_SIGN};
        EXPECT_OK(host_gossip_init(&gossips[i], &s->net.nodes[i].host, &cfg));
        EXPECT_OK(gossip_subscribe(&gossips[i].gossip, s->net.now, SPAN_LIT("t"), &topic));
    }
}

static void gossip_teardown(struct siege *s)
{
    (void)s;
    host_gossip_done(&gossips[0]);
    host_gossip_done(&gossips[2]);
}

static void run_gossip(siege_fn attack)
{
    siege_run(&(struct siege_plan){.memory_max = 3 * MEMORY,
                                   .hosts = 1,
                                   .setup = gossip_setup,
                                   .attack = attack,
                                   .teardown = gossip_teardown,
                                   .rest_us = 400 * US_PER_S});
}

static struct gossip_peer_info seen_by_node(struct siege *s)
{
    struct gossip_peer_info info = {0};
    EXPECT(gossip_peer_find(&gossips[0].gossip, &info, host_self(attacker(s))));
    return info;
}

/* prune writes a PRUNE of the topic with this backoff in seconds. */
static void prune(struct siege *s, host_stream stream, uint64_t backoff_s)
{
    uint8_t control[64];
    uint8_t rpc[96];
    struct wr c = wr_init(MSPAN_OF(control));
    gossip_write_prune(&c, &(struct gossip_prune_out){.topic = SPAN_LIT("t"),
                                                      .has_backoff = true,
                                                      .backoff_s = backoff_s});
    struct wr r = wr_init(MSPAN_OF(rpc));
    gossip_write_control(&r, span_of(control, c.n));
    say(s, stream, span_of(rpc, r.n));
}

static void prune_for_ever(struct siege *s)
{
    static const uint64_t backoffs[] = {UINT64_MAX,        UINT64_MAX - 1, INT64_MAX,
                                        UINT64_MAX / 1000, UINT32_MAX,     24 * 3600 + 1};
    host_stream stream = siege_host_stream(s, ATTACKER, gossip_protocol(GOSSIP_V11));
    for (size_t i = 0; i < sizeof backoffs / sizeof backoffs[0]; i++) {
        prune(s, stream, backoffs[i]);
    }
    EXPECT_EQ(0, s->resets);
    EXPECT(!gossip_in_mesh(&gossips[0].gossip, SPAN_LIT("t"), host_self(attacker(s))));
    /* The clock goes on, and a heartbeat with it: nothing overflows there. */
    host_net_pass(&s->net, 3 * US_PER_S);
    siege_served(s);
    EXPECT(seen_by_node(s).is_connected);
}

TEST(advisory_cve_2026_33040_prune_backoff)
{
    run_gossip(prune_for_ever);
}

/* As many SUBSCRIBE as an RPC of a mebibyte holds. */
static void subscribe_in_one_rpc(struct siege *s)
{
    static uint8_t rpc[1 << 20];
    struct wr w = wr_init(MSPAN_OF(rpc));
    unsigned count = 0;
    while (w.n + 16 < sizeof rpc) {
        char topic[8];
        (void)snprintf(topic, sizeof topic, "%x", count++);
        gossip_write_subscription(&w, true, span_str(topic));
    }
    EXPECT(count > 80000);
    host_stream stream = siege_host_stream(s, ATTACKER, gossip_protocol(GOSSIP_V11));
    siege_mark(s);
    say(s, stream, span_of(rpc, w.n));
    EXPECT_EQ(1, s->resets);
    EXPECT_STR("stream", rule(s->refusal.scope));
    EXPECT_EQ(1, seen_by_node(s).topics_count);
    EXPECT(siege_grown(s) <= 2 * sizeof rpc);
}

/* The same in RPCs that are small enough. */
static void subscribe_in_many_rpcs(struct siege *s)
{
    host_stream stream = siege_host_stream(s, ATTACKER, gossip_protocol(GOSSIP_V11));
    siege_mark(s);
    for (unsigned i = 0; i < 300; i++) {
        uint8_t rpc[3072];
        struct wr w = wr_init(MSPAN_OF(rpc));
        for (unsigned k = 0; k < 150; k++) {
            char topic[16];
            (void)snprintf(topic, sizeof topic, "%u/%u", i, k);
            gossip_write_subscription(&w, true, span_str(topic));
        }
        say(s, stream, span_of(rpc, w.n));
    }
    EXPECT_EQ(gossips[0].gossip.cfg.topics_of_peer_max, seen_by_node(s).topics_count);
    EXPECT(siege_grown(s) <= 128 * 1024);
}

TEST(advisory_cve_2026_46679_subscriptions_in_one_rpc)
{
    run_gossip(subscribe_in_one_rpc);
}

TEST(advisory_cve_2026_46679_subscriptions_in_many)
{
    run_gossip(subscribe_in_many_rpcs);
}

/* One invalid message among many good ones that it brings first: praise does not pay for it. */
static void publish_good_and_bad(struct siege *s)
{
    host_stream stream = siege_host_stream(s, ATTACKER, gossip_protocol(GOSSIP_V11));
    unsigned before = (unsigned)gossips[0].gossip.received_count;
    unsigned sent = 0;
    for (; sent < 2000 && seen_by_node(s).score >= gossips[0].gossip.cfg.score.graylist_threshold;
         sent++) {
        uint8_t data[16] = {sent % 10 == 9 ? 'b' : 'g', (uint8_t)sent, (uint8_t)(sent >> 8),
                            (uint8_t)s->net.now.us, (uint8_t)(s->net.now.us >> 32)};
        uint8_t message[64];
        uint8_t rpc[96];
        struct wr m = wr_init(MSPAN_OF(message));
        gossip_message_encode(
            &m, &(struct gossip_message){.data = SPAN_OF(data), .topic = SPAN_LIT("t")});
        struct wr w = wr_init(MSPAN_OF(rpc));
        gossip_write_publish(&w, span_of(message, m.n));
        say(s, stream, span_of(rpc, w.n));
    }
    test_note("graylisted after %u", sent);
    EXPECT(sent < 2000);
    EXPECT(gossips[0].gossip.received_count - before >= sent - 1);
    siege_served(s);
    /* It stays so when the attacker comes back. */
    host_disconnect(attacker(s), host_self(siege_host(s)));
    host_net_run(&s->net);
    host_net_connect(&s->net, ATTACKER, 0);
    host_net_pass(&s->net, 2 * US_PER_S);
    EXPECT(seen_by_node(s).score < 0);
}

TEST(advisory_cve_2022_47547_praise_does_not_pay_for_invalid_messages)
{
    run_gossip(publish_good_and_bad);
}

/* CVE-2022-23486 above streams: RPCs whose ends are held back. */
static void hold_back_the_ends(struct siege *s)
{
    static const uint8_t part[600 * 1024] = {0xc0, 0x84, 0x3d}; /* of 1,000,000 bytes */
    for (unsigned v = 0; v < GOSSIP_VERSIONS_COUNT; v++) {
        for (unsigned i = 0; i < 2; i++) {
            host_stream stream =
                siege_host_stream(s, ATTACKER, gossip_protocol((enum gossip_version)v));
            siege_host_write(s, ATTACKER, stream, SPAN_OF(part));
        }
    }
    EXPECT(gossips[0].budget.used_max <= gossips[0].budget.limit);
    EXPECT(s->refusals > 0);
    EXPECT_STR("half a gossipsub RPC, and others need its room", rule(s->refusal.reason));
    EXPECT(s->resets > 0);
    /* One more, a large one that comes to its end, is heard. */
    static uint8_t data[300 * 1024] = {'g'};
    static uint8_t message[301 * 1024];
    static uint8_t rpc[302 * 1024];
    uint64_t before = gossips[0].gossip.received_count;
    data[1]++;
    struct wr m = wr_init(MSPAN_OF(message));
    gossip_message_encode(&m,
                          &(struct gossip_message){.data = SPAN_OF(data), .topic = SPAN_LIT("t")});
    struct wr w = wr_init(MSPAN_OF(rpc));
    gossip_write_publish(&w, span_of(message, m.n));
    say(s, siege_host_stream(s, ATTACKER, gossip_protocol(GOSSIP_V12)), span_of(rpc, w.n));
    EXPECT_EQ(before + 1, gossips[0].gossip.received_count);
    /* And the others have their time. */
    host_net_pass(&s->net, 31 * US_PER_S);
    EXPECT_STR("a gossipsub RPC took too long", rule(s->refusal.reason));
    EXPECT(list_is_empty(&gossips[0].partial));
}

TEST(advisory_cve_2022_23486_rpcs_whose_ends_are_held_back)
{
    run_gossip(hold_back_the_ends);
}

/* ---- rendezvous ---- */

static struct host_rendezvous point;

static void point_setup(struct siege *s)
{
    EXPECT_OK(
        host_rendezvous_init(&point, siege_host(s), &(struct host_rendezvous_cfg){.serves = true}));
}

static void point_teardown(struct siege *s)
{
    (void)s;
    host_rendezvous_done(&point);
}

static void ask_point(struct siege *s, host_stream stream, const struct rendezvous_message *m)
{
    static uint8_t bytes[8192];
    struct wr w = wr_init(MSPAN_OF(bytes));
    rendezvous_encode(&w, m);
    check(wr_ok(&w));
    say(s, stream, span_of(bytes, w.n));
}

static void register_without_end(struct siege *s)
{
    uint8_t sealed[512];
    struct wr w = wr_init(MSPAN_OF(sealed));
    write_record(&w, host_self(attacker(s)), &s->net.nodes[ATTACKER].signer.signer, 1);
    host_stream stream = siege_host_stream(s, ATTACKER, RENDEZVOUS_PROTOCOL);
    siege_mark(s);
    for (unsigned i = 0; i < 2000; i++) {
        char ns[256];
        (void)snprintf(ns, sizeof ns, "%0250u", i);
        ask_point(s, stream,
                  &(struct rendezvous_message){.type = RENDEZVOUS_REGISTER,
                                               .ns = span_str(ns),
                                               .record = span_of(sealed, w.n),
                                               .ttl_s = 7200});
    }
    EXPECT_EQ(100, point.point.count);
    EXPECT_EQ(1900, point.point.refused_count);
    point.point.refused_count = 0;
    EXPECT_EQ(0, s->resets);
    EXPECT(siege_grown(s) <= 192 * 1024);
}

TEST(advisory_cve_2026_35405_registrations)
{
    siege_run(&(struct siege_plan){.memory_max = MEMORY,
                                   .hosts = 1,
                                   .setup = point_setup,
                                   .attack = register_without_end,
                                   .teardown = point_teardown,
                                   .rest_us = 7300 * US_PER_S});
}

static void discover_without_end(struct siege *s)
{
    host_stream stream = siege_host_stream(s, ATTACKER, RENDEZVOUS_PROTOCOL);
    struct rendezvous_message m = {.type = RENDEZVOUS_DISCOVER, .ns = SPAN_LIT("nobody")};
    ask_point(s, stream, &m);
    siege_mark(s);
    for (unsigned i = 0; i < 3000; i++) {
        ask_point(s, stream, &m);
    }
    EXPECT_EQ(0, s->resets);
    EXPECT(siege_grown(s) <= 1024); /* each answer had a cookie, and none is here */
}

TEST(advisory_ghsa_v5hw_cv9c_rpg7_cookies)
{
    siege_run(&(struct siege_plan){.memory_max = MEMORY,
                                   .hosts = 1,
                                   .setup = point_setup,
                                   .attack = discover_without_end,
                                   .teardown = point_teardown,
                                   .rest_us = 30 * US_PER_S});
}

/* ---- the DHT ---- */

static struct host_kad kad;

static void kad_setup(struct siege *s)
{
    struct host_kad_cfg cfg = {
        .kad = {.mode = KAD_MODE_SERVER, .private_too = true}
    };
    EXPECT_OK(host_kad_init(&kad, siege_host(s), &cfg));
}

static void kad_teardown(struct siege *s)
{
    (void)s;
    host_kad_done(&kad);
}

static void tell_kad(struct siege *s, host_stream stream, const struct kad_message_out *m)
{
    static uint8_t bytes[16 * 1024];
    struct wr w = wr_init(MSPAN_OF(bytes));
    kad_message_encode(&w, m);
    check(wr_ok(&w));
    say(s, stream, span_of(bytes, w.n));
}

static void put_values(struct siege *s)
{
    static const uint8_t value[8192] = {1};
    for (unsigned i = 0; i < 200; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, i % 2 ? "/pk/%u" : "%u", i);
        struct kad_record record = {.key = span_str(key), .value = SPAN_OF(value)};
        host_stream stream = siege_host_stream(s, ATTACKER, KAD_PROTOCOL);
        tell_kad(s, stream,
                 &(struct kad_message_out){
                     .type = KAD_PUT_VALUE, .key = span_str(key), .record = &record});
    }
    EXPECT_EQ(200, s->resets);
    EXPECT_STR("stream", rule(s->refusal.scope));
    EXPECT_EQ(0, kad.kad.values.keys.count);
    EXPECT(siege_grown(s) <= 96 * 1024);
}

TEST(advisory_cve_2026_45783_values_that_nobody_validates)
{
    siege_run(&(struct siege_plan){.memory_max = MEMORY,
                                   .hosts = 1,
                                   .setup = kad_setup,
                                   .attack = put_values,
                                   .teardown = kad_teardown,
                                   .rest_us = 120 * US_PER_S});
}

TEST_MAIN
