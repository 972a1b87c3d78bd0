/* Payments in. Two readings of the same account differ by what it sent, what that cost, and what came in: the first two
 * are known, so the third follows, also for payments that leave no log (a contract that sends ether).
 *
 * The cursor in the store holds the older reading, and the payments that were found with it: they are written as
 * operations after the cursor, and once more at the next start if that was cut short. Their ids are made before, so
 * that writing one twice changes nothing. */
#include "base/check.h"
#include "base/mem.h"
#include "wallet/engine.h"
#include "wallet/record.h"

enum { PENDING_COUNT_MAX = 1 + NETWORK_TOKEN_COUNT_MAX };

struct payment {
    struct id id;
    struct address token;
    struct u256 amount;
    uint64_t block;
    uint64_t at_ms;
};

/* How far an account was read on a network. */
struct cursor {
    uint64_t block;
    struct u256 total; /* balance and deposit at that block */
    size_t token_count;
    struct {
        struct address token;
        struct u256 balance;
    } tokens[NETWORK_TOKEN_COUNT_MAX];
    size_t payment_count;
    struct payment payments[PENDING_COUNT_MAX]; /* found with this cursor */
};

/* ---- the record ---- */

static enum err cursor_encode(struct buf *out, const struct cursor *c)
{
    struct wr w = wr_init_buf(out);
    protobuf_write_varint(&w, 1, c->block);
    record_write_u256(&w, 2, c->total);
    for (size_t i = 0; i < c->token_count; i++) {
        protobuf_write_bytes(&w, 3, SPAN_OF(c->tokens[i].token.bytes));
        record_write_u256(&w, 4, c->tokens[i].balance);
    }
    for (size_t i = 0; i < c->payment_count; i++) {
        protobuf_write_bytes(&w, 5, id_span(&c->payments[i].id));
        protobuf_write_bytes(&w, 6, SPAN_OF(c->payments[i].token.bytes));
        record_write_u256(&w, 7, c->payments[i].amount);
        protobuf_write_varint(&w, 8, c->payments[i].block);
        protobuf_write_varint(&w, 9, c->payments[i].at_ms);
    }
    return wr_end(&w);
}

static enum err read_token(struct cursor *c, const struct protobuf_field *f)
{
    if (f->number == 3) {
        if (c->token_count >= NETWORK_TOKEN_COUNT_MAX) {
            return ERR_LIMIT;
        }
        c->token_count++;
    }
    if (c->token_count == 0) {
        return ERR_MALFORMED;
    }
    size_t i = c->token_count - 1;
    return f->number == 3 ? record_fixed(MSPAN_OF(c->tokens[i].token.bytes), f)
                          : record_u256(&c->tokens[i].balance, f);
}

static enum err read_payment(struct cursor *c, const struct protobuf_field *f)
{
    if (f->number == 5) {
        if (c->payment_count >= PENDING_COUNT_MAX) {
            return ERR_LIMIT;
        }
        c->payment_count++;
    }
    if (c->payment_count == 0) {
        return ERR_MALFORMED;
    }
    struct payment *p = &c->payments[c->payment_count - 1];
    switch (f->number) {
    case 5:  return record_id(&p->id, f);
    case 6:  return record_fixed(MSPAN_OF(p->token.bytes), f);
    case 7:  return record_u256(&p->amount, f);
    case 8:  return protobuf_get_u64(&p->block, f);
    default: return protobuf_get_u64(&p->at_ms, f);
    }
}

static enum err read_field(struct cursor *c, const struct protobuf_field *f)
{
    if (f->number == 1) {
        return protobuf_get_u64(&c->block, f);
    }
    if (f->number == 2) {
        return record_u256(&c->total, f);
    }
    if (f->number == 3 || f->number == 4) {
        return read_token(c, f);
    }
    if (f->number >= 5 && f->number <= 9) {
        return read_payment(c, f);
    }
    return OK; /* a later version's field */
}

static enum err cursor_decode(struct cursor *ret, struct span record)
{
    *ret = (struct cursor){0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(ret, &f));
    }
    return protobuf_end(&r);
}

static size_t cursor_key(uint8_t ret[static STORE_KEY_LEN_MAX], const struct view *v)
{
    struct wr w = wr_init(mspan_of(ret, STORE_KEY_LEN_MAX));
    wr_str(&w, v->network.text);
    wr_u8(&w, '/');
    wr_str(&w, v->account.text);
    check(wr_ok(&w));
    return w.n;
}

static enum err cursor_load(struct wallet *w, struct cursor *ret, const struct view *v)
{
    uint8_t key[STORE_KEY_LEN_MAX];
    size_t key_len = cursor_key(key, v);
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    TRY(w->cfg.store->get(w->cfg.store, STORE_CURSOR, span_of(key, key_len), &record));
    return cursor_decode(ret, buf_span(&record));
}

static enum err cursor_save(struct wallet *w, const struct cursor *c, const struct view *v)
{
    uint8_t key[STORE_KEY_LEN_MAX];
    size_t key_len = cursor_key(key, v);
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    TRY(cursor_encode(&record, c));
    return w->cfg.store->put(w->cfg.store, STORE_CURSOR, span_of(key, key_len), buf_span(&record));
}

/* ---- what was sent in between ---- */

struct sent {
    struct u256 native; /* values and fees */
    struct u256 tokens[NETWORK_TOKEN_COUNT_MAX];
};

static void
add_sent(struct sent *s, const struct operation *op, const struct network *n, struct address self)
{
    s->native = u256_add_sat(s->native, figure_value(&op->fee_paid));
    if (op->state == OPERATION_FAILED || op->kind == OPERATION_RECEIVE ||
        address_equal(op->to, self)) {
        return;
    }
    if (address_is_zero(op->token)) {
        s->native = u256_add_sat(s->native, op->amount);
        return;
    }
    const struct token *token = network_token(n, op->token);
    if (token) {
        size_t i = (size_t)(token - n->tokens);
        s->tokens[i] = u256_add_sat(s->tokens[i], op->amount);
    }
}

/* Operations are ordered by when they were made, not by block: so far back one is looked for that was included late. */
enum { LATE_MS = 24 * 3600 * 1000, LOOK_BACK_COUNT_MAX = 512 };

static enum err
sum_sent(struct wallet *w, struct sent *ret, const struct cursor *c, const struct view *v)
{
    struct history_args args = {.account = v->account, .network = v->network};
    const struct network *n = wallet_network(w, v->network);
    struct address self = wallet_account(w, v->account)->address;
    AUTO(operation_auto) struct operation *op = NULL;
    TRY(operation_new(&op, &w->budget));
    enum err err = OK;
    for (size_t i = 0; i < LOOK_BACK_COUNT_MAX; i++) {
        err = wallet_history(w, &args, op);
        if (err != OK || op->created_ms + LATE_MS < v->block_ms) {
            break;
        }
        args.before = op->id;
        if (op->kind != OPERATION_RECEIVE && op->block > c->block && op->block <= v->block) {
            add_sent(ret, op, n, self);
        }
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- finding ---- */

static struct u256 cursor_token(const struct cursor *c, struct address token)
{
    for (size_t i = 0; i < c->token_count; i++) {
        if (address_equal(c->tokens[i].token, token)) {
            return c->tokens[i].balance;
        }
    }
    return U256_ZERO;
}

static void note_payment(struct wallet *w,
                         struct cursor *next,
                         const struct view *v,
                         struct address token,
                         struct u256 amount)
{
    check(next->payment_count < PENDING_COUNT_MAX);
    next->payments[next->payment_count++] = (struct payment){
        .id = operation_id(w->cfg.rng, v->block_ms),
        .token = token,
        .amount = amount,
        .block = v->block,
        .at_ms = v->block_ms,
    };
}

/* now + sent - before, if something came in. */
static bool came_in(struct u256 *ret, struct u256 now, struct u256 sent, struct u256 before)
{
    struct u256 have = u256_add_sat(now, sent);
    if (u256_compare(have, before) <= 0) {
        return false;
    }
    *ret = u256_sub_sat(have, before);
    return true;
}

static void find_payments(struct wallet *w,
                          struct cursor *next,
                          const struct cursor *old,
                          const struct view *v,
                          const struct sent *sent)
{
    const struct network *n = wallet_network(w, v->network);
    struct u256 amount = U256_ZERO;
    next->block = v->block;
    next->total = u256_add_sat(figure_value(&v->balance), figure_value(&v->deposit));
    if (came_in(&amount, next->total, sent->native, old->total)) {
        note_payment(w, next, v, (struct address){{0}}, amount);
    }
    for (size_t i = 0; i < n->token_count; i++) {
        next->tokens[i].token = n->tokens[i].address;
        next->tokens[i].balance = figure_value(&v->tokens[i]);
        if (came_in(&amount, figure_value(&v->tokens[i]), sent->tokens[i],
                    cursor_token(old, n->tokens[i].address))) {
            note_payment(w, next, v, n->tokens[i].address, amount);
        }
    }
    next->token_count = n->token_count;
}

static enum err write_payment(struct wallet *w, const struct view *v, const struct payment *p)
{
    const struct network *n = wallet_network(w, v->network);
    const struct token *token = address_is_zero(p->token) ? NULL : network_token(n, p->token);
    AUTO(operation_auto) struct operation *op = NULL;
    TRY(operation_new(&op, &w->budget));
    op->id = p->id;
    op->kind = OPERATION_RECEIVE;
    op->state = OPERATION_INCLUDED;
    op->revision = 1;
    op->account = v->account;
    op->network = v->network;
    op->created_ms = p->at_ms;
    op->updated_ms = p->at_ms;
    op->to = wallet_account(w, v->account)->address;
    op->token = p->token;
    text_set(op->symbol, sizeof op->symbol, span_str(token ? token->symbol : n->symbol));
    op->decimals = token ? token->decimals : U256_DECIMALS_ETHER;
    op->amount = p->amount;
    op->block = p->block;
    op->trial = TRIAL_DONE;
    op->steps[0] = (struct step){.state = OPERATION_INCLUDED, .at_ms = p->at_ms, .block = p->block};
    op->step_count = 1;
    return book_save_operation(w, op);
}

static enum err write_payments(struct wallet *w, struct cursor *c, const struct view *v)
{
    for (size_t i = 0; i < c->payment_count; i++) {
        TRY(write_payment(w, v, &c->payments[i]));
        queue_operation(w, c->payments[i].id);
    }
    if (c->payment_count == 0) {
        return OK;
    }
    c->payment_count = 0;
    return cursor_save(w, c, v);
}

static void trace_payments(struct wallet *w,
                           const struct cursor *old,
                           const struct cursor *next,
                           const struct view *v)
{
    uint64_t from = old->block ? old->block + 1 : 0;
    for (size_t i = 0; i < next->payment_count; i++) {
        struct tracing x = {.operation = next->payments[i].id,
                            .network = v->network,
                            .whose = v->account,
                            .account = wallet_account(w, v->account)->address,
                            .token = next->payments[i].token,
                            .amount = next->payments[i].amount,
                            .from = from,
                            .to = next->payments[i].block,
                            .anchor = v->anchor,
                            .to_hash = v->block_hash};
        trace_add(w, &x);
    }
}

/* Together too large for a stack. */
struct looking {
    struct cursor old;
    struct cursor next;
    struct sent sent;
};

static enum err look(struct wallet *w, struct looking *l, const struct view *v)
{
    enum err err = cursor_load(w, &l->old, v);
    if (err != ERR_NOT_FOUND) {
        TRY(err);
    }
    TRY(write_payments(w, &l->old, v));
    if (v->block <= l->old.block && err == OK) {
        return OK; /* the same block, or an older one from a server that lags */
    }
    TRY(sum_sent(w, &l->sent, &l->old, v));
    find_payments(w, &l->next, &l->old, v, &l->sent);
    TRY(cursor_save(w, &l->next, v));
    trace_payments(w, &l->old, &l->next, v);
    return write_payments(w, &l->next, v);
}

void incoming_look(struct wallet *w, const struct view *v)
{
    if (track_has_open(w, v->account, v->network)) {
        return; /* what was sent is not known yet; the older reading stays */
    }
    void *p = NULL;
    enum err err = mem_alloc(&w->budget, &p, sizeof(struct looking));
    if (err == OK) {
        err = look(w, p, v);
        mem_free(&w->budget, p, sizeof(struct looking));
    }
    if (err != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "payments in could not be looked for: %s",
                 err_name(err));
    }
}
