#ifndef CODEC_INI_H
#define CODEC_INI_H

#include "base/err.h"
#include "base/span.h"

/* INI text: `[section]`, `key = value`, comments from # or ; at the start of a line, blank lines. Keys and
 * sections are a-z 0-9 _ - . (sections also A-Z, blanks and "); values are UTF-8 without control characters,
 * trimmed. No escapes, no continuation lines. A key may repeat: the reader gives each. */
enum { INI_LINE_LEN_MAX = 1024, INI_LINE_COUNT_MAX = 10000 };

struct ini {
    struct span rest;
    struct span section;
    size_t line;
};

/* One key with its section ("" before the first section); spans into the text. */
struct ini_entry {
    struct span section;
    struct span key;
    struct span value;
    size_t line; /* from 1 */
};

struct ini ini_init(struct span text);

/* ini_next gives the next entry, ERR_NOT_FOUND at the end, or ERR_MALFORMED or ERR_LIMIT with the rule and the
 * line number (as diag offset; diag may be NULL). After an error it may not be called again. */
MUST_CHECK enum err ini_next(struct ini *ini, struct ini_entry *ret_entry, struct diag *diag);

#endif
