#ifndef NODE_SERVER_INSIDE_H
#define NODE_SERVER_INSIDE_H

#include "crypto/backend.h"
#include "node/config/fetch.h"
#include "node/config/networks.h"
#include "node/keyd/keyd_client.h"
#include "node/net/mdns_socket.h"
#include "node/net/tcp.h"
#include "node/os/entropy.h"
#include "node/os/sandbox_node.h"
#include "node/server/server.h"
#include "node/server/server_sidecar.h"
#include "node/server/server_store.h"
#include "p2p/host_kad.h"
#include "p2p/host_state.h"

/* The server's inside, shared by server*.c only. */

/* A stream of a peer and what serves it. */
struct server_stream {
    host_stream stream;
    struct service_stream *service; /* NULL: the place is free */
};

/* Does the node behind answer, and for the right chain? Nothing of a peer is asked before. */
enum server_chain { SERVER_CHAIN_UNKNOWN, SERVER_CHAIN_ASKED, SERVER_CHAIN_RIGHT };

enum server_phase {
    SERVER_STARTING, /* the node was not asked yet */
    SERVER_RUNNING,
    SERVER_DRAINING, /* told to stop: answers what it has taken */
    SERVER_CLOSING,  /* peers are told good-bye */
    SERVER_STOPPED
};

/* What the server does in the DHT, and what it says of itself there. */
struct server_dht {
    bool is_on;
    struct host_kad kad;
    instant provide_at; /* when it says again that it serves; NEVER: while it does */
    uint64_t retry_us;
    unsigned provides_count; /* under way */
    bool is_stored;          /* somebody took the record */
    uint64_t day;            /* of the keys that are told of */
};

struct server {
    const struct server_config *config;
    char *text;
    server_ready_fn ready;
    void *ready_user;
    enum err failure; /* why it stops, with text; OK: it was told to */
    enum server_phase phase;
    instant phase_until; /* DRAINING, CLOSING */

    struct budget budget;
    struct budget service_budget;
    struct log log;
    struct entropy entropy;
    struct loop loop;
    struct alarm alarm;
    uv_signal_t on_int;
    uv_signal_t on_term;
    struct server_sidecar sidecar;
    bool has_signals;
    bool is_pumping;
    bool pump_again;

    struct networks networks;
    const struct network *network;
    struct sandbox_node_report sandbox;
    struct process keyd_process;
    struct keyd_client keyd;
    struct keyd_key bundler_key;
    struct address bundler_address;
    struct bundler_signer signer;
    struct server_store *store;
    struct bundler bundler;
    bool has_bundler;
    struct service_server service;
    struct host host;
    bool has_host;
    struct tcp tcp;
    bool has_tcp;
    struct mdns_socket mdns;
    struct server_dht dht;
    size_t listen_count;
    struct span listen[SERVER_LISTEN_COUNT_MAX]; /* with the real ports */
    size_t leaving_count;                        /* answered, and not yet closed by both sides */
    struct server_stream *streams;               /* config->limits.streams_max */

    struct fetch *fetch;
    enum server_chain chain;
    instant chain_at;    /* when the node is asked again who it is */
    bool is_node_silent; /* told so already */
    bool is_balance_asked;
    bool is_poor;     /* told so already */
    instant watch_at; /* when keyd and the bundler's balance are looked at */
};

/* server_wake has server_pump run soon; it may be called from anywhere. */
void server_wake(struct server *s);

/* server_give_up ends the server with a sentence. */
void server_give_up(struct server *s, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- server.c: the steps that server_withdraw takes too ---- */

/* server_new makes a server that is not started; server_end takes down what there is of it and gives s->failure. */
MUST_CHECK enum err server_new(struct server **ret,
                               const struct server_config *config,
                               char ret_text[static SERVER_TEXT_LEN]);
enum err server_end(struct server *s);

/* Directories, randomness, network, store. Each step says why not in s->text. */
MUST_CHECK enum err server_start_base(struct server *s);
MUST_CHECK enum err server_start_keyd(struct server *s, uint32_t capabilities);
MUST_CHECK enum err server_start_bundler(struct server *s); /* with what the store holds */
MUST_CHECK enum err server_close_sandbox(struct server *s);

/* ---- server_streams.c ---- */

MUST_CHECK enum err server_streams_init(struct server *s);
void server_streams_done(struct server *s);
void server_host_event(void *user, const struct host_event *e);

/* server_stream_send moves what is ready to the peer, and ends the stream when that was all. */
void server_stream_send(struct server *s, struct server_stream *stream);

/* server_streams_end_heads ends subscriptions, which have no end of their own. */
void server_streams_end_heads(struct server *s);

/* ---- server_mdns.c ---- */

/* server_mdns_start has the local network told where the server listens, if that is wanted and there is anything to
 * tell. Where it cannot be, the log says so and the server goes on without. */
void server_mdns_start(struct server *s);
void server_mdns_stop(struct server *s);

/* ---- server_dht.c ---- */

/* server_dht_start makes the server a part of the DHT, unless the operator does not want that. ERR_LIMIT. */
MUST_CHECK enum err server_dht_start(struct server *s);
void server_dht_stop(struct server *s);
void server_dht_event(struct server *s);
void server_dht_tick(struct server *s, instant now);
instant server_dht_deadline(const struct server *s);

/* ---- server_chain.c ---- */

/* server_chain_tick asks the node who it is when that is due, and for the bundler's balance. */
void server_chain_tick(struct server *s, instant now);
instant server_chain_deadline(const struct server *s);

/* server_chain_ask posts a question of a peer or of the bundler. */
void server_chain_ask(struct server *s, const struct service_server_event *e, instant now);

/* server_chain_watch: look at the balance again. */
void server_chain_watch(struct server *s);

#endif
