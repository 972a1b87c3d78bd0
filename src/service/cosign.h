#ifndef SERVICE_COSIGN_H
#define SERVICE_COSIGN_H

#include "service/message.h"

/* The bodies of COSIGN_CREATE, COSIGN_SIGN and COSIGN_REMOVE, and the server's way to whoever keeps co-signers' keys. What the requests hold is not read
 * here: it goes to keyd as it is (docs/cosigner.md), for keyd alone decides. */

/* An answer: of CREATE the first two, of SIGN the last, of REMOVE none: its body is empty. */
struct service_cosigned {
    struct address cosigner;
    struct hash32 terms;   /* their hash, for the wallet to compare */
    uint8_t signature[65]; /* r, s, and 27 or 28: as the account's verifier takes it */
};
MUST_CHECK enum err
service_cosigned_encode(const struct service_cosigned *c, enum service_type type, struct buf *out);
MUST_CHECK enum err
service_cosigned_decode(struct service_cosigned *ret, enum service_type type, struct span body);

/* The port that the driver fills; embed as first member. ask is synchronous. Its errors are keyd's: service_cosign_code makes an answer's code of
 * them and a text for the person. */
struct service_cosigner {
    enum err (*ask)(struct service_cosigner *self,
                    struct service_cosigned *ret,
                    enum service_type type,
                    struct span request);
    bool is_sealed;
};
enum service_code service_cosign_code(const char **ret_text, enum service_type type, enum err err);

#endif
