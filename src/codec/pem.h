#ifndef CODEC_PEM_H
#define CODEC_PEM_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Textual encoding of keys and certificates (RFC 7468, strict form; LF or CRLF, no headers). */

/* pem_take finds the next block in *text with this label ("CERTIFICATE"), writes its bytes onto w and takes
 * everything up to its end off *text. ERR_NOT_FOUND: no such block; ERR_MALFORMED; ERR_LIMIT: w is full. */
MUST_CHECK enum err pem_take(struct wr *w, struct span *text, const char *label);

void pem_write(struct wr *w, const char *label, struct span bytes);

#endif
