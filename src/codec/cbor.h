#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* CBOR (RFC 8949) as far as CTAP 2 and COSE use it, over a span, without allocation: integers, byte
 * and text strings, arrays, maps, booleans, null. Always refused: indefinite lengths, integers and
 * lengths not in their shortest form, text that is not UTF-8, a key twice in one map, tags, floating
 * point and other simple values (ERR_UNSUPPORTED for the last three). */
enum {
    CBOR_DEPTH_MAX = 8,
    CBOR_PAIRS_MAX = 64
}; /* containers within one another; pairs of one map */

enum cbor_rules {
    CBOR_CANONICAL, /* CTAP 2 §"Message Encoding": keys in order of major type, length, bytes; text and integer keys */
    CBOR_ANY_ORDER /* keys may come in any order */
};

enum cbor_type {
    CBOR_UINT,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_BOOL,
    CBOR_NULL
};

struct cbor {
    enum cbor_type type;
    uint64_t
        arg; /* UINT: the value; NEGATIVE: -1 - arg; BOOL: 0 or 1; strings: bytes; ARRAY, MAP: count of items, pairs */
    struct span content; /* strings: their bytes; ARRAY, MAP: their items, encoded; else empty */
    struct span raw;     /* the whole item, encoded */
};

/* cbor_take checks one whole item at the front of *in and takes it off. Spans live as long as the input.
 * ERR_TRUNCATED, ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT (depth, pairs); *in is untouched on failure. */
MUST_CHECK enum err cbor_take(struct cbor *ret_item, struct span *in, enum cbor_rules rules);

/* cbor_decode is the same for exactly one item: trailing bytes are ERR_MALFORMED, a cut item ERR_TRUNCATED. */
MUST_CHECK enum err cbor_decode(struct cbor *ret_item, struct span in, enum cbor_rules rules);

/* Walking over an item that cbor_take accepted: *rest starts as item.content. false at the end. For a
 * map, keys and values take turns. */
bool cbor_next(struct cbor *ret_item, struct span *rest);

/* The value of a key; false if map is no map or has no such key. O(content). */
bool cbor_find_int(struct cbor *ret_value, struct cbor map, int64_t key);
bool cbor_find_text(struct cbor *ret_value, struct cbor map, const char *key);

/* ERR_MALFORMED if the item has another type or does not fit. */
MUST_CHECK enum err cbor_get_i64(int64_t *ret, struct cbor item);
MUST_CHECK enum err cbor_get_bytes(struct span *ret, struct cbor item);
MUST_CHECK enum err cbor_get_text(struct span *ret, struct cbor item);

/* Writers, shortest forms. The caller gives the counts, and orders the keys of its maps. */
void cbor_write_u64(struct wr *w, uint64_t v);
void cbor_write_i64(struct wr *w, int64_t v);
void cbor_write_bytes(struct wr *w, struct span bytes);
void cbor_write_bytes_head(struct wr *w, size_t len); /* the len bytes follow from the caller */
void cbor_write_text(struct wr *w, const char *text);
void cbor_write_array(struct wr *w, uint64_t items_count);
void cbor_write_map(struct wr *w, uint64_t pairs_count);
void cbor_write_bool(struct wr *w, bool v);
void cbor_write_null(struct wr *w);

#endif
