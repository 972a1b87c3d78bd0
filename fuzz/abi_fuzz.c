/* ABI: the reader over any bytes, by a program of reads that the first bytes choose; revert data; user
 * operations, which come back as they went if they are in the form that we write. */
#include "base/buf.h"
#include "base/check.h"
#include "evm/abi.h"
#include "evm/revert.h"
#include "evm/userop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 8 };

static void read_some(struct abi_rd r, const uint8_t steps[static STEPS], struct span whole)
{
    for (size_t i = 0; i < STEPS; i++) {
        uint8_t bytes[32];
        size_t count;
        switch (steps[i] % 8) {
        case 0: (void)abi_rd_u256(&r); break;
        case 1: (void)abi_rd_uint(&r, 1U + steps[i] / 8U); break;
        case 2: (void)abi_rd_bool(&r); break;
        case 3: (void)abi_rd_address(&r); break;
        case 4: abi_rd_fixed(&r, mspan_of(bytes, 1U + steps[i] / 8U % 32U)); break;
        case 5: {
            struct span s = abi_rd_bytes(&r);
            check(s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n));
            break;
        }
        case 6: r = abi_rd_tuple(&r); break;
        default:
            r = abi_rd_array(&r, &count, 1U + steps[i] / 8U, 100);
            check(count <= 100);
            break;
        }
    }
}

static void check_userop(struct span in)
{
    struct userop op;
    struct userop back;
    struct address to;
    if (userop_decode(&op, in) != OK) {
        return;
    }
    struct budget budget;
    struct buf out;
    budget_init(&budget, NULL, "fuzz", 8 << 20);
    buf_init(&out, &budget, 4 << 20);
    check(userop_encode(&op, &out) == OK || in.n > 100000);
    buf_clear(&out);
    if (userop_encode_handle_ops(&op, op.sender, &out) == OK) {
        check(userop_decode_handle_ops(&back, &to, buf_span(&out)) == OK);
        check(span_equal(back.call_data, op.call_data));
    }
    struct hash32 h;
    struct userop_domain d = {.entry_point = userop_entry_point_08};
    (void)!userop_hash(&h, &op, &d);
    (void)userop_fee_max(&op);
    buf_done(&out);
    budget_done(&budget);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < STEPS) {
        return 0;
    }
    struct span in = span_of(data + STEPS, size - STEPS);
    read_some(abi_rd_init(in), data, in);
    struct revert rv = revert_decode(in);
    (void)revert_panic_text(rv.code);
    check_userop(in);
    struct address to;
    struct userop op;
    (void)!userop_decode_handle_ops(&op, &to, in);
    struct abi_type t;
    struct abi_array_type a;
    (void)!abi_type_parse(&t, in);
    (void)!abi_type_array(&a, in);
    return 0;
}
