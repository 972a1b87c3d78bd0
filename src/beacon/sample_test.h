#ifndef BEACON_SAMPLE_TEST_H
#define BEACON_SAMPLE_TEST_H

#include "base/span.h"
#include "beacon/lc_message.h"
#include "codec/json.h"

/* Reading the samples of consensus chains: SSZ in snappy, the JSON of the beacon interface, values in YAML. What is not as
 * it should be fails the running test. Spans live until the test ends. */

/* sample_unsnap unpacks the raw snappy format. */
struct span sample_unsnap(struct span packed);

/* sample_value gives what stands behind "KEY:" in a YAML text, without quotes; empty if it is not there. */
struct span sample_value(struct span text, const char *key);
uint64_t sample_number(struct span decimal);
struct hash32 sample_hash(struct span hex); /* 0x and 64 digits */

/* sample_update reads an update of any form, sample_bootstrap a bootstrap: the member "data" of the answer. Committees are copied to room. */
struct span sample_committee(struct mspan room, struct json v);
void sample_update(struct lc_update *ret_update, struct mspan room, struct json data);
void sample_bootstrap(struct lc_bootstrap *ret_bootstrap, struct mspan room, struct json data);

#endif
