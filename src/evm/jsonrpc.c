/* JSON-RPC 2.0 (jsonrpc.org) with the encodings of ethereum/execution-apis. */
#include "evm/jsonrpc.h"

#include "codec/base16.h"

#include <string.h>

void jsonrpc_request_begin(struct json_writer *j, uint64_t id, const char *method)
{
    json_put_object(j);
    json_put_name(j, "jsonrpc");
    json_put_str(j, "2.0");
    json_put_name(j, "id");
    json_put_u64(j, id);
    json_put_name(j, "method");
    json_put_str(j, method);
    json_put_name(j, "params");
    json_put_array(j);
}

void jsonrpc_request_end(struct json_writer *j)
{
    json_end_array(j);
    json_end_object(j);
}

void jsonrpc_put_quantity(struct json_writer *j, struct u256 v)
{
    char text[U256_TEXT_LEN];
    size_t n = u256_print_hex(text, v);
    json_put_string(j, span_of(text, n));
}

void jsonrpc_put_u64(struct json_writer *j, uint64_t v)
{
    jsonrpc_put_quantity(j, u256_from_u64(v));
}

void jsonrpc_put_data(struct json_writer *j, struct span bytes)
{
    json_put_hex(j, bytes);
}

void jsonrpc_put_address(struct json_writer *j, struct address a)
{
    char text[ADDRESS_TEXT_LEN];
    address_print(text, a);
    json_put_str(j, text);
}

/* error_read reads the error object. */
MUST_CHECK static enum err error_read(struct jsonrpc_response *r, struct json v, struct diag *why)
{
    if (json_find_i64(&r->code, v, "code") != OK) {
        return diag_set(why, ERR_MALFORMED, "an error needs a code, an integer", 0);
    }
    if (!json_find(&r->message, v, "message") || r->message.type != JSON_STRING) {
        return diag_set(why, ERR_MALFORMED, "an error needs a message, a string", 0);
    }
    if (!json_find(&r->data, v, "data")) {
        r->data = (struct json){0};
    }
    return OK;
}

enum err jsonrpc_response_read(struct jsonrpc_response *ret, struct json v, struct diag *why)
{
    struct jsonrpc_response r = {0};
    struct json member;
    if (v.type != JSON_OBJECT) {
        return diag_set(why, ERR_MALFORMED, "a response is an object", 0);
    }
    if (!json_find(&member, v, "jsonrpc") || !json_string_equal(member, SPAN_LIT("2.0"))) {
        return diag_set(why, ERR_MALFORMED, "a response says jsonrpc 2.0", 0);
    }
    if (!json_find(&member, v, "id")) {
        return diag_set(why, ERR_MALFORMED, "a response has an id", 0);
    }
    r.has_id = member.type != JSON_NULL;
    if (r.has_id && json_get_u64(&r.id, member) != OK) {
        return diag_set(why, ERR_MALFORMED, "an id of ours is a number", 0);
    }
    bool has_result = json_find(&r.result, v, "result");
    bool has_error = json_find(&member, v, "error");
    /* SPEC jsonrpc/2.0 §"Response object": either result or error is there, not both; the id is null only in
     * an error about a request whose id could not be read. */
    if (has_result == has_error) {
        return diag_set(why, ERR_MALFORMED, "a response has either a result or an error", 0);
    }
    if (has_result && !r.has_id) {
        return diag_set(why, ERR_MALFORMED, "a result belongs to a request: its id is not null", 0);
    }
    r.is_error = has_error;
    if (has_error) {
        TRY(error_read(&r, member, why));
    }
    *ret = r;
    return OK;
}

enum err jsonrpc_response_parse(struct jsonrpc_response *ret, struct span text, struct diag *why)
{
    struct json root;
    TRY(json_parse(&root, text, why));
    return jsonrpc_response_read(ret, root, why);
}

enum err
jsonrpc_batch_parse(struct json *ret_batch, bool *ret_single, struct span text, struct diag *why)
{
    struct json root;
    TRY(json_parse(&root, text, why));
    if (root.type != JSON_ARRAY) {
        struct jsonrpc_response r = {0};
        TRY(jsonrpc_response_read(&r, root, why));
        if (!r.is_error) {
            return diag_set(why, ERR_MALFORMED, "a batch is answered by an array", 0);
        }
    }
    *ret_batch = root;
    *ret_single = root.type != JSON_ARRAY;
    return OK;
}

enum err jsonrpc_response_revert(struct wr *w, const struct jsonrpc_response *r)
{
    struct json data = r->data;
    if (!r->is_error || data.raw.n == 0) {
        return ERR_NOT_FOUND;
    }
    struct json inner;
    if (data.type == JSON_OBJECT && json_find(&inner, data, "data")) {
        data = inner;
    }
    size_t n;
    if (jsonrpc_data_len(&n, data) != OK) {
        return ERR_NOT_FOUND;
    }
    return jsonrpc_get_data(w, data);
}

enum err jsonrpc_get_quantity(struct u256 *ret, struct json v)
{
    struct span text;
    if (json_get_plain(&text, v) != OK) {
        return ERR_MALFORMED;
    }
    /* SPEC ethereum/execution-apis §"Hex value encoding": a quantity has no leading zero, and zero is 0x0. */
    if (text.n > 3 && text.p[2] == '0') {
        return ERR_MALFORMED;
    }
    return u256_parse_hex(ret, text) == OK ? OK : ERR_MALFORMED;
}

enum err jsonrpc_get_u64(uint64_t *ret, struct json v)
{
    struct u256 wide;
    TRY(jsonrpc_get_quantity(&wide, v));
    return u256_to_u64(ret, wide) == OK ? OK : ERR_MALFORMED;
}

enum err jsonrpc_data_len(size_t *ret, struct json v)
{
    struct span text;
    if (json_get_plain(&text, v) != OK || !span_starts_with(text, SPAN_LIT("0x")) ||
        text.n % 2 != 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 2; i < text.n; i++) {
        if (base16_digit(text.p[i]) < 0) {
            return ERR_MALFORMED;
        }
    }
    *ret = text.n / 2 - 1;
    return OK;
}

enum err jsonrpc_get_data(struct wr *w, struct json v)
{
    struct span text;
    if (json_get_plain(&text, v) != OK) {
        return ERR_MALFORMED;
    }
    return base16_decode_0x(w, text);
}

enum err jsonrpc_get_fixed(struct mspan out, struct json v)
{
    struct span text;
    if (json_get_plain(&text, v) != OK) {
        return ERR_MALFORMED;
    }
    return base16_decode_fixed_0x(out, text);
}

enum err jsonrpc_get_address(struct address *ret, struct json v)
{
    struct address a;
    TRY(jsonrpc_get_fixed(MSPAN_OF(a.bytes), v));
    *ret = a;
    return OK;
}

MUST_CHECK static enum err find(struct json *ret, struct json v, const char *name)
{
    return json_find(ret, v, name) && ret->type != JSON_NULL ? OK : ERR_NOT_FOUND;
}

enum err jsonrpc_find_quantity(struct u256 *ret, struct json v, const char *name)
{
    struct json member;
    TRY(find(&member, v, name));
    return jsonrpc_get_quantity(ret, member);
}

enum err jsonrpc_find_u64(uint64_t *ret, struct json v, const char *name)
{
    struct json member;
    TRY(find(&member, v, name));
    return jsonrpc_get_u64(ret, member);
}

enum err jsonrpc_find_fixed(struct mspan out, struct json v, const char *name)
{
    struct json member;
    TRY(find(&member, v, name));
    return jsonrpc_get_fixed(out, member);
}

enum err jsonrpc_find_address(struct address *ret, struct json v, const char *name)
{
    struct json member;
    TRY(find(&member, v, name));
    return jsonrpc_get_address(ret, member);
}

bool jsonrpc_is_known_already(struct span words)
{
    return span_starts_with(words, SPAN_LIT("already known")) ||
           span_starts_with(words, SPAN_LIT("transaction already imported"));
}
