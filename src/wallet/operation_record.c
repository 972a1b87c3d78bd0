/* Operations as records. Field numbers are for ever: a new field takes a new number. */
#include "base/check.h"
#include "wallet/operation.h"
#include "wallet/record.h"

static void write_id(struct wr *w, uint32_t number, struct id id)
{
    if (id_is_set(id)) {
        protobuf_write_bytes(w, number, id_span(&id));
    }
}

static enum err write_nested(struct wr *w, uint32_t number, struct buf *scratch)
{
    protobuf_write_bytes(w, number, buf_span(scratch));
    buf_clear(scratch);
    return wr_end(w);
}

static void write_head(struct wr *w, const struct operation *op)
{
    protobuf_write_bytes(w, 1, id_span(&op->id));
    protobuf_write_varint(w, 2, (uint64_t)op->kind);
    protobuf_write_varint(w, 3, (uint64_t)op->state);
    protobuf_write_varint(w, 4, op->revision);
    protobuf_write_bytes(w, 5, id_span(&op->account));
    protobuf_write_bytes(w, 6, id_span(&op->network));
    protobuf_write_varint(w, 7, op->created_ms);
    protobuf_write_varint(w, 8, op->updated_ms);
    protobuf_write_varint(w, 9, op->expires_ms);
    protobuf_write_bool(w, 10, op->by_command_line);
    protobuf_write_bytes(w, 11, SPAN_OF(op->to.bytes));
    protobuf_write_bytes(w, 12, SPAN_OF(op->from.bytes));
    protobuf_write_bytes(w, 13, SPAN_OF(op->token.bytes));
    protobuf_write_bytes(w, 14, span_str(op->symbol));
    protobuf_write_varint(w, 15, op->decimals);
    record_write_u256(w, 16, op->amount);
    protobuf_write_varint(w, 17, (uint64_t)op->speed);
    record_write_u256(w, 18, op->fee_max);
    record_write_u256(w, 19, figure_value(&op->fee_paid));
    protobuf_write_bool(w, 20, op->has_first_deploy);
    protobuf_write_varint(w, 21, (uint64_t)op->trial);
    protobuf_write_varint(w, 22, op->trial_block);
}

/* write_received writes how the amount of a payment in is known; the amount itself stands in field 16. */
MUST_CHECK static enum err
write_received(struct wr *w, const struct operation *op, struct buf *scratch)
{
    const struct figure *f = &op->received;
    struct wr one = wr_init_buf(scratch);
    if (!op->has_received) {
        return OK;
    }
    protobuf_write_varint(&one, 1, (uint64_t)figure_anchor(f));
    protobuf_write_varint(&one, 2, figure_as_of_ms(f));
    protobuf_write_varint(&one, 3, (uint64_t)figure_ground(f));
    protobuf_write_varint(&one, 4, figure_k(f));
    protobuf_write_varint(&one, 5, figure_n(f));
    TRY(wr_end(&one));
    return write_nested(w, 39, scratch);
}

static void write_outcome(struct wr *w, const struct operation *op)
{
    protobuf_write_bytes(w, 24, buf_span(&op->userop));
    protobuf_write_bytes(w, 25, SPAN_OF(op->userop_hash.bytes));
    write_id(w, 26, op->owner);
    protobuf_write_bytes(w, 27, span_str(op->server));
    if (op->has_tx) {
        protobuf_write_bytes(w, 28, SPAN_OF(op->tx_hash.bytes));
    }
    protobuf_write_varint(w, 29, op->block);
    write_id(w, 31, op->replaces);
    write_id(w, 32, op->replaced_by);
    if (op->is_transaction) {
        protobuf_write_bool(w, 35, true);
    }
    write_id(w, 36, op->subject);
    if (op->is_given_out) {
        protobuf_write_bool(w, 40, true);
    }
    if (figure_grade(&op->fee_paid) == GRADE_PROVEN) {
        protobuf_write_varint(w, 37, (uint64_t)figure_anchor(&op->fee_paid));
        protobuf_write_varint(w, 38, figure_as_of_ms(&op->fee_paid));
    }
}

static enum err write_lists(struct wr *w, const struct operation *op, struct buf *scratch)
{
    for (size_t i = 0; i < op->risk_count; i++) {
        const struct risk *r = &op->risks[i];
        protobuf_write_varint(w, 23, (uint64_t)r->level << 1 | r->tick);
        TRY(coded_encode(scratch, &r->what));
        TRY(write_nested(w, 30, scratch));
    }
    if (coded_is_set(&op->reason)) {
        TRY(coded_encode(scratch, &op->reason));
        TRY(write_nested(w, 33, scratch));
    }
    for (size_t i = 0; i < op->step_count; i++) {
        const struct step *s = &op->steps[i];
        struct wr one = wr_init_buf(scratch);
        protobuf_write_varint(&one, 1, (uint64_t)s->state);
        protobuf_write_varint(&one, 2, s->at_ms);
        protobuf_write_varint(&one, 3, s->block);
        protobuf_write_bytes(&one, 4, span_str(s->by));
        TRY(wr_end(&one));
        TRY(write_nested(w, 34, scratch));
    }
    return OK;
}

enum err operation_encode(struct buf *out, const struct operation *op)
{
    AUTO(buf_done) struct buf scratch;
    buf_init(&scratch, op->userop.budget, 4096);
    struct wr w = wr_init_buf(out);
    write_head(&w, op);
    write_outcome(&w, op);
    TRY(wr_end(&w));
    TRY(write_received(&w, op, &scratch));
    return write_lists(&w, op, &scratch);
}

static enum err get_small(uint64_t *v, const struct protobuf_field *f, int count)
{
    check(count > 0);
    return record_u64_max(v, f, (uint64_t)count - 1);
}

static enum err read_head_a(struct operation *op, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1: return record_id(&op->id, f);
    case 2:
        TRY(get_small(&v, f, OPERATION_KIND_COUNT));
        op->kind = (enum operation_kind)v;
        return OK;
    case 3:
        TRY(get_small(&v, f, OPERATION_STATE_COUNT));
        op->state = (enum operation_state)v;
        return OK;
    case 4:  return protobuf_get_u64(&op->revision, f);
    case 5:  return record_id(&op->account, f);
    case 6:  return record_id(&op->network, f);
    case 7:  return protobuf_get_u64(&op->created_ms, f);
    case 8:  return protobuf_get_u64(&op->updated_ms, f);
    case 9:  return protobuf_get_u64(&op->expires_ms, f);
    case 10: return protobuf_get_bool(&op->by_command_line, f);
    case 11: return record_fixed(MSPAN_OF(op->to.bytes), f);
    case 12: return record_fixed(MSPAN_OF(op->from.bytes), f);
    default: return ERR_INTERNAL;
    }
}

/* Figures, until the block that they belong to is known too. */
struct kept {
    struct figure_kept fee;
    struct figure_kept received;
    bool has_received;
};

static enum err read_head_b(struct operation *op, struct kept *kept, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 13: return record_fixed(MSPAN_OF(op->token.bytes), f);
    case 14: return record_text(op->symbol, sizeof op->symbol, f);
    case 15:
        TRY(record_u64_max(&v, f, U256_DECIMALS_MAX));
        op->decimals = (uint8_t)v;
        return OK;
    case 16: return record_u256(&op->amount, f);
    case 17:
        TRY(get_small(&v, f, FEE_OWN + 1));
        op->speed = (enum fee_speed)v;
        return OK;
    case 18: return record_u256(&op->fee_max, f);
    case 19: return record_u256(&kept->fee.value, f);
    case 20: return protobuf_get_bool(&op->has_first_deploy, f);
    case 21:
        TRY(get_small(&v, f, TRIAL_WOULD_FAIL + 1));
        op->trial = (enum trial_state)v;
        return OK;
    case 22: return protobuf_get_u64(&op->trial_block, f);
    default: return ERR_INTERNAL;
    }
}

static enum err read_risk_level(struct operation *op, const struct protobuf_field *f)
{
    uint64_t v = 0;
    TRY(record_u64_max(&v, f, (uint64_t)RISK_INFO << 1 | 1));
    if (op->risk_count >= OPERATION_RISK_COUNT_MAX) {
        return ERR_LIMIT;
    }
    op->risks[op->risk_count].level = (enum risk_level)(v >> 1);
    op->risks[op->risk_count].tick = v & 1;
    op->risk_count++;
    return OK;
}

static enum err read_risk_text(struct operation *op, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (op->risk_count == 0) {
        return ERR_MALFORMED;
    }
    return coded_decode(&op->risks[op->risk_count - 1].what, s);
}

static enum err read_step_field(struct step *s, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1:
        TRY(get_small(&v, f, OPERATION_STATE_COUNT));
        s->state = (enum operation_state)v;
        return OK;
    case 2:  return protobuf_get_u64(&s->at_ms, f);
    case 3:  return protobuf_get_u64(&s->block, f);
    case 4:  return record_text(s->by, sizeof s->by, f);
    default: return OK; /* a later version's field */
    }
}

static enum err read_step(struct operation *op, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (op->step_count >= OPERATION_STEP_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field inner;
    while (protobuf_next(&r, &inner)) {
        TRY(read_step_field(&op->steps[op->step_count], &inner));
    }
    TRY(protobuf_end(&r));
    op->step_count++;
    return OK;
}

static enum err read_userop(struct operation *op, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    buf_clear(&op->userop);
    return buf_append(&op->userop, s);
}

static enum err read_reason(struct operation *op, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    return coded_decode(&op->reason, s);
}

/* read_fee reads under which anchor the fee was proven. */
static enum err read_fee(struct figure_kept *fee, const struct protobuf_field *f)
{
    uint64_t v = 0;
    if (f->number == 38) {
        return protobuf_get_u64(&fee->as_of_ms, f);
    }
    TRY(get_small(&v, f, ANCHOR_LIGHT_CLIENT + 1));
    fee->anchor = (enum anchor)v;
    return OK;
}

static enum err read_received_field(struct figure_kept *kept, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1:
        TRY(get_small(&v, f, ANCHOR_LIGHT_CLIENT + 1));
        kept->anchor = (enum anchor)v;
        return OK;
    case 2: return protobuf_get_u64(&kept->as_of_ms, f);
    case 3:
        TRY(get_small(&v, f, FIGURE_BY_ALL_LOGS + 1));
        kept->ground = (enum figure_ground)v;
        return OK;
    case 4:
        TRY(record_u64_max(&v, f, UINT8_MAX));
        kept->k = (uint8_t)v;
        return OK;
    case 5:
        TRY(record_u64_max(&v, f, UINT8_MAX));
        kept->n = (uint8_t)v;
        return OK;
    default: return OK; /* a later version's field */
    }
}

static enum err read_received(struct kept *kept, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field inner;
    while (protobuf_next(&r, &inner)) {
        TRY(read_received_field(&kept->received, &inner));
    }
    kept->has_received = true;
    return protobuf_end(&r);
}

static enum err read_rest(struct operation *op, struct kept *kept, const struct protobuf_field *f)
{
    switch (f->number) {
    case 23: return read_risk_level(op, f);
    case 24: return read_userop(op, f);
    case 25: return record_fixed(MSPAN_OF(op->userop_hash.bytes), f);
    case 26: return record_id(&op->owner, f);
    case 27: return record_text(op->server, sizeof op->server, f);
    case 28: op->has_tx = true; return record_fixed(MSPAN_OF(op->tx_hash.bytes), f);
    case 29: return protobuf_get_u64(&op->block, f);
    case 30: return read_risk_text(op, f);
    case 31: return record_id(&op->replaces, f);
    case 32: return record_id(&op->replaced_by, f);
    case 36: return record_id(&op->subject, f);
    case 33: return read_reason(op, f);
    case 34: return read_step(op, f);
    case 35: return protobuf_get_bool(&op->is_transaction, f);
    case 37:
    case 38: return read_fee(&kept->fee, f);
    case 39: return read_received(kept, f);
    case 40: return protobuf_get_bool(&op->is_given_out, f);
    default: return OK; /* a later version's field */
    }
}

enum err operation_decode(struct operation *op, struct span record)
{
    struct budget *budget = op->userop.budget;
    buf_done(&op->userop);
    *op = (struct operation){0};
    buf_init(&op->userop, budget, OPERATION_USEROP_LEN_MAX);
    struct kept kept = {0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        if (f.number <= 12) {
            TRY(read_head_a(op, &f));
        } else if (f.number <= 22) {
            TRY(read_head_b(op, &kept, &f));
        } else {
            TRY(read_rest(op, &kept, &f));
        }
    }
    TRY(protobuf_end(&r));
    kept.fee.block = op->block;
    op->fee_paid = figure_restore(&kept.fee);
    if (kept.has_received) {
        kept.received.value = op->amount;
        kept.received.block = op->block;
        op->has_received = true;
        op->received = figure_restore(&kept.received);
    }
    return id_is_set(op->id) && id_is_set(op->account) && id_is_set(op->network) ? OK
                                                                                 : ERR_MALFORMED;
}
