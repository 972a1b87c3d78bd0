#ifndef WALLET_CODED_H
#define WALLET_CODED_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* A fact as a code with values; whoever shows it makes the sentence in the person's language. The codes and their
 * values stand in api/codes.json and api/errors.json. */
enum {
    CODE_LEN_MAX = 48,
    CODED_PARAM_COUNT_MAX = 3,
    CODED_KEY_LEN_MAX = 16,
    CODED_VALUE_LEN_MAX = 128
};

struct coded {
    char code[CODE_LEN_MAX + 1]; /* "" = none */
    size_t param_count;
    struct {
        char key[CODED_KEY_LEN_MAX + 1];
        char value[CODED_VALUE_LEN_MAX + 1];
    } params[CODED_PARAM_COUNT_MAX];
};

void coded_set(struct coded *c, const char *code);

/* coded_add adds a value, cut to its room at a character boundary; control characters become "?". A fourth is a bug
 * and aborts. */
void coded_add(struct coded *c, const char *key, struct span value);
void coded_add_str(struct coded *c, const char *key, const char *value);
void coded_add_u64(struct coded *c, const char *key, uint64_t value);

static inline bool coded_is_set(const struct coded *c)
{
    return c->code[0] != '\0';
}

MUST_CHECK enum err coded_encode(struct buf *out, const struct coded *c);
MUST_CHECK enum err coded_decode(struct coded *ret, struct span record);

#endif
