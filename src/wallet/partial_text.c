/* Operations that others are to sign, as text (docs/partial.md). */
#include "wallet/partial_text.h"

#include "base/rd.h"
#include "base/wr.h"
#include "codec/base64.h"

#define PARTIAL_PREFIX "passmesh-sign:"
enum { PARTIAL_VERSION = 1, PARTIAL_OPERATION = 5, CHECK_LEN = 4, HEAD_LEN = 2 };

static bool is_carried(const struct userop *op)
{
    return op->init_code.n == 0 && op->paymaster_and_data.n == 0;
}

static enum err write_bytes(struct buf *bytes, const struct partial *p)
{
    AUTO(buf_done) struct buf encoded;
    struct hash32 check;
    struct userop op = p->op;
    buf_init(&encoded, bytes->budget, PARTIAL_USEROP_LEN_MAX);
    op.signature = SPAN_EMPTY;
    TRY(userop_encode(&op, &encoded));
    struct wr w = wr_init_buf(bytes);
    wr_u8(&w, PARTIAL_VERSION);
    wr_u8(&w, PARTIAL_OPERATION);
    wr_be64(&w, p->chain_id);
    wr_be64(&w, p->expires_ms);
    wr_bytes(&w, buf_span(&encoded));
    TRY(wr_end(&w));
    sha256(&check, buf_span(bytes));
    return buf_append(bytes, span_of(check.bytes, CHECK_LEN));
}

enum err partial_print(struct buf *out, const struct partial *p)
{
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, out->budget, PARTIAL_BYTES_MAX);
    if (!is_carried(&p->op)) {
        return ERR_UNSUPPORTED;
    }
    TRY(write_bytes(&bytes, p));
    struct wr text = wr_init_buf(out);
    wr_str(&text, PARTIAL_PREFIX);
    base64_encode(&text, BASE64_URL_BARE, buf_span(&bytes));
    return wr_end(&text);
}

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum err make_dense(struct buf *dense, struct span text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && !is_white(text.p[i])) {
            continue;
        }
        TRY(buf_append(dense, span_of(text.p + from, i - from))); /* ERR_LIMIT over the longest */
        from = i + 1;
    }
    return OK;
}

/* Readers of the ABI pass over bytes that nothing points to: here is one form only. */
static enum err check_form(const struct userop *op, struct span encoded, struct budget *budget)
{
    AUTO(buf_done) struct buf again;
    buf_init(&again, budget, PARTIAL_USEROP_LEN_MAX);
    TRY(userop_encode(op, &again));
    return span_equal(buf_span(&again), encoded) ? OK : ERR_MALFORMED;
}

static enum err read_bytes(struct partial *ret, struct span bytes, struct budget *budget)
{
    struct hash32 check;
    struct partial p = {.chain_id = 0};
    if (bytes.n < HEAD_LEN + CHECK_LEN) {
        return ERR_MALFORMED;
    }
    struct span checked = span_first(bytes, bytes.n - CHECK_LEN);
    sha256(&check, checked);
    if (!span_equal(span_from(bytes, checked.n), span_of(check.bytes, CHECK_LEN))) {
        return ERR_MALFORMED;
    }
    struct rd r = rd_init(checked);
    uint8_t version = rd_u8(&r);
    uint8_t kind = rd_u8(&r);
    if (version != PARTIAL_VERSION || kind != PARTIAL_OPERATION) {
        return ERR_UNSUPPORTED;
    }
    p.chain_id = rd_be64(&r);
    p.expires_ms = rd_be64(&r);
    if (!rd_ok(&r) || p.chain_id == 0) {
        return ERR_MALFORMED;
    }
    TRY(userop_decode(&p.op, span_from(checked, HEAD_LEN + 16)));
    if (!is_carried(&p.op) || p.op.signature.n > 0 || address_is_zero(p.op.sender)) {
        return ERR_MALFORMED;
    }
    TRY(check_form(&p.op, span_from(checked, HEAD_LEN + 16), budget));
    *ret = p;
    return OK;
}

enum err partial_parse(struct partial *ret, struct buf *room, struct span text)
{
    AUTO(buf_done) struct buf dense;
    buf_init(&dense, room->budget, PARTIAL_TEXT_LEN_MAX);
    buf_clear(room);
    TRY(make_dense(&dense, text));
    struct span whole = buf_span(&dense);
    if (!span_starts_with(whole, SPAN_LIT(PARTIAL_PREFIX))) {
        return ERR_MALFORMED;
    }
    struct wr w = wr_init_buf(room);
    TRY(base64_decode(&w, BASE64_URL_BARE, span_from(whole, sizeof PARTIAL_PREFIX - 1)));
    TRY(wr_end(&w));
    return buf_span(room).n > PARTIAL_BYTES_MAX ? ERR_LIMIT
                                                : read_bytes(ret, buf_span(room), room->budget);
}

enum err partial_hash(struct hash32 *ret, const struct partial *p, const struct network *n)
{
    const struct userop_domain domain = {.entry_point = n->entry_point,
                                         .chain_id = u256_from_u64(n->chain_id)};
    return userop_hash(ret, &p->op, &domain);
}
