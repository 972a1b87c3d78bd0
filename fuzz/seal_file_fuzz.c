/* The file beside a sealed store: what is read is written back the same. */
#include "base/check.h"
#include "node/keyd/seal_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seal_file f;
    static uint8_t room[SEAL_FILE_LEN_MAX];
    if (seal_file_read(&f, span_of(data, size)) != OK) {
        return 0;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    seal_file_write(&w, &f);
    check(wr_end(&w) == OK);
    check(span_equal(span_of(room, w.n), span_of(data, size)));
    return 0;
}
