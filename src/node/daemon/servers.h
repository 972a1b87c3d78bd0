#ifndef NODE_SERVERS_H
#define NODE_SERVERS_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/rng.h"
#include "codec/json.h"
#include "node/attest/attest_asker.h"
#include "p2p/host.h"
#include "service/client.h"
#include "wallet/wallet.h"

/* The servers that a daemon uses: finds them by the addresses that it was told, asks them what they offer, carries
 * the wallet's questions to them and the answers back, and follows the chain's head. It has no sockets: it stands
 * between the host's events and the wallet's.
 *
 *     host_poll   -> servers_host_event      (true: it was for the servers)
 *                    servers_account_event   (of a host that cfg.host_of gave)
 *     wallet_poll -> servers_wallet_event    (ASK, SUBMIT, TRACK)
 *     servers_tick at servers_deadline
 *
 * A question of the wallet (servers_ask.c) goes to one server, and to another when that one is slow, fails or lies; or to
 * several whose answers are compared. Which they are, who is never asked again and why: servers_trust.c. */

enum {
    SERVERS_PEER_COUNT_MAX = 16,
    SERVERS_TARGET_COUNT_MAX = 64, /* addresses to dial */
    SERVERS_HEARD_COUNT_MAX =
        8, /* of them heard on the local network, as many in the DHT and from servers */
    SERVERS_CALL_COUNT_MAX = 160, /* requests on their way; the rest waits in the wallet's queue */
    /* Of the wallet, each in as many requests as it takes, but one at a time to a server: a server has 16 places for a peer
     * (streams_per_peer_max), and subscriptions and operations need some too. */
    SERVERS_QUESTION_COUNT_MAX = 10,
    SERVERS_SET_LEN = 3,             /* servers that an account asks */
    SERVERS_SET_COUNT_MAX = 64,      /* accounts */
    SERVERS_BAN_COUNT_MAX = 256,     /* the oldest is forgotten */
    SERVERS_EVIDENCE_COUNT_MAX = 64, /* kept; the oldest goes */
    SERVERS_TRIED_COUNT_MAX = 16,    /* servers, for one question */
};

/* How a peer was found, in the words of the API. */
enum found {
    FOUND_BOOTSTRAP,
    FOUND_MANUAL,
    FOUND_MDNS,
    FOUND_DHT,
    FOUND_GOSSIP,     /* a server has heard of it */
    FOUND_RENDEZVOUS, /* it is registered at a rendezvous point */
    FOUND_PUBLIC_DHT, /* it stands in the public DHT of IPFS */
    FOUND_INBOUND,
    FOUND_COUNT
};
const char *found_name(enum found f);

struct servers_cfg {
    struct budget *budget;
    struct rng *rng;
    struct log *log;
    struct host *host;
    struct wallet *wallet;
    struct store *store; /* sets, bans, evidence; NULL: none is kept */
    bool is_local;       /* only loopback addresses: the local network */
    bool (*has_own_node)(void *user, struct id network); /* may be NULL */
    /* operator_of: who runs a server, in its own words, until the next call; empty: it does not say. May be NULL */
    struct span (*operator_of)(void *user, const struct peer_id *peer);
    /* ask_evidence asks what a server's machine proves; servers_attested follows. false: not now. NULL: nobody is asked */
    bool (*ask_evidence)(void *user, const struct peer_id *peer);
    /* host_of gives the host by whose identity an account asks; it stays while servers_is_asking, and its events go to
     * servers_account_event. ERR_LIMIT: there is none for it now. NULL: the daemon's identity asks for all */
    enum err (*host_of)(void *user, struct host **ret, struct wallet_time t, struct id account);
    void (*banned)(void *user, const struct peer_id *peer); /* it lied; may be NULL */
    /* may_dial: may what a server says of its own addresses be dialled? NULL: all of it */
    bool (*may_dial)(void *user, struct span addr);
    void (*changed)(void *user);  /* peers or servers came or went; may be NULL */
    void (*new_head)(void *user); /* a server tells of one; may be NULL */
    /* An answer of the light client protocol: OK: it was of use; ERR_AUTH, ERR_MALFORMED: it is false; else the next server is
     * asked. light_over: so it ended. */
    enum err (*light)(void *user,
                      struct wallet_time t,
                      const struct service_request *asked,
                      const struct service_light *answer);
    void (*light_over)(void *user,
                       struct wallet_time t,
                       const struct service_request *asked,
                       bool has_learnt);
    /* The same of witnesses: true: no other need be asked. */
    bool (*witness)(void *user,
                    struct wallet_time t,
                    const struct service_request *asked,
                    const struct service_light *answer);
    void (*witness_over)(void *user, struct wallet_time t);
    /* How servers_keep ended: OK with the answer's body; ERR_NOT_FOUND; ERR_DENIED: it will not; else not now. May be NULL */
    void (*kept)(void *user, struct wallet_time t, uint64_t tag, enum err err, struct span body);
    /* How servers_cosign ended: OK with what was said; ERR_DENIED with the server's own words; else not now. May be NULL */
    void (*cosigned)(void *user,
                     struct wallet_time t,
                     uint64_t tag,
                     enum err err,
                     struct span words,
                     const struct service_cosigned *said);
    void *user;
};

/* An address to dial, kept connected with back-off. */
struct target {
    uint8_t addr[256]; /* multiaddr */
    uint16_t addr_len;
    struct peer_id peer;
    enum found found;
    bool is_dialling;
    bool is_useless; /* it answered, and serves no wallets */
    unsigned failures;
    instant retry_at;
    instant heard_at; /* of strangers: first */
    uint64_t dial;
};

/* What is known of a server's machine (tee/attest.h). */
enum proof_state { PROOF_UNASKED, PROOF_NOTHING, PROOF_BROKEN, PROOF_REFUSED, PROOF_ACCEPTED };
struct server_proof {
    enum proof_state state;
    enum tee_level level;
    enum tee_kind kind;       /* REFUSED, ACCEPTED */
    enum appraisal_step step; /* REFUSED */
    bool is_asked;
    instant ask_at;
};

/* A connected peer that speaks the service protocol. */
struct server {
    struct peer_id peer;
    bool is_known;  /* its status came */
    bool is_usable; /* and fits the selected network */
    enum service_level level;
    uint64_t head;
    instant busy_until;
    unsigned failures;                /* promises broken in a row */
    unsigned unproven;                /* proofs not given in a row */
    instant failed_at;                /* the last of either; both fade from then on */
    instant status_at;                /* ask for its status then */
    bool is_asked;                    /* for its status */
    bool has_heads;                   /* a subscription is open */
    bool keeps;                       /* sealed vaults, as it says */
    enum service_cosigning cosigning; /* as it says */
    uint64_t asked_count;
    uint64_t kept_count;
    uint64_t checked;          /* answers that were proven */
    uint64_t rtt_us;           /* 0: not known */
    instant daemon_only_until; /* it turned an account's identity away: the daemon's asks */
    struct server_proof proof;
};

enum call_kind {
    CALL_STATUS,
    CALL_HEADS,
    CALL_ASK,
    CALL_PROVE,
    CALL_SUBMIT,
    CALL_TRACK,
    CALL_KEEP,
    CALL_COSIGN
};

/* One request on its stream. */
struct call {
    bool is_used;
    enum call_kind kind;
    struct host *host; /* by whose identity it is asked */
    uint64_t dial;     /* of the host to the server; 0: the stream is there */
    host_stream stream;
    struct peer_id peer;
    struct service_client client;
    struct question *question; /* ASK, PROVE; NULL: it is over */
    struct id operation;       /* SUBMIT, TRACK */
    struct id account;         /* who asks; unset: the daemon */
    uint64_t tag;              /* KEEP, COSIGN */
    struct buf userop;         /* SUBMIT: for the next server, should this one refuse it */
    struct peer_id refused[SERVERS_SET_LEN]; /* SUBMIT: who did */
    size_t refused_count;
    const struct network *network;
    instant started_at;
    bool is_closed_write;
    bool has_heard;      /* the server said something */
    bool is_turned_away; /* it did not, and the daemon's identity may ask instead */
};

/* What one of several servers said. */
struct said {
    struct peer_id peer;
    bool is_error; /* an error of its node */
    struct buf text;
};

/* A question of the wallet, or of the light client. */
enum question_kind {
    QUESTION_RPC,
    QUESTION_SEND, /* eth_sendRawTransaction, as send_transaction */
    QUESTION_PROOF,
    QUESTION_INCLUSION,
    QUESTION_LOGS,
    QUESTION_LIGHT
};
struct question {
    bool is_used;
    enum question_kind kind;
    struct service_request light; /* LIGHT: has no spans */
    bool is_witness;              /* LIGHT: servers outside of the person's are asked */
    uint64_t ask;                 /* the wallet's number */
    enum wallet_ask_mode mode;
    const struct network *network;
    struct id account;
    const char *method;
    struct buf params; /* or the slots, or topics 0 and 2 */
    struct buf raw;    /* SEND: the transaction */
    struct hash32 block_hash;
    struct proven_head head; /* PROOF: of that block */
    uint64_t block;          /* its number */
    uint64_t blocks;         /* LOGS: so many */
    uint32_t len_max;        /* LOGS: bytes of the answer */
    struct address address;
    struct hash32 tx_hash; /* INCLUSION */
    struct peer_id tried[SERVERS_TRIED_COUNT_MAX];
    size_t tried_count;
    size_t running; /* calls */
    struct said said[SERVERS_SET_LEN];
    size_t said_count;
    bool has_null;   /* somebody knew of nothing */
    bool has_behind; /* somebody has not that block yet */
    unsigned rounds; /* so often all were tried */
    enum err failed; /* of the last that failed */
    instant hedge_at;
    instant settle_at; /* several: by then what was said is enough */
    instant again_at;  /* all were tried: from the beginning */
    instant give_up_at;
};

/* The servers that an account's questions stay inside. */
struct server_set {
    struct id account;
    struct peer_id peers[SERVERS_SET_LEN];
    size_t count;
};

struct servers {
    struct servers_cfg cfg;
    struct target targets[SERVERS_TARGET_COUNT_MAX];
    size_t target_count;
    struct server servers[SERVERS_PEER_COUNT_MAX];
    size_t server_count;
    struct call *calls;         /* SERVERS_CALL_COUNT_MAX of them */
    struct question *questions; /* SERVERS_QUESTION_COUNT_MAX of them */
    struct server_set sets[SERVERS_SET_COUNT_MAX];
    size_t set_count;
    struct peer_id light_sources[SERVERS_PEER_COUNT_MAX]; /* whom the light client learnt from */
    size_t light_source_count; /* all that there were; the last SERVERS_PEER_COUNT_MAX are known */
    struct peer_id bans[SERVERS_BAN_COUNT_MAX];
    size_t ban_count;
    size_t evidence_count; /* in the store */
    instant disputed_from; /* when a disagreement is kept again */
    struct id network;     /* that the usable flags are about */
    bool has_neighbours;   /* it is not local: servers of one /24 or /48 count as one */
    uint64_t sent_questions;
    uint64_t sent_operations;
    uint64_t refused_count;
};

MUST_CHECK enum err servers_init(struct servers *s, const struct servers_cfg *cfg);
void servers_done(struct servers *s);

/* servers_add takes a multiaddr that ends in /p2p/ID. ERR_MALFORMED: it is none; ERR_LIMIT; OK also if it is known. */
MUST_CHECK enum err servers_add(struct servers *s, struct span multiaddr_text, enum found found);

/* servers_hear takes what a stranger says, on the local network, in the DHT or as a server: a peer and an address of it. It is dialled,
 * and becomes a server only if it says in identify that it serves wallets; it is asked when no server that was named can
 * be. OK also if it is known, or was named; ERR_LIMIT: there are as many as we look at for now. */
struct servers_heard {
    struct peer_id peer;
    struct span addr; /* multiaddr bytes */
    enum found found; /* MDNS, DHT, GOSSIP */
};
MUST_CHECK enum err servers_hear(struct servers *s, instant now, const struct servers_heard *heard);

bool servers_host_event(struct servers *s,
                        instant now,
                        struct wallet_time t,
                        const struct host_event *e);

/* servers_account_event takes the events of a host of cfg.host_of. servers_is_asking: does a question run on it? */
void servers_account_event(struct servers *s,
                           struct host *host,
                           struct wallet_time t,
                           const struct host_event *e);
bool servers_is_asking(const struct servers *s, const struct host *host);

void servers_wallet_event(struct servers *s, struct wallet_time t, const struct wallet_event *e);

/* servers_ask_light asks servers for what the light client wants; cfg.light and cfg.light_over follow, perhaps from inside. */
void servers_ask_light(struct servers *s, struct wallet_time t, const struct service_request *r);

/* servers_ask_witnesses asks servers that no account asks and that the light client did not learn from, no two of one operator or
 * network, one after the other until cfg.witness says that it suffices; it and cfg.witness_over follow, perhaps from inside. */
void servers_ask_witnesses(struct servers *s,
                           struct wallet_time t,
                           const struct service_request *r);

/* servers_find_keeper gives a server that keeps sealed vaults and is no neighbour of those tried; false: there is none now. servers_keep asks one, by a request of CAPSULE_*;
 * cfg.kept follows with the tag. ERR_CLOSED: it is not there; ERR_LIMIT. */
bool servers_find_keeper(const struct servers *s,
                         instant now,
                         struct peer_id *ret,
                         const struct peer_id *tried,
                         size_t tried_count);
struct servers_keep {
    uint64_t tag;
    const struct peer_id *peer;
    enum service_type type;
    struct span body;
};
MUST_CHECK enum err
servers_keep(struct servers *s, struct wallet_time t, const struct servers_keep *k);

/* servers_cosign asks one server, by a request of COSIGN_*, of a wallet that has its co-signer there or wants one; cfg.cosigned follows with the
 * tag. The daemon's identity asks. ERR_CLOSED: it is not there; ERR_LIMIT. */
MUST_CHECK enum err
servers_cosign(struct servers *s, struct wallet_time t, const struct servers_keep *k);

/* servers_attested takes how asking a server's machine ended. */
void servers_attested(struct servers *s,
                      struct wallet_time t,
                      const struct peer_id *peer,
                      const struct attest_verdict *v);

/* servers_has_room: may another event of the wallet be polled? */
bool servers_has_room(const struct servers *s);

instant servers_deadline(const struct servers *s);
void servers_tick(struct servers *s, struct wallet_time t);

/* servers_reconsider: a node of the person's own was named or forgotten. */
void servers_reconsider(struct servers *s, struct wallet_time t);

size_t servers_usable_count(const struct servers *s);

/* servers_keeps: is the peer a server that is used, or that the person or the release named? */
bool servers_keeps(const struct servers *s, const struct peer_id *peer);

/* For the API: the arrays of types peer and server, and the members of network_status. */
void servers_write_peers(const struct servers *s, struct json_writer *j, struct wallet_time t);
void servers_write_servers(const struct servers *s, struct json_writer *j);
/* servers_write_evidence writes the newest records of what shows lies and disagreements, as evidence_list has them. */
void servers_write_evidence(const struct servers *s, struct json_writer *j, size_t limit);
void servers_write_network(const struct servers *s, struct json_writer *j);

#endif
