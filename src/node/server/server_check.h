#ifndef NODE_SERVER_CHECK_H
#define NODE_SERVER_CHECK_H

#include "node/server/server.h"

/* What a configuration comes to, without starting anything: nothing is made, written, listened on or asked. */
struct server_checked {
    uint64_t chain_id;
    char network[32]; /* its id */
    size_t listen_count;
    bool is_bundler;
};

/* server_check: OK, or the error with the sentence that a start would give. Whether ports are free and the node answers only a
 * start can tell. */
MUST_CHECK enum err server_check(const struct server_config *config,
                                 struct server_checked *ret,
                                 char ret_text[static SERVER_TEXT_LEN]);

#endif
