#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "p2p/host_kad.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"
#include "sim.h"

/* The inside of the simulator: world.c is its clock and its fate, wire.c its network, node.c its people. */

enum sim_timer_kind {
    SIM_TIMER_NODE,    /* a host's deadline */
    SIM_TIMER_MESSAGE, /* a node begins a message */
    SIM_TIMER_KAD,     /* a node looks for a key */
    SIM_TIMER_RESTART, /* a crashed node comes back */
    SIM_TIMER_PIPE,    /* a segment arrives */
    SIM_TIMER_CONNECT, /* a SYN or its answer arrives */
    SIM_TIMER_CRASH,
    SIM_TIMER_PARTITION,
    SIM_TIMER_HEAL,
};

struct sim_timer {
    struct heap_node node;
    enum sim_timer_kind kind;
};

struct sim_message {
    uint32_t from;
    uint32_t to;
    uint32_t len;
    uint8_t delivered_count;
    bool acked;
    bool over; /* at the sender, whatever came of it */
};

/* What is under way in one direction of a wire. */
struct sim_segment {
    struct list in_pipe;
    instant arrives_at;
    bool is_fin;
    size_t n;
    uint8_t bytes[];
};

struct sim_wire;

struct sim_pipe {
    struct sim_wire *wire;
    unsigned from;          /* index of the sending end */
    struct sim_timer timer; /* when the first segment arrives */
    struct list segments;
    size_t held;     /* bytes */
    instant free_at; /* when the line has sent what it was given */
    instant last_arrival;
    bool fin_is_sent;
    bool is_blocked; /* the sender has more than the pipe holds */
};

struct sim_wire {
    struct list in_world;
    uint32_t node[2]; /* 0: who dialled */
    host_link link[2];
    bool is_open[2];  /* that side's host knows the link */
    bool is_answered; /* the SYN has arrived */
    bool is_connecting;
    enum err answer;
    uint64_t latency_us;
    struct sim_timer connect;
    struct sim_pipe pipe[2]; /* from node[i] */
};

/* A stream as its node's application knows it. */
struct sim_stream {
    host_stream id;
    bool is_sender;
    bool is_lazy; /* consumes in lumps */
    bool is_opened;
    uint32_t message;  /* index; UINT32_MAX = the header is not whole */
    uint32_t at;       /* payload bytes written, or received */
    uint32_t held;     /* received, not consumed */
    uint32_t reset_at; /* the sender gives up after so many bytes; UINT32_MAX = never */
    uint8_t header[8];
    uint8_t header_n;
    uint8_t ack_n;
};

struct sim_node {
    struct host host;
    bool is_up;
    uint32_t life;
    struct key_signer signer;
    struct rng_seeded rng;
    struct sim_timer timer;
    struct sim_timer message_timer;
    struct sim_timer kad_timer;
    struct sim_timer restart_timer;
    struct host_kad kad;
    bool kad_has_published;
    uint64_t kad_op;    /* the lookup under way; 0 = none */
    uint32_t kad_wants; /* whose key it looks for */
    bool kad_counts;    /* it was there when the lookup began */
    struct map wires;   /* link id -> struct sim_wire */
    struct map streams; /* stream id -> struct sim_stream */
    uint32_t neighbours[16];
    uint32_t neighbours_count;
    uint8_t peers[(SIM_NODES_MAX + 7) / 8]; /* connected, as the events say */
    uint32_t waiting[64];                   /* messages whose connection is not there yet */
    uint32_t waiting_count;
};

struct sim_world {
    struct sim_cfg cfg;
    struct sim_report report;
    struct budget *budget;
    struct rng_seeded rng;
    struct heap heap;
    instant now;
    struct sim_node *nodes;
    struct map by_peer; /* peer id -> struct sim_node */
    struct list wires;
    struct sim_message *messages;
    uint32_t messages_count;
    uint32_t messages_cap;
    struct sim_timer crash;
    struct sim_timer partition;
    struct sim_timer heal;
    bool is_cut; /* even nodes do not reach odd ones of the seeded colouring */
    uint64_t cut_salt;
    bool is_ending; /* no new messages */
};

/* ---- world.c ---- */
void world_violation(struct sim_world *w, uint32_t node, const char *what);
void world_at(struct sim_world *w, struct sim_timer *t, instant at);
void world_hash(struct sim_world *w, uint64_t value);
uint64_t world_around(struct sim_world *w, uint64_t mean_us);
bool world_reaches(const struct sim_world *w, uint32_t a, uint32_t b);
void *world_alloc(struct sim_world *w, size_t n);
void world_free(struct sim_world *w, void *p, size_t n);

/* ---- wire.c ---- */

/* wire_dial sends a SYN for a link that from's host wants to connect to node to. */
void wire_dial(struct sim_world *w, uint32_t from, uint32_t to, host_link link);
void wire_connect_tick(struct sim_world *w, struct sim_wire *x);
void wire_pipe_tick(struct sim_world *w, struct sim_pipe *p);

/* wire_flush takes what the host has to say on a link, as far as the pipe has room. */
void wire_flush(struct sim_world *w, uint32_t node, host_link link);

/* wire_close: the host has done with the link; the rest is sent, then the end. */
void wire_close(struct sim_world *w, uint32_t node, host_link link);

/* wire_crash: the node is gone; silent = nobody is told. */
void wire_crash(struct sim_world *w, uint32_t node, bool silent);
void wire_free(struct sim_world *w, struct sim_wire *x);

/* ---- dht.c ---- */
MUST_CHECK enum err dht_start(struct sim_world *w, uint32_t i);
void dht_stop(struct sim_world *w, uint32_t i);
void dht_look(struct sim_world *w, uint32_t i);
void dht_on_event(struct sim_world *w, struct sim_node *n);

/* ---- node.c ---- */
struct span node_addr(uint8_t ret_addr[static 32], uint32_t i);
MUST_CHECK enum err node_start(struct sim_world *w, uint32_t i);
void node_stop(struct sim_world *w, uint32_t i);
void node_work(struct sim_world *w, uint32_t i);
void node_begin_message(struct sim_world *w, uint32_t i);
void node_check(struct sim_world *w, uint32_t i);

#endif
