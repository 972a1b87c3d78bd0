/* Changes of the owners that hold on every chain: kept, signed once, and carried by any account to the chains that lack them.
 *
 * The id of a change names no chain (docs/account.md), so one signature of the owners serves all chains with the same history. The hash is
 * worked out here from the change that was kept, never taken from a server. */
#include "base/check.h"
#include "evm/smart_account.h"
#include "wallet/engine.h"
#include "wallet/owner_chains.h"

#include <string.h>

enum { DAY_S = 86400, SIGNATURES_ABI_LEN_MAX = 6 * 1024 };

static enum err state_refused(struct coded *why, const char *state)
{
    return refuse_state(why, "carry_state", state);
}

/* ---- what is kept ---- */

const struct kept_change *wallet_kept_change(const struct account *a, const struct hash32 *id)
{
    for (size_t i = 0; i < a->kept_count; i++) {
        if (hash32_equal(&a->kept[i].id, id)) {
            return &a->kept[i];
        }
    }
    return NULL;
}

static void to_change(struct owner_change *ret, const struct kept_change *k)
{
    *ret = (struct owner_change){
        .sequence = k->sequence, .attempt = k->attempt, .threshold = k->threshold};
    span_copy(MSPAN_OF(ret->previous), SPAN_OF(k->previous));
    if (k->added.len > 0) {
        ret->added[ret->added_count++] = k->added;
    }
    if (k->removed.len > 0) {
        ret->removed[ret->removed_count++] = k->removed;
    }
}

/* Every chain on which the account is known to be is past it. */
static bool is_everywhere(const struct account *a, const struct kept_change *k)
{
    size_t chains = 0;
    for (size_t i = 0; i < a->chain_count; i++) {
        const struct owner_chain *c = &a->chains[i];
        chains += c->is_there;
        if (c->is_there && c->sequence < k->sequence) {
            return false;
        }
    }
    return chains > 0;
}

static bool make_room(struct account *a)
{
    if (a->kept_count < ACCOUNT_KEPT_COUNT_MAX) {
        return true;
    }
    for (size_t i = 0; i < a->kept_count; i++) {
        if (is_everywhere(a, &a->kept[i])) {
            memmove(&a->kept[i], &a->kept[i + 1], (a->kept_count - i - 1) * sizeof a->kept[0]);
            a->kept_count--;
            return true;
        }
    }
    return false;
}

void owner_carry_keep(struct account *a, const struct owner_change *c)
{
    struct hash32 id;
    owner_change_id(&id, a->address, c);
    bool is_plain = c->added_count <= 1 && c->removed_count <= 1;
    if (!is_plain || wallet_kept_change(a, &id) || !make_room(a)) {
        return;
    }
    struct kept_change *k = &a->kept[a->kept_count++];
    *k = (struct kept_change){
        .id = id, .sequence = c->sequence, .attempt = c->attempt, .threshold = c->threshold};
    span_copy(MSPAN_OF(k->previous), SPAN_OF(c->previous));
    if (c->added_count > 0) {
        k->added = c->added[0];
    }
    if (c->removed_count > 0) {
        k->removed = c->removed[0];
    }
}

bool owner_carry_import(const struct wallet *w, struct account *a)
{
    size_t before = a->kept_count;
    for (size_t i = 0; i < a->change_count; i++) {
        const struct account_change *known = &a->changes[i];
        const struct owner *o = wallet_owner(w, a->id, known->owner);
        const struct network *n = wallet_network(w, known->network);
        struct owner_change c = {
            .sequence = known->sequence, .attempt = known->attempt, .threshold = known->threshold};
        if (!n || (id_is_set(known->owner) && !o)) {
            continue;
        }
        span_copy(MSPAN_OF(c.previous), SPAN_OF(known->previous));
        if (o && o->kind == OWNER_COSIGNER) {
            c.added[c.added_count++] = owner_bytes(n, o); /* it joins (cosigner_join.c) */
        } else if (o) {
            c.removed[c.removed_count++] = owner_bytes(n, o);
        }
        owner_carry_keep(a, &c);
    }
    return a->kept_count != before;
}

const struct owner *
wallet_kept_owner(const struct wallet *w, const struct account *a, const struct smart_owner *smart)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        struct smart_owner own = owner_bytes(&w->cfg.networks[0], &a->owners[i]);
        if (span_equal(span_of(own.bytes, own.len), span_of(smart->bytes, smart->len))) {
            return &a->owners[i];
        }
    }
    return NULL;
}

size_t wallet_kept_signatures(const struct kept_change *k,
                              struct smart_signature ret[static OPERATION_SIGNER_COUNT_MAX])
{
    struct rd r = rd_init(span_of(k->signatures, k->signatures_len));
    size_t count = 0;
    while (r.rest.n > 0 && count < OPERATION_SIGNER_COUNT_MAX) {
        struct span owner = rd_bytes(&r, rd_u8(&r));
        struct span signature = rd_be16_sized(&r);
        if (r.failed || owner.n > SMART_ACCOUNT_OWNER_LEN_MAX) {
            break; /* a broken record: what it has not is asked for again */
        }
        ret[count] = (struct smart_signature){.signature = signature};
        ret[count].owner.len = span_copy(MSPAN_OF(ret[count].owner.bytes), owner);
        count++;
    }
    return count;
}

/* A co-signer joins by an operation of each chain (cosigner_join.c), which first looks whether the account there could get rid of it again. It is the same change, so
 * what comes after it can be carried. */
static bool is_join(const struct wallet *w, const struct account *a, const struct kept_change *k)
{
    const struct owner *o = k->added.len > 0 ? wallet_kept_owner(w, a, &k->added) : NULL;
    return o && o->kind == OWNER_COSIGNER;
}

/* ---- signing once ---- */

enum err wallet_change_hash(const struct wallet *w,
                            const struct change_sign_args *args,
                            struct hash32 *ret_hash,
                            struct coded *ret_why)
{
    const struct account *a = wallet_account(w, args->account);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (a->kind != ACCOUNT_PASSKEY) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    const struct kept_change *k = wallet_kept_change(a, &args->change);
    if (!k) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_change");
    }
    if (args->is_veto) {
        owner_change_veto_hash(ret_hash, a->address, &k->id);
        return OK;
    }
    struct owner_change c;
    to_change(&c, k);
    owner_change_id(ret_hash, a->address, &c);
    return OK;
}

/* Takes away what this owner signed before; gives how many signatures are left. */
static size_t drop_signature(struct kept_change *k, const struct smart_owner *by)
{
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    size_t count = wallet_kept_signatures(k, all);
    for (size_t i = 0; i < count; i++) {
        struct span owner = span_of(all[i].owner.bytes, all[i].owner.len);
        if (span_equal(owner, span_of(by->bytes, by->len))) {
            const uint8_t *end = all[i].signature.p + all[i].signature.n;
            size_t len = 1 + owner.n + 2 + all[i].signature.n;
            size_t at = (size_t)(end - k->signatures) - len;
            memmove(k->signatures + at, end, k->signatures_len - at - len);
            k->signatures_len -= len;
            return count - 1;
        }
    }
    return count;
}

/* Puts a signature beside those of others. */
static enum err put_signature(struct kept_change *k, const struct help_answer *fresh)
{
    const struct smart_owner *by = &fresh->guardian;
    if (drop_signature(k, by) == OPERATION_SIGNER_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct wr out = wr_init(
        mspan_of(k->signatures + k->signatures_len, sizeof k->signatures - k->signatures_len));
    wr_u8(&out, (uint8_t)by->len);
    wr_bytes(&out, span_of(by->bytes, by->len));
    wr_be16_sized(&out, span_of(fresh->signature, fresh->signature_len));
    TRY(wr_end(&out));
    k->signatures_len += out.n;
    return OK;
}

static enum err keep_signature(struct wallet *w,
                               struct account *a,
                               const struct hash32 *change,
                               const struct help_answer *fresh,
                               struct coded *ret_why)
{
    struct kept_change *k = NULL;
    for (size_t i = 0; i < a->kept_count && !k; i++) {
        k = hash32_equal(&a->kept[i].id, change) ? &a->kept[i] : NULL;
    }
    check(k);
    if (put_signature(k, fresh) != OK) {
        return refuse_limit(ret_why, "signatures", OPERATION_SIGNER_COUNT_MAX);
    }
    enum err err = book_save_account(w, a);
    return err == OK ? OK : store_refused(ret_why, err);
}

enum err wallet_change_sign(struct wallet *w,
                            struct wallet_time t,
                            const struct change_sign_args *args,
                            struct coded *ret_why)
{
    struct help_answer fresh = {.signature_len = 0};
    TRY(wallet_change_hash(w, args, &fresh.hash, ret_why));
    struct account *a = book_account(w, args->account);
    const struct passkey_args passkey = {
        .account = a, .challenge = SPAN_OF(fresh.hash.bytes), .answer = args->answer};
    TRY(guardian_sign(w, t, &passkey, &fresh, ret_why));
    if (guardian_verify(&fresh.guardian, &fresh.hash,
                        span_of(fresh.signature, fresh.signature_len)) != OK) {
        return refuse(ret_why, ERR_AUTH, "ceremony_refused");
    }
    if (args->is_veto) {
        w->veto = (struct recovery_brake){.account = a->id, .hash = args->change};
        w->veto.owner = fresh.guardian;
        w->veto.signature = fresh;
    } else {
        TRY(keep_signature(w, a, &args->change, &fresh, ret_why));
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

/* ---- operations ---- */

static enum operation_kind kind_of(enum change_wish what)
{
    switch (what) {
    case CHANGE_WISH_CARRY: return OPERATION_OWNERS_CARRY;
    case CHANGE_WISH_APPLY: return OPERATION_OWNERS_CARRY_APPLY;
    case CHANGE_WISH_VETO:  return OPERATION_OWNERS_CARRY_VETO;
    }
    return OPERATION_OWNERS_CARRY;
}

enum err wallet_change_prepare(struct wallet *w,
                               struct wallet_time t,
                               const struct change_args *args,
                               uint64_t *ret_task,
                               struct coded *ret_why)
{
    struct transfer x = {.account = args->payer,
                         .network = args->network,
                         .speed = args->speed,
                         .by_command_line = args->by_command_line};
    const struct account *a = wallet_account(w, args->account);
    TRY(prepare_check_subject(w, &x, ret_why));
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (a->kind != ACCOUNT_PASSKEY) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    x.to = a->address;
    const struct own_subject what = {.kind = kind_of(args->what), .lost = args->account};
    return prepare_begin(w, t, &x, &what, ret_task, ret_why);
}

/* The signatures of those who are owners on that chain, if they are enough there. Without them only the account itself can carry it: then the
 * owners sign that operation. */
static enum err put_carry(struct wallet *w,
                          struct task *task,
                          const struct recovery_view *v,
                          const struct kept_change *k)
{
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    size_t count = wallet_kept_signatures(k, all);
    size_t kept = 0;
    struct owner_change c;
    AUTO(buf_done) struct buf signature;
    buf_init(&signature, &w->budget, SIGNATURES_ABI_LEN_MAX);
    for (size_t i = 0; i < count; i++) {
        if (owner_view_has(&v->owners, &all[i].owner)) {
            all[kept++] = all[i];
        }
    }
    bool is_enough = kept > 0 && kept >= v->owners.threshold;
    if (!is_enough && !id_equal(task->lost, task->transfer.account)) {
        return state_refused(&task->result.why, "unsigned");
    }
    if (is_enough) {
        TRY(smart_account_signature(&signature, all, kept));
    }
    to_change(&c, k);
    return owner_change_carry(&w->recovery_call, &c, buf_span(&signature));
}

static enum err put_veto(struct wallet *w,
                         struct task *task,
                         const struct recovery_view *v,
                         const struct hash32 *id)
{
    const struct recovery_brake *b = &w->veto;
    const struct smart_owner nobody = {.len = 0};
    bool is_signed = id_equal(b->account, task->lost) && hash32_equal(&b->hash, id) &&
                     owner_view_has(&v->owners, &b->owner);
    if (!is_signed && !id_equal(task->lost, task->transfer.account)) {
        return state_refused(&task->result.why, "unsigned");
    }
    struct span signature =
        is_signed ? span_of(b->signature.signature, b->signature.signature_len) : SPAN_EMPTY;
    return owner_change_carry_veto(&w->recovery_call, id, is_signed ? &b->owner : &nobody,
                                   signature);
}

static enum err build(struct wallet *w,
                      struct wallet_time t,
                      struct task *task,
                      const struct view *payer,
                      const struct recovery_view *v)
{
    const struct account *a = wallet_account(w, task->lost);
    const struct owner_chain *c = wallet_owner_chain(a, v->network);
    const struct kept_change *next = NULL;
    enum owner_chain_step step = wallet_owner_chain_step(a, c, &next);
    bool is_carry = task->operation_kind == OPERATION_OWNERS_CARRY;
    if (step != (is_carry ? OWNER_CHAIN_LACKS : OWNER_CHAIN_WAITS)) {
        return state_refused(&task->result.why, owner_chain_step_name(step));
    }
    check(next);
    if (is_join(w, a, next)) {
        return state_refused(&task->result.why, "cosigner");
    }
    if (is_carry) {
        return put_carry(w, task, v, next);
    }
    if (task->operation_kind == OPERATION_OWNERS_CARRY_VETO) {
        return put_veto(w, task, v, &next->id);
    }
    struct owner_change change;
    TRY(owners_check_ready(task, t, payer, c->ready_at, "owner_waits"));
    to_change(&change, next);
    return owner_change_apply(&w->recovery_call, &change);
}

enum err
owner_carry_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    const struct account *a = wallet_account(w, task->lost);
    const struct recovery_view *seen =
        a ? recovery_fresh(w, t, a->address, task->transfer.network) : NULL;
    if (!seen) {
        return refuse(&task->result.why, ERR_STATE, "owners_unread");
    }
    TRY(recovery_take_call(w, task));
    return build(w, t, task, v, seen);
}

/* ---- what the person is told ---- */

static void add_line(struct wallet *w,
                     struct operation *op,
                     const struct account *a,
                     struct risk r,
                     const struct smart_owner *who)
{
    const struct owner *o = who ? wallet_kept_owner(w, a, who) : NULL;
    coded_add(&r.what, "name", name_span(&a->name));
    if (who) {
        coded_add(&r.what, "owner", o ? name_span(&o->name) : SPAN_LIT("?"));
    }
    operation_add_risk(op, &r);
}

static void add_change(struct wallet *w,
                       struct operation *op,
                       const struct account *a,
                       const struct owner_change *c,
                       const struct recovery_view *v)
{
    bool is_now = op->kind == OPERATION_OWNERS_CARRY_APPLY;
    uint64_t days = is_now ? 0 : v->owners.delay_s / DAY_S;
    if (c->added_count > 0) {
        struct risk r = {.level = RISK_DANGER, .tick = true};
        coded_set(&r.what, "carry_adds");
        add_line(w, op, a, r, &c->added[0]);
    }
    if (c->removed_count > 0) {
        struct risk r = {.level = RISK_CAUTION, .tick = true};
        coded_set(&r.what, "carry_removes");
        coded_add_u64(&r.what, "days", days);
        add_line(w, op, a, r, &c->removed[0]);
    }
    if (c->threshold != v->owners.threshold) {
        struct risk r = {.level = RISK_DANGER, .tick = true};
        coded_set(&r.what, "carry_threshold");
        coded_add_u64(&r.what, "number", c->threshold);
        coded_add_u64(&r.what, "days", days);
        add_line(w, op, a, r, NULL);
    }
}

void owner_carry_add_risks(struct wallet *w, struct operation *op, const struct task *task)
{
    const struct account *a = wallet_account(w, task->lost);
    const struct recovery_view *v = a ? wallet_recovery_view(w, a->address, op->network) : NULL;
    struct owner_change c;
    struct hash32 id;
    enum owner_call call;
    struct owner_carried carried;
    if (!v || !task->long_call) {
        return;
    }
    if (op->kind == OPERATION_OWNERS_CARRY_VETO) {
        struct risk r = {.level = RISK_INFO};
        coded_set(&r.what, "carry_vetoed");
        add_line(w, op, a, r, NULL);
    } else if (owner_change_read_carried(&carried, buf_span(task->long_call)) == OK) {
        add_change(w, op, a, &carried.change, v);
    } else if (!BUG(owner_change_read(&call, &c, &id, buf_span(task->long_call)) != OK)) {
        add_change(w, op, a, &c, v);
    }
}
