/* Codes with values. */
#include "wallet/coded.h"

#include "base/check.h"
#include "codec/utf8.h"
#include "wallet/record.h"

#include <stdio.h>

void coded_set(struct coded *c, const char *code)
{
    *c = (struct coded){0};
    text_set(c->code, sizeof c->code, span_str(code));
}

/* A stranger's text: keep whole, valid characters and no control characters. */
static void copy_clean(char *out, size_t cap, struct span in)
{
    struct wr w = wr_init(mspan_of(out, cap - 1));
    while (in.n > 0) {
        struct span before = in;
        int32_t code = utf8_take(&in);
        if (code < 0) {
            in = span_from(in, 1);
        }
        if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
            wr_u8(&w, '?');
        } else {
            wr_bytes(&w, span_first(before, before.n - in.n));
        }
        if (!wr_ok(&w)) {
            break;
        }
    }
    out[w.n] = '\0';
}

void coded_add(struct coded *c, const char *key, struct span value)
{
    check(c->param_count < CODED_PARAM_COUNT_MAX);
    size_t i = c->param_count++;
    text_set(c->params[i].key, sizeof c->params[i].key, span_str(key));
    copy_clean(c->params[i].value, sizeof c->params[i].value, value);
}

void coded_add_str(struct coded *c, const char *key, const char *value)
{
    coded_add(c, key, span_str(value));
}

void coded_add_u64(struct coded *c, const char *key, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    coded_add_str(c, key, text);
}

enum err coded_encode(struct buf *out, const struct coded *c)
{
    struct wr w = wr_init_buf(out);
    protobuf_write_bytes(&w, 1, span_str(c->code));
    for (size_t i = 0; i < c->param_count; i++) {
        protobuf_write_bytes(&w, 2, span_str(c->params[i].key));
        protobuf_write_bytes(&w, 3, span_str(c->params[i].value));
    }
    return wr_end(&w);
}

static enum err read_field(struct coded *c, const struct protobuf_field *f)
{
    switch (f->number) {
    case 1: return record_text(c->code, sizeof c->code, f);
    case 2:
        if (c->param_count >= CODED_PARAM_COUNT_MAX) {
            return ERR_LIMIT;
        }
        c->param_count++;
        return record_text(c->params[c->param_count - 1].key, sizeof c->params[0].key, f);
    case 3:
        if (c->param_count == 0) {
            return ERR_MALFORMED;
        }
        return record_text(c->params[c->param_count - 1].value, sizeof c->params[0].value, f);
    default: return OK; /* a later version's field */
    }
}

enum err coded_decode(struct coded *ret, struct span record)
{
    *ret = (struct coded){0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(ret, &f));
    }
    return protobuf_end(&r);
}
