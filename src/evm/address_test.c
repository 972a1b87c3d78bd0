#include "evm/address.h"

#include "base/test.h"
#include "crypto/keccak.h"

#include <string.h>

/* EIP-55, "Test Cases". */
TEST(eip55_vectors)
{
    static const char *const cases[] = {
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i]);
        struct address a;
        enum address_checksum sum;
        EXPECT_OK(address_parse(&a, &sum, span_str(cases[i])));
        EXPECT_EQ(ADDRESS_CHECKSUM_VALID, sum);
        char text[ADDRESS_TEXT_LEN];
        address_print(text, a);
        EXPECT_STR(cases[i], text);
    }
}

TEST(verdicts)
{
    static const struct {
        const char *text;
        enum err err;
        enum address_checksum sum;
    } cases[] = {
        {"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",  OK,            ADDRESS_CHECKSUM_NONE },
        {"0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",  OK,            ADDRESS_CHECKSUM_NONE },
        {"0x0000000000000000000000000000000000000001",  OK,            ADDRESS_CHECKSUM_NONE },
        {"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",  OK,            ADDRESS_CHECKSUM_WRONG},
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee",  OK,            ADDRESS_CHECKSUM_WRONG},
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",   ERR_MALFORMED, ADDRESS_CHECKSUM_NONE },
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0", ERR_MALFORMED, ADDRESS_CHECKSUM_NONE },
        {"005aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",  ERR_MALFORMED, ADDRESS_CHECKSUM_NONE },
        {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",  ERR_MALFORMED, ADDRESS_CHECKSUM_NONE },
        {"",                                            ERR_MALFORMED, ADDRESS_CHECKSUM_NONE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].text);
        struct address a;
        enum address_checksum sum = ADDRESS_CHECKSUM_NONE;
        EXPECT_ERR(cases[i].err, address_parse(&a, &sum, span_str(cases[i].text)));
        EXPECT_EQ(cases[i].sum, sum);
    }
}

/* EIP-1014, "Examples". */
TEST(create2_vectors)
{
    static const struct {
        const char *deployer;
        const char *salt;
        const char *init_code;
        const char *want;
    } cases[] = {
        {"0000000000000000000000000000000000000000",
         "0000000000000000000000000000000000000000000000000000000000000000", "00",
         "4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38"},
        {"deadbeef00000000000000000000000000000000",
         "0000000000000000000000000000000000000000000000000000000000000000", "00",
         "B928f69Bb1D91Cd65274e3c79d8986362984fDA3"},
        {"deadbeef00000000000000000000000000000000",
         "000000000000000000000000feed000000000000000000000000000000000000", "00",
         "D04116cDd17beBE565EB2422F2497E06cC1C9833"},
        {"00000000000000000000000000000000deadbeef",
         "00000000000000000000000000000000000000000000000000000000cafebabe", "deadbeef",
         "60f3f640a8508fC6a86d45DF051962668E1e8AC7"},
        {"0000000000000000000000000000000000000000",
         "0000000000000000000000000000000000000000000000000000000000000000", "",
         "E33C0C7F7df4809055C3ebA6c09CFe4BaF1BD9e0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct create2_input in;
        (void)span_copy(MSPAN_OF(in.deployer.bytes), test_hex(cases[i].deployer));
        (void)span_copy(MSPAN_OF(in.salt), test_hex(cases[i].salt));
        keccak256(&in.init_code_hash, test_hex(cases[i].init_code));
        struct address a = address_create2(&in);
        EXPECT_SPAN(test_hex(cases[i].want), SPAN_OF(a.bytes));
    }
}

/* Contract addresses of one deployer for nonces 0 to 3, a much-quoted example (ethereum.stackexchange.com/q/760). */
TEST(create_vectors)
{
    static const char *const want[] = {
        "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
        "343c43a37d37dff08ae8c4a11544c718abb4fcf8",
        "f778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
        "fffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
    };
    struct address deployer;
    (void)span_copy(MSPAN_OF(deployer.bytes), test_hex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"));
    for (uint64_t nonce = 0; nonce < 4; nonce++) {
        struct address a = address_create(deployer, nonce);
        EXPECT_SPAN(test_hex(want[nonce]), SPAN_OF(a.bytes));
    }
}

TEST_MAIN
