/* Handlers about the settings of an account of version 2: limits, known addresses, and what waits. */
#include "codec/base16.h"
#include "node/api/api_methods.h"

enum { HOUR_S = 3600, HOURS_MAX = 366 * 24 };

static enum api_done prepare(struct api_call *c, const struct setting_args *args)
{
    uint64_t task;
    if (wallet_setting_prepare(c->w.wallet, c->t, args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}

/* The length of a period, s; 0: it is not there. ERR_MALFORMED: not 1 h to 366 days. */
static enum err period_of(const struct api_call *c, uint32_t *ret)
{
    struct u256 wide;
    uint64_t hours = 0;
    struct json absent;
    if (!api_param(c, &absent, "hours")) {
        *ret = 0;
        return OK;
    }
    if (u256_parse_decimal(&wide, api_param_plain(c, "hours")) != OK ||
        u256_to_u64(&hours, wide) != OK || hours == 0 || hours > HOURS_MAX) {
        return ERR_MALFORMED;
    }
    *ret = (uint32_t)hours * HOUR_S;
    return OK;
}

enum api_done api_do_limit_prepare(struct api_call *c)
{
    struct account_setting s = {.kind = ACCOUNT_SETTING_LIMIT};
    struct setting_args args = {.own = api_own_call(c), .setting = &s};
    const struct network *n = wallet_network(c->w.wallet, args.own.network);
    bool is_lower = api_param_is(c, "what", "lower");
    args.what = is_lower ? SETTING_WISH_LESS : SETTING_WISH_BEGIN;
    if (!n) {
        return api_refuse(c, "unknown_network");
    }
    if (api_param_asset(c, "asset", n, &s.token) != OK) {
        return api_refuse(c, "unknown_asset");
    }
    if (u256_parse_decimal(&s.amount, api_param_plain(c, "amount")) != OK) {
        return api_refuse(c, "amount_zero");
    }
    if (period_of(c, &s.period_s) != OK || (!is_lower && s.period_s == 0)) {
        return api_refuse(c, "period_bad");
    }
    return prepare(c, &args);
}

enum api_done api_do_known_prepare(struct api_call *c)
{
    struct account_setting s = {.kind = ACCOUNT_SETTING_KNOWN};
    struct setting_args args = {.own = api_own_call(c), .setting = &s};
    enum address_checksum sum;
    bool is_forget = api_param_is(c, "what", "forget");
    args.what = is_forget ? SETTING_WISH_LESS : SETTING_WISH_BEGIN;
    if (address_parse(&s.to, &sum, api_param_plain(c, "address")) != OK ||
        sum == ADDRESS_CHECKSUM_WRONG) {
        return api_refuse(c, "address_checksum");
    }
    if (address_is_zero(s.to)) {
        return api_refuse(c, "address_zero");
    }
    return prepare(c, &args);
}

enum api_done api_do_setting_prepare(struct api_call *c)
{
    bool is_veto = api_param_is(c, "what", "veto");
    struct setting_args args = {.own = api_own_call(c),
                                .what = is_veto ? SETTING_WISH_VETO : SETTING_WISH_APPLY};
    if (base16_decode_fixed_0x(MSPAN_OF(args.id.bytes), api_param_plain(c, "setting_id")) != OK) {
        return api_refuse(c, "unknown_setting");
    }
    return prepare(c, &args);
}
