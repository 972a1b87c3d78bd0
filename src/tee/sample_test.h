#ifndef TEE_SAMPLE_TEST_H
#define TEE_SAMPLE_TEST_H

#include "codec/json.h"
#include "tee/dcap.h"
#include "tee/evidence.h"

/* Published samples below $PASSMESH_FIXTURES/tee, and what their index says about them. */

/* sample_cases gives the cases of one kind, one after the other: *next starts at 0. False at the end, or if there are no
 * fixtures (then the test is marked as skipped). */
bool sample_next(size_t *next, struct json *ret_case, const char *kind);

/* sample_text is a member of a case as a string in static memory; "" if there is none. */
const char *sample_text(struct json c, const char *member);

/* sample_file reads the file that a member names. */
bool sample_file(struct span *ret, struct json c, const char *member);

/* sample_time is the time of a case. */
walltime sample_time(struct json c);

/* sample_collateral reads a bundle; its texts live until the test ends. */
bool sample_collateral(struct dcap_texts *ret, struct json c);

/* sample_snp gives the report of a case of a Milan chip as evidence, with the certificates that a host gives: VCEK, ASK and ARK. False: as sample_next. */
bool sample_snp(struct evidence *ret, struct json *ret_case, const char *id);

#endif
