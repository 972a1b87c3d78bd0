/* Copies of the sealed vault with servers: looked for with a passkey alone (docs/vault.md "Copies with peers"). */
#include "node/api/api_options.h"
#include "node/api/api_vault.h"
#include "wallet/capsule_copy.h"

#include <string.h>

enum { RESTORED_LEN_MAX = 64 };

static struct api_vault_copies copies_now(const struct api *a)
{
    struct api_node_port *node = a->cfg.node;
    return node->vault_copies ? node->vault_copies(node, wallet_ways(a->cfg.wallet)->generation)
                              : (struct api_vault_copies){.servers = 0};
}

uint32_t vault_copies_count(const struct api *a)
{
    return copies_now(a).servers;
}

void api_vault_copies_changed(struct api *a)
{
    a->is_stale[API_TOPIC_HEALTH] = true;
}

void vault_put_copies(struct api_call *c)
{
    struct json_writer *j = c->w.j;
    if (!c->api->cfg.node->vault_copies) {
        return;
    }
    struct api_vault_copies copies = copies_now(c->api);
    json_put_name(j, "copies");
    json_put_object(j);
    json_put_name(j, "servers");
    json_put_u64(j, copies.servers);
    json_put_name(j, "until_ms");
    json_put_u64(j, copies.until_s * 1000);
    json_end_object(j);
}

void vault_tell_opened(struct api_call *c, struct span credential_id, struct span user_handle)
{
    struct api_node_port *node = c->api->cfg.node;
    if (node->vault_opened && user_handle.n > 0 && user_handle.n <= COPY_USER_HANDLE_MAX) {
        node->vault_opened(node, credential_id, user_handle);
    }
}

void vault_tell_changed(struct api_call *c)
{
    struct api_node_port *node = c->api->cfg.node;
    struct vault_seen seen;
    /* It has another generation: copies and backup files of the one before are old. If keyd is gone, nothing is known anew. */
    (void)!vault_see(c->api, &seen);
    if (node->vault_changed) {
        node->vault_changed(node);
    }
}

static enum err may_look(struct api_call *c)
{
    struct vault_seen seen;
    TRY(vault_see(c->api, &seen));
    return seen.state == VAULT_NONE ? OK : ERR_STATE;
}

enum api_done api_do_vault_find_begin(struct api_call *c)
{
    struct api_node_port *node = c->api->cfg.node;
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    enum err e = node->vault_find ? may_look(c) : ERR_IO;
    if (e != OK) {
        return e == ERR_STATE ? api_refuse(c, "vault_exists") : vault_refused(c, e);
    }
    struct api_pending *p = api_pend_of_node(c);
    if (!p) {
        return API_REFUSED;
    }
    e = node->vault_find(node, p->task);
    if (e != OK) {
        *p = (struct api_pending){0};
        coded_set(&c->why, "rate_limited");
        coded_add_u64(&c->why, "wait_ms", 1000);
        return API_REFUSED;
    }
    return API_LATER;
}

static void refuse_found(struct coded *why, enum err e)
{
    const char *code = e == ERR_CLOSED      ? "copies_none"
                       : e == ERR_NOT_FOUND ? "copies_not_found"
                                            : "copies_silent";
    coded_set(why, code);
}

void api_vault_find_begun(struct api *a, uint64_t id, const struct api_vault_search *s)
{
    AUTO(buf_done) struct buf text = {0};
    struct api_pending *p = api_pending_of_node(a, id);
    struct coded why = {0};
    if (!p) {
        return;
    }
    buf_init(&text, &a->budget, API_ANSWER_LEN_MAX);
    struct wr w = wr_init_buf(&text);
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "servers");
    json_put_u64(&j, s->asked);
    json_put_name(&j, "options");
    options_begin_request(&j, "passmesh.localhost", s->challenge);
    options_end_request(&j);
    json_end_object(&j);
    if (s->err != OK) {
        refuse_found(&why, s->err);
    }
    api_finish(a, p, s->err == OK ? buf_span(&text) : SPAN_EMPTY, &why);
}

enum api_done api_do_vault_find_finish(struct api_call *c)
{
    static const char *const names[] = {"user_handle", "credential_id", "client_data_json",
                                        "authenticator_data", "signature"};
    AUTO(buf_done) struct buf bytes;
    struct api_node_port *node = c->api->cfg.node;
    struct span parts[sizeof names / sizeof names[0]];
    struct json assertion;
    buf_init(&bytes, &c->api->budget, API_ANSWER_LEN_MAX);
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (!node->vault_fetch || !api_param(c, &assertion, "assertion") ||
        buf_reserve(&bytes, API_ANSWER_LEN_MAX) != OK) {
        return vault_refused(c, ERR_IO);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        enum err e = api_member_bytes(assertion, names[i], &bytes, &parts[i]);
        if (e != OK ||
            parts[i].n == 0) { /* a passkey that does not say whose it is cannot be looked for */
            return vault_refused(c, ERR_AUTH);
        }
    }
    struct api_pending *p = api_pend_of_node(c);
    if (!p) {
        return API_REFUSED;
    }
    const struct api_vault_fetch f = {
        .user_handle = parts[0],
        .credential_id = parts[1],
        .response = {
                     .client_data_json = parts[2], .authenticator_data = parts[3], .signature = parts[4]}
    };
    if (parts[0].n > COPY_USER_HANDLE_MAX || node->vault_fetch(node, p->task, &f) != OK) {
        *p = (struct api_pending){0};
        return api_refuse(c, "vault_over");
    }
    return API_LATER;
}

/* What was found becomes the vault here, locked; then it is opened as any vault is. That its accounts are to be made is written down first: the program may end between. */
static enum err take(struct api *a, struct coded *why, struct span capsule)
{
    struct span body;
    wallet_vault_lacks_accounts(a->cfg.wallet, true);
    enum err e = vault_ask(a, &body, KEYD_VAULT_RESTORE, capsule);
    if (e != OK) {
        wallet_vault_lacks_accounts(a->cfg.wallet, false);
    }
    if (e == ERR_STATE) {
        coded_set(why, "vault_exists");
    } else if (e != OK) {
        coded_set(why, e == ERR_IO || e == ERR_INTERNAL ? "keys_down" : "copies_not_found");
    }
    return e;
}

void api_vault_find_done(struct api *a, uint64_t id, const struct api_vault_search *s)
{
    uint8_t room[RESTORED_LEN_MAX];
    struct api_pending *p = api_pending_of_node(a, id);
    struct coded why = {0};
    enum err e = s->err;
    if (!p) {
        return;
    }
    if (e != OK) {
        refuse_found(&why, e);
    } else {
        e = take(a, &why, s->capsule);
    }
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "servers");
    json_put_u64(&j, s->asked);
    json_end_object(&j);
    if (e == OK) {
        a->is_stale[API_TOPIC_STATUS] = true;
    }
    api_finish(a, p, e == OK ? span_of(room, w.n) : SPAN_EMPTY, &why);
}
