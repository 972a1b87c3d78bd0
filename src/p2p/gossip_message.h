#ifndef P2P_GOSSIP_MESSAGE_H
#define P2P_GOSSIP_MESSAGE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "p2p/peer_id.h"
#include "p2p/signer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RPCs of pubsub and gossipsub (libp2p specs, pubsub/README.md and pubsub/gossipsub), without length prefix.
 *
 *     RPC     = { 1 subscription {1 subscribe, 2 topic}, 2 publish (Message), 3 control }, 1 and 2 repeated
 *     Message = { 1 from, 2 data, 3 seqno, 4 topic, 5 signature, 6 key }
 *     control = { 1 ihave {1 topic, 2 ids}, 2 iwant {1 ids}, 3 graft {1 topic},
 *                 4 prune {1 topic, 2 peers {1 id, 2 signed record}, 3 backoff}, 5 idontwant {1 ids} }, all repeated
 *
 * gossip_rpc_check looks at the whole of an RPC and counts before anything in it is acted upon; the cursors
 * then walk it in place. */

enum {
    GOSSIP_RPC_LEN_MAX = 1024 * 1024 + 4096, /* bytes that we read */
    GOSSIP_DATA_LEN_MAX = 1024 * 1024,
    GOSSIP_TOPIC_LEN_MAX = 256,
    GOSSIP_ID_LEN_MAX = 64,             /* of a message id */
    GOSSIP_RPC_SUBSCRIPTIONS_MAX = 256, /* of one RPC */
    GOSSIP_RPC_MESSAGES_MAX = 1024,
    GOSSIP_RPC_CONTROL_MAX = 1024, /* IHAVE, IWANT, GRAFT, PRUNE and IDONTWANT together */
    GOSSIP_RPC_IDS_MAX = 5000,     /* in all of those */
    GOSSIP_PX_MAX = 16,            /* peers of one PRUNE; the rest is passed over */
    GOSSIP_SEQNO_LEN = 8,
};

struct gossip_message {
    struct span from;
    struct span data;
    struct span seqno;
    struct span topic;
    struct span signature;
    struct span key;
    bool has_from;
    bool has_seqno;
    bool has_signature;
    bool has_key;
};

/* gossip_message_decode: ERR_MALFORMED, ERR_LIMIT. Proves nothing. Spans are into the input. */
MUST_CHECK enum err gossip_message_decode(struct gossip_message *ret_message, struct span in);

/* gossip_message_encode writes the Message; fields without has_ are left out. */
void gossip_message_encode(struct wr *w, const struct gossip_message *m);
size_t gossip_message_len(const struct gossip_message *m);

/* How messages of a topic are signed. */
enum gossip_signing {
    GOSSIP_STRICT_SIGN,    /* from, seqno and signature, or refused */
    GOSSIP_STRICT_NO_SIGN, /* none of them, or refused */
};

/* gossip_message_verify holds a message against the policy of its topic. ERR_DENIED: fields are there that must
 * not be, or are not there that must. ERR_AUTH: the signature does not hold, or is not by `from`. */
MUST_CHECK enum err gossip_message_verify(const struct gossip_message *m,
                                          enum gossip_signing signing,
                                          struct budget *budget);

/* gossip_message_sign makes from, signature and key of a message that has data, seqno and topic; they lie in
 * *ret_room. Errors: the signer's, ERR_LIMIT. */
struct gossip_signed {
    struct peer_id from;
    struct signature signature;
};
MUST_CHECK enum err gossip_message_sign(struct gossip_message *m,
                                        struct gossip_signed *ret_room,
                                        struct signer *signer,
                                        struct budget *budget);

/* gossip_is_signable: is message what is signed of some pubsub message? For signers that check purposes. */
bool gossip_is_signable(struct span message);

/* ---- RPCs ---- */

enum gossip_item_kind {
    GOSSIP_SUBSCRIBE,
    GOSSIP_UNSUBSCRIBE,
    GOSSIP_PUBLISH, /* raw: a Message */
    GOSSIP_IHAVE,   /* topic; ids with gossip_next_id */
    GOSSIP_IWANT,
    GOSSIP_GRAFT,
    GOSSIP_PRUNE, /* topic, backoff_s; peers with gossip_next_px */
    GOSSIP_IDONTWANT,
};

struct gossip_item {
    enum gossip_item_kind kind;
    struct span topic;
    struct span raw; /* the item itself */
    bool has_backoff;
    uint64_t backoff_s;
};

struct gossip_cursor {
    struct span rest;
    struct span control; /* what is left of a control message within */
};

/* gossip_rpc_check: OK, and the cursors will walk the whole of it. ERR_MALFORMED; ERR_LIMIT: too many of
 * something, or a topic or id that is too long. */
MUST_CHECK enum err gossip_rpc_check(struct span rpc);
struct gossip_cursor gossip_cursor_init(struct span rpc);
bool gossip_next_item(struct gossip_item *ret_item, struct gossip_cursor *cursor);

/* gossip_next_id takes the next message id of an IHAVE, IWANT or IDONTWANT off *rest, which starts as item.raw. */
bool gossip_next_id(struct span *ret_id, enum gossip_item_kind kind, struct span *rest);

/* gossip_next_px takes the next peer of a PRUNE; record may be empty. */
struct gossip_px {
    struct peer_id peer;
    struct span record; /* sealed peer record */
};
bool gossip_next_px(struct gossip_px *ret_px, struct span *rest);

/* Writers: of fields of an RPC, and of fields of its control message. */
void gossip_write_subscription(struct wr *w, bool subscribe, struct span topic);
void gossip_write_publish(struct wr *w, struct span message);
void gossip_write_control(struct wr *w, struct span control);
void gossip_write_graft(struct wr *w, struct span topic);

struct gossip_prune_out {
    struct span topic;
    uint64_t backoff_s;
    bool has_backoff; /* gossipsub 1.0 knows none */
    const struct gossip_px *peers;
    size_t peers_count;
};
void gossip_write_prune(struct wr *w, const struct gossip_prune_out *prune);

/* gossip_write_ids writes an IHAVE (with topic), IWANT or IDONTWANT. */
struct gossip_ids_out {
    enum gossip_item_kind kind;
    struct span topic;
    const struct span *ids;
    size_t ids_count;
};
void gossip_write_ids(struct wr *w, const struct gossip_ids_out *out);

#endif
