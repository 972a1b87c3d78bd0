#ifndef WALLET_RECORD_H
#define WALLET_RECORD_H

#include "codec/protobuf.h"
#include "evm/u256.h"
#include "wallet/text.h"

/* Fields of stored records, read with their limits: ERR_MALFORMED or ERR_LIMIT, and then out is untouched. */

/* record_text needs room for a NUL: at most cap - 1 bytes. */
MUST_CHECK enum err record_text(char *out, size_t cap, const struct protobuf_field *f);
MUST_CHECK enum err record_id(struct id *out, const struct protobuf_field *f);

/* record_fixed takes exactly out.n bytes. */
MUST_CHECK enum err record_fixed(struct mspan out, const struct protobuf_field *f);
MUST_CHECK enum err record_u64_max(uint64_t *out, const struct protobuf_field *f, uint64_t max);

/* A number as 32 bytes, big-endian; record_u256 takes shorter ones too. */
MUST_CHECK enum err record_u256(struct u256 *out, const struct protobuf_field *f);
void record_write_u256(struct wr *w, uint32_t number, struct u256 v);

#endif
