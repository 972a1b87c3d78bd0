#ifndef WEBAUTHN_CLIENT_DATA_H
#define WEBAUTHN_CLIENT_DATA_H

#include "base/err.h"
#include "base/span.h"

struct relying_party;

/* clientDataJSON (WebAuthn Level 3 §5.8.1): what the browser says it was asked. Members may come in any
 * order and unknown ones are let pass. The text is read by the strict JSON reader, so a name given twice,
 * escapes undone, is refused: no second reader can see another challenge than we do. */
enum { CLIENT_DATA_LEN_MAX = 4096, CLIENT_DATA_CHALLENGE_LEN_MAX = 128 };

enum client_data_type { CLIENT_DATA_CREATE, CLIENT_DATA_GET };

struct client_data {
    bool is_cross_origin;
    /* The form that our on-chain verifier can check (see client_data_check_chain_form): where the opening quotes of the
     * names stand, bytes from the start. */
    size_t type_index;
    size_t challenge_index;
};

/* client_data_verify holds json against what was asked: type, challenge (raw bytes), origin.
 * ERR_MALFORMED: not such a JSON text; ERR_LIMIT: too long; ERR_AUTH: well-formed, but of another type, challenge or origin, or
 * embedded in another page: refuse the ceremony. why may be NULL. */
MUST_CHECK enum err client_data_verify(struct client_data *ret,
                                       enum client_data_type type,
                                       struct span challenge,
                                       const struct relying_party *rp,
                                       struct span json,
                                       struct diag *why);

/* client_data_check_chain_form: can the verifier contract, which is simpler than we are, read this text? It wants no white
 * space between tokens, no escape in a name or in the origin, type and challenge as clients write them, crossOrigin absent or
 * false. json has passed client_data_verify. ERR_UNSUPPORTED: no, with the reason in why (may be NULL). */
MUST_CHECK enum err client_data_check_chain_form(struct span json, struct diag *why);

#endif
