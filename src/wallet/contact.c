/* Contacts as records. Field numbers are for ever. */
#include "wallet/contact.h"

#include "wallet/record.h"

enum err contact_encode(struct buf *out, const struct contact *c)
{
    struct wr w = wr_init_buf(out);
    protobuf_write_bytes(&w, 1, id_span(&c->id));
    protobuf_write_bytes(&w, 2, name_span(&c->name));
    protobuf_write_bytes(&w, 3, SPAN_OF(c->address.bytes));
    protobuf_write_varint(&w, 4, c->sent_count);
    protobuf_write_varint(&w, 5, c->created_ms);
    return wr_end(&w);
}

static enum err read_field(struct contact *c, const struct protobuf_field *f)
{
    switch (f->number) {
    case 1:  return record_id(&c->id, f);
    case 2:  return record_text(c->name.text, sizeof c->name.text, f);
    case 3:  return record_fixed(MSPAN_OF(c->address.bytes), f);
    case 4:  return protobuf_get_u64(&c->sent_count, f);
    case 5:  return protobuf_get_u64(&c->created_ms, f);
    default: return OK; /* a later version's field */
    }
}

enum err contact_decode(struct contact *ret, struct span record)
{
    *ret = (struct contact){0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(ret, &f));
    }
    TRY(protobuf_end(&r));
    return id_is_set(ret->id) && ret->name.text[0] ? OK : ERR_MALFORMED;
}
