#ifndef EVM_TRIE_TEST_H
#define EVM_TRIE_TEST_H

#include "crypto/hash.h"
#include "evm/account_proof.h"
#include "evm/mpt.h"

/* Small Merkle-Patricia tries of our own, with proofs, for tests (yellow paper, appendix D). Keys are hashed, as in the state
 * and in storage, so values stand in leaves alone. */
enum { TRIE_ENTRIES_MAX = 12, TRIE_VALUE_MAX = 128, TRIE_PATH_MAX = 8, TRIE_NODE_MAX = 600 };

struct trie {
    struct {
        uint8_t key[32]; /* hashed; they rise */
        uint8_t value[TRIE_VALUE_MAX];
        size_t value_len;
    } entries[TRIE_ENTRIES_MAX];
    size_t count;
};

/* The nodes of a path, root first. */
struct trie_path {
    uint8_t bytes[TRIE_PATH_MAX][TRIE_NODE_MAX];
    struct span nodes[TRIE_PATH_MAX];
    size_t count;
};

void trie_put(struct trie *t, struct span key, struct span value);

/* trie_put_account and trie_put_slot write the values that a state and a storage hold. */
void trie_put_account(struct trie *t, struct address address, const struct account_state *account);
void trie_put_slot(struct trie *t, const uint8_t slot[static 32], struct u256 value);

struct hash32 trie_root(const struct trie *t);

/* trie_prove gives the path of key; of one that is not there, the path that shows it. */
struct mpt_proof trie_prove(struct trie_path *ret, const struct trie *t, struct span key);

#endif
