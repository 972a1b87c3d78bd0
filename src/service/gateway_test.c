#include "service/gateway.h"

#include "base/buf.h"
#include "base/test.h"

#include <string.h>

#define ADDR "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\""
#define HASH "\"0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53\""
/* EIP-155's example, for chain 1 */
#define RAW_TX                                                                                     \
    "\"0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025" \
    "a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"                           \
    "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83\""

static enum err check_one(uint64_t chain_id, const char *method, const char *params)
{
    struct buf scratch;
    buf_init(&scratch, test_budget(), 1 << 17);
    struct gateway_ctx ctx = {
        .chain_id = chain_id, .head_number = 1000, .logs_blocks_max = 100, .scratch = &scratch};
    struct gateway_verdict v;
    struct diag why = {0};
    enum err e = gateway_check(&v, &ctx, span_str(method), span_str(params), &why);
    EXPECT((e == OK) == (why.rule == NULL));
    if (e == OK) {
        EXPECT_STR(method, v.method);
        EXPECT(v.units > 0);
    }
    buf_done(&scratch);
    return e;
}

TEST(methods_that_do_not_exist_here)
{
    static const char *const names[] = {
        "anvil_setBalance",    "evm_mine",      "debug_traceCall", "personal_unlockAccount",
        "eth_sendTransaction", "eth_accounts",  "eth_sign",        "eth_signTypedData_v4",
        "admin_addPeer",       "miner_start",   "txpool_content",  "hardhat_reset",
        "eth_newFilter",       "eth_subscribe", "eth_coinbase",    "trace_block",
        "eth_getWork",         "ETH_CHAINID",   "eth_chainId ",    "",
        "eth_signTransaction",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        test_note("%s", names[i]);
        EXPECT_ERR(ERR_UNSUPPORTED, check_one(1, names[i], "[]"));
    }
}

TEST(shapes)
{
    static const struct {
        const char *method;
        const char *params;
        enum err err;
    } cases[] = {
        {"eth_chainId",               "[]",                                               OK           },
        {"eth_chainId",               "[1]",                                              ERR_MALFORMED},
        {"eth_chainId",               "{}",                                               ERR_MALFORMED},
        {"eth_chainId",               "",                                                 ERR_MALFORMED},
        {"eth_getBalance",            "[" ADDR ",\"latest\"]",                            OK           },
        {"eth_getBalance",            "[" ADDR "]",                                       OK           },
        {"eth_getBalance",            "[" ADDR ",\"0x10\"]",                              OK           },
        {"eth_getBalance",            "[" ADDR ",{\"blockHash\":" HASH "}]",              OK           },
        {"eth_getBalance",            "[" ADDR ",{\"blockHash\":" HASH ",\"x\":1}]",      ERR_MALFORMED},
        {"eth_getBalance",            "[" ADDR ",\"0x010\"]",                             ERR_MALFORMED},
        {"eth_getBalance",            "[" ADDR ",\"newest\"]",                            ERR_MALFORMED},
        {"eth_getBalance",            "[]",                                               ERR_MALFORMED},
        {"eth_getBalance",            "[\"0x12\"]",                                       ERR_MALFORMED},
        {"eth_getBalance",            "[" ADDR ",\"latest\",1]",                          ERR_MALFORMED},
        {"eth_getStorageAt",          "[" ADDR ",\"0x0\",\"latest\"]",                    OK           },
        {"eth_call",                  "[{\"to\":" ADDR ",\"data\":\"0x01\"},\"latest\"]", OK           },
        {"eth_call",                  "[{\"to\":" ADDR ",\"data\":\"0x1\"},\"latest\"]",  ERR_MALFORMED},
        {"eth_call",                  "[{\"to\":" ADDR "},\"latest\",{}]",                ERR_MALFORMED},
        {"eth_call",                  "[{\"to\":" ADDR ",\"blobs\":[]},\"latest\"]",      ERR_MALFORMED},
        {"eth_call",                  "[[],\"latest\"]",                                  ERR_MALFORMED},
        {"eth_estimateGas",           "[{\"from\":" ADDR ",\"value\":\"0x1\"}]",          OK           },
        {"eth_getProof",              "[" ADDR ",[" HASH "],\"latest\"]",                 OK           },
        {"eth_getProof",              "[" ADDR ",[\"0x0\"],\"latest\"]",                  ERR_MALFORMED},
        {"eth_getBlockByNumber",      "[\"latest\",false]",                               OK           },
        {"eth_getBlockByNumber",      "[\"latest\"]",                                     ERR_MALFORMED},
        {"eth_getBlockByNumber",      "[\"latest\",\"false\"]",                           ERR_MALFORMED},
        {"eth_getTransactionReceipt", "[" HASH "]",                                       OK           },
        {"eth_getTransactionReceipt", "[" ADDR "]",                                       ERR_MALFORMED},
        {"eth_feeHistory",            "[\"0x5\",\"latest\",[10,50.5]]",                   OK           },
        {"eth_feeHistory",            "[\"0x81\",\"latest\",[]]",                         ERR_DENIED   },
        {"eth_feeHistory",            "[\"0x5\",\"latest\",[\"10\"]]",                    ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s %s", cases[i].method, cases[i].params);
        EXPECT_ERR(cases[i].err, check_one(1, cases[i].method, cases[i].params));
    }
}

TEST(logs)
{
    static const struct {
        const char *filter;
        enum err err;
    } cases[] = {
        {"{}",                                                           OK           },
        {"{\"fromBlock\":\"0x385\"}",                                    OK           }, /* 901 to 1000: 100 blocks */
        {"{\"fromBlock\":\"0x384\"}",                                    ERR_DENIED   },
        {"{\"fromBlock\":\"earliest\"}",                                 ERR_DENIED   },
        {"{\"fromBlock\":\"earliest\",\"toBlock\":\"0x63\"}",            OK           },
        {"{\"fromBlock\":\"earliest\",\"toBlock\":\"0x64\"}",            ERR_DENIED   },
        {"{\"fromBlock\":\"finalized\"}",                                ERR_DENIED   },
        {"{\"fromBlock\":\"0x2\",\"toBlock\":\"0x1\"}",                  ERR_MALFORMED},
        {"{\"fromBlock\":\"0x0\",\"toBlock\":\"0xffffffffffffffff\"}",   ERR_DENIED   },
        {"{\"blockHash\":" HASH "}",                                     OK           },
        {"{\"blockHash\":" HASH ",\"fromBlock\":\"latest\"}",            ERR_MALFORMED},
        {"{\"address\":" ADDR ",\"topics\":[" HASH ",null,[" HASH "]]}", OK           },
        {"{\"address\":[" ADDR "]}",                                     OK           },
        {"{\"address\":5}",                                              ERR_MALFORMED},
        {"{\"topics\":[null,null,null,null,null]}",                      ERR_MALFORMED},
        {"{\"limit\":5}",                                                ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].filter);
        char params[512];
        struct wr w = wr_init(MSPAN_OF(params));
        wr_str(&w, "[");
        wr_str(&w, cases[i].filter);
        wr_str(&w, "]");
        wr_u8(&w, 0);
        EXPECT_ERR(cases[i].err, check_one(1, "eth_getLogs", params));
    }
}

TEST(raw_transactions)
{
    EXPECT_OK(check_one(1, "eth_sendRawTransaction", "[" RAW_TX "]"));
    EXPECT_ERR(ERR_DENIED, check_one(2, "eth_sendRawTransaction", "[" RAW_TX "]"));
    EXPECT_ERR(ERR_MALFORMED, check_one(1, "eth_sendRawTransaction", "[\"0x\"]"));
    EXPECT_ERR(ERR_MALFORMED, check_one(1, "eth_sendRawTransaction", "[\"0x02c0\"]"));
    EXPECT_ERR(ERR_MALFORMED, check_one(1, "eth_sendRawTransaction",
                                        "[\"0xec098504a817c8008252089435353535353535353535353535353"
                                        "53535353535880de0b6b3a764000080018080\"]"));
}

TEST_MAIN
