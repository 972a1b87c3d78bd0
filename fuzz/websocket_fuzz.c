/* WebSocket: cut differently, the same messages and the same end. The first byte is the seed of the cuts, the second the limit of
 * messages, the third the budget of a last run. */
#include "base/check.h"
#include "base/map.h"
#include "base/rng.h"
#include "codec/utf8.h"
#include "http/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    uint64_t hash;
    size_t messages;
    uint16_t code;
    enum err err;
    bool is_closed;
};

static void pump(struct websocket *ws, struct outcome *o)
{
    static const uint64_t seed[2] = {5, 6};
    static const instant now = {1};
    struct websocket_event e;
    uint8_t out[97];
    for (;;) {
        bool has_event = websocket_poll(ws, &e);
        if (has_event && e.kind == WEBSOCKET_EVENT_MESSAGE) {
            check(!e.is_text || utf8_is_valid(e.message));
            check(e.message.n <= ws->cfg->message_len_max);
            o->hash = o->hash * 31 + siphash24(seed, e.message) + e.is_text;
            o->messages++;
        } else if (has_event) {
            o->is_closed = true;
            o->code = e.code;
            o->err = e.err;
        }
        if (websocket_send(ws, now, MSPAN_OF(out)) == 0 && !has_event) {
            return;
        }
    }
}

static struct outcome run(const struct websocket_cfg *cfg, struct span input, struct rng *cuts)
{
    static const instant now = {1};
    struct websocket ws;
    struct outcome o = {0};
    websocket_init(&ws, cfg, now);
    while (input.n > 0 && !o.is_closed) {
        struct span in = span_first(input, cuts ? (size_t)(1 + rng_below(cuts, 30)) : input.n);
        size_t before = in.n;
        (void)websocket_recv(&ws, now, &in);
        (void)span_take(&input, before - in.n);
        pump(&ws, &o);
    }
    websocket_recv_end(&ws);
    pump(&ws, &o);
    check(o.is_closed);
    websocket_done(&ws);
    check(cfg->budget->used == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    struct budget budget;
    struct rng_seeded cuts;
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 22);
    rng_seeded_init(&cuts, data[0]);
    struct websocket_cfg cfg = {.budget = &budget, .message_len_max = data[1] + 1U};
    struct span input = span_of(data + 3, size - 3);
    struct outcome whole = run(&cfg, input, NULL);
    struct outcome cut = run(&cfg, input, &cuts.rng);
    check(whole.messages == cut.messages);
    check(whole.hash == cut.hash);
    check(whole.code == cut.code);
    check(whole.err == cut.err);
    budget.limit = data[2] * 4U;
    (void)run(&cfg, input, &cuts.rng);
    return 0;
}
