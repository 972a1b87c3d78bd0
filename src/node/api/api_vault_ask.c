/* Requests to the vault in the key process: written, sent, and what their answers and refusals mean. */
#include "base/rd.h"
#include "codec/base64.h"
#include "node/api/api_options.h"
#include "node/api/api_vault.h"

enum {
    MESSAGE_MAX =
        48 * 1024, /* bytes: typed data of 12 KiB, or an attestation, and what stands around */
    HASH_LEN = 32
};

static enum err
ask(struct api_node_port *node, struct span *ret_body, enum keyd_op op, struct span body)
{
    return node->keys ? node->keys(node, ret_body, op, body) : ERR_IO;
}

enum err vault_ask(struct api *a, struct span *ret_body, enum keyd_op op, struct span body)
{
    return ask(a->cfg.node, ret_body, op, body);
}

enum err api_port_capsule(struct api_node_port *node, struct buf *out)
{
    for (uint8_t part = 0; part < CAPSULE_LEN / KEYD_CAPSULE_PART; part++) {
        struct span body;
        TRY(ask(node, &body, KEYD_VAULT_CAPSULE, span_of(&part, 1)));
        if (body.n != KEYD_CAPSULE_PART) {
            return ERR_IO;
        }
        TRY(buf_append(out, body));
    }
    return OK;
}

const char *vault_state_name(enum vault_state state)
{
    switch (state) {
    case VAULT_NONE:   return "none";
    case VAULT_LOCKED: return "locked";
    case VAULT_OPEN:   return "open";
    }
    return "none";
}

/* Not in that state: the state says why. */
static const char *refusal_of_state(struct api *a)
{
    struct vault_seen seen;
    if (vault_see(a, &seen) != OK) {
        return "keys_down";
    }
    switch (seen.state) {
    case VAULT_NONE:   return "vault_none";
    case VAULT_LOCKED: return "vault_locked";
    case VAULT_OPEN:   break;
    }
    return "vault_over";
}

enum api_done vault_refused(struct api_call *c, enum err e)
{
    struct api *a = c->api;
    bool are_keys_up = a->cfg.node->keys && a->cfg.node->health(a->cfg.node).keys_ok;
    switch (e) {
    case ERR_STATE:  return api_refuse(c, refusal_of_state(a));
    case ERR_DENIED: return api_refuse(c, "vault_not_agreed");
    case ERR_AUTH:
        coded_set(&c->why, "ceremony_refused");
        coded_add_str(&c->why, "rule", "assertion");
        return API_REFUSED;
    case ERR_NOT_FOUND:
        coded_set(&c->why, "ceremony_wrong_key");
        coded_add_str(&c->why, "account", "Passmesh");
        coded_add_str(&c->why, "names", "Passmesh vault");
        return API_REFUSED;
    case ERR_LIMIT:       return api_refuse(c, "vault_full");
    case ERR_MALFORMED:
    case ERR_TRUNCATED:
    case ERR_UNSUPPORTED: return api_refuse(c, "vault_channel");
    case OK:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_INTERNAL:
    case ERR_COUNT:       break;
    }
    return api_refuse(c, are_keys_up ? "storage_failed" : "keys_down");
}

void vault_message_init(struct vault_message *m, struct api_call *c)
{
    *m = (struct vault_message){.answer = SPAN_EMPTY};
    buf_init(&m->bytes, &c->api->budget, MESSAGE_MAX);
    m->w = wr_init_buf(&m->bytes);
}

void vault_message_done(struct vault_message *m)
{
    buf_done(&m->bytes);
}

void vault_message_text(struct vault_message *m, struct span s)
{
    wr_be16_sized(&m->w, s);
}

enum err vault_message_ask(struct vault_message *m, struct api_call *c, enum keyd_op op)
{
    TRY(wr_end(&m->w));
    return vault_ask(c->api, &m->answer, op, buf_span(&m->bytes));
}

enum err vault_message_param(struct vault_message *m, const struct api_call *c, const char *name)
{
    AUTO(buf_done) struct buf bytes;
    struct json v;
    struct span s;
    buf_init(&bytes, &c->api->budget, MESSAGE_MAX);
    if (!api_param(c, &v, name)) {
        return OK;
    }
    TRY(api_member_bytes(c->params, name, &bytes, &s));
    wr_bytes(&m->w, s);
    return wr_ok(&m->w) ? OK : ERR_LIMIT;
}

enum err
vault_message_assertion(struct vault_message *m, const struct api_call *c, bool has_credential)
{
    static const char *const names[] = {"credential_id", "client_data_json", "authenticator_data",
                                        "signature"};
    AUTO(buf_done) struct buf bytes;
    struct json assertion;
    buf_init(&bytes, &c->api->budget, MESSAGE_MAX);
    if (!api_param(c, &assertion, "assertion")) {
        return ERR_MALFORMED;
    }
    for (size_t i = has_credential ? 0 : 1; i < sizeof names / sizeof names[0]; i++) {
        struct span s;
        TRY(api_member_bytes(assertion, names[i], &bytes, &s));
        vault_message_text(m, s);
    }
    return wr_ok(&m->w) ? OK : ERR_LIMIT;
}

static void see_recipient(struct vault_seen *s, struct rd *r)
{
    uint8_t kind = rd_u8(r);
    struct span id = rd_be16_sized(r);
    struct span rp_id = rd_be16_sized(r);
    struct span prf_input = rd_bytes(r, HASH_LEN);
    if (kind != CAPSULE_PASSKEY) {
        s->has_phrase = true;
        return;
    }
    s->passkeys[s->passkeys_count].id = id;
    s->passkeys[s->passkeys_count].rp_id = rp_id;
    s->passkeys[s->passkeys_count].prf_input = prf_input;
    s->passkeys_count++;
}

/* The wallet keeps the dates of the ways that there are. */
static void note_ways(struct api *a, const struct vault_seen *seen)
{
    struct way_list ways = {.generation = seen->generation};
    for (size_t i = 0; i < seen->passkeys_count; i++) {
        ways.items[ways.count++] = way_of_passkey(seen->passkeys[i].id);
    }
    if (seen->has_phrase && ways.count < WAY_COUNT_MAX) {
        ways.items[ways.count++] = way_of_phrase();
    }
    wallet_ways_seen(a->cfg.wallet, &ways);
}

enum err vault_see(struct api *a, struct vault_seen *ret)
{
    struct span body;
    *ret = (struct vault_seen){.state = VAULT_NONE};
    TRY(vault_ask(a, &body, KEYD_VAULT_STATUS, SPAN_EMPTY));
    struct rd r = rd_init(body);
    uint8_t state = rd_u8(&r);
    ret->wait_ms = rd_be32(&r);
    ret->generation = rd_be64(&r);
    size_t recipients = rd_u8(&r);
    if (state > VAULT_OPEN || recipients > CAPSULE_RECIPIENTS_MAX) {
        return ERR_IO;
    }
    ret->state = (enum vault_state)state;
    for (size_t i = 0; i < recipients; i++) {
        see_recipient(ret, &r);
    }
    size_t entries = rd_u8(&r);
    if (entries > VAULT_ENTRIES_MAX) {
        return ERR_IO;
    }
    for (size_t i = 0; i < entries; i++) {
        ret->kinds[i] = rd_u8(&r);
        ret->entries[ret->entries_count++] = rd_be32(&r);
    }
    if (!rd_end(&r)) {
        return ERR_IO;
    }
    note_ways(a, ret);
    return OK;
}

enum err vault_put_options(struct api_call *c, struct span challenge)
{
    struct vault_seen seen;
    struct json_writer *j = c->w.j;
    uint8_t kept[64]; /* the challenge may lie in the answer that the next request overwrites */
    size_t n = span_copy(MSPAN_OF(kept), challenge);
    TRY(vault_see(c->api, &seen));
    json_put_name(j, "options");
    options_begin_request(j, "passmesh.localhost", span_of(kept, n));
    for (size_t i = 0; i < seen.passkeys_count; i++) {
        options_begin_descriptor(j);
        api_write_base64url(j, seen.passkeys[i].id);
        options_end_descriptor(j);
    }
    options_end_request(j);
    return OK;
}

enum err
vault_prepare_request(struct api_call *c, struct span *ret_answer, const struct vault_wish *wish)
{
    AUTO(vault_message_done) struct vault_message m;
    vault_message_init(&m, c);
    wr_u8(&m.w, (uint8_t)wish->kind);
    wr_be32(&m.w, wish->entry);
    vault_message_text(&m, wish->path);
    wr_bytes(&m.w, wish->payload);
    TRY(vault_message_ask(&m, c, KEYD_VAULT_PREPARE));
    *ret_answer = m.answer;
    return OK;
}

enum err vault_sign_request(struct api_call *c, struct secp256k1_signature *ret)
{
    AUTO(vault_message_done) struct vault_message m;
    vault_message_init(&m, c);
    TRY(vault_message_assertion(&m, c, true));
    TRY(vault_message_ask(&m, c, KEYD_VAULT_SIGN));
    struct rd r = rd_init(m.answer);
    rd_copy(&r, MSPAN_OF(ret->rs));
    ret->recovery_id = rd_u8(&r);
    return rd_end(&r) ? OK : ERR_IO;
}
