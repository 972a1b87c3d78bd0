#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/span.h"

/* Types for secrets. They are wiped by their destructor: AUTO(secret32_wipe) struct secret32 k; They
 * are never printed, never compared with == or memcmp, never copied by assignment outside crypto/. */
struct secret32 {
    uint8_t bytes[32];
};

struct secret64 {
    uint8_t bytes[64];
};

void secret32_wipe(struct secret32 *s);
void secret64_wipe(struct secret64 *s);

/* wipe clears memory in a way that the compiler keeps (explicit_bzero, for every platform). */
void wipe(struct mspan m);

/* ct_equal compares in time that depends on the lengths only. */
bool ct_equal(struct span a, struct span b);

#endif
