#ifndef P2P_HOST_NET_TEST_H
#define P2P_HOST_NET_TEST_H

#include "p2p/host_state.h"
#include "p2p/key_signer.h"

/* Hosts joined by perfect wires, for tests of what lives on a host: what one says the other hears at once, and
 * time moves only when a test moves it. Nodes may stand behind a NAT that maps each address to itself. Node i listens at /ip4/10.0.0.(i+1)/tcp/4001. */

enum { HOST_NET_MAX = 12, HOST_NET_WIRES_MAX = 64, HOST_NET_UNIX_S = 1800000000 };

struct host_net_node {
    struct host host;
    struct key_signer signer;
    struct rng_seeded rng;
    bool is_dead;   /* dials to it fail */
    bool is_natted; /* dials to it hang until it dials back: a simultaneous connect */
    uint8_t addr[16];
    size_t addr_len;
};

struct host_net_wire {
    bool is_used;
    bool is_hanging; /* node[0] dials; nothing goes through */
    unsigned node[2];
    host_link link[2];
};

/* What the test does with an application's event of node i. */
typedef void (*host_net_fn)(void *user, unsigned i, const struct host_event *e);

/* Links of node i that no wire joins, because the test opened them itself: what it does when one has something to say (true
 * if it took any of that), and when the node has closed it. */
struct host_net_loose {
    bool (*flush)(void *user, unsigned i, host_link link);
    void (*closed)(void *user, unsigned i, host_link link);
};

struct host_net {
    struct host_net_node nodes[HOST_NET_MAX];
    struct host_net_wire wires[HOST_NET_WIRES_MAX];
    unsigned count;
    bool listener_wins; /* of two dials that meet, the second is taken in by the first's listener */
    instant now;
    host_net_fn on_event;
    struct host_net_loose loose; /* may be empty */
    void *user;
};

void host_net_init(struct host_net *n, unsigned count);
void host_net_done(struct host_net *n);

/* host_net_restart makes node i anew, whom nobody knows yet, with memory_max bytes. */
void host_net_restart(struct host_net *n, unsigned i, size_t memory_max);
void host_net_connect(struct host_net *n, unsigned from, unsigned to);

/* host_net_run goes on until everybody is quiet; host_net_pass lets time go by, deadline by deadline. */
void host_net_run(struct host_net *n);
void host_net_pass(struct host_net *n, uint64_t us);
struct span host_net_addr(const struct host_net *n, unsigned i);

#endif
