/* Merkle-Patricia proofs (Ethereum yellow paper, appendix D).
 *
 *   branch      [child 0, ... child f, value]     17 items
 *   extension   [path, child]                      2 items, the path's first nibble 0 or 1
 *   leaf        [path, value]                      2 items, the path's first nibble 2 or 3
 *
 *   child       empty, 32 bytes of Keccak-256, or a node of fewer than 32 bytes itself
 *   path        first nibble: 2 = leaf, +1 = odd, then that one nibble or 0, then whole bytes
 */
#include "evm/mpt.h"

#include "crypto/keccak.h"
#include "evm/rlp.h"

enum { BRANCH_ITEMS = 17, BRANCH_VALUE = 16, SHORT_ITEMS = 2, HASH_LEN = 32 };

/* Keccak-256 of 80, the encoding of the empty string. */
const struct hash32 mpt_empty_root = {
    .bytes = {0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45,
              0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c,
              0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}
};

/* The way of one key down a proof. */
struct walk {
    const struct mpt_proof *proof;
    size_t used; /* nodes of the proof that have been read */
    struct span key;
    size_t depth; /* nibbles of the key that lie behind us */
    struct span node;
    bool is_over;
    struct span value; /* empty: the key is absent */
};

static uint8_t nibble_at(struct span s, size_t i)
{
    return i % 2 == 0 ? s.p[i / 2] >> 4 : s.p[i / 2] & 0x0f;
}

static bool child_is_well_formed(const struct rlp_item *child)
{
    /* SPEC ethereum/yellowpaper §"Appendix D. Modified Merkle Patricia Tree": a node whose encoding has fewer than
     * 32 bytes stands in its parent itself, any other as its hash. */
    if (child->is_list) {
        return child->encoded.n < HASH_LEN;
    }
    return child->payload.n == 0 || child->payload.n == HASH_LEN;
}

/* take_hashed moves to the next node of the proof, which must be the one that hash names. */
MUST_CHECK static enum err take_hashed(struct walk *w, struct span hash, bool is_root)
{
    if (w->used == w->proof->nodes_count) {
        return ERR_TRUNCATED;
    }
    struct span node = w->proof->nodes[w->used];
    struct hash32 got;
    keccak256(&got, node);
    if (!span_equal(SPAN_OF(got.bytes), hash)) {
        return ERR_AUTH;
    }
    if (!is_root && node.n < HASH_LEN) {
        return ERR_MALFORMED; /* it would stand in its parent */
    }
    w->used++;
    w->node = node;
    return OK;
}

/* descend goes to a child that is well formed. */
MUST_CHECK static enum err descend(struct walk *w, const struct rlp_item *child)
{
    if (!child->is_list && child->payload.n == 0) {
        w->is_over = true;
        return OK;
    }
    if (!child->is_list) {
        return take_hashed(w, child->payload, false);
    }
    w->node = child->encoded;
    /* Some servers list the nodes inside others once more: such a copy adds nothing and takes nothing. */
    if (w->used < w->proof->nodes_count && span_equal(w->proof->nodes[w->used], child->encoded)) {
        w->used++;
    }
    return OK;
}

MUST_CHECK static enum err step_branch(struct walk *w, const struct rlp_item items[BRANCH_ITEMS])
{
    for (size_t i = 0; i < BRANCH_VALUE; i++) {
        if (!child_is_well_formed(&items[i])) {
            return ERR_MALFORMED;
        }
    }
    if (items[BRANCH_VALUE].is_list) {
        return ERR_MALFORMED;
    }
    if (w->depth == 2 * w->key.n) {
        w->value = items[BRANCH_VALUE].payload;
        w->is_over = true;
        return OK;
    }
    uint8_t nibble = nibble_at(w->key, w->depth);
    w->depth++;
    return descend(w, &items[nibble]);
}

/* path_matches compares the nibbles of path from at on with the key. */
static bool path_matches(const struct walk *w, struct span path, size_t at)
{
    size_t n = 2 * path.n - at;
    if (n > 2 * w->key.n - w->depth) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (nibble_at(path, at + i) != nibble_at(w->key, w->depth + i)) {
            return false;
        }
    }
    return true;
}

/* step_short goes through a leaf or an extension. */
MUST_CHECK static enum err step_short(struct walk *w, const struct rlp_item items[SHORT_ITEMS])
{
    struct span path = items[0].payload;
    if (items[0].is_list || path.n == 0 || path.n > MPT_KEY_LEN_MAX + 1) {
        return ERR_MALFORMED;
    }
    /* SPEC ethereum/yellowpaper §"Appendix C. Hex-Prefix Encoding": the first nibble says leaf (2) and odd (1) and
     * nothing else; in front of an even path the second is 0. */
    uint8_t flags = path.p[0] >> 4;
    bool is_odd = flags & 1;
    bool is_leaf = flags & 2;
    if (flags > 3 || (!is_odd && (path.p[0] & 0x0f) != 0)) {
        return ERR_MALFORMED;
    }
    size_t at = is_odd ? 1 : 2;
    bool matches = path_matches(w, path, at);
    size_t depth = w->depth + 2 * path.n - at;
    if (is_leaf) {
        if (items[1].is_list || items[1].payload.n == 0) {
            return ERR_MALFORMED;
        }
        w->is_over = true;
        w->value = matches && depth == 2 * w->key.n ? items[1].payload : SPAN_EMPTY;
        return OK;
    }
    bool is_empty = !items[1].is_list && items[1].payload.n == 0;
    if (2 * path.n == at || is_empty || !child_is_well_formed(&items[1])) {
        return ERR_MALFORMED;
    }
    if (!matches) {
        w->is_over = true;
        return OK;
    }
    w->depth = depth;
    return descend(w, &items[1]);
}

MUST_CHECK static enum err step(struct walk *w)
{
    struct span in = w->node;
    struct rlp_item list;
    if (rlp_next(&list, &in) != OK || !list.is_list || in.n > 0) {
        return ERR_MALFORMED;
    }
    struct rlp_item items[BRANCH_ITEMS];
    size_t n = 0;
    for (struct span rest = list.payload; rest.n > 0; n++) {
        if (n == BRANCH_ITEMS || rlp_next(&items[n], &rest) != OK) {
            return ERR_MALFORMED;
        }
    }
    switch (n) {
    case BRANCH_ITEMS: return step_branch(w, items);
    case SHORT_ITEMS:  return step_short(w, items);
    default:           return ERR_MALFORMED;
    }
}

/* is_empty_proof: of an empty trie some servers give no node, some the empty string. */
static bool is_empty_proof(const struct mpt_proof *proof)
{
    static const uint8_t empty_string = 0x80;
    return proof->nodes_count == 0 ||
           (proof->nodes_count == 1 && span_equal(proof->nodes[0], span_of(&empty_string, 1)));
}

enum err mpt_verify(struct mpt_answer *ret_answer,
                    const struct hash32 *root,
                    struct span key,
                    const struct mpt_proof *proof)
{
    if (key.n > MPT_KEY_LEN_MAX || proof->nodes_count > MPT_PROOF_NODES_MAX) {
        return ERR_LIMIT;
    }
    if (span_equal(SPAN_OF(root->bytes), SPAN_OF(mpt_empty_root.bytes))) {
        if (!is_empty_proof(proof)) {
            return ERR_AUTH;
        }
        *ret_answer = (struct mpt_answer){.is_present = false};
        return OK;
    }
    struct walk w = {.proof = proof, .key = key};
    TRY(take_hashed(&w, SPAN_OF(root->bytes), true));
    while (!w.is_over) {
        TRY(step(&w)); /* each step takes a nibble of the key or is the last */
    }
    if (w.used != proof->nodes_count) {
        return ERR_MALFORMED;
    }
    *ret_answer = (struct mpt_answer){.is_present = w.value.n > 0, .value = w.value};
    return OK;
}

size_t mpt_print_index(uint8_t out[static MPT_INDEX_LEN_MAX], uint64_t index)
{
    size_t n = 0;
    for (uint64_t rest = index; rest > 0; rest >>= 8) {
        n++;
    }
    size_t prefix = index > 0 && index < 0x80 ? 0 : rlp_print_prefix(out, n, false);
    for (size_t i = 0; i < n; i++) {
        out[prefix + i] = (uint8_t)(index >> (8 * (n - 1 - i)));
    }
    return prefix + n;
}

enum err mpt_verify_index(struct mpt_answer *ret_answer,
                          const struct hash32 *root,
                          uint64_t index,
                          const struct mpt_proof *proof)
{
    /* SPEC ethereum/yellowpaper §"4.4.2. Holistic Validity": items of a block's lists stand under the RLP of
     * their index. */
    uint8_t key[MPT_INDEX_LEN_MAX];
    size_t n = mpt_print_index(key, index);
    return mpt_verify(ret_answer, root, span_of(key, n), proof);
}
