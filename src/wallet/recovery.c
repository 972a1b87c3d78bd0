/* Recovery by guardians: the request of who has lost an account's keys, the answers to it, and the operations (docs/recovery.md).
 *
 * The contract decides (docs/account.md, "Guardians"). A request names the owner list and the round of the moment: when either has moved
 * on, what guardians signed is worth nothing, and the wallet says so. The request and its answers are in the store, for guardians take
 * days to answer. */
#include "base/check.h"
#include "base/mem.h"
#include "evm/smart_account.h"
#include "wallet/engine.h"
#include "wallet/record.h"

#include <string.h>

enum { DAY_S = 86400 };

const struct recovery_view *recovery_fresh(const struct wallet *w,
                                           struct wallet_time t,
                                           struct address address,
                                           struct id network)
{
    const struct recovery_view *v = wallet_recovery_view(w, address, network);
    return v && t.unix_ms <= v->as_of_ms + RECOVERY_FRESH_MS ? v : NULL;
}

bool recovery_has_guardian(const struct recovery_view *v, const struct smart_owner *guardian)
{
    for (size_t i = 0; i < v->guardians.count; i++) {
        const struct smart_owner *g = &v->guardians.list[i];
        if (span_equal(span_of(g->bytes, g->len), span_of(guardian->bytes, guardian->len))) {
            return true;
        }
    }
    return false;
}

static enum err state_refused(struct coded *why, const char *state)
{
    return refuse_state(why, "recovery_state", state);
}

const char *recovery_lacking(const struct recovery_view *v)
{
    if (!v->is_there) {
        return "no_account";
    }
    if (!v->is_version_2) {
        return "version_1";
    }
    if (v->guardians.count == 0) {
        return "no_guardians";
    }
    return v->guardians.threshold > RECOVERY_ANSWER_COUNT_MAX ? "too_many_guardians" : "";
}

/* ---- the requests that are kept ---- */

static struct recovery_help *find_help(struct wallet *w, struct id account)
{
    for (size_t i = 0; i < RECOVERY_HELP_COUNT_MAX; i++) {
        if (id_equal(w->helps[i].account, account) && w->helps[i].request.act == RECOVERY_RECOVER) {
            return &w->helps[i];
        }
    }
    return NULL;
}

const struct recovery_help *wallet_recovery_help(const struct wallet *w, struct id account)
{
    for (size_t i = 0; i < RECOVERY_HELP_COUNT_MAX; i++) {
        if (id_is_set(account) && id_equal(w->helps[i].account, account) &&
            w->helps[i].request.act == RECOVERY_RECOVER) {
            return &w->helps[i];
        }
    }
    return NULL;
}

static enum err write_text(struct wallet *w, struct wr *wr, uint32_t number, const struct help *h)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, &w->budget, HELP_TEXT_LEN_MAX);
    TRY(help_print(&text, h));
    protobuf_write_bytes(wr, number, buf_span(&text));
    return OK;
}

/* An account has at most one request for help, and one of another kind. */
static struct span store_key(char room[static STORE_KEY_LEN_MAX], const struct recovery_help *r)
{
    struct wr wr = wr_init(mspan_of(room, STORE_KEY_LEN_MAX));
    wr_bytes(&wr, id_span(&r->account));
    wr_str(&wr, r->request.act == RECOVERY_RECOVER ? "" : "+");
    check(wr_ok(&wr));
    return span_of(room, wr.n);
}

enum err recovery_save(struct wallet *w, const struct recovery_help *r)
{
    char key[STORE_KEY_LEN_MAX];
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    struct wr wr = wr_init_buf(&record);
    struct help h = {.kind = HELP_REQUEST, .request = r->request};
    protobuf_write_bytes(&wr, 1, id_span(&r->account));
    protobuf_write_bytes(&wr, 2, id_span(&r->network));
    TRY(write_text(w, &wr, 3, &h));
    for (size_t i = 0; i < r->answer_count; i++) {
        h = (struct help){.kind = HELP_ANSWER, .answer = r->answers[i]};
        TRY(write_text(w, &wr, 4, &h));
    }
    TRY(wr_end(&wr));
    return w->cfg.store->put(w->cfg.store, STORE_RECOVERY, store_key(key, r), buf_span(&record));
}

static enum err load_text(struct recovery_help *r, const struct protobuf_field *f)
{
    struct span text;
    struct help h;
    TRY(protobuf_get_bytes(&text, f));
    TRY(help_parse(&h, text));
    if (h.kind == HELP_REQUEST && f->number == 3) {
        r->request = h.request;
        return OK;
    }
    if (h.kind != HELP_ANSWER || f->number != 4) {
        return ERR_MALFORMED;
    }
    if (r->answer_count == RECOVERY_ANSWER_COUNT_MAX) {
        return ERR_LIMIT;
    }
    r->answers[r->answer_count++] = h.answer;
    return OK;
}

enum err recovery_load(struct wallet *w, struct span record)
{
    struct recovery_help *r = find_help(w, (struct id){0});
    struct protobuf_reader reader = protobuf_read(record);
    struct protobuf_field f;
    enum err err = r ? OK : ERR_LIMIT;
    while (err == OK && protobuf_next(&reader, &f)) {
        switch (f.number) {
        case 1:  err = record_id(&r->account, &f); break;
        case 2:  err = record_id(&r->network, &f); break;
        case 3:
        case 4:  err = load_text(r, &f); break;
        default: break; /* a later version's field */
        }
    }
    err = err == OK ? protobuf_end(&reader) : err;
    if (err == OK && !id_is_set(r->account)) {
        err = ERR_MALFORMED;
    }
    if (err != OK && r) {
        *r = (struct recovery_help){.answer_count = 0};
    }
    return err;
}

enum err recovery_drop(struct wallet *w, struct recovery_help *r)
{
    char key[STORE_KEY_LEN_MAX];
    TRY(w->cfg.store->remove(w->cfg.store, STORE_RECOVERY, store_key(key, r)));
    *r = (struct recovery_help){.answer_count = 0};
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

enum err wallet_recovery_forget(struct wallet *w, struct id account, struct coded *ret_why)
{
    struct recovery_help *r = id_is_set(account) ? find_help(w, account) : NULL;
    enum err err = r ? recovery_drop(w, r) : OK;
    return err == OK ? OK : store_refused(ret_why, err);
}

/* Whoever was to come is an owner; or, where only a co-signer leaves, that one is none. */
static bool is_done(const struct recovery_view *v, const struct help_request *r)
{
    const struct owner_change *c = &r->change;
    if (r->act != RECOVERY_RECOVER) {
        return guardian_act_is_done(v, r);
    }
    return c->added_count > 0 ? owner_view_has(&v->owners, &c->added[0])
                              : !owner_view_has(&v->owners, &c->removed[0]);
}

void recovery_read(struct wallet *w, const struct recovery_view *v)
{
    for (size_t i = 0; i < RECOVERY_HELP_COUNT_MAX; i++) {
        struct recovery_help *r = &w->helps[i];
        bool is_its = id_is_set(r->account) && id_equal(r->network, v->network) &&
                      address_equal(r->request.account, v->address);
        if (is_its && v->is_there && is_done(v, &r->request)) {
            w->owners_wanted = w->owners_wanted || r->request.act == RECOVERY_RECOVER;
            if (recovery_drop(w, r) != OK) {
                log_line(w->cfg.log, LOG_WARN, "wallet", "a request could not be taken away");
            }
        }
    }
    guardian_way_learn(w, v);
}

/* ---- asking ---- */

/* The passkey of an account that is not gone. */
static const struct owner *first_owner(const struct account *a)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        if (a->owners[i].standing != OWNER_GONE && a->owners[i].kind != OWNER_COSIGNER) {
            return &a->owners[i];
        }
    }
    return NULL;
}

static struct account *find_address(struct wallet *w, struct address address)
{
    for (size_t i = 0; i < w->account_count; i++) {
        if (address_equal(w->accounts[i]->address, address)) {
            return w->accounts[i];
        }
    }
    return NULL;
}

static void
add_owner(struct wallet *w, struct wallet_time t, struct account *a, const struct owner *o)
{
    struct owner *copy = &a->owners[a->owner_count++];
    *copy = *o;
    copy->id = id_make(w->cfg.rng);
    copy->created_ms = t.unix_ms;
    copy->is_added = true;
    copy->standing = OWNER_NEW;
}

/* The account as it will be in this wallet: its passkey waits in it. */
static enum err adopt_new(struct wallet *w,
                          struct wallet_time t,
                          const struct recovery_ask_args *args,
                          const struct owner *o,
                          struct account *fresh,
                          struct coded *ret_why)
{
    *fresh = (struct account){.id = id_make(w->cfg.rng),
                              .kind = ACCOUNT_PASSKEY,
                              .address = args->address,
                              .threshold = 1,
                              .created_ms = t.unix_ms};
    TRY(book_check_name(w, &fresh->name, args->name, NULL, ret_why));
    add_owner(w, t, fresh, o);
    enum err err = book_save_account(w, fresh);
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    err = book_add_account(w, fresh);
    return err == OK ? OK : refuse_limit(ret_why, "accounts", ACCOUNT_COUNT_MAX);
}

static enum err adopt_known(struct wallet *w,
                            struct wallet_time t,
                            struct account *a,
                            const struct owner *o,
                            struct coded *ret_why)
{
    if (a->kind != ACCOUNT_PASSKEY) {
        coded_set(ret_why, "account_known");
        coded_add(ret_why, "name", name_span(&a->name));
        return ERR_STATE;
    }
    if (account_owner(a, span_of(o->credential, o->credential_len))) {
        return OK;
    }
    if (a->owner_count >= OWNER_COUNT_MAX) {
        return refuse_limit(ret_why, "owners", OWNER_COUNT_MAX);
    }
    add_owner(w, t, a, o);
    enum err err = book_save_account(w, a);
    if (err != OK) {
        a->owner_count--;
        return store_refused(ret_why, err);
    }
    return OK;
}

static enum err adopt(struct wallet *w,
                      struct wallet_time t,
                      const struct recovery_ask_args *args,
                      const struct owner *o,
                      struct coded *ret_why)
{
    struct account *known = find_address(w, args->address);
    if (known) {
        return adopt_known(w, t, known, o, ret_why);
    }
    void *fresh = NULL;
    TRY(mem_alloc(&w->budget, &fresh, sizeof(struct account)));
    enum err err = adopt_new(w, t, args, o, fresh, ret_why);
    mem_free(&w->budget, fresh, sizeof(struct account));
    return err;
}

/* As many as there is room for, the passkeys or all others. */
static void remove_owners(struct owner_change *c, const struct recovery_view *v, bool passkeys)
{
    struct address unused;
    for (size_t i = 0; i < v->owners.count && c->removed_count < OWNER_CHANGE_EACH_MAX; i++) {
        if ((guardian_kind(&v->owners.list[i], &unused) == GUARDIAN_PASSKEY) == passkeys) {
            c->removed[c->removed_count++] = v->owners.list[i];
        }
    }
}

static struct help_request
request_of(const struct network *n, const struct recovery_view *v, const struct smart_owner *owner)
{
    struct help_request r = {
        .chain_id = n->chain_id, .account = v->address, .round = v->recovery.round};
    struct owner_change *c = &r.change;
    c->sequence = v->owners.sequence + 1;
    span_copy(MSPAN_OF(c->previous), SPAN_OF(v->owners.head));
    c->threshold = 1;
    c->added[c->added_count++] = *owner;
    /* Lost keys may have been found by somebody. More owners than go into one change are removed afterwards: ordinary keys go first, for one signature
     * suffices then, and a server may have such a key (docs/cosigner.md). */
    remove_owners(c, v, false);
    remove_owners(c, v, true);
    return r;
}

static enum err
check_askable(const struct recovery_view *v, const struct smart_owner *owner, struct coded *ret_why)
{
    if (!v) {
        return refuse(ret_why, ERR_STATE, "recovery_unread");
    }
    const char *state = recovery_lacking(v);
    if (state[0]) {
        return state_refused(ret_why, state);
    }
    if (v->recovery.is_pending) {
        return state_refused(ret_why, "under_way");
    }
    return owner_view_has(&v->owners, owner) ? state_refused(ret_why, "owner_already") : OK;
}

enum err wallet_recovery_ask(struct wallet *w,
                             struct wallet_time t,
                             const struct recovery_ask_args *args,
                             const struct account **ret_account,
                             struct coded *ret_why)
{
    const struct account *by = wallet_account(w, args->by);
    const struct network *n = wallet_network(w, args->network);
    struct smart_owner owner;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    const struct owner *o = by ? first_owner(by) : NULL;
    if (!by || !n) {
        return refuse(ret_why, ERR_NOT_FOUND, n ? "unknown_account" : "unknown_network");
    }
    if (by->kind != ACCOUNT_PASSKEY || !o) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    const struct recovery_view *v = recovery_fresh(w, t, args->address, args->network);
    owner = smart_owner_passkey(n->verifier, o->public_key, span_str(o->origin));
    TRY(check_askable(v, &owner, ret_why));
    TRY(adopt(w, t, args, o, ret_why));
    const struct account *a = find_address(w, args->address);
    check(a);
    struct recovery_help *r = find_help(w, a->id);
    r = r ? r : find_help(w, (struct id){0});
    if (!r) {
        return refuse_limit(ret_why, "recoveries", RECOVERY_HELP_COUNT_MAX);
    }
    *r = (struct recovery_help){
        .account = a->id, .network = args->network, .request = request_of(n, v, &owner)};
    enum err err = recovery_save(w, r);
    if (err != OK) {
        *r = (struct recovery_help){.answer_count = 0};
        return store_refused(ret_why, err);
    }
    *ret_account = a;
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

/* ---- a co-signer leaves ---- */

enum err recovery_ask_leave(struct wallet *w,
                            struct wallet_time t,
                            const struct account *a,
                            const struct network *n,
                            const struct smart_owner *leaves,
                            struct hash32 *ret_hash,
                            struct coded *ret_why)
{
    const struct recovery_view *v = recovery_fresh(w, t, a->address, n->id);
    if (!v) {
        return refuse(ret_why, ERR_STATE, "recovery_unread");
    }
    const char *state = recovery_lacking(v);
    if (state[0] || v->recovery.is_pending) {
        return state_refused(ret_why, state[0] ? state : "under_way");
    }
    if (!owner_view_has(&v->owners, leaves)) {
        return refuse_state(ret_why, "cosigner_state", "no_owner");
    }
    struct recovery_help *r = find_help(w, a->id);
    r = r ? r : find_help(w, (struct id){0});
    if (!r) {
        return refuse_limit(ret_why, "recoveries", RECOVERY_HELP_COUNT_MAX);
    }
    struct help_request request = {
        .chain_id = n->chain_id, .account = v->address, .round = v->recovery.round};
    request.change =
        (struct owner_change){.sequence = v->owners.sequence + 1,
                              .threshold = v->owners.threshold > 1 ? v->owners.threshold - 1 : 1,
                              .removed_count = 1};
    request.change.removed[0] = *leaves;
    span_copy(MSPAN_OF(request.change.previous), SPAN_OF(v->owners.head));
    *r = (struct recovery_help){.account = a->id, .network = n->id, .request = request};
    enum err err = recovery_save(w, r);
    if (err != OK) {
        *r = (struct recovery_help){.answer_count = 0};
        return store_refused(ret_why, err);
    }
    help_request_hash(ret_hash, &request);
    return OK;
}

/* ---- gathering ---- */

size_t wallet_recovery_needed(const struct wallet *w, const struct recovery_help *h)
{
    const struct recovery_view *v = wallet_recovery_view(w, h->request.account, h->network);
    return v ? (size_t)v->guardians.threshold : 0;
}

/* Is this answer one to that request, by a guardian who has not answered yet? */
static enum err check_answer(const struct recovery_view *v,
                             const struct recovery_help *r,
                             const struct help_answer *a,
                             struct coded *ret_why)
{
    struct hash32 hash;
    help_request_hash(&hash, &r->request);
    if (!span_equal(SPAN_OF(hash.bytes), SPAN_OF(a->hash.bytes))) {
        return refuse(ret_why, ERR_STATE, "help_other");
    }
    if (wallet_help_is_outdated(v, &r->request)) {
        return state_refused(ret_why, "outdated");
    }
    if (!recovery_has_guardian(v, &a->guardian)) {
        return refuse(ret_why, ERR_AUTH, "help_stranger");
    }
    for (size_t i = 0; i < r->answer_count; i++) {
        const struct smart_owner *g = &r->answers[i].guardian;
        if (span_equal(span_of(g->bytes, g->len), span_of(a->guardian.bytes, a->guardian.len))) {
            return refuse(ret_why, ERR_STATE, "help_again");
        }
    }
    if (guardian_verify(&a->guardian, &hash, span_of(a->signature, a->signature_len)) != OK) {
        return refuse(ret_why, ERR_AUTH, "help_signature");
    }
    return r->answer_count < RECOVERY_ANSWER_COUNT_MAX
               ? OK
               : refuse_limit(ret_why, "answers", RECOVERY_ANSWER_COUNT_MAX);
}

/* Which of the account's requests this is an answer to; none: the first, to which it is none. */
static struct recovery_help *
find_answered(struct wallet *w, struct id account, const struct hash32 *hash)
{
    struct recovery_help *first = NULL;
    for (size_t i = 0; i < RECOVERY_HELP_COUNT_MAX; i++) {
        struct recovery_help *r = &w->helps[i];
        struct hash32 asked;
        if (!id_is_set(account) || !id_equal(r->account, account)) {
            continue;
        }
        help_request_hash(&asked, &r->request);
        if (span_equal(SPAN_OF(asked.bytes), SPAN_OF(hash->bytes))) {
            return r;
        }
        first = first ? first : r;
    }
    return first;
}

enum err wallet_recovery_gather(struct wallet *w,
                                struct wallet_time t,
                                struct id account,
                                struct span text,
                                struct coded *ret_why)
{
    static const struct hash32 none;
    struct help h;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!find_answered(w, account, &none)) {
        return state_refused(ret_why, "not_asked");
    }
    if (help_parse(&h, text) != OK || h.kind != HELP_ANSWER) {
        return refuse(ret_why, ERR_MALFORMED, "help_bad");
    }
    struct recovery_help *r = find_answered(w, account, &h.answer.hash);
    const struct recovery_view *v = recovery_fresh(w, t, r->request.account, r->network);
    if (!v) {
        return refuse(ret_why, ERR_STATE, "recovery_unread");
    }
    TRY(check_answer(v, r, &h.answer, ret_why));
    r->answers[r->answer_count++] = h.answer;
    enum err err = recovery_save(w, r);
    if (err != OK) {
        r->answer_count--;
        return store_refused(ret_why, err);
    }
    if (r->request.act == RECOVERY_PRACTICE) {
        guardian_way_practised(w, t, r, v);
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

/* ---- operations ---- */

static enum operation_kind kind_of(enum recovery_wish what)
{
    switch (what) {
    case RECOVERY_WISH_BEGIN:   return OPERATION_RECOVERY_BEGIN;
    case RECOVERY_WISH_APPLY:   return OPERATION_RECOVERY_APPLY;
    case RECOVERY_WISH_PUT_OFF: return OPERATION_RECOVERY_PUT_OFF;
    case RECOVERY_WISH_FREEZE:  return OPERATION_RECOVERY_FREEZE;
    case RECOVERY_WISH_CANCEL:  return OPERATION_RECOVERY_CANCEL;
    case RECOVERY_WISH_HOLD:    return OPERATION_RECOVERY_HOLD;
    }
    return OPERATION_RECOVERY_FREEZE;
}

enum err wallet_recovery_prepare(struct wallet *w,
                                 struct wallet_time t,
                                 const struct recovery_args *args,
                                 uint64_t *ret_task,
                                 struct coded *ret_why)
{
    struct transfer x = {.account = args->payer,
                         .network = args->network,
                         .speed = args->speed,
                         .by_command_line = args->by_command_line};
    const struct account *lost = wallet_account(w, args->account);
    TRY(prepare_check_subject(w, &x, ret_why));
    if (!lost) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    bool is_guardians = args->what == RECOVERY_WISH_CANCEL || args->what == RECOVERY_WISH_HOLD;
    if (lost->kind != ACCOUNT_PASSKEY && !(is_guardians && lost->kind == ACCOUNT_WATCH)) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    x.to = lost->address;
    const struct own_subject what = {.kind = kind_of(args->what), .lost = args->account};
    return prepare_begin(w, t, &x, &what, ret_task, ret_why);
}

enum err recovery_signature(struct buf *out, const struct recovery_help *r)
{
    struct smart_signature all[RECOVERY_ANSWER_COUNT_MAX];
    for (size_t i = 0; i < r->answer_count; i++) {
        all[i] = (struct smart_signature){
            .owner = r->answers[i].guardian,
            .signature = span_of(r->answers[i].signature, r->answers[i].signature_len)};
    }
    return smart_account_signature(out, all, r->answer_count);
}

static enum err put_answers(struct wallet *w, struct buf *out, const struct recovery_help *r)
{
    AUTO(buf_done) struct buf signature;
    buf_init(&signature, &w->budget, RECOVERY_SIGNATURES_LEN_MAX);
    TRY(recovery_signature(&signature, r));
    return account_recovery_begin(out, &r->request.change, buf_span(&signature));
}

static enum err build_begin(struct wallet *w,
                            struct task *task,
                            const struct recovery_view *v,
                            const struct recovery_help *r)
{
    struct coded *why = &task->result.why;
    if (!r) {
        return state_refused(why, "not_asked");
    }
    if (v->recovery.is_pending) {
        return state_refused(why, "under_way");
    }
    if (wallet_help_is_outdated(v, &r->request)) {
        return state_refused(why, "outdated");
    }
    if (r->answer_count == 0 || r->answer_count < v->guardians.threshold) {
        return state_refused(why, "too_few");
    }
    return put_answers(w, &w->recovery_call, r);
}

static enum err build_apply(struct wallet *w,
                            struct wallet_time t,
                            struct task *task,
                            const struct view *payer,
                            const struct recovery_view *v,
                            const struct recovery_help *r)
{
    struct hash32 id;
    if (!v->recovery.is_pending) {
        return state_refused(&task->result.why, "not_under_way");
    }
    if (r) {
        owner_change_id(&id, v->address, &r->request.change);
    }
    if (!r || !span_equal(SPAN_OF(id.bytes), SPAN_OF(v->recovery.pending.bytes))) {
        return state_refused(&task->result.why, "another");
    }
    TRY(owners_check_ready(task, t, payer, v->recovery.ready_at, "recovery_waits"));
    return account_recovery_apply(&w->recovery_call, &r->request.change);
}

/* What one owner signed apart; by the account's own operation nothing of that kind is needed to put a recovery off. */
static enum err build_brake(struct wallet *w, struct task *task, enum recovery_act act)
{
    const struct recovery_brake *b = &w->brake;
    const struct smart_owner nobody = {.len = 0};
    bool is_signed = id_equal(b->account, task->lost) &&
                     id_equal(b->network, task->transfer.network) && b->act == act;
    bool is_own = act == RECOVERY_PUT_OFF && id_equal(task->lost, task->transfer.account);
    if (!is_signed && !is_own) {
        return state_refused(&task->result.why, "unsigned");
    }
    const struct smart_owner *owner = is_signed ? &b->owner : &nobody;
    struct span signature =
        is_signed ? span_of(b->signature.signature, b->signature.signature_len) : SPAN_EMPTY;
    return act == RECOVERY_FREEZE ? account_recovery_freeze(&w->recovery_call, owner, signature)
                                  : account_recovery_put_off(&w->recovery_call, owner, signature);
}

static bool is_call_taken(const struct wallet *w, const struct task *task)
{
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        const struct task *other = &w->tasks[i];
        if (other != task && other->id != 0 && other->step != TASK_DONE && other->long_call) {
            return true;
        }
    }
    return false;
}

enum err recovery_take_call(struct wallet *w, struct task *task)
{
    if (is_call_taken(w, task)) {
        return refuse_limit(&task->result.why, "tasks", 1);
    }
    buf_clear(&w->recovery_call);
    task->long_call = &w->recovery_call;
    return OK;
}

enum err
recovery_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    const struct account *lost = wallet_account(w, task->lost);
    const struct recovery_help *help = wallet_recovery_help(w, task->lost);
    const struct recovery_view *r =
        lost ? recovery_fresh(w, t, lost->address, task->transfer.network) : NULL;
    if (!r) {
        return refuse(&task->result.why, ERR_STATE, "recovery_unread");
    }
    if (!r->is_version_2) {
        return state_refused(&task->result.why, r->is_there ? "version_1" : "no_account");
    }
    TRY(recovery_take_call(w, task));
    if (task->operation_kind == OPERATION_RECOVERY_BEGIN) {
        return build_begin(w, task, r, help);
    }
    if (task->operation_kind == OPERATION_RECOVERY_APPLY) {
        return build_apply(w, t, task, v, r, help);
    }
    if (task->operation_kind == OPERATION_RECOVERY_CANCEL ||
        task->operation_kind == OPERATION_RECOVERY_HOLD) {
        return guardian_act_build(w, t, task);
    }
    bool is_put_off = task->operation_kind == OPERATION_RECOVERY_PUT_OFF;
    return build_brake(w, task, is_put_off ? RECOVERY_PUT_OFF : RECOVERY_FREEZE);
}

void recovery_add_risks(struct wallet *w, struct operation *op, const struct task *task)
{
    const struct account *lost = wallet_account(w, task->lost);
    const struct recovery_view *v =
        lost ? wallet_recovery_view(w, lost->address, op->network) : NULL;
    struct risk r = {.level = RISK_CAUTION};
    if (!lost || !v) {
        return;
    }
    if (op->kind == OPERATION_RECOVERY_BEGIN) {
        coded_set(&r.what, "recovery_begun");
        coded_add(&r.what, "name", name_span(&lost->name));
        coded_add_u64(&r.what, "days", v->guardians.delay_s / DAY_S);
    } else if (op->kind == OPERATION_RECOVERY_APPLY) {
        r = (struct risk){.level = RISK_DANGER, .tick = true};
        coded_set(&r.what, "recovery_applied");
        coded_add(&r.what, "name", name_span(&lost->name));
    } else if (op->kind == OPERATION_RECOVERY_PUT_OFF) {
        bool is_first = v->recovery.vetoes + 1 < RECOVERY_VETOES_MAX;
        coded_set(&r.what, is_first ? "recovery_put_off" : "recovery_put_off_last");
        coded_add_u64(&r.what, "days", v->guardians.delay_s / DAY_S);
    } else if (op->kind == OPERATION_RECOVERY_CANCEL) {
        coded_set(&r.what, "recovery_cancelled");
        coded_add(&r.what, "name", name_span(&lost->name));
    } else if (op->kind == OPERATION_RECOVERY_HOLD) {
        r = (struct risk){.level = RISK_DANGER, .tick = true};
        coded_set(&r.what, "recovery_held");
        coded_add(&r.what, "name", name_span(&lost->name));
        coded_add_u64(&r.what, "days", v->guardians.delay_s / DAY_S);
    } else {
        r = (struct risk){.level = RISK_DANGER, .tick = true};
        coded_set(&r.what, "recovery_frozen");
        coded_add_u64(&r.what, "days", v->owners.delay_s / DAY_S);
    }
    operation_add_risk(op, &r);
}
