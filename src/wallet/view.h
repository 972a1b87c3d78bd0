#ifndef WALLET_VIEW_H
#define WALLET_VIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "evm/address.h"
#include "evm/u256.h"
#include "wallet/figure.h"
#include "wallet/limit_view.h"
#include "wallet/network.h"
#include "wallet/owner_view.h"
#include "wallet/session_view.h"
#include "wallet/text.h"

#include <assert.h>

/* Of an account that is there: which implementation it has, whether the next is there, and whether the move waits. */
enum { UPGRADE_ATTEMPT_COUNT = 4 };
enum upgrade_question {
    UPGRADE_ASK_IMPLEMENTATION, /* eth_getStorageAt; proven with VIEW_PROVE_ACCOUNT */
    UPGRADE_ASK_CODE,           /* eth_getCode of version 2 */
    UPGRADE_ASK_GUARDIANS_CODE, /* of its second contract */
    UPGRADE_ASK_READY,          /* changeReadyAt of the move to version 2, by attempt */
    UPGRADE_ASK_COUNT = UPGRADE_ASK_READY + UPGRADE_ATTEMPT_COUNT,
};

/* Of one of version 2: whether settings wait. */
enum { SETTING_ATTEMPT_COUNT = 4 };
enum setting_question {
    SETTING_ASK_KNOWN, /* changeReadyAt of each setting that the account's record has, in its place */
    SETTING_ASK_PROBE =
        SETTING_ASK_KNOWN + ACCOUNT_SETTING_COUNT_MAX, /* of one that a task is about, by attempt */
    SETTING_ASK_COUNT = SETTING_ASK_PROBE + SETTING_ATTEMPT_COUNT,
};

struct setting_view {
    uint64_t ready_at[ACCOUNT_SETTING_COUNT_MAX]; /* Unix time, as of owner_view */
    uint64_t task;                                /* for which was asked; 0: for none */
    uint8_t head[32];                             /* under this owner list */
    uint64_t probe_ready_at[SETTING_ATTEMPT_COUNT];
};

/* What a chain said about an account at one block: the newest block is asked for first, and then everything else at
 * that block's number, so that the figures fit together. */
enum view_question {
    VIEW_BLOCK,        /* eth_getBlockByNumber latest: number, time, base fee */
    VIEW_PRIORITY_FEE, /* eth_maxPriorityFeePerGas */
    VIEW_BALANCE,      /* eth_getBalance */
    VIEW_DEPOSIT,      /* EntryPoint.balanceOf: what earlier operations left there */
    VIEW_NONCE, /* EntryPoint.getNonce(account, 0); eth_getTransactionCount of one that is no smart account */
    VIEW_CODE,         /* eth_getCode: is the account there? */
    VIEW_FACTORY_CODE, /* eth_getCode of the factory: are our contracts there, and are they ours? */
    VIEW_VERIFIER_CODE, /* eth_getCode of the verifier */
    VIEW_P256,          /* P256VERIFY with a known-good vector */
    VIEW_TOKEN,         /* balanceOf of each listed token: slot = place in the network's list */
    VIEW_OWNER = VIEW_TOKEN +
                 NETWORK_TOKEN_COUNT_MAX, /* an owner_question on top, if the account is there */
    VIEW_UPGRADE = VIEW_OWNER + OWNER_ASK_COUNT,     /* the same of an upgrade_question */
    VIEW_SETTING = VIEW_UPGRADE + UPGRADE_ASK_COUNT, /* of a setting_question */
    VIEW_LIMIT = VIEW_SETTING + SETTING_ASK_COUNT,   /* of a limit_question */
    VIEW_SESSION = VIEW_LIMIT + LIMIT_ASK_COUNT,     /* of a slot of session_view */
    VIEW_QUESTION_COUNT = VIEW_SESSION + SESSION_SLOTS_MAX,
};

/* What is asked with a proof instead, where the hash of a block is trusted. */
enum view_proof {
    VIEW_PROVE_ACCOUNT =
        256, /* balance, whether it is there and with which implementation; the block's base fee */
    VIEW_PROVE_ENTRY_POINT, /* deposit and nonce, in the EntryPoint's storage */
    VIEW_PROVE_FACTORY,     /* the hash of its code */
    VIEW_PROVE_VERIFIER,
    VIEW_PROVE_VERSION_2,
    VIEW_PROVE_GUARDIANS_2,
    VIEW_PROVE_LIMITS, /* of the account's storage: limits and fees; whether addresses are known */
    VIEW_PROVE_KNOWN,
    VIEW_PROVE_SESSIONS, /* session keys */
    VIEW_PROVE_TOKEN, /* the balance of each listed token whose slot is known, in its place in the list */
};
enum { VIEW_PROOF_SLOTS_MAX = LIMIT_SLOTS_MAX };
static_assert((int)SESSION_SLOTS_MAX <= (int)VIEW_PROOF_SLOTS_MAX, "session keys fit");

enum contracts_state { CONTRACTS_UNKNOWN, CONTRACTS_MISSING, CONTRACTS_READY };

struct view {
    struct id account;
    struct id network;
    uint64_t as_of_ms; /* when it was whole; 0: never yet */
    uint64_t block;
    uint64_t block_ms;        /* the block's own time */
    struct hash32 block_hash; /* with an anchor: of that block */
    enum anchor anchor;       /* who named the block; NONE: the server that was asked */
    struct figure base_fee;
    struct figure priority_fee;
    struct figure balance;
    struct figure deposit;
    struct figure nonce;
    bool is_deployed;
    bool has_p256;
    enum contracts_state contracts;
    bool is_own_node; /* read from the node that the person named */
    struct figure tokens[NETWORK_TOKEN_COUNT_MAX];
    struct owner_view owners;       /* of an account that is there */
    uint64_t owners_ms;             /* when they were asked for; 0: never */
    struct figure implementation;   /* of an account that is there: its address; 0: not read */
    enum contracts_state version_2; /* is the next version there, and ours? */
    uint8_t upgrade_head
        [32]; /* the owner list for which was asked whether a move waits; 0: not asked */
    uint64_t upgrade_ready_at[UPGRADE_ATTEMPT_COUNT]; /* Unix time, as of owner_view */
    struct setting_view settings;
    struct limit_view limits; /* of an account of version 2 */
    struct session_view sessions;
};

/* What a question needs to be put into words. */
struct view_subject {
    const struct network *network;
    struct address account;
    bool is_smart;  /* a smart account: it has a deposit, and its nonces at the EntryPoint */
    uint64_t block; /* of VIEW_BLOCK's answer; unused for VIEW_BLOCK itself */
    enum anchor anchor;
    uint64_t as_of_ms;
    const struct account_change *changes; /* of the account; for VIEW_OWNER + OWNER_ASK_CHANGE */
    const struct hash32 *probes;          /* for VIEW_OWNER + OWNER_ASK_PROBE */
    const struct hash32 *upgrades;        /* for VIEW_UPGRADE + UPGRADE_ASK_READY */
    const struct known_setting *known;    /* of the account; for VIEW_SETTING + SETTING_ASK_KNOWN */
    const struct limit_view *limits;      /* what is asked; for VIEW_LIMIT and its proofs */
    const struct session_view *sessions;  /* the same; for VIEW_SESSION and its proof */
    const struct hash32 *settings;        /* for VIEW_SETTING + SETTING_ASK_PROBE */
};

/* view_ask appends the params (JSON array) of question q and gives its method. */
MUST_CHECK enum err
view_ask(struct buf *out, const char **ret_method, unsigned q, const struct view_subject *subject);

/* view_learn takes the answer to question q, which said->k of said->n servers gave: ERR_MALFORMED if it is not of the
 * form that the question demands; then v is untouched. */
MUST_CHECK enum err view_learn(struct view *v,
                               unsigned q,
                               struct json result,
                               const struct view_subject *subject,
                               const struct figure_said *said);

/* view_prove gives what to ask for proof q: an account, and slots of 32 bytes. */
struct view_proof_ask {
    struct address address;
    uint8_t slots[VIEW_PROOF_SLOTS_MAX][32];
    size_t slots_count;
};
void view_prove(struct view_proof_ask *ret, unsigned q, const struct view_subject *subject);

/* view_learn_proof takes the proof of q. ERR_STATE: it is of another account or block; then v is untouched. */
MUST_CHECK enum err view_learn_proof(struct view *v,
                                     unsigned q,
                                     const struct proven_account *p,
                                     const struct view_subject *subject);

/* view_has_slot: can the balance of token i be proven? */
bool view_has_slot(const struct network *n, size_t i);

/* Results of Ethereum's JSON-RPC: a quantity ("0x1", no leading zeros) and data of at most out's room. */
MUST_CHECK enum err view_quantity(struct u256 *ret, struct json v);
MUST_CHECK enum err view_quantity_u64(uint64_t *ret, struct json v);

#endif
