#ifndef NODE_DEVICE_COSIGNER_H
#define NODE_DEVICE_COSIGNER_H

#include "node/authenticator/device_message.h"
#include "wallet/cosigner_ask.h"

/* What was begun about an account's co-signer (docs/cosigner.md), signed with a security key or the TPM and without a browser. What is signed is worked out here from
 * what is shown to the person; the daemon's word for it is only held against that. */

/* A payment of an operation. */
struct device_payment {
    struct address token; /* zero: ether */
    struct address to;
    struct u256 amount; /* smallest units */
};

struct device_cosigner {
    struct id account;
    char server[ACCOUNT_SERVER_LEN_MAX + 1];
    enum cosigner_act act;
    struct cosigner_terms terms;
    walltime expires;
    struct address cosigner; /* of SIGN and LEAVE */
    uint64_t chain_id;       /* of SIGN and LEAVE */
    size_t payments_count;   /* of SIGN, as fee_max, in wei */
    struct device_payment payments[COSIGNER_CALLS_MAX];
    struct u256 fee_max;
    uint64_t threshold; /* of LEAVE: so many must sign then */
    struct hash32 challenge;
    struct device_bytes credential;
};

/* device_cosigner_read asks the daemon what waits, and works out the challenge from it. ERR_NOT_FOUND: nothing waits. ERR_AUTH: the daemon asks for a signature over something
 * else than what it shows. ERR_UNSUPPORTED: an operation that no co-signer signs, or a change of owners that does more than take the co-signer off. ERR_MALFORMED, ERR_LIMIT:
 * an answer out of form; errors of device_api.call. */
MUST_CHECK enum err device_cosigner_read(struct device_vault *d, struct device_cosigner *ret);

/* device_cosigner_sign signs what was read and hands it in. Errors: those of the key (security_key.h) and of device_api.call. */
MUST_CHECK enum err device_cosigner_sign(struct device_vault *d, const struct device_cosigner *c);

#endif
