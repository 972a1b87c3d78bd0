/* Operations that others are to sign, as text and as the bytes in it. What is read is printed as it was, but for white space, and its calls are put
 * into words. */
#include "base/buf.h"
#include "base/check.h"
#include "codec/base64.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "wallet/partial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const struct partial *p)
{
    static const struct network n = {.chain_id = 1};
    struct smart_call calls[PARTIAL_CALL_COUNT_MAX];
    struct partial_call one;
    struct hash32 hash;
    size_t count = partial_calls(calls, p);
    check(count <= PARTIAL_CALL_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        partial_call_read(&one, p, &n, &calls[i]);
        check(one.what < PARTIAL_WHAT_COUNT);
        check(one.what != PARTIAL_UNKNOWN || one.is_danger);
    }
    (void)!partial_hash(&hash, p, &n);
}

static void check_text(struct span in)
{
    struct budget budget;
    struct buf room;
    struct buf again_room;
    struct buf text;
    struct partial p;
    struct partial again;
    budget_init(&budget, NULL, "fuzz", 1 << 18);
    buf_init(&room, &budget, PARTIAL_BYTES_MAX);
    buf_init(&again_room, &budget, PARTIAL_BYTES_MAX);
    buf_init(&text, &budget, PARTIAL_TEXT_LEN_MAX);
    if (partial_parse(&p, &room, in) == OK) {
        check(partial_print(&text, &p) == OK);
        check(partial_parse(&again, &again_room, buf_span(&text)) == OK);
        check(span_equal(buf_span(&room), buf_span(&again_room)));
        check_words(&p);
    }
    buf_done(&text);
    buf_done(&again_room);
    buf_done(&room);
    budget_done(&budget);
}

/* The text of these bytes, its check made right: no fuzzer guesses that. */
static void check_bytes(struct span in)
{
    enum { CHECK_LEN = 4 };
    static char text[2 * PARTIAL_TEXT_LEN_MAX];
    static uint8_t bytes[PARTIAL_BYTES_MAX];
    struct hash32 hash;
    struct wr out = wr_init(MSPAN_OF(text));
    if (in.n > sizeof bytes - CHECK_LEN) {
        return;
    }
    sha256(&hash, in);
    struct wr bytes_out = wr_init(MSPAN_OF(bytes));
    wr_bytes(&bytes_out, in);
    wr_bytes(&bytes_out, span_of(hash.bytes, CHECK_LEN));
    wr_str(&out, "passmesh-sign:");
    base64_encode(&out, BASE64_URL_BARE, span_of(bytes, bytes_out.n));
    check_text(span_of((const uint8_t *)text, out.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    if (crypto_init() != OK) {
        return 0;
    }
    check_text(in);
    check_bytes(in);
    return 0;
}
