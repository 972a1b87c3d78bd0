/* The handler about session keys of an account of version 2. */
#include "codec/base16.h"
#include "evm/abi.h"
#include "node/api/api_methods.h"
#include "wallet/session.h"

enum { SELECTOR_TEXT_LEN = 2 + 2 * (int)ABI_SELECTOR_LEN, FUNCTION_LEN_MAX = 128 };

static enum api_done refuse_field(struct api_call *c, const char *field)
{
    coded_set(&c->why, "session_bad");
    coded_add_str(&c->why, "field", field);
    return API_REFUSED;
}

static bool read_address(const struct api_call *c, const char *name, struct address *ret)
{
    enum address_checksum sum;
    return address_parse(ret, &sum, api_param_plain(c, name)) == OK &&
           sum != ADDRESS_CHECKSUM_WRONG;
}

/* An amount that is absent is 0. */
static bool read_amount(const struct api_call *c, const char *name, struct u256 *ret)
{
    struct json absent;
    *ret = U256_ZERO;
    return !api_param(c, &absent, name) || u256_parse_decimal(ret, api_param_plain(c, name)) == OK;
}

/* A selector in hex, or a name with types, of which it is the hash. false: neither. */
static bool read_function(const struct api_call *c, uint8_t ret[static 4])
{
    uint8_t room[FUNCTION_LEN_MAX];
    struct span text = api_param_text(c, "function", MSPAN_OF(room));
    if (text.n == SELECTOR_TEXT_LEN &&
        base16_decode_fixed_0x(mspan_of(ret, ABI_SELECTOR_LEN), text) == OK) {
        return true;
    }
    bool is_named = text.n > 2 && text.p[0] != '(' && text.p[text.n - 1] == ')';
    size_t opened = 0;
    for (size_t i = 0; i < text.n; i++) {
        opened += text.p[i] == '(';
        is_named = is_named && text.p[i] > ' ' && text.p[i] < 0x7f;
    }
    if (is_named && opened > 0) {
        abi_selector(ret, text);
    }
    return is_named && opened > 0;
}

/* What it may do: a transfer of an asset, or one function of a contract, which takes the native asset alone. NULL: the terms are set; else
 * the field that is wrong. */
static const char *
read_policy(const struct api_call *c, const struct address *token, struct account_session *s)
{
    struct json absent;
    struct u256 amount;
    struct address to;
    bool is_token = !address_is_zero(*token);
    bool is_function = api_param(c, &absent, "function");
    if (!read_address(c, "to", &to)) {
        return "to";
    }
    if (!read_amount(c, "amount", &amount) || !read_amount(c, "fees", &s->ether) ||
        (!is_function && u256_is_zero(amount))) {
        return "amount";
    }
    if (is_function && (is_token || !read_function(c, s->selector) || account_session_is_ether(s) ||
                        account_session_moves(s->selector))) {
        return "function";
    }
    if (is_token) {
        s->target = *token;
        s->recipient = to;
        s->amount = amount;
        account_session_transfer(s->selector);
    } else {
        s->target = to;
        s->ether = u256_add_sat(s->ether, amount);
    }
    return NULL;
}

static enum api_done prepare(struct api_call *c, const struct session_args *args)
{
    uint64_t task;
    if (wallet_session_prepare(c->w.wallet, c->t, args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}

enum api_done api_do_session_prepare(struct api_call *c)
{
    struct account_session s = {0};
    struct session_args args = {.own = api_own_call(c), .session = &s};
    const struct network *n = wallet_network(c->w.wallet, args.own.network);
    struct address token = {{0}};
    struct u256 until_ms;
    uint64_t until = 0;
    args.is_end = api_param_is(c, "what", "end");
    if (!n) {
        return api_refuse(c, "unknown_network");
    }
    if (args.is_end) {
        bool is_id = base16_decode_fixed_0x(MSPAN_OF(s.id), api_param_plain(c, "session_id")) == OK;
        return is_id ? prepare(c, &args) : refuse_field(c, "session_id");
    }
    struct json given;
    if (api_param(c, &given, "asset") && api_param_asset(c, "asset", n, &token) != OK) {
        return api_refuse(c, "unknown_asset");
    }
    if (!read_address(c, "job_key", &s.key)) {
        return refuse_field(c, "job_key");
    }
    const char *wrong = read_policy(c, &token, &s);
    if (wrong) {
        return refuse_field(c, wrong);
    }
    if (u256_parse_decimal(&until_ms, api_param_plain(c, "until_ms")) != OK ||
        u256_to_u64(&until, until_ms) != OK) {
        return refuse_field(c, "until");
    }
    s.valid_until = until / 1000;
    return prepare(c, &args);
}
