/* The event loop: a thin cover over libuv's. */
#include "node/net/loop.h"

#include "base/check.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

/* Frames come and go by the thousand: without these the C library would give their memory back to the
 * system each time, and fault it in again. The loop keeps at most KEPT_LEN bytes that nobody uses. */
enum { KEPT_LEN = 1 << 20 };

enum err loop_init(struct loop *l)
{
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_LEN);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_LEN);
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that goes away must not end the process */
    return uv_loop_init(&l->uv) == 0 ? OK : ERR_IO;
}

void loop_run(struct loop *l)
{
    (void)uv_run(&l->uv, UV_RUN_DEFAULT);
}

bool loop_turn(struct loop *l)
{
    return uv_run(&l->uv, UV_RUN_NOWAIT) != 0;
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

instant loop_now(const struct loop *l)
{
    (void)l;
    return (instant){.us = uv_hrtime() / 1000};
}

void loop_done(struct loop *l)
{
    (void)uv_run(&l->uv, UV_RUN_DEFAULT);
    check(uv_loop_close(&l->uv) == 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct alarm *a = timer->data;
    /* libuv counts in milliseconds of its own cached clock: it may ring a little early. */
    if (instant_before(loop_now(a->loop), a->at)) {
        (void)uv_timer_start(timer, on_timer, 1, 0);
        return;
    }
    a->at = INSTANT_NEVER;
    a->is_ringing = true;
    a->fn(a->user);
    a->is_ringing = false;
}

void alarm_init(struct alarm *a, struct loop *loop, alarm_fn fn, void *user)
{
    *a = (struct alarm){.loop = loop, .fn = fn, .user = user, .at = INSTANT_NEVER};
    check(uv_timer_init(&loop->uv, &a->timer) == 0);
    a->timer.data = a;
}

void alarm_set(struct alarm *a, instant at)
{
    if (at.us == a->at.us) {
        return;
    }
    a->at = at;
    if (instant_is_never(at)) {
        (void)uv_timer_stop(&a->timer);
        return;
    }
    uv_update_time(&a->loop->uv);
    uint64_t wait_us = instant_since(loop_now(a->loop), at);
    uint64_t wait_ms = wait_us / 1000 + (wait_us % 1000 != 0);
    /* A timer that is due again within its own call would ring for ever, and no socket be looked at in between. */
    wait_ms = wait_ms == 0 && a->is_ringing ? 1 : wait_ms;
    (void)uv_timer_start(&a->timer, on_timer, wait_ms, 0);
}

void alarm_done(struct alarm *a)
{
    if (a->loop && !uv_is_closing((uv_handle_t *)&a->timer)) {
        uv_close((uv_handle_t *)&a->timer, NULL);
    }
}
