/* What waits for an account's passkey about its co-signer. Start at device_cosigner_read. */
#include "node/authenticator/device_cosigner.h"

#include "codec/base16.h"
#include "evm/erc20.h"
#include "evm/smart_account.h"
#include "evm/userop.h"
#include "wallet/guardian_help.h"

enum { TRANSFER_LEN = 4 + 2 * 32, CALL_DATA_MAX = COSIGNER_USEROP_MAX };

/* ---- members ---- */

static enum err find_address(struct address *ret, struct json v, const char *name)
{
    struct span text;
    enum address_checksum unused;
    TRY(json_find_plain(&text, v, name));
    return address_parse(ret, &unused, text);
}

/* Zero, if there is none. */
static enum err find_address_or_zero(struct address *ret, struct json v, const char *name)
{
    struct json unused;
    *ret = (struct address){{0}};
    return json_find(&unused, v, name) ? find_address(ret, v, name) : OK;
}

static enum err find_amount(struct u256 *ret, struct json v, const char *name)
{
    struct span text;
    TRY(json_find_plain(&text, v, name));
    return u256_parse_decimal(ret, text);
}

static enum err find_id(struct id *ret, struct json v, const char *name)
{
    struct span text;
    TRY(json_find_plain(&text, v, name));
    return id_parse(ret, text);
}

static enum err ask_about(struct device_vault *d,
                          struct json *ret,
                          const char *method,
                          const char *name,
                          struct span text)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    device_message_init(&m, d);
    device_put_text(&m, name, text);
    return device_call(d, &m, ret, method);
}

/* ---- the terms ---- */

static enum err read_limits(struct cosigner_terms *t, struct json wish)
{
    struct json list;
    struct json one;
    if (!json_find(&list, wish, "limits")) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        struct cosigner_limit l;
        if (t->limits_count == COSIGNER_LIMITS_MAX) {
            return ERR_LIMIT;
        }
        TRY(find_address_or_zero(&l.token, one, "token"));
        TRY(find_address_or_zero(&l.to, one, "to"));
        TRY(find_amount(&l.amount, one, "amount"));
        t->limits[t->limits_count++] = l;
    }
    return OK;
}

static enum err read_chains(struct cosigner_terms *t, struct json wish)
{
    struct json list;
    struct json one;
    if (!json_find(&list, wish, "chain_ids")) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        if (t->chains_count == COSIGNER_CHAINS_MAX) {
            return ERR_LIMIT;
        }
        TRY(json_get_u64(&t->chains[t->chains_count++], one));
    }
    return OK;
}

/* As they are shown, for this wallet's page: terms of another one hash to something else. */
static enum err
read_terms(struct device_vault *d, struct cosigner_terms *t, struct json account, struct json wish)
{
    struct device_bytes key;
    const struct security_key_ask page = device_asking(d);
    *t = (struct cosigner_terms){.chains_count = 0};
    if (page.rp_id.n > sizeof t->rp_id || page.origin.n > sizeof t->origin) {
        return ERR_LIMIT;
    }
    t->rp_id_len = span_copy(MSPAN_OF(t->rp_id), page.rp_id);
    t->origin_len = span_copy(MSPAN_OF(t->origin), page.origin);
    TRY(find_address(&t->account, account, "address"));
    TRY(device_find_bytes(&key, wish, NULL, "passkey"));
    TRY(p256_public_init(&t->passkey, span_of(key.p, key.n)));
    TRY(read_chains(t, wish));
    return read_limits(t, wish);
}

/* ---- the signature of an operation ---- */

static enum err read_call(struct device_payment *ret, const struct smart_call *call)
{
    struct erc20_transfer x;
    if (call->data.n == 0) {
        *ret = (struct device_payment){.to = call->to, .amount = call->value};
        return OK;
    }
    if (!u256_is_zero(call->value) || !erc20_transfer_decode(&x, call->data)) {
        return ERR_UNSUPPORTED;
    }
    *ret = (struct device_payment){.token = call->to, .to = x.to, .amount = x.amount};
    return OK;
}

/* The payments as they are shown, and the call data that they make. */
static enum err read_calls(struct device_cosigner *c, struct buf *out, struct json exact)
{
    struct json list;
    struct json one;
    struct span text;
    uint8_t room[COSIGNER_CALLS_MAX][TRANSFER_LEN];
    struct smart_call calls[COSIGNER_CALLS_MAX];
    if (!json_find(&list, exact, "calls")) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(list);
    for (c->payments_count = 0; json_next(&it, NULL, &one); c->payments_count++) {
        size_t i = c->payments_count;
        if (i == COSIGNER_CALLS_MAX) {
            return ERR_UNSUPPORTED;
        }
        struct wr w = wr_init(MSPAN_OF(room[i]));
        TRY(find_address(&calls[i].to, one, "to"));
        TRY(find_amount(&calls[i].value, one, "value"));
        TRY(json_find_plain(&text, one, "data"));
        if (text.n > 2 + 2 * TRANSFER_LEN) {
            return ERR_UNSUPPORTED;
        }
        TRY(base16_decode_0x(&w, text));
        calls[i].data = span_of(room[i], w.n);
        TRY(read_call(&c->payments[i], &calls[i]));
    }
    return c->payments_count > 0 ? smart_account_execute(out, calls, c->payments_count)
                                 : ERR_UNSUPPORTED;
}

static enum err read_gas(struct userop *op, struct json exact)
{
    TRY(find_amount(&op->nonce, exact, "nonce"));
    TRY(find_amount(&op->verification_gas_limit, exact, "verification_gas_limit"));
    TRY(find_amount(&op->call_gas_limit, exact, "call_gas_limit"));
    TRY(find_amount(&op->pre_verification_gas, exact, "pre_verification_gas"));
    TRY(find_amount(&op->max_fee_per_gas, exact, "max_fee_per_gas"));
    return find_amount(&op->max_priority_fee_per_gas, exact, "max_priority_fee_per_gas");
}

/* No init code and no paymaster: with either the hash is another one, and no co-signer signs it. */
static enum err
read_operation(struct device_vault *d, struct device_cosigner *c, const struct id *operation)
{
    AUTO(buf_done) struct buf call_data;
    struct json result;
    struct json exact;
    struct hash32 hash;
    struct userop op = {.sender = c->terms.account};
    buf_init(&call_data, d->budget, CALL_DATA_MAX);
    TRY(ask_about(d, &result, "operation_get", "operation_id", span_str(operation->text)));
    if (!json_find(&exact, result, "exact")) {
        return ERR_MALFORMED;
    }
    TRY(json_find_u64(&c->chain_id, exact, "chain_id"));
    TRY(read_gas(&op, exact));
    TRY(read_calls(c, &call_data, exact));
    op.call_data = buf_span(&call_data);
    c->fee_max = userop_fee_max(&op);
    const struct userop_domain domain = {.entry_point = userop_entry_point_08,
                                         .chain_id = u256_from_u64(c->chain_id)};
    TRY(userop_hash(&hash, &op, &domain));
    const struct cosigner_ask ask = {
        .cosigner = c->cosigner, .chain_id = c->chain_id, .expires = c->expires};
    cosigner_sign_challenge(&c->challenge, &c->terms, &ask, &hash);
    return OK;
}

/* ---- taking it off ---- */

static enum err read_leave(struct device_vault *d, struct device_cosigner *c)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    char address[ADDRESS_TEXT_LEN];
    struct json result;
    struct json help;
    struct span text;
    struct id network;
    struct help h;
    const struct smart_owner leaves = guardian_of_address(c->cosigner);
    TRY(device_ask(d, &result, "status"));
    TRY(find_id(&network, result, "network_id"));
    address_print(address, c->terms.account);
    device_message_init(&m, d);
    device_put_text(&m, "address", span_str(address));
    device_put_text(&m, "network_id", span_str(network.text));
    TRY(device_call(d, &m, &result, "recovery_status"));
    if (!json_find(&help, result, "help")) {
        return ERR_MALFORMED;
    }
    TRY(json_find_plain(&text, help, "text"));
    TRY(help_parse(&h, text));
    const struct owner_change *change = &h.request.change;
    bool takes_off = h.kind == HELP_REQUEST && address_equal(h.request.account, c->terms.account) &&
                     change->added_count == 0 && change->removed_count == 1 &&
                     span_equal(span_of(change->removed[0].bytes, change->removed[0].len),
                                span_of(leaves.bytes, leaves.len));
    if (!takes_off) {
        return ERR_UNSUPPORTED;
    }
    c->chain_id = h.request.chain_id;
    c->threshold = change->threshold;
    help_request_hash(&c->challenge, &h.request);
    return OK;
}

/* ---- what waits ---- */

static enum err read_act(enum cosigner_act *ret, struct json wish)
{
    static const enum cosigner_act acts[] = {COSIGNER_ACT_MAKE, COSIGNER_ACT_SIGN,
                                             COSIGNER_ACT_RELEASE, COSIGNER_ACT_LEAVE};
    struct json what;
    for (size_t i = 0; json_find(&what, wish, "what") && i < sizeof acts / sizeof acts[0]; i++) {
        if (json_string_equal(what, span_str(cosigner_act_name(acts[i])))) {
            *ret = acts[i];
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}

/* The one passkey that may sign it. */
static enum err read_options(struct device_cosigner *c, struct json wish, struct hash32 *ret_said)
{
    struct json allow;
    struct json first;
    struct json options;
    struct device_bytes challenge;
    TRY(device_find_bytes(&challenge, wish, "options", "challenge"));
    if (challenge.n != sizeof ret_said->bytes || !json_find(&options, wish, "options") ||
        !json_find(&allow, options, "allow") || !json_at(&first, allow, 0)) {
        return ERR_MALFORMED;
    }
    span_copy(MSPAN_OF(ret_said->bytes), span_of(challenge.p, challenge.n));
    return device_find_bytes(&c->credential, first, NULL, "id");
}

static bool find_wish(struct json *ret_account, struct json *ret_wish, struct json result)
{
    struct json list;
    struct json_iter it = json_iterate(
        json_find(&list, result, "accounts") ? list : (struct json){.type = JSON_NULL});
    while (json_next(&it, NULL, ret_account)) {
        if (json_find(ret_wish, *ret_account, "cosigner_wish")) {
            return true;
        }
    }
    return false;
}

/* All of it that stands in the account; the rest is asked for afterwards, when that text is gone. */
static enum err read_wish(struct device_vault *d,
                          struct device_cosigner *c,
                          struct hash32 *ret_said,
                          struct id *ret_operation)
{
    struct json result;
    struct json account;
    struct json wish;
    struct json cosigner;
    uint64_t expires_ms = 0;
    struct wr server = wr_init(mspan_of(c->server, sizeof c->server - 1));
    TRY(device_ask(d, &result, "accounts_list"));
    if (!find_wish(&account, &wish, result)) {
        return ERR_NOT_FOUND;
    }
    TRY(find_id(&c->account, account, "id"));
    TRY(read_act(&c->act, wish));
    TRY(json_find_string(&server, wish, "server"));
    TRY(json_find_u64(&expires_ms, wish, "expires_ms"));
    c->expires = (walltime){expires_ms / 1000};
    TRY(read_terms(d, &c->terms, account, wish));
    TRY(read_options(c, wish, ret_said));
    if (json_find(&cosigner, account, "cosigner")) {
        TRY(find_address(&c->cosigner, cosigner, "address"));
    }
    return c->act == COSIGNER_ACT_SIGN ? find_id(ret_operation, wish, "operation_id") : OK;
}

enum err device_cosigner_read(struct device_vault *d, struct device_cosigner *ret)
{
    struct hash32 said;
    struct id operation = {""};
    *ret = (struct device_cosigner){.payments_count = 0};
    TRY(read_wish(d, ret, &said, &operation));
    switch (ret->act) {
    case COSIGNER_ACT_MAKE:
        cosigner_create_challenge(&ret->challenge, &ret->terms, ret->expires);
        break;
    case COSIGNER_ACT_RELEASE:
        cosigner_remove_challenge(&ret->challenge, &ret->terms, ret->expires);
        break;
    case COSIGNER_ACT_SIGN:  TRY(read_operation(d, ret, &operation)); break;
    case COSIGNER_ACT_LEAVE: TRY(read_leave(d, ret)); break;
    }
    return span_equal(SPAN_OF(said.bytes), SPAN_OF(ret->challenge.bytes)) ? OK : ERR_AUTH;
}

enum err device_cosigner_sign(struct device_vault *d, const struct device_cosigner *c)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct json result;
    struct security_key_ask q = device_asking(d);
    device_message_init(&m, d);
    q.challenge = SPAN_OF(c->challenge.bytes);
    q.credential_id = span_of(c->credential.p, c->credential.n);
    TRY(d->authenticator->use(d->authenticator, &d->answer, &q));
    device_put_text(&m, "account_id", span_str(c->account.text));
    device_put_assertion(&m, &d->answer);
    return device_call(d, &m, &result, "cosigner_finish");
}
