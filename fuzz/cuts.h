#ifndef FUZZ_CUTS_H
#define FUZZ_CUTS_H

#include "base/budget.h"
#include "base/check.h"
#include "base/rng.h"
#include "base/span.h"

#include <stdint.h>

/* For engines: the same input whole, cut anywhere, and with little memory. The first byte of the input is the seed of the cuts,
 * the second chooses a limit, the third the budget of the last run; what follows are the bytes from the other side. */
struct cuts {
    struct budget budget;
    uint8_t choice; /* the second byte */
};

/* cuts_piece is how much of input comes next: all, or with rng 1 to max bytes. */
static inline struct span cuts_piece(struct span input, struct rng *rng, size_t max)
{
    return span_first(input, rng ? (size_t)(1 + rng_below(rng, max)) : input.n);
}

/* cuts_try runs the engine three times. run (its budget is c->budget, and must be unused when it returns) leaves what came of it
 * in outcome; same compares those of the first two. memory_unit: bytes of the last run's budget for each step of the
 * third byte. */
struct cuts_engine {
    void (*run)(struct cuts *c, struct span input, struct rng *cuts, void *outcome);
    void (*same)(const void *whole, const void *cut);
    void *whole; /* two outcomes */
    void *cut;
    size_t memory_unit;
};

static inline void cuts_try(const uint8_t *data, size_t size, const struct cuts_engine *e)
{
    struct cuts c;
    struct rng_seeded rng;
    if (size < 3) {
        return;
    }
    budget_init(&c.budget, NULL, "fuzz", (size_t)1 << 22);
    rng_seeded_init(&rng, data[0]);
    c.choice = data[1];
    struct span input = span_of(data + 3, size - 3);
    e->run(&c, input, NULL, e->whole);
    check(c.budget.used == 0);
    e->run(&c, input, &rng.rng, e->cut);
    check(c.budget.used == 0);
    e->same(e->whole, e->cut);
    c.budget.limit = data[2] * e->memory_unit;
    e->run(&c, input, &rng.rng, e->cut);
    check(c.budget.used == 0);
}

#endif
