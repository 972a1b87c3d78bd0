#ifndef NODE_API_RPC_H
#define NODE_API_RPC_H

#include "api_tables.h"
#include "base/span.h"
#include "base/wr.h"
#include "codec/json.h"
#include "wallet/coded.h"

/* What every local API has around its methods: the JSON-RPC request, the answer, and errors by their words (api/errors.json). */
enum { API_RPC_ID_LEN_MAX = 64 }; /* of the id's text */

struct api_rpc {
    struct json id;     /* a number or a text; id.raw is empty if there was none */
    struct json method; /* a text, if the request is one */
    struct json params;
};

/* api_rpc_read takes exactly jsonrpc, id, method, params. False with *ret_why: parse_error or invalid_request. */
bool api_rpc_read(struct api_rpc *ret, struct span text, struct coded *ret_why);

/* api_rpc_refuse_method says method_not_found, with its name. */
void api_rpc_refuse_method(struct coded *ret_why, struct json method);

/* api_rpc_error finds the error by its word; internal if there is none such. */
const struct api_error *api_rpc_error(const char *word);

/* {"code", "message", "data"}: the value of the member error. */
void api_rpc_put_error(struct json_writer *j, const struct coded *why);

/* A whole answer. id is the raw id, or empty. */
void api_rpc_write_error(struct wr *w, struct span id, const struct coded *why);
void api_rpc_write_result(struct wr *w, struct span id, struct span result);

#endif
