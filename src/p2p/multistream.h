#ifndef P2P_MULTISTREAM_H
#define P2P_MULTISTREAM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "codec/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* multistream-select 1.0 (libp2p specs, connections/README.md, "Multistream-Select"): how two sides
 * agree on the protocol of a connection or stream.
 *
 * Each message is a uvarint length, an id, and a newline, which the length counts:
 *
 *     dialer                                        listener
 *     19 "/multistream/1.0.0\n"  ----------------->
 *                                <-----------------  19 "/multistream/1.0.0\n"
 *     7  "/noise\n"              ----------------->
 *                                <-----------------  3  "na\n"        not spoken here: propose another
 *     13 "/tls/1.0.0\n"...       ----------------->
 *                                <-----------------  the same id      agreed; the protocol's bytes follow
 *
 * Nobody waits for the other's header, so header and first proposal leave together. In the lazy form a
 * dialer that proposes one single protocol sends that protocol's first bytes right behind, without
 * waiting for the answer; only the reading side waits. Use it only for a protocol that the peer is
 * known to speak: else those bytes are read as proposals.
 *
 * States:  GREETING --header--> CHOOSING --id agreed--> SELECTED
 *                \_________________\__ violation, limit, end of input, deadline --> FAILED
 *
 * Memory: sizeof(struct multistream), and up to 1 KiB for a partial message plus output not yet sent,
 * both charged to cfg.budget and given back when they are empty. */

enum {
    MULTISTREAM_MESSAGE_LEN_MAX =
        1024, /* bytes, newline included: what go-libp2p and js-libp2p accept */
    MULTISTREAM_PROPOSALS_MAX = 64, /* of the dialer, before the listener hangs up */
    MULTISTREAM_TIMEOUT_MS = 15000, /* for the whole negotiation */
};

enum multistream_state {
    MULTISTREAM_GREETING, /* waits for the peer's header */
    MULTISTREAM_CHOOSING, /* listener: waits for a proposal; dialer: for the answer to one */
    MULTISTREAM_SELECTED,
    MULTISTREAM_FAILED,
};

struct multistream_cfg {
    bool is_dialer;
    bool lazy; /* dialer with exactly one protocol, which the peer is known to speak */
    const struct span
        *protocols;         /* dialer: in order of preference; listener: all it speaks. Borrowed
                                   * with what it points to until done; each id 1 to 1,023 bytes, no newline */
    size_t protocols_count; /* >= 1 */
    struct budget *budget;  /* of the connection or stream; outlives the engine */
    uint32_t proposals_max; /* 0: MULTISTREAM_PROPOSALS_MAX */
    uint32_t timeout_ms;    /* 0: MULTISTREAM_TIMEOUT_MS */
};

enum multistream_event_kind {
    MULTISTREAM_EVENT_PROPOSED, /* lazy only: once multistream_send returns 0, the caller may send the
                                 * protocol's bytes; it may not read any before SELECTED */
    MULTISTREAM_EVENT_SELECTED, /* agreed: once multistream_send returns 0 the caller sends, and all that
                                 * recv left in its input belongs to the protocol */
    MULTISTREAM_EVENT_FAILED, /* err and diag say why; close the connection or reset the stream */
};

struct multistream_event {
    enum multistream_event_kind kind;
    size_t protocol; /* PROPOSED, SELECTED: index in cfg.protocols */
    enum err err;    /* FAILED: ERR_UNSUPPORTED no common protocol, ERR_MALFORMED the peer broke the
                       * protocol, ERR_LIMIT ours or the budget's, ERR_TIMEOUT, ERR_CLOSED input ended */
    struct diag diag; /* FAILED */
};

struct multistream {
    const struct multistream_cfg *cfg;
    struct frame_reader reader;
    struct buf out;
    instant deadline;
    size_t protocol; /* dialer: proposed now; both: the selected one */
    uint32_t proposals_count;
    enum multistream_state state;
    bool proposed_event_waits;
    bool end_event_waits; /* SELECTED or FAILED */
    enum err err;
    struct diag diag;
};

/* multistream_init starts a negotiation: the deadline runs from now. cfg is borrowed until done.
 * Returns ERR_LIMIT if the budget cannot hold the first messages; m is then safe to give to done. */
MUST_CHECK enum err
multistream_init(struct multistream *m, const struct multistream_cfg *cfg, instant now);

/* multistream_recv consumes from *in what belongs to the negotiation, and stops behind the last byte of
 * it: what is left is the protocol's. Returns OK, also when it waits for more; after FAILED the reason,
 * and it consumes nothing. */
enum err multistream_recv(struct multistream *m, instant now, struct span *in);

/* multistream_recv_end tells that the peer will send nothing more. Before SELECTED that is a failure. */
void multistream_recv_end(struct multistream *m);

/* multistream_send copies what is to be sent into out and returns how much; 0 = nothing to say. A
 * write that fails because the peer closed its reading side is not an error of the negotiation: go on
 * reading, the answer may be there. */
size_t multistream_send(struct multistream *m, instant now, struct mspan out);

/* multistream_poll gives the next event; false if none waits. */
bool multistream_poll(struct multistream *m, struct multistream_event *ret_event);

/* multistream_deadline is when multistream_tick wants to be called: the end of the negotiation's time. */
instant multistream_deadline(const struct multistream *m);
void multistream_tick(struct multistream *m, instant now);

/* multistream_done gives all memory back; safe on a zeroed or half-built object. */
void multistream_done(struct multistream *m);

#endif
