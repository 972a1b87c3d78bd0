/* Randomness from getrandom(2). */
#include "node/os/entropy.h"

#include "base/check.h"

#include <errno.h>
#include <sys/random.h>

enum {
    REQUEST_MAX = 256
}; /* up to this many bytes the kernel answers whole and without signals between */

static bool entropy_draw(struct mspan out)
{
    while (out.n > 0) {
        size_t n = out.n < REQUEST_MAX ? out.n : REQUEST_MAX;
        ssize_t got = getrandom(out.p, n, 0);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        out = mspan_from(out, got > 0 ? (size_t)got : 0);
    }
    return true;
}

static void entropy_fill(struct rng *self, struct mspan out)
{
    (void)self;
    check(entropy_draw(out)); /* entropy_init has seen it work */
}

enum err entropy_init(struct entropy *e)
{
    uint8_t probe[1];
    if (!entropy_draw(MSPAN_OF(probe))) {
        return ERR_IO;
    }
    e->rng.fill = entropy_fill;
    return OK;
}
