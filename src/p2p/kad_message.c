/* Messages of the DHT: libp2p specs, kad-dht/README.md, "RPC messages". */
#include "p2p/kad_message.h"

#include "codec/multiaddr.h"
#include "codec/protobuf.h"

enum { FIELD_TYPE = 1, FIELD_KEY = 2, FIELD_RECORD = 3 };
enum { RECORD_KEY = 1, RECORD_VALUE = 2, RECORD_TIME = 5 };
enum { PEER_ID = 1, PEER_ADDRS = 2, PEER_CONNECTION = 3 };

enum { FIELDS_MAX = 4096 };

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

MUST_CHECK static enum err decode_record(struct kad_record *ret_record, struct span in)
{
    struct kad_record record = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    r.fields_left = FIELDS_MAX;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case RECORD_KEY:   TRY(get_bytes(&record.key, &f, KAD_KEY_LEN_MAX)); break;
        case RECORD_VALUE: TRY(get_bytes(&record.value, &f, KAD_VALUE_LEN_MAX)); break;
        case RECORD_TIME:  TRY(get_bytes(&record.time_received, &f, KAD_TIME_LEN_MAX)); break;
        default:           break; /* unknown: skipped */
        }
    }
    TRY(protobuf_end(&r));
    *ret_record = record;
    return OK;
}

MUST_CHECK static enum err decode_type(enum kad_type *ret_type, const struct protobuf_field *f)
{
    uint64_t value;
    TRY(protobuf_get_u64(&value, f));
    if (value > KAD_PING) {
        return ERR_UNSUPPORTED;
    }
    *ret_type = (enum kad_type)value;
    return OK;
}

enum err kad_message_decode(struct kad_message *ret_message, struct span in)
{
    if (in.n > KAD_MESSAGE_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct kad_message m = {.type = KAD_PUT_VALUE, .raw = in};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    r.fields_left = FIELDS_MAX;
    while (protobuf_next(&r, &f)) {
        struct span bytes;
        switch (f.number) {
        case FIELD_TYPE: TRY(decode_type(&m.type, &f)); break;
        case FIELD_KEY:  TRY(get_bytes(&m.key, &f, KAD_KEY_LEN_MAX)); break;
        case FIELD_RECORD:
            TRY(protobuf_get_bytes(&bytes, &f));
            TRY(decode_record(&m.record, bytes));
            m.has_record = true;
            break;
        case KAD_LIST_CLOSER:
        case KAD_LIST_PROVIDERS: TRY(protobuf_get_bytes(&bytes, &f)); break;
        /* SPEC libp2p/kad-dht §"RPC messages": field 10, a relic of another design, is ignored. */
        default: break;
        }
    }
    TRY(protobuf_end(&r));
    *ret_message = m;
    return OK;
}

/* ---- peers and addresses ---- */

struct kad_cursor kad_cursor_init(const struct kad_message *message, enum kad_list list)
{
    return (struct kad_cursor){.rest = message->raw, .list = list, .left = KAD_PEERS_MAX};
}

/* next_field reads one field off the front of *rest; false at the end and at bytes that are no field. */
static bool next_field(struct protobuf_field *ret_field, struct span *rest)
{
    struct protobuf_reader r = protobuf_read(*rest);
    if (!protobuf_next(&r, ret_field)) {
        *rest = SPAN_EMPTY;
        return false;
    }
    *rest = r.rd.rest;
    return true;
}

static bool decode_peer(struct kad_peer *ret_peer, struct span in)
{
    struct kad_peer peer = {.addrs = in};
    struct span rest = in;
    struct protobuf_field f;
    while (next_field(&f, &rest)) {
        uint64_t value;
        if (f.number == PEER_ID && f.wire == PROTOBUF_BYTES) {
            if (peer_id_decode(&peer.id, f.bytes) != OK) {
                return false;
            }
        }
        if (f.number == PEER_CONNECTION && protobuf_get_u64(&value, &f) == OK) {
            peer.connection =
                value <= KAD_CANNOT_CONNECT ? (enum kad_connection)value : KAD_NOT_CONNECTED;
        }
    }
    if (peer.id.n == 0) {
        return false;
    }
    *ret_peer = peer;
    return true;
}

bool kad_next_peer(struct kad_peer *ret_peer, struct kad_cursor *cursor)
{
    struct protobuf_field f;
    while (cursor->left > 0 && next_field(&f, &cursor->rest)) {
        if (f.number != (uint32_t)cursor->list || f.wire != PROTOBUF_BYTES) {
            continue;
        }
        cursor->left--;
        if (decode_peer(ret_peer, f.bytes)) {
            return true;
        }
    }
    return false;
}

bool kad_next_addr(struct span *ret_addr, struct span *addrs)
{
    struct protobuf_field f;
    while (next_field(&f, addrs)) {
        if (f.number == PEER_ADDRS && f.wire == PROTOBUF_BYTES &&
            multiaddr_validate(f.bytes, NULL) == OK) {
            *ret_addr = f.bytes;
            return true;
        }
    }
    return false;
}

void kad_write_addr(struct wr *w, struct span addr)
{
    protobuf_write_bytes(w, PEER_ADDRS, addr);
}

/* kept_addr is kad_next_addr within the bounds of what we keep; *len and *count add up. */
static bool kept_addr(struct span *ret_addr, struct span *addrs, size_t *len, size_t *count)
{
    while (*count < KAD_ADDRS_MAX && kad_next_addr(ret_addr, addrs)) {
        size_t n = protobuf_bytes_len(PEER_ADDRS, ret_addr->n);
        if (*len + n <= KAD_ADDRS_LEN_MAX) {
            *len += n;
            (*count)++;
            return true;
        }
    }
    return false;
}

void kad_write_addrs(struct wr *w, struct span addrs)
{
    struct span addr;
    size_t len = 0;
    size_t count = 0;
    while (kept_addr(&addr, &addrs, &len, &count)) {
        kad_write_addr(w, addr);
    }
}

/* ---- writing ---- */

static size_t peer_len(const struct kad_peer *peer)
{
    struct span addrs = peer->addrs;
    struct span addr;
    size_t len = 0;
    size_t count = 0;
    while (kept_addr(&addr, &addrs, &len, &count)) {}
    len += protobuf_bytes_len(PEER_ID, peer->id.n);
    return len + (peer->connection ? protobuf_varint_len(PEER_CONNECTION, peer->connection) : 0);
}

struct peers_room {
    size_t start; /* where the message begins */
    size_t count;
};

static void
write_peers(struct wr *w, enum kad_list list, const struct kad_peer *peers, struct peers_room room)
{
    for (size_t i = 0; i < room.count; i++) {
        size_t len = peer_len(&peers[i]);
        /* SPEC libp2p/kad-dht §"RPC messages": what we write stays below the 16 KiB that the strictest reads. */
        if (w->n - room.start + protobuf_bytes_len((uint32_t)list, len) > KAD_SENT_LEN_MAX) {
            return;
        }
        protobuf_write_header(w, (uint32_t)list, len);
        protobuf_write_bytes(w, PEER_ID, peer_id_span(&peers[i].id));
        kad_write_addrs(w, peers[i].addrs);
        if (peers[i].connection) {
            protobuf_write_varint(w, PEER_CONNECTION, peers[i].connection);
        }
    }
}

static void write_record(struct wr *w, const struct kad_record *record)
{
    size_t len = protobuf_bytes_len(RECORD_KEY, record->key.n) +
                 protobuf_bytes_len(RECORD_VALUE, record->value.n);
    if (record->time_received.n > 0) {
        len += protobuf_bytes_len(RECORD_TIME, record->time_received.n);
    }
    protobuf_write_header(w, FIELD_RECORD, len);
    protobuf_write_bytes(w, RECORD_KEY, record->key);
    protobuf_write_bytes(w, RECORD_VALUE, record->value);
    if (record->time_received.n > 0) {
        protobuf_write_bytes(w, RECORD_TIME, record->time_received);
    }
}

void kad_message_encode(struct wr *w, const struct kad_message_out *message)
{
    size_t start = w->n;
    protobuf_write_varint(w, FIELD_TYPE, message->type);
    if (message->key.n > 0) {
        protobuf_write_bytes(w, FIELD_KEY, message->key);
    }
    if (message->record) {
        write_record(w, message->record);
    }
    /* SPEC libp2p/kad-dht §"RPC messages": closer peers are field 8, providers field 9. */
    write_peers(w, KAD_LIST_CLOSER, message->closer,
                (struct peers_room){start, message->closer_count});
    write_peers(w, KAD_LIST_PROVIDERS, message->providers,
                (struct peers_room){start, message->providers_count});
}

/* ---- time ---- */

struct date {
    uint64_t year;
    uint64_t month; /* 1 to 12 */
    uint64_t day;   /* 1 to 31 */
};

/* date_of counts in years that begin in March, so that the leap day is the last (Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms"). */
static struct date date_of(uint64_t days_since_1970)
{
    uint64_t days = days_since_1970 + 719468;
    uint64_t era = days / 146097;
    uint64_t of_era = days % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153;
    uint64_t day = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    return (struct date){.year = year + era * 400 + (month <= 2), .month = month, .day = day};
}

static void write_digits(struct wr *w, uint64_t value, unsigned digits, char then)
{
    uint8_t text[8];
    for (unsigned i = digits; i > 0; i--) {
        text[i - 1] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
    text[digits] = (uint8_t)then;
    wr_bytes(w, span_of(text, digits + 1));
}

struct span kad_print_time(struct mspan room, walltime wall)
{
    if (wall.s == 0 || wall.s > UINT64_C(250000000000)) {
        return SPAN_EMPTY;
    }
    struct date d = date_of(wall.s / 86400);
    uint64_t s = wall.s % 86400;
    struct wr w = wr_init(room);
    /* SPEC libp2p/kad-dht §"RPC messages": timeReceived is a date of RFC 3339, in UTC. */
    write_digits(&w, d.year, 4, '-');
    write_digits(&w, d.month, 2, '-');
    write_digits(&w, d.day, 2, 'T');
    write_digits(&w, s / 3600, 2, ':');
    write_digits(&w, s / 60 % 60, 2, ':');
    write_digits(&w, s % 60, 2, '.');
    wr_str(&w, "000000000Z"); /* some read it only with a fraction */
    return wr_ok(&w) ? span_of(room.p, w.n) : SPAN_EMPTY;
}
