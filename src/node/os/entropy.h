#ifndef NODE_ENTROPY_H
#define NODE_ENTROPY_H

#include "base/err.h"
#include "base/rng.h"

/* The system's randomness as an rng. Every byte comes from the kernel, nothing is kept here. */
struct entropy {
    struct rng rng; /* give &e.rng to those who draw */
};

/* entropy_init waits until the kernel's generator is seeded (early in boot). ERR_IO: the kernel has no
 * getrandom. After OK, drawing cannot fail. */
MUST_CHECK enum err entropy_init(struct entropy *e);

#endif
