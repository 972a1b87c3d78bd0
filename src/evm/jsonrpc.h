#ifndef EVM_JSONRPC_H
#define EVM_JSONRPC_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "codec/json.h"
#include "evm/address.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stdint.h>

/* JSON-RPC 2.0 as Ethereum nodes speak it, from the side of the one who asks. Quantities are 0x and
 * hexadecimal digits without a leading zero; data is 0x and two digits a byte. */

/* A request: jsonrpc_request_begin opens the object and its params; put the parameters with the json_put and
 * jsonrpc_put functions; jsonrpc_request_end closes both. A batch is such requests between
 * json_put_array and json_end_array. */
void jsonrpc_request_begin(struct json_writer *j, uint64_t id, const char *method);
void jsonrpc_request_end(struct json_writer *j);

void jsonrpc_put_quantity(struct json_writer *j, struct u256 v);
void jsonrpc_put_u64(struct json_writer *j, uint64_t v);
void jsonrpc_put_data(struct json_writer *j, struct span bytes);
void jsonrpc_put_address(struct json_writer *j, struct address a); /* EIP-55 */

/* A response: result, or an error with code and message. Its values are views into the text. */
struct jsonrpc_response {
    bool has_id; /* false: null, which only an error may have */
    uint64_t id;
    bool is_error;
    struct json result;  /* if not is_error */
    int64_t code;        /* if is_error, as the next two */
    struct json message; /* a string */
    struct json data;    /* raw is empty if there is none */
};

/* jsonrpc_response_parse takes one response; jsonrpc_response_read one element of a batch that was parsed.
 * Strict: version 2.0, our kind of id (a number), exactly one of result and error. Unknown members are
 * ignored. ERR_MALFORMED, or ERR_LIMIT of the JSON reader. why may be NULL. */
MUST_CHECK enum err
jsonrpc_response_parse(struct jsonrpc_response *ret, struct span text, struct diag *why);
MUST_CHECK enum err
jsonrpc_response_read(struct jsonrpc_response *ret, struct json v, struct diag *why);

/* jsonrpc_batch_parse takes an array of responses (walk it with json_iterate and jsonrpc_response_read)
 * or a single error, which a node may answer to a whole batch: then *ret_single is true. */
MUST_CHECK enum err
jsonrpc_batch_parse(struct json *ret_batch, bool *ret_single, struct span text, struct diag *why);

/* jsonrpc_response_revert writes the bytes of a revert that an error carries: as data, or as data.data, as
 * nodes differ. ERR_NOT_FOUND if it carries none; ERR_LIMIT: w is full. */
MUST_CHECK enum err jsonrpc_response_revert(struct wr *w, const struct jsonrpc_response *r);

/* Values: ERR_MALFORMED if v is not exactly that. */
MUST_CHECK enum err jsonrpc_get_quantity(struct u256 *ret, struct json v);
MUST_CHECK enum err jsonrpc_get_u64(uint64_t *ret, struct json v);
MUST_CHECK enum err jsonrpc_get_data(struct wr *w, struct json v);
MUST_CHECK enum err jsonrpc_get_fixed(struct mspan out, struct json v);
MUST_CHECK enum err jsonrpc_get_address(struct address *ret, struct json v);

/* jsonrpc_data_len is the number of bytes that data v holds, or ERR_MALFORMED. */
MUST_CHECK enum err jsonrpc_data_len(size_t *ret, struct json v);

/* The same for a member of an object: ERR_NOT_FOUND if it is missing or null. */
/* jsonrpc_is_known_already: do these words of a refusal say that the node has the transaction? Nodes say so in two ways. */
bool jsonrpc_is_known_already(struct span words);

MUST_CHECK enum err jsonrpc_find_quantity(struct u256 *ret, struct json v, const char *name);
MUST_CHECK enum err jsonrpc_find_u64(uint64_t *ret, struct json v, const char *name);
MUST_CHECK enum err jsonrpc_find_fixed(struct mspan out, struct json v, const char *name);
MUST_CHECK enum err jsonrpc_find_address(struct address *ret, struct json v, const char *name);

#endif
