/* The owner list on several chains, as fields of an account's record: 16, a change that is kept to be carried; 17, what was read of a
 * chain. */
#include "base/check.h"
#include "wallet/account.h"
#include "wallet/record.h"

enum {
    KEPT_RECORD_LEN_MAX = KEPT_SIGNATURES_LEN_MAX + 2 * SMART_ACCOUNT_OWNER_LEN_MAX + 192,
    CHAIN_RECORD_LEN_MAX = 1024,
};

static enum err write_kept(struct wr *w, const struct kept_change *k)
{
    uint8_t room[KEPT_RECORD_LEN_MAX];
    struct wr one = wr_init(MSPAN_OF(room));
    protobuf_write_bytes(&one, 1, SPAN_OF(k->id.bytes));
    protobuf_write_varint(&one, 2, k->sequence);
    protobuf_write_bytes(&one, 3, SPAN_OF(k->previous));
    protobuf_write_varint(&one, 4, k->attempt);
    protobuf_write_varint(&one, 5, k->threshold);
    protobuf_write_bytes(&one, 6, span_of(k->added.bytes, k->added.len));
    protobuf_write_bytes(&one, 7, span_of(k->removed.bytes, k->removed.len));
    protobuf_write_bytes(&one, 8, span_of(k->signatures, k->signatures_len));
    TRY(wr_end(&one));
    protobuf_write_bytes(w, 16, span_of(room, one.n));
    return OK;
}

static enum err write_chain(struct wr *w, const struct owner_chain *c)
{
    uint8_t room[CHAIN_RECORD_LEN_MAX];
    struct wr one = wr_init(MSPAN_OF(room));
    uint8_t n = figure_n(&c->said);
    protobuf_write_bytes(&one, 1, id_span(&c->network));
    protobuf_write_varint(&one, 2, figure_as_of_ms(&c->said));
    protobuf_write_varint(&one, 3, figure_k(&c->said));
    protobuf_write_varint(&one, 4, n);
    protobuf_write_bool(&one, 5, n > 1 && figure_grade(&c->said) == GRADE_REPORTED);
    protobuf_write_bool(&one, 6, c->is_there);
    protobuf_write_varint(&one, 7, c->sequence);
    protobuf_write_bytes(&one, 8, SPAN_OF(c->head));
    protobuf_write_varint(&one, 9, c->threshold);
    for (size_t i = 0; i < c->owner_count; i++) {
        protobuf_write_bytes(&one, 10, id_span(&c->owners[i]));
    }
    protobuf_write_varint(&one, 11, c->unknown_count);
    protobuf_write_bytes(&one, 12, SPAN_OF(c->pending.bytes));
    protobuf_write_varint(&one, 13, c->ready_at);
    TRY(wr_end(&one));
    protobuf_write_bytes(w, 17, span_of(room, one.n));
    return OK;
}

enum err account_write_chains(struct wr *w, const struct account *a)
{
    for (size_t i = 0; i < a->kept_count; i++) {
        TRY(write_kept(w, &a->kept[i]));
    }
    for (size_t i = 0; i < a->chain_count; i++) {
        TRY(write_chain(w, &a->chains[i]));
    }
    return OK;
}

static enum err read_owner(struct smart_owner *o, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (s.n > sizeof o->bytes) {
        return ERR_LIMIT;
    }
    o->len = span_copy(MSPAN_OF(o->bytes), s);
    return OK;
}

static enum err read_kept_field(struct kept_change *k, const struct protobuf_field *f)
{
    struct span s;
    switch (f->number) {
    case 1: return record_fixed(MSPAN_OF(k->id.bytes), f);
    case 2: return protobuf_get_u64(&k->sequence, f);
    case 3: return record_fixed(MSPAN_OF(k->previous), f);
    case 4: return protobuf_get_u64(&k->attempt, f);
    case 5: return protobuf_get_u64(&k->threshold, f);
    case 6: return read_owner(&k->added, f);
    case 7: return read_owner(&k->removed, f);
    case 8:
        TRY(protobuf_get_bytes(&s, f));
        if (s.n > sizeof k->signatures) {
            return ERR_LIMIT;
        }
        k->signatures_len = span_copy(MSPAN_OF(k->signatures), s);
        return OK;
    default: return OK; /* a later version's field */
    }
}

static enum err read_owner_id(struct owner_chain *c, const struct protobuf_field *f)
{
    if (c->owner_count == OWNER_COUNT_MAX) {
        return ERR_LIMIT;
    }
    TRY(record_id(&c->owners[c->owner_count], f));
    c->owner_count++;
    return OK;
}

static enum err
read_chain_field(struct owner_chain *c, struct figure_said *said, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1: return record_id(&c->network, f);
    case 2: return protobuf_get_u64(&said->as_of_ms, f);
    case 3:
        TRY(record_u64_max(&v, f, UINT8_MAX));
        said->k = (uint8_t)v;
        return OK;
    case 4:
        TRY(record_u64_max(&v, f, UINT8_MAX));
        said->n = (uint8_t)v;
        return OK;
    case 5:  return protobuf_get_bool(&said->is_disputed, f);
    case 6:  return protobuf_get_bool(&c->is_there, f);
    case 7:  return protobuf_get_u64(&c->sequence, f);
    case 8:  return record_fixed(MSPAN_OF(c->head), f);
    case 9:  return protobuf_get_u64(&c->threshold, f);
    case 10: return read_owner_id(c, f);
    case 11: return protobuf_get_u64(&c->unknown_count, f);
    case 12: return record_fixed(MSPAN_OF(c->pending.bytes), f);
    case 13: return protobuf_get_u64(&c->ready_at, f);
    default: return OK; /* a later version's field */
    }
}

static enum err read_kept(struct account *a, struct span record)
{
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    if (a->kept_count == ACCOUNT_KEPT_COUNT_MAX) {
        return ERR_LIMIT;
    }
    while (protobuf_next(&r, &f)) {
        TRY(read_kept_field(&a->kept[a->kept_count], &f));
    }
    TRY(protobuf_end(&r));
    a->kept_count++;
    return OK;
}

static enum err read_chain(struct account *a, struct span record)
{
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    struct figure_said said = {.k = 1, .n = 1};
    if (a->chain_count == ACCOUNT_CHAIN_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct owner_chain *c = &a->chains[a->chain_count];
    while (protobuf_next(&r, &f)) {
        TRY(read_chain_field(c, &said, &f));
    }
    TRY(protobuf_end(&r));
    if (!id_is_set(c->network)) {
        return ERR_MALFORMED;
    }
    c->said = figure_say(U256_ZERO, &said);
    a->chain_count++;
    return OK;
}

enum err account_read_chains(struct account *a, const struct protobuf_field *f)
{
    struct span record;
    TRY(protobuf_get_bytes(&record, f));
    return f->number == 16 ? read_kept(a, record) : read_chain(a, record);
}
