#ifndef TEE_MEASUREMENTS_H
#define TEE_MEASUREMENTS_H

#include "codec/json.h"
#include "tee/appraisal.h"

/* A set of measurements in a file: a JSON object of their names (measurement_name) and their values in hexadecimal. */

/* measurements_check accepts a set of at least one known name, each value of 1 to MEASUREMENT_LEN_MAX bytes. Any error:
 * refuse the file. */
MUST_CHECK enum err measurements_check(struct json set);

/* measurements_match tells whether each value of a checked set stands in the appraisal. */
bool measurements_match(struct json set, const struct appraisal *a);

#endif
