/* Requests and answers of a local API. */
#include "node/api/api_rpc.h"

#include <string.h>

const struct api_error *api_rpc_error(const char *word)
{
    for (size_t i = 0; i < API_ERROR_COUNT; i++) {
        if (strcmp(api_errors[i].name, word) == 0) {
            return &api_errors[i];
        }
    }
    return &api_errors[API_ERROR_INTERNAL];
}

void api_rpc_put_error(struct json_writer *j, const struct coded *why)
{
    const struct api_error *e = api_rpc_error(why->code);
    json_put_object(j);
    json_put_name(j, "code");
    json_put_i64(j, e->number);
    json_put_name(j, "message");
    json_put_str(j, e->name);
    json_put_name(j, "data");
    json_put_object(j);
    json_put_name(j, "code");
    json_put_str(j, e->name);
    json_put_name(j, "params");
    json_put_object(j);
    for (size_t i = 0; i < why->param_count; i++) {
        json_put_name(j, why->params[i].key);
        json_put_str(j, why->params[i].value);
    }
    json_end_object(j);
    json_put_name(j, "next");
    json_put_array(j);
    for (size_t i = 0; i < 4 && e->next[i]; i++) {
        json_put_str(j, e->next[i]);
    }
    json_end_array(j);
    json_put_name(j, "blame");
    json_put_str(j, e->blame);
    json_end_object(j);
    json_end_object(j);
}

bool api_rpc_read(struct api_rpc *ret, struct span text, struct coded *ret_why)
{
    struct json root;
    struct json version;
    *ret = (struct api_rpc){.id = {.raw = SPAN_EMPTY}};
    if (json_parse(&root, text, NULL) != OK) {
        coded_set(ret_why, "parse_error");
        return false;
    }
    bool has_id = json_find(&ret->id, root, "id") &&
                  (ret->id.type == JSON_INT || ret->id.type == JSON_STRING) &&
                  ret->id.raw.n <= API_RPC_ID_LEN_MAX;
    if (!has_id) {
        ret->id.raw = SPAN_EMPTY;
    }
    if (root.type != JSON_OBJECT || !has_id || !json_find(&version, root, "jsonrpc") ||
        !json_string_equal(version, SPAN_LIT("2.0")) || !json_find(&ret->method, root, "method") ||
        !json_find(&ret->params, root, "params") || json_count(root) != 4) {
        coded_set(ret_why, "invalid_request");
        return false;
    }
    return true;
}

void api_rpc_refuse_method(struct coded *ret_why, struct json method)
{
    char name[CODED_VALUE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(name));
    enum err err = json_get_string(&w, method);
    coded_set(ret_why, "method_not_found");
    coded_add(ret_why, "method", span_of(name, err == OK ? w.n : 0));
}

static void begin(struct wr *w, struct span id, const char *member)
{
    wr_str(w, "{\"jsonrpc\":\"2.0\",\"id\":");
    wr_bytes(w, id.n ? id : SPAN_LIT("null"));
    wr_str(w, member);
}

void api_rpc_write_error(struct wr *w, struct span id, const struct coded *why)
{
    begin(w, id, ",\"error\":");
    struct json_writer j = json_writer_init(w);
    api_rpc_put_error(&j, why);
    wr_str(w, "}");
}

void api_rpc_write_result(struct wr *w, struct span id, struct span result)
{
    begin(w, id, ",\"result\":");
    wr_bytes(w, result);
    wr_str(w, "}");
}
