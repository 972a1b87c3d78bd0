/* DNS messages: RFC 1035 section 4, with what RFC 6762 changes. */
#include "p2p/mdns_message.h"

#include "base/rd.h"

#include <string.h>

enum { HEAD_LEN = 12, LABEL_LEN_MAX = 63, POINTER = 0xc0, CLASS_IN = 1, JUMPS_MAX = 16 };
enum { FLAGS_RESPONSE = 0x8400, FLAG_QR = 0x8000 };

enum err mdns_name_parse(struct mdns_name *ret_name, struct span text)
{
    struct mdns_name name = {0};
    struct wr w = wr_init(MSPAN_OF(name.bytes));
    while (text.n > 0) {
        struct span label = span_take(&text, span_find(text, '.'));
        (void)span_take(&text, 1);
        if (label.n == 0 || label.n > LABEL_LEN_MAX) {
            return ERR_MALFORMED;
        }
        wr_u8(&w, (uint8_t)label.n);
        wr_bytes(&w, label);
    }
    wr_u8(&w, 0);
    TRY(wr_end(&w));
    name.n = (uint8_t)w.n;
    *ret_name = name;
    return OK;
}

bool mdns_name_equal(const struct mdns_name *a, const struct mdns_name *b)
{
    return span_equal(span_of(a->bytes, a->n), span_of(b->bytes, b->n));
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool add_label(struct mdns_name *name, struct span label)
{
    if (name->n + 1u + label.n + 1u > MDNS_NAME_LEN_MAX) {
        return false;
    }
    name->bytes[name->n++] = (uint8_t)label.n;
    for (size_t i = 0; i < label.n; i++) {
        name->bytes[name->n++] = lower(label.p[i]);
    }
    return true;
}

/* read_name reads a name at *at. SPEC rfc1035 §"4.1.4": the rest of a name may stand earlier in the message; a
 * pointer goes backwards, and there are few of them, so that no message makes us go round. */
MUST_CHECK static enum err read_name(struct mdns_name *ret_name, struct span message, size_t *at)
{
    struct mdns_name name = {0};
    size_t pos = *at;
    bool jumped = false;
    for (unsigned jumps = 0; jumps < JUMPS_MAX;) {
        if (pos >= message.n) {
            return ERR_MALFORMED;
        }
        uint8_t len = message.p[pos];
        if ((len & POINTER) == POINTER) {
            if (pos + 2 > message.n) {
                return ERR_MALFORMED;
            }
            size_t to = (size_t)(len & ~POINTER) << 8 | message.p[pos + 1];
            *at = jumped ? *at : pos + 2;
            jumped = true;
            jumps++;
            if (to >= pos) {
                return ERR_MALFORMED;
            }
            pos = to;
            continue;
        }
        struct span label = span_first(span_from(message, pos + 1), len);
        if (len > LABEL_LEN_MAX || label.n < len || (len > 0 && !add_label(&name, label))) {
            return ERR_MALFORMED;
        }
        pos += 1u + len;
        if (len == 0) {
            name.bytes[name.n++] = 0;
            *at = jumped ? *at : pos;
            *ret_name = name;
            return OK;
        }
    }
    return ERR_MALFORMED;
}

enum err mdns_open(struct mdns_cursor *ret_cursor, bool *ret_is_response, struct span message)
{
    if (message.n > MDNS_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct rd r = rd_init(message);
    (void)rd_be16(&r); /* SPEC rfc6762 §"18.1": the id is of no use in multicast */
    uint16_t flags = rd_be16(&r);
    uint16_t questions = rd_be16(&r);
    uint16_t answers = rd_be16(&r);
    uint16_t authorities = rd_be16(&r);
    uint16_t extras = rd_be16(&r);
    if (!rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    uint32_t records = (uint32_t)answers + authorities + extras;
    if (records + questions > MDNS_RECORDS_MAX) {
        return ERR_LIMIT;
    }
    *ret_is_response = flags & FLAG_QR;
    *ret_cursor = (struct mdns_cursor){
        .message = message, .at = HEAD_LEN, .questions = questions, .records = (uint16_t)records};
    return OK;
}

MUST_CHECK static enum err read_data(struct mdns_record *record, struct mdns_cursor *c)
{
    struct rd r = rd_init(span_from(c->message, c->at));
    (void)rd_be32(&r); /* time to live */
    size_t len = rd_be16(&r);
    record->data = rd_bytes(&r, len);
    if (!rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    size_t data_at = c->at + 6;
    c->at = data_at + len;
    if (record->type != MDNS_PTR) {
        return OK;
    }
    TRY(read_name(&record->target, c->message, &data_at));
    return data_at == c->at ? OK : ERR_MALFORMED;
}

enum err mdns_next(struct mdns_record *ret_record, struct mdns_cursor *c)
{
    struct mdns_record record = {0};
    if (c->questions == 0 && c->records == 0) {
        return ERR_NOT_FOUND;
    }
    record.is_question = c->questions > 0;
    TRY(read_name(&record.name, c->message, &c->at));
    struct rd r = rd_init(span_from(c->message, c->at));
    record.type = rd_be16(&r);
    (void)rd_be16(
        &r); /* class, whose highest bit asks for unicast or says that a record is the only one */
    if (!rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    c->at += 4;
    if (record.is_question) {
        c->questions--;
    } else {
        c->records--;
        TRY(read_data(&record, c));
    }
    *ret_record = record;
    return OK;
}

bool mdns_next_text(struct span *ret_text, struct span *data)
{
    if (data->n == 0) {
        return false;
    }
    size_t len = data->p[0];
    (void)span_take(data, 1);
    if (len > data->n) {
        *data = SPAN_EMPTY;
        return false;
    }
    *ret_text = span_take(data, len);
    return true;
}

/* ---- writing ---- */

void mdns_write_head(struct wr *w, struct mdns_head head)
{
    wr_be16(w, 0);
    wr_be16(w, head.is_response ? FLAGS_RESPONSE : 0);
    wr_be16(w, head.questions);
    wr_be16(w, head.answers);
    wr_be16(w, 0);
    wr_be16(w, head.extras);
}

static void write_name(struct wr *w, const struct mdns_name *name)
{
    wr_bytes(w, span_of(name->bytes, name->n));
}

void mdns_write_question(struct wr *w, const struct mdns_name *name, enum mdns_type type)
{
    write_name(w, name);
    wr_be16(w, (uint16_t)type);
    wr_be16(w, CLASS_IN);
}

static void
write_record(struct wr *w, const struct mdns_name *name, enum mdns_type type, uint32_t ttl_s)
{
    mdns_write_question(w, name, type); /* a record begins like one */
    wr_be32(w, ttl_s);
}

void mdns_write_ptr(struct wr *w,
                    const struct mdns_name *name,
                    const struct mdns_name *target,
                    uint32_t ttl_s)
{
    write_record(w, name, MDNS_PTR, ttl_s);
    wr_be16(w, target->n);
    write_name(w, target);
}

void mdns_write_txt(struct wr *w, const struct mdns_name *name, struct span data, uint32_t ttl_s)
{
    write_record(w, name, MDNS_TXT, ttl_s);
    wr_be16_sized(w, data);
}

void mdns_write_srv(struct wr *w,
                    const struct mdns_name *name,
                    const struct mdns_name *host,
                    uint16_t port,
                    uint32_t ttl_s)
{
    write_record(w, name, MDNS_SRV, ttl_s);
    wr_be16(w, (uint16_t)(6 + host->n));
    wr_be16(w, 0); /* priority */
    wr_be16(w, 0); /* weight */
    wr_be16(w, port);
    write_name(w, host);
}

void mdns_write_ip(struct wr *w, const struct mdns_name *host, struct span ip, uint32_t ttl_s)
{
    write_record(w, host, ip.n == 4 ? MDNS_A : MDNS_AAAA, ttl_s);
    wr_be16_sized(w, ip);
}
