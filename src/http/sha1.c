/* SHA-1: FIPS 180-4 section 6.1. */
#include "http/sha1.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"

enum { BLOCK_LEN = 64 };

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t choose(unsigned t, const uint32_t v[static 5])
{
    if (t < 20) {
        return ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999;
    }
    if (t < 40) {
        return (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1;
    }
    if (t < 60) {
        return ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdc;
    }
    return (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
}

static void add_block(uint32_t state[static 5], struct span block)
{
    uint32_t w[80];
    struct rd r = rd_init(block);
    for (unsigned t = 0; t < 80; t++) {
        w[t] = t < 16 ? rd_be32(&r) : rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    uint32_t v[5] = {state[0], state[1], state[2], state[3], state[4]};
    for (unsigned t = 0; t < 80; t++) {
        uint32_t next = rotate(v[0], 5) + choose(t, v) + v[4] + w[t];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (unsigned i = 0; i < 5; i++) {
        state[i] += v[i];
    }
}

void sha1(uint8_t out[static SHA1_LEN], struct span in)
{
    check(in.n <= SHA1_IN_MAX);
    uint8_t padded[2 * BLOCK_LEN];
    size_t blocks_len = in.n + 9 <= BLOCK_LEN ? BLOCK_LEN : 2 * BLOCK_LEN;
    struct wr p = wr_init(mspan_of(padded, blocks_len));
    wr_bytes(&p, in);
    wr_u8(&p, 0x80);
    wr_zeros(&p, blocks_len - 8 - p.n);
    wr_be64(&p, 8 * (uint64_t)in.n);
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (size_t at = 0; at < blocks_len; at += BLOCK_LEN) {
        add_block(state, span_of(padded + at, BLOCK_LEN));
    }
    struct wr w = wr_init(mspan_of(out, SHA1_LEN));
    for (unsigned i = 0; i < 5; i++) {
        wr_be32(&w, state[i]);
    }
}
