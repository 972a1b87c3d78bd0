/* The release list: what was accepted can be searched, and extends nothing of its own sequence. */
#include "base/check.h"
#include "tee/releases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct appraisal a;
    struct releases r;
    struct releases none = {0};
    struct diag why = {0};
    if (releases_parse(&r, span_of(data, size), &why) != OK) {
        check(why.rule != NULL);
        return 0;
    }
    appraisal_init(&a, TEE_TDX);
    check(!releases_have(&r, &a, (walltime){0})); /* nothing was measured */
    check(releases_extends(&none, &r) == OK);
    check(releases_extends(&r, &r) == ERR_DENIED);
    return 0;
}
