#include "service/proof.h"

#include "base/test.h"
#include "codec/protobuf.h"
#include "evm/account_proof.h"
#include "service/proof_world_test.h"

#include <string.h>

#define REQUEST                                                                                    \
    "080610e9f40119080706050403020162202a1ee034d1c47f9a3b35b52302c6416dd281cb1f0fc2f092e67985fd90" \
    "e5f5"                                                                                         \
    "6b6a1411111111111111111111111111111111111111117240000000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000001"
#define REQUEST_HASH "f9f02b74eebd07b2e87ef829563e2b284b3e974cf3499c0c15fb013b336ef29e"
#define BODY                                                                                       \
    "0af003f901eda00000000000000000000000000000000000000000000000000000000000000000a0000000000000" \
    "0000"                                                                                         \
    "000000000000000000000000000000000000000000000000940000000000000000000000000000000000000000a0" \
    "70d9"                                                                                         \
    "53e2e67bdc9488dc5ab481b1d9d3d1d50c16ef7ce0b59493bbc4ebb27193a0000000000000000000000000000000" \
    "0000"                                                                                         \
    "000000000000000000000000000000a0000000000000000000000000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "b9010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "00000000000000000000000000000000000000800580808080a00000000000000000000000000000000000000000" \
    "0000"                                                                                         \
    "000000000000000000008800000000000000001274f872a120e2c07404b8c1df4c46226425cac68c28d27a766bbd" \
    "dce6"                                                                                         \
    "2309f36724839b22c0b84ef84c07880de0b6b3a7640000a081d1fa699f807735499cf6f7df860797cf66f6a66b56" \
    "5cfc"                                                                                         \
    "da3fae3521eb6861a0c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a4701a02000012" \
    "24e3"                                                                                         \
    "a120290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e5632a2202000122020001"

TEST(vector_of_the_protocol)
{
    struct proof_world w;
    struct buf b;
    struct hash32 hash;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    TEST_REQUIRE(service_request_encode(&w.request, &b) == OK);
    service_request_hash(&hash, buf_span(&b));
    EXPECT_SPAN(test_hex(REQUEST), buf_span(&b));
    EXPECT_SPAN(test_hex(REQUEST_HASH), SPAN_OF(hash.bytes));
    buf_clear(&b);
    proof_world_body(&w, &b);
    EXPECT_SPAN(test_hex(BODY), buf_span(&b));
    buf_done(&b);
    proof_world_done(&w);
}

/* path_values verifies every path of a body under its own hashes: what a client does, without the trust. */
static enum err
judge(const struct proof_world *w, const struct service_proof *p, struct mpt_proof known)
{
    static struct span room[MPT_PROOF_NODES_MAX];
    struct mpt_proof path;
    struct account_state account;
    TRY(service_proof_path(&path, room, p, p->account, &known));
    TRY(account_verify(&account, &w->state_root, w->request.address, &path));
    EXPECT_EQ(7, account.nonce);
    for (size_t i = 0; i < p->slots_count; i++) {
        struct u256 value;
        TRY(service_proof_path(&path, room, p, p->slots[i], &known));
        TRY(account_verify_slot(&value, &account.storage_root, w->slots + 32 * i, &path));
        EXPECT(u256_equal(u256_from_u64(i == 0 ? 42 : 0), value));
    }
    return OK;
}

TEST(a_node_stands_once)
{
    struct proof_world w;
    struct buf b;
    struct service_proof p;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    proof_world_body(&w, &b);
    TEST_REQUIRE(service_proof_decode(&p, buf_span(&b)) == OK);
    EXPECT_EQ(2, p.nodes_count);
    EXPECT_EQ(2, p.slots_count);
    EXPECT_SPAN(buf_span(&w.header), p.header);
    EXPECT_SPAN(test_hex("0000"), p.account);
    EXPECT_SPAN(test_hex("0001"), p.slots[1]);
    EXPECT_OK(judge(&w, &p, (struct mpt_proof){0}));
    for (size_t n = 0; n < b.n; n++) {
        struct service_proof cut;
        enum err e = service_proof_decode(&cut, span_first(buf_span(&b), n));
        EXPECT(e != OK || cut.slots_count < 2);
    }
    buf_done(&b);
    proof_world_done(&w);
}

TEST(what_is_known_is_left_out)
{
    struct proof_world w;
    struct buf b;
    struct service_proof p;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    proof_world_body(&w, &b);
    size_t len = b.n;
    buf_clear(&b);
    uint8_t known[96] = {0};
    memcpy(known, w.request.block_hash.bytes, 32);
    memcpy(known + 64, w.state_root.bytes, 32);
    w.request.known = SPAN_OF(known);
    proof_world_body(&w, &b);
    TEST_REQUIRE(service_proof_decode(&p, buf_span(&b)) == OK);
    EXPECT_EQ(0, p.header.n);
    EXPECT_EQ(1, p.nodes_count);
    EXPECT_SPAN(test_hex("8002"), p.account);
    EXPECT_SPAN(test_hex("0000"), p.slots[0]);
    EXPECT_EQ(len - 3 - w.header.n - 2 - w.state_leaf.n, b.n); /* each with its tag and length */
    const struct span nodes[3] = {SPAN_EMPTY, SPAN_EMPTY, buf_span(&w.state_leaf)};
    EXPECT_OK(judge(&w, &p, (struct mpt_proof){.nodes = nodes, .nodes_count = 3}));
    EXPECT_ERR(ERR_MALFORMED, judge(&w, &p, (struct mpt_proof){.nodes = nodes, .nodes_count = 2}));
    buf_done(&b);
    proof_world_done(&w);
}

TEST(bodies)
{
    static const struct {
        const char *hex;
        enum err err;
        const char *why;
    } cases[] = {
        {"1a00",                           OK,            "an empty path, of an empty state"   },
        {"1a00 2200 2200",                 OK,            "two slots of no storage"            },
        {"1a00 7a0101",                    OK,            "a field of a later version"         },
        {"1a02 803f",                      OK,            "the last of the known"              },
        {"1a02 0000 1201 aa",              OK,            "the path before its node"           },
        {"",                               ERR_MALFORMED, "nothing"                            },
        {"2200",                           ERR_MALFORMED, "no path of the account"             },
        {"1a00 1a00",                      ERR_MALFORMED, "two paths of the account"           },
        {"0a01c0 0a01c0 1a00",             ERR_MALFORMED, "two headers"                        },
        {"0a00 1a00",                      ERR_MALFORMED, "an empty header"                    },
        {"1a01 00",                        ERR_MALFORMED, "half a reference"                   },
        {"1a02 0000",                      ERR_MALFORMED, "a reference to nothing"             },
        {"1201 aa 1a00",                   ERR_MALFORMED, "a node that nobody uses"            },
        {"1200 1a02 0000",                 ERR_MALFORMED, "an empty node"                      },
        {"1201 aa 1201 bb 1a04 0001 0000", ERR_MALFORMED, "nodes not in the order of their use"},
        {"1201 aa 1201 bb 1a02 0001",      ERR_MALFORMED, "a node is skipped"                  },
        {"1a02 8040",                      ERR_MALFORMED, "past the most of known ones"        },
        {"1801",                           ERR_MALFORMED, "a path that is a number"            },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].why);
        struct service_proof p;
        EXPECT_ERR(cases[i].err, service_proof_decode(&p, test_hex(cases[i].hex)));
    }
}

static enum err decode_with(unsigned nodes, unsigned node_len, unsigned slots, unsigned refs)
{
    static uint8_t filler[ACCOUNT_NODE_LEN_MAX + 1];
    struct buf b;
    struct service_proof p;
    buf_init(&b, test_budget(), 1 << 20);
    struct wr w = wr_init_buf(&b);
    for (unsigned i = 0; i < nodes; i++) {
        protobuf_write_bytes(&w, 2, span_of(filler, node_len));
    }
    /* the account's path first uses the nodes, in as many paths as it takes */
    unsigned next = 0;
    for (unsigned path = 0; path <= slots; path++) {
        uint8_t bytes[2 * (MPT_PROOF_NODES_MAX + 1)] = {0};
        struct wr r = wr_init(MSPAN_OF(bytes));
        for (unsigned i = 0; i < refs; i++) {
            wr_be16(&r, (uint16_t)(next < nodes ? next++ : 0));
        }
        protobuf_write_bytes(&w, path == 0 ? 3 : 4, span_of(bytes, r.n));
    }
    EXPECT_OK(wr_end(&w));
    enum err e = service_proof_decode(&p, buf_span(&b));
    buf_done(&b);
    return e;
}

TEST(limits)
{
    EXPECT_OK(decode_with(512, 1, 32, 128));
    EXPECT_ERR(ERR_MALFORMED, decode_with(513, 1, 32, 128));
    EXPECT_ERR(ERR_MALFORMED, decode_with(512, 1, 33, 128));
    EXPECT_ERR(ERR_MALFORMED, decode_with(512, 1, 32, 129));
    EXPECT_OK(decode_with(1, ACCOUNT_NODE_LEN_MAX, 0, 1));
    EXPECT_ERR(ERR_MALFORMED, decode_with(1, ACCOUNT_NODE_LEN_MAX + 1, 0, 1));
}

TEST(writer_limits)
{
    struct proof_world w;
    struct buf b;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 1 << 16);
    struct service_proof_writer writer;
    service_proof_writer_init(&writer, &b, &w.request);
    static uint8_t bytes[SERVICE_PROOF_NODES_MAX + 1][2];
    static struct span nodes[SERVICE_PROOF_NODES_MAX + 1];
    for (size_t i = 0; i <= SERVICE_PROOF_NODES_MAX; i++) {
        bytes[i][0] = (uint8_t)(i >> 8);
        bytes[i][1] = (uint8_t)i;
        nodes[i] = SPAN_OF(bytes[i]);
    }
    struct mpt_proof path = {.nodes = nodes, .nodes_count = MPT_PROOF_NODES_MAX + 1};
    EXPECT_ERR(ERR_MALFORMED, service_proof_put_path(&writer, &path));
    path.nodes_count = MPT_PROOF_NODES_MAX;
    for (size_t i = 0; i < SERVICE_PROOF_NODES_MAX; i += MPT_PROOF_NODES_MAX) {
        path.nodes = nodes + i;
        EXPECT_OK(service_proof_put_path(&writer, &path));
    }
    path = (struct mpt_proof){.nodes = nodes + SERVICE_PROOF_NODES_MAX, .nodes_count = 1};
    EXPECT_ERR(ERR_LIMIT, service_proof_put_path(&writer, &path));
    nodes[0] = SPAN_EMPTY;
    path.nodes = nodes;
    EXPECT_ERR(ERR_MALFORMED, service_proof_put_path(&writer, &path));
    struct service_proof p;
    EXPECT_OK(service_proof_decode(&p, buf_span(&b)));
    EXPECT_EQ(SERVICE_PROOF_NODES_MAX, p.nodes_count);
    buf_done(&b);
    proof_world_done(&w);
}

TEST_MAIN
