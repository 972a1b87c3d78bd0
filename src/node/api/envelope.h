#ifndef NODE_ENVELOPE_H
#define NODE_ENVELOPE_H

#include "api_tables.h"
#include "base/span.h"
#include "base/wr.h"
#include "codec/json.h"
#include "wallet/coded.h"

/* What every local API has around its methods: the JSON-RPC request, the answer, and errors by their words (api/errors.json). */
enum { ENVELOPE_ID_LEN_MAX = 64 }; /* of the id's text */

struct envelope {
    struct json id;     /* a number or a text; id.raw is empty if there was none */
    struct json method; /* a text, if the request is one */
    struct json params;
};

/* envelope_read takes exactly jsonrpc, id, method, params. False with *ret_why: parse_error or invalid_request. */
bool envelope_read(struct envelope *ret, struct span text, struct coded *ret_why);

/* envelope_refuse_method says method_not_found, with its name. */
void envelope_refuse_method(struct coded *ret_why, struct json method);

/* envelope_error finds the error by its word; internal if there is none such. */
const struct api_error *envelope_error(const char *word);

/* {"code", "message", "data"}: the value of the member error. */
void envelope_put_error(struct json_writer *j, const struct coded *why);

/* A whole answer. id is the raw id, or empty. */
void envelope_write_error(struct wr *w, struct span id, const struct coded *why);
void envelope_write_result(struct wr *w, struct span id, struct span result);

#endif
