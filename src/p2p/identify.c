/* identify and identify/push: libp2p specs, identify/README.md. */
#include "p2p/identify.h"

#include "base/check.h"
#include "codec/multiaddr.h"
#include "p2p/key.h"

enum {
    FIELD_PUBLIC_KEY = 1,
    FIELD_LISTEN_ADDRS = 2,
    FIELD_PROTOCOLS = 3,
    FIELD_OBSERVED_ADDR = 4,
    FIELD_PROTOCOL_VERSION = 5,
    FIELD_AGENT_VERSION = 6,
    FIELD_SIGNED_PEER_RECORD = 8,
};

enum { PROTOCOL_LEN_MAX = 255 };

MUST_CHECK static enum err count_field(size_t *count, size_t max)
{
    if (*count == max) {
        return ERR_LIMIT;
    }
    (*count)++;
    return OK;
}

MUST_CHECK static enum err decode_field(struct identify_info *info, const struct protobuf_field *f)
{
    struct span bytes;
    switch (f->number) {
    case FIELD_PUBLIC_KEY: return protobuf_get_bytes(&info->public_key, f);
    case FIELD_LISTEN_ADDRS:
        TRY(protobuf_get_bytes(&bytes, f));
        return count_field(&info->addrs_count, IDENTIFY_ADDRS_MAX);
    case FIELD_PROTOCOLS:
        TRY(protobuf_get_bytes(&bytes, f));
        return count_field(&info->protocols_count, IDENTIFY_PROTOCOLS_MAX);
    case FIELD_OBSERVED_ADDR:      return protobuf_get_bytes(&info->observed_addr, f);
    case FIELD_PROTOCOL_VERSION:   return protobuf_get_bytes(&info->protocol_version, f);
    case FIELD_AGENT_VERSION:      return protobuf_get_bytes(&info->agent_version, f);
    case FIELD_SIGNED_PEER_RECORD: return protobuf_get_bytes(&info->signed_peer_record, f);
    default:                       return OK; /* unknown: skipped */
    }
}

enum err identify_decode(struct identify_info *ret_info, struct span message)
{
    struct identify_info info = {.message = message};
    struct protobuf_reader r = protobuf_read(message);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(decode_field(&info, &f));
    }
    TRY(protobuf_end(&r));
    if (info.observed_addr.n > 0 && multiaddr_validate(info.observed_addr, NULL) != OK) {
        info.observed_addr =
            SPAN_EMPTY; /* of a kind that we do not know: of no use, but no offence */
    }
    *ret_info = info;
    return OK;
}

struct identify_cursor identify_cursor_init(const struct identify_info *info)
{
    return (struct identify_cursor){.reader = protobuf_read(info->message)};
}

bool identify_next_protocol(struct span *ret_protocol, struct identify_cursor *c)
{
    struct protobuf_field f;
    while (protobuf_next(&c->reader, &f)) {
        if (f.number == FIELD_PROTOCOLS && f.bytes.n > 0 && f.bytes.n <= PROTOCOL_LEN_MAX) {
            *ret_protocol = f.bytes;
            return true;
        }
    }
    return false;
}

bool identify_next_addr(struct span *ret_addr, struct identify_cursor *c)
{
    struct protobuf_field f;
    while (protobuf_next(&c->reader, &f)) {
        if (f.number == FIELD_LISTEN_ADDRS && multiaddr_validate(f.bytes, NULL) == OK) {
            *ret_addr = f.bytes;
            return true;
        }
    }
    return false;
}

enum err identify_open_record(struct peer_record *ret_record,
                              const struct identify_info *info,
                              const struct peer_id *peer,
                              struct budget *budget)
{
    if (info->signed_peer_record.n == 0) {
        return ERR_NOT_FOUND;
    }
    struct peer_record record;
    TRY(peer_record_open(&record, info->signed_peer_record, budget));
    /* Only the sender's own record is of interest here: others would be a way to fill our memory. */
    if (!peer_id_equal(&record.peer, peer)) {
        return ERR_AUTH;
    }
    *ret_record = record;
    return OK;
}

/* field_len is 0 for an absent field. */
static size_t field_len(uint32_t number, struct span s)
{
    return s.n > 0 ? protobuf_bytes_len(number, s.n) : 0;
}

static void write_field(struct wr *w, uint32_t number, struct span s)
{
    if (s.n > 0) {
        protobuf_write_bytes(w, number, s);
    }
}

static size_t len_without_addrs(const struct identify_content *c)
{
    size_t len = field_len(FIELD_PUBLIC_KEY, c->public_key) +
                 field_len(FIELD_OBSERVED_ADDR, c->observed_addr) +
                 field_len(FIELD_PROTOCOL_VERSION, c->protocol_version) +
                 field_len(FIELD_AGENT_VERSION, c->agent_version) +
                 field_len(FIELD_SIGNED_PEER_RECORD, c->signed_peer_record);
    for (size_t i = 0; i < c->protocols_count; i++) {
        len += field_len(FIELD_PROTOCOLS, c->protocols[i]);
    }
    return len;
}

enum err identify_encode(struct wr *w, const struct identify_content *c)
{
    size_t len = len_without_addrs(c);
    if (len > IDENTIFY_TOLD_LEN_MAX) {
        return ERR_LIMIT;
    }
    size_t addrs_count = 0;
    while (addrs_count < c->addrs_count &&
           len + field_len(FIELD_LISTEN_ADDRS, c->addrs[addrs_count]) <= IDENTIFY_TOLD_LEN_MAX) {
        len += field_len(FIELD_LISTEN_ADDRS, c->addrs[addrs_count]);
        addrs_count++;
    }
    write_field(w, FIELD_PUBLIC_KEY, c->public_key);
    for (size_t i = 0; i < addrs_count; i++) {
        write_field(w, FIELD_LISTEN_ADDRS, c->addrs[i]);
    }
    for (size_t i = 0; i < c->protocols_count; i++) {
        write_field(w, FIELD_PROTOCOLS, c->protocols[i]);
    }
    write_field(w, FIELD_OBSERVED_ADDR, c->observed_addr);
    write_field(w, FIELD_PROTOCOL_VERSION, c->protocol_version);
    write_field(w, FIELD_AGENT_VERSION, c->agent_version);
    /* SPEC libp2p/identify §"The Identify Message": field 8 carries the sender's sealed peer record, as every implementation sends it. */
    write_field(w, FIELD_SIGNED_PEER_RECORD, c->signed_peer_record);
    return wr_end(w);
}

static void fail(struct identify *d, enum err err, const char *rule)
{
    if (d->state == IDENTIFY_FAILED || d->state == IDENTIFY_FINISHED) {
        return;
    }
    d->state = IDENTIFY_FAILED;
    d->err = diag_set(&d->diag, err, rule, 0);
    d->event_waits = true;
    d->deadline = INSTANT_NEVER;
    frame_reader_done(&d->reader);
    buf_done(&d->bytes);
}

static void finish(struct identify *d)
{
    d->state = IDENTIFY_FINISHED;
    d->event_waits = true;
    d->deadline = INSTANT_NEVER;
    frame_reader_done(&d->reader);
}

static instant deadline_from(instant now)
{
    return instant_add(now, IDENTIFY_TIMEOUT_MS * US_PER_MS);
}

enum err identify_tell_init(struct identify *d,
                            const struct identify_content *content,
                            struct budget *budget,
                            instant now)
{
    *d = (struct identify){.state = IDENTIFY_TELLING, .deadline = deadline_from(now)};
    buf_init(&d->bytes, budget, IDENTIFY_TOLD_LEN_MAX + UVARINT_LEN_MAX);
    AUTO(buf_done) struct buf message = {0};
    buf_init(&message, budget, IDENTIFY_TOLD_LEN_MAX);
    struct wr m = wr_init_buf(&message);
    TRY(identify_encode(&m, content));
    struct wr w = wr_init_buf(&d->bytes);
    /* SPEC libp2p/identify §"identify": the message goes behind its length, and the stream is closed after it. */
    frame_write(&w, FRAME_UVARINT, buf_span(&message));
    return wr_end(&w);
}

void identify_hear_init(struct identify *d,
                        const struct peer_id *peer,
                        struct budget *budget,
                        instant now)
{
    *d =
        (struct identify){.state = IDENTIFY_HEARING, .peer = *peer, .deadline = deadline_from(now)};
    buf_init(&d->bytes, budget, IDENTIFY_HEARD_LEN_MAX);
    frame_reader_init(&d->reader, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = IDENTIFY_MESSAGE_LEN_MAX,
                                                     .budget = budget});
}

static void on_message(struct identify *d, struct span message)
{
    if (d->messages_count == IDENTIFY_MESSAGES_MAX) {
        fail(d, ERR_LIMIT, "more identify messages than we read");
        return;
    }
    d->messages_count++;
    /* SPEC libp2p/identify §"identify": a long message may come in parts; protobuf merges encodings that stand one behind the other. */
    enum err err = buf_append(&d->bytes, message);
    if (err != OK) {
        fail(d, err, "identify messages are too long together");
    }
}

enum err identify_recv(struct identify *d, instant now, struct span *in)
{
    identify_tick(d, now);
    if (d->state == IDENTIFY_TELLING && in->n > 0) {
        fail(d, ERR_MALFORMED, "bytes from the hearer of identify");
    }
    while (d->state == IDENTIFY_HEARING) {
        struct span message;
        enum err err = frame_reader_next(&d->reader, &message, in);
        if (err == ERR_TRUNCATED) {
            break;
        }
        if (err != OK) {
            fail(d, err,
                 err == ERR_LIMIT ? "identify message is too long"
                                  : "identify message has a bad length");
            break;
        }
        on_message(d, message);
    }
    return d->err;
}

/* names_peer: the key in the message, if there is one, must be that of the connection. */
static bool names_peer(const struct identify *d, const struct identify_info *info)
{
    if (info->public_key.n == 0) {
        return true;
    }
    struct public_key key;
    struct peer_id named;
    if (key_decode(&key, info->public_key) != OK) {
        return false;
    }
    peer_id_of_key(&named, info->public_key);
    return peer_id_equal(&named, &d->peer);
}

void identify_recv_end(struct identify *d)
{
    if (d->state != IDENTIFY_HEARING) {
        return;
    }
    if (d->messages_count == 0 || !frame_reader_is_idle(&d->reader)) {
        fail(d, ERR_CLOSED, "stream ended before an identify message");
        return;
    }
    struct identify_info info;
    enum err err = identify_decode(&info, buf_span(&d->bytes));
    if (err != OK) {
        fail(d, err,
             err == ERR_LIMIT ? "too many protocols or addresses"
                              : "identify message is malformed");
        return;
    }
    /* SPEC libp2p/identify §"publicKey": the key told must be the one that secured the connection. */
    if (!names_peer(d, &info)) {
        fail(d, ERR_AUTH, "identify names another key than the connection's");
        return;
    }
    d->info = info;
    finish(d);
}

size_t identify_send(struct identify *d, instant now, struct mspan out)
{
    identify_tick(d, now);
    if (d->state != IDENTIFY_TELLING) {
        return 0;
    }
    size_t n = span_copy(out, buf_span(&d->bytes));
    if (n > 0) {
        buf_consume(&d->bytes, n);
    }
    if (d->bytes.n == 0) {
        buf_trim(&d->bytes);
        finish(d);
    }
    return n;
}

bool identify_poll(struct identify *d, struct identify_event *ret_event)
{
    if (!d->event_waits) {
        return false;
    }
    d->event_waits = false;
    struct identify_event e = {
        .kind = IDENTIFY_EVENT_TOLD, .err = d->err, .diag = d->diag, .info = d->info};
    if (d->state == IDENTIFY_FAILED) {
        e.kind = IDENTIFY_EVENT_FAILED;
    } else if (d->messages_count > 0) {
        e.kind = IDENTIFY_EVENT_HEARD;
    }
    *ret_event = e;
    return true;
}

instant identify_deadline(const struct identify *d)
{
    return d->deadline;
}

void identify_tick(struct identify *d, instant now)
{
    if (instant_reached(d->deadline, now)) {
        fail(d, ERR_TIMEOUT, "identify took too long");
    }
}

void identify_done(struct identify *d)
{
    frame_reader_done(&d->reader);
    buf_done(&d->bytes);
}
