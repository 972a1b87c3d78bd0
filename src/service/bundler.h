#ifndef SERVICE_BUNDLER_H
#define SERVICE_BUNDLER_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "crypto/secp256k1.h"
#include "evm/address.h"
#include "evm/u256.h"
#include "evm/userop.h"
#include "service/loss.h"
#include "service/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An ERC-4337 bundler of level `known-code`: one user operation a transaction, from one ordinary account of its
 * own. It takes only accounts, verifiers and factories whose code it knows, no paymaster and no other factory's
 * init code, so that what it simulated is what happens, short of another transaction in between; and it keeps
 * a budget for what that may cost.
 *
 *   submit -> CHECKING                    shape, fee, code hashes, simulation (eth_call of handleOps)
 *          -> ACCEPTED  record kept       the peer is answered; simulated again just before
 *          -> SENT      record kept first signed by keyd, sent; looked after: sent again, its fee raised, given up
 *          -> INCLUDED -> FINAL           by its receipt; back to SENT if a reorganisation takes it away
 *      or  -> DROPPED, REPLACED           with a reason
 *
 * A transaction is in the store before it is sent, and an operation that ever had one keeps its account nonce
 * until the chain has used that nonce up: whatever dies when, two transactions of it can never both be included.
 *
 * Sans-IO: questions to the node come out of bundler_poll and their answers go into bundler_answer; signing and
 * storing are ports that answer at once. */

enum {
    BUNDLER_OPS_MAX = 64, /* cfg.limits.ops_max is at most this */
    BUNDLER_KNOWN_MAX = 16,
    BUNDLER_ATTEMPTS_MAX = 4,  /* transactions with one account nonce */
    BUNDLER_OP_LEN_MAX = 8192, /* bytes of an encoded operation (ERC-7562's limit) */
    BUNDLER_RECORD_LEN_MAX = 32768,
};

enum bundler_role {
    BUNDLER_PROXY,          /* an account on chain; address unused */
    BUNDLER_IMPLEMENTATION, /* behind the proxy's ERC-1967 slot */
    BUNDLER_VERIFIER,       /* of an owner's signature (ERC-7913) */
    BUNDLER_FACTORY,
};

/* Code that was looked at: where it stands and the keccak-256 of what stands there on this chain. */
struct bundler_known {
    enum bundler_role role;
    struct address address;
    struct hash32 code_hash;
};

/* Port: sign with the bundler's key, as keyd does: unsigned_tx is the raw form without a signature of a transaction that
 * calls handleOps with one operation for our own benefit, or pays ourselves without value. ERR_*: cannot now;
 * the operation waits. */
struct bundler_signer {
    enum err (*sign)(struct bundler_signer *self,
                     struct secp256k1_signature *ret_sig,
                     struct span unsigned_tx);
};

/* Port: keep records by user operation hash. When put returns OK the record is on disk. */
struct bundler_store {
    enum err (*put)(struct bundler_store *self, const struct hash32 *key, struct span record);
    void (*remove)(struct bundler_store *self, const struct hash32 *key);
};

struct bundler_limits {
    uint32_t ops_max;              /* looked after at once, finished ones included */
    uint64_t verification_gas_max; /* of an operation, gas */
    uint64_t tx_gas_max;           /* of the whole transaction, gas (EIP-7825: at most 2^24) */
    struct u256 min_tip;           /* wei per gas that must remain above the base fee */
    struct loss_limits loss;       /* gas that may be lost */
    uint32_t ask_timeout_ms;
    uint32_t track_ms;      /* between two looks for a receipt */
    uint32_t stuck_ms;      /* without inclusion until the fee is raised */
    uint32_t confirmations; /* blocks on top until FINAL */
    uint32_t keep_ms;       /* how long a finished operation is remembered */
};
struct bundler_limits bundler_limits_default(void);

struct bundler_cfg {
    struct budget *budget;
    uint64_t chain_id;
    struct address entry_point;
    struct address self;               /* the bundler's account, and who the fees go to */
    const struct bundler_known *known; /* copied */
    size_t known_count;
    struct bundler_signer *signer;
    struct bundler_store *store;
    struct bundler_limits limits;
    /* paid (may be NULL): the fee of an operation is final that who brought, and account paid. */
    void (*paid)(void *user, const struct loss_key *who, struct address account, instant now);
    void *paid_user;
};

enum bundler_step {
    BUNDLER_FREE,        /* no operation in this place */
    BUNDLER_SENDER_CODE, /* asking for the code of the sender */
    BUNDLER_SLOT,        /* asking which implementation the sender has */
    BUNDLER_CODE,        /* asking for code that should be known */
    BUNDLER_SIMULATE,
    BUNDLER_NONCE, /* asking for the next nonce of our account */
    BUNDLER_SIMULATE_AGAIN,
    BUNDLER_SIGN, /* nothing to ask: sign, keep, send */
    BUNDLER_SEND,
    BUNDLER_TRACK,      /* asking for a receipt */
    BUNDLER_USED_NONCE, /* no receipt: asking whether our account's nonce is used up */
    BUNDLER_FINISHED,
};

struct bundler_attempt {
    struct hash32 tx_hash;
    struct u256 max_fee_per_gas;
    struct u256 max_priority_fee_per_gas;
    bool is_cancel; /* pays ourselves, to free the nonce */
};

/* One operation. Only the bundler writes it. */
struct bundler_op {
    enum bundler_step step;
    enum service_userop_state state;
    struct hash32 hash;
    struct buf encoded; /* as userop_encode writes it; op points into it */
    struct userop op;
    struct loss_key peer;
    uint64_t loss_reserved; /* gas */
    uint64_t waiter;        /* who is to be told the verdict; 0 = nobody */
    bool verdict_due;
    enum service_code verdict;
    char reason[SERVICE_TEXT_LEN_MAX];
    size_t reason_len;

    uint64_t token; /* of the question that is out; 0 = none */
    instant at;     /* when the next question is due, or the one that is out too old */
    uint32_t failures_count;
    size_t known_at;       /* BUNDLER_CODE: index of the known code that is asked for */
    uint32_t known_needed; /* bit i: known[i] takes part */

    bool is_kept;       /* the store has a record of it */
    bool is_superseded; /* another operation took over its account nonce: no more attempts */
    bool is_given_up;   /* it would fail now: only its nonce is to be freed */
    bool needs_send;    /* the node may not have the latest attempt */
    bool has_nonce;
    uint64_t nonce;        /* of our account */
    struct u256 fee_floor; /* the next attempt pays at least this, wei per gas, as the next line */
    struct u256 tip_floor;
    uint64_t gas_limit;
    struct buf raw; /* the latest attempt, as sent */
    struct bundler_attempt attempts[BUNDLER_ATTEMPTS_MAX];
    size_t attempts_count;
    size_t attempt_at;      /* whose receipt is asked for */
    uint32_t missing_count; /* rounds in which the nonce was used up and no receipt was there */
    instant sent_at;

    struct hash32 tx_hash; /* that was included, or sent last */
    uint64_t block_number;
    bool success;
    struct u256 actual_gas_cost;
    struct u256 actual_gas_used;
};

struct bundler {
    struct bundler_cfg cfg;
    struct bundler_known known[BUNDLER_KNOWN_MAX];
    bool known_checked
        [BUNDLER_KNOWN_MAX]; /* the chain has it: code without an owner does not change */
    struct loss loss;
    struct bundler_op *ops; /* cfg.limits.ops_max */
    size_t poll_at;
    uint64_t next_token;
    bool has_head;
    struct service_head head;
    bool has_next_nonce;
    uint64_t next_nonce;
    struct buf call; /* handleOps */
    struct buf text; /* the question given out last */
    struct buf scratch;
    bool is_draining;     /* takes no more operations */
    struct u256 fees;     /* wei that final operations paid us, since the start */
    struct u256 gas_cost; /* wei that their transactions cost us */
};

/* bundler_init: ERR_LIMIT of the budget. cfg's spans are copied; its ports outlive the bundler. */
MUST_CHECK enum err bundler_init(struct bundler *b, const struct bundler_cfg *cfg);

/* bundler_set_limits takes over what needs no other places: all but ops_max. */
void bundler_set_limits(struct bundler *b, const struct bundler_limits *limits);
void bundler_done(struct bundler *b);

/* bundler_restore takes one record from the store at start-up, before anything else. ERR_MALFORMED: it is
 * broken: keep it aside and tell the operator; its operation must not be taken again before that. */
MUST_CHECK enum err bundler_restore(struct bundler *b, struct span record, instant now);

/* bundler_submit takes an operation in. Its verdict comes by bundler_poll, unless the answer is not OK: then it
 * is final and *ret_why says why (static text). *ret_hash names it, unless the answer is BAD_REQUEST. An
 * operation that is here already is not taken twice: the verdict is the one that it had. */
struct bundler_submission {
    struct address entry_point;
    struct span userop; /* copied */
    struct span peer;
    struct span group;
    uint64_t waiter; /* not 0 */
};
MUST_CHECK enum service_code bundler_submit(struct bundler *b,
                                            struct hash32 *ret_hash,
                                            const char **ret_why,
                                            const struct bundler_submission *s,
                                            instant now);

/* bundler_forget_waiter: nobody waits for this verdict any more. The operation goes on. */
void bundler_forget_waiter(struct bundler *b, uint64_t waiter);

/* bundler_find tells what has become of an operation; ERR_NOT_FOUND. Its reason lives until the next call. */
MUST_CHECK enum err
bundler_find(const struct bundler *b, struct service_userop_status *ret, const struct hash32 *hash);

/* bundler_head tells of a new head of the chain. Until the first one nothing is taken. */
void bundler_head(struct bundler *b, const struct service_head *head, instant now);

/* bundler_drain takes no more operations; those that it has it brings to their end. */
void bundler_drain(struct bundler *b);
size_t bundler_open_count(const struct bundler *b);

enum bundler_event_kind {
    BUNDLER_ASK,     /* token, text, timeout_ms: post text to the node */
    BUNDLER_VERDICT, /* waiter, hash, code, reason */
};

struct bundler_event {
    enum bundler_event_kind kind;
    uint64_t token; /* below 2^62 */
    struct span text;
    uint32_t timeout_ms;
    uint64_t waiter;
    struct hash32 hash;
    enum service_code code;
    struct span reason;
};

bool bundler_poll(struct bundler *b, struct bundler_event *ret_event, instant now);
void bundler_answer(struct bundler *b, uint64_t token, struct span text, instant now);
void bundler_answer_failed(struct bundler *b, uint64_t token, instant now);
instant bundler_deadline(const struct bundler *b);

#endif
