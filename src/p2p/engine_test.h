#ifndef P2P_ENGINE_TEST_H
#define P2P_ENGINE_TEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/rng.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two tests that every engine gets for a line each:
 *
 * - segment invariance: the same input whole, byte by byte and cut at random gives the same events and
 *   the same output;
 * - twin: two engines pumped into each other through narrow pipes, with output and input cut at random,
 *   until both are quiet; or with the connection cut at a random byte.
 *
 * An engine joins by filling struct engine_kind: how to make one, and how to call its verbs. */

/* What an engine did, in a form that does not depend on how its input was cut: events as text lines,
 * and runs of data, where neighbouring pieces of one channel are one run. */
struct engine_trace {
    struct buf events; /* text */
    struct buf data;   /* bytes of the run in progress */
    uint64_t channel;  /* of the run in progress */
};

/* engine_trace_event adds one line. */
void engine_trace_event(struct engine_trace *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* engine_trace_data adds bytes to the run of a channel (a stream id, or 0). */
void engine_trace_data(struct engine_trace *t, uint64_t channel, struct span data);

struct engine_kind {
    const char *name;

    /* make gives a new engine from static storage or test_budget(), in the same state and with the same
     * seeds at every call; `twin` is 0 or 1 for the two sides of a twin test. drop undoes it, and leaves
     * no byte reserved. */
    void *(*make)(instant now, unsigned twin);
    void (*drop)(void *engine);

    /* The engine's verbs. poll takes one event, writes it to the trace, and may answer it with commands;
     * false if none waited. end (may be NULL) tells that no more input comes. */
    enum err (*recv)(void *engine, instant now, struct span *in);
    void (*end)(void *engine);
    size_t (*send)(void *engine, instant now, struct mspan out);
    bool (*poll)(void *engine, instant now, struct engine_trace *trace);
    instant (*deadline)(const void *engine);
    void (*tick)(void *engine, instant now);

    /* Set if the output may rightly depend on how the input was cut (acknowledgements that coalesce):
     * then only the events are compared. */
    bool output_may_differ;
};

/* engine_test_segments feeds input to engines of this kind in many cuts; false (and failed EXPECTs) if
 * any of them differs from the whole. In the whole case, events must contain `expected_event` (a
 * piece of a trace line; NULL: anything), so that a test cannot pass on nothing. */
bool engine_test_segments(const struct engine_kind *kind,
                          struct span input,
                          const char *expected_event);

struct engine_twin {
    const struct engine_kind *client; /* made with twin = 0 */
    const struct engine_kind *server; /* made with twin = 1 */
    size_t pipe_len;                  /* bytes that one direction holds; 0: 64 */
    size_t chunk_len_max;             /* of one send or recv; 0: 16 */
    size_t steps_max;         /* 0: 200,000; reaching it is a failure: the pair never got quiet */
    const char *client_event; /* a piece that the client's trace must contain; NULL: anything */
    const char *server_event;
    bool traces_may_differ; /* between seeds: events of several channels that interleave */
};

/* engine_test_twin runs the pair for `seeds` different seeds until it is quiet, then again for each seed
 * with the connection cut after a random number of bytes: then both ends are told, and must be dropped
 * without a byte left. The traces of the uncut runs must be alike. */
bool engine_test_twin(const struct engine_twin *twin, unsigned seeds);

#endif
