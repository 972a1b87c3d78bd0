/* Transactions: what decodes encodes to the same bytes, and any signature ends in a sender or a refusal. */
#include "base/buf.h"
#include "base/check.h"
#include "evm/tx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tx tx;
    struct span raw = span_of(data, size);
    if (tx_decode(&tx, raw) != OK) {
        return 0;
    }
    struct budget budget;
    struct buf out;
    budget_init(&budget, NULL, "fuzz", 4 << 20);
    buf_init(&out, &budget, 2 << 20);
    check(tx_encode(&tx, &out) == OK);
    check(span_equal(raw, buf_span(&out)));
    struct address who;
    enum err e = tx_sender(&who, &tx, &out);
    check(e == OK || e == ERR_AUTH || e == ERR_STATE);
    struct tx_access access;
    while (tx_access_next(&access, &tx.access_list) == OK) {
        for (size_t i = 0; i < access.slots_count; i++) {
            check(tx_access_slot(&access, i).n == 32);
        }
    }
    struct tx_authorization auth;
    while (tx_authorization_next(&auth, &tx.authorizations) == OK) {
        e = tx_authorization_authority(&who, &auth);
        check(e == OK || e == ERR_AUTH);
    }
    (void)tx_cost_max(&tx);
    buf_done(&out);
    budget_done(&budget);
    return 0;
}
