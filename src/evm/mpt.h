#ifndef EVM_MPT_H
#define EVM_MPT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Merkle-Patricia tries (Ethereum yellow paper, appendix D): proofs from strangers, and roots computed from
 * whole contents. Nothing here allocates; spans of answers point into the proof. */
enum {
    MPT_KEY_LEN_MAX = 32, /* bytes: the longest key of Ethereum's tries is a hash */
    MPT_PROOF_NODES_MAX =
        4 * MPT_KEY_LEN_MAX, /* two nodes a nibble at most: a hashed one and one inside it */
    MPT_LIST_MAX =
        1 << 16, /* items of a list trie: a block of 300 million gas has room for 14,286 */
    MPT_INDEX_PROOF_MAX =
        13, /* nodes above an item: two each of the six nibbles of a key, and its leaf */
    MPT_DEPTH_MAX = 2 * MPT_KEY_LEN_MAX, /* nibbles: the bound of the recursion over a whole trie */
};

/* The root of a trie with nothing in it. */
extern const struct hash32 mpt_empty_root;

/* The nodes on the way of a key, from the root down, as eth_getProof gives them. */
struct mpt_proof {
    const struct span *nodes;
    size_t nodes_count;
};

/* What a trie says of a key: both answers are proven. */
struct mpt_answer {
    bool is_present;
    struct span value; /* not empty if present; points into the proof */
};

/* mpt_verify follows key through proof. A node that lies inside another may stand in the list too. A failure is
 * the server's fault whatever it is:
 * ERR_AUTH: a node is not the one that the node above it (or root) names; ERR_TRUNCATED: the nodes end before
 * the answer; ERR_MALFORMED: a node that no trie holds, or nodes that the answer does not need;
 * ERR_LIMIT: key or proof is longer than the limits above. O(proof). */
MUST_CHECK enum err mpt_verify(struct mpt_answer *ret_answer,
                               const struct hash32 *root,
                               struct span key,
                               const struct mpt_proof *proof);

/* mpt_verify_index is the same for item index of a list trie (transactions, receipts, withdrawals). An absent
 * item proves that the list ends before it. */
MUST_CHECK enum err mpt_verify_index(struct mpt_answer *ret_answer,
                                     const struct hash32 *root,
                                     uint64_t index,
                                     const struct mpt_proof *proof);

/* mpt_root_of_list computes the root of the trie of items[0..items_count) under their indices.
 * ERR_LIMIT: more than MPT_LIST_MAX; ERR_MALFORMED: an item is empty. O(bytes). */
MUST_CHECK enum err
mpt_root_of_list(struct hash32 *ret_root, const struct span *items, size_t items_count);

/* mpt_prove_index appends to bytes the nodes that prove item index of the whole list, and gives them root first: spans into
 * bytes, which must not grow as long as they are used. ERR_NOT_FOUND: the list ends before it; ERR_LIMIT: bytes is full, or
 * the list is over the limit; ERR_MALFORMED: an item is empty. O(bytes of the list). */
struct mpt_items {
    const struct span *items;
    size_t count;
};
MUST_CHECK enum err mpt_prove_index(struct mpt_proof *ret,
                                    struct span room[static MPT_INDEX_PROOF_MAX],
                                    struct buf *bytes,
                                    const struct mpt_items *list,
                                    size_t index);

/* mpt_root_of_pairs does it for any keys, which must rise: ERR_MALFORMED if they do not or if a value is
 * empty; ERR_LIMIT: a key over MPT_KEY_LEN_MAX or more than MPT_LIST_MAX pairs. */
struct mpt_pair {
    struct span key;
    struct span value;
};
MUST_CHECK enum err
mpt_root_of_pairs(struct hash32 *ret_root, const struct mpt_pair *pairs, size_t pairs_count);

/* mpt_print_index writes the key of item index and returns its length. */
enum { MPT_INDEX_LEN_MAX = 9 };
size_t mpt_print_index(uint8_t out[static MPT_INDEX_LEN_MAX], uint64_t index);

#endif
