/* An operation that owners with different wallets sign: given out, signed elsewhere, gathered (docs/partial.md).
 *
 * What travels is the operation and not its hash: whoever signs computes the hash himself, from what he was shown. */
#include "wallet/partial.h"

#include "base/check.h"
#include "evm/erc20.h"
#include "wallet/engine.h"

static enum err state_refused(struct coded *why, const char *state)
{
    return refuse_state(why, "partial_state", state);
}

/* ---- giving it out ---- */

static enum err check_givable(struct wallet *w,
                              struct wallet_time t,
                              const struct operation *op,
                              const struct approve_args *args,
                              struct coded *ret_why)
{
    struct userop userop;
    if (op->state != OPERATION_PREPARED) {
        return refuse_state(ret_why, "operation_state", operation_state_name(op->state));
    }
    if (op->revision != args->revision) {
        return refuse(ret_why, ERR_STATE, "operation_changed");
    }
    if (t.unix_ms >= op->expires_ms) {
        return refuse(ret_why, ERR_TIMEOUT, "operation_expired");
    }
    if (op->is_transaction || wallet_signers_needed(w, op) < 2) {
        return state_refused(ret_why, "alone");
    }
    if (wallet_signature_count(op) == 0) {
        return state_refused(ret_why, "unsigned"); /* its dangers were ticked by who signs first */
    }
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    return userop.init_code.n > 0 ? state_refused(ret_why, "no_account") : OK;
}

/* It waits for the others: written down before the text that says so leaves. */
static enum err
let_wait(struct wallet *w, struct wallet_time t, struct operation *op, struct coded *ret_why)
{
    const uint64_t was_ms = op->expires_ms;
    if (op->is_given_out) {
        return OK;
    }
    op->is_given_out = true;
    op->expires_ms = t.unix_ms + PARTIAL_WAIT_MS;
    op->revision++;
    enum err err = book_save_operation(w, op);
    if (err != OK) {
        op->is_given_out = false;
        op->expires_ms = was_ms;
        op->revision--;
        return store_refused(ret_why, err);
    }
    queue_operation(w, op->id);
    return OK;
}

enum err wallet_partial_give(struct wallet *w,
                             struct wallet_time t,
                             const struct approve_args *args,
                             struct buf *ret_text,
                             struct coded *ret_why)
{
    struct open_operation *o = track_find(w, args->operation);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    TRY(check_givable(w, t, o->op, args, ret_why));
    TRY(let_wait(w, t, o->op, ret_why));
    struct partial p = {.chain_id = wallet_network(w, o->op->network)->chain_id,
                        .expires_ms = o->op->expires_ms};
    TRY(userop_decode(&p.op, buf_span(&o->op->userop)));
    return partial_print(ret_text, &p) == OK
               ? OK
               : refuse_limit(ret_why, "text", PARTIAL_USEROP_LEN_MAX);
}

/* ---- gathering ---- */

/* The base fee has risen above all that was offered: no block would take it, and another fee is another hash. */
static enum err check_fee(const struct operation *op, const struct view *v, struct coded *ret_why)
{
    struct userop userop;
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    return u256_compare(userop.max_fee_per_gas, figure_value(&v->base_fee)) < 0
               ? refuse(ret_why, ERR_STATE, "partial_fee")
               : OK;
}

/* Against what the chain says of the owners, and not against this wallet's list. */
static enum err check_answer(struct wallet *w,
                             struct wallet_time t,
                             const struct operation *op,
                             const struct help_answer *a,
                             struct coded *ret_why)
{
    const struct view *v = wallet_view(w, op->account, op->network);
    if (!span_equal(SPAN_OF(a->hash.bytes), SPAN_OF(op->userop_hash.bytes))) {
        return refuse(ret_why, ERR_AUTH, "help_other");
    }
    if (!v || !owner_view_is_whole(&v->owners)) {
        read_want(w, t, op->account);
        coded_set(ret_why, "stale_data");
        coded_add_u64(ret_why, "seconds", VIEW_TOO_OLD_MS / 1000);
        return ERR_STATE;
    }
    if (!owner_view_has(&v->owners, &a->guardian)) {
        return refuse(ret_why, ERR_AUTH, "partial_stranger");
    }
    if (guardian_verify(&a->guardian, &op->userop_hash, span_of(a->signature, a->signature_len)) !=
        OK) {
        return refuse(ret_why, ERR_AUTH, "help_signature");
    }
    return check_fee(op, v, ret_why);
}

enum err wallet_partial_gather(struct wallet *w,
                               struct wallet_time t,
                               const struct approve_args *args,
                               struct span text,
                               struct coded *ret_why)
{
    struct open_operation *o = track_find(w, args->operation);
    struct help h;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (help_parse(&h, text) != OK || h.kind != HELP_ANSWER) {
        return refuse(ret_why, ERR_MALFORMED, "help_bad");
    }
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    TRY(approve_check_current(w, t, o->op, args, ret_why));
    if (!o->op->is_given_out) {
        return state_refused(ret_why, "not_given");
    }
    TRY(check_answer(w, t, o->op, &h.answer, ret_why));
    return approve_by_owner(w, t, args, &h.answer.guardian,
                            span_of(h.answer.signature, h.answer.signature_len), ret_why);
}

/* ---- the other wallet ---- */

enum err wallet_partial_open(const struct wallet *w,
                             struct partial *ret,
                             struct buf *room,
                             const struct network **ret_network,
                             struct span text,
                             struct coded *ret_why)
{
    struct partial p;
    if (partial_parse(&p, room, text) != OK) {
        return refuse(ret_why, ERR_MALFORMED, "partial_bad");
    }
    for (size_t i = 0; i < w->cfg.network_count; i++) {
        if (w->cfg.networks[i].chain_id == p.chain_id) {
            *ret = p;
            *ret_network = &w->cfg.networks[i];
            return OK;
        }
    }
    return refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
}

const char *wallet_partial_state(const struct wallet *w,
                                 struct wallet_time t,
                                 const struct partial *p,
                                 struct id network)
{
    const struct recovery_view *v = recovery_fresh(w, t, p->op.sender, network);
    if (!v) {
        return "unread";
    }
    if (!v->is_there) {
        return "no_account";
    }
    return t.unix_ms < p->expires_ms ? "" : "expired";
}

/* Does a passkey of this account own the account at v's address? */
static bool owns(const struct network *n, const struct account *a, const struct recovery_view *v)
{
    for (size_t i = 0; a->kind == ACCOUNT_PASSKEY && i < a->owner_count; i++) {
        struct smart_owner key = owner_bytes(n, &a->owners[i]);
        if (a->owners[i].kind != OWNER_COSIGNER && owner_view_has(&v->owners, &key)) {
            return true;
        }
    }
    return false;
}

size_t wallet_partial_signers(const struct wallet *w,
                              const struct partial *p,
                              struct id network,
                              const struct account **ret,
                              size_t count_max)
{
    const struct recovery_view *v = wallet_recovery_view(w, p->op.sender, network);
    const struct network *n = wallet_network(w, network);
    size_t count = 0;
    for (size_t i = 0; v && n && i < w->account_count && count < count_max; i++) {
        if (owns(n, w->accounts[i], v)) {
            ret[count++] = w->accounts[i];
        }
    }
    return count;
}

static bool has_danger(const struct partial *p, const struct network *n)
{
    struct smart_call calls[PARTIAL_CALL_COUNT_MAX];
    struct partial_call one;
    size_t count = partial_calls(calls, p);
    bool is_danger = false;
    for (size_t i = 0; i < count && !is_danger; i++) {
        partial_call_read(&one, p, n, &calls[i]);
        is_danger = one.is_danger;
    }
    return is_danger;
}

/* *ret_view is the reading that names the owners. */
static enum err hash_of(const struct wallet *w,
                        struct wallet_time t,
                        const struct partial_sign_args *args,
                        struct hash32 *ret,
                        const struct recovery_view **ret_view,
                        struct coded *ret_why)
{
    const struct account *a = wallet_account(w, args->account);
    const struct network *n = NULL;
    struct partial p;
    AUTO(buf_done) struct buf room;
    buf_init(&room, w->scratch.budget, PARTIAL_BYTES_MAX);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    TRY(wallet_partial_open(w, &p, &room, &n, args->text, ret_why));
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    const char *state = wallet_partial_state(w, t, &p, n->id);
    if (state[0]) {
        return state_refused(ret_why, state);
    }
    const struct recovery_view *v = wallet_recovery_view(w, p.op.sender, n->id);
    if (!v || !owns(n, a, v)) {
        return refuse(ret_why, ERR_AUTH, "partial_stranger");
    }
    if (!args->confirmed && has_danger(&p, n)) {
        return refuse(ret_why, ERR_DENIED, "risk_unticked");
    }
    if (partial_hash(ret, &p, n) != OK) {
        return refuse(ret_why, ERR_MALFORMED, "partial_bad");
    }
    *ret_view = v;
    return OK;
}

enum err wallet_partial_hash(const struct wallet *w,
                             struct wallet_time t,
                             const struct partial_sign_args *args,
                             struct hash32 *ret,
                             struct coded *ret_why)
{
    const struct recovery_view *unused = NULL;
    return hash_of(w, t, args, ret, &unused, ret_why);
}

enum err wallet_partial_sign(struct wallet *w,
                             struct wallet_time t,
                             const struct partial_sign_args *args,
                             struct buf *ret_text,
                             struct coded *ret_why)
{
    const struct recovery_view *v = NULL;
    struct help h = {.kind = HELP_ANSWER};
    TRY(hash_of(w, t, args, &h.answer.hash, &v, ret_why));
    const struct passkey_args passkey = {.account = book_account(w, args->account),
                                         .challenge = SPAN_OF(h.answer.hash.bytes),
                                         .answer = args->answer};
    TRY(guardian_sign(w, t, &passkey, &h.answer, ret_why));
    if (!owner_view_has(&v->owners, &h.answer.guardian)) {
        return refuse(ret_why, ERR_AUTH, "partial_stranger"); /* another passkey of the account */
    }
    return help_print(ret_text, &h);
}

/* ---- in words ---- */

size_t partial_calls(struct smart_call ret[static PARTIAL_CALL_COUNT_MAX], const struct partial *p)
{
    size_t count = 0;
    struct span data = p->op.call_data;
    enum err err = smart_account_is_within(data)
                       ? smart_account_within_calls(ret, &count, PARTIAL_CALL_COUNT_MAX, data)
                       : smart_account_calls(ret, &count, PARTIAL_CALL_COUNT_MAX, data);
    if (err != OK) {
        ret[0] = (struct smart_call){.to = p->op.sender, .data = data};
        return 1;
    }
    return count;
}

/* The account calls itself: whatever it is, it moves no money and may give the account away. */
static void read_own_call(struct partial_call *ret)
{
    struct owner_carried carried;
    struct hash32 id;
    enum owner_call what;
    ret->what = PARTIAL_OWN;
    ret->is_danger = true;
    if (owner_change_read(&what, &ret->change, &id, ret->data) == OK) {
        ret->what = what == OWNER_CALL_VETO ? PARTIAL_VETO : PARTIAL_OWNERS;
        ret->is_danger = what != OWNER_CALL_VETO;
    } else if (owner_change_read_carried(&carried, ret->data) == OK) {
        ret->what = carried.is_veto ? PARTIAL_VETO : PARTIAL_OWNERS;
        ret->change = carried.change;
        ret->is_danger = !carried.is_veto;
    }
}

void partial_call_read(struct partial_call *ret,
                       const struct partial *p,
                       const struct network *n,
                       const struct smart_call *call)
{
    struct erc20_transfer transfer;
    *ret = (struct partial_call){.what = PARTIAL_UNKNOWN,
                                 .is_danger = true,
                                 .to = call->to,
                                 .amount = call->value,
                                 .data = call->data};
    if (address_equal(call->to, p->op.sender)) {
        read_own_call(ret);
    } else if (call->data.n == 0) {
        ret->what = PARTIAL_PAYMENT;
        ret->is_danger = false;
    } else if (u256_is_zero(call->value) && erc20_transfer_decode(&transfer, call->data)) {
        ret->what = PARTIAL_TOKEN;
        ret->token_address = call->to;
        ret->token = network_token(n, call->to);
        ret->to = transfer.to;
        ret->amount = transfer.amount;
        ret->is_danger = !ret->token; /* what it pays, and in which unit, only the contract knows */
    }
}
