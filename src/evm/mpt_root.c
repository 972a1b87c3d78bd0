/* Roots of whole Merkle-Patricia tries, without building them: the recursion goes over the sorted keys, and each node is
 * hashed from its parts. On the way the nodes above one item can be kept: they prove it. */
#include "evm/mpt.h"

#include "base/check.h"
#include "crypto/keccak.h"
#include "evm/rlp.h"

#include <string.h>

enum {
    CHILDREN = 16,
    HASH_LEN = 32,
    REF_LEN_MAX = 1 + HASH_LEN,
    PATH_LEN_MAX = 2 + MPT_KEY_LEN_MAX,
    LIST_SINGLE = 0x7f, /* indices 1 to 7f are their own key, and the key of 0 is 80 */
    PARTS_MAX = CHILDREN + 3,
};

/* The nodes above one place, the lowest first: they are closed in this order. */
struct trail {
    size_t place;
    struct buf *bytes;
    size_t ends[MPT_INDEX_PROOF_MAX]; /* in bytes */
    size_t count;
    enum err err;
};

/* Where the keys and values come from: items of a list under their indices, or pairs. */
struct source {
    const struct span *items;
    const struct mpt_pair *pairs;
    size_t count;
    struct trail *trail; /* NULL: only the root is wanted */
};

/* What a parent holds of a child: its encoding if that is short, or the string of its hash. */
struct ref {
    uint8_t bytes[REF_LEN_MAX];
    size_t n;
};

/* index_at: the keys of a list, in their order as bytes, are those of 1 to 127, 0, 128 and up. */
static size_t index_at(const struct source *s, size_t place)
{
    size_t zero_at = s->count - 1 < LIST_SINGLE ? s->count - 1 : LIST_SINGLE;
    if (place < zero_at) {
        return place + 1;
    }
    return place == zero_at ? 0 : place;
}

static struct span key_at(const struct source *s, size_t place, uint8_t own[MPT_INDEX_LEN_MAX])
{
    if (s->pairs) {
        return s->pairs[place].key;
    }
    return span_of(own, mpt_print_index(own, index_at(s, place)));
}

static struct span value_at(const struct source *s, size_t place)
{
    return s->pairs ? s->pairs[place].value : s->items[index_at(s, place)];
}

static uint8_t nibble_at(struct span key, size_t i)
{
    return i % 2 == 0 ? key.p[i / 2] >> 4 : key.p[i / 2] & 0x0f;
}

/* path_print writes nibbles [from, to) of key in the hex-prefix form, as an RLP string. */
static size_t
path_print(uint8_t out[static PATH_LEN_MAX], struct span key, size_t from, size_t to, bool is_leaf)
{
    /* SPEC ethereum/yellowpaper §"Appendix C. Hex-Prefix Encoding": the flags, an odd nibble beside them, then bytes. */
    size_t n = to - from;
    uint8_t path[1 + MPT_KEY_LEN_MAX] = {is_leaf ? 0x20 : 0};
    if (n % 2 == 1) {
        path[0] |= (uint8_t)(0x10 | nibble_at(key, from++));
    }
    size_t len = 1;
    for (size_t i = from; i < to; i += 2) {
        path[len++] = (uint8_t)(nibble_at(key, i) << 4 | nibble_at(key, i + 1));
    }
    size_t prefix = 0;
    if (len > 1) {
        uint8_t room[RLP_PREFIX_LEN_MAX];
        prefix = rlp_print_prefix(room, len, false);
        memcpy(out, room, prefix);
    }
    memcpy(out + prefix, path, len);
    return prefix + len;
}

/* string_prefix_print: a short byte has none. */
static size_t string_prefix_print(uint8_t out[static RLP_PREFIX_LEN_MAX], struct span s)
{
    return s.n == 1 && s.p[0] < 0x80 ? 0 : rlp_print_prefix(out, s.n, false);
}

/* The keys at places [from, to) agree in their first depth nibbles and lie in one node. */
struct part {
    size_t from;
    size_t to;
    size_t depth;
};

/* trail_note keeps a node that its parent names by hash, if the place lies below it. */
static void
trail_note(const struct source *s, struct part at, const struct span *parts, size_t count)
{
    struct trail *t = s->trail;
    if (!t || t->place < at.from || t->place >= at.to || t->err != OK) {
        return;
    }
    check(t->count < MPT_INDEX_PROOF_MAX);
    for (size_t i = 0; i < count && t->err == OK; i++) {
        t->err = buf_append(t->bytes, parts[i]);
    }
    t->ends[t->count++] = t->bytes->n;
}

/* close_node makes the reference of the node of at, the list of parts[1..count); parts[0] is left free for its prefix. */
static void close_node(
    struct ref *ret, const struct source *s, struct part at, struct span *parts, size_t count)
{
    bool is_root = at.depth == 0;
    size_t len = 0;
    for (size_t i = 1; i < count; i++) {
        len += parts[i].n;
    }
    uint8_t prefix[RLP_PREFIX_LEN_MAX];
    parts[0] = span_of(prefix, rlp_print_prefix(prefix, len, true));
    if (is_root || parts[0].n + len >= HASH_LEN) {
        struct hash32 hash;
        keccak256_of(&hash, parts, count);
        trail_note(s, at, parts, count);
        ret->n = rlp_print_prefix(prefix, HASH_LEN, false);
        ret->bytes[0] = prefix[0];
        memcpy(ret->bytes + ret->n, hash.bytes, HASH_LEN);
        ret->n += HASH_LEN;
        return;
    }
    ret->n = 0;
    for (size_t i = 0; i < count; i++) {
        ret->n += span_copy(mspan_of(ret->bytes + ret->n, sizeof ret->bytes - ret->n), parts[i]);
    }
}

static void close_leaf(struct ref *ret, const struct source *s, struct part at)
{
    uint8_t own[MPT_INDEX_LEN_MAX];
    struct span key = key_at(s, at.from, own);
    struct span value = value_at(s, at.from);
    uint8_t path[PATH_LEN_MAX];
    uint8_t prefix[RLP_PREFIX_LEN_MAX];
    struct span parts[4];
    parts[1] = span_of(path, path_print(path, key, at.depth, 2 * key.n, true));
    parts[2] = span_of(prefix, string_prefix_print(prefix, value));
    parts[3] = value;
    close_node(ret, s, at, parts, 4);
}

static void close_part(struct ref *ret, const struct source *s, struct part at);

/* close_branch: the keys part at this depth. One may end here: it is the first. */
static void close_branch(struct ref *ret, const struct source *s, struct part at)
{
    static const uint8_t empty = 0x80;
    struct ref children[CHILDREN];
    struct span parts[PARTS_MAX];
    for (size_t i = 0; i <= CHILDREN; i++) {
        parts[1 + i] = span_of(&empty, 1);
    }
    size_t parts_count = CHILDREN + 2;
    uint8_t own[MPT_INDEX_LEN_MAX];
    uint8_t prefix[RLP_PREFIX_LEN_MAX];
    size_t place = at.from;
    if (2 * key_at(s, place, own).n == at.depth) {
        struct span value = value_at(s, place);
        parts[CHILDREN + 1] = span_of(prefix, string_prefix_print(prefix, value));
        parts[CHILDREN + 2] = value;
        parts_count++;
        place++;
    }
    while (place < at.to) {
        uint8_t nibble = nibble_at(key_at(s, place, own), at.depth);
        size_t end = place + 1;
        while (end < at.to && nibble_at(key_at(s, end, own), at.depth) == nibble) {
            end++;
        }
        close_part(&children[nibble], s,
                   (struct part){.from = place, .to = end, .depth = at.depth + 1});
        parts[1 + nibble] = span_of(children[nibble].bytes, children[nibble].n);
        place = end;
    }
    close_node(ret, s, at, parts, parts_count);
}

static void close_part(struct ref *ret, const struct source *s, struct part at)
{
    check(at.from < at.to);
    check(at.depth <= MPT_DEPTH_MAX);
    if (at.to - at.from == 1) {
        close_leaf(ret, s, at);
        return;
    }
    uint8_t own_first[MPT_INDEX_LEN_MAX];
    uint8_t own_last[MPT_INDEX_LEN_MAX];
    struct span first = key_at(s, at.from, own_first);
    struct span last = key_at(s, at.to - 1, own_last);
    size_t common = at.depth;
    while (common < 2 * first.n && common < 2 * last.n &&
           nibble_at(first, common) == nibble_at(last, common)) {
        common++;
    }
    if (common == at.depth) {
        close_branch(ret, s, at);
        return;
    }
    struct ref child;
    close_branch(&child, s, (struct part){.from = at.from, .to = at.to, .depth = common});
    uint8_t path[PATH_LEN_MAX];
    struct span parts[3];
    parts[1] = span_of(path, path_print(path, first, at.depth, common, false));
    parts[2] = span_of(child.bytes, child.n);
    close_node(ret, s, at, parts, 3);
}

static void root_of(struct hash32 *ret_root, const struct source *s)
{
    if (s->count == 0) {
        *ret_root = mpt_empty_root;
        return;
    }
    struct ref root;
    close_part(&root, s, (struct part){.from = 0, .to = s->count});
    check(root.n == REF_LEN_MAX);
    memcpy(ret_root->bytes, root.bytes + 1, HASH_LEN);
}

MUST_CHECK static enum err check_items(const struct span *items, size_t items_count)
{
    if (items_count > MPT_LIST_MAX) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < items_count; i++) {
        if (items[i].n == 0) {
            return ERR_MALFORMED;
        }
    }
    return OK;
}

enum err mpt_root_of_list(struct hash32 *ret_root, const struct span *items, size_t items_count)
{
    TRY(check_items(items, items_count));
    struct source s = {.items = items, .count = items_count};
    root_of(ret_root, &s);
    return OK;
}

/* place_of is the inverse of index_at. */
static size_t place_of(const struct source *s, size_t index)
{
    size_t zero_at = s->count - 1 < LIST_SINGLE ? s->count - 1 : LIST_SINGLE;
    if (index == 0) {
        return zero_at;
    }
    return index <= zero_at ? index - 1 : index;
}

enum err mpt_prove_index(struct mpt_proof *ret,
                         struct span room[static MPT_INDEX_PROOF_MAX],
                         struct buf *bytes,
                         const struct mpt_items *list,
                         size_t index)
{
    TRY(check_items(list->items, list->count));
    if (index >= list->count) {
        return ERR_NOT_FOUND;
    }
    struct trail t = {.bytes = bytes};
    struct source s = {.items = list->items, .count = list->count, .trail = &t};
    struct hash32 root;
    size_t start = bytes->n;
    t.place = place_of(&s, index);
    root_of(&root, &s);
    TRY(t.err);
    for (size_t i = 0; i < t.count; i++) {
        size_t from = i == 0 ? start : t.ends[i - 1];
        room[t.count - 1 - i] = span_of(bytes->p + from, t.ends[i] - from);
    }
    *ret = (struct mpt_proof){.nodes = room, .nodes_count = t.count};
    return OK;
}

enum err
mpt_root_of_pairs(struct hash32 *ret_root, const struct mpt_pair *pairs, size_t pairs_count)
{
    if (pairs_count > MPT_LIST_MAX) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < pairs_count; i++) {
        if (pairs[i].key.n > MPT_KEY_LEN_MAX) {
            return ERR_LIMIT;
        }
        bool rises = i == 0 || span_compare(pairs[i - 1].key, pairs[i].key) < 0;
        if (!rises || pairs[i].value.n == 0) {
            return ERR_MALFORMED;
        }
    }
    struct source s = {.pairs = pairs, .count = pairs_count};
    root_of(ret_root, &s);
    return OK;
}
