/* Transactions and receipts as a node gives them: what is made of any JSON object is RLP, behind a type's byte or not. */
#include "base/buf.h"
#include "base/check.h"
#include "evm/receipt_json.h"
#include "evm/rlp.h"
#include "evm/tx_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(enum err err, const struct buf *out)
{
    if (err != OK) {
        return;
    }
    struct span item = buf_span(out);
    check(item.n > 0);
    if (item.p[0] < 0x80) {
        item = span_from(item, 1);
    }
    check(rlp_check(item, 8) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json v;
    if (json_parse(&v, span_of(data, size), NULL) != OK) {
        return 0;
    }
    struct budget budget;
    struct buf out;
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    buf_init(&out, &budget, 1 << 16);
    check_item(tx_json_encode(&out, v), &out);
    buf_clear(&out);
    check_item(receipt_json_encode(&out, v), &out);
    buf_done(&out);
    budget_done(&budget);
    return 0;
}
