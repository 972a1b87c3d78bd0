/* Injected randomness, and the seeded generator of tests and simulator. */
#include "base/rng.h"

#include "base/check.h"

void rng_fill(struct rng *r, struct mspan out)
{
    check(r->fill);
    if (out.n) {
        r->fill(r, out);
    }
}

uint64_t rng_u64(struct rng *r)
{
    uint8_t b[8];
    rng_fill(r, MSPAN_OF(b));
    uint64_t v = 0;
    for (size_t i = 0; i < sizeof b; i++) {
        v = v << 8 | b[i];
    }
    return v;
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
    check(bound > 0);
    /* Draw again in the short last interval, so that every value is equally likely. */
    uint64_t reject_from = UINT64_MAX - UINT64_MAX % bound;
    uint64_t v;
    do {
        v = rng_u64(r);
    } while (v >= reject_from);
    return v % bound;
}

static uint64_t rotl(uint64_t x, unsigned k)
{
    return x << k | x >> (64 - k);
}

static uint64_t seeded_next(struct rng_seeded *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

static void seeded_fill(struct rng *self, struct mspan out)
{
    struct rng_seeded *r = (struct rng_seeded *)(void *)self;
    uint64_t word = 0;
    for (size_t i = 0; i < out.n; i++) {
        if (i % 8 == 0) {
            word = seeded_next(r);
        }
        out.p[i] = (uint8_t)(word >> (8 * (i % 8)));
    }
}

void rng_seeded_init(struct rng_seeded *r, uint64_t seed)
{
    r->rng.fill = seeded_fill;
    for (size_t i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ z >> 31;
    }
}
