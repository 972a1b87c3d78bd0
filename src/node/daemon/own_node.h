#ifndef NODE_OWN_NODE_H
#define NODE_OWN_NODE_H

#include "node/api/api.h"
#include "node/config/fetch.h"
#include "wallet/wallet.h"

/* An Ethereum node that the person named for a network: the wallet's questions go to it instead of to strangers. Signed
 * operations still go to servers, since a plain node bundles none. The choice is kept in the store. */
enum { OWN_NODE_COUNT_MAX = 16 };

struct own_node_entry {
    struct id network;
    char url[URL_LEN_MAX + 1];
};

struct own_nodes {
    struct fetch *fetch;
    struct wallet *wallet;
    struct store *store;
    struct wallet_time (*time)(void *user);
    void (*pump)(void *user); /* after an answer was given on */
    void *user;
    struct own_node_entry entries[OWN_NODE_COUNT_MAX];
    size_t count;
    uint64_t asked_count;
};

/* own_nodes_load reads the choices from the store; broken ones are left out. The members above entries are set by the
 * caller before. */
void own_nodes_load(struct own_nodes *o, struct budget *budget);

/* own_nodes_url: NULL if none is named for this network. */
const char *own_nodes_url(const struct own_nodes *o, struct id network);

/* own_nodes_ask sends a WALLET_ASK event to the node; false if none is named, or it cannot be asked now. */
bool own_nodes_ask(struct own_nodes *o, const struct wallet_event *e);

/* own_nodes_try asks a node for its chain and newest block, and keeps it if it is right; an empty url forgets the choice.
 * done is called once, perhaps from inside. */
struct own_node_found {
    enum err
        err; /* OK; ERR_AUTH: another chain; ERR_TIMEOUT; ERR_DENIED: words; ERR_IO: the store */
    uint64_t chain_id;
    uint64_t block;
    uint64_t block_s; /* Unix time of it */
    const char *words;
};
typedef void (*own_node_fn)(void *user, uint64_t tag, const struct own_node_found *found);
struct own_node_args {
    const struct network *network;
    struct span url;
    own_node_fn done;
    void *user;
    uint64_t tag;
};
void own_nodes_try(struct own_nodes *o, const struct own_node_args *args);

#endif
