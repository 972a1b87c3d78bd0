#ifndef NODE_PROMPT_H
#define NODE_PROMPT_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

/* Asking the person at the terminal itself, whatever standard input is. */

/* prompt_secret reads one line that is not shown. room is the caller's to wipe; the line's end is left out. ERR_NOT_FOUND: there is no
 * terminal. ERR_LIMIT: longer than room, the rest is thrown away. ERR_IO. */
MUST_CHECK enum err prompt_secret(struct mspan room, size_t *ret_n, const char *what);

/* prompt_yes shows a question; true only for the word "yes". */
bool prompt_yes(const char *question);

#endif
