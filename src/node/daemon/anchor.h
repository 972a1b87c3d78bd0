#ifndef NODE_ANCHOR_H
#define NODE_ANCHOR_H

#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"
#include "node/config/fetch.h"
#include "wallet/wallet.h"

/* Where trusted blocks come from on a chain without a light client: the header source, a node that the network's file names
 * (key anchor). It is asked for its newest block again and again; what it says of its contents is held against the block's hash,
 * and the hash itself is its word. Only the selected network is followed. */

struct anchor_source {
    struct budget *budget;
    struct fetch *fetch;
    struct wallet *wallet;
    struct log *log;
    struct wallet_time (*time)(void *user);
    void (*pump)(void *user);
    void *user;
    struct id network; /* that is followed */
    uint64_t turn;     /* rises when another is followed: older answers are stale */
    bool is_asking;
    bool is_silent; /* told so already */
    instant ask_at;
};

/* anchor_kind: where a network's trusted blocks come from. has_own_node: then from nowhere, since all is asked of that node;
 * has_light: from its consensus. */
struct anchor_else {
    bool has_own_node;
    bool has_light;
};
enum anchor anchor_kind(const struct network *n, struct anchor_else other);

/* anchor_tick follows the selected network and asks when it is time. */
void anchor_tick(struct anchor_source *a, struct wallet_time t, struct anchor_else other);
instant anchor_deadline(const struct anchor_source *a);

/* anchor_hint: somebody says that there is a newer block; ask soon. */
void anchor_hint(struct anchor_source *a, struct wallet_time t);

/* anchor_read takes the source's answer to the batch of anchor_tick. ERR_AUTH: another chain, or contents that do not have the
 * hash that it gives; ERR_MALFORMED. */
MUST_CHECK enum err
anchor_read(struct proven_head *ret, struct budget *budget, struct span answer, uint64_t chain_id);

#endif
