#ifndef P2P_DCUTR_H
#define P2P_DCUTR_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/instant.h"
#include "codec/frame.h"
#include "p2p/dcutr_message.h"

#include <stdbool.h>
#include <stdint.h>

/* dcutr: one exchange of DCUtR on one stream over a relayed connection (libp2p specs, relay/DCUtR.md): two peers tell
 * each other their addresses and agree on a moment.
 *
 *     B, whom the relayed connection came to: it asks            A, who made that connection
 *        CONNECT(addresses) -->
 *                                                                <-- CONNECT(addresses)
 *        SYNC -->                    half a round trip later
 *        PUNCH                                                   PUNCH
 *
 * What to do at that moment is the owner's: host_dcutr.h. Memory: a partial message, and the peer's addresses. */

enum dcutr_state {
    DCUTR_SAYING,  /* B: CONNECT is not all out yet */
    DCUTR_WAITING, /* for the other side's next message */
    DCUTR_TIMING,  /* B: until SYNC will have arrived */
    DCUTR_FINISHED,
    DCUTR_FAILED,
};

struct dcutr_cfg {
    bool asks;                /* it is B */
    const struct span *addrs; /* ours, valid multiaddrs; used by init only */
    size_t addrs_count;       /* at most DCUTR_ADDRS_MAX */
    uint64_t timeout_us;      /* for each message of the other side */
    struct budget *budget;
};

enum dcutr_event_kind {
    DCUTR_EVENT_PUNCH,  /* now; addrs, and if it asks rtt_us. Close the stream */
    DCUTR_EVENT_FAILED, /* err, rule: reset the stream */
};

struct dcutr_event {
    enum dcutr_event_kind kind;
    struct span addrs[DCUTR_ADDRS_MAX]; /* of the other side; they live until done */
    size_t addrs_count;
    uint64_t rtt_us;
    enum err err;
    const char *rule; /* static text */
};

struct dcutr {
    struct dcutr_cfg cfg;
    enum dcutr_state state;
    struct frame_reader frames;
    struct buf out;
    struct buf addrs; /* the other side's CONNECT */
    instant asked_at;
    instant deadline;
    uint64_t rtt_us;
    bool event_waits;
    enum err err;
    const char *rule;
};

/* dcutr_init: ERR_LIMIT: the addresses do not fit a message, or memory. */
MUST_CHECK enum err dcutr_init(struct dcutr *d, const struct dcutr_cfg *cfg, instant now);
void dcutr_done(struct dcutr *d);

/* dcutr_peer_addrs gives the addresses of the other side and their count, 0 before its CONNECT came; they live until done. */
size_t dcutr_peer_addrs(const struct dcutr *d, struct span ret_addrs[static DCUTR_ADDRS_MAX]);

/* The engine's verbs. */
enum err dcutr_recv(struct dcutr *d, instant now, struct span *in);
void dcutr_recv_end(struct dcutr *d);
size_t dcutr_send(struct dcutr *d, instant now, struct mspan out);
bool dcutr_poll(struct dcutr *d, struct dcutr_event *ret_event);
instant dcutr_deadline(const struct dcutr *d);
void dcutr_tick(struct dcutr *d, instant now);

#endif
