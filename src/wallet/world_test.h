#ifndef WALLET_WORLD_TEST_H
#define WALLET_WORLD_TEST_H

#include "base/map.h"
#include "base/rng.h"
#include "base/test.h"
#include "crypto/p256.h"
#include "evm/account_limits.h"
#include "evm/account_session.h"
#include "evm/smart_account.h"
#include "wallet/wallet.h"

/* A world for the wallet's tests: a store in memory that can be told to fail, a chain of a few numbers that answers the
 * wallet's questions, a software passkey, and virtual time. */

enum { WORLD_RECORD_COUNT_MAX = 256 };
#define WORLD_ORIGIN "http://passmesh.localhost:7878"

struct world_record {
    bool is_used;
    enum store_table table;
    uint8_t key[STORE_KEY_LEN_MAX];
    size_t key_len;
    uint8_t *value;
    size_t value_len;
};

struct world_store {
    struct store store;
    struct world_record records[WORLD_RECORD_COUNT_MAX];
    size_t writes;     /* so far */
    size_t fails_from; /* writes from this number on fail; 0: none */
};

/* world_store_init makes an empty store usable (world_store_test.c). */
void world_store_init(struct world_store *s);

/* What the account's contract says of its owners, and the one change that waits. */
struct world_owners {
    struct smart_owner list[4];
    size_t count;
    uint64_t threshold;
    uint64_t sequence;
    uint8_t head[32];
    struct hash32 waits;
    uint64_t ready_at; /* 0: none waits */
};

/* What it says of limits, of ether and of the listed token, and who is known. */
struct world_limits {
    struct account_limit_words of[2];
    struct u256 fees;
    struct address known; /* zero: nobody */
};

/* Of a session key: its id, and what the contract's words of it are; zero: there is none. */
struct world_session {
    uint8_t id[ACCOUNT_SESSION_ID_LEN];
    struct u256 words[SESSION_PART_COUNT];
};

struct world;
struct world_chain {
    uint64_t block;
    uint64_t base_fee;
    struct u256 balance;
    struct u256 deposit;
    struct u256 token;
    uint64_t nonce;
    bool is_deployed;
    bool is_down;     /* questions are not answered at all */
    bool trial_fails; /* eth_estimateGas reverts */
    bool lies;        /* answers are of the wrong form */
    bool lacks_p256;  /* no code at P256VERIFY's address, so a call has no output */
    const char *tx;   /* the transactions of every block, JSON; NULL: none */
    const char *log;  /* what eth_getLogs finds */
    uint8_t agreeing; /* so many servers say the same; 0: the one that was asked */
    size_t questions;
    struct world_owners owners; /* of an account that is deployed */
    bool has_other;             /* the network "other" says this of them instead: */
    struct world_owners other;
    bool is_other;                 /* the question that is being answered is about it */
    struct address implementation; /* the same; zero: version 1 */
    struct world_limits limits;    /* the same, of version 2 */
    struct world_session session;  /* the same */
    bool lacks_version_2;          /* its code is not on this chain */
    bool is_anchored;              /* blocks are named by an anchor, and what can be is proven */
    bool proves_wrongly;           /* no proof holds */
    /* Answers eth_call before anything else does; 0: not this one. NULL: nobody. */
    size_t (*call)(const struct world *w, char *out, size_t cap, struct span params);
    enum err (*inclusion)(struct proven_inclusion *ret, const struct wallet_event *e); /* or NULL */
    /* The same of logs; len is that of the answer. */
    enum err (*logs)(struct proven_logs *ret, size_t *len, const struct wallet_event *e);
    struct u256 claimed; /* what answers without a proof say that the balance is, if not 0 */
    size_t proofs;
    uint64_t anchored; /* the block that the anchor has named last */
    /* Transactions of ordinary accounts: eth_sendRawTransaction. */
    uint8_t sent[1024]; /* the newest, raw */
    size_t sent_len;
    size_t sent_count;
    const char *send_error; /* refused with these words */
    bool includes;          /* the newest is in a block: included_at, or the newest */
    uint64_t included_at;
    bool forgets; /* eth_getTransactionByHash finds nothing */
    bool reverts;
};

struct world {
    struct world_store store;
    struct world_chain chain;
    struct rng_seeded rng;
    struct wallet *wallet;
    struct network networks[2]; /* "local", which a server reaches, and "other", which none does */
    struct wallet_time t;
    struct secret32 secret;
    struct p256_public key;
    uint8_t credential[16];
    /* What the wallet wanted last. */
    bool wants_submit;
    bool wants_track;
    struct id submit;
    struct id track;
    unsigned turn; /* whose, of both */
    size_t submits;
    size_t changes; /* WALLET_OPERATION_CHANGED events */
    uint64_t task_done;
    /* Who else hears the events that are for the API; NULL: nobody. */
    void (*tell)(void *user, const struct wallet_event *e);
    void *user;
};

/* world_init makes a world with a wallet; world_restart kills the wallet and makes it anew from the store. */
bool world_init(struct world *w);
bool world_restart(struct world *w);
void world_done(struct world *w);

/* world_turn lets ms pass and gives the wallet answers until it asks nothing more. */
void world_turn(struct world *w, uint64_t ms);

/* world_name_block has the anchor name the chain as it is now. An account must be there. */
void world_name_block(struct world *w);

/* How a ceremony is answered. */
struct world_ceremony {
    const char *origin; /* NULL: the right one */
    uint8_t flags;      /* 0: UP and UV */
};

/* world_attest is what the passkey gives when it is made; its spans live until the next call. */
struct enroll_answer
world_attest(struct world *w, struct span challenge, const struct world_ceremony *how);

/* world_enroll makes an account named name; NULL if it was refused, with why. */
const struct account *world_enroll(struct world *w,
                                   const char *name,
                                   const struct world_ceremony *how,
                                   struct coded *why);

/* world_deploy puts the first account on the chain, with its owners, and lets the wallet read that. */
void world_deploy(struct world *w);

/* world_call gives the one call that the operation makes; its data lives until the next call. */
struct smart_call world_call(struct world *w, struct id operation);

/* world_asks: do the params of an eth_call hold a call of the function with that signature? For chain.call. */
bool world_asks(struct span params, const char *signature);

/* world_include has the chain include a signed operation and the wallet see it final. */
void world_include(struct world *w, struct id operation);

/* world_answer signs challenge as the passkey does; its spans live until the next call. */
struct passkey_answer
world_answer(struct world *w, struct span challenge, const struct world_ceremony *how);

/* world_unlock answers the ceremony of unlocking. */
enum err world_unlock(struct world *w, struct coded *why);

/* world_wait waits for a task; OK with the operation's id. */
enum err world_wait(struct world *w, uint64_t task, struct id *ret, struct coded *why);

/* world_prepare prepares a transfer of wei to an address and waits for the task; OK with the operation's id. */
enum err world_prepare(struct world *w, uint64_t wei, struct id *ret, struct coded *why);

/* world_approve approves an operation with every line ticked. */
enum err world_approve(struct world *w, struct id operation, struct coded *why);

/* world_state reads the operation's state. */
enum operation_state world_state(struct world *w, struct id operation);

extern const struct address world_receiver;
extern const struct address world_token;

#endif
