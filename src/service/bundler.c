/* The bundler's state machine. Each operation has one question out at most; what an answer means depends on the
 * operation's step. bundler_step.c has what each answer means; here are places, time and events. */
#include "service/bundler_parts.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

#include <string.h>

enum { TEXT_LEN_MAX = 96 * 1024, REPLACE_PERCENT = 110 };

struct bundler_limits bundler_limits_default(void)
{
    return (struct bundler_limits){
        .ops_max = 32,
        .verification_gas_max = 1500000,
        .tx_gas_max = UINT64_C(1) << 24,
        .min_tip = u256_from_u64(0),
        .loss = {.per_peer = 5000000, .per_group = 10000000, .total = 30000000},
        .ask_timeout_ms = 10000,
        .track_ms = 2000,
        .stuck_ms = 60000,
        .confirmations = 2,
        .keep_ms = 3600 * 1000,
    };
}

enum err bundler_init(struct bundler *b, const struct bundler_cfg *cfg)
{
    check(cfg->known_count <= BUNDLER_KNOWN_MAX);
    check(cfg->limits.ops_max >= 1);
    check(cfg->limits.ops_max <= BUNDLER_OPS_MAX);
    memset(b, 0, sizeof *b);
    b->cfg = *cfg;
    memcpy(b->known, cfg->known, cfg->known_count * sizeof *cfg->known);
    b->cfg.known = b->known;
    b->next_token = 1;
    loss_init(&b->loss, cfg->limits.loss);
    buf_init(&b->call, cfg->budget, BUNDLER_RECORD_LEN_MAX);
    buf_init(&b->text, cfg->budget, TEXT_LEN_MAX);
    buf_init(&b->scratch, cfg->budget, BUNDLER_RECORD_LEN_MAX);
    void *ops;
    TRY(mem_alloc(cfg->budget, &ops, cfg->limits.ops_max * sizeof(struct bundler_op)));
    b->ops = ops;
    return OK;
}

void bundler_set_limits(struct bundler *b, const struct bundler_limits *limits)
{
    uint32_t ops_max = b->cfg.limits.ops_max;
    b->cfg.limits = *limits;
    b->cfg.limits.ops_max = ops_max;
    b->loss.limits = limits->loss;
}

void bundler_done(struct bundler *b)
{
    for (size_t i = 0; b->ops && i < b->cfg.limits.ops_max; i++) {
        bundler_op_clear(&b->ops[i]);
    }
    if (b->ops) {
        mem_free(b->cfg.budget, b->ops, b->cfg.limits.ops_max * sizeof(struct bundler_op));
        b->ops = NULL;
    }
    buf_done(&b->call);
    buf_done(&b->text);
    buf_done(&b->scratch);
}

/* place_find gives an empty place, or NULL. */
static struct bundler_op *place_find(struct bundler *b)
{
    for (size_t i = 0; i < b->cfg.limits.ops_max; i++) {
        if (b->ops[i].step == BUNDLER_FREE) {
            return &b->ops[i];
        }
    }
    return NULL;
}

/* finished_find gives the place of the operation that has been finished longest, or NULL. */
static struct bundler_op *finished_find(struct bundler *b)
{
    struct bundler_op *oldest = NULL;
    for (size_t i = 0; i < b->cfg.limits.ops_max; i++) {
        struct bundler_op *op = &b->ops[i];
        if (op->step == BUNDLER_FINISHED && !op->verdict_due &&
            (!oldest || instant_before(op->at, oldest->at))) {
            oldest = op;
        }
    }
    return oldest;
}

static void op_free(struct bundler *b, struct bundler_op *op)
{
    if (op->is_kept) {
        b->cfg.store->remove(b->cfg.store, &op->hash);
    }
    bundler_op_clear(op);
}

static struct bundler_op *op_find(const struct bundler *b, const struct hash32 *hash)
{
    for (size_t i = 0; i < b->cfg.limits.ops_max; i++) {
        struct bundler_op *op = &b->ops[i];
        if (op->step != BUNDLER_FREE && span_equal(SPAN_OF(op->hash.bytes), SPAN_OF(hash->bytes))) {
            return op;
        }
    }
    return NULL;
}

enum err bundler_restore(struct bundler *b, struct span record, instant now)
{
    struct bundler_op *op = place_find(b);
    if (!op) {
        return ERR_LIMIT;
    }
    TRY(bundler_record_read(b, op, record));
    if (op_find(b, &op->hash)) { /* op itself is not in use yet */
        bundler_op_clear(op);
        return ERR_STATE;
    }
    op->at = now;
    bool is_finished = op->state == SERVICE_USEROP_FINAL || op->state == SERVICE_USEROP_DROPPED ||
                       op->state == SERVICE_USEROP_REPLACED;
    if (is_finished) {
        op->step = BUNDLER_FINISHED;
        op->at = instant_add(now, b->cfg.limits.keep_ms * US_PER_MS);
        return OK;
    }
    op->loss_reserved = op->gas_limit;
    if (loss_reserve(&b->loss, &op->peer, op->loss_reserved, now) != OK) {
        op->loss_reserved =
            0; /* the hour's budget is used up: the operation was promised all the same */
    }
    const char *why;
    enum service_code code = bundler_check_shape(b, &op->known_needed, &why, &op->op);
    (void)code; /* it was promised: only the known code that takes part is wanted here */
    op->needs_send = op->attempts_count > 0;
    op->sent_at = now;
    op->step = op->has_nonce && op->attempts_count > 0 ? BUNDLER_TRACK : BUNDLER_SENDER_CODE;
    if (op->has_nonce && (!b->has_next_nonce || op->nonce >= b->next_nonce)) {
        b->next_nonce = op->nonce + 1; /* a floor; the chain is asked before it is used */
    }
    return OK;
}

/* is_dearer: a replacement pays a tenth more in both parts, as nodes want of transactions. */
static bool is_dearer(const struct userop *next, const struct userop *old)
{
    struct u256 percent = u256_from_u64(REPLACE_PERCENT);
    struct u256 hundred = u256_from_u64(100);
    return u256_compare(u256_mul_sat(next->max_fee_per_gas, hundred),
                        u256_mul_sat(old->max_fee_per_gas, percent)) >= 0 &&
           u256_compare(u256_mul_sat(next->max_priority_fee_per_gas, hundred),
                        u256_mul_sat(old->max_priority_fee_per_gas, percent)) >= 0;
}

/* rival_check looks at one operation of the same sender that is on its way. One is looked after at a time, or a dearer
 * one with the same nonce, which is how a person speeds up or cancels. */
MUST_CHECK static enum service_code
rival_check(const struct bundler_op *rival, const struct userop *op, const char **ret_why)
{
    if (!u256_equal(rival->op.nonce, op->nonce)) {
        *ret_why = "another operation of this account is on its way";
        return rival->state == SERVICE_USEROP_INCLUDED ? SERVICE_OK : SERVICE_BUSY;
    }
    if (rival->state == SERVICE_USEROP_CHECKING || rival->state == SERVICE_USEROP_INCLUDED) {
        *ret_why = "an operation with this nonce is being looked after already";
        return SERVICE_BUSY;
    }
    if (!is_dearer(op, &rival->op)) {
        *ret_why =
            "an operation with this nonce is on its way: a replacement pays 10% more in both fees";
        return SERVICE_DENIED;
    }
    return SERVICE_OK;
}

MUST_CHECK static enum service_code
rivals_check(const struct bundler *b, const struct userop *op, const char **ret_why)
{
    enum service_code code = SERVICE_OK;
    for (size_t i = 0; code == SERVICE_OK && i < b->cfg.limits.ops_max; i++) {
        const struct bundler_op *rival = &b->ops[i];
        bool is_open =
            rival->step != BUNDLER_FREE && rival->step != BUNDLER_FINISHED && !rival->is_superseded;
        if (is_open && address_equal(rival->op.sender, op->sender)) {
            code = rival_check(rival, op, ret_why);
        }
    }
    return code;
}

/* known_again answers a second submission of the same operation. */
MUST_CHECK static enum service_code
known_again(struct bundler_op *op, uint64_t waiter, const char **ret_why)
{
    if (op->waiter != 0) {
        *ret_why = "this operation is being checked already";
        return SERVICE_BUSY;
    }
    op->waiter = waiter;
    if (op->state != SERVICE_USEROP_CHECKING) {
        op->verdict_due = true;
    }
    return SERVICE_OK;
}

MUST_CHECK static enum service_code reserve(struct bundler *b,
                                            struct bundler_op *op,
                                            const struct bundler_submission *s,
                                            const char **ret_why,
                                            instant now)
{
    if (loss_key_init(&op->peer, s->peer, s->group) != OK) {
        *ret_why = "the peer's name is too long";
        return SERVICE_INTERNAL;
    }
    /* If validation fails on chain the call is not run, so that its gas cannot be lost. */
    uint64_t verification = 0;
    if (u256_to_u64(&verification, op->op.verification_gas_limit) != OK) {
        return SERVICE_INTERNAL;
    }
    uint64_t gas = add_sat_u64(verification, userop_calldata_gas(buf_span(&b->call)));
    enum err e = loss_reserve(&b->loss, &op->peer, gas, now);
    if (e != OK) {
        *ret_why =
            e == ERR_DENIED
                ? "too much gas was lost on this peer, its network or in all: ask again in an hour"
                : "too many peers at once";
        return e == ERR_DENIED ? SERVICE_QUOTA : SERVICE_BUSY;
    }
    op->loss_reserved = gas;
    return SERVICE_OK;
}

/* admit fills an empty place; on failure the place is empty again. */
MUST_CHECK static enum service_code admit(struct bundler *b,
                                          struct bundler_op *op,
                                          const struct bundler_submission *s,
                                          const char **ret_why,
                                          instant now)
{
    bundler_op_init(b, op);
    if (buf_append(&op->encoded, s->userop) != OK) {
        *ret_why = "no memory for another operation";
        return SERVICE_BUSY;
    }
    if (userop_decode(&op->op, buf_span(&op->encoded)) != OK) {
        *ret_why = "this is no user operation";
        return SERVICE_BAD_REQUEST;
    }
    enum service_code code = bundler_check_shape(b, &op->known_needed, ret_why, &op->op);
    if (code == SERVICE_OK) {
        code = rivals_check(b, &op->op, ret_why);
    }
    if (code == SERVICE_OK) {
        code = reserve(b, op, s, ret_why, now);
    }
    if (code != SERVICE_OK) {
        return code;
    }
    op->gas_limit = bundler_tx_gas(b, &op->op);
    op->waiter = s->waiter;
    op->state = SERVICE_USEROP_CHECKING;
    op->step = BUNDLER_SENDER_CODE;
    op->at = now;
    return SERVICE_OK;
}

enum service_code bundler_submit(struct bundler *b,
                                 struct hash32 *ret_hash,
                                 const char **ret_why,
                                 const struct bundler_submission *s,
                                 instant now)
{
    check(s->waiter != 0);
    struct userop op;
    struct userop_domain domain = {.entry_point = b->cfg.entry_point,
                                   .chain_id = u256_from_u64(b->cfg.chain_id)};
    if (!address_equal(s->entry_point, b->cfg.entry_point)) {
        *ret_why = "this EntryPoint is not served here";
        return SERVICE_BAD_REQUEST;
    }
    if (s->userop.n > BUNDLER_OP_LEN_MAX || userop_decode(&op, s->userop) != OK ||
        userop_hash(ret_hash, &op, &domain) != OK) {
        *ret_why = "this is no user operation of EntryPoint 0.8, or longer than 8192 bytes";
        return SERVICE_BAD_REQUEST;
    }
    struct bundler_op *place = op_find(b, ret_hash);
    if (place && place->step == BUNDLER_FINISHED && place->state == SERVICE_USEROP_DROPPED &&
        !place->verdict_due) {
        op_free(b, place); /* it failed then; perhaps it does not now */
        place = NULL;
    }
    if (place) {
        return known_again(place, s->waiter, ret_why);
    }
    if (b->is_draining || !b->has_head) {
        *ret_why = b->is_draining ? "this server is about to stop"
                                  : "this server has not reached its node yet";
        return SERVICE_BUSY;
    }
    place = place_find(b);
    if (!place && (place = finished_find(b))) {
        op_free(b, place);
    }
    if (!place) {
        *ret_why = "all places are taken";
        return SERVICE_BUSY;
    }
    enum service_code code = admit(b, place, s, ret_why, now);
    if (code != SERVICE_OK) {
        bundler_op_clear(place);
        return code;
    }
    place->hash = *ret_hash;
    return SERVICE_OK;
}

void bundler_forget_waiter(struct bundler *b, uint64_t waiter)
{
    for (size_t i = 0; i < b->cfg.limits.ops_max; i++) {
        if (b->ops[i].waiter == waiter) {
            b->ops[i].waiter = 0;
        }
    }
}

enum err
bundler_find(const struct bundler *b, struct service_userop_status *ret, const struct hash32 *hash)
{
    const struct bundler_op *op = op_find(b, hash);
    if (!op) {
        return ERR_NOT_FOUND;
    }
    bool is_in_block = op->state == SERVICE_USEROP_INCLUDED || op->state == SERVICE_USEROP_FINAL;
    *ret = (struct service_userop_status){
        .hash = op->hash,
        .state = op->state,
        .has_tx = op->attempts_count > 0,
        .tx_hash = op->tx_hash,
        .block_number = is_in_block ? op->block_number : 0,
        .success = is_in_block && op->success,
        .actual_gas_cost = is_in_block ? op->actual_gas_cost : U256_ZERO,
        .actual_gas_used = is_in_block ? op->actual_gas_used : U256_ZERO,
        .reason = span_of(op->reason, op->reason_len),
    };
    return OK;
}

void bundler_head(struct bundler *b, const struct service_head *head, instant now)
{
    bool is_new =
        !b->has_head || !span_equal(SPAN_OF(b->head.hash.bytes), SPAN_OF(head->hash.bytes));
    b->has_head = true;
    b->head = *head;
    for (size_t i = 0; is_new && i < b->cfg.limits.ops_max; i++) {
        struct bundler_op *op = &b->ops[i];
        if (op->step == BUNDLER_TRACK && op->token == 0) {
            op->at = now; /* a new block: look at once */
        }
    }
}

void bundler_drain(struct bundler *b)
{
    b->is_draining = true;
}

size_t bundler_open_count(const struct bundler *b)
{
    size_t count = 0;
    for (size_t i = 0; i < b->cfg.limits.ops_max; i++) {
        count += b->ops[i].step != BUNDLER_FREE && b->ops[i].step != BUNDLER_FINISHED;
    }
    return count;
}

/* verdict_take gives the verdict that a waiter is due. */
static bool verdict_take(struct bundler_op *op, struct bundler_event *ret)
{
    if (!op->verdict_due) {
        return false;
    }
    op->verdict_due = false;
    uint64_t waiter = op->waiter;
    op->waiter = 0;
    *ret = (struct bundler_event){.kind = BUNDLER_VERDICT,
                                  .waiter = waiter,
                                  .hash = op->hash,
                                  .code = op->verdict,
                                  .reason = span_of(op->reason, op->reason_len)};
    return waiter != 0;
}

/* time_pass brings an operation to the point where it has a question, or nothing to do. */
static void time_pass(struct bundler *b, struct bundler_op *op, instant now)
{
    if (op->token != 0 && instant_reached(op->at, now)) {
        bundler_answer_failed(b, op->token, now);
    }
    if (op->step == BUNDLER_FINISHED && !op->verdict_due && instant_reached(op->at, now)) {
        op_free(b, op);
    }
    /* SIGN may be followed by SEND, by waiting, or by asking for the nonce: never by itself without a wait. */
    if (op->step == BUNDLER_SIGN && instant_reached(op->at, now)) {
        bundler_sign(b, op, now);
    }
}

bool bundler_poll(struct bundler *b, struct bundler_event *ret_event, instant now)
{
    for (size_t n = 0; n < b->cfg.limits.ops_max; n++) {
        struct bundler_op *op = &b->ops[b->poll_at];
        time_pass(b, op, now);
        if (op->step != BUNDLER_FREE && verdict_take(op, ret_event)) {
            return true;
        }
        bool asks =
            op->step != BUNDLER_FREE && op->step != BUNDLER_FINISHED && op->step != BUNDLER_SIGN;
        if (asks && op->token == 0 && instant_reached(op->at, now)) {
            uint64_t token = b->next_token;
            if (bundler_ask_write(b, op, token) == OK) {
                b->next_token++;
                op->token = token;
                op->at = instant_add(now, b->cfg.limits.ask_timeout_ms * US_PER_MS);
                *ret_event = (struct bundler_event){.kind = BUNDLER_ASK,
                                                    .token = token,
                                                    .text = buf_span(&b->text),
                                                    .timeout_ms = b->cfg.limits.ask_timeout_ms};
                return true;
            }
            op->at = instant_add(now, US_PER_S); /* no memory now */
        }
        b->poll_at = (b->poll_at + 1) % b->cfg.limits.ops_max;
    }
    return false;
}

static struct bundler_op *op_of_token(struct bundler *b, uint64_t token)
{
    for (size_t i = 0; token != 0 && i < b->cfg.limits.ops_max; i++) {
        if (b->ops[i].token == token) {
            return &b->ops[i];
        }
    }
    return NULL;
}

void bundler_answer(struct bundler *b, uint64_t token, struct span text, instant now)
{
    struct bundler_op *op = op_of_token(b, token);
    if (!op) {
        return;
    }
    struct jsonrpc_response r;
    if (jsonrpc_response_parse(&r, text, NULL) != OK || !r.has_id || r.id != token) {
        bundler_answer_failed(b, token, now);
        return;
    }
    op->token = 0;
    op->at = now;
    bundler_step(b, op, &r, now);
}

void bundler_answer_failed(struct bundler *b, uint64_t token, instant now)
{
    struct bundler_op *op = op_of_token(b, token);
    if (!op) {
        return;
    }
    op->token = 0;
    bundler_step_failed(b, op, now);
}

instant bundler_deadline(const struct bundler *b)
{
    instant first = INSTANT_NEVER;
    for (size_t i = 0; i < b->cfg.limits.ops_max; i++) {
        const struct bundler_op *op = &b->ops[i];
        if (op->step != BUNDLER_FREE) {
            first = op->verdict_due ? (instant){0} : instant_min(first, op->at);
        }
        if (op->step != BUNDLER_FREE && op->verdict_due) {
            break;
        }
    }
    return first;
}
