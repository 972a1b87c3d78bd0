#ifndef P2P_KAD_H
#define P2P_KAD_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "p2p/kad_lookup.h"
#include "p2p/kad_message.h"
#include "p2p/kad_store.h"
#include "p2p/kad_table.h"

/*~ The Kademlia DHT (libp2p specs, kad-dht/README.md) at the level of messages: whom to ask what, and what to
 * answer. It knows no streams and no connections; p2p/host_kad.h carries its messages over a host, and the
 * simulator over nothing at all.
 *
 *     our own questions                                    questions of others
 *     kad_find_peer, kad_provide, ...  -> an operation      kad_serve: request in, answer out
 *     kad_poll: ASK  -> carry the message to the peer
 *     kad_answered / kad_sent / kad_failed                  kad_peer_connected / _disconnected
 *     kad_poll: PEER, PROVIDER, VALUE, at last OVER
 *
 * Read kad_message.h (bytes), kad_table.h (whom we know), kad_lookup.h (whom to ask next), kad_store.h (what we
 * keep for others), then kad_op.c (our questions) and kad_serve.c (theirs).
 *
 * A client asks and is asked nothing. A server answers, and is in the tables of others; an automatic node is
 * a client until told that it can be reached (kad_set_reachable).
 *
 * Memory: cfg.memory_max for everything. Each queue and table has its bound in struct kad_cfg. */

#define KAD_PROTOCOL      "/web3-wallet/kad/1.0.0"
#define KAD_PROTOCOL_IPFS "/ipfs/kad/1.0.0"

enum kad_mode { KAD_MODE_CLIENT, KAD_MODE_SERVER, KAD_MODE_AUTO };

/* Who decides which values are good: for keys "/name_space/...". Without one for a key its values are
 * refused, at us and from us. Embed as first member of the real object. */
struct kad_validator {
    const char *name_space;

    /* validate: OK, or any error: the value is refused. wall is 0 if the time is not known. */
    enum err (*validate)(const struct kad_validator *self,
                         struct span key,
                         struct span value,
                         walltime wall);

    /* compare two valid values: >0 if a is better, 0 if they are equally good. */
    int (*compare)(const struct kad_validator *self, struct span key, struct span a, struct span b);
};

struct kad_cfg {
    struct peer_id self;
    struct rng *rng;       /* outlives the object */
    struct budget *parent; /* NULL, or the scope above */
    size_t memory_max;     /* bytes; 0 = 8 MiB */
    enum kad_mode mode;
    const struct kad_validator *const *validators; /* outlive the object */
    size_t validators_count;
    bool private_too; /* a DHT of a private network: peers without public addresses are welcome */
    uint32_t paths;   /* disjoint paths of a lookup; 0 = 2 */
    uint32_t alpha;   /* queries of one lookup under way; 0 = 10 */
    uint32_t beta;    /* closest peers of a path that must answer; 0 = 3 */
    uint32_t ops_max; /* operations at once; 0 = 32 */
    uint32_t queries_max;          /* under way, of all operations; 0 = 256 */
    uint32_t known_max;            /* connected peers remembered; 0 = 1024 */
    uint32_t requests_per_peer;    /* served in each ten seconds; 0 = 200 */
    uint32_t table_group_max;      /* peers of one IP group in the table; 0 = 3 */
    uint32_t providers_max;        /* records kept; 0 = 20,000 */
    uint32_t providers_of_key_max; /* 0 = 64 */
    uint32_t values_max;           /* 0 = 1,000 */
    uint32_t
        records_of_peer_max; /* provider records, and values, from one peer; 0 = 1,000 and a tenth */
    uint64_t query_timeout_us; /* 0 = 10 s */
    uint64_t slow_us;          /* who is no longer waited for; 0 = 2 s */
    uint64_t op_timeout_us;    /* 0 = 60 s */
    uint64_t refresh_us;       /* of buckets; 0 = 10 min; UINT64_MAX = never */
    uint64_t republish_us;     /* 0 = 22 h */
    uint64_t expiry_us;        /* of records; 0 = 48 h */
    uint64_t addrs_expiry_us;  /* of providers' addresses; 0 = 24 h */
};

enum kad_event_kind {
    KAD_EVENT_ASK, /* query, peer, message, wants_answer: carry message to peer. Then kad_answered; or, if no
                     * answer is wanted, kad_sent; or kad_failed */
    KAD_EVENT_DROP, /* query: nobody waits for it any more; its id is dead */
    KAD_EVENT_PEER, /* op, user, peer: somebody says that the peer looked for is there. Not proven */
    KAD_EVENT_PROVIDER, /* op, user, peer: somebody says that peer provides the key */
    KAD_EVENT_VALUE,    /* op, user, value: valid, and better than any before */
    KAD_EVENT_OVER, /* op, user, err, stats: OK, ERR_NOT_FOUND, ERR_TIMEOUT; the operation is gone */
    KAD_EVENT_MODE, /* is_server: announce the protocol, or stop doing so */
};

struct kad_op_stats {
    uint32_t asked_count;
    uint32_t answered_count;
    uint32_t stored_count; /* peers that took a record */
    uint32_t hops;         /* from our own table to the closest peer that answered */
};

struct kad_event {
    enum kad_event_kind kind;
    uint64_t query;
    uint64_t op;
    void *user;
    struct kad_peer peer; /* spans live until the next call */
    struct span message;
    struct span value;
    bool wants_answer;
    bool is_server;
    enum err err;
    struct kad_op_stats stats;
};

/* ---- inside ---- */

enum kad_op_kind {
    KAD_OP_FIND_PEER,
    KAD_OP_FIND_PROVIDERS,
    KAD_OP_PROVIDE,
    KAD_OP_GET_VALUE,
    KAD_OP_PUT_VALUE,
    KAD_OP_REFRESH, /* our own housekeeping; reports nothing */
    KAD_OP_SWEEP,   /* of another's region; reports to it */
};

struct kad_op {
    struct list in_ops;
    uint64_t id;
    enum kad_op_kind kind;
    void *user;
    bool is_silent; /* nobody waits for its events */
    struct buf key;
    struct buf value; /* to put, or the best so far */
    bool value_is_new;
    struct kad_lookup lookup;
    struct kad_op *parent; /* of a sweep */
    uint32_t sweeps_count; /* under way for this one */
    bool wants_sweeps;
    bool is_storing; /* the lookup is over, records go out */
    bool is_over;
    enum err err;
    uint32_t stores_out;
    uint32_t stored_count;
    uint32_t wanted; /* providers, or equal values: enough then; 0 = as many as there are */
    uint32_t equal_count;
    instant ends_at;
    instant starved_until;     /* all queries were in use */
    struct kad_contact *found; /* KAD_FOUND_MAX places, for what has several answers */
    size_t found_count;
    size_t found_reported;
};

struct kad_query {
    struct heap_node timer;
    struct list in_unsent; /* while it waits to be polled */
    struct list in_dropped;
    uint64_t id;
    struct kad_op *op; /* NULL: to see whether the peer answers at all */
    enum kad_type type;
    struct kad_contact contact;
    bool is_polled;
    bool is_dead; /* DROP is due */
};

struct kad_known {
    struct kad_contact contact;
    bool is_server;
};

/* What we publish again and again. */
struct kad_published {
    struct list in_published;
    enum kad_op_kind kind;
    struct buf key;
    struct buf value;
    instant next_at;
};

/* A peer to begin with. */
struct kad_bootstrap {
    struct list in_bootstrap;
    struct kad_contact contact;
};

enum { KAD_METERS_COUNT = 256, KAD_BOOTSTRAP_MAX = 32 };
struct kad_meter {
    uint32_t window; /* which ten seconds */
    uint32_t count;
};

struct kad {
    struct kad_cfg cfg;
    struct budget budget;
    struct kad_id self;
    instant now;
    uint64_t next_id;
    uint64_t seed[2];
    struct kad_table table;
    struct kad_providers providers;
    struct kad_values values;
    struct map known;   /* connected peers -> struct kad_known */
    struct map queries; /* id -> struct kad_query */
    struct heap timers; /* of queries */
    struct list unsent;
    struct list dropped;
    struct list ops;
    uint32_t ops_count;
    uint32_t checks_count; /* queries without operation */
    struct list published;
    struct list bootstrap;
    uint32_t bootstrap_count;
    instant bootstrap_at;
    uint64_t bootstrap_every_us;
    struct buf own_addrs;       /* in the form of kad_write_addrs */
    struct buf message;         /* of the event polled last */
    struct kad_op *polled_over; /* freed at the next call */
    bool is_server;
    bool mode_is_new;
    instant refresh_at;
    bool is_settled;       /* the table was filled once */
    uint64_t network_size; /* estimate; 0 = not known */
    walltime wall;         /* at wall_at; 0 = not known */
    instant wall_at;
    struct kad_meter meters[KAD_METERS_COUNT];
    uint64_t served_count;
    uint64_t refused_count;
};

/* ---- life ---- */

/* kad_init makes one in place; kad_done gives everything back. ERR_LIMIT: memory_max is too small. */
MUST_CHECK enum err kad_init(struct kad *k, const struct kad_cfg *cfg, instant now);
void kad_done(struct kad *k);

/* kad_poll gives what concerns whoever asked (PEER, PROVIDER, VALUE, OVER); kad_poll_wire what is to be done on
 * the network (MODE, DROP, ASK). Poll both until they give nothing. */
bool kad_poll(struct kad *k, struct kad_event *ret_event);
bool kad_poll_wire(struct kad *k, struct kad_event *ret_event);

/* kad_has_news: would kad_poll give something? */
bool kad_has_news(const struct kad *k);

instant kad_deadline(const struct kad *k);
void kad_tick(struct kad *k, instant now);

/* ---- what is told from outside ---- */

/* kad_set_walltime sets the calendar, for what is dated. */
void kad_set_walltime(struct kad *k, instant now, walltime wall);

/* kad_set_addrs says where we can be reached: multiaddr bytes; provider records carry them. */
MUST_CHECK enum err kad_set_addrs(struct kad *k, const struct span *addrs, size_t count);

/* kad_set_mode changes the mode for good; kad_set_reachable moves an automatic node between client and server. */
void kad_set_mode(struct kad *k, enum kad_mode mode);
void kad_set_reachable(struct kad *k, bool is_reachable);

/* kad_peer_connected tells of a connected peer, what it announces and whether it speaks the protocol; again
 * when that changes. A server that the table has room for is asked whether it answers. */
void kad_peer_connected(struct kad *k, instant now, const struct kad_peer *peer, bool is_server);
void kad_peer_disconnected(struct kad *k, const struct peer_id *peer);

/* kad_has: is the peer in our table? */
bool kad_has(const struct kad *k, const struct peer_id *peer);

/* kad_add_seed gives a peer to start from: it is asked, and belongs to the table if it answers. ERR_LIMIT. */
MUST_CHECK enum err kad_add_seed(struct kad *k, instant now, const struct kad_peer *peer);

/* kad_add_bootstrap keeps a peer to fall back on: while the table is nearly empty they are asked, ever more
 * seldom up to every ten minutes. A second call for a peer adds addresses. ERR_LIMIT beyond
 * KAD_BOOTSTRAP_MAX. */
MUST_CHECK enum err kad_add_bootstrap(struct kad *k, instant now, const struct kad_peer *peer);

/* ---- our questions ---- */

struct kad_op_args {
    void *user;
    uint32_t
        wanted; /* providers, or equal values, after which it may end; 0 = all that can be found */
    bool
        thorough; /* look at the whole region of the key, as is right where somebody may hide a record */
    bool keep; /* provide, put: again every republish_us, until kad_unpublish */
};

/* Each starts an operation and gives its number; events follow. ERR_LIMIT: too many, or no memory.
 * kad_put_value: ERR_DENIED if no validator takes it. A provider key is the bytes of a multihash. */
MUST_CHECK enum err kad_find_peer(struct kad *k,
                                  uint64_t *ret_op,
                                  instant now,
                                  const struct peer_id *peer,
                                  struct kad_op_args args);
MUST_CHECK enum err kad_find_providers(
    struct kad *k, uint64_t *ret_op, instant now, struct span key, struct kad_op_args args);
MUST_CHECK enum err
kad_provide(struct kad *k, uint64_t *ret_op, instant now, struct span key, struct kad_op_args args);
MUST_CHECK enum err kad_get_value(
    struct kad *k, uint64_t *ret_op, instant now, struct span key, struct kad_op_args args);

struct kad_put_args {
    struct span key;
    struct span value;
    struct kad_op_args op;
};
MUST_CHECK enum err
kad_put_value(struct kad *k, uint64_t *ret_op, instant now, struct kad_put_args args);

/* kad_cancel ends an operation without further events. Unknown numbers are ignored. */
void kad_cancel(struct kad *k, uint64_t op);
void kad_unpublish(struct kad *k, struct span key);

/* ---- queries ---- */

void kad_answered(struct kad *k, instant now, uint64_t query, struct span message);
void kad_sent(struct kad *k, instant now, uint64_t query);
void kad_failed(struct kad *k, instant now, uint64_t query);

/* ---- server ---- */

/* kad_serve answers one request of a peer: the answer is written to w (nothing for those that have none).
 * An error means: reset the stream. ERR_STATE: we are a client; ERR_LIMIT: it asks too much;
 * ERR_MALFORMED, ERR_UNSUPPORTED; ERR_DENIED: a record that is not taken. */
MUST_CHECK enum err kad_serve(
    struct kad *k, struct wr *w, instant now, const struct peer_id *peer, struct span request);

/* ---- figures ---- */

struct kad_stats {
    size_t peers_count; /* in the table */
    size_t providers_count;
    size_t values_count;
    uint32_t ops_count;
    size_t queries_count;
    uint64_t network_size; /* estimate from the density around lookups; 0 = not known yet */
    uint64_t served_count;
    uint64_t refused_count;
    size_t memory_used;
    bool is_server;
};
struct kad_stats kad_stats(const struct kad *k);

#endif
