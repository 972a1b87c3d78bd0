/* The shared framer: length-prefixed messages out of a stream of bytes. */
#include "codec/frame.h"

#include "base/arith.h"
#include "base/check.h"

void frame_reader_init(struct frame_reader *f, struct frame_cfg cfg)
{
    check(cfg.budget);
    *f = (struct frame_reader){.cfg = cfg};
}

void frame_reader_done(struct frame_reader *f)
{
    buf_done(&f->partial);
    f->err = f->err ? f->err : ERR_STATE;
    f->has_len = false;
}

bool frame_reader_is_idle(const struct frame_reader *f)
{
    bool in_prefix = f->varint.count > 0 || f->fixed_count > 0;
    return f->err == OK && !f->has_len && !in_prefix;
}

static enum err fail(struct frame_reader *f, enum err e, const char *rule)
{
    buf_done(&f->partial);
    f->err = e;
    f->rule = rule;
    return e;
}

/* Gives back what the last call lent out. */
static void take_back(struct frame_reader *f)
{
    if (f->handed_out) {
        buf_done(&f->partial);
        f->handed_out = false;
    }
}

static size_t fixed_len(enum frame_prefix prefix)
{
    return prefix == FRAME_BE16 ? 2 : 4;
}

static enum err step_prefix(struct frame_reader *f, uint8_t byte)
{
    if (f->cfg.prefix == FRAME_UVARINT) {
        return uvarint_step(&f->varint, &f->len, byte);
    }
    f->len = f->len << 8 | byte;
    f->fixed_count++;
    return f->fixed_count == fixed_len(f->cfg.prefix) ? OK : ERR_TRUNCATED;
}

/* Reads the length, as far as it is there. */
static enum err recv_prefix(struct frame_reader *f, struct span *in)
{
    enum err e = ERR_TRUNCATED;
    while (e == ERR_TRUNCATED && in->n > 0) {
        e = step_prefix(f, span_take(in, 1).p[0]);
    }
    if (e == ERR_TRUNCATED) {
        return e;
    }
    if (e != OK) {
        return fail(f, e, "frame: length is no minimal varint");
    }
    if (f->len > f->cfg.frame_len_max) {
        return fail(f, ERR_LIMIT, "frame: longer than allowed");
    }
    f->has_len = true;
    f->varint = (struct uvarint_state){0};
    f->fixed_count = 0;
    return OK;
}

static void begin_next(struct frame_reader *f)
{
    f->has_len = false;
    f->len = 0;
}

/* Puts what has come into the lent buffer, which grows only now. */
static enum err keep_partial(struct frame_reader *f, struct span *in)
{
    size_t len = (size_t)f->len;
    if (f->partial.n == 0) {
        buf_init(&f->partial, f->cfg.budget, len);
        f->partial.secret = f->cfg.secret;
    }
    struct span more = span_first(*in, len - f->partial.n);
    if (buf_append(&f->partial, more) != OK) {
        return fail(f, ERR_LIMIT, "frame: no budget for a partial frame");
    }
    (void)span_take(in, more.n);
    return f->partial.n == len ? OK : ERR_TRUNCATED;
}

enum err frame_reader_next(struct frame_reader *f, struct span *ret_frame, struct span *in)
{
    take_back(f);
    TRY(f->err);
    if (!f->has_len) {
        TRY(recv_prefix(f, in));
    }
    if (f->partial.n == 0 && in->n >= f->len) {
        *ret_frame = span_take(in, (size_t)f->len);
        begin_next(f);
        return OK;
    }
    if (in->n == 0) {
        return ERR_TRUNCATED;
    }
    TRY(keep_partial(f, in));
    *ret_frame = buf_span(&f->partial);
    f->handed_out = true;
    begin_next(f);
    return OK;
}

size_t frame_prefix_len(enum frame_prefix prefix, size_t len)
{
    return prefix == FRAME_UVARINT ? uvarint_len(len) : fixed_len(prefix);
}

void frame_write_prefix(struct wr *w, enum frame_prefix prefix, size_t len)
{
    uint64_t max = prefix == FRAME_UVARINT ? UVARINT_MAX
                   : prefix == FRAME_BE16  ? UINT16_MAX
                                           : UINT32_MAX;
    if (len > max) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    switch (prefix) {
    case FRAME_UVARINT: uvarint_write(w, len); break;
    case FRAME_BE16:    wr_be16(w, (uint16_t)len); break;
    case FRAME_BE32:    wr_be32(w, (uint32_t)len); break;
    }
}

void frame_write(struct wr *w, enum frame_prefix prefix, struct span message)
{
    frame_write_prefix(w, prefix, message.n);
    wr_bytes(w, message);
}
