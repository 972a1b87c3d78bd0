#ifndef P2P_HOST_CIRCUIT_STATE_H
#define P2P_HOST_CIRCUIT_STATE_H

#include "p2p/host_circuit.h"

/* The inside of the client of relays: host_circuit.c has the reservations and tells events apart, circuit_link.c the
 * relayed links. */

enum circuit_kind { CIRCUIT_OF_RELAY, CIRCUIT_OF_LINK };

/* What both have in common: a stream to a relay, and first one message on it. */
struct circuit_head {
    enum circuit_kind kind;
    struct heap_node timer;
    struct peer_id relay;
    uint64_t dial; /* to the relay; 0 = none under way */
    host_stream stream;
    bool is_open; /* the host knows the stream */
    struct frame_reader frames;
};

enum circuit_link_state {
    LINK_CONNECTING, /* the relay is dialled */
    LINK_ASKING,     /* for the relay's answer */
    LINK_LISTENING,  /* a stop stream: what does the relay want? */
    LINK_OPEN,
    LINK_CLOSING, /* the host has forgotten it; its last bytes are on their way */
};

struct circuit_link {
    struct circuit_head head; /* first member */
    enum circuit_link_state state;
    struct list in_all;
    struct list in_hungry;
    host_link link; /* 0: none yet, or no more */
    bool inbound;
    struct peer_id target; /* outbound */
    struct buf in;         /* from in_at on not taken by the host yet */
    size_t in_at;
    bool has_ended; /* the other side says no more */
    bool is_stalled;
};

/* ---- host_circuit.c ---- */

/* head_init prepares the common part; ERR_LIMIT. head_done gives everything back and resets the stream. */
MUST_CHECK enum err head_init(struct host_circuit *hc,
                              struct circuit_head *head,
                              enum circuit_kind kind,
                              const struct peer_id *relay);
void head_done(struct host_circuit *hc, struct circuit_head *head);

/* head_attach makes a stream that of the head. ERR_LIMIT: the stream is reset. */
MUST_CHECK enum err
head_attach(struct host_circuit *hc, struct circuit_head *head, host_stream stream);

/* head_dial dials the relay, or waits with those who do already. */
MUST_CHECK enum err head_dial(struct host_circuit *hc,
                              struct circuit_head *head,
                              const struct span *addrs,
                              size_t count);

/* head_ask opens a hop stream and says the message. head_say only says one. */
MUST_CHECK enum err
head_ask(struct host_circuit *hc, struct circuit_head *head, const struct circuit_message *m);
MUST_CHECK enum err head_say(struct host_circuit *hc,
                             struct circuit_head *head,
                             enum circuit_protocol protocol,
                             const struct circuit_message *m);
void head_set_timer(struct host_circuit *hc, struct circuit_head *head, uint64_t us);

/* ---- circuit_link.c ---- */

bool circuit_link_on_dial(struct host_circuit *hc, const struct host_event *e);
bool circuit_link_on_close(struct host_circuit *hc, const struct host_event *e);
bool circuit_link_on_new_stream(struct host_circuit *hc, const struct host_event *e);
void circuit_link_on_event(struct host_circuit *hc,
                           struct circuit_link *l,
                           const struct host_event *e);

/* circuit_link_on_relay: the relay is connected, or cannot be. */
void circuit_link_on_relay(struct host_circuit *hc, struct circuit_link *l, bool is_connected);
void circuit_link_on_timer(struct host_circuit *hc, struct circuit_link *l);
bool circuit_link_work(struct host_circuit *hc);

/* circuit_link_end forgets a link, and tells the host if it does not know yet. */
void circuit_link_end(struct host_circuit *hc, struct circuit_link *l, enum err why);

#endif
