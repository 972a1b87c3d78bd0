/* Text encodings: what decodes encodes to the same text (hex apart from its case); any bytes survive all bases. */
#include "base/check.h"
#include "codec/base58.h"
#include "codec/multibase.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_then_encode(struct span text)
{
    uint8_t bytes[512];
    uint8_t again[1024];
    struct wr b = wr_init(MSPAN_OF(bytes));
    if (multibase_decode(&b, text) != OK) {
        return;
    }
    struct wr t = wr_init(MSPAN_OF(again));
    multibase_encode(&t, (enum multibase)text.p[0], span_of(bytes, b.n));
    check(wr_end(&t) == OK);
    bool is_hex = text.p[0] == 'f' || text.p[0] == 'F';
    check(is_hex ? t.n == text.n : span_equal(text, span_of(again, t.n)));
}

static void encode_then_decode(char prefix, struct span in)
{
    uint8_t text[512];
    uint8_t back[BASE58_BYTES_MAX];
    struct wr t = wr_init(MSPAN_OF(text));
    struct wr b = wr_init(MSPAN_OF(back));
    multibase_encode(&t, (enum multibase)prefix, in);
    check(multibase_decode(&b, span_of(text, t.n)) == OK);
    check(span_equal(in, span_of(back, b.n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char prefixes[] = "fFbBkzmMuU";
    struct span in = span_of(data, size);
    if (size <= 512) {
        decode_then_encode(in);
    }
    if (size > 0) { /* one base for each input: base58 takes the square of the length */
        encode_then_decode(prefixes[data[0] % (sizeof prefixes - 1)],
                           span_first(in, BASE58_BYTES_MAX));
    }
    return 0;
}
