/* The wallet's side of a co-signer. Start at wallet_cosigner_make. */
#include "wallet/cosigner_ask.h"

#include "evm/userop.h"
#include "wallet/engine.h"

#include <stdio.h>
#include <string.h>

enum { WISH_S = COSIGNER_LIFE_S / 2 }; /* the server's clock may be behind ours */

const char *cosigner_act_name(enum cosigner_act act)
{
    switch (act) {
    case COSIGNER_ACT_MAKE:    return "make";
    case COSIGNER_ACT_SIGN:    return "sign";
    case COSIGNER_ACT_RELEASE: return "release";
    case COSIGNER_ACT_LEAVE:   return "leave";
    }
    return "make";
}

static enum err state_refused(struct coded *why, const char *state)
{
    return refuse_state(why, "cosigner_state", state);
}

static bool is_over(const struct cosigner_wish *wish, struct wallet_time t)
{
    return t.unix_ms / 1000 >= wish->expires.s;
}

const struct cosigner_wish *
wallet_cosigner_wish(const struct wallet *w, struct wallet_time t, struct id account)
{
    const struct cosigner_wish *wish = &w->cosigner_wish;
    bool is_its = id_is_set(wish->account) && id_equal(wish->account, account);
    return is_its && !wish->is_asked && !is_over(wish, t) ? wish : NULL;
}

const struct cosigner_wish *wallet_cosigner_asked(const struct wallet *w)
{
    return w->cosigner_wish.is_asked ? &w->cosigner_wish : NULL;
}

static bool is_key(const struct owner *o, const struct p256_public *key)
{
    return o->kind != OWNER_COSIGNER && span_equal(SPAN_OF(o->public_key), SPAN_OF(key->xy));
}

const struct owner *wallet_cosigner_passkey(const struct wallet *w,
                                            const struct cosigner_wish *wish)
{
    const struct account *a = wallet_account(w, wish->account);
    for (size_t i = 0; a && i < a->owner_count; i++) {
        if (is_key(&a->owners[i], &wish->terms.passkey)) {
            return &a->owners[i];
        }
    }
    return NULL;
}

/* The account, and the place for a new wish about it. */
static enum err
check_begin(const struct wallet *w, struct wallet_time t, struct id account, struct coded *ret_why)
{
    const struct account *a = wallet_account(w, account);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (a->kind != ACCOUNT_PASSKEY) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    bool is_busy = id_is_set(w->cosigner_wish.account) && w->cosigner_wish.is_asked &&
                   !is_over(&w->cosigner_wish, t);
    return is_busy ? state_refused(ret_why, "asked") : OK;
}

static enum err check_has(const struct wallet *w, struct id account, struct coded *ret_why)
{
    const struct account *a = wallet_account(w, account);
    return a && id_is_set(a->cosigner.owner) ? OK : state_refused(ret_why, "none");
}

static struct cosigner_wish
wish_of(const struct account *a, struct wallet_time t, enum cosigner_act act)
{
    struct cosigner_wish wish = {.account = a->id,
                                 .act = act,
                                 .terms = a->cosigner.terms,
                                 .expires = {t.unix_ms / 1000 + WISH_S}};
    text_set(wish.server, sizeof wish.server, span_str(a->cosigner.server));
    return wish;
}

static void put_wish(struct wallet *w, const struct cosigner_wish *wish)
{
    w->cosigner_wish = *wish;
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
}

static void end_wish(struct wallet *w)
{
    put_wish(w, &(struct cosigner_wish){.act = COSIGNER_ACT_MAKE});
}

/* ---- making ---- */

static bool decides_alone(const struct recovery_view *v, const struct smart_owner *owner)
{
    return v->guardians.threshold == 1 && v->guardians.count == 1 &&
           recovery_has_guardian(v, owner);
}

static bool
knows_all(const struct network *n, const struct account *a, const struct recovery_view *v)
{
    size_t known = 0;
    for (size_t i = 0; i < a->owner_count; i++) {
        struct smart_owner bytes = owner_bytes(n, &a->owners[i]);
        known += owner_view_has(&v->owners, &bytes);
    }
    return known == v->owners.count;
}

bool cosigner_is_for(const struct cosigner_terms *terms, uint64_t chain)
{
    for (size_t i = 0; i < terms->chains_count; i++) {
        if (terms->chains[i] == chain) {
            return true;
        }
    }
    return false;
}

/* The account as it must be before a co-signer comes to it on this network. */
static enum err check_network(const struct wallet *w,
                              struct wallet_time t,
                              const struct account *a,
                              const struct owner *o,
                              struct id network,
                              struct coded *ret_why)
{
    const struct network *n = wallet_network(w, network);
    if (!n) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
    }
    const struct recovery_view *v = recovery_fresh(w, t, a->address, network);
    if (!v) {
        return refuse(ret_why, ERR_STATE, "recovery_unread");
    }
    if (!v->is_version_2) {
        return state_refused(ret_why, "version_1");
    }
    struct smart_owner passkey = owner_bytes(n, o);
    if (!decides_alone(v, &passkey)) {
        return state_refused(ret_why, "no_guardian");
    }
    if (!owner_view_has(&v->owners, &passkey)) {
        return state_refused(ret_why, "no_passkey");
    }
    /* One that this wallet does not know may be another server's co-signer: the two would sign without the person. */
    return knows_all(n, a, v) ? OK : state_refused(ret_why, "unknown_owner");
}

enum err cosigner_check_join(const struct wallet *w,
                             struct wallet_time t,
                             const struct account *a,
                             struct id network,
                             struct coded *ret_why)
{
    const struct network *n = wallet_network(w, network);
    for (size_t i = 0; n && i < a->owner_count; i++) {
        const struct owner *o = &a->owners[i];
        if (is_key(o, &a->cosigner.terms.passkey)) {
            return cosigner_is_for(&a->cosigner.terms, n->chain_id)
                       ? check_network(w, t, a, o, network, ret_why)
                       : state_refused(ret_why, "chain");
        }
    }
    return n ? state_refused(ret_why, "no_passkey")
             : refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
}

static const struct owner *first_passkey(const struct wallet *w, const struct account *a)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        const struct owner *o = &a->owners[i];
        bool is_here = span_equal(span_str(o->rp_id), span_str(w->cfg.rp_id)) &&
                       span_equal(span_str(o->origin), span_str(w->cfg.origin));
        if (o->kind != OWNER_COSIGNER && o->standing == OWNER_ACTIVE && is_here) {
            return o;
        }
    }
    return NULL;
}

static void add_chain(struct cosigner_terms *terms, uint64_t chain)
{
    size_t i = terms->chains_count++;
    while (i > 0 && terms->chains[i - 1] > chain) {
        terms->chains[i] = terms->chains[i - 1];
        i--;
    }
    terms->chains[i] = chain;
}

/* Whoever reads them next is the server's keyd, by the same rules. */
static bool are_terms_good(const struct cosigner_terms *terms)
{
    uint8_t room[COSIGNER_TERMS_LEN_MAX];
    struct cosigner_terms back;
    struct wr w = wr_init(MSPAN_OF(room));
    cosigner_terms_write(&w, terms);
    if (wr_end(&w) != OK) {
        return false;
    }
    struct rd r = rd_init(span_of(room, w.n));
    return cosigner_terms_read(&back, &r) == OK && rd_end(&r);
}

static enum err fill_terms(const struct wallet *w,
                           struct cosigner_terms *terms,
                           const struct account *a,
                           const struct owner *o,
                           const struct cosigner_make_args *args,
                           struct coded *ret_why)
{
    struct span rp_id = span_str(o->rp_id);
    struct span origin = span_str(o->origin);
    bool has_room = args->networks_count <= COSIGNER_CHAINS_MAX &&
                    args->limits_count <= COSIGNER_LIMITS_MAX && rp_id.n <= sizeof terms->rp_id &&
                    origin.n <= sizeof terms->origin;
    if (!has_room || p256_public_init(&terms->passkey, SPAN_OF(o->public_key)) != OK) {
        return refuse(ret_why, ERR_MALFORMED, "cosigner_limits");
    }
    terms->account = a->address;
    terms->rp_id_len = span_copy(MSPAN_OF(terms->rp_id), rp_id);
    terms->origin_len = span_copy(MSPAN_OF(terms->origin), origin);
    for (size_t i = 0; i < args->networks_count; i++) {
        add_chain(terms, wallet_network(w, args->networks[i])->chain_id);
    }
    for (size_t i = 0; i < args->limits_count; i++) {
        terms->limits[terms->limits_count++] = args->limits[i];
    }
    return are_terms_good(terms) ? OK : refuse(ret_why, ERR_MALFORMED, "cosigner_limits");
}

enum err wallet_cosigner_make(struct wallet *w,
                              struct wallet_time t,
                              const struct cosigner_make_args *args,
                              struct coded *ret_why)
{
    TRY(check_begin(w, t, args->account, ret_why));
    const struct account *a = wallet_account(w, args->account);
    if (id_is_set(a->cosigner.owner)) {
        return state_refused(ret_why, "exists");
    }
    const struct owner *o = first_passkey(w, a);
    if (!o) {
        return state_refused(ret_why, "no_passkey");
    }
    if (a->owner_count >= OWNER_COUNT_MAX) {
        return refuse_limit(ret_why, "owners", OWNER_COUNT_MAX);
    }
    for (size_t i = 0; i < args->networks_count; i++) {
        TRY(check_network(w, t, a, o, args->networks[i], ret_why));
    }
    struct cosigner_wish wish = {
        .account = a->id, .act = COSIGNER_ACT_MAKE, .expires = {t.unix_ms / 1000 + WISH_S}};
    TRY(fill_terms(w, &wish.terms, a, o, args, ret_why));
    text_set(wish.server, sizeof wish.server, args->server);
    cosigner_create_challenge(&wish.challenge, &wish.terms, wish.expires);
    put_wish(w, &wish);
    return OK;
}

/* ---- the other wishes ---- */

enum err wallet_cosigner_sign(struct wallet *w,
                              struct wallet_time t,
                              struct id operation,
                              struct coded *ret_why)
{
    const struct owner *signers[OPERATION_SIGNER_COUNT_MAX];
    const struct open_operation *o = track_find(w, operation);
    if (w->is_locked || !o) {
        return w->is_locked ? refuse(ret_why, ERR_DENIED, "locked")
                            : refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    const struct operation *op = o->op;
    TRY(check_begin(w, t, op->account, ret_why));
    TRY(check_has(w, op->account, ret_why));
    const struct account *a = wallet_account(w, op->account);
    if (op->state != OPERATION_PREPARED) {
        return refuse_state(ret_why, "operation_state", operation_state_name(op->state));
    }
    if (t.unix_ms >= op->expires_ms) {
        return refuse(ret_why, ERR_TIMEOUT, "operation_expired");
    }
    const struct network *n = wallet_network(w, op->network);
    if (!cosigner_is_for(&a->cosigner.terms, n->chain_id)) {
        return state_refused(ret_why, "chain");
    }
    const struct owner *cosigner = wallet_owner(w, a->id, a->cosigner.owner);
    if (!cosigner || wallet_owner_state(w, a, cosigner, n->id).standing != OWNER_ACTIVE) {
        return state_refused(ret_why,
                             "no_owner"); /* its signature would be worth nothing, and be counted */
    }
    if (wallet_signers(w, op, signers) + 1 != wallet_signers_needed(w, op)) {
        return state_refused(ret_why, "unsigned");
    }
    struct cosigner_wish wish = wish_of(a, t, COSIGNER_ACT_SIGN);
    const struct cosigner_ask ask = {
        .cosigner = a->cosigner.address, .chain_id = n->chain_id, .expires = wish.expires};
    wish.operation = op->id;
    wish.revision = op->revision;
    cosigner_sign_challenge(&wish.challenge, &wish.terms, &ask, &op->userop_hash);
    put_wish(w, &wish);
    return OK;
}

static const struct owner *owner_of(const struct account *a)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        if (id_equal(a->owners[i].id, a->cosigner.owner)) {
            return &a->owners[i];
        }
    }
    return NULL;
}

enum err wallet_cosigner_release(struct wallet *w,
                                 struct wallet_time t,
                                 struct id account,
                                 struct coded *ret_why)
{
    TRY(check_begin(w, t, account, ret_why));
    TRY(check_has(w, account, ret_why));
    const struct account *a = wallet_account(w, account);
    const struct owner *o = owner_of(a);
    if (o && o->standing == OWNER_ACTIVE) {
        return state_refused(ret_why, "owner");
    }
    if (cosigner_joins(w, a)) {
        return state_refused(ret_why,
                             "joining"); /* anybody could make it an owner after the delay */
    }
    struct cosigner_wish wish = wish_of(a, t, COSIGNER_ACT_RELEASE);
    cosigner_remove_challenge(&wish.challenge, &wish.terms, wish.expires);
    put_wish(w, &wish);
    return OK;
}

enum err wallet_cosigner_leave(struct wallet *w,
                               struct wallet_time t,
                               struct id account,
                               struct id network,
                               struct coded *ret_why)
{
    const struct network *n = wallet_network(w, network);
    TRY(check_begin(w, t, account, ret_why));
    TRY(check_has(w, account, ret_why));
    if (!n) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
    }
    const struct account *a = wallet_account(w, account);
    struct cosigner_wish wish = wish_of(a, t, COSIGNER_ACT_LEAVE);
    struct smart_owner leaves = guardian_of_address(a->cosigner.address);
    wish.network = network;
    TRY(recovery_ask_leave(w, t, a, n, &leaves, &wish.challenge, ret_why));
    put_wish(w, &wish);
    return OK;
}

/* ---- the passkey has signed ---- */

static enum err answer_leave(struct wallet *w,
                             struct wallet_time t,
                             const struct cosigner_wish *wish,
                             const struct passkey_answer *answer,
                             struct coded *ret_why)
{
    const struct recovery_help *r = wallet_recovery_help(w, wish->account);
    AUTO(buf_done) struct buf request;
    AUTO(buf_done) struct buf text;
    buf_init(&request, &w->budget, HELP_TEXT_LEN_MAX);
    buf_init(&text, &w->budget, HELP_TEXT_LEN_MAX);
    if (!r) {
        return state_refused(ret_why, "over");
    }
    const struct help h = {.kind = HELP_REQUEST, .request = r->request};
    TRY(help_print(&request, &h));
    const struct help_sign_args args = {
        .account = wish->account, .text = buf_span(&request), .answer = answer};
    TRY(wallet_help_sign(w, t, &args, &text, ret_why));
    TRY(wallet_recovery_gather(w, t, wish->account, buf_span(&text), ret_why));
    end_wish(w);
    return OK;
}

/* What the server gets of an operation: not the signatures that it has. */
static enum err
write_sign(struct wallet *w, struct wr *wr, struct cosigner_ask *ask, const struct operation *op)
{
    struct userop userop;
    AUTO(buf_done) struct buf bare;
    buf_init(&bare, &w->budget, OPERATION_USEROP_LEN_MAX);
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    userop.signature = SPAN_EMPTY;
    TRY(userop_encode(&userop, &bare));
    ask->userop = buf_span(&bare);
    cosigner_ask_encode(wr, ask);
    return wr_end(wr);
}

static enum err write_request(struct wallet *w,
                              struct buf *out,
                              const struct cosigner_wish *wish,
                              const struct passkey_answer *answer,
                              struct coded *ret_why)
{
    struct wr wr = wr_init_buf(out);
    const struct assertion_response assertion = {.client_data_json = answer->client_data,
                                                 .authenticator_data = answer->authenticator_data,
                                                 .signature = answer->signature};
    if (wish->act != COSIGNER_ACT_SIGN) {
        const struct cosigner_create c = {
            .terms = wish->terms, .expires = wish->expires, .assertion = assertion};
        cosigner_create_encode(&wr, &c);
        return wr_end(&wr) == OK ? OK : refuse_limit(ret_why, "bytes", COSIGNER_REQUEST_MAX);
    }
    const struct open_operation *o = track_find(w, wish->operation);
    if (!o || o->op->revision != wish->revision) {
        return refuse(ret_why, ERR_STATE, "operation_changed");
    }
    const struct account *a = wallet_account(w, wish->account);
    struct cosigner_ask ask = {.cosigner = a->cosigner.address,
                               .chain_id = wallet_network(w, o->op->network)->chain_id,
                               .expires = wish->expires,
                               .assertion = assertion};
    return write_sign(w, &wr, &ask, o->op) == OK
               ? OK
               : refuse_limit(ret_why, "bytes", COSIGNER_REQUEST_MAX);
}

enum err wallet_cosigner_answer(struct wallet *w,
                                struct wallet_time t,
                                struct id account,
                                const struct passkey_answer *answer,
                                struct buf *ret_request,
                                struct cosigner_wish *ret_wish,
                                struct coded *ret_why)
{
    struct account *a = book_account(w, account);
    struct owner *owner = NULL;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (!wallet_cosigner_wish(w, t, account)) {
        return state_refused(ret_why, "over");
    }
    struct cosigner_wish *wish = &w->cosigner_wish;
    *ret_wish = *wish;
    if (wish->act == COSIGNER_ACT_LEAVE) {
        return answer_leave(w, t, wish, answer, ret_why);
    }
    const struct passkey_args passkey = {
        .account = a, .challenge = SPAN_OF(wish->challenge.bytes), .answer = answer};
    TRY(passkey_verify(w, t, &passkey, &owner, NULL, ret_why));
    if (!is_key(owner, &wish->terms.passkey)) {
        coded_set(ret_why, "ceremony_refused");
        coded_add_str(ret_why, "rule", "cosigner");
        return ERR_AUTH;
    }
    TRY(write_request(w, ret_request, wish, answer, ret_why));
    if (book_save_account(w, a) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "the use of a passkey could not be stored");
    }
    wish->is_asked = true;
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

/* ---- the server has answered ---- */

/* The end of the peer id tells servers apart, as everywhere. */
static void name_cosigner(struct owner *o, const char *server)
{
    enum { TAIL_LEN = 6 };
    char text[NAME_LEN_MAX];
    size_t n = strlen(server);
    (void)snprintf(text, sizeof text, "Co-signer %s", server + (n > TAIL_LEN ? n - TAIL_LEN : 0));
    text_set(o->name.text, sizeof o->name.text, span_str(text));
}

static enum err take_made(struct wallet *w,
                          struct wallet_time t,
                          struct account *a,
                          const struct cosigner_wish *wish,
                          const struct cosigner_said *said,
                          struct coded *ret_why)
{
    struct hash32 hash;
    cosigner_terms_hash(&hash, &wish->terms);
    if (!span_equal(SPAN_OF(hash.bytes), SPAN_OF(said->terms.bytes)) ||
        address_is_zero(said->cosigner)) {
        return refuse(ret_why, ERR_AUTH, "cosigner_lied");
    }
    if (a->owner_count >= OWNER_COUNT_MAX) {
        return refuse_limit(ret_why, "owners", OWNER_COUNT_MAX);
    }
    struct owner *o = &a->owners[a->owner_count++];
    *o = (struct owner){.id = id_make(w->cfg.rng),
                        .kind = OWNER_COSIGNER,
                        .created_ms = t.unix_ms,
                        .is_added = true,
                        .standing = OWNER_NEW};
    text_set(o->rp_id, sizeof o->rp_id, span_of(wish->terms.rp_id, wish->terms.rp_id_len));
    text_set(o->origin, sizeof o->origin, span_of(wish->terms.origin, wish->terms.origin_len));
    span_copy(MSPAN_OF(o->public_key), SPAN_OF(said->cosigner.bytes));
    name_cosigner(o, wish->server);
    a->cosigner =
        (struct account_cosigner){.owner = o->id, .address = said->cosigner, .terms = wish->terms};
    text_set(a->cosigner.server, sizeof a->cosigner.server, span_str(wish->server));
    enum err err = book_save_account(w, a);
    if (err != OK) {
        a->owner_count--;
        a->cosigner = (struct account_cosigner){.server = ""};
        return store_refused(ret_why, err);
    }
    return OK;
}

static enum err take_signed(struct wallet *w,
                            struct wallet_time t,
                            struct account *a,
                            const struct cosigner_wish *wish,
                            const struct cosigner_said *said,
                            struct coded *ret_why)
{
    const struct open_operation *o = track_find(w, wish->operation);
    const struct owner *cosigner = owner_of(a);
    const struct smart_owner key = guardian_of_address(a->cosigner.address);
    if (!o || !cosigner) {
        return refuse(ret_why, ERR_STATE, "operation_changed");
    }
    if (guardian_verify(&key, &o->op->userop_hash, SPAN_OF(said->signature)) != OK) {
        return refuse(ret_why, ERR_AUTH, "cosigner_lied");
    }
    const struct approve_args args = {.operation = wish->operation, .revision = wish->revision};
    return approve_by_cosigner(w, t, &args, cosigner, SPAN_OF(said->signature), ret_why);
}

static enum err take_released(struct wallet *w, struct account *a, struct coded *ret_why)
{
    struct account_cosigner was = a->cosigner;
    const struct id owner = was.owner;
    a->cosigner = (struct account_cosigner){.server = ""};
    enum err err = book_save_account(w, a);
    if (err != OK) {
        a->cosigner = was;
        return store_refused(ret_why, err);
    }
    return wallet_owner_forget(w, a->id, owner, ret_why);
}

static enum err refused_by(const struct cosigner_said *said, struct coded *ret_why)
{
    if (said->err != ERR_DENIED) {
        return refuse(ret_why, ERR_IO, "cosigner_silent");
    }
    coded_set(ret_why, "cosigner_refused");
    coded_add(ret_why, "reason", said->reason);
    return ERR_DENIED;
}

enum err wallet_cosigner_done(struct wallet *w,
                              struct wallet_time t,
                              const struct cosigner_said *said,
                              struct coded *ret_why)
{
    struct cosigner_wish wish = w->cosigner_wish;
    struct account *a = book_account(w, wish.account);
    if (!a || !wish.is_asked) {
        return state_refused(ret_why, "over");
    }
    end_wish(w);
    if (said->err != OK) {
        return refused_by(said, ret_why);
    }
    if (wish.act == COSIGNER_ACT_MAKE) {
        return take_made(w, t, a, &wish, said, ret_why);
    }
    return wish.act == COSIGNER_ACT_SIGN ? take_signed(w, t, a, &wish, said, ret_why)
                                         : take_released(w, a, ret_why);
}
