/* The door to all collectors. */
#include "node/attest/collector.h"

#include "base/check.h"

#include <string.h>

const char collector_note[22] = "never run on hardware";

void collected_init(struct collected *c, struct budget *budget)
{
    *c = (struct collected){.evidence = {.kind = TEE_KIND_COUNT}};
    buf_init(&c->main, budget, COLLECTED_MAIN_LEN_MAX);
    buf_init(&c->more, budget, COLLECTED_MORE_LEN_MAX);
}

void collected_done(struct collected *c)
{
    buf_done(&c->main);
    buf_done(&c->more);
}

/* Whole or not at all: what does not fit leaves nothing behind for the next one. */
static enum err write_bound(struct wr *w, const struct evidence *e, const uint8_t *binding)
{
    if (!evidence_carries(e, binding)) {
        return ERR_STATE;
    }
    if (evidence_encoded_len(e) > EVIDENCE_LEN_MAX) {
        return ERR_LIMIT;
    }
    evidence_encode(w, e);
    return wr_end(w);
}

enum err collectors_write(struct wr *w,
                          struct collector *const *list,
                          size_t count,
                          struct budget *budget,
                          const uint8_t binding[static 64],
                          struct collector_outcome *ret)
{
    AUTO(collected_done) struct collected c;
    struct collector_outcome outcome;
    memset(&outcome, 0, sizeof outcome); /* whole: such records are compared byte by byte */
    outcome.used = count;
    check(count <= COLLECTORS_MAX);
    collected_init(&c, budget);
    for (size_t i = 0; i < count && outcome.used == count; i++) {
        c.evidence = (struct evidence){.kind = TEE_KIND_COUNT};
        enum err e = list[i]->collect(list[i], &c, binding);
        outcome.errs[i] = e == OK ? write_bound(w, &c.evidence, binding) : e;
        outcome.used = outcome.errs[i] == OK ? i : count;
    }
    if (ret) {
        *ret = outcome;
    }
    if (outcome.used < count) {
        return OK;
    }
    return count > 0 ? outcome.errs[0] : ERR_UNSUPPORTED;
}
