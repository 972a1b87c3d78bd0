#ifndef TEE_UTC_H
#define TEE_UTC_H

#include "base/instant.h"
#include "base/span.h"

#include <stdbool.h>

/* Calendar time in UTC, as certificates and collateral write it; years 1970 to 9999. */
struct utc {
    unsigned year, month, day, hour, minute, second;
};

/* utc_seconds is false for a field out of its range; a 31st in a short month is taken as the day after its end. */
bool utc_seconds(walltime *ret, const struct utc *t);

/* utc_parse takes exactly "2025-06-19T10:16:03Z". */
bool utc_parse(walltime *ret, struct span text);

#endif
