#ifndef EVM_TX_H
#define EVM_TX_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "crypto/secp256k1.h"
#include "evm/address.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stdint.h>

/* Transactions of an ordinary account: legacy (with and without EIP-155), EIP-2930, EIP-1559, EIP-7702.
 * Blob transactions (EIP-4844) are ERR_UNSUPPORTED. */
enum tx_type {
    TX_LEGACY = 0,
    TX_ACCESS_LIST = 1, /* EIP-2930 */
    TX_FEE_MARKET = 2,  /* EIP-1559 */
    TX_SET_CODE = 4,    /* EIP-7702 */
};

struct tx_signature {
    bool y_parity;
    struct u256 r;
    struct u256 s;
};

struct tx {
    enum tx_type type;
    bool has_chain_id; /* false only for a legacy one that any chain takes */
    uint64_t chain_id;
    uint64_t nonce;
    struct u256 max_fee_per_gas;          /* wei; the gas price of the two older types */
    struct u256 max_priority_fee_per_gas; /* wei; zero in the two older types */
    uint64_t gas_limit;
    bool has_to; /* false: makes a contract; never false in TX_SET_CODE */
    struct address to;
    struct u256 value; /* wei */
    struct span data;
    struct span access_list;    /* RLP items, see tx_access_next; empty in TX_LEGACY */
    struct span authorizations; /* RLP items, see tx_authorization_next; only in TX_SET_CODE */
    bool is_signed;
    struct tx_signature signature; /* if is_signed */
};

/* tx_decode reads the raw form, signed or not (unsigned: what is hashed for signing); its spans point
 * into raw. ERR_MALFORMED: not the one canonical form; ERR_UNSUPPORTED: another type. */
MUST_CHECK enum err tx_decode(struct tx *ret_tx, struct span raw);

/* tx_encode appends the raw form to out: with the signature if is_signed. ERR_LIMIT: out is full. */
MUST_CHECK enum err tx_encode(const struct tx *tx, struct buf *out);

/* tx_signing_hash is what the sender signs. scratch is emptied, holds the encoding for a while and is
 * left empty; ERR_LIMIT if it cannot. */
MUST_CHECK enum err
tx_signing_hash(struct hash32 *ret_hash, const struct tx *tx, struct buf *scratch);

/* tx_hash names a signed transaction on its chain: of the raw form. */
void tx_hash(struct hash32 *ret_hash, struct span raw);

/* tx_sender recovers who signed. ERR_STATE: not signed; ERR_AUTH: the signature is not one that a chain
 * takes (r or s out of range, s in the upper half, no key). */
MUST_CHECK enum err tx_sender(struct address *ret_sender, const struct tx *tx, struct buf *scratch);

/* tx_sign_with puts a signature made elsewhere (by keyd) into tx. ERR_AUTH: a recovery id above 1. */
MUST_CHECK enum err tx_sign_with(struct tx *tx, const struct secp256k1_signature *sig);

/* tx_cost_max is the most that the sender can lose: gas_limit * max_fee_per_gas + value, U256_MAX if that
 * passes 256 bits. */
struct u256 tx_cost_max(const struct tx *tx);

/* One entry of an access list; its slots are 33 bytes each (an RLP prefix and the slot). */
struct tx_access {
    struct address address;
    struct span slots;
    size_t slots_count;
};

/* tx_access_next cuts one entry off *list: ERR_NOT_FOUND at its end, ERR_MALFORMED. The list of a decoded
 * tx holds only good entries. tx_access_slot gives slot i < slots_count. */
MUST_CHECK enum err tx_access_next(struct tx_access *ret_entry, struct span *list);
struct span tx_access_slot(const struct tx_access *entry, size_t i);

/* An authorization of EIP-7702: authority lets its account run the code at address. */
struct tx_authorization {
    uint64_t chain_id; /* 0: any chain */
    struct address address;
    uint64_t nonce;
    struct tx_signature signature;
};

MUST_CHECK enum err tx_authorization_next(struct tx_authorization *ret_entry, struct span *list);
MUST_CHECK enum err tx_authorization_encode(const struct tx_authorization *a, struct buf *out);
void tx_authorization_hash(struct hash32 *ret_hash, const struct tx_authorization *a);

/* tx_authorization_authority recovers who signed it; ERR_AUTH as with tx_sender. */
MUST_CHECK enum err tx_authorization_authority(struct address *ret_authority,
                                               const struct tx_authorization *a);

#endif
