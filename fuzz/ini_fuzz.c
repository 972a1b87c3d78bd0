/* INI text: each entry lies inside the input, and reading ends. */
#include "base/check.h"
#include "codec/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ini ini = ini_init(span_of(data, size));
    struct ini_entry e;
    while (ini_next(&ini, &e, NULL) == OK) {
        check(e.key.n > 0);
        check(e.key.p >= data);
        check(e.value.n <= size);
        check(e.line <= INI_LINE_COUNT_MAX);
    }
    return 0;
}
