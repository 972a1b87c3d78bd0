/* Requests from a peer: decode, encode, decode again; and the gateway over the method and parameters. */
#include "base/buf.h"
#include "base/check.h"
#include "service/gateway.h"
#include "service/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct service_request r;
    struct diag why = {0};
    if (service_request_decode(&r, span_of(data, size), &why) != OK) {
        check(why.rule != NULL);
        return 0;
    }
    struct budget budget;
    struct buf out;
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    buf_init(&out, &budget, SERVICE_REQUEST_LEN_MAX + 64);
    if (service_request_encode(&r, &out) == OK) {
        struct service_request back;
        check(service_request_decode(&back, buf_span(&out), NULL) == OK);
        check(back.id == r.id && back.type == r.type && back.chain_id == r.chain_id);
    }
    buf_clear(&out);
    if (r.type == SERVICE_RPC) {
        struct gateway_ctx ctx = {
            .chain_id = 1, .head_number = 1000, .logs_blocks_max = 100, .scratch = &out};
        struct gateway_verdict v;
        why = (struct diag){0};
        enum err e = gateway_check(&v, &ctx, r.method, r.params, &why);
        check((e == OK) == (why.rule == NULL));
    }
    buf_done(&out);
    budget_done(&budget);
    return 0;
}
