/* Attestation between hosts: over Noise and over TLS, each bound to its connection; and a relay in between, who passes on every byte. */
#include "node/attest/attest_host.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { ATTESTER, RELAY, VERIFIER, NODES, EVIDENCE_LEN = 5000 };

/* A judge that knows one thing: whether the evidence carries the binding. */
static enum err judge_binding(struct attest_judge *self,
                              struct appraisal *ret,
                              const struct evidence *evidence,
                              const uint8_t binding[static 64],
                              struct span activated_name)
{
    (void)self;
    (void)activated_name;
    appraisal_init(ret, evidence->kind);
    if (!span_equal(span_first(evidence->parts[EVIDENCE_MAIN], 64), span_of(binding, 64))) {
        return appraisal_fail(ret, ERR_AUTH, STEP_BINDING, PART_EVIDENCE, 0);
    }
    ret->level = TEE_LEVEL_HARDWARE_ATTESTED;
    return OK;
}

static struct host_net net;
static struct attest_host all[NODES];
static struct attest_judge judge = {.appraise = judge_binding};
static struct attest_identity identity;
static struct ed25519_key session_key;
static uint8_t evidence_text[EVIDENCE_LEN + 64];
static struct {
    unsigned count;
    enum attest_outcome outcome;
    enum tee_level level;
    enum appraisal_step step;
} seen;
static host_stream relay_in;
static host_stream relay_out;

static walltime clock_now(void *user)
{
    (void)user;
    return (walltime){HOST_NET_UNIX_S};
}

static void on_end(void *user, const struct peer_id *peer, const struct attest_event *e)
{
    (void)user;
    (void)peer;
    seen.count++;
    seen.outcome = e->outcome;
    seen.level = e->result ? e->result->level : TEE_LEVEL_NONE;
    seen.step = e->result ? e->result->failed : STEP_NONE;
}

/* The relay: what comes from the verifier goes to the attester, and the other way. */
static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    struct host *h = &net.nodes[i].host;
    if (i != RELAY) {
        return;
    }
    if (e->kind == HOST_EVENT_STREAM_OPENED && e->inbound) {
        const struct host_open_args args = {.peer = host_self(&net.nodes[ATTESTER].host),
                                            .protocol = ATTEST_PROTOCOL};
        relay_in = e->stream;
        EXPECT_OK(host_open_stream(h, &relay_out, NULL, args));
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        host_stream to = e->stream.id == relay_in.id ? relay_out : relay_in;
        EXPECT_EQ(e->data.n, host_stream_write(h, to, e->data));
        host_stream_consume(h, e->stream, e->data.n);
    }
}

static void make_evidence(void)
{
    static uint8_t main_part[EVIDENCE_LEN];
    struct secret32 seed;
    struct ed25519_public key;
    struct evidence e = {.kind = TEE_SEV_SNP};
    struct wr w = wr_init(MSPAN_OF(evidence_text));
    memset(seed.bytes, 3, sizeof seed.bytes);
    ed25519_key_init(&session_key, &seed);
    ed25519_key_public(&key, &session_key);
    identity = (struct attest_identity){
        .kind = TEE_SEV_SNP, .issued = {HOST_NET_UNIX_S}, .session_key = &session_key};
    attest_binding(main_part, peer_id_span(host_self(&net.nodes[ATTESTER].host)), &key,
                   identity.issued);
    e.parts[EVIDENCE_MAIN] = SPAN_OF(main_part);
    evidence_encode(&w, &e);
    identity.evidence = span_of(evidence_text, w.n);
}

static void start(bool has_relay)
{
    memset(&seen, 0, sizeof seen);
    host_net_init(&net, NODES);
    net.on_event = on_event;
    make_evidence();
    for (unsigned i = 0; i < NODES; i++) {
        const struct attest_host_cfg cfg = {.budget = test_budget(),
                                            .rng = &net.nodes[i].rng.rng,
                                            .identity = i == ATTESTER ? &identity : NULL,
                                            .judge = i == VERIFIER ? &judge : NULL,
                                            .clock = clock_now,
                                            .on_end = on_end};
        if (i == RELAY && has_relay) {
            EXPECT_OK(host_handle(&net.nodes[i].host, ATTEST_PROTOCOL,
                                  (struct host_protocol_args){.streams_in_max = 4}));
            continue;
        }
        EXPECT_OK(attest_host_init(&all[i], &net.nodes[i].host, &cfg));
    }
    host_net_connect(&net, RELAY, ATTESTER);
    host_net_connect(&net, VERIFIER, RELAY);
    host_net_connect(&net, VERIFIER, ATTESTER);
    host_net_run(&net);
}

static void stop(void)
{
    for (unsigned i = 0; i < NODES; i++) {
        attest_host_done(&all[i]);
    }
    host_net_done(&net);
}

static enum err ask(unsigned whom)
{
    const struct attest_host_ask what = {.peer = host_self(&net.nodes[whom].host),
                                         .kinds = 1 << TEE_SEV_SNP,
                                         .level_min = TEE_LEVEL_HARDWARE_ATTESTED};
    TRY(attest_host_ask(&all[VERIFIER], &what));
    host_net_run(&net);
    return OK;
}

TEST(asked_and_accepted)
{
    start(false);
    for (unsigned i = 1; i <= 20; i++) { /* more than there are places */
        EXPECT_OK(ask(ATTESTER));
        EXPECT_EQ(i, seen.count);
        EXPECT_EQ(ATTEST_ACCEPTED, seen.outcome);
        EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, seen.level);
    }
    stop();
}

TEST(a_node_without_evidence_says_so)
{
    start(false);
    EXPECT_OK(ask(RELAY));
    EXPECT_EQ(1, seen.count);
    EXPECT_EQ(ATTEST_NOTHING, seen.outcome);
    EXPECT_ERR(ERR_LIMIT, attest_host_ask(&all[ATTESTER], &(struct attest_host_ask){0}));
    stop();
}

TEST(a_relay_passes_on_every_byte_and_proves_nothing)
{
    start(true);
    EXPECT_OK(ask(RELAY));
    EXPECT_EQ(1, seen.count);
    EXPECT_EQ(ATTEST_REFUSED, seen.outcome);
    EXPECT_EQ(STEP_BINDING, seen.step);
    EXPECT_EQ(TEE_LEVEL_NONE, seen.level);
    EXPECT_OK(ask(ATTESTER)); /* the attester itself is believed */
    EXPECT_EQ(ATTEST_ACCEPTED, seen.outcome);
    stop();
}

TEST(a_peer_that_goes_or_says_nothing)
{
    start(true);
    net.on_event = NULL; /* the relay takes the stream and is silent */
    EXPECT_OK(ask(RELAY));
    EXPECT_EQ(0, seen.count);
    host_net_pass(&net, (uint64_t)ATTEST_HOST_TIMEOUT_MS * US_PER_MS + 1);
    EXPECT_EQ(1, seen.count);
    EXPECT_EQ(ATTEST_BROKEN, seen.outcome);
    EXPECT_OK(ask(RELAY));
    host_disconnect(&net.nodes[VERIFIER].host, host_self(&net.nodes[RELAY].host));
    host_net_run(&net);
    EXPECT_EQ(2, seen.count);
    EXPECT_EQ(ATTEST_BROKEN, seen.outcome);
    stop();
}

/* Both ends name a connection alike, and no two connections are. */
TEST(names_of_connections)
{
    struct hash32 names[2];
    static const enum security ways[] = {SECURITY_NOISE, SECURITY_TLS};
    for (size_t way = 0; way < 2; way++) {
        start(false);
        for (unsigned i = 0; i < NODES; i++) {
            net.nodes[i].host.cfg.security_dial[0] = ways[way];
            net.nodes[i].host.cfg.security_dial_count = 1;
        }
        host_disconnect(&net.nodes[VERIFIER].host, host_self(&net.nodes[ATTESTER].host));
        host_net_run(&net);
        host_net_connect(&net, VERIFIER, ATTESTER);
        host_net_run(&net);
        test_note("security %zu", way);
        EXPECT_OK(ask(ATTESTER));
        EXPECT_EQ(ATTEST_ACCEPTED, seen.outcome);
        const struct host_open_args args = {.peer = host_self(&net.nodes[ATTESTER].host),
                                            .protocol = "/ipfs/ping/1.0.0"};
        host_stream stream;
        EXPECT_OK(host_open_stream(&net.nodes[VERIFIER].host, &stream, NULL, args));
        EXPECT_OK(host_stream_channel(&net.nodes[VERIFIER].host, &names[way], stream));
        stop();
    }
    EXPECT(!span_equal(SPAN_OF(names[0].bytes), SPAN_OF(names[1].bytes)));
}

TEST_MAIN
