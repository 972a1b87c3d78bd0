/* Appraisal policies: a policy that was accepted gives a readable rule for each kind that it names. */
#include "base/check.h"
#include "tee/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct appraisal a;
    struct policy p;
    struct diag why = {0};
    if (policy_parse(&p, span_of(data, size), &why) != OK) {
        check(why.rule != NULL);
        return 0;
    }
    size_t found = 0;
    for (int kind = 0; kind < TEE_KIND_COUNT; kind++) {
        struct policy_rule rule;
        struct expectation e = {.policy = &p};
        appraisal_init(&a, (enum tee_kind)kind);
        if (policy_begin(&rule, &a, &e) == OK) {
            found++;
            check(policy_decide(&a, &rule, &e) != OK); /* nothing was bound */
        }
    }
    check(found == json_count(p.rules));
    return 0;
}
