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

/* rho and pi walk one cycle through 24 of the 25 lanes: the lane reached and its rotation at each step. */
static const uint8_t pi_lane[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                    15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
static const uint8_t rho_bits[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                     27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

static inline uint64_t rotate(uint64_t v, unsigned bits)
{
    return (v << bits) | (v >> (64 - bits));
}

static void theta(uint64_t a[static 25])
{
    uint64_t column[5];
    for (size_t x = 0; x < 5; x++) {
        column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    for (size_t x = 0; x < 5; x++) {
        uint64_t d = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
        for (size_t y = 0; y < 25; y += 5) {
            a[x + y] ^= d;
        }
    }
}

static void rho_pi(uint64_t a[static 25])
{
    uint64_t carried = a[1];
    for (size_t i = 0; i < 24; i++) {
        uint64_t next = a[pi_lane[i]];
        a[pi_lane[i]] = rotate(carried, rho_bits[i]);
        carried = next;
    }
}

static void chi(uint64_t a[static 25])
{
    for (size_t y = 0; y < 25; y += 5) {
        uint64_t row[5];
        memcpy(row, a + y, sizeof row);
        for (size_t x = 0; x < 5; x++) {
            a[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
    }
}

static void permute(uint64_t a[static 25])
{
    for (size_t round = 0; round < ROUNDS_COUNT; round++) {
        theta(a);
        rho_pi(a);
        chi(a);
        a[0] ^= round_constants[round];
    }
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
