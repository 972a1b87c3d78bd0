#ifndef TEE_PKI_TEST_H
#define TEE_PKI_TEST_H

#include "base/instant.h"
#include "tee/chain.h"

/* Certificates, revocation lists and signatures that no vendor made: written by OpenSSL's own encoder, so that the readers
 * are tested against another implementation. Keys and bytes live until the test program ends. */
enum pki_kind {
    PKI_P256,
    PKI_P384,
    PKI_P521,
    PKI_RSA, /* of 2048 bits */
    PKI_RSA_4096
};

enum { PKI_EXTENSIONS_MAX = 12 };

struct pki_key; /* an EVP_PKEY */

/* The same key for the same name and kind. */
struct pki_key *pki_key(const char *name, enum pki_kind kind);

struct pki_extension {
    const char *oid; /* in digits and points */
    struct span value;
    bool is_critical;
};

/* Zeroes are the usual: valid from 2020 to 2040, no CA, SHA-256. */
struct pki_cert {
    const char *subject; /* CN; NULL: an empty name */
    const char *issuer;
    struct pki_key *key;
    struct pki_key *signer;
    uint64_t serial;
    walltime not_before;
    walltime not_after;
    bool is_ca;
    const char *basic_constraints; /* as OpenSSL's configuration writes it; instead of is_ca */
    const char *key_usage;
    const char *digest; /* "SHA256" or "SHA384" */
    bool is_pss;
    struct pki_extension extensions[PKI_EXTENSIONS_MAX];
};

struct span pki_cert(const struct pki_cert *c);

struct pki_crl {
    const char *issuer;
    struct pki_key *signer;
    walltime this_update;
    walltime next_update;
    const uint64_t *serials;
    size_t serials_count;
    const char *digest;
    bool is_pss;
    struct pki_extension extension; /* of the list */
};

struct span pki_crl(const struct pki_crl *c);

/* SubjectPublicKeyInfo; the point of a curve's key, x then y; a signature over message, r then s (curves) or as RSA
 * PKCS #1 writes it. */
struct span pki_spki(struct pki_key *key);
struct span pki_point(struct pki_key *key);
struct span pki_sign(struct pki_key *key, const char *digest, struct span message);

/* The anchor for a root certificate made here. */
struct anchor pki_anchor(struct span root);

/* pki_keep copies bytes for as long as the program runs; pki_join does so with several. */
struct span pki_keep(struct span s);
struct span pki_join(const struct span *parts, size_t count);

/* Seconds of a year's first day. */
walltime pki_year(unsigned year);

#endif
