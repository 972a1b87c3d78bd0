#ifndef SERVICE_PROOF_WORLD_TEST_H
#define SERVICE_PROOF_WORLD_TEST_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "service/message.h"

#include <stdint.h>

/* The vector of docs/protocol.md: a state with one account and a storage with one slot. Each trie is one leaf, so its
 * node is made here by the yellow paper's appendix D: [0x20 and the hashed key, value]. */
struct proof_world {
    struct buf storage_leaf;
    struct buf state_leaf;
    struct buf header;
    struct hash32 state_root;
    struct service_request request;
    uint8_t slots[64];
};

void proof_world_init(struct proof_world *w);
void proof_world_done(struct proof_world *w);

/* proof_world_body appends the answer to w->request. */
void proof_world_body(const struct proof_world *w, struct buf *out);

#endif
