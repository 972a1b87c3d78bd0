/* perf: libp2p specs, perf/perf.md. */
#include "p2p/perf.h"

#include "base/arith.h"
#include "base/check.h"

#include <string.h>

static void fail(struct perf *p, enum err err, const char *rule)
{
    if (p->state == PERF_FAILED || p->state == PERF_FINISHED) {
        return;
    }
    p->state = PERF_FAILED;
    p->err = diag_set(&p->diag, err, rule, 0);
    p->sent_event_waits = false;
    p->end_event_waits = true;
}

void perf_client_init(struct perf *p, struct perf_cfg cfg, instant now)
{
    *p = (struct perf){
        .is_client = true,
        .state = PERF_SENDING,
        .to_send = cfg.upload_len,
        .to_receive = cfg.download_len,
        .result = {.upload_len = cfg.upload_len, .download_len = cfg.download_len},
        .started_at = now
    };
    /* SPEC libp2p/perf §"Protocol": the upload starts with the number of bytes wanted back, 64 bits, big-endian. */
    for (size_t i = 0; i < PERF_HEADER_LEN; i++) {
        p->header[i] = (uint8_t)(cfg.download_len >> (8 * (PERF_HEADER_LEN - 1 - i)));
    }
}

void perf_server_init(struct perf *p, instant now)
{
    *p = (struct perf){.state = PERF_WAITING, .started_at = now};
}

static void mark_answer(struct perf *p, instant now)
{
    if (!p->has_answer) {
        p->has_answer = true;
        p->answered_at = now;
        p->result.upload_us = instant_since(p->started_at, now);
    }
}

static void client_recv(struct perf *p, instant now, struct span *in)
{
    if (in->n == 0) {
        return;
    }
    mark_answer(p, now);
    if (in->n > p->to_receive) {
        fail(p, ERR_MALFORMED, "more bytes than were asked for");
        return;
    }
    p->to_receive -= in->n;
    (void)span_take(in, in->n);
}

static void server_recv(struct perf *p, struct span *in)
{
    while (in->n > 0 && p->header_count < PERF_HEADER_LEN) {
        p->to_send = p->to_send << 8 | span_take(in, 1).p[0];
        p->header_count++;
    }
    p->result.upload_len += in->n;
    (void)span_take(in, in->n);
}

enum err perf_recv(struct perf *p, instant now, struct span *in)
{
    if (p->state == PERF_FAILED || p->state == PERF_FINISHED) {
        return p->err;
    }
    if (p->is_client) {
        client_recv(p, now, in);
    } else if (p->state == PERF_WAITING) {
        server_recv(p, in);
    }
    return p->err;
}

void perf_recv_end(struct perf *p, instant now)
{
    if (p->state == PERF_FAILED || p->state == PERF_FINISHED) {
        return;
    }
    if (p->is_client) {
        mark_answer(p, now);
        if (p->to_receive > 0 || p->state == PERF_SENDING) {
            fail(p, ERR_CLOSED, "fewer bytes than were asked for");
            return;
        }
        p->result.download_us = instant_since(p->answered_at, now);
        p->state = PERF_FINISHED;
        p->end_event_waits = true;
        return;
    }
    if (p->header_count < PERF_HEADER_LEN) {
        fail(p, ERR_CLOSED, "stream ended within the first 8 bytes");
        return;
    }
    /* SPEC libp2p/perf §"Protocol": the server answers after the client has closed its side, with exactly as many bytes. */
    p->result.download_len = p->to_send;
    p->state = PERF_SENDING;
}

static size_t send_header(struct perf *p, struct mspan out)
{
    if (!p->is_client || p->header_count == PERF_HEADER_LEN) {
        return 0;
    }
    size_t n = span_copy(out, span_from(SPAN_OF(p->header), p->header_count));
    p->header_count = (uint8_t)(p->header_count + n);
    return n;
}

size_t perf_send(struct perf *p, instant now, struct mspan out)
{
    (void)now;
    if (p->state != PERF_SENDING) {
        return 0;
    }
    size_t n = send_header(p, out);
    size_t zeros = out.n - n;
    if (zeros > p->to_send) {
        zeros = (size_t)p->to_send;
    }
    if (zeros > 0) {
        memset(out.p + n, 0, zeros);
        p->to_send -= zeros;
    }
    if (p->to_send == 0 && p->header_count == PERF_HEADER_LEN) {
        p->state = p->is_client ? PERF_WAITING : PERF_FINISHED;
        p->sent_event_waits = true;
    }
    return n + zeros;
}

bool perf_poll(struct perf *p, struct perf_event *ret_event)
{
    if (p->sent_event_waits) {
        p->sent_event_waits = false;
        *ret_event = (struct perf_event){.kind = PERF_EVENT_SENT, .result = p->result};
        return true;
    }
    if (!p->end_event_waits) {
        return false;
    }
    p->end_event_waits = false;
    *ret_event = (struct perf_event){.kind = p->state == PERF_FAILED ? PERF_EVENT_FAILED
                                                                     : PERF_EVENT_FINISHED,
                                     .result = p->result,
                                     .err = p->err,
                                     .diag = p->diag};
    return true;
}

void perf_done(struct perf *p)
{
    *p = (struct perf){.state = PERF_FAILED};
}
