/* Responses of a node, single and batch, and every value read as each kind. */
#include "base/buf.h"
#include "base/check.h"
#include "evm/jsonrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_value(struct json v)
{
    uint8_t bytes[64];
    struct wr w = wr_init(MSPAN_OF(bytes));
    struct u256 number;
    uint64_t small;
    size_t len;
    struct address a;
    (void)!jsonrpc_get_quantity(&number, v);
    (void)!jsonrpc_get_u64(&small, v);
    (void)!jsonrpc_get_address(&a, v);
    if (jsonrpc_data_len(&len, v) == OK && len <= sizeof bytes) {
        check(jsonrpc_get_data(&w, v) == OK);
        check(w.n == len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct jsonrpc_response r;
    struct diag why = {0};
    if (jsonrpc_response_parse(&r, text, &why) == OK) {
        uint8_t bytes[256];
        struct wr w = wr_init(MSPAN_OF(bytes));
        check(r.is_error || r.has_id);
        (void)!jsonrpc_response_revert(&w, &r);
        read_value(r.result);
    } else {
        check(why.rule != NULL);
    }
    struct json batch;
    bool is_single;
    if (jsonrpc_batch_parse(&batch, &is_single, text, NULL) == OK && !is_single) {
        struct json_iter it = json_iterate(batch);
        struct json v;
        while (json_next(&it, NULL, &v)) {
            (void)!jsonrpc_response_read(&r, v, NULL);
            read_value(v);
        }
    }
    return 0;
}
