#ifndef NODE_KEYD_SERVE_H
#define NODE_KEYD_SERVE_H

#include "base/err.h"
#include "node/keyd/keyd.h"

/* keyd on a real system: the store directory, the sandbox, and the loop over its clients. */

struct keyd_client_slot {
    int fd; /* one end of a SOCK_SEQPACKET pair */
    uint32_t capabilities;
};
#define KEYD_CLIENTS_MAX 8

struct keyd_serve_cfg {
    const char *store_dir;
    const char *tpm_device; /* NULL: /dev/tpmrm0; used if the store is sealed */
    bool needs_seal;        /* do not start on a store whose key is a mere file */
    struct keyd_client_slot clients[KEYD_CLIENTS_MAX];
    size_t clients_count;
};

/* keyd_serve opens the store, enters the sandbox, says on standard error what that gave, and answers until
 * the last client has gone: then OK. Errors come before the first answer, each with one clear line on
 * standard error. */
MUST_CHECK enum err keyd_serve(const struct keyd_serve_cfg *cfg);

#endif
