/* Payments in whose payer is being looked for, in the store: one record each, from when it is begun until it has ended, however. What was found on the way is
 * history already, under ids that follow from what was found, so a search that begins again writes nothing twice. */
#include "wallet/engine.h"
#include "wallet/record.h"

enum {
    FIELD_OPERATION = 1,
    FIELD_NETWORK = 2,
    FIELD_WHOSE = 3,
    FIELD_ACCOUNT = 4,
    FIELD_TOKEN = 5,
    FIELD_AMOUNT = 6,
    FIELD_FROM = 7,
    FIELD_TO = 8,
    FIELD_ANCHOR = 9,
    FIELD_TO_HASH = 10,
};

void trace_keep(struct wallet *w, const struct tracing *x)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    struct wr wr = wr_init_buf(&record);
    protobuf_write_bytes(&wr, FIELD_OPERATION, id_span(&x->operation));
    protobuf_write_bytes(&wr, FIELD_NETWORK, id_span(&x->network));
    protobuf_write_bytes(&wr, FIELD_WHOSE, id_span(&x->whose));
    protobuf_write_bytes(&wr, FIELD_ACCOUNT, SPAN_OF(x->account.bytes));
    protobuf_write_bytes(&wr, FIELD_TOKEN, SPAN_OF(x->token.bytes));
    record_write_u256(&wr, FIELD_AMOUNT, x->amount);
    protobuf_write_varint(&wr, FIELD_FROM, x->from);
    protobuf_write_varint(&wr, FIELD_TO, x->to);
    protobuf_write_varint(&wr, FIELD_ANCHOR, (uint64_t)x->anchor);
    protobuf_write_bytes(&wr, FIELD_TO_HASH, SPAN_OF(x->to_hash.bytes));
    if (wr_end(&wr) != OK || w->cfg.store->put(w->cfg.store, STORE_SEARCH, id_span(&x->operation),
                                               buf_span(&record)) != OK) {
        log_line(w->cfg.log, LOG_DEBUG, "wallet",
                 "a search for a payer could not be stored; a restart ends it");
    }
}

void trace_forget(struct wallet *w, const struct tracing *x)
{
    if (w->cfg.store->remove(w->cfg.store, STORE_SEARCH, id_span(&x->operation)) != OK) {
        log_line(w->cfg.log, LOG_DEBUG, "wallet",
                 "a search for a payer could not be taken from the store; it is made again");
    }
}

static enum err read_field(struct tracing *x, const struct protobuf_field *f)
{
    uint64_t anchor = 0;
    switch (f->number) {
    case FIELD_OPERATION: return record_id(&x->operation, f);
    case FIELD_NETWORK:   return record_id(&x->network, f);
    case FIELD_WHOSE:     return record_id(&x->whose, f);
    case FIELD_ACCOUNT:   return record_fixed(MSPAN_OF(x->account.bytes), f);
    case FIELD_TOKEN:     return record_fixed(MSPAN_OF(x->token.bytes), f);
    case FIELD_AMOUNT:    return record_u256(&x->amount, f);
    case FIELD_FROM:      return protobuf_get_u64(&x->from, f);
    case FIELD_TO:        return protobuf_get_u64(&x->to, f);
    case FIELD_ANCHOR:
        TRY(record_u64_max(&anchor, f, ANCHOR_LIGHT_CLIENT));
        x->anchor = (enum anchor)anchor;
        return OK;
    case FIELD_TO_HASH: return record_fixed(MSPAN_OF(x->to_hash.bytes), f);
    default:            return OK; /* a later version's field */
    }
}

enum err trace_load(struct wallet *w, struct span record)
{
    struct tracing x = {0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(&x, &f));
    }
    TRY(protobuf_end(&r));
    if (!id_is_set(x.operation) || x.from > x.to) {
        return ERR_MALFORMED;
    }
    if (w->tracing_count < TRACING_COUNT_MAX) {
        w->tracings[w->tracing_count++] = x;
    }
    return OK;
}
