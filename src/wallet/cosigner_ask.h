#ifndef WALLET_COSIGNER_ASK_H
#define WALLET_COSIGNER_ASK_H

#include "wallet/wallet.h"

/* The wallet's side of a co-signer (docs/cosigner.md): what is asked of the server that keeps it, or of the chain without that server, each time with
 * a passkey.
 *
 *     wallet_cosigner_make, _sign, _release, _leave   a wish, and the challenge that the account's passkey is to sign
 *     wallet_cosigner_answer                          the assertion holds: the request that goes to the server
 *     wallet_cosigner_done                            its answer holds: account and operation take it
 *
 * One wish at a time; another one takes its place until the server is asked. */
enum cosigner_act {
    COSIGNER_ACT_MAKE, /* a key, and with it an owner of the account that stands on no chain yet */
    COSIGNER_ACT_SIGN, /* an operation that the passkey has signed */
    COSIGNER_ACT_RELEASE, /* it is no owner any more: the server may forget it */
    COSIGNER_ACT_LEAVE,   /* no server takes part: the passkey, as guardian, takes it off */
};
const char *cosigner_act_name(enum cosigner_act act);

struct cosigner_wish {
    struct id account; /* unset: there is none */
    enum cosigner_act act;
    char server[ACCOUNT_SERVER_LEN_MAX + 1];
    struct cosigner_terms terms;
    struct id operation; /* of SIGN */
    uint64_t revision;
    struct id network; /* of LEAVE */
    walltime expires;
    struct hash32 challenge;
    bool is_asked; /* the server was */
};

/* wallet_cosigner_wish is the wish that waits for the account's passkey; NULL: none. wallet_cosigner_passkey is the owner that is to sign it;
 * NULL: it is gone. */
const struct cosigner_wish *
wallet_cosigner_wish(const struct wallet *w, struct wallet_time t, struct id account);
const struct owner *wallet_cosigner_passkey(const struct wallet *w,
                                            const struct cosigner_wish *wish);

/* wallet_cosigner_asked is the wish that a server was asked for; NULL: none. */
const struct cosigner_wish *wallet_cosigner_asked(const struct wallet *w);

/* wallet_cosigner_make wishes for a co-signer of an account, at a server, within limits, on those networks. Each must have been read by
 * wallet_recovery_look within the last minute: the account has version 2 there, and its one deciding guardian is a passkey that owns it, or the
 * person could not get rid of the co-signer. Refusals: locked, unknown_account, account_kind, unknown_network, cosigner_state, cosigner_limits, recovery_unread,
 * limit_reached. */
struct cosigner_make_args {
    struct id account;
    struct span server; /* peer id as text */
    const struct id *networks;
    size_t networks_count;
    const struct cosigner_limit *limits;
    size_t limits_count;
};
MUST_CHECK enum err wallet_cosigner_make(struct wallet *w,
                                         struct wallet_time t,
                                         const struct cosigner_make_args *args,
                                         struct coded *ret_why);

/* wallet_cosigner_sign wishes for its signature of an operation that lacks that one alone. Refusals: locked, unknown_operation, operation_state,
 * operation_expired, cosigner_state. */
MUST_CHECK enum err wallet_cosigner_sign(struct wallet *w,
                                         struct wallet_time t,
                                         struct id operation,
                                         struct coded *ret_why);

/* wallet_cosigner_release wishes that the server forgets it; it must own the account nowhere. Refusals: locked, unknown_account, cosigner_state. */
MUST_CHECK enum err wallet_cosigner_release(struct wallet *w,
                                            struct wallet_time t,
                                            struct id account,
                                            struct coded *ret_why);

/* wallet_cosigner_leave wishes for a recovery that takes it off one network and makes the threshold one less. With the passkey's answer it waits as any
 * recovery that was asked for: wallet_recovery_prepare begins and applies it, by an operation of another account. The account must have been read
 * by wallet_recovery_look. Refusals: locked, unknown_account, unknown_network, cosigner_state, recovery_unread, recovery_state, limit_reached, storage_failed, storage_full. */
MUST_CHECK enum err wallet_cosigner_leave(struct wallet *w,
                                          struct wallet_time t,
                                          struct id account,
                                          struct id network,
                                          struct coded *ret_why);

/* wallet_cosigner_answer takes the assertion for the account's wish and appends the request for the server, which is asked now; of LEAVE
 * nothing: that is done then. *ret_wish is the wish. Refusals: locked, unknown_account, cosigner_state, those of a passkey's ceremony; of LEAVE those of
 * wallet_help_sign and wallet_recovery_gather. */
MUST_CHECK enum err wallet_cosigner_answer(struct wallet *w,
                                           struct wallet_time t,
                                           struct id account,
                                           const struct passkey_answer *answer,
                                           struct buf *ret_request,
                                           struct cosigner_wish *ret_wish,
                                           struct coded *ret_why);

/* wallet_cosigner_done takes what became of the request. err OK: what the server said; ERR_DENIED: it refuses, reason in its own words; else it
 * could not be asked. The wish ends. Refusals: cosigner_state, cosigner_silent, cosigner_refused, cosigner_lied; and those of storing and, of SIGN, of approving. */
struct cosigner_said {
    enum err err;
    struct span reason;
    struct address cosigner; /* of MAKE, with the hash of its terms */
    struct hash32 terms;
    uint8_t signature[65]; /* of SIGN */
};
MUST_CHECK enum err wallet_cosigner_done(struct wallet *w,
                                         struct wallet_time t,
                                         const struct cosigner_said *said,
                                         struct coded *ret_why);

#endif
