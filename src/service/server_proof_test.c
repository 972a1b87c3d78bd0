#include "base/test.h"
#include "codec/json.h"
#include "evm/header.h"
#include "evm/jsonrpc.h"
#include "service/client.h"
#include "service/proof_world_test.h"
#include "service/proven.h"
#include "service/server.h"

#include <string.h>

/* What the node does with the question. */
enum fault {
    FAULT_NONE,
    FAULT_REVERSED,     /* the two results in the other order: right all the same */
    FAULT_NO_BLOCK,     /* null */
    FAULT_NO_STATE,     /* an error instead of the proof */
    FAULT_OTHER_HEADER, /* another block than was asked */
    FAULT_NODE,         /* a bit of the account's node */
    FAULT_SLOT_NODE,
    FAULT_SLOT_MISSING,
    FAULT_SINGLE, /* one error for the batch */
    FAULT_TEXT,   /* no JSON */
};

static void put_block(struct json_writer *j, const struct proof_world *w, enum fault fault)
{
    struct header h;
    proof_world_put_result(j, 1);
    if (fault == FAULT_NO_BLOCK) {
        json_put_null(j);
        json_end_object(j);
        return;
    }
    EXPECT_OK(header_decode(&h, buf_span(&w->header)));
    proof_world_put_block(j, w, fault == FAULT_OTHER_HEADER ? h.number + 1 : h.number);
    json_end_object(j);
}

static void put_proof(struct json_writer *j, const struct proof_world *w, enum fault fault)
{
    if (fault == FAULT_NO_STATE) {
        json_put_raw(j, SPAN_LIT("{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32000,"
                                 "\"message\":\"missing trie node\"}}"));
        return;
    }
    proof_world_put_result(j, 2);
    json_put_object(j);
    json_put_name(j, "accountProof");
    proof_world_put_node(j, buf_span(&w->state_leaf), fault == FAULT_NODE);
    json_put_name(j, "storageProof");
    json_put_array(j);
    for (size_t i = fault == FAULT_SLOT_MISSING; i < 2; i++) {
        json_put_object(j);
        json_put_name(j, "proof");
        proof_world_put_node(j, buf_span(&w->storage_leaf), i == 1 && fault == FAULT_SLOT_NODE);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
}

static void node_answer(struct buf *out, const struct proof_world *w, enum fault fault)
{
    struct wr wr = wr_init_buf(out);
    if (fault == FAULT_TEXT || fault == FAULT_SINGLE) {
        wr_str(&wr, fault == FAULT_TEXT
                        ? "no"
                        : "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
                          "\"message\":\"no batches\"}}");
        EXPECT_OK(wr_end(&wr));
        return;
    }
    struct json_writer j = json_writer_init(&wr);
    json_put_array(&j);
    if (fault == FAULT_REVERSED) {
        put_proof(&j, w, fault);
        put_block(&j, w, fault);
    } else {
        put_block(&j, w, fault);
        put_proof(&j, w, fault);
    }
    json_end_array(&j);
    EXPECT_OK(json_writer_end(&j));
}

#define HASH "\"0x1111111111111111111111111111111111111111111111111111111111111111\""
#define HEAD                                                                                       \
    "\"result\":{\"number\":\"0x5\",\"hash\":" HASH ",\"parentHash\":" HASH                        \
    ",\"timestamp\":\"0x1\"}}"

/* answer_ask is the node: the first question is for the head, the next for the proof. */
static void answer_ask(struct service_server *s,
                       const struct service_server_event *e,
                       const struct proof_world *w,
                       enum fault fault,
                       instant now)
{
    struct buf text;
    struct json ask;
    uint64_t token = e->token;
    buf_init(&text, test_budget(), 1 << 16);
    TEST_REQUIRE(json_parse(&ask, e->text, NULL) == OK);
    if (ask.type == JSON_ARRAY) {
        EXPECT_EQ(2, json_count(ask));
        node_answer(&text, w, fault);
    } else {
        struct wr wr = wr_init_buf(&text);
        struct json id;
        TEST_REQUIRE(json_find(&id, ask, "id"));
        wr_str(&wr, "{\"jsonrpc\":\"2.0\",\"id\":");
        wr_bytes(&wr, id.raw);
        wr_str(&wr, "," HEAD);
        EXPECT_OK(wr_end(&wr));
    }
    service_server_answer(s, token, buf_span(&text), now);
    buf_done(&text);
}

/* exchange sends the world's request and gives the client's first event; false if there is none. */
static bool exchange(struct service_client *c,
                     struct service_client_event *ret,
                     const struct proof_world *w,
                     enum fault fault)
{
    static struct service_server s;
    const struct service_server_cfg cfg = {.budget = test_budget(),
                                           .chain_id = 31337,
                                           .agent = "test",
                                           .limits = service_server_limits_default()};
    instant now = {.us = 1000000};
    struct service_stream *st;
    struct service_server_event e;
    EXPECT_OK(service_server_init(&s, &cfg, now));
    EXPECT_OK(service_client_init(c, test_budget(), &w->request, now));
    while (service_server_poll(&s, &e, now)) {
        answer_ask(&s, &e, w, fault, now);
    }
    struct service_peer peer = {.id = SPAN_LIT("peer"), .group = SPAN_LIT("net")};
    EXPECT_OK(service_server_open(&s, &st, peer, NULL, now));
    service_server_recv(&s, st, service_client_waiting(c), now);
    while (service_server_poll(&s, &e, now)) {
        if (e.kind == SERVICE_SERVER_ASK) {
            answer_ask(&s, &e, w, fault, now);
        }
    }
    static uint8_t wire[1 << 16]; /* the event's spans point into it, and outlive the server */
    struct span out = service_server_waiting(st);
    if (!EXPECT(out.n <= sizeof wire)) {
        return false;
    }
    out = span_of(wire, span_copy(MSPAN_OF(wire), out));
    EXPECT_OK(service_client_recv(c, now, &out));
    service_server_reset(&s, st);
    service_server_done(&s);
    return service_client_poll(c, ret) && ret->kind == SERVICE_CLIENT_ANSWER;
}

TEST(answers)
{
    static const struct {
        enum fault fault;
        enum service_code code;
        const char *why;
    } cases[] = {
        {FAULT_NONE,         SERVICE_OK,        "a good node"               },
        {FAULT_REVERSED,     SERVICE_OK,        "results in the other order"},
        {FAULT_NO_BLOCK,     SERVICE_NOT_FOUND, "no such block"             },
        {FAULT_NO_STATE,     SERVICE_NOT_FOUND, "the state is gone"         },
        {FAULT_OTHER_HEADER, SERVICE_UPSTREAM,  "another block"             },
        {FAULT_NODE,         SERVICE_UPSTREAM,  "a broken node"             },
        {FAULT_SLOT_NODE,    SERVICE_UPSTREAM,  "a broken node of a slot"   },
        {FAULT_SLOT_MISSING, SERVICE_UPSTREAM,  "a slot without a proof"    },
        {FAULT_SINGLE,       SERVICE_UPSTREAM,  "a node that knows no batch"},
        {FAULT_TEXT,         SERVICE_UPSTREAM,  "no JSON"                   },
    };
    static const struct proven_known nothing;
    struct proof_world w;
    proof_world_init(&w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].why);
        static struct service_client c;
        static struct service_client_event e;
        struct proven_account p;
        TEST_REQUIRE(exchange(&c, &e, &w, cases[i].fault));
        EXPECT_EQ(cases[i].code, e.response.code);
        if (cases[i].code == SERVICE_OK) {
            EXPECT_OK(proven_account_verify(&p, &w.request.block_hash, &w.request, &nothing,
                                            &e.body.proof));
            EXPECT_EQ(7, proven_account_state(&p)->nonce);
            EXPECT_EQ(1000 - 2 - 1, e.response.units_left); /* two slots begin one four */
        }
        service_client_done(&c);
    }
    proof_world_done(&w);
}

/* ---- what several ask ---- */

enum { ASKERS = 3 };

struct askers {
    struct service_server server;
    struct service_client clients[ASKERS];
    struct service_stream *streams[ASKERS];
    struct proof_world world;
    size_t asked; /* of the node, for proofs */
    uint64_t token;
    instant now;
};
static struct askers a; /* too large for a stack */

static void askers_begin(void)
{
    const struct service_server_cfg cfg = {.budget = test_budget(),
                                           .chain_id = 31337,
                                           .agent = "test",
                                           .limits = service_server_limits_default()};
    struct service_server_event e;
    a = (struct askers){.now = {.us = 1000000}};
    proof_world_init(&a.world);
    EXPECT_OK(service_server_init(&a.server, &cfg, a.now));
    while (service_server_poll(&a.server, &e, a.now)) {
        answer_ask(&a.server, &e, &a.world, FAULT_NONE, a.now);
    }
}

static void askers_end(void)
{
    for (size_t i = 0; i < ASKERS; i++) {
        service_client_done(&a.clients[i]);
    }
    service_server_done(&a.server);
    proof_world_done(&a.world);
}

/* Notes what the node is asked, and leaves it waiting. */
static void take_asks(void)
{
    struct service_server_event e;
    while (service_server_poll(&a.server, &e, a.now)) {
        if (e.kind == SERVICE_SERVER_ASK) {
            a.asked++;
            a.token = e.token;
        }
    }
}

static void ask_by(size_t i)
{
    struct service_peer peer = {.id = span_of(&"abc"[i], 1), .group = SPAN_LIT("net")};
    a.world.request.id++; /* no two requests are alike, and still they ask the same */
    EXPECT_OK(service_client_init(&a.clients[i], test_budget(), &a.world.request, a.now));
    EXPECT_OK(service_server_open(&a.server, &a.streams[i], peer, NULL, a.now));
    service_server_recv(&a.server, a.streams[i], service_client_waiting(&a.clients[i]), a.now);
    take_asks();
}

static void node_says(enum fault fault)
{
    struct buf text;
    buf_init(&text, test_budget(), 1 << 16);
    node_answer(&text, &a.world, fault);
    service_server_answer(&a.server, a.token, buf_span(&text), a.now);
    buf_done(&text);
}

/* The code that an asker got; MAX if none yet. */
static unsigned code_of(size_t i)
{
    static const struct proven_known nothing;
    struct service_client_event e;
    struct proven_account p;
    struct span out = service_server_waiting(a.streams[i]);
    if (out.n == 0) {
        return SERVICE_CODES_MAX;
    }
    EXPECT_OK(service_client_recv(&a.clients[i], a.now, &out));
    if (!EXPECT(service_client_poll(&a.clients[i], &e))) {
        return SERVICE_CODES_MAX;
    }
    if (e.response.code == SERVICE_OK) {
        EXPECT_OK(proven_account_verify(&p, &a.world.request.block_hash, &a.world.request, &nothing,
                                        &e.body.proof));
    }
    return e.response.code;
}

TEST(the_node_is_asked_once_for_all)
{
    askers_begin();
    for (size_t i = 0; i < ASKERS; i++) {
        ask_by(i);
    }
    EXPECT_EQ(1, a.asked);
    node_says(FAULT_NONE);
    for (size_t i = 0; i < ASKERS; i++) {
        EXPECT_EQ(SERVICE_OK, code_of(i));
    }
    EXPECT_EQ(0, a.server.asks_count);
    askers_end();
}

TEST(a_proof_is_kept)
{
    askers_begin();
    ask_by(0);
    node_says(FAULT_NONE);
    ask_by(1);
    EXPECT_EQ(1, a.asked);
    EXPECT_EQ(SERVICE_OK, code_of(1));
    a.world.request.address.bytes[0] ^= 1; /* another question */
    ask_by(2);
    EXPECT_EQ(2, a.asked);
    a.world.request.address.bytes[0] ^= 1;
    EXPECT_EQ(1, a.server.asks_count);
    askers_end();
}

TEST(a_failure_is_told_to_all_and_not_kept)
{
    askers_begin();
    ask_by(0);
    ask_by(1);
    node_says(FAULT_NO_STATE);
    EXPECT_EQ(SERVICE_NOT_FOUND, code_of(0));
    EXPECT_EQ(SERVICE_NOT_FOUND, code_of(1));
    ask_by(2);
    EXPECT_EQ(2, a.asked);
    service_server_answer_failed(&a.server, a.token, ERR_IO, a.now);
    EXPECT_EQ(SERVICE_UPSTREAM, code_of(2));
    EXPECT_EQ(0, a.server.asks_count);
    askers_end();
}

TEST(when_who_asked_is_gone_another_asks)
{
    askers_begin();
    ask_by(0);
    ask_by(1);
    ask_by(2);
    EXPECT_EQ(1, a.asked);
    service_server_reset(&a.server, a.streams[0]);
    take_asks();
    EXPECT_EQ(2, a.asked);
    EXPECT_EQ(1, a.server.asks_count);
    node_says(FAULT_NONE);
    EXPECT_EQ(SERVICE_OK, code_of(1));
    EXPECT_EQ(SERVICE_OK, code_of(2));
    EXPECT_EQ(0, a.server.asks_count);
    askers_end();
}

TEST_MAIN
