/* CBOR: RFC 8949, within the bounds of CTAP 2 and COSE. */
#include "codec/cbor.h"

#include "codec/utf8.h"

#include "base/rd.h"

enum major {
    MAJOR_UINT,
    MAJOR_NEGATIVE,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE
};
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

struct head {
    enum major major;
    uint64_t arg;
    uint8_t info; /* the low five bits of the first byte */
};

static uint64_t read_arg(struct rd *r, uint8_t info)
{
    switch (info) {
    case 24: return rd_u8(r);
    case 25: return rd_be16(r);
    case 26: return rd_be32(r);
    case 27: return rd_be64(r);
    default: return info;
    }
}

/* The least value that may be written with this many bytes. */
static uint64_t least_arg(uint8_t info)
{
    switch (info) {
    case 24: return 24;
    case 25: return UINT64_C(1) << 8;
    case 26: return UINT64_C(1) << 16;
    case 27: return UINT64_C(1) << 32;
    default: return 0;
    }
}

static enum err read_head(struct head *ret, struct rd *r)
{
    uint8_t first = rd_u8(r);
    struct head h = {.major = (enum major)(first >> 5), .info = first & 31};
    if (!rd_ok(r)) {
        return ERR_TRUNCATED;
    }
    if (h.info > 27) {
        /* SPEC CTAP §"Message Encoding": indefinite lengths (31) are not used; 28 to 30 have no meaning. */
        return ERR_MALFORMED;
    }
    h.arg = read_arg(r, h.info);
    if (!rd_ok(r)) {
        return ERR_TRUNCATED;
    }
    if (h.major == MAJOR_TAG || h.major == MAJOR_SIMPLE) {
        *ret = h;
        return OK;
    }
    /* SPEC CTAP §"Message Encoding": integers and lengths in as few bytes as possible. */
    if (h.arg < least_arg(h.info)) {
        return ERR_MALFORMED;
    }
    *ret = h;
    return OK;
}

static enum err read_simple(struct cbor *item, const struct head *h)
{
    if (h->info == SIMPLE_FALSE || h->info == SIMPLE_TRUE) {
        item->type = CBOR_BOOL;
        item->arg = h->info == SIMPLE_TRUE;
        return OK;
    }
    item->type = CBOR_NULL;
    item->arg = 0;
    return h->info == SIMPLE_NULL ? OK : ERR_UNSUPPORTED;
}

static enum err read_string(struct cbor *item, struct rd *r, const struct head *h)
{
    item->type = h->major == MAJOR_BYTES ? CBOR_BYTES : CBOR_TEXT;
    if (h->arg > r->rest.n) {
        return ERR_TRUNCATED;
    }
    item->content = rd_bytes(r, (size_t)h->arg);
    if (item->type == CBOR_TEXT && !utf8_is_valid(item->content)) {
        return ERR_MALFORMED;
    }
    return OK;
}

/* Reads the front item without looking into containers: content of a container is then all that follows. */
static enum err read_shallow(struct cbor *ret, struct rd *r)
{
    struct head h;
    TRY(read_head(&h, r));
    struct cbor item = {.arg = h.arg};
    switch (h.major) {
    case MAJOR_UINT:     item.type = CBOR_UINT; break;
    case MAJOR_NEGATIVE: item.type = CBOR_NEGATIVE; break;
    case MAJOR_BYTES:
    case MAJOR_TEXT:     TRY(read_string(&item, r, &h)); break;
    case MAJOR_ARRAY:    item.type = CBOR_ARRAY; break;
    case MAJOR_MAP:      item.type = CBOR_MAP; break;
    case MAJOR_TAG:      return ERR_UNSUPPORTED;
    case MAJOR_SIMPLE:   TRY(read_simple(&item, &h)); break;
    }
    *ret = item;
    return OK;
}

/* SPEC CTAP §"Message Encoding": keys are ordered by major type, then by length, then by bytes. */
static int compare_keys(struct span a, struct span b)
{
    int major_a = a.p[0] >> 5;
    int major_b = b.p[0] >> 5;
    if (major_a != major_b) {
        return major_a - major_b;
    }
    if (a.n != b.n) {
        return a.n < b.n ? -1 : 1;
    }
    return span_compare(a, b);
}

/* One open container of the walk. */
struct level {
    struct span keys[2]; /* map: the whole of its items from the first key on; the last key */
    uint64_t items_left; /* items still to come, keys and values */
    bool is_map;
};

struct walk {
    struct rd r;
    enum cbor_rules rules;
    size_t depth;
    struct level levels[CBOR_DEPTH_MAX];
};

static bool expects_key(const struct level *l)
{
    return l->is_map && l->items_left % 2 == 0;
}

static enum err skip_item(struct rd *r);

/* Does key stand among the keys before it? The items up to it have been checked. */
static bool is_repeated(struct span items, struct span key)
{
    struct rd r = rd_init(span_of(items.p, (size_t)(key.p - items.p)));
    while (r.rest.n > 0) {
        struct span before = r.rest;
        if (skip_item(&r) != OK) {
            return true;
        }
        struct span k = span_first(before, before.n - r.rest.n);
        if (span_equal(k, key) || skip_item(&r) != OK) {
            return true;
        }
    }
    return false;
}

static enum err check_key(struct walk *w, struct level *l, struct span key)
{
    enum major major = (enum major)(key.p[0] >> 5);
    if (major > MAJOR_TEXT) {
        return ERR_UNSUPPORTED; /* a key that is a container, a boolean or null */
    }
    bool is_first = l->keys[1].n == 0;
    if (is_first) {
        l->keys[0] = key;
    } else if (w->rules == CBOR_CANONICAL) {
        if (compare_keys(l->keys[1], key) >= 0) {
            return ERR_MALFORMED; /* out of order, or twice */
        }
    } else if (is_repeated(l->keys[0], key)) {
        return ERR_MALFORMED;
    }
    l->keys[1] = key;
    return OK;
}

static enum err open_level(struct walk *w, const struct cbor *item)
{
    if (w->depth == CBOR_DEPTH_MAX) {
        return ERR_LIMIT;
    }
    bool is_map = item->type == CBOR_MAP;
    if (is_map && item->arg > CBOR_PAIRS_MAX) {
        return ERR_LIMIT;
    }
    if (item->arg > w->r.rest.n) {
        return ERR_TRUNCATED; /* each item takes at least one byte */
    }
    w->levels[w->depth++] =
        (struct level){.is_map = is_map, .items_left = is_map ? 2 * item->arg : item->arg};
    return OK;
}

/* Goes over one whole item. */
static enum err walk_item(struct walk *w)
{
    do {
        while (w->depth > 0 && w->levels[w->depth - 1].items_left == 0) {
            w->depth--;
            if (w->depth == 0) {
                return OK;
            }
        }
        struct level *l = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
        struct span before = w->r.rest;
        struct cbor item;
        TRY(read_shallow(&item, &w->r));
        if (l && expects_key(l)) {
            TRY(check_key(w, l, span_first(before, before.n - w->r.rest.n)));
        }
        if (l) {
            l->items_left--;
        }
        if (item.type == CBOR_ARRAY || item.type == CBOR_MAP) {
            TRY(open_level(w, &item));
        }
    } while (w->depth > 0);
    return OK;
}

/* Passes one item that was checked before, counting what is still to come instead of keeping levels. */
static enum err skip_item(struct rd *r)
{
    uint64_t left = 1;
    while (left > 0) {
        struct cbor item;
        TRY(read_shallow(&item, r));
        left--;
        left += item.type == CBOR_ARRAY ? item.arg : item.type == CBOR_MAP ? 2 * item.arg : 0;
    }
    return OK;
}

/* The front item of bytes that were checked. */
static enum err item_at(struct cbor *ret, struct span in)
{
    struct rd r = rd_init(in);
    struct cbor item;
    TRY(read_shallow(&item, &r));
    size_t head_len = rd_offset(&r);
    struct rd whole = rd_init(in);
    TRY(skip_item(&whole));
    item.raw = span_first(in, rd_offset(&whole));
    if (item.type == CBOR_ARRAY || item.type == CBOR_MAP) {
        item.content = span_from(item.raw, head_len);
    }
    *ret = item;
    return OK;
}

enum err cbor_take(struct cbor *ret_item, struct span *in, enum cbor_rules rules)
{
    struct walk w = {.r = rd_init(*in), .rules = rules};
    TRY(walk_item(&w));
    TRY(item_at(ret_item, span_first(*in, rd_offset(&w.r))));
    *in = w.r.rest;
    return OK;
}

enum err cbor_decode(struct cbor *ret_item, struct span in, enum cbor_rules rules)
{
    struct cbor item;
    TRY(cbor_take(&item, &in, rules));
    if (in.n != 0) {
        return ERR_MALFORMED;
    }
    *ret_item = item;
    return OK;
}

bool cbor_next(struct cbor *ret_item, struct span *rest)
{
    if (rest->n == 0 || item_at(ret_item, *rest) != OK) {
        return false;
    }
    *rest = span_from(*rest, ret_item->raw.n);
    return true;
}

enum err cbor_get_i64(int64_t *ret, struct cbor item)
{
    bool is_int = item.type == CBOR_UINT || item.type == CBOR_NEGATIVE;
    if (!is_int || item.arg > INT64_MAX) {
        return ERR_MALFORMED;
    }
    *ret = item.type == CBOR_UINT ? (int64_t)item.arg : -1 - (int64_t)item.arg;
    return OK;
}

enum err cbor_get_bytes(struct span *ret, struct cbor item)
{
    if (item.type != CBOR_BYTES) {
        return ERR_MALFORMED;
    }
    *ret = item.content;
    return OK;
}

enum err cbor_get_text(struct span *ret, struct cbor item)
{
    if (item.type != CBOR_TEXT) {
        return ERR_MALFORMED;
    }
    *ret = item.content;
    return OK;
}

bool cbor_find_int(struct cbor *ret_value, struct cbor map, int64_t key)
{
    struct span rest = map.type == CBOR_MAP ? map.content : SPAN_EMPTY;
    struct cbor k;
    struct cbor v;
    while (cbor_next(&k, &rest) && cbor_next(&v, &rest)) {
        int64_t number;
        if (cbor_get_i64(&number, k) == OK && number == key) {
            *ret_value = v;
            return true;
        }
    }
    return false;
}

bool cbor_find_text(struct cbor *ret_value, struct cbor map, const char *key)
{
    struct span rest = map.type == CBOR_MAP ? map.content : SPAN_EMPTY;
    struct cbor k;
    struct cbor v;
    while (cbor_next(&k, &rest) && cbor_next(&v, &rest)) {
        if (k.type == CBOR_TEXT && span_equal(k.content, span_str(key))) {
            *ret_value = v;
            return true;
        }
    }
    return false;
}

static void write_head(struct wr *w, enum major major, uint64_t arg)
{
    uint8_t top = (uint8_t)(major << 5);
    if (arg < 24) {
        wr_u8(w, (uint8_t)(top | arg));
    } else if (arg <= UINT8_MAX) {
        wr_u8(w, top | 24);
        wr_u8(w, (uint8_t)arg);
    } else if (arg <= UINT16_MAX) {
        wr_u8(w, top | 25);
        wr_be16(w, (uint16_t)arg);
    } else if (arg <= UINT32_MAX) {
        wr_u8(w, top | 26);
        wr_be32(w, (uint32_t)arg);
    } else {
        wr_u8(w, top | 27);
        wr_be64(w, arg);
    }
}

void cbor_write_u64(struct wr *w, uint64_t v)
{
    write_head(w, MAJOR_UINT, v);
}

void cbor_write_i64(struct wr *w, int64_t v)
{
    if (v >= 0) {
        write_head(w, MAJOR_UINT, (uint64_t)v);
    } else {
        write_head(w, MAJOR_NEGATIVE, (uint64_t)(-1 - v));
    }
}

void cbor_write_bytes(struct wr *w, struct span bytes)
{
    write_head(w, MAJOR_BYTES, bytes.n);
    wr_bytes(w, bytes);
}

void cbor_write_bytes_head(struct wr *w, size_t len)
{
    write_head(w, MAJOR_BYTES, len);
}

void cbor_write_text(struct wr *w, const char *text)
{
    write_head(w, MAJOR_TEXT, span_str(text).n);
    wr_str(w, text);
}

void cbor_write_array(struct wr *w, uint64_t items_count)
{
    write_head(w, MAJOR_ARRAY, items_count);
}

void cbor_write_map(struct wr *w, uint64_t pairs_count)
{
    write_head(w, MAJOR_MAP, pairs_count);
}

void cbor_write_bool(struct wr *w, bool v)
{
    wr_u8(w, (uint8_t)(MAJOR_SIMPLE << 5 | (v ? SIMPLE_TRUE : SIMPLE_FALSE)));
}

void cbor_write_null(struct wr *w)
{
    wr_u8(w, MAJOR_SIMPLE << 5 | SIMPLE_NULL);
}
