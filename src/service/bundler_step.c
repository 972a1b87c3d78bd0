/* What each answer of the node means for an operation. */
#include "service/bundler_parts.h"

#include "base/arith.h"
#include "crypto/keccak.h"
#include "evm/revert.h"
#include "evm/tx.h"

#include <string.h>

enum {
    FAILURES_MAX = 3,      /* of the node, while an operation is checked */
    MISSING_MAX = 3,       /* rounds without a receipt though the nonce is used up */
    REVERT_LEN_MAX = 4096, /* bytes of revert data that are looked at */
    TRANSFER_GAS = 21000,
};

static void reason_set(struct bundler_op *op, const char *text, struct span more)
{
    struct wr w = wr_init(MSPAN_OF(op->reason));
    wr_str(&w, text);
    wr_bytes(&w, span_first(more, sizeof op->reason - w.n));
    op->reason_len = w.n;
}

static void finish(struct bundler *b,
                   struct bundler_op *op,
                   enum service_userop_state state,
                   uint64_t lost,
                   instant now)
{
    loss_settle(&b->loss, &op->peer,
                (struct loss_settlement){.reserved = op->loss_reserved, .lost = lost}, now);
    op->loss_reserved = 0;
    op->state = state;
    op->step = BUNDLER_FINISHED;
    op->token = 0;
    op->at = instant_add(now, b->cfg.limits.keep_ms * US_PER_MS);
    /* If the store fails here the record still says SENT: after a restart the receipt says the rest. */
    if (op->is_kept) {
        enum err kept = bundler_record_put(b, op);
        (void)kept;
    }
}

/* refuse ends an operation that was never promised; its place is free as soon as the peer was told. */
static void refuse(struct bundler *b,
                   struct bundler_op *op,
                   enum service_code code,
                   const char *text,
                   struct span more,
                   instant now)
{
    reason_set(op, text, more);
    finish(b, op, SERVICE_USEROP_DROPPED, 0, now);
    op->verdict = code;
    op->verdict_due = op->waiter != 0;
    op->at = now;
}

/* drop ends one that was promised, or tells the peer so if it still waits. */
static void drop(struct bundler *b,
                 struct bundler_op *op,
                 const char *text,
                 struct span more,
                 uint64_t lost,
                 instant now)
{
    if (op->state == SERVICE_USEROP_CHECKING) {
        refuse(b, op, SERVICE_DENIED, text, more, now);
        return;
    }
    reason_set(op, text, more);
    finish(b, op, SERVICE_USEROP_DROPPED, lost, now);
}

static void wait_ms(struct bundler_op *op, uint64_t ms, instant now)
{
    op->at = instant_add(now, ms * US_PER_MS);
}

/* code_hash hashes the code that an answer holds. */
MUST_CHECK static enum err
code_hash(struct bundler *b, struct hash32 *ret, size_t *ret_len, struct json v)
{
    buf_clear(&b->scratch);
    struct wr w = wr_init_buf(&b->scratch);
    TRY(jsonrpc_get_data(&w, v));
    keccak256(ret, buf_span(&b->scratch));
    *ret_len = b->scratch.n;
    return OK;
}

/* next_code goes to the next known code that this chain was not asked for yet, or on to the simulation. */
static void next_code(struct bundler *b, struct bundler_op *op)
{
    for (size_t i = 0; i < b->cfg.known_count; i++) {
        if ((op->known_needed & UINT32_C(1) << i) != 0 && !b->known_checked[i]) {
            op->known_at = i;
            op->step = BUNDLER_CODE;
            return;
        }
    }
    op->step = op->state == SERVICE_USEROP_CHECKING ? BUNDLER_SIMULATE : BUNDLER_NONCE;
}

static void
on_sender_code(struct bundler *b, struct bundler_op *op, struct json result, instant now)
{
    struct hash32 hash;
    size_t len;
    if (code_hash(b, &hash, &len, result) != OK) {
        bundler_step_failed(b, op, now);
        return;
    }
    bool has_init_code = op->op.init_code.n > 0;
    if (len == 0 && has_init_code) {
        next_code(b, op);
        return;
    }
    if (len == 0 || has_init_code) {
        drop(b, op,
             has_init_code ? "the account exists already: send the operation without init code"
                           : "the account does not exist yet: its init code is missing",
             SPAN_EMPTY, 0, now);
        return;
    }
    for (size_t i = 0; i < b->cfg.known_count; i++) {
        if (b->known[i].role == BUNDLER_PROXY &&
            span_equal(SPAN_OF(hash.bytes), SPAN_OF(b->known[i].code_hash.bytes))) {
            op->step = BUNDLER_SLOT;
            return;
        }
    }
    drop(b, op, "the account's code is not known here", SPAN_EMPTY, 0, now);
}

static void on_slot(struct bundler *b, struct bundler_op *op, struct json result, instant now)
{
    uint8_t word[32];
    struct address implementation;
    if (jsonrpc_get_fixed(MSPAN_OF(word), result) != OK) {
        bundler_step_failed(b, op, now);
        return;
    }
    memcpy(implementation.bytes, word + 12, sizeof implementation.bytes);
    size_t at = bundler_known_find(b, BUNDLER_IMPLEMENTATION, implementation);
    if (at == b->cfg.known_count) {
        drop(b, op, "the account's implementation is not known here", SPAN_EMPTY, 0, now);
        return;
    }
    op->known_needed |= UINT32_C(1) << at;
    next_code(b, op);
}

static void on_code(struct bundler *b, struct bundler_op *op, struct json result, instant now)
{
    struct hash32 hash;
    size_t len;
    if (code_hash(b, &hash, &len, result) != OK) {
        bundler_step_failed(b, op, now);
        return;
    }
    if (!span_equal(SPAN_OF(hash.bytes), SPAN_OF(b->known[op->known_at].code_hash.bytes))) {
        drop(b, op,
             "a factory, verifier or implementation has other code on this chain than it should",
             SPAN_EMPTY, 0, now);
        return;
    }
    b->known_checked[op->known_at] = true;
    next_code(b, op);
}

/* rival_find gives the open operation that op replaces, or NULL. */
static struct bundler_op *rival_find(struct bundler *b, const struct bundler_op *op)
{
    for (size_t i = 0; i < b->cfg.limits.ops_max; i++) {
        struct bundler_op *old = &b->ops[i];
        bool is_open =
            old->step != BUNDLER_FREE && old->step != BUNDLER_FINISHED && !old->is_superseded;
        if (old != op && is_open && address_equal(old->op.sender, op->op.sender) &&
            u256_equal(old->op.nonce, op->op.nonce)) {
            return old;
        }
    }
    return NULL;
}

/* rival_end takes the replaced operation out of the race. */
static void rival_end(struct bundler *b, struct bundler_op *old, instant now)
{
    if (old->attempts_count == 0) {
        reason_set(old, "replaced by another operation with this nonce", SPAN_EMPTY);
        finish(b, old, SERVICE_USEROP_REPLACED, 0, now);
        return;
    }
    /* It makes no more attempts; those that are out compete for the same account nonce, so only one is included. If
     * this record cannot be kept, it goes on competing after a restart: no harm. */
    old->is_superseded = true;
    enum err kept = bundler_record_put(b, old);
    (void)kept;
}

/* promise makes the operation ours: from here on it is in the store. */
static void promise(struct bundler *b, struct bundler_op *op, instant now)
{
    struct bundler_op *rival = rival_find(b, op);
    if (rival && rival->attempts_count > 0) {
        const struct bundler_attempt *last = &rival->attempts[rival->attempts_count - 1];
        op->has_nonce = true;
        op->nonce = rival->nonce;
        op->fee_floor = last->max_fee_per_gas;
        op->tip_floor = last->max_priority_fee_per_gas;
    }
    op->state = SERVICE_USEROP_ACCEPTED;
    if (bundler_record_put(b, op) != OK) {
        op->state = SERVICE_USEROP_CHECKING;
        refuse(b, op, SERVICE_INTERNAL, "this server cannot keep records now", SPAN_EMPTY, now);
        return;
    }
    if (rival) {
        rival_end(b, rival, now);
    }
    op->verdict = SERVICE_OK;
    op->verdict_due = op->waiter != 0;
    op->step = BUNDLER_NONCE;
}

/* simulation_reason reads why a simulation failed. *ret_code: whose fault it is. */
static struct span simulation_reason(struct bundler *b,
                                     const struct jsonrpc_response *r,
                                     enum service_code *ret_code,
                                     const char **ret_text)
{
    buf_clear(&b->scratch);
    struct wr w = wr_init_buf(&b->scratch);
    *ret_code = SERVICE_DENIED;
    *ret_text = "the operation fails: ";
    if (jsonrpc_response_revert(&w, r) == OK && b->scratch.n > 0 &&
        b->scratch.n <= REVERT_LEN_MAX) {
        struct revert rv = revert_decode(buf_span(&b->scratch));
        return rv.reason.n > 0 ? rv.reason : SPAN_LIT("handleOps reverts");
    }
    buf_clear(&b->scratch);
    w = wr_init_buf(&b->scratch);
    if (json_get_string(&w, r->message) == OK) {
        struct span text = buf_span(&b->scratch);
        for (size_t i = 0; i < text.n; i++) {
            if (span_starts_with(span_from(text, i), SPAN_LIT("nsufficient funds"))) {
                *ret_code = SERVICE_INTERNAL;
                *ret_text = "this server's bundler has too little money";
                return SPAN_EMPTY;
            }
            if (span_starts_with(span_from(text, i), SPAN_LIT("revert"))) {
                return SPAN_LIT("handleOps reverts");
            }
        }
    }
    *ret_code = SERVICE_UPSTREAM;
    *ret_text = "this server's node cannot simulate: ";
    return buf_span(&b->scratch);
}

static void on_simulated(struct bundler *b,
                         struct bundler_op *op,
                         const struct jsonrpc_response *r,
                         instant now)
{
    if (!r->is_error) {
        if (op->step == BUNDLER_SIMULATE) {
            promise(b, op, now);
        } else {
            op->step = BUNDLER_SIGN;
        }
        return;
    }
    enum service_code code;
    const char *text;
    struct span more = simulation_reason(b, r, &code, &text);
    if (code != SERVICE_DENIED && op->step == BUNDLER_SIMULATE_AGAIN) {
        bundler_step_failed(b, op, now); /* not the operation's fault: later */
        return;
    }
    if (op->step == BUNDLER_SIMULATE) {
        refuse(b, op, code, text, more, now);
        return;
    }
    if (op->attempts_count == 0) {
        drop(b, op, text, more, 0, now);
        return;
    }
    /* It is in a transaction already. Perhaps that was included just now: its receipt says so. If not, free the
     * nonce. */
    if (op->attempts_count < BUNDLER_ATTEMPTS_MAX && !op->is_superseded) {
        reason_set(op, text, more);
        op->is_given_up = true; /* the next attempt pays ourselves */
        op->step = BUNDLER_SIGN;
        return;
    }
    op->step = BUNDLER_TRACK;
    wait_ms(op, b->cfg.limits.track_ms, now);
}

static void on_nonce(struct bundler *b, struct bundler_op *op, struct json result, instant now)
{
    uint64_t count;
    if (jsonrpc_get_u64(&count, result) != OK) {
        bundler_step_failed(b, op, now);
        return;
    }
    if (!b->has_next_nonce) {
        b->has_next_nonce = true;
        b->next_nonce = max_u64(b->next_nonce, count);
    }
    op->step = BUNDLER_SIMULATE_AGAIN;
}

/* fees_choose: what the operation pays, and a ninth more than the attempt before. */
static void
fees_choose(const struct bundler *b, const struct bundler_op *op, struct bundler_attempt *a)
{
    struct u256 fee = op->op.max_fee_per_gas;
    struct u256 tip = op->op.max_priority_fee_per_gas;
    struct u256 fee_floor = op->fee_floor;
    struct u256 tip_floor = op->tip_floor;
    if (op->attempts_count > 0) {
        fee_floor = op->attempts[op->attempts_count - 1].max_fee_per_gas;
        tip_floor = op->attempts[op->attempts_count - 1].max_priority_fee_per_gas;
    }
    if (a->is_cancel) {
        fee = u256_add_sat(u256_add_sat(b->head.base_fee_per_gas, b->head.base_fee_per_gas), tip);
    }
    struct u256_quotient q;
    if (!u256_is_zero(fee_floor)) {
        /* nodes want 10% more in both parts; an eighth is 12.5% */
        if (u256_divmod(&q, fee_floor, u256_from_u64(8)) == OK) {
            fee_floor = u256_add_sat(u256_add_sat(fee_floor, q.quotient), u256_from_u64(1));
        }
        if (u256_divmod(&q, tip_floor, u256_from_u64(8)) == OK) {
            tip_floor = u256_add_sat(u256_add_sat(tip_floor, q.quotient), u256_from_u64(1));
        }
        fee = u256_compare(fee, fee_floor) < 0 ? fee_floor : fee;
        tip = u256_compare(tip, tip_floor) < 0 ? tip_floor : tip;
    }
    a->max_priority_fee_per_gas = tip;
    a->max_fee_per_gas = u256_compare(fee, tip) < 0 ? tip : fee;
}

/* attempt_build signs the next transaction into op->raw. */
MUST_CHECK static enum err
attempt_build(struct bundler *b, struct bundler_op *op, struct bundler_attempt *a)
{
    fees_choose(b, op, a);
    struct tx tx = {
        .type = TX_FEE_MARKET,
        .has_chain_id = true,
        .chain_id = b->cfg.chain_id,
        .nonce = op->nonce,
        .max_fee_per_gas = a->max_fee_per_gas,
        .max_priority_fee_per_gas = a->max_priority_fee_per_gas,
        .gas_limit = a->is_cancel ? TRANSFER_GAS : op->gas_limit,
        .has_to = true,
        .to = a->is_cancel ? b->cfg.self : b->cfg.entry_point,
    };
    buf_clear(&b->call);
    if (!a->is_cancel) {
        TRY(userop_encode_handle_ops(&op->op, b->cfg.self, &b->call));
        tx.data = buf_span(&b->call);
    }
    struct secp256k1_signature sig;
    buf_clear(&b->scratch);
    TRY(tx_encode(&tx, &b->scratch));
    TRY(b->cfg.signer->sign(b->cfg.signer, &sig, buf_span(&b->scratch)));
    TRY(tx_sign_with(&tx, &sig));
    struct address signer;
    TRY(tx_sender(&signer, &tx, &b->scratch));
    if (!address_equal(signer, b->cfg.self)) {
        return ERR_AUTH; /* keyd signed with another key than the one that has the money */
    }
    /* The bytes of the attempt before stay until the new ones are whole. */
    buf_clear(&b->scratch);
    TRY(tx_encode(&tx, &b->scratch));
    TRY(buf_reserve(&op->raw, b->scratch.n > op->raw.n ? b->scratch.n - op->raw.n : 0));
    buf_clear(&op->raw);
    TRY(buf_append(&op->raw, buf_span(&b->scratch)));
    tx_hash(&a->tx_hash, buf_span(&op->raw));
    return OK;
}

void bundler_sign(struct bundler *b, struct bundler_op *op, instant now)
{
    if (!op->has_nonce && !b->has_next_nonce) {
        op->step = BUNDLER_NONCE;
        return;
    }
    if (op->attempts_count == BUNDLER_ATTEMPTS_MAX) {
        op->step = BUNDLER_TRACK;
        return;
    }
    bool took_nonce = !op->has_nonce;
    bool is_last = op->attempts_count + 1 == BUNDLER_ATTEMPTS_MAX;
    bool was_cancel = op->attempts_count > 0 && op->attempts[op->attempts_count - 1].is_cancel;
    struct bundler_attempt a = {.is_cancel = op->attempts_count > 0 &&
                                             (is_last || was_cancel || op->is_given_up)};
    if (took_nonce) {
        op->has_nonce = true;
        op->nonce = b->next_nonce;
    }
    struct hash32 tx_before = op->tx_hash;
    enum service_userop_state state_before = op->state;
    enum err e = attempt_build(b, op, &a);
    if (e == OK) {
        op->attempts[op->attempts_count++] = a;
        op->tx_hash = a.tx_hash;
        op->state = SERVICE_USEROP_SENT;
        /* The record is on disk before the first byte leaves: whatever dies now, the same transaction is sent
         * again, never another one beside it. */
        e = bundler_record_put(b, op);
        if (e != OK) {
            op->attempts_count--;
            op->tx_hash = tx_before;
            op->state = state_before;
        }
    }
    if (e != OK) {
        op->has_nonce = !took_nonce;
        wait_ms(op, 1000, now);
        return;
    }
    b->next_nonce += took_nonce;
    op->step = BUNDLER_SEND;
    op->at = now;
    op->sent_at = now;
}

/* track_again begins a round of looking for receipts. */
static void track_again(struct bundler *b, struct bundler_op *op, instant now)
{
    op->step = BUNDLER_TRACK;
    op->attempt_at = 0;
    wait_ms(op, b->cfg.limits.track_ms, now);
}

static void
on_sent(struct bundler *b, struct bundler_op *op, const struct jsonrpc_response *r, instant now)
{
    /* The node's word does not count: the hash is ours, and whether it is included a receipt will say. An error
     * may mean "known already", "nonce too low" (included!) or no room: look, and send again later. */
    op->needs_send = r->is_error;
    track_again(b, op, now);
    if (!r->is_error) {
        op->at = now; /* some chains include at once */
    }
}

static void
included(struct bundler *b, struct bundler_op *op, const struct bundler_receipt *rc, instant now)
{
    const struct bundler_attempt *a = &op->attempts[op->attempt_at];
    uint64_t gas = 0;
    uint64_t paid = 0;
    if (u256_to_u64(&gas, rc->gas_used) != OK || u256_to_u64(&paid, rc->actual_gas_used) != OK) {
        track_again(b, op, now);
        return;
    }
    bool is_deep =
        b->has_head && b->head.number >= add_sat_u64(rc->block_number, b->cfg.limits.confirmations);
    op->tx_hash = a->tx_hash;
    if (a->is_cancel || rc->is_reverted || !rc->has_event) {
        if (!is_deep) {
            track_again(b, op, now);
            op->attempt_at = (size_t)(a - op->attempts);
            return;
        }
        drop(b, op,
             a->is_cancel ? "it was not included in time and was given up"
                          : "the transaction reverted on the chain",
             SPAN_EMPTY, gas, now);
        return;
    }
    bool is_news = op->state != SERVICE_USEROP_INCLUDED || op->block_number != rc->block_number;
    op->state = SERVICE_USEROP_INCLUDED;
    op->reason_len = 0;
    op->block_number = rc->block_number;
    op->success = rc->success;
    op->actual_gas_cost = rc->actual_gas_cost;
    op->actual_gas_used = rc->actual_gas_used;
    if (is_deep) {
        b->fees = u256_add_sat(b->fees, rc->actual_gas_cost);
        b->gas_cost = u256_add_sat(b->gas_cost, u256_mul_sat(rc->gas_used, rc->gas_price));
        if (b->cfg.paid) {
            b->cfg.paid(b->cfg.paid_user, &op->peer, op->op.sender, now);
        }
        finish(b, op, SERVICE_USEROP_FINAL, sub_sat_u64(gas, paid), now);
        return;
    }
    if (is_news && bundler_record_put(b, op) != OK) {
        op->state = SERVICE_USEROP_SENT; /* told when it is kept */
    }
    size_t at = op->attempt_at;
    track_again(b, op, now);
    op->attempt_at = at;
}

static void on_receipt(struct bundler *b, struct bundler_op *op, struct json result, instant now)
{
    struct bundler_receipt rc;
    const struct hash32 *hash = &op->attempts[op->attempt_at].tx_hash;
    if (bundler_receipt_read(b, &rc, result, hash, &op->hash) != OK) {
        bundler_step_failed(b, op, now);
        return;
    }
    if (rc.is_there) {
        op->missing_count = 0;
        included(b, op, &rc, now);
        return;
    }
    if (op->state == SERVICE_USEROP_INCLUDED) {
        /* a reorganisation took the block away */
        op->state = SERVICE_USEROP_SENT;
        op->needs_send = true;
        op->attempt_at = 0;
        return;
    }
    op->attempt_at++;
    if (op->attempt_at >= op->attempts_count) {
        op->attempt_at = 0;
        op->step = BUNDLER_USED_NONCE;
    }
}

/* on_used_nonce: no attempt has a receipt. Is our account's nonce used up all the same? */
static void on_used_nonce(struct bundler *b, struct bundler_op *op, struct json result, instant now)
{
    uint64_t count;
    if (jsonrpc_get_u64(&count, result) != OK) {
        bundler_step_failed(b, op, now);
        return;
    }
    track_again(b, op, now);
    if (count <= op->nonce) {
        op->missing_count = 0;
        if (op->is_superseded) {
            return;
        }
        bool is_stuck = instant_since(op->sent_at, now) >= b->cfg.limits.stuck_ms * US_PER_MS;
        if (is_stuck && op->attempts_count < BUNDLER_ATTEMPTS_MAX) {
            op->step = BUNDLER_SIMULATE_AGAIN;
            op->at = now;
        } else if (op->needs_send || is_stuck) {
            op->sent_at = is_stuck ? now : op->sent_at;
            op->step = BUNDLER_SEND;
            op->at = now;
        }
        return;
    }
    if (++op->missing_count < MISSING_MAX) {
        return; /* receipts may lag behind the count */
    }
    /* Another transaction used the nonce: none of ours can be included any more. */
    if (op->is_superseded) {
        reason_set(op, "replaced by another operation with this nonce", SPAN_EMPTY);
        finish(b, op, SERVICE_USEROP_REPLACED, 0, now);
        return;
    }
    op->has_nonce = false;
    op->attempts_count = 0;
    op->missing_count = 0;
    op->is_given_up = false;
    op->reason_len = 0;
    op->fee_floor = U256_ZERO;
    op->tip_floor = U256_ZERO;
    op->state = SERVICE_USEROP_ACCEPTED;
    b->has_next_nonce = false;
    op->step = BUNDLER_NONCE;
    op->at = now;
    if (bundler_record_put(b, op) != OK) {
        op->at =
            instant_add(now, US_PER_S); /* the record names transactions that are dead: harmless */
    }
}

void bundler_step_failed(struct bundler *b, struct bundler_op *op, instant now)
{
    op->failures_count++;
    if (op->state == SERVICE_USEROP_CHECKING) {
        if (op->failures_count >= FAILURES_MAX) {
            refuse(b, op, SERVICE_UPSTREAM, "this server's node does not answer", SPAN_EMPTY, now);
            return;
        }
        wait_ms(op, 250, now);
        return;
    }
    if (op->step == BUNDLER_SEND) {
        op->needs_send = true;
        track_again(b, op, now);
        return;
    }
    wait_ms(op, b->cfg.limits.track_ms, now);
}

void bundler_step(struct bundler *b,
                  struct bundler_op *op,
                  const struct jsonrpc_response *r,
                  instant now)
{
    if (op->step == BUNDLER_SIMULATE || op->step == BUNDLER_SIMULATE_AGAIN) {
        on_simulated(b, op, r, now);
        return;
    }
    if (op->step == BUNDLER_SEND) {
        on_sent(b, op, r, now);
        return;
    }
    if (r->is_error) {
        bundler_step_failed(b, op, now);
        return;
    }
    switch (op->step) {
    case BUNDLER_SENDER_CODE:    on_sender_code(b, op, r->result, now); break;
    case BUNDLER_SLOT:           on_slot(b, op, r->result, now); break;
    case BUNDLER_CODE:           on_code(b, op, r->result, now); break;
    case BUNDLER_NONCE:          on_nonce(b, op, r->result, now); break;
    case BUNDLER_TRACK:          on_receipt(b, op, r->result, now); break;
    case BUNDLER_USED_NONCE:     on_used_nonce(b, op, r->result, now); break;
    case BUNDLER_SIMULATE:
    case BUNDLER_SIMULATE_AGAIN:
    case BUNDLER_SEND:
    case BUNDLER_FREE:
    case BUNDLER_SIGN:
    case BUNDLER_FINISHED:       break;
    }
}
