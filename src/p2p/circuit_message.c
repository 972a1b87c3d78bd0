/* Messages and vouchers of circuit relay v2: libp2p specs, relay/circuit-v2.md, "Protobuf". */
#include "p2p/circuit_message.h"

#include "base/arith.h"
#include "codec/protobuf.h"
#include "p2p/envelope.h"

enum { TYPE = 1, PEER = 2 };
enum { PEER_ID = 1 };
enum { RESERVATION_EXPIRE = 1, RESERVATION_ADDRS = 2, RESERVATION_VOUCHER = 3 };
enum { LIMIT_DURATION = 1, LIMIT_DATA = 2 };
enum { VOUCHER_RELAY = 1, VOUCHER_PEER = 2, VOUCHER_EXPIRATION = 3 };

/* Where the two messages differ. */
struct form {
    uint32_t types_count; /* the type on the wire is ours less first_type */
    uint32_t first_type;
    uint32_t reservation; /* numbers of fields; 0 = it has none */
    uint32_t limit;
    uint32_t status;
};

static struct form form_of(enum circuit_protocol protocol)
{
    return protocol == CIRCUIT_HOP
               ? (struct form){.types_count = 3, .reservation = 3, .limit = 4, .status = 5}
               : (struct form){
                     .types_count = 2, .first_type = CIRCUIT_CONNECT, .limit = 3, .status = 4};
}

/* ---- reading ---- */

MUST_CHECK static enum err read_peer(struct circuit_message *m, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        /* Addresses are for active relays, which are deprecated: skipped. */
        if (f.number == PEER_ID) {
            TRY(protobuf_get_bytes(&m->peer, &f));
        }
    }
    return protobuf_end(&r);
}

MUST_CHECK static enum err read_reservation(struct circuit_message *m, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    struct span addr;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case RESERVATION_EXPIRE: TRY(protobuf_get_u64(&m->expires_s, &f)); break;
        case RESERVATION_ADDRS:
            TRY(protobuf_get_bytes(&addr, &f));
            if (m->addrs_count < CIRCUIT_ADDRS_MAX) {
                m->addrs[m->addrs_count++] = addr;
            }
            break;
        case RESERVATION_VOUCHER: TRY(protobuf_get_bytes(&m->voucher, &f)); break;
        default:                  break; /* unknown: skipped */
        }
    }
    m->has_reservation = true;
    return protobuf_end(&r);
}

MUST_CHECK static enum err read_limit(struct circuit_message *m, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    uint64_t duration_s;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case LIMIT_DURATION:
            TRY(protobuf_get_u64(&duration_s, &f));
            m->limit.duration_s = (uint32_t)min_u64(duration_s, UINT32_MAX);
            break;
        case LIMIT_DATA: TRY(protobuf_get_u64(&m->limit.data_len, &f)); break;
        default:         break; /* unknown: skipped */
        }
    }
    return protobuf_end(&r);
}

MUST_CHECK static enum err
read_field(struct circuit_message *m, const struct form *form, const struct protobuf_field *f)
{
    struct span bytes;
    if (f->number == form->status) {
        return protobuf_get_u64(&m->status, f);
    }
    if (f->number == PEER) {
        TRY(protobuf_get_bytes(&bytes, f));
        return read_peer(m, bytes);
    }
    if (f->number == form->reservation) {
        TRY(protobuf_get_bytes(&bytes, f));
        return read_reservation(m, bytes);
    }
    if (f->number == form->limit) {
        TRY(protobuf_get_bytes(&bytes, f));
        return read_limit(m, bytes);
    }
    return OK; /* unknown: skipped */
}

enum err circuit_message_decode(struct circuit_message *ret_message,
                                enum circuit_protocol protocol,
                                struct span in)
{
    struct form form = form_of(protocol);
    struct circuit_message m = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    bool has_type = false;
    uint64_t type = 0;
    if (in.n > CIRCUIT_MESSAGE_LEN_MAX) {
        return ERR_LIMIT;
    }
    while (protobuf_next(&r, &f)) {
        if (f.number == TYPE) {
            has_type = true;
            TRY(protobuf_get_u64(&type, &f));
        } else {
            TRY(read_field(&m, &form, &f));
        }
    }
    TRY(protobuf_end(&r));
    if (!has_type) {
        return ERR_MALFORMED;
    }
    if (type >= form.types_count) {
        return ERR_UNSUPPORTED;
    }
    m.type = (enum circuit_type)(type + form.first_type);
    *ret_message = m;
    return OK;
}

/* ---- writing ---- */

static void write_reservation(struct wr *w, uint32_t number, const struct circuit_message *m)
{
    size_t len = protobuf_varint_len(RESERVATION_EXPIRE, m->expires_s);
    for (size_t i = 0; i < m->addrs_count; i++) {
        len += protobuf_bytes_len(RESERVATION_ADDRS, m->addrs[i].n);
    }
    len += m->voucher.n ? protobuf_bytes_len(RESERVATION_VOUCHER, m->voucher.n) : 0;
    protobuf_write_header(w, number, len);
    protobuf_write_varint(w, RESERVATION_EXPIRE, m->expires_s);
    for (size_t i = 0; i < m->addrs_count; i++) {
        protobuf_write_bytes(w, RESERVATION_ADDRS, m->addrs[i]);
    }
    if (m->voucher.n > 0) {
        protobuf_write_bytes(w, RESERVATION_VOUCHER, m->voucher);
    }
}

void circuit_message_encode(struct wr *w,
                            enum circuit_protocol protocol,
                            const struct circuit_message *m)
{
    struct form form = form_of(protocol);
    if (m->type < form.first_type || (m->has_reservation && form.reservation == 0)) {
        wr_fail(w, ERR_STATE);
        return;
    }
    protobuf_write_varint(w, TYPE, m->type - form.first_type);
    if (m->peer.n > 0) {
        protobuf_write_header(w, PEER, protobuf_bytes_len(PEER_ID, m->peer.n));
        protobuf_write_bytes(w, PEER_ID, m->peer);
    }
    if (m->has_reservation) {
        write_reservation(w, form.reservation, m);
    }
    if (m->limit.duration_s > 0 || m->limit.data_len > 0) {
        protobuf_write_header(w, form.limit,
                              protobuf_varint_len(LIMIT_DURATION, m->limit.duration_s) +
                                  protobuf_varint_len(LIMIT_DATA, m->limit.data_len));
        protobuf_write_varint(w, LIMIT_DURATION, m->limit.duration_s);
        protobuf_write_varint(w, LIMIT_DATA, m->limit.data_len);
    }
    if (m->status > 0) {
        protobuf_write_varint(w, form.status, m->status);
    }
}

/* ---- vouchers ---- */

/* SPEC libp2p/circuit-v2 §"Reservation Vouchers": an envelope of domain libp2p-relay-rsvp and type 0x0302, fields in order of their numbers. */
static const struct envelope_content VOUCHER_FORM = {
    .domain = {(const uint8_t *)"libp2p-relay-rsvp", 17},
    .payload_type = {(const uint8_t *)"\x03\x02",          2 },
};

enum err circuit_voucher_seal(struct wr *w,
                              const struct circuit_voucher *v,
                              struct signer *signer,
                              struct budget *budget)
{
    uint8_t payload[2 * PEER_ID_LEN_MAX + 32];
    struct wr p = wr_init(MSPAN_OF(payload));
    protobuf_write_bytes(&p, VOUCHER_RELAY, peer_id_span(&v->relay));
    protobuf_write_bytes(&p, VOUCHER_PEER, peer_id_span(&v->peer));
    protobuf_write_varint(&p, VOUCHER_EXPIRATION, v->expires_s);
    TRY(wr_end(&p));
    struct envelope_content content = VOUCHER_FORM;
    content.payload = span_of(payload, p.n);
    return envelope_seal(w, &content, signer, budget);
}

MUST_CHECK static enum err read_voucher(struct circuit_voucher *ret_voucher, struct span in)
{
    struct circuit_voucher v = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    struct span bytes;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case VOUCHER_RELAY:
            TRY(protobuf_get_bytes(&bytes, &f));
            TRY(peer_id_decode(&v.relay, bytes));
            break;
        case VOUCHER_PEER:
            TRY(protobuf_get_bytes(&bytes, &f));
            TRY(peer_id_decode(&v.peer, bytes));
            break;
        case VOUCHER_EXPIRATION: TRY(protobuf_get_u64(&v.expires_s, &f)); break;
        default:                 break; /* unknown: skipped */
        }
    }
    TRY(protobuf_end(&r));
    *ret_voucher = v;
    return v.relay.n > 0 && v.peer.n > 0 ? OK : ERR_MALFORMED;
}

enum err
circuit_voucher_open(struct circuit_voucher *ret_voucher, struct span sealed, struct budget *budget)
{
    struct envelope e;
    struct peer_id signer;
    struct circuit_voucher v;
    TRY(envelope_decode(&e, sealed));
    if (!span_equal(e.payload_type, VOUCHER_FORM.payload_type)) {
        return ERR_UNSUPPORTED;
    }
    TRY(envelope_verify(&signer, &e, VOUCHER_FORM.domain, budget));
    TRY(read_voucher(&v, e.payload));
    if (!peer_id_equal(&signer, &v.relay)) {
        return ERR_AUTH;
    }
    *ret_voucher = v;
    return OK;
}

bool circuit_voucher_is_of(const struct peer_id *relay,
                           struct span domain,
                           struct span payload_type,
                           struct span payload)
{
    struct circuit_voucher v;
    return span_equal(domain, VOUCHER_FORM.domain) &&
           span_equal(payload_type, VOUCHER_FORM.payload_type) && read_voucher(&v, payload) == OK &&
           peer_id_equal(&v.relay, relay) && !peer_id_equal(&v.peer, relay);
}
