#include "evm/tx.h"

#include "base/test.h"
#include "crypto/keccak.h"

#include <string.h>

static void sign(struct tx *tx, uint8_t secret_byte, struct buf *scratch)
{
    struct secret32 key;
    memset(key.bytes, secret_byte, sizeof key.bytes);
    struct hash32 hash;
    struct secp256k1_signature sig;
    EXPECT_OK(tx_signing_hash(&hash, tx, scratch));
    EXPECT_OK(secp256k1_sign(&sig, &key, &hash));
    EXPECT_OK(tx_sign_with(tx, &sig));
    secret32_wipe(&key);
}

/* EIP-155, "Example". */
TEST(eip155_example)
{
    static const char unsigned_hex[] = "ec098504a817c8008252089435353535353535353535353535353535353"
                                       "53535880de0b6b3a764000080018080";
    static const char signed_hex[] =
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025"
        "a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
        "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    struct tx tx;
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    EXPECT_OK(tx_decode(&tx, test_hex(unsigned_hex)));
    EXPECT(!tx.is_signed);
    EXPECT(tx.has_chain_id);
    EXPECT_EQ(1, tx.chain_id);
    EXPECT_EQ(9, tx.nonce);
    struct hash32 hash;
    EXPECT_OK(tx_signing_hash(&hash, &tx, &b));
    EXPECT_SPAN(test_hex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"),
                SPAN_OF(hash.bytes));
    struct address sender;
    EXPECT_ERR(ERR_STATE, tx_sender(&sender, &tx, &b));
    sign(&tx, 0x46, &b);
    EXPECT_OK(tx_encode(&tx, &b));
    EXPECT_SPAN(test_hex(signed_hex), buf_span(&b));
    EXPECT_OK(tx_decode(&tx, test_hex(signed_hex)));
    EXPECT_OK(tx_sender(&sender, &tx, &b));
    EXPECT_SPAN(test_hex("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"), SPAN_OF(sender.bytes));
    struct u256 ether;
    EXPECT_OK(u256_parse_units(&ether, SPAN_LIT("1.00042"), U256_DECIMALS_ETHER));
    EXPECT(u256_equal(ether, tx_cost_max(&tx)));
    buf_done(&b);
}

static struct tx example(enum tx_type type)
{
    struct tx tx = {
        .type = type,
        .has_chain_id = true,
        .chain_id = 31337,
        .nonce = 300,
        .max_fee_per_gas = u256_from_u64(2000000000),
        .max_priority_fee_per_gas =
            u256_from_u64(type == TX_LEGACY || type == TX_ACCESS_LIST ? 0 : 7),
        .gas_limit = 90000,
        .has_to = true,
        .value = u256_from_u64(12),
        .data = SPAN_LIT("some data"),
    };
    memset(tx.to.bytes, 0x35, sizeof tx.to.bytes);
    return tx;
}

/* Each type, unsigned and signed, comes back as it went; the signer is found; any cut is refused. */
TEST(round_trips)
{
    static const enum tx_type types[] = {TX_LEGACY, TX_ACCESS_LIST, TX_FEE_MARKET, TX_SET_CODE};
    struct secret32 key;
    memset(key.bytes, 0x46, sizeof key.bytes);
    struct buf b;
    struct buf scratch;
    struct buf list;
    buf_init(&b, test_budget(), 4096);
    buf_init(&scratch, test_budget(), 4096);
    buf_init(&list, test_budget(), 4096);
    struct tx_authorization auth = {
        .chain_id = 31337, .nonce = 128, .signature = {.r = U256_MAX, .s = u256_from_u64(1)}
    };
    EXPECT_OK(tx_authorization_encode(&auth, &list));
    /* [[35.., [slot 0, slot 1]]] without the outer prefix */
    struct span access =
        test_hex("f859 943535353535353535353535353535353535353535 f842"
                 "a0 0000000000000000000000000000000000000000000000000000000000000000"
                 "a0 0000000000000000000000000000000000000000000000000000000000000001");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct tx tx = example(types[i]);
        tx.access_list = types[i] == TX_LEGACY ? SPAN_EMPTY : access;
        tx.authorizations = types[i] == TX_SET_CODE ? buf_span(&list) : SPAN_EMPTY;
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            test_note("type %u, signed %d", (unsigned)types[i], is_signed);
            if (is_signed) {
                sign(&tx, 0x46, &scratch);
            }
            buf_clear(&b);
            EXPECT_OK(tx_encode(&tx, &b));
            struct tx back;
            TEST_REQUIRE(tx_decode(&back, buf_span(&b)) == OK);
            EXPECT_EQ(is_signed, back.is_signed);
            EXPECT_EQ(31337, back.chain_id);
            EXPECT_SPAN(SPAN_LIT("some data"), back.data);
            buf_clear(&scratch);
            EXPECT_OK(tx_encode(&back, &scratch));
            EXPECT_SPAN(buf_span(&b), buf_span(&scratch));
            if (is_signed) {
                struct address sender;
                EXPECT_OK(tx_sender(&sender, &back, &scratch));
                EXPECT_SPAN(test_hex("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"),
                            SPAN_OF(sender.bytes));
            }
            for (size_t n = 0; n < b.n; n++) {
                EXPECT(tx_decode(&back, span_first(buf_span(&b), n)) != OK);
            }
        }
    }
    struct tx_access entry;
    EXPECT_OK(tx_access_next(&entry, &access));
    EXPECT_EQ(2, entry.slots_count);
    EXPECT_EQ(1, tx_access_slot(&entry, 1).p[31]);
    EXPECT_ERR(ERR_NOT_FOUND, tx_access_next(&entry, &access));
    buf_done(&b);
    buf_done(&scratch);
    buf_done(&list);
}

TEST(refused)
{
    static const struct {
        const char *hex;
        enum err err;
        const char *why;
    } cases[] = {
        {"",                                                                                         ERR_MALFORMED,   "nothing"                            },
        {"03c0",                                                                                     ERR_UNSUPPORTED, "a blob transaction"                 },
        {"05c0",                                                                                     ERR_UNSUPPORTED, "a type of the future"               },
        {"80",                                                                                       ERR_MALFORMED,   "not a type, not a list"             },
        {"c0",                                                                                       ERR_MALFORMED,   "an empty list"                      },
        {"02c0",                                                                                     ERR_MALFORMED,   "an empty list of 1559"              },
        /* EIP-155's example with other values of v, r, s */
        {"ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008080808"
         "0",                                                                               ERR_MALFORMED,   "chain id zero"                      },
        {"ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7640000801a010"
         "1",                                                                               ERR_MALFORMED,   "v of 26"                            },
        {"ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008023010"
         "1",                                                                               ERR_MALFORMED,   "v of 35: chain id zero"             },
        {"ec008504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008001808"
         "0",                                                                               ERR_MALFORMED,   "a zero that is not the empty string"},
        {"eb098504a817c8008252089335353535353535353535353535353535353535880de0b6b3a764000080018080",
         ERR_MALFORMED,                                                                                               "an address of 19 bytes"             },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].why);
        struct tx tx;
        EXPECT_ERR(cases[i].err, tx_decode(&tx, test_hex(cases[i].hex)));
    }
}

/* A signature that the chain would not take has no sender. */
TEST(bad_signatures)
{
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    struct tx tx = example(TX_FEE_MARKET);
    sign(&tx, 0x46, &b);
    struct address sender;
    struct u256 order;
    EXPECT_OK(u256_parse_hex(
        &order, SPAN_LIT("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")));
    struct tx bad = tx;
    EXPECT_OK(u256_sub(&bad.signature.s, order, tx.signature.s));
    bad.signature.y_parity = !tx.signature.y_parity;
    EXPECT_ERR(ERR_AUTH, tx_sender(&sender, &bad, &b)); /* the same signature with a high s */
    bad = tx;
    bad.signature.r = order;
    EXPECT_ERR(ERR_AUTH, tx_sender(&sender, &bad, &b));
    bad.signature.r = U256_ZERO;
    EXPECT_ERR(ERR_AUTH, tx_sender(&sender, &bad, &b));
    bad = tx;
    bad.signature.s = U256_ZERO;
    EXPECT_ERR(ERR_AUTH, tx_sender(&sender, &bad, &b));
    struct secp256k1_signature odd = {.recovery_id = 2};
    EXPECT_ERR(ERR_AUTH, tx_sign_with(&tx, &odd));
    buf_done(&b);
}

/* An authorization is signed and found again; its hash is that of the bytes that EIP-7702 describes. */
TEST(authorizations)
{
    static const struct {
        uint64_t chain_id;
        uint64_t nonce;
        const char *message; /* 05 and the list, with the address 35.. */
    } cases[] = {
        {0,          0,          "05 d7 80 943535353535353535353535353535353535353535 80"        },
        {1,          127,        "05 d7 01 943535353535353535353535353535353535353535 7f"        },
        {31337,      128,        "05 da 827a69 943535353535353535353535353535353535353535 8180"  },
        {UINT64_MAX, UINT64_MAX,
         "05 e7 88ffffffffffffffff 943535353535353535353535353535353535353535 88ffffffffffffffff"},
    };
    struct secret32 key;
    memset(key.bytes, 0x46, sizeof key.bytes);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].message);
        struct tx_authorization a = {.chain_id = cases[i].chain_id, .nonce = cases[i].nonce};
        memset(a.address.bytes, 0x35, sizeof a.address.bytes);
        struct hash32 want;
        struct hash32 got;
        keccak256(&want, test_hex(cases[i].message));
        tx_authorization_hash(&got, &a);
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(got.bytes));
        struct secp256k1_signature sig;
        EXPECT_OK(secp256k1_sign(&sig, &key, &got));
        a.signature.y_parity = sig.recovery_id == 1;
        EXPECT_OK(u256_from_be(&a.signature.r, span_of(sig.rs, 32)));
        EXPECT_OK(u256_from_be(&a.signature.s, span_of(sig.rs + 32, 32)));
        struct address who;
        EXPECT_OK(tx_authorization_authority(&who, &a));
        EXPECT_SPAN(test_hex("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"), SPAN_OF(who.bytes));
        a.signature.r = U256_ZERO;
        EXPECT_ERR(ERR_AUTH, tx_authorization_authority(&who, &a));
    }
    secret32_wipe(&key);
}

TEST(broken_lists)
{
    static const char *const access[] = {
        "80",                                                 /* no list */
        "c1",                                                 /* cut */
        "d5 9335353535353535353535353535353535353535 c0",     /* address of 19 bytes */
        "d7 943535353535353535353535353535353535353535 c101", /* a slot of one byte */
        "f8 38 943535353535353535353535353535353535353535 e1 9f"
        "0000000000000000000000000000000000000000000000000000000000000000 00", /* a slot of 31 bytes */
    };
    for (size_t i = 0; i < sizeof access / sizeof *access; i++) {
        test_note("%s", access[i]);
        struct span list = test_hex(access[i]);
        struct tx_access entry;
        EXPECT_ERR(ERR_MALFORMED, tx_access_next(&entry, &list));
        struct tx_authorization a;
        EXPECT_ERR(ERR_MALFORMED, tx_authorization_next(&a, &list));
    }
    /* EIP-7702: no destination, or no authorization */
    struct buf b;
    struct tx tx = example(TX_SET_CODE);
    struct tx back;
    buf_init(&b, test_budget(), 4096);
    EXPECT_OK(tx_encode(&tx, &b));
    EXPECT_ERR(ERR_MALFORMED, tx_decode(&back, buf_span(&b)));
    struct tx_authorization a = {
        .signature = {.r = u256_from_u64(1), .s = u256_from_u64(1)}
    };
    struct buf list;
    buf_init(&list, test_budget(), 256);
    EXPECT_OK(tx_authorization_encode(&a, &list));
    tx.authorizations = buf_span(&list);
    tx.has_to = false;
    buf_clear(&b);
    EXPECT_OK(tx_encode(&tx, &b));
    EXPECT_ERR(ERR_MALFORMED, tx_decode(&back, buf_span(&b)));
    /* a legacy transaction for any chain, signed */
    tx = example(TX_LEGACY);
    tx.has_chain_id = false;
    sign(&tx, 0x46, &b);
    EXPECT_OK(tx_encode(&tx, &b));
    struct address sender;
    EXPECT_OK(tx_decode(&back, buf_span(&b)));
    EXPECT(!back.has_chain_id);
    EXPECT_OK(tx_sender(&sender, &back, &list));
    EXPECT_SPAN(test_hex("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"), SPAN_OF(sender.bytes));
    buf_done(&b);
    buf_done(&list);
}

TEST_MAIN
