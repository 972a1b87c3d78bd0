/* From a wish to an operation that waits for the person: read the chain, try the call out, fix the fee, say what is
 * risky, write it down. */
#include "base/check.h"
#include "codec/base16.h"
#include "evm/revert.h"
#include "evm/smart_account.h"
#include "wallet/engine.h"
#include "wallet/fee.h"

#include <string.h>

enum { FEE_SHARE_PERCENT = 5 };

static const struct address native = {{0}};

struct task *prepare_task_add(struct wallet *w, struct wallet_time t, enum task_kind kind)
{
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        struct task *task = &w->tasks[i];
        if (task->id == 0) {
            memset(task, 0, sizeof *task);
            task->id = w->next_task++;
            task->kind = kind;
            task->asked_ms = t.unix_ms;
            return task;
        }
    }
    return NULL;
}

void prepare_task_end(struct wallet *w, struct task *task, enum err err)
{
    task->step = TASK_DONE;
    task->result.err = err;
    queue_add(w, WALLET_TASK_DONE)->id = task->id;
}

bool wallet_task_take(struct wallet *w, uint64_t id, struct task_result *ret)
{
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        struct task *task = &w->tasks[i];
        if (id != 0 && task->id == id && task->step == TASK_DONE) {
            *ret = task->result;
            task->id = 0;
            return true;
        }
    }
    return false;
}

/* ---- what can be said without the chain ---- */

static void add_units(struct coded *c, const char *key, struct u256 v, unsigned decimals)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_units(text, v, decimals);
    coded_add_str(c, key, text);
}

enum err prepare_check_chain(const struct wallet *w, struct id network, struct coded *ret_why)
{
    const struct network *n = wallet_network(w, network);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!n) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
    }
    if (!w->has_network) {
        return refuse(ret_why, ERR_IO, "no_network");
    }
    if (w->servers == 0) {
        coded_set(ret_why, "no_server");
        coded_add(ret_why, "network", name_span(&n->name));
        coded_add_u64(ret_why, "tried", 0);
        return ERR_NOT_FOUND;
    }
    return trust_check(w, network, ret_why);
}

enum err
prepare_check_subject(const struct wallet *w, const struct transfer *x, struct coded *ret_why)
{
    const struct network *n = wallet_network(w, x->network);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!wallet_account(w, x->account)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (wallet_account(w, x->account)->kind == ACCOUNT_WATCH) {
        return refuse(ret_why, ERR_DENIED, "account_watched");
    }
    if (!n) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
    }
    if (!address_is_zero(x->token) && !network_token(n, x->token)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_asset");
    }
    return prepare_check_chain(w, x->network, ret_why);
}

static enum err task_start(struct wallet *w,
                           struct wallet_time t,
                           struct task *task,
                           uint64_t *ret_task,
                           struct coded *ret_why)
{
    if (!task) {
        return refuse_limit(ret_why, "tasks", WALLET_TASK_COUNT_MAX);
    }
    *ret_task = task->id;
    prepare_tick(w, t);
    return OK;
}

enum err wallet_quote(struct wallet *w,
                      struct wallet_time t,
                      const struct transfer *args,
                      uint64_t *ret_task,
                      struct coded *ret_why)
{
    TRY(prepare_check_subject(w, args, ret_why));
    struct task *task = prepare_task_add(w, t, TASK_QUOTE);
    if (task) {
        task->transfer = *args;
    }
    return task_start(w, t, task, ret_task, ret_why);
}

enum err prepare_begin(struct wallet *w,
                       struct wallet_time t,
                       const struct transfer *x,
                       const struct own_subject *what,
                       uint64_t *ret_task,
                       struct coded *ret_why)
{
    if (track_has_open(w, x->account, x->network)) {
        return refuse(ret_why, ERR_STATE, "operation_open");
    }
    if (w->open_count >= WALLET_OPEN_OPERATION_COUNT_MAX) {
        return refuse_limit(ret_why, "operations", WALLET_OPEN_OPERATION_COUNT_MAX);
    }
    struct task *task = prepare_task_add(w, t, TASK_PREPARE);
    if (task) {
        task->transfer = *x;
        task->operation_kind = what->kind;
        task->owner = what->owner;
        task->threshold = what->threshold;
        task->setting_id = what->setting_id;
        if (what->setting) {
            task->setting = *what->setting;
        }
        if (what->session) {
            task->session = *what->session;
        }
        task->lost = what->lost;
    }
    return task_start(w, t, task, ret_task, ret_why);
}

enum err prepare_own_call(struct wallet *w,
                          struct wallet_time t,
                          const struct own_call *args,
                          const struct own_subject *what,
                          uint64_t *ret_task,
                          struct coded *ret_why)
{
    struct transfer x = {.account = args->account,
                         .network = args->network,
                         .speed = args->speed,
                         .by_command_line = args->by_command_line};
    TRY(prepare_check_subject(w, &x, ret_why));
    const struct account *a = wallet_account(w, x.account);
    if (a->kind != ACCOUNT_PASSKEY) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    bool needs_owner = operation_is_owners(what->kind) && !operation_is_threshold(what->kind);
    if (needs_owner && !wallet_owner(w, a->id, what->owner)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_owner");
    }
    x.to = a->address;
    return prepare_begin(w, t, &x, what, ret_task, ret_why);
}

enum err wallet_prepare(struct wallet *w,
                        struct wallet_time t,
                        const struct transfer *args,
                        uint64_t *ret_task,
                        struct coded *ret_why)
{
    TRY(prepare_check_subject(w, args, ret_why));
    if (address_is_zero(args->to)) {
        return refuse(ret_why, ERR_MALFORMED, "address_zero");
    }
    if (u256_is_zero(args->amount)) {
        return refuse(ret_why, ERR_MALFORMED, "amount_zero");
    }
    const struct own_subject what = {.kind = OPERATION_SEND};
    return prepare_begin(w, t, args, &what, ret_task, ret_why);
}

enum err wallet_replace(struct wallet *w,
                        struct wallet_time t,
                        const struct replace_args *args,
                        uint64_t *ret_task,
                        struct coded *ret_why)
{
    check(args->kind == OPERATION_SPEED_UP || args->kind == OPERATION_CANCEL);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    const struct open_operation *o = track_find(w, args->operation);
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    bool is_pending = o->op->state == OPERATION_SIGNED || o->op->state == OPERATION_SUBMITTED;
    bool is_own_call = operation_is_own_call(o->op->kind) && args->kind == OPERATION_SPEED_UP;
    if (!is_pending || is_own_call || id_is_set(o->op->replaced_by)) {
        return refuse(ret_why, ERR_STATE, "not_replaceable");
    }
    struct transfer x = {
        .account = o->op->account,
        .network = o->op->network,
        .token = args->kind == OPERATION_CANCEL ? native : o->op->token,
        .to =
            args->kind == OPERATION_CANCEL ? wallet_account(w, o->op->account)->address : o->op->to,
        .amount = args->kind == OPERATION_CANCEL ? U256_ZERO : o->op->amount,
        .speed = FEE_FAST,
        .by_command_line = args->by_command_line,
    };
    TRY(prepare_check_subject(w, &x, ret_why));
    struct task *task = prepare_task_add(w, t, TASK_REPLACE);
    if (task) {
        task->transfer = x;
        task->replaces = args->operation;
        task->operation_kind = args->kind;
    }
    return task_start(w, t, task, ret_task, ret_why);
}

/* ---- the view is there ---- */

static const struct figure *
asset_figure(const struct wallet *w, const struct transfer *x, const struct view *v)
{
    if (address_is_zero(x->token)) {
        return &v->balance;
    }
    const struct network *n = wallet_network(w, x->network);
    return &v->tokens[network_token(n, x->token) - n->tokens]; /* check_subject has found it */
}

static struct u256
asset_balance(const struct wallet *w, const struct transfer *x, const struct view *v)
{
    return figure_value(asset_figure(w, x, v));
}

/* What the fee takes from the balance: the deposit at the EntryPoint is used first. */
static struct u256 fee_from_balance(struct u256 fee, const struct view *v)
{
    return u256_sub_sat(fee, figure_value(&v->deposit));
}

static enum err
check_money(const struct wallet *w, struct task *task, const struct view *v, struct u256 fee)
{
    const struct transfer *x = &task->transfer;
    const struct network *n = wallet_network(w, x->network);
    struct coded *why = &task->result.why;
    if (u256_compare(fee, fee_ceiling(n)) > 0) {
        coded_set(why, "fee_limit");
        add_units(why, "fee", fee, U256_DECIMALS_ETHER);
        add_units(why, "limit", fee_ceiling(n), U256_DECIMALS_ETHER);
        coded_add_str(why, "symbol", n->symbol);
        return ERR_LIMIT;
    }
    struct u256 due = fee_from_balance(fee, v);
    if (u256_compare(due, figure_value(&v->balance)) > 0) {
        coded_set(why, "fee_exceeds");
        add_units(why, "fee", fee, U256_DECIMALS_ETHER);
        add_units(why, "available", figure_value(&v->balance), U256_DECIMALS_ETHER);
        coded_add_str(why, "symbol", n->symbol);
        return ERR_LIMIT;
    }
    bool is_native = address_is_zero(x->token);
    struct u256 have = asset_balance(w, x, v);
    struct u256 can = is_native ? u256_sub_sat(have, due) : have;
    if (u256_compare(x->amount, can) > 0) {
        const struct token *token = is_native ? NULL : network_token(n, x->token);
        coded_set(why, "amount_exceeds");
        add_units(why, "available", can, token ? token->decimals : U256_DECIMALS_ETHER);
        coded_add_str(why, "symbol", token ? token->symbol : n->symbol);
        return ERR_LIMIT;
    }
    return OK;
}

static enum err quote_speed(struct wallet *w, struct task *task, const struct view *v, size_t i)
{
    struct draft d = {0};
    task->transfer.speed = i == 0 ? FEE_NORMAL : FEE_FAST;
    enum err err = draft_make(w, &d, task, v);
    if (err == OK) {
        struct quote *q = &task->result.quote;
        struct u256 fee = d.fee_max;
        struct u256 have = asset_balance(w, &task->transfer, v);
        bool is_native = address_is_zero(task->transfer.token);
        q->speeds[i].fee_max = fee;
        q->speeds[i].amount_max = is_native ? u256_sub_sat(have, fee_from_balance(fee, v)) : have;
        q->speeds[i].wait_s =
            fee_wait_s(wallet_network(w, task->transfer.network), task->transfer.speed);
    }
    draft_done(&d);
    return err;
}

static enum err run_quote(struct wallet *w, struct task *task, const struct view *v)
{
    task->result.quote.have = *asset_figure(w, &task->transfer, v);
    task->result.quote.have_native = v->balance;
    TRY(quote_speed(w, task, v, 0));
    return quote_speed(w, task, v, 1);
}

static enum err ask_trial(struct wallet *w, struct wallet_time t, struct task *task)
{
    const struct transfer *x = &task->transfer;
    const struct network *n = wallet_network(w, x->network);
    const struct account *a = wallet_account(w, x->account);
    uint8_t room[68];
    struct smart_call call = draft_call(task, room);
    struct address from = a->address;
    AUTO(buf_done) struct buf within;
    buf_init(&within, &w->budget, TASK_CALL_LEN_MAX + 512);
    if (task->is_within) { /* as the EntryPoint calls it, so that its limits are tried too */
        TRY(draft_call_data(&within, task));
        from = n->entry_point;
        call = (struct smart_call){.to = a->address, .data = buf_span(&within)};
    }
    char value[U256_TEXT_LEN];
    (void)u256_print_hex(value, call.value);
    buf_clear(&w->scratch);
    struct wr wr = wr_init_buf(&w->scratch);
    struct json_writer j = json_writer_init(&wr);
    json_put_array(&j);
    json_put_object(&j);
    json_put_name(&j, "from");
    json_put_hex(&j, SPAN_OF(from.bytes));
    json_put_name(&j, "to");
    json_put_hex(&j, SPAN_OF(call.to.bytes));
    json_put_name(&j, "value");
    json_put_str(&j, value);
    json_put_name(&j, "data");
    json_put_hex(&j, call.data);
    json_end_object(&j);
    json_end_array(&j);
    TRY(json_writer_end(&j));
    struct ask_args args = {
        .what = ASK_TRIAL, .task = task->id, .network = n, .method = "eth_estimateGas"};
    args.mode = WALLET_ASK_MIDDLE;
    args.account = x->account;
    args.params = buf_span(&w->scratch);
    TRY(ask_send(w, t, args));
    task->waiting++;
    return OK;
}

static enum err ask_to_code(struct wallet *w, struct wallet_time t, struct task *task)
{
    const struct network *n = wallet_network(w, task->transfer.network);
    buf_clear(&w->scratch);
    struct wr wr = wr_init_buf(&w->scratch);
    struct json_writer j = json_writer_init(&wr);
    json_put_array(&j);
    json_put_hex(&j, SPAN_OF(task->transfer.to.bytes));
    json_put_str(&j, "latest");
    json_end_array(&j);
    TRY(json_writer_end(&j));
    struct ask_args args = {
        .what = ASK_TO_CODE, .task = task->id, .network = n, .method = "eth_getCode"};
    args.mode = WALLET_ASK_AGREE;
    args.account = task->transfer.account;
    args.params = buf_span(&w->scratch);
    TRY(ask_send(w, t, args));
    task->waiting++;
    return OK;
}

/* ---- the trial is over ---- */

static struct risk risk_of(enum risk_level level, const char *code)
{
    struct risk r = {.level = level, .tick = level == RISK_DANGER};
    coded_set(&r.what, code);
    return r;
}

static void add_trial_risk(struct operation *op, const struct task *task)
{
    if (task->trial_failed) {
        op->trial = TRIAL_WOULD_FAIL;
        struct risk r = risk_of(RISK_DANGER, "would_fail");
        coded_add_str(&r.what, "reason", task->trial_reason);
        operation_add_risk(op, &r);
    } else if (task->trial_unavailable) {
        op->trial = TRIAL_UNAVAILABLE;
        struct risk r = risk_of(RISK_INFO, "not_tried");
        operation_add_risk(op, &r);
    } else {
        op->trial = TRIAL_DONE;
    }
}

static void add_fee_risk(struct operation *op)
{
    if (!address_is_zero(op->token) || u256_is_zero(op->amount)) {
        return;
    }
    struct u256 fee = op->fee_max;
    struct u256_quotient share;
    if (u256_divmod(&share, u256_mul_sat(fee, u256_from_u64(100)), op->amount) == OK &&
        u256_compare(share.quotient, u256_from_u64(FEE_SHARE_PERCENT)) > 0) {
        char text[U256_TEXT_LEN];
        (void)u256_print_decimal(text, share.quotient);
        struct risk r = risk_of(RISK_CAUTION, "fee_share");
        coded_add_str(&r.what, "percent", text);
        operation_add_risk(op, &r);
    }
}

static void add_risks(struct wallet *w,
                      struct wallet_time t,
                      struct operation *op,
                      const struct task *task,
                      const struct draft *d)
{
    const struct network *n = wallet_network(w, op->network);
    const struct account *a = wallet_account(w, op->account);
    if (op->kind == OPERATION_SEND) {
        struct risk risks[4];
        struct look_alike look;
        size_t count = wallet_address_risks(w, n, a, op->to, risks, 4, &look);
        for (size_t i = 0; i < count; i++) {
            operation_add_risk(op, &risks[i]);
        }
        if (task->to_is_contract) {
            struct risk r = risk_of(RISK_CAUTION, "contract");
            operation_add_risk(op, &r);
        }
        add_trial_risk(op, task);
    } else if (operation_is_owners(op->kind)) {
        owners_add_risks(w, op, wallet_view(w, op->account, op->network));
        add_trial_risk(op, task);
    } else if (operation_is_upgrade(op->kind)) {
        upgrade_add_risks(op, wallet_view(w, op->account, op->network));
        add_trial_risk(op, task);
    } else if (operation_is_setting(op->kind)) {
        setting_add_risks(w, op);
        add_trial_risk(op, task);
    } else if (operation_is_session(op->kind)) {
        session_add_risks(w, op);
        add_trial_risk(op, task);
    } else if (operation_is_recovery(op->kind)) {
        recovery_add_risks(w, op, task);
        add_trial_risk(op, task);
    } else if (operation_is_carry(op->kind)) {
        owner_carry_add_risks(w, op, task);
        add_trial_risk(op, task);
    } else {
        op->trial = TRIAL_DONE;
        struct risk r = risk_of(RISK_INFO, "replaces");
        coded_add_str(&r.what, "what", op->replaces.text);
        operation_add_risk(op, &r);
    }
    limit_add_risks(w, op);
    add_fee_risk(op);
    if (a->kind == ACCOUNT_PASSKEY && !wallet_account_safety(w, a, t.unix_ms).safe &&
        n->kind != NETWORK_LOCAL) {
        struct risk r = risk_of(RISK_CAUTION, "one_way_in");
        operation_add_risk(op, &r);
    }
    if (d->creates_account) {
        op->has_first_deploy = true;
        struct risk r = risk_of(RISK_INFO, "account_created");
        operation_add_risk(op, &r);
    }
    struct risk reported =
        risk_of(n->kind == NETWORK_MAIN ? RISK_CAUTION : RISK_INFO, "fee_reported");
    operation_add_risk(op, &reported);
}

static enum err fill_operation(struct wallet *w,
                               struct wallet_time t,
                               struct operation *op,
                               const struct task *task,
                               const struct draft *d)
{
    const struct transfer *x = &task->transfer;
    const struct network *n = wallet_network(w, x->network);
    const struct token *token = address_is_zero(x->token) ? NULL : network_token(n, x->token);
    op->id = operation_id(w->cfg.rng, t.unix_ms);
    op->kind = task->operation_kind;
    op->state = OPERATION_PREPARED;
    op->revision = 1;
    op->account = x->account;
    op->network = x->network;
    op->created_ms = t.unix_ms;
    op->updated_ms = t.unix_ms;
    op->expires_ms = t.unix_ms + WALLET_APPROVE_MS;
    op->by_command_line = x->by_command_line;
    op->from = d->sender;
    op->to = x->to;
    op->token = x->token;
    text_set(op->symbol, sizeof op->symbol, span_str(token ? token->symbol : n->symbol));
    op->decimals = token ? token->decimals : U256_DECIMALS_ETHER;
    op->amount = x->amount;
    op->speed = x->speed;
    op->fee_max = d->fee_max;
    op->trial_block = task->result.block;
    op->replaces = task->replaces;
    op->subject = task->owner;
    op->steps[0] = (struct step){.state = OPERATION_PREPARED, .at_ms = t.unix_ms};
    op->step_count = 1;
    op->is_transaction = d->is_transaction;
    op->userop_hash = d->hash;
    return buf_append(&op->userop, buf_span(&d->encoded));
}

static enum err
keep_operation(struct wallet *w, struct wallet_time t, struct task *task, const struct draft *d)
{
    struct operation *op = NULL;
    TRY(operation_new(&op, &w->budget));
    enum err err = fill_operation(w, t, op, task, d);
    if (err == OK) {
        add_risks(w, t, op, task, d);
        task->result.operation = op->id;
        err = book_save_operation(w, op);
        if (err != OK) {
            (void)store_refused(&task->result.why, err);
        }
    }
    if (err == OK) {
        track_drop_prepared(w, t, op->account, op->network);
        err = track_add(w, op);
    }
    if (err != OK) {
        operation_free(op);
        return err;
    }
    queue_operation(w, task->result.operation);
    queue_note(w, WALLET_STATUS_CHANGED);
    return OK;
}

static enum err
make_operation(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    struct draft d = {0};
    enum err err = draft_make(w, &d, task, v);
    if (err == OK) {
        err = check_money(w, task, v, d.fee_max);
    }
    if (err == OK) {
        err = keep_operation(w, t, task, &d);
    }
    draft_done(&d);
    return err;
}

static void finish(struct wallet *w, struct wallet_time t, struct task *task)
{
    const struct view *v = read_view(w, task->transfer.account, task->transfer.network);
    enum err err = v ? make_operation(w, t, task, v) : ERR_STATE;
    if (err != OK && !coded_is_set(&task->result.why)) {
        coded_set(&task->result.why, "internal");
        coded_add_str(&task->result.why, "where", "prepare");
    }
    prepare_task_end(w, task, err);
}

/* ---- going on ---- */

static enum err
build_own_call(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    if (operation_is_setting(task->operation_kind)) {
        return setting_build(w, t, task, v);
    }
    if (operation_is_session(task->operation_kind)) {
        return session_build(w, t, task, v);
    }
    return operation_is_upgrade(task->operation_kind) ? upgrade_build(w, t, task, v)
                                                      : owners_build(w, t, task, v);
}

static enum err
start_trial(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    const struct network *n = wallet_network(w, task->transfer.network);
    bool is_smart = wallet_account(w, task->transfer.account)->kind == ACCOUNT_PASSKEY;
    if (is_smart && v->contracts != CONTRACTS_READY) {
        coded_set(&task->result.why, "contracts_missing");
        coded_add(&task->result.why, "network", name_span(&n->name));
        return ERR_NOT_FOUND;
    }
    uint64_t signers =
        wallet_threshold(w, wallet_account(w, task->transfer.account), task->transfer.network);
    if (is_smart && signers > OPERATION_SIGNER_COUNT_MAX) {
        return refuse_limit(&task->result.why, "signers", OPERATION_SIGNER_COUNT_MAX);
    }
    task->is_within = limit_allows(w, v, task, U256_ZERO); /* the fee is not known yet */
    if (task->kind == TASK_REPLACE) {
        return OK; /* its call was tried when it was new */
    }
    if (operation_is_recovery(task->operation_kind) || operation_is_carry(task->operation_kind)) {
        bool is_carry = operation_is_carry(task->operation_kind);
        TRY(is_carry ? owner_carry_build(w, t, task, v) : recovery_build(w, t, task, v));
        task->trial_gas = u256_from_u64(RECOVERY_CALL_GAS);
        return ask_trial(w, t, task);
    }
    if (operation_is_own_call(task->operation_kind)) {
        TRY(build_own_call(w, t, task, v));
        task->trial_gas = u256_from_u64(OWNERS_CALL_GAS);
        task->trial_unavailable =
            !v->is_deployed; /* a call to what is not there yet does nothing */
        return v->is_deployed ? ask_trial(w, t, task) : OK;
    }
    /* More than there is cannot be tried out; the refusal is clearer than a failed trial. */
    if (u256_compare(task->transfer.amount, asset_balance(w, &task->transfer, v)) > 0) {
        return check_money(w, task, v, U256_ZERO);
    }
    TRY(ask_to_code(w, t, task));
    return ask_trial(w, t, task);
}

static void
task_read(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    task->result.as_of_ms = v->as_of_ms;
    task->result.block = v->block;
    if (task->kind == TASK_QUOTE) {
        enum err err = run_quote(w, task, v);
        if (err != OK) {
            coded_set(&task->result.why, "internal");
            coded_add_str(&task->result.why, "where", "quote");
        }
        prepare_task_end(w, task, err);
        return;
    }
    task->step = TASK_TRYING;
    enum err err = start_trial(w, t, task, v);
    if (err != OK) {
        if (!coded_is_set(&task->result.why)) {
            (void)refuse_limit(&task->result.why, "questions", ASK_COUNT_MAX);
        }
        prepare_task_end(w, task, err);
    } else if (task->waiting == 0) {
        finish(w, t, task);
    }
}

static bool is_fresh(const struct view *v, const struct task *task)
{
    return v && v->as_of_ms + VIEW_FRESH_MS >= task->asked_ms;
}

void prepare_tick(struct wallet *w, struct wallet_time t)
{
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        struct task *task = &w->tasks[i];
        if (task->id == 0 || task->step != TASK_READING || task->kind == TASK_LOOK) {
            continue;
        }
        const struct view *v = wallet_view(w, task->transfer.account, task->transfer.network);
        if (is_fresh(v, task) && !setting_lacks(w, v, task) && !limit_lacks(w, v, task)) {
            task_read(w, t, task, v);
        } else if (!w->reading.is_running) {
            read_start(w, t, task->transfer.account, task->transfer.network);
        }
    }
}

void prepare_task_unread(struct wallet *w, struct task *task, enum err err)
{
    struct coded *why = &task->result.why;
    if (err == ERR_TIMEOUT) {
        coded_set(why, "server_timeout");
        coded_add_u64(why, "seconds", ASK_TIMEOUT_MS / 1000);
    } else if (err == ERR_AUTH) {
        coded_set(why, "chain_doubtful");
    } else if (err == ERR_MALFORMED) {
        coded_set(why, "server_lied");
        coded_add_str(why, "server", w->reading.source.server);
    } else if (err == ERR_LIMIT) {
        coded_set(why, "server_busy");
        coded_add_u64(why, "wait_ms", 1000);
    } else {
        coded_set(why, "no_server");
        coded_add(why, "network", name_span(&wallet_network(w, task->transfer.network)->name));
        coded_add_u64(why, "tried", w->servers);
    }
    prepare_task_end(w, task, err);
}

void prepare_go(
    struct wallet *w, struct wallet_time t, struct id account, struct id network, enum err err)
{
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX && err != OK; i++) {
        struct task *task = &w->tasks[i];
        if (task->id != 0 && task->step == TASK_READING && task->kind != TASK_LOOK &&
            id_equal(task->transfer.account, account) &&
            id_equal(task->transfer.network, network)) {
            prepare_task_unread(w, task, err);
        }
    }
    prepare_tick(w, t);
}

/* The error object of Ethereum's JSON-RPC: data is the revert's, message is the node's own words. */
static void learn_failure(struct task *task, struct json error)
{
    struct json data;
    struct span hex;
    uint8_t raw[512];
    struct wr bytes = wr_init(MSPAN_OF(raw));
    struct wr text = wr_init(mspan_of(task->trial_reason, CODED_VALUE_LEN_MAX));
    bool has_data = json_find(&data, error, "data") && json_get_plain(&hex, data) == OK &&
                    hex.n > 2 && base16_decode_0x(&bytes, hex) == OK;
    struct revert r = revert_decode(span_of(raw, has_data ? bytes.n : 0));
    if (r.kind == REVERT_PANIC) {
        wr_str(&text, revert_panic_text(r.code));
    } else if (r.reason.n > 0) {
        wr_bytes(&text, span_first(r.reason, CODED_VALUE_LEN_MAX));
    } else if (json_find_string(&text, error, "message") != OK) {
        wr_str(&text, "?");
    }
    task->trial_reason[text.n] = '\0';
}

void prepare_answer(
    struct wallet *w, struct wallet_time t, const struct ask *ask, enum err err, struct json result)
{
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        struct task *task = &w->tasks[i];
        if (task->id != ask->task || task->step != TASK_TRYING) {
            continue;
        }
        check(task->waiting > 0);
        task->waiting--;
        if (ask->what == ASK_TO_CODE) {
            struct span code = SPAN_EMPTY;
            task->to_is_contract = err == OK && json_get_plain(&code, result) == OK && code.n > 2;
        } else if (err == ERR_DENIED) {
            task->trial_failed = true;
            learn_failure(task, result);
        } else if (err != OK || view_quantity(&task->trial_gas, result) != OK) {
            task->trial_unavailable = true;
        }
        if (task->waiting == 0) {
            finish(w, t, task);
        }
        return;
    }
}
