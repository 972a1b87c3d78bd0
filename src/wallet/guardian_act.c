/* What guardians are asked for besides help: to take their recovery back, to hold the account, and practice, of which nothing comes
 * (docs/recovery.md). A request names the guardians' round: whatever they do moves it on, and what was signed is worth nothing then. */
#include "base/check.h"
#include "wallet/engine.h"

static bool is_held(const struct recovery_view *v, uint64_t unix_ms)
{
    return v->recovery.held_until > unix_ms / 1000;
}

const char *guardian_act_state(const struct recovery_view *v,
                               struct wallet_time t,
                               const struct help_request *r)
{
    if (r->act == RECOVERY_CANCEL && !v->recovery.is_pending) {
        return "not_under_way";
    }
    if (r->act == RECOVERY_PRACTICE && v->recovery.is_pending) {
        return "under_way"; /* no time for practice: the guardians sign one thing, in earnest */
    }
    if (r->act == RECOVERY_HOLD && is_held(v, t.unix_ms)) {
        return "held";
    }
    bool is_another = r->act == RECOVERY_CANCEL && !hash32_equal(&v->recovery.pending, &r->what);
    return is_another || wallet_help_is_outdated(v, r) ? "outdated" : "";
}

bool guardian_act_is_done(const struct recovery_view *v, const struct help_request *r)
{
    if (r->act == RECOVERY_CANCEL) {
        return !v->recovery.is_pending || !hash32_equal(&v->recovery.pending, &r->what);
    }
    return r->act == RECOVERY_HOLD && v->recovery.round != r->round && is_held(v, v->as_of_ms);
}

/* ---- asking ---- */

static struct recovery_help *find(struct wallet *w, struct id account)
{
    for (size_t i = 0; i < RECOVERY_HELP_COUNT_MAX; i++) {
        struct recovery_help *r = &w->helps[i];
        if (id_is_set(account) && id_equal(r->account, account) &&
            r->request.act != RECOVERY_RECOVER) {
            return r;
        }
    }
    return NULL;
}

static struct recovery_help *find_free(struct wallet *w)
{
    for (size_t i = 0; i < RECOVERY_HELP_COUNT_MAX; i++) {
        if (!id_is_set(w->helps[i].account)) {
            return &w->helps[i];
        }
    }
    return NULL;
}

const struct recovery_help *wallet_guardians_asked(const struct wallet *w, struct id account)
{
    for (size_t i = 0; i < RECOVERY_HELP_COUNT_MAX; i++) {
        const struct recovery_help *r = &w->helps[i];
        if (id_is_set(account) && id_equal(r->account, account) &&
            r->request.act != RECOVERY_RECOVER) {
            return r;
        }
    }
    return NULL;
}

enum err wallet_guardians_forget(struct wallet *w, struct id account, struct coded *ret_why)
{
    struct recovery_help *r = find(w, account);
    enum err err = r ? recovery_drop(w, r) : OK;
    return err == OK ? OK : store_refused(ret_why, err);
}

static struct help_request request_of(struct wallet *w,
                                      const struct network *n,
                                      const struct recovery_view *v,
                                      enum recovery_act act)
{
    struct help_request r = {
        .act = act, .chain_id = n->chain_id, .account = v->address, .round = v->recovery.round};
    if (act == RECOVERY_CANCEL) {
        r.what = v->recovery.pending;
    } else if (act == RECOVERY_PRACTICE) {
        rng_fill(w->cfg.rng, MSPAN_OF(r.what.bytes)); /* so that no answer is to an earlier one */
    }
    return r;
}

static enum err
check_askable(const struct wallet *w, const struct guardians_ask_args *args, struct coded *ret_why)
{
    const struct account *a = wallet_account(w, args->account);
    const struct network *n = wallet_network(w, args->network);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a || !n) {
        return refuse(ret_why, ERR_NOT_FOUND, n ? "unknown_account" : "unknown_network");
    }
    bool is_watched = a->kind == ACCOUNT_WATCH && args->act != RECOVERY_PRACTICE;
    return a->kind == ACCOUNT_PASSKEY || is_watched ? OK
                                                    : refuse(ret_why, ERR_DENIED, "account_kind");
}

static enum err put_request(struct wallet *w,
                            const struct guardians_ask_args *args,
                            const struct help_request *fresh,
                            struct coded *ret_why)
{
    struct recovery_help *r = find(w, args->account);
    r = r ? r : find_free(w);
    if (!r) {
        return refuse_limit(ret_why, "recoveries", RECOVERY_HELP_COUNT_MAX);
    }
    const struct help_request old = r->request;
    const struct id old_account = r->account;
    const struct id old_network = r->network;
    size_t old_count = r->answer_count;
    r->account = args->account;
    r->network = args->network;
    r->request = *fresh;
    r->answer_count = 0;
    enum err err = recovery_save(w, r);
    if (err != OK) { /* what was there stays; its answers lie where they lay */
        r->account = old_account;
        r->network = old_network;
        r->request = old;
        r->answer_count = old_count;
        return store_refused(ret_why, err);
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

enum err wallet_guardians_ask(struct wallet *w,
                              struct wallet_time t,
                              const struct guardians_ask_args *args,
                              struct coded *ret_why)
{
    check(args->act == RECOVERY_CANCEL || args->act == RECOVERY_HOLD ||
          args->act == RECOVERY_PRACTICE);
    TRY(check_askable(w, args, ret_why));
    const struct network *n = wallet_network(w, args->network);
    const struct recovery_view *v =
        recovery_fresh(w, t, wallet_account(w, args->account)->address, args->network);
    if (!v) {
        return refuse(ret_why, ERR_STATE, "recovery_unread");
    }
    const struct help_request fresh = request_of(w, n, v, args->act);
    const char *state = recovery_lacking(v);
    state = state[0] ? state : guardian_act_state(v, t, &fresh);
    return state[0] ? refuse_state(ret_why, "recovery_state", state)
                    : put_request(w, args, &fresh, ret_why);
}

/* ---- the operation ---- */

static enum err put_call(struct wallet *w, const struct recovery_help *r)
{
    const struct smart_owner nobody = {.len = 0};
    AUTO(buf_done) struct buf signature;
    buf_init(&signature, &w->budget, RECOVERY_SIGNATURES_LEN_MAX);
    TRY(recovery_signature(&signature, r));
    return r->request.act == RECOVERY_CANCEL
               ? account_recovery_cancel(&w->recovery_call, buf_span(&signature))
               : account_recovery_freeze(&w->recovery_call, &nobody, buf_span(&signature));
}

enum err guardian_act_build(struct wallet *w, struct wallet_time t, struct task *task)
{
    const struct recovery_help *r = wallet_guardians_asked(w, task->lost);
    enum recovery_act act =
        task->operation_kind == OPERATION_RECOVERY_CANCEL ? RECOVERY_CANCEL : RECOVERY_HOLD;
    struct coded *why = &task->result.why;
    if (!r || r->request.act != act || !id_equal(r->network, task->transfer.network)) {
        return refuse_state(why, "recovery_state", "not_asked");
    }
    const struct recovery_view *v = recovery_fresh(w, t, r->request.account, r->network);
    if (!v) {
        return refuse(why, ERR_STATE, "recovery_unread");
    }
    const char *state = guardian_act_state(v, t, &r->request);
    if (state[0] == '\0' && (r->answer_count == 0 || r->answer_count < v->guardians.threshold)) {
        state = "too_few";
    }
    return state[0] ? refuse_state(why, "recovery_state", state) : put_call(w, r);
}
