#ifndef WALLET_COSIGNER_H
#define WALLET_COSIGNER_H

#include "base/err.h"
#include "base/instant.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "evm/address.h"
#include "evm/u256.h"
#include "webauthn/assertion.h"

/* A co-signer: one more owner of a smart account, an ordinary key that a server's keyd made and keeps. The account asks for two owners, the passkey and
 * this key; it signs only within the terms under which it was made, and each time only with an assertion of that passkey over exactly
 * what it is to sign. It decodes the operation itself. What it signs: the hash of a user operation for EntryPoint 0.8 whose calls are ether and
 * tokens (ERC-20 transfer) sent to others, within limits. Never a call to the account itself, an approval, or a paymaster: so it takes part in no
 * change of owners, and the passkey gets rid of it without it (docs/cosigner.md).
 *
 * No input or output, and no key: keyd holds the key beside this record, saves the record before it gives a signature away, and tells the time. */

enum {
    COSIGNER_CHAINS_MAX = 8,
    COSIGNER_LIMITS_MAX = 8,
    COSIGNER_RP_ID_MAX = 64,   /* bytes */
    COSIGNER_ORIGIN_MAX = 128, /* bytes */
    COSIGNER_LIFE_S = 600,     /* of an assertion: how far ahead its expiry may lie, at most */
    COSIGNER_PERIOD_S = 86400, /* of a limit; begins with the first spending after the last one */
    COSIGNER_REST_S =
        30 * 86400,      /* between asking for its removal and when its place may be given away */
    COSIGNER_RECENT = 4, /* operations that may be signed again without being counted again */
    COSIGNER_CALLS_MAX = 12,    /* of one operation */
    COSIGNER_USEROP_MAX = 8192, /* bytes of an ABI-encoded operation */
    COSIGNER_REQUEST_MAX = 14 * 1024,
};

/* So much of a token in a period. Of several limits that fit a payment, all are counted. */
struct cosigner_limit {
    struct address token; /* zero: ether, fees included */
    struct address to;    /* of payments to this one alone; zero: to all together */
    struct u256 amount;   /* smallest units */
};

/* What a co-signer is bound to for ever; other terms are another co-signer. */
struct cosigner_terms {
    struct address account;
    size_t chains_count;
    uint64_t chains[COSIGNER_CHAINS_MAX]; /* ascending */
    size_t rp_id_len;
    uint8_t rp_id[COSIGNER_RP_ID_MAX];
    size_t origin_len;
    uint8_t origin[COSIGNER_ORIGIN_MAX];
    struct p256_public passkey;
    size_t limits_count;
    struct cosigner_limit limits[COSIGNER_LIMITS_MAX]; /* one of them: ether, to all */
};
#define COSIGNER_TERMS_LEN_MAX 1024

/* terms = version 1 | account 20 | chains: count 1, each 8 | RP ID: length 1, text | origin: length 1, text | passkey 64 |
 *         limits: count 1, each token 20, to 20, amount 32
 *
 * cosigner_terms_read takes them off r. ERR_MALFORMED; ERR_UNSUPPORTED: another version. */
MUST_CHECK enum err cosigner_terms_read(struct cosigner_terms *ret, struct rd *r);
void cosigner_terms_write(struct wr *w, const struct cosigner_terms *t);

/* cosigner_terms_hash = SHA-256("passmesh cosigner 1 terms" 0 | terms). */
void cosigner_terms_hash(struct hash32 *ret, const struct cosigner_terms *t);

/* What the passkey signs to have one made:
 *     SHA-256("passmesh cosigner 1 create" 0 | hash of the terms 32 | expiry 8) */
void cosigner_create_challenge(struct hash32 *ret,
                               const struct cosigner_terms *t,
                               walltime expires);

/* What the passkey signs to have one removed:
 *     SHA-256("passmesh cosigner 1 remove" 0 | hash of the terms 32 | expiry 8) */
void cosigner_remove_challenge(struct hash32 *ret,
                               const struct cosigner_terms *t,
                               walltime expires);

/* What the passkey signs for each operation: it commits to account, chain, the whole operation, the terms and an expiry.
 *     SHA-256("passmesh cosigner 1 sign" 0 | co-signer 20 | account 20 | chain 8 | user operation hash 32 | hash of the terms 32 | expiry 8) */
struct cosigner_ask {
    struct address cosigner;
    uint64_t chain_id;
    walltime expires;
    struct span userop; /* userop_encode's form; its signature is not looked at */
    struct assertion_response assertion;
};
void cosigner_sign_challenge(struct hash32 *ret,
                             const struct cosigner_terms *t,
                             const struct cosigner_ask *ask,
                             const struct hash32 *userop_hash);

/* The requests, as they travel from the wallet to keyd:
 *
 *     create, remove = terms | expiry 8 | assertion
 *     sign   = co-signer 20 | chain 8 | expiry 8 | operation: length 2, bytes | assertion
 *     assertion = client data, authenticator data, signature, each: length 2, bytes
 *
 * Readers' spans lie in the input. ERR_MALFORMED, ERR_UNSUPPORTED; ERR_LIMIT: longer than COSIGNER_REQUEST_MAX. */
struct cosigner_create {
    struct cosigner_terms terms;
    walltime expires;
    struct assertion_response assertion;
};
MUST_CHECK enum err cosigner_create_decode(struct cosigner_create *ret, struct span in);
void cosigner_create_encode(struct wr *w, const struct cosigner_create *c);
MUST_CHECK enum err cosigner_ask_decode(struct cosigner_ask *ret, struct span in);
void cosigner_ask_encode(struct wr *w, const struct cosigner_ask *ask);

/* The record of one co-signer. */
struct cosigner {
    struct cosigner_terms terms;
    struct {
        walltime since;
        struct u256 amount;
    } spent[COSIGNER_LIMITS_MAX]; /* under each limit */
    walltime
        seen; /* the latest time at which it was asked rightly: a clock that goes back frees nothing */
    walltime
        rests_until; /* 0, or its removal was asked for: from then on its place may be given away */
    size_t recent_at;
    struct hash32 recent[COSIGNER_RECENT];
};
#define COSIGNER_RECORD_LEN_MAX 1600

/* cosigner_init makes the record if the passkey that the terms name has signed for them. ERR_AUTH: it has not; ERR_TIMEOUT: the expiry has passed or lies too far
 * ahead. */
MUST_CHECK enum err
cosigner_init(struct cosigner *ret, const struct cosigner_create *create, walltime now);

/* cosigner_remove begins the removal of a record that the account does not need any more. It waits: whoever has stolen the passkey could otherwise
 * take the co-signer away before the person has moved what the account holds. A signature that is given meanwhile ends the wait. Errors of cosigner_init.
 * cosigner_is_gone: it is over, at this time. */
MUST_CHECK enum err
cosigner_remove(struct cosigner *c, const struct cosigner_create *remove, walltime now);
bool cosigner_is_gone(const struct cosigner *c, walltime now);

/* cosigner_allow decides whether what is asked may be signed, counts it in c, and gives the hash to sign. On failure c stays as it was. In this order:
 *
 * ERR_MALFORMED, ERR_UNSUPPORTED: the operation; ERR_DENIED: not this account's, or not a chain of the terms; ERR_TIMEOUT: as above; ERR_AUTH: the passkey did not
 * sign this; ERR_DENIED: it does something that is never signed, or pays what no limit names; ERR_LIMIT: more than a limit leaves now. */
MUST_CHECK enum err cosigner_allow(struct cosigner *c,
                                   struct hash32 *ret_hash,
                                   const struct cosigner_ask *ask,
                                   walltime now);

/* The record in keyd's store: terms, then what is counted. ERR_MALFORMED. */
MUST_CHECK enum err cosigner_read(struct cosigner *ret, struct rd *r);
void cosigner_write(struct wr *w, const struct cosigner *c);

#endif
