/* The framer: cutting the stream differently gives the same frames and the same end. The first byte chooses
 * the prefix, the second the limit, the third the seed of the cuts, the fourth the budget. */
#include "base/check.h"
#include "base/map.h"
#include "base/rng.h"
#include "codec/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum err end;
    uint64_t count;
    uint64_t hash;
};

static void take_frames(struct frame_reader *f, struct span in, struct outcome *o)
{
    static const uint64_t seed[2] = {1, 2};
    struct span frame;
    while ((o->end = frame_reader_next(f, &frame, &in)) == OK) {
        o->count++;
        o->hash = o->hash * 31 + siphash24(seed, frame) + frame.n;
    }
    check(o->end != ERR_TRUNCATED || in.n == 0);
}

static struct outcome run(struct frame_cfg cfg, struct span stream, struct rng *cuts)
{
    struct frame_reader f;
    struct outcome o = {.end = ERR_TRUNCATED};
    frame_reader_init(&f, cfg);
    while (stream.n > 0 && o.end == ERR_TRUNCATED) {
        size_t n = cuts ? (size_t)(1 + rng_below(cuts, 40)) : stream.n;
        take_frames(&f, span_take(&stream, n), &o);
    }
    frame_reader_done(&f);
    check(cfg.budget->used == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    struct budget budget;
    struct rng_seeded cuts;
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 20);
    rng_seeded_init(&cuts, data[2]);
    struct frame_cfg cfg = {.prefix = (enum frame_prefix)(data[0] % 3),
                            .frame_len_max = data[1] * 8U,
                            .budget = &budget};
    struct span stream = span_of(data + 4, size - 4);
    struct outcome whole = run(cfg, stream, NULL);
    struct outcome cut = run(cfg, stream, &cuts.rng);
    check(whole.end == cut.end);
    check(whole.count == cut.count);
    check(whole.hash == cut.hash);
    budget.limit = data[3]; /* a small budget may refuse, and must give everything back */
    (void)run(cfg, stream, &cuts.rng);
    return 0;
}
