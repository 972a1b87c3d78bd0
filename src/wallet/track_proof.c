/* Whether an operation is in a block, by its receipt. A server says in which transaction it is; where an anchor names blocks, that is only
 * a hint where to look: what counts is the receipt, proven from the newest block of the anchor. It is proven once when it is included,
 * and once more from a block that is far enough above it to call it final: a chain that was reorganised does not prove it again. */
#include "base/check.h"
#include "wallet/engine.h"
#include "wallet/inclusion.h"

enum {
    UNPROVEN_MAX =
        4, /* proofs that did not come, until the server's word is taken, and shown as such */
    PROOF_WAIT_MS = 20000,
};

static bool is_proven(const struct open_operation *o, const struct tracked *what)
{
    const struct operation *op = o->op;
    return figure_grade(&op->fee_paid) == GRADE_PROVEN && op->block == what->block &&
           span_equal(SPAN_OF(op->tx_hash.bytes), SPAN_OF(what->tx_hash.bytes));
}

MUST_CHECK static enum err send_ask(struct wallet *w,
                                    struct wallet_time t,
                                    const struct open_operation *o,
                                    const struct proven_block *b)
{
    if (w->ask_count >= ASK_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct queued *q = queue_add(w, WALLET_PROVE);
    q->id = w->next_ask++;
    q->network = wallet_network(w, o->op->network);
    q->account = o->op->account;
    q->proof = WALLET_PROOF_INCLUSION;
    q->hash = b->hash;
    q->block = b->number;
    q->tx_hash = o->said.tx_hash;
    w->asks[w->ask_count++] = (struct ask){
        .id = q->id,
        .what = ASK_INCLUSION,
        .operation = o->op->id,
        .give_up = instant_add(t.mono, ASK_TIMEOUT_MS * US_PER_MS),
    };
    return OK;
}

bool proof_begin(struct wallet *w,
                 struct wallet_time t,
                 struct open_operation *o,
                 const struct tracked *what)
{
    const struct proven_head *head = trust_head(w, o->op->network);
    uint64_t depth = wallet_network(w, o->op->network)->final_after;
    if (!head || o->unproven >= UNPROVEN_MAX) {
        return false;
    }
    const struct proven_block *b = &head->block;
    if (b->number < what->block) {
        return true; /* the anchor has not named it yet */
    }
    if (is_proven(o, what)) {
        bool is_deep = b->number - what->block >= depth;
        bool was_deep = o->proven_at >= what->block && o->proven_at - what->block >= depth;
        if (o->proven_at != 0 && (was_deep || !is_deep)) {
            return false; /* nothing new would be learnt */
        }
    }
    o->said = *what;
    text_set(o->said_reason, sizeof o->said_reason, what->reason);
    o->prove_at = b->number;
    if (send_ask(w, t, o, b) == OK) {
        o->is_asked = true;
        o->give_up_at = instant_add(t.mono, PROOF_WAIT_MS * US_PER_MS);
    }
    return true;
}

void proof_answer(struct wallet *w,
                  struct wallet_time t,
                  const struct ask *ask,
                  enum err err,
                  const struct proven_inclusion *p)
{
    struct open_operation *o = track_find(w, ask->operation);
    if (!o || operation_is_over(o->op->state)) {
        return;
    }
    const struct inclusion_of what = {.is_transaction = o->op->is_transaction,
                                      .userop_hash = o->op->userop_hash,
                                      .entry_point =
                                          wallet_network(w, o->op->network)->entry_point};
    const struct figure_claim claim = {.anchor = w->trust.anchor, .as_of_ms = t.unix_ms};
    struct inclusion read;
    struct figure fee;
    o->is_asked = false;
    o->retry_at = instant_add(t.mono, track_pause_us(w, o));
    if (err == OK) {
        err = inclusion_read(&read, p, &what);
    }
    if (err == OK) {
        err = figure_prove_fee(&fee, p, &what, &claim);
    }
    if (err != OK) {
        o->unproven = err == ERR_UNSUPPORTED ? UNPROVEN_MAX : o->unproven + 1;
        o->retry_at = err == ERR_UNSUPPORTED ? t.mono : o->retry_at;
        return;
    }
    o->unproven = 0;
    o->proven_at = o->prove_at;
    struct tracked found = {.state = TRACKED_INCLUDED,
                            .tx_hash = o->said.tx_hash,
                            .block = proven_inclusion_block(p).number,
                            .fee_paid = read.fee,
                            .success = read.is_success,
                            .reason = span_str(o->said_reason)};
    track_included(w, t, o, &found, &fee);
    track_sweep(w);
}
