/* Guardians in an account's record: their names, and the proof that they let the owner back in. */
#include "wallet/guardian_record.h"

#include "wallet/record.h"

enum { KEY_LEN_MIN = 20, ROOM_LEN = 256 };

enum err guardian_name_write(struct wr *w, uint32_t number, const struct guardian_name *n)
{
    uint8_t room[ROOM_LEN];
    struct wr one = wr_init(MSPAN_OF(room));
    protobuf_write_bytes(&one, 1, span_of(n->guardian.bytes, n->guardian.len));
    protobuf_write_bytes(&one, 2, name_span(&n->name));
    TRY(wr_end(&one));
    protobuf_write_bytes(w, number, span_of(room, one.n));
    return wr_ok(w) ? OK : ERR_LIMIT;
}

enum err guardian_way_write(struct wr *w, uint32_t number, const struct guardian_way *way)
{
    uint8_t room[ROOM_LEN];
    struct wr one = wr_init(MSPAN_OF(room));
    protobuf_write_bytes(&one, 1, id_span(&way->network));
    protobuf_write_varint(&one, 2, way->read_ms);
    protobuf_write_varint(&one, 3, way->count);
    protobuf_write_varint(&one, 4, way->threshold);
    protobuf_write_bool(&one, 5, way->is_enough);
    protobuf_write_bytes(&one, 6, SPAN_OF(way->list.bytes));
    protobuf_write_varint(&one, 7, way->proven_ms);
    protobuf_write_varint(&one, 8, way->proven_by);
    TRY(wr_end(&one));
    protobuf_write_bytes(w, number, span_of(room, one.n));
    return wr_ok(w) ? OK : ERR_LIMIT;
}

static enum err read_key(struct smart_owner *ret, const struct protobuf_field *f)
{
    struct span key;
    TRY(protobuf_get_bytes(&key, f));
    if (key.n > sizeof ret->bytes) {
        return ERR_LIMIT;
    }
    ret->len = span_copy(MSPAN_OF(ret->bytes), key);
    return OK;
}

enum err guardian_name_read(struct guardian_name *ret, const struct protobuf_field *f)
{
    struct span s;
    struct guardian_name n = {.name = {""}};
    struct protobuf_field inner;
    TRY(protobuf_get_bytes(&s, f));
    struct protobuf_reader r = protobuf_read(s);
    while (protobuf_next(&r, &inner)) {
        if (inner.number == 1) {
            TRY(read_key(&n.guardian, &inner));
        } else if (inner.number == 2) {
            TRY(protobuf_get_bytes(&s, &inner));
            TRY(name_parse(&n.name, s));
        }
    }
    TRY(protobuf_end(&r));
    if (n.guardian.len < KEY_LEN_MIN || n.name.text[0] == '\0') {
        return ERR_MALFORMED;
    }
    *ret = n;
    return OK;
}

static enum err read_way_field(struct guardian_way *way, const struct protobuf_field *f)
{
    switch (f->number) {
    case 1:  return record_id(&way->network, f);
    case 2:  return protobuf_get_u64(&way->read_ms, f);
    case 3:  return protobuf_get_u32(&way->count, f);
    case 4:  return protobuf_get_u32(&way->threshold, f);
    case 5:  return protobuf_get_bool(&way->is_enough, f);
    case 6:  return record_fixed(MSPAN_OF(way->list.bytes), f);
    case 7:  return protobuf_get_u64(&way->proven_ms, f);
    case 8:  return protobuf_get_u32(&way->proven_by, f);
    default: return OK; /* a later version's field */
    }
}

enum err guardian_way_read(struct guardian_way *ret, const struct protobuf_field *f)
{
    struct span s;
    struct guardian_way way = {.read_ms = 0};
    struct protobuf_field inner;
    TRY(protobuf_get_bytes(&s, f));
    struct protobuf_reader r = protobuf_read(s);
    while (protobuf_next(&r, &inner)) {
        TRY(read_way_field(&way, &inner));
    }
    TRY(protobuf_end(&r));
    if (!id_is_set(way.network) || way.count == 0 || way.count > GUARDIAN_COUNT_MAX ||
        way.threshold == 0 || way.threshold > way.count) {
        return ERR_MALFORMED;
    }
    way.stored_ms = way.read_ms;
    *ret = way;
    return OK;
}
