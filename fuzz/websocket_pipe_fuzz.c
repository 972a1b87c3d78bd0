/* A WebSocket as a pipe, as a server has it: byte 0 chooses the seed of the cuts, byte 1 whether an honest opening comes
 * first. Cut in two ways, the same bytes come out, and the same answer goes back. */
#include "base/arith.h"
#include "base/check.h"
#include "base/map.h"
#include "base/rng.h"
#include "http/websocket_pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    uint64_t hash;
    size_t len;
    enum err err;
};

static const struct span OPENING =
    SPAN_INIT("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

static void take(struct outcome *o, struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        o->hash = o->hash * 31 + s.p[i];
    }
    o->len += s.n;
}

static void feed(struct websocket_pipe *p, struct outcome *o, struct span in, struct rng *cuts)
{
    static uint8_t copy[4096];
    while (in.n > 0 && o->err == OK) {
        size_t n = cuts ? 1 + (size_t)rng_below(cuts, 50) : sizeof copy;
        struct span cut = span_take(&in, min_size(n, sizeof copy));
        struct mspan piece = mspan_first(MSPAN_OF(copy), span_copy(MSPAN_OF(copy), cut));
        while (piece.n > 0 && o->err == OK) {
            struct span payload;
            o->err = websocket_pipe_recv(p, &payload, &piece);
            take(o, payload);
        }
    }
}

static struct outcome run(bool is_open, struct span in, struct rng *cuts)
{
    struct outcome o = {0};
    struct budget budget;
    struct rng_seeded rng;
    struct websocket_pipe p;
    uint8_t out[256];
    rng_seeded_init(&rng, 1);
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    struct websocket_pipe_cfg cfg = {.rng = &rng.rng, .budget = &budget};
    check(websocket_pipe_init(&p, &cfg) == OK);
    if (is_open) {
        feed(&p, &o, OPENING, cuts);
        check(p.state == WEBSOCKET_PIPE_OPEN);
    }
    feed(&p, &o, in, cuts);
    for (size_t n = websocket_pipe_send(&p, MSPAN_OF(out)); n > 0;
         n = websocket_pipe_send(&p, MSPAN_OF(out))) {
        take(&o, span_of(out, n));
    }
    websocket_pipe_done(&p);
    check(budget.used == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct rng_seeded cuts;
    rng_seeded_init(&cuts, data[0]);
    struct span in = span_of(data + 2, size - 2);
    struct outcome whole = run(data[1] & 1, in, NULL);
    struct outcome cut = run(data[1] & 1, in, &cuts.rng);
    check(whole.hash == cut.hash);
    check(whole.len == cut.len);
    check(whole.err == cut.err);
    return 0;
}
