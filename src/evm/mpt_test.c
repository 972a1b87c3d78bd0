#include "evm/mpt.h"

#include "base/buf.h"
#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/fixture_test.h"
#include "evm/rlp.h"

#include <string.h>

enum { PAIRS_MAX = 64 };

/* Contents of a trie, by key. An empty value takes the key out, as the trie tests want it. */
struct contents {
    struct mpt_pair pairs[PAIRS_MAX];
    size_t count;
};

static void put(struct contents *c, struct span key, struct span value)
{
    size_t at = 0;
    while (at < c->count && span_compare(c->pairs[at].key, key) < 0) {
        at++;
    }
    bool is_there = at < c->count && span_equal(c->pairs[at].key, key);
    if (value.n == 0) {
        if (is_there) {
            c->count--;
            memmove(c->pairs + at, c->pairs + at + 1, (c->count - at) * sizeof *c->pairs);
        }
        return;
    }
    if (!is_there && EXPECT(c->count < PAIRS_MAX)) {
        memmove(c->pairs + at + 1, c->pairs + at, (c->count - at) * sizeof *c->pairs);
        c->count++;
    }
    c->pairs[at] = (struct mpt_pair){.key = key, .value = value};
}

static struct span text_or_hex(struct span text)
{
    static char hex[4096];
    if (!span_starts_with(text, SPAN_LIT("0x")) || !EXPECT(text.n < sizeof hex)) {
        return text;
    }
    memcpy(hex, text.p + 2, text.n - 2);
    hex[text.n - 2] = '\0';
    return test_hex(hex);
}

static struct span value_of(struct json v)
{
    return v.type == JSON_NULL ? SPAN_EMPTY : text_or_hex(fixture_text(v));
}

/* put_all takes an object of keys and values, or an array of arrays of two. */
static void put_all(struct contents *c, struct json in, struct hash32 *hashes)
{
    struct json_iter it = json_iterate(in);
    struct json name;
    struct json value;
    for (size_t i = 0; json_next(&it, &name, &value); i++) {
        struct json second = value;
        if (in.type == JSON_ARRAY) {
            TEST_REQUIRE(json_at(&name, value, 0));
            TEST_REQUIRE(json_at(&second, value, 1));
        }
        struct span key = text_or_hex(fixture_text(name));
        if (hashes) {
            keccak256(&hashes[i], key);
            key = SPAN_OF(hashes[i].bytes);
        }
        put(c, key, value_of(second));
    }
}

static void run_trie_tests(const char *file, bool is_secure)
{
    struct span text;
    if (!test_fixture(file, &text)) {
        return;
    }
    struct json root;
    TEST_REQUIRE(json_parse(&root, text, NULL) == OK);
    EXPECT(json_count(root) >= 3);
    struct json_iter it = json_iterate(root);
    struct json name;
    struct json c;
    while (json_next(&it, &name, &c)) {
        test_note("%s %.*s", file, (int)name.raw.n, (const char *)name.raw.p);
        static struct hash32 hashes[PAIRS_MAX];
        struct contents contents = {0};
        put_all(&contents, fixture_member(c, "in"), is_secure ? hashes : NULL);
        struct hash32 want = fixture_hash(c, "root");
        struct hash32 got;
        TEST_REQUIRE(EXPECT_OK(mpt_root_of_pairs(&got, contents.pairs, contents.count)));
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
    }
}

/* ethereum/tests, TrieTests. */
TEST(trie_tests)
{
    run_trie_tests("chain/trie-tests/trieanyorder.json", false);
    run_trie_tests("chain/trie-tests/trietest.json", false);
    run_trie_tests("chain/trie-tests/hex_encoded_securetrie_test.json", true);
}

TEST(empty_root)
{
    struct hash32 got;
    EXPECT_OK(mpt_root_of_list(&got, NULL, 0));
    EXPECT_SPAN(test_hex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"),
                SPAN_OF(got.bytes));
    keccak256(&got, test_hex("80"));
    EXPECT_SPAN(SPAN_OF(mpt_empty_root.bytes), SPAN_OF(got.bytes));
}

/* A list is the trie of its pairs: in the order of the keys, for every length around the borders of the keys' forms. */
TEST(list_is_pairs_in_key_order)
{
    enum { ITEMS_MAX = 300 };
    static struct span items[ITEMS_MAX];
    static struct mpt_pair pairs[ITEMS_MAX];
    static uint8_t keys[ITEMS_MAX][MPT_INDEX_LEN_MAX];
    static uint8_t values[ITEMS_MAX][40];
    for (size_t n = 1; n <= ITEMS_MAX; n++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            values[i][0] = (uint8_t)(i + 1);
            values[i][1] = (uint8_t)(i >> 8);
            items[i] = span_of(values[i], 2 + i % 38); /* nodes inside others, and hashed ones */
            struct mpt_pair pair = {.key = span_of(keys[i], mpt_print_index(keys[i], i)),
                                    .value = items[i]};
            size_t at = count++;
            for (; at > 0 && span_compare(pairs[at - 1].key, pair.key) > 0; at--) {
                pairs[at] = pairs[at - 1];
            }
            pairs[at] = pair;
        }
        struct hash32 a;
        struct hash32 b;
        EXPECT_OK(mpt_root_of_list(&a, items, n));
        EXPECT_OK(mpt_root_of_pairs(&b, pairs, n));
        test_note("%zu items", n);
        EXPECT_SPAN(SPAN_OF(b.bytes), SPAN_OF(a.bytes));
    }
}

TEST(roots_refuse)
{
    struct hash32 got;
    struct span none = SPAN_EMPTY;
    EXPECT_ERR(ERR_MALFORMED, mpt_root_of_list(&got, &none, 1));
    EXPECT_ERR(ERR_LIMIT, mpt_root_of_list(&got, &none, MPT_LIST_MAX + 1));
    struct mpt_pair twice[] = {
        {.key = SPAN_LIT("a"), .value = SPAN_LIT("1")},
        {.key = SPAN_LIT("a"), .value = SPAN_LIT("2")},
    };
    EXPECT_ERR(ERR_MALFORMED, mpt_root_of_pairs(&got, twice, 2));
    twice[1].value = SPAN_EMPTY;
    twice[1].key = SPAN_LIT("b");
    EXPECT_ERR(ERR_MALFORMED, mpt_root_of_pairs(&got, twice, 2));
    static const uint8_t key[MPT_KEY_LEN_MAX + 1];
    struct mpt_pair wide = {.key = SPAN_OF(key), .value = SPAN_LIT("1")};
    EXPECT_ERR(ERR_LIMIT, mpt_root_of_pairs(&got, &wide, 1));
    wide.key.n--;
    EXPECT_OK(mpt_root_of_pairs(&got, &wide, 1));
}

/* The trie of the yellow paper's kind by hand: do, dog, doge, horse (trieanyorder "puppy").
 *
 *   root       extension 6 -> A
 *   A          branch: 4 -> B, 8 -> leaf "orse" stallion
 *   B          extension 6 f -> C
 *   C          branch with value verb: 6 -> D
 *   D          extension 7 -> E
 *   E          branch with value puppy: 6 -> leaf 5 coin
 */
static struct span puppy_nodes[8];

static struct mpt_proof puppy(struct hash32 *ret_root)
{
    puppy_nodes[0] = test_hex("e216a0"
                              "f803dfcb7e8f1afd45e88eedb4699a7138d6c07b71243d9ae9bff720c99925f9");
    keccak256(ret_root, puppy_nodes[0]);
    return (struct mpt_proof){.nodes = puppy_nodes, .nodes_count = 1};
}

TEST(a_proof_that_ends_early)
{
    struct hash32 root;
    struct mpt_proof proof = puppy(&root);
    struct mpt_answer answer;
    EXPECT_ERR(ERR_TRUNCATED, mpt_verify(&answer, &root, SPAN_LIT("dog"), &proof));
    /* A key that leaves the extension is proven to be absent. */
    EXPECT_OK(mpt_verify(&answer, &root, SPAN_LIT("0"), &proof));
    EXPECT(!answer.is_present);
}

/* Nodes written as text: the root is what they hash to, so only their form is on trial. */
struct form_case {
    const char *name;
    const char *node;
    const char *key;
    enum err want;
    const char *value; /* hex; NULL: absent */
};

#define E4  "80808080"
#define E15 E4 E4 E4 "808080"
#define HASH                                                                                       \
    "a0"                                                                                           \
    "2222222222222222222222222222222222222222222222222222222222222222"

static const struct form_case form_cases[] = {
    {"leaf even",
     "c4"
     "82"
     "2012"
     "05",                                                             "12",   OK,            "05"                                                      },
    {"leaf even, another key",
     "c4"
     "82"
     "2012"
     "05",                                                             "13",   OK,            NULL                                                      },
    {"leaf, key longer",
     "c4"
     "82"
     "2012"
     "05",                                                             "1213", OK,            NULL                                                      },
    {"leaf, key shorter",
     "c5"
     "83"
     "201213"
     "05",                                                             "12",   OK,            NULL                                                      },
    {"leaf of the empty key",
     "c2"
     "20"
     "05",                                                             "",     OK,            "05"                                                      },
    {"leaf odd at the root",
     "c2"
     "31"
     "05",                                                             "10",   OK,            NULL                                                      },
    {"leaf without value",
     "c4"
     "82"
     "2012"
     "80",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"leaf with a list as value",
     "c4"
     "82"
     "2012"
     "c0",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"path with a dirty pad",
     "c4"
     "82"
     "2112"
     "05",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"path with flags 4",
     "c4"
     "82"
     "4012"
     "05",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"path with flags 8",
     "c6"
     "82"
     "8012"
     "820505",                                                         "12",   ERR_MALFORMED, NULL                                                      },
    {"empty path",
     "c2"
     "80"
     "05",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"path is a list",
     "c2"
     "c0"
     "05",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"extension without a path",
     "e2"
     "00" HASH,
     "12",                                                                     ERR_MALFORMED, NULL                                                      },
    {"extension without a child",
     "c2"
     "11"
     "80",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"extension, child of 1 byte",
     "c2"
     "11"
     "05",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"extension elsewhere",
     "e2"
     "14" HASH,
     "12",                                                                     OK,            NULL                                                      },
    {"extension, node missing",
     "e2"
     "11" HASH,
     "12",                                                                     ERR_TRUNCATED, NULL                                                      },
    {"extension, key ends inside",
     "e4"
     "82"
     "0012" HASH,
     "",                                                                       OK,            NULL                                                      },
    {"extension to a leaf inside it",
     "c5"
     "11"
     "c3"
     "32"
     "81ff",                                                           "12",   OK,            "ff"                                                      },
    {"branch, nothing there",
     "d1"
     "80"
     "80" E15,
     "12",                                                                     OK,            NULL                                                      },
    {"branch, leaf inside it",
     "d3"
     "80"
     "c2"
     "32"
     "07" E15,
     "12",                                                                     OK,            "07"                                                      },
    {"branch, other leaf inside it",
     "d3"
     "80"
     "c2"
     "33"
     "07" E15,
     "12",                                                                     OK,            NULL                                                      },
    {"branch with a value",
     "d1"
     "80" E15 "09",
     "",                                                                       OK,            "09"                                                      },
    {"branch without a value",
     "d1"
     "80" E15 "80",
     "",                                                                       OK,            NULL                                                      },
    {"branch, value is a list",
     "d1"
     "80" E15 "c0",
     "12",                                                                     ERR_MALFORMED, NULL                                                      },
    {"branch, child of 1 byte",
     "d1"
     "05"
     "80" E15,
     "12",                                                                     ERR_MALFORMED, NULL                                                      },
    {"branch of 16",
     "d0"
     "80" E15,
     "12",                                                                     ERR_MALFORMED, NULL                                                      },
    {"branch of 18",
     "d2"
     "808080" E15,
     "12",                                                                     ERR_MALFORMED, NULL                                                      },
    {"three items",
     "c3"
     "010203",                                                         "12",   ERR_MALFORMED, NULL                                                      },
    {"no item",                        "c0",                           "12",   ERR_MALFORMED, NULL                                                      },
    {"a string",
     "83"
     "616263",                                                         "12",   ERR_MALFORMED, NULL                                                      },
    {"something behind it",
     "c4"
     "82"
     "2012"
     "05"
     "00",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"a length that is not canonical",
     "f804"
     "82"
     "2012"
     "05",                                                             "12",   ERR_MALFORMED, NULL                                                      },
    {"cut",
     "c4"
     "82"
     "2012",                                                           "12",   ERR_MALFORMED, NULL                                                      },
    {"nothing",                        "",                             "12",   ERR_MALFORMED, NULL                                                      },
    {"a child inside of 31 bytes",
     "ef"
     "80"
     "de"
     "32"
     "9c"
     "01010101010101010101010101010101010101010101010101010101" E15,
     "12",                                                                     OK,            "01010101010101010101010101010101010101010101010101010101"},
    {"a child inside of 32 bytes",
     "f0"
     "80"
     "df"
     "32"
     "9d"
     "0101010101010101010101010101010101010101010101010101010101" E15,
     "12",                                                                     ERR_MALFORMED, NULL                                                      },
};

TEST(forms_of_nodes)
{
    for (size_t i = 0; i < sizeof form_cases / sizeof *form_cases; i++) {
        const struct form_case *c = &form_cases[i];
        test_note("%s", c->name);
        struct span node = test_hex(c->node);
        struct hash32 root;
        keccak256(&root, node);
        struct mpt_proof proof = {.nodes = &node, .nodes_count = 1};
        struct mpt_answer answer = {0};
        if (!EXPECT_ERR(c->want, mpt_verify(&answer, &root, test_hex(c->key), &proof)) ||
            c->want != OK) {
            continue;
        }
        EXPECT_EQ(c->value != NULL, answer.is_present);
        EXPECT_SPAN(c->value ? test_hex(c->value) : SPAN_EMPTY, answer.value);
    }
}

/* Two hashed nodes, and what may and may not stand beside them. */
TEST(nodes_in_order_and_none_too_many)
{
    /* the leaf: path 2, value of 32 bytes 01 */
    struct span leaf = test_hex("e2"
                                "32"
                                "a0"
                                "0101010101010101010101010101010101010101010101010101010101010101");
    struct hash32 leaf_hash;
    keccak256(&leaf_hash, leaf);
    uint8_t root_bytes[35] = {0xe2, 0x11, 0xa0};
    memcpy(root_bytes + 3, leaf_hash.bytes, sizeof leaf_hash.bytes);
    struct span nodes[] = {SPAN_OF(root_bytes), leaf, leaf};
    struct hash32 root;
    keccak256(&root, nodes[0]);
    struct mpt_answer answer;
    struct mpt_proof proof = {.nodes = nodes, .nodes_count = 2};
    EXPECT_OK(mpt_verify(&answer, &root, test_hex("12"), &proof));
    EXPECT_EQ(32, answer.value.n);
    /* The leaf of another key is proof that this one is absent; the leaf is needed for it. */
    EXPECT_OK(mpt_verify(&answer, &root, test_hex("13"), &proof));
    EXPECT(!answer.is_present);
    EXPECT_ERR(ERR_MALFORMED, mpt_verify(&answer, &root, test_hex("22"), &proof));
    proof.nodes_count = 3;
    EXPECT_ERR(ERR_MALFORMED, mpt_verify(&answer, &root, test_hex("12"), &proof));
    proof.nodes_count = 1;
    EXPECT_ERR(ERR_TRUNCATED, mpt_verify(&answer, &root, test_hex("12"), &proof));
    struct span swapped[] = {nodes[1], nodes[0]};
    proof = (struct mpt_proof){.nodes = swapped, .nodes_count = 2};
    EXPECT_ERR(ERR_AUTH, mpt_verify(&answer, &root, test_hex("12"), &proof));
    /* A node that lies inside another may be listed once more, but only that one. */
    struct span inside[] = {test_hex("c5"
                                     "11"
                                     "c3"
                                     "32"
                                     "81ff"),
                            test_hex("c3"
                                     "32"
                                     "81ff")};
    keccak256(&root, inside[0]);
    proof = (struct mpt_proof){.nodes = inside, .nodes_count = 2};
    EXPECT_OK(mpt_verify(&answer, &root, test_hex("12"), &proof));
    EXPECT_SPAN(test_hex("ff"), answer.value);
    inside[1] = test_hex("c3"
                         "32"
                         "81fe");
    EXPECT_ERR(ERR_MALFORMED, mpt_verify(&answer, &root, test_hex("12"), &proof));
}

/* A node of fewer than 32 bytes under a hash is one that no trie makes. */
TEST(short_node_under_a_hash)
{
    struct span leaf = test_hex("c3"
                                "32"
                                "81ff");
    struct hash32 leaf_hash;
    keccak256(&leaf_hash, leaf);
    uint8_t root_bytes[35] = {0xe2, 0x11, 0xa0};
    memcpy(root_bytes + 3, leaf_hash.bytes, sizeof leaf_hash.bytes);
    struct span nodes[] = {SPAN_OF(root_bytes), leaf};
    struct hash32 root;
    keccak256(&root, nodes[0]);
    struct mpt_proof proof = {.nodes = nodes, .nodes_count = 2};
    struct mpt_answer answer;
    EXPECT_ERR(ERR_MALFORMED, mpt_verify(&answer, &root, test_hex("12"), &proof));
}

TEST(limits)
{
    static const uint8_t key[MPT_KEY_LEN_MAX + 1];
    struct mpt_proof none = {0};
    struct mpt_answer answer;
    EXPECT_ERR(ERR_LIMIT, mpt_verify(&answer, &mpt_empty_root, SPAN_OF(key), &none));
    EXPECT_OK(mpt_verify(&answer, &mpt_empty_root, span_of(key, MPT_KEY_LEN_MAX), &none));
    static struct span nodes[MPT_PROOF_NODES_MAX + 1];
    struct mpt_proof many = {.nodes = nodes, .nodes_count = MPT_PROOF_NODES_MAX + 1};
    EXPECT_ERR(ERR_LIMIT, mpt_verify(&answer, &mpt_empty_root, SPAN_LIT("a"), &many));
    many.nodes_count--;
    EXPECT_ERR(ERR_AUTH, mpt_verify(&answer, &mpt_empty_root, SPAN_LIT("a"), &many));
    struct span empty_string = test_hex("80");
    struct mpt_proof one = {.nodes = &empty_string, .nodes_count = 1};
    EXPECT_OK(mpt_verify(&answer, &mpt_empty_root, SPAN_LIT("a"), &one));
    EXPECT(!answer.is_present);
}

/* Index keys, and an item of a list of one. */
TEST(index_keys)
{
    static const struct {
        uint64_t index;
        const char *key;
    } keys[] = {
        {0,          "80"                },
        {1,          "01"                },
        {127,        "7f"                },
        {128,        "8180"              },
        {255,        "81ff"              },
        {256,        "820100"            },
        {UINT64_MAX, "88ffffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint8_t out[MPT_INDEX_LEN_MAX];
        EXPECT_SPAN(test_hex(keys[i].key), span_of(out, mpt_print_index(out, keys[i].index)));
    }
    struct span node = test_hex("c4"
                                "82"
                                "2080"
                                "05");
    struct span item = test_hex("05");
    struct hash32 root;
    EXPECT_OK(mpt_root_of_list(&root, &item, 1));
    struct mpt_proof proof = {.nodes = &node, .nodes_count = 1};
    struct mpt_answer answer;
    EXPECT_OK(mpt_verify_index(&answer, &root, 0, &proof));
    EXPECT_SPAN(item, answer.value);
    EXPECT_OK(mpt_verify_index(&answer, &root, 1, &proof));
    EXPECT(!answer.is_present);
}

/* Of lists of every form, each item has a proof that the verifier takes, and only for itself. */
TEST(items_are_proven)
{
    enum { COUNT_MAX = 300 };
    static const size_t counts[] = {1, 2, 16, 17, 127, 128, 129, 257, COUNT_MAX};
    static uint8_t bytes[COUNT_MAX][40];
    static struct span items[COUNT_MAX];
    struct buf room;
    buf_init(&room, test_budget(), 1 << 14);
    for (size_t i = 0; i < COUNT_MAX; i++) {
        bytes[i][0] = (uint8_t)(i >> 8);
        bytes[i][1] = (uint8_t)i;
        items[i] = span_of(bytes[i], i % 3 == 0 ? 2 : 40); /* some nodes lie inside others */
    }
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        struct mpt_items list = {.items = items, .count = counts[c]};
        struct hash32 root;
        struct mpt_proof proof;
        struct mpt_answer answer;
        struct span nodes[MPT_INDEX_PROOF_MAX];
        EXPECT_OK(mpt_root_of_list(&root, items, counts[c]));
        for (size_t i = 0; i < counts[c]; i++) {
            test_note("item %zu of %zu", i, counts[c]);
            buf_clear(&room);
            EXPECT_OK(mpt_prove_index(&proof, nodes, &room, &list, i));
            EXPECT_OK(mpt_verify_index(&answer, &root, i, &proof));
            EXPECT_SPAN(items[i], answer.value);
            enum err other = mpt_verify_index(&answer, &root, i + 1, &proof);
            EXPECT(other != OK || !answer.is_present || !span_equal(items[i], answer.value));
        }
        EXPECT_ERR(ERR_NOT_FOUND, mpt_prove_index(&proof, nodes, &room, &list, counts[c]));
    }
    buf_done(&room);
    buf_init(&room, test_budget(), 64);
    struct mpt_proof proof;
    struct span nodes[MPT_INDEX_PROOF_MAX];
    struct mpt_items list = {.items = items, .count = 20};
    EXPECT_ERR(ERR_LIMIT, mpt_prove_index(&proof, nodes, &room, &list, 3));
    items[7] = SPAN_EMPTY;
    EXPECT_ERR(ERR_MALFORMED, mpt_prove_index(&proof, nodes, &room, &list, 3));
    buf_done(&room);
}

TEST_MAIN
