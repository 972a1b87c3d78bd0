/* What a plugin sends to its supervisor: the first byte chooses how it is cut, a byte 0xff in front of a piece lets time pass. */
#include "plugin/sidecar.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct sidecar *s, instant now)
{
    struct sidecar_event e;
    uint8_t out[256];
    while (sidecar_poll(s, &e)) {
        check(e.text.n <= SIDECAR_FRAME_LEN_MAX);
    }
    while (sidecar_send(s, now, MSPAN_OF(out)) > 0) {}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget;
    struct sidecar s;
    struct sidecar_cfg cfg = {
        .abi = 1, .nonce = "00112233445566778899aabbccddeeff", .state_dir = "/x"};
    instant now = {.us = 1};
    if (size < 1) {
        return 0;
    }
    budget_init(&budget, NULL, "fuzz", (size_t)4 << 20);
    cfg.budget = &budget;
    sidecar_init(&s, &cfg, now);
    size_t segment = data[0] % 64 + 1;
    struct span in = span_of(data + 1, size - 1);
    while (in.n > 0) {
        if (in.p[0] == 0xff) {
            now = instant_add(now, US_PER_S);
            sidecar_tick(&s, now);
        }
        struct span part = span_take(&in, segment);
        while (part.n > 0) {
            check(sidecar_recv(&s, now, &part) == OK);
            drain(&s, now);
        }
    }
    enum sidecar_verdict v = sidecar_ended(&s, data[0]);
    check(s.why[0] != '\0');
    check(v != SIDECAR_STAY_DOWN || data[0] == SIDECAR_EXIT_WORDS ||
          data[0] == SIDECAR_EXIT_USAGE || data[0] == SIDECAR_EXIT_CONFIG);
    sidecar_done(&s);
    check(budget.used == 0);
    return 0;
}
