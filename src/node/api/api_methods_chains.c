/* Handlers about the owner list of an account on several chains: the table, and changes that are signed once and carried. */
#include "codec/base16.h"
#include "node/api/api_methods.h"
#include "wallet/owner_chains.h"

static void put_id(struct json_writer *j, const char *name, const struct hash32 *hash)
{
    json_put_name(j, name);
    json_put_hex(j, SPAN_OF(hash->bytes));
}

static void
put_owner(const struct api_writing *w, const struct account *a, const struct smart_owner *smart)
{
    const struct owner *o = wallet_kept_owner(w->wallet, a, smart);
    json_put_str(w->j, o ? o->name.text : "?");
}

static void
put_change(const struct api_writing *w, const struct account *a, const struct kept_change *k)
{
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    size_t count = wallet_kept_signatures(k, all);
    json_put_object(w->j);
    put_id(w->j, "id", &k->id);
    json_put_name(w->j, "sequence");
    json_put_u64(w->j, k->sequence);
    if (k->added.len > 0) {
        json_put_name(w->j, "added");
        put_owner(w, a, &k->added);
    }
    if (k->removed.len > 0) {
        json_put_name(w->j, "removed");
        put_owner(w, a, &k->removed);
    }
    json_put_name(w->j, "threshold");
    json_put_u64(w->j, k->threshold);
    json_put_name(w->j, "signatures");
    json_put_array(w->j);
    for (size_t i = 0; i < count; i++) {
        put_owner(w, a, &all[i].owner);
    }
    json_end_array(w->j);
    json_end_object(w->j);
}

/* The owners that may sign there; or of these only those that are revoked. */
static void put_owners(const struct api_writing *w,
                       const struct account *a,
                       const struct owner_chain *c,
                       bool is_revoked)
{
    json_put_name(w->j, is_revoked ? "revoked" : "owners");
    json_put_array(w->j);
    for (size_t i = 0; c && i < c->owner_count; i++) {
        if (!is_revoked || wallet_owner_is_revoked(w->wallet, a, c, c->owners[i])) {
            json_put_str(w->j, c->owners[i].text);
        }
    }
    json_end_array(w->j);
}

static void put_chain(const struct api_writing *w, const struct account *a, const struct network *n)
{
    const struct owner_chain *c = wallet_owner_chain(a, n->id);
    const struct kept_change *next = NULL;
    enum owner_chain_step step = wallet_owner_chain_step(a, c, &next);
    struct json_writer *j = w->j;
    json_put_object(j);
    json_put_name(j, "network_id");
    json_put_str(j, n->id.text);
    json_put_name(j, "state");
    json_put_str(j, owner_chain_step_name(step));
    if (c) {
        json_put_name(j, "checked");
        api_write_checked(j, &c->said);
    }
    put_owners(w, a, c, false);
    put_owners(w, a, c, true);
    json_put_name(j, "unknown");
    json_put_u64(j, c ? c->unknown_count : 0);
    json_put_name(j, "threshold");
    json_put_u64(j, c ? c->threshold : 0);
    json_put_name(j, "sequence");
    json_put_u64(j, c ? c->sequence : 0);
    if (c && c->is_there) {
        json_put_name(j, "head");
        json_put_hex(j, SPAN_OF(c->head));
    }
    if (next) {
        json_put_name(j, "next");
        put_change(w, a, next);
    }
    bool waits = step == OWNER_CHAIN_WAITS;
    json_put_name(j, "ready_ms");
    json_put_u64(j, waits && c->ready_at <= UINT64_MAX / 1000 ? c->ready_at * 1000 : 0);
    json_end_object(j);
}

static enum api_done write_chains(struct api_call *c, struct id account)
{
    const struct account *a = wallet_account(c->w.wallet, account);
    struct json_writer *j = c->w.j;
    if (!a) {
        return api_refuse(c, "unknown_account");
    }
    json_put_object(j);
    json_put_name(j, "account_id");
    json_put_str(j, a->id.text);
    json_put_name(j, "chains");
    json_put_array(j);
    for (size_t i = 0; i < wallet_network_count(c->w.wallet); i++) {
        put_chain(&c->w, a, wallet_network_at(c->w.wallet, i));
    }
    json_end_array(j);
    json_put_name(j, "changes");
    json_put_array(j);
    for (size_t i = 0; i < a->kept_count; i++) {
        put_change(&c->w, a, &a->kept[i]);
    }
    json_end_array(j);
    json_end_object(j);
    return API_DONE;
}

enum api_done api_do_owner_chains(struct api_call *c)
{
    struct id id = api_param_id(c, "account_id");
    const struct account *a = wallet_account(c->w.wallet, id);
    uint64_t task = 0;
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (!a || a->kind != ACCOUNT_PASSKEY) {
        return api_refuse(c, a ? "account_kind" : "unknown_account");
    }
    const struct recovery_look_args args = {
        .address = a->address, .network = api_param_id(c, "network_id"), .account = id};
    if (!id_is_set(args.network)) {
        return write_chains(c, id);
    }
    if (wallet_recovery_look(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    struct api_pending *p = api_pend(c, task);
    if (!p) {
        return API_REFUSED;
    }
    p->account = id;
    return API_LATER;
}

enum api_done api_finish_owner_chains(struct api_call *c, const struct api_pending *p)
{
    return write_chains(c, p->account);
}

/* ---- signing once ---- */

static bool sign_of(struct api_call *c, struct change_sign_args *ret)
{
    *ret = (struct change_sign_args){.account = api_param_id(c, "account_id"),
                                     .is_veto = api_param_is(c, "what", "veto")};
    bool is_hash =
        base16_decode_fixed_0x(MSPAN_OF(ret->change.bytes), api_param_plain(c, "change_id")) == OK;
    if (!is_hash) {
        (void)api_refuse(c, "unknown_change");
    }
    return is_hash;
}

enum api_done api_do_change_sign_begin(struct api_call *c)
{
    struct change_sign_args args;
    struct hash32 hash;
    if (!sign_of(c, &args) || wallet_change_hash(c->w.wallet, &args, &hash, &c->why) != OK) {
        return API_REFUSED;
    }
    const struct account *a = wallet_account(c->w.wallet, args.account);
    json_put_object(c->w.j);
    json_put_name(c->w.j, "change");
    put_change(&c->w, a, wallet_kept_change(a, &args.change));
    json_put_name(c->w.j, "options");
    api_write_request_options(&c->w, a, NULL, SPAN_OF(hash.bytes));
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_change_sign_finish(struct api_call *c)
{
    struct change_sign_args args;
    struct passkey_answer answer;
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    if (!sign_of(c, &args)) {
        return API_REFUSED;
    }
    if (!api_read_passkey_answer(c, &bytes, &answer)) {
        return api_broken_answer(c);
    }
    args.answer = &answer;
    if (wallet_change_sign(c->w.wallet, c->t, &args, &c->why) != OK) {
        return API_REFUSED;
    }
    return write_chains(c, args.account);
}

/* ---- carrying ---- */

static enum change_wish wish_of(struct api_call *c)
{
    if (api_param_is(c, "what", "apply")) {
        return CHANGE_WISH_APPLY;
    }
    return api_param_is(c, "what", "veto") ? CHANGE_WISH_VETO : CHANGE_WISH_CARRY;
}

enum api_done api_do_change_prepare(struct api_call *c)
{
    const struct own_call own = api_own_call(c);
    const struct change_args args = {.account = own.account,
                                     .network = own.network,
                                     .payer = api_param_id(c, "payer_id"),
                                     .what = wish_of(c),
                                     .speed = own.speed,
                                     .by_command_line = own.by_command_line};
    uint64_t task = 0;
    if (wallet_change_prepare(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}
