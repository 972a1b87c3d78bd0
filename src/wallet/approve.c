/* From an assertion to a signed operation. The signed operation is in the store before it leaves. */
#include "base/check.h"
#include "evm/smart_account.h"
#include "evm/userop.h"
#include "wallet/engine.h"

enum { SIGNATURE_LEN_MAX = 8192 };

static bool is_ticked(const struct approve_args *args, const struct risk *risk)
{
    for (size_t i = 0; i < args->tick_count; i++) {
        if (span_equal(args->ticks[i], span_str(risk->what.code))) {
            return true;
        }
    }
    return false;
}

static enum err
check_risks(const struct operation *op, const struct approve_args *args, struct coded *ret_why)
{
    for (size_t i = 0; i < op->risk_count; i++) {
        const struct risk *r = &op->risks[i];
        if (r->level == RISK_BLOCKED) {
            coded_set(ret_why, "risk_blocked");
            coded_add_str(ret_why, "risk", r->what.code);
            return ERR_DENIED;
        }
        if (r->tick && !is_ticked(args, r)) {
            return refuse(ret_why, ERR_DENIED, "risk_unticked");
        }
    }
    return OK;
}

static enum err check_time(struct wallet *w,
                           struct wallet_time t,
                           const struct operation *op,
                           struct coded *ret_why)
{
    if (t.unix_ms >= op->expires_ms) {
        return refuse(ret_why, ERR_TIMEOUT, "operation_expired");
    }
    const struct view *v = wallet_view(w, op->account, op->network);
    if (!v || t.unix_ms > v->as_of_ms + VIEW_TOO_OLD_MS) {
        coded_set(ret_why, "stale_data");
        coded_add_u64(ret_why, "seconds",
                      v ? (t.unix_ms - v->as_of_ms) / 1000 : VIEW_TOO_OLD_MS / 1000);
        return ERR_STATE;
    }
    return OK;
}

/* Something else took its place since it was prepared: the nonce is used, or another one is on its way. */
static enum err check_nonce(struct wallet *w, const struct operation *op, struct coded *ret_why)
{
    struct userop userop;
    const struct view *v = wallet_view(w, op->account, op->network);
    if (BUG(userop_decode(&userop, buf_span(&op->userop)) != OK)) {
        return ERR_INTERNAL;
    }
    bool is_used = v && u256_compare(figure_value(&v->nonce), userop.nonce) > 0;
    for (size_t i = 0; i < w->open_count && !is_used; i++) {
        const struct operation *other = w->open[i].op;
        bool is_pending = other->state == OPERATION_SIGNED || other->state == OPERATION_SUBMITTED;
        is_used = is_pending && id_equal(other->account, op->account) &&
                  id_equal(other->network, op->network) && !id_equal(other->id, op->replaces);
    }
    return is_used ? refuse(ret_why, ERR_STATE, "operation_changed") : OK;
}

static enum err check_approvable(struct wallet *w,
                                 struct wallet_time t,
                                 const struct operation *op,
                                 const struct approve_args *args,
                                 struct coded *ret_why)
{
    if (op->state != OPERATION_PREPARED) {
        coded_set(ret_why, "operation_state");
        coded_add_str(ret_why, "state", operation_state_name(op->state));
        return ERR_STATE;
    }
    if (op->revision != args->revision) {
        return refuse(ret_why, ERR_STATE, "operation_changed");
    }
    TRY(trust_check(w, op->network, ret_why));
    TRY(check_time(w, t, op, ret_why));
    TRY(check_nonce(w, op, ret_why));
    return check_risks(op, args, ret_why);
}

/* Puts the account's signature into the operation's encoding. */
static enum err put_signature(struct wallet *w,
                              struct operation *op,
                              const struct owner *owner,
                              struct span signature)
{
    const struct network *n = wallet_network(w, op->network);
    struct smart_signature one = {
        .owner = smart_owner_passkey(n->verifier, owner->public_key, span_str(owner->origin)),
        .signature = signature};
    AUTO(buf_done) struct buf whole;
    AUTO(buf_done) struct buf encoded;
    buf_init(&whole, &w->budget, SIGNATURE_LEN_MAX);
    buf_init(&encoded, &w->budget, OPERATION_USEROP_LEN_MAX);
    TRY(smart_account_signature(&whole, &one, 1));
    struct userop userop;
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    userop.signature = buf_span(&whole);
    TRY(userop_encode(&userop, &encoded));
    buf_clear(&op->userop);
    return buf_append(&op->userop, buf_span(&encoded));
}

/* Signs a copy and writes it; the operation itself changes only when the copy is on disk. */
static enum err sign(struct wallet *w,
                     struct wallet_time t,
                     struct open_operation *o,
                     const struct owner *owner,
                     struct span signature,
                     struct coded *ret_why)
{
    AUTO(operation_auto) struct operation *copy = NULL;
    TRY(operation_new(&copy, &w->budget));
    TRY(wallet_operation(w, o->op->id, copy));
    enum err err = put_signature(w, copy, owner, signature);
    if (err != OK) {
        coded_set(ret_why, "internal");
        coded_add_str(ret_why, "where", "signature");
        return err;
    }
    copy->owner = owner->id;
    operation_go(copy, (struct step_args){.state = OPERATION_SIGNED,
                                          .at_ms = t.unix_ms,
                                          .by = name_span(&owner->name)});
    err = book_save_operation(w, copy);
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    struct operation *signed_op = copy;
    copy = o->op;
    o->op = signed_op;
    return OK;
}

enum err wallet_approve(struct wallet *w,
                        struct wallet_time t,
                        const struct approve_args *args,
                        struct coded *ret_why)
{
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    struct open_operation *o = track_find(w, args->operation);
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    TRY(check_approvable(w, t, o->op, args, ret_why));
    struct account *account = book_account(w, o->op->account);
    check(account);
    struct passkey_args passkey = {.account = account,
                                   .challenge = SPAN_OF(o->op->userop_hash.bytes),
                                   .answer = &args->answer};
    AUTO(buf_done) struct buf signature;
    buf_init(&signature, &w->budget, SIGNATURE_LEN_MAX);
    struct owner *owner = NULL;
    TRY(passkey_verify(w, t, &passkey, &owner, &signature, ret_why));
    TRY(sign(w, t, o, owner, buf_span(&signature), ret_why));
    if (book_save_account(w, account) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "the use of a passkey could not be stored");
    }
    struct open_operation *old = id_is_set(o->op->replaces) ? track_find(w, o->op->replaces) : NULL;
    if (old) {
        old->op->replaced_by = o->op->id;
        if (book_save_operation(w, old->op) != OK) {
            log_line(w->cfg.log, LOG_WARN, "wallet", "the replaced operation could not be stored");
        }
        queue_operation(w, old->op->id);
    }
    o->retry_at = t.mono;
    queue_operation(w, o->op->id);
    queue_note(w, WALLET_STATUS_CHANGED);
    track_tick(w, t);
    return OK;
}
