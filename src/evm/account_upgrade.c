/* Upgrades of an account (docs/account.md). */
#include "evm/account_upgrade.h"

#include "evm/abi.h"
#include "evm/account_domain.h"

#define UPGRADE_TYPES "(address,bytes,uint64)"
static const char schedule_signature[] = "scheduleUpgrade" UPGRADE_TYPES;
static const char apply_signature[] = "applyUpgrade" UPGRADE_TYPES;

/* keccak256("eip1967.proxy.implementation") - 1 */
const uint8_t account_implementation_slot[32] = {
    0x36, 0x08, 0x94, 0xa1, 0x3b, 0xa1, 0xa3, 0x21, 0x06, 0x67, 0xc8, 0x28, 0x49, 0x2d, 0xb9, 0x8d,
    0xca, 0x3e, 0x20, 0x76, 0xcc, 0x37, 0x35, 0xa9, 0x20, 0xa3, 0xca, 0x50, 0x5d, 0x38, 0x2b, 0xbc};

void account_upgrade_id(struct hash32 *ret,
                        struct address account,
                        uint64_t chain_id,
                        const struct account_upgrade *u)
{
    uint8_t words[6][32] = {0};
    account_word_hash(words[0], SPAN_LIT("Upgrade(address implementation,bytes32 codeHash,bytes "
                                         "call,uint64 attempt,bytes32 ownersHead)"));
    span_copy(mspan_of(words[1] + 12, 20), SPAN_OF(u->implementation.bytes));
    span_copy(mspan_of(words[2], 32), SPAN_OF(u->code_hash));
    account_word_hash(words[3], SPAN_EMPTY);
    account_word_u64(words[4], u->attempt);
    span_copy(mspan_of(words[5], 32), SPAN_OF(u->head));
    account_domain_hash(ret, account, chain_id, SPAN_OF(words));
}

static enum err write_call(struct buf *out, const char *signature, const struct account_upgrade *u)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    TRY(buf_append(out, SPAN_OF(selector)));
    struct abi_wr w = abi_wr_init(out, 3);
    abi_wr_address(&w, u->implementation);
    abi_wr_bytes(&w, SPAN_EMPTY);
    abi_wr_u64(&w, u->attempt);
    return abi_wr_end(&w);
}

enum err account_upgrade_schedule(struct buf *out, const struct account_upgrade *u)
{
    return write_call(out, schedule_signature, u);
}

enum err account_upgrade_apply(struct buf *out, const struct account_upgrade *u)
{
    return write_call(out, apply_signature, u);
}

enum err
account_upgrade_read(enum upgrade_call *ret_call, struct account_upgrade *ret, struct span calldata)
{
    uint8_t schedule[ABI_SELECTOR_LEN];
    uint8_t apply[ABI_SELECTOR_LEN];
    abi_selector(schedule, span_str(schedule_signature));
    abi_selector(apply, span_str(apply_signature));
    bool is_apply = span_starts_with(calldata, SPAN_OF(apply));
    if (!is_apply && !span_starts_with(calldata, SPAN_OF(schedule))) {
        return ERR_NOT_FOUND;
    }
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    struct account_upgrade u = {.implementation = abi_rd_address(&r)};
    struct span call = abi_rd_bytes(&r);
    u.attempt = abi_rd_uint(&r, 64);
    if (!abi_rd_ok(&r) || call.n != 0) {
        return ERR_MALFORMED;
    }
    *ret_call = is_apply ? UPGRADE_CALL_APPLY : UPGRADE_CALL_SCHEDULE;
    *ret = u;
    return OK;
}
