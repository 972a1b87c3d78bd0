/* Handlers that read. */
#include "codec/base16.h"
#include "node/api/api_inside.h"
#include "node/api/api_methods.h"

#include <string.h>

static const struct network *param_network(const struct api_call *c)
{
    return wallet_network(c->api->cfg.wallet, api_param_id(c, "network_id"));
}

static const struct account *param_account(const struct api_call *c)
{
    return wallet_account(c->api->cfg.wallet, api_param_id(c, "account_id"));
}

/* The refusals that most methods share; NULL: none. */
static const char *refusal_of(const struct api_call *c, bool needs_account, bool needs_network)
{
    if (wallet_is_locked(c->api->cfg.wallet)) {
        return "locked";
    }
    if (needs_account && !param_account(c)) {
        return "unknown_account";
    }
    if (needs_network && !param_network(c)) {
        return "unknown_network";
    }
    return NULL;
}

enum api_done api_do_status(struct api_call *c)
{
    api_write_status(&c->w, c->api);
    return API_DONE;
}

enum api_done api_do_accounts_list(struct api_call *c)
{
    const char *refused = refusal_of(c, false, false);
    if (refused) {
        return api_refuse(c, refused);
    }
    struct wallet *wallet = c->api->cfg.wallet;
    json_put_object(c->w.j);
    json_put_name(c->w.j, "accounts");
    json_put_array(c->w.j);
    for (size_t i = 0; i < wallet_account_count(wallet); i++) {
        api_write_account(&c->w, wallet_account_at(wallet, i));
    }
    json_end_array(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_contacts_list(struct api_call *c)
{
    const char *refused = refusal_of(c, false, false);
    if (refused) {
        return api_refuse(c, refused);
    }
    struct wallet *wallet = c->api->cfg.wallet;
    json_put_object(c->w.j);
    json_put_name(c->w.j, "contacts");
    json_put_array(c->w.j);
    for (size_t i = 0; i < wallet_contact_count(wallet); i++) {
        api_write_contact(c->w.j, wallet_contact_at(wallet, i));
    }
    json_end_array(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

static const char *contracts_name(const struct api_call *c, const struct network *n)
{
    const struct view *v =
        wallet_view(c->api->cfg.wallet, wallet_settings(c->api->cfg.wallet)->account, n->id);
    if (!v || v->contracts == CONTRACTS_UNKNOWN) {
        return "unknown";
    }
    return v->contracts == CONTRACTS_READY ? "ready" : "missing";
}

static const char *consensus_name(const struct api_call *c, const struct network *n)
{
    const struct api_node_port *node = c->api->cfg.node;
    return node->consensus ? node->consensus(c->api->cfg.node, n) : "none";
}

void api_write_network(struct api_call *c, const struct network *n)
{
    struct json_writer *j = c->w.j;
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, n->id.text);
    json_put_name(j, "name");
    json_put_str(j, n->name.text);
    json_put_name(j, "chain_id");
    json_put_u64(j, n->chain_id);
    json_put_name(j, "kind");
    json_put_str(j, network_kind_name(n->kind));
    json_put_name(j, "native");
    api_write_asset(j, n, NULL);
    json_put_name(j, "faucet");
    json_put_bool(j, n->faucet[0] && c->api->cfg.node->faucet);
    json_put_name(j, "consensus");
    json_put_str(j, consensus_name(c, n));
    json_put_name(j, "contracts");
    json_put_str(j, contracts_name(c, n));
    json_put_name(j, "selected");
    json_put_bool(j, id_equal(n->id, wallet_settings(c->w.wallet)->network));
    json_end_object(j);
}

enum api_done api_do_networks_list(struct api_call *c)
{
    const char *refused = refusal_of(c, false, false);
    if (refused) {
        return api_refuse(c, refused);
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "networks");
    json_put_array(c->w.j);
    for (size_t i = 0; i < wallet_network_count(c->w.wallet); i++) {
        api_write_network(c, wallet_network_at(c->w.wallet, i));
    }
    json_end_array(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_balances_get(struct api_call *c)
{
    const char *refused = refusal_of(c, true, true);
    if (refused) {
        return api_refuse(c, refused);
    }
    api_write_balances(&c->w, api_param_id(c, "account_id"), api_param_id(c, "network_id"));
    return API_DONE;
}

enum api_done api_do_tokens_list(struct api_call *c)
{
    const char *refused = refusal_of(c, false, true);
    if (refused) {
        return api_refuse(c, refused);
    }
    const struct network *n = param_network(c);
    json_put_object(c->w.j);
    json_put_name(c->w.j, "tokens");
    json_put_array(c->w.j);
    api_write_asset(c->w.j, n, NULL);
    for (size_t i = 0; i < n->token_count; i++) {
        api_write_asset(c->w.j, n, &n->tokens[i]);
    }
    json_end_array(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

/* ethereum:ADDRESS@CHAIN?value=..., or a token's transfer (ERC-681). */
static void
put_uri(struct api_call *c, const struct network *n, const struct account *a, struct address token)
{
    char text[256];
    char to[ADDRESS_TEXT_LEN];
    char contract[ADDRESS_TEXT_LEN];
    struct span amount = api_param_plain(c, "amount");
    char chain[U256_TEXT_LEN];
    struct wr w = wr_init(MSPAN_OF(text));
    address_print(to, a->address);
    (void)u256_print_decimal(chain, u256_from_u64(n->chain_id));
    if (amount.n == 0) {
        wr_str(&w, to);
    } else if (address_is_zero(token)) {
        wr_str(&w, "ethereum:");
        wr_str(&w, to);
        wr_str(&w, "@");
        wr_str(&w, chain);
        wr_str(&w, "?value=");
        wr_bytes(&w, amount);
    } else {
        address_print(contract, token);
        wr_str(&w, "ethereum:");
        wr_str(&w, contract);
        wr_str(&w, "@");
        wr_str(&w, chain);
        wr_str(&w, "/transfer?address=");
        wr_str(&w, to);
        wr_str(&w, "&uint256=");
        wr_bytes(&w, amount);
    }
    json_put_name(c->w.j, "uri");
    json_put_string(c->w.j, span_of(text, wr_ok(&w) ? w.n : 0));
}

enum api_done api_do_receive_info(struct api_call *c)
{
    struct json given;
    struct address token = {{0}};
    const char *refused = refusal_of(c, true, true);
    if (refused) {
        return api_refuse(c, refused);
    }
    const struct network *n = param_network(c);
    const struct account *a = param_account(c);
    if (api_param(c, &given, "asset") && api_param_asset(c, "asset", n, &token) != OK) {
        return api_refuse(c, "unknown_asset");
    }
    const struct view *v = wallet_view(c->w.wallet, a->id, n->id);
    json_put_object(c->w.j);
    json_put_name(c->w.j, "address");
    api_write_address(c->w.j, a->address);
    put_uri(c, n, a, token);
    json_put_name(c->w.j, "on_chain");
    json_put_bool(c->w.j, v && v->is_deployed);
    json_put_name(c->w.j, "ways_in");
    json_put_u64(c->w.j, wallet_account_safety(c->w.wallet, a, c->t.unix_ms).ways_in);
    json_put_name(c->w.j, "network");
    json_put_str(c->w.j, n->name.text);
    json_end_object(c->w.j);
    return API_DONE;
}

/* ---- address_check ---- */

static void put_address_error(struct api_call *c, const char *code, size_t digits, bool has_digits)
{
    struct coded why;
    coded_set(&why, code);
    if (has_digits) {
        coded_add_u64(&why, "digits", digits);
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "ok");
    json_put_bool(c->w.j, false);
    json_put_name(c->w.j, "error");
    api_write_coded(c->w.j, &why);
    json_put_name(c->w.j, "risks");
    json_put_array(c->w.j);
    json_end_array(c->w.j);
    json_end_object(c->w.j);
}

static struct span trim(struct span s)
{
    while (s.n && s.p[0] == ' ') {
        s = span_from(s, 1);
    }
    while (s.n && s.p[s.n - 1] == ' ') {
        s.n--;
    }
    return s;
}

/* What is wrong with a text that is no address; NULL if it is one. */
static const char *address_fault(struct span text, size_t *ret_digits)
{
    if (text.n > 4 && span_equal(span_from(text, text.n - 4), SPAN_LIT(".eth"))) {
        return "address_name";
    }
    if (!span_starts_with(text, SPAN_LIT("0x"))) {
        return "address_not";
    }
    for (size_t i = 2; i < text.n; i++) {
        if (base16_digit(text.p[i]) < 0) {
            return "address_not";
        }
    }
    *ret_digits = text.n - 2;
    return *ret_digits == 40 ? NULL : "address_length";
}

static void put_look_alike(struct json_writer *j, const struct look_alike *look)
{
    if (!look->found) {
        return;
    }
    json_put_name(j, "look_alike");
    json_put_object(j);
    json_put_name(j, "address");
    api_write_address(j, look->address);
    json_put_name(j, "name");
    json_put_str(j, look->name.text);
    json_put_name(j, "groups");
    json_put_u64(j, look->groups);
    json_end_object(j);
}

enum { ADDRESS_RISK_COUNT_MAX = 4 };

static void put_address_found(struct api_call *c, struct address a, enum address_checksum sum)
{
    struct json_writer *j = c->w.j;
    struct risk risks[ADDRESS_RISK_COUNT_MAX];
    struct look_alike look;
    size_t count = wallet_address_risks(c->w.wallet, param_network(c), param_account(c), a, risks,
                                        ADDRESS_RISK_COUNT_MAX, &look);
    json_put_object(j);
    json_put_name(j, "ok");
    json_put_bool(j, true);
    json_put_name(j, "address");
    api_write_address(j, a);
    json_put_name(j, "party");
    api_write_party(&c->w, param_network(c), a);
    json_put_name(j, "risks");
    json_put_array(j);
    for (size_t i = 0; i < count; i++) {
        api_write_risk(j, &risks[i]);
    }
    if (sum == ADDRESS_CHECKSUM_NONE) {
        struct risk r = {.level = RISK_CAUTION};
        coded_set(&r.what, "no_checksum");
        api_write_risk(j, &r);
    }
    json_end_array(j);
    put_look_alike(j, &look);
    json_end_object(j);
}

enum api_done api_do_address_check(struct api_call *c)
{
    uint8_t room[256];
    const char *refused = refusal_of(c, true, true);
    if (refused) {
        return api_refuse(c, refused);
    }
    struct span text = trim(api_param_text(c, "text", MSPAN_OF(room)));
    size_t digits = 0;
    const char *fault = address_fault(text, &digits);
    if (fault) {
        put_address_error(c, fault, digits, strcmp(fault, "address_length") == 0);
        return API_DONE;
    }
    struct address a;
    enum address_checksum sum;
    if (address_parse(&a, &sum, text) != OK) {
        put_address_error(c, "address_not", 0, false);
    } else if (sum == ADDRESS_CHECKSUM_WRONG) {
        put_address_error(c, "address_checksum", 0, false);
    } else if (address_is_zero(a)) {
        put_address_error(c, "address_zero", 0, false);
    } else {
        put_address_found(c, a, sum);
    }
    return API_DONE;
}

/* ---- history ---- */

enum { HISTORY_LOOK_MAX = 5000 };

static bool row_matches(const struct api_call *c, const struct operation *op)
{
    bool is_in = op->kind == OPERATION_RECEIVE;
    if ((api_param_is(c, "direction", "in") && !is_in) ||
        (api_param_is(c, "direction", "out") && is_in)) {
        return false;
    }
    uint8_t room[256];
    struct span search = api_param_text(c, "search", MSPAN_OF(room));
    if (search.n == 0) {
        return true;
    }
    char address[ADDRESS_TEXT_LEN];
    address_print(address, is_in ? op->from : op->to);
    const struct network *n = wallet_network(c->w.wallet, op->network);
    struct party p =
        n ? wallet_party(c->w.wallet, n, is_in ? op->from : op->to) : (struct party){0};
    char needle[257];
    text_set(needle, sizeof needle, search);
    return strstr(address, needle) || strstr(p.name.text, needle) || strstr(op->symbol, needle);
}

enum api_done api_do_history_list(struct api_call *c)
{
    const char *refused = refusal_of(c, true, true);
    if (refused) {
        return api_refuse(c, refused);
    }
    uint64_t limit = 50;
    struct json_writer *j = c->w.j;
    if (json_find_u64(&limit, c->params, "limit") != OK || limit > 200) {
        limit = 200;
    }
    AUTO(operation_auto) struct operation *op = NULL;
    if (operation_new(&op, &c->api->budget) != OK) {
        return api_refuse(c, "internal");
    }
    struct history_args args = {.account = api_param_id(c, "account_id"),
                                .network = api_param_id(c, "network_id")};
    struct id after = api_param_id(c, "after");
    struct id last = {0};
    size_t shown = 0;
    size_t total = 0;
    bool has_more = false;
    bool is_past = !id_is_set(after);
    json_put_object(j);
    json_put_name(j, "rows");
    json_put_array(j);
    while (total < HISTORY_LOOK_MAX && wallet_history(c->w.wallet, &args, op) == OK) {
        args.before = op->id;
        if (!row_matches(c, op)) {
            continue;
        }
        total++;
        if (is_past && shown < limit) {
            api_write_row(&c->w, op);
            last = op->id;
            shown++;
        } else if (is_past) {
            has_more = true;
        }
        is_past |= id_equal(op->id, after);
    }
    json_end_array(j);
    if (has_more) {
        json_put_name(j, "next");
        json_put_str(j, last.text);
    }
    json_put_name(j, "total");
    json_put_u64(j, total);
    json_put_name(j, "spam_hidden");
    json_put_u64(j, 0);
    json_end_object(j);
    return API_DONE;
}

enum api_done api_do_operation_get(struct api_call *c)
{
    const char *refused = refusal_of(c, false, false);
    if (refused) {
        return api_refuse(c, refused);
    }
    AUTO(operation_auto) struct operation *op = NULL;
    if (operation_new(&op, &c->api->budget) != OK ||
        wallet_operation(c->w.wallet, api_param_id(c, "operation_id"), op) != OK) {
        return api_refuse(c, "unknown_operation");
    }
    api_write_operation(&c->w, op);
    return API_DONE;
}

/* ---- the node ---- */

enum api_done api_do_peers_list(struct api_call *c)
{
    const char *refused = refusal_of(c, false, false);
    if (refused) {
        return api_refuse(c, refused);
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "peers");
    c->api->cfg.node->write_peers(c->api->cfg.node, c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_evidence_list(struct api_call *c)
{
    uint64_t limit = 0;
    const char *refused = refusal_of(c, false, false);
    if (refused || json_find_u64(&limit, c->params, "limit") != OK) {
        return api_refuse(c, refused ? refused : "internal");
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "evidence");
    c->api->cfg.node->write_evidence(c->api->cfg.node, c->w.j, (size_t)limit);
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_servers_list(struct api_call *c)
{
    const char *refused = refusal_of(c, false, true);
    if (refused) {
        return api_refuse(c, refused);
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "servers");
    c->api->cfg.node->write_servers(c->api->cfg.node, c->w.j, param_network(c));
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_network_status(struct api_call *c)
{
    const char *refused = refusal_of(c, false, false);
    if (refused) {
        return api_refuse(c, refused);
    }
    api_write_network_status(&c->w, c->api);
    return API_DONE;
}

static bool line_is_wanted(const struct api_call *c, const struct api_log_line *l, uint64_t after)
{
    struct json level;
    if (l->seq == 0 || l->seq <= after) {
        return false;
    }
    if (api_param(c, &level, "level")) {
        bool reached = false;
        for (enum log_level k = LOG_DEBUG; k <= l->level; k++) {
            reached |= json_string_equal(level, span_str(log_level_name(k)));
        }
        if (!reached) {
            return false;
        }
    }
    struct span part = api_param_plain(c, "part");
    return part.n == 0 || span_equal(part, span_str(l->part));
}

enum api_done api_do_log_tail(struct api_call *c)
{
    const char *refused = refusal_of(c, false, false);
    if (refused) {
        return api_refuse(c, refused);
    }
    struct api *a = c->api;
    uint64_t limit = API_LOG_LINE_COUNT;
    uint64_t after = 0;
    if (json_find_u64(&limit, c->params, "limit") != OK) {
        limit = API_LOG_LINE_COUNT;
    }
    if (json_find_u64(&after, c->params, "after") != OK) {
        after = 0;
    }
    uint64_t wanted = 0;
    for (size_t i = 0; i < API_LOG_LINE_COUNT; i++) {
        wanted += line_is_wanted(c, &a->lines[i], after);
    }
    uint64_t skip = wanted > limit ? wanted - limit : 0;
    json_put_object(c->w.j);
    json_put_name(c->w.j, "lines");
    json_put_array(c->w.j);
    for (uint64_t k = 0; k < API_LOG_LINE_COUNT; k++) {
        const struct api_log_line *l = &a->lines[(a->line_seq + k) % API_LOG_LINE_COUNT];
        if (line_is_wanted(c, l, after)) {
            if (skip > 0) {
                skip--;
            } else {
                api_write_log_line(c->w.j, l);
            }
        }
    }
    json_end_array(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_settings_get(struct api_call *c)
{
    api_write_settings(c->w.j, wallet_settings(c->w.wallet));
    return API_DONE;
}

enum api_done api_do_version(struct api_call *c)
{
    struct json_writer *j = c->w.j;
    json_put_object(j);
    json_put_name(j, "version");
    json_put_str(j, c->api->cfg.version);
    json_put_name(j, "build");
    json_put_str(j, c->api->cfg.build);
    json_put_name(j, "libraries");
    json_put_array(j);
    json_end_array(j);
    json_put_name(j, "methods");
    json_put_array(j);
    const struct network *n = wallet_network(c->w.wallet, wallet_settings(c->w.wallet)->network);
    for (size_t i = 0; i < API_METHOD_COUNT; i++) {
        bool no_faucet =
            i == API_METHOD_FAUCET_REQUEST && (!n || !n->faucet[0] || !c->api->cfg.node->faucet);
        if (api_handlers[i] && !no_faucet) {
            json_put_str(j, api_methods[i].name);
        }
    }
    json_end_array(j);
    json_end_object(j);
    return API_DONE;
}

/* ---- fee_quote ---- */

enum api_done api_do_fee_quote(struct api_call *c)
{
    const char *refused = refusal_of(c, true, true);
    if (refused) {
        return api_refuse(c, refused);
    }
    struct transfer x = {.account = api_param_id(c, "account_id"),
                         .network = api_param_id(c, "network_id")};
    if (api_param_asset(c, "asset", param_network(c), &x.token) != OK) {
        return api_refuse(c, "unknown_asset");
    }
    enum address_checksum sum;
    struct span to = api_param_plain(c, "to");
    struct span amount = api_param_plain(c, "amount");
    x.amount = u256_from_u64(1);
    x.to = param_account(c)->address;
    if ((to.n && address_parse(&x.to, &sum, to) != OK) ||
        (amount.n && u256_parse_decimal(&x.amount, amount) != OK)) {
        return api_refuse(c, "unknown_asset");
    }
    uint64_t task;
    if (wallet_quote(c->w.wallet, c->t, &x, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    struct api_pending *p = api_pend(c, task);
    if (!p) {
        return API_REFUSED;
    }
    p->network = x.network;
    p->token = x.token;
    return API_LATER;
}

enum api_done
api_finish_quote(struct api_call *c, const struct api_pending *p, const struct task_result *r)
{
    struct json_writer *j = c->w.j;
    const struct network *n = wallet_network(c->w.wallet, p->network);
    const struct token *token = address_is_zero(p->token) ? NULL : network_token(n, p->token);
    struct api_unit native = {.symbol = n->symbol, .decimals = U256_DECIMALS_ETHER};
    struct api_unit unit =
        token ? (struct api_unit){.symbol = token->symbol, .decimals = token->decimals} : native;
    static const char *const speeds[] = {"normal", "fast"};
    json_put_object(j);
    json_put_name(j, "have");
    api_write_figure(j, &r->quote.have, unit);
    json_put_name(j, "have_native");
    api_write_figure(j, &r->quote.have_native, native);
    json_put_name(j, "speeds");
    json_put_array(j);
    for (size_t i = 0; i < 2; i++) {
        json_put_object(j);
        json_put_name(j, "fee");
        json_put_object(j);
        json_put_name(j, "max");
        struct figure f = api_reported(&c->w, n, r->quote.speeds[i].fee_max);
        api_write_figure(j, &f, native);
        json_put_name(j, "speed");
        json_put_str(j, speeds[i]);
        json_put_name(j, "wait_s");
        json_put_u64(j, r->quote.speeds[i].wait_s);
        json_end_object(j);
        json_put_name(j, "max_amount");
        f = api_reported(&c->w, n, r->quote.speeds[i].amount_max);
        api_write_figure(j, &f, unit);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    return API_DONE;
}
