#ifndef WALLET_OPERATION_H
#define WALLET_OPERATION_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/u256.h"
#include "wallet/coded.h"
#include "wallet/figure.h"
#include "wallet/network.h"
#include "wallet/text.h"

/* One thing that happened or shall happen to an account: a transfer out, its replacement, a payment in. The record
 * in the store is the truth: it is written before anything that it says is done outside.
 *
 *   prepared → signed → submitted → included → final
 *      |          |         |           └→ submitted again, if its block was replaced
 *      |          └─────────┴→ failed, replaced
 *      └→ expired, cancelled
 *
 * Where several owners must sign, it stays prepared, with the signatures that are there, until the last one has.
 */
enum operation_kind {
    OPERATION_SEND,
    OPERATION_SPEED_UP,
    OPERATION_CANCEL,
    OPERATION_RECEIVE,
    OPERATION_OWNER_ADD, /* from here on: the account's call to itself */
    OPERATION_OWNER_REMOVE,
    OPERATION_OWNER_APPLY,
    OPERATION_OWNER_VETO,
    OPERATION_UPGRADE_BEGIN,
    OPERATION_UPGRADE_APPLY,
    OPERATION_UPGRADE_VETO,
    OPERATION_THRESHOLD_BEGIN,
    OPERATION_THRESHOLD_APPLY,
    OPERATION_THRESHOLD_VETO,
    OPERATION_GUARDIANS_BEGIN, /* settings: three of each kind, in the order of enum account_setting_kind */
    OPERATION_GUARDIANS_APPLY,
    OPERATION_GUARDIANS_VETO,
    OPERATION_LIMIT_BEGIN,
    OPERATION_LIMIT_APPLY,
    OPERATION_LIMIT_VETO,
    OPERATION_KNOWN_BEGIN,
    OPERATION_KNOWN_APPLY,
    OPERATION_KNOWN_VETO,
    OPERATION_LIMIT_LOWER, /* at once */
    OPERATION_KNOWN_FORGET,
    OPERATION_RECOVERY_BEGIN, /* from here on: a call to the account whose guardians act, by any other or itself */
    OPERATION_RECOVERY_APPLY,
    OPERATION_RECOVERY_PUT_OFF,
    OPERATION_RECOVERY_FREEZE,
    OPERATION_SESSION_ADD, /* a session key of the account, at once, as the next */
    OPERATION_SESSION_END,
    OPERATION_COSIGNER_BEGIN, /* a co-signer as an owner, and one more who must sign, in one change */
    OPERATION_COSIGNER_APPLY,
    OPERATION_COSIGNER_VETO,
    OPERATION_OWNERS_CARRY, /* a change of owners that was signed for every chain, by any account: carried, */
    OPERATION_OWNERS_CARRY_APPLY, /* carried out after the delay, */
    OPERATION_OWNERS_CARRY_VETO,  /* stopped */
    OPERATION_RECOVERY_CANCEL, /* by the guardians: their recovery is taken back; the account is held */
    OPERATION_RECOVERY_HOLD,
    OPERATION_KIND_COUNT
};

enum operation_state {
    OPERATION_PREPARED,  /* waits for the person */
    OPERATION_SIGNED,    /* in the journal with its signature, and no server has taken it yet */
    OPERATION_SUBMITTED, /* a server has taken it */
    OPERATION_INCLUDED,
    OPERATION_FINAL,
    OPERATION_FAILED,
    OPERATION_REPLACED,
    OPERATION_EXPIRED,
    OPERATION_CANCELLED,
    OPERATION_STATE_COUNT
};

const char *operation_kind_name(enum operation_kind kind);
const char *operation_state_name(enum operation_state state);

/* operation_is_own_call: it changes an account, and moves no money. operation_is_owners, operation_is_upgrade, operation_is_recovery: who
 * owns it; which implementation it has; what its guardians do. */
bool operation_is_own_call(enum operation_kind kind);
bool operation_is_owners(enum operation_kind kind); /* or how many of them sign */
bool operation_is_threshold(enum operation_kind kind);
bool operation_is_cosigner(enum operation_kind kind);
bool operation_is_upgrade(enum operation_kind kind);
bool operation_is_setting(enum operation_kind kind); /* of version 2 */
bool operation_is_session(enum operation_kind kind); /* the same */

/* operation_begins: once included it only waits, and can be stopped until it is carried out. */
bool operation_begins(enum operation_kind kind);
bool operation_is_recovery(enum operation_kind kind);
bool operation_is_carry(
    enum operation_kind
        kind); /* of a change of owners, which this wallet may pay for another account */

/* operation_is_over: nothing more will happen to it. */
bool operation_is_over(enum operation_state state);

/* operation_may_go: the arrows of the picture above. */
bool operation_may_go(enum operation_state from, enum operation_state to);

enum fee_speed { FEE_NORMAL, FEE_FAST, FEE_OWN };
enum risk_level { RISK_BLOCKED, RISK_DANGER, RISK_CAUTION, RISK_INFO };
enum trial_state { TRIAL_RUNNING, TRIAL_DONE, TRIAL_UNAVAILABLE, TRIAL_WOULD_FAIL };

enum {
    OPERATION_RISK_COUNT_MAX = 8,
    OPERATION_STEP_COUNT_MAX = 8,
    OPERATION_USEROP_LEN_MAX = 16 * 1024,
    OPERATION_RECORD_LEN_MAX = 32 * 1024,
    PEER_TEXT_LEN_MAX = 64,
    OPERATION_SIGNER_COUNT_MAX = 4, /* owners whose signatures one operation carries */
    STEP_BY_LEN_MAX = 64,
};

/* A line of warning. Its id in the API is its code: a code stands once in an operation. */
struct risk {
    enum risk_level level;
    bool tick; /* the person must tick it */
    struct coded what;
};

struct step {
    enum operation_state state;
    uint64_t at_ms;
    uint64_t block; /* 0: none */
    char by[STEP_BY_LEN_MAX + 1];
};

struct operation {
    struct id id; /* starts with the time, so that the store orders by it: see operation_id */
    enum operation_kind kind;
    enum operation_state state;
    uint64_t revision;
    struct id account;
    struct id network;
    uint64_t created_ms;
    uint64_t updated_ms;
    uint64_t expires_ms;
    bool by_command_line; /* else the page */
    bool is_given_out;    /* as text, for owners in other wallets to sign: it waits longer */

    struct address to;               /* of RECEIVE: the account itself */
    struct address from;             /* of RECEIVE: the payer; zero: unknown */
    struct address token;            /* zero: the native asset */
    char symbol[SYMBOL_LEN_MAX + 1]; /* as it was then */
    uint8_t decimals;
    struct u256 amount;     /* smallest unit */
    bool has_received;      /* RECEIVE: it is known by its own log: */
    struct figure received; /* amount, and how that is known; else it is what balances differ by */
    enum fee_speed speed;
    struct u256 fee_max; /* wei */
    struct figure
        fee_paid; /* wei; 0: not known yet. Its grade is that of the inclusion: one receipt proves both */
    bool has_first_deploy; /* it also creates the account on chain */
    enum trial_state trial;
    uint64_t trial_block;
    size_t risk_count;
    struct risk risks[OPERATION_RISK_COUNT_MAX];

    bool is_transaction; /* of an ordinary account: userop holds a transaction instead */
    struct buf
        userop; /* ABI encoding (evm/userop.h), or a transaction's raw form (evm/tx.h); with the signature once signed; empty for RECEIVE */
    struct hash32 userop_hash; /* what is signed */
    struct id owner;           /* whose passkey signed */
    struct id subject;         /* of OWNER_*: which owner is added or leaves */
    char server[PEER_TEXT_LEN_MAX + 1];
    struct hash32 tx_hash;
    bool has_tx;
    uint64_t block; /* 0: not included */
    struct coded reason;
    struct id replaces;
    struct id replaced_by;
    size_t step_count;
    struct step steps[OPERATION_STEP_COUNT_MAX];
};

/* operation_id makes an id whose first 6 bytes are at_ms; operation_key is its place in the store: the 16 bytes
 * themselves, so that keys are ordered by time. ERR_MALFORMED: not such an id. */
struct id operation_id(struct rng *rng, uint64_t at_ms);
/* operation_id_of makes one that follows from what it names. */
struct id operation_id_of(uint64_t at_ms, const struct span *facts, size_t facts_count);
MUST_CHECK enum err operation_key(uint8_t ret_key[static 16], struct id id);

/* operation_new makes an empty one, charged to budget, which must outlive it; operation_free takes NULL too.
 * AUTO(operation_auto) struct operation *op = NULL; frees on every path. */
MUST_CHECK enum err operation_new(struct operation **ret, struct budget *budget);
void operation_free(struct operation *op);
void operation_auto(struct operation **op);

/* operation_encode appends the record. operation_decode empties op and fills it: ERR_MALFORMED, ERR_LIMIT. */
MUST_CHECK enum err operation_encode(struct buf *out, const struct operation *op);
MUST_CHECK enum err operation_decode(struct operation *op, struct span record);

/* operation_go moves to a state that operation_may_go allows (else it aborts) and notes the step. */
struct step_args {
    enum operation_state state;
    uint64_t at_ms;
    uint64_t block;
    struct span by;
};
void operation_go(struct operation *op, struct step_args args);

/* operation_add_risk does nothing if a line of that code is there or the room is full. */
void operation_add_risk(struct operation *op, const struct risk *risk);
const struct risk *operation_find_risk(const struct operation *op, struct span code);

/* operation_is_within: one owner's signature suffices for it, whatever the threshold (evm/smart_account.h). */
bool operation_is_within(const struct operation *op);

/* operation_own_call gives the calldata of the one call that an operation of an account to itself makes; it points into op.
 * ERR_MALFORMED: it is no such operation. */
MUST_CHECK enum err operation_own_call(struct span *ret, const struct operation *op);

/* operation_check_code prints the first 32 bits of the hash that is signed, as XXXX-XXXX. */
void operation_check_code(char ret[static 10], const struct operation *op);

#endif
