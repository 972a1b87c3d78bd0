#ifndef SERVER_ASK_H
#define SERVER_ASK_H

#include "node/server/server_check.h"
#include "node/server/server_config.h"

#include <stdbool.h>

/* Commands that a running server answers over its socket: status, peers, net, drain, reload, metrics. */
struct ask_words {
    const char *command;  /* NULL: none of these */
    const char *argument; /* of drain: seconds; of net: ping, find, trace, or NULL */
    const char *peer;     /* of those three */
    const char *pings;
    bool is_json;
};

/* ask_is_command: is word one of them? */
bool ask_is_command(const char *word);

/* ask asks the server of this home, or the system's where none was named; the exit code. */
int ask(const struct server_config_args *args, const struct ask_words *words);

/* print_checked says on stdout what a configuration comes to. */
void print_checked(const struct server_checked *c, bool is_json);

#endif
