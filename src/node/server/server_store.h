#ifndef NODE_SERVER_STORE_H
#define NODE_SERVER_STORE_H

#include "base/err.h"
#include "base/log.h"
#include "node/server/endorser.h"
#include "p2p/host_peer_store.h"
#include "service/bundler.h"
#include "wallet/capsule_keeper.h"

/* The bundler's records, where peers can be met, wallets' sealed vaults, and endorsements of this machine's evidence, in SQLite: one file, write-ahead log, synchronous=FULL, so that a record for which put
 * returned OK is on the disk. One process at a time: the file is locked for as long as it is open. */
struct server_store;

/* server_store_open opens or makes the file (mode 0600). ERR_STATE: another process has it open. ERR_MALFORMED: it is no
 * store of a server, or of a later version; it is left as it is. ERR_IO. */
MUST_CHECK enum err server_store_open(struct server_store **ret, const char *path, struct log *log);
void server_store_close(struct server_store *s);

/* server_store_port is what the bundler takes, valid until close. */
struct bundler_store *server_store_port(struct server_store *s);

/* server_store_peers is what the peer store takes, valid until close. */
struct peer_disk *server_store_peers(struct server_store *s);

/* server_store_shelf is what capsule_keeper takes, valid until close. */
struct capsule_shelf *server_store_shelf(struct server_store *s);

/* server_store_endorsements is what endorser takes, valid until close. */
struct endorser_store *server_store_endorsements(struct server_store *s);

/* server_store_each gives every record to fn, in the order of keys, until one answers something else than OK: then
 * that. The span lives for the call; fn may not change the store. */
typedef enum err (*server_store_fn)(void *user, struct span record);
MUST_CHECK enum err server_store_each(struct server_store *s, server_store_fn fn, void *user);

#endif
