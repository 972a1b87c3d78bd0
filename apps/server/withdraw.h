#ifndef SERVER_WITHDRAW_H
#define SERVER_WITHDRAW_H

#include "node/server/server_config.h"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What stands behind the flags: the bundler's ether, to an address. */
struct withdraw_words {
    bool is_json;
    bool is_withdrawal;
    bool is_sure; /* --yes */
    const char *address;
    const char *amount; /* NULL: all */
};

/* withdraw asks, sends and says what came of it; the exit code. */
int withdraw(const struct server_config *config, struct withdraw_words *words);

#endif
