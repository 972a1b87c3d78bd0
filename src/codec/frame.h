#ifndef CODEC_FRAME_H
#define CODEC_FRAME_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "codec/uvarint.h"

/* The one shared framer: messages with their length in front, cut out of a byte stream that arrives in
 * any pieces. A frame that lies whole in the input is handed out as a span into it, without a copy.
 * Only while a frame is partial is memory lent from the budget, and it grows with the bytes that have
 * really come, so that announcing a long frame costs the peer as much as it costs us. */

enum frame_prefix {
    FRAME_UVARINT, /* libp2p: unsigned varint */
    FRAME_BE16,    /* Noise: two bytes, most significant first */
    FRAME_BE32     /* our Unix sockets: four bytes, most significant first */
};

struct frame_cfg {
    enum frame_prefix prefix;
    size_t frame_len_max;  /* bytes of one message, without its prefix */
    struct budget *budget; /* of partial frames; must outlive the reader */
    bool secret;           /* wipe the buffer of partial frames */
};

struct frame_reader {
    struct frame_cfg cfg;
    struct buf partial;
    struct uvarint_state varint;
    uint64_t len;        /* of the frame in progress; valid if has_len */
    uint8_t fixed_count; /* bytes of a fixed prefix seen */
    bool has_len;
    bool handed_out;  /* partial is what the last call returned */
    enum err err;     /* sticky failure */
    const char *rule; /* why, static text, NULL if none */
};

void frame_reader_init(struct frame_reader *f, struct frame_cfg cfg);

/* frame_reader_next takes bytes off the front of *in until one frame is whole.
 * OK: *ret_frame is the message without prefix (may be empty); it lives until the next call on f or as
 *   long as the input, whichever ends first. Call again: *in may hold further frames.
 * ERR_TRUNCATED: *in is used up, come back with more bytes.
 * ERR_LIMIT: longer than frame_len_max, or the budget refuses; ERR_MALFORMED: a bad varint. Both are
 *   final and come again at every call: the stream cannot be resumed. */
MUST_CHECK enum err
frame_reader_next(struct frame_reader *f, struct span *ret_frame, struct span *in);

/* frame_reader_is_idle: no byte of a further frame has been taken; the end of the stream is clean here. */
bool frame_reader_is_idle(const struct frame_reader *f);

/* frame_reader_done gives the memory back; safe on a zeroed object and twice. */
void frame_reader_done(struct frame_reader *f);

/* frame_prefix_len is the length of the prefix of a message of len bytes. */
size_t frame_prefix_len(enum frame_prefix prefix, size_t len);

/* frame_write_prefix writes only the length; frame_write the length and the message. A length that
 * the prefix cannot hold fails w with ERR_LIMIT. */
void frame_write_prefix(struct wr *w, enum frame_prefix prefix, size_t len);
void frame_write(struct wr *w, enum frame_prefix prefix, struct span message);

#endif
