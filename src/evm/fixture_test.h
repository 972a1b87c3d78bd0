#ifndef EVM_FIXTURE_TEST_H
#define EVM_FIXTURE_TEST_H

#include "base/err.h"
#include "base/span.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "evm/mpt.h"
#include "evm/u256.h"

/* Reading the chain samples: JSON with hexadecimal strings. Spans live until the test ends. A value that is
 * absent or of another kind fails the running test and gives zeros. */
enum { FIXTURE_NODES_MAX = 64 };

struct json fixture_member(struct json v, const char *name);
struct span fixture_text(struct json v);
struct span fixture_hex(struct json v); /* 0x and an even or odd count of digits */
struct span fixture_bytes(struct json v, const char *name);
struct u256 fixture_u256(struct json v, const char *name);
uint64_t fixture_u64(struct json v, const char *name);
struct hash32 fixture_hash(struct json v, const char *name);
void fixture_fill(struct mspan out, struct json v, const char *name); /* exactly out.n bytes */

/* A member of contracts/deployments.json's vectors, which are made by viem or come from the contracts; false: the test has failed. */
MUST_CHECK bool fixture_vectors(struct json *ret, const char *name);

/* A proof, its nodes in room. */
struct mpt_proof fixture_proof(struct span room[static FIXTURE_NODES_MAX], struct json array);

#endif
