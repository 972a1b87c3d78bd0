/* The guardian's side: what an account of this wallet is as a guardian, what he is asked to sign, and his answer. And what any one owner
 * signs to stop a recovery or the account: it goes the same way, a hash and a passkey, without an operation. */
#include "base/check.h"
#include "wallet/engine.h"

#include <string.h>

enum { BRAKE_SIGNATURE_LEN_MAX = HELP_SIGNATURE_LEN_MAX };

static struct smart_owner passkey_bytes(const struct wallet *w, const struct owner *o)
{
    /* The verifier stands at the same place on every chain. */
    return smart_owner_passkey(w->cfg.networks[0].verifier, o->public_key, span_str(o->origin));
}

enum err wallet_guardian_of(const struct wallet *w,
                            struct id account,
                            struct id owner,
                            struct smart_owner *ret,
                            struct coded *ret_why)
{
    const struct account *a = wallet_account(w, account);
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (account_is_ordinary(a)) {
        *ret = guardian_of_address(a->address);
        return OK;
    }
    if (a->kind != ACCOUNT_PASSKEY) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    for (size_t i = 0; i < a->owner_count; i++) {
        const struct owner *o = &a->owners[i];
        if (o->kind == OWNER_COSIGNER) {
            continue;
        }
        if (id_is_set(owner) ? id_equal(o->id, owner) : o->standing != OWNER_GONE) {
            *ret = passkey_bytes(w, o);
            return OK;
        }
    }
    return refuse(ret_why, ERR_NOT_FOUND, "unknown_owner");
}

/* ---- a request ---- */

enum err wallet_help_open(const struct wallet *w,
                          struct help *ret,
                          const struct network **ret_network,
                          struct span text,
                          struct coded *ret_why)
{
    struct help h;
    if (help_parse(&h, text) != OK || h.kind != HELP_REQUEST) {
        return refuse(ret_why, ERR_MALFORMED, "help_bad");
    }
    *ret = h;
    for (size_t i = 0; i < w->cfg.network_count; i++) {
        if (w->cfg.networks[i].chain_id == h.request.chain_id) {
            *ret_network = &w->cfg.networks[i];
            return OK;
        }
    }
    return refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
}

bool wallet_help_is_outdated(const struct recovery_view *v, const struct help_request *r)
{
    if (r->act != RECOVERY_RECOVER) {
        return v->recovery.round != r->round;
    }
    return v->recovery.round != r->round || v->owners.sequence + 1 != r->change.sequence ||
           !span_equal(SPAN_OF(v->owners.head), SPAN_OF(r->change.previous));
}

const char *wallet_help_state(const struct wallet *w,
                              struct wallet_time t,
                              const struct help_request *r,
                              struct id network)
{
    const struct recovery_view *v = recovery_fresh(w, t, r->account, network);
    if (!v) {
        return "unread";
    }
    if (!v->is_there) {
        return "no_account";
    }
    if (!v->is_version_2) {
        return "version_1";
    }
    if (r->act != RECOVERY_RECOVER) {
        return guardian_act_state(v, t, r);
    }
    if (v->recovery.is_pending) {
        return "under_way";
    }
    return wallet_help_is_outdated(v, r) ? "outdated" : "";
}

/* The passkey, or key, by which an account is a guardian there. */
static bool
guardian_in(const struct wallet *w, const struct account *a, const struct recovery_view *v)
{
    if (account_is_ordinary(a)) {
        struct smart_owner key = guardian_of_address(a->address);
        return recovery_has_guardian(v, &key);
    }
    for (size_t i = 0; a->kind == ACCOUNT_PASSKEY && i < a->owner_count; i++) {
        struct smart_owner passkey = passkey_bytes(w, &a->owners[i]);
        if (a->owners[i].kind != OWNER_COSIGNER && recovery_has_guardian(v, &passkey)) {
            return true;
        }
    }
    return false;
}

size_t wallet_help_signers(const struct wallet *w,
                           const struct help_request *r,
                           struct id network,
                           const struct account **ret,
                           size_t count_max)
{
    const struct recovery_view *v = wallet_recovery_view(w, r->account, network);
    size_t count = 0;
    for (size_t i = 0; v && i < w->account_count && count < count_max; i++) {
        if (guardian_in(w, w->accounts[i], v)) {
            ret[count++] = w->accounts[i];
        }
    }
    return count;
}

enum err wallet_help_hash(const struct wallet *w,
                          struct wallet_time t,
                          struct id account,
                          struct span text,
                          struct help *ret_request,
                          struct hash32 *ret_hash,
                          struct coded *ret_why)
{
    const struct account *a = wallet_account(w, account);
    const struct network *n = NULL;
    struct help h;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    TRY(wallet_help_open(w, &h, &n, text, ret_why));
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    const char *state = wallet_help_state(w, t, &h.request, n->id);
    if (strcmp(state, "unread") == 0) {
        return refuse(ret_why, ERR_STATE, "recovery_unread");
    }
    if (state[0]) {
        return refuse_state(ret_why, "recovery_state", state);
    }
    if (!guardian_in(w, a, wallet_recovery_view(w, h.request.account, n->id))) {
        return refuse(ret_why, ERR_AUTH, "help_stranger");
    }
    help_request_hash(ret_hash, &h.request);
    *ret_request = h;
    return OK;
}

enum err guardian_sign(struct wallet *w,
                       struct wallet_time t,
                       const struct passkey_args *args,
                       struct help_answer *ret,
                       struct coded *ret_why)
{
    struct owner *o = NULL;
    AUTO(buf_done) struct buf signature;
    buf_init(&signature, &w->budget, BRAKE_SIGNATURE_LEN_MAX);
    TRY(passkey_verify(w, t, args, &o, &signature, ret_why));
    ret->guardian = passkey_bytes(w, o);
    ret->signature_len = span_copy(MSPAN_OF(ret->signature), buf_span(&signature));
    if (book_save_account(w, args->account) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "the use of a passkey could not be stored");
    }
    return OK;
}

static void take_key_signature(struct help_answer *ret,
                               const struct account *a,
                               const struct secp256k1_signature *sig)
{
    ret->guardian = guardian_of_address(a->address);
    ret->signature_len = sizeof sig->rs + 1;
    span_copy(MSPAN_OF(ret->signature), SPAN_OF(sig->rs));
    ret->signature[sizeof sig->rs] = (uint8_t)(27 + sig->recovery_id);
}

enum err wallet_help_sign(struct wallet *w,
                          struct wallet_time t,
                          const struct help_sign_args *args,
                          struct buf *ret_text,
                          struct coded *ret_why)
{
    struct account *a = book_account(w, args->account);
    const struct network *n = NULL;
    struct help request;
    struct help h = {.kind = HELP_ANSWER};
    TRY(wallet_help_hash(w, t, args->account, args->text, &request, &h.answer.hash, ret_why));
    TRY(wallet_help_open(w, &request, &n, args->text, ret_why));
    const struct recovery_view *v = wallet_recovery_view(w, request.request.account, n->id);
    if (args->key_signature) {
        take_key_signature(&h.answer, a, args->key_signature);
    } else {
        const struct passkey_args passkey = {
            .account = a, .challenge = SPAN_OF(h.answer.hash.bytes), .answer = args->answer};
        TRY(guardian_sign(w, t, &passkey, &h.answer, ret_why));
    }
    if (!v || !recovery_has_guardian(v, &h.answer.guardian)) {
        return refuse(ret_why, ERR_AUTH, "help_stranger"); /* another passkey of the account */
    }
    if (guardian_verify(&h.answer.guardian, &h.answer.hash,
                        span_of(h.answer.signature, h.answer.signature_len)) != OK) {
        return refuse(ret_why, ERR_AUTH, "help_signature");
    }
    return help_print(ret_text, &h);
}

/* ---- the brake ---- */

static const char *brake_state(const struct recovery_view *v, enum recovery_act act)
{
    if (!v->is_version_2) {
        return v->is_there ? "version_1" : "no_account";
    }
    if (act == RECOVERY_FREEZE) {
        return "";
    }
    if (!v->recovery.is_pending) {
        return "not_under_way";
    }
    return v->recovery.vetoes < RECOVERY_VETOES_MAX ? "" : "vetoes_spent";
}

enum err wallet_brake_hash(const struct wallet *w,
                           struct wallet_time t,
                           const struct brake_args *args,
                           struct hash32 *ret_hash,
                           struct coded *ret_why)
{
    const struct account *a = wallet_account(w, args->account);
    const struct network *n = wallet_network(w, args->network);
    check(args->act == RECOVERY_PUT_OFF || args->act == RECOVERY_FREEZE);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a || !n) {
        return refuse(ret_why, ERR_NOT_FOUND, n ? "unknown_account" : "unknown_network");
    }
    if (a->kind != ACCOUNT_PASSKEY) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    const struct recovery_view *v = recovery_fresh(w, t, a->address, args->network);
    if (!v) {
        return refuse(ret_why, ERR_STATE, "recovery_unread");
    }
    const char *state = brake_state(v, args->act);
    if (state[0]) {
        return refuse_state(ret_why, "recovery_state", state);
    }
    struct recovery_signable s = {.act = args->act,
                                  .what = v->recovery.pending,
                                  .round = v->recovery.round,
                                  .vetoes = v->recovery.vetoes};
    if (args->act == RECOVERY_FREEZE) {
        span_copy(MSPAN_OF(s.what.bytes), SPAN_OF(v->owners.head));
    }
    account_recovery_hash(ret_hash, a->address, n->chain_id, &s);
    return OK;
}

enum err wallet_brake_sign(struct wallet *w,
                           struct wallet_time t,
                           const struct brake_args *args,
                           struct coded *ret_why)
{
    struct recovery_brake b = {
        .account = args->account, .network = args->network, .act = args->act};
    TRY(wallet_brake_hash(w, t, args, &b.hash, ret_why));
    const struct passkey_args passkey = {.account = book_account(w, args->account),
                                         .network = args->network,
                                         .challenge = SPAN_OF(b.hash.bytes),
                                         .answer = args->answer};
    TRY(guardian_sign(w, t, &passkey, &b.signature, ret_why));
    b.owner = b.signature.guardian;
    w->brake = b;
    return OK;
}
