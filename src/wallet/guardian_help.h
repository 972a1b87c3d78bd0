#ifndef WALLET_GUARDIAN_HELP_H
#define WALLET_GUARDIAN_HELP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/account_recovery.h"
#include "evm/owner_change.h"
#include "wallet/text.h"

/* What travels, as text and without a server, between the owner of an account, the account's guardians, and a person who has lost its keys
 * (docs/recovery.md): a guardian's name, a request for help, an answer to one.
 *
 *   text    = "passmesh-help:" base64url(bytes), without padding; white space anywhere in it is passed over
 *   bytes   = version 1 (1) | kind (1) | body | check (4): the first bytes of SHA-256 of all before
 *   request = chain id (8) | account (20) | round (8) | sequence (8) | previous (32) | threshold (1) | added | removed
 *   practice, cancel = chain id (8) | account (20) | round (8) | number, or the recovery under way (32);  hold: without the last
 *   answer  = hash that was signed (32) | guardian | length (2) signature
 *   name    = guardian | length (1) name
 *   added, removed = count (1), that many owners;  owner, guardian = length (1), ERC-7913 key
 *
 * The check finds what was cut or mistyped. Against somebody who changes a request on its way stands the code that both persons compare,
 * and that the person asks in another way than the one by which the request came. */
enum help_kind {
    HELP_REQUEST = 1, /* of any act of the guardians: each has its number in the text */
    HELP_ANSWER = 2,
    HELP_GUARDIAN = 3
};

enum {
    HELP_SIGNATURE_LEN_MAX = 1400, /* bytes: a passkey's takes about 700 */
    HELP_BYTES_MAX = 1600,
    HELP_TEXT_LEN_MAX = 2150,
    HELP_CODE_LEN = 20,
};

/* What a person asks the guardians to sign, in this round, on this chain: that the owners change; that a recovery is taken back; that the
 * account is held; or, for practice, nothing that any contract takes. */
struct help_request {
    enum recovery_act act; /* RECOVERY_RECOVER, CANCEL, HOLD or PRACTICE */
    uint64_t chain_id;
    struct address account;
    uint64_t round;
    struct owner_change change; /* of RECOVER: attempt 0; somebody is added or removed */
    struct hash32
        what; /* of CANCEL the recovery under way, of PRACTICE a number of its own; else zero */
};

struct help_answer {
    struct hash32 hash;
    struct smart_owner guardian;
    size_t signature_len;
    uint8_t signature[HELP_SIGNATURE_LEN_MAX]; /* as the guardian's verifier takes it */
};

struct help_guardian {
    struct smart_owner guardian;
    struct name name; /* what he calls himself; "" = nothing */
};

struct help {
    enum help_kind kind;
    union {
        struct help_request request;
        struct help_answer answer;
        struct help_guardian guardian;
    };
};

/* help_print appends the text. ERR_LIMIT: out is full. */
MUST_CHECK enum err help_print(struct buf *out, const struct help *h);

/* help_parse reads it: ERR_MALFORMED: no such text, or cut, or mistyped; ERR_UNSUPPORTED: of a later version or kind; ERR_LIMIT: longer
 * than any. */
MUST_CHECK enum err help_parse(struct help *ret, struct span text);

/* help_request_hash is what the guardians sign. */
void help_request_hash(struct hash32 *ret, const struct help_request *r);

/* help_code prints the first 64 bits of that hash as XXXX-XXXX-XXXX-XXXX, for two people to compare: too many for somebody to find
 * another owner with the same code. */
void help_code(char ret[static HELP_CODE_LEN], const struct hash32 *hash);

/* guardian_verify holds a guardian's signature over hash as the account's contract will: a passkey's (of any origin that the key
 * names), or an ordinary key's. ERR_AUTH: it does not hold; ERR_UNSUPPORTED: a guardian of another kind, which the chain alone can judge. */
MUST_CHECK enum err guardian_verify(const struct smart_owner *guardian,
                                    const struct hash32 *hash,
                                    struct span signature);

/* guardian_of_address is the guardian that an ordinary key is. */
struct smart_owner guardian_of_address(struct address a);

/* guardian_kind: by its verifier. An ordinary key's address goes to *ret_address. */
enum guardian_kind { GUARDIAN_PASSKEY, GUARDIAN_KEY, GUARDIAN_OTHER };
enum guardian_kind guardian_kind(const struct smart_owner *guardian, struct address *ret_address);

#endif
