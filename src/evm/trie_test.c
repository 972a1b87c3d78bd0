#include "evm/trie_test.h"

#include "base/check.h"
#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/rlp.h"

#include <string.h>

static unsigned nibble(const uint8_t *key, size_t i)
{
    return i % 2 == 0 ? key[i / 2] >> 4 : key[i / 2] & 15;
}

void trie_put(struct trie *t, struct span key, struct span value)
{
    struct hash32 hash;
    size_t at = 0;
    keccak256(&hash, key);
    check(t->count < TRIE_ENTRIES_MAX);
    while (at < t->count && memcmp(t->entries[at].key, hash.bytes, 32) < 0) {
        at++;
    }
    memmove(&t->entries[at + 1], &t->entries[at], (t->count - at) * sizeof t->entries[0]);
    t->count++;
    memcpy(t->entries[at].key, hash.bytes, 32);
    t->entries[at].value_len = span_copy(MSPAN_OF(t->entries[at].value), value);
    check(value.n <= TRIE_VALUE_MAX);
}

void trie_put_account(struct trie *t, struct address address, const struct account_state *account)
{
    struct buf out;
    buf_init(&out, test_budget(), TRIE_VALUE_MAX);
    struct rlp_wr w = rlp_wr_init(&out);
    rlp_wr_list_begin(&w);
    rlp_wr_u64(&w, account->nonce);
    rlp_wr_u256(&w, account->balance);
    rlp_wr_bytes(&w, SPAN_OF(account->storage_root.bytes));
    rlp_wr_bytes(&w, SPAN_OF(account->code_hash.bytes));
    rlp_wr_list_end(&w);
    check(rlp_wr_end(&w) == OK);
    trie_put(t, SPAN_OF(address.bytes), buf_span(&out));
    buf_done(&out);
}

void trie_put_slot(struct trie *t, const uint8_t slot[static 32], struct u256 value)
{
    struct buf out;
    buf_init(&out, test_budget(), TRIE_VALUE_MAX);
    struct rlp_wr w = rlp_wr_init(&out);
    rlp_wr_u256(&w, value);
    check(rlp_wr_end(&w) == OK);
    if (!u256_is_zero(value)) {
        trie_put(t, span_of(slot, 32), buf_span(&out));
    }
    buf_done(&out);
}

/* Hex-prefix encoding of nibbles [from, to) of key. */
static size_t
hex_prefix(uint8_t out[static 33], const uint8_t *key, size_t from, size_t to, bool leaf)
{
    size_t count = to - from;
    size_t n = 1;
    out[0] = leaf ? 0x20 : 0;
    if (count % 2 == 1) {
        out[0] |= (uint8_t)(0x10 | nibble(key, from));
        from++;
    }
    for (; from < to; from += 2) {
        out[n++] = (uint8_t)(nibble(key, from) << 4 | nibble(key, from + 1));
    }
    return n;
}

static void node_write(const struct trie *t, size_t lo, size_t hi, size_t depth, struct buf *out);

static void child_put(const struct trie *t, size_t lo, size_t hi, size_t depth, struct rlp_wr *w)
{
    struct buf child;
    struct hash32 hash;
    buf_init(&child, test_budget(), TRIE_NODE_MAX);
    node_write(t, lo, hi, depth, &child);
    check(child.n >= 32); /* shorter ones would stand in the parent itself */
    keccak256(&hash, buf_span(&child));
    rlp_wr_bytes(w, SPAN_OF(hash.bytes));
    buf_done(&child);
}

/* The entries [lo, hi) share their first depth nibbles. */
static size_t shared_end(const struct trie *t, size_t lo, size_t hi, size_t depth)
{
    while (nibble(t->entries[lo].key, depth) == nibble(t->entries[hi - 1].key, depth)) {
        depth++;
    }
    return depth;
}

static size_t branch_end(const struct trie *t, size_t lo, size_t hi, size_t depth)
{
    size_t end = lo;
    while (end < hi && nibble(t->entries[end].key, depth) == nibble(t->entries[lo].key, depth)) {
        end++;
    }
    return end;
}

static void branch_write(const struct trie *t, size_t lo, size_t hi, size_t depth, struct rlp_wr *w)
{
    for (unsigned i = 0; i < 16; i++) {
        if (lo < hi && nibble(t->entries[lo].key, depth) == i) {
            size_t end = branch_end(t, lo, hi, depth);
            child_put(t, lo, end, depth + 1, w);
            lo = end;
        } else {
            rlp_wr_bytes(w, SPAN_EMPTY);
        }
    }
    rlp_wr_bytes(w, SPAN_EMPTY);
}

static void node_write(const struct trie *t, size_t lo, size_t hi, size_t depth, struct buf *out)
{
    uint8_t path[33];
    struct rlp_wr w = rlp_wr_init(out);
    rlp_wr_list_begin(&w);
    if (hi - lo == 1) {
        size_t n = hex_prefix(path, t->entries[lo].key, depth, 64, true);
        rlp_wr_bytes(&w, span_of(path, n));
        rlp_wr_bytes(&w, span_of(t->entries[lo].value, t->entries[lo].value_len));
    } else if (shared_end(t, lo, hi, depth) > depth) {
        size_t end = shared_end(t, lo, hi, depth);
        size_t n = hex_prefix(path, t->entries[lo].key, depth, end, false);
        rlp_wr_bytes(&w, span_of(path, n));
        child_put(t, lo, hi, end, &w);
    } else {
        branch_write(t, lo, hi, depth, &w);
    }
    rlp_wr_list_end(&w);
    check(rlp_wr_end(&w) == OK);
}

struct hash32 trie_root(const struct trie *t)
{
    struct buf node;
    struct hash32 root = mpt_empty_root;
    buf_init(&node, test_budget(), TRIE_NODE_MAX);
    if (t->count > 0) {
        node_write(t, 0, t->count, 0, &node);
        keccak256(&root, buf_span(&node));
    }
    buf_done(&node);
    return root;
}

struct mpt_proof trie_prove(struct trie_path *ret, const struct trie *t, struct span key)
{
    struct hash32 hash;
    size_t lo = 0;
    size_t hi = t->count;
    size_t depth = 0;
    keccak256(&hash, key);
    ret->count = 0;
    while (lo < hi) {
        struct buf node;
        check(ret->count < TRIE_PATH_MAX);
        buf_init(&node, test_budget(), TRIE_NODE_MAX);
        node_write(t, lo, hi, depth, &node);
        size_t n = span_copy(MSPAN_OF(ret->bytes[ret->count]), buf_span(&node));
        ret->nodes[ret->count] = span_of(ret->bytes[ret->count], n);
        ret->count++;
        buf_done(&node);
        size_t end = hi - lo == 1 ? 64 : shared_end(t, lo, hi, depth);
        bool is_off = false;
        for (size_t i = depth; i < end; i++) {
            is_off |= nibble(hash.bytes, i) != nibble(t->entries[lo].key, i);
        }
        if (is_off || hi - lo == 1) {
            break;
        }
        if (end > depth) { /* an extension; its branch is the next node */
            depth = end;
            continue;
        }
        while (lo < hi && nibble(t->entries[lo].key, depth) < nibble(hash.bytes, depth)) {
            lo = branch_end(t, lo, hi, depth);
        }
        hi = lo < hi && nibble(t->entries[lo].key, depth) == nibble(hash.bytes, depth)
                 ? branch_end(t, lo, hi, depth)
                 : lo;
        depth++;
    }
    return (struct mpt_proof){.nodes = ret->nodes, .nodes_count = ret->count};
}
