/* Varints: what decodes encodes to the same bytes, and byte by byte gives the same answer. */
#include "base/check.h"
#include "codec/uvarint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    uint64_t value = 0;
    size_t len = 0;
    enum err whole = uvarint_decode(&value, &len, in);
    struct uvarint_state state = {0};
    uint64_t stepped = 0;
    enum err e = ERR_TRUNCATED;
    for (size_t i = 0; i < size && e == ERR_TRUNCATED; i++) {
        e = uvarint_step(&state, &stepped, data[i]);
    }
    check(e == whole);
    if (whole == OK) {
        uint8_t again[UVARINT_LEN_MAX];
        check(stepped == value);
        check(uvarint_len(value) == len);
        check(span_equal(span_of(again, uvarint_encode(again, value)), span_first(in, len)));
    }
    return 0;
}
