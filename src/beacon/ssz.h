#ifndef BEACON_SSZ_H
#define BEACON_SSZ_H

#include "base/span.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Merkle trees of SSZ: the root of an object is the root over its fields' roots, and a branch proves one node under it. */
enum {
    SSZ_CHUNK = 32,     /* bytes of a leaf */
    SSZ_DEPTH_MAX = 16, /* of a tree that is built here; a committee has 9 */
};

/* ssz_pair is the node over two. */
void ssz_pair(struct hash32 *r, const struct hash32 *left, const struct hash32 *right);

/* A tree that is built leaf by leaf. Missing leaves up to a power of two are zero. Begin with a zeroed object. */
struct ssz_tree {
    struct hash32 nodes[SSZ_DEPTH_MAX + 1];
    size_t count;
};
void ssz_add(struct ssz_tree *t, const struct hash32 *leaf);
void ssz_add_u64(struct ssz_tree *t, uint64_t v);

/* ssz_add_bytes adds as many leaves as the bytes fill; the last is padded with zeros. */
void ssz_add_bytes(struct ssz_tree *t, struct span bytes);

/* ssz_root gives the root of at least one leaf, and uses the tree up. */
void ssz_root(struct hash32 *r, struct ssz_tree *t);

/* ssz_bytes_root is the root of a byte vector of any length above zero. */
void ssz_bytes_root(struct hash32 *r, struct span bytes);

/* Where a node stands: the root is 1, below i are 2i and 2i+1. */
struct ssz_branch {
    const struct hash32 *nodes; /* from the leaf's sibling upwards */
    size_t count;
};

/* ssz_branch_is_valid: leaf stands at index under root. A branch may be longer than the index is deep; the nodes that are
 * too many come first and must be zero. */
bool ssz_branch_is_valid(const struct hash32 *leaf,
                         struct ssz_branch branch,
                         uint64_t index,
                         const struct hash32 *root);

#endif
