/* RLP (Ethereum yellow paper, appendix B).
 *
 *   00..7f          one byte, itself
 *   80..b7          string of 0..55 bytes        b8..bf   string, 1..8 bytes of length
 *   c0..f7          list, 0..55 bytes payload    f8..ff   list, 1..8 bytes of length
 */
#include "evm/rlp.h"

#include "base/check.h"

#include <string.h>

enum { SHORT_MAX = 55, STRING_BASE = 0x80, LIST_BASE = 0xc0 };

/* long_len reads the n bytes of length that follow the first byte of in. */
MUST_CHECK static enum err long_len(size_t *ret, struct span in, size_t n)
{
    if (in.n < 1 + n) {
        return ERR_TRUNCATED;
    }
    uint64_t len = 0;
    for (size_t i = 0; i < n; i++) {
        len = len << 8 | in.p[1 + i];
    }
    /* SPEC ethereum/yellowpaper §"Appendix B. Recursive Length Prefix": a length has no leading zero, and
     * the long form is only for payloads over 55 bytes. */
    if (in.p[1] == 0 || len <= SHORT_MAX) {
        return ERR_MALFORMED;
    }
    if (len > SIZE_MAX / 2) {
        return ERR_TRUNCATED;
    }
    *ret = (size_t)len;
    return OK;
}

enum err rlp_next(struct rlp_item *ret_item, struct span *in)
{
    if (in->n == 0) {
        return ERR_TRUNCATED;
    }
    uint8_t first = in->p[0];
    if (first < STRING_BASE) {
        struct span byte = span_take(in, 1);
        *ret_item = (struct rlp_item){.payload = byte, .encoded = byte};
        return OK;
    }
    bool is_list = first >= LIST_BASE;
    size_t code = (size_t)first - (is_list ? LIST_BASE : STRING_BASE);
    size_t prefix = 1;
    size_t len = code;
    if (code > SHORT_MAX) {
        size_t n = code - SHORT_MAX;
        TRY(long_len(&len, *in, n));
        prefix += n;
    }
    if (in->n - prefix < len) {
        return ERR_TRUNCATED;
    }
    /* SPEC ethereum/yellowpaper §"Appendix B. Recursive Length Prefix": a byte below 0x80 is its own
     * encoding and takes no prefix. */
    if (!is_list && len == 1 && in->p[prefix] < STRING_BASE) {
        return ERR_MALFORMED;
    }
    struct span encoded = span_take(in, prefix + len);
    *ret_item = (struct rlp_item){
        .is_list = is_list, .payload = span_from(encoded, prefix), .encoded = encoded};
    return OK;
}

enum err rlp_check(struct span in, unsigned depth_max)
{
    check(depth_max >= 1);
    check(depth_max <= RLP_DEPTH_MAX);
    struct span rests[RLP_DEPTH_MAX + 1] = {in};
    unsigned depth = 0; /* rests[depth] is being read */
    struct rlp_item item;
    TRY(rlp_next(&item, &rests[0]));
    if (rests[0].n > 0) {
        return ERR_MALFORMED; /* something behind the item */
    }
    if (item.is_list) {
        rests[++depth] = item.payload;
    }
    while (depth > 0) {
        if (rests[depth].n == 0) {
            depth--;
            continue;
        }
        enum err e = rlp_next(&item, &rests[depth]);
        if (e != OK) {
            return ERR_MALFORMED; /* the outer length was there: an inner one is wrong */
        }
        if (item.is_list) {
            if (depth == depth_max) {
                return ERR_LIMIT;
            }
            rests[++depth] = item.payload;
        }
    }
    return OK;
}

struct rlp_rd rlp_rd_list(struct span in)
{
    struct rlp_item item;
    if (rlp_next(&item, &in) != OK || !item.is_list || in.n > 0) {
        return (struct rlp_rd){.failed = true};
    }
    return (struct rlp_rd){.rest = item.payload};
}

/* take gives the payload of the next item if it is of the kind that is wanted. */
static struct span take(struct rlp_rd *r, bool is_list)
{
    struct rlp_item item;
    if (r->failed || rlp_next(&item, &r->rest) != OK || item.is_list != is_list) {
        r->failed = true;
        return SPAN_EMPTY;
    }
    return item.payload;
}

struct span rlp_rd_bytes(struct rlp_rd *r)
{
    return take(r, false);
}

void rlp_rd_fixed(struct rlp_rd *r, struct mspan out)
{
    struct span s = take(r, false);
    if (s.n != out.n) {
        r->failed = true;
    }
    if (r->failed) {
        memset(out.p, 0, out.n);
        return;
    }
    (void)span_copy(out, s);
}

struct u256 rlp_rd_u256(struct rlp_rd *r)
{
    struct span s = take(r, false);
    struct u256 v;
    /* SPEC ethereum/yellowpaper §"Appendix B. Recursive Length Prefix": a number is written without leading
     * zeros, so zero is the empty string. */
    if (r->failed || (s.n > 0 && s.p[0] == 0) || u256_from_be(&v, s) != OK) {
        r->failed = true;
        return U256_ZERO;
    }
    return v;
}

uint64_t rlp_rd_u64(struct rlp_rd *r)
{
    uint64_t v = 0;
    if (u256_to_u64(&v, rlp_rd_u256(r)) != OK) {
        r->failed = true;
    }
    return v;
}

struct span rlp_rd_sublist(struct rlp_rd *r)
{
    return take(r, true);
}

struct rlp_wr rlp_wr_init(struct buf *out)
{
    return (struct rlp_wr){.out = out};
}

static void append(struct rlp_wr *w, struct span s)
{
    if (w->err == OK) {
        w->err = buf_append(w->out, s);
    }
}

size_t rlp_print_prefix(uint8_t out[static RLP_PREFIX_LEN_MAX], size_t len, bool is_list)
{
    uint8_t base = is_list ? LIST_BASE : STRING_BASE;
    if (len <= SHORT_MAX) {
        out[0] = (uint8_t)(base + len);
        return 1;
    }
    size_t n = 0;
    for (uint64_t rest = len; rest > 0; rest >>= 8) {
        n++;
    }
    out[0] = (uint8_t)(base + SHORT_MAX + n);
    for (size_t i = 0; i < n; i++) {
        out[1 + i] = (uint8_t)((uint64_t)len >> (8 * (n - 1 - i)));
    }
    return 1 + n;
}

void rlp_wr_bytes(struct rlp_wr *w, struct span s)
{
    if (s.n != 1 || s.p[0] >= STRING_BASE) {
        uint8_t prefix[RLP_PREFIX_LEN_MAX];
        append(w, span_of(prefix, rlp_print_prefix(prefix, s.n, false)));
    }
    append(w, s);
}

void rlp_wr_u256(struct rlp_wr *w, struct u256 v)
{
    uint8_t bytes[32];
    u256_to_be(bytes, v);
    size_t n = (u256_bit_len(v) + 7) / 8;
    rlp_wr_bytes(w, span_of(bytes + 32 - n, n));
}

void rlp_wr_u64(struct rlp_wr *w, uint64_t v)
{
    rlp_wr_u256(w, u256_from_u64(v));
}

void rlp_wr_list_begin(struct rlp_wr *w)
{
    check(w->depth < RLP_WR_DEPTH_MAX);
    w->starts[w->depth++] = w->out->n;
}

void rlp_wr_list_end(struct rlp_wr *w)
{
    check(w->depth > 0);
    size_t start = w->starts[--w->depth];
    if (w->err != OK) {
        return;
    }
    size_t len = w->out->n - start;
    uint8_t prefix[RLP_PREFIX_LEN_MAX];
    size_t n = rlp_print_prefix(prefix, len, true);
    append(w, span_of(prefix, n)); /* makes room */
    if (w->err != OK) {
        return;
    }
    memmove(w->out->p + start + n, w->out->p + start, len);
    memcpy(w->out->p + start, prefix, n);
}

void rlp_wr_raw(struct rlp_wr *w, struct span encoded)
{
    append(w, encoded);
}

enum err rlp_wr_end(const struct rlp_wr *w)
{
    check(w->depth == 0);
    return w->err;
}
