/* Operations, history rows and balances as JSON. */
#include "evm/account_limits.h"
#include "evm/account_recovery.h"
#include "evm/account_session.h"
#include "evm/account_setting.h"
#include "evm/account_upgrade.h"
#include "evm/owner_change.h"
#include "evm/smart_account.h"
#include "evm/tx.h"
#include "evm/userop.h"
#include "node/api/api_write.h"
#include "wallet/fee.h"

enum { CALLS_SHOWN_MAX = 8 };

static struct api_unit unit_of(const struct operation *op)
{
    return (struct api_unit){.symbol = op->symbol, .decimals = op->decimals};
}

static struct api_unit native_unit(const struct network *n)
{
    return (struct api_unit){.symbol = n->symbol, .decimals = U256_DECIMALS_ETHER};
}

static bool
is_shown_final(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    const struct view *v = wallet_view(w->wallet, op->account, op->network);
    return op->kind == OPERATION_RECEIVE && v && op->block &&
           v->block >= op->block + n->final_after;
}

static const char *
state_name(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    return is_shown_final(w, op, n) ? "final" : operation_state_name(op->state);
}

static struct figure
amount_figure(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    if (op->kind != OPERATION_RECEIVE) {
        return api_own_figure(w, op->amount);
    }
    return op->has_received
               ? op->received
               : api_worked_out(w, n, op->amount, (struct api_when){.block = op->block});
}

/* What was paid: proven with the inclusion, or a server's word. */
static struct figure
paid_figure(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    return figure_grade(&op->fee_paid) == GRADE_PROVEN
               ? op->fee_paid
               : api_reported(w, n, figure_value(&op->fee_paid));
}

static void put_name(struct json_writer *j, const char *name)
{
    json_put_name(j, name);
}

/* The asset as it was when the operation was made. */
static void put_asset(struct json_writer *j, const struct operation *op, const struct network *n)
{
    const struct token *token = address_is_zero(op->token) ? NULL : network_token(n, op->token);
    if (token || address_is_zero(op->token)) {
        api_write_asset(j, n, token);
        return;
    }
    struct token gone = {.address = op->token, .decimals = op->decimals};
    text_set(gone.symbol, sizeof gone.symbol, span_str(op->symbol));
    text_set(gone.name.text, sizeof gone.name.text, span_str(op->symbol));
    api_write_asset(j, n, &gone);
}

static void put_asked_by(struct json_writer *j, const struct operation *op)
{
    bool is_receive = op->kind == OPERATION_RECEIVE;
    json_put_object(j);
    put_name(j, "kind");
    json_put_str(j, is_receive ? "stranger" : op->by_command_line ? "command_line" : "self");
    put_name(j, "origin");
    json_put_str(j, "self");
    put_name(j, "first_seen_ms");
    json_put_u64(j, op->created_ms);
    json_end_object(j);
}

static void put_effect(const struct api_writing *w,
                       const struct operation *op,
                       const struct network *n,
                       const char *kind)
{
    struct json_writer *j = w->j;
    struct figure amount = amount_figure(w, op, n);
    bool has_amount = kind[0] != 'a' || kind[1] != 'c';
    json_put_object(j);
    put_name(j, "kind");
    json_put_str(j, kind);
    if (has_amount) {
        put_name(j, "asset");
        put_asset(j, op, n);
        put_name(j, "amount");
        api_write_figure(j, &amount, unit_of(op));
    }
    put_name(j, "from");
    api_write_party(w, n, op->from);
    put_name(j, "to");
    api_write_party(w, n, has_amount ? op->to : op->from);
    put_name(j, "grade");
    /* Of a payment out, the receipt of its inclusion says that it happened; of one in, its log. */
    const struct figure *happened = op->kind == OPERATION_RECEIVE ? &op->received : &op->fee_paid;
    json_put_str(j, grade_name(figure_grade(happened)));
    json_end_object(j);
}

static void
put_effects(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    put_name(w->j, "effects");
    json_put_array(w->j);
    if (!u256_is_zero(op->amount)) {
        put_effect(w, op, n, op->kind == OPERATION_RECEIVE ? "arrives" : "leaves");
    }
    if (op->has_first_deploy) {
        put_effect(w, op, n, "account_created");
    }
    json_end_array(w->j);
}

static void
put_fee(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    struct json_writer *j = w->j;
    /* The fee was read for it. */
    struct api_when when = {.block = op->trial_block, .as_of_ms = op->created_ms};
    struct figure max = api_worked_out(w, n, op->fee_max, when);
    struct figure paid = paid_figure(w, op, n);
    put_name(j, "fee");
    json_put_object(j);
    put_name(j, "max");
    api_write_figure(j, &max, native_unit(n));
    if (!u256_is_zero(figure_value(&op->fee_paid))) {
        put_name(j, "paid");
        api_write_figure(j, &paid, native_unit(n));
    }
    put_name(j, "speed");
    json_put_str(j, fee_speed_name(op->speed));
    put_name(j, "wait_s");
    json_put_u64(j, fee_wait_s(n, op->speed));
    json_end_object(j);
}

static const char *trial_name(enum trial_state s)
{
    switch (s) {
    case TRIAL_RUNNING:     return "running";
    case TRIAL_DONE:        return "done";
    case TRIAL_UNAVAILABLE: return "unavailable";
    case TRIAL_WOULD_FAIL:  return "would_fail";
    }
    return "unavailable";
}

static void put_risks_and_trial(struct json_writer *j, const struct operation *op)
{
    put_name(j, "risks");
    json_put_array(j);
    for (size_t i = 0; i < op->risk_count; i++) {
        api_write_risk(j, &op->risks[i]);
    }
    json_end_array(j);
    put_name(j, "trial");
    json_put_object(j);
    put_name(j, "state");
    json_put_str(j, trial_name(op->trial));
    put_name(j, "block");
    json_put_u64(j, op->trial_block);
    json_end_object(j);
}

/* How many must sign after the one who signs next. */
static uint64_t others_after(const struct api_writing *w, const struct operation *op)
{
    uint64_t with_next = wallet_signature_count(op) + 1;
    uint64_t needed = wallet_signers_needed(w->wallet, op);
    return needed > with_next ? needed - with_next : 0;
}

static void
put_next_and_undo(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    struct coded next;
    struct chain_health h = wallet_chain_health(w->wallet, w->t);
    uint64_t left = others_after(w, op);
    if (op->state == OPERATION_PREPARED && left > 0) {
        coded_set(&next, "passkey_then_others");
        coded_add_u64(&next, "left", left);
    } else if (op->state == OPERATION_PREPARED && h.n > 0) {
        coded_set(&next, "passkey_then_servers");
        coded_add_u64(&next, "servers", h.n);
        coded_add_u64(&next, "wait_s", fee_wait_s(n, op->speed));
    } else if (op->state == OPERATION_PREPARED) {
        coded_set(&next, "passkey_then_none");
    } else if (op->state == OPERATION_SIGNED || op->state == OPERATION_SUBMITTED) {
        coded_set(&next, "wait");
        coded_add_u64(&next, "wait_s", fee_wait_s(n, op->speed));
    } else if (op->state == OPERATION_FAILED || op->state == OPERATION_EXPIRED) {
        coded_set(&next, "retry");
    } else {
        coded_set(&next, "done");
    }
    const char *undo = operation_begins(op->kind) ? "until_applied" : "not_once_included";
    if (op->kind == OPERATION_SESSION_ADD) {
        undo = "until_ended";
    }
    if (op->kind == OPERATION_RECEIVE) {
        undo = "not_ours";
    } else if (op->state == OPERATION_SIGNED || op->state == OPERATION_SUBMITTED) {
        undo = "can_cancel";
    } else if (op->state == OPERATION_EXPIRED || op->state == OPERATION_CANCELLED) {
        undo = "nothing_happened";
    }
    put_name(w->j, "next");
    api_write_coded(w->j, &next);
    put_name(w->j, "undo");
    api_write_code(w->j, undo);
}

/* How far it is, where more than one must sign. */
static void put_signers(const struct api_writing *w, const struct operation *op)
{
    const struct owner *signers[OPERATION_SIGNER_COUNT_MAX];
    size_t count = wallet_signers(w->wallet, op, signers);
    uint64_t needed = wallet_signers_needed(w->wallet, op);
    if (needed < 2) {
        return;
    }
    put_name(w->j, "signers_needed");
    json_put_u64(w->j, needed);
    put_name(w->j, "signers");
    json_put_array(w->j);
    for (size_t i = 0; i < count; i++) {
        json_put_str(w->j, signers[i]->name.text);
    }
    json_end_array(w->j);
    put_name(w->j, "signed_elsewhere"); /* by owners that this wallet does not know */
    json_put_u64(w->j, wallet_signature_count(op) - count);
    put_name(w->j, "given_out");
    json_put_bool(w->j, op->is_given_out);
}

static void put_owners(const struct api_writing *w, const struct operation *op)
{
    const struct account *a = wallet_account(w->wallet, op->account);
    put_name(w->j, "owners");
    json_put_array(w->j);
    for (size_t i = 0; a && i < a->owner_count; i++) {
        const struct owner *o = &a->owners[i];
        if (wallet_owner_state(w->wallet, a, o, op->network).standing == OWNER_ACTIVE) {
            json_put_str(w->j, o->name.text);
        }
    }
    json_end_array(w->j);
    if (a && op->state == OPERATION_PREPARED && !op->is_transaction) {
        put_signers(w, op);
        put_name(w->j, "request");
        api_write_request_options(w, a, op, SPAN_OF(op->userop_hash.bytes));
    }
}

static const char *recovery_function(enum recovery_call call)
{
    switch (call) {
    case RECOVERY_CALL_BEGIN:   return "recover(OwnerChange,bytes)";
    case RECOVERY_CALL_APPLY:   return "applyRecovery(OwnerChange)";
    case RECOVERY_CALL_CANCEL:  return "cancelRecovery(bytes)";
    case RECOVERY_CALL_PUT_OFF: return "putOffRecovery(bytes,bytes)";
    case RECOVERY_CALL_FREEZE:  return "freeze(bytes,bytes)";
    }
    return "freeze(bytes,bytes)";
}

/* The calls that this wallet makes. */
static const char *function_of(struct span data)
{
    enum owner_call call;
    struct owner_change change;
    struct hash32 id;
    enum upgrade_call move;
    struct account_upgrade upgrade;
    enum recovery_call recovery;
    struct span signature;
    if (account_recovery_read(&recovery, &change, &signature, data) == OK) {
        return recovery_function(recovery);
    }
    if (account_upgrade_read(&move, &upgrade, data) == OK) {
        return move == UPGRADE_CALL_APPLY ? "applyUpgrade(address,bytes,uint64)"
                                          : "scheduleUpgrade(address,bytes,uint64)";
    }
    enum proposal_call proposed;
    struct account_proposal p;
    enum limits_call lessened;
    struct account_limit limit;
    struct address to;
    if (account_limits_read(&lessened, &limit, &to, data) == OK) {
        return lessened == LIMITS_CALL_LOWER ? "lowerLimit(address,uint256,uint32)"
                                             : "forgetKnown(address)";
    }
    enum session_call called;
    struct account_session session;
    if (account_session_read(&called, &session, data) == OK) {
        return called == SESSION_CALL_ADD ? "addSession(uint160,bytes,uint48,Policy)"
                                          : "endSession(uint160)";
    }
    if (account_proposal_read(&proposed, &p, data) == OK) {
        return proposed == PROPOSAL_CALL_APPLY ? "applySetting(bytes,uint64)"
                                               : "scheduleSetting(bytes,uint64)";
    }
    struct owner_carried carried;
    if (owner_change_read_carried(&carried, data) == OK) {
        return carried.is_veto ? "veto(bytes32,bytes,bytes)" : "changeOwners(OwnerChange,bytes)";
    }
    if (owner_change_read(&call, &change, &id, data) != OK) {
        return "transfer(address,uint256)";
    }
    return "applyOwnerChange(OwnerChange)";
}

static void put_call(struct json_writer *j, const struct smart_call *call)
{
    json_put_object(j);
    put_name(j, "to");
    api_write_address(j, call->to);
    put_name(j, "value");
    api_write_u256(j, call->value);
    put_name(j, "data");
    json_put_hex(j, call->data);
    if (call->data.n >= 4) {
        put_name(j, "function");
        json_put_str(j, function_of(call->data));
    }
    json_end_object(j);
}

static void put_calls(struct json_writer *j, const struct userop *op)
{
    struct smart_call calls[CALLS_SHOWN_MAX];
    size_t count = 0;
    enum err err = smart_account_is_within(op->call_data)
                       ? smart_account_within_calls(calls, &count, CALLS_SHOWN_MAX, op->call_data)
                       : smart_account_calls(calls, &count, CALLS_SHOWN_MAX, op->call_data);
    if (err != OK) {
        count = 0;
    }
    put_name(j, "calls");
    json_put_array(j);
    for (size_t i = 0; i < count; i++) {
        put_call(j, &calls[i]);
    }
    json_end_array(j);
}

static void put_exact_tx(const struct api_writing *w, const struct operation *op)
{
    struct json_writer *j = w->j;
    struct tx tx;
    if (tx_decode(&tx, buf_span(&op->userop)) != OK) {
        return;
    }
    put_name(j, "exact");
    json_put_object(j);
    put_name(j, "chain_id");
    json_put_u64(j, tx.chain_id);
    put_name(j, "sender");
    api_write_address(j, op->from);
    put_name(j, "nonce");
    api_write_u256(j, u256_from_u64(tx.nonce));
    put_name(j, "calls");
    json_put_array(j);
    put_call(j, &(struct smart_call){.to = tx.to, .value = tx.value, .data = tx.data});
    json_end_array(j);
    put_name(j, "gas_limit");
    api_write_u256(j, u256_from_u64(tx.gas_limit));
    put_name(j, "signing_hash");
    json_put_hex(j, SPAN_OF(op->userop_hash.bytes));
    put_name(j, "max_fee_per_gas");
    api_write_u256(j, tx.max_fee_per_gas);
    put_name(j, "max_priority_fee_per_gas");
    api_write_u256(j, tx.max_priority_fee_per_gas);
    json_end_object(j);
}

static void
put_exact(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    struct userop u;
    if (op->is_transaction) {
        put_exact_tx(w, op);
        return;
    }
    if (op->userop.n == 0 || userop_decode(&u, buf_span(&op->userop)) != OK) {
        return;
    }
    struct json_writer *j = w->j;
    put_name(j, "exact");
    json_put_object(j);
    put_name(j, "chain_id");
    json_put_u64(j, n->chain_id);
    put_name(j, "entry_point");
    api_write_address(j, n->entry_point);
    put_name(j, "sender");
    api_write_address(j, u.sender);
    put_name(j, "nonce");
    api_write_u256(j, u.nonce);
    put_calls(j, &u);
    put_name(j, "user_op_hash");
    json_put_hex(j, SPAN_OF(op->userop_hash.bytes));
    put_name(j, "call_gas_limit");
    api_write_u256(j, u.call_gas_limit);
    put_name(j, "verification_gas_limit");
    api_write_u256(j, u.verification_gas_limit);
    put_name(j, "pre_verification_gas");
    api_write_u256(j, u.pre_verification_gas);
    put_name(j, "max_fee_per_gas");
    api_write_u256(j, u.max_fee_per_gas);
    put_name(j, "max_priority_fee_per_gas");
    api_write_u256(j, u.max_priority_fee_per_gas);
    json_end_object(j);
}

static void put_step(struct json_writer *j, const char *state, const struct step *s)
{
    json_put_object(j);
    put_name(j, "state");
    json_put_str(j, state);
    put_name(j, "at_ms");
    json_put_u64(j, s ? s->at_ms : 0);
    if (s && s->by[0] && s->state == OPERATION_SIGNED) {
        put_name(j, "by");
        json_put_str(j, s->by);
    } else if (s && s->by[0]) {
        put_name(j, "servers"); /* one took it; its name stands in the operation */
        json_put_u64(j, 1);
    }
    if (s && s->block) {
        put_name(j, "grade");
        json_put_str(j, "reported");
        put_name(j, "block");
        json_put_u64(j, s->block);
    }
    json_end_object(j);
}

/* What was, and after it what is still to come on the usual way. */
static void
put_steps(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    put_name(w->j, "steps");
    json_put_array(w->j);
    enum operation_state last = OPERATION_PREPARED;
    size_t shown = 0;
    for (size_t i = 0; i < op->step_count; i++, shown++) {
        last = op->steps[i].state;
        put_step(w->j, operation_state_name(last), &op->steps[i]);
    }
    if (is_shown_final(w, op, n)) {
        put_step(w->j, "final", &op->steps[op->step_count ? op->step_count - 1 : 0]);
        last = OPERATION_FINAL;
    }
    for (int s = (int)last + 1; s <= (int)OPERATION_FINAL && shown < OPERATION_STEP_COUNT_MAX;
         s++, shown++) {
        put_step(w->j, operation_state_name((enum operation_state)s), NULL);
    }
    json_end_array(w->j);
}

static void put_can(struct json_writer *j, const struct operation *op)
{
    bool is_pending = op->state == OPERATION_SIGNED || op->state == OPERATION_SUBMITTED;
    put_name(j, "can");
    json_put_array(j);
    if (op->state == OPERATION_PREPARED) {
        json_put_str(j, "approve");
        json_put_str(j, "reject");
    } else if (is_pending && !id_is_set(op->replaced_by)) {
        if (!operation_is_own_call(op->kind)) {
            json_put_str(j, "speed_up");
        }
        json_put_str(j, "cancel");
    } else if ((op->state == OPERATION_FAILED || op->state == OPERATION_EXPIRED) &&
               !operation_is_own_call(op->kind)) {
        json_put_str(j, "send_again");
    }
    json_end_array(j);
}

static void put_outcome(const struct api_writing *w, const struct operation *op)
{
    struct json_writer *j = w->j;
    if (op->has_tx) {
        put_name(j, "tx_hash");
        json_put_hex(j, SPAN_OF(op->tx_hash.bytes));
    }
    if (op->userop.n > 0 && !op->is_transaction) {
        put_name(j, "user_op_hash");
        json_put_hex(j, SPAN_OF(op->userop_hash.bytes));
    }
    if (op->block) {
        put_name(j, "block");
        json_put_u64(j, op->block);
    }
    if (op->server[0]) {
        put_name(j, "server");
        json_put_str(j, op->server);
    }
    if (coded_is_set(&op->reason)) {
        put_name(j, "reason");
        api_write_coded(j, &op->reason);
    }
    if (id_is_set(op->replaces)) {
        put_name(j, "replaces");
        json_put_str(j, op->replaces.text);
    }
    if (id_is_set(op->replaced_by)) {
        put_name(j, "replaced_by");
        json_put_str(j, op->replaced_by.text);
    }
}

static void
put_head(const struct api_writing *w, const struct operation *op, const struct network *n)
{
    struct json_writer *j = w->j;
    put_name(j, "id");
    json_put_str(j, op->id.text);
    put_name(j, "kind");
    json_put_str(j, operation_kind_name(op->kind));
    put_name(j, "state");
    json_put_str(j, state_name(w, op, n));
    put_name(j, "revision");
    json_put_u64(j, op->revision);
    put_name(j, "account_id");
    json_put_str(j, op->account.text);
    put_name(j, "network_id");
    json_put_str(j, op->network.text);
    put_name(j, "created_ms");
    json_put_u64(j, op->created_ms);
    put_name(j, "updated_ms");
    json_put_u64(j, op->updated_ms);
    put_name(j, "expires_ms");
    json_put_u64(j, op->expires_ms);
    put_name(j, "asked_by");
    put_asked_by(j, op);
    put_name(j, "from");
    api_write_party(w, n, op->from);
    put_name(j, "to");
    api_write_party(w, n, op->to);
    put_name(j, "asset");
    put_asset(j, op, n);
    struct figure amount = amount_figure(w, op, n);
    put_name(j, "amount");
    api_write_figure(j, &amount, unit_of(op));
}

static void put_subject(const struct api_writing *w, const struct operation *op)
{
    const struct owner *o = wallet_owner(w->wallet, op->account, op->subject);
    if (operation_is_owners(op->kind) && !operation_is_cosigner(op->kind) && o) {
        put_name(w->j, "subject");
        json_put_str(w->j, o->name.text);
    }
}

void api_write_operation(const struct api_writing *w, const struct operation *op)
{
    struct json_writer *j = w->j;
    const struct network *n = wallet_network(w->wallet, op->network);
    if (!n) {
        n = wallet_network_at(w->wallet, 0); /* its file is gone: the amounts stand in the record */
    }
    json_put_object(j);
    put_head(w, op, n);
    put_subject(w, op);
    put_effects(w, op, n);
    put_fee(w, op, n);
    put_risks_and_trial(j, op);
    if (op->state == OPERATION_PREPARED) {
        char code[10];
        operation_check_code(code, op);
        put_name(j, "check_code");
        json_put_str(j, code);
    }
    put_next_and_undo(w, op, n);
    put_owners(w, op);
    put_exact(w, op, n);
    put_steps(w, op, n);
    put_outcome(w, op);
    put_can(j, op);
    json_end_object(j);
}

static const char *direction_of(const struct operation *op)
{
    if (op->kind == OPERATION_RECEIVE) {
        return "in";
    }
    return address_equal(op->from, op->to) ? "self" : "out";
}

void api_write_row(const struct api_writing *w, const struct operation *op)
{
    struct json_writer *j = w->j;
    const struct network *n = wallet_network(w->wallet, op->network);
    if (!n) {
        n = wallet_network_at(w->wallet, 0);
    }
    struct figure amount = amount_figure(w, op, n);
    struct figure fee = paid_figure(w, op, n);
    json_put_object(j);
    put_name(j, "id");
    json_put_str(j, op->id.text);
    put_name(j, "kind");
    json_put_str(j, operation_kind_name(op->kind));
    put_name(j, "state");
    json_put_str(j, state_name(w, op, n));
    put_name(j, "direction");
    json_put_str(j, direction_of(op));
    put_name(j, "party");
    api_write_party(w, n, op->kind == OPERATION_RECEIVE ? op->from : op->to);
    put_name(j, "asset");
    put_asset(j, op, n);
    put_name(j, "amount");
    api_write_figure(j, &amount, unit_of(op));
    if (!u256_is_zero(figure_value(&op->fee_paid))) {
        put_name(j, "fee");
        api_write_figure(j, &fee, native_unit(n));
    }
    put_name(j, "at_ms");
    json_put_u64(j, op->created_ms);
    put_name(j, "spam");
    json_put_bool(j, false);
    if (coded_is_set(&op->reason)) {
        put_name(j, "reason");
        api_write_coded(j, &op->reason);
    }
    json_end_object(j);
}

static void put_balance(const struct api_writing *w,
                        const struct network *n,
                        const struct token *token,
                        const struct figure *f)
{
    struct api_unit unit = native_unit(n);
    if (token) {
        unit = (struct api_unit){.symbol = token->symbol, .decimals = token->decimals};
    }
    json_put_object(w->j);
    put_name(w->j, "asset");
    api_write_asset(w->j, n, token);
    put_name(w->j, "amount");
    api_write_figure(w->j, f, unit);
    put_name(w->j, "hidden");
    json_put_bool(w->j, false);
    json_end_object(w->j);
}

void api_write_balances(const struct api_writing *w, struct id account, struct id network)
{
    const struct network *n = wallet_network(w->wallet, network);
    const struct view *v = wallet_view(w->wallet, account, network);
    json_put_object(w->j);
    put_name(w->j, "account_id");
    json_put_str(w->j, account.text);
    put_name(w->j, "network_id");
    json_put_str(w->j, network.text);
    put_name(w->j, "items");
    json_put_array(w->j);
    if (v) {
        put_balance(w, n, NULL, api_balance(v, n, NULL));
        for (size_t i = 0; i < n->token_count; i++) {
            put_balance(w, n, &n->tokens[i], api_balance(v, n, &n->tokens[i]));
        }
    }
    json_end_array(w->j);
    put_name(w->j, "hidden");
    json_put_u64(w->j, 0);
    json_end_object(w->j);
}
