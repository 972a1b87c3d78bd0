#ifndef EVM_ACCOUNT_DOMAIN_H
#define EVM_ACCOUNT_DOMAIN_H

#include "crypto/hash.h"
#include "evm/address.h"

#include <stddef.h>

/* EIP-712 in a Passmesh account's own domain (docs/account.md): "Passmesh Account", version "1", the account. Changes of the
 * owner list hold on every chain, so their domain names none; everything else is for one chain. */
enum { ACCOUNT_ANY_CHAIN = 0 };
#define ACCOUNT_DOMAIN_NAME "Passmesh Account"

/* What is signed for practice alone stands in a domain that no contract has. */
#define ACCOUNT_PRACTICE_NAME "Passmesh Practice"

/* account_domain_hash is the hash that is signed of a struct whose encoding is words_len bytes at words: the hash of its type, then
 * its members, 32 bytes each. chain_id 0: ACCOUNT_ANY_CHAIN. */
void account_domain_hash(struct hash32 *ret,
                         struct address account,
                         uint64_t chain_id,
                         struct span words);

/* account_practice_hash is the same in the domain of practice. */
void account_practice_hash(struct hash32 *ret,
                           struct address account,
                           uint64_t chain_id,
                           struct span words);

/* account_word_hash and account_word_u64 write one such member. */
void account_word_hash(uint8_t word[static 32], struct span bytes);
void account_word_u64(uint8_t word[static 32], uint64_t v);

#endif
