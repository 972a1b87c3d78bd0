#ifndef WALLET_OWNER_CHAINS_H
#define WALLET_OWNER_CHAINS_H

#include "wallet/recovery.h"
#include "wallet/wallet.h"

/*~ The owner list of one account on several chains (docs/account.md, "The owner list as a chain").
 *
 *   owner_chains.c   what each chain has: a row of the account, taken from every reading
 *   owner_carry.c    the changes that were signed here are kept; the owners sign one's id once, and any account of this wallet carries it
 *                    to the chains that lack it: carry, the delay, apply; or a veto
 *
 * Rows are servers' words. They decide what is offered; what is carried the contract checks. */

/* Where a chain stands in the history that the kept changes make. */
enum owner_chain_step {
    OWNER_CHAIN_UNREAD,
    OWNER_CHAIN_ABSENT,  /* the account is not there */
    OWNER_CHAIN_IN_STEP, /* nothing is to be carried */
    OWNER_CHAIN_LACKS,   /* the change that comes next is kept, and can be carried */
    OWNER_CHAIN_WAITS,   /* it was: it waits for the delay, or to be applied */
    OWNER_CHAIN_VETOED,  /* it was, and an owner stopped it */
    OWNER_CHAIN_DIFFERS, /* another history: nothing that was signed for the others holds there */
    OWNER_CHAIN_BEHIND,  /* others have a change that this wallet does not have */
};
const char *owner_chain_step_name(enum owner_chain_step step);

/* wallet_owner_chain is the row of a network; NULL: not read yet. wallet_owner_chain_step says where it stands; *ret_next (may be NULL) gets the change that
 * comes next, or NULL. */
const struct owner_chain *wallet_owner_chain(const struct account *a, struct id network);
enum owner_chain_step wallet_owner_chain_step(const struct account *a,
                                              const struct owner_chain *c,
                                              const struct kept_change **ret_next);

/* wallet_owner_is_revoked: the owner may sign on chain c, and was removed on another one, as these were read. wallet_revoked_count is the
 * number of such owners, counted once for each chain on which they still may sign. */
bool wallet_owner_is_revoked(const struct wallet *w,
                             const struct account *a,
                             const struct owner_chain *c,
                             struct id owner);
size_t wallet_revoked_count(const struct wallet *w, const struct account *a);

/* ---- signing once ---- */

/* wallet_kept_change finds a kept change by its id; NULL: there is none. wallet_kept_owner is the account's owner that smart is; NULL: nobody, or one that this
 * wallet does not know. wallet_kept_signatures gives the signatures that a change has, and how many; spans point into k. */
const struct kept_change *wallet_kept_change(const struct account *a, const struct hash32 *id);
const struct owner *
wallet_kept_owner(const struct wallet *w, const struct account *a, const struct smart_owner *smart);
size_t wallet_kept_signatures(const struct kept_change *k,
                              struct smart_signature ret[static OPERATION_SIGNER_COUNT_MAX]);

/* wallet_change_hash is what an owner signs so that a kept change, or its veto, can be carried to every chain: of no chain in particular.
 * wallet_change_sign keeps that signature: with the change in the account's record; a veto's until another one or the end of the program.
 * Refusals: locked, unknown_account, account_kind, unknown_change; and of a passkey's ceremony; limit_reached, storage_failed,
 * storage_full. */
struct change_sign_args {
    struct id account;
    struct hash32 change;
    bool is_veto;
    const struct passkey_answer *answer; /* of wallet_change_sign */
};
MUST_CHECK enum err wallet_change_hash(const struct wallet *w,
                                       const struct change_sign_args *args,
                                       struct hash32 *ret_hash,
                                       struct coded *ret_why);
MUST_CHECK enum err wallet_change_sign(struct wallet *w,
                                       struct wallet_time t,
                                       const struct change_sign_args *args,
                                       struct coded *ret_why);

/* ---- operations ---- */

/* wallet_change_prepare starts the task of making an operation of any account of this wallet, which pays: it carries the change that comes next
 * on that network, applies it, or carries a veto. The account itself needs no signature for it. It rests on a reading by
 * wallet_recovery_look. Refusals, some when the task is done: those of wallet_prepare, owners_unread, carry_state, owner_waits. */
enum change_wish { CHANGE_WISH_CARRY, CHANGE_WISH_APPLY, CHANGE_WISH_VETO };
struct change_args {
    struct id account;
    struct id network;
    struct id payer;
    enum change_wish what;
    enum fee_speed speed;
    bool by_command_line;
};
MUST_CHECK enum err wallet_change_prepare(struct wallet *w,
                                          struct wallet_time t,
                                          const struct change_args *args,
                                          uint64_t *ret_task,
                                          struct coded *ret_why);

#endif
