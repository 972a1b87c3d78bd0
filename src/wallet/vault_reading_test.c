#include "wallet/vault_reading.h"

#include "base/test.h"
#include "crypto/backend.h"
#include "evm/eip191.h"

#include <string.h>

static enum err read_it(struct vault_reading *ret, enum vault_signable kind, struct span payload)
{
    EXPECT_OK(crypto_init());
    return vault_read(ret, test_budget(), kind, payload);
}

/* A transaction of type 2 to 0x11..11 on chain 1, as it is hashed for signing. */
static struct tx plain_tx(void)
{
    struct tx tx = {.type = TX_FEE_MARKET, .has_chain_id = true, .chain_id = 1, .nonce = 7};
    tx.gas_limit = 21000;
    tx.has_to = true;
    memset(tx.to.bytes, 0x11, sizeof tx.to.bytes);
    tx.value = u256_from_u64(5);
    return tx;
}

TEST(a_transaction_is_read_from_the_bytes_that_are_hashed)
{
    struct vault_reading r;
    struct hash32 hash;
    struct buf raw;
    struct buf scratch;
    struct tx tx = plain_tx();
    buf_init(&raw, test_budget(), 4096);
    buf_init(&scratch, test_budget(), 4096);
    EXPECT_OK(tx_encode(&tx, &raw));
    EXPECT_OK(read_it(&r, VAULT_SIGN_TRANSACTION, buf_span(&raw)));
    EXPECT_OK(tx_signing_hash(&hash, &tx, &scratch));
    EXPECT_SPAN(SPAN_OF(hash.bytes), SPAN_OF(r.hash.bytes));
    EXPECT_EQ(7, r.tx.nonce);
    EXPECT(u256_equal(u256_from_u64(5), r.tx.value));
    EXPECT(!r.is_token_transfer);
    tx.is_signed = true;
    tx.signature.r = u256_from_u64(1);
    tx.signature.s = u256_from_u64(1);
    buf_clear(&raw);
    EXPECT_OK(tx_encode(&tx, &raw));
    EXPECT_ERR(ERR_DENIED, read_it(&r, VAULT_SIGN_TRANSACTION, buf_span(&raw)));
    tx = plain_tx();
    tx.type = TX_LEGACY;
    tx.has_chain_id = false;
    buf_clear(&raw);
    EXPECT_OK(tx_encode(&tx, &raw));
    EXPECT_ERR(ERR_DENIED, read_it(&r, VAULT_SIGN_TRANSACTION, buf_span(&raw)));
    EXPECT_ERR(ERR_MALFORMED, read_it(&r, VAULT_SIGN_TRANSACTION, SPAN_LIT("\x02\xc0")));
    buf_done(&raw);
    buf_done(&scratch);
}

TEST(a_token_transfer_is_one_exactly)
{
    uint8_t data[69] = {0xa9, 0x05, 0x9c, 0xbb};
    memset(data + 16, 0x22, 20);
    data[67] = 9;
    for (int i = 0; i < 6; i++) {
        struct vault_reading r;
        struct buf raw;
        struct tx tx = plain_tx();
        uint8_t changed[69];
        memcpy(changed, data, sizeof changed);
        buf_init(&raw, test_budget(), 4096);
        tx.value = U256_ZERO;
        tx.data = span_of(changed, 68);
        switch (i) {
        case 1:  tx.data = span_of(changed, 67); break;
        case 2:  tx.data = span_of(changed, 69); break;
        case 3:  changed[4] = 1; break; /* not an address */
        case 4:  changed[0] ^= 1; break;
        case 5:  tx.value = u256_from_u64(1); break;
        default: break;
        }
        test_note("case %d", i);
        EXPECT_OK(tx_encode(&tx, &raw));
        EXPECT_OK(read_it(&r, VAULT_SIGN_TRANSACTION, buf_span(&raw)));
        EXPECT_EQ(i == 0, r.is_token_transfer);
        if (i == 0) {
            EXPECT_SPAN(span_of(data + 16, 20), SPAN_OF(r.receiver.bytes));
            EXPECT(u256_equal(u256_from_u64(9), r.amount));
        }
        buf_done(&raw);
    }
}

TEST(a_message_says_whether_it_can_be_read)
{
    static const struct {
        const char *text;
        bool is_text;
    } cases[] = {
        {"Sign in\n\tnow\r\n", true },
        {"",                   true },
        {"\xc3\xa9",           true },
        {"\xff",               false},
        {"a\x7f",              false},
        {"\x1b[2J",            false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vault_reading r;
        struct hash32 hash;
        test_note("case %zu", i);
        EXPECT_OK(read_it(&r, VAULT_SIGN_MESSAGE, span_str(cases[i].text)));
        EXPECT_EQ(cases[i].is_text, r.is_text);
        EXPECT_EQ(strlen(cases[i].text), r.len);
        eip191_hash(&hash, span_str(cases[i].text));
        EXPECT_SPAN(SPAN_OF(hash.bytes), SPAN_OF(r.hash.bytes));
    }
}

TEST(typed_data_names_its_domain)
{
    struct vault_reading r;
    static const char text[] =
        "{\"types\":{\"Mail\":[{\"name\":\"contents\",\"type\":\"string\"}]},\"primaryType\":"
        "\"Mail\",\"domain\":{\"name\":\"Ether Mail\",\"chainId\":\"31337\",\"verifyingContract\":"
        "\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"},\"message\":{\"contents\":\"Hello\"}}";
    EXPECT_OK(read_it(&r, VAULT_SIGN_TYPED_DATA, span_str(text)));
    EXPECT_SPAN(SPAN_LIT("Mail"), r.primary_type);
    EXPECT_SPAN(SPAN_LIT("Ether Mail"), r.domain_name);
    EXPECT(r.has_chain_id);
    EXPECT_EQ(31337, r.chain_id);
    EXPECT(r.has_contract);
    EXPECT_EQ(0xcc, r.contract.bytes[0]);
    EXPECT_ERR(ERR_MALFORMED, read_it(&r, VAULT_SIGN_TYPED_DATA, SPAN_LIT("{}")));
    EXPECT_ERR(ERR_MALFORMED, read_it(&r, VAULT_SIGN_TYPED_DATA, SPAN_LIT("{")));
}

TEST(an_export_is_bound_to_its_receiver)
{
    struct vault_reading a;
    struct vault_reading b;
    uint8_t key[33] = {1};
    EXPECT_OK(read_it(&a, VAULT_EXPORT, span_of(key, 32)));
    key[31] = 1;
    EXPECT_OK(read_it(&b, VAULT_EXPORT, span_of(key, 32)));
    EXPECT(!span_equal(SPAN_OF(a.hash.bytes), SPAN_OF(b.hash.bytes)));
    EXPECT_ERR(ERR_MALFORMED, read_it(&b, VAULT_EXPORT, span_of(key, 31)));
    EXPECT_ERR(ERR_MALFORMED, read_it(&b, VAULT_EXPORT, span_of(key, 33)));
}

TEST_MAIN
