/* ABI by type text, for the comparison: writes JSON values of a tuple type with the writer, then walks the
 * result with the reader into a second writer, which must come to the same bytes. */
#include "base/buf.h"
#include "base/check.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "evm/abi.h"

#include <string.h>

enum err abi_cases_run(struct span types, struct span values, struct buf *in, struct buf *out);

/* member_take cuts the first member type off the inside of "(a,(b,c)[],d)". */
static struct span member_take(struct span *inside)
{
    size_t depth = 0;
    size_t i = 0;
    for (; i < inside->n && (depth > 0 || inside->p[i] != ','); i++) {
        depth += inside->p[i] == '(';
        depth -= inside->p[i] == ')';
    }
    struct span member = span_first(*inside, i);
    *inside = span_from(*inside, i + 1);
    return member;
}

static struct span inside_of(struct span tuple)
{
    return span_from(span_first(tuple, tuple.n - 1), 1);
}

static bool is_dynamic(struct span type)
{
    struct abi_array_type array;
    struct abi_type t;
    if (abi_type_array(&array, type) == OK) {
        return array.count == 0 || is_dynamic(array.element);
    }
    if (type.p[0] != '(') {
        check(abi_type_parse(&t, type) == OK);
        return t.kind == ABI_BYTES || t.kind == ABI_STRING;
    }
    for (struct span rest = inside_of(type); rest.n > 0;) {
        if (is_dynamic(member_take(&rest))) {
            return true;
        }
    }
    return false;
}

/* words counts what a type takes in the head. */
static size_t words(struct span type)
{
    struct abi_array_type array;
    if (is_dynamic(type)) {
        return 1;
    }
    if (abi_type_array(&array, type) == OK) {
        return array.count * words(array.element);
    }
    if (type.p[0] != '(') {
        return 1;
    }
    size_t sum = 0;
    for (struct span rest = inside_of(type); rest.n > 0;) {
        sum += words(member_take(&rest));
    }
    return sum;
}

/* tuple_words counts the head of a tuple's own, dynamic or not. */
static size_t tuple_words(struct span type)
{
    size_t sum = 0;
    for (struct span rest = inside_of(type); rest.n > 0;) {
        sum += words(member_take(&rest));
    }
    return sum;
}

static struct span bytes_of(struct json v, struct buf *in)
{
    struct span text;
    check(json_get_plain(&text, v) == OK);
    buf_clear(in);
    struct wr w = wr_init_buf(in);
    check(base16_decode_0x(&w, text) == OK);
    return buf_span(in);
}

static void value_write(struct abi_wr *w, struct span type, struct json v, struct buf *in)
{
    struct abi_array_type array;
    struct abi_type t;
    struct json e;
    struct json_iter it = json_iterate(v);
    if (abi_type_array(&array, type) == OK) {
        size_t n = json_count(v);
        if (array.count == 0) {
            abi_wr_array_begin(w, n, n * words(array.element));
        } else if (is_dynamic(type)) {
            abi_wr_tuple_begin(w, n);
        }
        while (json_next(&it, NULL, &e)) {
            value_write(w, array.element, e, in);
        }
    } else if (type.p[0] == '(') {
        if (is_dynamic(type)) {
            abi_wr_tuple_begin(w, tuple_words(type));
        }
        for (struct span rest = inside_of(type); rest.n > 0;) {
            check(json_next(&it, NULL, &e));
            value_write(w, member_take(&rest), e, in);
        }
    } else {
        check(abi_type_parse(&t, type) == OK);
        struct span bytes = bytes_of(v, in); /* numbers, addresses and bools come as 32 bytes */
        struct u256 number;
        struct address a;
        switch (t.kind) {
        case ABI_BYTES:
        case ABI_STRING:      abi_wr_bytes(w, bytes); break;
        case ABI_FIXED_BYTES: abi_wr_fixed(w, bytes); break;
        case ABI_ADDRESS:
            (void)span_copy(MSPAN_OF(a.bytes), span_from(bytes, 12));
            abi_wr_address(w, a);
            break;
        case ABI_BOOL: abi_wr_bool(w, bytes.p[31] != 0); break;
        case ABI_UINT:
        case ABI_INT:
            check(u256_from_be(&number, bytes) == OK);
            abi_wr_u256(w, number);
            break;
        }
        return;
    }
    if (is_dynamic(type)) {
        abi_wr_close(w);
    }
}

static void elementary_copy(struct abi_rd *r, struct abi_wr *w, struct span type)
{
    struct abi_type t;
    uint8_t fixed[32];
    check(abi_type_parse(&t, type) == OK);
    switch (t.kind) {
    case ABI_BYTES:
    case ABI_STRING: abi_wr_bytes(w, abi_rd_bytes(r)); break;
    case ABI_FIXED_BYTES:
        abi_rd_fixed(r, mspan_of(fixed, t.size));
        abi_wr_fixed(w, span_of(fixed, t.size));
        break;
    case ABI_ADDRESS: abi_wr_address(w, abi_rd_address(r)); break;
    case ABI_BOOL:    abi_wr_bool(w, abi_rd_bool(r)); break;
    case ABI_UINT:
        if (t.size <= 64) {
            abi_wr_u64(w, abi_rd_uint(r, t.size));
        } else {
            abi_wr_u256(w, abi_rd_u256(r));
        }
        break;
    case ABI_INT: abi_wr_u256(w, abi_rd_u256(r)); break;
    }
}

static void value_copy(struct abi_rd *r, struct abi_wr *w, struct span type)
{
    struct abi_array_type array;
    struct abi_rd inner;
    if (abi_type_array(&array, type) == OK) {
        size_t n = array.count;
        struct abi_rd *from = r;
        if (array.count == 0) {
            inner = abi_rd_array(r, &n, words(array.element), 1000);
            abi_wr_array_begin(w, n, n * words(array.element));
            from = &inner;
        } else if (is_dynamic(type)) {
            inner = abi_rd_tuple(r);
            abi_wr_tuple_begin(w, n);
            from = &inner;
        }
        for (size_t i = 0; i < n; i++) {
            value_copy(from, w, array.element);
        }
        r->failed |= from->failed;
    } else if (type.p[0] == '(') {
        struct abi_rd *from = r;
        if (is_dynamic(type)) {
            inner = abi_rd_tuple(r);
            abi_wr_tuple_begin(w, tuple_words(type));
            from = &inner;
        }
        for (struct span rest = inside_of(type); rest.n > 0;) {
            value_copy(from, w, member_take(&rest));
        }
        r->failed |= from->failed;
    } else {
        elementary_copy(r, w, type);
        return;
    }
    if (is_dynamic(type)) {
        abi_wr_close(w);
    }
}

enum err abi_cases_run(struct span types, struct span values, struct buf *in, struct buf *out)
{
    struct json v;
    struct json e;
    TRY(json_parse(&v, values, NULL));
    struct abi_wr w = abi_wr_init(out, tuple_words(types));
    struct json_iter it = json_iterate(v);
    for (struct span rest = inside_of(types); rest.n > 0;) {
        check(json_next(&it, NULL, &e));
        value_write(&w, member_take(&rest), e, in);
    }
    TRY(abi_wr_end(&w));
    buf_clear(in);
    struct abi_rd r = abi_rd_init(buf_span(out));
    struct abi_wr copy = abi_wr_init(in, tuple_words(types));
    for (struct span rest = inside_of(types); rest.n > 0;) {
        value_copy(&r, &copy, member_take(&rest));
    }
    TRY(abi_wr_end(&copy));
    return abi_rd_ok(&r) && span_equal(buf_span(in), buf_span(out)) ? OK : ERR_MALFORMED;
}
