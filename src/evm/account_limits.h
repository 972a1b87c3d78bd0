#ifndef EVM_ACCOUNT_LIMITS_H
#define EVM_ACCOUNT_LIMITS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/address.h"
#include "evm/u256.h"

/* Limits of an account of version 2 (docs/account.md, "Limits"): what one owner may spend where the threshold asks for more. */

/* account_limits_lower and account_limits_forget append the calls that the account makes to itself, which take effect at once: no
 * more than now in no shorter a period; an address is known no longer. ERR_LIMIT: out is full. */
struct account_limit {
    struct address token; /* zero: ether */
    struct u256 amount;   /* smallest unit */
    uint32_t period_s;
};
MUST_CHECK enum err account_limits_lower(struct buf *out, const struct account_limit *limit);
MUST_CHECK enum err account_limits_forget(struct buf *out, struct address to);

enum limits_call { LIMITS_CALL_LOWER, LIMITS_CALL_FORGET };

/* account_limits_read tells what such calldata asks for: LOWER sets ret_limit, FORGET ret_to. ERR_NOT_FOUND: it is no such call;
 * ERR_MALFORMED: not in its strict form. */
MUST_CHECK enum err account_limits_read(enum limits_call *ret_call,
                                        struct account_limit *ret_limit,
                                        struct address *ret_to,
                                        struct span calldata);

/* The questions about them, as calldata in ret, of which they return as much as it takes: limitOf, isKnown, limitFees. */
enum { ACCOUNT_LIMITS_CALL_LEN_MAX = 36 };
struct span account_limits_ask(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX],
                               struct address token);
struct span account_limits_ask_known(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX],
                                     struct address to);
struct span account_limits_ask_fees(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX]);

/* A limit as the contract keeps it, in three slots one after the other: amount, spent, and in one word the beginning of the period under
 * way (Unix time, the low 48 bits) and its length in seconds (the next 32; 0: no limit was set). */
enum { ACCOUNT_LIMIT_SLOTS = 3 };
struct account_limit_words {
    struct u256 amount;
    struct u256 spent;
    struct u256 window;
};

/* account_limits_decode reads what limitOf returns. ERR_MALFORMED. */
MUST_CHECK enum err account_limits_decode(struct account_limit_words *ret, struct span data);

uint32_t account_limit_period_s(struct u256 window);
uint64_t account_limit_since(struct u256 window);

/* Where they lie in the account's storage: the three slots of a token's limit, whether an address is known (the low 8 bits), and
 * the fees promised in the period of ether's limit. */
void account_limits_slots(uint8_t ret[static ACCOUNT_LIMIT_SLOTS][32], struct address token);
void account_limits_known_slot(uint8_t ret[static 32], struct address to);
void account_limits_fees_slot(uint8_t ret[static 32]);

#endif
