#ifndef P2P_KAD_MESSAGE_H
#define P2P_KAD_MESSAGE_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "base/wr.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages of the Kademlia DHT (libp2p specs, kad-dht/README.md, "RPC messages"), without their length prefix.
 *
 *     message = protobuf { 1 type, 2 key, 3 record, 8 closerPeers, 9 providerPeers, repeated both }
 *     record  = protobuf { 1 key, 2 value, 5 timeReceived }
 *     peer    = protobuf { 1 id, 2 addrs, repeated, 3 connection }
 *
 * Decoding copies nothing: peers and their addresses are walked with cursors, and what cannot be used
 * (a peer id of an unknown kind, an address with an unknown component) is passed over. */

enum kad_type {
    KAD_PUT_VALUE = 0,
    KAD_GET_VALUE = 1,
    KAD_ADD_PROVIDER = 2,
    KAD_GET_PROVIDERS = 3,
    KAD_FIND_NODE = 4,
    KAD_PING = 5,
};

enum kad_connection {
    KAD_NOT_CONNECTED = 0,
    KAD_CONNECTED = 1,
    KAD_CAN_CONNECT = 2,
    KAD_CANNOT_CONNECT = 3,
};

enum {
    KAD_MESSAGE_LEN_MAX =
        128 * 1024, /* bytes that we read: peers of the public DHT name many addresses */
    KAD_SENT_LEN_MAX = 16 * 1024, /* bytes that we write: some read no more */
    KAD_KEY_LEN_MAX = 128,
    KAD_VALUE_LEN_MAX = 8 * 1024,
    KAD_TIME_LEN_MAX = 64,
    KAD_PEERS_MAX = 64,       /* of one kind in one message: looked at; the rest is passed over */
    KAD_ADDRS_MAX = 8,        /* of one peer: kept and written */
    KAD_ADDRS_LEN_MAX = 1024, /* bytes of them, with their tags and lengths */
};

/* A peer as it stands in a message, or as we keep it. addrs is a run of protobuf fields of which those with
 * number 2 are addresses: walk it with kad_next_addr. */
struct kad_peer {
    struct peer_id id;
    struct span addrs;
    enum kad_connection connection;
};

struct kad_record {
    struct span key;
    struct span value;
    struct span time_received; /* text of RFC 3339, or empty */
};

struct kad_message {
    enum kad_type type;
    struct span key;
    bool has_record;
    struct kad_record record;
    struct span raw; /* the whole message, for the cursors */
};

/* kad_message_decode reads one message. ERR_MALFORMED, ERR_LIMIT: refuse it and the stream.
 * ERR_UNSUPPORTED: a type that we do not know. Spans are into the input. */
MUST_CHECK enum err kad_message_decode(struct kad_message *ret_message, struct span in);

enum kad_list { KAD_LIST_CLOSER = 8, KAD_LIST_PROVIDERS = 9 };

struct kad_cursor {
    struct span rest;
    enum kad_list list;
    uint32_t left;
};

/* kad_cursor_init starts at the first peer of a list of a decoded message; kad_next_peer gives at most
 * KAD_PEERS_MAX of them. */
struct kad_cursor kad_cursor_init(const struct kad_message *message, enum kad_list list);
bool kad_next_peer(struct kad_peer *ret_peer, struct kad_cursor *cursor);

/* kad_next_addr takes the next usable multiaddr off *addrs (see struct kad_peer); false at the end. */
bool kad_next_addr(struct span *ret_addr, struct span *addrs);

/* kad_write_addrs writes those of addrs that can be used, at most KAD_ADDRS_MAX and KAD_ADDRS_LEN_MAX bytes:
 * the form in which a peer is kept. kad_write_addr writes one. */
void kad_write_addrs(struct wr *w, struct span addrs);
void kad_write_addr(struct wr *w, struct span addr);

/* What is to be written. Peers are written in order while KAD_SENT_LEN_MAX has room for them; record may be
 * NULL. */
struct kad_message_out {
    enum kad_type type;
    struct span key;
    const struct kad_record *record;
    const struct kad_peer *closer;
    size_t closer_count;
    const struct kad_peer *providers;
    size_t providers_count;
};

/* kad_message_encode writes the message, without length prefix; failures stick to w. */
void kad_message_encode(struct wr *w, const struct kad_message_out *message);

/* kad_print_time writes wall as records date themselves, into room of at least KAD_TIME_LEN_MAX bytes; an
 * empty span if wall is 0. */
struct span kad_print_time(struct mspan room, walltime wall);

#endif
