#ifndef NODE_TPM_COLLECTOR_H
#define NODE_TPM_COLLECTOR_H

#include "node/attest/collector.h"
#include "node/tpm/tpm_chip.h"

/* The TPM as a collector (tpm_quote.h), the last of a list: what it gives is the least. */
struct tpm_collector {
    struct collector collector; /* first */
    struct tpm_chip *chip;
    uint32_t registers; /* of the SHA-256 bank, to be quoted; 0 to 7 unless changed */
};
void tpm_collector_init(struct tpm_collector *t, struct tpm_chip *chip);

#endif
