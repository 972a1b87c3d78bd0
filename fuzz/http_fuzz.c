/* HTTP connection: cut differently, the same requests, refusals and bytes (fuzz/cuts.h). The second byte is the limit of bodies. */
#include "base/map.h"
#include "cuts.h"
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

static void run(struct cuts *c, struct span input, struct rng *rng, void *outcome)
{
    static const instant now = {1};
    struct http_cfg cfg = {.budget = &c->budget, .body_len_max = c->choice + 1U};
    struct http h;
    struct outcome o = {0};
    http_init(&h, &cfg, now);
    while (input.n > 0 && !o.is_closed && h.state != HTTP_UPGRADED) {
        struct span in = cuts_piece(input, rng, 50);
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
    *(struct outcome *)outcome = o;
}

static void same(const void *a, const void *b)
{
    const struct outcome *whole = a;
    const struct outcome *cut = b;
    check(whole->events == cut->events);
    check(whole->bytes == cut->bytes);
    check(whole->bytes_count == cut->bytes_count);
    check(whole->is_closed == cut->is_closed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole;
    struct outcome cut;
    const struct cuts_engine e = {
        .run = run, .same = same, .whole = &whole, .cut = &cut, .memory_unit = 8};
    cuts_try(data, size, &e);
    return 0;
}
