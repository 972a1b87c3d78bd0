#ifndef NODE_CLIENT_SIDE_H
#define NODE_CLIENT_SIDE_H

#include "base/err.h"
#include "node/authenticator/security_key.h"

/* What a browser does in a ceremony, where there is none: shared by the authenticators that are asked directly. */

/* client_side_check: ERR_LIMIT for a length out of range, or a text that would have to be escaped. */
MUST_CHECK enum err client_side_check(const struct security_key_ask *ask);

/* client_side_write_client_data writes clientDataJSON of that type. ERR_LIMIT. */
MUST_CHECK enum err client_side_write_client_data(struct security_key_answer *a,
                                                  const char *type,
                                                  const struct security_key_ask *ask);

/* client_side_write_object puts a->auth_data into an attestation object of format none. */
MUST_CHECK enum err client_side_write_object(struct security_key_answer *a);

#endif
