/* SEV-SNP attestation reports. All numbers are little-endian. */
#include "tee/sev_snp.h"

#include "base/rd.h"
#include "codec/der.h"
#include "crypto/ecdsa.h"
#include "tee/hcl.h"
#include "tee/tpm2.h"

enum {
    SIGNED_LEN = 0x2a0,
    SIGNATURE_P384_SHA384 = 1,
    FLAG_MASK_CHIP_KEY = 1 << 1,
    FLAGS_SIGNING_KEY_SHIFT = 2, /* three bits */
    SIGNING_KEY_VCEK = 0,
    SIGNING_KEY_VLEK = 1,
    FAMILY_TURIN = 0x1a,
    COORDINATE_LEN = 48,
    AT_POLICY = 0x08,
    AT_VMPL = 0x30,
    AT_ALGORITHM = 0x34,
    AT_FLAGS = 0x48,
    AT_REPORT_DATA = 0x50,
    AT_REPORTED_TCB = 0x180,
    AT_CHIP_ID = 0x1a0,
};

#define POLICY_ALWAYS  (UINT64_C(1) << 17)
#define POLICY_MIGRATE (UINT64_C(1) << 18)
#define POLICY_DEBUG   (UINT64_C(1) << 19)
#define POLICY_KNOWN   ((UINT64_C(1) << 26) - 1)

/* Below 1.3.6.1.4.1.3704.1: AMD, "Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification" (57230)
 * §3. */
static const struct span oid_struct_version = SPAN_INIT("\x2b\x06\x01\x04\x01\x9c\x78\x01\x01");
static const struct span oid_hardware_id = SPAN_INIT("\x2b\x06\x01\x04\x01\x9c\x78\x01\x04");
static const struct span oid_provider_id = SPAN_INIT("\x2b\x06\x01\x04\x01\x9c\x78\x01\x05");
static const struct span oid_firmware = SPAN_INIT("\x2b\x06\x01\x04\x01\x9c\x78\x01\x03");

static bool is_zero(struct span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++) {
        any |= s.p[i];
    }
    return any == 0;
}

enum err sev_snp_decode(struct sev_snp_report *ret, struct span in)
{
    struct sev_snp_report s = {.signed_part = span_first(in, SIGNED_LEN)};
    struct rd r = rd_init(in);
    s.version = rd_le32(&r);
    s.guest_svn = rd_le32(&r);
    s.policy = rd_le64(&r);
    (void)rd_bytes(&r, 32); /* family and image id: names that the guest's owner chose */
    s.vmpl = rd_le32(&r);
    s.signature_algorithm = rd_le32(&r);
    s.current_tcb = rd_bytes(&r, 8);
    (void)rd_bytes(&r, 8); /* platform info: bits are added with each firmware */
    s.flags = rd_le32(&r);
    (void)rd_bytes(&r, 4);
    s.report_data = rd_bytes(&r, 64);
    s.measurement = rd_bytes(&r, 48);
    s.host_data = rd_bytes(&r, 32);
    s.id_key_digest = rd_bytes(&r, 48);
    s.author_key_digest = rd_bytes(&r, 48);
    (void)rd_bytes(&r, 64); /* ids of this report and of a migration agent's */
    s.reported_tcb = rd_bytes(&r, 8);
    s.family = rd_u8(&r);
    (void)rd_bytes(&r, 0x1a0 - 0x189);
    s.chip_id = rd_bytes(&r, 64);
    s.committed_tcb = rd_bytes(&r, 8);
    (void)rd_bytes(&r, SIGNED_LEN - 0x1e8);
    s.r = rd_bytes(&r, 72);
    s.s = rd_bytes(&r, 72);
    (void)rd_bytes(&r, SEV_SNP_REPORT_LEN - SIGNED_LEN - 144);
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    if (s.version < 2 || s.version > 5) {
        return ERR_UNSUPPORTED;
    }
    s.family = s.version >= 3 ? s.family : 0;
    *ret = s;
    return OK;
}

struct snp_firmware sev_snp_firmware(struct span tcb, bool is_turin)
{
    if (is_turin) {
        return (struct snp_firmware){.fmc = tcb.p[0],
                                     .bootloader = tcb.p[1],
                                     .tee = tcb.p[2],
                                     .snp = tcb.p[3],
                                     .microcode = tcb.p[7]};
    }
    return (struct snp_firmware){
        .bootloader = tcb.p[0], .tee = tcb.p[1], .snp = tcb.p[6], .microcode = tcb.p[7]};
}

/* An INTEGER of one byte. */
static bool small_number(uint8_t *ret, const struct cert *cert, struct span oid)
{
    struct span value;
    if (!cert_extension(cert, &value, oid)) {
        return false;
    }
    struct rd r = rd_init(value);
    struct span number = der_read_uint(&r);
    if (!rd_end(&r) || number.n != 1) {
        return false;
    }
    *ret = number.p[0];
    return true;
}

static bool firmware_number(uint8_t *ret, const struct cert *cert, uint8_t which)
{
    uint8_t oid[10];
    (void)span_copy(MSPAN_OF(oid), oid_firmware);
    oid[9] = which;
    return small_number(ret, cert, SPAN_OF(oid));
}

/* Firmware numbers for which the certificate was issued. */
static bool read_firmware(struct snp_firmware *ret, const struct cert *cert, bool is_turin)
{
    struct snp_firmware f = {0};
    bool has_all = firmware_number(&f.bootloader, cert, 1) && firmware_number(&f.tee, cert, 2) &&
                   firmware_number(&f.snp, cert, 3) && firmware_number(&f.microcode, cert, 8) &&
                   (!is_turin || firmware_number(&f.fmc, cert, 9));
    if (has_all) {
        *ret = f;
    }
    return has_all;
}

/* Is each number of a at least that of b? */
static bool reaches(struct snp_firmware a, struct snp_firmware b)
{
    return a.fmc >= b.fmc && a.bootloader >= b.bootloader && a.tee >= b.tee && a.snp >= b.snp &&
           a.microcode >= b.microcode;
}

static bool is_same(struct snp_firmware a, struct snp_firmware b)
{
    return reaches(a, b) && reaches(b, a);
}

static enum err
failed(struct appraisal *a, enum appraisal_step step, enum appraisal_part part, size_t at)
{
    return appraisal_fail(a, ERR_AUTH, step, part, at);
}

/* The names that AMD gives to leaf and issuer, whole: a part of them stands in every one. */
static bool has_names(const struct chain *c, bool is_vlek, bool is_turin)
{
    static const struct span products[] = {SPAN_INIT("Milan"), SPAN_INIT("Genoa"),
                                           SPAN_INIT("Turin")};
    struct span leaf = cert_common_name(c->certs[0].subject);
    struct span issuer = cert_common_name(c->certs[1].subject);
    struct span prefix = span_str(is_vlek ? "SEV-VLEK-" : "SEV-");
    if (!span_equal(leaf, span_str(is_vlek ? "SEV-VLEK" : "SEV-VCEK")) ||
        !span_starts_with(issuer, prefix)) {
        return false;
    }
    struct span product = span_from(issuer, prefix.n);
    bool is_known = span_equal(product, products[0]) || span_equal(product, products[1]);
    return is_turin ? span_equal(product, products[2]) : is_known;
}

static enum err verify_chain(struct appraisal *a,
                             struct chain *c,
                             const struct sev_snp_texts *texts,
                             const struct policy_rule *rule,
                             const struct expectation *e)
{
    struct chain_fault fault;
    struct span parts[] = {texts->key_cert, texts->chain};
    enum err err = chain_read(c, parts, 2, &fault);
    err = err == OK ? chain_verify(c, e->anchors, e->now, &fault) : err;
    if (err != OK) {
        return appraisal_fail(a, err, fault.step, PART_CHAIN, fault.at);
    }
    if (c->count != 3) {
        return failed(a, STEP_CERT_MISSING, PART_CHAIN, c->count);
    }
    chain_times(a, c);
    if (texts->crl.n == 0) {
        return rule->is_crl_required
                   ? appraisal_fail(a, ERR_NOT_FOUND, STEP_CRL_MISSING, PART_CRL, 0)
                   : OK;
    }
    struct crl list;
    err = crl_decode(&list, texts->crl);
    if (err != OK) {
        return appraisal_fail(a, err, STEP_CRL_FORMAT, PART_CRL, 0);
    }
    err = chain_verify_crl(&list, &c->certs[2], e->now, &fault);
    if (err != OK) {
        return appraisal_fail(a, err, fault.step, PART_CRL, 0);
    }
    appraisal_until(a, list.this_update, list.next_update);
    return crl_lists(&list, c->certs[1].serial) ? failed(a, STEP_CERT_REVOKED, PART_CHAIN, 1) : OK;
}

/* r or s: 72 bytes little-endian, of which 48 may be used. */
static bool reverse(uint8_t out[static COORDINATE_LEN], struct span number)
{
    for (size_t i = 0; i < COORDINATE_LEN; i++) {
        out[i] = number.p[COORDINATE_LEN - 1 - i];
    }
    return is_zero(span_from(number, COORDINATE_LEN));
}

static bool is_signed(const struct sev_snp_report *s, const struct cert *cert)
{
    enum ecdsa_curve curve;
    struct span xy;
    uint8_t digest[48];
    uint8_t rs[2 * COORDINATE_LEN];
    if (ecdsa_spki_decode(&curve, &xy, cert->spki) != OK || curve != ECDSA_P384 ||
        !reverse(rs, s->r) || !reverse(rs + COORDINATE_LEN, s->s)) {
        return false;
    }
    sha384_of(digest, &s->signed_part, 1);
    return ecdsa_verify(curve, xy, SPAN_OF(digest), SPAN_OF(rs)) == OK;
}

/* Does the certificate belong to the chip that the report names? hwID is raw: its first byte may look like a tag. */
static bool is_chip(const struct sev_snp_report *s, const struct cert *cert, bool is_turin)
{
    struct span id;
    if (s->flags & FLAG_MASK_CHIP_KEY) {
        return is_zero(s->chip_id);
    }
    return cert_extension(cert, &id, oid_hardware_id) && id.n == (is_turin ? 8 : 64) &&
           span_starts_with(s->chip_id, id) && is_zero(span_from(s->chip_id, id.n));
}

/* The certificate against the report: made for this firmware, on this chip, or for this provider. */
static enum err check_key(struct appraisal *a,
                          const struct sev_snp_report *s,
                          const struct cert *cert,
                          bool is_vlek,
                          bool is_turin)
{
    struct snp_firmware issued_for;
    struct span ignored;
    if (!read_firmware(&issued_for, cert, is_turin)) {
        return failed(a, STEP_CERT_EXTENSION, PART_CHAIN, 0);
    }
    if (is_vlek && !cert_extension(cert, &ignored, oid_provider_id)) {
        return failed(a, STEP_CERT_EXTENSION, PART_CHAIN, 0);
    }
    if (!is_same(issued_for, sev_snp_firmware(s->reported_tcb, is_turin))) {
        return failed(a, STEP_TCB_MISMATCH, PART_EVIDENCE, AT_REPORTED_TCB);
    }
    if (!is_vlek && !is_chip(s, cert, is_turin)) {
        return failed(a, STEP_CHIP_ID, PART_EVIDENCE, AT_CHIP_ID);
    }
    if (!is_zero(s->chip_id)) {
        sha256(&a->hardware_id, s->chip_id);
        a->has_hardware_id = true;
    }
    return OK;
}

static enum err check_guest(struct appraisal *a,
                            const struct sev_snp_report *s,
                            const struct policy_rule *rule,
                            bool is_turin)
{
    struct snp_firmware reported = sev_snp_firmware(s->reported_tcb, is_turin);
    struct snp_firmware committed = sev_snp_firmware(s->committed_tcb, is_turin);
    struct snp_firmware current = sev_snp_firmware(s->current_tcb, is_turin);
    if (!reaches(committed, reported) || !reaches(current, committed)) {
        return failed(a, STEP_TCB_ORDER, PART_EVIDENCE, AT_REPORTED_TCB);
    }
    if (s->policy & POLICY_DEBUG) {
        return failed(a, STEP_DEBUG, PART_EVIDENCE, AT_POLICY);
    }
    if (!(s->policy & POLICY_ALWAYS) || (s->policy & ~POLICY_KNOWN)) {
        return failed(a, STEP_ATTRIBUTES, PART_EVIDENCE, AT_POLICY);
    }
    if ((s->policy & POLICY_MIGRATE) && !(rule->allow & POLICY_ALLOW_MIGRATION)) {
        return appraisal_fail(a, ERR_DENIED, STEP_MIGRATION, PART_EVIDENCE, AT_POLICY);
    }
    if (s->vmpl != rule->vmpl) {
        return appraisal_fail(a, ERR_DENIED, STEP_VMPL, PART_EVIDENCE, AT_VMPL);
    }
    if (!reaches(reported, rule->firmware_min)) {
        return appraisal_fail(a, ERR_DENIED, STEP_POLICY_FLOOR, PART_EVIDENCE, AT_REPORTED_TCB);
    }
    return OK;
}

static enum err read_report(struct sev_snp_report *s, struct appraisal *a, struct span report)
{
    enum err err = sev_snp_decode(s, report);
    if (err != OK) {
        enum appraisal_step step =
            err == ERR_UNSUPPORTED ? STEP_EVIDENCE_VERSION : STEP_EVIDENCE_FORMAT;
        return appraisal_fail(a, err, step, PART_EVIDENCE, 0);
    }
    uint32_t key = s->flags >> FLAGS_SIGNING_KEY_SHIFT & 7;
    if (s->signature_algorithm != SIGNATURE_P384_SHA384) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_EVIDENCE_KEY_TYPE, PART_EVIDENCE,
                              AT_ALGORITHM);
    }
    if (key != SIGNING_KEY_VCEK && key != SIGNING_KEY_VLEK) {
        return appraisal_fail(a, ERR_UNSUPPORTED, STEP_EVIDENCE_KEY_TYPE, PART_EVIDENCE, AT_FLAGS);
    }
    return OK;
}

static enum err measure(struct appraisal *a, const struct sev_snp_report *s)
{
    a->svn = s->guest_svn;
    appraisal_measure(a, MEASURED_LAUNCH, s->measurement);
    appraisal_measure(a, MEASURED_HOST_DATA, s->host_data);
    appraisal_measure(a, MEASURED_ID_KEY, s->id_key_digest);
    appraisal_measure(a, MEASURED_AUTHOR_KEY, s->author_key_digest);
    return appraisal_report_data(a, s->report_data);
}

/* From the report to the text that it names, from that to a key, and from the key to a quote, which carries the binding's hash. */
static enum err decide_below_paravisor(struct appraisal *a,
                                       const struct sev_snp_report *s,
                                       const struct sev_snp_paravisor *p,
                                       const struct policy_rule *rule,
                                       const struct expectation *e)
{
    const struct hcl h = {.runtime = p->runtime};
    uint8_t named[64];
    uint8_t spki[HCL_SPKI_LEN_MAX];
    size_t spki_len = 0;
    struct span extra_data;
    struct hash32 hash;
    struct expectation short_one = *e;
    hcl_binding(named, &h);
    if (!span_equal(s->report_data, SPAN_OF(named)) || hcl_key(spki, &spki_len, &h) != OK) {
        return failed(a, STEP_KEY_ORIGIN, PART_EVIDENCE, AT_REPORT_DATA);
    }
    const struct tpm2_texts texts = {.attest = p->attest,
                                     .signature = p->signature,
                                     .ak = span_of(spki, spki_len),
                                     .pcrs = p->pcrs};
    TRY(tpm2_verify_bound(a, &extra_data, &texts));
    TRY(appraisal_report_data(a, extra_data));
    if (e->binding.n > 0) { /* without one nothing is accepted, here as elsewhere */
        sha256(&hash, e->binding);
        short_one.binding = SPAN_OF(hash.bytes);
    }
    return policy_decide(a, rule, &short_one);
}

enum err sev_snp_verify(struct appraisal *a,
                        struct chain *work,
                        struct span report,
                        const struct sev_snp_texts *texts,
                        const struct expectation *e)
{
    struct sev_snp_report s = {0};
    struct policy_rule rule;
    uint8_t struct_version = 0;
    appraisal_init(a, TEE_SEV_SNP);
    TRY(read_report(&s, a, report));
    TRY(policy_begin(&rule, a, e));
    TRY(verify_chain(a, work, texts, &rule, e));
    const struct cert *cert = &work->certs[0];
    bool is_vlek = (s.flags >> FLAGS_SIGNING_KEY_SHIFT & 7) == SIGNING_KEY_VLEK;
    if (!small_number(&struct_version, cert, oid_struct_version) || struct_version > 1) {
        return failed(a, STEP_CERT_EXTENSION, PART_CHAIN, 0);
    }
    /* Version 2 does not tell the processor, and the order of its firmware numbers would have to be guessed. */
    bool is_turin = struct_version == 1;
    if (is_turin ? s.family < FAMILY_TURIN : s.family >= FAMILY_TURIN) {
        return failed(a, STEP_EVIDENCE_VERSION, PART_EVIDENCE, 0);
    }
    if (!has_names(work, is_vlek, is_turin)) {
        return failed(a, STEP_CERT_NAME, PART_CHAIN, 0);
    }
    if (!is_signed(&s, cert)) {
        return failed(a, STEP_EVIDENCE_SIGNATURE, PART_EVIDENCE, SIGNED_LEN);
    }
    TRY(measure(a, &s));
    TRY(check_key(a, &s, cert, is_vlek, is_turin));
    TRY(check_guest(a, &s, &rule, is_turin));
    return texts->paravisor.runtime.n > 0
               ? decide_below_paravisor(a, &s, &texts->paravisor, &rule, e)
               : policy_decide(a, &rule, e);
}
