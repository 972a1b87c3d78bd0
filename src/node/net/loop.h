#ifndef NODE_LOOP_H
#define NODE_LOOP_H

#include "base/err.h"
#include "base/instant.h"

#include <uv.h>

/* The event loop of a process: libuv's, with the clock that engines are given. One thread. */
struct loop {
    uv_loop_t uv;
};

/* loop_init also has the process ignore SIGPIPE. ERR_IO if the system gives no descriptors for it. */
MUST_CHECK enum err loop_init(struct loop *l);

/* loop_run turns until loop_stop, or until no handle is active. */
void loop_run(struct loop *l);

/* loop_turn handles what is ready now, without waiting; true if handles are still active. */
bool loop_turn(struct loop *l);

void loop_stop(struct loop *l);

/* loop_now is the monotonic clock, read anew. */
instant loop_now(const struct loop *l);

/* loop_done runs what closing handles still have to do and gives everything back. Every handle must be
 * closing by then. */
void loop_done(struct loop *l);

/* A single-shot alarm at an instant of loop_now. */
typedef void (*alarm_fn)(void *user);

struct alarm {
    uv_timer_t timer;
    struct loop *loop;
    alarm_fn fn;
    void *user;
    instant at;      /* INSTANT_NEVER: not set */
    bool is_ringing; /* within fn */
};

void alarm_init(struct alarm *a, struct loop *loop, alarm_fn fn, void *user);

/* alarm_set rings at `at`, or at once if that has passed, once; INSTANT_NEVER unsets. Setting it to where
 * it stands already costs nothing. */
void alarm_set(struct alarm *a, instant at);

/* alarm_done: the memory must stay until the loop has turned once more, or loop_done has run. */
void alarm_done(struct alarm *a);

#endif
