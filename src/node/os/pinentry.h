#ifndef NODE_PINENTRY_H
#define NODE_PINENTRY_H

#include "base/err.h"
#include "base/span.h"

/* Asking for a PIN with a program made for it: pinentry shows a window, or a form on the terminal, and gives what was typed to whoever started it, in
 * the Assuan protocol (codec/assuan.h). Nothing else gets to see it: not the page, not the daemon. */

#define PINENTRY_PROGRAM "/usr/bin/pinentry"

struct pinentry_ask {
    const char *program; /* NULL: PINENTRY_PROGRAM */
    const char *title;
    const char *what;   /* what the PIN is for, a sentence */
    const char *prompt; /* in front of the field */
};

/* pinentry_ask waits for the person. room is the caller's to wipe. ERR_NOT_FOUND: there is no such program, or it cannot show anything here; ask at the
 * terminal instead (prompt.h). ERR_CLOSED: the person closed it. ERR_LIMIT: longer than room. ERR_IO: it died, or does not speak the protocol. */
MUST_CHECK enum err pinentry_get(struct mspan room, size_t *ret_n, const struct pinentry_ask *ask);

#endif
