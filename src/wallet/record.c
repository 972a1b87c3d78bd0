/* Reading fields of stored records. */
#include "wallet/record.h"

enum err record_text(char *out, size_t cap, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (s.n >= cap) {
        return ERR_LIMIT;
    }
    text_set(out, cap, s);
    return OK;
}

enum err record_id(struct id *out, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    return id_parse(out, s);
}

enum err record_fixed(struct mspan out, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (s.n != out.n) {
        return ERR_MALFORMED;
    }
    span_copy(out, s);
    return OK;
}

enum err record_u64_max(uint64_t *out, const struct protobuf_field *f, uint64_t max)
{
    uint64_t v;
    TRY(protobuf_get_u64(&v, f));
    if (v > max) {
        return ERR_LIMIT;
    }
    *out = v;
    return OK;
}

enum err record_u256(struct u256 *out, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    return u256_from_be(out, s);
}

void record_write_u256(struct wr *w, uint32_t number, struct u256 v)
{
    uint8_t be[32];
    u256_to_be(be, v);
    protobuf_write_bytes(w, number, SPAN_OF(be));
}
