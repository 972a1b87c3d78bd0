/* Handlers about operations that owners with different wallets sign (docs/partial.md). */
#include "node/api/api_methods.h"
#include "wallet/guardian_help.h"
#include "wallet/partial.h"

enum { PARTIAL_SIGNERS_MAX = 8 };
#define API_TIME_MAX (((uint64_t)1 << 53) - 1) /* what a number in JSON can be, exactly */

static void put_name(struct json_writer *j, const char *name)
{
    json_put_name(j, name);
}

static void put_code(struct json_writer *j, const struct hash32 *hash)
{
    char code[HELP_CODE_LEN];
    help_code(code, hash);
    put_name(j, "code");
    json_put_str(j, code);
}

static struct span text_of(const struct api_call *c)
{
    return api_param_plain(c, "text");
}

/* ---- the wallet that prepared it ---- */

static bool read_operation(struct api_call *c, struct approve_args *ret)
{
    *ret = (struct approve_args){.operation = api_param_id(c, "operation_id")};
    return json_find_u64(&ret->revision, c->params, "revision") == OK;
}

enum api_done api_do_partial_text(struct api_call *c)
{
    struct approve_args args;
    AUTO(operation_auto) struct operation *op = NULL;
    AUTO(buf_done) struct buf text;
    buf_init(&text, &c->api->budget, PARTIAL_TEXT_LEN_MAX);
    if (!read_operation(c, &args)) {
        return api_broken_answer(c);
    }
    if (wallet_partial_give(c->w.wallet, c->t, &args, &text, &c->why) != OK) {
        return API_REFUSED;
    }
    if (operation_new(&op, &c->api->budget) != OK ||
        wallet_operation(c->w.wallet, args.operation, op) != OK) {
        return api_refuse(c, "unknown_operation");
    }
    json_put_object(c->w.j);
    put_name(c->w.j, "text");
    json_put_string(c->w.j, buf_span(&text));
    put_code(c->w.j, &op->userop_hash);
    put_name(c->w.j, "operation");
    api_write_operation(&c->w, op);
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_partial_gather(struct api_call *c)
{
    struct approve_args args;
    AUTO(operation_auto) struct operation *op = NULL;
    if (!read_operation(c, &args)) {
        return api_broken_answer(c);
    }
    if (wallet_partial_gather(c->w.wallet, c->t, &args, text_of(c), &c->why) != OK) {
        return API_REFUSED;
    }
    if (operation_new(&op, &c->api->budget) != OK ||
        wallet_operation(c->w.wallet, args.operation, op) != OK) {
        return api_refuse(c, "unknown_operation");
    }
    api_write_operation(&c->w, op);
    return API_DONE;
}

/* ---- the other owner's ---- */

static void
put_keys(struct json_writer *j, const char *name, const struct smart_owner *owners, size_t count)
{
    put_name(j, name);
    json_put_array(j);
    for (size_t i = 0; i < count; i++) {
        json_put_hex(j, span_of(owners[i].bytes, owners[i].len));
    }
    json_end_array(j);
}

/* Of which asset the amount is; nothing of a token that is not listed. */
static void put_unit(struct json_writer *j, const struct partial_call *one, const struct network *n)
{
    bool is_token = one->what == PARTIAL_TOKEN;
    if (is_token) {
        put_name(j, "token");
        api_write_address(j, one->token_address);
    }
    if (!is_token || one->token) {
        put_name(j, "symbol");
        json_put_str(j, is_token ? one->token->symbol : n->symbol);
        put_name(j, "decimals");
        json_put_u64(j, is_token ? one->token->decimals : U256_DECIMALS_ETHER);
    }
}

static void put_call(struct json_writer *j, const struct partial_call *one, const struct network *n)
{
    static const char *const words[PARTIAL_WHAT_COUNT] = {
        [PARTIAL_PAYMENT] = "payment", [PARTIAL_TOKEN] = "token", [PARTIAL_OWNERS] = "owners",
        [PARTIAL_VETO] = "veto",       [PARTIAL_OWN] = "own",     [PARTIAL_UNKNOWN] = "unknown"};
    json_put_object(j);
    put_name(j, "what");
    json_put_str(j, words[one->what]);
    put_name(j, "danger");
    json_put_bool(j, one->is_danger);
    put_name(j, "to");
    api_write_address(j, one->to);
    put_name(j, "amount");
    api_write_u256(j, one->amount);
    put_unit(j, one, n);
    if (one->what == PARTIAL_OWNERS) {
        put_name(j, "threshold");
        json_put_u64(j, one->change.threshold);
        put_keys(j, "added", one->change.added, one->change.added_count);
        put_keys(j, "removed", one->change.removed, one->change.removed_count);
    }
    if (one->what == PARTIAL_OWN || one->what == PARTIAL_UNKNOWN) {
        put_name(j, "data");
        json_put_hex(j, one->data);
    }
    json_end_object(j);
}

static void put_calls(struct json_writer *j, const struct partial *p, const struct network *n)
{
    struct smart_call calls[PARTIAL_CALL_COUNT_MAX];
    struct partial_call one;
    size_t count = partial_calls(calls, p);
    put_name(j, "calls");
    json_put_array(j);
    for (size_t i = 0; i < count; i++) {
        partial_call_read(&one, p, n, &calls[i]);
        put_call(j, &one, n);
    }
    json_end_array(j);
}

static void put_signers(struct api_call *c, const struct partial *p, struct id network)
{
    const struct account *signers[PARTIAL_SIGNERS_MAX];
    size_t count = wallet_partial_signers(c->w.wallet, p, network, signers, PARTIAL_SIGNERS_MAX);
    put_name(c->w.j, "signers");
    json_put_array(c->w.j);
    for (size_t i = 0; i < count; i++) {
        json_put_str(c->w.j, signers[i]->id.text);
    }
    json_end_array(c->w.j);
}

enum api_done api_do_partial_open(struct api_call *c)
{
    struct json_writer *j = c->w.j;
    const struct network *n = NULL;
    struct partial p;
    struct hash32 hash;
    AUTO(buf_done) struct buf room;
    buf_init(&room, &c->api->budget, PARTIAL_BYTES_MAX);
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (wallet_partial_open(c->w.wallet, &p, &room, &n, text_of(c), &c->why) != OK) {
        return API_REFUSED;
    }
    if (partial_hash(&hash, &p, n) != OK) {
        return api_refuse(c, "partial_bad");
    }
    const char *state = wallet_partial_state(c->w.wallet, c->t, &p, n->id);
    json_put_object(j);
    put_name(j, "address");
    api_write_address(j, p.op.sender);
    put_name(j, "network_id");
    json_put_str(j, n->id.text);
    put_code(j, &hash);
    put_name(j, "state");
    json_put_str(j, state[0] ? state : "open");
    put_name(j, "expires_ms");
    json_put_u64(j, p.expires_ms < API_TIME_MAX ? p.expires_ms : API_TIME_MAX);
    put_name(j, "fee_max");
    api_write_u256(j, userop_fee_max(&p.op));
    put_name(j, "nonce");
    api_write_u256(j, p.op.nonce);
    put_calls(j, &p, n);
    put_signers(c, &p, n->id);
    json_end_object(j);
    return API_DONE;
}

static struct partial_sign_args sign_args(const struct api_call *c)
{
    struct partial_sign_args args = {.account = api_param_id(c, "account_id"), .text = text_of(c)};
    if (json_find_bool(&args.confirmed, c->params, "confirmed") != OK) {
        args.confirmed = false;
    }
    return args;
}

enum api_done api_do_partial_sign_begin(struct api_call *c)
{
    const struct partial_sign_args args = sign_args(c);
    struct hash32 hash;
    if (wallet_partial_hash(c->w.wallet, c->t, &args, &hash, &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    put_code(c->w.j, &hash);
    put_name(c->w.j, "options");
    api_write_request_options(&c->w, wallet_account(c->w.wallet, args.account), NULL,
                              SPAN_OF(hash.bytes));
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_partial_sign_finish(struct api_call *c)
{
    struct partial_sign_args args = sign_args(c);
    struct passkey_answer answer;
    AUTO(buf_done) struct buf bytes;
    AUTO(buf_done) struct buf text;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    buf_init(&text, &c->api->budget, HELP_TEXT_LEN_MAX);
    if (!api_read_passkey_answer(c, &bytes, &answer)) {
        return api_broken_answer(c);
    }
    args.answer = &answer;
    if (wallet_partial_sign(c->w.wallet, c->t, &args, &text, &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    put_name(c->w.j, "text");
    json_put_string(c->w.j, buf_span(&text));
    json_end_object(c->w.j);
    return API_DONE;
}
