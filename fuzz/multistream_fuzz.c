/* multistream-select: cutting the input differently gives the same end and the same output, and memory
 * comes back. Byte 0 chooses role, laziness and the protocols, byte 1 the seed of the cuts, byte 2 the
 * limit of proposals, byte 3 a small budget for a second round. */
#include "base/check.h"
#include "base/map.h"
#include "base/rng.h"
#include "p2p/multistream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum multistream_state state;
    enum err err;
    size_t left;
    size_t out_len;
    uint64_t out_hash;
};

static void drain(struct multistream *m, struct outcome *o)
{
    uint8_t out[7];
    struct multistream_event e;
    for (size_t n = 1; n > 0;) {
        n = multistream_send(m, (instant){0}, MSPAN_OF(out));
        for (size_t i = 0; i < n; i++) {
            o->out_hash = (o->out_hash ^ out[i]) * UINT64_C(0x100000001b3);
        }
        o->out_len += n;
    }
    while (multistream_poll(m, &e)) {
        check(e.protocol < m->cfg->protocols_count);
    }
}

static struct outcome run(const struct multistream_cfg *cfg, struct span in, struct rng *cuts)
{
    struct multistream m;
    struct outcome o = {.out_hash = 1};
    if (multistream_init(&m, cfg, (instant){0}) == OK) {
        drain(&m, &o);
        while (in.n > 0) {
            size_t n = cuts ? (size_t)(1 + rng_below(cuts, 30)) : in.n;
            struct span piece = span_take(&in, n);
            (void)multistream_recv(&m, (instant){0}, &piece);
            drain(&m, &o);
            if (piece.n > 0) {
                check(m.state == MULTISTREAM_SELECTED || m.state == MULTISTREAM_FAILED);
                o.left = piece.n + in.n;
                break;
            }
        }
        o.state = m.state;
        o.err = m.err;
    }
    multistream_done(&m);
    check(cfg->budget->used == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    const struct span protocols[] = {SPAN_LIT("/noise"), SPAN_LIT("/yamux/1.0.0"),
                                     SPAN_LIT("/ipfs/ping/1.0.0")};
    struct budget budget;
    struct rng_seeded cuts;
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 20);
    rng_seeded_init(&cuts, data[1]);
    struct multistream_cfg cfg = {.is_dialer = data[0] & 1,
                                  .protocols = protocols,
                                  .protocols_count = 1 + (data[0] >> 2) % 3,
                                  .budget = &budget,
                                  .proposals_max = 1 + data[2] % 16};
    cfg.lazy = cfg.is_dialer && cfg.protocols_count == 1 && (data[0] & 2);
    struct span in = span_of(data + 4, size - 4);
    struct outcome whole = run(&cfg, in, NULL);
    struct outcome cut = run(&cfg, in, &cuts.rng);
    check(whole.state == cut.state);
    check(whole.err == cut.err);
    check(whole.out_len == cut.out_len);
    check(whole.out_hash == cut.out_hash);
    check(whole.state != MULTISTREAM_SELECTED || whole.left == cut.left);
    budget.limit = data[3] * 4U;
    (void)run(&cfg, in, &cuts.rng);
    return 0;
}
