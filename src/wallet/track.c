/* From signed to final: handing an operation to servers, asking what became of it, and never losing it. */
#include "base/check.h"
#include "wallet/engine.h"

#include <string.h>

enum {
    SUBMIT_TIMEOUT_MS = 20000,
    SUBMIT_RETRY_MS = 3000,
    TRACK_RETRY_MS_MIN = 1000,
    LOOK_DOUBLINGS_MAX = 3, /* up to eight blocks between two looks */
};

struct open_operation *track_find(struct wallet *w, struct id operation)
{
    for (size_t i = 0; i < w->open_count; i++) {
        if (id_equal(w->open[i].op->id, operation)) {
            return &w->open[i];
        }
    }
    return NULL;
}

enum err track_add(struct wallet *w, struct operation *op)
{
    track_sweep(w);
    if (w->open_count >= WALLET_OPEN_OPERATION_COUNT_MAX) {
        return ERR_LIMIT;
    }
    w->open[w->open_count++] = (struct open_operation){.op = op};
    return OK;
}

void track_sweep(struct wallet *w)
{
    for (size_t i = w->open_count; i > 0; i--) {
        struct open_operation *o = &w->open[i - 1];
        if (operation_is_over(o->op->state)) {
            operation_free(o->op);
            memmove(o, o + 1, (w->open_count - i) * sizeof *o);
            w->open_count--;
        }
    }
}

static bool is_pending(enum operation_state s)
{
    return s == OPERATION_SIGNED || s == OPERATION_SUBMITTED;
}

bool track_has_open(const struct wallet *w, struct id account, struct id network)
{
    for (size_t i = 0; i < w->open_count; i++) {
        const struct operation *op = w->open[i].op;
        if (is_pending(op->state) && id_equal(op->account, account) &&
            id_equal(op->network, network)) {
            return true;
        }
    }
    return false;
}

void track_go(struct wallet *w, struct operation *op, struct step_args args)
{
    operation_go(op, args);
    if (book_save_operation(w, op) != OK) {
        log_line(w->cfg.log, LOG_ERROR, "wallet",
                 "an operation's step could not be stored; it is asked for again");
    }
    queue_operation(w, op->id);
    queue_note(w, WALLET_STATUS_CHANGED);
}

void track_drop_prepared(struct wallet *w,
                         struct wallet_time t,
                         struct id account,
                         struct id network)
{
    for (size_t i = 0; i < w->open_count; i++) {
        struct operation *op = w->open[i].op;
        if (op->state == OPERATION_PREPARED && id_equal(op->account, account) &&
            id_equal(op->network, network)) {
            coded_set(&op->reason, "person");
            track_go(w, op, (struct step_args){.state = OPERATION_CANCELLED, .at_ms = t.unix_ms});
        }
    }
}

enum err
wallet_reject(struct wallet *w, struct wallet_time t, struct id operation, struct coded *ret_why)
{
    struct open_operation *o = track_find(w, operation);
    if (!o) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_operation");
    }
    if (o->op->state != OPERATION_PREPARED) {
        return refuse_state(ret_why, "operation_state", operation_state_name(o->op->state));
    }
    coded_set(&o->op->reason, "person");
    track_go(w, o->op, (struct step_args){.state = OPERATION_CANCELLED, .at_ms = t.unix_ms});
    return OK;
}

/* ---- asking ---- */

/* Longer than this on its way, the account's servers are asked in turn: who took an operation may keep it back, and who
 * seems the best may know nothing of it. */
enum { LATE_BLOCKS = 3, LATE_MS_MIN = 8000 };

static bool is_late(const struct wallet *w, struct wallet_time t, const struct operation *op)
{
    uint64_t late_ms = (uint64_t)wallet_network(w, op->network)->block_time_ms * LATE_BLOCKS;
    late_ms = late_ms < LATE_MS_MIN ? LATE_MS_MIN : late_ms;
    return op->state == OPERATION_SUBMITTED && op->step_count > 0 &&
           t.unix_ms >= op->steps[op->step_count - 1].at_ms + late_ms;
}

/* Has the chain used its nonce up, in that block or later? Only what is proven counts; without an anchor nobody knows. An account that is not in
 * use was perhaps last read long before. */
enum used { USED_UNKNOWN, USED_NO, USED_YES };
static enum used nonce_used(const struct wallet *w, const struct operation *op, uint64_t block)
{
    struct u256 nonce;
    const struct view *v = wallet_view(w, op->account, op->network);
    if (!v || figure_grade(&v->nonce) != GRADE_PROVEN || approve_nonce(&nonce, op) != OK) {
        return USED_UNKNOWN;
    }
    if (u256_compare(figure_value(&v->nonce), nonce) > 0) {
        return USED_YES;
    }
    return v->block >= block ? USED_NO : USED_UNKNOWN;
}

/* A transaction goes by JSON-RPC, and so also to a node of the person's own; ERR_LIMIT: asked again later. */
static void ask_tx(struct wallet *w, struct wallet_time t, struct open_operation *o, bool is_submit)
{
    enum err err = is_submit ? tx_ask_submit(w, t, o->op) : tx_ask_track(w, t, o->op);
    o->is_asked = err == OK;
    o->give_up_at = instant_add(t.mono, SUBMIT_TIMEOUT_MS * US_PER_MS);
    if (err != OK) {
        o->retry_at = instant_add(t.mono, SUBMIT_RETRY_MS * US_PER_MS);
    }
}

static void ask_submit(struct wallet *w, struct wallet_time t, struct open_operation *o)
{
    if (o->op->is_transaction) {
        ask_tx(w, t, o, true);
        return;
    }
    struct queued *q = queue_add(w, WALLET_SUBMIT);
    q->operation = o->op->id;
    q->network = wallet_network(w, o->op->network);
    q->hash = o->op->userop_hash;
    q->account = o->op->account;
    if (is_late(w, t, o->op)) {
        q->turn = o->late_asks; /* who was just asked, and does not know it */
    }
    if (buf_append(&q->text, buf_span(&o->op->userop)) != OK) {
        log_line(w->cfg.log, LOG_DEBUG, "wallet",
                 "no memory to submit an operation; tried again later");
    }
    o->is_asked = true;
    o->give_up_at = instant_add(t.mono, SUBMIT_TIMEOUT_MS * US_PER_MS);
}

static void ask_track(struct wallet *w, struct wallet_time t, struct open_operation *o)
{
    if (o->op->is_transaction) {
        ask_tx(w, t, o, false);
        return;
    }
    struct queued *q = queue_add(w, WALLET_TRACK);
    q->account = o->op->account;
    if (is_late(w, t, o->op)) {
        q->turn = ++o->late_asks;
    }
    q->operation = o->op->id;
    q->network = wallet_network(w, o->op->network);
    q->hash = o->op->userop_hash;
    o->is_asked = true;
    o->give_up_at = instant_add(t.mono, SUBMIT_TIMEOUT_MS * US_PER_MS);
}

/* A block is replaced soon after it was made or hardly ever, so what is in one is looked after ever more seldom. */
uint64_t track_pause_us(const struct wallet *w, const struct open_operation *o)
{
    uint64_t ms = wallet_network(w, o->op->network)->block_time_ms;
    unsigned doublings = o->looks < LOOK_DOUBLINGS_MAX ? o->looks : LOOK_DOUBLINGS_MAX;
    return (ms > TRACK_RETRY_MS_MIN ? ms : TRACK_RETRY_MS_MIN) * US_PER_MS << doublings;
}

void track_new_head(struct wallet *w,
                    struct wallet_time t,
                    const struct network *network,
                    uint64_t block)
{
    for (size_t i = 0; i < w->open_count; i++) {
        struct open_operation *o = &w->open[i];
        const struct operation *op = o->op;
        bool may_be_in = op->state == OPERATION_SUBMITTED;
        bool may_be_final = op->state == OPERATION_INCLUDED && block >= op->block &&
                            block - op->block >= network->final_after;
        if (id_equal(op->network, network->id) && (may_be_in || may_be_final)) {
            o->retry_at = t.mono;
        }
    }
}

static void tick_one(struct wallet *w, struct wallet_time t, struct open_operation *o)
{
    if (o->op->state == OPERATION_PREPARED) {
        if (t.unix_ms >= o->op->expires_ms) {
            coded_set(&o->op->reason, "late");
            track_go(w, o->op, (struct step_args){.state = OPERATION_EXPIRED, .at_ms = t.unix_ms});
        }
        return;
    }
    if (o->is_asked && instant_reached(o->give_up_at, t.mono)) {
        o->is_asked = false;
        o->retry_at = t.mono;
    }
    if (operation_is_over(o->op->state) || o->is_asked || !instant_reached(o->retry_at, t.mono) ||
        w->servers == 0 || !wallet_network(w, o->op->network)) {
        return;
    }
    if (o->op->state == OPERATION_SIGNED && !coded_is_set(&o->op->reason)) {
        ask_submit(w, t, o);
    } else {
        ask_track(w, t, o);
    }
}

void track_tick(struct wallet *w, struct wallet_time t)
{
    for (size_t i = 0; i < w->open_count; i++) {
        tick_one(w, t, &w->open[i]);
    }
    track_sweep(w);
}

instant track_deadline(const struct wallet *w)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < w->open_count; i++) {
        const struct open_operation *o = &w->open[i];
        if (o->is_asked) {
            at = instant_min(at, o->give_up_at);
        } else if (o->op->state != OPERATION_PREPARED && w->servers > 0) {
            at = instant_min(at, o->retry_at); /* without a server there is nothing to wake for */
        }
    }
    return at;
}

/* ---- answers ---- */

void wallet_submitted(struct wallet *w,
                      struct wallet_time t,
                      struct id operation,
                      enum err err,
                      const struct coded *why,
                      const struct wallet_source *source)
{
    struct open_operation *o = track_find(w, operation);
    if (!o || !is_pending(o->op->state)) {
        return;
    }
    o->is_asked = false;
    if (err == OK) {
        o->retry_at = instant_add(t.mono, TRACK_RETRY_MS_MIN * US_PER_MS);
        if (o->op->state == OPERATION_SIGNED) {
            text_set(o->op->server, sizeof o->op->server, span_str(source->server));
            track_go(w, o->op,
                     (struct step_args){.state = OPERATION_SUBMITTED,
                                        .at_ms = t.unix_ms,
                                        .by = span_str(source->server)});
        }
    } else if (err == ERR_DENIED && o->op->state == OPERATION_SIGNED) {
        /* Perhaps it is on chain already, from before a restart: that is asked before it counts as failed. */
        o->op->reason = *why;
        o->retry_at = t.mono;
    } else if (err == ERR_DENIED && o->op->is_transaction && tx_is_outrun(w, o->op)) {
        coded_set(&o->op->reason, "dropped");
        track_go(w, o->op, (struct step_args){.state = OPERATION_FAILED, .at_ms = t.unix_ms});
    } else {
        o->retry_at = instant_add(t.mono, SUBMIT_RETRY_MS * US_PER_MS);
    }
}

/* Whatever else claimed the same nonce has lost. */
static void settle_rivals(struct wallet *w, struct wallet_time t, const struct operation *winner)
{
    for (size_t i = 0; i < w->open_count; i++) {
        struct operation *op = w->open[i].op;
        bool is_rival = id_equal(op->id, winner->replaces) || id_equal(op->replaces, winner->id);
        if (!is_rival || !is_pending(op->state)) {
            continue;
        }
        coded_set(&op->reason, "replacement_won");
        op->replaced_by = winner->id;
        track_go(w, op, (struct step_args){.state = OPERATION_REPLACED, .at_ms = t.unix_ms});
    }
}

static void set_reverted(struct wallet *w, struct operation *op, const struct tracked *what)
{
    char fee[U256_TEXT_LEN];
    (void)u256_print_units(fee, figure_value(&op->fee_paid), U256_DECIMALS_ETHER);
    coded_set(&op->reason, "reverted");
    coded_add(&op->reason, "reason", what->reason);
    coded_add_str(&op->reason, "fee", fee);
    coded_add_str(&op->reason, "symbol", wallet_network(w, op->network)->symbol);
}

/* Far enough below what is known of the chain to be called final. */
static bool is_deep(const struct wallet *w, const struct open_operation *o, uint64_t block)
{
    const struct view *v = wallet_view(w, o->op->account, o->op->network);
    uint64_t depth = wallet_network(w, o->op->network)->final_after;
    uint64_t known = v && v->block > o->proven_at ? v->block : o->proven_at;
    return known >= block && known - block >= depth;
}

void track_included(struct wallet *w,
                    struct wallet_time t,
                    struct open_operation *o,
                    const struct tracked *what,
                    const struct figure *fee)
{
    struct operation *op = o->op;
    struct figure kept = *fee; /* it may be the operation's own */
    op->tx_hash = what->tx_hash;
    op->has_tx = true;
    op->fee_paid = kept;
    bool is_new = is_pending(op->state);
    if (is_new) {
        coded_set(&op->reason, "");
        op->block = what->block;
    }
    if (is_new && !what->success) {
        set_reverted(w, op, what);
        track_go(w, op,
                 (struct step_args){
                     .state = OPERATION_FAILED, .at_ms = t.unix_ms, .block = what->block});
        settle_rivals(w, t, op);
        return;
    }
    if (is_new) {
        track_go(w, op,
                 (struct step_args){
                     .state = OPERATION_INCLUDED, .at_ms = t.unix_ms, .block = what->block});
        settle_rivals(w, t, op);
        if (op->kind == OPERATION_SEND) {
            book_note_sent(w, op->to);
        }
        bool is_own_call = operation_is_own_call(op->kind);
        w->owners_wanted |= is_own_call;
        if (is_own_call || !trust_head(w, op->network)) {
            w->read_again_at =
                t.mono; /* else what the anchor named when it was proven is read already */
        }
    }
    op->block = what->block;
    if (op->state == OPERATION_INCLUDED && is_deep(w, o, what->block)) {
        track_go(
            w, op,
            (struct step_args){.state = OPERATION_FINAL, .at_ms = t.unix_ms, .block = what->block});
    }
}

static void on_included(struct wallet *w,
                        struct wallet_time t,
                        struct open_operation *o,
                        const struct tracked *what)
{
    struct operation *op = o->op;
    if (is_pending(op->state) && !id_equal(op->account, w->settings.account)) {
        read_want(w, t, op->account);
    }
    if (is_pending(op->state) && nonce_used(w, op, what->block) == USED_NO) {
        return; /* a server says so, and the proven account does not: the next block will tell */
    }
    if (proof_begin(w, t, o, what)) {
        return;
    }
    struct figure_said said = {.k = 1, .n = 1, .block = what->block, .as_of_ms = t.unix_ms};
    struct figure fee = figure_say(what->fee_paid, &said);
    bool is_known = op->block == what->block && figure_grade(&op->fee_paid) == GRADE_PROVEN;
    track_included(w, t, o, what, is_known ? &op->fee_paid : &fee);
}

/* No server knows it: refused for good, or lost on the way, or its block was replaced. */
static void on_unknown(struct wallet *w, struct wallet_time t, struct open_operation *o)
{
    struct operation *op = o->op;
    /* A transaction's nonce may be used by another one of the person's: its submission tells (tx_is_outrun). */
    if (!op->is_transaction && nonce_used(w, op, 0) == USED_YES) {
        return; /* the chain has it, whatever this server knows */
    }
    if (op->state == OPERATION_SIGNED && coded_is_set(&op->reason)) {
        track_go(w, op, (struct step_args){.state = OPERATION_FAILED, .at_ms = t.unix_ms});
    } else if (op->state == OPERATION_INCLUDED) {
        op->block = 0;
        op->has_tx = false;
        op->fee_paid = (struct figure){0};
        o->proven_at = 0;
        o->looks = 0;
        track_go(w, op, (struct step_args){.state = OPERATION_SUBMITTED, .at_ms = t.unix_ms});
        ask_submit(w, t, o);
    } else if (op->state == OPERATION_SUBMITTED) {
        ask_submit(w, t, o);
    }
}

void wallet_tracked(struct wallet *w,
                    struct wallet_time t,
                    struct id operation,
                    const struct tracked *what)
{
    struct open_operation *o = track_find(w, operation);
    if (!o || o->op->state == OPERATION_PREPARED || operation_is_over(o->op->state)) {
        return;
    }
    o->is_asked = false;
    o->looks += o->op->state == OPERATION_INCLUDED;
    o->retry_at = instant_add(t.mono, track_pause_us(w, o));
    switch (what->state) {
    case TRACKED_PENDING:  break;
    case TRACKED_UNKNOWN:  on_unknown(w, t, o); break;
    case TRACKED_INCLUDED: on_included(w, t, o, what); break;
    case TRACKED_FAILED:
        set_reverted(w, o->op, what);
        if (operation_may_go(o->op->state, OPERATION_FAILED)) {
            track_go(w, o->op, (struct step_args){.state = OPERATION_FAILED, .at_ms = t.unix_ms});
        }
        break;
    }
    track_sweep(w);
}

/* ---- what waits, and what was ---- */

size_t wallet_request_count(const struct wallet *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->open_count; i++) {
        count += w->open[i].op->state == OPERATION_PREPARED;
    }
    return count;
}

const struct operation *wallet_request_at(const struct wallet *w, size_t i)
{
    for (size_t k = 0; k < w->open_count; k++) {
        if (w->open[k].op->state == OPERATION_PREPARED && i-- == 0) {
            return w->open[k].op;
        }
    }
    check(false);
    return NULL;
}

enum err wallet_operation(struct wallet *w, struct id id, struct operation *op)
{
    uint8_t key[16];
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    const struct open_operation *o = track_find(w, id);
    if (o) {
        TRY(operation_encode(&record, o->op));
        return operation_decode(op, buf_span(&record));
    }
    if (operation_key(key, id) != OK) {
        return ERR_NOT_FOUND;
    }
    TRY(w->cfg.store->get(w->cfg.store, STORE_OPERATION, SPAN_OF(key), &record));
    return operation_decode(op, buf_span(&record));
}

enum err wallet_history(struct wallet *w, const struct history_args *args, struct operation *op)
{
    AUTO(buf_done) struct buf before;
    AUTO(buf_done) struct buf key;
    AUTO(buf_done) struct buf record;
    buf_init(&before, &w->budget, STORE_KEY_LEN_MAX);
    buf_init(&key, &w->budget, STORE_KEY_LEN_MAX);
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    if (id_is_set(args->before)) {
        uint8_t raw[16];
        TRY(operation_key(raw, args->before));
        TRY(buf_append(&before, SPAN_OF(raw)));
    }
    for (;;) {
        buf_clear(&key);
        buf_clear(&record);
        TRY(w->cfg.store->prev(w->cfg.store, STORE_OPERATION, buf_span(&before), &key, &record));
        TRY(operation_decode(op, buf_span(&record)));
        if (id_equal(op->account, args->account) && id_equal(op->network, args->network)) {
            return OK;
        }
        buf_clear(&before);
        TRY(buf_append(&before, buf_span(&key)));
    }
}
