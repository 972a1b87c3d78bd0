/* X.509 certificates: RFC 5280 section 4, in strict DER. */
#include "tee/cert.h"

#include "codec/der.h"
#include "crypto/ecdsa.h"
#include "crypto/hash.h"
#include "crypto/rsa.h"
#include "tee/utc.h"

enum {
    TAG_UTC_TIME = 0x17,
    TAG_GENERALIZED_TIME = 0x18,
    TAG_PRINTABLE_STRING = 0x13,
    KEY_USAGE_DIGITAL_SIGNATURE = 0x80, /* bit 0 of the first byte */
    KEY_USAGE_CERT_SIGN = 0x04,
    KEY_USAGE_CRL_SIGN = 0x02,
    VERSION_3 = 2,
};

static const struct span oid_basic_constraints = SPAN_INIT("\x55\x1d\x13");
static const struct span oid_key_usage = SPAN_INIT("\x55\x1d\x0f");
static const struct span oid_policies = SPAN_INIT("\x55\x1d\x20");
static const struct span oid_common_name = SPAN_INIT("\x55\x04\x03");

/* Critical extensions that this library acts on: the first three above, subjectAltName and extKeyUsage (tpm2.c). */
static const struct span oids_known[] = {
    SPAN_INIT("\x55\x1d\x20"), SPAN_INIT("\x55\x1d\x13"), SPAN_INIT("\x55\x1d\x0f"),
    SPAN_INIT("\x55\x1d\x11"), SPAN_INIT("\x55\x1d\x25"),
};

/* Whole AlgorithmIdentifiers, so that parameters are compared too. */
static const struct {
    struct span raw;
    enum cert_algorithm algorithm;
} algorithms[] = {
    {SPAN_INIT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"),             CERT_ECDSA_SHA256},
    {SPAN_INIT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),             CERT_ECDSA_SHA384},
    {SPAN_INIT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04"),             CERT_ECDSA_SHA512},
    {SPAN_INIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"), CERT_RSA_SHA256  },
    {SPAN_INIT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00"), CERT_RSA_SHA384  },
};

static const struct span oid_pss = SPAN_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a");
static const struct span oid_mgf1 = SPAN_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08");
static const struct span oid_sha384 = SPAN_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x02");

/* AlgorithmIdentifier of SHA-384, with NULL parameters or none (RFC 4055 §2.1 allows both). */
static bool is_sha384(struct rd *r)
{
    struct rd hash = der_enter(r, DER_SEQUENCE);
    der_read_oid(&hash, oid_sha384);
    if (hash.rest.n > 0 && der_read(&hash, DER_NULL).n != 0) {
        rd_fail(&hash);
    }
    return rd_end(&hash);
}

/* SPEC RFC4055 §"3.1": hash, mask generation and salt of PSS all stand in the parameters; only one choice is read here. */
static bool is_pss_sha384(struct span raw)
{
    struct rd r = rd_init(raw);
    struct rd algorithm = der_enter(&r, DER_SEQUENCE);
    der_read_oid(&algorithm, oid_pss);
    struct rd params = der_enter(&algorithm, DER_SEQUENCE);
    struct rd hash = der_enter(&params, der_context(0));
    struct rd mask = der_enter(&params, der_context(1));
    struct rd mgf1 = der_enter(&mask, DER_SEQUENCE);
    struct rd salt = der_enter(&params, der_context(2));
    der_read_oid(&mgf1, oid_mgf1);
    bool hashes = is_sha384(&hash) && rd_end(&hash) && is_sha384(&mgf1) && rd_end(&mgf1);
    struct span salt_len = der_read_uint(&salt);
    if (params.rest.n > 0) {
        struct rd trailer = der_enter(&params, der_context(3)); /* 1, which DER should leave out */
        struct span one = der_read_uint(&trailer);
        hashes = hashes && rd_end(&trailer) && one.n == 1 && one.p[0] == 1;
    }
    return hashes && rd_end(&mask) && rd_end(&salt) && salt_len.n == 1 && salt_len.p[0] == 48 &&
           rd_end(&params) && rd_end(&algorithm);
}

enum cert_algorithm cert_read_algorithm(struct rd *r, struct span *ret_raw)
{
    uint8_t tag;
    (void)der_read_any(r, &tag, ret_raw);
    if (tag != DER_SEQUENCE) {
        rd_fail(r);
        return CERT_OTHER;
    }
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (span_equal(*ret_raw, algorithms[i].raw)) {
            return algorithms[i].algorithm;
        }
    }
    return is_pss_sha384(*ret_raw) ? CERT_RSA_PSS_SHA384 : CERT_OTHER;
}

/* Two digits, or fails r. */
static unsigned read_two(struct rd *r)
{
    unsigned tens = rd_u8(r) - (unsigned)'0';
    unsigned ones = rd_u8(r) - (unsigned)'0';
    if (tens > 9 || ones > 9) {
        rd_fail(r);
        return 0;
    }
    return tens * 10 + ones;
}

walltime cert_read_time(struct rd *r)
{
    uint8_t tag;
    struct rd t = rd_init(der_read_any(r, &tag, NULL));
    struct utc utc = {0};
    walltime time = {0};
    if (tag == TAG_UTC_TIME) {
        /* SPEC RFC5280 §"4.1.2.5.1": two digits of a year mean 1950 to 2049. */
        unsigned yy = read_two(&t);
        utc.year = yy < 50 ? 2000 + yy : 1900 + yy;
    } else if (tag == TAG_GENERALIZED_TIME) {
        utc.year = read_two(&t) * 100;
        utc.year += read_two(&t);
    }
    utc.month = read_two(&t);
    utc.day = read_two(&t);
    utc.hour = read_two(&t);
    utc.minute = read_two(&t);
    utc.second = read_two(&t);
    /* SPEC RFC5280 §"4.1.2.5.2": to the second, in UTC, without fractions. */
    bool is_z = rd_u8(&t) == 'Z' && rd_end(&t);
    if (!is_z || !utc_seconds(&time, &utc)) {
        rd_fail(r);
    }
    return time;
}

static void read_basic_constraints(struct cert *c, struct rd *failed, struct span value)
{
    struct rd r = rd_init(value);
    struct rd body = der_enter(&r, DER_SEQUENCE);
    if (der_peek(&body) == DER_BOOLEAN) {
        struct span flag = der_read(&body, DER_BOOLEAN);
        c->is_ca = flag.n == 1 && flag.p[0] == 0xff;
        if (flag.n != 1 || (flag.p[0] != 0xff && flag.p[0] != 0)) {
            rd_fail(failed);
        }
    }
    if (body.rest.n > 0) {
        struct span len = der_read_uint(&body);
        c->path_len_max = len.n == 1 ? len.p[0] : UINT8_MAX;
    }
    if (!rd_end(&body) || !rd_end(&r)) {
        rd_fail(failed);
    }
}

static void read_key_usage(struct cert *c, struct rd *failed, struct span value)
{
    struct rd r = rd_init(value);
    struct span bits = der_read(&r, DER_BIT_STRING);
    if (!rd_end(&r) || bits.n < 2 || bits.p[0] > 7) {
        rd_fail(failed);
        return;
    }
    c->may_sign_data = bits.p[1] & KEY_USAGE_DIGITAL_SIGNATURE;
    c->may_sign_certs = bits.p[1] & KEY_USAGE_CERT_SIGN;
    c->may_sign_crls = bits.p[1] & KEY_USAGE_CRL_SIGN;
}

/* SPEC RFC5280 §"4.2.1.4": certificatePolicies is a list of policies, each at most once, with qualifiers or none. Makers of TPMs mark it critical, for the texts that it points to. Any policy will do here (§6.1.1 (c), with explicit_policy not set), and what would narrow that, policyConstraints and inhibitAnyPolicy, is critical by rule and not known. */
static void read_policies(struct rd *failed, struct span value)
{
    struct rd r = rd_init(value);
    struct span list = der_read(&r, DER_SEQUENCE);
    bool holds = rd_end(&r) && list.n > 0;
    struct rd policies = rd_init(list);
    while (holds && policies.rest.n > 0) {
        struct rd earlier = rd_init(span_of(list.p, rd_offset(&policies)));
        struct rd policy = der_enter(&policies, DER_SEQUENCE);
        struct span oid = der_read(&policy, DER_OID);
        if (policy.rest.n > 0) {
            (void)der_read(&policy, DER_SEQUENCE);
        }
        holds = rd_end(&policy) && rd_ok(&policies);
        while (holds && earlier.rest.n > 0) {
            struct rd other = der_enter(&earlier, DER_SEQUENCE);
            holds = !span_equal(oid, der_read(&other, DER_OID)) && rd_ok(&earlier);
        }
    }
    if (!holds) {
        rd_fail(failed);
    }
}

struct extension {
    struct span oid;
    struct span value;
    bool is_critical;
};

static struct extension read_extension(struct rd *r)
{
    struct extension e = {0};
    struct rd body = der_enter(r, DER_SEQUENCE);
    e.oid = der_read(&body, DER_OID);
    if (der_peek(&body) == DER_BOOLEAN) {
        struct span flag = der_read(&body, DER_BOOLEAN);
        e.is_critical = flag.n != 1 || flag.p[0] != 0;
    }
    e.value = der_read(&body, DER_OCTET_STRING);
    if (!rd_end(&body)) {
        rd_fail(r);
    }
    return e;
}

static bool is_known(struct span oid)
{
    for (size_t i = 0; i < sizeof oids_known / sizeof oids_known[0]; i++) {
        if (span_equal(oid, oids_known[i])) {
            return true;
        }
    }
    return false;
}

static enum err read_extensions(struct cert *c, struct rd *tbs)
{
    struct rd outer = der_enter(tbs, der_context(3));
    c->extensions = der_read(&outer, DER_SEQUENCE);
    if (!rd_end(&outer)) {
        rd_fail(tbs);
        return ERR_MALFORMED;
    }
    struct rd r = rd_init(c->extensions);
    for (size_t count = 0; r.rest.n > 0 && rd_ok(&r); count++) {
        if (count == CERT_EXTENSIONS_MAX) {
            return ERR_LIMIT;
        }
        struct span before = span_of(c->extensions.p, rd_offset(&r));
        struct extension e = read_extension(&r);
        struct cert seen = {.extensions = before};
        struct span ignored;
        /* SPEC RFC5280 §"4.2": an extension stands at most once; one that is critical and not known refuses the whole. */
        if (cert_extension(&seen, &ignored, e.oid)) {
            return ERR_MALFORMED;
        }
        if (e.is_critical && !is_known(e.oid)) {
            return ERR_UNSUPPORTED;
        }
        if (span_equal(e.oid, oid_basic_constraints)) {
            read_basic_constraints(c, &r, e.value);
        } else if (span_equal(e.oid, oid_key_usage)) {
            read_key_usage(c, &r, e.value);
        } else if (span_equal(e.oid, oid_policies)) {
            read_policies(&r, e.value);
        }
    }
    return rd_end(&r) ? OK : ERR_MALFORMED;
}

static struct span read_sequence_whole(struct rd *r)
{
    uint8_t tag;
    struct span raw;
    (void)der_read_any(r, &tag, &raw);
    if (tag != DER_SEQUENCE) {
        rd_fail(r);
    }
    return raw;
}

static enum err read_body(struct cert *c, struct rd *tbs, struct span *ret_algorithm)
{
    struct rd version = der_enter(tbs, der_context(0));
    struct span number = der_read_uint(&version);
    if (!rd_end(&version) || number.n != 1 || number.p[0] != VERSION_3) {
        rd_fail(tbs);
    }
    c->serial = der_read_uint(tbs);
    (void)cert_read_algorithm(tbs, ret_algorithm);
    c->issuer = read_sequence_whole(tbs);
    struct rd validity = der_enter(tbs, DER_SEQUENCE);
    c->not_before = cert_read_time(&validity);
    c->not_after = cert_read_time(&validity);
    if (!rd_end(&validity)) {
        rd_fail(tbs);
    }
    c->subject = read_sequence_whole(tbs);
    c->spki = read_sequence_whole(tbs);
    if (!rd_ok(tbs)) {
        return ERR_MALFORMED;
    }
    if (tbs->rest.n > 0) {
        TRY(read_extensions(c, tbs));
    }
    return rd_end(tbs) ? OK : ERR_MALFORMED;
}

enum err cert_decode(struct cert *ret, struct span der, size_t *ret_offset)
{
    size_t ignored;
    size_t *offset = ret_offset ? ret_offset : &ignored;
    *offset = 0;
    if (der.n > CERT_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct cert c = {.der = der,
                     .path_len_max = UINT8_MAX,
                     .may_sign_certs = true,
                     .may_sign_crls = true,
                     .may_sign_data = true};
    struct rd r = rd_init(der);
    struct rd outer = der_enter(&r, DER_SEQUENCE);
    c.signed_part = read_sequence_whole(&outer);
    struct span outer_algorithm;
    struct span inner_algorithm = SPAN_EMPTY;
    c.algorithm = cert_read_algorithm(&outer, &outer_algorithm);
    c.signature = der_read_bits(&outer);
    if (!rd_end(&outer) || !rd_end(&r)) {
        return ERR_MALFORMED;
    }
    struct rd whole = rd_init(c.signed_part);
    struct rd tbs = der_enter(&whole, DER_SEQUENCE);
    enum err e = read_body(&c, &tbs, &inner_algorithm);
    /* SPEC RFC5280 §"4.1.1.2": the algorithm named outside is the one named inside, where it is signed. */
    if (e == OK && !span_equal(inner_algorithm, outer_algorithm)) {
        e = ERR_MALFORMED;
    }
    if (e != OK) {
        *offset = der.n - outer.rest.n - c.signature.n - tbs.rest.n;
        return e;
    }
    *ret = c;
    return OK;
}

bool cert_extension(const struct cert *c, struct span *ret_value, struct span oid)
{
    struct rd r = rd_init(c->extensions);
    while (r.rest.n > 0 && rd_ok(&r)) {
        struct extension e = read_extension(&r);
        if (rd_ok(&r) && span_equal(e.oid, oid)) {
            *ret_value = e.value;
            return true;
        }
    }
    return false;
}

struct span cert_common_name(struct span name)
{
    struct rd r = rd_init(name);
    struct rd sets = der_enter(&r, DER_SEQUENCE);
    struct span found = SPAN_EMPTY;
    while (sets.rest.n > 0 && rd_ok(&sets)) {
        struct rd set = der_enter(&sets, DER_SET);
        struct rd pair = der_enter(&set, DER_SEQUENCE);
        struct span oid = der_read(&pair, DER_OID);
        uint8_t tag;
        struct span value = der_read_any(&pair, &tag, NULL);
        bool is_text = tag == DER_UTF8_STRING || tag == TAG_PRINTABLE_STRING;
        if (rd_ok(&pair) && is_text && span_equal(oid, oid_common_name)) {
            found = value;
        }
    }
    return found;
}

static enum err verify_ecdsa(const struct cert *c,
                             enum cert_algorithm algorithm,
                             struct span message,
                             struct span signature)
{
    enum ecdsa_curve curve;
    struct span xy;
    uint8_t room[64];
    if (ecdsa_spki_decode(&curve, &xy, c->spki) != OK) {
        return ERR_AUTH;
    }
    if (algorithm == CERT_ECDSA_SHA512) {
        sha512(room, message);
        return ecdsa_verify_der(curve, xy, SPAN_OF(room), signature);
    }
    struct span digest = sha2_of(room, algorithm == CERT_ECDSA_SHA384, &message, 1);
    return ecdsa_verify_der(curve, xy, digest, signature);
}

static enum err
verify_rsa(const struct cert *c, enum rsa_scheme scheme, struct span message, struct span signature)
{
    return rsa_verify_as(scheme, c->spki, message, signature) == OK ? OK : ERR_AUTH;
}

enum err cert_signed(const struct cert *c,
                     enum cert_algorithm algorithm,
                     struct span message,
                     struct span signature)
{
    switch (algorithm) {
    case CERT_ECDSA_SHA256:
    case CERT_ECDSA_SHA384:
    case CERT_ECDSA_SHA512:   return verify_ecdsa(c, algorithm, message, signature);
    case CERT_RSA_SHA256:     return verify_rsa(c, RSA_PKCS1_SHA256, message, signature);
    case CERT_RSA_SHA384:     return verify_rsa(c, RSA_PKCS1_SHA384, message, signature);
    case CERT_RSA_PSS_SHA384: return verify_rsa(c, RSA_PSS_SHA384, message, signature);
    case CERT_OTHER:          return ERR_AUTH;
    }
    return ERR_INTERNAL;
}
