#ifndef SERVICE_SERVER_H
#define SERVICE_SERVER_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/span.h"
#include "codec/frame.h"
#include "service/cache.h"
#include "service/cosign.h"
#include "service/keep.h"
#include "service/light.h"
#include "service/message.h"
#include "service/quota.h"
#include "service/standing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The answering side of /web3-wallet/1.0: all streams of all peers of one chain. It keeps quotas, checks requests,
 * follows the chain's head, and asks an Ethereum node by JSON-RPC. It has no sockets: the driver carries bytes
 * between streams and peers, and questions to the node.
 *
 *     a peer opens a stream     service_server_open; then service_server_recv with its bytes, service_server_end
 *                               when it closes its writing side, service_server_reset if it is gone
 *     after every call          while (service_server_poll(s, &e, now)):
 *                                 SERVICE_SERVER_ASK    post e.text to the node; give its answer to
 *                                                       service_server_answer, or service_server_answer_failed
 *                                 SERVICE_SERVER_READY  drain service_server_send of e.stream into the peer; if
 *                                                       service_server_is_finished, close the stream and call
 *                                                       service_server_reset
 *     time                      service_server_tick at service_server_deadline
 *
 * Instead of queues there are places: a request that finds none is answered BUSY with a time, at once. */

struct bundler;

struct service_server_limits {
    uint32_t streams_max;          /* open at once */
    uint32_t streams_per_peer_max; /* of one peer, subscriptions included */
    uint32_t asks_max;             /* questions of rpc and account_proof to the node at once */
    uint32_t peers_max;            /* whose quotas are remembered */
    uint32_t units_max;            /* of a peer's quota: what it can use in a burst */
    uint32_t units_per_s;          /* that come back */
    uint32_t group_factor;         /* a network group has so many times a peer's quota */
    uint32_t logs_blocks_max;      /* blocks in one eth_getLogs */
    uint32_t head_ms;              /* between two looks at the chain's head */
    uint32_t stale_ms;             /* without a look that succeeded, rpc is answered STALE */
    uint32_t request_ms;           /* for the whole of a request to arrive */
    uint32_t cached_max;           /* answers that a block proves, and are kept */
    uint32_t cached_bytes_max;     /* bytes of them */
    uint32_t
        payer_factor; /* a payment account has so many times a peer's quota, beside its peers' own */
    /* Of the streams, and of the questions to the node, so many percent may be in use until others than those who paid, and until
     * strangers, are answered BUSY; 100: until none is left. */
    uint32_t known_percent;
    uint32_t unknown_percent;
};

/* service_server_limits_default: for a small machine. */
struct service_server_limits service_server_limits_default(void);

struct service_server_cfg {
    struct budget *budget; /* outlives the server */
    uint64_t chain_id;
    const char *agent; /* static */
    struct service_server_limits limits;
    uint64_t map_seed[2];    /* random */
    struct bundler *bundler; /* NULL: no user operations; outlives the server */
    bool has_light;          /* the driver has a beacon node: it takes SERVICE_SERVER_LIGHT */
    struct service_cosigner *cosigner; /* NULL: no co-signing; outlives the server */
    struct service_keeper *keeper;     /* NULL: no sealed vaults are kept; outlives the server */
};

enum service_stream_state {
    SERVICE_STREAM_REQUEST, /* its request is coming in */
    SERVICE_STREAM_NODE,    /* waits for the node's answer */
    SERVICE_STREAM_BUNDLER, /* waits for the bundler's verdict */
    SERVICE_STREAM_HEADS,   /* subscribed */
    SERVICE_STREAM_ANSWERED /* all is said; what remains is to send it */
};

/* What is gathered for HEADERS, CODE, INCLUSION and LOGS (server_chain.c) and for CALL_WITNESS (server_witness.c), one question to the node after the other. */
enum service_job_step {
    SERVICE_JOB_CODE,
    SERVICE_JOB_PLACE, /* in which block the transaction is */
    SERVICE_JOB_HEADERS,
    SERVICE_JOB_LISTS,   /* of block */
    SERVICE_JOB_READS,   /* what the call reads */
    SERVICE_JOB_WITNESS, /* and what stands there */
};
struct service_job {
    enum service_job_step step;
    size_t asked;          /* results that the question has */
    uint64_t next;         /* number of the block whose header comes next, */
    struct hash32 want;    /* and its hash */
    uint64_t left;         /* headers that are still wanted */
    struct hash32 block;   /* of the last header; LISTS: whose lists are asked for */
    uint64_t looked;       /* LOGS: headers whose bloom was looked at */
    size_t looked_len;     /* bytes of body that they take */
    struct buf body;       /* as it will be sent */
    struct buf reads;      /* CALL_WITNESS: accounts and slots, as server_witness.c writes them */
    size_t sent;           /* of it, framed already */
    struct hash32 running; /* of what was framed, if it comes in parts */
};

/* One stream. Only the server writes it. */
struct service_stream {
    struct list in_streams;
    struct list in_ready;
    enum service_stream_state state;
    void *user;
    uint8_t peer[MAP_KEY_LEN_MAX];
    uint8_t peer_len;
    uint8_t group[MAP_KEY_LEN_MAX];
    uint8_t group_len;
    struct frame_reader frames;
    struct service_request request; /* without its spans once it is answered or asked */
    struct hash32 request_hash;
    uint32_t units_left;
    uint64_t token;     /* of the question to the node, or of the wait for a verdict; 0 = none */
    const char *method; /* RPC, static */
    bool ask_due;
    struct buf ask;  /* the question, until it is given out */
    struct buf kept; /* ACCOUNT_PROOF, and with a job: the request, until the node has answered */
    struct service_job job;
    struct hash32
        answer_key; /* ACCOUNT_PROOF, and with a job: what the answer depends on; SEND_TRANSACTION: its hash */
    bool is_follower; /* another stream has asked the node for the same */
    struct buf out;
    size_t out_at;
    instant deadline;
    bool is_counted; /* in answers_count */
};

/* Only the server's own functions look into it. */
struct service_server {
    struct service_server_cfg cfg;
    struct pool streams;
    struct list all;
    struct list ready;
    struct quota peers;
    struct quota groups;
    struct quota payers; /* payment accounts */
    struct standings standings;
    struct cache
        answers; /* that a block proves: they stay right for ever, whatever becomes of the block */
    uint64_t next_token;
    uint32_t asks_count;
    bool has_head;
    struct service_head head;
    instant head_at;     /* when head was learnt */
    instant head_next;   /* when to ask again */
    uint64_t head_token; /* 0 = no question is out */
    instant head_timeout;
    struct buf text; /* the question given out last */
    struct buf body;
    struct buf message;
    bool is_draining;
    instant now;                         /* of the last call that had one */
    uint64_t shed_count[STANDING_COUNT]; /* answered BUSY so that others are served */
    /* How many requests of each type were answered with each code; type 0: not understood, or not read. */
    uint64_t answers_count[SERVICE_TYPES_MAX][SERVICE_CODES_MAX];
};

/* service_server_set_limits takes over what needs no other places: all but streams_max, peers_max and group_factor. Who has used
 * more of a quota than there is now waits until that has come back. */
void service_server_set_limits(struct service_server *s,
                               const struct service_server_limits *limits);

MUST_CHECK enum err
service_server_init(struct service_server *s, const struct service_server_cfg *cfg, instant now);
void service_server_done(struct service_server *s);

/* service_server_open: ERR_LIMIT: no place; reset the stream. user comes back with READY. id is the peer id's
 * bytes, group what its neighbours share (its /24 or /48), or empty; both at most MAP_KEY_LEN_MAX. */
struct service_peer {
    struct span id;
    struct span group;
};
MUST_CHECK enum err service_server_open(struct service_server *s,
                                        struct service_stream **ret_stream,
                                        struct service_peer peer,
                                        void *user,
                                        instant now);

/* service_server_recv takes all of in; what comes after the request is ignored. */
void service_server_recv(struct service_server *s,
                         struct service_stream *stream,
                         struct span in,
                         instant now);

/* service_server_end: the peer writes no more. Without a whole request the stream is finished. */
void service_server_end(struct service_server *s, struct service_stream *stream, instant now);
size_t
service_server_send(struct service_server *s, struct service_stream *stream, struct mspan out);

/* The same without a copy, for a driver whose stream takes less than it announced: service_server_waiting is what is
 * to be sent, a span that lives until the next call; service_server_sent tells how much of it went. Of a long answer one part
 * waits at a time: when all of it went, look again. */
struct span service_server_waiting(const struct service_stream *stream);
void service_server_sent(struct service_server *s, struct service_stream *stream, size_t n);

/* service_server_is_finished: all was said and sent. */
bool service_server_is_finished(const struct service_stream *stream);

/* service_server_reset forgets the stream; it is not valid afterwards. */
void service_server_reset(struct service_server *s, struct service_stream *stream);

enum service_server_event_kind {
    SERVICE_SERVER_ASK, /* token, text, timeout_ms */
    SERVICE_SERVER_LIGHT, /* token, request, timeout_ms: get it from the beacon node; service_server_light follows */
    SERVICE_SERVER_READY, /* stream, user */
};

struct service_server_event {
    enum service_server_event_kind kind;
    uint64_t token;
    struct span text;                      /* a JSON-RPC request; lives until the next call */
    const struct service_request *request; /* until the next call */
    uint32_t timeout_ms;
    struct service_stream *stream;
    void *user;
};

bool service_server_poll(struct service_server *s,
                         struct service_server_event *ret_event,
                         instant now);

/* service_server_answer gives the node's answer (the body of its HTTP response); unknown tokens are ignored.
 * service_server_answer_failed: none came; ERR_LIMIT: it was too long to take. */
void service_server_answer(struct service_server *s, uint64_t token, struct span text, instant now);
void service_server_answer_failed(struct service_server *s,
                                  uint64_t token,
                                  enum err why,
                                  instant now);

/* service_server_light gives what the beacon node said: OK with light, ERR_NOT_FOUND, or another error. Unknown tokens are
 * ignored. */
void service_server_light(struct service_server *s,
                          uint64_t token,
                          enum err err,
                          const struct service_light *light);

instant service_server_deadline(const struct service_server *s);
void service_server_tick(struct service_server *s, instant now);

/* service_server_status is what `status` tells. agent's span is static. */
void service_server_status(const struct service_server *s, struct service_status *ret);

/* service_server_drain refuses new requests with BUSY; those under way are answered. */
void service_server_drain(struct service_server *s);
size_t service_server_streams_count(const struct service_server *s);

#endif
