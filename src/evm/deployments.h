#ifndef EVM_DEPLOYMENTS_H
#define EVM_DEPLOYMENTS_H

#include "evm/address.h"

#include <stddef.h>

/* Where our contracts stand, the same on every chain (CREATE2 through the canonical deployer), and the hashes of
 * their code. Made by tools/deployments_gen.py from contracts/deployments.json. */
struct deployment {
    struct address address;
    uint8_t code_hash[32]; /* keccak-256 of the runtime code */
};

/* An implementation holds the chain id as an immutable, so its code differs from chain to chain. */
struct deployment_on_chain {
    uint64_t chain_id;
    uint8_t code_hash[32];
};
struct deployment_by_chain {
    struct address address;
    const struct deployment_on_chain *chains;
    size_t chains_count;
};

struct deployments {
    struct address deployer;
    struct address entry_point;
    struct deployment verifier; /* of passkeys, with their origin */
    struct deployment secp256k1_verifier;
    struct deployment factory;
    struct deployment_by_chain implementation;   /* version 1 */
    struct deployment_by_chain implementation_2; /* version 2, in two contracts */
    struct deployment_by_chain guardians_2;
    uint8_t proxy_code_hash[32];
    uint8_t proxy_init_code_hash[32];
};

extern const struct deployments deployments;

/* deployment_code_hash is what stands there on a chain, 32 bytes; NULL: not known of that chain. */
const uint8_t *deployment_code_hash(const struct deployment_by_chain *d, uint64_t chain_id);

#endif
