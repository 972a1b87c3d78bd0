/* What one owner may do alone where the threshold asks for more.
 *
 * The contract decides (docs/account.md, "Limits"): executeWithin takes one signature, for transfers within what is left of a limit
 * or to known addresses, and for what takes power away. Its greatest fee counts against ether's limit, so without one nobody
 * does anything alone. What servers say of limits decides only how many must sign: the call that is signed is the same, and an
 * operation for which their word was wrong is refused by the contract. */
#include "base/check.h"
#include "wallet/engine.h"

enum { HOUR_S = 3600, ETHER = 0 };

const struct limit_view *
wallet_limits(const struct wallet *w, const struct account *a, struct id network)
{
    const struct view *v = wallet_view(w, a->id, network);
    bool is_there = v && v->is_deployed && limit_view_is_whole(&v->limits) &&
                    upgrade_version(wallet_network(w, network), v) == ACCOUNT_VERSION_2;
    return is_there ? &v->limits : NULL;
}

/* By the chain's clock at the reading: what is included later finds it no less over. */
static bool is_over(const struct view *v, const struct limit_figures *l)
{
    struct u256 window = figure_value(&l->window);
    return v->block_ms / 1000 >= account_limit_since(window) + account_limit_period_s(window);
}

static struct u256 fee_room(const struct limit_view *l)
{
    return u256_sub_sat(figure_value(&l->of[ETHER].amount), figure_value(&l->fees));
}

/* What is left of limit i when an operation has promised this fee. */
static struct u256 left_of(const struct view *v, size_t i, struct u256 fee)
{
    const struct limit_figures *l = &v->limits.of[i];
    struct u256 used = U256_ZERO;
    if (!is_over(v, l)) {
        used = figure_value(&l->spent);
        if (i == ETHER) {
            used = u256_add_sat(used, u256_add_sat(figure_value(&v->limits.fees), fee));
        }
    }
    return u256_sub_sat(figure_value(&l->amount), used);
}

struct u256
wallet_limit_left(const struct wallet *w, const struct account *a, struct id network, size_t i)
{
    const struct view *v = wallet_view(w, a->id, network);
    check(v);
    check(i < v->limits.count);
    return left_of(v, i, U256_ZERO);
}

/* ---- may one owner do it? ---- */

/* The account has limits that were read, and without them several owners must sign. */
static bool is_limited(const struct wallet *w, const struct view *v)
{
    return v->is_deployed && owner_view_is_whole(&v->owners) && v->owners.threshold > 1 &&
           upgrade_version(wallet_network(w, v->network), v) == ACCOUNT_VERSION_2 &&
           limit_view_is_whole(&v->limits);
}

static bool is_transfer(enum operation_kind kind)
{
    return kind == OPERATION_SEND || kind == OPERATION_SPEED_UP;
}

/* What takes power away, or nothing at all: executeWithin of no call. */
static bool is_always_allowed(enum operation_kind kind)
{
    return kind == OPERATION_CANCEL || kind == OPERATION_OWNER_VETO ||
           kind == OPERATION_THRESHOLD_VETO || kind == OPERATION_GUARDIANS_VETO ||
           kind == OPERATION_LIMIT_VETO || kind == OPERATION_KNOWN_VETO ||
           kind == OPERATION_LIMIT_LOWER || kind == OPERATION_KNOWN_FORGET ||
           kind == OPERATION_SESSION_END || kind == OPERATION_COSIGNER_VETO;
}

static bool is_known(const struct limit_view *l, struct address to)
{
    size_t i = limit_view_find(l, to);
    return i < l->known_count && !u256_is_zero(figure_value(&l->is_known[i]));
}

/* The limit of a token; count: it was not asked for. */
static size_t limit_of(const struct limit_view *l, const struct network *n, struct address token)
{
    size_t i = 0;
    while (i < l->count && !address_equal(limit_view_token(n, i), token)) {
        i++;
    }
    return i;
}

bool limit_allows(const struct wallet *w,
                  const struct view *v,
                  const struct task *task,
                  struct u256 fee)
{
    const struct transfer *x = &task->transfer;
    const struct account *a = wallet_account(w, x->account);
    if (a->kind != ACCOUNT_PASSKEY || !is_limited(w, v) ||
        u256_is_zero(figure_value(&v->limits.of[ETHER].amount)) ||
        u256_compare(fee, fee_room(&v->limits)) > 0) {
        return false;
    }
    if (!is_transfer(task->operation_kind)) {
        return is_always_allowed(task->operation_kind);
    }
    bool is_to_itself = address_is_zero(x->token) && address_equal(x->to, a->address);
    size_t i = limit_of(&v->limits, wallet_network(w, x->network), x->token);
    bool is_within = i < v->limits.count && u256_compare(x->amount, left_of(v, i, fee)) <= 0;
    return !is_to_itself && (is_within || is_known(&v->limits, x->to));
}

bool limit_lacks(const struct wallet *w, const struct view *v, const struct task *task)
{
    enum operation_kind kind = task->operation_kind;
    bool may_be = task->kind != TASK_QUOTE && (is_transfer(kind) || is_always_allowed(kind));
    bool needs_them = kind == OPERATION_LIMIT_LOWER || kind == OPERATION_KNOWN_FORGET;
    return may_be && v->is_deployed && owner_view_is_whole(&v->owners) &&
           upgrade_version(wallet_network(w, v->network), v) == ACCOUNT_VERSION_2 &&
           (v->owners.threshold > 1 || needs_them) && task->id >= v->limits.next_task;
}

/* ---- reading ---- */

static bool waits_for(const struct task *task, const struct view *v)
{
    return task->id != 0 && task->step == TASK_READING &&
           id_equal(task->transfer.account, v->account) &&
           id_equal(task->transfer.network, v->network);
}

bool limit_is_due(const struct wallet *w, const struct view *v)
{
    bool is_due = v->limits.as_of_ms == 0 && v->is_deployed && owner_view_is_whole(&v->owners) &&
                  upgrade_version(wallet_network(w, v->network), v) == ACCOUNT_VERSION_2;
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX && !is_due; i++) {
        is_due = waits_for(&w->tasks[i], v) && limit_lacks(w, v, &w->tasks[i]);
    }
    return is_due;
}

bool limit_probe(const struct wallet *w,
                 struct wallet_time t,
                 const struct account *a,
                 struct view *v)
{
    const struct network *n = wallet_network(w, v->network);
    if (upgrade_version(n, v) != ACCOUNT_VERSION_2) {
        return false;
    }
    limit_view_begin(&v->limits, n, t.unix_ms);
    v->limits.next_task = w->next_task;
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        const struct task *task = &w->tasks[i];
        if (waits_for(task, v)) {
            limit_view_add(&v->limits, task->operation_kind == OPERATION_KNOWN_FORGET
                                           ? task->setting.to
                                           : task->transfer.to);
        }
    }
    for (size_t i = 0; i < a->setting_count; i++) {
        const struct known_setting *k = &a->settings[i];
        if (k->setting.kind == ACCOUNT_SETTING_KNOWN && id_equal(k->network, v->network)) {
            limit_view_add(&v->limits, k->setting.to);
        }
    }
    for (size_t i = 0; i < w->contact_count; i++) {
        limit_view_add(&v->limits, w->contacts[i].address);
    }
    return true;
}

/* ---- lowering, forgetting ---- */

enum err limit_build(struct wallet *w, struct task *task, const struct view *v)
{
    const struct limit_view *l = &v->limits;
    const struct account_setting *s = &task->setting;
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    if (!limit_view_is_whole(l)) {
        return refuse(&task->result.why, ERR_STATE, "owners_unread");
    }
    if (s->kind == ACCOUNT_SETTING_KNOWN) {
        if (!is_known(l, s->to)) {
            return refuse_state(&task->result.why, "setting_state", "not_known");
        }
        TRY(account_limits_forget(&out, s->to));
    } else {
        size_t i = limit_of(l, wallet_network(w, v->network), s->token);
        bool is_read = i < l->count;
        struct u256 amount = is_read ? figure_value(&l->of[i].amount) : U256_ZERO;
        uint32_t period_s = is_read ? account_limit_period_s(figure_value(&l->of[i].window)) : 0;
        const struct account_limit lower = {.token = s->token,
                                            .amount = s->amount,
                                            .period_s = s->period_s ? s->period_s : period_s};
        if (u256_compare(s->amount, amount) > 0 || lower.period_s < period_s) {
            return refuse_state(&task->result.why, "setting_state", "not_lower");
        }
        TRY(account_limits_lower(&out, &lower));
    }
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

/* ---- what is signed ---- */

static void add_line(struct operation *op, struct coded what)
{
    struct risk r = {.level = RISK_INFO, .what = what};
    operation_add_risk(op, &r);
}

/* A call that takes effect at once. */
static void say_at_once(const struct wallet *w, struct operation *op)
{
    struct span call;
    enum limits_call which;
    struct account_limit limit;
    struct address to;
    struct coded c;
    if (BUG(operation_own_call(&call, op) != OK) ||
        BUG(account_limits_read(&which, &limit, &to, call) != OK)) {
        return;
    }
    if (which == LIMITS_CALL_FORGET) {
        coded_set(&c, "known_forgotten");
        setting_say_known(&c, w, op, to);
    } else {
        coded_set(&c, "limit_lowered");
        setting_say_limit(&c, wallet_network(w, op->network), limit.token, limit.amount);
        coded_add_u64(&c, "hours", limit.period_s / HOUR_S);
    }
    add_line(op, c);
}

/* How many sign, and why. */
static void say_signers(const struct wallet *w, struct operation *op, const struct view *v)
{
    const struct network *n = wallet_network(w, op->network);
    const struct limit_view *l = &v->limits;
    size_t i = is_transfer(op->kind) ? limit_of(l, n, op->token) : ETHER;
    struct u256 fee = op->fee_max;
    struct coded c;
    bool is_alone = operation_is_within(op);
    struct u256 left = i < l->count ? left_of(v, i, fee) : U256_ZERO;
    if (u256_is_zero(figure_value(&l->of[ETHER].amount))) {
        coded_set(&c, "limit_no_ether");
    } else if (is_alone && is_transfer(op->kind) && is_known(l, op->to)) {
        coded_set(&c, "limit_known");
    } else if (is_alone && is_transfer(op->kind)) {
        coded_set(&c, "limit_within");
        setting_say_limit(&c, n, op->token, u256_sub_sat(left, op->amount));
    } else if (is_alone) {
        coded_set(&c, "limit_alone");
    } else if (u256_compare(fee, fee_room(l)) > 0) {
        coded_set(&c, "limit_fees");
        setting_say_limit(&c, n, (struct address){{0}}, fee_room(l));
    } else {
        coded_set(&c, "limit_over");
        setting_say_limit(&c, n, op->token, left);
    }
    if (!is_alone) {
        coded_add_u64(&c, "signers", v->owners.threshold);
    }
    add_line(op, c);
}

void limit_add_risks(const struct wallet *w, struct operation *op)
{
    const struct view *v = wallet_view(w, op->account, op->network);
    if (op->kind == OPERATION_LIMIT_LOWER || op->kind == OPERATION_KNOWN_FORGET) {
        say_at_once(w, op);
    }
    bool is_ours = is_transfer(op->kind) || is_always_allowed(op->kind);
    if (v && is_ours && !op->is_transaction && is_limited(w, v)) {
        say_signers(w, op, v);
    }
}
