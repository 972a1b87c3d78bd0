/* The owners of an account that stands on chains: adding one, removing one, and what waits.
 *
 * The contract decides (docs/account.md, "Changing the account"): an owner is added at once, a removal waits for the delay
 * and any other owner may veto it. The wallet says which of it holds where, and prepares the calls. A removal that was
 * signed here is kept with the account until the chain has moved on, because carrying it out needs the whole change. */
#include "base/check.h"
#include "evm/owner_change.h"
#include "evm/smart_account.h"
#include "wallet/engine.h"

#include <string.h>

enum { DAY_S = 86400 };

struct smart_owner owner_bytes(const struct network *n, const struct owner *o)
{
    struct address cosigner;
    if (o->kind == OWNER_COSIGNER) {
        span_copy(MSPAN_OF(cosigner.bytes), span_of(o->public_key, sizeof cosigner.bytes));
        return guardian_of_address(cosigner); /* the form is the same: an ordinary key */
    }
    return smart_owner_passkey(n->verifier, o->public_key, span_str(o->origin));
}

static struct owner *find_owner(struct account *a, struct id id)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        if (id_equal(a->owners[i].id, id)) {
            return &a->owners[i];
        }
    }
    return NULL;
}

const struct owner *wallet_owner(const struct wallet *w, struct id account, struct id owner)
{
    const struct account *a = wallet_account(w, account);
    for (size_t i = 0; a && i < a->owner_count; i++) {
        if (id_equal(a->owners[i].id, owner)) {
            return &a->owners[i];
        }
    }
    return NULL;
}

struct owner_change owners_next_change(const struct account *a, const struct view *v)
{
    struct owner_change c = {.sequence = 1, .threshold = a->threshold};
    owner_change_first(c.previous, a->address);
    if (v->is_deployed) {
        c.sequence = v->owners.sequence + 1;
        c.threshold = v->owners.threshold;
        span_copy(MSPAN_OF(c.previous), SPAN_OF(v->owners.head));
    }
    return c;
}

const struct account_change *
owners_find_change(const struct account *a, struct id owner, struct id network, size_t *ret_i)
{
    const struct account_change *found = NULL;
    for (size_t i = 0; i < a->change_count; i++) {
        const struct account_change *c = &a->changes[i];
        if (id_equal(c->owner, owner) && id_equal(c->network, network) &&
            (!found || c->attempt > found->attempt)) {
            found = c;
            *ret_i = i;
        }
    }
    return found;
}

struct owner_state wallet_owner_state(const struct wallet *w,
                                      const struct account *a,
                                      const struct owner *o,
                                      struct id network)
{
    const struct view *v = wallet_view(w, a->id, network);
    struct owner_state s = {.standing = o->standing};
    if (v && !v->is_deployed) {
        s.standing = o->is_added ? OWNER_NEW : OWNER_ACTIVE;
        s.is_read = true;
    } else if (v && owner_view_is_whole(&v->owners)) {
        struct smart_owner bytes = owner_bytes(wallet_network(w, network), o);
        bool has = owner_view_has(&v->owners, &bytes);
        bool was = !o->is_added || o->standing != OWNER_NEW;
        s.standing = has ? OWNER_ACTIVE : was ? OWNER_GONE : OWNER_NEW;
        s.is_read = true;
        size_t i = 0;
        bool can_wait = has || o->kind == OWNER_COSIGNER; /* its removal, or its coming */
        if (can_wait && owners_find_change(a, o->id, network, &i) &&
            v->owners.ready_at[i] > OWNER_CHANGE_VETOED) {
            s.ready_ms = v->owners.ready_at[i] * 1000;
            s.standing = has ? OWNER_ACTIVE : OWNER_NEW;
        }
    }
    return s;
}

size_t wallet_active_owners(const struct wallet *w, const struct account *a, struct id network)
{
    size_t count = 0;
    for (size_t i = 0; i < a->owner_count; i++) {
        count += wallet_owner_state(w, a, &a->owners[i], network).standing == OWNER_ACTIVE;
    }
    return count;
}

uint64_t wallet_threshold(const struct wallet *w, const struct account *a, struct id network)
{
    const struct view *v = wallet_view(w, a->id, network);
    if (v && v->is_deployed && owner_view_is_whole(&v->owners)) {
        return v->owners.threshold;
    }
    bool is_made = !v || v->is_deployed;
    return is_made && a->threshold_read ? a->threshold_read : a->threshold;
}

struct threshold_change
wallet_threshold_change(const struct wallet *w, const struct account *a, struct id network)
{
    const struct view *v = wallet_view(w, a->id, network);
    const struct id nobody = {0};
    struct threshold_change t = {0};
    size_t i = 0;
    const struct account_change *c = owners_find_change(a, nobody, network, &i);
    if (c && v && owner_view_is_whole(&v->owners) && v->owners.ready_at[i] > OWNER_CHANGE_VETOED) {
        t.threshold = c->threshold;
        t.ready_ms = v->owners.ready_at[i] * 1000;
    }
    return t;
}

static bool is_known(const struct wallet *w,
                     const struct account *a,
                     const struct smart_owner *owner,
                     struct id network)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        struct smart_owner bytes = owner_bytes(wallet_network(w, network), &a->owners[i]);
        if (span_equal(span_of(bytes.bytes, bytes.len), span_of(owner->bytes, owner->len))) {
            return true;
        }
    }
    return false;
}

size_t wallet_unknown_owners(const struct wallet *w, const struct account *a, struct id network)
{
    const struct view *v = wallet_view(w, a->id, network);
    size_t count = 0;
    if (!v || !v->is_deployed || !owner_view_is_whole(&v->owners)) {
        return 0;
    }
    for (size_t i = 0; i < v->owners.count; i++) {
        count += !is_known(w, a, &v->owners.list[i], network);
    }
    return count;
}

/* ---- what a reading says ---- */

/* An owner that this chain does not have (any more) may still be one elsewhere. */
static bool
is_owner_elsewhere(const struct wallet *w, const struct account *a, const struct owner *o)
{
    for (size_t i = 0; i < w->cfg.network_count; i++) {
        const struct network *n = &w->cfg.networks[i];
        struct owner_state s = wallet_owner_state(w, a, o, n->id);
        if (s.is_read && s.standing == OWNER_ACTIVE) {
            return true;
        }
    }
    return false;
}

static bool learn_standing(const struct wallet *w, struct account *a, const struct view *v)
{
    bool changed = false;
    for (size_t i = 0; i < a->owner_count; i++) {
        struct owner *o = &a->owners[i];
        enum owner_standing now = wallet_owner_state(w, a, o, v->network).standing;
        bool is_lost = now == OWNER_GONE && is_owner_elsewhere(w, a, o);
        if (now != o->standing && now != OWNER_NEW && !is_lost) {
            o->standing = now;
            changed = true;
        }
    }
    return changed;
}

/* A change whose place in the list is taken is over, by being applied or because another one was. */
static bool drop_past_changes(struct account *a, struct view *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->change_count; i++) {
        bool is_past = id_equal(a->changes[i].network, v->network) &&
                       a->changes[i].sequence <= v->owners.sequence;
        if (!is_past) {
            a->changes[kept] = a->changes[i];
            v->owners.ready_at[kept] = v->owners.ready_at[i];
            kept++;
        }
    }
    bool changed = kept != a->change_count;
    a->change_count = kept;
    return changed;
}

/* What another wallet may have begun about an owner. */
static struct owner_change probed_change(const struct wallet *w,
                                         const struct account *a,
                                         const struct owner *o,
                                         const struct view *v)
{
    struct owner_change c = owners_next_change(a, v);
    c.removed[c.removed_count++] = owner_bytes(wallet_network(w, v->network), o);
    bool comes = o->kind == OWNER_COSIGNER && !owner_view_has(&v->owners, &c.removed[0]);
    return comes ? cosigner_join_change(w, a, o, v) : c;
}

size_t owners_probe(const struct wallet *w,
                    struct hash32 ret_ids[static OWNER_COUNT_MAX],
                    const struct account *a,
                    const struct view *v)
{
    if (!v->is_deployed || !owner_view_is_whole(&v->owners)) {
        return 0;
    }
    for (size_t i = 0; i < a->owner_count; i++) {
        struct owner_change c = probed_change(w, a, &a->owners[i], v);
        owner_change_id(&ret_ids[i], a->address, &c);
    }
    return a->owner_count;
}

/* What another wallet began: it is kept like what was signed here, so that it can be shown, stopped and carried out. */
static bool learn_probed(const struct wallet *w, struct account *a, struct view *v)
{
    bool changed = false;
    bool is_now = v->owners.probe_sequence == v->owners.sequence + 1;
    for (size_t i = 0; is_now && i < a->owner_count; i++) {
        size_t at;
        if (v->owners.probe_ready_at[i] == 0 || a->change_count == ACCOUNT_CHANGE_COUNT_MAX ||
            owners_find_change(a, a->owners[i].id, v->network, &at)) {
            continue;
        }
        struct owner_change c = probed_change(w, a, &a->owners[i], v);
        struct account_change *known = &a->changes[a->change_count];
        *known = (struct account_change){.network = v->network,
                                         .owner = a->owners[i].id,
                                         .sequence = c.sequence,
                                         .threshold = c.threshold};
        span_copy(MSPAN_OF(known->previous), SPAN_OF(c.previous));
        owner_change_id(&known->id, a->address, &c);
        v->owners.ready_at[a->change_count++] = v->owners.probe_ready_at[i];
        changed = true;
    }
    return changed;
}

void owners_read(struct wallet *w, struct view *v)
{
    struct account *a = book_account(w, v->account);
    if (!a || !v->is_deployed || !owner_view_is_whole(&v->owners)) {
        owner_chains_read_view(w, v);
        return;
    }
    bool changed = learn_standing(w, a, v);
    if (a->threshold_read != v->owners.threshold && v->owners.threshold <= OWNER_COUNT_MAX) {
        a->threshold_read = (uint32_t)v->owners.threshold;
        changed = true;
    }
    changed = drop_past_changes(a, v) || changed;
    changed = learn_probed(w, a, v) || changed;
    changed = owner_carry_import(w, a) || changed;
    if (changed && book_save_account(w, a) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet",
                 "what the chain says of owners could not be stored");
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    owner_chains_read_view(w, v);
}

/* ---- names ---- */

enum err wallet_owner_rename(
    struct wallet *w, struct id account, struct id owner, struct span name, struct coded *ret_why)
{
    struct account *a = book_account(w, account);
    struct owner *o = a ? find_owner(a, owner) : NULL;
    struct name fresh;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, a ? "unknown_owner" : "unknown_account");
    }
    if (name_parse(&fresh, name) != OK) {
        coded_set(ret_why, "name_bad");
        coded_add_u64(ret_why, "max", NAME_LEN_MAX);
        return ERR_MALFORMED;
    }
    struct name old = o->name;
    o->name = fresh;
    enum err err = book_save_account(w, a);
    if (err != OK) {
        o->name = old;
        return store_refused(ret_why, err);
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

enum err
wallet_owner_forget(struct wallet *w, struct id account, struct id owner, struct coded *ret_why)
{
    struct account *a = book_account(w, account);
    struct owner *o = a ? find_owner(a, owner) : NULL;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, a ? "unknown_owner" : "unknown_account");
    }
    /* The first owners make the address: without their keys it cannot be worked out on a new chain. */
    bool is_cosigner = id_equal(o->id, a->cosigner.owner); /* its server is told first */
    if (!o->is_added || o->standing == OWNER_ACTIVE || is_cosigner || owner_chains_have(a, o->id)) {
        return refuse(ret_why, ERR_STATE, "owner_in_use");
    }
    size_t i = (size_t)(o - a->owners);
    struct owner old = *o;
    memmove(o, o + 1, (a->owner_count - i - 1) * sizeof *o);
    a->owner_count--;
    enum err err = book_save_account(w, a);
    if (err != OK) {
        memmove(o + 1, o, (a->owner_count - i) * sizeof *o);
        *o = old;
        a->owner_count++;
        return store_refused(ret_why, err);
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

/* ---- preparing ---- */

static enum operation_kind kind_of(const struct wallet *w, const struct owner_args *args)
{
    static const enum operation_kind of_cosigner[] = {
        [OWNER_WISH_ADD] = OPERATION_COSIGNER_BEGIN,
        [OWNER_WISH_APPLY] = OPERATION_COSIGNER_APPLY,
        [OWNER_WISH_VETO] = OPERATION_COSIGNER_VETO,
    };
    const struct account *a = wallet_account(w, args->own.account);
    const struct owner *o = wallet_owner(w, args->own.account, args->owner);
    bool is_cosigner = o && o->kind == OWNER_COSIGNER && args->what != OWNER_WISH_REMOVE;
    if (is_cosigner && (args->what == OWNER_WISH_ADD ||
                        wallet_owner_state(w, a, o, args->own.network).standing != OWNER_ACTIVE)) {
        return of_cosigner[args->what];
    }
    switch (args->what) {
    case OWNER_WISH_ADD:    return OPERATION_OWNER_ADD;
    case OWNER_WISH_REMOVE: return OPERATION_OWNER_REMOVE;
    case OWNER_WISH_APPLY:  return OPERATION_OWNER_APPLY;
    case OWNER_WISH_VETO:   return OPERATION_OWNER_VETO;
    }
    return OPERATION_OWNER_ADD;
}

enum err wallet_owner_prepare(struct wallet *w,
                              struct wallet_time t,
                              const struct owner_args *args,
                              uint64_t *ret_task,
                              struct coded *ret_why)
{
    const struct own_subject what = {.kind = kind_of(w, args), .owner = args->owner};
    return prepare_own_call(w, t, &args->own, &what, ret_task, ret_why);
}

enum err wallet_threshold_prepare(struct wallet *w,
                                  struct wallet_time t,
                                  const struct threshold_args *args,
                                  uint64_t *ret_task,
                                  struct coded *ret_why)
{
    static const enum operation_kind kinds[] = {[THRESHOLD_WISH_BEGIN] = OPERATION_THRESHOLD_BEGIN,
                                                [THRESHOLD_WISH_APPLY] = OPERATION_THRESHOLD_APPLY,
                                                [THRESHOLD_WISH_VETO] = OPERATION_THRESHOLD_VETO};
    const struct own_subject what = {.kind = kinds[args->what], .threshold = args->threshold};
    return prepare_own_call(w, t, &args->own, &what, ret_task, ret_why);
}

static enum err state_refused(struct task *task, enum owner_standing standing)
{
    static const char *const words[] = {
        [OWNER_NEW] = "waiting", [OWNER_ACTIVE] = "active", [OWNER_GONE] = "gone"};
    return refuse_state(&task->result.why, "owner_state", words[standing]);
}

static enum err build_add(struct wallet *w,
                          struct task *task,
                          const struct account *a,
                          const struct owner *o,
                          const struct view *v)
{
    struct owner_state s = wallet_owner_state(w, a, o, v->network);
    if (s.standing == OWNER_ACTIVE) {
        return state_refused(task, s.standing);
    }
    struct owner_change c = owners_next_change(a, v);
    c.added[c.added_count++] = owner_bytes(wallet_network(w, v->network), o);
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    TRY(owner_change_propose(&out, &c));
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

static enum err build_remove(struct wallet *w,
                             struct task *task,
                             const struct account *a,
                             const struct owner *o,
                             const struct view *v)
{
    struct owner_state s = wallet_owner_state(w, a, o, v->network);
    if (s.standing != OWNER_ACTIVE || !v->is_deployed) {
        return state_refused(task, v->is_deployed ? s.standing : OWNER_NEW);
    }
    if (s.ready_ms) {
        return refuse(&task->result.why, ERR_STATE, "owner_leaving");
    }
    if (v->owners.count <= v->owners.threshold) {
        return refuse(&task->result.why, ERR_STATE, "owner_last");
    }
    struct owner_change c = owners_next_change(a, v);
    c.removed[c.removed_count++] = owner_bytes(wallet_network(w, v->network), o);
    size_t i = 0;
    const struct account_change *old = owners_find_change(a, o->id, v->network, &i);
    if (old && old->sequence == c.sequence) {
        c.attempt = old->attempt + 1; /* that one was vetoed, or never came to the chain */
    }
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    TRY(owner_change_propose(&out, &c));
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

static enum err
build_threshold(struct wallet *w, struct task *task, const struct account *a, const struct view *v)
{
    const struct id nobody = {0};
    size_t i = 0;
    struct owner_change c = owners_next_change(a, v);
    if (!v->is_deployed) {
        return refuse_state(&task->result.why, "threshold_state", "not_on_chain");
    }
    if (task->threshold == c.threshold) {
        return refuse_state(&task->result.why, "threshold_state", "same");
    }
    if (task->threshold == 0 || task->threshold > v->owners.count ||
        task->threshold > OPERATION_SIGNER_COUNT_MAX) {
        return refuse_state(&task->result.why, "threshold_state", "too_many");
    }
    const struct owner *cosigner = wallet_owner(w, a->id, a->cosigner.owner);
    if (task->threshold < 2 && cosigner &&
        wallet_owner_state(w, a, cosigner, v->network).standing == OWNER_ACTIVE) {
        return refuse_state(&task->result.why, "threshold_state", "cosigner");
    }
    const struct account_change *old = owners_find_change(a, nobody, v->network, &i);
    if (old && v->owners.ready_at[i] > OWNER_CHANGE_VETOED) {
        return refuse_state(&task->result.why, "threshold_state", "waits");
    }
    if (old && old->sequence == c.sequence) {
        c.attempt = old->attempt + 1; /* as of a removal */
    }
    c.threshold = task->threshold;
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    TRY(owner_change_propose(&out, &c));
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

enum err owners_check_ready(struct task *task,
                            struct wallet_time t,
                            const struct view *v,
                            uint64_t ready_at,
                            const char *code)
{
    uint64_t now_s = (v->block_ms > t.unix_ms ? v->block_ms : t.unix_ms) / 1000;
    if (now_s >= ready_at) {
        return OK;
    }
    coded_set(&task->result.why, code);
    coded_add_u64(&task->result.why, "hours", (ready_at - now_s + 3599) / 3600);
    return ERR_STATE;
}

/* Carrying out, or stopping, the removal, or the other threshold (o is NULL), that waits. */
static enum err build_end(struct wallet *w,
                          struct wallet_time t,
                          struct task *task,
                          const struct account *a,
                          const struct owner *o,
                          const struct view *v)
{
    size_t i = 0;
    const struct id nobody = {0};
    const struct account_change *known = owners_find_change(a, o ? o->id : nobody, v->network, &i);
    uint64_t ready_at = known ? v->owners.ready_at[i] : 0;
    if (ready_at <= OWNER_CHANGE_VETOED) {
        return !o ? refuse_state(&task->result.why, "threshold_state", "not_waiting")
                  : refuse(&task->result.why, ERR_NOT_FOUND, "owner_not_leaving");
    }
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    if (task->operation_kind == OPERATION_OWNER_VETO ||
        task->operation_kind == OPERATION_THRESHOLD_VETO) {
        TRY(owner_change_veto(&out, &known->id));
    } else {
        TRY(owners_check_ready(task, t, v, ready_at, "owner_waits"));
        struct owner_change c = {
            .sequence = known->sequence, .attempt = known->attempt, .threshold = known->threshold};
        span_copy(MSPAN_OF(c.previous), SPAN_OF(known->previous));
        if (o) {
            c.removed[c.removed_count++] = owner_bytes(wallet_network(w, v->network), o);
        }
        TRY(owner_change_apply(&out, &c));
    }
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

enum err
owners_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    const struct account *a = wallet_account(w, task->transfer.account);
    const struct owner *o = wallet_owner(w, task->transfer.account, task->owner);
    if (!o && !operation_is_threshold(task->operation_kind)) {
        return refuse(&task->result.why, ERR_NOT_FOUND, "unknown_owner");
    }
    if (v->is_deployed && !owner_view_is_whole(&v->owners)) {
        return refuse(&task->result.why, ERR_STATE, "owners_unread");
    }
    if (task->operation_kind == OPERATION_THRESHOLD_BEGIN) {
        return build_threshold(w, task, a, v);
    }
    if (operation_is_cosigner(task->operation_kind)) {
        return cosigner_join_build(w, t, task, o, v);
    }
    if (task->operation_kind == OPERATION_OWNER_ADD) {
        if (BUG(o->kind == OWNER_COSIGNER)) {
            return ERR_INTERNAL; /* it comes with a higher threshold, or not */
        }
        return build_add(w, task, a, o, v);
    }
    if (task->operation_kind == OPERATION_OWNER_REMOVE) {
        return build_remove(w, task, a, o, v);
    }
    return build_end(w, t, task, a, o, v);
}

static void add_line(
    struct operation *op, enum risk_level level, bool tick, const char *code, const struct owner *o)
{
    struct risk r = {.level = level, .tick = tick};
    coded_set(&r.what, code);
    coded_add(&r.what, "name", name_span(&o->name));
    operation_add_risk(op, &r);
}

static enum err change_of(struct owner_change *ret, const struct operation *op)
{
    struct span call;
    struct hash32 id;
    enum owner_call what;
    TRY(operation_own_call(&call, op));
    return owner_change_read(&what, ret, &id, call);
}

/* What the operation's own call says, for the person who signs it. */
static void add_threshold_line(struct operation *op, const struct view *v)
{
    struct owner_change c = {0};
    struct risk r = {.level = RISK_INFO};
    if (op->kind == OPERATION_THRESHOLD_VETO) {
        coded_set(&r.what, "threshold_stays");
    } else if (!BUG(change_of(&c, op) != OK)) {
        bool is_begun = op->kind == OPERATION_THRESHOLD_BEGIN;
        r = (struct risk){.level = RISK_DANGER, .tick = true};
        coded_set(&r.what, is_begun ? "threshold_begun" : "threshold_applied");
        coded_add_u64(&r.what, "number", c.threshold);
        coded_add_u64(&r.what, "owners", v ? v->owners.count : 0);
        if (is_begun) {
            coded_add_u64(&r.what, "days", v ? v->owners.delay_s / DAY_S : 0);
        }
    }
    operation_add_risk(op, &r);
}

void owners_add_risks(struct wallet *w, struct operation *op, const struct view *v)
{
    const struct account *a = wallet_account(w, op->account);
    const struct owner *o = wallet_owner(w, op->account, op->subject);
    uint64_t delay_s = v && v->is_deployed ? v->owners.delay_s : 0;
    if (operation_is_threshold(op->kind)) {
        add_threshold_line(op, v);
        return;
    }
    if (!o) {
        return;
    }
    if (operation_is_cosigner(op->kind)) {
        cosigner_join_add_risks(op, o, v);
    } else if (op->kind == OPERATION_OWNER_ADD) {
        add_line(op, RISK_DANGER, true, "owner_added", o);
    } else if (op->kind == OPERATION_OWNER_APPLY) {
        add_line(op, RISK_CAUTION, true, "owner_leaves_now", o);
    } else if (op->kind == OPERATION_OWNER_VETO) {
        add_line(op, RISK_INFO, false, "owner_stays", o);
    } else {
        struct risk r = {.level = RISK_CAUTION, .tick = true};
        coded_set(&r.what, "owner_removed");
        coded_add(&r.what, "name", name_span(&o->name));
        coded_add_u64(&r.what, "days", delay_s / DAY_S);
        operation_add_risk(op, &r);
        if (wallet_active_owners(w, a, op->network) <= 2) {
            add_line(op, RISK_DANGER, true, "owner_one_left", o);
        }
    }
}

/* ---- what waits was signed ---- */

void owners_signed(struct account *a, const struct operation *op)
{
    struct owner_change c;
    bool waits = op->kind == OPERATION_OWNER_REMOVE || op->kind == OPERATION_THRESHOLD_BEGIN ||
                 op->kind == OPERATION_COSIGNER_BEGIN;
    bool is_change = waits || op->kind == OPERATION_OWNER_ADD;
    if (!is_change || BUG(change_of(&c, op) != OK)) {
        return;
    }
    owner_carry_keep(a, &c);
    if (!waits) {
        return;
    }
    if (a->change_count == ACCOUNT_CHANGE_COUNT_MAX) {
        memmove(a->changes, a->changes + 1, (a->change_count - 1) * sizeof a->changes[0]);
        a->change_count--; /* the oldest: what it was can be proposed anew */
    }
    struct account_change *known = &a->changes[a->change_count++];
    *known = (struct account_change){.network = op->network,
                                     .owner = op->subject,
                                     .sequence = c.sequence,
                                     .attempt = c.attempt,
                                     .threshold = c.threshold};
    span_copy(MSPAN_OF(known->previous), SPAN_OF(c.previous));
    owner_change_id(&known->id, a->address, &c);
}
