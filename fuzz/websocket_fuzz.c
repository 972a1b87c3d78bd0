/* WebSocket: cut differently, the same messages and the same end (fuzz/cuts.h). The second byte is the limit of messages. */
#include "base/map.h"
#include "codec/utf8.h"
#include "cuts.h"
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

static void run(struct cuts *c, struct span input, struct rng *rng, void *outcome)
{
    static const instant now = {1};
    struct websocket_cfg cfg = {.budget = &c->budget, .message_len_max = c->choice + 1U};
    struct websocket ws;
    struct outcome o = {0};
    websocket_init(&ws, &cfg, now);
    while (input.n > 0 && !o.is_closed) {
        struct span in = cuts_piece(input, rng, 30);
        size_t before = in.n;
        (void)websocket_recv(&ws, now, &in);
        (void)span_take(&input, before - in.n);
        pump(&ws, &o);
    }
    websocket_recv_end(&ws);
    pump(&ws, &o);
    check(o.is_closed);
    websocket_done(&ws);
    *(struct outcome *)outcome = o;
}

static void same(const void *a, const void *b)
{
    const struct outcome *whole = a;
    const struct outcome *cut = b;
    check(whole->messages == cut->messages);
    check(whole->hash == cut->hash);
    check(whole->code == cut->code);
    check(whole->err == cut->err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole;
    struct outcome cut;
    const struct cuts_engine e = {
        .run = run, .same = same, .whole = &whole, .cut = &cut, .memory_unit = 4};
    cuts_try(data, size, &e);
    return 0;
}
