#include "evm/account_proof.h"

#include "base/buf.h"
#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/fixture_test.h"
#include "evm/rlp.h"

#include <string.h>

/* What a proof of the samples says, for the account and slot that were asked. */
struct proven {
    struct account_state account;
    struct u256 slot;
};

static enum err
verify(struct proven *ret, struct hash32 root, struct json asked, struct json answer)
{
    struct span nodes[FIXTURE_NODES_MAX];
    struct address address;
    fixture_fill(MSPAN_OF(address.bytes), asked, "address");
    struct mpt_proof proof = fixture_proof(nodes, fixture_member(answer, "accountProof"));
    TRY(account_verify(&ret->account, &root, address, &proof));
    struct json slot;
    struct json storage;
    if (json_find(&slot, asked, "slot") &&
        json_at(&storage, fixture_member(answer, "storageProof"), 0)) {
        uint8_t key[32];
        fixture_fill(MSPAN_OF(key), asked, "slot");
        proof = fixture_proof(nodes, fixture_member(storage, "proof"));
        TRY(account_verify_slot(&ret->slot, &ret->account.storage_root, key, &proof));
    }
    return OK;
}

/* judge says whether the answer of one case of eip1186-synthetic is proven. */
static bool judge(struct json c)
{
    struct json asked = fixture_member(c, "request");
    struct json answer = fixture_member(c, "proof");
    struct json method = fixture_member(asked, "method");
    struct proven proven = {0};
    if (verify(&proven, fixture_hash(c, "state_root"), asked, answer) != OK) {
        return false;
    }
    if (json_string_equal(method, SPAN_LIT("eth_getCode"))) {
        return account_verify_code(&proven.account.code_hash, fixture_bytes(c, "result")) == OK;
    }
    struct u256 result = fixture_u256(c, "result");
    bool is_balance = json_string_equal(method, SPAN_LIT("eth_getBalance"));
    return u256_equal(result, is_balance ? proven.account.balance : proven.slot);
}

/* chain/eip1186-synthetic: 8 answers with the verdict of another implementation. */
TEST(samples_are_judged_as_their_index_says)
{
    struct span text;
    if (!test_fixture("chain/eip1186-synthetic/cases.json", &text)) {
        return;
    }
    struct json cases;
    TEST_REQUIRE(json_parse(&cases, text, NULL) == OK);
    EXPECT_EQ(8, json_count(cases));
    struct json_iter it = json_iterate(cases);
    struct json c;
    while (json_next(&it, NULL, &c)) {
        struct span name = fixture_text(fixture_member(c, "name"));
        test_note("case %.*s", (int)name.n, (const char *)name.p);
        EXPECT_EQ(json_string_equal(fixture_member(c, "expect"), SPAN_LIT("accept")), judge(c));
    }
}

/* chain/el-mainnet-helios: the deposit contract at a block of mainnet, a slot of its storage and its code. */
TEST(mainnet_contract)
{
    struct span block_text;
    struct span text;
    if (!test_fixture("chain/el-mainnet-helios/block.json", &block_text) ||
        !test_fixture("chain/el-mainnet-helios/account.json", &text)) {
        return;
    }
    struct json block;
    struct json answer;
    TEST_REQUIRE(json_parse(&block, block_text, NULL) == OK);
    TEST_REQUIRE(json_parse(&answer, text, NULL) == OK);
    struct hash32 root = fixture_hash(block, "stateRoot");
    struct address address;
    memcpy(address.bytes, test_hex("00000000219ab540356cbb839cbe05303d7705fa").p, 20);
    struct span nodes[FIXTURE_NODES_MAX];
    struct mpt_proof proof = fixture_proof(nodes, fixture_member(answer, "accountProof"));
    struct account_state account;
    TEST_REQUIRE(EXPECT_OK(account_verify(&account, &root, address, &proof)));
    struct json claimed = fixture_member(answer, "account");
    EXPECT(account.exists);
    EXPECT_EQ(1, account.nonce);
    EXPECT(u256_equal(fixture_u256(claimed, "balance"), account.balance));
    EXPECT_OK(account_verify_code(&account.code_hash, fixture_bytes(answer, "code")));
    EXPECT_ERR(ERR_AUTH, account_verify_code(&account.code_hash, SPAN_EMPTY));

    struct json storage;
    TEST_REQUIRE(json_at(&storage, fixture_member(answer, "storageProof"), 0));
    uint8_t slot[32];
    fixture_fill(MSPAN_OF(slot), storage, "key");
    proof = fixture_proof(nodes, fixture_member(storage, "proof"));
    struct u256 value;
    EXPECT_OK(account_verify_slot(&value, &account.storage_root, slot, &proof));
    EXPECT(u256_equal(fixture_u256(storage, "value"), value));
    /* The same proof says nothing, or nothing true, of another slot. */
    slot[31] ^= 1;
    enum err e = account_verify_slot(&value, &account.storage_root, slot, &proof);
    EXPECT(e != OK || u256_is_zero(value));
    EXPECT_ERR(ERR_AUTH, account_verify_slot(&value, &root, slot, &proof));
}

static void expect_recorded(const char *block, const char *proof_file)
{
    struct span text;
    if (!test_fixture(proof_file, &text)) {
        return;
    }
    test_note("%s at %s", proof_file, block);
    struct json root;
    TEST_REQUIRE(json_parse(&root, text, NULL) == OK);
    struct json answer = fixture_member(root, "result");
    struct span nodes[FIXTURE_NODES_MAX];
    struct mpt_proof proof = fixture_proof(nodes, fixture_member(answer, "accountProof"));
    struct address address;
    fixture_fill(MSPAN_OF(address.bytes), answer, "address");
    /* The recorded state root stands in a beacon block; here the first node stands for it. */
    struct hash32 state_root;
    keccak256(&state_root, nodes[0]);
    struct account_state account;
    TEST_REQUIRE(EXPECT_OK(account_verify(&account, &state_root, address, &proof)));
    EXPECT(u256_equal(fixture_u256(answer, "balance"), account.balance));
    EXPECT_EQ(fixture_u64(answer, "nonce"), account.nonce);
    struct hash32 code_hash = fixture_hash(answer, "codeHash");
    EXPECT_SPAN(SPAN_OF(code_hash.bytes), SPAN_OF(account.code_hash.bytes));
    struct hash32 storage_root = fixture_hash(answer, "storageHash");
    EXPECT_SPAN(SPAN_OF(storage_root.bytes), SPAN_OF(account.storage_root.bytes));
}

/* chain/e2e-mainnet-electra-colibri: recorded answers of a node. */
TEST(recorded_mainnet_accounts)
{
    expect_recorded("0x1564956",
                    "chain/e2e-mainnet-electra-colibri/eth_getTransactionCount_electra/"
                    "eth_getProof_0xdadB0d80178819F2319190D340ce9A924f783711____0x1564956.json");
    expect_recorded("0x1564a16",
                    "chain/e2e-mainnet-electra-colibri/eth_getBalance_electra/"
                    "eth_getProof_0x95222290DD7278Aa3Ddd389Cc1E1d165CC4BAfe5____0x1564a16.json");
    expect_recorded("0x1564a06",
                    "chain/e2e-mainnet-electra-colibri/eth_call_electra/"
                    "eth_getProof_0x43506849d7c04f9138d1a2050bbf3a0c054402dd____0x1564a06.json");
}

/* A trie of one value under the hash of a key: its only node is a leaf. */
static struct hash32 single(struct buf *b, struct span key, const char *value_hex)
{
    struct hash32 hash;
    keccak256(&hash, key);
    uint8_t path[33] = {0x20};
    memcpy(path + 1, hash.bytes, sizeof hash.bytes);
    struct rlp_wr w = rlp_wr_init(b);
    rlp_wr_list_begin(&w);
    rlp_wr_bytes(&w, SPAN_OF(path));
    rlp_wr_bytes(&w, test_hex(value_hex));
    rlp_wr_list_end(&w);
    (void)EXPECT_OK(rlp_wr_end(&w));
    keccak256(&hash, buf_span(b));
    return hash;
}

static enum err verify_single(struct account_state *ret, const char *value_hex)
{
    struct address address = {
        .bytes = {1, 2, 3}
    };
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    struct hash32 root = single(&b, SPAN_OF(address.bytes), value_hex);
    struct span node = buf_span(&b);
    struct mpt_proof proof = {.nodes = &node, .nodes_count = 1};
    enum err e = account_verify(ret, &root, address, &proof);
    buf_done(&b);
    return e;
}

static enum err verify_single_slot(struct u256 *ret, const char *value_hex)
{
    uint8_t slot[32] = {7};
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    struct hash32 root = single(&b, SPAN_OF(slot), value_hex);
    struct span node = buf_span(&b);
    struct mpt_proof proof = {.nodes = &node, .nodes_count = 1};
    enum err e = account_verify_slot(ret, &root, slot, &proof);
    buf_done(&b);
    return e;
}

TEST(slots_have_one_form)
{
    struct u256 value;
    EXPECT_OK(verify_single_slot(&value, "820100"));
    EXPECT(u256_equal(u256_from_u64(256), value));
    EXPECT_OK(verify_single_slot(
        &value, "a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
    EXPECT(u256_equal(U256_MAX, value));
    EXPECT_OK(verify_single_slot(&value, "80")); /* zero that was not taken out, as anvil does */
    EXPECT(u256_is_zero(value));
    static const char *const bad[] = {
        "00",     /* zero as a byte */
        "820001", /* a leading zero */
        "8101",   /* not canonical */
        "c101",   /* a list */
        "0101",   /* two */
        "a101ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* 33 bytes */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_note("bad %zu", i);
        EXPECT_ERR(ERR_MALFORMED, verify_single_slot(&value, bad[i]));
    }
}

#define HASH_A0                                                                                    \
    "a0"                                                                                           \
    "1111111111111111111111111111111111111111111111111111111111111111"

TEST(accounts_have_one_form)
{
    struct account_state account;
    EXPECT_OK(verify_single(&account, "f844"
                                      "0102" HASH_A0 HASH_A0));
    EXPECT_EQ(1, account.nonce);
    static const char *const bad[] = {
        "f844"
        "0002" HASH_A0 HASH_A0, /* nonce 0 written as a byte */
        "f845"
        "0102" HASH_A0 HASH_A0 "80", /* a fifth field */
        "f823"
        "0102" HASH_A0, /* a length that is not canonical, and a field missing */
        "e3"
        "0102" HASH_A0, /* a field missing */
        "f844"
        "c002" HASH_A0 HASH_A0, /* a list as nonce */
        "f84d"
        "890100000000000000"
        "0002" HASH_A0 HASH_A0, /* a nonce over 64 bits */
        "01",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_note("bad %zu", i);
        EXPECT_ERR(ERR_MALFORMED, verify_single(&account, bad[i]));
    }
}

TEST(nothing_there)
{
    struct address address = {.bytes = {9}};
    struct mpt_proof none = {0};
    struct account_state account;
    EXPECT_OK(account_verify(&account, &mpt_empty_root, address, &none));
    EXPECT(!account.exists);
    EXPECT(u256_is_zero(account.balance));
    EXPECT_OK(account_verify_code(&account.code_hash, SPAN_EMPTY));
    struct u256 value;
    uint8_t slot[32] = {0};
    EXPECT_OK(account_verify_slot(&value, &account.storage_root, slot, &none));
    EXPECT(u256_is_zero(value));
    struct hash32 root = {.bytes = {1}};
    EXPECT_ERR(ERR_TRUNCATED, account_verify(&account, &root, address, &none));
}

TEST(limits_come_before_hashing)
{
    static const uint8_t big[ACCOUNT_NODE_LEN_MAX + 1];
    struct span node = SPAN_OF(big);
    struct mpt_proof proof = {.nodes = &node, .nodes_count = 1};
    struct address address = {.bytes = {9}};
    struct hash32 root;
    keccak256(&root, node);
    struct account_state account;
    EXPECT_ERR(ERR_LIMIT, account_verify(&account, &root, address, &proof));
    proof.nodes_count = MPT_PROOF_NODES_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, account_verify(&account, &root, address, &proof));
    node.n--;
    keccak256(&root, node);
    proof.nodes_count = 1;
    EXPECT_ERR(ERR_MALFORMED, account_verify(&account, &root, address, &proof));
}

/* Any change of any bit of a proof of mainnet is found: every byte of every node, one bit each. */
TEST(any_changed_bit_is_found)
{
    struct span block_text;
    struct span text;
    if (!test_fixture("chain/el-mainnet-helios/block.json", &block_text) ||
        !test_fixture("chain/el-mainnet-helios/proof.json", &text)) {
        return;
    }
    struct json block;
    struct json answer;
    TEST_REQUIRE(json_parse(&block, block_text, NULL) == OK);
    TEST_REQUIRE(json_parse(&answer, text, NULL) == OK);
    struct hash32 root = fixture_hash(block, "stateRoot");
    struct address address;
    fixture_fill(MSPAN_OF(address.bytes), answer, "address");
    struct span nodes[FIXTURE_NODES_MAX];
    struct mpt_proof proof = fixture_proof(nodes, fixture_member(answer, "accountProof"));
    struct account_state account;
    size_t tried = 0;
    for (size_t i = 0; i < proof.nodes_count; i++) {
        struct span good = nodes[i];
        uint8_t changed[ACCOUNT_NODE_LEN_MAX];
        TEST_REQUIRE(good.n <= sizeof changed);
        nodes[i] = span_of(changed, good.n);
        for (size_t at = 0; at < good.n; at++) {
            memcpy(changed, good.p, good.n);
            changed[at] ^= (uint8_t)(1u << (at % 8));
            tried += EXPECT_ERR(ERR_AUTH, account_verify(&account, &root, address, &proof));
        }
        nodes[i] = good;
    }
    EXPECT(tried > 3000);
    for (size_t n = 0; n < proof.nodes_count; n++) {
        struct mpt_proof cut = {.nodes = nodes, .nodes_count = n};
        EXPECT_ERR(ERR_TRUNCATED, account_verify(&account, &root, address, &cut));
    }
}

TEST_MAIN
