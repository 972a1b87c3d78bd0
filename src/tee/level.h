#ifndef TEE_LEVEL_H
#define TEE_LEVEL_H

#include "base/span.h"

#include <stdbool.h>

/* Kinds of evidence. */
enum tee_kind { TEE_SGX, TEE_TDX, TEE_SEV_SNP, TEE_NITRO, TEE_TPM2, TEE_CCA, TEE_KIND_COUNT };

/* What a stranger's machine proves, from little to much. Genuine hardware is not our code: a plugin on a stock confidential
 * VM is hardware-attested, because its launch measurement does not cover the plugin. */
enum tee_level {
    TEE_LEVEL_NONE,
    TEE_LEVEL_TPM_BOUND_KEY, /* the key cannot leave its chip; whoever owns the machine can use it */
    TEE_LEVEL_HARDWARE_ATTESTED, /* memory is closed to the operator; which code runs there is not known */
    TEE_LEVEL_CODE_ATTESTED, /* and its measurement stands in the signed release list */
    TEE_LEVEL_LOCATED,       /* and somebody vouches for where the machine stands, or whose it is */
    TEE_LEVEL_COUNT
};

/* Stable names ("sev-snp", "hardware-attested"), and a level in a sentence for people; never NULL. */
const char *tee_kind_name(enum tee_kind kind);
bool tee_kind_parse(enum tee_kind *ret, struct span name);
const char *tee_level_name(enum tee_level level);
bool tee_level_parse(enum tee_level *ret, struct span name);
const char *tee_level_text(enum tee_level level);

#endif
