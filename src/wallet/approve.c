/* From an assertion to a signed operation. The signed operation is in the store before it leaves. */
#include "base/check.h"
#include "evm/smart_account.h"
#include "evm/tx.h"
#include "evm/userop.h"
#include "wallet/engine.h"

enum { SIGNATURE_LEN_MAX = 8192 };

static bool is_ticked(const struct approve_args *args, const struct risk *risk)
{
    for (size_t i = 0; i < args->tick_count; i++) {
        if (span_equal(args->ticks[i], span_str(risk->what.code))) {
            return true;
        }
    }
    return false;
}

static enum err
check_risks(const struct operation *op, const struct approve_args *args, struct coded *ret_why)
{
    for (size_t i = 0; i < op->risk_count; i++) {
        const struct risk *r = &op->risks[i];
        if (r->level == RISK_BLOCKED) {
            coded_set(ret_why, "risk_blocked");
            coded_add_str(ret_why, "risk", r->what.code);
            return ERR_DENIED;
        }
        if (r->tick && !is_ticked(args, r)) {
            return refuse(ret_why, ERR_DENIED, "risk_unticked");
        }
    }
    return OK;
}

static enum err check_time(struct wallet *w,
                           struct wallet_time t,
                           const struct operation *op,
                           struct coded *ret_why)
{
    if (t.unix_ms >= op->expires_ms) {
        return refuse(ret_why, ERR_TIMEOUT, "operation_expired");
    }
    const struct view *v = wallet_view(w, op->account, op->network);
    if (!v || t.unix_ms > v->as_of_ms + VIEW_TOO_OLD_MS) {
        read_want(w, t, op->account); /* it need not be the selected one, and is ready next time */
        coded_set(ret_why, "stale_data");
        coded_add_u64(ret_why, "seconds",
                      v ? (t.unix_ms - v->as_of_ms) / 1000 : VIEW_TOO_OLD_MS / 1000);
        return ERR_STATE;
    }
    return OK;
}

enum err approve_nonce(struct u256 *ret, const struct operation *op)
{
    struct userop userop;
    struct tx tx;
    if (op->is_transaction) {
        TRY(tx_decode(&tx, buf_span(&op->userop)));
        *ret = u256_from_u64(tx.nonce);
        return OK;
    }
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    *ret = userop.nonce;
    return OK;
}

/* Something else took its place since it was prepared: the nonce is used, or another one is on its way. */
static enum err check_nonce(struct wallet *w, const struct operation *op, struct coded *ret_why)
{
    struct u256 nonce;
    const struct view *v = wallet_view(w, op->account, op->network);
    if (BUG(approve_nonce(&nonce, op) != OK)) {
        return ERR_INTERNAL;
    }
    bool is_used = v && u256_compare(figure_value(&v->nonce), nonce) > 0;
    for (size_t i = 0; i < w->open_count && !is_used; i++) {
        const struct operation *other = w->open[i].op;
        bool is_pending = other->state == OPERATION_SIGNED || other->state == OPERATION_SUBMITTED;
        is_used = is_pending && id_equal(other->account, op->account) &&
                  id_equal(other->network, op->network) && !id_equal(other->id, op->replaces);
    }
    return is_used ? refuse(ret_why, ERR_STATE, "operation_changed") : OK;
}

static enum err check_current(struct wallet *w,
                              struct wallet_time t,
                              const struct operation *op,
                              const struct approve_args *args,
                              struct coded *ret_why)
{
    if (op->state != OPERATION_PREPARED) {
        return refuse_state(ret_why, "operation_state", operation_state_name(op->state));
    }
    if (op->revision != args->revision) {
        return refuse(ret_why, ERR_STATE, "operation_changed");
    }
    TRY(trust_check(w, op->network, ret_why));
    TRY(check_time(w, t, op, ret_why));
    return check_nonce(w, op, ret_why);
}

static enum err check_approvable(struct wallet *w,
                                 struct wallet_time t,
                                 const struct operation *op,
                                 const struct approve_args *args,
                                 struct coded *ret_why)
{
    TRY(check_current(w, t, op, args, ret_why));
    return check_risks(op, args, ret_why);
}

/* The signatures that an operation has, of an account of several signers; their spans point into it. */
static enum err read_signatures(struct smart_signature ret[static OPERATION_SIGNER_COUNT_MAX],
                                size_t *ret_count,
                                const struct operation *op)
{
    struct userop userop;
    size_t count = 0;
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    if (userop.signature.n > 0) {
        TRY(smart_account_signatures(ret, &count, OPERATION_SIGNER_COUNT_MAX, userop.signature));
    }
    *ret_count = count;
    return OK;
}

static bool is_of(const struct smart_owner *a, const struct smart_owner *b)
{
    return span_equal(span_of(a->bytes, a->len), span_of(b->bytes, b->len));
}

uint64_t wallet_signers_needed(const struct wallet *w, const struct operation *op)
{
    const struct account *a = wallet_account(w, op->account);
    return !a || op->is_transaction || operation_is_within(op)
               ? 1
               : wallet_threshold(w, a, op->network);
}

size_t wallet_signature_count(const struct operation *op)
{
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    size_t count = 0;
    return op->is_transaction || op->userop.n == 0 || read_signatures(all, &count, op) != OK
               ? 0
               : count;
}

size_t wallet_signers(const struct wallet *w,
                      const struct operation *op,
                      const struct owner *ret[static OPERATION_SIGNER_COUNT_MAX])
{
    const struct account *a = wallet_account(w, op->account);
    const struct network *n = wallet_network(w, op->network);
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    size_t count = 0;
    size_t found = 0;
    if (!a || !n || op->is_transaction || op->userop.n == 0 ||
        read_signatures(all, &count, op) != OK) {
        return 0;
    }
    for (size_t i = 0; i < a->owner_count; i++) {
        const struct owner *o = &a->owners[i];
        struct smart_owner bytes = owner_bytes(n, o);
        for (size_t k = 0; k < count && found < OPERATION_SIGNER_COUNT_MAX; k++) {
            if (is_of(&bytes, &all[k].owner)) {
                ret[found++] = o;
            }
        }
    }
    return found;
}

/* Puts one more owner's signature into the operation's encoding; how many there are then. */
static enum err put_signature(struct wallet *w,
                              struct operation *op,
                              const struct smart_owner *owner,
                              struct span signature,
                              size_t *ret_count)
{
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    size_t count = 0;
    AUTO(buf_done) struct buf whole;
    AUTO(buf_done) struct buf encoded;
    buf_init(&whole, &w->budget, SIGNATURE_LEN_MAX);
    buf_init(&encoded, &w->budget, OPERATION_USEROP_LEN_MAX);
    TRY(read_signatures(all, &count, op));
    if (count == OPERATION_SIGNER_COUNT_MAX) {
        return ERR_LIMIT;
    }
    all[count++] = (struct smart_signature){.owner = *owner, .signature = signature};
    TRY(smart_account_signature(&whole, all, count));
    *ret_count = count;
    struct userop userop;
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    userop.signature = buf_span(&whole);
    TRY(userop_encode(&userop, &encoded));
    buf_clear(&op->userop);
    return buf_append(&op->userop, buf_span(&encoded));
}

/* Puts the key's signature into the transaction: ours, over exactly the hash that was shown, or it is refused. */
static enum err
put_tx_signature(struct wallet *w, struct operation *op, const struct secp256k1_signature *sig)
{
    AUTO(buf_done) struct buf encoded;
    struct tx tx;
    struct address sender;
    buf_init(&encoded, &w->budget, OPERATION_USEROP_LEN_MAX);
    TRY(tx_decode(&tx, buf_span(&op->userop)));
    TRY(tx_sign_with(&tx, sig));
    TRY(tx_sender(&sender, &tx, &encoded));
    if (!address_equal(sender, op->from)) {
        return ERR_AUTH;
    }
    TRY(tx_encode(&tx, &encoded));
    tx_hash(&op->tx_hash, buf_span(&encoded));
    op->has_tx = true;
    buf_clear(&op->userop);
    return buf_append(&op->userop, buf_span(&encoded));
}

/* A signature of either kind. */
struct approval {
    const struct owner *owner;     /* NULL: of an ordinary account, or not known in this wallet */
    const struct smart_owner *key; /* NULL: of an ordinary account */
    struct span signature;
    const struct secp256k1_signature *key_signature;
};

/* One of several has signed: it waits for the next, who sees it as it is now. */
static void note_signed_in_part(struct operation *op, struct wallet_time t)
{
    op->revision++;
    op->updated_ms = t.unix_ms;
    if (!op->is_given_out) { /* else it has its time, which the text names */
        op->expires_ms = t.unix_ms + WALLET_OTHERS_SIGN_MS;
    }
}

/* Signs a copy and writes it; the operation itself changes only when the copy is on disk. */
static enum err sign(struct wallet *w,
                     struct wallet_time t,
                     struct open_operation *o,
                     const struct approval *a,
                     struct coded *ret_why)
{
    AUTO(operation_auto) struct operation *copy = NULL;
    struct step_args step = {.state = OPERATION_SIGNED, .at_ms = t.unix_ms};
    TRY(operation_new(&copy, &w->budget));
    TRY(wallet_operation(w, o->op->id, copy));
    size_t signers = 1;
    enum err err = a->key ? put_signature(w, copy, a->key, a->signature, &signers)
                          : put_tx_signature(w, copy, a->key_signature);
    if (err != OK) {
        coded_set(ret_why, "internal");
        coded_add_str(ret_why, "where", "signature");
        return err;
    }
    if (a->owner) {
        copy->owner = a->owner->id;
        step.by = name_span(&a->owner->name);
    }
    if (a->key && signers < wallet_signers_needed(w, copy)) {
        note_signed_in_part(copy, t);
    } else {
        operation_go(copy, step);
    }
    err = book_save_operation(w, copy);
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    struct operation *signed_op = copy;
    copy = o->op;
    o->op = signed_op;
    return OK;
}

/* It is signed and written: what it replaces knows so, and it goes on its way. */
static void set_off(struct wallet *w, struct wallet_time t, struct open_operation *o)
{
    struct open_operation *old = id_is_set(o->op->replaces) ? track_find(w, o->op->replaces) : NULL;
    if (old) {
        old->op->replaced_by = o->op->id;
        if (book_save_operation(w, old->op) != OK) {
            log_line(w->cfg.log, LOG_WARN, "wallet", "the replaced operation could not be stored");
        }
        queue_operation(w, old->op->id);
    }
    o->retry_at = t.mono;
    queue_operation(w, o->op->id);
    queue_note(w, WALLET_STATUS_CHANGED);
    track_tick(w, t);
}

static enum err find_approvable(struct wallet *w,
                                struct wallet_time t,
                                const struct approve_args *args,
                                struct open_operation **ret,
                                struct coded *ret_why)
{
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    *ret = track_find(w, args->operation);
    if (!*ret) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    return check_approvable(w, t, (*ret)->op, args, ret_why);
}

static enum err check_not_signed(const struct wallet *w,
                                 const struct operation *op,
                                 const struct owner *owner,
                                 struct coded *ret_why)
{
    const struct owner *signers[OPERATION_SIGNER_COUNT_MAX];
    size_t count = wallet_signers(w, op, signers);
    for (size_t i = 0; i < count; i++) {
        if (signers[i] == owner) {
            coded_set(ret_why, "already_signed");
            coded_add(ret_why, "name", name_span(&owner->name));
            return ERR_STATE;
        }
    }
    return OK;
}

enum err wallet_approve(struct wallet *w,
                        struct wallet_time t,
                        const struct approve_args *args,
                        struct coded *ret_why)
{
    struct open_operation *o = NULL;
    TRY(find_approvable(w, t, args, &o, ret_why));
    struct account *account = book_account(w, o->op->account);
    check(account);
    if (o->op->is_transaction) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    struct passkey_args passkey = {.account = account,
                                   .network = o->op->network,
                                   .challenge = SPAN_OF(o->op->userop_hash.bytes),
                                   .answer = &args->answer};
    AUTO(buf_done) struct buf signature;
    buf_init(&signature, &w->budget, SIGNATURE_LEN_MAX);
    struct owner *owner = NULL;
    TRY(passkey_verify(w, t, &passkey, &owner, &signature, ret_why));
    TRY(check_not_signed(w, o->op, owner, ret_why));
    const struct smart_owner key = owner_bytes(wallet_network(w, o->op->network), owner);
    const struct approval approval = {
        .owner = owner, .key = &key, .signature = buf_span(&signature)};
    TRY(sign(w, t, o, &approval, ret_why));
    bool is_whole = o->op->state == OPERATION_SIGNED;
    if (is_whole) {
        owners_signed(account, o->op);
        setting_signed(w, account, o->op);
        session_signed(w, t, account, o->op);
    }
    if (book_save_account(w, account) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "the use of a passkey could not be stored");
    }
    if (!is_whole) {
        queue_operation(w, o->op->id);
        queue_note(w, WALLET_STATUS_CHANGED);
        return OK;
    }
    set_off(w, t, o);
    return OK;
}

enum err approve_by_cosigner(struct wallet *w,
                             struct wallet_time t,
                             const struct approve_args *args,
                             const struct owner *cosigner,
                             struct span signature,
                             struct coded *ret_why)
{
    struct open_operation *o = track_find(w, args->operation);
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    TRY(check_current(w, t, o->op, args, ret_why));
    TRY(check_not_signed(w, o->op, cosigner, ret_why));
    const struct smart_owner key = owner_bytes(wallet_network(w, o->op->network), cosigner);
    const struct approval approval = {.owner = cosigner, .key = &key, .signature = signature};
    TRY(sign(w, t, o, &approval, ret_why));
    if (o->op->state == OPERATION_SIGNED) {
        struct account *account = book_account(w, o->op->account);
        check(account);
        owners_signed(account, o->op);
        if (book_save_account(w, account) != OK) {
            log_line(w->cfg.log, LOG_WARN, "wallet", "a change of the owners could not be kept");
        }
        set_off(w, t, o);
    } else {
        queue_operation(w, o->op->id);
        queue_note(w, WALLET_STATUS_CHANGED);
    }
    return OK;
}

/* Which of the account's owners in this wallet it is; NULL: none of them. */
static const struct owner *
known_owner(const struct account *a, const struct network *n, const struct smart_owner *key)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        struct smart_owner bytes = owner_bytes(n, &a->owners[i]);
        if (is_of(&bytes, key)) {
            return &a->owners[i];
        }
    }
    return NULL;
}

static enum err check_key_not_signed(const struct operation *op,
                                     const struct smart_owner *key,
                                     const struct owner *known,
                                     struct coded *ret_why)
{
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    size_t count = 0;
    TRY(read_signatures(all, &count, op));
    for (size_t i = 0; i < count; i++) {
        if (is_of(&all[i].owner, key)) {
            coded_set(ret_why, "already_signed");
            coded_add(ret_why, "name", known ? name_span(&known->name) : SPAN_LIT("?"));
            return ERR_STATE;
        }
    }
    return OK;
}

/* What the whole operation changes is known in the account, which is stored. */
static void note_whole(struct wallet *w,
                       struct wallet_time t,
                       struct account *account,
                       const struct operation *op)
{
    owners_signed(account, op);
    setting_signed(w, account, op);
    session_signed(w, t, account, op);
    if (book_save_account(w, account) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "what was signed could not be noted");
    }
}

enum err approve_by_owner(struct wallet *w,
                          struct wallet_time t,
                          const struct approve_args *args,
                          const struct smart_owner *key,
                          struct span signature,
                          struct coded *ret_why)
{
    struct open_operation *o = track_find(w, args->operation);
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    struct account *account = book_account(w, o->op->account);
    check(account);
    const struct owner *known = known_owner(account, wallet_network(w, o->op->network), key);
    TRY(check_key_not_signed(o->op, key, known, ret_why));
    const struct approval approval = {.owner = known, .key = key, .signature = signature};
    TRY(sign(w, t, o, &approval, ret_why));
    if (o->op->state == OPERATION_SIGNED) {
        note_whole(w, t, account, o->op);
        set_off(w, t, o);
    } else {
        queue_operation(w, o->op->id);
        queue_note(w, WALLET_STATUS_CHANGED);
    }
    return OK;
}

enum err approve_check_current(struct wallet *w,
                               struct wallet_time t,
                               const struct operation *op,
                               const struct approve_args *args,
                               struct coded *ret_why)
{
    return check_current(w, t, op, args, ret_why);
}

enum err wallet_approvable(struct wallet *w,
                           struct wallet_time t,
                           const struct approve_args *args,
                           struct coded *ret_why)
{
    struct open_operation *o = NULL;
    return find_approvable(w, t, args, &o, ret_why);
}

enum err wallet_approve_signed(struct wallet *w,
                               struct wallet_time t,
                               const struct approve_args *args,
                               const struct secp256k1_signature *sig,
                               struct coded *ret_why)
{
    struct open_operation *o = NULL;
    const struct approval approval = {.key_signature = sig};
    TRY(find_approvable(w, t, args, &o, ret_why));
    if (!o->op->is_transaction) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    TRY(sign(w, t, o, &approval, ret_why));
    set_off(w, t, o);
    return OK;
}
