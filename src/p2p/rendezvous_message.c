/* Messages of the rendezvous protocol: libp2p specs, rendezvous/README.md, "Protobuf". */
#include "p2p/rendezvous_message.h"

#include "codec/protobuf.h"
#include "p2p/envelope.h"

enum { TYPE = 1 };
enum { NS = 1, REGISTER_RECORD = 2, REGISTER_TTL = 3 };
enum { RESPONSE_STATUS = 1, RESPONSE_TEXT = 2, RESPONSE_TTL = 3 };
enum { DISCOVER_LIMIT = 2, DISCOVER_COOKIE = 3 };
enum { FOUND_REGISTRATIONS = 1, FOUND_COOKIE = 2, FOUND_STATUS = 3, FOUND_TEXT = 4 };

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

MUST_CHECK static enum err read_register(struct rendezvous_message *m,
                                         const struct protobuf_field *f)
{
    switch (f->number) {
    case NS:              return get_bytes(&m->ns, f, RENDEZVOUS_NS_LEN_MAX);
    case REGISTER_RECORD: return get_bytes(&m->record, f, ENVELOPE_LEN_MAX);
    case REGISTER_TTL:    return protobuf_get_u64(&m->ttl_s, f);
    default:              return OK; /* unknown: skipped */
    }
}

MUST_CHECK static enum err read_response(struct rendezvous_message *m,
                                         const struct protobuf_field *f)
{
    switch (f->number) {
    case RESPONSE_STATUS: return protobuf_get_u64(&m->status, f);
    case RESPONSE_TEXT:   return get_bytes(&m->status_text, f, 1024);
    case RESPONSE_TTL:    return protobuf_get_u64(&m->ttl_s, f);
    default:              return OK; /* unknown: skipped */
    }
}

MUST_CHECK static enum err read_discover(struct rendezvous_message *m,
                                         const struct protobuf_field *f)
{
    switch (f->number) {
    case NS:              return get_bytes(&m->ns, f, RENDEZVOUS_NS_LEN_MAX);
    case DISCOVER_LIMIT:  return protobuf_get_u64(&m->limit, f);
    case DISCOVER_COOKIE: return get_bytes(&m->cookie, f, RENDEZVOUS_COOKIE_LEN_MAX);
    default:              return OK; /* unknown: skipped */
    }
}

MUST_CHECK static enum err read_found(struct rendezvous_message *m, const struct protobuf_field *f)
{
    struct span bytes;
    switch (f->number) {
    case FOUND_REGISTRATIONS: return protobuf_get_bytes(&bytes, f);
    case FOUND_COOKIE:        return get_bytes(&m->cookie, f, RENDEZVOUS_COOKIE_LEN_MAX);
    case FOUND_STATUS:        return protobuf_get_u64(&m->status, f);
    case FOUND_TEXT:          return get_bytes(&m->status_text, f, 1024);
    default:                  return OK; /* unknown: skipped */
    }
}

typedef enum err (*read_fn)(struct rendezvous_message *m, const struct protobuf_field *f);

MUST_CHECK static enum err read_body(struct rendezvous_message *m, struct span body, read_fn read)
{
    struct protobuf_reader r = protobuf_read(body);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read(m, &f));
    }
    m->body = body;
    return protobuf_end(&r);
}

/* reader_of gives what reads the body of a type; its field is type + 2. */
static read_fn reader_of(enum rendezvous_type type)
{
    switch (type) {
    case RENDEZVOUS_REGISTER:          return read_register;
    case RENDEZVOUS_REGISTER_RESPONSE: return read_response;
    case RENDEZVOUS_UNREGISTER:        return read_register;
    case RENDEZVOUS_DISCOVER:          return read_discover;
    case RENDEZVOUS_DISCOVER_RESPONSE: return read_found;
    }
    return read_register;
}

enum err rendezvous_decode(struct rendezvous_message *ret_message, struct span in)
{
    struct span bodies[RENDEZVOUS_DISCOVER_RESPONSE + 1] = {0};
    struct rendezvous_message m = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    uint64_t type = RENDEZVOUS_REGISTER;
    if (in.n > RENDEZVOUS_LEN_MAX) {
        return ERR_LIMIT;
    }
    while (protobuf_next(&r, &f)) {
        if (f.number == TYPE) {
            TRY(protobuf_get_u64(&type, &f));
        } else if (f.number <= RENDEZVOUS_DISCOVER_RESPONSE + 2) {
            TRY(protobuf_get_bytes(&bodies[f.number - 2], &f));
        }
    }
    TRY(protobuf_end(&r));
    if (type > RENDEZVOUS_DISCOVER_RESPONSE) {
        return ERR_UNSUPPORTED;
    }
    m.type = (enum rendezvous_type)type;
    TRY(read_body(&m, bodies[type], reader_of(m.type)));
    *ret_message = m;
    return OK;
}

bool rendezvous_next(struct rendezvous_message *ret_registration, struct span *body)
{
    for (;;) {
        struct protobuf_reader r = protobuf_read(*body);
        struct protobuf_field f;
        if (!protobuf_next(&r, &f)) {
            return false;
        }
        *body = r.rd.rest;
        *ret_registration = (struct rendezvous_message){0};
        if (f.number == FOUND_REGISTRATIONS && f.wire == PROTOBUF_BYTES &&
            read_body(ret_registration, f.bytes, read_register) == OK) {
            return true;
        }
    }
}

/* ---- writing ---- */

static void write_bytes_if(struct wr *w, uint32_t number, struct span bytes)
{
    if (bytes.n > 0) {
        protobuf_write_bytes(w, number, bytes);
    }
}

static void write_varint_if(struct wr *w, uint32_t number, uint64_t value)
{
    if (value > 0) {
        protobuf_write_varint(w, number, value);
    }
}

static size_t bytes_len_if(uint32_t number, struct span bytes)
{
    return bytes.n > 0 ? protobuf_bytes_len(number, bytes.n) : 0;
}

static size_t varint_len_if(uint32_t number, uint64_t value)
{
    return value > 0 ? protobuf_varint_len(number, value) : 0;
}

static size_t register_len(const struct rendezvous_message *m)
{
    return bytes_len_if(NS, m->ns) + bytes_len_if(REGISTER_RECORD, m->record) +
           varint_len_if(REGISTER_TTL, m->ttl_s);
}

static void write_register(struct wr *w, uint32_t number, const struct rendezvous_message *m)
{
    protobuf_write_header(w, number, register_len(m));
    write_bytes_if(w, NS, m->ns);
    write_bytes_if(w, REGISTER_RECORD, m->record);
    write_varint_if(w, REGISTER_TTL, m->ttl_s);
}

void rendezvous_write_registration(struct wr *w, const struct rendezvous_message *registration)
{
    write_register(w, FOUND_REGISTRATIONS, registration);
}

static void write_response(struct wr *w, uint32_t number, const struct rendezvous_message *m)
{
    protobuf_write_header(w, number,
                          protobuf_varint_len(RESPONSE_STATUS, m->status) +
                              bytes_len_if(RESPONSE_TEXT, m->status_text) +
                              varint_len_if(RESPONSE_TTL, m->ttl_s));
    protobuf_write_varint(w, RESPONSE_STATUS, m->status);
    write_bytes_if(w, RESPONSE_TEXT, m->status_text);
    write_varint_if(w, RESPONSE_TTL, m->ttl_s);
}

static void write_discover(struct wr *w, uint32_t number, const struct rendezvous_message *m)
{
    protobuf_write_header(w, number,
                          bytes_len_if(NS, m->ns) + varint_len_if(DISCOVER_LIMIT, m->limit) +
                              bytes_len_if(DISCOVER_COOKIE, m->cookie));
    write_bytes_if(w, NS, m->ns);
    write_varint_if(w, DISCOVER_LIMIT, m->limit);
    write_bytes_if(w, DISCOVER_COOKIE, m->cookie);
}

static void write_found(struct wr *w, uint32_t number, const struct rendezvous_message *m)
{
    protobuf_write_header(w, number,
                          m->body.n + bytes_len_if(FOUND_COOKIE, m->cookie) +
                              protobuf_varint_len(FOUND_STATUS, m->status) +
                              bytes_len_if(FOUND_TEXT, m->status_text));
    wr_bytes(w, m->body);
    write_bytes_if(w, FOUND_COOKIE, m->cookie);
    protobuf_write_varint(w, FOUND_STATUS, m->status);
    write_bytes_if(w, FOUND_TEXT, m->status_text);
}

void rendezvous_encode(struct wr *w, const struct rendezvous_message *m)
{
    uint32_t number = (uint32_t)m->type + 2;
    protobuf_write_varint(w, TYPE, m->type);
    switch (m->type) {
    case RENDEZVOUS_REGISTER:
    case RENDEZVOUS_UNREGISTER:        write_register(w, number, m); break;
    case RENDEZVOUS_REGISTER_RESPONSE: write_response(w, number, m); break;
    case RENDEZVOUS_DISCOVER:          write_discover(w, number, m); break;
    case RENDEZVOUS_DISCOVER_RESPONSE: write_found(w, number, m); break;
    }
}
