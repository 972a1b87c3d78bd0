#ifndef SERVICE_PROOF_H
#define SERVICE_PROOF_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/mpt.h"
#include "service/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The body of an answer to account_proof: the header of the block, a pool of trie nodes in which each stands once, and
 * one path of references into the pool for the account and for each slot. A reference with the top bit set is to the
 * request's list of known nodes. docs/protocol.md has the fields. Nothing here is checked against a hash. */
enum {
    SERVICE_PROOF_NODES_MAX =
        512, /* in the pool: 32 slots with 15 nodes each of their own, and the account's */
    SERVICE_PROOF_KNOWN_BIT = 0x8000,
    SERVICE_PROOF_REF_LEN = 2, /* bytes: big-endian */
};

struct service_proof {
    struct span body;
    struct span header; /* RLP; empty: the request named the block's hash as known */
    size_t nodes_count;
    struct span account; /* the path: references from the state root down */
    struct span slots[SERVICE_SLOTS_MAX];
    size_t slots_count;
};

/* service_proof_decode reads a body without allocating; spans point into it. First uses of the pool's nodes come in the
 * pool's order and all are used, so that no bytes hide in it. ERR_MALFORMED: it breaks that, or a limit. */
MUST_CHECK enum err service_proof_decode(struct service_proof *ret, struct span body);

/* service_proof_path gives the nodes of a path (account, or one of slots). known are the nodes whose hashes the request
 * named, in its order. The answer points into room, the body and known. ERR_MALFORMED: a reference past known. */
MUST_CHECK enum err service_proof_path(struct mpt_proof *ret,
                                       struct span room[static MPT_PROOF_NODES_MAX],
                                       const struct service_proof *proof,
                                       struct span path,
                                       const struct mpt_proof *known);

/* service_proof_key names what the answer to a request depends on: not who asks, and not when. */
void service_proof_key(struct hash32 *ret, const struct service_request *request);

/* service_proof_is_known: does the request's list name this hash? */
bool service_proof_is_known(const struct service_request *r, const struct hash32 *hash);

/* Writing a body: init, the header, then the paths, the account's first and then one a slot in the order of the request.
 * ERR_LIMIT: out is full, or more nodes than the pool may have; ERR_MALFORMED: a node over ACCOUNT_NODE_LEN_MAX, a path
 * over MPT_PROOF_NODES_MAX. Known nodes, and the header if the block's hash is known, are left out. */
struct service_proof_writer {
    struct buf *out;
    size_t start;
    const struct service_request *request; /* outlives the writer */
    size_t nodes_count;
    size_t paths_count;
};
void service_proof_writer_init(struct service_proof_writer *w,
                               struct buf *out,
                               const struct service_request *request);
MUST_CHECK enum err service_proof_put_header(struct service_proof_writer *w, struct span rlp);
MUST_CHECK enum err service_proof_put_path(struct service_proof_writer *w,
                                           const struct mpt_proof *path);

#endif
