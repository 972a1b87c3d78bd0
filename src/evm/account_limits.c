/* Limits of an account of version 2 (docs/account.md, "Limits" and "Storage"). */
#include "evm/account_limits.h"

#include "crypto/keccak.h"
#include "evm/abi.h"

static const char lower_signature[] = "lowerLimit(address,uint256,uint32)";
static const char forget_signature[] = "forgetKnown(address)";

enum { SINCE_BITS = 48 };

/* The ERC-7201 root of "passmesh.account.limits": limits by token, then known addresses, then fees. */
static const uint8_t root[32] = {0x92, 0xf1, 0x62, 0xa3, 0x27, 0x72, 0x1a, 0xf1, 0x1f, 0x9a, 0x04,
                                 0x50, 0x22, 0x47, 0xed, 0xd8, 0xfb, 0x36, 0xa4, 0x80, 0x2a, 0x06,
                                 0xaa, 0xe6, 0x21, 0x9e, 0xee, 0x05, 0x27, 0x5a, 0xba, 0x00};
enum { LIMITS_PLACE = 0, KNOWN_PLACE = 1, FEES_PLACE = 2 };

static enum err begin(struct buf *out, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    return buf_append(out, SPAN_OF(selector));
}

enum err account_limits_lower(struct buf *out, const struct account_limit *limit)
{
    TRY(begin(out, lower_signature));
    struct abi_wr w = abi_wr_init(out, 3);
    abi_wr_address(&w, limit->token);
    abi_wr_u256(&w, limit->amount);
    abi_wr_u64(&w, limit->period_s);
    return abi_wr_end(&w);
}

enum err account_limits_forget(struct buf *out, struct address to)
{
    TRY(begin(out, forget_signature));
    struct abi_wr w = abi_wr_init(out, 1);
    abi_wr_address(&w, to);
    return abi_wr_end(&w);
}

static bool is_call_of(struct span calldata, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    return span_starts_with(calldata, SPAN_OF(selector));
}

enum err account_limits_read(enum limits_call *ret_call,
                             struct account_limit *ret_limit,
                             struct address *ret_to,
                             struct span calldata)
{
    bool is_lower = is_call_of(calldata, lower_signature);
    if (!is_lower && !is_call_of(calldata, forget_signature)) {
        return ERR_NOT_FOUND;
    }
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    struct account_limit limit = {.token = abi_rd_address(&r)};
    if (is_lower) {
        limit.amount = abi_rd_u256(&r);
        limit.period_s = (uint32_t)abi_rd_uint(&r, 32);
    }
    if (!abi_rd_ok(&r) || calldata.n != ABI_SELECTOR_LEN + (is_lower ? 3u : 1u) * ABI_WORD_LEN) {
        return ERR_MALFORMED;
    }
    *ret_call = is_lower ? LIMITS_CALL_LOWER : LIMITS_CALL_FORGET;
    if (is_lower) {
        *ret_limit = limit;
    } else {
        *ret_to = limit.token;
    }
    return OK;
}

/* ---- reading ---- */

static struct span
ask_of(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX], const char *signature, struct address a)
{
    abi_selector(ret, span_str(signature));
    span_copy(mspan_of(ret + 4, 12), SPAN_OF(((uint8_t[12]){0})));
    span_copy(mspan_of(ret + 16, 20), SPAN_OF(a.bytes));
    return span_of(ret, ACCOUNT_LIMITS_CALL_LEN_MAX);
}

struct span account_limits_ask(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX],
                               struct address token)
{
    return ask_of(ret, "limitOf(address)", token);
}

struct span account_limits_ask_known(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX],
                                     struct address to)
{
    return ask_of(ret, "isKnown(address)", to);
}

struct span account_limits_ask_fees(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX])
{
    abi_selector(ret, SPAN_LIT("limitFees()"));
    return span_of(ret, ABI_SELECTOR_LEN);
}

/* As the contract packs them. */
static struct u256 window_of(uint64_t since, uint32_t period_s)
{
    uint8_t word[32] = {0};
    struct u256 n = U256_ZERO;
    for (size_t i = 0; i < 6; i++) {
        word[31 - i] = (uint8_t)(since >> 8 * i);
    }
    for (size_t i = 0; i < 4; i++) {
        word[25 - i] = (uint8_t)(period_s >> 8 * i);
    }
    return u256_from_be(&n, SPAN_OF(word)) == OK ? n : U256_ZERO;
}

enum err account_limits_decode(struct account_limit_words *ret, struct span data)
{
    struct abi_rd r = abi_rd_init(data);
    struct account_limit_words words = {.amount = abi_rd_u256(&r)};
    uint32_t period_s = (uint32_t)abi_rd_uint(&r, 32);
    words.spent = abi_rd_u256(&r);
    uint64_t since = abi_rd_uint(&r, SINCE_BITS);
    if (!abi_rd_ok(&r) || data.n != 4 * ABI_WORD_LEN) {
        return ERR_MALFORMED;
    }
    words.window = window_of(since, period_s);
    *ret = words;
    return OK;
}

uint32_t account_limit_period_s(struct u256 window)
{
    uint8_t word[32];
    u256_to_be(word, window);
    return (uint32_t)word[22] << 24 | (uint32_t)word[23] << 16 | (uint32_t)word[24] << 8 | word[25];
}

uint64_t account_limit_since(struct u256 window)
{
    uint8_t word[32];
    uint64_t since = 0;
    u256_to_be(word, window);
    for (size_t i = 26; i < 32; i++) {
        since = since << 8 | word[i];
    }
    return since;
}

/* ---- storage ---- */

/* SPEC solidity §"Layout of State Variables in Storage": keccak256(h(k) . p). */
static void place_of(uint8_t ret[static 32], struct address key, uint8_t place)
{
    uint8_t both[64] = {0};
    struct hash32 hash;
    span_copy(mspan_of(both + 12, 20), SPAN_OF(key.bytes));
    span_copy(mspan_of(both + 32, 32), SPAN_OF(root));
    both[63] = place;
    keccak256(&hash, SPAN_OF(both));
    span_copy(mspan_of(ret, 32), SPAN_OF(hash.bytes));
}

void account_limits_slots(uint8_t ret[static ACCOUNT_LIMIT_SLOTS][32], struct address token)
{
    struct u256 n = U256_ZERO;
    place_of(ret[0], token, LIMITS_PLACE);
    for (size_t i = 1; i < ACCOUNT_LIMIT_SLOTS; i++) {
        enum err err = u256_from_be(&n, span_of(ret[i - 1], 32));
        u256_to_be(ret[i], err == OK ? u256_add_sat(n, u256_from_u64(1)) : U256_ZERO);
    }
}

void account_limits_known_slot(uint8_t ret[static 32], struct address to)
{
    place_of(ret, to, KNOWN_PLACE);
}

void account_limits_fees_slot(uint8_t ret[static 32])
{
    span_copy(mspan_of(ret, 32), SPAN_OF(root));
    ret[31] = FEES_PLACE;
}
