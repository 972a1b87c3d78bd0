#ifndef WALLET_RECOVERY_H
#define WALLET_RECOVERY_H

#include "wallet/guardian_help.h"
#include "wallet/wallet.h"

/*~ Guardians and recovery of accounts of version 2 (docs/recovery.md).
 *
 *   the person, in a wallet with a new passkey      each guardian, in his own wallet
 *   wallet_recovery_look   what the chain says
 *   wallet_recovery_ask    a request, as text  -->  wallet_help_open, wallet_help_challenge
 *   wallet_recovery_gather an answer           <--  wallet_help_sign: an answer, as text
 *   wallet_recovery_prepare BEGIN, the delay, APPLY: operations of any account; then the account's own again
 *
 * Everything here rests on a reading of the account by wallet_recovery_look: it may be of an account that this wallet does not have. */
enum {
    RECOVERY_FRESH_MS = 60 * 1000, /* a reading counts for so long */
    RECOVERY_VIEW_COUNT_MAX = 4,
    RECOVERY_HELP_COUNT_MAX = 8,
    RECOVERY_ANSWER_COUNT_MAX =
        5,                /* what one call carries: of more guardians than that, no quorum */
    LOOK_PROBE_COUNT = 4, /* of this wallet's changes, those that may wait there */
    RECOVERY_ASK_COUNT = 7 + LOOK_PROBE_COUNT,
};

/* What a chain says of an account's guardians, and of its owners: answers to eth_call, so the word of the servers that were asked. */
struct recovery_view {
    struct address address;
    struct id network;
    uint64_t as_of_ms;  /* 0: not read yet */
    bool is_there;      /* it is an account of ours */
    bool is_version_2;  /* it can have guardians */
    struct figure said; /* of the round: how far all of this can be trusted */
    struct owner_view owners;
    struct account_guardians guardians;
    struct account_recovery recovery;
};

/* wallet_recovery_look starts the task of reading that. account: whose servers are asked; unset: nobody's. Refusals, some when the task is
 * done: unknown_network, no_network, no_server, chain_doubtful, limit_reached, server_timeout, server_lied. */
struct recovery_look_args {
    struct address address;
    struct id network;
    struct id account;
};
MUST_CHECK enum err wallet_recovery_look(struct wallet *w,
                                         struct wallet_time t,
                                         const struct recovery_look_args *args,
                                         uint64_t *ret_task,
                                         struct coded *ret_why);

/* wallet_recovery_view is the newest reading; NULL: none. */
const struct recovery_view *
wallet_recovery_view(const struct wallet *w, struct address address, struct id network);

/* ---- the person ---- */

/* A request that was made, and what guardians have answered. */
struct recovery_help {
    struct id account; /* unset: free */
    struct id network;
    struct help_request request;
    size_t answer_count;
    struct help_answer
        answers[RECOVERY_ANSWER_COUNT_MAX]; /* of different guardians, each verified */
};

/* wallet_recovery_ask makes a request: the passkey of the account `by` shall own the account at address, alone, on this network. The
 * account comes into this wallet, if it is not there, and its passkey waits in it. A request that was there, with its
 * answers, goes. Refusals: locked, unknown_account, account_kind, name_bad, name_taken, account_known (it is watched, or ordinary), recovery_unread, recovery_state,
 * limit_reached, storage_failed, storage_full. */
struct recovery_ask_args {
    struct address address;
    struct id network;
    struct id by;
    struct span name; /* of the account in this wallet; unused if it is there */
};
MUST_CHECK enum err wallet_recovery_ask(struct wallet *w,
                                        struct wallet_time t,
                                        const struct recovery_ask_args *args,
                                        const struct account **ret_account,
                                        struct coded *ret_why);

/* wallet_recovery_help is the request of an account; NULL: none. wallet_recovery_forget drops it. */
const struct recovery_help *wallet_recovery_help(const struct wallet *w, struct id account);
MUST_CHECK enum err
wallet_recovery_forget(struct wallet *w, struct id account, struct coded *ret_why);

/* wallet_recovery_gather takes a guardian's answer to what was asked for this account: to the request for help, or to that of
 * wallet_guardians_ask. Enough answers to a practice request prove the way in. Refusals: locked, unknown_account, recovery_unread, help_bad, help_other (an answer to
 * something else, or to an earlier round), help_stranger (not a guardian), help_signature, help_again, limit_reached, storage_failed, storage_full. */
MUST_CHECK enum err wallet_recovery_gather(struct wallet *w,
                                           struct wallet_time t,
                                           struct id account,
                                           struct span text,
                                           struct coded *ret_why);

/* wallet_recovery_needed: how many answers there must be; 0: not known now. */
size_t wallet_recovery_needed(const struct wallet *w, const struct recovery_help *h);

/* ---- what else guardians are asked for ---- */

/* wallet_guardians_ask makes a request of another kind, for an account of this wallet that is a smart account or watched: to take the recovery
 * under way back (RECOVERY_CANCEL), to hold the account (RECOVERY_HOLD), or to show that the guardians can be reached and sign
 * (RECOVERY_PRACTICE, of an own account only): nothing comes of that. An account has one such request besides that for help; one that was there goes.
 * Refusals: locked, unknown_account, unknown_network, account_kind, recovery_unread, recovery_state, limit_reached, storage_failed, storage_full. */
struct guardians_ask_args {
    struct id account;
    struct id network;
    enum recovery_act act;
};
MUST_CHECK enum err wallet_guardians_ask(struct wallet *w,
                                         struct wallet_time t,
                                         const struct guardians_ask_args *args,
                                         struct coded *ret_why);

/* wallet_guardians_asked is that request; NULL: none. wallet_guardians_forget drops it. */
const struct recovery_help *wallet_guardians_asked(const struct wallet *w, struct id account);
MUST_CHECK enum err
wallet_guardians_forget(struct wallet *w, struct id account, struct coded *ret_why);

/* wallet_guardian_name_set names a guardian of an account, one that there is or one that shall be; "" takes the name away. Of more than
 * GUARDIAN_NAME_COUNT_MAX the one that was named first is forgotten. wallet_guardian_name is "" for one without a name. Refusals: locked,
 * unknown_account, name_bad, storage_failed, storage_full: then it holds until the program ends. */
MUST_CHECK enum err wallet_guardian_name_set(struct wallet *w,
                                             struct id account,
                                             const struct smart_owner *guardian,
                                             struct span name,
                                             struct coded *ret_why);
/* wallet_guardian_way is what was read last of an account's guardians on a network, and when they were proven; NULL: it has none, or they
 * were not read. */
const struct guardian_way *wallet_guardian_way(const struct account *a, struct id network);
struct span wallet_guardian_name(const struct account *a, const struct smart_owner *guardian);

/* ---- the guardian ---- */

/* wallet_guardian_of gives what an account of this wallet is as a guardian: its passkey (owner unset: the first that is not gone), or its
 * key. Refusals: unknown_account, unknown_owner, account_kind. */
MUST_CHECK enum err wallet_guardian_of(const struct wallet *w,
                                       struct id account,
                                       struct id owner,
                                       struct smart_owner *ret,
                                       struct coded *ret_why);

/* wallet_help_open reads the text of a request. Refusals: help_bad, unknown_network (of its chain: *ret holds it then). */
MUST_CHECK enum err wallet_help_open(const struct wallet *w,
                                     struct help *ret,
                                     const struct network **ret_network,
                                     struct span text,
                                     struct coded *ret_why);

/* wallet_help_is_outdated: the account's owners or guardians have moved on since the request was made. */
bool wallet_help_is_outdated(const struct recovery_view *v, const struct help_request *r);

/* wallet_help_state says what stands between a request and its signing, as the reading has it: a word of recovery_state, or "" if nothing
 * does. */
const char *wallet_help_state(const struct wallet *w,
                              struct wallet_time t,
                              const struct help_request *r,
                              struct id network);

/* wallet_help_signers gives the accounts of this wallet that are guardians there, at most count_max. */
size_t wallet_help_signers(const struct wallet *w,
                           const struct help_request *r,
                           struct id network,
                           const struct account **ret,
                           size_t count_max);

/* wallet_help_hash is what this account would sign for the request, if it is a guardian and nothing stands against it. Refusals: locked,
 * help_bad, unknown_network, unknown_account, recovery_unread, recovery_state, help_stranger. */
MUST_CHECK enum err wallet_help_hash(const struct wallet *w,
                                     struct wallet_time t,
                                     struct id account,
                                     struct span text,
                                     struct help *ret_request,
                                     struct hash32 *ret_hash,
                                     struct coded *ret_why);

/* wallet_help_sign appends the answer's text: signed with a passkey of the account; or, of an ordinary one, as key_signature says (answer is
 * not looked at then). Refusals: those of wallet_help_hash, and of a passkey's ceremony; help_signature. */
struct help_sign_args {
    struct id account;
    struct span text;
    const struct passkey_answer *answer;
    const struct secp256k1_signature *key_signature; /* NULL: a passkey's */
};
MUST_CHECK enum err wallet_help_sign(struct wallet *w,
                                     struct wallet_time t,
                                     const struct help_sign_args *args,
                                     struct buf *ret_text,
                                     struct coded *ret_why);

/* ---- the brake that each owner has ---- */

/* wallet_brake_hash is what one owner signs to put the recovery under way off, or to freeze the account: no operation, so that it holds also
 * where several must sign, or while the account is frozen. wallet_brake_sign keeps the signature for wallet_recovery_prepare, until another one
 * or the end of the program. act: RECOVERY_PUT_OFF or RECOVERY_FREEZE. Refusals: locked, unknown_account, account_kind, recovery_unread,
 * recovery_state; and of a passkey's ceremony. */
struct brake_args {
    struct id account;
    struct id network;
    enum recovery_act act;
    const struct passkey_answer *answer; /* of SIGN */
};
MUST_CHECK enum err wallet_brake_hash(const struct wallet *w,
                                      struct wallet_time t,
                                      const struct brake_args *args,
                                      struct hash32 *ret_hash,
                                      struct coded *ret_why);
MUST_CHECK enum err wallet_brake_sign(struct wallet *w,
                                      struct wallet_time t,
                                      const struct brake_args *args,
                                      struct coded *ret_why);

/* ---- operations ---- */

/* wallet_recovery_prepare starts the task of making an operation of any account of this wallet, which pays: it begins the recovery that was
 * asked for, applies it, carries the owner's signature of wallet_brake_sign, or what the guardians answered to CANCEL or HOLD (of a watched
 * account too). An account that pays for its own putting off needs no such
 * signature. Refusals, some when the task is done: those of wallet_prepare, recovery_unread, recovery_state, recovery_waits. */
enum recovery_wish {
    RECOVERY_WISH_BEGIN,
    RECOVERY_WISH_APPLY,
    RECOVERY_WISH_PUT_OFF,
    RECOVERY_WISH_FREEZE,
    RECOVERY_WISH_CANCEL,
    RECOVERY_WISH_HOLD
};
struct recovery_args {
    struct id account;
    struct id network;
    struct id payer;
    enum recovery_wish what;
    enum fee_speed speed;
    bool by_command_line;
};
MUST_CHECK enum err wallet_recovery_prepare(struct wallet *w,
                                            struct wallet_time t,
                                            const struct recovery_args *args,
                                            uint64_t *ret_task,
                                            struct coded *ret_why);

#endif
