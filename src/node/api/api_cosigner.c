/* The co-signer of an account: what is wished for, the passkey's assertion, and the server's answer (docs/cosigner.md). */
#include "node/api/api_methods.h"
#include "node/api/api_options.h"

#include <string.h>

enum { DONE_LEN_MAX = 256 };

static enum api_done refuse_field(struct api_call *c, const char *field)
{
    coded_set(&c->why, "invalid_params");
    coded_add_str(&c->why, "field", field);
    coded_add_str(&c->why, "rule", "required");
    return API_REFUSED;
}

/* ---- beginning ---- */

MUST_CHECK static enum err read_address(struct address *ret, struct json object, const char *name)
{
    struct span text;
    enum address_checksum sum;
    TRY(json_find_plain(&text, object, name));
    TRY(address_parse(ret, &sum, text));
    return sum == ADDRESS_CHECKSUM_WRONG ? ERR_MALFORMED : OK;
}

/* Absent addresses are zero: ether, and payments to all together. */
MUST_CHECK static enum err read_limit(struct cosigner_limit *ret, struct json object)
{
    struct span text;
    struct json v;
    *ret = (struct cosigner_limit){.amount = U256_ZERO};
    TRY(json_find_plain(&text, object, "amount"));
    TRY(u256_parse_decimal(&ret->amount, text));
    if (json_find(&v, object, "token")) {
        TRY(read_address(&ret->token, object, "token"));
    }
    return json_find(&v, object, "to") ? read_address(&ret->to, object, "to") : OK;
}

static size_t read_networks(const struct api_call *c, struct id ret[static COSIGNER_CHAINS_MAX])
{
    struct json list;
    struct json one;
    struct span text;
    size_t count = 0;
    if (!api_param(c, &list, "network_ids")) {
        return 0;
    }
    struct json_iter it = json_iterate(list);
    while (count < COSIGNER_CHAINS_MAX && json_next(&it, NULL, &one)) {
        if (json_get_plain(&text, one) != OK || id_parse(&ret[count], text) != OK) {
            ret[count] = (struct id){0}; /* unknown to everyone */
        }
        count++;
    }
    return count;
}

static enum api_done begin_make(struct api_call *c, struct id account)
{
    struct id networks[COSIGNER_CHAINS_MAX];
    struct cosigner_limit limits[COSIGNER_LIMITS_MAX];
    struct json list;
    struct json one;
    struct cosigner_make_args args = {.account = account,
                                      .server = api_param_plain(c, "server"),
                                      .networks = networks,
                                      .networks_count = read_networks(c, networks),
                                      .limits = limits};
    if (args.server.n == 0 || args.networks_count == 0 || !api_param(c, &list, "limits")) {
        return refuse_field(c, args.server.n == 0         ? "server"
                               : args.networks_count == 0 ? "network_ids"
                                                          : "limits");
    }
    struct json_iter it = json_iterate(list);
    while (args.limits_count < COSIGNER_LIMITS_MAX && json_next(&it, NULL, &one)) {
        if (read_limit(&limits[args.limits_count++], one) != OK) {
            return api_refuse(c, "cosigner_limits");
        }
    }
    return wallet_cosigner_make(c->w.wallet, c->t, &args, &c->why) == OK ? API_DONE : API_REFUSED;
}

static enum api_done begin(struct api_call *c, struct id account)
{
    struct id networks[COSIGNER_CHAINS_MAX];
    struct json v;
    enum err err;
    if (api_param_is(c, "what", "make")) {
        return begin_make(c, account);
    }
    if (api_param_is(c, "what", "sign")) {
        if (!api_param(c, &v, "operation_id")) {
            return refuse_field(c, "operation_id");
        }
        err = wallet_cosigner_sign(c->w.wallet, c->t, api_param_id(c, "operation_id"), &c->why);
    } else if (api_param_is(c, "what", "release")) {
        err = wallet_cosigner_release(c->w.wallet, c->t, account, &c->why);
    } else {
        if (read_networks(c, networks) == 0) {
            return refuse_field(c, "network_ids");
        }
        err = wallet_cosigner_leave(c->w.wallet, c->t, account, networks[0], &c->why);
    }
    return err == OK ? API_DONE : API_REFUSED;
}

static void put_limit(struct json_writer *j, const struct cosigner_limit *l)
{
    char text[U256_TEXT_LEN];
    json_put_object(j);
    if (!address_is_zero(l->token)) {
        json_put_name(j, "token");
        api_write_address(j, l->token);
    }
    if (!address_is_zero(l->to)) {
        json_put_name(j, "to");
        api_write_address(j, l->to);
    }
    (void)u256_print_decimal(text, l->amount);
    json_put_name(j, "amount");
    json_put_str(j, text);
    json_end_object(j);
}

static void put_terms(struct json_writer *j, const struct cosigner_terms *t)
{
    json_put_name(j, "chain_ids");
    json_put_array(j);
    for (size_t i = 0; i < t->chains_count; i++) {
        json_put_u64(j, t->chains[i]);
    }
    json_end_array(j);
    json_put_name(j, "limits");
    json_put_array(j);
    for (size_t i = 0; i < t->limits_count; i++) {
        put_limit(j, &t->limits[i]);
    }
    json_end_array(j);
}

static void put_wish(const struct api_writing *w, const struct cosigner_wish *wish)
{
    json_put_object(w->j);
    json_put_name(w->j, "what");
    json_put_str(w->j, cosigner_act_name(wish->act));
    json_put_name(w->j, "server");
    json_put_str(w->j, wish->server);
    json_put_name(w->j, "expires_ms");
    json_put_u64(w->j, wish->expires.s * 1000);
    if (id_is_set(wish->operation)) {
        json_put_name(w->j, "operation_id");
        json_put_str(w->j, wish->operation.text);
    }
    put_terms(w->j, &wish->terms);
    json_put_name(w->j, "passkey");
    api_write_base64url(w->j, SPAN_OF(wish->terms.passkey.xy));
    json_put_name(w->j, "options");
    api_write_owner_options(w, wallet_cosigner_passkey(w->wallet, wish),
                            SPAN_OF(wish->challenge.bytes));
    json_end_object(w->j);
}

enum api_done api_do_cosigner_begin(struct api_call *c)
{
    struct id account = api_param_id(c, "account_id");
    if (begin(c, account) != API_DONE) {
        return API_REFUSED;
    }
    const struct cosigner_wish *wish = wallet_cosigner_wish(c->w.wallet, c->t, account);
    if (!wish) { /* of another account than the operation's */
        return api_refuse(c, "unknown_operation");
    }
    put_wish(&c->w, wish);
    return API_DONE;
}

/* ---- finishing ---- */

static void put_done(struct json_writer *j, const struct cosigner_wish *wish)
{
    json_put_object(j);
    json_put_name(j, "what");
    json_put_str(j, cosigner_act_name(wish->act));
    json_put_name(j, "account_id");
    json_put_str(j, wish->account.text);
    if (id_is_set(wish->operation)) {
        json_put_name(j, "operation_id");
        json_put_str(j, wish->operation.text);
    }
    json_end_object(j);
}

enum api_done api_do_cosigner_finish(struct api_call *c)
{
    AUTO(buf_done) struct buf bytes;
    AUTO(buf_done) struct buf request;
    struct api_node_port *node = c->api->cfg.node;
    struct cosigner_wish wish = {.account = {""}};
    struct passkey_answer answer;
    struct id account = api_param_id(c, "account_id");
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    buf_init(&request, &c->api->budget, COSIGNER_REQUEST_MAX);
    if (!api_read_passkey_answer(c, &bytes, &answer)) {
        return api_broken_answer(c);
    }
    /* The place for the answer comes before the wish is used up. */
    struct api_pending *p = api_pend_of_node(c);
    if (!p) {
        return API_REFUSED;
    }
    enum err err =
        wallet_cosigner_answer(c->w.wallet, c->t, account, &answer, &request, &wish, &c->why);
    if (err == OK && wish.act == COSIGNER_ACT_LEAVE) {
        *p = (struct api_pending){0};
        put_done(c->w.j, &wish);
        return API_DONE;
    }
    if (err == OK) {
        const struct api_cosign_ask ask = {
            .server = span_str(wish.server), .act = wish.act, .request = buf_span(&request)};
        const struct cosigner_said silent = {.err = node->cosign ? node->cosign(node, p->task, &ask)
                                                                 : ERR_CLOSED};
        err = silent.err == OK ? OK : wallet_cosigner_done(c->w.wallet, c->t, &silent, &c->why);
    }
    if (err != OK) {
        *p = (struct api_pending){0};
        return API_REFUSED;
    }
    return API_LATER;
}

void api_cosigner_done(struct api *a,
                       struct wallet_time t,
                       uint64_t id,
                       const struct cosigner_said *said)
{
    struct api_pending *p = api_pending_of_node(a, id);
    uint8_t room[DONE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    struct coded why = {0};
    struct cosigner_wish done = {.account = {""}};
    const struct cosigner_wish *wish = wallet_cosigner_asked(a->cfg.wallet);
    if (wish) {
        done = *wish;
    }
    /* Whoever waited may have gone: the wallet takes what was said all the same. */
    enum err err = wallet_cosigner_done(a->cfg.wallet, t, said, &why);
    put_done(&j, &done);
    if (p) {
        api_finish(a, p, err == OK ? span_of(room, w.n) : SPAN_EMPTY, &why);
    }
}

/* ---- what an account has ---- */

void api_write_cosigner(const struct api_writing *w, const struct account *a)
{
    struct json_writer *j = w->j;
    const struct account_cosigner *c = &a->cosigner;
    const struct cosigner_wish *wish = wallet_cosigner_wish(w->wallet, w->t, a->id);
    if (id_is_set(c->owner)) {
        json_put_name(j, "cosigner");
        json_put_object(j);
        json_put_name(j, "owner_id");
        json_put_str(j, c->owner.text);
        json_put_name(j, "server");
        json_put_str(j, c->server);
        json_put_name(j, "address");
        api_write_address(j, c->address);
        put_terms(j, &c->terms);
        json_end_object(j);
    }
    if (wish) {
        json_put_name(j, "cosigner_wish");
        put_wish(w, wish);
    }
}
