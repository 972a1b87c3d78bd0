#ifndef WALLET_WALLET_H
#define WALLET_WALLET_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/span.h"
#include "crypto/secp256k1.h"
#include "wallet/account.h"
#include "wallet/coded.h"
#include "wallet/contact.h"
#include "wallet/network.h"
#include "wallet/operation.h"
#include "wallet/settings.h"
#include "wallet/store.h"
#include "wallet/view.h"
#include "wallet/way.h"

/*~ The wallet: accounts, what they hold, and what they send. It knows no socket, no clock and no disk.
 *
 *     node/api  -- commands -->  wallet  -- WALLET_ASK, WALLET_SUBMIT, WALLET_TRACK -->  node: servers
 *               <-- events ---           <-- wallet_answer, wallet_submitted, wallet_tracked --
 *                                  |
 *                            struct store (port)
 *
 * A command answers at once, or gives a task whose end is an event. What a command refuses, it refuses with an
 * error of api/errors.json in *ret_why. What is shown comes from the records in the store, so a killed wallet
 * starts where it stood; what was signed is in the store before it leaves.
 *
 * Read on in the order enroll.c (a passkey becomes an account), view.c (what the chain says), prepare.c (a wish
 * becomes an operation), approve.c (an assertion becomes a signature), track.c (until it is final), incoming.c. */

enum {
    WALLET_OPEN_OPERATION_COUNT_MAX = 32,
    WALLET_TASK_COUNT_MAX = 16,
    WALLET_EVENT_COUNT_MAX = 256,
    WALLET_CEREMONY_COUNT_MAX = 4,
    WALLET_APPROVE_MS = 5 * 60 * 1000,      /* an operation waits this long for the person */
    WALLET_OTHERS_SIGN_MS = 60 * 60 * 1000, /* and so long for each further owner who must sign */
};

/* The two clocks: mono for waiting, unix_ms for what is written and shown. */
struct wallet_time {
    instant mono;
    uint64_t unix_ms;
};

struct wallet_cfg {
    struct budget *budget; /* everything is charged to it */
    struct rng *rng;
    struct log *log;                /* may be NULL */
    struct store *store;            /* outlives the wallet */
    const char *origin;             /* of the page, such as "http://passmesh.localhost:7878" */
    const char *rp_id;              /* "passmesh.localhost" */
    bool software_key;              /* passkeys of this process are test keys: marked everywhere */
    const struct network *networks; /* outlive the wallet */
    size_t network_count;           /* at least 1; the first is selected at first start */
};

enum wallet_event_kind {
    /* for the node */
    WALLET_ASK, /* id, network, account, method, params, mode: ask servers; wallet_answer follows */
    WALLET_PROVE, /* id, network, account, block_hash, proof: ask for it; wallet_proven, wallet_proven_inclusion or wallet_proven_logs follows */
    WALLET_SUBMIT, /* operation, network, userop: give it to servers; wallet_submitted follows */
    WALLET_TRACK,  /* operation, network, hash: ask what became of it; wallet_tracked follows */
    /* for the API */
    WALLET_TASK_DONE,         /* task: see wallet_task_take */
    WALLET_OPERATION_CHANGED, /* operation */
    WALLET_ACCOUNTS_CHANGED,
    WALLET_BALANCES_CHANGED,
    WALLET_STATUS_CHANGED, /* chain health, lock, selection, ceremonies, number of requests */
    WALLET_SETTINGS_CHANGED,
};

/* What of a block that the anchor has named is to be proven. */
enum wallet_proof {
    WALLET_PROOF_ACCOUNT,   /* address, slots */
    WALLET_PROOF_INCLUSION, /* block, tx_hash: a transaction in its chain */
    WALLET_PROOF_LOGS, /* block, blocks, address, slots (topics 0 and 2), len_max: all logs of a contract in the blocks that end there */
};

/* How many are asked, and what becomes of their answers. */
enum wallet_ask_mode {
    WALLET_ASK_FIRST,  /* one, and another if it is slow: the first answer that is one */
    WALLET_ASK_AGREE,  /* several: what most of them say */
    WALLET_ASK_MIDDLE, /* several: the middle of their numbers */
};

struct wallet_event {
    enum wallet_event_kind kind;
    uint64_t id;       /* ASK, PROVE: of the question; TASK_DONE: of the task */
    struct id account; /* ASK, PROVE, SUBMIT, TRACK: whose servers are asked; unset: nobody's */
    enum wallet_ask_mode mode;
    enum wallet_proof proof;
    struct hash32 block_hash; /* PROVE: of a block that the anchor has named */
    struct proven_head head;  /* PROVE an account: what the anchor says of that block */
    uint64_t block;           /* PROVE: its number */
    uint64_t blocks;          /* PROVE: so many, that one and those before it */
    uint32_t len_max;         /* PROVE: bytes that the answer may have; 0: the most there are */
    struct address address;   /* PROVE */
    struct span slots;        /* PROVE: 32 bytes each; until the next call */
    struct hash32 tx_hash;    /* PROVE */
    const struct network *network;
    const char *method; /* static */
    struct span params; /* JSON text; until the next call */
    struct id operation;
    struct span userop; /* ABI encoding; until the next call */
    unsigned
        turn; /* SUBMIT, TRACK: 0: whom the account asks; else it is late, and servers take turns */
    struct hash32 hash;
};

/* What navigator.credentials.get gave. */
struct passkey_answer {
    struct span credential_id;
    struct span client_data;
    struct span authenticator_data;
    struct span signature; /* DER */
};

struct wallet;

/* wallet_new makes the wallet and loads the store. ERR_IO; ERR_MALFORMED: a record is broken (*ret_why says which);
 * the store is left untouched then. */
MUST_CHECK enum err wallet_new(struct wallet **ret,
                               const struct wallet_cfg *cfg,
                               struct wallet_time t,
                               struct coded *ret_why);
void wallet_free(struct wallet *w);

bool wallet_poll(struct wallet *w, struct wallet_event *ret_event);
instant wallet_deadline(const struct wallet *w);
void wallet_tick(struct wallet *w, struct wallet_time t);

/* ---- from the node ---- */

/* Who said it, for the grade: so many servers gave the same answer, of so many asked. */
struct wallet_source {
    char server[PEER_TEXT_LEN_MAX + 1]; /* one of them */
    uint8_t k;
    uint8_t n;
    bool own_node;
    bool is_disputed; /* others gave another answer */
    bool is_middle;   /* the middle of different answers */
};

/* wallet_answer takes the result of a question, JSON text; or err with the server's error object (may be empty).
 * Unknown ids are ignored. */
void wallet_answer(struct wallet *w,
                   struct wallet_time t,
                   uint64_t id,
                   enum err err,
                   struct span result,
                   const struct wallet_source *source);

/* wallet_proven takes what became of a PROVE: p is proven against the block that was asked about, or err says why nothing is:
 * ERR_NOT_FOUND: no server has that block or its state; else none gave a proof that holds. Unknown ids are ignored. */
void wallet_proven(struct wallet *w,
                   struct wallet_time t,
                   uint64_t id,
                   enum err err,
                   const struct proven_account *p);

/* wallet_proven_inclusion does the same of a transaction; ERR_UNSUPPORTED: no server answers such questions. */
void wallet_proven_inclusion(struct wallet *w,
                             struct wallet_time t,
                             uint64_t id,
                             enum err err,
                             const struct proven_inclusion *p);

/* wallet_proven_logs does the same of logs, whose answer had len bytes; ERR_UNSUPPORTED: no server answers such questions, or not for so
 * many blocks. p is read, and may be emptied after the call. */
void wallet_proven_logs(struct wallet *w,
                        struct wallet_time t,
                        uint64_t id,
                        enum err err,
                        struct proven_logs *p,
                        size_t len);

/* wallet_set_anchor tells where trusted blocks of a network come from; NONE: from nowhere. */
void wallet_set_anchor(struct wallet *w,
                       struct wallet_time t,
                       const struct network *network,
                       enum anchor anchor);

/* wallet_trust_block: the anchor of a network names its newest block, head. What can be proven is proven against it. */
void wallet_trust_block(struct wallet *w,
                        struct wallet_time t,
                        const struct network *network,
                        const struct proven_head *head);

/* wallet_submitted: a server took the operation (OK), refuses it for good (ERR_DENIED, why), or none could be
 * asked now (ERR_TIMEOUT: it is tried again). */
void wallet_submitted(struct wallet *w,
                      struct wallet_time t,
                      struct id operation,
                      enum err err,
                      const struct coded *why,
                      const struct wallet_source *source);

/* What became of an operation, as a server says. */
enum tracked_state { TRACKED_UNKNOWN, TRACKED_PENDING, TRACKED_INCLUDED, TRACKED_FAILED };
struct tracked {
    enum tracked_state state;
    struct hash32 tx_hash;
    uint64_t block;
    struct u256 fee_paid; /* wei */
    bool success;         /* of its calls; false: the fee was paid and nothing else happened */
    struct span reason;   /* revert text, untrusted */
};
void wallet_tracked(struct wallet *w,
                    struct wallet_time t,
                    struct id operation,
                    const struct tracked *what);

/* wallet_set_reach tells how many servers can be asked for a network. */
void wallet_set_reach(struct wallet *w,
                      struct wallet_time t,
                      const struct network *network,
                      size_t servers,
                      bool has_network);

/* wallet_new_head: a server says there is a new block; the view is read again. */
void wallet_new_head(struct wallet *w,
                     struct wallet_time t,
                     const struct network *network,
                     uint64_t block);

/* ---- accounts ---- */

struct enroll_args {
    struct span name;
    struct id resume; /* unset = a new one */
};

/* A ceremony that was begun. */
struct ceremony {
    struct id id;
    bool is_unlock;
    struct id account; /* set: one more passkey for this account */
    struct name name;
    uint64_t created_ms;
    uint64_t expires_ms;
    uint8_t user_id[32];
    uint8_t challenge[32];
};

/* wallet_enroll_begin writes the record of a ceremony and gives it. Refusals: locked, name_bad, name_taken,
 * limit_reached, unknown_ceremony, storage_failed, storage_full. */
MUST_CHECK enum err wallet_enroll_begin(struct wallet *w,
                                        struct wallet_time t,
                                        const struct enroll_args *args,
                                        struct ceremony *ret_ceremony,
                                        struct coded *ret_why);
MUST_CHECK enum err
wallet_enroll_cancel(struct wallet *w, struct id ceremony, struct coded *ret_why);

/* What navigator.credentials.create gave. */
struct enroll_answer {
    struct id ceremony;
    struct span passkey_name;
    struct span credential_id;
    struct span client_data;
    struct span attestation;
    unsigned transports;
};

/* wallet_enroll_finish verifies the answer and stores the account; for a ceremony that made one already it gives that
 * account again. The account is borrowed until the next call. */
MUST_CHECK enum err wallet_enroll_finish(struct wallet *w,
                                         struct wallet_time t,
                                         const struct enroll_answer *args,
                                         const struct account **ret_account,
                                         struct coded *ret_why);

/* wallet_account_add stores an account whose key is in the vault, or that is only watched, and selects it. Refusals: locked, name_bad,
 * name_taken, account_known (name), limit_reached, storage_failed, storage_full. */
struct account_args {
    struct span name;
    enum account_kind kind; /* not ACCOUNT_PASSKEY */
    struct address address;
    uint32_t entry;
    struct span path;
};
MUST_CHECK enum err wallet_account_add(struct wallet *w,
                                       struct wallet_time t,
                                       const struct account_args *args,
                                       const struct account **ret_account,
                                       struct coded *ret_why);

/* wallet_account_may_add tells beforehand what wallet_account_add would refuse but for the address: the key is made between. */
MUST_CHECK enum err
wallet_account_may_add(struct wallet *w, struct span name, struct coded *ret_why);

size_t wallet_account_count(const struct wallet *w);
const struct account *wallet_account_at(const struct wallet *w, size_t i);
const struct account *wallet_account(const struct wallet *w, struct id id); /* NULL: unknown */
MUST_CHECK enum err
wallet_account_rename(struct wallet *w, struct id id, struct span name, struct coded *ret_why);
MUST_CHECK enum err
wallet_account_select(struct wallet *w, struct wallet_time t, struct id id, struct coded *ret_why);

/* ---- owners ---- */

const struct owner *
wallet_owner(const struct wallet *w, struct id account, struct id owner); /* NULL: unknown */

/* wallet_owner_state: where an owner stands on a network, as far as it was read. */
struct owner_state {
    enum owner_standing standing;
    bool is_read;      /* else it is what was read last, on whichever network */
    uint64_t ready_ms; /* its removal waits, or of a co-signer that is new its coming, and may be
                          carried out from then on; 0: nothing waits */
};
struct owner_state wallet_owner_state(const struct wallet *w,
                                      const struct account *a,
                                      const struct owner *o,
                                      struct id network);

/* wallet_active_owners counts those that may sign there. */
size_t wallet_active_owners(const struct wallet *w, const struct account *a, struct id network);

/* wallet_unknown_owners counts those that the account has there and this wallet does not know: added elsewhere, or by a
 * thief. 0 if that was not read. */
size_t wallet_unknown_owners(const struct wallet *w, const struct account *a, struct id network);

/* wallet_owner_begin begins the ceremony of one more passkey for an account; wallet_owner_finish verifies the answer and
 * stores the owner, which stands on no chain yet. Refusals: those of enrolling, unknown_account. */
struct owner_begin_args {
    struct id account;
    struct id resume; /* unset = a new one */
};
MUST_CHECK enum err wallet_owner_begin(struct wallet *w,
                                       struct wallet_time t,
                                       const struct owner_begin_args *args,
                                       struct ceremony *ret_ceremony,
                                       struct coded *ret_why);
MUST_CHECK enum err wallet_owner_finish(struct wallet *w,
                                        struct wallet_time t,
                                        const struct enroll_answer *args,
                                        const struct account **ret_account,
                                        struct coded *ret_why);

MUST_CHECK enum err wallet_owner_rename(
    struct wallet *w, struct id account, struct id owner, struct span name, struct coded *ret_why);

/* wallet_owner_forget takes an owner that stands on no chain out of the list. Refusals: locked, unknown_account,
 * unknown_owner, owner_in_use: it may sign, or the address depends on it. */
MUST_CHECK enum err
wallet_owner_forget(struct wallet *w, struct id account, struct id owner, struct coded *ret_why);

/* What is asked for with every call of an account to itself. */
struct own_call {
    struct id account;
    struct id network;
    enum fee_speed speed;
    bool by_command_line;
};

/* wallet_owner_prepare starts the task of making an operation that adds an owner, removes one (which waits), carries out
 * what waits, or stops it. Adding a co-signer waits too, and raises the threshold by one in the same change; it needs a reading of
 * wallet_recovery_look of the last minute. Refusals, some when the task is done: those of wallet_prepare, unknown_owner, owner_state,
 * owner_leaving, owner_not_leaving, owner_last, owner_waits, owners_unread, of a co-signer cosigner_state, recovery_unread. */
enum owner_wish { OWNER_WISH_ADD, OWNER_WISH_REMOVE, OWNER_WISH_APPLY, OWNER_WISH_VETO };
struct owner_args {
    struct own_call own;
    struct id owner;
    enum owner_wish what;
};
MUST_CHECK enum err wallet_owner_prepare(struct wallet *w,
                                         struct wallet_time t,
                                         const struct owner_args *args,
                                         uint64_t *ret_task,
                                         struct coded *ret_why);

/* wallet_version_state: which version of the account's contract it has on a network, and what of the move to the next one. One that
 * is not there yet will be of version 1. */
enum account_version {
    ACCOUNT_VERSION_UNREAD,
    ACCOUNT_VERSION_1,
    ACCOUNT_VERSION_2,
    ACCOUNT_VERSION_OTHER, /* code that this wallet does not know */
};
enum upgrade_standing { UPGRADE_NONE, UPGRADE_OFFERED, UPGRADE_WAITS };
struct version_state {
    enum account_version version;
    struct figure implementation; /* its address as a number: how far the version can be trusted */
    enum upgrade_standing upgrade;
    uint64_t ready_ms; /* of UPGRADE_WAITS: it may be carried out from then on */
};
struct version_state
wallet_version_state(const struct wallet *w, const struct account *a, struct id network);

/* wallet_upgrade_prepare starts the task of making an operation that begins the move to version 2 (which waits), carries it out,
 * or stops it. Refusals, some when the task is done: those of wallet_prepare, upgrade_state, upgrade_waits, owners_unread,
 * limit_reached. */
enum upgrade_wish { UPGRADE_WISH_BEGIN, UPGRADE_WISH_APPLY, UPGRADE_WISH_VETO };
struct upgrade_args {
    struct own_call own;
    enum upgrade_wish what;
};
MUST_CHECK enum err wallet_upgrade_prepare(struct wallet *w,
                                           struct wallet_time t,
                                           const struct upgrade_args *args,
                                           uint64_t *ret_task,
                                           struct coded *ret_why);

/* wallet_threshold is how many owners must sign there: as it was read, there or last. wallet_threshold_change: another number
 * that waits; 0: none does. */
uint64_t wallet_threshold(const struct wallet *w, const struct account *a, struct id network);
struct threshold_change {
    uint64_t threshold;
    uint64_t ready_ms;
};
struct threshold_change
wallet_threshold_change(const struct wallet *w, const struct account *a, struct id network);

/* wallet_threshold_prepare starts the task of making an operation that begins to change the threshold (which waits), carries it out,
 * or stops it. Refusals, some when the task is done: those of wallet_prepare, threshold_state, owner_waits, owners_unread. */
enum threshold_wish { THRESHOLD_WISH_BEGIN, THRESHOLD_WISH_APPLY, THRESHOLD_WISH_VETO };
struct threshold_args {
    struct own_call own;
    enum threshold_wish what;
    uint32_t threshold; /* of BEGIN: 1 to OPERATION_SIGNER_COUNT_MAX */
};
MUST_CHECK enum err wallet_threshold_prepare(struct wallet *w,
                                             struct wallet_time t,
                                             const struct threshold_args *args,
                                             uint64_t *ret_task,
                                             struct coded *ret_why);

/* ---- settings of version 2 (evm/account_setting.h) ---- */

/* wallet_settings_waiting gives the settings that wait there and that this wallet knows of: those that were signed here, and those
 * that it was asked for itself and found waiting. */
struct setting_waiting {
    const struct known_setting *what;
    uint64_t ready_ms; /* it may be carried out from then on */
};
size_t wallet_settings_waiting(const struct wallet *w,
                               const struct account *a,
                               struct id network,
                               struct setting_waiting ret[static ACCOUNT_SETTING_COUNT_MAX]);

/* wallet_setting_prepare starts the task of making an operation that schedules a setting (which waits), carries one out, or stops
 * it; or, at once, lowers a limit (period_s 0: as it is) or forgets a known address. Refusals, some when the task is done: those of wallet_prepare, unknown_setting, setting_state, setting_waits, owners_unread,
 * limit_reached. */
enum setting_wish { SETTING_WISH_BEGIN, SETTING_WISH_APPLY, SETTING_WISH_VETO, SETTING_WISH_LESS };
struct setting_args {
    struct own_call own;
    enum setting_wish what;
    const struct account_setting *setting; /* of BEGIN and LESS */
    struct hash32 id;                      /* of the others: of one that waits */
};
MUST_CHECK enum err wallet_setting_prepare(struct wallet *w,
                                           struct wallet_time t,
                                           const struct setting_args *args,
                                           uint64_t *ret_task,
                                           struct coded *ret_why);

/* wallet_limits gives what was read of an account's limits there, NULL: nothing, or it has none (version 1). wallet_limit_left is what
 * is left of limit i at that time; the greatest fee of an operation takes from ether's. */
const struct limit_view *
wallet_limits(const struct wallet *w, const struct account *a, struct id network);
struct u256
wallet_limit_left(const struct wallet *w, const struct account *a, struct id network, size_t i);

/* wallet_signers_needed is how many owners must sign an operation: 1 where it keeps within limits. */
uint64_t wallet_signers_needed(const struct wallet *w, const struct operation *op);

/* wallet_signers gives the owners whose signatures an operation has: how many of them. */
size_t wallet_signers(const struct wallet *w,
                      const struct operation *op,
                      const struct owner *ret[static OPERATION_SIGNER_COUNT_MAX]);
/* wallet_signature_count counts also those of owners that this wallet does not know (wallet/partial.h). */
size_t wallet_signature_count(const struct operation *op);

/* wallet_account_safety: ways in, and how many of them were proven within 180 days. The ways into an ordinary account are those into the
 * vault, into a smart account its owners,
 * and a quorum of its guardians as they were read on the selected network within 180 days, if the owners are not needed for it. */
struct safety {
    size_t ways_in;
    size_t tested;
    bool by_guardians; /* one of the ways is a quorum of guardians, on the selected network */
    bool has_spare;    /* one may be lost: what is left can sign */
    bool is_kept;      /* an ordinary account: its vault is in a backup file too, as it is now */
    bool safe;         /* all that, and two were proven */
};
struct safety
wallet_account_safety(const struct wallet *w, const struct account *a, uint64_t unix_ms);

/* wallet_ways_seen takes the ways into the vault that there are now, as the key process says; their dates are ours. A way that has gone is
 * forgotten. wallet_way_proven writes down that it let the person in just now; wallet_way_proven_ms says when it did last, 0: never. */
void wallet_ways_seen(struct wallet *w, const struct way_list *seen);
void wallet_way_proven(struct wallet *w, struct wallet_time t, const struct way *way);
uint64_t wallet_way_proven_ms(struct wallet *w, const struct way *way);

/* wallet_backup_proven writes down that a backup file of that generation of the vault was opened just now. */
void wallet_backup_proven(struct wallet *w, struct wallet_time t, uint64_t generation);
const struct way_list *wallet_ways(const struct wallet *w);

/* wallet_vault_lacks_accounts writes down whether a vault that came here, or is just coming, still has to be given its accounts; forgotten where there is no vault. */
void wallet_vault_lacks_accounts(struct wallet *w, bool lacks);

/* wallet_backup_write appends what a backup file holds (wallet/backup.h): all accounts, contacts and settings. ERR_LIMIT: no room. */
MUST_CHECK enum err wallet_backup_write(struct wallet *w, struct wallet_time t, struct buf *out);

/* wallet_backup_look counts what a content holds. wallet_backup_restore takes what this wallet does not have, accounts by address and contacts by name,
 * and the settings if it had no account; it counts what it took. ERR_MALFORMED: a record is broken; then nothing was taken. ERR_LIMIT: more than there is room for;
 * ERR_IO: the store failed; then what was taken stays, and a second time takes the rest. */
struct backup_counts {
    uint64_t made_ms;
    size_t accounts;
    size_t contacts;
};
MUST_CHECK enum err
wallet_backup_look(struct wallet *w, struct backup_counts *ret, struct span content);
MUST_CHECK enum err wallet_backup_restore(struct wallet *w,
                                          struct wallet_time t,
                                          struct backup_counts *ret,
                                          struct span content);

size_t wallet_ceremony_count(const struct wallet *w);
const struct ceremony *wallet_ceremony_at(const struct wallet *w, size_t i);

/* ---- networks, settings, contacts ---- */

size_t wallet_network_count(const struct wallet *w);
const struct network *wallet_network_at(const struct wallet *w, size_t i);
const struct network *wallet_network(const struct wallet *w, struct id id); /* NULL: unknown */
MUST_CHECK enum err
wallet_network_select(struct wallet *w, struct wallet_time t, struct id id, struct coded *ret_why);

const struct settings *wallet_settings(const struct wallet *w);
MUST_CHECK enum err
wallet_settings_set(struct wallet *w, const struct settings *s, struct coded *ret_why);

size_t wallet_contact_count(const struct wallet *w);
const struct contact *wallet_contact_at(const struct wallet *w, size_t i); /* by name */
MUST_CHECK enum err wallet_contact_add(struct wallet *w,
                                       struct wallet_time t,
                                       struct span name,
                                       struct address address,
                                       const struct contact **ret_contact,
                                       struct coded *ret_why);
MUST_CHECK enum err wallet_contact_remove(struct wallet *w, struct id id, struct coded *ret_why);

/* How this wallet knows an address. */
enum known { KNOWN_OWN, KNOWN_CONTACT, KNOWN_TOKEN, KNOWN_CONTRACT, KNOWN_SENT_TO, KNOWN_NONE };
const char *known_name(enum known k);
struct party {
    struct address address;
    enum known known;
    struct name name; /* "" = none */
};
struct party
wallet_party(const struct wallet *w, const struct network *network, struct address address);

/* wallet_address_check looks at a receiver that a person typed: *ret_risks gets up to count_max lines. */
struct look_alike {
    bool found;
    struct address address;
    struct name name;
    size_t groups; /* of ten groups of four digits, how many differ */
};
size_t wallet_address_risks(const struct wallet *w,
                            const struct network *network,
                            const struct account *account,
                            struct address to,
                            struct risk *ret_risks,
                            size_t count_max,
                            struct look_alike *ret_look);

/* ---- lock ---- */

bool wallet_is_locked(const struct wallet *w);
void wallet_lock(struct wallet *w);
/* wallet_touch: the person did something; the idle time starts anew. */
void wallet_touch(struct wallet *w, struct wallet_time t);
MUST_CHECK enum err wallet_unlock_begin(struct wallet *w,
                                        struct wallet_time t,
                                        struct ceremony *ret_ceremony,
                                        struct coded *ret_why);

MUST_CHECK enum err wallet_unlock_finish(struct wallet *w,
                                         struct wallet_time t,
                                         struct id ceremony,
                                         const struct passkey_answer *answer,
                                         struct coded *ret_why);

/* wallet_unlocked: keyd has opened the vault with a passkey of the person, which unlocks the wallet too. */
void wallet_unlocked(struct wallet *w, struct wallet_time t);

/* ---- what the chain says ---- */

/* wallet_view is the newest reading for an account on a network, NULL if there is none yet. */
const struct view *wallet_view(const struct wallet *w, struct id account, struct id network);

enum chain_state {
    CHAIN_OK,
    CHAIN_DEGRADED,
    CHAIN_DOUBTFUL,
    CHAIN_NO_SERVER,
    CHAIN_NO_NETWORK,
    CHAIN_SYNCING
};
/* Why a chain is doubtful: nothing that depends on it is signed then. */
enum doubt {
    DOUBT_NONE,
    DOUBT_UNPROVEN, /* no server proves what the anchor's block says */
    DOUBT_DISPUTED, /* servers disagree, and none is in the majority */
    DOUBT_ANCHOR,   /* the anchor names no new block */
};
struct chain_health {
    enum chain_state state;
    enum doubt doubt; /* with DOUBTFUL */
    enum anchor anchor;
    uint64_t block;
    uint64_t block_ms;
    uint64_t as_of_ms;
    enum grade grade;
    uint8_t k;
    uint8_t n;
    size_t tried;
};
struct chain_health wallet_chain_health(const struct wallet *w, struct wallet_time t);

/* ---- sending ---- */

struct transfer {
    struct id account;
    struct id network;
    struct address token; /* zero: the native asset */
    struct address to;
    struct u256 amount;
    enum fee_speed speed;
    bool by_command_line;
};

/* wallet_quote starts the task of reading the view for a fee quote; wallet_prepare that of making an operation;
 * wallet_replace that of one with the same nonce (SPEED_UP or CANCEL). Refusals that are known at once are given
 * at once; others when the task is done. */
MUST_CHECK enum err wallet_quote(struct wallet *w,
                                 struct wallet_time t,
                                 const struct transfer *args,
                                 uint64_t *ret_task,
                                 struct coded *ret_why);
MUST_CHECK enum err wallet_prepare(struct wallet *w,
                                   struct wallet_time t,
                                   const struct transfer *args,
                                   uint64_t *ret_task,
                                   struct coded *ret_why);
struct replace_args {
    struct id operation;
    enum operation_kind kind;
    bool by_command_line;
};
MUST_CHECK enum err wallet_replace(struct wallet *w,
                                   struct wallet_time t,
                                   const struct replace_args *args,
                                   uint64_t *ret_task,
                                   struct coded *ret_why);

/* What a task came to. */
struct quote {
    struct figure have;        /* of the asset */
    struct figure have_native; /* wei */
    struct {
        struct u256 fee_max;    /* wei */
        struct u256 amount_max; /* of the asset */
        uint32_t wait_s;
    } speeds[2]; /* normal, fast */
};
struct task_result {
    enum err err; /* OK, or why says what went wrong */
    struct coded why;
    struct id operation; /* of prepare and replace */
    struct quote quote;
    uint64_t as_of_ms;
    uint64_t block;
};

/* wallet_task_take gives the result of a task that is done and forgets it; false if unknown or not done. */
bool wallet_task_take(struct wallet *w, uint64_t task, struct task_result *ret);

struct approve_args {
    struct id operation;
    uint64_t revision;        /* what the person saw */
    const struct span *ticks; /* risk lines that were ticked, by code */
    size_t tick_count;
    struct passkey_answer answer;
};

/* wallet_approve verifies the assertion, writes the signed operation and only then lets it go. With the same
 * assertion again it is OK and does nothing. */
MUST_CHECK enum err wallet_approve(struct wallet *w,
                                   struct wallet_time t,
                                   const struct approve_args *args,
                                   struct coded *ret_why);
/* wallet_approvable: what wallet_approve would refuse before it looks at the assertion. wallet_approve_signed takes the signature that keyd
 * made for an operation of an ordinary account (is_transaction), over the hash in it; another's is refused. */
MUST_CHECK enum err wallet_approvable(struct wallet *w,
                                      struct wallet_time t,
                                      const struct approve_args *args,
                                      struct coded *ret_why);
MUST_CHECK enum err wallet_approve_signed(struct wallet *w,
                                          struct wallet_time t,
                                          const struct approve_args *args,
                                          const struct secp256k1_signature *sig,
                                          struct coded *ret_why);
MUST_CHECK enum err
wallet_reject(struct wallet *w, struct wallet_time t, struct id operation, struct coded *ret_why);

/* ---- history ---- */

/* wallet_operation reads one: open ones from memory, older from the store, into op. */
MUST_CHECK enum err wallet_operation(struct wallet *w, struct id id, struct operation *op);

/* wallet_history gives, newest first, the next operation before the one called before (unset: the newest) for
 * account and network; ERR_NOT_FOUND at the end. */
struct history_args {
    struct id account;
    struct id network;
    struct id before;
};
MUST_CHECK enum err
wallet_history(struct wallet *w, const struct history_args *args, struct operation *op);

/* Operations that wait for the person. */
size_t wallet_request_count(const struct wallet *w);
const struct operation *wallet_request_at(const struct wallet *w, size_t i);

#endif
