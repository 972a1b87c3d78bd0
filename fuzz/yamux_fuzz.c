/* yamux against a hostile peer: whatever comes, credit is conserved, no stream has an event after its
 * last, cutting the input differently gives the same events, and memory comes back. Byte 0 chooses the
 * side and what the owner does with streams, byte 1 the seed of the cuts, byte 2 the limits, byte 3 a
 * small budget for a second round. */
#include "base/check.h"
#include "base/map.h"
#include "base/rng.h"
#include "p2p/yamux_stream.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IDS = 64 };

struct owner {
    struct yamux y;
    uint8_t policy;
    uint64_t hash;
    bool is_over;
    struct {
        uint32_t id;
        size_t held;
    } live[IDS];
    size_t live_count;
};

static void check_credit(const struct yamux *y)
{
    for (size_t i = 0; i < y->streams.count; i++) {
        const struct yamux_stream *s = map_at(&y->streams, i)->value;
        check((uint64_t)s->recv_window + s->unconsumed + s->credit == s->window);
    }
}

static size_t find(const struct owner *o, uint32_t id)
{
    size_t i = 0;
    while (i < o->live_count && o->live[i].id != id) {
        i++;
    }
    return i;
}

static void forget(struct owner *o, size_t i)
{
    check(i < o->live_count); /* else: an event after the last */
    o->live[i] = o->live[--o->live_count];
}

static void on_opened(struct owner *o, uint32_t id)
{
    if (o->live_count == IDS || (o->policy & 1 && id % 3 == 0)) {
        yamux_reset_stream(&o->y, id, 5);
        return;
    }
    check(find(o, id) == o->live_count);
    o->live[o->live_count].id = id;
    o->live[o->live_count++].held = 0;
    check(yamux_accept_stream(&o->y, id, NULL) == OK);
}

static void on_data(struct owner *o, const struct yamux_event *e, size_t i)
{
    for (size_t k = 0; k < e->data.n; k++) {
        o->hash = (o->hash ^ e->data.p[k] ^ e->stream_id) * UINT64_C(0x100000001b3);
    }
    o->live[i].held += e->data.n;
    if (o->policy & 2) {
        (void)yamux_write(&o->y, e->stream_id, e->data);
    }
    if (!(o->policy & 4) || o->live[i].held > 100) {
        yamux_consume(&o->y, e->stream_id,
                      (struct yamux_consume_args){.n = o->live[i].held, .now = o->y.now});
        o->live[i].held = 0;
    }
}

static void on_event(struct owner *o, const struct yamux_event *e)
{
    check(!o->is_over);
    size_t i = find(o, e->stream_id);
    if (e->kind != YAMUX_EVENT_DATA) {
        o->hash = (o->hash ^ e->kind ^ (uint64_t)e->stream_id << 8) * UINT64_C(0x100000001b3);
    }
    switch (e->kind) {
    case YAMUX_EVENT_OPENED: on_opened(o, e->stream_id); break;
    case YAMUX_EVENT_DATA:
        check(i < o->live_count);
        on_data(o, e, i);
        break;
    case YAMUX_EVENT_FIN:
        check(i < o->live_count);
        if (o->policy & 8) {
            yamux_finish(&o->y, e->stream_id);
        }
        break;
    case YAMUX_EVENT_RESET:
    case YAMUX_EVENT_STREAM_CLOSED: forget(o, i); break;
    case YAMUX_EVENT_WRITABLE:      check(i < o->live_count); break;
    case YAMUX_EVENT_REFUSED:       check(e->refusal.reason && e->refusal.scope); break;
    case YAMUX_EVENT_GO_AWAY:       break;
    case YAMUX_EVENT_CLOSED:        o->is_over = true; break;
    }
}

static void turn(struct owner *o, bool sends)
{
    struct yamux_event e;
    uint8_t out[512];
    while (yamux_poll(&o->y, &e)) {
        on_event(o, &e);
    }
    check_credit(&o->y);
    while (sends && yamux_send(&o->y, o->y.now, MSPAN_OF(out)) > 0) {
        while (yamux_poll(&o->y, &e)) {
            on_event(o, &e);
        }
    }
    check(o->is_over || !sends || !yamux_has_output(&o->y));
}

static uint64_t run(const struct yamux_cfg *cfg, uint8_t policy, struct span in, struct rng *cuts)
{
    static struct owner o;
    memset(&o, 0, sizeof o);
    o.policy = policy;
    o.hash = 1;
    instant now = {.us = US_PER_S};
    check(yamux_init(&o.y, cfg, now) == OK);
    uint32_t id;
    if (yamux_open_stream(&o.y, &id, NULL, (struct yamux_open_args){.now = now}) == OK) {
        o.live[o.live_count++].id = id;
        (void)yamux_write(&o.y, id, SPAN_LIT("hello"));
    }
    while (in.n > 0 && !o.is_over) {
        struct span piece = span_take(&in, cuts ? (size_t)(1 + rng_below(cuts, 40)) : in.n);
        enum err e = OK;
        while (e == OK && piece.n > 0) {
            e = yamux_recv(&o.y, now, &piece);
            turn(&o, policy & 16);
        }
    }
    turn(&o, true);
    yamux_done(&o.y);
    check(cfg->budget->used == 0);
    return o.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    struct budget budget;
    struct rng_seeded cuts;
    budget_init(&budget, NULL, "fuzz", (size_t)4 << 20);
    rng_seeded_init(&cuts, data[1]);
    struct yamux_cfg cfg = yamux_cfg_default(data[0] & 1, &budget);
    cfg.credit = &budget;
    cfg.streams_in_max = 1 + data[2] % 16;
    cfg.streams_max = 2 + data[2] / 16;
    cfg.backlog_max = 4;
    cfg.frame_len_max = 1 + data[2];
    struct span in = span_of(data + 4, size - 4);
    uint8_t policy = data[0] >> 1;
    uint64_t whole = run(&cfg, policy, in, NULL);
    /* What is sent meanwhile frees streams and room, so only a silent owner sees the same in every cut. */
    check((policy & 16) || whole == run(&cfg, policy, in, &cuts.rng));
    budget.limit = (size_t)data[3] * 16;
    (void)run(&cfg, policy, in, &cuts.rng);
    return 0;
}
