/* Guardians and recovery of an account (docs/account.md, "Guardians"). */
#include "evm/account_recovery.h"

#include "evm/abi.h"
#include "evm/account_domain.h"

#define CHANGE_TYPE "(uint64,bytes32,uint64,uint64,bytes[],bytes[])"
static const char *const call_signatures[] = {
    [RECOVERY_CALL_BEGIN] = "recover(" CHANGE_TYPE ",bytes)",
    [RECOVERY_CALL_APPLY] = "applyRecovery(" CHANGE_TYPE ")",
    [RECOVERY_CALL_CANCEL] = "cancelRecovery(bytes)",
    [RECOVERY_CALL_PUT_OFF] = "putOffRecovery(bytes,bytes)",
    [RECOVERY_CALL_FREEZE] = "freeze(bytes,bytes)",
};
enum { CALL_COUNT = 5, DELAY_S_MIN = 86400, DELAY_S_MAX = 30 * 86400 };

/* ---- what the account answers ---- */

enum err account_guardians_decode(struct account_guardians *ret, struct span data)
{
    struct account_guardians g = {.count = 0};
    struct abi_rd r = abi_rd_init(data);
    enum err err = owner_list_get(&r, g.list, &g.count, GUARDIAN_COUNT_MAX);
    g.threshold = abi_rd_uint(&r, 64);
    g.delay_s = (uint32_t)abi_rd_uint(&r, 32);
    if (err != OK || !abi_rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    bool is_none = g.count == 0 && g.threshold == 0;
    bool is_some = g.threshold >= 1 && g.threshold <= g.count && g.delay_s >= DELAY_S_MIN &&
                   g.delay_s <= DELAY_S_MAX;
    if (!is_none && !is_some) {
        return ERR_MALFORMED;
    }
    *ret = g;
    return OK;
}

enum err account_recovery_decode(struct account_recovery *ret, struct span data)
{
    static const uint8_t zero[32];
    struct account_recovery a = {.is_pending = false};
    struct abi_rd r = abi_rd_init(data);
    abi_rd_fixed(&r, MSPAN_OF(a.pending.bytes));
    a.ready_at = abi_rd_uint(&r, 64);
    a.vetoes = (uint8_t)abi_rd_uint(&r, 8);
    a.round = abi_rd_uint(&r, 64);
    a.frozen_until = abi_rd_uint(&r, 48);
    a.held_until = abi_rd_uint(&r, 48);
    /* Its words and nothing behind them. */
    if (!abi_rd_ok(&r) || data.n != r.head || a.vetoes > RECOVERY_VETOES_MAX ||
        a.ready_at > UINT64_MAX / 1000) {
        return ERR_MALFORMED;
    }
    a.is_pending = !span_equal(SPAN_OF(a.pending.bytes), SPAN_OF(zero));
    *ret = a;
    return OK;
}

/* ---- what is signed ---- */

void account_recovery_hash(struct hash32 *ret,
                           struct address account,
                           uint64_t chain_id,
                           const struct recovery_signable *s)
{
    static const char *const types[] = {
        [RECOVERY_RECOVER] = "Recover(bytes32 change,uint64 round)",
        [RECOVERY_CANCEL] = "CancelRecovery(bytes32 change,uint64 round)",
        [RECOVERY_PUT_OFF] = "PutOffRecovery(bytes32 change,uint64 round,uint8 vetoes)",
        [RECOVERY_FREEZE] = "Freeze(bytes32 ownersHead)",
        [RECOVERY_HOLD] = "Hold(bytes32 zero,uint64 round)",
        [RECOVERY_PRACTICE] = "Practice(bytes32 number,uint64 round)",
    };
    uint8_t words[4][32] = {0};
    size_t count = s->act == RECOVERY_PUT_OFF ? 4 : s->act == RECOVERY_FREEZE ? 2 : 3;
    account_word_hash(words[0], span_str(types[s->act]));
    if (s->act != RECOVERY_HOLD) {
        span_copy(MSPAN_OF(words[1]), SPAN_OF(s->what.bytes));
    }
    account_word_u64(words[2], s->round);
    account_word_u64(words[3], s->vetoes);
    struct span all = span_of(words[0], count * sizeof words[0]);
    if (s->act == RECOVERY_PRACTICE) {
        account_practice_hash(ret, account, chain_id, all);
    } else {
        account_domain_hash(ret, account, chain_id, all);
    }
}

/* ---- calls ---- */

static enum err begin(struct buf *out, enum recovery_call call)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(call_signatures[call]));
    return buf_append(out, SPAN_OF(selector));
}

enum err
account_recovery_begin(struct buf *out, const struct owner_change *c, struct span signature)
{
    TRY(begin(out, RECOVERY_CALL_BEGIN));
    struct abi_wr w = abi_wr_init(out, 2);
    owner_change_put(&w, c);
    abi_wr_bytes(&w, signature);
    return abi_wr_end(&w);
}

enum err account_recovery_apply(struct buf *out, const struct owner_change *c)
{
    TRY(begin(out, RECOVERY_CALL_APPLY));
    struct abi_wr w = abi_wr_init(out, 1);
    owner_change_put(&w, c);
    return abi_wr_end(&w);
}

enum err account_recovery_cancel(struct buf *out, struct span signature)
{
    TRY(begin(out, RECOVERY_CALL_CANCEL));
    struct abi_wr w = abi_wr_init(out, 1);
    abi_wr_bytes(&w, signature);
    return abi_wr_end(&w);
}

static enum err
write_signed(struct buf *out, enum recovery_call call, struct span owner, struct span signature)
{
    TRY(begin(out, call));
    struct abi_wr w = abi_wr_init(out, 2);
    abi_wr_bytes(&w, owner);
    abi_wr_bytes(&w, signature);
    return abi_wr_end(&w);
}

enum err
account_recovery_put_off(struct buf *out, const struct smart_owner *owner, struct span signature)
{
    return write_signed(out, RECOVERY_CALL_PUT_OFF, span_of(owner->bytes, owner->len), signature);
}

enum err
account_recovery_freeze(struct buf *out, const struct smart_owner *owner, struct span signature)
{
    return write_signed(out, RECOVERY_CALL_FREEZE, span_of(owner->bytes, owner->len), signature);
}

static enum err find_call(enum recovery_call *ret, struct span calldata)
{
    for (unsigned i = 0; i < CALL_COUNT; i++) {
        uint8_t selector[ABI_SELECTOR_LEN];
        abi_selector(selector, span_str(call_signatures[i]));
        if (span_starts_with(calldata, SPAN_OF(selector))) {
            *ret = (enum recovery_call)i;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err account_recovery_read(enum recovery_call *ret_call,
                               struct owner_change *ret_change,
                               struct span *ret_signature,
                               struct span calldata)
{
    enum recovery_call call;
    struct owner_change change = {.sequence = 0};
    struct span signature = SPAN_EMPTY;
    TRY(find_call(&call, calldata));
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    if (call == RECOVERY_CALL_BEGIN || call == RECOVERY_CALL_APPLY) {
        TRY(owner_change_get(&r, &change));
    } else if (call != RECOVERY_CALL_CANCEL) {
        (void)abi_rd_bytes(&r); /* whose it is */
    }
    if (call != RECOVERY_CALL_APPLY) {
        signature = abi_rd_bytes(&r);
    }
    if (!abi_rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    *ret_call = call;
    *ret_change = change;
    *ret_signature = signature;
    return OK;
}
