#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/span.h"

/* Randomness, injected. The node gives one over the system's generator, tests and the simulator a
 * seeded one. Embed as first member of the real object. */
struct rng {
    void (*fill)(struct rng *self, struct mspan out);
};

void rng_fill(struct rng *r, struct mspan out);
uint64_t rng_u64(struct rng *r);

/* rng_below gives a uniform number in [0, bound); bound > 0. */
uint64_t rng_below(struct rng *r, uint64_t bound);

/* A generator whose whole output follows from its seed (xoshiro256**, Blackman and Vigna 2018; seeded
 * by splitmix64). Never for secrets outside tests and the simulator. */
struct rng_seeded {
    struct rng rng;
    uint64_t s[4];
};

void rng_seeded_init(struct rng_seeded *r, uint64_t seed);

#endif
