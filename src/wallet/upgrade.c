/* The version of an account's contract, and the move to the next one.
 *
 * The contract decides (docs/account.md, "Changing the account"): the move is scheduled, waits for the delay, and any owner may veto
 * it meanwhile. Nothing of it is kept here: its id follows from the owner list and the attempt, so that each owner's wallet
 * finds a move that another one began. */
#include "base/check.h"
#include "evm/account_upgrade.h"
#include "evm/owner_change.h"
#include "wallet/engine.h"

enum { DAY_S = 86400 };

static struct u256 number_of(struct address a)
{
    struct u256 n = U256_ZERO;
    enum err err = u256_from_be(&n, SPAN_OF(a.bytes));
    check(err == OK);
    return n;
}

enum account_version upgrade_version(const struct network *n, const struct view *v)
{
    struct u256 now = figure_value(&v->implementation);
    if (!v->is_deployed || u256_equal(now, number_of(n->implementation))) {
        return ACCOUNT_VERSION_1;
    }
    if (u256_is_zero(now)) {
        return ACCOUNT_VERSION_UNREAD;
    }
    return u256_equal(now, number_of(n->implementation_2)) ? ACCOUNT_VERSION_2
                                                           : ACCOUNT_VERSION_OTHER;
}

/* Was asked, for the owner list that is there now, whether a move waits? */
static bool is_probed(const struct view *v)
{
    return v->is_deployed && owner_view_is_whole(&v->owners) &&
           span_equal(SPAN_OF(v->upgrade_head), SPAN_OF(v->owners.head));
}

/* The attempt that waits; UPGRADE_ATTEMPT_COUNT: none. */
static size_t waiting_attempt(const struct view *v)
{
    size_t i = 0;
    while (i < UPGRADE_ATTEMPT_COUNT && v->upgrade_ready_at[i] <= OWNER_CHANGE_VETOED) {
        i++;
    }
    return i;
}

static struct account_upgrade
upgrade_of(const struct network *n, const struct view *v, uint64_t attempt)
{
    struct account_upgrade u = {.implementation = n->implementation_2, .attempt = attempt};
    span_copy(MSPAN_OF(u.code_hash), SPAN_OF(n->implementation_2_code_hash));
    span_copy(MSPAN_OF(u.head), SPAN_OF(v->owners.head));
    return u;
}

struct version_state
wallet_version_state(const struct wallet *w, const struct account *a, struct id network)
{
    const struct view *v = wallet_view(w, a->id, network);
    const struct network *n = wallet_network(w, network);
    struct version_state s = {.version = ACCOUNT_VERSION_UNREAD};
    if (!v || !n || a->kind != ACCOUNT_PASSKEY) {
        return s;
    }
    s.version = upgrade_version(n, v);
    s.implementation = v->implementation;
    if (s.version != ACCOUNT_VERSION_1 || v->version_2 != CONTRACTS_READY || !is_probed(v)) {
        return s;
    }
    size_t i = waiting_attempt(v);
    s.upgrade = i < UPGRADE_ATTEMPT_COUNT ? UPGRADE_WAITS : UPGRADE_OFFERED;
    s.ready_ms = i < UPGRADE_ATTEMPT_COUNT ? v->upgrade_ready_at[i] * 1000 : 0;
    return s;
}

static bool may_move(const struct network *n, const struct view *v)
{
    return n->has_version_2 && v->is_deployed && upgrade_version(n, v) == ACCOUNT_VERSION_1 &&
           owner_view_is_whole(&v->owners);
}

bool upgrade_is_due(const struct wallet *w, const struct view *v)
{
    return may_move(wallet_network(w, v->network), v) && !is_probed(v);
}

size_t upgrade_probe(const struct wallet *w,
                     struct hash32 ret_ids[static UPGRADE_ATTEMPT_COUNT],
                     const struct account *a,
                     struct view *v)
{
    const struct network *n = wallet_network(w, v->network);
    if (!may_move(n, v)) {
        return 0;
    }
    span_copy(MSPAN_OF(v->upgrade_head), SPAN_OF(v->owners.head));
    for (size_t i = 0; i < UPGRADE_ATTEMPT_COUNT; i++) {
        v->upgrade_ready_at[i] = 0; /* what was answered may have been of another owner list */
    }
    for (size_t i = 0; i < UPGRADE_ATTEMPT_COUNT; i++) {
        struct account_upgrade u = upgrade_of(n, v, i);
        account_upgrade_id(&ret_ids[i], a->address, n->chain_id, &u);
    }
    return UPGRADE_ATTEMPT_COUNT;
}

/* ---- preparing ---- */

static enum operation_kind kind_of(enum upgrade_wish what)
{
    switch (what) {
    case UPGRADE_WISH_BEGIN: return OPERATION_UPGRADE_BEGIN;
    case UPGRADE_WISH_APPLY: return OPERATION_UPGRADE_APPLY;
    case UPGRADE_WISH_VETO:  return OPERATION_UPGRADE_VETO;
    }
    return OPERATION_UPGRADE_BEGIN;
}

enum err wallet_upgrade_prepare(struct wallet *w,
                                struct wallet_time t,
                                const struct upgrade_args *args,
                                uint64_t *ret_task,
                                struct coded *ret_why)
{
    const struct own_subject what = {.kind = kind_of(args->what)};
    return prepare_own_call(w, t, &args->own, &what, ret_task, ret_why);
}

static enum err check_movable(struct task *task, const struct network *n, const struct view *v)
{
    enum account_version version = upgrade_version(n, v);
    if (!v->is_deployed) {
        return refuse_state(&task->result.why, "upgrade_state", "not_on_chain");
    }
    if (version == ACCOUNT_VERSION_UNREAD || !owner_view_is_whole(&v->owners)) {
        return refuse(&task->result.why, ERR_STATE, "owners_unread");
    }
    if (version != ACCOUNT_VERSION_1) {
        return refuse_state(&task->result.why, "upgrade_state",
                            version == ACCOUNT_VERSION_2 ? "newest" : "unknown");
    }
    if (v->version_2 != CONTRACTS_READY) {
        return refuse_state(&task->result.why, "upgrade_state", "not_there");
    }
    return is_probed(v) ? OK : refuse(&task->result.why, ERR_STATE, "owners_unread");
}

/* The first attempt that was not vetoed. */
static enum err next_attempt(struct task *task, const struct view *v, uint64_t *ret)
{
    for (size_t i = 0; i < UPGRADE_ATTEMPT_COUNT; i++) {
        if (v->upgrade_ready_at[i] == 0) {
            *ret = i;
            return OK;
        }
    }
    return refuse_limit(&task->result.why, "attempts", UPGRADE_ATTEMPT_COUNT);
}

enum err
upgrade_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    const struct network *n = wallet_network(w, task->transfer.network);
    TRY(check_movable(task, n, v));
    uint64_t attempt = waiting_attempt(v);
    bool waits = attempt < UPGRADE_ATTEMPT_COUNT;
    if (waits == (task->operation_kind == OPERATION_UPGRADE_BEGIN)) {
        return refuse_state(&task->result.why, "upgrade_state", waits ? "waits" : "not_waiting");
    }
    if (!waits) {
        TRY(next_attempt(task, v, &attempt));
    }
    struct account_upgrade u = upgrade_of(n, v, attempt);
    struct hash32 id;
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    if (task->operation_kind == OPERATION_UPGRADE_BEGIN) {
        TRY(account_upgrade_schedule(&out, &u));
    } else if (task->operation_kind == OPERATION_UPGRADE_APPLY) {
        TRY(owners_check_ready(task, t, v, v->upgrade_ready_at[attempt], "upgrade_waits"));
        TRY(account_upgrade_apply(&out, &u));
    } else {
        account_upgrade_id(&id, wallet_account(w, task->transfer.account)->address, n->chain_id,
                           &u);
        TRY(owner_change_veto(&out, &id));
    }
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

void upgrade_add_risks(struct operation *op, const struct view *v)
{
    struct risk r = {.level = RISK_CAUTION, .tick = true};
    if (op->kind == OPERATION_UPGRADE_BEGIN) {
        coded_set(&r.what, "upgrade_begun");
        coded_add_u64(&r.what, "days", v ? v->owners.delay_s / DAY_S : 0);
    } else if (op->kind == OPERATION_UPGRADE_APPLY) {
        coded_set(&r.what, "upgrade_applied");
    } else {
        r = (struct risk){.level = RISK_INFO};
        coded_set(&r.what, "upgrade_stopped");
    }
    operation_add_risk(op, &r);
}
