#ifndef CODEC_ASSUAN_H
#define CODEC_ASSUAN_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Lines of the Assuan protocol, in which pinentry programs speak (gnupg.org, "Developing with Assuan", §"Server responses"): one line with "\n" behind
 * it, at most 1,000 bytes, data escaped by %XX. */
enum { ASSUAN_LINE_MAX = 1000 }; /* bytes, without the line's end */

enum assuan_kind {
    ASSUAN_OK,
    ASSUAN_ERR,     /* text: number and words */
    ASSUAN_DATA,    /* text: escaped */
    ASSUAN_STATUS,  /* S, a notice */
    ASSUAN_COMMENT, /* # */
    ASSUAN_INQUIRE, /* it asks for more */
};

struct assuan_line {
    enum assuan_kind kind;
    struct span text; /* behind the word; into the line */
};

/* assuan_decode reads one line, without its end. ERR_MALFORMED: no response of the protocol; ERR_LIMIT: too long. */
MUST_CHECK enum err assuan_decode(struct assuan_line *ret, struct span line);

/* assuan_unescape appends the bytes of escaped data. ERR_MALFORMED: a "%" without two hexadecimal digits; ERR_LIMIT: no room. What was
 * written until then is there; it may be secret. */
MUST_CHECK enum err assuan_unescape(struct wr *w, struct span text);

/* assuan_escape writes text as an argument of a command: %, and all below a space, as %XX. */
void assuan_escape(struct wr *w, struct span text);

#endif
