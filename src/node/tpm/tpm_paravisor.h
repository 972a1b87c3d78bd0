#ifndef NODE_TPM_PARAVISOR_H
#define NODE_TPM_PARAVISOR_H

#include "node/attest/azure_vtpm.h"
#include "node/tpm/tpm_chip.h"

/* The operations of azure_vtpm.h on a chip: indices and keys of its owner, without a password. */
struct tpm_paravisor {
    struct azure_vtpm_ops ops; /* first */
    struct tpm_chip *chip;
};
void tpm_paravisor_init(struct tpm_paravisor *p, struct tpm_chip *chip);

#endif
