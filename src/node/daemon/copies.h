#ifndef NODE_COPIES_H
#define NODE_COPIES_H

#include "base/budget.h"
#include "base/instant.h"
#include "base/log.h"
#include "p2p/peer_id.h"
#include "service/message.h"
#include "wallet/capsule_copy.h"
#include "wallet/store.h"
#include "wallet/wallet.h"

/* Copies of the sealed vault with servers: kept there, and fetched back on a new machine (docs/vault.md "Copies with peers"). It has no sockets: it names whom to ask what, and takes the
 * answers.
 *
 *     copies_keep       the vault is open, or has changed: COPIES_WANTED servers shall have it
 *     copies_find       nonces of servers ── begun ──▶ the passkey signs ── copies_fetch ──▶ done, with the newest of what most have
 *
 * Which servers have which copy until when stands in the store (STORE_COPY, by locator); what they have is brought again when less than COPIES_RENEW_S of its time is left. */
enum {
    COPIES_WANTED = 3,
    COPIES_JOBS_MAX = CAPSULE_RECIPIENTS_MAX, /* passkeys of a vault */
    COPIES_TRIED_MAX = 16,
    COPIES_RENEW_S = 60 * 24 * 3600,
    COPIES_RETRY_MS = 60 * 1000,
    COPIES_FIND_MS = 6000, /* for the nonces, and again for the copies */
};

/* One request to one server; copies_answered follows with the same tag. */
struct copies_ask {
    uint64_t tag;
    const struct peer_id *peer;
    enum service_type type;
    struct span body;
};
struct copies_answer {
    uint64_t tag;
    enum err err; /* OK with body; ERR_DENIED: it will not; else: not now */
    struct span body;
};

/* What a search came to; spans live for the call. */
struct copies_found {
    enum err
        err; /* ERR_CLOSED: no server keeps copies; ERR_NOT_FOUND: none has this one; ERR_TIMEOUT: none answered */
    size_t asked;
    struct hash32 challenge; /* begun */
    struct span capsule;     /* done */
};

struct copies_cfg {
    struct budget *budget;
    struct log *log;
    struct store *store;
    /* find gives another server that keeps sealed vaults, no neighbour of those tried; false: there is none now. */
    bool (*find)(void *user,
                 struct wallet_time t,
                 struct peer_id *ret,
                 const struct peer_id *tried,
                 size_t tried_count);
    /* ask: not OK: it could not be sent, and no answer follows. */
    enum err (*ask)(void *user, struct wallet_time t, const struct copies_ask *ask);
    void (*begun)(void *user, struct wallet_time t, const struct copies_found *f);
    void (*done)(void *user, struct wallet_time t, const struct copies_found *f);
    /* Another server keeps a copy: copies_known gives more. */
    void (*taken)(void *user);
    void *user;
};

struct copies_holder {
    struct peer_id peer;
    uint64_t until_s;
};

/* Who has which copy. */
struct copies_record {
    uint64_t generation;
    struct copies_holder holders[COPIES_WANTED];
    size_t count;
};

/* A copy that shall be kept. */
struct copies_job {
    bool is_used;
    uint64_t tag; /* of the request under way; 0: there is none */
    struct hash32 locator;
    uint64_t generation;
    struct buf message;
    struct copies_record record; /* of this generation */
    struct copies_record
        before; /* of an older one: asked first, since their copy is to be replaced */
    struct peer_id asked;
    struct peer_id tried[COPIES_TRIED_MAX];
    size_t tried_count;
    instant at; /* when another is asked */
};

struct copies_source {
    struct peer_id peer;
    uint64_t tag; /* of the request under way */
    bool has_nonce;
    uint8_t nonce[COPY_NONCE_LEN];
    struct buf copy; /* that it gave, of the vault with this key */
    uint8_t vault[32];
    uint64_t generation;
};

enum copies_stage { COPIES_IDLE, COPIES_ASKING_NONCES, COPIES_SIGNING, COPIES_FETCHING };

struct copies {
    struct copies_cfg cfg;
    uint64_t next_tag;
    struct copies_job jobs[COPIES_JOBS_MAX];
    enum copies_stage stage;
    struct copies_source sources[COPY_NONCES_MAX];
    size_t sources_count;
    instant until;
    uint8_t credential_id[CAPSULE_CREDENTIAL_ID_MAX];
    uint8_t credential_id_len;
    bool has_answer;          /* of a server that knows of none, at the least */
    struct capsule_head head; /* of what is looked at: too large for a stack */
};

void copies_init(struct copies *c, const struct copies_cfg *cfg);
void copies_done(struct copies *c);

/* copies_keep takes a put message (capsule_put_encode) with a capsule of this generation. ERR_MALFORMED: it is none; ERR_LIMIT: no memory. */
MUST_CHECK enum err copies_keep(struct copies *c, struct wallet_time t, struct span put);

/* copies_refresh puts another capsule of the same vault in the place of those that are kept since the start. */
void copies_refresh(struct copies *c, struct wallet_time t, struct span capsule);

/* copies_known counts the servers that have the copy in this generation and have not forgotten it by now, and gives when the first of them will; 0: unknown.
 * Over all passkeys of which copies were ever kept: of the one with the fewest. */
size_t copies_known(const struct copies *c,
                    struct wallet_time t,
                    uint64_t generation,
                    uint64_t *ret_until_s);

/* copies_find asks servers for nonces: begun follows, perhaps from inside. ERR_STATE: a search is under way. copies_fetch asks them for the copy, with the passkey's assertion over begun's challenge;
 * ERR_STATE: nothing was begun, or too long ago. done follows. copies_forget ends a search without a word. */
MUST_CHECK enum err copies_find(struct copies *c, struct wallet_time t);
struct copies_fetch {
    struct span user_handle; /* 1 to COPY_USER_HANDLE_MAX bytes */
    struct span credential_id;
    const struct assertion_response *response;
};
MUST_CHECK enum err
copies_fetch(struct copies *c, struct wallet_time t, const struct copies_fetch *f);
void copies_forget(struct copies *c);

void copies_answered(struct copies *c, struct wallet_time t, const struct copies_answer *a);
void copies_tick(struct copies *c, struct wallet_time t);
instant copies_deadline(const struct copies *c);

#endif
