#ifndef WEBAUTHN_AUTH_DATA_H
#define WEBAUTHN_AUTH_DATA_H

#include "base/err.h"
#include "base/span.h"
#include "webauthn/cose_key.h"

struct relying_party;

/* Authenticator data (WebAuthn Level 3 §6.1):
 *
 *   rpIdHash (32) | flags (1) | signCount (4) | [aaguid (16) | idLen (2) | id | COSE key]  if AT | [CBOR map]  if ED
 */
enum auth_data_flag {
    AUTH_DATA_UP = 0x01, /* a person was present */
    AUTH_DATA_UV = 0x04, /* the person was verified */
    AUTH_DATA_BE = 0x08, /* the credential may be backed up */
    AUTH_DATA_BS = 0x10, /* it is backed up now */
    AUTH_DATA_AT = 0x40, /* a new credential follows */
    AUTH_DATA_ED = 0x80  /* extension outputs follow */
};

enum { AUTH_DATA_LEN_MIN = 37, AUTH_DATA_LEN_MAX = 8192, AUTH_DATA_CREDENTIAL_ID_MAX = 1023 };

/* Spans point into the input. */
struct auth_data {
    struct span rp_id_hash; /* 32 bytes */
    uint8_t flags;
    uint32_t sign_count;
    struct span aaguid;        /* with AT: 16 bytes */
    struct span credential_id; /* with AT: 1 to 1023 bytes */
    struct cose_key key;       /* with AT */
    struct span extensions;    /* with ED: one CBOR map, else empty */
};

/* auth_data_decode: ERR_MALFORMED (trailing bytes too), ERR_TRUNCATED, ERR_UNSUPPORTED (CBOR that we do not read),
 * ERR_LIMIT. why may be NULL. */
MUST_CHECK enum err auth_data_decode(struct auth_data *ret, struct span in, struct diag *why);

/* auth_data_verify holds it against the relying party: RP ID hash, UP, UV if required, and BS only with BE. ERR_AUTH otherwise. */
MUST_CHECK enum err
auth_data_verify(const struct auth_data *data, const struct relying_party *rp, struct diag *why);

static inline bool auth_data_has(const struct auth_data *data, enum auth_data_flag flag)
{
    return (data->flags & flag) != 0;
}

#endif
