/* Messages of AutoNAT: libp2p specs, autonat/autonat-v2.md and autonat-v1.md, "RPC Messages". */
#include "p2p/autonat_message.h"

enum { REQUEST_ADDRS = 1, REQUEST_NONCE = 2 };
enum { RESPONSE_STATUS = 1, RESPONSE_INDEX = 2, RESPONSE_DIAL_STATUS = 3 };
enum { DATA_REQUEST_INDEX = 1, DATA_REQUEST_LEN = 2 };
enum { DATA_BYTES = 1 };
enum { BACK_NONCE = 1, BACK_STATUS = 1 };
enum { V1_TYPE = 1, V1_DIAL = 2, V1_RESPONSE = 3, V1_DIAL_PEER = 1, V1_PEER_ID = 1, V1_ADDRS = 2 };
enum { V1_STATUS = 1, V1_ADDR = 3 }; /* 2 is text */

MUST_CHECK static enum err read_request(struct autonat_message *m, const struct protobuf_field *f)
{
    struct span addr;
    if (f->number == REQUEST_ADDRS) {
        TRY(protobuf_get_bytes(&addr, f));
        return ++m->addrs_count > AUTONAT_ADDRS_MAX ? ERR_LIMIT : OK;
    }
    if (f->number == REQUEST_NONCE) {
        m->nonce = f->value;
        return f->wire == PROTOBUF_FIXED64 ? OK : ERR_MALFORMED;
    }
    return OK; /* unknown: skipped */
}

MUST_CHECK static enum err read_response(struct autonat_message *m, const struct protobuf_field *f)
{
    switch (f->number) {
    case RESPONSE_STATUS:      return protobuf_get_u64(&m->status, f);
    case RESPONSE_INDEX:       return protobuf_get_u32(&m->addr_index, f);
    case RESPONSE_DIAL_STATUS: return protobuf_get_u64(&m->dial_status, f);
    default:                   return OK; /* unknown: skipped */
    }
}

MUST_CHECK static enum err read_data_request(struct autonat_message *m,
                                             const struct protobuf_field *f)
{
    switch (f->number) {
    case DATA_REQUEST_INDEX: return protobuf_get_u32(&m->addr_index, f);
    case DATA_REQUEST_LEN:   return protobuf_get_u64(&m->data_len, f);
    default:                 return OK; /* unknown: skipped */
    }
}

MUST_CHECK static enum err read_data(struct autonat_message *m, const struct protobuf_field *f)
{
    return f->number == DATA_BYTES ? protobuf_get_bytes(&m->data, f) : OK;
}

typedef enum err (*read_fn)(struct autonat_message *m, const struct protobuf_field *f);

MUST_CHECK static enum err read_body(struct autonat_message *m, struct span body, read_fn read)
{
    struct protobuf_reader r = protobuf_read(body);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read(m, &f));
    }
    m->body = body;
    return protobuf_end(&r);
}

enum err autonat_decode(struct autonat_message *ret_message, struct span in)
{
    static const read_fn readers[] = {
        [AUTONAT_REQUEST] = read_request,
        [AUTONAT_RESPONSE] = read_response,
        [AUTONAT_DATA_REQUEST] = read_data_request,
        [AUTONAT_DATA] = read_data,
    };
    struct autonat_message m = {.kind = AUTONAT_REQUEST};
    struct span body = SPAN_EMPTY;
    bool is_known = false;
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    if (in.n > AUTONAT_LEN_MAX) {
        return ERR_LIMIT;
    }
    while (protobuf_next(&r, &f)) {
        if (f.number >= AUTONAT_REQUEST && f.number <= AUTONAT_DATA) {
            TRY(protobuf_get_bytes(&body, &f)); /* one of several: the last one holds */
            m.kind = (enum autonat_kind)f.number;
            is_known = true;
        }
    }
    TRY(protobuf_end(&r));
    if (!is_known) {
        return ERR_UNSUPPORTED;
    }
    TRY(read_body(&m, body, readers[m.kind]));
    *ret_message = m;
    return OK;
}

bool autonat_next_addr(struct span *ret_addr, struct span *rest)
{
    struct protobuf_reader r = protobuf_read(*rest);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        if (f.number == REQUEST_ADDRS && protobuf_get_bytes(ret_addr, &f) == OK) {
            *rest = span_from(*rest, rd_offset(&r.rd));
            return true;
        }
    }
    return false;
}

static size_t body_len(const struct autonat_message *m, const struct span *addrs)
{
    size_t n = 0;
    switch (m->kind) {
    case AUTONAT_REQUEST:
        for (size_t i = 0; i < m->addrs_count; i++) {
            n += protobuf_bytes_len(REQUEST_ADDRS, addrs[i].n);
        }
        return n + 9;
    case AUTONAT_RESPONSE:
        return protobuf_varint_len(RESPONSE_STATUS, m->status) +
               protobuf_varint_len(RESPONSE_INDEX, m->addr_index) +
               protobuf_varint_len(RESPONSE_DIAL_STATUS, m->dial_status);
    case AUTONAT_DATA_REQUEST:
        return protobuf_varint_len(DATA_REQUEST_INDEX, m->addr_index) +
               protobuf_varint_len(DATA_REQUEST_LEN, m->data_len);
    case AUTONAT_DATA: return protobuf_bytes_len(DATA_BYTES, m->data.n);
    }
    return n;
}

void autonat_encode(struct wr *w, const struct autonat_message *m, const struct span *addrs)
{
    protobuf_write_header(w, (uint32_t)m->kind, body_len(m, addrs));
    switch (m->kind) {
    case AUTONAT_REQUEST:
        for (size_t i = 0; i < m->addrs_count; i++) {
            protobuf_write_bytes(w, REQUEST_ADDRS, addrs[i]);
        }
        protobuf_write_fixed64(w, REQUEST_NONCE, m->nonce);
        break;
    case AUTONAT_RESPONSE:
        protobuf_write_varint(w, RESPONSE_STATUS, m->status);
        protobuf_write_varint(w, RESPONSE_INDEX, m->addr_index);
        protobuf_write_varint(w, RESPONSE_DIAL_STATUS, m->dial_status);
        break;
    case AUTONAT_DATA_REQUEST:
        protobuf_write_varint(w, DATA_REQUEST_INDEX, m->addr_index);
        protobuf_write_varint(w, DATA_REQUEST_LEN, m->data_len);
        break;
    case AUTONAT_DATA: protobuf_write_bytes(w, DATA_BYTES, m->data); break;
    }
}

enum err autonat_back_decode(uint64_t *ret_nonce, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    uint64_t nonce = 0;
    while (protobuf_next(&r, &f)) {
        if (f.number == BACK_NONCE && f.wire != PROTOBUF_FIXED64) {
            return ERR_MALFORMED;
        }
        nonce = f.number == BACK_NONCE ? f.value : nonce;
    }
    TRY(protobuf_end(&r));
    *ret_nonce = nonce;
    return OK;
}

void autonat_back_encode(struct wr *w, uint64_t nonce)
{
    protobuf_write_fixed64(w, BACK_NONCE, nonce);
}

enum err autonat_back_response_decode(uint64_t *ret_status, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    uint64_t status = 0;
    while (protobuf_next(&r, &f)) {
        if (f.number == BACK_STATUS) {
            TRY(protobuf_get_u64(&status, &f));
        }
    }
    TRY(protobuf_end(&r));
    *ret_status = status;
    return OK;
}

void autonat_back_response_encode(struct wr *w)
{
    /* The zero is written out: readers of streams stumble over messages without a byte. */
    protobuf_write_varint(w, BACK_STATUS, 0);
}

/* ---- version 1 ---- */

MUST_CHECK static enum err read_peer(struct autonat1_message *m, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    struct span addr;
    while (protobuf_next(&r, &f)) {
        if (f.number == V1_PEER_ID) {
            TRY(protobuf_get_bytes(&m->peer, &f));
        } else if (f.number == V1_ADDRS) {
            TRY(protobuf_get_bytes(&addr, &f));
            if (++m->addrs_count > AUTONAT_ADDRS_MAX) {
                return ERR_LIMIT;
            }
        }
    }
    m->addrs = in;
    return protobuf_end(&r);
}

MUST_CHECK static enum err read_v1_dial(struct autonat1_message *m, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    struct span peer = SPAN_EMPTY;
    while (protobuf_next(&r, &f)) {
        if (f.number == V1_DIAL_PEER) {
            TRY(protobuf_get_bytes(&peer, &f));
        }
    }
    TRY(protobuf_end(&r));
    return read_peer(m, peer);
}

MUST_CHECK static enum err read_v1_response(struct autonat1_message *m, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        if (f.number == V1_STATUS) {
            TRY(protobuf_get_u64(&m->status, &f));
        } else if (f.number == V1_ADDR) {
            TRY(protobuf_get_bytes(&m->addr, &f));
        }
    }
    return protobuf_end(&r);
}

enum err autonat1_decode(struct autonat1_message *ret_message, struct span in)
{
    struct autonat1_message m = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    struct span dial = SPAN_EMPTY;
    struct span response = SPAN_EMPTY;
    uint64_t type = 0;
    if (in.n > AUTONAT_LEN_MAX) {
        return ERR_LIMIT;
    }
    while (protobuf_next(&r, &f)) {
        if (f.number == V1_TYPE) {
            TRY(protobuf_get_u64(&type, &f));
        } else if (f.number == V1_DIAL) {
            TRY(protobuf_get_bytes(&dial, &f));
        } else if (f.number == V1_RESPONSE) {
            TRY(protobuf_get_bytes(&response, &f));
        }
    }
    TRY(protobuf_end(&r));
    if (type > 1) {
        return ERR_UNSUPPORTED;
    }
    m.is_response = type == 1;
    TRY(m.is_response ? read_v1_response(&m, response) : read_v1_dial(&m, dial));
    *ret_message = m;
    return OK;
}

bool autonat1_next_addr(struct span *ret_addr, struct span *rest)
{
    struct protobuf_reader r = protobuf_read(*rest);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        if (f.number == V1_ADDRS && protobuf_get_bytes(ret_addr, &f) == OK) {
            *rest = span_from(*rest, rd_offset(&r.rd));
            return true;
        }
    }
    return false;
}

static void encode_v1_response(struct wr *w, const struct autonat1_message *m)
{
    size_t n = protobuf_varint_len(V1_STATUS, m->status);
    n += m->addr.n > 0 ? protobuf_bytes_len(V1_ADDR, m->addr.n) : 0;
    protobuf_write_varint(w, V1_TYPE, 1);
    protobuf_write_header(w, V1_RESPONSE, n);
    protobuf_write_varint(w, V1_STATUS, m->status);
    if (m->addr.n > 0) {
        protobuf_write_bytes(w, V1_ADDR, m->addr);
    }
}

void autonat1_encode(struct wr *w, const struct autonat1_message *m, const struct span *addrs)
{
    if (m->is_response) {
        encode_v1_response(w, m);
        return;
    }
    size_t n = protobuf_bytes_len(V1_PEER_ID, m->peer.n);
    for (size_t i = 0; i < m->addrs_count; i++) {
        n += protobuf_bytes_len(V1_ADDRS, addrs[i].n);
    }
    protobuf_write_varint(w, V1_TYPE, 0);
    protobuf_write_header(w, V1_DIAL, protobuf_bytes_len(V1_DIAL_PEER, n));
    protobuf_write_header(w, V1_DIAL_PEER, n);
    protobuf_write_bytes(w, V1_PEER_ID, m->peer);
    for (size_t i = 0; i < m->addrs_count; i++) {
        protobuf_write_bytes(w, V1_ADDRS, addrs[i]);
    }
}
