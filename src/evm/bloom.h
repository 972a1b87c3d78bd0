#ifndef EVM_BLOOM_H
#define EVM_BLOOM_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* The filter of 2048 bits in headers and receipts (Ethereum yellow paper, 4.3.1): it names the address and topics of
 * every log below it. "No" is certain if the filter is, "yes" is not. */
enum { BLOOM_LEN = 256 };

struct bloom {
    uint8_t bytes[BLOOM_LEN];
};

/* bloom_add puts an address or topic in. */
void bloom_add(struct bloom *b, struct span entry);

/* bloom_may_have: false means that entry was never added. */
bool bloom_may_have(const struct bloom *b, struct span entry);

#endif
