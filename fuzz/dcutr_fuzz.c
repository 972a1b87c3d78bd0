/* The exchange of DCUtR, either side by the second byte: whole, cut, and with little memory. */
#include "cuts.h"
#include "p2p/dcutr.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    bool is_over;
    enum dcutr_event_kind kind;
    enum err err;
    size_t addrs_count;
};

static void run(struct cuts *c, struct span input, struct rng *cuts, void *into)
{
    static const uint8_t addr[] = {4, 1, 2, 3, 4, 6, 0x0f, 0xa1};
    struct outcome *o = into;
    struct span own = SPAN_OF(addr);
    struct dcutr d;
    struct dcutr_event e;
    uint8_t room[64];
    instant now = {.us = US_PER_S};
    struct dcutr_cfg cfg = {.asks = c->choice & 1,
                            .addrs = &own,
                            .addrs_count = 1,
                            .timeout_us = US_PER_S,
                            .budget = &c->budget};
    *o = (struct outcome){0};
    if (dcutr_init(&d, &cfg, now) != OK) {
        dcutr_done(&d);
        return;
    }
    (void)dcutr_send(&d, now, MSPAN_OF(room));
    enum err err = OK;
    while (input.n > 0 && err == OK && !o->is_over) {
        struct span piece = cuts_piece(input, cuts, 20);
        size_t before = piece.n;
        err = dcutr_recv(&d, now, &piece);
        input = span_from(input, before - piece.n);
        (void)dcutr_send(&d, now, MSPAN_OF(room));
        dcutr_tick(&d, d.state == DCUTR_TIMING && input.n == 0 ? dcutr_deadline(&d) : now);
        if (dcutr_poll(&d, &e)) {
            *o = (struct outcome){
                .is_over = true, .kind = e.kind, .err = e.err, .addrs_count = e.addrs_count};
        }
    }
    dcutr_recv_end(&d);
    (void)dcutr_poll(&d, &e);
    dcutr_done(&d);
}

static void same(const void *whole, const void *cut)
{
    const struct outcome *a = whole;
    const struct outcome *b = cut;
    check(a->addrs_count == b->addrs_count || a->kind != b->kind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome outcomes[2];
    static const struct cuts_engine engine = {
        .run = run, .same = same, .whole = &outcomes[0], .cut = &outcomes[1], .memory_unit = 16};
    cuts_try(data, size, &engine);
    return 0;
}
