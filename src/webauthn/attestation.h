#ifndef WEBAUTHN_ATTESTATION_H
#define WEBAUTHN_ATTESTATION_H

#include "base/err.h"
#include "base/span.h"
#include "codec/cbor.h"

struct auth_data;
struct hash32;

/* Attestation objects (WebAuthn Level 3 §6.5). We ask for none and trust no maker's word: what is here tells a
 * well-formed object from a broken one, and names the format. */
enum attestation_format {
    ATTESTATION_NONE,
    ATTESTATION_PACKED,
    ATTESTATION_TPM,
    ATTESTATION_ANDROID_KEY,
    ATTESTATION_ANDROID_SAFETYNET,
    ATTESTATION_APPLE,
    ATTESTATION_FIDO_U2F,
    ATTESTATION_OTHER
};

/* What the statement was found to prove. In all cases the credential counts as not attested. */
enum attestation_proof {
    ATTESTATION_PROVES_NOTHING, /* none: an empty statement */
    ATTESTATION_SELF, /* packed without certificates: signed by the credential itself, and the signature holds */
    ATTESTATION_NOT_CHECKED /* a certificate chain, which we do not follow */
};

enum { ATTESTATION_OBJECT_LEN_MAX = 16384 };

struct attestation {
    enum attestation_format format;
    struct span format_name; /* UTF-8; into the input */
    struct span auth_data;   /* into the input */
    struct cbor statement;   /* a map */
};

/* attestation_decode: ERR_MALFORMED, ERR_TRUNCATED, ERR_UNSUPPORTED, ERR_LIMIT. why may be NULL. */
MUST_CHECK enum err
attestation_decode(struct attestation *ret, struct span object, struct diag *why);

/* attestation_verify checks the statement as far as the list above says. data was decoded from a->auth_data; hash is SHA-256
 * of clientDataJSON. ERR_MALFORMED: not of its format; ERR_AUTH: a self attestation whose signature does not hold. */
MUST_CHECK enum err attestation_verify(enum attestation_proof *ret,
                                       const struct attestation *a,
                                       const struct auth_data *data,
                                       const struct hash32 *client_data_hash,
                                       struct diag *why);

/* attestation_format_text is the registered name; "other" for ATTESTATION_OTHER. */
const char *attestation_format_text(enum attestation_format format);

#endif
