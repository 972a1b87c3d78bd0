/* The attestation protocol: whatever comes, a verifier accepts nothing, and cutting the input elsewhere changes nothing. */
#include "base/check.h"
#include "tee/attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err refuse(struct attest_judge *self,
                       struct appraisal *ret,
                       const struct evidence *evidence,
                       const uint8_t binding[static 64])
{
    (void)self;
    (void)binding;
    appraisal_init(ret, evidence->kind);
    return appraisal_fail(ret, ERR_AUTH, STEP_BINDING, PART_EVIDENCE, 0);
}

static enum attest_outcome
run(struct attest *a, const struct attest_cfg *cfg, struct span data, size_t step)
{
    uint8_t out[64];
    struct attest_event e = {0};
    check(attest_init(a, cfg, (instant){0}) == OK);
    while (data.n > 0) {
        struct span in = span_take(&data, step);
        if (attest_recv(a, (instant){0}, &in) != OK) {
            break;
        }
    }
    while (attest_send(a, (instant){0}, MSPAN_OF(out)) > 0) {}
    (void)attest_poll(a, &e);
    attest_done(a);
    return e.outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct attest a;
    struct budget budget;
    struct attest_judge judge = {refuse};
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    for (int is_verifier = 0; is_verifier < 2; is_verifier++) {
        struct attest_cfg cfg = {.is_verifier = is_verifier,
                                 .self_id = SPAN_LIT("one"),
                                 .remote_id = SPAN_LIT("two"),
                                 .channel = SPAN_LIT("a channel of thirty-two bytes ..."),
                                 .budget = &budget,
                                 .timeout_us = 1,
                                 .kinds = 0xff,
                                 .judge = &judge};
        enum attest_outcome whole = run(&a, &cfg, span_of(data, size), size + 1);
        check(whole == run(&a, &cfg, span_of(data, size), 3));
        check(!is_verifier || whole != ATTEST_ACCEPTED);
    }
    return 0;
}
