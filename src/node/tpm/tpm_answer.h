#ifndef NODE_TPM_ANSWER_H
#define NODE_TPM_ANSWER_H

#include "node/attest/collector.h"
#include "node/tpm/tpm_chip.h"
#include "node/tpm/tpm_wire.h"

#include "base/rng.h"

/* The engine of passmesh-tpm: a request in, a reply out. */
struct tpm_answerer {
    struct tpm_chip *chip; /* NULL: there is none, and it answers for evidence alone */
    struct rng *rng;
    uint32_t uses; /* of enum tpm_use */
    /* for evidence */
    struct collector *const *collectors;
    size_t collectors_count;
    struct budget *budget;
    struct collector_outcome outcome; /* of the last request for evidence */
};

/* tpm_answer writes the reply into out, of TPM_REPLY_MAX bytes, and returns its length: every request gets one. */
size_t tpm_answer(struct tpm_answerer *a, struct mspan out, struct span request);

#endif
