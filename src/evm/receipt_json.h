#ifndef EVM_RECEIPT_JSON_H
#define EVM_RECEIPT_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"

/* receipt_json_encode appends a receipt as the trie of its block holds it, from the object that eth_getTransactionReceipt and
 * eth_getBlockReceipts give. Nothing is proven by it: the whole list must make the root of its block. ERR_NOT_FOUND: a
 * field is missing; ERR_MALFORMED: one is not what it should be; ERR_UNSUPPORTED: a type over RECEIPT_TYPE_MAX; ERR_LIMIT:
 * out is full. After an error out may hold a part. */
MUST_CHECK enum err receipt_json_encode(struct buf *out, struct json receipt);

#endif
