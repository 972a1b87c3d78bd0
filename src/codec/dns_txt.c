/* TXT records of a DNS answer: RFC 1035. */
#include "codec/dns_txt.h"

#include "base/wr.h"

enum { TYPE_TXT = 16, CLASS_IN = 1, IS_ANSWER = 0x8000, CODE = 0x000f, POINTER = 0xc0 };

/* SPEC RFC1035 §"4.1.4. Message compression": a name is labels up to an empty one, or up to a pointer, which ends it. */
static void skip_name(struct rd *r)
{
    while (rd_ok(r)) {
        uint8_t n = rd_u8(r);
        if ((n & POINTER) == POINTER) {
            (void)rd_u8(r);
            return;
        }
        if (n == 0) {
            return;
        }
        if (n & POINTER) {
            rd_fail(r);
        }
        (void)rd_bytes(r, n);
    }
}

enum err dns_txt_begin(struct dns_txt *t, struct span message)
{
    struct rd r = rd_init(message);
    (void)rd_be16(&r); /* id: the resolver has compared it */
    uint16_t flags = rd_be16(&r);
    uint16_t questions = rd_be16(&r);
    uint16_t answers = rd_be16(&r);
    (void)rd_be32(&r); /* authorities and additional records, which come behind */
    if (!rd_ok(&r) || !(flags & IS_ANSWER)) {
        return ERR_MALFORMED;
    }
    if ((flags & CODE) != 0) {
        return ERR_NOT_FOUND;
    }
    if (answers > DNS_TXT_RECORDS_MAX) {
        return ERR_LIMIT;
    }
    for (unsigned i = 0; i < questions && rd_ok(&r); i++) {
        skip_name(&r);
        (void)rd_be32(&r); /* type and class */
    }
    if (!rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    *t = (struct dns_txt){.r = r, .left = answers};
    return OK;
}

/* join puts the strings of a record together; false if they are malformed or too long. */
static bool join(struct span data, uint8_t *ret_text, size_t *ret_len)
{
    struct rd r = rd_init(data);
    struct wr w = wr_init(mspan_of(ret_text, DNS_TXT_LEN_MAX));
    while (rd_ok(&r) && r.rest.n > 0) {
        uint8_t n = rd_u8(&r);
        wr_bytes(&w, rd_bytes(&r, n));
    }
    *ret_len = w.n;
    return rd_ok(&r) && wr_ok(&w);
}

bool dns_txt_next(struct dns_txt *t, uint8_t ret_text[static DNS_TXT_LEN_MAX], size_t *ret_len)
{
    while (t->left > 0 && rd_ok(&t->r)) {
        t->left--;
        skip_name(&t->r);
        uint16_t type = rd_be16(&t->r);
        uint16_t class = rd_be16(&t->r);
        (void)rd_be32(&t->r); /* how long it may be kept */
        uint16_t len = rd_be16(&t->r);
        struct span data = rd_bytes(&t->r, len);
        if (rd_ok(&t->r) && type == TYPE_TXT && class == CLASS_IN &&
            join(data, ret_text, ret_len)) {
            return true;
        }
    }
    return false;
}
