/* PCK certificates: what they say about the platform. */
#include "tee/pck.h"

#include "codec/der.h"

/* 1.2.840.113741.1.13.1; what stands below it adds one or two bytes. */
static const struct span oid_sgx = SPAN_INIT("\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01");

enum part {
    PART_PPID = 1,
    PART_TCB = 2,
    PART_PCE_ID = 3,
    PART_FMSPC = 4,
    PART_NEEDED = 1U << PART_PPID | 1U << PART_TCB | 1U << PART_PCE_ID | 1U << PART_FMSPC,
    TCB_PCE_SVN = 17,
    TCB_CPU_SVN = 18,
    TCB_NEEDED = 0x3fffe /* 1 to 17 */
};

/* The last number of an OID below prefix, or 0. */
static uint8_t below(struct span oid, struct span prefix)
{
    return oid.n == prefix.n + 1 && span_starts_with(oid, prefix) ? oid.p[prefix.n] : 0;
}

static uint64_t read_number(struct rd *r, uint64_t max)
{
    struct span s = der_read_uint(r);
    uint64_t v = 0;
    if (s.n > 2) {
        rd_fail(r);
        return 0;
    }
    for (size_t i = 0; i < s.n; i++) {
        v = v << 8 | s.p[i];
    }
    if (v > max) {
        rd_fail(r);
    }
    return v;
}

static bool read_tcb(struct pck *p, struct rd *outer)
{
    uint8_t prefix[10];
    uint32_t seen = 0;
    struct rd list = der_enter(outer, DER_SEQUENCE);
    (void)span_copy(MSPAN_OF(prefix), oid_sgx);
    prefix[9] = PART_TCB;
    while (list.rest.n > 0 && rd_ok(&list)) {
        struct rd pair = der_enter(&list, DER_SEQUENCE);
        uint8_t number = below(der_read(&pair, DER_OID), SPAN_OF(prefix));
        if (number == 0 || number > TCB_CPU_SVN || (seen & UINT32_C(1) << number)) {
            return false;
        }
        seen |= UINT32_C(1) << number;
        if (number == TCB_CPU_SVN) {
            (void)der_read(&pair, DER_OCTET_STRING);
        } else if (number == TCB_PCE_SVN) {
            p->pce_svn = (uint16_t)read_number(&pair, UINT16_MAX);
        } else {
            p->components[number - 1] = (uint8_t)read_number(&pair, UINT8_MAX);
        }
        if (!rd_end(&pair)) {
            return false;
        }
    }
    return rd_end(&list) && (seen & TCB_NEEDED) == TCB_NEEDED;
}

static struct span read_octets(struct rd *r, size_t len)
{
    struct span s = der_read(r, DER_OCTET_STRING);
    if (s.n != len) {
        rd_fail(r);
    }
    return s;
}

static bool read_part(struct pck *p, struct rd *pair, uint8_t part)
{
    switch (part) {
    case PART_PPID:   p->ppid = read_octets(pair, 16); break;
    case PART_TCB:    return read_tcb(p, pair) && rd_end(pair);
    case PART_PCE_ID: p->pce_id = read_octets(pair, 2); break;
    case PART_FMSPC:  p->fmspc = read_octets(pair, 6); break;
    default:          return rd_ok(pair); /* SGX type, platform instance, configuration: not used here */
    }
    return rd_end(pair);
}

enum err pck_decode(struct pck *ret, const struct cert *cert)
{
    struct span value;
    struct pck p = {0};
    uint32_t seen = 0;
    if (!cert_extension(cert, &value, oid_sgx)) {
        return ERR_NOT_FOUND;
    }
    struct rd r = rd_init(value);
    struct rd list = der_enter(&r, DER_SEQUENCE);
    while (list.rest.n > 0 && rd_ok(&list)) {
        struct rd pair = der_enter(&list, DER_SEQUENCE);
        uint8_t part = below(der_read(&pair, DER_OID), oid_sgx);
        if (part == 0 || part > 31 || (seen & UINT32_C(1) << part) || !read_part(&p, &pair, part)) {
            return ERR_MALFORMED;
        }
        seen |= UINT32_C(1) << part;
    }
    if (!rd_end(&list) || !rd_end(&r) || (seen & PART_NEEDED) != PART_NEEDED) {
        return ERR_MALFORMED;
    }
    *ret = p;
    return OK;
}
