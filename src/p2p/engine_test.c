/* The generic tests of engines: segment invariance and twin. Linked into each test of this folder. */
#include "p2p/engine_test.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/test.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TRACE_LEN_MAX = 16 << 20,
    OUTPUT_LEN_MAX = 16 << 20,
    CUTS_COUNT = 16,     /* random cuts of one input */
    IDLE_STEPS_MAX = 64, /* an idle pair this long is quiet */
};

static void trace_init(struct engine_trace *t)
{
    *t = (struct engine_trace){0};
    buf_init(&t->events, test_budget(), TRACE_LEN_MAX);
    buf_init(&t->data, test_budget(), TRACE_LEN_MAX);
}

static void trace_done(struct engine_trace *t)
{
    buf_done(&t->events);
    buf_done(&t->data);
}

static void trace_append(struct engine_trace *t, struct span text)
{
    check(buf_append(&t->events, text) == OK);
}

/* FNV-1a: enough to tell runs apart, and short in a trace. */
static uint64_t run_hash(struct span s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.n; i++) {
        h = (h ^ s.p[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static void trace_flush(struct engine_trace *t)
{
    if (t->data.n == 0) {
        return;
    }
    char line[96];
    int n = snprintf(line, sizeof line, "data channel=%" PRIu64 " len=%zu hash=%016" PRIx64 "\n",
                     t->channel, t->data.n, run_hash(buf_span(&t->data)));
    check(n > 0);
    buf_clear(&t->data);
    trace_append(t, span_of(line, (size_t)n));
}

void engine_trace_event(struct engine_trace *t, const char *format, ...)
{
    trace_flush(t);
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    check(n >= 0);
    size_t len = min_size((size_t)n, sizeof line - 2);
    line[len] = '\n';
    trace_append(t, span_of(line, len + 1));
}

void engine_trace_data(struct engine_trace *t, uint64_t channel, struct span data)
{
    if (t->channel != channel) {
        trace_flush(t);
        t->channel = channel;
    }
    check(buf_append(&t->data, data) == OK);
}

static bool contains(struct span text, const char *piece)
{
    size_t n = strlen(piece);
    for (size_t i = 0; i + n <= text.n; i++) {
        if (memcmp(text.p + i, piece, n) == 0) {
            return true;
        }
    }
    return false;
}

/* One engine, what it said and what it did. */
struct run {
    const struct engine_kind *kind;
    void *engine;
    struct engine_trace trace;
    struct buf output;
};

static void run_init(struct run *r, const struct engine_kind *kind, instant now, unsigned twin)
{
    *r = (struct run){.kind = kind};
    trace_init(&r->trace);
    buf_init(&r->output, test_budget(), OUTPUT_LEN_MAX);
    r->engine = kind->make(now, twin);
    check(r->engine);
}

/* run_drop ends the engine, whose storage the next one may use, and keeps what it did. */
static void run_drop(struct run *r)
{
    if (r->engine) {
        r->kind->drop(r->engine);
        r->engine = NULL;
    }
    trace_flush(&r->trace);
}

static void run_done(struct run *r)
{
    run_drop(r);
    buf_done(&r->output);
    trace_done(&r->trace);
}

static bool run_poll(struct run *r, instant now)
{
    bool any = false;
    while (r->kind->poll(r->engine, now, &r->trace)) {
        any = true;
    }
    return any;
}

static void run_collect(struct run *r, instant now)
{
    uint8_t chunk[2048];
    for (;;) {
        size_t n = r->kind->send(r->engine, now, MSPAN_OF(chunk));
        if (n == 0) {
            return;
        }
        check(buf_append(&r->output, span_of(chunk, n)) == OK);
        (void)run_poll(r, now);
    }
}

/* run_feed gives one piece, as often as the engine takes some of it. */
static void run_feed(struct run *r, instant now, struct span piece)
{
    bool moved = true;
    while (moved) {
        size_t before = piece.n;
        (void)r->kind->recv(r->engine, now,
                            &piece); /* a failure is also an event, which the trace has */
        moved = run_poll(r, now) || piece.n < before;
        run_collect(r, now);
    }
}

/* A cut: piece lengths as a function of the generator. whole: 0; bytewise: 1; else random up to max. */
static void run_whole(struct run *r, struct span input, size_t piece_len_max, struct rng *rng)
{
    instant now = {.us = US_PER_S};
    (void)run_poll(r, now);
    run_collect(r, now);
    while (input.n > 0) {
        size_t n = input.n;
        if (piece_len_max > 0) {
            n = min_size(n, 1 + (size_t)rng_below(rng, piece_len_max));
        }
        run_feed(r, now, span_take(&input, n));
    }
    if (r->kind->end) {
        r->kind->end(r->engine);
    }
    (void)run_poll(r, now);
    run_collect(r, now);
    run_drop(r);
}

static bool same_as_whole(const struct run *whole,
                          const struct engine_kind *kind,
                          struct span input,
                          size_t piece_len_max,
                          uint64_t seed)
{
    struct rng_seeded rng;
    rng_seeded_init(&rng, seed);
    struct run cut;
    run_init(&cut, kind, (instant){.us = US_PER_S}, 0);
    run_whole(&cut, input, piece_len_max, &rng.rng);
    test_note("%s: pieces of at most %zu, seed %" PRIu64, kind->name, piece_len_max, seed);
    bool same = EXPECT(span_equal(buf_span(&whole->trace.events), buf_span(&cut.trace.events)));
    if (!same) {
        (void)printf("# whole:\n# %.*s\n# cut:\n# %.*s\n", (int)whole->trace.events.n,
                     (const char *)whole->trace.events.p, (int)cut.trace.events.n,
                     (const char *)cut.trace.events.p);
    }
    if (!kind->output_may_differ) {
        same = EXPECT_SPAN(buf_span(&whole->output), buf_span(&cut.output)) && same;
    }
    run_done(&cut);
    return same;
}

bool engine_test_segments(const struct engine_kind *kind,
                          struct span input,
                          const char *expected_event)
{
    struct run whole;
    run_init(&whole, kind, (instant){.us = US_PER_S}, 0);
    run_whole(&whole, input, 0, NULL);
    test_note("%s: whole", kind->name);
    bool good = EXPECT(!expected_event || contains(buf_span(&whole.trace.events), expected_event));
    if (!good) {
        (void)printf("# wanted %s, got:\n# %.*s\n", expected_event, (int)whole.trace.events.n,
                     (const char *)whole.trace.events.p);
    }
    good = same_as_whole(&whole, kind, input, 1, 0) && good;
    for (unsigned i = 0; i < CUTS_COUNT && good; i++) {
        size_t max = (size_t)2 << (i % 8);
        good = same_as_whole(&whole, kind, input, max, test_seed() + i);
    }
    run_done(&whole);
    return good;
}

/* One direction between the twins. */
struct pipe {
    struct buf held;
    size_t room;  /* bytes it holds at most */
    size_t total; /* bytes that ever went in */
};

struct pair {
    const struct engine_twin *twin;
    struct run ends[2];
    struct pipe pipes[2]; /* pipes[i]: from ends[i] */
    struct rng_seeded rng;
    instant now;
    size_t chunk_len_max;
    size_t cut_after; /* bytes over both pipes; SIZE_MAX: never */
};

static void
pair_init(struct pair *p, const struct engine_twin *twin, uint64_t seed, size_t cut_after)
{
    *p = (struct pair){.twin = twin, .now = {.us = US_PER_S}, .cut_after = cut_after};
    rng_seeded_init(&p->rng, seed);
    p->chunk_len_max = twin->chunk_len_max ? twin->chunk_len_max : 16;
    run_init(&p->ends[0], twin->client, p->now, 0);
    run_init(&p->ends[1], twin->server, p->now, 1);
    for (unsigned i = 0; i < 2; i++) {
        p->pipes[i].room = twin->pipe_len ? twin->pipe_len : 64;
        buf_init(&p->pipes[i].held, test_budget(), p->pipes[i].room);
    }
}

static void pair_done(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        run_done(&p->ends[i]);
        buf_done(&p->pipes[i].held);
    }
}

/* move_out lets end i say a little into its pipe; true if it said something. */
static bool move_out(struct pair *p, unsigned i)
{
    uint8_t chunk[2048];
    size_t n = 1 + (size_t)rng_below(&p->rng.rng, p->chunk_len_max);
    n = min_size(min_size(n, p->pipes[i].room - p->pipes[i].held.n), sizeof chunk);
    size_t said = n ? p->ends[i].kind->send(p->ends[i].engine, p->now, mspan_of(chunk, n)) : 0;
    check(said <= n);
    check(buf_append(&p->pipes[i].held, span_of(chunk, said)) == OK);
    p->pipes[i].total += said;
    return said > 0;
}

/* move_in lets end i take a little from the other's pipe; true if it took something. */
static bool move_in(struct pair *p, unsigned i)
{
    struct pipe *from = &p->pipes[1 - i];
    size_t n = min_size(1 + (size_t)rng_below(&p->rng.rng, p->chunk_len_max), from->held.n);
    if (n == 0) {
        return false;
    }
    struct span piece = span_of(from->held.p, n);
    (void)p->ends[i].kind->recv(p->ends[i].engine, p->now, &piece);
    (void)run_poll(&p->ends[i],
                   p->now); /* while the input that events may point into is still there */
    size_t taken = n - piece.n;
    buf_consume(&from->held, taken);
    return taken > 0;
}

static bool pair_step(struct pair *p)
{
    unsigned i = (unsigned)rng_below(&p->rng.rng, 2);
    p->now = instant_add(p->now, 1);
    struct run *r = &p->ends[i];
    if (instant_reached(r->kind->deadline(r->engine), p->now)) {
        r->kind->tick(r->engine, p->now);
    }
    bool moved = rng_below(&p->rng.rng, 2) ? move_out(p, i) : move_in(p, i);
    return run_poll(r, p->now) || moved;
}

static bool pair_is_cut(const struct pair *p)
{
    return p->pipes[0].total + p->pipes[1].total >= p->cut_after;
}

/* pair_run pumps until quiet or cut; false if it never became either. */
static bool pair_run(struct pair *p)
{
    size_t steps_max = p->twin->steps_max ? p->twin->steps_max : 200000;
    unsigned idle = 0;
    for (size_t i = 0; i < steps_max; i++) {
        idle = pair_step(p) ? 0 : idle + 1;
        if (idle == IDLE_STEPS_MAX) {
            return true;
        }
        if (pair_is_cut(p)) {
            return true;
        }
    }
    return false;
}

/* pair_end tells both ends that the connection is gone, hears what they say to it, and drops them. */
static void pair_end(struct pair *p, bool tell)
{
    for (unsigned i = 0; i < 2; i++) {
        struct run *r = &p->ends[i];
        if (tell && r->kind->end) {
            r->kind->end(r->engine);
        }
        (void)run_poll(r, p->now);
        run_drop(r);
    }
}

static bool
trace_matches(const struct run *r, const struct run *first, const char *event, bool may_differ)
{
    bool good = EXPECT(!event || contains(buf_span(&r->trace.events), event));
    if (first && !may_differ) {
        good =
            EXPECT(span_equal(buf_span(&first->trace.events), buf_span(&r->trace.events))) && good;
    }
    if (!good) {
        (void)printf("# %s: wanted %s, got:\n# %.*s\n", r->kind->name,
                     event ? event : "the first seed's trace", (int)r->trace.events.n,
                     (const char *)r->trace.events.p);
    }
    return good;
}

static bool twin_cut(const struct engine_twin *twin, uint64_t seed, size_t total)
{
    struct pair p;
    struct rng_seeded rng;
    rng_seeded_init(&rng, ~seed);
    pair_init(&p, twin, seed, total ? (size_t)rng_below(&rng.rng, total) : 0);
    test_note("%s, seed %" PRIu64 ", cut after %zu bytes", twin->client->name, seed, p.cut_after);
    bool good = EXPECT(pair_run(&p));
    pair_end(&p, true);
    pair_done(&p);
    return good;
}

bool engine_test_twin(const struct engine_twin *twin, unsigned seeds)
{
    struct pair first;
    pair_init(&first, twin, test_seed(), SIZE_MAX);
    test_note("%s, seed %" PRIu64, twin->client->name, test_seed());
    bool good = EXPECT(pair_run(&first));
    pair_end(&first, false);
    good = trace_matches(&first.ends[0], NULL, twin->client_event, false) && good;
    good = trace_matches(&first.ends[1], NULL, twin->server_event, false) && good;
    size_t total = first.pipes[0].total + first.pipes[1].total;
    for (unsigned s = 1; s < seeds && good; s++) {
        struct pair p;
        uint64_t seed = test_seed() + s;
        pair_init(&p, twin, seed, SIZE_MAX);
        test_note("%s, seed %" PRIu64, twin->client->name, seed);
        good = EXPECT(pair_run(&p));
        pair_end(&p, false);
        good = trace_matches(&p.ends[0], &first.ends[0], twin->client_event,
                             twin->traces_may_differ) &&
               good;
        good = trace_matches(&p.ends[1], &first.ends[1], twin->server_event,
                             twin->traces_may_differ) &&
               good;
        pair_done(&p);
        good = good && twin_cut(twin, seed, total);
    }
    pair_done(&first);
    return good;
}
