#ifndef NODE_FETCH_H
#define NODE_FETCH_H

#include "base/err.h"
#include "base/span.h"
#include "node/net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HTTP requests to servers that the operator named (an Ethereum node, the faucet of a local network): libcurl on the
 * loop. POST of JSON, or GET of bytes; no redirects, no proxy from the environment, http and https only. Connections are kept
 * and used again. */
enum {
    FETCH_COUNT_MAX = 256,
    FETCH_URL_LEN_MAX = 512,
    FETCH_HEADER_LEN_MAX = 32,
    FETCH_HEADERS_LEN_MAX = 64 * 1024, /* of all that stands before an answer's body */
};

struct fetch;

/* How it ended: OK with status and body; ERR_TIMEOUT; ERR_LIMIT: the answer is too long; ERR_IO with words. body and
 * words live for the call. */
struct fetch_result {
    enum err err;
    long status; /* of HTTP, with OK */
    struct span body;
    const char *
        header; /* the value of the header that was wanted; "" if there is none or it is longer than it may be */
    const char *words;
};
typedef void (*fetch_fn)(void *user, uint64_t tag, const struct fetch_result *result);

/* fetch_new: ERR_IO if libcurl cannot be set up. The loop outlives it. */
MUST_CHECK enum err fetch_new(struct fetch **ret, struct loop *loop);

/* fetch_stop ends all requests without calling anybody; fetch_free gives the memory back, after loop_done. Both take NULL. */
void fetch_stop(struct fetch *f);
void fetch_free(struct fetch *f);

struct fetch_args {
    const char *url;
    struct span body; /* JSON; copied; not of a GET */
    const char *
        header; /* GET: name of a header of the answer that is wanted, or NULL; outlives the request */
    size_t header_len_max; /* bytes of its value; 0: FETCH_HEADER_LEN_MAX */
    bool is_any_type;      /* GET: takes whatever type the answer has, instead of bytes */
    size_t answer_len_max;
    uint32_t timeout_ms;
    fetch_fn done;
    void *user;
    uint64_t tag;
};

/* fetch_post begins; done is called later, never from inside. ERR_LIMIT: too many at once; ERR_MALFORMED: url. */
MUST_CHECK enum err fetch_post(struct fetch *f, const struct fetch_args *args);

/* fetch_get is the same for bytes (Accept: application/octet-stream). */
MUST_CHECK enum err fetch_get(struct fetch *f, const struct fetch_args *args);

#endif
