#ifndef NODE_LOCAL_CLIENT_H
#define NODE_LOCAL_CLIENT_H

#include "base/err.h"
#include "base/span.h"

#include <stddef.h>

/* The command line's side of the daemon's Unix socket: one request, one answer, waiting. */
struct local_client {
    int fd;       /* -1: not connected */
    char *answer; /* of the last call */
    size_t answer_len;
};

/* local_client_open: ERR_NOT_FOUND: no daemon is running there; ERR_IO. */
MUST_CHECK enum err local_client_open(struct local_client *c, const char *path);
void local_client_close(struct local_client *c);

/* local_client_call sends {"method", "params"} and gives the answer's text, which lives until the next call. params is JSON text
 * of an object. ERR_IO: the daemon went away; ERR_TIMEOUT. */
MUST_CHECK enum err local_client_call(struct local_client *c,
                                      const char *method,
                                      struct span params,
                                      struct span *ret_answer);

#endif
