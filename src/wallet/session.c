/* Session keys of an account of version 2: added, read, ended.
 *
 * The contract decides (docs/account.md, "Session keys") and keeps no list, so what was signed here is kept with the account until its
 * time is over. A session of another owner's wallet is not seen, but can be ended by whoever knows its id. */
#include "wallet/session.h"

#include "base/check.h"
#include "codec/base16.h"
#include "wallet/engine.h"

#include <string.h>

enum { DAY_S = 86400, ID_TEXT_LEN = 2 + 2 * (int)ACCOUNT_SESSION_ID_LEN };

const char *session_standing_name(enum session_standing standing)
{
    switch (standing) {
    case SESSION_UNREAD:  return "unread";
    case SESSION_WAITS:   return "waits";
    case SESSION_LIVE:    return "live";
    case SESSION_ENDED:   return "ended";
    case SESSION_VOID:    return "void";
    case SESSION_EXPIRED: return "expired";
    }
    return "unread";
}

static bool is_id(const struct account_session *s, const struct account_session *other)
{
    return span_equal(SPAN_OF(s->id), SPAN_OF(other->id));
}

/* What v says of a session; ret_words: its words, or NULL. */
static enum session_standing
standing_of(const struct figure **ret_words, const struct view *v, const struct known_session *k)
{
    const struct figure *words = v ? session_view_find(&v->sessions, k->session.id) : NULL;
    *ret_words = words;
    if (v && v->block_ms / 1000 > k->session.valid_until) {
        return SESSION_EXPIRED;
    }
    if (!words) {
        return SESSION_UNREAD;
    }
    struct u256 head = figure_value(&words[SESSION_HEAD]);
    if (u256_is_zero(head)) {
        return k->is_seen ? SESSION_ENDED : SESSION_WAITS;
    }
    if (!u256_equal(figure_value(&words[SESSION_TERMS]), account_session_terms(&k->session))) {
        return SESSION_ENDED; /* another one took its id: it is not what was signed here */
    }
    uint8_t bytes[32];
    u256_to_be(bytes, head);
    bool is_void =
        owner_view_is_whole(&v->owners) && !span_equal(SPAN_OF(bytes), SPAN_OF(v->owners.head));
    return is_void ? SESSION_VOID : SESSION_LIVE;
}

size_t wallet_sessions(const struct wallet *w,
                       const struct account *a,
                       struct id network,
                       struct session_state ret[static ACCOUNT_SESSION_COUNT_MAX])
{
    const struct view *v = wallet_view(w, a->id, network);
    const struct figure *words;
    size_t count = 0;
    for (size_t i = 0; i < a->session_count; i++) {
        const struct known_session *k = &a->sessions[i];
        if (!id_equal(k->network, network)) {
            continue;
        }
        struct session_state *s = &ret[count++];
        *s = (struct session_state){.what = &k->session, .standing = standing_of(&words, v, k)};
        if (s->standing == SESSION_LIVE) {
            s->amount = account_session_is_token(&k->session) ? &words[SESSION_AMOUNT] : NULL;
            s->ether = &words[SESSION_ETHER];
        }
    }
    return count;
}

/* ---- reading ---- */

/* One that is known here was not asked for: it was signed since, or the version was not known. */
bool session_is_due(const struct wallet *w, const struct view *v)
{
    const struct account *a = wallet_account(w, v->account);
    size_t count = 0;
    for (size_t i = 0; a && i < a->session_count; i++) {
        count += id_equal(a->sessions[i].network, v->network);
    }
    return count != v->sessions.count && v->is_deployed && owner_view_is_whole(&v->owners) &&
           upgrade_version(wallet_network(w, v->network), v) == ACCOUNT_VERSION_2;
}

size_t
session_probe(const struct wallet *w, struct wallet_time t, const struct account *a, struct view *v)
{
    v->sessions = (struct session_view){.as_of_ms = t.unix_ms};
    if (upgrade_version(wallet_network(w, v->network), v) != ACCOUNT_VERSION_2) {
        return 0;
    }
    for (size_t i = 0; i < a->session_count; i++) {
        if (id_equal(a->sessions[i].network, v->network)) {
            session_view_add(&v->sessions, a->sessions[i].session.id);
        }
    }
    return v->sessions.count * SESSION_PART_COUNT;
}

void session_read(struct wallet *w, const struct view *v)
{
    struct account *a = book_account(w, v->account);
    const struct figure *words;
    bool has_changed = false;
    for (size_t i = 0; a && i < a->session_count; i++) {
        struct known_session *k = &a->sessions[i];
        if (!k->is_seen && id_equal(k->network, v->network) &&
            standing_of(&words, v, k) == SESSION_LIVE) {
            k->is_seen = true;
            has_changed = true;
        }
    }
    if (has_changed && book_save_account(w, a) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "that a session was seen could not be stored");
    }
}

/* ---- room ---- */

/* Nothing can come of it any more. That it has ended is believed of more than one server, or of a proof: a single liar could otherwise take
 * a live session out of sight. */
static bool is_past(const struct wallet *w,
                    const struct account *a,
                    const struct known_session *k,
                    struct wallet_time t)
{
    const struct view *v = wallet_view(w, a->id, k->network);
    const struct network *n = wallet_network(w, k->network);
    const struct figure *words;
    enum session_standing standing = standing_of(&words, v, k);
    bool is_gone = standing == SESSION_ENDED || standing == SESSION_VOID;
    bool is_sure =
        words && n &&
        (figure_grade(&words[SESSION_HEAD]) != GRADE_REPORTED || n->kind == NETWORK_LOCAL);
    return t.unix_ms / 1000 > k->session.valid_until + DAY_S || (is_gone && is_sure);
}

/* The place of the first that may be let go; session_count: there is none. */
static size_t find_past(const struct wallet *w, const struct account *a, struct wallet_time t)
{
    size_t i = 0;
    while (i < a->session_count && !is_past(w, a, &a->sessions[i], t)) {
        i++;
    }
    return i;
}

/* ---- preparing ---- */

static enum err refuse_bad(struct coded *ret_why, const char *field)
{
    coded_set(ret_why, "session_bad");
    coded_add_str(ret_why, "field", field);
    return ERR_MALFORMED;
}

/* What the contract would refuse, or a person could not have meant. */
static const char *wrong_field(const struct account_session *s,
                               const struct account *a,
                               const struct network *n,
                               struct wallet_time t)
{
    uint64_t now = t.unix_ms / 1000;
    bool is_token = account_session_is_token(s);
    bool is_function = !is_token && !account_session_is_ether(s);
    if (address_is_zero(s->key) || address_equal(s->key, a->address)) {
        return "job_key";
    }
    if (address_is_zero(s->target) || address_equal(s->target, a->address) ||
        address_equal(s->target, n->entry_point) || (is_token && address_is_zero(s->recipient))) {
        return "to";
    }
    if (is_function && account_session_moves(s->selector)) {
        return "function"; /* approve: whoever is approved could spend without an end */
    }
    if (u256_is_zero(s->ether) || (is_token && u256_is_zero(s->amount))) {
        return "amount";
    }
    return s->valid_until <= now ||
                   s->valid_until > now + (uint64_t)ACCOUNT_SESSION_DAYS_MAX * DAY_S
               ? "until"
               : NULL;
}

enum err wallet_session_prepare(struct wallet *w,
                                struct wallet_time t,
                                const struct session_args *args,
                                uint64_t *ret_task,
                                struct coded *ret_why)
{
    struct account_session s = *args->session;
    const struct account *a = wallet_account(w, args->own.account);
    const struct network *n = wallet_network(w, args->own.network);
    const char *wrong = a && n && !args->is_end ? wrong_field(&s, a, n, t) : NULL;
    if (wrong) {
        return refuse_bad(ret_why, wrong);
    }
    if (!args->is_end) {
        rng_fill(w->cfg.rng, MSPAN_OF(s.id)); /* never the same twice: its nonces begin at zero */
    }
    const struct own_subject what = {
        .kind = args->is_end ? OPERATION_SESSION_END : OPERATION_SESSION_ADD, .session = &s};
    return prepare_own_call(w, t, &args->own, &what, ret_task, ret_why);
}

enum err
session_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v)
{
    const struct account *a = wallet_account(w, task->transfer.account);
    enum account_version version = upgrade_version(wallet_network(w, v->network), v);
    AUTO(buf_done) struct buf out;
    buf_init(&out, &w->budget, TASK_CALL_LEN_MAX);
    if (!v->is_deployed) {
        return refuse_state(&task->result.why, "setting_state", "not_on_chain");
    }
    if (version == ACCOUNT_VERSION_UNREAD || !owner_view_is_whole(&v->owners)) {
        return refuse(&task->result.why, ERR_STATE, "owners_unread");
    }
    if (version != ACCOUNT_VERSION_2) {
        return refuse_state(&task->result.why, "setting_state", "other_version");
    }
    if (task->operation_kind == OPERATION_SESSION_END) {
        TRY(account_session_end(&out, task->session.id));
    } else {
        if (a->session_count == ACCOUNT_SESSION_COUNT_MAX &&
            find_past(w, a, t) == a->session_count) {
            return refuse_limit(&task->result.why, "sessions", ACCOUNT_SESSION_COUNT_MAX);
        }
        TRY(account_session_add(&out, &task->session));
    }
    task->call_len = span_copy(MSPAN_OF(task->call), buf_span(&out));
    return OK;
}

/* ---- what is signed ---- */

static enum err
said_of(enum session_call *ret_call, struct account_session *ret, const struct operation *op)
{
    struct span call;
    TRY(operation_own_call(&call, op));
    return account_session_read(ret_call, ret, call);
}

static void add_line(struct operation *op, enum risk_level level, const struct coded *what)
{
    struct risk r = {.level = level, .tick = level != RISK_INFO, .what = *what};
    operation_add_risk(op, &r);
}

static void say_hex(struct coded *c, const char *name, struct span bytes)
{
    char text[ID_TEXT_LEN + 1];
    struct wr w = wr_init(mspan_of(text, ID_TEXT_LEN));
    base16_encode_0x(&w, bytes);
    text[w.n] = '\0';
    coded_add_str(c, name, text);
}

static void say_end(const struct wallet *w, struct operation *op, const struct account_session *s)
{
    const struct account *a = wallet_account(w, op->account);
    char address[ADDRESS_TEXT_LEN] = "?";
    struct coded c;
    for (size_t i = 0; a && i < a->session_count; i++) {
        if (is_id(&a->sessions[i].session, s)) {
            address_print(address, a->sessions[i].session.key);
        }
    }
    coded_set(&c, "session_ended");
    say_hex(&c, "session", SPAN_OF(s->id));
    coded_add_str(&c, "key", address);
    add_line(op, RISK_INFO, &c);
}

/* Who may do what until when, in three lines: a line has room for three values. */
static void say_add(const struct wallet *w, struct operation *op, const struct account_session *s)
{
    const struct address ether = {{0}};
    const struct network *n = wallet_network(w, op->network);
    bool is_ether = account_session_is_ether(s);
    bool is_token = account_session_is_token(s);
    char address[ADDRESS_TEXT_LEN];
    struct coded c;
    address_print(address, s->key);
    coded_set(&c, "session_key");
    coded_add_str(&c, "address", address);
    coded_add_u64(&c, "until_ms", s->valid_until * 1000);
    add_line(op, RISK_CAUTION, &c);
    coded_set(&c, is_ether ? "session_sends" : is_token ? "session_pays" : "session_calls");
    if (is_ether) {
        setting_say_limit(&c, n, ether, s->ether);
    } else if (is_token) {
        setting_say_limit(&c, n, s->target, s->amount);
    } else {
        say_hex(&c, "function", SPAN_OF(s->selector));
    }
    setting_say_known(&c, w, op, is_token ? s->recipient : s->target);
    add_line(op, is_ether || is_token ? RISK_CAUTION : RISK_DANGER, &c);
    if (!is_ether) {
        coded_set(&c, "session_fees");
        setting_say_limit(&c, n, ether, s->ether);
        add_line(op, RISK_INFO, &c);
    }
}

void session_add_risks(const struct wallet *w, struct operation *op)
{
    struct account_session s;
    enum session_call call;
    if (BUG(said_of(&call, &s, op) != OK)) {
        return;
    }
    if (call == SESSION_CALL_ADD) {
        say_add(w, op, &s);
    } else {
        say_end(w, op, &s);
    }
}

void session_signed(const struct wallet *w,
                    struct wallet_time t,
                    struct account *a,
                    const struct operation *op)
{
    struct known_session k = {.network = op->network};
    enum session_call call;
    if (op->kind != OPERATION_SESSION_ADD || BUG(said_of(&call, &k.session, op) != OK)) {
        return;
    }
    size_t i = a->session_count;
    if (i == ACCOUNT_SESSION_COUNT_MAX) {
        i = find_past(w, a, t);
        i = i < a->session_count ? i : 0; /* there was room when it was prepared */
        memmove(&a->sessions[i], &a->sessions[i + 1],
                (a->session_count - i - 1) * sizeof a->sessions[0]);
        a->session_count--;
    }
    a->sessions[a->session_count++] = k;
}
