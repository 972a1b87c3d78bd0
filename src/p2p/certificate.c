/* Certificates of libp2p's TLS: libp2p specs, tls/tls.md; X.509 as RFC 5280 has it. */
#include "p2p/certificate.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "codec/der.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/rsa.h"
#include "p2p/key.h"

#include <string.h>

enum { PREFIX_LEN = sizeof CERTIFICATE_SIGNATURE_PREFIX - 1, DRAWS_MAX = 64 };
enum { SPKI_MAX = 1100, SIGNED_LEN_MAX = PREFIX_LEN + SPKI_MAX };
enum {
    TAG_UTC_TIME = 0x17,
    TAG_GENERALIZED_TIME = 0x18,
    TAG_ISSUER_ID = 0x81,
    TAG_SUBJECT_ID = 0x82
};

/* Content bytes of OBJECT IDENTIFIERs. */
static const uint8_t OID_EXTENSION[] = {0x2b, 6, 1, 4, 1, 0x83, 0xa2, 0x5a, 1, 1};
static const uint8_t OID_ECDSA_SHA256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2};
static const uint8_t OID_RSA_SHA256[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11};
static const uint8_t OID_ED25519[] = {0x2b, 0x65, 0x70};
static const uint8_t OID_PRIME256V1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static const uint8_t OID_COMMON_NAME[] = {0x55, 4, 3};

/* ---- our own ---- */

bool certificate_is_signable(struct span message)
{
    struct p256_public key;
    return span_starts_with(message, SPAN_LIT(CERTIFICATE_SIGNATURE_PREFIX)) &&
           p256_spki_decode(&key, span_from(message, PREFIX_LEN)) == OK;
}

/* write_within writes an element around what is in *inner, and empties that. */
static void write_within(struct wr *w, uint8_t tag, struct wr *inner)
{
    if (!wr_ok(inner)) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    der_write(w, tag, span_of(inner->out.p, inner->n));
    inner->n = 0;
}

static void write_name(struct wr *w)
{
    uint8_t a[64];
    uint8_t b[64];
    struct wr attribute = wr_init(MSPAN_OF(a));
    struct wr outer = wr_init(MSPAN_OF(b));
    der_write(&attribute, DER_OID, SPAN_OF(OID_COMMON_NAME));
    der_write(&attribute, DER_UTF8_STRING, SPAN_LIT("libp2p")); /* the same for everybody */
    write_within(&outer, DER_SEQUENCE, &attribute);
    write_within(&attribute, DER_SET, &outer);
    write_within(w, DER_SEQUENCE, &attribute);
}

/* SPEC libp2p/tls §"Peer Authentication": the validity covers the time at which a peer reads it. Nobody renews such a
 * certificate, and peers' clocks differ: so a century. */
static void write_validity(struct wr *w)
{
    uint8_t bytes[64];
    struct wr times = wr_init(MSPAN_OF(bytes));
    der_write(&times, TAG_UTC_TIME, SPAN_LIT("200101000000Z"));
    der_write(&times, TAG_GENERALIZED_TIME, SPAN_LIT("21200101000000Z"));
    write_within(w, DER_SEQUENCE, &times);
}

static void write_algorithm(struct wr *w)
{
    uint8_t bytes[16];
    struct wr oid = wr_init(MSPAN_OF(bytes));
    der_write(&oid, DER_OID, SPAN_OF(OID_ECDSA_SHA256));
    write_within(w, DER_SEQUENCE, &oid);
}

/* write_extension writes [3] { SEQUENCE { SEQUENCE { OID, OCTET STRING { SignedKey } } } }. */
static void write_extension(struct wr *w, struct span public_key, struct span sig)
{
    uint8_t a[CERTIFICATE_LEN_MAX];
    uint8_t b[CERTIFICATE_LEN_MAX];
    struct wr even = wr_init(MSPAN_OF(a));
    struct wr odd = wr_init(MSPAN_OF(b));
    der_write(&even, DER_OCTET_STRING, public_key);
    der_write(&even, DER_OCTET_STRING, sig);
    write_within(&odd, DER_SEQUENCE, &even);
    der_write(&even, DER_OID, SPAN_OF(OID_EXTENSION));
    write_within(&even, DER_OCTET_STRING, &odd);
    write_within(&odd, DER_SEQUENCE, &even);
    write_within(&even, DER_SEQUENCE, &odd);
    write_within(w, der_context(3), &even);
}

/* sign_spki has the identity certify the certificate's key. */
MUST_CHECK static enum err
sign_spki(struct signature *ret_sig, struct signer *signer, const uint8_t spki[P256_SPKI_LEN])
{
    uint8_t message[PREFIX_LEN + P256_SPKI_LEN];
    memcpy(message, CERTIFICATE_SIGNATURE_PREFIX, PREFIX_LEN);
    memcpy(message + PREFIX_LEN, spki, P256_SPKI_LEN);
    return signer->sign(signer, ret_sig, SIGNER_TLS_KEY, SPAN_OF(message));
}

/* write_tbs writes the TBSCertificate. */
MUST_CHECK static enum err write_tbs(struct wr *w,
                                     struct signer *signer,
                                     const struct p256_public *key,
                                     const uint8_t serial[static 8])
{
    uint8_t spki[P256_SPKI_LEN];
    uint8_t bytes[CERTIFICATE_LEN_MAX];
    struct signature sig;
    static const uint8_t version_3[] = {DER_INTEGER, 1, 2};
    p256_spki_encode(spki, key);
    TRY(sign_spki(&sig, signer, spki));
    struct wr fields = wr_init(MSPAN_OF(bytes));
    der_write(&fields, der_context(0), SPAN_OF(version_3));
    der_write_uint(&fields, span_of(serial, 8));
    write_algorithm(&fields);
    write_name(&fields);
    write_validity(&fields);
    write_name(&fields);
    wr_bytes(&fields, SPAN_OF(spki));
    write_extension(&fields, signer->public_key, span_of(sig.bytes, sig.len));
    write_within(w, DER_SEQUENCE, &fields);
    return wr_end(w);
}

MUST_CHECK static enum err
draw_key(struct p256_public *ret_public, struct secret32 *ret_key, struct rng *rng)
{
    for (int i = 0; i < DRAWS_MAX; i++) {
        rng_fill(rng, MSPAN_OF(ret_key->bytes));
        if (p256_public_of(ret_public, ret_key) == OK) {
            return OK;
        }
    }
    return ERR_INTERNAL;
}

enum err
certificate_identity_init(struct certificate_identity *id, struct signer *signer, struct rng *rng)
{
    *id = (struct certificate_identity){0};
    struct p256_public key;
    uint8_t serial[8];
    TRY(draw_key(&key, &id->key, rng));
    rng_fill(rng, MSPAN_OF(serial));
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and always of the same length */
    uint8_t bytes[CERTIFICATE_LEN_MAX];
    struct wr fields = wr_init(MSPAN_OF(bytes));
    TRY(write_tbs(&fields, signer, &key, serial));
    struct hash32 hash;
    struct p256_signature sig;
    uint8_t der[P256_DER_MAX];
    sha256(&hash, span_of(bytes, fields.n));
    TRY(p256_sign(&sig, &id->key, &hash));
    write_algorithm(&fields);
    der_write_bits(&fields, span_of(der, p256_der_encode(der, &sig)));
    struct wr whole = wr_init(MSPAN_OF(id->bytes));
    write_within(&whole, DER_SEQUENCE, &fields);
    TRY(wr_end(&whole));
    id->len = whole.n;
    return OK;
}

void certificate_identity_done(struct certificate_identity *id)
{
    secret32_wipe(&id->key);
    *id = (struct certificate_identity){0};
}

void certificate_key_encode(uint8_t ret_out[static CERTIFICATE_KEY_LEN],
                            const struct certificate_identity *id)
{
    struct p256_public key;
    uint8_t point[65] = {4};
    uint8_t bits[80];
    static const uint8_t version_1[] = {1};
    check(p256_public_of(&key, &id->key) == OK);
    memcpy(point + 1, key.xy, sizeof key.xy);
    struct wr curve = wr_init(MSPAN_OF(bits));
    struct wr w = wr_init(mspan_of(ret_out, CERTIFICATE_KEY_LEN));
    der_write_header(&w, DER_SEQUENCE, CERTIFICATE_KEY_LEN - 2);
    der_write_uint(&w, SPAN_OF(version_1));
    der_write(&w, DER_OCTET_STRING, SPAN_OF(id->key.bytes));
    der_write(&curve, DER_OID, SPAN_OF(OID_PRIME256V1));
    write_within(&w, der_context(0), &curve);
    der_write_bits(&curve, SPAN_OF(point));
    write_within(&w, der_context(1), &curve);
    check(wr_end(&w) == OK);
    check(w.n == CERTIFICATE_KEY_LEN);
}

/* ---- a peer's ---- */

/* What the fields of a certificate are, as spans into it. */
struct parts {
    struct span tbs; /* with its header: what is signed */
    struct span algorithm;
    struct span sig;
    struct span spki; /* with its header */
    struct span not_before;
    struct span not_after;
    uint8_t not_before_tag;
    uint8_t not_after_tag;
    struct span public_key; /* of the extension */
    struct span identity_sig;
    const char *rule;
};

static enum err broken(struct parts *p, enum err e, const char *rule)
{
    p->rule = rule;
    return e;
}

static uint64_t digits(struct rd *r, unsigned count)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t c = rd_u8(r);
        if (c < '0' || c > '9') {
            rd_fail(r);
        }
        v = v * 10 + (uint64_t)(c - '0');
    }
    return rd_ok(r) ? v : 0;
}

/* days_from_1970 is in the Gregorian calendar, negative for days before. */
static int64_t days_from_1970(uint64_t year, uint64_t month, uint64_t day)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    uint64_t past = year > 0 ? year - 1 : 0;
    uint64_t days = year * 365 + past / 4 - past / 100 + past / 400 + (year > 0 ? 1 : 0);
    days += before[month - 1] + (month > 2 && is_leap ? 1U : 0U) + day - 1;
    return (int64_t)days - 719528; /* 1970-01-01 counted from 0000-01-01 */
}

/* read_time reads a UTCTime or GeneralizedTime in the forms of RFC 5280 §4.1.2.5: in Zulu, with seconds. */
MUST_CHECK static enum err read_time(int64_t *ret_unix_s, uint8_t tag, struct span text)
{
    struct rd r = rd_init(text);
    uint64_t year = tag == TAG_UTC_TIME ? digits(&r, 2) : digits(&r, 4);
    if (tag == TAG_UTC_TIME) {
        year += year < 50 ? 2000 : 1900;
    }
    uint64_t month = digits(&r, 2);
    uint64_t day = digits(&r, 2);
    uint64_t hour = digits(&r, 2);
    uint64_t minute = digits(&r, 2);
    uint64_t second = digits(&r, 2);
    uint8_t zone = rd_u8(&r);
    bool is_date = month >= 1 && month <= 12 && day >= 1 && day <= 31;
    if (!rd_end(&r) || zone != 'Z' || !is_date || hour > 23 || minute > 59 || second > 60) {
        return ERR_MALFORMED;
    }
    *ret_unix_s =
        days_from_1970(year, month, day) * 86400 + (int64_t)(hour * 3600 + minute * 60 + second);
    return OK;
}

/* read_signed_key reads what the libp2p extension holds. */
MUST_CHECK static enum err read_signed_key(struct parts *p, struct span value)
{
    if (p->public_key.n > 0) {
        return broken(p, ERR_MALFORMED, "two libp2p extensions");
    }
    struct rd r = rd_init(value);
    struct rd key = der_enter(&r, DER_SEQUENCE);
    p->public_key = der_read(&key, DER_OCTET_STRING);
    p->identity_sig = der_read(&key, DER_OCTET_STRING);
    if (!rd_end(&key) || !rd_end(&r) || p->public_key.n == 0) {
        return broken(p, ERR_MALFORMED, "the libp2p extension is malformed");
    }
    return OK;
}

MUST_CHECK static enum err read_extensions(struct parts *p, struct rd *list)
{
    while (rd_ok(list) && list->rest.n > 0) {
        struct rd e = der_enter(list, DER_SEQUENCE);
        struct span oid = der_read(&e, DER_OID);
        bool is_critical = false;
        if (der_peek(&e) == DER_BOOLEAN) {
            struct span flag = der_read(&e, DER_BOOLEAN);
            is_critical = flag.n == 1 && flag.p[0] != 0;
        }
        struct span value = der_read(&e, DER_OCTET_STRING);
        if (!rd_end(&e)) {
            return broken(p, ERR_MALFORMED, "an extension is malformed");
        }
        if (span_equal(oid, SPAN_OF(OID_EXTENSION))) {
            TRY(read_signed_key(p, value));
        } else if (is_critical) {
            /* SPEC libp2p/tls §"Peer Authentication": unknown extensions are skipped, but a critical one ends it. */
            return broken(p, ERR_UNSUPPORTED, "a critical extension that we do not know");
        }
    }
    return rd_end(list) ? OK : broken(p, ERR_MALFORMED, "extensions are malformed");
}

MUST_CHECK static enum err read_tbs(struct parts *p, struct span content)
{
    struct rd r = rd_init(content);
    uint8_t tag;
    struct rd version = der_enter(&r, der_context(0));
    struct span number = der_read_uint(&version);
    bool is_v3 = rd_end(&version) && number.n == 1 && number.p[0] == 2;
    (void)der_read(&r, DER_INTEGER); /* serial */
    struct span algorithm = der_read(&r, DER_SEQUENCE);
    (void)der_read(&r, DER_SEQUENCE); /* issuer */
    struct rd validity = der_enter(&r, DER_SEQUENCE);
    p->not_before = der_read_any(&validity, &p->not_before_tag, NULL);
    p->not_after = der_read_any(&validity, &p->not_after_tag, NULL);
    (void)der_read(&r, DER_SEQUENCE); /* subject */
    (void)der_read_any(&r, &tag, &p->spki);
    if (!is_v3 || !rd_ok(&r) || !rd_end(&validity) || !span_equal(algorithm, p->algorithm)) {
        return broken(p, ERR_MALFORMED, "the certificate is malformed");
    }
    /* SPEC libp2p/tls §"Peer Authentication": the unique ids of old X.509 have no place here. */
    if (der_peek(&r) == TAG_ISSUER_ID || der_peek(&r) == TAG_SUBJECT_ID) {
        return broken(p, ERR_MALFORMED, "a unique id of old X.509");
    }
    if (der_peek(&r) < 0) {
        return broken(p, ERR_AUTH, "no libp2p extension");
    }
    struct rd wrapper = der_enter(&r, der_context(3));
    struct rd list = der_enter(&wrapper, DER_SEQUENCE);
    if (!rd_end(&r) || !rd_end(&wrapper)) {
        return broken(p, ERR_MALFORMED, "extensions are malformed");
    }
    TRY(read_extensions(p, &list));
    /* SPEC libp2p/tls §"Peer Authentication": without the extension there is no peer. */
    return p->public_key.n > 0 ? OK : broken(p, ERR_AUTH, "no libp2p extension");
}

MUST_CHECK static enum err read_parts(struct parts *p, struct span certificate)
{
    struct rd r = rd_init(certificate);
    struct rd whole = der_enter(&r, DER_SEQUENCE);
    uint8_t tag;
    struct span tbs = der_read_any(&whole, &tag, &p->tbs);
    p->algorithm = der_read(&whole, DER_SEQUENCE);
    p->sig = der_read_bits(&whole);
    if (!rd_end(&whole) || !rd_end(&r) || tag != DER_SEQUENCE) {
        return broken(p, ERR_MALFORMED, "the certificate is malformed");
    }
    return read_tbs(p, tbs);
}

MUST_CHECK static enum err check_time(struct parts *p, uint64_t unix_s)
{
    int64_t from;
    int64_t until;
    bool tags_are_good =
        (p->not_before_tag == TAG_UTC_TIME || p->not_before_tag == TAG_GENERALIZED_TIME) &&
        (p->not_after_tag == TAG_UTC_TIME || p->not_after_tag == TAG_GENERALIZED_TIME);
    if (!tags_are_good || read_time(&from, p->not_before_tag, p->not_before) != OK ||
        read_time(&until, p->not_after_tag, p->not_after) != OK) {
        return broken(p, ERR_MALFORMED, "the validity is malformed");
    }
    int64_t now = unix_s > INT64_MAX ? INT64_MAX : (int64_t)unix_s;
    /* SPEC libp2p/tls §"Peer Authentication": a certificate that is not valid yet, or no longer, ends it. */
    if (now < from) {
        return broken(p, ERR_TIMEOUT, "the certificate is not valid yet");
    }
    return now <= until ? OK : broken(p, ERR_TIMEOUT, "the certificate has expired");
}

MUST_CHECK static enum err verify_p256(const struct parts *p)
{
    struct p256_public key;
    struct p256_signature sig;
    struct hash32 hash;
    TRY(p256_spki_decode(&key, p->spki));
    TRY(p256_der_decode(&sig, p->sig));
    sha256(&hash, p->tbs);
    return p256_verify(&key, &hash, &sig);
}

MUST_CHECK static enum err verify_ed25519(const struct parts *p)
{
    struct ed25519_public key;
    struct rd r = rd_init(p->spki);
    struct rd spki = der_enter(&r, DER_SEQUENCE);
    struct rd algorithm = der_enter(&spki, DER_SEQUENCE);
    der_read_oid(&algorithm, SPAN_OF(OID_ED25519));
    struct span bytes = der_read_bits(&spki);
    if (!rd_end(&algorithm) || !rd_end(&spki) || bytes.n != sizeof key.bytes) {
        return ERR_MALFORMED;
    }
    memcpy(key.bytes, bytes.p, sizeof key.bytes);
    return ed25519_verify(&key, p->tbs, p->sig);
}

/* SPEC libp2p/tls §"Peer Authentication": the certificate has signed itself with the key that it carries. */
MUST_CHECK static enum err check_self_signature(struct parts *p)
{
    struct rd r = rd_init(p->algorithm);
    struct span oid = der_read(&r, DER_OID);
    enum err e = ERR_UNSUPPORTED;
    if (span_equal(oid, SPAN_OF(OID_ECDSA_SHA256))) {
        e = verify_p256(p);
    } else if (span_equal(oid, SPAN_OF(OID_ED25519))) {
        e = verify_ed25519(p);
    } else if (span_equal(oid, SPAN_OF(OID_RSA_SHA256))) {
        e = rsa_verify(p->spki, p->tbs, p->sig);
    }
    if (e == ERR_UNSUPPORTED) {
        return broken(p, e, "the certificate is signed in a way that we do not know");
    }
    return e == OK ? OK : broken(p, ERR_AUTH, "the certificate has not signed itself");
}

/* SPEC libp2p/tls §"libp2p Public Key Extension": the identity signs a fixed prefix and the certificate's
 * SubjectPublicKeyInfo as it stands there. */
MUST_CHECK static enum err check_identity(struct parts *p, struct peer_id *ret_peer)
{
    uint8_t message[SIGNED_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(message));
    wr_str(&w, CERTIFICATE_SIGNATURE_PREFIX);
    wr_bytes(&w, p->spki);
    if (!wr_ok(&w)) {
        return broken(p, ERR_LIMIT, "the certificate's key is too long");
    }
    struct public_key key;
    enum err e = key_decode(&key, p->public_key);
    if (e != OK) {
        return broken(p, e, "the identity's key is malformed or of an unknown kind");
    }
    if (key_verify(&key, span_of(message, w.n), p->identity_sig) != OK) {
        return broken(p, ERR_AUTH, "the identity did not sign the certificate's key");
    }
    peer_id_of_key(ret_peer, p->public_key);
    return OK;
}

enum err certificate_verify(struct peer_id *ret_peer,
                            const char **ret_rule,
                            struct span certificate,
                            uint64_t unix_s)
{
    struct parts p = {0};
    struct peer_id peer = {0};
    enum err e = certificate.n <= CERTIFICATE_PEER_LEN_MAX
                     ? read_parts(&p, certificate)
                     : broken(&p, ERR_LIMIT, "the certificate is too long");
    if (e == OK) {
        e = check_time(&p, unix_s);
    }
    if (e == OK) {
        e = check_self_signature(&p);
    }
    if (e == OK) {
        e = check_identity(&p, &peer);
    }
    if (e == OK) {
        *ret_peer = peer;
    } else if (ret_rule) {
        *ret_rule = p.rule;
    }
    return e;
}
