#ifndef TEE_ROOTS_H
#define TEE_ROOTS_H

#include "tee/chain.h"

/* The vendors' roots that this build trusts. evidence.h uses them and takes no others, so that no program, policy or peer can
 * bring its own; verifiers take anchors as an argument for the sake of tests. */

/* roots_of gives the roots of one kind of evidence; CCA has none: platform keys come from each maker. */
struct anchors roots_of(enum tee_kind kind);

#endif
