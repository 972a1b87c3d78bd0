#ifndef WALLET_RECORD_H
#define WALLET_RECORD_H

#include "codec/protobuf.h"
#include "wallet/text.h"

/* Fields of stored records, read with their limits: ERR_MALFORMED or ERR_LIMIT, and then out is untouched. */

/* record_text needs room for a NUL: at most cap - 1 bytes. */
MUST_CHECK enum err record_text(char *out, size_t cap, const struct protobuf_field *f);
MUST_CHECK enum err record_id(struct id *out, const struct protobuf_field *f);

/* record_fixed takes exactly out.n bytes. */
MUST_CHECK enum err record_fixed(struct mspan out, const struct protobuf_field *f);
MUST_CHECK enum err record_u64_max(uint64_t *out, const struct protobuf_field *f, uint64_t max);

#endif
