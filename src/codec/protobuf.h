#ifndef CODEC_PROTOBUF_H
#define CODEC_PROTOBUF_H

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"
#include "base/wr.h"

/* The Protocol Buffers wire format (protobuf.dev, "Encoding"), a field at a time, without schemas and
 * without allocation. Unknown fields are simply not asked about. Groups (wire types 3 and 4) are
 * refused. Varints may have up to 10 bytes and need not be the shortest form, as protobuf allows. */

enum protobuf_wire {
    PROTOBUF_VARINT = 0,
    PROTOBUF_FIXED64 = 1,
    PROTOBUF_BYTES = 2, /* bytes, text, messages, packed numbers */
    PROTOBUF_FIXED32 = 5
};

enum { PROTOBUF_NUMBER_MAX = (1 << 29) - 1, PROTOBUF_FIELDS_MAX = 65536 };

struct protobuf_field {
    uint32_t number; /* 1 to PROTOBUF_NUMBER_MAX */
    enum protobuf_wire wire;
    uint64_t value;    /* of VARINT, FIXED64, FIXED32 */
    struct span bytes; /* of BYTES: into the input */
};

struct protobuf_reader {
    struct rd rd;
    size_t
        fields_left; /* ERR_LIMIT at 0; protobuf_read sets PROTOBUF_FIELDS_MAX, lower it if wanted */
    enum err err;
};

/* protobuf_read starts on one message. Use:
 *     struct protobuf_reader r = protobuf_read(in);
 *     struct protobuf_field f;
 *     while (protobuf_next(&r, &f)) {
 *         switch (f.number) {
 *         case 1: TRY(protobuf_get_bytes(&key, &f)); break;
 *         case 2: TRY(protobuf_get_u64(&seq, &f)); break;
 *         default: break; // unknown: skipped
 *         }
 *     }
 *     TRY(protobuf_end(&r)); */
struct protobuf_reader protobuf_read(struct span in);

/* protobuf_next gives the next field; false at the end or at a failure, see protobuf_end. */
bool protobuf_next(struct protobuf_reader *r, struct protobuf_field *ret_field);

/* protobuf_end: OK if the whole message was read; ERR_MALFORMED; ERR_LIMIT for too many fields. */
MUST_CHECK enum err protobuf_end(const struct protobuf_reader *r);

/* The value of a field as the schema wants it: ERR_MALFORMED for another wire type or a value out of
 * range. u32 and bool take what protobuf truncates (any varint), as its decoders do. */
MUST_CHECK enum err protobuf_get_bytes(struct span *ret, const struct protobuf_field *f);
/* protobuf_get_fixed fills out with exactly as many bytes; ERR_MALFORMED for another length. */
MUST_CHECK enum err protobuf_get_fixed(struct mspan out, const struct protobuf_field *f);
MUST_CHECK enum err protobuf_get_u64(uint64_t *ret, const struct protobuf_field *f);
MUST_CHECK enum err protobuf_get_u32(uint32_t *ret, const struct protobuf_field *f);
MUST_CHECK enum err protobuf_get_bool(bool *ret, const struct protobuf_field *f);

/* Writers; number is 1 to PROTOBUF_NUMBER_MAX. Write fields in ascending order of their numbers, and
 * the result is the deterministic form that libp2p wants for keys. */
void protobuf_write_varint(struct wr *w, uint32_t number, uint64_t value);
void protobuf_write_bool(struct wr *w, uint32_t number, bool value);
void protobuf_write_fixed64(struct wr *w, uint32_t number, uint64_t value);
void protobuf_write_fixed32(struct wr *w, uint32_t number, uint32_t value);
void protobuf_write_bytes(struct wr *w, uint32_t number, struct span bytes);

/* protobuf_write_header starts a bytes field whose len bytes the caller writes next: for messages
 * within messages, whose length comes from the _len functions. */
void protobuf_write_header(struct wr *w, uint32_t number, size_t len);

/* The length of a whole field, tag included, in bytes. */
size_t protobuf_varint_len(uint32_t number, uint64_t value);
size_t protobuf_bytes_len(uint32_t number, size_t len);

#endif
