/* A co-signer becomes an owner (docs/cosigner.md, "The account"). One change of the contract adds it and asks for one signature more than before, so
 * the contract has it wait out the delay, and at no moment may the key act where the others could not have. Start at cosigner_join_build. */
#include "base/check.h"
#include "evm/owner_change.h"
#include "wallet/engine.h"

enum { DAY_S = 86400 };

struct owner_change cosigner_join_change(const struct wallet *w,
                                         const struct account *a,
                                         const struct owner *o,
                                         const struct view *v)
{
    struct owner_change c = owners_next_change(a, v);
    c.added[c.added_count++] = owner_bytes(wallet_network(w, v->network), o);
    /* An account of a hostile chain may say any number; the operation is refused then. */
    c.threshold += c.threshold < OWNER_COUNT_MAX;
    return c;
}

bool cosigner_joins(const struct wallet *w, const struct account *a)
{
    size_t at = 0;
    for (size_t i = 0; i < w->cfg.network_count; i++) {
        struct id network = w->cfg.networks[i].id;
        const struct view *v = wallet_view(w, a->id, network);
        const struct account_change *known = owners_find_change(a, a->cosigner.owner, network, &at);
        bool is_read = v && owner_view_is_whole(&v->owners);
        if (known && (!is_read || v->owners.ready_at[at] > OWNER_CHANGE_VETOED)) {
            return true;
        }
    }
    return false;
}

static enum err build_begin(struct task *task,
                            struct buf *out,
                            const struct wallet *w,
                            const struct account *a,
                            const struct owner *o,
                            const struct view *v)
{
    size_t i = 0;
    struct owner_change c = cosigner_join_change(w, a, o, v);
    if (c.threshold > OPERATION_SIGNER_COUNT_MAX || c.threshold <= v->owners.threshold) {
        return refuse_state(&task->result.why, "cosigner_state", "too_many");
    }
    const struct account_change *old = owners_find_change(a, o->id, v->network, &i);
    if (old && v->owners.ready_at[i] > OWNER_CHANGE_VETOED) {
        return refuse_state(&task->result.why, "owner_state", "joining");
    }
    if (old && old->sequence == c.sequence) {
        c.attempt = old->attempt + 1; /* as of a removal */
    }
    return owner_change_propose(out, &c);
}

/* Carrying out, or stopping, what waits. */
static enum err build_end(struct wallet *w,
                          struct wallet_time t,
                          struct task *task,
                          struct buf *out,
                          const struct account *a,
                          const struct owner *o,
                          const struct view *v)
{
    size_t i = 0;
    struct hash32 id;
    struct owner_change c = cosigner_join_change(w, a, o, v);
    const struct account_change *known = owners_find_change(a, o->id, v->network, &i);
    if (!known || v->owners.ready_at[i] <= OWNER_CHANGE_VETOED) {
        return refuse(&task->result.why, ERR_NOT_FOUND, "owner_not_leaving");
    }
    c.attempt = known->attempt;
    owner_change_id(&id, a->address, &c);
    /* Nothing else is carried out here: not what another version of this program, or another list of owners, may have begun. */
    if (!span_equal(SPAN_OF(id.bytes), SPAN_OF(known->id.bytes))) {
        return refuse(&task->result.why, ERR_NOT_FOUND, "owner_not_leaving");
    }
    if (task->operation_kind == OPERATION_COSIGNER_VETO) {
        return owner_change_veto(out, &id);
    }
    TRY(owners_check_ready(task, t, v, v->owners.ready_at[i], "owner_waits"));
    return owner_change_apply(out, &c);
}

enum err cosigner_join_build(struct wallet *w,
                             struct wallet_time t,
                             struct task *task,
                             const struct owner *o,
                             const struct view *v)
{
    const struct account *a = wallet_account(w, task->transfer.account);
    bool is_begin = task->operation_kind == OPERATION_COSIGNER_BEGIN;
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    if (o->kind != OWNER_COSIGNER || !id_equal(o->id, a->cosigner.owner) || !v->is_deployed) {
        return refuse_state(&task->result.why, "cosigner_state", "none");
    }
    if (wallet_owner_state(w, a, o, v->network).standing == OWNER_ACTIVE) {
        return refuse_state(&task->result.why, "owner_state", "active");
    }
    /* A veto is always right; the rest only where the passkey alone would get rid of it. */
    if (task->operation_kind != OPERATION_COSIGNER_VETO) {
        TRY(cosigner_check_join(w, t, a, v->network, &task->result.why));
    }
    TRY(is_begin ? build_begin(task, &out, w, a, o, v) : build_end(w, t, task, &out, a, o, v));
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

void cosigner_join_add_risks(struct operation *op, const struct owner *o, const struct view *v)
{
    struct span call;
    struct hash32 id;
    enum owner_call what;
    struct owner_change c = {0};
    bool is_veto = op->kind == OPERATION_COSIGNER_VETO;
    bool is_begin = op->kind == OPERATION_COSIGNER_BEGIN;
    struct risk r = {.level = is_veto ? RISK_INFO : RISK_CAUTION, .tick = !is_veto};
    if (BUG(operation_own_call(&call, op) != OK) ||
        BUG(owner_change_read(&what, &c, &id, call) != OK)) {
        return;
    }
    coded_set(&r.what, is_veto    ? "cosigner_stopped"
                       : is_begin ? "cosigner_begun"
                                  : "cosigner_applied");
    coded_add(&r.what, "name", name_span(&o->name));
    if (!is_veto) {
        coded_add_u64(&r.what, "number", c.threshold);
    }
    if (is_begin) {
        coded_add_u64(&r.what, "days", v ? v->owners.delay_s / DAY_S : 0);
    }
    operation_add_risk(op, &r);
}
