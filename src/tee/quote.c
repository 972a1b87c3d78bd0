/* Quotes of SGX and TDX. All numbers are little-endian. */
#include "tee/quote.h"

#include "base/rd.h"

enum {
    KEY_TYPE_P256 = 2,
    TEE_TYPE_SGX = 0,
    TEE_TYPE_TDX = 0x81,
    BODY_SGX = 1,
    BODY_TD_10 = 2,
    BODY_TD_15 = 3,
    BODY_TD_15_EX = 4,
    CERT_DATA_PCK_CHAIN = 5,
    CERT_DATA_QE_REPORT = 6,
};

/* The vendor id of Intel's quoting enclave. */
static const struct span vendor_intel =
    SPAN_INIT("\x93\x9a\x72\x33\xf7\x9c\x4c\xa9\x94\x0a\x0d\xb3\x95\x7f\x06\x07");

struct header {
    uint16_t version;
    uint16_t key_type;
    uint32_t tee_type;
    struct span vendor;
};

static bool is_zero(struct span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++) {
        any |= s.p[i];
    }
    return any == 0;
}

static struct sgx_report read_sgx(struct rd *outer)
{
    struct sgx_report s = {.whole = rd_bytes(outer, SGX_REPORT_LEN)};
    struct rd r = rd_init(s.whole);
    s.cpu_svn = rd_bytes(&r, 16);
    s.misc_select = rd_le32(&r);
    (void)rd_bytes(&r, 28); /* 12 reserved, 16 ISV extended product id */
    s.attributes = rd_bytes(&r, 16);
    s.mrenclave = rd_bytes(&r, 32);
    struct span reserved = rd_bytes(&r, 32);
    s.mrsigner = rd_bytes(&r, 32);
    (void)rd_bytes(&r, 96); /* 32 reserved, 64 config id */
    s.product_id = rd_le16(&r);
    s.svn = rd_le16(&r);
    (void)rd_bytes(&r, 60); /* 2 config SVN, 42 reserved, 16 family id */
    s.report_data = rd_bytes(&r, 64);
    struct rd flags = rd_init(s.attributes);
    s.flags = rd_le64(&flags);
    s.has_reserved_bits = !is_zero(reserved);
    return s;
}

static struct td_report read_td(struct rd *outer, size_t len)
{
    struct td_report t = {0};
    struct rd r = rd_init(rd_bytes(outer, len));
    t.tee_tcb_svn = rd_bytes(&r, 16);
    t.mrseam = rd_bytes(&r, 48);
    t.mrsignerseam = rd_bytes(&r, 48);
    t.seam_attributes = rd_bytes(&r, 8);
    t.attributes = rd_le64(&r);
    t.xfam = rd_le64(&r);
    t.mrtd = rd_bytes(&r, 48);
    t.mrconfigid = rd_bytes(&r, 48);
    t.mrowner = rd_bytes(&r, 48);
    t.mrownerconfig = rd_bytes(&r, 48);
    for (size_t i = 0; i < 4; i++) {
        t.rtmr[i] = rd_bytes(&r, 48);
    }
    t.report_data = rd_bytes(&r, 64);
    if (len >= TD_REPORT_15_LEN) {
        t.tee_tcb_svn2 = rd_bytes(&r, 16);
        t.mrservicetd = rd_bytes(&r, 48);
    }
    return t;
}

static enum err read_header(struct header *ret, struct rd *r, struct appraisal *a)
{
    struct header h;
    h.version = rd_le16(r);
    h.key_type = rd_le16(r);
    h.tee_type = rd_le32(r);
    (void)rd_bytes(r, 4); /* SVNs of QE and PCE: both stand in what is signed for the platform */
    h.vendor = rd_bytes(r, 16);
    (void)rd_bytes(r, 20);
    if (!rd_ok(r)) {
        return appraisal_fail(a, ERR_MALFORMED, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, 0);
    }
    if (h.version < 3 || h.version > 5) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_EVIDENCE_VERSION, PART_EVIDENCE, 0);
    }
    if (h.key_type != KEY_TYPE_P256) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_EVIDENCE_KEY_TYPE, PART_EVIDENCE, 2);
    }
    bool is_sgx = h.version == 3 || h.tee_type == TEE_TYPE_SGX;
    if (h.version == 3 ? h.tee_type != 0 : !is_sgx && h.tee_type != TEE_TYPE_TDX) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_EVIDENCE_VERSION, PART_EVIDENCE, 4);
    }
    if (!span_equal(h.vendor, vendor_intel)) {
        return appraisal_fail(a, ERR_AUTH, STEP_EVIDENCE_VENDOR, PART_EVIDENCE, 12);
    }
    *ret = h;
    return OK;
}

/* The length of the body, which version 5 states beside its type; 0 if they do not go together. */
static size_t read_body_len(struct rd *r, const struct header *h)
{
    static const uint32_t lens[] = {[BODY_SGX] = SGX_REPORT_LEN,
                                    [BODY_TD_10] = TD_REPORT_10_LEN,
                                    [BODY_TD_15] = TD_REPORT_15_LEN,
                                    [BODY_TD_15_EX] = TD_REPORT_15_EX_LEN};
    bool is_sgx = h->tee_type == TEE_TYPE_SGX;
    if (h->version < 5) {
        return is_sgx ? SGX_REPORT_LEN : TD_REPORT_10_LEN;
    }
    uint16_t type = rd_le16(r);
    uint32_t len = rd_le32(r);
    bool is_known = type >= BODY_SGX && type <= BODY_TD_15_EX && len == lens[type];
    return is_known && (type == BODY_SGX) == is_sgx ? len : 0;
}

/* What the quoting enclave adds: its report, the platform key's signature over it, and the certificates. */
static enum err read_qe(struct quote *q, struct rd *r, size_t base, struct appraisal *a)
{
    q->qe = read_sgx(r);
    q->qe_signature = rd_bytes(r, 64);
    q->qe_auth = rd_bytes(r, rd_le16(r));
    size_t type_at = base + rd_offset(r);
    uint16_t type = rd_le16(r);
    q->certs = rd_bytes(r, rd_le32(r));
    if (!rd_end(r)) {
        return appraisal_fail(a, ERR_MALFORMED, STEP_EVIDENCE_FORMAT, PART_EVIDENCE,
                              base + rd_offset(r));
    }
    if (type != CERT_DATA_PCK_CHAIN) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_CERT_DATA, PART_EVIDENCE, type_at);
    }
    return OK;
}

static enum err read_auth(struct quote *q, struct rd *r, uint16_t version, struct appraisal *a)
{
    struct rd auth = rd_init(rd_bytes(r, rd_le32(r)));
    size_t base = rd_offset(r) - auth.len;
    q->signature = rd_bytes(&auth, 64);
    q->key = rd_bytes(&auth, 64);
    if (!rd_ok(r) || !rd_ok(&auth)) {
        return appraisal_fail(a, ERR_MALFORMED, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, base);
    }
    if (version == 3) {
        return read_qe(q, &auth, base, a);
    }
    size_t type_at = base + rd_offset(&auth);
    uint16_t type = rd_le16(&auth);
    struct rd inner = rd_init(rd_bytes(&auth, rd_le32(&auth)));
    if (!rd_end(&auth)) {
        return appraisal_fail(a, ERR_MALFORMED, STEP_EVIDENCE_FORMAT, PART_EVIDENCE,
                              base + rd_offset(&auth));
    }
    if (type != CERT_DATA_QE_REPORT) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_CERT_DATA, PART_EVIDENCE, type_at);
    }
    return read_qe(q, &inner, type_at + 6, a);
}

enum err quote_decode(struct quote *ret, struct span in, struct appraisal *a)
{
    struct quote q = {.whole = in};
    struct header h = {0};
    struct rd r = rd_init(in);
    if (in.n > QUOTE_LEN_MAX) {
        return appraisal_fail(a, ERR_LIMIT, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, QUOTE_LEN_MAX);
    }
    TRY(read_header(&h, &r, a));
    q.kind = h.tee_type == TEE_TYPE_SGX ? TEE_SGX : TEE_TDX;
    a->kind = q.kind;
    size_t body_len = read_body_len(&r, &h);
    if (body_len == 0) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_EVIDENCE_VERSION, PART_EVIDENCE,
                              QUOTE_HEADER_LEN);
    }
    if (q.kind == TEE_SGX) {
        q.sgx = read_sgx(&r);
    } else {
        q.td = read_td(&r, body_len);
    }
    q.signed_part = span_first(in, rd_offset(&r));
    if (!rd_ok(&r)) {
        return appraisal_fail(a, ERR_MALFORMED, STEP_EVIDENCE_FORMAT, PART_EVIDENCE,
                              QUOTE_HEADER_LEN);
    }
    TRY(read_auth(&q, &r, h.version, a));
    *ret = q;
    return OK;
}
