/* Chunks of packages from peers: messages, and asking for one. */
#include "plugin/chunk.h"

#include "base/check.h"
#include "codec/protobuf.h"

#include <string.h>

enum request_field { REQUEST_FILE = 1, REQUEST_INDEX = 2 };
enum answer_field { ANSWER_STATUS = 1, ANSWER_RETRY_MS = 2, ANSWER_BYTES = 3 };

enum err chunk_request_parse(struct chunk_request *ret, struct span message)
{
    struct protobuf_reader r = protobuf_read(message);
    struct protobuf_field f;
    struct span file = SPAN_EMPTY;
    uint64_t index = 0;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case REQUEST_FILE:  TRY(protobuf_get_bytes(&file, &f)); break;
        case REQUEST_INDEX: TRY(protobuf_get_u64(&index, &f)); break;
        default:            break; /* of a later version */
        }
    }
    TRY(protobuf_end(&r));
    if (file.n != sizeof ret->file.bytes || index > CHUNK_INDEX_MAX) {
        return ERR_MALFORMED;
    }
    (void)span_copy(MSPAN_OF(ret->file.bytes), file);
    ret->index = (uint32_t)index;
    return OK;
}

void chunk_request_write(struct wr *w, const struct chunk_request *r)
{
    frame_write_prefix(w, FRAME_UVARINT,
                       protobuf_bytes_len(REQUEST_FILE, sizeof r->file.bytes) +
                           protobuf_varint_len(REQUEST_INDEX, r->index));
    protobuf_write_bytes(w, REQUEST_FILE, SPAN_OF(r->file.bytes));
    protobuf_write_varint(w, REQUEST_INDEX, r->index);
}

static bool is_coherent(const struct chunk_answer *a, uint64_t status, uint64_t retry_ms)
{
    return status < CHUNK_STATUS_COUNT && retry_ms <= CHUNK_RETRY_MS_MAX &&
           (a->bytes.n > 0) == (status == CHUNK_FOUND) && (retry_ms == 0 || status == CHUNK_BUSY);
}

enum err chunk_answer_parse(struct chunk_answer *ret, struct span message)
{
    struct protobuf_reader r = protobuf_read(message);
    struct protobuf_field f;
    struct chunk_answer a = {.bytes = SPAN_EMPTY};
    uint64_t status = 0;
    uint64_t retry_ms = 0;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case ANSWER_STATUS:   TRY(protobuf_get_u64(&status, &f)); break;
        case ANSWER_RETRY_MS: TRY(protobuf_get_u64(&retry_ms, &f)); break;
        case ANSWER_BYTES:    TRY(protobuf_get_bytes(&a.bytes, &f)); break;
        default:              break; /* of a later version */
        }
    }
    TRY(protobuf_end(&r));
    if (!is_coherent(&a, status, retry_ms)) {
        return ERR_MALFORMED;
    }
    a.status = (enum chunk_status)status;
    a.retry_ms = (uint32_t)retry_ms;
    *ret = a;
    return OK;
}

void chunk_answer_write(struct wr *w, const struct chunk_answer *a)
{
    size_t len = protobuf_varint_len(ANSWER_STATUS, a->status);
    len += a->retry_ms > 0 ? protobuf_varint_len(ANSWER_RETRY_MS, a->retry_ms) : 0;
    len += a->bytes.n > 0 ? protobuf_bytes_len(ANSWER_BYTES, a->bytes.n) : 0;
    frame_write_prefix(w, FRAME_UVARINT, len);
    protobuf_write_varint(w, ANSWER_STATUS, a->status);
    if (a->retry_ms > 0) {
        protobuf_write_varint(w, ANSWER_RETRY_MS, a->retry_ms);
    }
    if (a->bytes.n > 0) {
        protobuf_write_bytes(w, ANSWER_BYTES, a->bytes);
    }
}

void chunk_fetch_init(struct chunk_fetch *f,
                      const struct chunk_want *want,
                      struct budget *budget,
                      instant now)
{
    check(want->length > 0);
    check(want->length <= PACKAGE_CHUNK_LEN);
    *f =
        (struct chunk_fetch){.want = *want, .look_at = instant_add(now, CHUNK_SLOW_MS * US_PER_MS)};
    /* No longer than the chunk that was asked for: what is announced beyond that is not waited for. */
    frame_reader_init(&f->frames,
                      (struct frame_cfg){.prefix = FRAME_UVARINT,
                                         .frame_len_max = want->length + CHUNK_HEAD_LEN_MAX,
                                         .budget = budget});
}

void chunk_fetch_done(struct chunk_fetch *f)
{
    frame_reader_done(&f->frames);
}

static enum chunk_outcome judge(struct chunk_fetch *f, struct span message)
{
    struct chunk_answer a;
    struct hash32 hash;
    if (chunk_answer_parse(&a, message) != OK) {
        return CHUNK_LIED;
    }
    if (a.status != CHUNK_FOUND) {
        f->retry_ms = a.retry_ms;
        return CHUNK_REFUSED;
    }
    if (a.bytes.n != f->want.length) {
        return CHUNK_LIED;
    }
    sha256(&hash, a.bytes);
    if (!span_equal(SPAN_OF(hash.bytes), SPAN_OF(f->want.hash.bytes))) {
        return CHUNK_LIED;
    }
    f->bytes = a.bytes;
    return CHUNK_GOT;
}

enum chunk_outcome chunk_fetch_recv(struct chunk_fetch *f, struct span in)
{
    struct span message;
    if (f->outcome != CHUNK_PENDING) {
        return f->outcome;
    }
    f->received += in.n;
    enum err e = frame_reader_next(&f->frames, &message, &in);
    if (e == OK) {
        f->outcome = judge(f, message);
    } else if (e != ERR_TRUNCATED) {
        f->outcome = CHUNK_LIED;
    }
    return f->outcome;
}

enum chunk_outcome chunk_fetch_end(struct chunk_fetch *f)
{
    if (f->outcome == CHUNK_PENDING) {
        f->outcome = CHUNK_LOST;
    }
    return f->outcome;
}

enum chunk_outcome chunk_fetch_tick(struct chunk_fetch *f, instant now)
{
    if (f->outcome == CHUNK_PENDING && instant_reached(f->look_at, now)) {
        if (f->received - f->marked < CHUNK_SLOW_BYTES) {
            f->outcome = CHUNK_SLOW;
        }
        f->marked = f->received;
        f->look_at = instant_add(now, CHUNK_SLOW_MS * US_PER_MS);
    }
    return f->outcome;
}

instant chunk_fetch_deadline(const struct chunk_fetch *f)
{
    return f->outcome == CHUNK_PENDING ? f->look_at : INSTANT_NEVER;
}
