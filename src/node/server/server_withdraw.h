#ifndef NODE_SERVER_WITHDRAW_H
#define NODE_SERVER_WITHDRAW_H

#include "node/server/server.h"

/* Takes ether out of the bundler's account, while no server runs on its home: the store's lock and an account nonce that
 * nothing waits for see to that. keyd is started for this alone, with the capability that a server never has. */
struct server_withdrawal {
    struct address to;
    bool takes_all;  /* but for the gas */
    struct u256 wei; /* if not */
};

/* What will be sent, for the person. */
struct server_withdrawal_plan {
    struct address from;
    struct address to;
    const char *network;
    uint64_t chain_id;
    struct u256 has; /* wei, as the next two */
    struct u256 value;
    struct u256 fee_max;
};

struct server_withdrawal_done {
    struct hash32 tx_hash;
    bool is_included;
    uint64_t block;
};

/* What the program does in between; user is the first argument of each. */
struct server_withdrawal_port {
    void *user;
    bool (*confirm)(void *user,
                    const struct server_withdrawal_plan *plan); /* false: nothing is signed */
    void (*sent)(void *user, const struct hash32 *tx_hash);     /* the node has it */
};

/* server_withdraw: OK when it is in a block; ERR_DENIED: not confirmed; else the error with one sentence in ret_text.
 * ERR_TIMEOUT: it is sent and not in a block within two minutes. */
MUST_CHECK enum err server_withdraw(const struct server_config *config,
                                    const struct server_withdrawal *what,
                                    const struct server_withdrawal_port *port,
                                    struct server_withdrawal_done *ret_done,
                                    char ret_text[static SERVER_TEXT_LEN]);

#endif
