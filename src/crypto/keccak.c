/* Keccak-256: the sponge over Keccak-f[1600] with a rate of 136 bytes. */
#include "crypto/keccak.h"

#include "base/check.h"

#include <string.h>

enum { ROUNDS_COUNT = 24, RATE = 136 };

static const uint64_t round_constants[ROUNDS_COUNT] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

static inline uint64_t rotate(uint64_t v, unsigned bits)
{
    return (v << bits) | (v >> (64 - bits));
}

static inline void theta_row(uint64_t a[static 5], const uint64_t d[static 5])
{
    a[0] ^= d[0];
    a[1] ^= d[1];
    a[2] ^= d[2];
    a[3] ^= d[3];
    a[4] ^= d[4];
}

static inline void theta(uint64_t a[static 25])
{
    uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    const uint64_t d[5] = {c4 ^ rotate(c1, 1), c0 ^ rotate(c2, 1), c1 ^ rotate(c3, 1),
                           c2 ^ rotate(c4, 1), c3 ^ rotate(c0, 1)};
    theta_row(a, d);
    theta_row(a + 5, d);
    theta_row(a + 10, d);
    theta_row(a + 15, d);
    theta_row(a + 20, d);
}

/* Each lane turned by its own count (rho) and moved to its new place (pi), written out: with tables the compiler cannot
 * keep the lanes in registers, and the whole is five times as slow. */
static inline void rho_pi(uint64_t b[static 25], const uint64_t a[static 25])
{
    b[0] = a[0];
    b[1] = rotate(a[6], 44);
    b[2] = rotate(a[12], 43);
    b[3] = rotate(a[18], 21);
    b[4] = rotate(a[24], 14);
    b[5] = rotate(a[3], 28);
    b[6] = rotate(a[9], 20);
    b[7] = rotate(a[10], 3);
    b[8] = rotate(a[16], 45);
    b[9] = rotate(a[22], 61);
    b[10] = rotate(a[1], 1);
    b[11] = rotate(a[7], 6);
    b[12] = rotate(a[13], 25);
    b[13] = rotate(a[19], 8);
    b[14] = rotate(a[20], 18);
    b[15] = rotate(a[4], 27);
    b[16] = rotate(a[5], 36);
    b[17] = rotate(a[11], 10);
    b[18] = rotate(a[17], 15);
    b[19] = rotate(a[23], 56);
    b[20] = rotate(a[2], 62);
    b[21] = rotate(a[8], 55);
    b[22] = rotate(a[14], 39);
    b[23] = rotate(a[15], 41);
    b[24] = rotate(a[21], 2);
}

static inline void chi_row(uint64_t a[static 5], const uint64_t b[static 5])
{
    a[0] = b[0] ^ (~b[1] & b[2]);
    a[1] = b[1] ^ (~b[2] & b[3]);
    a[2] = b[2] ^ (~b[3] & b[4]);
    a[3] = b[3] ^ (~b[4] & b[0]);
    a[4] = b[4] ^ (~b[0] & b[1]);
}

static void permute(uint64_t state[static 25])
{
    uint64_t a[25];
    uint64_t b[25];
    memcpy(a, state, sizeof a);
    for (size_t round = 0; round < ROUNDS_COUNT; round++) {
        theta(a);
        rho_pi(b, a);
        chi_row(a, b);
        chi_row(a + 5, b + 5);
        chi_row(a + 10, b + 10);
        chi_row(a + 15, b + 15);
        chi_row(a + 20, b + 20);
        a[0] ^= round_constants[round];
    }
    memcpy(state, a, sizeof a);
}

/* The state is little-endian by the reference; written so that it holds on any machine. */
static void absorb_byte(struct keccak256 *k, uint8_t byte)
{
    k->lanes[k->fill / 8] ^= (uint64_t)byte << (8 * (k->fill % 8));
    k->fill++;
    if (k->fill == RATE) {
        permute(k->lanes);
        k->fill = 0;
    }
}

static uint64_t le64(const uint8_t *p)
{
    uint64_t v = 0;
    for (size_t i = 8; i-- > 0;) {
        v = (v << 8) | p[i];
    }
    return v;
}

void keccak256_init(struct keccak256 *k)
{
    *k = (struct keccak256){0};
}

void keccak256_add(struct keccak256 *k, struct span data)
{
    check(k->fill < RATE);
    while (data.n > 0 && k->fill != 0) {
        absorb_byte(k, data.p[0]);
        data = span_from(data, 1);
    }
    for (; data.n >= RATE; data = span_from(data, RATE)) {
        for (size_t i = 0; i < RATE / 8; i++) {
            k->lanes[i] ^= le64(data.p + 8 * i);
        }
        permute(k->lanes);
    }
    for (size_t i = 0; i < data.n; i++) {
        absorb_byte(k, data.p[i]);
    }
}

void keccak256_end(struct keccak256 *k, struct hash32 *ret_hash)
{
    /* SPEC Keccak-reference §"1.1.2": pad10*1, bits counted from the least significant; FIPS 202 later
     * put two more bits before it, which is why SHA3-256 differs. */
    k->lanes[k->fill / 8] ^= (uint64_t)0x01 << (8 * (k->fill % 8));
    k->lanes[RATE / 8 - 1] ^= (uint64_t)0x80 << 56;
    permute(k->lanes);
    for (size_t i = 0; i < sizeof ret_hash->bytes; i++) {
        ret_hash->bytes[i] = (uint8_t)(k->lanes[i / 8] >> (8 * (i % 8)));
    }
    *k = (struct keccak256){0};
}

void keccak256_of(struct hash32 *ret_hash, const struct span *parts, size_t parts_count)
{
    struct keccak256 k;
    keccak256_init(&k);
    for (size_t i = 0; i < parts_count; i++) {
        keccak256_add(&k, parts[i]);
    }
    keccak256_end(&k, ret_hash);
}

void keccak256(struct hash32 *ret_hash, struct span data)
{
    keccak256_of(ret_hash, &data, 1);
}
