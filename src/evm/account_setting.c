/* Settings of an account of version 2 (docs/account.md, "Settings"). */
#include "evm/account_setting.h"

#include "base/check.h"
#include "evm/abi.h"
#include "evm/account_domain.h"

static const char *const setting_signatures[ACCOUNT_SETTING_KIND_COUNT] = {
    [ACCOUNT_SETTING_GUARDIANS] = "setGuardians(bytes[],uint64,uint32)",
    [ACCOUNT_SETTING_LIMIT] = "setLimit(address,uint256,uint32)",
    [ACCOUNT_SETTING_KNOWN] = "setKnown(address)",
};
static const char schedule_signature[] = "scheduleSetting(bytes,uint64)";
static const char apply_signature[] = "applySetting(bytes,uint64)";

static enum err begin(struct buf *out, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    return buf_append(out, SPAN_OF(selector));
}

static bool is_call_of(struct span calldata, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    return span_starts_with(calldata, SPAN_OF(selector));
}

/* ---- what is set ---- */

static enum err encode_guardians(struct buf *out, const struct account_guardians *g)
{
    struct abi_wr w = abi_wr_init(out, 3);
    owner_list_put(&w, g->list, g->count);
    abi_wr_u64(&w, g->threshold);
    abi_wr_u64(&w, g->delay_s);
    return abi_wr_end(&w);
}

static enum err encode_limit(struct buf *out, const struct account_setting *s)
{
    struct abi_wr w = abi_wr_init(out, 3);
    abi_wr_address(&w, s->token);
    abi_wr_u256(&w, s->amount);
    abi_wr_u64(&w, s->period_s);
    return abi_wr_end(&w);
}

static enum err encode_known(struct buf *out, const struct account_setting *s)
{
    struct abi_wr w = abi_wr_init(out, 1);
    abi_wr_address(&w, s->to);
    return abi_wr_end(&w);
}

enum err account_setting_encode(struct buf *out, const struct account_setting *s)
{
    check(s->kind < ACCOUNT_SETTING_KIND_COUNT);
    check(s->guardians.count <= GUARDIAN_COUNT_MAX);
    TRY(begin(out, setting_signatures[s->kind]));
    switch (s->kind) {
    case ACCOUNT_SETTING_GUARDIANS:  return encode_guardians(out, &s->guardians);
    case ACCOUNT_SETTING_LIMIT:      return encode_limit(out, s);
    case ACCOUNT_SETTING_KNOWN:      return encode_known(out, s);
    case ACCOUNT_SETTING_KIND_COUNT: break;
    }
    return ERR_INTERNAL;
}

static enum err decode_guardians(struct account_guardians *g, struct abi_rd *r)
{
    enum err err = owner_list_get(r, g->list, &g->count, GUARDIAN_COUNT_MAX);
    g->threshold = abi_rd_uint(r, 64);
    g->delay_s = (uint32_t)abi_rd_uint(r, 32);
    return abi_rd_ok(r) ? err : ERR_MALFORMED;
}

/* The arguments of one that has no list: so many words, and nothing behind them. */
static enum err decode_words(struct account_setting *s, struct abi_rd *r, struct span args)
{
    bool is_limit = s->kind == ACCOUNT_SETTING_LIMIT;
    if (is_limit) {
        s->token = abi_rd_address(r);
        s->amount = abi_rd_u256(r);
        s->period_s = (uint32_t)abi_rd_uint(r, 32);
    } else {
        s->to = abi_rd_address(r);
    }
    bool is_whole = abi_rd_ok(r) && args.n == (is_limit ? 3u : 1u) * ABI_WORD_LEN;
    return is_whole ? OK : ERR_MALFORMED;
}

enum err account_setting_decode(struct account_setting *ret, struct span call)
{
    struct account_setting s = {.kind = ACCOUNT_SETTING_GUARDIANS};
    while (s.kind < ACCOUNT_SETTING_KIND_COUNT && !is_call_of(call, setting_signatures[s.kind])) {
        s.kind++;
    }
    if (s.kind == ACCOUNT_SETTING_KIND_COUNT) {
        return ERR_NOT_FOUND;
    }
    struct span args = span_from(call, ABI_SELECTOR_LEN);
    struct abi_rd r = abi_rd_init(args);
    TRY(s.kind == ACCOUNT_SETTING_GUARDIANS ? decode_guardians(&s.guardians, &r)
                                            : decode_words(&s, &r, args));
    *ret = s;
    return OK;
}

/* ---- scheduling it ---- */

void account_proposal_id(struct hash32 *ret,
                         struct address account,
                         uint64_t chain_id,
                         const struct account_proposal *p)
{
    uint8_t words[4][32] = {0};
    account_word_hash(words[0], SPAN_LIT("Setting(bytes call,uint64 attempt,bytes32 ownersHead)"));
    account_word_hash(words[1], p->call);
    account_word_u64(words[2], p->attempt);
    span_copy(mspan_of(words[3], 32), SPAN_OF(p->head));
    account_domain_hash(ret, account, chain_id, SPAN_OF(words));
}

static enum err write_call(struct buf *out, const char *signature, const struct account_proposal *p)
{
    TRY(begin(out, signature));
    struct abi_wr w = abi_wr_init(out, 2);
    abi_wr_bytes(&w, p->call);
    abi_wr_u64(&w, p->attempt);
    return abi_wr_end(&w);
}

enum err account_proposal_schedule(struct buf *out, const struct account_proposal *p)
{
    return write_call(out, schedule_signature, p);
}

enum err account_proposal_apply(struct buf *out, const struct account_proposal *p)
{
    return write_call(out, apply_signature, p);
}

enum err account_proposal_read(enum proposal_call *ret_call,
                               struct account_proposal *ret,
                               struct span calldata)
{
    bool is_apply = is_call_of(calldata, apply_signature);
    if (!is_apply && !is_call_of(calldata, schedule_signature)) {
        return ERR_NOT_FOUND;
    }
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    struct account_proposal p = {.call = abi_rd_bytes(&r)};
    p.attempt = abi_rd_uint(&r, 64);
    if (!abi_rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    *ret_call = is_apply ? PROPOSAL_CALL_APPLY : PROPOSAL_CALL_SCHEDULE;
    *ret = p;
    return OK;
}
