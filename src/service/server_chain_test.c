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

TEST_MAIN
