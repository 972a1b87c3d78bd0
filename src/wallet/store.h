#ifndef WALLET_STORE_H
#define WALLET_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* The port through which the wallet keeps things: a durable map from (table, key) to bytes. The node
 * fills it with SQLite, tests with memory. Synchronous: put and remove return when the change has reached
 * the disk, so that what the wallet says has happened has happened. */
enum store_table {
    STORE_ACCOUNT,
    STORE_CEREMONY, /* passkeys begun and not finished */
    STORE_OPERATION,
    STORE_CONTACT,
    STORE_SETTING,
    STORE_SEARCH,   /* payments in whose payer is being looked for */
    STORE_CURSOR,   /* how far a chain has been read */
    STORE_NODE,     /* Ethereum nodes that the person named, by network */
    STORE_SET,      /* the servers of an account */
    STORE_BAN,      /* servers whose lie is proven */
    STORE_EVIDENCE, /* what shows a lie or a disagreement, oldest first */
    STORE_LIGHT,    /* what a light client goes on from, by network */
    STORE_WAY,      /* when the ways into the vault were proven */
    STORE_PEER,     /* where peers can be met: p2p/peer_store.h */
    STORE_RECOVERY, /* requests for help and what guardians answered, by account */
    STORE_COPY,     /* which servers keep the sealed vault, by locator */
    STORE_TABLE_COUNT
};

enum { STORE_KEY_LEN_MAX = 64, STORE_VALUE_LEN_MAX = 128 * 1024 };

struct store {
    /* put adds or replaces. ERR_IO: the disk failed; ERR_LIMIT: it is full. Then nothing has changed. */
    enum err (*put)(struct store *self, enum store_table table, struct span key, struct span value);

    /* remove is OK also if there is no such key. */
    enum err (*remove)(struct store *self, enum store_table table, struct span key);

    /* get appends the value to ret_value; ERR_NOT_FOUND if there is none. */
    enum err (*get)(struct store *self,
                    enum store_table table,
                    struct span key,
                    struct buf *ret_value);

    /* next gives the smallest key above after (from the start if after is empty) and its value, or
     * ERR_NOT_FOUND. Both are appended. Keys are ordered by bytes. */
    enum err (*next)(struct store *self,
                     enum store_table table,
                     struct span after,
                     struct buf *ret_key,
                     struct buf *ret_value);

    /* prev gives the largest key below before (from the end if before is empty). */
    enum err (*prev)(struct store *self,
                     enum store_table table,
                     struct span before,
                     struct buf *ret_key,
                     struct buf *ret_value);
};

#endif
