/* RLP: whatever the decoder takes, written again from its items, is the same bytes. */
#include "base/buf.h"
#include "base/check.h"
#include "evm/rlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy_items(struct rlp_wr *w, struct span rest, unsigned depth)
{
    while (rest.n > 0) {
        struct rlp_item item;
        check(rlp_next(&item, &rest) == OK);
        if (item.is_list && depth + 1 < RLP_WR_DEPTH_MAX) {
            rlp_wr_list_begin(w);
            copy_items(w, item.payload, depth + 1);
            rlp_wr_list_end(w);
        } else if (item.is_list) {
            rlp_wr_raw(w, item.encoded);
        } else {
            rlp_wr_bytes(w, item.payload);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct rlp_rd r = rlp_rd_list(in);
    (void)rlp_rd_u64(&r);
    (void)rlp_rd_u256(&r);
    (void)rlp_rd_bytes(&r);
    (void)rlp_rd_sublist(&r);
    if (rlp_check(in, RLP_DEPTH_MAX) != OK) {
        return 0;
    }
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", 4 << 20);
    struct buf out;
    buf_init(&out, &budget, 2 << 20);
    struct rlp_wr w = rlp_wr_init(&out);
    copy_items(&w, in, 0);
    check(rlp_wr_end(&w) == OK);
    check(span_equal(in, buf_span(&out)));
    buf_done(&out);
    budget_done(&budget);
    return 0;
}
