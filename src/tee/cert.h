#ifndef TEE_CERT_H
#define TEE_CERT_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"

#include <stdbool.h>

/* X.509 certificates (RFC 5280) as makers of processors issue them: version 3, strict DER, read without allocation. What
 * this profile does not know is refused, never skipped: a critical extension, a unique identifier, another algorithm. */
enum {
    CERT_LEN_MAX = 16 * 1024,
    CERT_EXTENSIONS_MAX = 32,
};

enum cert_algorithm {
    CERT_ECDSA_SHA256,
    CERT_ECDSA_SHA384,
    CERT_ECDSA_SHA512,
    CERT_RSA_SHA256,
    CERT_RSA_SHA384,
    CERT_RSA_PSS_SHA384, /* mask generation with the same hash, salt of 48 bytes */
    CERT_OTHER           /* can be read, but nothing that it signs holds */
};

/* Spans point into the certificate's bytes. */
struct cert {
    struct span der;         /* the whole */
    struct span signed_part; /* tbsCertificate */
    struct span serial;      /* without leading zeros */
    struct span issuer;      /* Name, whole elements */
    struct span subject;
    struct span spki;
    struct span extensions; /* content of the SEQUENCE; empty: none */
    struct span signature;
    enum cert_algorithm algorithm;
    walltime not_before;
    walltime not_after;
    bool is_ca;
    uint8_t path_len_max; /* UINT8_MAX: not limited */
    bool may_sign_certs;  /* key usage, if stated */
    bool may_sign_crls;
    bool may_sign_data;
};

/* cert_decode reads exactly one certificate. ERR_LIMIT: longer than CERT_LEN_MAX, or too many extensions. ERR_MALFORMED,
 * ERR_UNSUPPORTED: see above; *ret_offset (may be NULL) is where. */
MUST_CHECK enum err cert_decode(struct cert *ret, struct span der, size_t *ret_offset);

/* cert_extension gives the content of an extension's OCTET STRING; false if there is none. oid: content bytes. */
bool cert_extension(const struct cert *c, struct span *ret_value, struct span oid);

/* cert_common_name is the last CN of a Name; empty if there is none. */
struct span cert_common_name(struct span name);

/* cert_signed verifies a signature by c's key. ERR_AUTH: it does not hold, or the key is of another kind than the algorithm. */
MUST_CHECK enum err cert_signed(const struct cert *c,
                                enum cert_algorithm algorithm,
                                struct span message,
                                struct span signature);

/* For revocation lists too: an AlgorithmIdentifier (CERT_OTHER if it is not one of ours) and a Time, off *r. Both fail r
 * if malformed. */
struct rd;
enum cert_algorithm cert_read_algorithm(struct rd *r, struct span *ret_raw);
walltime cert_read_time(struct rd *r);

#endif
