/* Requests for help and answers, as text and as the bytes in it, and signatures of guardians. What is read is printed as it was, but for white
 * space; no input holds a signature by a key that nobody has. */
#include "base/buf.h"
#include "base/check.h"
#include "codec/base64.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "evm/deployments.h"
#include "wallet/guardian_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is signed for practice is what is signed for nothing else, whatever stands in the request. */
static void check_practice(const struct help_request *r, const struct hash32 *hash)
{
    static const enum recovery_act acts[] = {RECOVERY_RECOVER, RECOVERY_CANCEL, RECOVERY_HOLD};
    for (size_t i = 0; r->act == RECOVERY_PRACTICE && i < sizeof acts / sizeof acts[0]; i++) {
        static struct help_request other;
        struct hash32 got;
        other = *r;
        other.act = acts[i];
        help_request_hash(&got, &other);
        check(!span_equal(SPAN_OF(got.bytes), SPAN_OF(hash->bytes)));
    }
}

static void check_text(struct span in)
{
    static struct help h;
    static struct help again;
    struct budget budget;
    struct buf text;
    if (help_parse(&h, in) != OK) {
        return;
    }
    budget_init(&budget, NULL, "fuzz", 1 << 16);
    buf_init(&text, &budget, HELP_TEXT_LEN_MAX);
    check(help_print(&text, &h) == OK);
    check(help_parse(&again, buf_span(&text)) == OK);
    check(h.kind == again.kind);
    if (h.kind == HELP_REQUEST) {
        struct hash32 a;
        struct hash32 b;
        help_request_hash(&a, &h.request);
        help_request_hash(&b, &again.request);
        check(span_equal(SPAN_OF(a.bytes), SPAN_OF(b.bytes)));
        check(h.request.act == again.request.act);
        check_practice(&h.request, &a);
    }
    if (h.kind == HELP_ANSWER) {
        (void)!guardian_verify(&h.answer.guardian, &h.answer.hash,
                               span_of(h.answer.signature, h.answer.signature_len));
    }
    buf_done(&text);
    budget_done(&budget);
}

/* The text of these bytes, its check made right: no fuzzer guesses that. */
static void check_bytes(struct span in)
{
    enum { CHECK_LEN = 4 };
    static char text[2 * HELP_TEXT_LEN_MAX];
    uint8_t bytes[HELP_BYTES_MAX];
    struct hash32 hash;
    struct wr out = wr_init(MSPAN_OF(text));
    if (in.n > sizeof bytes - CHECK_LEN) {
        return;
    }
    sha256(&hash, in);
    struct wr bytes_out = wr_init(MSPAN_OF(bytes));
    wr_bytes(&bytes_out, in);
    wr_bytes(&bytes_out, span_of(hash.bytes, CHECK_LEN));
    wr_str(&out, "passmesh-help:");
    base64_encode(&out, BASE64_URL_BARE, span_of(bytes, bytes_out.n));
    check_text(span_of((const uint8_t *)text, out.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    const struct hash32 hash = {{1}};
    const struct address nobody = {{1}};
    static const uint8_t no_point[64] = {1};
    struct smart_owner passkey = smart_owner_passkey(deployments.verifier.address, no_point,
                                                     SPAN_LIT("http://passmesh.localhost:7878"));
    struct smart_owner key = guardian_of_address(nobody);
    if (crypto_init() != OK) {
        return 0;
    }
    check_text(in);
    check_bytes(in);
    check(guardian_verify(&passkey, &hash, in) != OK);
    check(guardian_verify(&key, &hash, in) != OK);
    return 0;
}
