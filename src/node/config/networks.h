#ifndef NODE_NETWORKS_H
#define NODE_NETWORKS_H

#include "wallet/network.h"

/* The networks of the release, built into the program from networks/NAME.ini and so signed with it; and some of kind
 * local from files, which then come first. */
struct networks {
    size_t count;
    struct network *list; /* made by networks_load */
};

/* networks_load: file is "" for none, or paths with ':' between them. On an error *ret_which names the file, and diag has rule and line. ERR_DENIED: the file's
 * network is not local: only the release may name others. */
MUST_CHECK enum err
networks_load(struct networks *ret, const char *file, const char **ret_which, struct diag *diag);

/* networks_done: safe on a zeroed object. */
/* networks_set_checkpoint takes "NETWORK 0xROOT" or "NETWORK 0xROOT:EPOCH", a checkpoint that the person chose, instead of the file's. ERR_NOT_FOUND: no such
 * network, or one without a consensus chain; ERR_MALFORMED. */
MUST_CHECK enum err networks_set_checkpoint(struct networks *n, struct span text);

void networks_done(struct networks *n);

#endif
