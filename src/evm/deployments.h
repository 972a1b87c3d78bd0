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

/* The implementation holds the chain id as an immutable, so its code differs from chain to chain. */
struct deployment_on_chain {
    uint64_t chain_id;
    uint8_t code_hash[32];
};

struct deployments {
    struct address deployer;
    struct address entry_point;
    struct deployment verifier; /* of passkeys, with their origin */
    struct deployment secp256k1_verifier;
    struct deployment factory;
    struct address implementation;
    uint8_t proxy_code_hash[32];
    uint8_t proxy_init_code_hash[32];
    const struct deployment_on_chain *implementations;
    size_t implementations_count;
};

extern const struct deployments deployments;

#endif
