#ifndef P2P_IDENTIFY_H
#define P2P_IDENTIFY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "base/wr.h"
#include "codec/frame.h"
#include "codec/protobuf.h"
#include "p2p/envelope.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* identify (libp2p specs, identify/README.md): peers tell each other who they are, where they listen,
 * what they speak, and how they see the other. In /ipfs/id/1.0.0 the listener of the stream tells and
 * closes; in /ipfs/id/push/1.0.0 its dialer tells, after a change. Either way one side is the teller
 * and the other the hearer:
 *
 *     teller:  len ‖ message, [len ‖ message ...], end of stream        (len: uvarint)
 *     hearer:  joins the messages, and reads them when the stream ends
 *
 *     message = protobuf { 1 publicKey, 2 listenAddrs*, 3 protocols*, 4 observedAddr, 5 protocolVersion,
 *                          6 agentVersion, 8 signedPeerRecord }
 *
 * Field 8 stands in no spec but is sent by all; it is a sealed peer record (envelope.h).
 *
 * Memory: a teller holds its message, at most 4 KiB, until it is sent. A hearer holds what has come, at
 * most IDENTIFY_HEARD_LEN_MAX, until done. Both are charged to the given budget. */

enum {
    IDENTIFY_MESSAGE_LEN_MAX = 8192, /* of one message that we read: go's limit */
    IDENTIFY_TOLD_LEN_MAX = 4096,    /* of the message that we write: rust reads no more */
    IDENTIFY_MESSAGES_MAX = 10,
    IDENTIFY_HEARD_LEN_MAX = 32768, /* of all messages of one stream together */
    IDENTIFY_PROTOCOLS_MAX = 1024,
    IDENTIFY_ADDRS_MAX = 500,
    IDENTIFY_TIMEOUT_MS = 5000,
};

#define IDENTIFY_PROTOCOL      "/ipfs/id/1.0.0"
#define IDENTIFY_PUSH_PROTOCOL "/ipfs/id/push/1.0.0"

/* What a message says. Every span may be empty: the field was absent. All of it is the peer's word only,
 * but that public_key has been compared with the peer of the connection. */
struct identify_info {
    struct span message; /* the joined messages; the spans below lie in it */
    struct span public_key;
    struct span observed_addr; /* a valid multiaddr, or empty */
    struct span protocol_version;
    struct span agent_version; /* untrusted text of any length and bytes */
    struct span signed_peer_record;
    size_t protocols_count; /* as sent; the cursor may give fewer */
    size_t addrs_count;
};

/* identify_decode: ERR_MALFORMED; ERR_LIMIT beyond IDENTIFY_PROTOCOLS_MAX or IDENTIFY_ADDRS_MAX. */
MUST_CHECK enum err identify_decode(struct identify_info *ret_info, struct span message);

/* A walk over protocols or listen addresses. */
struct identify_cursor {
    struct protobuf_reader reader;
};
struct identify_cursor identify_cursor_init(const struct identify_info *info);

/* identify_next_protocol gives ids of 1 to 255 bytes; identify_next_addr only valid multiaddrs. The rest
 * is passed over. A cursor serves one kind. */
bool identify_next_protocol(struct span *ret_protocol, struct identify_cursor *c);
bool identify_next_addr(struct span *ret_addr, struct identify_cursor *c);

/* identify_open_record gives the signed peer record if there is one, it holds, and it speaks of peer:
 * ERR_NOT_FOUND, ERR_AUTH and what peer_record_open answers. */
MUST_CHECK enum err identify_open_record(struct peer_record *ret_record,
                                         const struct identify_info *info,
                                         const struct peer_id *peer,
                                         struct budget *budget);

/* What to tell. Spans are used during the call only. */
struct identify_content {
    struct span public_key; /* PublicKey message */
    const struct span *addrs;
    size_t addrs_count;
    const struct span *protocols;
    size_t protocols_count;
    struct span observed_addr; /* how we see the hearer; may be empty */
    struct span protocol_version;
    struct span agent_version;
    struct span signed_peer_record; /* may be empty */
};

/* identify_encode writes the message. If it would be longer than IDENTIFY_TOLD_LEN_MAX, listen addresses
 * are left out from the end until it fits; ERR_LIMIT if it does not fit without any. */
MUST_CHECK enum err identify_encode(struct wr *w, const struct identify_content *content);

enum identify_state {
    IDENTIFY_TELLING,
    IDENTIFY_HEARING,
    IDENTIFY_FINISHED,
    IDENTIFY_FAILED,
};

enum identify_event_kind {
    IDENTIFY_EVENT_TOLD,  /* all is out: close the writing side */
    IDENTIFY_EVENT_HEARD, /* info */
    IDENTIFY_EVENT_FAILED, /* err and diag: reset the stream; ERR_AUTH: the message names another key */
};

struct identify_event {
    enum identify_event_kind kind;
    struct identify_info info; /* HEARD; its spans live until done */
    enum err err;
    struct diag diag;
};

struct identify {
    struct frame_reader reader;
    struct buf bytes; /* teller: not yet sent; hearer: heard so far */
    struct peer_id peer;
    instant deadline;
    uint32_t messages_count;
    enum identify_state state;
    bool event_waits;
    struct identify_info info;
    enum err err;
    struct diag diag;
};

/* identify_tell_init makes the teller's engine: ERR_LIMIT if content is too long or the budget too small. */
MUST_CHECK enum err identify_tell_init(struct identify *d,
                                       const struct identify_content *content,
                                       struct budget *budget,
                                       instant now);

/* identify_hear_init makes the hearer's engine; peer is the one that the connection has proven. */
void identify_hear_init(struct identify *d,
                        const struct peer_id *peer,
                        struct budget *budget,
                        instant now);

/* The engine's verbs. A teller takes no input; a hearer has no output. recv_end is what completes a
 * hearer. */
enum err identify_recv(struct identify *d, instant now, struct span *in);
void identify_recv_end(struct identify *d);
size_t identify_send(struct identify *d, instant now, struct mspan out);
bool identify_poll(struct identify *d, struct identify_event *ret_event);
instant identify_deadline(const struct identify *d);
void identify_tick(struct identify *d, instant now);
void identify_done(struct identify *d);

#endif
