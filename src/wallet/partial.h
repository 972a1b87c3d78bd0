#ifndef WALLET_PARTIAL_H
#define WALLET_PARTIAL_H

#include "evm/owner_change.h"
#include "evm/smart_account.h"
#include "wallet/partial_text.h"
#include "wallet/wallet.h"

/*~ An operation that owners with different wallets sign (docs/partial.md).
 *
 *   the wallet that prepared it, and signed          another owner's wallet
 *   wallet_partial_give: the operation, as text  -->  wallet_partial_open, partial_calls: in words
 *   wallet_partial_gather                        <--  wallet_partial_sign: the answer, as text
 *
 * The other wallet knows nothing of the account: what it reads of its owners is a reading of wallet_recovery_look. */
enum {
    PARTIAL_WAIT_MS = 24 * 3600 * 1000, /* so long an operation that was given out waits */
    PARTIAL_CALL_COUNT_MAX = 8,
};

/* wallet_partial_give appends the text of an operation that this wallet has signed and that lacks signatures. The first time, it waits for
 * PARTIAL_WAIT_MS from then on, and is a new revision. Refusals: locked, unknown_operation, operation_state, operation_changed,
 * operation_expired, partial_state (alone, unsigned, no_account), limit_reached, storage_failed, storage_full. */
MUST_CHECK enum err wallet_partial_give(struct wallet *w,
                                        struct wallet_time t,
                                        const struct approve_args *args,
                                        struct buf *ret_text,
                                        struct coded *ret_why);

/* wallet_partial_gather takes an answer: the signature of an owner on the chain, over this operation. When there are enough it goes on its way.
 * Refusals: locked, help_bad, unknown_operation, partial_state (not_given), those of wallet_approve that are not about ticks or the passkey,
 * help_other (an answer to something else), partial_stranger, help_signature, already_signed, partial_fee (what is offered no longer
 * pays for a block). */
MUST_CHECK enum err wallet_partial_gather(struct wallet *w,
                                          struct wallet_time t,
                                          const struct approve_args *args,
                                          struct span text,
                                          struct coded *ret_why);

/* ---- the other wallet ---- */

/* wallet_partial_open reads the text; room as of partial_parse. Refusals: partial_bad, unknown_network (no network here has its chain id). */
MUST_CHECK enum err wallet_partial_open(const struct wallet *w,
                                        struct partial *ret,
                                        struct buf *room,
                                        const struct network **ret_network,
                                        struct span text,
                                        struct coded *ret_why);

/* wallet_partial_state says what stands between it and signing: "unread" (wallet_recovery_look first), "no_account", "expired", or "". */
const char *wallet_partial_state(const struct wallet *w,
                                 struct wallet_time t,
                                 const struct partial *p,
                                 struct id network);

/* wallet_partial_signers gives the accounts of this wallet one of whose passkeys owns the account there, at most count_max. */
size_t wallet_partial_signers(const struct wallet *w,
                              const struct partial *p,
                              struct id network,
                              const struct account **ret,
                              size_t count_max);

/* wallet_partial_hash is what a passkey of this account would sign. confirmed: the person has seen what is marked as danger. Refusals: locked,
 * partial_bad, unknown_network, unknown_account, partial_state, partial_stranger, risk_unticked. */
struct partial_sign_args {
    struct id account;
    struct span text;
    bool confirmed;
    const struct passkey_answer *answer; /* of wallet_partial_sign */
};
MUST_CHECK enum err wallet_partial_hash(const struct wallet *w,
                                        struct wallet_time t,
                                        const struct partial_sign_args *args,
                                        struct hash32 *ret,
                                        struct coded *ret_why);

/* wallet_partial_sign appends the answer's text. Refusals: the same, and of a passkey's ceremony. */
MUST_CHECK enum err wallet_partial_sign(struct wallet *w,
                                        struct wallet_time t,
                                        const struct partial_sign_args *args,
                                        struct buf *ret_text,
                                        struct coded *ret_why);

/* ---- in words ---- */

/* What one call of an operation does. */
enum partial_what {
    PARTIAL_PAYMENT, /* of the native asset; to, amount */
    PARTIAL_TOKEN,   /* token is asked to pay amount to `to` */
    PARTIAL_OWNERS,  /* another list of owners, begun or carried out: change */
    PARTIAL_VETO,    /* a change that waits is stopped */
    PARTIAL_OWN,     /* another call of the account to itself */
    PARTIAL_UNKNOWN, /* anything else: data */
    PARTIAL_WHAT_COUNT,
};
struct partial_call {
    enum partial_what what;
    bool is_danger; /* it can give the account away, or nobody here can say what it does */
    struct address to;
    struct u256 amount; /* smallest unit; of all that is no token: wei that go with the call */
    struct address token_address;
    const struct token *token; /* of the network's list; NULL: not there */
    struct owner_change change;
    struct span data; /* the call's */
};

/* partial_calls gives an operation's calls; spans point into p. What is not of the account's own form is one call of the account, with all of its
 * data. Returns their number, 0 for an operation that does nothing. */
size_t partial_calls(struct smart_call ret[static PARTIAL_CALL_COUNT_MAX], const struct partial *p);

/* partial_call_read says what one of them does. */
void partial_call_read(struct partial_call *ret,
                       const struct partial *p,
                       const struct network *n,
                       const struct smart_call *call);

#endif
