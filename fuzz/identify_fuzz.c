/* identify: cut differently, a hearer ends in the same way; what decodes is encoded again alike. Byte 0
 * chooses the seed of the cuts, byte 1 a budget for a second round. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/identify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum identify_state state;
    enum err err;
    size_t protocols_count;
    size_t addrs_count;
};

static void walk(const struct identify_info *info, struct budget *budget)
{
    struct span item;
    size_t n = 0;
    struct identify_cursor c = identify_cursor_init(info);
    while (identify_next_protocol(&item, &c)) {
        n++;
    }
    check(n <= info->protocols_count);
    n = 0;
    c = identify_cursor_init(info);
    while (identify_next_addr(&item, &c)) {
        n++;
    }
    check(n <= info->addrs_count);
    struct peer_record record;
    struct peer_id nobody = {0};
    check(identify_open_record(&record, info, &nobody, budget) != OK);
}

static struct outcome run(struct span in, struct budget *budget, struct rng *cuts)
{
    struct identify d;
    struct identify_event e;
    struct peer_id peer = {0};
    struct outcome o = {0};
    identify_hear_init(&d, &peer, budget, (instant){0});
    while (in.n > 0) {
        struct span piece = span_take(&in, cuts ? (size_t)(1 + rng_below(cuts, 60)) : in.n);
        (void)identify_recv(&d, (instant){0}, &piece);
        check(piece.n == 0 || d.state == IDENTIFY_FAILED);
    }
    identify_recv_end(&d);
    check(identify_poll(&d, &e));
    if (e.kind == IDENTIFY_EVENT_HEARD) {
        walk(&e.info, budget);
        o.protocols_count = e.info.protocols_count;
        o.addrs_count = e.info.addrs_count;
    }
    o.state = d.state;
    o.err = d.err;
    identify_done(&d);
    check(budget->used == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    check(crypto_init() == OK);
    struct budget budget;
    struct rng_seeded cuts;
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 20);
    rng_seeded_init(&cuts, data[0]);
    struct span in = span_of(data + 2, size - 2);
    struct outcome whole = run(in, &budget, NULL);
    struct outcome cut = run(in, &budget, &cuts.rng);
    check(whole.state == cut.state);
    check(whole.err == cut.err);
    check(whole.protocols_count == cut.protocols_count);
    check(whole.addrs_count == cut.addrs_count);
    budget.limit = data[1] * 16U;
    (void)run(in, &budget, &cuts.rng);
    return 0;
}
