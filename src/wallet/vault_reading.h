#ifndef WALLET_VAULT_READING_H
#define WALLET_VAULT_READING_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/tx.h"

/* What keyd reads in a request before it signs: the hash that is signed, and what it means, in a form that can be shown. What is shown
 * to the person comes from the same bytes that are hashed, and from nobody's word. */

enum vault_signable {
    VAULT_SIGN_TRANSACTION = 1, /* payload: the unsigned raw form */
    VAULT_SIGN_MESSAGE = 2,     /* a message's bytes, EIP-191 */
    VAULT_SIGN_TYPED_DATA = 3,  /* JSON, EIP-712 */
    VAULT_EXPORT = 4, /* nothing is signed: the X25519 key that the secret goes to, 32 bytes */
    VAULT_CHANGE =
        5 /* nothing is signed: what shall be changed in the vault, as keyd_wire.h writes it */
};

enum { VAULT_RECEIVER_LEN = 32, VAULT_CHANGE_MAX = 512 };

struct vault_reading {
    enum vault_signable kind;
    struct hash32 hash;
    /* a transaction; its spans lie in the payload */
    struct tx tx;
    bool is_token_transfer; /* it calls transfer(address,uint256), exactly, and sends no ether */
    struct address receiver;
    struct u256 amount;
    /* a message */
    size_t len;
    bool is_text; /* UTF-8 without control characters but line ends and tabs */
    /* typed data; spans into the payload, empty if absent or with escapes */
    struct span primary_type;
    struct span domain_name;
    bool has_chain_id;
    uint64_t chain_id;
    bool has_contract;
    struct address contract;
};

/* vault_read reads payload as kind says. ERR_DENIED: a transaction that any chain takes, or that is signed already.
 * ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT: the payload. */
MUST_CHECK enum err vault_read(struct vault_reading *ret,
                               struct budget *work,
                               enum vault_signable kind,
                               struct span payload);

/* vault_change_hash is the hash of a VAULT_CHANGE. */
void vault_change_hash(struct hash32 *ret, struct span payload);

#endif
