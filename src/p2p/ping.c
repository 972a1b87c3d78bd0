/* ping: libp2p specs, ping/ping.md. */
#include "p2p/ping.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/secret.h"

static void fail(struct ping *p, enum err err, const char *rule)
{
    if (p->state == PING_FAILED || p->state == PING_FINISHED) {
        return;
    }
    p->state = PING_FAILED;
    p->err = diag_set(&p->diag, err, rule, 0);
    p->end_event_waits = true;
    p->deadline = INSTANT_NEVER;
}

static void finish_if_quiet(struct ping *p)
{
    if (!p->peer_ended || p->state != PING_IDLE) {
        return;
    }
    if (!p->is_dialer && p->received_count > 0) {
        return; /* answer first */
    }
    p->state = PING_FINISHED;
    p->end_event_waits = true;
}

void ping_init(struct ping *p, bool is_dialer)
{
    *p = (struct ping){.is_dialer = is_dialer, .deadline = INSTANT_NEVER};
}

enum err ping_start(struct ping *p, struct rng *rng, instant now)
{
    if (!p->is_dialer || p->state != PING_IDLE || p->pong_event_waits) {
        return ERR_STATE;
    }
    /* SPEC libp2p/ping §"Protocol": 32 random bytes, and the same 32 come back. */
    rng_fill(rng, MSPAN_OF(p->bytes));
    p->received_count = 0;
    p->sent_count = 0;
    p->started_at = now;
    p->state = PING_WAITING;
    p->deadline = instant_add(now, PING_TIMEOUT_MS * US_PER_MS);
    return OK;
}

static void dialer_recv(struct ping *p, instant now, struct span *in)
{
    size_t expected = p->state == PING_WAITING ? (size_t)(p->sent_count - p->received_count) : 0;
    if (in->n > 0 && expected == 0) {
        fail(p, ERR_MALFORMED, "answer to a ping that was not sent");
        return;
    }
    struct span part =
        span_take(in, expected); /* a listener may begin to answer before it has all */
    if (!span_equal(part, span_of(p->bytes + p->received_count, part.n))) {
        fail(p, ERR_MALFORMED, "answer is not what was sent");
        return;
    }
    p->received_count = (uint8_t)(p->received_count + part.n);
    if (p->state == PING_WAITING && p->received_count == PING_LEN) {
        p->rtt_us = instant_since(p->started_at, now);
        p->state = PING_IDLE;
        p->pong_event_waits = true;
        p->deadline = INSTANT_NEVER;
    }
}

/* listener_recv keeps as much as the ring holds; the rest stays with the caller until it is answered. */
static void listener_recv(struct ping *p, struct span *in)
{
    struct span part = span_take(in, (size_t)(PING_LEN - p->received_count));
    for (size_t i = 0; i < part.n; i++) {
        p->bytes[(p->sent_count + p->received_count + i) % PING_LEN] = part.p[i];
    }
    p->received_count = (uint8_t)(p->received_count + part.n);
}

enum err ping_recv(struct ping *p, instant now, struct span *in)
{
    ping_tick(p, now);
    if (p->state == PING_FAILED || p->state == PING_FINISHED || p->pong_event_waits) {
        return p->err;
    }
    if (p->is_dialer) {
        dialer_recv(p, now, in);
    } else {
        listener_recv(p, in);
    }
    return p->err;
}

void ping_recv_end(struct ping *p)
{
    p->peer_ended = true;
    if (p->state == PING_WAITING) {
        fail(p, ERR_CLOSED, "peer closed before it answered");
    }
    finish_if_quiet(p);
}

static size_t dialer_send(struct ping *p, instant now, struct mspan out)
{
    if (p->state != PING_WAITING) {
        return 0;
    }
    size_t n = span_copy(out, span_from(SPAN_OF(p->bytes), p->sent_count));
    p->sent_count = (uint8_t)(p->sent_count + n);
    if (n > 0) {
        p->started_at = now; /* of the last byte out: what waited before is not the link's time */
    }
    return n;
}

static size_t listener_send(struct ping *p, struct mspan out)
{
    /* SPEC libp2p/ping §"Protocol": the listener answers as often as it is asked, until the dialer closes. */
    size_t n = min_size(out.n, p->received_count);
    for (size_t i = 0; i < n; i++) {
        out.p[i] = p->bytes[(p->sent_count + i) % PING_LEN];
    }
    p->sent_count = (uint8_t)((p->sent_count + n) % PING_LEN);
    p->received_count = (uint8_t)(p->received_count - n);
    finish_if_quiet(p);
    return n;
}

size_t ping_send(struct ping *p, instant now, struct mspan out)
{
    ping_tick(p, now);
    if (p->state == PING_FAILED || p->state == PING_FINISHED) {
        return 0;
    }
    return p->is_dialer ? dialer_send(p, now, out) : listener_send(p, out);
}

bool ping_poll(struct ping *p, struct ping_event *ret_event)
{
    if (p->pong_event_waits) {
        p->pong_event_waits = false;
        *ret_event = (struct ping_event){.kind = PING_EVENT_PONG, .rtt_us = p->rtt_us};
        return true;
    }
    if (!p->end_event_waits) {
        return false;
    }
    p->end_event_waits = false;
    *ret_event = (struct ping_event){.kind = p->state == PING_FAILED ? PING_EVENT_FAILED
                                                                     : PING_EVENT_FINISHED,
                                     .err = p->err,
                                     .diag = p->diag};
    return true;
}

instant ping_deadline(const struct ping *p)
{
    return p->deadline;
}

void ping_tick(struct ping *p, instant now)
{
    if (instant_reached(p->deadline, now)) {
        fail(p, ERR_TIMEOUT, "ping was not answered in time");
    }
}

void ping_done(struct ping *p)
{
    wipe(MSPAN_OF(p->bytes));
}
