#ifndef WALLET_SESSION_H
#define WALLET_SESSION_H

#include "wallet/wallet.h"

/* Session keys of an account of version 2 (docs/account.md, "Session keys"): a job's own key may spend up to an amount, to one target, until
 * a time, without a passkey. The wallet never has that key: it is told its address. */

enum session_standing {
    SESSION_UNREAD,  /* the chain has not said yet */
    SESSION_WAITS,   /* it is not on the chain, or not yet */
    SESSION_LIVE,    /* its key may act */
    SESSION_ENDED,   /* an owner has ended it */
    SESSION_VOID,    /* the owners have changed since */
    SESSION_EXPIRED, /* its time is over */
};
const char *session_standing_name(enum session_standing standing);

/* wallet_sessions gives the sessions of an account there that were signed here, oldest first: how many. amount and ether are what is left;
 * NULL unless it is live, and amount unless it is of a token. They live until the next call. */
struct session_state {
    const struct account_session *what;
    enum session_standing standing;
    const struct figure *amount;
    const struct figure *ether;
};
size_t wallet_sessions(const struct wallet *w,
                       const struct account *a,
                       struct id network,
                       struct session_state ret[static ACCOUNT_SESSION_COUNT_MAX]);

/* wallet_session_prepare starts the task of making an operation that adds a session, of which all but the id is given, or ends the one of
 * session->id, which need not be known here. Refusals, some when the task is done: those of wallet_prepare, account_kind, session_bad (field:
 * job_key, to, function, amount, until), setting_state, owners_unread, limit_reached. */
struct session_args {
    struct own_call own;
    bool is_end;
    const struct account_session *session;
};
MUST_CHECK enum err wallet_session_prepare(struct wallet *w,
                                           struct wallet_time t,
                                           const struct session_args *args,
                                           uint64_t *ret_task,
                                           struct coded *ret_why);

#endif
