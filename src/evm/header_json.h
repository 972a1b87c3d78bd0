#ifndef EVM_HEADER_JSON_H
#define EVM_HEADER_JSON_H

#include "base/err.h"
#include "codec/json.h"
#include "evm/header.h"

/* header_json_parse reads a block as eth_getBlockByHash gives it. Its form is that of the newest field that is there.
 * hash stays zero: encode the header and compare. ERR_NOT_FOUND: a field that every header has is missing;
 * ERR_MALFORMED: one is not what it should be. */
MUST_CHECK enum err header_json_parse(struct header *ret, struct json block);

#endif
