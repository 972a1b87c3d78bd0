#ifndef EVM_TX_JSON_H
#define EVM_TX_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"

/* tx_json_encode appends a transaction as the trie of its block holds it, from the object that eth_getTransactionByHash and
 * full blocks give: legacy, EIP-2930, EIP-1559, EIP-4844, EIP-7702. Nothing is proven by it: its Keccak-256 must be the
 * hash that was asked for, or the whole list make the root of its block. ERR_NOT_FOUND: a field is missing;
 * ERR_MALFORMED: one is not what it should be; ERR_UNSUPPORTED: another type; ERR_LIMIT: out is full. After an
 * error out may hold a part. */
MUST_CHECK enum err tx_json_encode(struct buf *out, struct json tx);

#endif
