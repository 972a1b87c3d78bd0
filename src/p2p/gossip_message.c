/* RPCs of gossipsub: libp2p specs, pubsub/README.md, "The RPC" and "Message Signing"; gossipsub-v1.0.md to 1.2. */
#include "p2p/gossip_message.h"

#include "base/arith.h"
#include "base/buf.h"
#include "codec/protobuf.h"
#include "p2p/key.h"

enum { RPC_SUBSCRIPTION = 1, RPC_PUBLISH = 2, RPC_CONTROL = 3 };
enum { SUBSCRIPTION_SUBSCRIBE = 1, SUBSCRIPTION_TOPIC = 2 };
enum {
    MESSAGE_FROM = 1,
    MESSAGE_DATA = 2,
    MESSAGE_SEQNO = 3,
    MESSAGE_TOPIC = 4,
    MESSAGE_SIGNATURE = 5,
    MESSAGE_KEY = 6
};
enum {
    CONTROL_IHAVE = 1,
    CONTROL_IWANT = 2,
    CONTROL_GRAFT = 3,
    CONTROL_PRUNE = 4,
    CONTROL_IDONTWANT = 5
};
enum {
    TOPIC = 1,
    IHAVE_IDS = 2,
    IDS = 1,
    PRUNE_PEERS = 2,
    PRUNE_BACKOFF = 3,
    PX_ID = 1,
    PX_RECORD = 2
};

#define SIGNATURE_PREFIX "libp2p-pubsub:"

/* ---- messages ---- */

MUST_CHECK static enum err get_bytes(struct span *ret, const struct protobuf_field *f, size_t max)
{
    struct span bytes;
    TRY(protobuf_get_bytes(&bytes, f));
    if (bytes.n > max) {
        return ERR_LIMIT;
    }
    *ret = bytes;
    return OK;
}

enum err gossip_message_decode(struct gossip_message *ret_message, struct span in)
{
    struct gossip_message m = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    unsigned topics = 0;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case MESSAGE_FROM:
            TRY(get_bytes(&m.from, &f, PEER_ID_LEN_MAX));
            m.has_from = true;
            break;
        case MESSAGE_DATA: TRY(get_bytes(&m.data, &f, GOSSIP_DATA_LEN_MAX)); break;
        case MESSAGE_SEQNO:
            TRY(get_bytes(&m.seqno, &f, 64));
            m.has_seqno = true;
            break;
        case MESSAGE_TOPIC:
            TRY(get_bytes(&m.topic, &f, GOSSIP_TOPIC_LEN_MAX));
            topics++;
            break;
        case MESSAGE_SIGNATURE:
            TRY(get_bytes(&m.signature, &f, SIGNATURE_LEN_MAX));
            m.has_signature = true;
            break;
        case MESSAGE_KEY:
            TRY(get_bytes(&m.key, &f, KEY_ENCODED_MAX));
            m.has_key = true;
            break;
        default: break; /* unknown: skipped */
        }
    }
    TRY(protobuf_end(&r));
    /* SPEC libp2p/pubsub §"The Message": one topic a message. */
    if (topics != 1 || m.topic.n == 0) {
        return ERR_MALFORMED;
    }
    *ret_message = m;
    return OK;
}

static void write_if(struct wr *w, uint32_t number, bool has, struct span bytes)
{
    if (has) {
        protobuf_write_bytes(w, number, bytes);
    }
}

/* write_signed writes what is signed of m: everything but signature and key. */
static void write_signed(struct wr *w, const struct gossip_message *m)
{
    write_if(w, MESSAGE_FROM, m->has_from, m->from);
    protobuf_write_bytes(w, MESSAGE_DATA, m->data);
    write_if(w, MESSAGE_SEQNO, m->has_seqno, m->seqno);
    protobuf_write_bytes(w, MESSAGE_TOPIC, m->topic);
}

void gossip_message_encode(struct wr *w, const struct gossip_message *m)
{
    write_signed(w, m);
    write_if(w, MESSAGE_SIGNATURE, m->has_signature, m->signature);
    write_if(w, MESSAGE_KEY, m->has_key, m->key);
}

static size_t len_if(uint32_t number, bool has, struct span bytes)
{
    return has ? protobuf_bytes_len(number, bytes.n) : 0;
}

size_t gossip_message_len(const struct gossip_message *m)
{
    return len_if(MESSAGE_FROM, m->has_from, m->from) +
           protobuf_bytes_len(MESSAGE_DATA, m->data.n) +
           len_if(MESSAGE_SEQNO, m->has_seqno, m->seqno) +
           protobuf_bytes_len(MESSAGE_TOPIC, m->topic.n) +
           len_if(MESSAGE_SIGNATURE, m->has_signature, m->signature) +
           len_if(MESSAGE_KEY, m->has_key, m->key);
}

MUST_CHECK static enum err
signed_bytes(struct buf *ret, const struct gossip_message *m, struct budget *budget)
{
    buf_init(ret, budget, GOSSIP_RPC_LEN_MAX);
    struct wr w = wr_init_buf(ret);
    /* SPEC libp2p/pubsub §"Message Signing": a prefix, then the message; every implementation leaves out the key
     * as well as the signature. */
    wr_str(&w, SIGNATURE_PREFIX);
    write_signed(&w, m);
    return wr_end(&w);
}

bool gossip_is_signable(struct span message)
{
    return span_starts_with(message, SPAN_LIT(SIGNATURE_PREFIX)) &&
           message.n > sizeof SIGNATURE_PREFIX - 1;
}

/* author_key gives the key of the message's author: from the id if that carries it, else the field, which must
 * then be the key of that id. */
MUST_CHECK static enum err
author_key(struct public_key *ret_key, struct peer_id *ret_from, const struct gossip_message *m)
{
    TRY(peer_id_decode(ret_from, m->from));
    struct span encoded;
    if (peer_id_key(ret_from, &encoded) == OK) {
        return key_decode(ret_key, encoded);
    }
    TRY(key_decode(ret_key, m->key));
    struct peer_id of_key;
    peer_id_of_key(&of_key, m->key);
    return peer_id_equal(&of_key, ret_from) ? OK : ERR_AUTH;
}

enum err gossip_message_verify(const struct gossip_message *m,
                               enum gossip_signing signing,
                               struct budget *budget)
{
    if (signing == GOSSIP_STRICT_NO_SIGN) {
        /* SPEC libp2p/pubsub §"Signature Policy Options": without signatures the four fields are absent, not
         * empty. */
        return m->has_from || m->has_seqno || m->has_signature || m->has_key ? ERR_DENIED : OK;
    }
    /* SPEC libp2p/pubsub §"Signature Policy Options": with signatures, author, sequence number of eight bytes and
     * signature must be there. */
    if (!m->has_from || !m->has_signature || m->seqno.n != GOSSIP_SEQNO_LEN) {
        return ERR_DENIED;
    }
    struct public_key key;
    struct peer_id from;
    if (author_key(&key, &from, m) != OK) {
        return ERR_AUTH;
    }
    AUTO(buf_done) struct buf bytes = {0};
    TRY(signed_bytes(&bytes, m, budget));
    return key_verify(&key, buf_span(&bytes), m->signature) == OK ? OK : ERR_AUTH;
}

enum err gossip_message_sign(struct gossip_message *m,
                             struct gossip_signed *ret_room,
                             struct signer *signer,
                             struct budget *budget)
{
    struct span inlined;
    peer_id_of_key(&ret_room->from, signer->public_key);
    m->from = peer_id_span(&ret_room->from);
    m->has_from = true;
    AUTO(buf_done) struct buf bytes = {0};
    TRY(signed_bytes(&bytes, m, budget));
    TRY(signer->sign(signer, &ret_room->signature, SIGNER_PUBSUB, buf_span(&bytes)));
    m->signature = span_of(ret_room->signature.bytes, ret_room->signature.len);
    m->has_signature = true;
    /* SPEC libp2p/pubsub §"Message Signing": the key travels only if the id does not carry it. */
    m->has_key = peer_id_key(&ret_room->from, &inlined) != OK;
    m->key = m->has_key ? signer->public_key : SPAN_EMPTY;
    return OK;
}

/* ---- walking ---- */

struct gossip_cursor gossip_cursor_init(struct span rpc)
{
    return (struct gossip_cursor){.rest = rpc};
}

static bool next_field(struct protobuf_field *ret_field, struct span *rest)
{
    struct protobuf_reader r = protobuf_read(*rest);
    if (!protobuf_next(&r, ret_field)) {
        return false;
    }
    *rest = r.rd.rest;
    return true;
}

MUST_CHECK static enum err read_subscription(struct gossip_item *ret_item, struct span in)
{
    bool subscribe = false;
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        if (f.number == SUBSCRIPTION_SUBSCRIBE) {
            TRY(protobuf_get_bool(&subscribe, &f));
        } else if (f.number == SUBSCRIPTION_TOPIC) {
            TRY(get_bytes(&ret_item->topic, &f, GOSSIP_TOPIC_LEN_MAX));
        }
    }
    ret_item->kind = subscribe ? GOSSIP_SUBSCRIBE : GOSSIP_UNSUBSCRIBE;
    return protobuf_end(&r);
}

static bool kind_of_control(enum gossip_item_kind *ret_kind, uint32_t number)
{
    switch (number) {
    case CONTROL_IHAVE:     *ret_kind = GOSSIP_IHAVE; return true;
    case CONTROL_IWANT:     *ret_kind = GOSSIP_IWANT; return true;
    case CONTROL_GRAFT:     *ret_kind = GOSSIP_GRAFT; return true;
    case CONTROL_PRUNE:     *ret_kind = GOSSIP_PRUNE; return true;
    case CONTROL_IDONTWANT: *ret_kind = GOSSIP_IDONTWANT; return true;
    default:                return false; /* unknown: skipped */
    }
}

static uint32_t ids_number(enum gossip_item_kind kind)
{
    return kind == GOSSIP_IHAVE ? IHAVE_IDS : IDS;
}

static bool has_topic(enum gossip_item_kind kind)
{
    return kind == GOSSIP_IHAVE || kind == GOSSIP_GRAFT || kind == GOSSIP_PRUNE;
}

static bool has_ids(enum gossip_item_kind kind)
{
    return kind == GOSSIP_IHAVE || kind == GOSSIP_IWANT || kind == GOSSIP_IDONTWANT;
}

/* read_control reads one item of a control message whose kind and raw are set, and adds up its ids. */
MUST_CHECK static enum err read_control(struct gossip_item *item, size_t *ids_count)
{
    struct protobuf_reader r = protobuf_read(item->raw);
    struct protobuf_field f;
    struct span bytes;
    while (protobuf_next(&r, &f)) {
        if (has_topic(item->kind) && f.number == TOPIC) {
            TRY(get_bytes(&item->topic, &f, GOSSIP_TOPIC_LEN_MAX));
        } else if (has_ids(item->kind) && f.number == ids_number(item->kind)) {
            TRY(get_bytes(&bytes, &f, GOSSIP_ID_LEN_MAX));
            ++*ids_count;
        } else if (item->kind == GOSSIP_PRUNE && f.number == PRUNE_PEERS) {
            TRY(protobuf_get_bytes(&bytes, &f));
        } else if (item->kind == GOSSIP_PRUNE && f.number == PRUNE_BACKOFF) {
            TRY(protobuf_get_u64(&item->backoff_s, &f));
            item->has_backoff = true;
        }
    }
    return protobuf_end(&r);
}

/* next_of_control gives the next known item of the control message that the cursor is in. */
static bool next_of_control(struct gossip_item *ret_item, struct gossip_cursor *cursor)
{
    struct protobuf_field f;
    size_t ignored = 0;
    while (next_field(&f, &cursor->control)) {
        *ret_item = (struct gossip_item){.raw = f.bytes};
        if (f.wire == PROTOBUF_BYTES && kind_of_control(&ret_item->kind, f.number) &&
            read_control(ret_item, &ignored) == OK) {
            return true;
        }
    }
    cursor->control = SPAN_EMPTY;
    return false;
}

bool gossip_next_item(struct gossip_item *ret_item, struct gossip_cursor *cursor)
{
    struct protobuf_field f;
    for (;;) {
        if (next_of_control(ret_item, cursor)) {
            return true;
        }
        if (!next_field(&f, &cursor->rest)) {
            return false;
        }
        *ret_item = (struct gossip_item){.raw = f.bytes};
        if (f.number == RPC_PUBLISH) {
            ret_item->kind = GOSSIP_PUBLISH;
            return true;
        }
        if (f.number == RPC_SUBSCRIPTION && read_subscription(ret_item, f.bytes) == OK) {
            return true;
        }
        if (f.number == RPC_CONTROL) {
            cursor->control = f.bytes;
        }
    }
}

bool gossip_next_id(struct span *ret_id, enum gossip_item_kind kind, struct span *rest)
{
    struct protobuf_field f;
    while (next_field(&f, rest)) {
        if (f.number == ids_number(kind) && f.wire == PROTOBUF_BYTES) {
            *ret_id = f.bytes;
            return true;
        }
    }
    return false;
}

static bool read_px(struct gossip_px *ret_px, struct span in)
{
    struct protobuf_field f;
    *ret_px = (struct gossip_px){0};
    while (next_field(&f, &in)) {
        if (f.number == PX_ID && peer_id_decode(&ret_px->peer, f.bytes) != OK) {
            return false;
        }
        if (f.number == PX_RECORD) {
            ret_px->record = f.bytes;
        }
    }
    return ret_px->peer.n > 0;
}

bool gossip_next_px(struct gossip_px *ret_px, struct span *rest)
{
    struct protobuf_field f;
    while (next_field(&f, rest)) {
        if (f.number == PRUNE_PEERS && f.wire == PROTOBUF_BYTES && read_px(ret_px, f.bytes)) {
            return true;
        }
    }
    return false;
}

/* ---- checking ---- */

struct counts {
    size_t subscriptions;
    size_t messages;
    size_t controls;
    size_t ids;
};

MUST_CHECK static enum err check_control(struct counts *n, struct span control)
{
    struct protobuf_reader r = protobuf_read(control);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        struct gossip_item item = {0};
        if (!kind_of_control(&item.kind, f.number)) {
            continue;
        }
        TRY(protobuf_get_bytes(&item.raw, &f));
        TRY(read_control(&item, &n->ids));
        if (++n->controls > GOSSIP_RPC_CONTROL_MAX || n->ids > GOSSIP_RPC_IDS_MAX) {
            return ERR_LIMIT;
        }
    }
    return protobuf_end(&r);
}

MUST_CHECK static enum err check_field(struct counts *n, const struct protobuf_field *f)
{
    struct gossip_item item = {0};
    struct span bytes;
    switch (f->number) {
    case RPC_SUBSCRIPTION:
        TRY(protobuf_get_bytes(&bytes, f));
        TRY(read_subscription(&item, bytes));
        return ++n->subscriptions > GOSSIP_RPC_SUBSCRIPTIONS_MAX ? ERR_LIMIT : OK;
    case RPC_PUBLISH:
        TRY(protobuf_get_bytes(&bytes, f));
        return ++n->messages > GOSSIP_RPC_MESSAGES_MAX ? ERR_LIMIT : OK;
    case RPC_CONTROL: TRY(protobuf_get_bytes(&bytes, f)); return check_control(n, bytes);
    default:          return OK; /* unknown: skipped */
    }
}

enum err gossip_rpc_check(struct span rpc)
{
    if (rpc.n > GOSSIP_RPC_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct counts n = {0};
    struct protobuf_reader r = protobuf_read(rpc);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(check_field(&n, &f));
    }
    return protobuf_end(&r);
}

/* ---- writing ---- */

void gossip_write_subscription(struct wr *w, bool subscribe, struct span topic)
{
    size_t len = protobuf_varint_len(SUBSCRIPTION_SUBSCRIBE, 1) +
                 protobuf_bytes_len(SUBSCRIPTION_TOPIC, topic.n);
    protobuf_write_header(w, RPC_SUBSCRIPTION, len);
    protobuf_write_bool(w, SUBSCRIPTION_SUBSCRIBE, subscribe);
    protobuf_write_bytes(w, SUBSCRIPTION_TOPIC, topic);
}

void gossip_write_publish(struct wr *w, struct span message)
{
    protobuf_write_bytes(w, RPC_PUBLISH, message);
}

void gossip_write_control(struct wr *w, struct span control)
{
    protobuf_write_bytes(w, RPC_CONTROL, control);
}

void gossip_write_graft(struct wr *w, struct span topic)
{
    protobuf_write_header(w, CONTROL_GRAFT, protobuf_bytes_len(TOPIC, topic.n));
    protobuf_write_bytes(w, TOPIC, topic);
}

static size_t px_len(const struct gossip_px *px)
{
    return protobuf_bytes_len(PX_ID, px->peer.n) + len_if(PX_RECORD, px->record.n > 0, px->record);
}

void gossip_write_prune(struct wr *w, const struct gossip_prune_out *prune)
{
    size_t len = protobuf_bytes_len(TOPIC, prune->topic.n);
    for (size_t i = 0; i < prune->peers_count; i++) {
        len += protobuf_bytes_len(PRUNE_PEERS, px_len(&prune->peers[i]));
    }
    len += prune->has_backoff ? protobuf_varint_len(PRUNE_BACKOFF, prune->backoff_s) : 0;
    protobuf_write_header(w, CONTROL_PRUNE, len);
    protobuf_write_bytes(w, TOPIC, prune->topic);
    for (size_t i = 0; i < prune->peers_count; i++) {
        protobuf_write_header(w, PRUNE_PEERS, px_len(&prune->peers[i]));
        protobuf_write_bytes(w, PX_ID, peer_id_span(&prune->peers[i].peer));
        write_if(w, PX_RECORD, prune->peers[i].record.n > 0, prune->peers[i].record);
    }
    if (prune->has_backoff) {
        protobuf_write_varint(w, PRUNE_BACKOFF, prune->backoff_s);
    }
}

void gossip_write_ids(struct wr *w, const struct gossip_ids_out *out)
{
    static const uint32_t numbers[] = {[GOSSIP_IHAVE] = CONTROL_IHAVE,
                                       [GOSSIP_IWANT] = CONTROL_IWANT,
                                       [GOSSIP_IDONTWANT] = CONTROL_IDONTWANT};
    bool topic = out->kind == GOSSIP_IHAVE;
    size_t len = len_if(TOPIC, topic, out->topic);
    for (size_t i = 0; i < out->ids_count; i++) {
        len += protobuf_bytes_len(ids_number(out->kind), out->ids[i].n);
    }
    protobuf_write_header(w, numbers[out->kind], len);
    write_if(w, TOPIC, topic, out->topic);
    for (size_t i = 0; i < out->ids_count; i++) {
        protobuf_write_bytes(w, ids_number(out->kind), out->ids[i]);
    }
}
