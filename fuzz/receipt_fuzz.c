/* Receipts: a receipt that is decoded has as many logs as it says, and their data lie inside it. Also withdrawals: what is
 * decoded, printed again, is the same bytes. */
#include "base/check.h"
#include "evm/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct withdrawal w;
    if (withdrawal_decode(&w, in) == OK) {
        uint8_t out[WITHDRAWAL_LEN_MAX];
        check(span_equal(in, span_of(out, withdrawal_print(out, &w))));
    }
    struct receipt r;
    if (receipt_decode(&r, in) != OK) {
        return 0;
    }
    (void)receipt_bloom_is_right(&r);
    size_t count = 0;
    for (struct span rest = r.logs; rest.n > 0; count++) {
        struct event_log log;
        check(log_next(&log, &rest) == OK);
        check(log.topics_count <= LOG_TOPICS_MAX);
        check(log.data.p + log.data.n <= in.p + in.n);
    }
    check(count == r.logs_count);
    return 0;
}
