#ifndef WEBAUTHN_ASSERTION_H
#define WEBAUTHN_ASSERTION_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "crypto/p256.h"

struct relying_party;

/* A use of a passkey (WebAuthn Level 3 §7.2, steps 5 to 24). */
struct assertion_response {
    struct span client_data_json;
    struct span authenticator_data;
    struct span signature; /* DER */
};

/* What is known of the credential from its registration and later uses. */
struct assertion_credential {
    struct p256_public key;
    uint32_t sign_count;
    bool is_backup_eligible;
};

enum assertion_counter {
    ASSERTION_COUNTER_NONE,     /* zero then and now: the authenticator does not count */
    ASSERTION_COUNTER_ADVANCED, /* greater than before: keep sign_count */
    ASSERTION_COUNTER_STUCK     /* not greater: perhaps a copy of the key exists; tell the person */
};

struct assertion {
    uint32_t sign_count;
    enum assertion_counter counter;
    bool is_user_verified;
    bool is_backed_up;
    struct p256_signature signature; /* low s, as chains want it */
    size_t type_index; /* in clientDataJSON, bytes: where the quote before type stands */
    size_t challenge_index;
};

/* assertion_verify goes through the steps in the spec's order: type, challenge, origin, RP ID hash, UP, UV, BE and BS, signature,
 * counter. The counter is reported, not judged: a backed-up passkey may count on several devices. ERR_MALFORMED, ERR_TRUNCATED,
 * ERR_LIMIT, ERR_UNSUPPORTED: broken input; ERR_AUTH: the assertion does not hold. why may be NULL. */
MUST_CHECK enum err assertion_verify(struct assertion *ret,
                                     const struct relying_party *rp,
                                     struct span challenge,
                                     const struct assertion_credential *credential,
                                     const struct assertion_response *response,
                                     struct diag *why);

/* assertion_encode writes the signature as the account's verifier takes it, see docs/account.md: the ABI words (r, s,
 * challengeIndex, typeIndex, authenticatorData, clientDataJSON) without an outer offset, both tails in order and padded with
 * zeros. a and response belong together and were verified. ERR_UNSUPPORTED: client data in a form that the
 * verifier does not read (client_data_check_chain_form); ERR_LIMIT: w is full. */
MUST_CHECK enum err assertion_encode(struct wr *w,
                                     const struct assertion *a,
                                     const struct assertion_response *response,
                                     struct diag *why);

/* assertion_decode reads that form: ret's client data and authenticator data are spans into encoded, its signature one into der.
 * ERR_MALFORMED: another form, a gap, bytes behind it. The two indices are not looked at: whoever must know verifies, encodes
 * again, and compares. */
MUST_CHECK enum err assertion_decode(struct assertion_response *ret,
                                     uint8_t der[static P256_DER_MAX],
                                     struct span encoded);

/* The length that assertion_encode writes, in bytes. */
size_t assertion_encoded_len(const struct assertion_response *response);

#endif
