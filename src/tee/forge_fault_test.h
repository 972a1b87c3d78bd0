#ifndef TEE_FORGE_FAULT_TEST_H
#define TEE_FORGE_FAULT_TEST_H

#include "tee/forge_test.h"

/* Platforms with one thing wrong: each check that verifiers have forgotten. */
struct forge_fault {
    const char *name;
    enum tee_kind kind;
    void (*make)(struct forge *f); /* changes a genuine one */
    enum appraisal_step step;      /* where it is refused, by a policy that takes only UpToDate */
};

/* forge_genuine describes a platform in good order: every number as the collateral wants it. */
void forge_genuine(struct forge *ret, enum tee_kind kind);

/* forge_fault gives the i-th; false: there are no more. */
bool forge_fault(struct forge_fault *ret, size_t i);

#endif
