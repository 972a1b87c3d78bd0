#ifndef NODE_TUF_RUN_H
#define NODE_TUF_RUN_H

#include "base/err.h"
#include "node/plugin/download.h"
#include "plugin/tuf_client.h"

/* A TUF client with a folder and a server behind it: it carries out what the client asks for, and waits. */
struct tuf_run {
    struct tuf_client client;
    struct download *download;
    const char *url; /* of the metadata, with or without a slash at its end */
    int dir;         /* of the stored metadata */
};

/* tuf_run_init stores root as the trusted root if the folder has none, or if is_forced. ERR_AUTH: it is no root that its own keys signed, and
 * then ret_fault tells; ERR_IO. */
struct tuf_run_root {
    struct span bytes;
    bool is_forced;
};
MUST_CHECK enum err tuf_run_init_root(int dir,
                                      struct tuf_run_root root,
                                      struct budget *budget,
                                      struct tuf_fault *ret_fault);

/* tuf_run_update brings the metadata up to date, with the time of now. The client is left ready for tuf_run_search; end it with
 * tuf_client_done in every case. ERR_IO: the folder cannot be written; else the error of the fault in r->client. */
MUST_CHECK enum err tuf_run_update(struct tuf_run *r, struct budget *budget, walltime time_min);

/* tuf_run_search finds a target; tuf_client_target tells what. */
MUST_CHECK enum err tuf_run_search(struct tuf_run *r, struct span path);

/* tuf_run_fetch gets a target that was found, to name below folder: as it is there already, or from the server at targets_url. Nothing
 * but the whole and right target ever stands under that name. */
struct tuf_run_target {
    struct span path;
    const char *targets_url;
    int folder;
};
MUST_CHECK enum err
tuf_run_fetch(struct tuf_run *r, const struct tuf_run_target *target, struct tuf_fault *ret_fault);

#endif
