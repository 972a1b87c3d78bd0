#ifndef EVM_SMART_ACCOUNT_H
#define EVM_SMART_ACCOUNT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/address.h"
#include "evm/u256.h"

/* The encodings of a Passmesh account, as docs/account.md fixes them: owners, address, calls, signature. */
enum {
    SMART_ACCOUNT_OWNER_LEN_MAX = 116, /* verifier, qx, qy, SHA-256(origin) */
    SMART_ACCOUNT_OWNER_COUNT_MAX = 32,
    SMART_ACCOUNT_CALL_COUNT_MAX = 32,
};

/* An owner as the contract stores it: a verifier's address and the key that it understands (ERC-7913). */
struct smart_owner {
    uint8_t bytes[SMART_ACCOUNT_OWNER_LEN_MAX];
    size_t len;
};

/* smart_owner_passkey: public_key is qx then qy; origin is bound into the owner, so that the verifier on chain
 * refuses an assertion that another page got. */
struct smart_owner smart_owner_passkey(struct address verifier,
                                       const uint8_t public_key[static 64],
                                       struct span origin);

/* smart_owners_sort puts owners in the order that the contract demands: by keccak-256 of their bytes. */
void smart_owners_sort(struct smart_owner *owners, size_t count);

/* What an account's address depends on, besides the factory and the proxy's creation code. owners are sorted. */
struct smart_account {
    const struct smart_owner *owners;
    size_t owner_count; /* 1 to SMART_ACCOUNT_OWNER_COUNT_MAX */
    uint64_t threshold;
    uint8_t salt[32];
};

/* smart_account_address computes the CREATE2 address. scratch is cleared and used; ERR_LIMIT if it is too small
 * (8 KiB suffice for all owners). */
MUST_CHECK enum err smart_account_address(struct address *ret,
                                          const struct smart_account *a,
                                          struct address factory,
                                          struct buf *scratch);

/* smart_account_create appends the calldata of the factory's createAccount. */
MUST_CHECK enum err smart_account_create(struct buf *out, const struct smart_account *a);

/* One call that the account makes. */
struct smart_call {
    struct address to;
    struct u256 value; /* wei */
    struct span data;
};

/* smart_account_execute appends the calldata of execute with a batch (ERC-7821, mode 01 00...00). */
MUST_CHECK enum err
smart_account_execute(struct buf *out, const struct smart_call *calls, size_t count);

/* smart_account_calls reads such calldata back, strictly: ERR_MALFORMED for any other form; ERR_LIMIT over count_max
 * calls. Spans point into calldata. */
MUST_CHECK enum err smart_account_calls(struct smart_call *ret_calls,
                                        size_t *ret_count,
                                        size_t count_max,
                                        struct span calldata);

/* The same of executeWithin, of version 2: calls for which one owner's signature suffices, because they keep within limits
 * (docs/account.md, "Limits"). count may be 0: it uses up the nonce and does nothing. */
MUST_CHECK enum err
smart_account_within(struct buf *out, const struct smart_call *calls, size_t count);
bool smart_account_is_within(
    struct span calldata); /* has its selector: the contract takes one signature, or refuses it */
MUST_CHECK enum err smart_account_within_calls(struct smart_call *ret_calls,
                                               size_t *ret_count,
                                               size_t count_max,
                                               struct span calldata);

/* One owner's signature over a hash. */
struct smart_signature {
    struct smart_owner owner;
    struct span signature; /* of a passkey: the ABI-encoded WebAuthn assertion */
};

/* smart_account_signature appends abi.encode(owners, signatures), sorted as the contract demands; count is 1 to
 * SMART_ACCOUNT_OWNER_COUNT_MAX. */
MUST_CHECK enum err
smart_account_signature(struct buf *out, const struct smart_signature *signatures, size_t count);

/* smart_account_signatures reads such a list back: ERR_MALFORMED, also over count_max. Spans point into in. */
MUST_CHECK enum err smart_account_signatures(struct smart_signature *ret,
                                             size_t *ret_count,
                                             size_t count_max,
                                             struct span in);

#endif
