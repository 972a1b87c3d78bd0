#ifndef EVM_RLP_H
#define EVM_RLP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/u256.h"

#include <stdbool.h>

/* Recursive Length Prefix (Ethereum yellow paper, appendix B). The decoder takes the one canonical form
 * only, allocates nothing and never recurses: it hands out spans of the input. */

struct rlp_item {
    bool is_list;
    struct span payload; /* without the prefix; of a list: its items one after the other */
    struct span encoded; /* with the prefix */
};

/* rlp_next cuts the first item off *in. ERR_TRUNCATED: the input ends inside it; ERR_MALFORMED: not the
 * canonical form. On failure *in is untouched. The items inside a list are not looked at yet. */
MUST_CHECK enum err rlp_next(struct rlp_item *ret_item, struct span *in);

/* rlp_check goes through the whole of in, which must be exactly one item, lists and all, down to
 * depth_max (1 to RLP_DEPTH_MAX): ERR_LIMIT if it nests deeper. O(n). */
enum { RLP_DEPTH_MAX = 32 };
MUST_CHECK enum err rlp_check(struct span in, unsigned depth_max);

/* A reader of the items of one list, with sticky failure: read field after field, then rlp_rd_end. */
struct rlp_rd {
    struct span rest;
    bool failed;
};

/* rlp_rd_list opens in, which must be one list and nothing behind it. */
struct rlp_rd rlp_rd_list(struct span in);

struct span rlp_rd_bytes(struct rlp_rd *r);

/* rlp_rd_fixed fills out whole; a string of another length fails. */
void rlp_rd_fixed(struct rlp_rd *r, struct mspan out);

/* Numbers: no leading zero, zero is the empty string. */
uint64_t rlp_rd_u64(struct rlp_rd *r);
struct u256 rlp_rd_u256(struct rlp_rd *r);

/* rlp_rd_sublist gives the payload of a list. */
struct span rlp_rd_sublist(struct rlp_rd *r);

static inline bool rlp_rd_more(const struct rlp_rd *r)
{
    return !r->failed && r->rest.n > 0;
}

static inline bool rlp_rd_end(const struct rlp_rd *r)
{
    return !r->failed && r->rest.n == 0;
}

/* rlp_print_prefix writes what goes before a payload of len bytes and returns its length: for those who hash
 * an encoding without building it. A string of one byte below 0x80 has no prefix: the caller sees to that. */
enum { RLP_PREFIX_LEN_MAX = 9 };
size_t rlp_print_prefix(uint8_t out[static RLP_PREFIX_LEN_MAX], size_t len, bool is_list);

/* A writer onto the end of a buf, with sticky failure. A list's payload is moved by its prefix when
 * the list is closed, so that no size is needed in advance. */
enum { RLP_WR_DEPTH_MAX = 8 };

struct rlp_wr {
    struct buf *out;
    size_t starts[RLP_WR_DEPTH_MAX];
    unsigned depth;
    enum err err;
};

struct rlp_wr rlp_wr_init(struct buf *out);
void rlp_wr_bytes(struct rlp_wr *w, struct span s);
void rlp_wr_u64(struct rlp_wr *w, uint64_t v);
void rlp_wr_u256(struct rlp_wr *w, struct u256 v);
void rlp_wr_list_begin(struct rlp_wr *w);
void rlp_wr_list_end(struct rlp_wr *w);

/* rlp_wr_raw appends what is encoded already: items, or the payload of a list. */
void rlp_wr_raw(struct rlp_wr *w, struct span encoded);

/* rlp_wr_end: every list must be closed. ERR_LIMIT if the buf was full. */
MUST_CHECK enum err rlp_wr_end(const struct rlp_wr *w);

#endif
