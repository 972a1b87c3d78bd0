/* Code that differs from chain to chain. */
#include "evm/deployments.h"

const uint8_t *deployment_code_hash(const struct deployment_by_chain *d, uint64_t chain_id)
{
    for (size_t i = 0; i < d->chains_count; i++) {
        if (d->chains[i].chain_id == chain_id) {
            return d->chains[i].code_hash;
        }
    }
    return NULL;
}
