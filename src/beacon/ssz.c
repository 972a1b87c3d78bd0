#include "beacon/ssz.h"

#include "base/check.h"
#include "base/wr.h"

#include <string.h>

/* SPEC consensus-specs/ssz §"Merkleization": a node is the hash of its two children. */
void ssz_pair(struct hash32 *r, const struct hash32 *left, const struct hash32 *right)
{
    const struct span parts[2] = {SPAN_OF(left->bytes), SPAN_OF(right->bytes)};
    sha256_of(r, parts, 2);
}

/* nodes[i] is the root of the last whole subtree of 2^i leaves that waits for its right neighbour. */
void ssz_add(struct ssz_tree *t, const struct hash32 *leaf)
{
    struct hash32 node = *leaf;
    size_t level = 0;
    for (size_t n = t->count; n & 1; n >>= 1) {
        ssz_pair(&node, &t->nodes[level], &node);
        level++;
    }
    check(level <= SSZ_DEPTH_MAX);
    t->nodes[level] = node;
    t->count++;
}

void ssz_add_u64(struct ssz_tree *t, uint64_t v)
{
    struct hash32 leaf = {{0}};
    struct wr w = wr_init(MSPAN_OF(leaf.bytes));
    wr_le64(&w, v);
    ssz_add(t, &leaf);
}

void ssz_add_bytes(struct ssz_tree *t, struct span bytes)
{
    while (bytes.n > 0) {
        struct hash32 leaf = {{0}};
        struct span chunk = span_take(&bytes, SSZ_CHUNK);
        memcpy(leaf.bytes, chunk.p, chunk.n);
        ssz_add(t, &leaf);
    }
}

void ssz_root(struct hash32 *r, struct ssz_tree *t)
{
    static const struct hash32 zero;
    size_t level = 0;
    check(t->count > 0);
    while (t->count & (t->count - 1)) {
        ssz_add(t, &zero);
    }
    while (t->count >> level > 1) {
        level++;
    }
    *r = t->nodes[level];
}

void ssz_bytes_root(struct hash32 *r, struct span bytes)
{
    struct ssz_tree t = {.count = 0};
    ssz_add_bytes(&t, bytes);
    ssz_root(r, &t);
}

/* SPEC consensus-specs/light-client §"is_valid_normalized_merkle_branch": what a branch has too much must be zero. */
bool ssz_branch_is_valid(const struct hash32 *leaf,
                         struct ssz_branch branch,
                         uint64_t index,
                         const struct hash32 *root)
{
    static const struct hash32 zero;
    size_t depth = 0;
    struct hash32 node = *leaf;
    while (index >> depth > 1) {
        depth++;
    }
    if (branch.count < depth) {
        return false;
    }
    size_t extra = branch.count - depth;
    for (size_t i = 0; i < branch.count; i++) {
        const struct hash32 *other = &branch.nodes[i];
        if (i < extra) {
            if (memcmp(other, &zero, sizeof zero) != 0) {
                return false;
            }
        } else if (index >> (i - extra) & 1) {
            ssz_pair(&node, other, &node);
        } else {
            ssz_pair(&node, &node, other);
        }
    }
    return memcmp(&node, root, sizeof node) == 0;
}
