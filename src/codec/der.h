#ifndef CODEC_DER_H
#define CODEC_DER_H

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"
#include "base/wr.h"

/* DER (ITU-T X.690, distinguished encoding) as far as keys and signatures need it. Readers work on a
 * struct rd with sticky failure: check rd_end of each level. Only one-byte tags; lengths up to 2^32 - 1,
 * definite, in the shortest form. */
enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_UTF8_STRING = 0x0c,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31
};

/* der_context is the tag byte of [number], constructed; number 0 to 30. */
static inline uint8_t der_context(uint8_t number)
{
    return (uint8_t)(0xa0 | number);
}

/* der_peek is the next tag byte, or -1 at the end. */
int der_peek(const struct rd *r);

/* der_read takes an element with this tag and gives its content; a different tag fails r. */
struct span der_read(struct rd *r, uint8_t tag);

/* der_enter is der_read as a reader of its own; it has failed if r has. */
struct rd der_enter(struct rd *r, uint8_t tag);

/* der_read_any takes any element; the whole element, header included, is *ret_raw if not NULL. */
struct span der_read_any(struct rd *r, uint8_t *ret_tag, struct span *ret_raw);

/* der_read_uint takes a non-negative INTEGER in its shortest form and gives the bytes, most significant
 * first, without the sign byte (0 is one zero byte). */
struct span der_read_uint(struct rd *r);

/* der_read_uint_fixed takes a non-negative INTEGER and right-aligns it in out; one too large fails r. */
void der_read_uint_fixed(struct rd *r, struct mspan out);

/* der_read_bits takes a BIT STRING of whole bytes (no unused bits). */
struct span der_read_bits(struct rd *r);

/* der_read_oid takes an OBJECT IDENTIFIER, which must be exactly oid (its content bytes). */
void der_read_oid(struct rd *r, struct span oid);

/* Writers. der_write_header starts an element whose len bytes the caller writes next; der_len is the
 * length of a whole element with len bytes of content, der_uint_len that of an INTEGER element. */
void der_write_header(struct wr *w, uint8_t tag, size_t len);
void der_write(struct wr *w, uint8_t tag, struct span content);
void der_write_uint(struct wr *w, struct span big_endian); /* leading zeros are dropped */
void der_write_bits(struct wr *w, struct span bytes);
size_t der_len(size_t len);
size_t der_uint_len(struct span big_endian);

/* An ECDSA signature (RFC 3279 section 2.2.3): SEQUENCE { r, s }, each right-aligned in out_r and out_s (of equal
 * length). ERR_MALFORMED: not strict DER, trailing bytes, or larger than the output. Ranges are not checked. */
MUST_CHECK enum err der_decode_ecdsa(struct mspan out_r, struct mspan out_s, struct span signature);
void der_write_ecdsa(struct wr *w, struct span r, struct span s);

#endif
