/* What a Passmesh account's EIP-712 hashes have in common (docs/account.md). */
#include "evm/account_domain.h"

#include "crypto/keccak.h"
#include "evm/u256.h"

void account_word_hash(uint8_t word[static 32], struct span bytes)
{
    struct hash32 h;
    keccak256(&h, bytes);
    span_copy(mspan_of(word, 32), SPAN_OF(h.bytes));
}

void account_word_u64(uint8_t word[static 32], uint64_t v)
{
    u256_to_be(word, u256_from_u64(v));
}

/* What a domain lacks is lacking in its type too. */
static void domain_separator(uint8_t ret[static 32],
                             const char *name,
                             struct address account,
                             uint64_t chain_id)
{
    uint8_t words[5][32] = {0};
    bool is_anywhere = chain_id == ACCOUNT_ANY_CHAIN;
    account_word_hash(
        words[0],
        is_anywhere ? SPAN_LIT("EIP712Domain(string name,string version,address verifyingContract)")
                    : SPAN_LIT("EIP712Domain(string name,string version,uint256 chainId,address "
                               "verifyingContract)"));
    account_word_hash(words[1], span_str(name));
    account_word_hash(words[2], SPAN_LIT("1"));
    account_word_u64(words[3], chain_id);
    size_t last = is_anywhere ? 3 : 4;
    span_copy(mspan_of(words[last] + 12, 20), SPAN_OF(account.bytes));
    account_word_hash(ret, span_of(words[0], 32 * (last + 1)));
}

static void hash_in(struct hash32 *ret,
                    const char *name,
                    struct address account,
                    uint64_t chain_id,
                    struct span words)
{
    uint8_t digest[66] = {0x19, 0x01};
    domain_separator(digest + 2, name, account, chain_id);
    account_word_hash(digest + 34, words);
    keccak256(ret, SPAN_OF(digest));
}

void account_domain_hash(struct hash32 *ret,
                         struct address account,
                         uint64_t chain_id,
                         struct span words)
{
    hash_in(ret, ACCOUNT_DOMAIN_NAME, account, chain_id, words);
}

void account_practice_hash(struct hash32 *ret,
                           struct address account,
                           uint64_t chain_id,
                           struct span words)
{
    hash_in(ret, ACCOUNT_PRACTICE_NAME, account, chain_id, words);
}
