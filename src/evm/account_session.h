#ifndef EVM_ACCOUNT_SESSION_H
#define EVM_ACCOUNT_SESSION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/address.h"
#include "evm/u256.h"

/* Session keys of an account of version 2 (docs/account.md, "Session keys"): an ordinary key that may make the calls of one policy until
 * a time, without any owner. */
enum { ACCOUNT_SESSION_ID_LEN = 20, ACCOUNT_SESSION_DAYS_MAX = 366 };

struct account_session {
    uint8_t id[ACCOUNT_SESSION_ID_LEN]; /* uint160; the nonce key of its operations is 1 ‖ id */
    struct address key;                 /* the address of the ordinary key */
    uint64_t valid_until;               /* Unix time, s, below 2^48 */
    struct address target;              /* what it may call */
    uint8_t selector[4];                /* of the one function; zero: plain ether */
    struct address recipient;           /* of a token's transfer or approve; zero: any */
    struct u256 amount; /* of a token's transfer or approve, smallest unit, in all */
    struct u256 ether;  /* wei in all, greatest fees included */
};

/* account_session_is_ether, account_session_is_token: it sends plain ether; it calls a token's transfer. Else it calls another function. */
bool account_session_is_ether(const struct account_session *s);
bool account_session_is_token(const struct account_session *s);

/* account_session_transfer puts the selector of a token's transfer. account_session_moves: the selector is of transfer or approve, whose
 * arguments the contract looks at. */
void account_session_transfer(uint8_t ret[static 4]);
bool account_session_moves(const uint8_t selector[static 4]);

/* The calls that the account makes to itself, which take effect at once. The key is behind the verifier of ordinary keys. ERR_LIMIT: out
 * is full. */
MUST_CHECK enum err account_session_add(struct buf *out, const struct account_session *s);
MUST_CHECK enum err account_session_end(struct buf *out,
                                        const uint8_t id[static ACCOUNT_SESSION_ID_LEN]);

enum session_call { SESSION_CALL_ADD, SESSION_CALL_END };

/* account_session_read tells what such calldata asks for; END sets the id alone. ERR_NOT_FOUND: it is no such call; ERR_MALFORMED: not in
 * its strict form, or the key is of another kind. */
MUST_CHECK enum err account_session_read(enum session_call *ret_call,
                                         struct account_session *ret,
                                         struct span calldata);

/* Where a session lies in the account's storage. TERMS: target, selector and end in one word, as account_session_terms packs them; AMOUNT and
 * ETHER: what is left; HEAD: the owner list under which it was added. All are zero where there is no session of that id. */
enum session_part {
    SESSION_TERMS,
    SESSION_AMOUNT,
    SESSION_ETHER,
    SESSION_HEAD,
    SESSION_PART_COUNT
};
void account_session_slots(uint8_t ret[static SESSION_PART_COUNT][32],
                           const uint8_t id[static ACCOUNT_SESSION_ID_LEN]);
struct u256 account_session_terms(const struct account_session *s);

#endif
