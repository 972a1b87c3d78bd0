/* Revocation lists: RFC 5280 section 5. */
#include "tee/crl.h"

#include "codec/der.h"

enum { VERSION_2 = 1 };

/* Reads Extensions and fails r if one is critical. */
static void read_extensions(struct rd *r, struct rd *list)
{
    while (list->rest.n > 0 && rd_ok(list)) {
        struct rd e = der_enter(list, DER_SEQUENCE);
        (void)der_read(&e, DER_OID);
        /* SPEC RFC5280 §"5.2": a critical extension that is not known makes the list unusable: the list may be of changes only,
         * or for other issuers. */
        if (der_peek(&e) == DER_BOOLEAN) {
            struct span flag = der_read(&e, DER_BOOLEAN);
            if (flag.n != 1 || flag.p[0] != 0) {
                rd_fail(r);
            }
        }
        (void)der_read(&e, DER_OCTET_STRING);
        if (!rd_end(&e)) {
            rd_fail(r);
        }
    }
    if (!rd_end(list)) {
        rd_fail(r);
    }
}

/* Takes one entry and gives its serial number. */
static struct span read_entry(struct rd *r)
{
    struct rd entry = der_enter(r, DER_SEQUENCE);
    struct span serial = der_read_uint(&entry);
    (void)cert_read_time(&entry);
    if (entry.rest.n > 0) {
        struct rd extensions = der_enter(&entry, DER_SEQUENCE);
        read_extensions(r, &extensions);
    }
    if (!rd_end(&entry)) {
        rd_fail(r);
    }
    return serial;
}

static void read_body(struct crl *l, struct rd *tbs, struct span *ret_algorithm)
{
    uint8_t tag;
    struct span version = der_read_uint(tbs);
    if (version.n != 1 || version.p[0] != VERSION_2) {
        rd_fail(tbs);
    }
    (void)cert_read_algorithm(tbs, ret_algorithm);
    (void)der_read_any(tbs, &tag, &l->issuer);
    l->this_update = cert_read_time(tbs);
    l->next_update =
        cert_read_time(tbs); /* a list without an end is refused: it could be shown for ever */
    if (der_peek(tbs) == DER_SEQUENCE) {
        l->entries = der_read(tbs, DER_SEQUENCE);
    }
    struct rd r = rd_init(l->entries);
    while (r.rest.n > 0 && rd_ok(&r)) {
        (void)read_entry(&r);
    }
    if (!rd_end(&r)) {
        rd_fail(tbs);
    }
    if (tbs->rest.n > 0) {
        struct rd outer = der_enter(tbs, der_context(0));
        struct rd extensions = der_enter(&outer, DER_SEQUENCE);
        read_extensions(tbs, &extensions);
        if (!rd_end(&outer)) {
            rd_fail(tbs);
        }
    }
}

enum err crl_decode(struct crl *ret, struct span der)
{
    struct crl l = {0};
    struct span inner = SPAN_EMPTY;
    struct span outer_algorithm;
    uint8_t tag;
    if (der.n > CRL_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct rd r = rd_init(der);
    struct rd outer = der_enter(&r, DER_SEQUENCE);
    struct rd tbs = rd_init(der_read_any(&outer, &tag, &l.signed_part));
    l.algorithm = cert_read_algorithm(&outer, &outer_algorithm);
    l.signature = der_read_bits(&outer);
    if (!rd_end(&outer) || !rd_end(&r) || tag != DER_SEQUENCE) {
        return ERR_MALFORMED;
    }
    read_body(&l, &tbs, &inner);
    if (!rd_end(&tbs) || !span_equal(inner, outer_algorithm)) {
        return ERR_MALFORMED;
    }
    *ret = l;
    return OK;
}

bool crl_lists(const struct crl *l, struct span serial)
{
    struct rd r = rd_init(l->entries);
    while (r.rest.n > 0 && rd_ok(&r)) {
        if (span_equal(read_entry(&r), serial)) {
            return true;
        }
    }
    return !rd_ok(&r);
}
