/* HTTP connection: cut differently, the same requests, refusals and bytes. The first two bytes are the seed of the cuts and the
 * limit of bodies. Then the whole again with a budget from the third byte. */
#include "base/check.h"
#include "base/map.h"
#include "base/rng.h"
#include "http/gate.h"
#include "http/http.h"
#include "http/router.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    uint64_t events; /* hash */
    uint64_t bytes;  /* hash */
    size_t bytes_count;
    bool is_closed;
};

static void mix(uint64_t *hash, struct span s)
{
    static const uint64_t seed[2] = {3, 4};
    *hash = *hash * 31 + siphash24(seed, s) + s.n;
}

static void look_at(const struct http_event *e)
{
    static const struct gate gate = {
        .host = {(const uint8_t *)"a",        1},
          .origin = {(const uint8_t *)"http://a", 8}
    };
    static const struct route routes[] = {
        {HTTP_GET,  "/",    1},
        {HTTP_POST, "/rpc", 2}
    };
    int id = 0;
    struct span value;
    check(e->head->host.n > 0);
    check(e->head->path.p[0] == '/');
    check(e->body.n == e->head->content_length);
    (void)gate_check(&gate, e->head);
    (void)router_find(&id, routes, 2, e->head);
    (void)http_head_find(&value, e->head, "x");
}

static void take_events(struct http *h, struct outcome *o)
{
    static const instant now = {1};
    struct http_event e;
    while (http_poll(h, &e)) {
        uint8_t mark[3] = {(uint8_t)e.kind, (uint8_t)e.status, (uint8_t)e.err};
        mix(&o->events, SPAN_OF(mark));
        if (e.kind == HTTP_EVENT_CLOSED) {
            o->is_closed = true;
        }
        if (e.kind == HTTP_EVENT_REQUEST) {
            look_at(&e);
            mix(&o->events, e.head->path);
            mix(&o->events, e.body);
            struct http_answer a = {.status = 200, .body = e.body};
            if (e.head->upgrades_to_websocket ? http_upgrade(h, now) != OK
                                              : http_respond(h, now, &a) != OK) {
                o->is_closed = true; /* no memory for an answer */
            }
        }
    }
}

static struct outcome run(const struct http_cfg *cfg, struct span input, struct rng *cuts)
{
    static const instant now = {1};
    struct http h;
    struct outcome o = {0};
    http_init(&h, cfg, now);
    while (input.n > 0 && !o.is_closed && h.state != HTTP_UPGRADED) {
        struct span in = span_first(input, cuts ? (size_t)(1 + rng_below(cuts, 50)) : input.n);
        size_t before = in.n;
        (void)http_recv(&h, now, &in);
        (void)span_take(&input, before - in.n);
        take_events(&h, &o);
        uint8_t out[97];
        for (size_t n; (n = http_send(&h, now, MSPAN_OF(out))) > 0;) {
            for (size_t i = 0; i < n; i++) {
                o.bytes = o.bytes * 31 + out[i];
            }
            o.bytes_count += n;
        }
        take_events(&h, &o);
    }
    http_done(&h);
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
    struct http_cfg cfg = {.budget = &budget, .body_len_max = data[1] + 1U};
    struct span input = span_of(data + 3, size - 3);
    struct outcome whole = run(&cfg, input, NULL);
    struct outcome cut = run(&cfg, input, &cuts.rng);
    check(whole.events == cut.events);
    check(whole.bytes == cut.bytes);
    check(whole.bytes_count == cut.bytes_count);
    check(whole.is_closed == cut.is_closed);
    budget.limit = data[2] * 8U;
    (void)run(&cfg, input, &cuts.rng);
    return 0;
}
