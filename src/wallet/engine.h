#ifndef WALLET_ENGINE_H
#define WALLET_ENGINE_H

#include "base/map.h"
#include "wallet/cosigner_ask.h"
#include "wallet/recovery.h"
#include "wallet/wallet.h"

#include <assert.h>

/* The wallet's inside, shared by the files of this folder only. */

/* One question on its way. */
struct ask {
    uint64_t id;
    unsigned what;       /* a view_question, or one of the below */
    uint64_t task;       /* of the trial's questions; 0: for the view */
    struct id operation; /* of ASK_SEND_TX to ASK_INCLUSION */
    instant give_up;     /* answered with ERR_TIMEOUT then */
};
enum {
    ASK_TO_CODE = VIEW_QUESTION_COUNT, /* eth_getCode of the receiver */
    ASK_TRIAL,                         /* eth_estimateGas of the call, from the account */
    ASK_TOKEN_LOGS,                    /* eth_getLogs: transfers of tokens to the account */
    ASK_BLOCK_TXS,                     /* eth_getBlockByNumber with transactions: who paid in */
    ASK_SEND_TX,                       /* eth_sendRawTransaction */
    ASK_RECEIPT,                       /* eth_getTransactionReceipt of a transaction of ours */
    ASK_PENDING_TX,                    /* eth_getTransactionByHash of one without a receipt */
    ASK_INCLUSION, /* a proof, of a transaction that is said to hold an operation */
    ASK_LOGS,      /* a proof, of all transfers of a token to the account */
    ASK_LOOK, /* from here on RECOVERY_ASK_COUNT: of an account's guardians; task: the place of the reading, from 1 */
};
enum {
    ASK_COUNT_MAX = VIEW_QUESTION_COUNT + 2 * WALLET_TASK_COUNT_MAX +
                    WALLET_OPEN_OPERATION_COUNT_MAX +
                    (int)RECOVERY_VIEW_COUNT_MAX * (int)RECOVERY_ASK_COUNT,
    ASK_TIMEOUT_MS = 15000,
    ASK_LOGS_TIMEOUT_MS = 60000, /* a server may ask its node for hundreds of blocks first */
};

static_assert((int)ASK_LOOK + (int)RECOVERY_ASK_COUNT <= (int)VIEW_PROVE_ACCOUNT,
              "a question's number says whose it is");

/* How a reading of the view goes on. */
struct reading {
    bool is_running;
    bool has_failed;
    bool is_disputed; /* an answer was, and no other one outvoted it */
    struct id account;
    struct id network;
    struct proven_head head;               /* with an anchor: what is proven is proven of it */
    struct view next;                      /* being filled */
    size_t waiting;                        /* questions without an answer */
    struct hash32 probes[OWNER_COUNT_MAX]; /* ids of removals that are asked for */
    struct hash32 upgrades[UPGRADE_ATTEMPT_COUNT]; /* and of moves to the next version */
    struct hash32 settings[SETTING_ATTEMPT_COUNT]; /* and of the setting that a task is about */
    struct wallet_source source;
    enum err err;
};

enum task_kind { TASK_QUOTE, TASK_PREPARE, TASK_REPLACE, TASK_LOOK };
enum task_step { TASK_READING, TASK_TRYING, TASK_DONE };

/* Scheduling a setting of all guardians, the longest there is, takes 3,332 bytes. */
enum { TASK_CALL_LEN_MAX = 3584, OWNERS_CALL_GAS = 300 * 1000 };

/* A change of eight owners, and the signatures of RECOVERY_ANSWER_COUNT_MAX guardians. */
enum { RECOVERY_CALL_LEN_MAX = 11 * 1024, RECOVERY_CALL_GAS = 2000 * 1000 };

/* Something that was asked for and needs the chain before it can be answered. */
struct task {
    uint64_t id; /* 0: free */
    enum task_kind kind;
    enum task_step step;
    struct transfer transfer;
    struct id replaces;
    struct id owner;                 /* of OPERATION_OWNER_*: who is added or leaves */
    bool is_within;                  /* one owner's signature is to suffice: limit_allows it */
    uint8_t call[TASK_CALL_LEN_MAX]; /* the account's call to itself, once the chain was read */
    size_t call_len;
    const struct buf *long_call; /* NULL; or the call, which is the wallet's recovery_call */
    struct id lost;              /* of OPERATION_RECOVERY_*: whose guardians act */
    enum operation_kind operation_kind;
    uint32_t threshold;             /* of OPERATION_THRESHOLD_BEGIN */
    struct account_setting setting; /* of a setting that begins */
    struct hash32 setting_id;       /* of one that is carried out or stopped */
    struct account_session session; /* of OPERATION_SESSION_*; to end one, its id alone */
    uint64_t asked_ms;              /* a view read before this is too old, but for VIEW_FRESH_MS */
    size_t waiting;                 /* questions of the trial without an answer */
    bool to_is_contract;
    bool trial_failed;
    bool trial_unavailable;
    struct u256 trial_gas;
    char trial_reason[CODED_VALUE_LEN_MAX + 1];
    struct task_result result;
};
/* What is trusted of the selected network, and what is not. */
struct trust {
    struct id network;
    enum anchor anchor;
    bool has_head;
    struct proven_head head;
    instant block_at;     /* when the anchor was heard last */
    bool is_failing;      /* readings have failed since then */
    instant failing_from; /* the first of them */
    enum doubt doubt;
};
/* A lying server is one that the next reading does without; and an anchor may be restarted. */
enum { DOUBT_AFTER_MS = 6000, ANCHOR_SILENT_MS = 60 * 1000, ANCHOR_WAIT_MS = 6000 };

enum { VIEW_FRESH_MS = 3000, VIEW_STALE_MS = 60 * 1000, VIEW_TOO_OLD_MS = 5 * 60 * 1000 };

/* An event that waits for wallet_poll. Its texts are in the queue's own buffers. */
struct queued {
    enum wallet_event_kind kind;
    uint64_t id;
    const struct network *network;
    const char *method;
    struct buf text; /* params, slots, or the operation's encoding */
    struct id operation;
    struct hash32 hash;
    struct id account;
    enum wallet_ask_mode mode;
    struct address address;
    enum wallet_proof proof;
    struct proven_head head;
    uint64_t block;
    uint64_t blocks;
    uint32_t len_max;
    struct hash32 tx_hash;
    unsigned turn;
};

/* A reading of an account's guardians: the last that was whole, and the one that is being filled. */
struct recovery_look {
    struct recovery_view view;
    struct recovery_view next;
    struct id account; /* whose servers are asked */
    bool has_guardians;
    bool has_recovery;
    bool has_probed; /* the second round: changes of the owners that may wait there */
    size_t probe_count;
    struct hash32 probes[LOOK_PROBE_COUNT];
    uint64_t probe_ready_at[LOOK_PROBE_COUNT];
    size_t waiting; /* questions without an answer */
    enum err err;
};

/* What one owner signed apart from any operation: it stops an account or a recovery, whoever carries it. */
struct recovery_brake {
    struct id account; /* unset: none */
    struct id network;
    enum recovery_act act;
    struct hash32 hash;
    struct smart_owner owner;
    struct help_answer signature; /* its signature alone */
};

enum { SENT_TO_COUNT_MAX = 8192, VIEW_COUNT_MAX = 8, WALLET_TEXT_LEN_MAX = 64 * 1024 };

struct open_operation {
    struct operation *op;
    instant retry_at;   /* SIGNED: submit again; SUBMITTED, INCLUDED: ask again */
    bool is_asked;      /* a WALLET_SUBMIT or WALLET_TRACK has no answer yet */
    unsigned late_asks; /* since it is late: whose turn it is */
    unsigned looks;     /* at one that is INCLUDED */
    instant give_up_at; /* and is asked anew then */
    /* What a server said of its inclusion, while a proof is asked for; and how that goes. */
    struct tracked said;
    char said_reason[CODED_VALUE_LEN_MAX + 1];
    uint64_t prove_at;  /* the block that the proof starts at */
    uint64_t proven_at; /* the one that the last good proof started at; 0: none yet */
    unsigned unproven;  /* proofs that did not come */
};

/* A payment in whose payer is looked for, between two blocks. */
struct tracing {
    struct id operation;
    struct id network;
    struct id whose; /* the account's id */
    struct address account;
    struct address token; /* zero: the native asset */
    struct u256 amount;   /* what balances differ by */
    uint64_t from;        /* blocks */
    uint64_t to;
    unsigned looked;
    /* Of tokens: logs are proven while there is an anchor, from block to down. */
    enum anchor anchor;
    struct hash32 to_hash;
    uint64_t blocks;       /* that are asked for next */
    uint64_t blocks_total; /* that were looked through */
    uint64_t bytes;        /* of the answers */
    unsigned failures;     /* in a row */
};
enum { TRACING_COUNT_MAX = 16, TRACE_FOUND_COUNT_MAX = 16 };

/* A transfer to the account, as its token's log says. */
struct trace_found {
    struct address from;
    struct hash32 tx_hash;
    size_t log_index;
    uint64_t block;
    uint64_t time_s; /* Unix time of the block; 0: not known */
    struct figure amount;
};

struct wallet {
    struct wallet_cfg cfg;
    struct budget budget;
    struct settings settings;
    struct way_list ways; /* into the vault */

    struct account *accounts[ACCOUNT_COUNT_MAX];
    size_t account_count;
    struct contact *contacts; /* sorted by name */
    size_t contact_count;
    size_t contact_cap;
    struct map sent_to; /* addresses that something was sent to, the first SENT_TO_COUNT_MAX */
    struct ceremony ceremonies[WALLET_CEREMONY_COUNT_MAX];
    size_t ceremony_count;

    bool is_locked;
    uint64_t touched_ms;
    unsigned unlock_failures;
    instant unlock_from; /* tries before are refused */

    struct view views[VIEW_COUNT_MAX]; /* least recently read is replaced */
    struct wallet_source view_source;  /* of the newest */
    struct reading reading;
    struct trust trust;
    instant read_again_at;
    struct id read_next; /* the account that is read first then; not set: the selected one */
    bool read_wanted;
    bool owners_wanted; /* the owners may have changed: ask for them in the next reading */
    size_t servers;     /* that can be asked for the selected network */
    bool has_network;

    struct ask asks[ASK_COUNT_MAX];
    size_t ask_count;
    uint64_t next_ask;
    struct task tasks[WALLET_TASK_COUNT_MAX];
    uint64_t next_task;

    struct recovery_look looks[RECOVERY_VIEW_COUNT_MAX];
    struct recovery_help helps[RECOVERY_HELP_COUNT_MAX];
    struct recovery_brake brake;
    struct recovery_brake veto; /* of a change of owners, which is its hash; for every chain */
    struct cosigner_wish cosigner_wish;
    struct buf recovery_call; /* of the one recovery that is being prepared */

    struct tracing tracings[TRACING_COUNT_MAX]; /* the first is being looked for */
    size_t tracing_count;
    bool is_tracing;
    struct trace_found found[TRACE_FOUND_COUNT_MAX]; /* of the first tracing */
    size_t found_count;
    struct u256 found_sum; /* of them, and of those for which there was no room */

    struct open_operation open[WALLET_OPEN_OPERATION_COUNT_MAX];
    size_t open_count;

    struct queued queue[WALLET_EVENT_COUNT_MAX];
    size_t queue_head;
    size_t queue_count;
    struct buf polled; /* the text of the event that was given last */
    struct buf scratch;
};

/* refuse sets *ret_why to an error code of the API and returns err. */
enum err refuse(struct coded *ret_why, enum err err, const char *code);
/* refuse_state: something is not as it would have to be; state says how it is. */
enum err refuse_state(struct coded *ret_why, const char *code, const char *state);

/* store_refused: the store's error as the API says it. */
enum err store_refused(struct coded *ret_why, enum err err);

/* refuse_limit: limit_reached, of what and how many. */
enum err refuse_limit(struct coded *ret_why, const char *what, uint64_t max);

/* ---- queue.c ---- */
struct queued *queue_add(struct wallet *w, enum wallet_event_kind kind); /* never NULL */
void queue_note(struct wallet *w, enum wallet_event_kind kind); /* once only, however often */
void queue_operation(struct wallet *w, struct id operation);
void queue_done(struct wallet *w);

/* ---- book.c ---- */
MUST_CHECK enum err book_load(struct wallet *w, struct coded *ret_why);
void book_done(struct wallet *w);
MUST_CHECK enum err book_save_account(struct wallet *w, const struct account *a);
MUST_CHECK enum err book_save_settings(struct wallet *w);
MUST_CHECK enum err book_save_operation(struct wallet *w, const struct operation *op);
struct account *book_account(struct wallet *w, struct id id);
/* book_check_name: a new name of an account (but the account that has it may keep it): name_bad, name_taken. */
MUST_CHECK enum err book_check_name(const struct wallet *w,
                                    struct name *ret,
                                    struct span name,
                                    const struct account *but,
                                    struct coded *ret_why);
MUST_CHECK enum err book_save_contact(struct wallet *w, const struct contact *c);
MUST_CHECK enum err book_insert_contact(struct wallet *w, const struct contact *c);
MUST_CHECK enum err book_add_account(struct wallet *w, const struct account *a);
/* book_note_sent remembers that something was sent there, and counts it for a contact. */
void book_note_sent(struct wallet *w, struct address to);
void book_know_sent(struct wallet *w, struct address to);

/* ---- ceremony.c, passkey.c ---- */
MUST_CHECK enum err ceremony_load(struct wallet *w, struct wallet_time t, struct coded *ret_why);
void ceremony_expire(struct wallet *w, struct wallet_time t);

/* passkey_verify holds an answer against what was asked of an account's owner (WebAuthn Level 3 §7.2) and notes the use.
 * ret_signature (NULL: not wanted) gets the owner's signature as the account's verifier takes it. Refusals:
 * ceremony_wrong_key, ceremony_unverified, ceremony_refused, ceremony_origin. */
struct passkey_args {
    struct account *account;
    struct id network; /* set: the passkey must own the account there */
    struct span challenge;
    const struct passkey_answer *answer;
};
/* passkey_refused says why an answer does not hold: ceremony_origin or ceremony_refused. Returns ERR_AUTH. */
enum err passkey_refused(const struct wallet *w,
                         struct span client_data,
                         const struct diag *diag,
                         struct coded *ret_why);
MUST_CHECK enum err passkey_verify(struct wallet *w,
                                   struct wallet_time t,
                                   const struct passkey_args *args,
                                   struct owner **ret_owner,
                                   struct buf *ret_signature,
                                   struct coded *ret_why);

/* ---- read.c: keeping views fresh ---- */
void read_tick(struct wallet *w, struct wallet_time t);
void read_start(struct wallet *w, struct wallet_time t, struct id account, struct id network);
/* read_want: this account of the selected network is the next that is read, at once. */
void read_want(struct wallet *w, struct wallet_time t, struct id account);
void read_answer(struct wallet *w,
                 struct wallet_time t,
                 const struct ask *ask,
                 enum err err,
                 struct json result,
                 const struct wallet_source *source);
struct view *read_view(struct wallet *w, struct id account, struct id network);
/* ask_send puts a question into the queue; params is JSON text. ERR_LIMIT: too many are on their way. */
struct ask_args {
    unsigned what;
    enum wallet_ask_mode mode;
    struct id account;
    uint64_t task;
    struct id operation;
    const struct network *network;
    const char *method;
    struct span params;
};
MUST_CHECK enum err ask_send(struct wallet *w, struct wallet_time t, struct ask_args args);

void read_proven(struct wallet *w,
                 struct wallet_time t,
                 const struct ask *ask,
                 enum err err,
                 const struct proven_account *p);

/* ---- trust.c ---- */
/* trust_block gives the block to prove against for this network, or NULL. */
const struct proven_head *trust_head(const struct wallet *w, struct id network);
/* trust_waits: a block will be named, and reading without one is too early. */
bool trust_waits(const struct wallet *w, struct wallet_time t, struct id network);
/* trust_note takes how a reading of this network ended. */
void trust_note(struct wallet *w, struct wallet_time t, const struct reading *r, enum err err);
void trust_tick(struct wallet *w, struct wallet_time t);
/* trust_check refuses what would rest on a network that is doubtful now: chain_doubtful. */
MUST_CHECK enum err trust_check(const struct wallet *w, struct id network, struct coded *ret_why);

/* ---- prepare.c ---- */
void prepare_tick(struct wallet *w, struct wallet_time t);
/* prepare_check_chain: locked, unknown_network, no_network, no_server, chain_doubtful. */
MUST_CHECK enum err
prepare_check_chain(const struct wallet *w, struct id network, struct coded *ret_why);
/* A task of another file: it is added (NULL: there is no place), ends, or ends with the reason why a chain could not be read. */
struct task *prepare_task_add(struct wallet *w, struct wallet_time t, enum task_kind kind);
void prepare_task_end(struct wallet *w, struct task *task, enum err err);
void prepare_task_unread(struct wallet *w, struct task *task, enum err err);
/* prepare_check_subject: locked, unknown_account, unknown_network, unknown_asset, no_network, no_server. */
MUST_CHECK enum err
prepare_check_subject(const struct wallet *w, const struct transfer *x, struct coded *ret_why);
/* prepare_own_call starts the task of a smart account's call to itself. Refusals that are known at once: those of
 * prepare_check_subject, account_kind, unknown_owner, operation_open, limit_reached. */
struct own_subject {
    enum operation_kind kind;
    struct id owner;                       /* of OPERATION_OWNER_*: who is added or leaves */
    uint32_t threshold;                    /* of OPERATION_THRESHOLD_BEGIN */
    const struct account_setting *setting; /* of a setting that begins; or NULL */
    struct hash32 setting_id;              /* of one that is carried out or stopped */
    const struct account_session *session; /* of OPERATION_SESSION_*; or NULL */
    struct id lost;                        /* of OPERATION_RECOVERY_*: whose guardians act */
};
MUST_CHECK enum err prepare_own_call(struct wallet *w,
                                     struct wallet_time t,
                                     const struct own_call *args,
                                     const struct own_subject *what,
                                     uint64_t *ret_task,
                                     struct coded *ret_why);
/* prepare_begin starts the task of making an operation that is not on its way yet. Refusals: operation_open, limit_reached. */
MUST_CHECK enum err prepare_begin(struct wallet *w,
                                  struct wallet_time t,
                                  const struct transfer *x,
                                  const struct own_subject *what,
                                  uint64_t *ret_task,
                                  struct coded *ret_why);
/* prepare_go carries on every task that waited for this reading; err is the reading's own. */
void prepare_go(
    struct wallet *w, struct wallet_time t, struct id account, struct id network, enum err err);
void prepare_answer(struct wallet *w,
                    struct wallet_time t,
                    const struct ask *ask,
                    enum err err,
                    struct json result);

/* ---- draft.c: a transfer in the form that is signed ---- */
struct draft {
    struct buf encoded; /* without its signature */
    struct hash32 hash; /* what is signed */
    struct u256 fee_max;
    struct address sender;
    bool creates_account;
    bool is_transaction;
};
void draft_done(struct draft *d);
/* draft_call is the call of a transfer: ether directly, a token by transfer(address,uint256), its data in room; of owners:
 * task->call, to the account itself. */
struct smart_call draft_call(const struct task *task, uint8_t room[static 68]);
/* draft_call_data appends what the EntryPoint is to hand to the smart account: execute, or executeWithin. */
MUST_CHECK enum err draft_call_data(struct buf *out, const struct task *task);
/* draft_make fills *d, which is zeroed; a replacement takes the nonce of what it replaces and outbids it. ERR_STATE: that is gone (the
 * task says not_replaceable). */
MUST_CHECK enum err
draft_make(struct wallet *w, struct draft *d, struct task *task, const struct view *v);

/* ---- approve.c ---- */
/* approve_nonce is the nonce that an operation takes, of either kind. ERR_MALFORMED. */
MUST_CHECK enum err approve_nonce(struct u256 *ret, const struct operation *op);

/* approve_by_cosigner puts the co-signer's signature, which holds, beside the others: the last that lacked. Refusals: those of wallet_approve that
 * are not about ticks or the passkey. */
MUST_CHECK enum err approve_by_cosigner(struct wallet *w,
                                        struct wallet_time t,
                                        const struct approve_args *args,
                                        const struct owner *cosigner,
                                        struct span signature,
                                        struct coded *ret_why);

/* approve_check_current: it waits, in this revision, and nothing has taken its place. Refusals: operation_state, operation_changed,
 * operation_expired, stale_data, chain_doubtful. */
MUST_CHECK enum err approve_check_current(struct wallet *w,
                                          struct wallet_time t,
                                          const struct operation *op,
                                          const struct approve_args *args,
                                          struct coded *ret_why);
/* approve_by_owner puts the signature of an owner, which holds, beside the others, also of one that this wallet does not know; with the last
 * one that lacked it goes on its way. The caller has asked approve_check_current. Refusals: unknown_operation, already_signed, storage_failed,
 * storage_full. */
MUST_CHECK enum err approve_by_owner(struct wallet *w,
                                     struct wallet_time t,
                                     const struct approve_args *args,
                                     const struct smart_owner *key,
                                     struct span signature,
                                     struct coded *ret_why);

/* ---- cosigner_ask.c ---- */
/* cosigner_is_for: do the terms name that chain? */
bool cosigner_is_for(const struct cosigner_terms *terms, uint64_t chain);
/* cosigner_check_join: on this network the account's co-signer may become an owner now, as wallet_cosigner_make asks it: its terms name the
 * chain, and by a reading of the last minute the passkey would get rid of it alone. Else ret_why: cosigner_state, recovery_unread. */
MUST_CHECK enum err cosigner_check_join(const struct wallet *w,
                                        struct wallet_time t,
                                        const struct account *a,
                                        struct id network,
                                        struct coded *ret_why);

/* ---- cosigner_join.c ---- */
/* cosigner_join_change is the change that would make the co-signer o an owner on v's chain, with one signature more than now. */
struct owner_change cosigner_join_change(const struct wallet *w,
                                         const struct account *a,
                                         const struct owner *o,
                                         const struct view *v);
/* cosigner_joins: on some network such a change of the account's co-signer waits, or may wait where nothing was read. */
bool cosigner_joins(const struct wallet *w, const struct account *a);
/* As owners_build and owners_add_risks, of OPERATION_COSIGNER_*. */
MUST_CHECK enum err cosigner_join_build(struct wallet *w,
                                        struct wallet_time t,
                                        struct task *task,
                                        const struct owner *o,
                                        const struct view *v);
void cosigner_join_add_risks(struct operation *op, const struct owner *o, const struct view *v);

/* ---- track_tx.c: transactions of ordinary accounts, by Ethereum's JSON-RPC ---- */
MUST_CHECK enum err
tx_ask_submit(struct wallet *w, struct wallet_time t, const struct operation *op);
MUST_CHECK enum err
tx_ask_track(struct wallet *w, struct wallet_time t, const struct operation *op);
void tx_answer(struct wallet *w,
               struct wallet_time t,
               const struct ask *ask,
               enum err err,
               struct json result,
               const struct wallet_source *source);
/* tx_is_outrun: the account's nonce has passed it, so it can never be included any more. */
bool tx_is_outrun(const struct wallet *w, const struct operation *op);

/* ---- owners.c ---- */
/* owner_bytes is an owner as the contract has it. */
struct smart_owner owner_bytes(const struct network *n, const struct owner *o);
/* owners_next_change is the change that comes next on v's chain: nobody is added or removed yet, and the threshold stays. */
struct owner_change owners_next_change(const struct account *a, const struct view *v);
/* owners_find_change is the last change about an owner, or about the threshold (unset), that this wallet knows of there: it waits, or was vetoed, or
 * never came to the chain; *ret_i is its place in a's list. NULL: none. */
const struct account_change *
owners_find_change(const struct account *a, struct id owner, struct id network, size_t *ret_i);
/* owners_build puts the call that a task of owners makes into task->call; or its result's why says why not. */
MUST_CHECK enum err
owners_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v);
void owners_add_risks(struct wallet *w, struct operation *op, const struct view *v);
/* owners_signed notes in the account what was signed, if the rest of it comes later; the caller stores the account. */
void owners_signed(struct account *a, const struct operation *op);
/* owners_probe gives the ids of the changes of a's owners that another wallet may have begun (removals; of a co-signer that is none yet, its coming), from what v said of owners: how
 * many of them; 0 if v is not whole in owners. */
size_t owners_probe(const struct wallet *w,
                    struct hash32 ret_ids[static OWNER_COUNT_MAX],
                    const struct account *a,
                    const struct view *v);
/* owners_read takes what a reading that is over says of owners: who is one, and which changes are past. */
void owners_read(struct wallet *w, struct view *v);

/* owners_check_ready: the delay of what waits is over by the chain's clock or ours, or code (with the hours that are left) says why
 * not. */
MUST_CHECK enum err owners_check_ready(struct task *task,
                                       struct wallet_time t,
                                       const struct view *v,
                                       uint64_t ready_at,
                                       const char *code);

/* ---- upgrade.c ---- */
/* As owners_build and owners_add_risks, of the account's version. */
MUST_CHECK enum err
upgrade_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v);
void upgrade_add_risks(struct operation *op, const struct view *v);
/* upgrade_is_due: a move may wait for the owner list that v has, and nobody has asked. */
bool upgrade_is_due(const struct wallet *w, const struct view *v);
/* upgrade_probe gives the ids of the moves to version 2 that may wait, by attempt, and notes in v for which owner list: how many
 * of them; 0 if v is not whole in owners. */
size_t upgrade_probe(const struct wallet *w,
                     struct hash32 ret_ids[static UPGRADE_ATTEMPT_COUNT],
                     const struct account *a,
                     struct view *v);

/* upgrade_version is the version that v says the account has. */
enum account_version upgrade_version(const struct network *n, const struct view *v);

/* ---- setting.c ---- */
/* As owners_build and owners_add_risks, of the settings of version 2. */
MUST_CHECK enum err
setting_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v);
void setting_add_risks(const struct wallet *w, struct operation *op);
/* setting_signed notes in the account what was scheduled; the caller stores the account. */
void setting_signed(const struct wallet *w, struct account *a, const struct operation *op);
/* setting_lacks: before the task goes on, the chain must be asked whether its setting waits already, and v does not say so.
 * setting_is_due: so it is of a task that waits for v. */
bool setting_lacks(const struct wallet *w, const struct view *v, const struct task *task);
bool setting_is_due(const struct wallet *w, const struct view *v);
/* setting_probe gives the ids under which the setting of a task may wait, by attempt, and notes in v of which task and owner list: how
 * many of them; 0 if no task needs it. */
size_t setting_probe(struct wallet *w,
                     struct hash32 ret_ids[static SETTING_ATTEMPT_COUNT],
                     const struct account *a,
                     struct view *v);
/* setting_read forgets the settings of former owners, which a reading that is over says are void. */
void setting_read(struct wallet *w, struct view *v);

/* The values of a line: limit, an amount in units with its symbol; address and name. */
void setting_say_limit(struct coded *c,
                       const struct network *n,
                       struct address token,
                       struct u256 amount);
void setting_say_known(struct coded *c,
                       const struct wallet *w,
                       const struct operation *op,
                       struct address to);

/* ---- limit.c ---- */
/* limit_allows: what the task is about can be done with one owner's signature where several must sign, as v says, when its greatest fee
 * is this one. */
bool limit_allows(const struct wallet *w,
                  const struct view *v,
                  const struct task *task,
                  struct u256 fee);
/* As setting_lacks and setting_is_due, of limits. limit_probe notes in v what is to be asked; false: nothing. */
bool limit_lacks(const struct wallet *w, const struct view *v, const struct task *task);
bool limit_is_due(const struct wallet *w, const struct view *v);
bool limit_probe(const struct wallet *w,
                 struct wallet_time t,
                 const struct account *a,
                 struct view *v);
/* limit_build makes the call that lowers a limit or forgets an address. limit_add_risks says that, and how many must sign. */
MUST_CHECK enum err limit_build(struct wallet *w, struct task *task, const struct view *v);
void limit_add_risks(const struct wallet *w, struct operation *op);

/* ---- session.c ---- */
/* As setting_build, setting_add_risks, setting_signed and setting_is_due, of session keys. */
MUST_CHECK enum err
session_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v);
void session_add_risks(const struct wallet *w, struct operation *op);
void session_signed(const struct wallet *w,
                    struct wallet_time t,
                    struct account *a,
                    const struct operation *op);
bool session_is_due(const struct wallet *w, const struct view *v);
/* session_probe notes in v which sessions are to be read there, and gives the number of their slots. session_read notes in the account
 * which of them a reading that is over has found. */
size_t session_probe(const struct wallet *w,
                     struct wallet_time t,
                     const struct account *a,
                     struct view *v);
void session_read(struct wallet *w, const struct view *v);

/* ---- recovery_look.c ---- */
void recovery_answer(struct wallet *w,
                     struct wallet_time t,
                     const struct ask *ask,
                     enum err err,
                     struct json result,
                     const struct wallet_source *source);

/* ---- owner_chains.c ---- */
/* owner_chains_read_view and owner_chains_read_look take what a reading that is over says of the owners on a chain. */
void owner_chains_read_view(struct wallet *w, const struct view *v);
void owner_chains_read_look(struct wallet *w, const struct recovery_look *l);
/* owner_chains_have: an owner may sign on some chain, as that was read last. */
bool owner_chains_have(const struct account *a, struct id owner);
/* owner_chains_probe gives the kept changes that may wait where v was read: how many of them. */
size_t owner_chains_probe(struct wallet *w,
                          const struct recovery_view *v,
                          struct hash32 ret[static LOOK_PROBE_COUNT]);

/* ---- owner_carry.c ---- */
/* owner_carry_keep keeps a change of at most one owner each way, unless there is no room: every other one is still lacked by a chain. The
 * caller stores the account. owner_carry_import keeps what waits and was begun before. */
void owner_carry_keep(struct account *a, const struct owner_change *c);
bool owner_carry_import(const struct wallet *w, struct account *a);
/* As recovery_build and recovery_add_risks. */
MUST_CHECK enum err
owner_carry_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v);
void owner_carry_add_risks(struct wallet *w, struct operation *op, const struct task *task);

/* ---- guardian.c ---- */
/* guardian_sign: a passkey's signature over a hash in the form of the chain, and which owner made it. Refusals of a passkey's ceremony. */
MUST_CHECK enum err guardian_sign(struct wallet *w,
                                  struct wallet_time t,
                                  const struct passkey_args *args,
                                  struct help_answer *ret,
                                  struct coded *ret_why);

/* ---- recovery.c ---- */
/* recovery_take_call gives a task the one long call that there is room for, empty. Refusal: limit_reached. */
MUST_CHECK enum err recovery_take_call(struct wallet *w, struct task *task);
/* recovery_fresh is the reading, if it is new enough to act on; or NULL. */
const struct recovery_view *recovery_fresh(const struct wallet *w,
                                           struct wallet_time t,
                                           struct address address,
                                           struct id network);
/* recovery_lacking: why an account has no guardians that could help it, a word of recovery_state; "": it has. */
const char *recovery_lacking(const struct recovery_view *v);
bool recovery_has_guardian(const struct recovery_view *v, const struct smart_owner *guardian);
/* recovery_read takes what a reading says: a request that has come true is done with. */
void recovery_read(struct wallet *w, const struct recovery_view *v);
/* recovery_ask_leave makes a request that one owner, a co-signer, leaves and the threshold is one less (1 at least); *ret_hash is what guardians sign. Refusals: recovery_unread,
 * recovery_state, cosigner_state, limit_reached, storage_failed, storage_full. */
MUST_CHECK enum err recovery_ask_leave(struct wallet *w,
                                       struct wallet_time t,
                                       const struct account *a,
                                       const struct network *n,
                                       const struct smart_owner *leaves,
                                       struct hash32 *ret_hash,
                                       struct coded *ret_why);
MUST_CHECK enum err recovery_load(struct wallet *w, struct span record);
/* recovery_save and recovery_drop store a request with its answers, and take it away. recovery_signature appends the answers in the form
 * that the contract takes. */
MUST_CHECK enum err recovery_save(struct wallet *w, const struct recovery_help *r);
MUST_CHECK enum err recovery_drop(struct wallet *w, struct recovery_help *r);
enum { RECOVERY_SIGNATURES_LEN_MAX = 9 * 1024 };
MUST_CHECK enum err recovery_signature(struct buf *out, const struct recovery_help *r);
/* As owners_build and owners_add_risks. */
MUST_CHECK enum err
recovery_build(struct wallet *w, struct wallet_time t, struct task *task, const struct view *v);
void recovery_add_risks(struct wallet *w, struct operation *op, const struct task *task);

/* ---- guardian_act.c ---- */
/* guardian_act_state: why the guardians cannot sign that now, a word of recovery_state, or "". v is of its account. */
const char *guardian_act_state(const struct recovery_view *v,
                               struct wallet_time t,
                               const struct help_request *r);
/* guardian_act_is_done: what was asked for, of another kind than help, has happened. */
bool guardian_act_is_done(const struct recovery_view *v, const struct help_request *r);
/* guardian_act_build makes the call of OPERATION_RECOVERY_CANCEL or HOLD, as recovery_build. */
MUST_CHECK enum err guardian_act_build(struct wallet *w, struct wallet_time t, struct task *task);

/* ---- guardian_way.c ---- */
/* guardian_way_learn keeps what a reading says of an own account's guardians. guardian_way_practised notes the way as proven if the answers to r, a
 * practice request, are a quorum of those that v names. guardian_way_counts: they are a way in, as
 * far as was read within 180 days; way may be NULL. guardian_way_forget: they are to be read anew; false: nothing was known. */
bool guardian_way_counts(const struct guardian_way *way, uint64_t unix_ms);
bool guardian_way_forget(struct account *a, struct id network);
void guardian_way_learn(struct wallet *w, const struct recovery_view *v);
void guardian_way_practised(struct wallet *w,
                            struct wallet_time t,
                            const struct recovery_help *r,
                            const struct recovery_view *v);

/* ---- track.c ---- */
struct open_operation *track_find(struct wallet *w, struct id operation);
MUST_CHECK enum err track_add(struct wallet *w, struct operation *op); /* owns op if OK */
void track_tick(struct wallet *w, struct wallet_time t);
instant track_deadline(const struct wallet *w);
/* track_sweep takes operations that are over out of memory. */
void track_sweep(struct wallet *w);
/* track_drop_prepared cancels what waits for the person there: the newest wish is the one that counts. */
void track_drop_prepared(struct wallet *w,
                         struct wallet_time t,
                         struct id account,
                         struct id network);
/* track_go moves an operation on and writes it; a failed write leaves the old state in the store, and the next start
 * finds the new one by asking again. */
void track_go(struct wallet *w, struct operation *op, struct step_args args);
bool track_has_open(const struct wallet *w, struct id account, struct id network);

/* ---- track_proof.c: whether an operation is in a block, by its receipt ---- */
/* proof_begin sees whether a server's word of an inclusion needs a proof. true: it is asked for, or its time has not come; the word counts for
 * nothing until then. false: take it as it is, for nothing is proven on this network, or nobody proves it. */
bool proof_begin(struct wallet *w,
                 struct wallet_time t,
                 struct open_operation *o,
                 const struct tracked *what);
/* proof_answer takes a proof, or why there is none. */
void proof_answer(struct wallet *w,
                  struct wallet_time t,
                  const struct ask *ask,
                  enum err err,
                  const struct proven_inclusion *p);
/* track_included moves an operation on that is in a block; fee's grade says how that is known. */
void track_included(struct wallet *w,
                    struct wallet_time t,
                    struct open_operation *o,
                    const struct tracked *what,
                    const struct figure *fee);
/* track_pause_us: how long until the operation is asked after again. */
uint64_t track_pause_us(const struct wallet *w, const struct open_operation *o);
/* track_new_head asks at once after what a new block of that network may hold or make final. */
void track_new_head(struct wallet *w,
                    struct wallet_time t,
                    const struct network *network,
                    uint64_t block);

/* ---- trace.c ---- */
void trace_add(struct wallet *w, const struct tracing *what); /* forgotten if there are too many */
void trace_tick(struct wallet *w, struct wallet_time t);
void trace_answer(struct wallet *w,
                  struct wallet_time t,
                  const struct ask *ask,
                  enum err err,
                  struct json result,
                  const struct wallet_source *source);

/* ---- trace_proof.c: the same from complete logs ---- */
/* trace_prove asks for the logs of the next blocks. */
MUST_CHECK enum err trace_prove(struct wallet *w, struct wallet_time t, const struct tracing *x);
/* trace_proven takes them, or why there are none (NULL). true: the tracing is over or goes on with what servers say. */
void trace_proven(
    struct wallet *w, struct wallet_time t, enum err err, struct proven_logs *p, size_t len);
/* trace_end ends the first tracing. */
void trace_end(struct wallet *w);

/* ---- trace_record.c: what is being looked for outlives the program ---- */
void trace_keep(struct wallet *w, const struct tracing *x);
void trace_forget(struct wallet *w, const struct tracing *x);
/* trace_load takes up one that was kept: from its first block again. ERR_MALFORMED. */
MUST_CHECK enum err trace_load(struct wallet *w, struct span record);

/* ---- incoming.c ---- */
/* incoming_look compares a view that was just read with the cursor and writes payments in. */
void incoming_look(struct wallet *w, const struct view *v);

#endif
