#ifndef P2P_SIEGE_TEST_H
#define P2P_SIEGE_TEST_H

#include "p2p/host_net_test.h"
#include "p2p/yamux_frame.h"

/* A node under attack: node 0, with its whole stack and a small memory; node 1, a bystander whose pings are to be answered all the
 * while; and raw peers that shake hands as the protocol has it and then write what they like.
 *
 *     siege_run(&(struct siege_plan){.memory_max = ..., .attack = attack})
 *         setup(s)       what is to stand on the node besides; teardown(s) takes it away
 *         attack(s)      the attack and what must come of it; siege_served(s) in its midst
 *
 * runs the attack twice. Each time the bystander is served before, after, and once the attackers have left. The node's memory
 * stays within its maximum and is back where it was when all is over: what tables have grown by in the first round is theirs, the
 * second leaves nothing. Attacks on what stands above streams come from whole hosts, nodes 2 and up, on whose streams the test writes
 * what it likes. */

enum { SIEGE_PEERS_MAX = 160 };

struct siege;

/* A raw peer. The test may set is_deaf at any time: it then reads nothing of what the node writes. */
struct siege_peer {
    struct siege *siege;
    struct rng_seeded rng;
    struct key_signer signer;
    struct noise_identity identity;
    struct noise noise;
    host_link link;
    uint8_t heard[1024]; /* of a link without siege_peer's handshake: what came first */
    size_t heard_len;
    size_t skip; /* bytes of the answer to the proposal of noise that are still to come */
    uint32_t stream;
    bool is_in; /* hands are shaken */
    bool is_deaf;
    bool is_out;        /* the node has closed the link, or the peer has left */
    unsigned resets;    /* of streams, by the node */
    unsigned pongs;     /* to its pings */
    unsigned go_aways;  /* by the node */
    uint32_t go_away;   /* reason of the last */
    size_t data_len;    /* bytes that came on its streams */
    uint8_t header[12]; /* of the frame that is coming in */
    size_t header_len;
    size_t payload_left;
};

struct siege {
    struct host_net net;
    struct siege_peer peers[SIEGE_PEERS_MAX];
    unsigned count;
    bool (*on_datagrams)(struct siege *s, host_link link); /* as host_net_loose.flush, for QUIC */
    host_net_fn on_event;                                  /* the test's own, or NULL */
    size_t used;       /* bytes of the node when the round began */
    unsigned pings;    /* of the bystander, answered */
    unsigned refusals; /* events REFUSED of the node */
    struct refusal refusal;
    unsigned resets;     /* of streams of the attacking hosts, by the node */
    unsigned departures; /* events PEER_DISCONNECTED of the node */
    enum err departure_err;
    const char *departure;
};

typedef void (*siege_fn)(struct siege *s);

struct siege_plan {
    size_t memory_max; /* of the node, bytes */
    unsigned hosts;    /* that attack, connected when the attack begins */
    siege_fn setup;    /* may be NULL, like teardown */
    siege_fn attack;
    siege_fn teardown;
    uint64_t rest_us; /* after an attack, until what it left may be forgotten; 0 = 2 s */
};
void siege_run(const struct siege_plan *plan);

/* siege_host is the node under attack. siege_grown is the most that its memory has grown by in this round, in bytes. */
struct host *siege_host(struct siege *s);
size_t siege_grown(const struct siege *s);

/* siege_mark begins to count anew what it has grown by, and what the node has reported. */
void siege_mark(struct siege *s);

/* siege_served expects that the bystander's ping is answered, and that the node's memory is within its maximum. */
void siege_served(struct siege *s);

/* How a dialer that wants Noise begins, and what the node answers. */
#define SIEGE_PROPOSAL "\x13/multistream/1.0.0\n\x07/noise\n"

/* siege_link opens a link that has said nothing, from a public address of network i; NULL if the node refuses it.
 * siege_peer goes on to shake hands; is_in tells whether that came about. */
struct siege_peer *siege_link(struct siege *s, unsigned network);
struct siege_peer *siege_peer(struct siege *s, unsigned network);

/* siege_give writes bytes on the link as they are, siege_say within the secure channel. */
void siege_give(struct siege_peer *p, struct span bytes);
void siege_say(struct siege_peer *p, struct span plain);

/* siege_frame says one yamux frame; for data, payload follows, whatever length claims. */
void siege_frame(struct siege_peer *p, struct yamux_frame frame, struct span payload);

/* siege_open opens a stream, proposes a protocol and says `first` right behind; its id. siege_data says more on a stream. */
uint32_t siege_open(struct siege_peer *p, const char *protocol, struct span first);
void siege_data(struct siege_peer *p, uint32_t stream, struct span data);

/* siege_host_stream opens a stream from attacking host i to the node; siege_host_write writes all of data on it, as the node takes it. */
host_stream siege_host_stream(struct siege *s, unsigned i, const char *protocol);
void siege_host_write(struct siege *s, unsigned i, host_stream stream, struct span data);

/* siege_leave closes the link from the peer's side. */
void siege_leave(struct siege_peer *p);

#endif
