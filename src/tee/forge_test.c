#include "tee/forge_test.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/der.h"
#include "codec/pem.h"

#include <stdio.h>
#include <string.h>

enum { INIT_AND_64 = 0x5 };

static const char * or (const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* ---- the PCK certificate ---- */

static void write_pair(struct wr *w, const uint8_t *oid, size_t oid_len, struct span value)
{
    der_write_header(w, DER_SEQUENCE, der_len(oid_len) + value.n);
    der_write(w, DER_OID, span_of(oid, oid_len));
    wr_bytes(w, value);
}

static struct span octets(struct span s)
{
    uint8_t room[64];
    struct wr w = wr_init(MSPAN_OF(room));
    der_write(&w, DER_OCTET_STRING, s);
    return pki_keep(span_of(room, w.n));
}

static struct span number(uint32_t v)
{
    uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    uint8_t room[8];
    struct wr w = wr_init(MSPAN_OF(room));
    der_write_uint(&w, SPAN_OF(bytes));
    return pki_keep(span_of(room, w.n));
}

static struct span sequence(struct span content)
{
    static uint8_t room[2048];
    struct wr w = wr_init(MSPAN_OF(room));
    der_write(&w, DER_SEQUENCE, content);
    return pki_keep(span_of(room, w.n));
}

struct span forge_sgx_extension(const struct forge *f)
{
    uint8_t oid[11] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 2, 0};
    static uint8_t tcb[1024];
    static uint8_t all[1400];
    uint8_t ppid[16] = {0x77};
    uint8_t cpu_svn[16] = {0};
    uint8_t pce_id[2] = {f->pce_id, 0};
    uint8_t fmspc[6] = {f->fmspc, 0x60, 0x6a, 0, 0, 0};
    struct wr w = wr_init(MSPAN_OF(tcb));
    for (uint8_t i = 1; i <= 16; i++) {
        oid[10] = i;
        cpu_svn[i - 1] = f->has_components ? f->components[i - 1] : 5;
        write_pair(&w, oid, 11, number(cpu_svn[i - 1]));
    }
    oid[10] = 17;
    write_pair(&w, oid, 11, number(f->pce_svn ? f->pce_svn : 11));
    oid[10] = 18;
    write_pair(&w, oid, 11, octets(SPAN_OF(cpu_svn)));
    struct wr a = wr_init(MSPAN_OF(all));
    oid[9] = 1;
    write_pair(&a, oid, 10, octets(SPAN_OF(ppid)));
    oid[9] = 2;
    write_pair(&a, oid, 10, sequence(span_of(tcb, w.n)));
    oid[9] = 3;
    write_pair(&a, oid, 10, octets(SPAN_OF(pce_id)));
    oid[9] = 4;
    write_pair(&a, oid, 10, octets(SPAN_OF(fmspc)));
    oid[9] = 5;
    write_pair(&a, oid, 10, SPAN_LIT("\x0a\x01\x00")); /* SGX type: ENUMERATED, standard */
    return sequence(span_of(all, a.n));
}

static struct pki_cert with(struct pki_cert usual, const struct pki_cert *f)
{
    struct pki_cert c = usual;
    c.subject = or (f->subject, usual.subject);
    c.issuer = or (f->issuer, usual.issuer);
    c.signer = f->signer ? f->signer : usual.signer;
    c.key = f->key ? f->key : usual.key;
    c.serial = f->serial ? f->serial : usual.serial;
    c.not_before = f->not_before;
    c.not_after = f->not_after;
    c.basic_constraints = f->basic_constraints;
    c.key_usage = f->key_usage;
    if (f->extensions[0].oid) {
        c.extensions[1] = f->extensions[0];
    }
    return c;
}

struct chain_made {
    struct span root;
    struct span ca;
    struct span pck;
    struct span signing;
};

static struct chain_made make_chain(const struct forge *f)
{
    static const char root_name[] = "Intel SGX Root CA";
    static const char ca_name[] = "Intel SGX PCK Platform CA";
    struct pki_key *root = pki_key("root", PKI_P256);
    struct pki_key *ca = pki_key("ca", PKI_P256);
    struct chain_made m;
    struct pki_cert c = {.subject = root_name,
                         .issuer = root_name,
                         .key = root,
                         .signer = root,
                         .serial = 1,
                         .is_ca = true};
    c = with(c, &f->root);
    m.root = pki_cert(&c);
    c = (struct pki_cert){.subject = ca_name,
                          .issuer = root_name,
                          .key = ca,
                          .signer = root,
                          .serial = 2,
                          .is_ca = true};
    c = with(c, &f->ca);
    m.ca = pki_cert(&c);
    c = (struct pki_cert){.subject = "Intel SGX TCB Signing",
                          .issuer = root_name,
                          .key = pki_key("signing", PKI_P256),
                          .signer = root,
                          .serial = 3};
    c = with(c, &f->signing);
    m.signing = pki_cert(&c);
    c = (struct pki_cert){.subject = "Intel SGX PCK Certificate",
                          .issuer = ca_name,
                          .key = pki_key("pck", PKI_P256),
                          .signer = ca,
                          .serial = 4};
    if (!f->has_sgx_extension_not) {
        c.extensions[0].oid = "1.2.840.113741.1.13.1";
        c.extensions[0].value = forge_sgx_extension(f);
    } else {
        c.extensions[0].oid = "1.2.3.4";
        c.extensions[0].value = SPAN_LIT("none");
    }
    c = with(c, &f->pck);
    m.pck = pki_cert(&c);
    return m;
}

/* ---- the quote ---- */

static void write_sgx_report(struct wr *w,
                             uint64_t flags,
                             uint8_t mrsigner,
                             uint16_t product,
                             uint16_t svn,
                             struct span report_data)
{
    wr_zeros(w, 48);
    wr_le64(w, INIT_AND_64 | flags);
    wr_le64(w, 3); /* XFRM */
    for (int i = 0; i < 32; i++) {
        wr_u8(w, 0xe0); /* MRENCLAVE */
    }
    wr_zeros(w, 32);
    wr_u8(w, mrsigner);
    wr_zeros(w, 31);
    wr_zeros(w, 96);
    wr_le16(w, product);
    wr_le16(w, svn);
    wr_zeros(w, 60);
    wr_bytes(w, report_data);
}

static void write_td_report(struct wr *w, const struct forge *f, size_t len)
{
    size_t from = w->n;
    wr_bytes(w, SPAN_OF(f->tee_tcb_svn));
    wr_zeros(w, 48);
    wr_bytes(w, SPAN_OF(f->mrsignerseam));
    wr_zeros(w, 8);
    wr_le64(w, f->attributes);
    wr_le64(w, 0xe7);
    for (int i = 0; i < 48; i++) {
        wr_u8(w, 0xd0); /* MRTD */
    }
    wr_zeros(w, 48 * 7);
    wr_bytes(w, SPAN_OF(f->report_data));
    if (len >= TD_REPORT_15_LEN) {
        wr_bytes(w, SPAN_OF(f->tee_tcb_svn2));
        wr_bytes(w, SPAN_OF(f->mrservicetd));
    }
    wr_zeros(w, len - (w->n - from));
}

static void write_header(struct wr *w, const struct forge *f, uint16_t version)
{
    uint8_t vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                          0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    vendor[7] ^= f->vendor_flip;
    wr_le16(w, version);
    wr_le16(w, f->key_type ? f->key_type : 2);
    wr_le32(w, f->kind == TEE_TDX ? 0x81 : 0);
    wr_zeros(w, 4);
    wr_bytes(w, SPAN_OF(vendor));
    wr_zeros(w, 20);
}

static void write_body(struct wr *w, const struct forge *f, uint16_t version)
{
    static const size_t lens[] = {0, SGX_REPORT_LEN, TD_REPORT_10_LEN, TD_REPORT_15_LEN,
                                  TD_REPORT_15_EX_LEN};
    size_t len = f->kind == TEE_TDX ? TD_REPORT_10_LEN : SGX_REPORT_LEN;
    if (version == 5) {
        len = lens[f->body_type];
        wr_le16(w, f->body_type);
        wr_le32(w, (uint32_t)len);
    }
    if (f->kind == TEE_TDX) {
        write_td_report(w, f, len);
    } else {
        write_sgx_report(w, f->attributes, 0x51, 7, f->svn, SPAN_OF(f->report_data));
    }
}

/* The QE's report, signed by the PCK key, and the certificates. */
static void
write_qe(struct wr *w, const struct forge *f, const struct chain_made *m, struct span key)
{
    static const uint8_t auth[32] = {0, 1, 2, 3};
    uint8_t data[64] = {0};
    static uint8_t pem[8192];
    struct hash32 hash;
    struct span parts[] = {key, SPAN_OF(auth)};
    sha256_of(&hash, parts, 2);
    memcpy(data, hash.bytes, 32);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] ^= f->qe_report_data[i];
    }
    size_t from = w->n;
    write_sgx_report(w, f->qe_flags, (uint8_t)(f->qe_mrsigner ^ 0x8c), 1, f->qe_svn ? f->qe_svn : 5,
                     SPAN_OF(data));
    wr_bytes(w, pki_sign(pki_key(or (f->qe_signer, "pck"), PKI_P256), "SHA256",
                         span_of(w->out.p + from, SGX_REPORT_LEN)));
    wr_le16(w, sizeof auth);
    wr_bytes(w, SPAN_OF(auth));
    struct wr p = wr_init(MSPAN_OF(pem));
    pem_write(&p, "CERTIFICATE", m->pck);
    pem_write(&p, "CERTIFICATE", f->is_chain_shuffled ? m->root : m->ca);
    pem_write(&p, "CERTIFICATE", f->is_chain_shuffled ? m->ca : m->root);
    wr_u8(&p, 0);
    wr_le16(w, f->cert_type ? f->cert_type : 5);
    wr_le32(w, (uint32_t)p.n);
    wr_bytes(w, span_of(pem, p.n));
}

static struct span make_quote(const struct forge *f, const struct chain_made *m)
{
    static uint8_t room[16384];
    static uint8_t qe_room[12288];
    uint16_t version = f->version ? f->version : f->kind == TEE_TDX ? 4 : 3;
    struct pki_key *key = pki_key("quote", PKI_P256);
    struct wr w = wr_init(MSPAN_OF(room));
    struct wr q = wr_init(MSPAN_OF(qe_room));
    write_header(&w, f, version);
    write_body(&w, f, version);
    struct span sig =
        pki_sign(pki_key(or (f->quote_signer, "quote"), PKI_P256), "SHA256", span_of(room, w.n));
    if (f->forged_signature) {
        sig = pki_keep(test_hex(f->forged_signature));
    }
    write_qe(&q, f, m, pki_point(key));
    bool is_wrapped = version >= 4;
    wr_le32(&w, (uint32_t)(128U + (is_wrapped ? 6U : 0U) + q.n));
    wr_bytes(&w, sig);
    wr_bytes(&w, pki_point(key));
    if (is_wrapped) {
        wr_le16(&w, 6);
        wr_le32(&w, (uint32_t)q.n);
    }
    wr_bytes(&w, span_of(qe_room, q.n));
    return pki_keep(span_of(room, w.n));
}

/* ---- the collateral ---- */

static void put(struct wr *w, const char *text)
{
    wr_str(w, text);
}

static void put_components(struct wr *w, const char *name, unsigned svn, const char *last)
{
    char one[32];
    put(w, "\"");
    put(w, name);
    put(w, "\":[");
    for (int i = 0; i < 15; i++) {
        (void)snprintf(one, sizeof one, "{\"svn\":%u},", svn);
        put(w, one);
    }
    (void)snprintf(one, sizeof one, "{\"svn\":%u}", svn);
    put(w, or (last, one));
    put(w, "]");
}

static void put_level(
    struct wr *w, const struct forge *f, unsigned svn, const char *status, const char *advisory)
{
    char tail[200];
    put(w, "{\"tcb\":{");
    put_components(w, "sgxtcbcomponents", svn, f->component);
    put(w, ",\"pcesvn\":");
    put(w, svn >= 5 ? "11," : "5,");
    put_components(w, "tdxtcbcomponents", svn, f->tdx_component);
    (void)snprintf(tail, sizeof tail,
                   "},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"%s\","
                   "\"advisoryIDs\":[\"%s\"]}",
                   status, advisory);
    put(w, tail);
}

static void put_head(struct wr *w, const struct forge *f, const char *id, unsigned version)
{
    char head[400];
    (void)snprintf(head, sizeof head,
                   "{%s\"id\":\"%s\",\"version\":%u,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\","
                   "\"tcbEvaluationDataNumber\":%u,",
                   or (f->extra_member, ""), id, version, or (f->tcb_issue, "2024-12-20T00:00:00Z"),
                   or (f->tcb_next, "2025-01-20T00:00:00Z"), f->evaluation ? f->evaluation : 17);
    put(w, head);
}

static void put_modules(struct wr *w, const struct forge *f)
{
    static const char zeros[] =
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000";
    static const char rest[] = "\",\"attributes\":\"0000000000000000\",\"attributesMask\":"
                               "\"FFFFFFFFFFFFFFFF\"";
    put(w, "\"tdxModule\":{\"mrsigner\":\"");
    put(w, zeros);
    put(w, rest);
    put(w, "},\"tdxModuleIdentities\":[{\"id\":\"TDX_01\",\"mrsigner\":\"");
    put(w, zeros);
    put(w, rest);
    put(w, ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2024-03-13T00:00:00Z\","
           "\"tcbStatus\":\"");
    put(w, or (f->module_status, "UpToDate"));
    put(w, "\",\"advisoryIDs\":[\"INTEL-SA-00003\"]},{\"tcb\":{\"isvsvn\":2},\"tcbDate\":"
           "\"2023-03-13T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"}]}],");
}

static struct span make_tcb_info(const struct forge *f)
{
    static uint8_t room[32768];
    struct wr w = wr_init(MSPAN_OF(room));
    if (f->tcb_info) {
        return span_str(f->tcb_info);
    }
    put_head(&w, f, or (f->tcb_id, f->kind == TEE_TDX ? "TDX" : "SGX"),
             f->tcb_version ? f->tcb_version : 3);
    put(&w, "\"fmspc\":\"00606A000000\",\"pceId\":\"0000\",\"tcbType\":0,");
    if (f->kind == TEE_TDX) {
        put_modules(&w, f);
    }
    put(&w, "\"tcbLevels\":[");
    put_level(&w, f, 5, or (f->status, "UpToDate"), "INTEL-SA-00001");
    put(&w, ",");
    put_level(&w, f, 2, "OutOfDate", "INTEL-SA-00002");
    put(&w, "]}");
    put(&w, or (f->trailing, ""));
    return pki_keep(span_of(room, w.n));
}

static struct span make_qe_identity(const struct forge *f)
{
    static uint8_t room[4096];
    struct wr w = wr_init(MSPAN_OF(room));
    struct forge usual = {
        .evaluation = f->evaluation, .tcb_issue = f->qe_issue, .tcb_next = f->qe_next};
    put_head(&w, &usual, or (f->qe_id, f->kind == TEE_TDX ? "TD_QE" : "QE"), 2);
    put(&w, "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
            "\"attributes\":\"01000000000000000000000000000000\","
            "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"");
    put(&w, "8c00000000000000000000000000000000000000000000000000000000000000\",\"isvprodid\":1,"
            "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":5},\"tcbDate\":\"2024-03-13T00:00:00Z\","
            "\"tcbStatus\":\"");
    put(&w, or (f->qe_status, "UpToDate"));
    put(&w, "\"},{\"tcb\":{\"isvsvn\":3},\"tcbDate\":\"2023-03-13T00:00:00Z\","
            "\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":[\"INTEL-SA-00004\"]}]}");
    return pki_keep(span_of(room, w.n));
}

static struct span make_crl(const struct pki_crl *f, const char *issuer, const char *signer)
{
    struct pki_crl c = *f;
    c.issuer = or (f->issuer, issuer);
    c.signer = f->signer ? f->signer : pki_key(signer, PKI_P256);
    return pki_crl(&c);
}

void forge(struct forged *ret, const struct forge *f)
{
    struct chain_made m = make_chain(f);
    struct pki_key *signer = pki_key(or (f->collateral_signer, "signing"), PKI_P256);
    struct span signing[] = {m.signing, m.root};
    struct span ca[] = {m.ca, m.root};
    ret->anchor = pki_anchor(m.root);
    ret->root = m.root;
    ret->quote = make_quote(f, &m);
    ret->texts = (struct dcap_texts){
        .tcb_info = make_tcb_info(f),
        .qe_identity = make_qe_identity(f),
        .signing_chain = pki_join(signing, 2),
        .pck_crl_chain = pki_join(ca, 2),
    };
    ret->texts.tcb_info_signature = pki_sign(signer, "SHA256", ret->texts.tcb_info);
    ret->texts.qe_identity_signature = pki_sign(signer, "SHA256", ret->texts.qe_identity);
    if (!f->has_no_crls) {
        ret->texts.pck_crl = make_crl(&f->pck_crl, "Intel SGX PCK Platform CA", "ca");
        ret->texts.root_crl = make_crl(&f->root_crl, "Intel SGX Root CA", "root");
    }
}

/* ---- the service ---- */

struct span forge_issuer_header(struct span chain)
{
    static uint8_t pem[8192];
    static uint8_t text[16384];
    static struct chain c;
    struct chain_fault fault;
    struct wr w = wr_init(MSPAN_OF(pem));
    struct wr t = wr_init(MSPAN_OF(text));
    EXPECT_OK(chain_read(&c, &chain, 1, &fault));
    for (size_t i = 0; i < c.count; i++) {
        pem_write(&w, "CERTIFICATE", c.certs[i].der);
    }
    for (size_t i = 0; i < w.n; i++) {
        if (strchr(" \n+/=", pem[i])) {
            wr_u8(&t, '%');
            base16_encode_upper(&t, span_of(pem + i, 1));
        } else {
            wr_u8(&t, pem[i]);
        }
    }
    return pki_keep(span_of(text, t.n));
}

struct span forge_signed_body(const char *member, struct span text, struct span signature)
{
    static uint8_t body[65536];
    struct wr w = wr_init(MSPAN_OF(body));
    wr_str(&w, "{\"");
    wr_str(&w, member);
    wr_str(&w, "\":");
    wr_bytes(&w, text);
    wr_str(&w, ",\"signature\":\"");
    base16_encode(&w, signature);
    wr_str(&w, "\"}");
    EXPECT_OK(wr_end(&w));
    return pki_keep(span_of(body, w.n));
}
