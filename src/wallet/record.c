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
