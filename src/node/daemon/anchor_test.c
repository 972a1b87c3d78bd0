/* What the header source says, and what of it is believed. */
#include "node/daemon/anchor.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/header.h"

#include <stdio.h>
#include <string.h>

static char text[8192];

static void put_hex(struct wr *w, struct span bytes)
{
    wr_str(w, "\"0x");
    for (size_t i = 0; i < bytes.n; i++) {
        wr_u8(w, (uint8_t)"0123456789abcdef"[bytes.p[i] >> 4]);
        wr_u8(w, (uint8_t)"0123456789abcdef"[bytes.p[i] & 15]);
    }
    wr_str(w, "\"");
}

static void put_zeros(struct wr *w, const char *name, size_t n)
{
    static const uint8_t zeros[256];
    wr_str(w, ",\"");
    wr_str(w, name);
    wr_str(w, "\":");
    put_hex(w, span_of(zeros, n));
}

/* A batch answer with a block of London that has number 5, state root 9, base fee 7 and nothing else but zeros. */
static struct span answer(const char *chain, const char *number, struct hash32 *ret_hash)
{
    struct header h = {.form = HEADER_LONDON, .number = 5, .state_root.bytes[31] = 9};
    h.base_fee = u256_from_u64(7);
    struct buf rlp;
    buf_init(&rlp, test_budget(), HEADER_LEN_MAX);
    EXPECT_OK(header_encode(&h, &rlp));
    keccak256(ret_hash, buf_span(&rlp));
    buf_done(&rlp);
    struct wr w = wr_init(MSPAN_OF(text));
    wr_str(&w, "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"hash\":");
    put_hex(&w, SPAN_OF(ret_hash->bytes));
    put_zeros(&w, "parentHash", 32);
    put_zeros(&w, "sha3Uncles", 32);
    put_zeros(&w, "miner", 20);
    wr_str(&w, ",\"stateRoot\":");
    put_hex(&w, SPAN_OF(h.state_root.bytes));
    put_zeros(&w, "transactionsRoot", 32);
    put_zeros(&w, "receiptsRoot", 32);
    put_zeros(&w, "logsBloom", 256);
    put_zeros(&w, "mixHash", 32);
    put_zeros(&w, "nonce", 8);
    wr_str(&w,
           ",\"difficulty\":\"0x0\",\"gasLimit\":\"0x0\",\"gasUsed\":\"0x0\",\"timestamp\":\"0x0\","
           "\"extraData\":\"0x\",\"baseFeePerGas\":\"0x7\",\"number\":");
    wr_str(&w, number);
    wr_str(&w, "}},{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":");
    wr_str(&w, chain);
    wr_str(&w, "}]");
    EXPECT(wr_ok(&w));
    return span_of(text, w.n);
}

TEST(a_block_is_what_its_hash_says)
{
    struct proven_head b = {0};
    struct hash32 hash;
    EXPECT_OK(anchor_read(&b, test_budget(), answer("\"0x7a69\"", "\"0x5\"", &hash), 31337));
    EXPECT_EQ(5, b.block.number);
    EXPECT_SPAN(SPAN_OF(hash.bytes), SPAN_OF(b.block.hash.bytes));
    EXPECT_EQ(9, b.state_root.bytes[31]);
    EXPECT(u256_equal(u256_from_u64(7), b.block.base_fee));
    b = (struct proven_head){0};
    EXPECT_ERR(ERR_AUTH,
               anchor_read(&b, test_budget(), answer("\"0x7a69\"", "\"0x6\"", &hash), 31337));
    EXPECT_ERR(ERR_AUTH,
               anchor_read(&b, test_budget(), answer("\"0x1\"", "\"0x5\"", &hash), 31337));
    EXPECT_EQ(0, b.block.number);
}

TEST(broken_answers)
{
    static const char *const cases[] = {
        "",
        "{}",
        "[]",
        "[1]",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"}",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"}]",
        "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null},{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":"
        "\"0x7a69\"}]",
        "[{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":1,\"message\":\"no\"}}]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct proven_head b;
        test_note("case %zu", i);
        EXPECT(anchor_read(&b, test_budget(), span_str(cases[i]), 31337) != OK);
    }
}

TEST(kinds)
{
    static struct network n;
    const struct anchor_else nothing = {0};
    const struct anchor_else own = {.has_own_node = true, .has_light = true};
    const struct anchor_else light = {.has_light = true};
    EXPECT_EQ(ANCHOR_NONE, anchor_kind(&n, nothing));
    text_set(n.anchor, sizeof n.anchor, SPAN_LIT("http://127.0.0.1:1"));
    EXPECT_EQ(ANCHOR_HEADER_SOURCE, anchor_kind(&n, nothing));
    EXPECT_EQ(ANCHOR_LIGHT_CLIENT, anchor_kind(&n, light));
    EXPECT_EQ(ANCHOR_NONE, anchor_kind(&n, own));
}

TEST_MAIN
