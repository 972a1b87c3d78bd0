#ifndef NODE_DOWNLOAD_H
#define NODE_DOWNLOAD_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Files from mirrors, over http or https, one at a time and waiting: for programs that do nothing else meanwhile. Up to three redirects, no
 * proxy from the environment; a transfer slower than 1 KiB/s for 30 s ends. Connections are kept. */
enum { DOWNLOAD_URL_LEN_MAX = 1400, DOWNLOAD_WORDS_LEN = 256 };

struct download {
    void *curl;
    void *multi;
    /* What else there is to do while a transfer is under way: called ten times a second at least. False ends the transfer. NULL: nothing. */
    bool (*turn)(void *user);
    void *turn_user;
    uint32_t seconds_max;           /* of one transfer; 0: no bound but the speed */
    char words[DOWNLOAD_WORDS_LEN]; /* why the last one failed */
    uint64_t bytes;                 /* of bodies, over all transfers */
};

/* download_init: ERR_IO if libcurl cannot be set up. download_done is safe on a zeroed object. */
MUST_CHECK enum err download_init(struct download *d);
void download_done(struct download *d);

/* Takes a part of the body; false ends the transfer with ERR_LIMIT. */
typedef bool (*download_fn)(void *user, struct span part);

struct download_args {
    const char *url;
    uint64_t offset; /* of the first byte that is wanted */
    download_fn take;
    void *user;
};

/* download_get: ERR_NOT_FOUND: the server says that there is none (403, 404, 410); ERR_UNSUPPORTED: it does not give a part, and offset is not
 * 0; ERR_LIMIT: take ended it; ERR_TIMEOUT: too slow; ERR_CLOSED: turn ended it; ERR_IO: anything else, in words. */
MUST_CHECK enum err download_get(struct download *d, const struct download_args *args);

#endif
