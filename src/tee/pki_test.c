#include "tee/pki_test.h"

#include "codec/der.h"
#include "crypto/ecdsa.h"
#include "crypto/openssl_ec.h"
#include "crypto/openssl_rsa.h"
#include "tee/utc.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 64, KEPT_MAX = 65536 };

struct pki_key {
    char name[32];
    enum pki_kind kind;
    EVP_PKEY *pkey;
};

static struct pki_key keys[KEYS_MAX];
static size_t keys_count;
static void *kept[KEPT_MAX];
static size_t kept_count;

__attribute__((destructor)) static void free_all(void)
{
    for (size_t i = 0; i < keys_count; i++) {
        EVP_PKEY_free(keys[i].pkey);
    }
    for (size_t i = 0; i < kept_count; i++) {
        free(kept[i]);
    }
}

static void require(bool held, const char *what)
{
    if (!held) {
        (void)fprintf(stderr, "pki: %s failed\n", what);
        abort();
    }
}

struct span pki_keep(struct span s)
{
    uint8_t *p = malloc(s.n + 1);
    require(p && kept_count < KEPT_MAX, "memory");
    kept[kept_count++] = p;
    if (s.n > 0) {
        memcpy(p, s.p, s.n);
    }
    p[s.n] = 0;
    return span_of(p, s.n);
}

struct span pki_join(const struct span *parts, size_t count)
{
    static uint8_t room[256 * 1024];
    struct wr w = wr_init(MSPAN_OF(room));
    for (size_t i = 0; i < count; i++) {
        wr_bytes(&w, parts[i]);
    }
    require(wr_ok(&w), "joining");
    return pki_keep(span_of(room, w.n));
}

walltime pki_year(unsigned year)
{
    walltime t = {0};
    struct utc utc = {.year = year, .month = 1, .day = 1};
    require(utc_seconds(&t, &utc), "year");
    return t;
}

static const char *const curves[] = {"P-256", "P-384", "P-521"};

struct pki_key *pki_key(const char *name, enum pki_kind kind)
{
    for (size_t i = 0; i < keys_count; i++) {
        if (strcmp(keys[i].name, name) == 0 && keys[i].kind == kind) {
            return &keys[i];
        }
    }
    require(keys_count < KEYS_MAX, "room for keys");
    struct pki_key *k = &keys[keys_count++];
    (void)snprintf(k->name, sizeof k->name, "%s", name);
    k->kind = kind;
    k->pkey =
        kind >= PKI_RSA ? EVP_RSA_gen(kind == PKI_RSA ? 2048U : 4096U) : EVP_EC_gen(curves[kind]);
    require(k->pkey != NULL, "key generation");
    return k;
}

static void add_extension(X509 *x, const struct pki_extension *e)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(e->oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    require(ASN1_OCTET_STRING_set(value, e->value.p, (int)e->value.n) == 1, "octets");
    X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, oid, e->is_critical, value);
    require(ext && X509_add_ext(x, ext, -1) == 1, "extension");
    X509_EXTENSION_free(ext);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void add_known(X509 *x, int nid, const char *text)
{
    if (text) {
        X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, text);
        require(ext && X509_add_ext(x, ext, -1) == 1, text);
        X509_EXTENSION_free(ext);
    }
}

static X509_NAME *name_of(const char *cn)
{
    X509_NAME *n = X509_NAME_new();
    if (cn) {
        require(
            X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0) == 1,
            "name");
    }
    return n;
}

static EVP_MD_CTX *sign_start(struct pki_key *signer, const char *digest, bool is_pss)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    require(EVP_DigestSignInit_ex(md, &ctx, digest ? digest : "SHA256", NULL, NULL, signer->pkey,
                                  NULL) == 1,
            "signing");
    if (is_pss) {
        require(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 48) == 1,
                "PSS");
    }
    return md;
}

static struct span keep_der(uint8_t *der, int n)
{
    require(n > 0, "encoding");
    struct span s = pki_keep(span_of(der, (size_t)n));
    OPENSSL_free(der);
    return s;
}

static void set_time(ASN1_TIME *to, walltime t, unsigned year)
{
    require(ASN1_TIME_set(to, (time_t)(t.s ? t : pki_year(year)).s) != NULL, "time");
}

struct span pki_cert(const struct pki_cert *c)
{
    X509 *x = X509_new();
    X509_NAME *subject = name_of(c->subject);
    X509_NAME *issuer = name_of(c->issuer);
    require(X509_set_version(x, 2) == 1 &&
                ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), c->serial) == 1 &&
                X509_set_subject_name(x, subject) == 1 && X509_set_issuer_name(x, issuer) == 1 &&
                X509_set_pubkey(x, c->key->pkey) == 1,
            "certificate");
    set_time(X509_getm_notBefore(x), c->not_before, 2020);
    set_time(X509_getm_notAfter(x), c->not_after, 2040);
    add_known(x, NID_basic_constraints,
              c->basic_constraints ? c->basic_constraints
              : c->is_ca           ? "critical,CA:TRUE"
                                   : "critical,CA:FALSE");
    add_known(x, NID_key_usage, c->key_usage);
    for (size_t i = 0; i < PKI_EXTENSIONS_MAX && c->extensions[i].oid; i++) {
        add_extension(x, &c->extensions[i]);
    }
    EVP_MD_CTX *md = sign_start(c->signer, c->digest, c->is_pss);
    require(X509_sign_ctx(x, md) > 0, "certificate's signature");
    uint8_t *der = NULL;
    int n = i2d_X509(x, &der);
    EVP_MD_CTX_free(md);
    X509_NAME_free(subject);
    X509_NAME_free(issuer);
    X509_free(x);
    return keep_der(der, n);
}

static void add_revoked(X509_CRL *l, uint64_t serial)
{
    X509_REVOKED *r = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *when = ASN1_TIME_new();
    set_time(when, (walltime){0}, 2021);
    require(ASN1_INTEGER_set_uint64(number, serial) == 1 &&
                X509_REVOKED_set_serialNumber(r, number) == 1 &&
                X509_REVOKED_set_revocationDate(r, when) == 1 && X509_CRL_add0_revoked(l, r) == 1,
            "revoked entry");
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(when);
}

/* RFC 5280 §5.2.3: every issuer gives its lists numbers, and other verifiers want to see them. */
static void add_number(X509_CRL *l)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    require(ASN1_INTEGER_set(number, 1) == 1 &&
                X509_CRL_add1_ext_i2d(l, NID_crl_number, number, 0, 0) == 1,
            "list's number");
    ASN1_INTEGER_free(number);
}

struct span pki_crl(const struct pki_crl *c)
{
    X509_CRL *l = X509_CRL_new();
    X509_NAME *issuer = name_of(c->issuer);
    ASN1_TIME *t = ASN1_TIME_new();
    require(X509_CRL_set_version(l, 1) == 1 && X509_CRL_set_issuer_name(l, issuer) == 1, "list");
    set_time(t, c->this_update, 2024);
    require(X509_CRL_set1_lastUpdate(l, t) == 1, "list's time");
    set_time(t, c->next_update, 2027);
    require(X509_CRL_set1_nextUpdate(l, t) == 1, "list's time");
    for (size_t i = 0; i < c->serials_count; i++) {
        add_revoked(l, c->serials[i]);
    }
    add_number(l);
    if (c->extension.oid) {
        ASN1_OBJECT *oid = OBJ_txt2obj(c->extension.oid, 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        require(ASN1_OCTET_STRING_set(value, c->extension.value.p, (int)c->extension.value.n) == 1,
                "octets");
        X509_EXTENSION *ext =
            X509_EXTENSION_create_by_OBJ(NULL, oid, c->extension.is_critical, value);
        require(X509_CRL_add_ext(l, ext, -1) == 1, "list's extension");
        X509_EXTENSION_free(ext);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(oid);
    }
    EVP_MD_CTX *md = sign_start(c->signer, c->digest, c->is_pss);
    require(X509_CRL_sign_ctx(l, md) > 0, "list's signature");
    uint8_t *der = NULL;
    int n = i2d_X509_CRL(l, &der);
    EVP_MD_CTX_free(md);
    ASN1_TIME_free(t);
    X509_NAME_free(issuer);
    X509_CRL_free(l);
    return keep_der(der, n);
}

struct span pki_spki(struct pki_key *key)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(key->pkey, &der);
    return keep_der(der, n);
}

struct span pki_point(struct pki_key *key)
{
    size_t n = key->kind == PKI_P256 ? 64 : 96;
    struct span spki = pki_spki(key);
    return span_from(spki, spki.n - n);
}

struct span pki_sign(struct pki_key *key, const char *digest, struct span message)
{
    uint8_t sig[512];
    uint8_t rs[96];
    size_t n = sizeof sig;
    size_t half = key->kind == PKI_P256 ? 32 : 48;
    EVP_MD_CTX *md = sign_start(key, digest, false);
    require(EVP_DigestSign(md, sig, &n, message.p, message.n) == 1, "signature");
    EVP_MD_CTX_free(md);
    if (key->kind >= PKI_RSA) {
        return pki_keep(span_of(sig, n));
    }
    require(der_decode_ecdsa(mspan_of(rs, half), mspan_of(rs + half, half), span_of(sig, n)) == OK,
            "signature's form");
    return pki_keep(span_of(rs, 2 * half));
}

struct anchor pki_anchor(struct span root)
{
    struct anchor a = {0};
    struct cert cert;
    require(cert_decode(&cert, root, NULL) == OK, "root");
    sha256(&a.spki, cert.spki);
    sha256(&a.certificate, root);
    return a;
}
