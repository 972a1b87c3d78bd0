/* Servers that tell each other of the newest blocks of a synthetic chain: what is passed on, and what it costs to publish anything else. */
#include "node/net/heads_topic.h"

#include "base/test.h"
#include "beacon/maker_test.h"
#include "p2p/host_net_test.h"

#include <string.h>

/* Slots: of the checkpoint, of a period, and at the start of a test. */
enum { START = 16, PERIOD = 64, NOW = 45, SERVERS = 4, CHAIN_ID = 31337 };
static const enum beacon_fork fork = FORK_ELECTRA;

static struct host_net net;
static struct host_gossip gossips[SERVERS];
static struct heads_topic heads[SERVERS];
static struct chain_spec chain;
static struct maker_committee committees[3];
static struct lc_update update;
static uint8_t bytes[LC_UPDATE_LEN_MAX];

static struct maker_plan plan_of(uint64_t slot)
{
    return (struct maker_plan){
        .chain = &chain,
        .attested_slot = slot,
        .finalized_slot = 24,
        .signature_slot = slot + 1,
        .signers = chain.committee_size,
        .committee = &committees[(slot + 1) / PERIOD],
        .current = &committees[slot / PERIOD],
        .next = &committees[slot / PERIOD + 1],
        .brings_committee = true,
    };
}

static struct service_light part_of(size_t len)
{
    return (struct service_light){
        .count = 1, .parts = {{.fork = chain_fork_number(fork), .ssz = span_of(bytes, len)}}};
}

static struct service_light head_of(const struct maker_plan *plan)
{
    struct wr w = wr_init(MSPAN_OF(bytes));
    maker_update(&update, plan);
    maker_encode_update(&w, &chain, fork, &update, MAKER_OPTIMISTIC);
    EXPECT(wr_ok(&w));
    return part_of(w.n);
}

/* A beacon node whose finalized block is that of the slot START, and whose newest is that of slot. */
static struct service_light ask_beacon(const struct service_request *r, uint64_t slot)
{
    struct lc_bootstrap bootstrap;
    struct hash32 root;
    struct maker_plan plan = plan_of(slot);
    struct wr w = wr_init(MSPAN_OF(bytes));
    maker_bootstrap(&bootstrap, &chain, START, &committees[0], &committees[1]);
    switch ((int)r->type) {
    case SERVICE_LC_FINALITY:
        maker_update(&update, &plan);
        update.finalized = bootstrap.header;
        maker_encode_update(&w, &chain, fork, &update, MAKER_FINALITY);
        break;
    case SERVICE_LC_BOOTSTRAP:
        lc_beacon_root(&root, &bootstrap.header.beacon);
        EXPECT_SPAN(SPAN_OF(root.bytes), SPAN_OF(r->root.bytes));
        maker_encode_bootstrap(&w, fork, &bootstrap);
        break;
    case SERVICE_LC_UPDATES:
        EXPECT_EQ(0, r->period);
        maker_update(&update, &plan);
        maker_encode_update(&w, &chain, fork, &update, MAKER_UPDATE);
        break;
    default: return head_of(&plan);
    }
    EXPECT(wr_ok(&w));
    return part_of(w.n);
}

static enum err turn(unsigned i, uint64_t slot)
{
    struct service_request r;
    heads_topic_request(&heads[i], &r);
    struct service_light answer = ask_beacon(&r, slot);
    enum err e = heads_topic_answered(&heads[i], &r, &answer);
    host_net_pass(&net, US_PER_S / 10);
    return e;
}

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    struct gossip_event m;
    (void)user;
    while (e->kind == HOST_EVENT_EXTENSION && host_gossip_poll(&gossips[i], &m)) {
        EXPECT(heads_topic_take(&heads[i], &m));
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        host_stream_consume(&net.nodes[i].host, e->stream, e->data.n);
    }
}

static void start_server(unsigned i)
{
    struct host_gossip_cfg cfg = {.gossip = {.memory_max = (size_t)1 << 20},
                                  .no_floodsub = true,
                                  .memory_max = (size_t)1 << 20};
    struct heads_topic_cfg topic = {
        .gossip = &gossips[i], .budget = test_budget(), .chain = &chain, .chain_id = CHAIN_ID};
    EXPECT_OK(host_gossip_init(&gossips[i], &net.nodes[i].host, &cfg));
    EXPECT_OK(heads_topic_init(&heads[i], &topic));
}

/* Servers in a line, each knows the one before it; the first so many follow the chain. */
static void start(unsigned followers)
{
    chain = maker_chain(fork);
    chain.genesis_time = HOST_NET_UNIX_S - NOW * chain.seconds_per_slot;
    for (size_t i = 0; committees[0].len == 0 && i < 3; i++) {
        maker_committee_init(&committees[2 - i], &chain, 3 - i);
    }
    host_net_init(&net, SERVERS);
    net.on_event = on_event;
    for (unsigned i = 0; i < SERVERS; i++) {
        start_server(i);
    }
    for (unsigned i = 1; i < SERVERS; i++) {
        host_net_connect(&net, i, i - 1);
    }
    host_net_pass(&net, 3 * US_PER_S);
    for (unsigned i = 0; i < followers; i++) {
        for (unsigned steps = 0; steps < 3; steps++) { /* finality, bootstrap, committee */
            EXPECT_OK(turn(i, 40));
        }
    }
}

static void stop(void)
{
    for (unsigned i = 0; i < SERVERS; i++) {
        heads_topic_done(&heads[i]);
        host_gossip_done(&gossips[i]);
    }
    host_net_done(&net);
}

/* The first server publishes what no engine of ours would. */
static void publish(const struct service_light *light)
{
    AUTO(buf_done) struct buf message;
    buf_init(&message, test_budget(), HEADS_TOPIC_DATA_LEN_MAX);
    EXPECT_OK(service_light_encode(light, &message));
    EXPECT_OK(gossip_publish(&gossips[0].gossip, net.now, SPAN_LIT("web3-wallet/31337/heads/1"),
                             buf_span(&message)));
    host_net_pass(&net, US_PER_S / 10);
}

static int64_t score_of_first(void)
{
    struct gossip_peer_info info;
    EXPECT(gossip_peer_find(&gossips[1].gossip, &info, host_self(&net.nodes[0].host)));
    return info.score;
}

static void expect_counts(unsigned i, uint64_t accepted, uint64_t rejected, uint64_t ignored)
{
    EXPECT_EQ(accepted, heads[i].counts.accepted);
    EXPECT_EQ(rejected, heads[i].counts.rejected);
    EXPECT_EQ(ignored, heads[i].counts.ignored);
}

TEST(a_head_goes_round_once)
{
    start(SERVERS);
    EXPECT_OK(turn(0, 44));
    EXPECT_EQ(1, heads[0].counts.published);
    for (unsigned i = 1; i < SERVERS; i++) {
        expect_counts(i, 1, 0, 0);
        EXPECT_EQ(44, heads[i].slot);
        EXPECT_SPAN(heads_topic_newest(&heads[0]), heads_topic_newest(&heads[i]));
    }
    EXPECT_ERR(ERR_STATE, turn(3, 44)); /* its own node comes later with the same */
    EXPECT_EQ(0, heads[3].counts.published);
    host_net_pass(&net, chain.seconds_per_slot * US_PER_S);
    EXPECT_OK(turn(3, 45));
    EXPECT_EQ(45, heads[0].slot);
    expect_counts(0, 1, 0, 0);
    stop();
}

TEST(a_final_block_that_the_node_has_no_more_is_asked_anew)
{
    struct service_request r;
    start(0);
    EXPECT_OK(turn(0, 40));
    heads_topic_request(&heads[0], &r);
    EXPECT_EQ(SERVICE_LC_BOOTSTRAP, r.type);
    heads_topic_missed(&heads[0], &r);
    heads_topic_request(&heads[0], &r);
    EXPECT_EQ(SERVICE_LC_FINALITY, r.type);
    for (unsigned steps = 0; steps < 4; steps++) {
        EXPECT_OK(turn(0, 40 + steps / 3));
    }
    heads_topic_request(&heads[0], &r);
    heads_topic_missed(&heads[0], &r);
    EXPECT_EQ(41, heads[0].slot);
    stop();
}

TEST(a_signature_of_less_than_two_thirds_goes_no_further)
{
    start(SERVERS);
    struct maker_plan plan = plan_of(43);
    plan.signers = 21; /* of 32 */
    struct service_light light = head_of(&plan);
    publish(&light);
    expect_counts(1, 0, 1, 0);
    expect_counts(2, 0, 0, 0);
    plan = plan_of(44);
    plan.signers = 22;
    light = head_of(&plan);
    publish(&light);
    expect_counts(1, 1, 1, 0);
    expect_counts(3, 1, 0, 0);
    stop();
}

TEST(what_does_not_verify_costs_its_sender)
{
    start(SERVERS);
    int64_t before = score_of_first();
    for (uint64_t slot = 41; slot <= 44; slot++) {
        struct maker_plan plan = plan_of(slot);
        plan.committee = &committees[2]; /* another one signs */
        struct service_light light = head_of(&plan);
        publish(&light);
    }
    host_net_pass(&net, 2 * US_PER_S);
    EXPECT(heads[1].counts.rejected >= 2);
    EXPECT(heads[1].counts.rejected < 4); /* soon nobody listens */
    expect_counts(2, 0, 0, 0);
    EXPECT(score_of_first() < before);
    EXPECT_EQ(0, heads_topic_newest(&heads[1]).n);
    stop();
}

TEST(what_cannot_be_judged_is_nobodys_fault)
{
    start(SERVERS);
    EXPECT_OK(turn(0, 43));
    struct maker_plan plan = plan_of(42); /* older than what is known */
    struct service_light light = head_of(&plan);
    publish(&light);
    plan = plan_of(NOW + 3); /* of a slot that has not been */
    light = head_of(&plan);
    publish(&light);
    plan = plan_of(44);
    light = head_of(&plan);
    light.parts[0].fork = SERVICE_LIGHT_FORK_MAX; /* of a later version than this program */
    publish(&light);
    expect_counts(1, 1, 0, 3);
    expect_counts(2, 1, 0, 0);
    stop();
}

TEST(what_is_no_message_costs_its_sender)
{
    start(SERVERS);
    struct service_light two = {
        .count = 2,
        .parts = {{.fork = 5, .ssz = SPAN_LIT("a")}, {.fork = 5, .ssz = SPAN_LIT("b")}}
    };
    publish(&two);
    struct service_light junk = {.count = 1, .parts = {{.fork = 5, .ssz = SPAN_LIT("no update")}}};
    publish(&junk);
    expect_counts(1, 0, 2, 0);
    expect_counts(2, 0, 0, 0);
    stop();
}

/* Two thirds of a committee that sign two blocks of a slot: the first goes round, the others are evidence, and a flood of them is not verified without end. */
TEST(two_blocks_of_one_slot_and_a_flood_of_them)
{
    enum { BLOCKS = 40 };
    start(SERVERS);
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct maker_plan plan = plan_of(44);
        plan.seed = (uint8_t)(i + 1);
        struct service_light light = head_of(&plan);
        publish(&light);
    }
    expect_counts(1, 1, 0, BLOCKS - 1);
    expect_counts(2, 1, 0, 0);
    EXPECT(heads[1].store->evidence_count > 0);
    EXPECT(heads[1].counts.checked <= 2 * HEADS_TOPIC_CHECKS_PER_SLOT); /* a slot ends meanwhile */
    stop();
}

TEST(who_follows_nothing_passes_nothing_on)
{
    start(1);
    EXPECT_OK(turn(0, 44));
    expect_counts(1, 0, 0, 1);
    expect_counts(2, 0, 0, 0);
    EXPECT(!heads[1].store);
    stop();
}

/* The own node's word is verified too: it may be of another chain. */
TEST(a_node_of_another_chain_is_not_followed)
{
    struct service_request r;
    start(0);
    EXPECT_OK(turn(0, 40));
    heads_topic_request(&heads[0], &r);
    EXPECT_EQ(SERVICE_LC_BOOTSTRAP, r.type);
    struct service_light answer = ask_beacon(&r, 40);
    heads[0].root.bytes[0] ^= 1;
    EXPECT_ERR(ERR_AUTH, heads_topic_answered(&heads[0], &r, &answer));
    heads_topic_request(&heads[0], &r);
    EXPECT_EQ(SERVICE_LC_FINALITY, r.type); /* from the beginning */
    stop();
}

TEST_MAIN
