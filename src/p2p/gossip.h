#ifndef P2P_GOSSIP_H
#define P2P_GOSSIP_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "p2p/gossip_message.h"
#include "p2p/gossip_score.h"

/*~ Gossipsub 1.0 to 1.2 (libp2p specs, pubsub/gossipsub) at the level of RPCs: who is in which mesh, what goes to
 * whom, and what each peer is worth. It knows no streams; p2p/host_gossip.h carries its RPCs over a host, and
 * the simulator over nothing at all.
 *
 *     gossip_peer_connected, _disconnected       gossip_subscribe, gossip_publish
 *     gossip_recv: an RPC in                     gossip_poll: MESSAGE -> gossip_validated(accept, reject, ignore)
 *     gossip_next_peer + gossip_take_rpc: out    gossip_poll: CONNECT (peer exchange)
 *
 * Read gossip_message.h (bytes), gossip_score.h (scores), then gossip.c (topics, peers and messages),
 * gossip_control.c (what peers ask for) and gossip_heartbeat.c (the mesh, once a second).
 *
 * A message of ours goes to all subscribers whose score is good enough (flood publishing); one of others to
 * the mesh, once it is validated. Ids of what was seen last go to a few others each second, who may ask.
 *
 * Memory: cfg.memory_max for everything. Queues to a peer that does not read drop messages, never control. */

enum gossip_version { GOSSIP_FLOODSUB, GOSSIP_V10, GOSSIP_V11, GOSSIP_V12 };
enum { GOSSIP_VERSIONS_COUNT = GOSSIP_V12 + 1 };

/* gossip_protocol is the protocol id of a version. */
const char *gossip_protocol(enum gossip_version version);

enum gossip_id_kind {
    GOSSIP_ID_DEFAULT, /* author and sequence number if signed, else the SHA-256 of the data */
    GOSSIP_ID_CUSTOM,
};

/* The id of a message, at most GOSSIP_ID_LEN_MAX bytes; returns its length, 0 = refuse the message. */
typedef size_t (*gossip_id_fn)(void *user,
                               uint8_t ret_id[static GOSSIP_ID_LEN_MAX],
                               const struct gossip_message *m);

struct gossip_topic_cfg {
    enum gossip_signing signing;
    gossip_id_fn id; /* NULL = default */
    void *user;
    struct gossip_topic_score score; /* zeroed = default */
    size_t data_len_max;             /* bytes; 0 = GOSSIP_DATA_LEN_MAX */
};

struct gossip_cfg {
    struct peer_id self;
    struct signer *signer; /* for topics that are signed; may be NULL otherwise */
    struct rng *rng;
    struct budget *parent;
    size_t memory_max; /* bytes; 0 = 16 MiB */
    uint64_t
        seqno; /* above that of any message that this identity ever signed: some drop what is not above
                     * the last. Nanoseconds since 1970 will do; 0 = random */
    struct gossip_score_cfg score;   /* zeroed = default */
    uint32_t d;                      /* peers in a mesh; 0 = 6 */
    uint32_t d_low;                  /* 0 = 5 */
    uint32_t d_high;                 /* 0 = 12 */
    uint32_t d_lazy;                 /* who gets gossip, at least; 0 = 6 */
    uint32_t d_score;                /* kept for their score when a mesh is too large; 0 = 4 */
    uint32_t d_out;                  /* of a mesh that we dialled; 0 = 2 */
    uint32_t gossip_percent;         /* of the others that get gossip; 0 = 25 */
    uint32_t history_len;            /* heartbeats that a message can be asked for; 0 = 5 */
    uint32_t history_gossip;         /* heartbeats that its id is told; 0 = 3 */
    uint64_t heartbeat_us;           /* 0 = 1 s */
    uint64_t fanout_us;              /* 0 = 60 s */
    uint64_t seen_us;                /* 0 = 120 s */
    uint64_t backoff_us;             /* after a PRUNE; 0 = 60 s */
    uint64_t unsubscribe_backoff_us; /* 0 = 10 s */
    uint64_t iwant_us;               /* a promised message must come; 0 = 3 s */
    uint32_t idontwant_len_min;      /* bytes of a message worth it; 0 = 1024 */
    uint32_t peers_max;              /* known, connected or remembered; 0 = 1,000 */
    uint32_t topics_max;             /* ours and those of peers; 0 = 1,000 */
    uint32_t topics_of_peer_max;     /* 0 = 100 */
    uint32_t seen_max;               /* messages remembered; 0 = 20,000 */
    uint32_t queue_max;              /* messages waiting for one peer; 0 = 256 */
    uint32_t ihave_max;              /* IHAVE of one peer in a heartbeat; 0 = 10 */
    uint32_t ihave_ids_max;          /* ids in them, and that we ask for; 0 = 5,000 */
    uint32_t idontwant_max;          /* ids in a heartbeat of one peer; 0 = 1,000 */
    bool no_flood_publish;           /* our own messages go to the mesh only */
    bool no_px;                      /* tell nobody of others, and believe nobody */
};

enum gossip_event_kind {
    GOSSIP_EVENT_MESSAGE, /* message, topic, data, author, peer: answer with gossip_validated */
    GOSSIP_EVENT_CONNECT, /* peer, record: worth a connection, says a peer in good standing */
};

struct gossip_event {
    enum gossip_event_kind kind;
    uint64_t message;
    struct span topic; /* spans live until the next call */
    struct span data;
    struct peer_id author; /* n = 0 if unsigned */
    struct peer_id peer;   /* who brought it; whom to connect to */
    struct span record;    /* sealed peer record, verified; may be empty */
};

enum gossip_verdict { GOSSIP_ACCEPT, GOSSIP_REJECT, GOSSIP_IGNORE };

/* ---- inside ---- */

struct gossip_topic {
    struct list members; /* gossip_member.in_topic */
    struct gossip_topic_cfg cfg;
    bool is_subscribed;
    bool is_known; /* its cfg was given */
    uint32_t members_count;
    instant fanout_until; /* we publish without being subscribed; 0 = no */
    uint8_t name_len;
    uint8_t name[GOSSIP_TOPIC_LEN_MAX];
};

/* A peer in a topic. Outlives a subscription while it has a score or a backoff. */
struct gossip_member {
    struct list in_topic;
    struct list in_peer;
    struct gossip_topic *topic;
    struct gossip_peer *peer;
    bool is_subscribed;
    bool in_fanout;
    struct gossip_topic_record record; /* record.in_mesh: it is in ours */
    instant backoff_until;             /* no GRAFT in either direction before */
    instant pruned_at;
};

struct gossip_queued {
    struct list in_queue;
    struct gossip_seen *seen;
};

struct gossip_peer {
    struct peer_id id;
    uint32_t number; /* never used again */
    enum gossip_version version;
    bool is_connected;
    bool is_outbound;
    uint32_t group; /* of its IP address; 0 = none */
    struct list members;
    uint32_t members_count;
    struct list in_talkative;
    struct buf fields;  /* subscriptions, as they go out */
    struct buf control; /* content of the control message */
    struct buf record;  /* its sealed peer record */
    struct list queue;  /* gossip_queued */
    uint32_t queue_count;
    int64_t app_score;
    int64_t behaviour;
    int64_t score;        /* as of the last heartbeat, and changes since that matter */
    instant forget_at;    /* disconnected */
    uint32_t ihave_count; /* in this heartbeat */
    uint32_t ihave_ids_count;
    uint32_t iwant_ids_count; /* that we asked it for */
    uint32_t idontwant_count;
    uint64_t dropped_count;
};

enum gossip_seen_state {
    GOSSIP_SEEN_PENDING,
    GOSSIP_SEEN_ACCEPTED,
    GOSSIP_SEEN_REJECTED,
    GOSSIP_SEEN_IGNORED
};
enum { GOSSIP_HEARD_MAX = 16 };

struct gossip_seen {
    struct list in_seen;  /* oldest first */
    struct list in_cache; /* while its bytes are kept; oldest first */
    uint64_t number;
    enum gossip_seen_state state;
    struct gossip_topic *topic; /* NULL once forgotten */
    uint8_t *bytes;             /* the Message, while it can be asked for */
    uint32_t bytes_len;
    uint32_t refs; /* queues that hold it */
    bool is_reported;
    bool is_polled;
    instant at;
    instant accepted_at;
    uint64_t heartbeat;                    /* when it entered the cache */
    uint32_t heard_from[GOSSIP_HEARD_MAX]; /* numbers of peers; the first is who brought it */
    uint8_t heard_count;
    uint8_t served_count; /* IWANT answered, of the peers below */
    uint32_t served_to[GOSSIP_HEARD_MAX];
    uint8_t id_len;
    uint8_t id[GOSSIP_ID_LEN_MAX];
};

/* What a peer that sent an IHAVE owes us. */
struct gossip_promise {
    struct list in_promises; /* oldest first */
    uint32_t peer;
    instant until;
    uint8_t id_len;
    uint8_t id[GOSSIP_ID_LEN_MAX];
};

/* What a peer does not want: it has it. */
struct gossip_unwanted {
    struct list in_unwanted; /* oldest first */
    uint64_t until;          /* heartbeat */
    uint8_t key[12];
};

struct gossip {
    struct gossip_cfg cfg;
    struct budget budget;
    instant now;
    uint64_t seqno;
    uint32_t next_peer;
    uint64_t next_message;
    uint64_t heartbeats;
    instant heartbeat_at;
    uint64_t seed[2];
    struct map topics;
    struct map peers;    /* peer id -> gossip_peer */
    struct map numbers;  /* number -> gossip_peer */
    struct map groups;   /* IP group -> uint32_t */
    struct map seen;     /* id -> gossip_seen */
    struct map messages; /* number -> gossip_seen, while pending */
    struct map unwanted;
    struct list seen_order;
    struct list cache;
    struct list news; /* seen that are to be reported: in_cache of pending ones */
    struct list promises;
    uint32_t promises_count;
    struct list unwanted_order;
    struct list talkative;
    struct list connects; /* peers that others told of */
    uint32_t connects_count;
    struct gossip_connect *polled;
    uint64_t received_count; /* new messages */
    uint64_t duplicate_count;
    uint64_t refused_count;
    uint64_t sent_count;
};

/* ---- life ---- */

MUST_CHECK enum err gossip_init(struct gossip *g, const struct gossip_cfg *cfg, instant now);
void gossip_done(struct gossip *g);
bool gossip_poll(struct gossip *g, struct gossip_event *ret_event);
bool gossip_has_news(const struct gossip *g);
instant gossip_deadline(const struct gossip *g);
void gossip_tick(struct gossip *g, instant now);

/* ---- topics and messages ---- */

/* gossip_subscribe joins a topic, or changes its configuration; gossip_unsubscribe leaves it. ERR_LIMIT. */
MUST_CHECK enum err gossip_subscribe(struct gossip *g,
                                     instant now,
                                     struct span topic,
                                     const struct gossip_topic_cfg *cfg);
void gossip_unsubscribe(struct gossip *g, instant now, struct span topic);

/* gossip_configure says how messages of a topic look without joining it: for those who only publish. */
MUST_CHECK enum err
gossip_configure(struct gossip *g, struct span topic, const struct gossip_topic_cfg *cfg);

/* gossip_publish sends a message of our own. ERR_NOT_FOUND: the topic is not configured; ERR_STATE: it was
 * sent before; ERR_LIMIT; the signer's. */
MUST_CHECK enum err
gossip_publish(struct gossip *g, instant now, struct span topic, struct span data);

/* gossip_validated tells what a MESSAGE was worth: accepted ones travel on, rejected ones count against whoever
 * sent them. Numbers that are no longer known are ignored. */
void gossip_validated(struct gossip *g, instant now, uint64_t message, enum gossip_verdict verdict);

/* ---- peers ---- */

struct gossip_peer_args {
    enum gossip_version version;
    bool is_outbound; /* we dialled it */
    uint32_t group; /* of its IP address: peers that share one count against each other; 0 = none */
};

/* gossip_peer_connected: we can send it RPCs from now on. ERR_LIMIT; ERR_STATE: it is connected. */
MUST_CHECK enum err gossip_peer_connected(struct gossip *g,
                                          instant now,
                                          const struct peer_id *peer,
                                          struct gossip_peer_args args);
void gossip_peer_disconnected(struct gossip *g, instant now, const struct peer_id *peer);

/* gossip_set_record keeps a peer's sealed record, proven by the caller: peer exchange hands it on, so that others can
 * dial the peer. */
void gossip_set_record(struct gossip *g, const struct peer_id *peer, struct span record);

/* gossip_recv takes one RPC. ERR_MALFORMED, ERR_LIMIT: reset the stream, and count it against the peer, which
 * has happened. ERR_DENIED: its score is so bad that it was not read. ERR_NOT_FOUND: not connected. */
MUST_CHECK enum err
gossip_recv(struct gossip *g, instant now, const struct peer_id *peer, struct span rpc);

/* gossip_next_peer gives, once for each time that there is something for it, a peer; gossip_take_rpc writes the
 * next RPC for it onto out, about len_max bytes or one message. False: nothing left (or no memory for now). */
bool gossip_next_peer(struct gossip *g, struct peer_id *ret_peer);
bool gossip_take_rpc(struct gossip *g, const struct peer_id *peer, struct buf *out, size_t len_max);

/* gossip_set_app_score is P5, thousandths. */
void gossip_set_app_score(struct gossip *g, const struct peer_id *peer, int64_t score);

/* ---- figures ---- */

struct gossip_peer_info {
    struct peer_id peer;
    bool is_connected;
    enum gossip_version version;
    int64_t score;
    uint32_t topics_count;
    uint32_t meshes_count;
    uint32_t queue_count;
    uint64_t dropped_count;
};
size_t gossip_peers_count(const struct gossip *g);
void gossip_peer_at(const struct gossip *g, struct gossip_peer_info *ret_info, size_t i);
bool gossip_peer_find(const struct gossip *g,
                      struct gossip_peer_info *ret_info,
                      const struct peer_id *peer);

/* gossip_mesh_count is how many peers are in our mesh of a topic; gossip_in_mesh: is this one? */
uint32_t gossip_mesh_count(const struct gossip *g, struct span topic);
bool gossip_in_mesh(const struct gossip *g, struct span topic, const struct peer_id *peer);

#endif
