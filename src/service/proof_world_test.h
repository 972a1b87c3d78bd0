#ifndef SERVICE_PROOF_WORLD_TEST_H
#define SERVICE_PROOF_WORLD_TEST_H

#include "base/buf.h"
#include "codec/json.h"
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

/* proof_world_init_code has the account be a contract with this code. */
void proof_world_init_code(struct proof_world *w, struct span code);
void proof_world_done(struct proof_world *w);

/* proof_world_put_result begins an answer of a node's batch, up to its result; close the object behind it. */
void proof_world_put_result(struct json_writer *j, uint64_t id);

/* proof_world_put_block writes the block as a node tells of it, with this number; proof_world_put_node an array of one node, perhaps with a
 * bit that is wrong. */
void proof_world_put_block(struct json_writer *j, const struct proof_world *w, uint64_t number);
void proof_world_put_node(struct json_writer *j, struct span node, bool is_broken);

/* proof_world_body appends the answer to w->request. */
void proof_world_body(const struct proof_world *w, struct buf *out);

#endif
