/* Words for kinds and levels. */
#include "tee/level.h"

#include <assert.h>

static const char *const kinds[] = {
    [TEE_SGX] = "sgx",     [TEE_TDX] = "tdx",   [TEE_SEV_SNP] = "sev-snp",
    [TEE_NITRO] = "nitro", [TEE_TPM2] = "tpm2", [TEE_CCA] = "cca",
};
static_assert(sizeof kinds / sizeof kinds[0] == TEE_KIND_COUNT, "a name for each kind");

static const struct {
    const char *name;
    const char *text;
} levels[] = {
    [TEE_LEVEL_NONE] = {"none",                  "nothing about this machine is proved"},
    [TEE_LEVEL_TPM_BOUND_KEY] = {"tpm-bound-key",
                        "its key cannot leave the machine's security chip, but whoever "
                                 "runs the machine can use it"                         },
    [TEE_LEVEL_HARDWARE_ATTESTED] =
        {"hardware-attested",
                        "it runs in memory that the hardware closes to its operator, but which program runs "
         "there is not proved"                                                         },
    [TEE_LEVEL_CODE_ATTESTED] = {"code-attested",
                        "the hardware proves that it runs a program of the signed "
                                 "release list"                                        },
    [TEE_LEVEL_LOCATED] = {"code-attested-located",
                        "the hardware proves that it runs a program of the signed release "
                           "list, and its place or owner is known"                     },
};
static_assert(sizeof levels / sizeof levels[0] == TEE_LEVEL_COUNT, "words for each level");

const char *tee_kind_name(enum tee_kind kind)
{
    return (unsigned)kind < TEE_KIND_COUNT ? kinds[kind] : "unknown";
}

bool tee_kind_parse(enum tee_kind *ret, struct span name)
{
    for (int i = 0; i < TEE_KIND_COUNT; i++) {
        if (span_equal(name, span_str(kinds[i]))) {
            *ret = (enum tee_kind)i;
            return true;
        }
    }
    return false;
}

const char *tee_level_name(enum tee_level level)
{
    return (unsigned)level < TEE_LEVEL_COUNT ? levels[level].name : "none";
}

bool tee_level_parse(enum tee_level *ret, struct span name)
{
    for (int i = 0; i < TEE_LEVEL_COUNT; i++) {
        if (span_equal(name, span_str(levels[i].name))) {
            *ret = (enum tee_level)i;
            return true;
        }
    }
    return false;
}

const char *tee_level_text(enum tee_level level)
{
    return levels[(unsigned)level < TEE_LEVEL_COUNT ? level : TEE_LEVEL_NONE].text;
}
