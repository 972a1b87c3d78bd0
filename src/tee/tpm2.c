/* TPM 2.0 quotes. All numbers are big-endian. */
#include "tee/tpm2.h"

#include "base/rd.h"
#include "codec/der.h"
#include "crypto/ecdsa.h"
#include "crypto/rsa.h"

enum {
    ALG_RSA = 0x0001,
    ALG_SHA256 = 0x000b,
    ALG_SHA384 = 0x000c,
    ALG_NULL = 0x0010,
    ALG_RSASSA = 0x0014,
    ALG_ECDSA = 0x0018,
    ALG_ECC = 0x0023,
    ATTEST_QUOTE = 0x8018,
    SELECTIONS_MAX = 8,
    BITMAP_LEN_MAX = 4,
    DEFAULT_EXPONENT = 65537,
    SPKI_LEN_MAX = 1200,
};

#define TPM_GENERATED                                                                              \
    0xff544347U /* what a TPM makes itself begins so; a key that is not restricted can sign it too */

/* TPMA_OBJECT. */
#define ATTR_FIXED_TPM    (UINT32_C(1) << 1)
#define ATTR_FIXED_PARENT (UINT32_C(1) << 4)
#define ATTR_OWN_SECRET   (UINT32_C(1) << 5) /* sensitiveDataOrigin */
#define ATTR_RESTRICTED   (UINT32_C(1) << 16)
#define ATTR_DECRYPT      (UINT32_C(1) << 17)
#define ATTR_SIGN         (UINT32_C(1) << 18)
#define ATTRS_OF_AK                                                                                \
    (ATTR_FIXED_TPM | ATTR_FIXED_PARENT | ATTR_OWN_SECRET | ATTR_RESTRICTED | ATTR_SIGN)

static const struct span oid_key_usages = SPAN_INIT("\x55\x1d\x25");
static const struct span oid_alt_name = SPAN_INIT("\x55\x1d\x11");
static const struct span oid_ek_certificate = SPAN_INIT("\x67\x81\x05\x08\x01"); /* 2.23.133.8.1 */
static const struct span oid_tpm_names[] = {
    SPAN_INIT("\x67\x81\x05\x02\x01"), /* manufacturer, model, version */
    SPAN_INIT("\x67\x81\x05\x02\x02"),
    SPAN_INIT("\x67\x81\x05\x02\x03"),
};

/* Selections of registers: exactly one bank may have any. */
static enum err read_selection(struct tpm2_attest *a, struct rd *r)
{
    uint32_t count = rd_be32(r);
    size_t banks = 0;
    if (count == 0 || count > SELECTIONS_MAX) {
        return ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < count && rd_ok(r); i++) {
        uint16_t algorithm = rd_be16(r);
        struct span bitmap = rd_bytes(r, rd_u8(r));
        uint32_t mask = 0;
        if (bitmap.n > BITMAP_LEN_MAX) {
            return ERR_MALFORMED;
        }
        for (size_t k = 0; k < bitmap.n; k++) {
            mask |= (uint32_t)bitmap.p[k] << (8 * k);
        }
        if (mask != 0) {
            banks++;
            a->pcr_algorithm = algorithm;
            a->pcr_mask = mask;
        }
    }
    if (!rd_ok(r) || a->pcr_mask >> TPM2_PCRS_COUNT) {
        return ERR_MALFORMED;
    }
    bool is_good = a->pcr_algorithm == ALG_SHA256 || a->pcr_algorithm == ALG_SHA384;
    return banks == 1 && is_good ? OK : ERR_UNSUPPORTED;
}

enum err tpm2_attest_decode(struct tpm2_attest *ret, struct span in)
{
    struct tpm2_attest a = {0};
    struct rd r = rd_init(in);
    if (in.n > TPM2_TEXT_LEN_MAX) {
        return ERR_LIMIT;
    }
    uint32_t magic = rd_be32(&r);
    uint16_t type = rd_be16(&r);
    if (magic != TPM_GENERATED || type != ATTEST_QUOTE) {
        return ERR_MALFORMED;
    }
    a.signer = rd_be16_sized(&r);
    a.extra_data = rd_be16_sized(&r);
    a.clock_ms = rd_be64(&r);
    a.reset_count = rd_be32(&r);
    a.restart_count = rd_be32(&r);
    (void)rd_u8(&r); /* "safe" */
    a.firmware_version = rd_be64(&r);
    TRY(read_selection(&a, &r));
    a.pcr_digest = rd_be16_sized(&r);
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret = a;
    return OK;
}

/* An optional scheme: its number and, unless it is none, a hash. */
static void skip_scheme(struct rd *r)
{
    if (rd_be16(r) != ALG_NULL) {
        (void)rd_be16(r);
    }
}

static void skip_symmetric(struct rd *r)
{
    if (rd_be16(r) != ALG_NULL) {
        (void)rd_be32(r); /* key bits and mode */
    }
}

static enum err read_key(struct tpm2_public *p, struct rd *r, uint16_t type)
{
    skip_symmetric(r);
    skip_scheme(r);
    if (type == ALG_RSA) {
        p->is_rsa = true;
        (void)rd_be16(r); /* bits: the modulus tells */
        p->exponent = rd_be32(r);
        p->exponent = p->exponent ? p->exponent : DEFAULT_EXPONENT;
        p->modulus = rd_be16_sized(r);
        return OK;
    }
    if (type != ALG_ECC) {
        return ERR_UNSUPPORTED;
    }
    (void)rd_be16(
        r);         /* curve: the coordinates tell, and a point of another curve does not verify */
    skip_scheme(r); /* key derivation */
    p->x = rd_be16_sized(r);
    p->y = rd_be16_sized(r);
    return p->x.n == p->y.n && (p->x.n == 32 || p->x.n == 48) ? OK : ERR_UNSUPPORTED;
}

enum err tpm2_public_decode(struct tpm2_public *ret, struct span in)
{
    struct tpm2_public p = {0};
    struct rd outer = rd_init(in);
    p.area = rd_be16_sized(&outer);
    struct rd r = rd_init(p.area);
    uint16_t type = rd_be16(&r);
    (void)rd_be16(&r); /* name algorithm: tpm2_name */
    p.attributes = rd_be32(&r);
    (void)rd_be16_sized(&r); /* policy for using the key */
    if (!rd_ok(&r) || !rd_end(&outer)) {
        return ERR_MALFORMED;
    }
    TRY(read_key(&p, &r, type));
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret = p;
    return OK;
}

enum err tpm2_name(uint8_t ret_name[static TPM2_NAME_LEN], const struct tpm2_public *key)
{
    struct rd r = rd_init(key->area);
    struct hash32 hash;
    (void)rd_be16(&r);
    if (rd_be16(&r) != ALG_SHA256) {
        return ERR_UNSUPPORTED;
    }
    struct wr w = wr_init(mspan_of(ret_name, TPM2_NAME_LEN));
    sha256(&hash, key->area);
    wr_be16(&w, ALG_SHA256);
    wr_bytes(&w, SPAN_OF(hash.bytes));
    return wr_end(&w);
}

/* ---- the signature ---- */

struct signature {
    uint16_t algorithm;
    uint16_t hash;
    struct span rsa;
    struct span r;
    struct span s;
};

static enum err read_signature(struct signature *ret, struct span in)
{
    struct signature s = {0};
    struct rd r = rd_init(in);
    s.algorithm = rd_be16(&r);
    s.hash = rd_be16(&r);
    if (s.algorithm == ALG_RSASSA) {
        s.rsa = rd_be16_sized(&r);
    } else if (s.algorithm == ALG_ECDSA) {
        s.r = rd_be16_sized(&r);
        s.s = rd_be16_sized(&r);
    } else {
        return ERR_UNSUPPORTED;
    }
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret = s;
    return s.hash == ALG_SHA256 || s.hash == ALG_SHA384 ? OK : ERR_UNSUPPORTED;
}

/* A SubjectPublicKeyInfo of an RSA key. */
static struct span spki_of(uint8_t room[static SPKI_LEN_MAX], const struct tpm2_public *p)
{
    uint8_t exponent[4] = {(uint8_t)(p->exponent >> 24), (uint8_t)(p->exponent >> 16),
                           (uint8_t)(p->exponent >> 8), (uint8_t)p->exponent};
    struct wr w = wr_init(mspan_of(room, SPKI_LEN_MAX));
    rsa_spki_write(&w, p->modulus, SPAN_OF(exponent));
    return span_of(room, wr_ok(&w) ? w.n : 0);
}

static bool verify_rsa(struct span spki, const struct signature *s, struct span message)
{
    enum rsa_scheme scheme = s->hash == ALG_SHA384 ? RSA_PKCS1_SHA384 : RSA_PKCS1_SHA256;
    return s->algorithm == ALG_RSASSA && rsa_verify_as(scheme, spki, message, s->rsa) == OK;
}

static bool
verify_ecdsa(struct span x, struct span y, const struct signature *s, struct span message)
{
    uint8_t xy[96];
    uint8_t rs[96];
    uint8_t room[SHA2_LEN_MAX];
    size_t half = x.n;
    if (s->algorithm != ALG_ECDSA || s->r.n > half || s->s.n > half || y.n != half) {
        return false;
    }
    struct wr k = wr_init(MSPAN_OF(xy));
    struct wr w = wr_init(MSPAN_OF(rs));
    wr_bytes(&k, x);
    wr_bytes(&k, y);
    wr_zeros(&w, half - s->r.n);
    wr_bytes(&w, s->r);
    wr_zeros(&w, half - s->s.n);
    wr_bytes(&w, s->s);
    enum ecdsa_curve curve = half == 32 ? ECDSA_P256 : ECDSA_P384;
    struct span digest = sha2_of(room, s->hash == ALG_SHA384, &message, 1);
    return ecdsa_verify(curve, span_of(xy, k.n), digest, span_of(rs, w.n)) == OK;
}

static bool is_spki(struct span ak)
{
    return ak.n > 0 && ak.p[0] == DER_SEQUENCE;
}

/* The key as the attester shows it; *ret is filled only for a public area. */
static enum err verify_signature(struct appraisal *a,
                                 struct tpm2_public *ret,
                                 const struct tpm2_texts *texts,
                                 uint16_t *ret_hash)
{
    struct signature s = {0};
    uint8_t room[SPKI_LEN_MAX];
    bool holds;
    enum err err = read_signature(&s, texts->signature);
    err = err == OK && !is_spki(texts->ak) ? tpm2_public_decode(ret, texts->ak) : err;
    if (err != OK) {
        enum appraisal_step step =
            err == ERR_UNSUPPORTED ? STEP_EVIDENCE_KEY_TYPE : STEP_EVIDENCE_FORMAT;
        return appraisal_fail(a, err, step, PART_EVIDENCE, 0);
    }
    if (is_spki(texts->ak)) {
        enum ecdsa_curve curve;
        struct span xy;
        bool is_ec = ecdsa_spki_decode(&curve, &xy, texts->ak) == OK && curve != ECDSA_P521;
        holds = is_ec ? verify_ecdsa(span_first(xy, xy.n / 2), span_from(xy, xy.n / 2), &s,
                                     texts->attest)
                      : verify_rsa(texts->ak, &s, texts->attest);
    } else {
        holds = ret->is_rsa ? verify_rsa(spki_of(room, ret), &s, texts->attest)
                            : verify_ecdsa(ret->x, ret->y, &s, texts->attest);
    }
    *ret_hash = s.hash;
    return holds ? OK : appraisal_fail(a, ERR_AUTH, STEP_EVIDENCE_SIGNATURE, PART_EVIDENCE, 0);
}

/* ---- registers ---- */

static enum err check_pcrs(struct appraisal *a,
                           const struct tpm2_attest *q,
                           struct span values,
                           uint16_t hash_algorithm)
{
    size_t len = q->pcr_algorithm == ALG_SHA384 ? 48 : 32;
    uint8_t room[SHA2_LEN_MAX];
    struct rd r = rd_init(values);
    struct span want = sha2_of(room, hash_algorithm == ALG_SHA384, &values, 1);
    for (int i = 0; i < TPM2_PCRS_COUNT; i++) {
        if (q->pcr_mask >> i & 1) {
            struct span value = rd_bytes(&r, len);
            if (rd_ok(&r)) {
                appraisal_measure(a, (enum measurement_name)(MEASURED_PCR0 + i), value);
            }
        }
    }
    if (!rd_end(&r) || !span_equal(q->pcr_digest, want)) {
        a->measurements_count = 0;
        return appraisal_fail(a, ERR_AUTH, STEP_PCR_DIGEST, PART_EVIDENCE, 0);
    }
    return OK;
}

/* ---- where the key comes from ---- */

static bool has_ek_usage(const struct cert *cert)
{
    struct span value;
    if (!cert_extension(cert, &value, oid_key_usages)) {
        return false;
    }
    struct rd r = rd_init(value);
    struct rd list = der_enter(&r, DER_SEQUENCE);
    bool found = false;
    while (list.rest.n > 0 && rd_ok(&list)) {
        found = span_equal(der_read(&list, DER_OID), oid_ek_certificate) || found;
    }
    return found && rd_end(&list) && rd_end(&r);
}

/* Which of manufacturer, model and version stand in a Name, as bits. */
static unsigned tpm_names(struct span name)
{
    struct rd r = rd_init(name);
    struct rd sets = der_enter(&r, DER_SEQUENCE);
    unsigned found = 0;
    while (sets.rest.n > 0 && rd_ok(&sets)) {
        struct rd set = der_enter(&sets, DER_SET);
        while (set.rest.n > 0 && rd_ok(&set)) {
            struct rd pair = der_enter(&set, DER_SEQUENCE);
            struct span oid = der_read(&pair, DER_OID);
            for (unsigned i = 0; i < 3; i++) {
                found |= span_equal(oid, oid_tpm_names[i]) ? 1U << i : 0;
            }
        }
    }
    return rd_ok(&sets) ? found : 0;
}

/* The alternative name describes the TPM: the subject may be empty. */
static bool describes_tpm(const struct cert *cert)
{
    struct span value;
    if (!cert_extension(cert, &value, oid_alt_name)) {
        return false;
    }
    struct rd r = rd_init(value);
    struct rd names = der_enter(&r, DER_SEQUENCE);
    while (names.rest.n > 0 && rd_ok(&names)) {
        uint8_t tag;
        struct span name = der_read_any(&names, &tag, NULL);
        if (rd_ok(&names) && tag == der_context(4) && tpm_names(name) == 7) {
            return true;
        }
    }
    return false;
}

static enum err
verify_ek(struct appraisal *a, struct chain *c, struct span certs, const struct expectation *e)
{
    struct chain_fault fault;
    enum err err = chain_read(c, &certs, 1, &fault);
    err = err == OK ? chain_verify(c, e->anchors, e->now, &fault) : err;
    if (err != OK) {
        return appraisal_fail(a, err, fault.step, PART_CHAIN, fault.at);
    }
    if (c->certs[0].is_ca || !has_ek_usage(&c->certs[0]) || !describes_tpm(&c->certs[0])) {
        return appraisal_fail(a, ERR_AUTH, STEP_CERT_EXTENSION, PART_CHAIN, 0);
    }
    chain_times(a, c);
    sha256(&a->hardware_id, c->certs[0].spki);
    a->has_hardware_id = true;
    return OK;
}

/* It signs only what the TPM made, was made by the TPM, and cannot leave it. */
static enum err check_attributes(struct appraisal *a, const struct tpm2_public *ak)
{
    bool is_fixed =
        (ak->attributes & ATTRS_OF_AK) == ATTRS_OF_AK && !(ak->attributes & ATTR_DECRYPT);
    return is_fixed ? OK : appraisal_fail(a, ERR_AUTH, STEP_KEY_ATTRIBUTES, PART_EVIDENCE, 0);
}

static enum err check_origin(struct appraisal *a,
                             struct chain *work,
                             const struct tpm2_texts *texts,
                             const struct tpm2_public *ak,
                             const struct policy_rule *rule,
                             const struct expectation *e)
{
    uint8_t name[TPM2_NAME_LEN];
    if (rule->allow & POLICY_ALLOW_NO_EK) {
        return OK; /* a chain that does not hold is no worse than none: it could have been left out */
    }
    if (texts->ek_chain.n == 0) {
        return appraisal_fail(a, ERR_AUTH, STEP_KEY_ORIGIN, PART_CHAIN, 0);
    }
    TRY(verify_ek(a, work, texts->ek_chain, e));
    bool is_activated =
        tpm2_name(name, ak) == OK && span_equal(texts->activated_name, SPAN_OF(name));
    return is_activated ? OK : appraisal_fail(a, ERR_AUTH, STEP_KEY_ORIGIN, PART_EVIDENCE, 0);
}

enum err
tpm2_verify_bound(struct appraisal *a, struct span *ret_extra_data, const struct tpm2_texts *texts)
{
    struct tpm2_attest q = {0};
    struct tpm2_public ak = {0};
    uint16_t hash = 0;
    enum err err = tpm2_attest_decode(&q, texts->attest);
    if (err != OK) {
        return appraisal_fail(a, err, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, 0);
    }
    TRY(verify_signature(a, &ak, texts, &hash));
    TRY(check_pcrs(a, &q, texts->pcrs, hash));
    *ret_extra_data = q.extra_data;
    return OK;
}

enum err tpm2_verify(struct appraisal *a,
                     struct chain *work,
                     const struct tpm2_texts *texts,
                     const struct expectation *e)
{
    struct tpm2_attest q = {0};
    struct tpm2_public ak = {0};
    struct policy_rule rule;
    uint16_t hash = 0;
    appraisal_init(a, TEE_TPM2);
    enum err err = tpm2_attest_decode(&q, texts->attest);
    if (err != OK) {
        return appraisal_fail(a, err, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, 0);
    }
    TRY(policy_begin(&rule, a, e));
    TRY(verify_signature(a, &ak, texts, &hash));
    TRY(check_pcrs(a, &q, texts->pcrs, hash));
    TRY(appraisal_report_data(a, q.extra_data));
    TRY(check_attributes(a, &ak));
    TRY(check_origin(a, work, texts, &ak, &rule, e));
    return policy_decide(a, &rule, e);
}
