/* Contract ABI (Solidity documentation, "Contract ABI Specification"). */
#include "evm/abi.h"

#include "base/arith.h"
#include "base/check.h"
#include "crypto/keccak.h"

#include <string.h>

static bool is_zero(struct span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++) {
        any |= s.p[i];
    }
    return any == 0;
}

/* frame_push reserves a head of zeros at the end of the output. */
static void frame_push(struct abi_wr *w, size_t head_words)
{
    check(w->depth < ABI_DEPTH_MAX);
    size_t base = w->out->n;
    size_t len = 0;
    if (w->err == OK && !mul_ok_size(&len, head_words, ABI_WORD_LEN)) {
        w->err = ERR_LIMIT;
    }
    struct mspan room = {0};
    if (w->err == OK) {
        w->err = buf_extend(w->out, &room, len);
    }
    if (w->err == OK && len > 0) {
        memset(room.p, 0, room.n);
    }
    w->frames[w->depth].base = base;
    w->frames[w->depth].head = base;
    w->frames[w->depth].head_end = base + len;
    w->depth++;
}

/* head_put fills the next word of the open head: s right-aligned or left-aligned. */
static void head_put(struct abi_wr *w, struct span s, bool left)
{
    check(s.n <= ABI_WORD_LEN);
    check(w->depth > 0);
    if (w->err != OK) {
        return;
    }
    size_t at = w->frames[w->depth - 1].head;
    check(at < w->frames[w->depth - 1].head_end);
    w->frames[w->depth - 1].head = at + ABI_WORD_LEN;
    size_t skip = left ? 0 : ABI_WORD_LEN - s.n;
    (void)span_copy(mspan_of(w->out->p + at + skip, s.n), s);
}

struct abi_wr abi_wr_init(struct buf *out, size_t head_words)
{
    struct abi_wr w = {.out = out};
    frame_push(&w, head_words);
    return w;
}

void abi_wr_u256(struct abi_wr *w, struct u256 v)
{
    uint8_t word[ABI_WORD_LEN];
    u256_to_be(word, v);
    head_put(w, SPAN_OF(word), false);
}

void abi_wr_u64(struct abi_wr *w, uint64_t v)
{
    abi_wr_u256(w, u256_from_u64(v));
}

void abi_wr_bool(struct abi_wr *w, bool v)
{
    abi_wr_u64(w, v);
}

void abi_wr_address(struct abi_wr *w, struct address a)
{
    head_put(w, SPAN_OF(a.bytes), false);
}

void abi_wr_fixed(struct abi_wr *w, struct span s)
{
    check(s.n >= 1);
    head_put(w, s, true);
}

/* offset_put writes where the output ends now, as an offset from the start of the open head. */
static void offset_put(struct abi_wr *w)
{
    abi_wr_u64(w, w->out->n - w->frames[w->depth - 1].base);
}

static void length_append(struct abi_wr *w, size_t n)
{
    uint8_t word[ABI_WORD_LEN];
    u256_to_be(word, u256_from_u64(n));
    if (w->err == OK) {
        w->err = buf_append(w->out, SPAN_OF(word));
    }
}

void abi_wr_bytes(struct abi_wr *w, struct span s)
{
    static const uint8_t zeros[ABI_WORD_LEN];
    offset_put(w);
    length_append(w, s.n);
    if (w->err == OK) {
        w->err = buf_append(w->out, s);
    }
    if (w->err == OK) {
        w->err =
            buf_append(w->out, span_of(zeros, (ABI_WORD_LEN - s.n % ABI_WORD_LEN) % ABI_WORD_LEN));
    }
}

void abi_wr_tuple_begin(struct abi_wr *w, size_t head_words)
{
    offset_put(w);
    frame_push(w, head_words);
}

void abi_wr_array_begin(struct abi_wr *w, size_t count, size_t head_words)
{
    offset_put(w);
    length_append(w, count);
    frame_push(w, head_words);
}

void abi_wr_close(struct abi_wr *w)
{
    check(w->depth > 1);
    w->depth--;
    check(w->err != OK || w->frames[w->depth].head == w->frames[w->depth].head_end);
}

enum err abi_wr_end(struct abi_wr *w)
{
    check(w->depth == 1);
    check(w->err != OK || w->frames[0].head == w->frames[0].head_end);
    return w->err;
}

struct abi_rd abi_rd_init(struct span in)
{
    return (struct abi_rd){.area = in};
}

/* word_take gives the next word of the head, or NULL. */
static const uint8_t *word_take(struct abi_rd *r)
{
    if (r->failed || r->area.n - r->head < ABI_WORD_LEN) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->area.p + r->head;
    r->head += ABI_WORD_LEN;
    return p;
}

struct u256 abi_rd_u256(struct abi_rd *r)
{
    const uint8_t *word = word_take(r);
    struct u256 v = U256_ZERO;
    if (!word || u256_from_be(&v, span_of(word, ABI_WORD_LEN)) != OK) {
        r->failed = true;
        return U256_ZERO;
    }
    return v;
}

uint64_t abi_rd_uint(struct abi_rd *r, unsigned bits)
{
    check(bits >= 1);
    check(bits <= 64);
    struct u256 v = abi_rd_u256(r);
    if (u256_bit_len(v) > bits) {
        r->failed = true;
        return 0;
    }
    return v.w[0];
}

bool abi_rd_bool(struct abi_rd *r)
{
    return abi_rd_uint(r, 1) != 0;
}

struct address abi_rd_address(struct abi_rd *r)
{
    struct address a = {0};
    const uint8_t *word = word_take(r);
    if (!word || !is_zero(span_of(word, ABI_WORD_LEN - sizeof a.bytes))) {
        r->failed = true;
        return a;
    }
    memcpy(a.bytes, word + ABI_WORD_LEN - sizeof a.bytes, sizeof a.bytes);
    return a;
}

void abi_rd_fixed(struct abi_rd *r, struct mspan out)
{
    check(out.n >= 1);
    check(out.n <= ABI_WORD_LEN);
    const uint8_t *word = word_take(r);
    if (!word || !is_zero(span_of(word + out.n, ABI_WORD_LEN - out.n))) {
        r->failed = true;
        memset(out.p, 0, out.n);
        return;
    }
    memcpy(out.p, word, out.n);
}

/* size_take reads a word that counts something, at most max. */
static size_t size_take(struct abi_rd *r, size_t max)
{
    uint64_t v = abi_rd_uint(r, 64);
    if (r->failed || v > max) {
        r->failed = true;
        return 0;
    }
    return (size_t)v;
}

/* tail_open follows the offset in the next word. */
static struct abi_rd tail_open(struct abi_rd *r)
{
    size_t offset = size_take(r, r->area.n);
    if (r->failed || offset % ABI_WORD_LEN != 0) {
        r->failed = true;
        return (struct abi_rd){.failed = true};
    }
    return (struct abi_rd){.area = span_from(r->area, offset)};
}

struct span abi_rd_bytes(struct abi_rd *r)
{
    struct abi_rd tail = tail_open(r);
    size_t n = size_take(&tail, tail.area.n);
    struct span rest = span_from(tail.area, ABI_WORD_LEN);
    size_t padding = (ABI_WORD_LEN - n % ABI_WORD_LEN) % ABI_WORD_LEN;
    if (tail.failed || rest.n < n || rest.n - n < padding ||
        !is_zero(span_first(span_from(rest, n), padding))) {
        r->failed = true;
        return SPAN_EMPTY;
    }
    return span_first(rest, n);
}

struct abi_rd abi_rd_tuple(struct abi_rd *r)
{
    return tail_open(r);
}

struct abi_rd
abi_rd_array(struct abi_rd *r, size_t *ret_count, size_t element_words, size_t count_max)
{
    check(element_words >= 1);
    struct abi_rd tail = tail_open(r);
    size_t count = size_take(&tail, count_max);
    struct span elements = span_from(tail.area, ABI_WORD_LEN);
    if (tail.failed || count > elements.n / ABI_WORD_LEN / element_words) {
        r->failed = true;
        *ret_count = 0;
        return (struct abi_rd){.failed = true};
    }
    *ret_count = count;
    return (struct abi_rd){.area = elements};
}

void abi_selector(uint8_t ret[static ABI_SELECTOR_LEN], struct span signature)
{
    struct hash32 hash;
    keccak256(&hash, signature);
    memcpy(ret, hash.bytes, ABI_SELECTOR_LEN);
}

/* size_parse reads 1 to 3 digits without a leading zero; 0 if it is not that. */
static unsigned size_parse(struct span digits)
{
    if (digits.n < 1 || digits.n > 3 || digits.p[0] == '0') {
        return 0;
    }
    unsigned v = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9') {
            return 0;
        }
        v = v * 10 + (unsigned)(digits.p[i] - '0');
    }
    return v;
}

enum err abi_type_parse(struct abi_type *ret, struct span name)
{
    static const struct {
        struct span name;
        enum abi_kind kind;
    } plain[] = {
        {{(const uint8_t *)"address", 7}, ABI_ADDRESS},
        {{(const uint8_t *)"bool", 4},    ABI_BOOL   },
        {{(const uint8_t *)"bytes", 5},   ABI_BYTES  },
        {{(const uint8_t *)"string", 6},  ABI_STRING },
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (span_equal(name, plain[i].name)) {
            *ret = (struct abi_type){.kind = plain[i].kind};
            return OK;
        }
    }
    struct abi_type t = {0};
    if (span_starts_with(name, SPAN_LIT("uint"))) {
        t = (struct abi_type){.kind = ABI_UINT, .size = size_parse(span_from(name, 4))};
    } else if (span_starts_with(name, SPAN_LIT("int"))) {
        t = (struct abi_type){.kind = ABI_INT, .size = size_parse(span_from(name, 3))};
    } else if (span_starts_with(name, SPAN_LIT("bytes"))) {
        t = (struct abi_type){.kind = ABI_FIXED_BYTES, .size = size_parse(span_from(name, 5))};
    }
    bool is_bytes = t.kind == ABI_FIXED_BYTES;
    if (t.size == 0 || t.size > (is_bytes ? 32U : 256U) || (!is_bytes && t.size % 8 != 0)) {
        return ERR_NOT_FOUND;
    }
    *ret = t;
    return OK;
}

enum err abi_type_array(struct abi_array_type *ret, struct span name)
{
    if (name.n == 0 || name.p[name.n - 1] != ']') {
        return ERR_NOT_FOUND;
    }
    size_t open = name.n - 1;
    while (open > 0 && name.p[open] != '[') {
        open--;
    }
    if (open == 0) {
        return ERR_MALFORMED;
    }
    struct span digits = span_from(span_first(name, name.n - 1), open + 1);
    unsigned count = size_parse(digits);
    if (digits.n > 0 && count == 0) {
        return ERR_MALFORMED;
    }
    *ret = (struct abi_array_type){.element = span_first(name, open), .count = count};
    return OK;
}
