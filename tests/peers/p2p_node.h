#ifndef PEERS_P2P_NODE_H
#define PEERS_P2P_NODE_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/rng.h"
#include "crypto/hash.h"
#include "node/net/dialback.h"
#include "node/net/loop.h"
#include "node/net/mdns_socket.h"
#include "node/net/tcp.h"
#include "p2p/host.h"
#include "p2p/host_circuit.h"
#include "p2p/host_dcutr.h"
#include "p2p/host_gossip.h"
#include "p2p/host_kad.h"
#include "p2p/host_relay.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <stdbool.h>
#include <stdint.h>

/* A small libp2p node for the interoperability tests: the real host under the real driver, told what to
 * do on stdin, a line a command, and answering on stdout, a line an answer. See p2p_node.c. */

#define ECHO_PROTOCOL "/test/echo/1.0.0"
#define SINK_PROTOCOL "/test/sink/1.0.0"

enum job_kind {
    JOB_NONE,
    JOB_ECHO,    /* one stream, `bytes` bytes there and back */
    JOB_STREAMS, /* `count` streams open at once, a few bytes each */
    JOB_RESETS,  /* `count` streams, each reset at a random point */
    JOB_SEND,    /* one stream, `bytes` zero bytes to a peer that only counts them */
};

/* What the command under way has done so far. */
struct job {
    enum job_kind kind;
    struct peer_id peer;
    uint64_t bytes; /* JOB_ECHO: to send; JOB_STREAMS: of each stream */
    uint32_t count; /* streams to open altogether */
    uint32_t opened_count;
    uint32_t open_count; /* now */
    uint32_t echoed_count;
    bool closing;
    instant started_at;
    char sha256[65]; /* JOB_ECHO: of what came back */
};

struct node {
    struct loop loop;
    struct budget budget;
    struct tcp tcp;
    struct host host;
    struct host_kad kad;
    bool has_kad;
    struct host_autonat autonat;
    struct dialback dialback;
    bool has_autonat;
    struct host_gossip gossip;
    bool has_gossip;
    struct host_relay relay;
    struct host_circuit circuit;
    bool has_circuit;
    struct host_dcutr dcutr;
    bool has_dcutr;
    struct mdns_socket mdns;
    struct peer_id mdns_last;
    struct key_signer signer;
    struct rng rng;
    struct rng_seeded choices; /* where to reset */
    struct job job;
    struct list clients;    /* streams of the job */
    uint32_t serving_count; /* streams that we echo on */
    uint64_t sunk_len;      /* bytes taken and dropped so far */
    const char *refused_last;
    char served[8][64]; /* protocols of the command "serve": the host keeps their addresses */
    size_t served_count;
    uv_pipe_t input;
    size_t line_len;
    char line[1024];
};

/* node_say prints one line. */
void node_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The DHT: p2p_kad.c. mode is "server" or "client"; protocol may be NULL. A command that is not of the DHT
 * gives false. */
void node_kad_init(struct node *n, const char *mode, const char *protocol);
void node_kad_on_event(struct node *n);
bool node_kad_command(struct node *n, const char *verb, const char *subject, const char *rest);
void node_kad_say_stats(const struct node *n);

/* AutoNAT: p2p_autonat.c. */
void node_autonat_init(struct node *n, uint64_t unix_s, bool serves);
void node_autonat_done(struct node *n); /* after loop_done */
void node_autonat_on_event(struct node *n);
bool node_autonat_command(struct node *n, const char *verb, const char *subject);

/* Gossipsub: p2p_gossip.c. */
void node_gossip_init(struct node *n);
void node_gossip_on_event(struct node *n);
bool node_gossip_command(struct node *n, const char *verb, const char *topic, const char *rest);

/* Relays and hole punching: p2p_relay.c. */
void node_relay_init(struct node *n, bool serves);
void node_dcutr_init(struct node *n, bool private_too);
void node_relay_on_event(struct node *n);
bool node_relay_command(struct node *n, const char *verb, const char *subject);
void node_relay_say_stats(const struct node *n);
void node_relay_done(struct node *n);

/* mDNS on a port of its own: p2p_mdns.c. */
void node_mdns_init(struct node *n, uint16_t port, const struct span *addrs, size_t count);

/* Streams: p2p_stream.c. */
void stream_on_event(struct node *n, const struct host_event *e);

/* job_go_on opens as many of the job's streams as fit, and finishes the job when all is done. */
void job_go_on(struct node *n);

#endif
