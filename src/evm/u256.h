#ifndef EVM_U256_H
#define EVM_U256_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* An unsigned 256-bit integer: the number of the EVM, and of every amount of money. There is no
 * floating point and no silent wrap: each operation that can pass the range says so. */
struct u256 {
    uint64_t w[4]; /* least significant first */
};

enum {
    U256_TEXT_LEN = 84,      /* room for any printed form and its NUL */
    U256_DECIMALS_MAX = 77,  /* digits after the point that parse_units and print_units take */
    U256_DECIMALS_GWEI = 9,  /* a gwei in wei */
    U256_DECIMALS_ETHER = 18 /* an ether in wei */
};

#define U256_ZERO                                                                                  \
    ((struct u256){                                                                                \
        .w = {0, 0, 0, 0} \
    })
#define U256_MAX                                                                                   \
    ((struct u256){                                                                                \
        .w = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX} \
    })

struct u256 u256_from_u64(uint64_t v);

/* u256_to_u64: ERR_LIMIT if v does not fit. */
MUST_CHECK enum err u256_to_u64(uint64_t *ret, struct u256 v);

bool u256_is_zero(struct u256 v);
bool u256_equal(struct u256 a, struct u256 b);

/* u256_compare: <0, 0, >0. */
int u256_compare(struct u256 a, struct u256 b);

/* u256_bit_len is the index of the highest set bit plus one; 0 for zero. */
unsigned u256_bit_len(struct u256 v);

/* The checked operations: ERR_LIMIT if the result is not in [0, 2^256), and then *ret is untouched. */
MUST_CHECK enum err u256_add(struct u256 *ret, struct u256 a, struct u256 b);
MUST_CHECK enum err u256_sub(struct u256 *ret, struct u256 a, struct u256 b);
MUST_CHECK enum err u256_mul(struct u256 *ret, struct u256 a, struct u256 b);

/* u256_divmod: ERR_MALFORMED if divisor is zero. */
struct u256_quotient {
    struct u256 quotient;
    struct u256 remainder;
};
MUST_CHECK enum err
u256_divmod(struct u256_quotient *ret, struct u256 dividend, struct u256 divisor);

/* The saturating ones stop at U256_MAX or zero: for bounds, where too much must stay too much. */
struct u256 u256_add_sat(struct u256 a, struct u256 b);
struct u256 u256_sub_sat(struct u256 a, struct u256 b);
struct u256 u256_mul_sat(struct u256 a, struct u256 b);

/* u256_from_be reads up to 32 bytes, most significant first; more is ERR_LIMIT. Leading zeros are
 * taken: the callers with a canonical form check it. */
MUST_CHECK enum err u256_from_be(struct u256 *ret, struct span bytes);
void u256_to_be(uint8_t ret[static 32], struct u256 v);

/* u256_parse_decimal takes digits alone, with no sign and no leading zero: ERR_MALFORMED otherwise,
 * ERR_LIMIT from 2^256 on. */
MUST_CHECK enum err u256_parse_decimal(struct u256 *ret, struct span text);

/* u256_parse_hex takes 0x and 1 to 64 digits of either case; leading zeros are taken. */
MUST_CHECK enum err u256_parse_hex(struct u256 *ret, struct span text);

/* u256_parse_units reads a decimal fraction such as "1.5" as a count of the smallest unit: with
 * decimals 18, "1.5" is 1500000000000000000. Exact: a digit that the unit cannot hold is
 * ERR_MALFORMED, never rounded. A digit must stand on both sides of a point. */
MUST_CHECK enum err u256_parse_units(struct u256 *ret, struct span text, unsigned decimals);

/* The printers write NUL-terminated text and return its length without the NUL. */
size_t u256_print_decimal(char ret[static U256_TEXT_LEN], struct u256 v);

/* u256_print_hex writes the shortest form, "0x0" for zero: the quantity of Ethereum's JSON-RPC. */
size_t u256_print_hex(char ret[static U256_TEXT_LEN], struct u256 v);

/* u256_print_units is the inverse of u256_parse_units, with no zeros at the end: "1.5", "2". */
size_t u256_print_units(char ret[static U256_TEXT_LEN], struct u256 v, unsigned decimals);

#endif
