/* Secrets: wiping and constant-time comparison. */
#include "base/secret.h"

#include <string.h>

void wipe(struct mspan m)
{
    if (m.n) {
        explicit_bzero(m.p, m.n);
    }
}

void secret32_wipe(struct secret32 *s)
{
    explicit_bzero(s, sizeof *s);
}

void secret64_wipe(struct secret64 *s)
{
    explicit_bzero(s, sizeof *s);
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
