/* Records of operations: what the store keeps, so that a restart goes on where it was. Protocol Buffers; a record
 * of a later version is refused, not guessed at. */
#include "service/bundler_parts.h"

#include "codec/protobuf.h"

#include <string.h>

enum { VERSION = 1 };

void bundler_op_init(struct bundler *b, struct bundler_op *op)
{
    memset(op, 0, sizeof *op);
    buf_init(&op->encoded, b->cfg.budget, BUNDLER_OP_LEN_MAX);
    buf_init(&op->raw, b->cfg.budget, BUNDLER_RECORD_LEN_MAX / 2);
}

void bundler_op_clear(struct bundler_op *op)
{
    buf_done(&op->encoded);
    buf_done(&op->raw);
    memset(op, 0, sizeof *op);
}

static void put_u256(struct wr *w, uint32_t number, struct u256 v)
{
    uint8_t be[32];
    u256_to_be(be, v);
    protobuf_write_bytes(w, number, SPAN_OF(be));
}

enum { ATTEMPT_LEN_MAX = 2 * 34 + 34 + 2 };

static void put_attempt(struct wr *w, uint32_t number, const struct bundler_attempt *a)
{
    uint8_t bytes[ATTEMPT_LEN_MAX];
    struct wr inner = wr_init(MSPAN_OF(bytes));
    protobuf_write_bytes(&inner, 1, SPAN_OF(a->tx_hash.bytes));
    put_u256(&inner, 2, a->max_fee_per_gas);
    put_u256(&inner, 3, a->max_priority_fee_per_gas);
    protobuf_write_bool(&inner, 4, a->is_cancel);
    if (!wr_ok(&inner)) {
        wr_fail(w, ERR_INTERNAL);
    }
    protobuf_write_bytes(w, number, span_of(bytes, inner.n));
}

enum err bundler_record_put(struct bundler *b, struct bundler_op *op)
{
    buf_clear(&b->scratch);
    struct wr w = wr_init_buf(&b->scratch);
    protobuf_write_varint(&w, 1, VERSION);
    protobuf_write_bytes(&w, 2, buf_span(&op->encoded));
    protobuf_write_bytes(&w, 3, SPAN_OF(op->hash.bytes));
    protobuf_write_varint(&w, 4, (uint64_t)op->state);
    protobuf_write_bytes(&w, 5, span_of(op->peer.peer, op->peer.peer_len));
    protobuf_write_bytes(&w, 6, span_of(op->peer.group, op->peer.group_len));
    if (op->has_nonce) {
        protobuf_write_varint(&w, 7, op->nonce);
    }
    protobuf_write_varint(&w, 8, op->gas_limit);
    protobuf_write_bytes(&w, 9, buf_span(&op->raw));
    for (size_t i = 0; i < op->attempts_count; i++) {
        put_attempt(&w, 10, &op->attempts[i]);
    }
    protobuf_write_bytes(&w, 11, SPAN_OF(op->tx_hash.bytes));
    protobuf_write_varint(&w, 12, op->block_number);
    protobuf_write_bool(&w, 13, op->success);
    put_u256(&w, 14, op->actual_gas_cost);
    put_u256(&w, 15, op->actual_gas_used);
    protobuf_write_bytes(&w, 16, span_of(op->reason, op->reason_len));
    protobuf_write_bool(&w, 17, op->is_superseded);
    put_u256(&w, 18, op->fee_floor);
    put_u256(&w, 19, op->tip_floor);
    TRY(wr_end(&w));
    TRY(b->cfg.store->put(b->cfg.store, &op->hash, buf_span(&b->scratch)));
    op->is_kept = true;
    return OK;
}

MUST_CHECK static enum err get_u256(struct u256 *ret, const struct protobuf_field *f)
{
    uint8_t be[32];
    TRY(protobuf_get_fixed(MSPAN_OF(be), f));
    return u256_from_be(ret, SPAN_OF(be));
}

MUST_CHECK static enum err get_copy(struct buf *out, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    buf_clear(out);
    return buf_append(out, s);
}

MUST_CHECK static enum err get_attempt(struct bundler_op *op, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (op->attempts_count == BUNDLER_ATTEMPTS_MAX) {
        return ERR_MALFORMED;
    }
    struct bundler_attempt a = {0};
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field g;
    while (protobuf_next(&r, &g)) {
        switch (g.number) {
        case 1:  TRY(protobuf_get_fixed(MSPAN_OF(a.tx_hash.bytes), &g)); break;
        case 2:  TRY(get_u256(&a.max_fee_per_gas, &g)); break;
        case 3:  TRY(get_u256(&a.max_priority_fee_per_gas, &g)); break;
        case 4:  TRY(protobuf_get_bool(&a.is_cancel, &g)); break;
        default: return ERR_MALFORMED;
        }
    }
    TRY(protobuf_end(&r));
    op->attempts[op->attempts_count++] = a;
    return OK;
}

MUST_CHECK static enum err get_names(struct bundler_op *op, struct span peer, struct span group)
{
    return loss_key_init(&op->peer, peer, group) == OK ? OK : ERR_MALFORMED;
}

struct names {
    struct span peer;
    struct span group;
    uint64_t version;
    bool has_last; /* the field that is written last: nothing was cut off */
};

MUST_CHECK static enum err
get_field(struct bundler_op *op, struct names *names, const struct protobuf_field *f)
{
    uint64_t v;
    struct span s;
    switch (f->number) {
    case 1: return protobuf_get_u64(&names->version, f);
    case 2: return get_copy(&op->encoded, f);
    case 3: return protobuf_get_fixed(MSPAN_OF(op->hash.bytes), f);
    case 4:
        TRY(protobuf_get_u64(&v, f));
        op->state = (enum service_userop_state)(v & 15);
        return v >= SERVICE_USEROP_CHECKING && v <= SERVICE_USEROP_REPLACED ? OK : ERR_MALFORMED;
    case 5:  return protobuf_get_bytes(&names->peer, f);
    case 6:  return protobuf_get_bytes(&names->group, f);
    case 7:  op->has_nonce = true; return protobuf_get_u64(&op->nonce, f);
    case 8:  return protobuf_get_u64(&op->gas_limit, f);
    case 9:  return get_copy(&op->raw, f);
    case 10: return get_attempt(op, f);
    case 11: return protobuf_get_fixed(MSPAN_OF(op->tx_hash.bytes), f);
    case 12: return protobuf_get_u64(&op->block_number, f);
    case 13: return protobuf_get_bool(&op->success, f);
    case 14: return get_u256(&op->actual_gas_cost, f);
    case 15: return get_u256(&op->actual_gas_used, f);
    case 16:
        TRY(protobuf_get_bytes(&s, f));
        op->reason_len = span_copy(MSPAN_OF(op->reason), s);
        return OK;
    case 17: return protobuf_get_bool(&op->is_superseded, f);
    case 18: return get_u256(&op->fee_floor, f);
    case 19: names->has_last = true; return get_u256(&op->tip_floor, f);
    default: return ERR_MALFORMED;
    }
}

MUST_CHECK static enum err record_read(struct bundler *b, struct bundler_op *op, struct span record)
{
    struct names names = {0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(get_field(op, &names, &f));
    }
    TRY(protobuf_end(&r));
    TRY(get_names(op, names.peer, names.group));
    struct userop_domain domain = {.entry_point = b->cfg.entry_point,
                                   .chain_id = u256_from_u64(b->cfg.chain_id)};
    struct hash32 hash;
    TRY(userop_decode(&op->op, buf_span(&op->encoded)));
    TRY(userop_hash(&hash, &op->op, &domain));
    bool is_whole = names.version == VERSION && names.has_last &&
                    span_equal(SPAN_OF(hash.bytes), SPAN_OF(op->hash.bytes));
    /* an attempt without its bytes or its nonce could not be sent again */
    bool can_go_on = op->attempts_count == 0 || (op->has_nonce && op->raw.n > 0);
    return is_whole && can_go_on ? OK : ERR_MALFORMED;
}

enum err bundler_record_read(struct bundler *b, struct bundler_op *op, struct span record)
{
    bundler_op_init(b, op);
    enum err e = record_read(b, op, record);
    if (e != OK) {
        bundler_op_clear(op);
        return e == ERR_LIMIT ? e : ERR_MALFORMED;
    }
    op->is_kept = true;
    return OK;
}
