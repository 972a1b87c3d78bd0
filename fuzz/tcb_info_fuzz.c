/* TCB info and QE identity: what is accepted is within its limits, and level searches answer with a member of the list. */
#include "base/check.h"
#include "tee/tcb_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tcb_info t;
    static struct qe_identity q;
    static const uint8_t high[16] = {255, 1,   255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    size_t offset = 0;
    if (tcb_info_parse(&t, span_of(data, size), &offset) == OK) {
        struct tcb_numbers n = {SPAN_OF(high), 65535, SPAN_OF(high)};
        const struct tcb_level *l = tcb_info_level(&t, &n);
        check(t.levels_count <= TCB_LEVELS_MAX && t.modules_count <= TCB_MODULES_MAX);
        check(!l || (size_t)(l - t.levels) < t.levels_count);
        check(t.kind == TEE_SGX || tcb_info_module(&t, 0) == &t.modules[0]);
    }
    check(offset <= size);
    if (qe_identity_parse(&q, span_of(data, size), &offset) == OK) {
        const struct isv_level *l = isv_levels_find(&q.levels, 65535);
        check((l != NULL) == (q.levels.count > 0));
    }
    return 0;
}
