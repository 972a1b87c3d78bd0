#include "base/test.h"
#include "service/chain_world_test.h"

/* Each answer of the server is one that the client's verifier takes. */
static enum err
verify(const struct chain_world *w, const struct service_request *r, struct span body)
{
    struct service_chain chain;
    struct proven_header header;
    struct proven_inclusion inclusion;
    struct proven_logs logs;
    struct span code;
    (void)w;
    TRY(service_chain_decode(&chain, r->type, body));
    switch ((unsigned)r->type) {
    case SERVICE_HEADERS:   return proven_header_verify(&header, &r->block_hash, r, &chain);
    case SERVICE_CODE:      return proven_code_verify(&code, r, &chain);
    case SERVICE_INCLUSION: return proven_inclusion_verify(&inclusion, &r->block_hash, r, &chain);
    default:
        TRY(proven_logs_verify(&logs, test_budget(), &r->block_hash, r, &chain));
        proven_logs_done(&logs);
        return OK;
    }
}

static struct chain_world w;
static struct buf body;

static void begin(size_t data_len)
{
    chain_world_init(&w, data_len);
    buf_init(&body, test_budget(), SERVICE_BODY_LEN_MAX);
}

static void end(void)
{
    buf_done(&body);
    chain_world_done(&w);
}

TEST(what_a_node_says_becomes_a_proof)
{
    static const enum service_type types[] = {SERVICE_HEADERS, SERVICE_CODE, SERVICE_INCLUSION,
                                              SERVICE_LOGS};
    begin(32);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct service_request r = chain_world_request(&w, types[i]);
        test_note("type %u", (unsigned)types[i]);
        EXPECT_EQ(SERVICE_OK, chain_world_exchange(&w, &body, &r, CHAIN_FAULT_NONE));
        EXPECT_OK(verify(&w, &r, buf_span(&body)));
    }
    end();
}

TEST(each_transaction_is_found)
{
    begin(32);
    struct service_request r = chain_world_request(&w, SERVICE_INCLUSION);
    for (size_t b = 0; b < CHAIN_WORLD_BLOCKS; b++) {
        for (size_t i = 0; i < w.counts[b]; i++) {
            test_note("transaction %zu of block %zu", i, b);
            r.tx_hash = chain_world_tx(&w, b, i);
            EXPECT_EQ(SERVICE_OK, chain_world_exchange(&w, &body, &r, CHAIN_FAULT_NONE));
            EXPECT_OK(verify(&w, &r, buf_span(&body)));
        }
    }
    r.tx_hash.bytes[0] ^= 1;
    EXPECT_EQ(SERVICE_NOT_FOUND, chain_world_exchange(&w, &body, &r, CHAIN_FAULT_NONE));
    /* newer than the block that the client trusts */
    r = chain_world_request(&w, SERVICE_INCLUSION);
    r.tx_hash = chain_world_tx(&w, 5, 0);
    r.block_hash = w.headers[4].hash;
    r.number--;
    EXPECT_EQ(SERVICE_NOT_FOUND, chain_world_exchange(&w, &body, &r, CHAIN_FAULT_NONE));
    end();
}

TEST(a_nodes_fault_is_no_lie_of_ours)
{
    static const struct {
        enum service_type type;
        enum chain_fault fault;
        enum service_code code;
        const char *why;
    } cases[] = {
        {SERVICE_HEADERS,   CHAIN_FAULT_ERROR,        SERVICE_NOT_FOUND,   "an error"               },
        {SERVICE_HEADERS,   CHAIN_FAULT_OTHER_CHAIN,  SERVICE_NOT_FOUND,   "another chain"          },
        {SERVICE_HEADERS,   CHAIN_FAULT_HEADER,       SERVICE_UPSTREAM,    "a changed header"       },
        {SERVICE_HEADERS,   CHAIN_FAULT_TEXT,         SERVICE_UPSTREAM,    "no JSON"                },
        {SERVICE_CODE,      CHAIN_FAULT_CODE,         SERVICE_NOT_FOUND,   "other code"             },
        {SERVICE_INCLUSION, CHAIN_FAULT_PLACE,        SERVICE_NOT_FOUND,   "another block"          },
        {SERVICE_INCLUSION, CHAIN_FAULT_TX_MISSING,   SERVICE_UPSTREAM,    "a transaction less"     },
        {SERVICE_INCLUSION, CHAIN_FAULT_RECEIPT,      SERVICE_UPSTREAM,    "another receipt"        },
        {SERVICE_INCLUSION, CHAIN_FAULT_RECEIPT_LAST, SERVICE_UPSTREAM,    "the last of both less"  },
        {SERVICE_INCLUSION, CHAIN_FAULT_TYPE,         SERVICE_UNSUPPORTED, "a type of another chain"},
        {SERVICE_LOGS,      CHAIN_FAULT_RECEIPT_LAST, SERVICE_UPSTREAM,    "a receipt left out"     },
        {SERVICE_LOGS,      CHAIN_FAULT_RECEIPT,      SERVICE_UPSTREAM,    "another receipt"        },
        {SERVICE_LOGS,      CHAIN_FAULT_HEADER,       SERVICE_UPSTREAM,    "a changed header"       },
    };
    begin(32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct service_request r = chain_world_request(&w, cases[i].type);
        test_note("%s", cases[i].why);
        EXPECT_EQ(cases[i].code, chain_world_exchange(&w, &body, &r, cases[i].fault));
    }
    end();
}

/* A body over one frame comes in parts, and a client that takes less is told so. */
TEST(long_answers_come_in_parts)
{
    begin(260 * 1024); /* five transactions in the two blocks that may hold a match */
    struct service_request r = chain_world_request(&w, SERVICE_LOGS);
    EXPECT_EQ(SERVICE_OK, chain_world_exchange(&w, &body, &r, CHAIN_FAULT_NONE));
    EXPECT(body.n > 2 * (size_t)SERVICE_PART_LEN_MAX);
    EXPECT_OK(verify(&w, &r, buf_span(&body)));
    r.response_max = SERVICE_PART_LEN_MAX;
    EXPECT_EQ(SERVICE_TOO_LARGE, chain_world_exchange(&w, &body, &r, CHAIN_FAULT_NONE));
    end();
}

/* With no filter and one block it is all receipts of that block. */
TEST(receipts_of_a_block)
{
    begin(32);
    struct service_request r = chain_world_request(&w, SERVICE_LOGS);
    struct service_chain chain;
    r.addresses = SPAN_EMPTY;
    r.topics[0] = SPAN_EMPTY;
    r.topics[2] = SPAN_EMPTY;
    r.blocks = 1;
    EXPECT_EQ(SERVICE_OK, chain_world_exchange(&w, &body, &r, CHAIN_FAULT_NONE));
    EXPECT_OK(verify(&w, &r, buf_span(&body)));
    EXPECT_OK(service_chain_decode(&chain, r.type, buf_span(&body)));
    EXPECT_EQ(1, chain.lists_count);
    EXPECT_EQ(w.counts[CHAIN_WORLD_BLOCKS - 1], chain.items_count);
    end();
}

/* ---- several that ask the same ---- */

static struct service_server server;
static const instant now = {.us = 1000000};

/* One of them, on a stream of its own. */
struct asker {
    struct service_client client;
    struct service_stream *stream;
};

static void server_begin(void)
{
    const struct service_server_cfg cfg = {.budget = test_budget(),
                                           .chain_id = 31337,
                                           .agent = "test",
                                           .limits = service_server_limits_default()};
    EXPECT_OK(service_server_init(&server, &cfg, now));
    (void)chain_world_turn(&server, &w, CHAIN_FAULT_NONE, now); /* the head */
}

static void ask(struct asker *a, struct service_request r, uint64_t id, const char *peer)
{
    const struct service_peer from = {.id = span_str(peer), .group = span_str(peer)};
    r.id = id;
    EXPECT_OK(service_client_init(&a->client, test_budget(), &r, now));
    EXPECT_OK(service_server_open(&server, &a->stream, from, NULL, now));
    service_server_recv(&server, a->stream, service_client_waiting(&a->client), now);
}

/* take ends the exchange; OK if the answer is one that the verifier takes. */
static enum err take(struct asker *a, const struct service_request *r)
{
    struct service_client_event e;
    enum err err = ERR_NOT_FOUND;
    chain_world_carry(&server, a->stream, &a->client);
    if (service_client_poll(&a->client, &e) && e.kind == SERVICE_CLIENT_ANSWER) {
        err = e.response.code == SERVICE_OK ? verify(&w, r, e.response.body) : ERR_DENIED;
    }
    service_client_done(&a->client);
    service_server_reset(&server, a->stream);
    return err;
}

TEST(equal_requests_ask_the_node_once)
{
    static const enum service_type types[] = {SERVICE_HEADERS, SERVICE_CODE, SERVICE_INCLUSION,
                                              SERVICE_LOGS};
    static struct asker first;
    static struct asker second;
    static struct asker late;
    begin(32);
    server_begin();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct service_request r = chain_world_request(&w, types[i]);
        test_note("type %u", (unsigned)types[i]);
        ask(&first, r, 1, "one");
        ask(&second, r, 2, "two");
        EXPECT_EQ(1, server.asks_count);
        size_t asked = chain_world_turn(&server, &w, CHAIN_FAULT_NONE, now);
        EXPECT(asked >= 1);
        EXPECT_OK(take(&first, &r));
        EXPECT_OK(take(&second, &r));
        ask(&late, r, 3, "three");
        EXPECT_EQ(0, chain_world_turn(&server, &w, CHAIN_FAULT_TEXT, now));
        EXPECT_OK(take(&late, &r));
        r.response_max = 64 * 1024; /* it might be too long for that: another question */
        ask(&late, r, 4, "three");
        EXPECT_EQ(asked, chain_world_turn(&server, &w, CHAIN_FAULT_NONE, now));
        EXPECT_OK(take(&late, &r));
    }
    service_server_done(&server);
    end();
}

TEST(who_waited_asks_when_the_first_is_gone)
{
    static struct asker first;
    static struct asker second;
    begin(32);
    server_begin();
    struct service_request r = chain_world_request(&w, SERVICE_LOGS);
    ask(&first, r, 1, "one");
    ask(&second, r, 2, "two");
    service_client_done(&first.client);
    service_server_reset(&server, first.stream);
    EXPECT_EQ(1, server.asks_count);
    EXPECT(chain_world_turn(&server, &w, CHAIN_FAULT_NONE, now) > 0);
    EXPECT_OK(take(&second, &r));
    EXPECT_EQ(0, server.asks_count);
    service_server_done(&server);
    end();
}

/* A failure is told to all that waited, and is not kept. */
TEST(a_failure_is_shared_and_not_kept)
{
    static struct asker first;
    static struct asker second;
    begin(32);
    server_begin();
    struct service_request r = chain_world_request(&w, SERVICE_HEADERS);
    ask(&first, r, 1, "one");
    ask(&second, r, 2, "two");
    EXPECT_EQ(1, chain_world_turn(&server, &w, CHAIN_FAULT_HEADER, now));
    EXPECT_ERR(ERR_DENIED, take(&first, &r));
    EXPECT_ERR(ERR_DENIED, take(&second, &r));
    ask(&first, r, 3, "one");
    EXPECT(chain_world_turn(&server, &w, CHAIN_FAULT_NONE, now) > 0);
    EXPECT_OK(take(&first, &r));
    service_server_done(&server);
    end();
}

/* Lists that come from what is kept cost as much as those that the node was asked for. */
TEST(kept_lists_cost_the_same)
{
    static struct asker a;
    begin(32);
    server_begin();
    struct service_request r = chain_world_request(&w, SERVICE_LOGS);
    uint32_t left[2];
    for (size_t i = 0; i < 2; i++) {
        ask(&a, r, i, i == 0 ? "one" : "two");
        (void)chain_world_turn(&server, &w, CHAIN_FAULT_NONE, now);
        left[i] = a.stream->units_left;
        EXPECT_OK(take(&a, &r));
    }
    EXPECT_EQ(left[0], left[1]);
    service_server_done(&server);
    end();
}

TEST_MAIN
