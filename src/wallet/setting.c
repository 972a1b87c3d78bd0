/* Settings of an account of version 2: guardians, limits, known addresses.
 *
 * The contract decides (docs/account.md, "Settings"): a setting is scheduled, waits for the delay, and any owner may veto it
 * meanwhile. What was scheduled here is kept with the account, because carrying it out needs all its words. What another
 * owner's wallet scheduled is found when the same is asked for here: its id follows from the words, the attempt and the owner list. */
#include "base/check.h"
#include "evm/owner_change.h"
#include "wallet/engine.h"

#include <string.h>

enum { DAY_S = 86400, HOUR_S = 3600, WISH_COUNT = 3 };

/* Kinds of operations are three to a setting, in the order of both enums. */
static_assert(OPERATION_LIMIT_BEGIN - OPERATION_GUARDIANS_BEGIN ==
                  WISH_COUNT * (int)ACCOUNT_SETTING_LIMIT,
              "limits");
static_assert(OPERATION_KNOWN_VETO - OPERATION_GUARDIANS_BEGIN ==
                  WISH_COUNT * (int)ACCOUNT_SETTING_KNOWN + (int)SETTING_WISH_VETO,
              "known addresses");

static enum operation_kind kind_of(enum account_setting_kind setting, enum setting_wish wish)
{
    if (wish == SETTING_WISH_LESS) {
        return setting == ACCOUNT_SETTING_KNOWN ? OPERATION_KNOWN_FORGET : OPERATION_LIMIT_LOWER;
    }
    return (enum operation_kind)((int)OPERATION_GUARDIANS_BEGIN + WISH_COUNT * (int)setting +
                                 (int)wish);
}

static enum setting_wish wish_of(enum operation_kind kind)
{
    if (kind == OPERATION_LIMIT_LOWER || kind == OPERATION_KNOWN_FORGET) {
        return SETTING_WISH_LESS;
    }
    return (enum setting_wish)(((int)kind - (int)OPERATION_GUARDIANS_BEGIN) % WISH_COUNT);
}

static bool is_begun(enum operation_kind kind)
{
    return operation_is_setting(kind) && wish_of(kind) == SETTING_WISH_BEGIN;
}

static bool is_id(const struct hash32 *a, const struct hash32 *b)
{
    return span_equal(SPAN_OF(a->bytes), SPAN_OF(b->bytes));
}

/* Its place in the account's list; setting_count: it is not there. */
static size_t find_known(const struct account *a, const struct hash32 *id, struct id network)
{
    size_t i = 0;
    while (i < a->setting_count &&
           !(is_id(&a->settings[i].id, id) && id_equal(a->settings[i].network, network))) {
        i++;
    }
    return i;
}

size_t wallet_settings_waiting(const struct wallet *w,
                               const struct account *a,
                               struct id network,
                               struct setting_waiting ret[static ACCOUNT_SETTING_COUNT_MAX])
{
    const struct view *v = wallet_view(w, a->id, network);
    size_t count = 0;
    for (size_t i = 0; v && i < a->setting_count; i++) {
        if (id_equal(a->settings[i].network, network) &&
            v->settings.ready_at[i] > OWNER_CHANGE_VETOED) {
            ret[count++] = (struct setting_waiting){.what = &a->settings[i],
                                                    .ready_ms = v->settings.ready_at[i] * 1000};
        }
    }
    return count;
}

/* ---- what a reading asks and says ---- */

/* Its account could have settings, and its owner list is known, which their ids depend on. */
static bool may_ask(const struct wallet *w, const struct view *v)
{
    return v->is_deployed && owner_view_is_whole(&v->owners) &&
           upgrade_version(wallet_network(w, v->network), v) == ACCOUNT_VERSION_2;
}

bool setting_lacks(const struct wallet *w, const struct view *v, const struct task *task)
{
    return is_begun(task->operation_kind) && v->settings.task != task->id && may_ask(w, v);
}

static const struct task *next_task(const struct wallet *w, const struct view *v)
{
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        const struct task *task = &w->tasks[i];
        if (task->id != 0 && task->step == TASK_READING &&
            id_equal(task->transfer.account, v->account) &&
            id_equal(task->transfer.network, v->network) && setting_lacks(w, v, task)) {
            return task;
        }
    }
    return NULL;
}

bool setting_is_due(const struct wallet *w, const struct view *v)
{
    return next_task(w, v) != NULL;
}

/* The id of a setting's attempt under the owner list of v. */
static enum err id_of(struct hash32 *ret,
                      struct wallet *w,
                      const struct account *a,
                      const struct view *v,
                      const struct account_setting *s,
                      uint64_t attempt)
{
    AUTO(buf_done) struct buf call;
    buf_init(&call, &w->budget, ACCOUNT_SETTING_LEN_MAX);
    TRY(account_setting_encode(&call, s));
    struct account_proposal p = {.call = buf_span(&call), .attempt = attempt};
    span_copy(MSPAN_OF(p.head), SPAN_OF(v->owners.head));
    account_proposal_id(ret, a->address, wallet_network(w, v->network)->chain_id, &p);
    return OK;
}

size_t setting_probe(struct wallet *w,
                     struct hash32 ret_ids[static SETTING_ATTEMPT_COUNT],
                     const struct account *a,
                     struct view *v)
{
    const struct task *task = next_task(w, v);
    if (!task) {
        return 0;
    }
    for (size_t i = 0; i < SETTING_ATTEMPT_COUNT; i++) {
        v->settings.probe_ready_at[i] = 0;
        if (id_of(&ret_ids[i], w, a, v, &task->setting, i) != OK) {
            return 0;
        }
    }
    v->settings.task = task->id;
    span_copy(MSPAN_OF(v->settings.head), SPAN_OF(v->owners.head));
    return SETTING_ATTEMPT_COUNT;
}

void setting_read(struct wallet *w, struct view *v)
{
    struct account *a = book_account(w, v->account);
    size_t kept = 0;
    if (!a || !v->is_deployed || !owner_view_is_whole(&v->owners)) {
        return;
    }
    for (size_t i = 0; i < a->setting_count; i++) {
        const struct known_setting *k = &a->settings[i];
        bool is_void = id_equal(k->network, v->network) &&
                       !span_equal(SPAN_OF(k->head), SPAN_OF(v->owners.head));
        if (!is_void) {
            memmove(&a->settings[kept], k, sizeof *k);
            v->settings.ready_at[kept] = v->settings.ready_at[i];
            kept++;
        }
    }
    bool changed = kept != a->setting_count;
    a->setting_count = kept;
    if (changed && book_save_account(w, a) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "that settings are void could not be stored");
    }
}

/* Keeps a setting with the account; if there is no room, the oldest is let go: it is found again by asking for the same. */
static void keep(struct account *a, const struct known_setting *k)
{
    if (find_known(a, &k->id, k->network) < a->setting_count) {
        return;
    }
    if (a->setting_count == ACCOUNT_SETTING_COUNT_MAX) {
        memmove(a->settings, a->settings + 1, (a->setting_count - 1) * sizeof a->settings[0]);
        a->setting_count--;
    }
    memcpy(&a->settings[a->setting_count++], k, sizeof *k);
}

/* ---- preparing ---- */

enum err wallet_setting_prepare(struct wallet *w,
                                struct wallet_time t,
                                const struct setting_args *args,
                                uint64_t *ret_task,
                                struct coded *ret_why)
{
    const struct account *a = wallet_account(w, args->own.account);
    const struct account_setting *s = args->setting;
    if (args->what == SETTING_WISH_APPLY || args->what == SETTING_WISH_VETO) {
        size_t i = a ? find_known(a, &args->id, args->own.network) : 0;
        if (!a || i == a->setting_count) {
            return refuse(ret_why, ERR_NOT_FOUND, a ? "unknown_setting" : "unknown_account");
        }
        s = &a->settings[i].setting;
    }
    const struct own_subject what = {
        .kind = kind_of(s->kind, args->what), .setting = s, .setting_id = args->id};
    return prepare_own_call(w, t, &args->own, &what, ret_task, ret_why);
}

static enum err put_call(struct wallet *w,
                         struct task *task,
                         const struct account_setting *s,
                         uint64_t attempt,
                         enum err (*write)(struct buf *, const struct account_proposal *))
{
    AUTO(buf_done) struct buf call;
    AUTO(buf_done) struct buf out;
    buf_init(&call, &w->budget, ACCOUNT_SETTING_LEN_MAX);
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    TRY(account_setting_encode(&call, s));
    struct account_proposal p = {.call = buf_span(&call), .attempt = attempt};
    TRY(write(&out, &p));
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

/* Another owner's wallet scheduled it, or this one has forgotten: from now on it is shown here too. */
static enum err found_waiting(struct wallet *w, struct task *task, const struct view *v, size_t i)
{
    struct account *a = book_account(w, task->transfer.account);
    struct hash32 id;
    TRY(id_of(&id, w, a, v, &task->setting, i));
    if (find_known(a, &id, v->network) == a->setting_count) {
        struct known_setting k = {.network = v->network, .id = id, .attempt = i};
        span_copy(MSPAN_OF(k.head), SPAN_OF(v->owners.head));
        k.setting = task->setting;
        keep(a, &k);
        TRY(book_save_account(w, a));
        w->owners_wanted = true;
        queue_note(w, WALLET_ACCOUNTS_CHANGED);
    }
    return refuse_state(&task->result.why, "setting_state", "waits");
}

static enum err build_begin(struct wallet *w, struct task *task, const struct view *v)
{
    bool is_asked = v->settings.task == task->id &&
                    span_equal(SPAN_OF(v->settings.head), SPAN_OF(v->owners.head));
    size_t attempt = SETTING_ATTEMPT_COUNT;
    if (!is_asked) {
        return refuse(&task->result.why, ERR_STATE, "owners_unread");
    }
    for (size_t i = SETTING_ATTEMPT_COUNT; i-- > 0;) {
        if (v->settings.probe_ready_at[i] > OWNER_CHANGE_VETOED) {
            return found_waiting(w, task, v, i);
        }
        attempt = v->settings.probe_ready_at[i] == 0 ? i : attempt;
    }
    if (attempt == SETTING_ATTEMPT_COUNT) {
        return refuse_limit(&task->result.why, "attempts", SETTING_ATTEMPT_COUNT);
    }
    return put_call(w, task, &task->setting, attempt, account_proposal_schedule);
}

static enum err
build_end(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    const struct account *a = wallet_account(w, task->transfer.account);
    size_t i = find_known(a, &task->setting_id, v->network);
    uint64_t ready_at = i < a->setting_count ? v->settings.ready_at[i] : 0;
    if (ready_at <= OWNER_CHANGE_VETOED) {
        return refuse_state(&task->result.why, "setting_state", "not_waiting");
    }
    const struct known_setting *k = &a->settings[i];
    if (wish_of(task->operation_kind) == SETTING_WISH_APPLY) {
        TRY(owners_check_ready(task, t, v, ready_at, "setting_waits"));
        return put_call(w, task, &k->setting, k->attempt, account_proposal_apply);
    }
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    TRY(owner_change_veto(&out, &k->id));
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

enum err
setting_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    enum account_version version = upgrade_version(wallet_network(w, v->network), v);
    if (!v->is_deployed) {
        return refuse_state(&task->result.why, "setting_state", "not_on_chain");
    }
    if (version == ACCOUNT_VERSION_UNREAD || !owner_view_is_whole(&v->owners)) {
        return refuse(&task->result.why, ERR_STATE, "owners_unread");
    }
    if (version != ACCOUNT_VERSION_2) {
        return refuse_state(&task->result.why, "setting_state", "other_version");
    }
    if (wish_of(task->operation_kind) == SETTING_WISH_LESS) {
        return limit_build(w, task, v);
    }
    return is_begun(task->operation_kind) ? build_begin(w, task, v) : build_end(w, t, task, v);
}

/* ---- what is signed ---- */

/* What the operation's own call schedules or carries out. */
static enum err
said_of(struct account_setting *ret, struct account_proposal *ret_p, const struct operation *op)
{
    struct span call;
    enum proposal_call what;
    TRY(operation_own_call(&call, op));
    TRY(account_proposal_read(&what, ret_p, call));
    return account_setting_decode(ret, ret_p->call);
}

static void say_guardians(struct coded *c, const struct account_setting *s)
{
    coded_add_u64(c, "number", s->guardians.count);
    coded_add_u64(c, "threshold", s->guardians.threshold);
}

void setting_say_limit(struct coded *c,
                       const struct network *n,
                       struct address token_address,
                       struct u256 amount)
{
    bool is_ether = address_is_zero(token_address);
    const struct token *token = is_ether ? NULL : network_token(n, token_address);
    char text[CODED_VALUE_LEN_MAX + 1];
    char address[ADDRESS_TEXT_LEN];
    char units[U256_TEXT_LEN];
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    unsigned decimals_unlisted = is_ether ? U256_DECIMALS_ETHER : 0;
    (void)u256_print_units(units, amount, token ? token->decimals : decimals_unlisted);
    address_print(address, token_address);
    wr_str(&w, units);
    wr_str(&w, " ");
    wr_str(&w, token ? token->symbol : is_ether ? n->symbol : address);
    text[w.n] = '\0';
    coded_add_str(c, "limit", text);
}

void setting_say_known(struct coded *c,
                       const struct wallet *w,
                       const struct operation *op,
                       struct address to)
{
    char address[ADDRESS_TEXT_LEN];
    struct party who = wallet_party(w, wallet_network(w, op->network), to);
    address_print(address, to);
    coded_add_str(c, "address", address);
    coded_add(c, "name", who.name.text[0] ? name_span(&who.name) : SPAN_LIT("?"));
}

static const char *code_of(enum operation_kind kind)
{
    static const char *const codes[][WISH_COUNT] = {
        [ACCOUNT_SETTING_GUARDIANS] = {"guardians_begun", "guardians_applied", "guardians_stay"},
        [ACCOUNT_SETTING_LIMIT] = {"limit_begun",     "limit_applied",     "limit_stays"   },
        [ACCOUNT_SETTING_KNOWN] = {"known_begun",     "known_applied",     "known_stays"   },
    };
    size_t i = (size_t)kind - (size_t)OPERATION_GUARDIANS_BEGIN;
    return codes[i / WISH_COUNT][i % WISH_COUNT];
}

void setting_add_risks(const struct wallet *w, struct operation *op)
{
    struct account_setting s;
    struct account_proposal p;
    const struct network *n = wallet_network(w, op->network);
    const struct view *v = wallet_view(w, op->account, op->network);
    struct risk r = {.level = RISK_INFO};
    if (wish_of(op->kind) == SETTING_WISH_LESS) {
        return; /* limit_add_risks says it */
    }
    coded_set(&r.what, code_of(op->kind));
    if (wish_of(op->kind) != SETTING_WISH_VETO && !BUG(said_of(&s, &p, op) != OK)) {
        r.level = s.kind == ACCOUNT_SETTING_LIMIT ? RISK_CAUTION : RISK_DANGER;
        r.tick = true;
        switch (s.kind) {
        case ACCOUNT_SETTING_GUARDIANS: say_guardians(&r.what, &s); break;
        case ACCOUNT_SETTING_LIMIT:
            setting_say_limit(&r.what, n, s.token, s.amount);
            coded_add_u64(&r.what, "hours", s.period_s / HOUR_S);
            break;
        case ACCOUNT_SETTING_KNOWN:      setting_say_known(&r.what, w, op, s.to); break;
        case ACCOUNT_SETTING_KIND_COUNT: break;
        }
        if (wish_of(op->kind) == SETTING_WISH_BEGIN) {
            coded_add_u64(&r.what, "days", v ? v->owners.delay_s / DAY_S : 0);
        }
    }
    operation_add_risk(op, &r);
}

void setting_signed(const struct wallet *w, struct account *a, const struct operation *op)
{
    const struct view *v = wallet_view(w, op->account, op->network);
    struct account_proposal p;
    struct known_setting k = {.network = op->network};
    if (op->kind == OPERATION_GUARDIANS_APPLY) {
        (void)guardian_way_forget(a, op->network); /* others come: no way in until they are read */
    }
    if (!is_begun(op->kind) || !v || BUG(said_of(&k.setting, &p, op) != OK)) {
        return;
    }
    k.attempt = p.attempt;
    span_copy(MSPAN_OF(p.head), SPAN_OF(v->owners.head));
    span_copy(MSPAN_OF(k.head), SPAN_OF(v->owners.head));
    account_proposal_id(&k.id, a->address, wallet_network(w, op->network)->chain_id, &p);
    keep(a, &k);
}
