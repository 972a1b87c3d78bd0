#ifndef PASSMESH_COMMAND_SECRET_H
#define PASSMESH_COMMAND_SECRET_H

#include "base/span.h"
#include "base/wr.h"
#include "node/api/local_client.h"
#include "node/keyd/keyd_wire.h"

#include <stdbool.h>

/* Secrets on their way from the terminal, or a descriptor, to the key process: sealed here, never an argument, an environment variable or a
 * line of the daemon's. */

enum { COMMAND_SECRET_MAX = 4096 }; /* bytes: a key file */

struct typed {
    char bytes[COMMAND_SECRET_MAX + 1];
    size_t n;
};
void typed_wipe(struct typed *t);

/* typed_read reads a descriptor to its end, without the line's end there; typed_prompt asks at the terminal, unseen. Both say why not; false
 * also if nothing was there. */
bool typed_read(struct typed *ret, int fd);
bool typed_prompt(struct typed *ret, const char *what);

/* command_key makes an idempotency key: asked twice it is done once. */
enum { COMMAND_KEY_LEN = 22 };
bool command_key(char ret[static COMMAND_KEY_LEN + 1]);

/* command_secret_seal seals a secret for one request (op) to a key that the key process makes for it; out gets base64url text. Says why not. */
bool command_secret_seal(struct local_client *c,
                         struct wr *out,
                         enum keyd_op op,
                         struct span secret);

/* command_number reads a whole number up to max. */
bool command_number(int *ret, const char *text, int max);

#endif
