#ifndef EVM_ABI_H
#define EVM_ABI_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/address.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The contract ABI of Solidity. Values stand in a head of one word (32 bytes) each; what has no fixed
 * size stands behind it, and its word holds the offset from the start of the enclosing head.
 * Static tuples and static arrays of static values have no head of their own: write their members one
 * after the other, each counting as a word. */
enum { ABI_WORD_LEN = 32, ABI_SELECTOR_LEN = 4, ABI_DEPTH_MAX = 8 };

/* A writer onto the end of a buf, with sticky failure. The caller says how many words each head has;
 * writing more or fewer is our own bug and aborts. */
struct abi_wr {
    struct buf *out;
    struct {
        size_t base;
        size_t head;
        size_t head_end;
    } frames[ABI_DEPTH_MAX]; /* offsets into out */
    unsigned depth;
    enum err err;
};

/* abi_wr_init begins the outermost tuple (the arguments) of head_words words. */
struct abi_wr abi_wr_init(struct buf *out, size_t head_words);

void abi_wr_u256(struct abi_wr *w, struct u256 v);
void abi_wr_u64(struct abi_wr *w, uint64_t v);
void abi_wr_bool(struct abi_wr *w, bool v);
void abi_wr_address(struct abi_wr *w, struct address a);

/* abi_wr_fixed writes bytes1 to bytes32: s.n is 1 to 32. */
void abi_wr_fixed(struct abi_wr *w, struct span s);

/* abi_wr_bytes writes bytes or a string. */
void abi_wr_bytes(struct abi_wr *w, struct span s);

/* abi_wr_tuple_begin opens a dynamic tuple, or an array of fixed length of dynamic things.
 * abi_wr_array_begin opens T[]: count elements, head_words words in all. Each is ended by
 * abi_wr_close. */
void abi_wr_tuple_begin(struct abi_wr *w, size_t head_words);
void abi_wr_array_begin(struct abi_wr *w, size_t count, size_t head_words);
void abi_wr_close(struct abi_wr *w);

/* abi_wr_end closes the outermost tuple. ERR_LIMIT if the buf was full. */
MUST_CHECK enum err abi_wr_end(struct abi_wr *w);

/* A reader of one tuple, with sticky failure; nested ones are readers of their own, and fail when
 * their parent had. Every padding byte must be zero, every offset a multiple of 32 inside the
 * input. Nothing is allocated; spans point into the input. */
struct abi_rd {
    struct span area; /* from the start of the head to the end of the input */
    size_t head;      /* offset of the next word */
    bool failed;
};

struct abi_rd abi_rd_init(struct span in);

struct u256 abi_rd_u256(struct abi_rd *r);

/* abi_rd_uint fails over bits (8 to 64). */
uint64_t abi_rd_uint(struct abi_rd *r, unsigned bits);
bool abi_rd_bool(struct abi_rd *r);
struct address abi_rd_address(struct abi_rd *r);

/* abi_rd_fixed fills out (1 to 32 bytes). */
void abi_rd_fixed(struct abi_rd *r, struct mspan out);
struct span abi_rd_bytes(struct abi_rd *r);

/* abi_rd_tuple opens a dynamic tuple; abi_rd_array T[] whose elements take element_words words each in
 * the head (at least 1): it fails if count_max is passed or the words are not all there. */
struct abi_rd abi_rd_tuple(struct abi_rd *r);
struct abi_rd
abi_rd_array(struct abi_rd *r, size_t *ret_count, size_t element_words, size_t count_max);

static inline bool abi_rd_ok(const struct abi_rd *r)
{
    return !r->failed;
}

/* abi_selector: the first four bytes of keccak-256 of a signature such as "transfer(address,uint256)". */
void abi_selector(uint8_t ret[static ABI_SELECTOR_LEN], struct span signature);

/* The elementary types by name, as ABI and EIP-712 share them. */
enum abi_kind {
    ABI_UINT,
    ABI_INT,
    ABI_ADDRESS,
    ABI_BOOL,
    ABI_FIXED_BYTES, /* bytes1..bytes32 */
    ABI_BYTES,
    ABI_STRING,
};

struct abi_type {
    enum abi_kind kind;
    unsigned size; /* bits of ABI_UINT and ABI_INT, bytes of ABI_FIXED_BYTES, else 0 */
};

/* abi_type_parse takes one full name: "uint256", not "uint". ERR_NOT_FOUND if it is no elementary type. */
MUST_CHECK enum err abi_type_parse(struct abi_type *ret, struct span name);

/* abi_type_array cuts the last [] or [n] off name. ERR_NOT_FOUND if there is none, ERR_MALFORMED if it is
 * broken. *ret_count is 0 for [] (a fixed length of 0 does not exist). */
struct abi_array_type {
    struct span element;
    uint32_t count;
};
MUST_CHECK enum err abi_type_array(struct abi_array_type *ret, struct span name);

#endif
