#ifndef NODE_API_CHECK_H
#define NODE_API_CHECK_H

#include "base/err.h"
#include "codec/json.h"

#include <stdint.h>

/* Where a value breaks its schema (api/README.md, "Schema subset"). */
struct api_fault {
    char field[64]; /* path such as "assertion.signature"; cut */
    const char
        *rule; /* static word: missing, unknown, type, format, length, range, choice, count */
};

/* api_check holds v against node of the tables. ERR_MALFORMED with *ret_fault. */
MUST_CHECK enum err api_check(struct json v, uint16_t node, struct api_fault *ret_fault);

#endif
