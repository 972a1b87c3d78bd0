/* Secrets: wiping and constant-time comparison. */
#include "base/secret.h"

#include <string.h>

void wipe(struct mspan m)
{
    if (m.n) {
        memset(m.p, 0, m.n);
        /* The compiler must assume that this reads the memory, so it cannot drop the memset. */
        __asm__ __volatile__("" : : "r"(m.p) : "memory");
    }
}

void secret32_wipe(struct secret32 *s)
{
    wipe(MSPAN_OF(s->bytes));
}

void secret64_wipe(struct secret64 *s)
{
    wipe(MSPAN_OF(s->bytes));
}

bool ct_equal(struct span a, struct span b)
{
    if (a.n != b.n) {
        return false;
    }
    volatile uint8_t diff = 0;
    for (size_t i = 0; i < a.n; i++) {
        diff = (uint8_t)(diff | (a.p[i] ^ b.p[i]));
    }
    return diff == 0;
}
