/* Streams of the test node: the echo server, and the client's side of each job. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p_node.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    CONCURRENT_RESETS = 16,
    CHUNK_LEN = 65536 /* a multiple of the generator's 8 bytes */,
    HELD_LEN_MAX = 64 << 20
};

/* What hangs on a stream. */
struct echo {
    struct list in_clients;
    host_stream stream;
    bool is_client;
    bool is_sink;
    bool peer_finished;
    bool finished;         /* our writing side is closed */
    bool echoed;           /* client: all has come back */
    uint64_t to_send;      /* client: bytes left */
    uint64_t to_receive;   /* client: bytes left */
    uint64_t reset_after;  /* client of JOB_RESETS: bytes until the reset */
    struct rng_seeded out; /* client: what is sent, and what must come back */
    struct rng_seeded in;
    uint8_t word[8]; /* client: of `in`, compared now */
    struct sha256 hash;
    struct buf held; /* what could not be written yet */
};

static void echo_free(struct node *n, struct echo *s)
{
    list_remove(&s->in_clients);
    buf_done(&s->held);
    mem_free(&n->budget, s, sizeof *s);
}

static struct echo *echo_new(struct node *n)
{
    void *memory;
    if (mem_alloc(&n->budget, &memory, sizeof(struct echo)) != OK) {
        return NULL;
    }
    struct echo *s = memory;
    buf_init(&s->held, &n->budget, HELD_LEN_MAX);
    return s;
}

/* ---- server ---- */

static void server_write(struct node *n, host_stream stream, struct echo *s)
{
    size_t written = host_stream_write(&n->host, stream, buf_span(&s->held));
    buf_consume(&s->held, written);
    host_stream_consume(&n->host, stream, written);
    if (s->held.n == 0) {
        buf_trim(&s->held);
        if (s->peer_finished && !s->finished) {
            s->finished = true;
            host_stream_close_write(&n->host, stream);
        }
    }
}

static void server_data(struct node *n, host_stream stream, struct echo *s, struct span data)
{
    if (s->is_sink) {
        n->sunk_len += data.n;
        host_stream_consume(&n->host, stream, data.n);
        return;
    }
    if (buf_append(&s->held, data) != OK) {
        host_stream_reset(&n->host, stream, 1);
        echo_free(n, s);
        n->serving_count--;
        return;
    }
    server_write(n, stream, s);
}

/* ---- client ---- */

static void client_reset(struct node *n, host_stream stream, struct echo *s)
{
    host_stream_reset(&n->host, stream, (uint32_t)rng_below(&n->choices.rng, 3));
    echo_free(n, s);
    n->job.open_count--;
    n->job.echoed_count++;
}

/* client_fill draws the next bytes to send, if all that was drawn before is out. */
static bool client_fill(struct echo *s)
{
    struct mspan room;
    size_t len = s->to_send < CHUNK_LEN ? (size_t)s->to_send : CHUNK_LEN;
    if (s->held.n > 0 || len == 0 || buf_extend(&s->held, &room, len) != OK) {
        return s->held.n > 0;
    }
    rng_fill(&s->out.rng, room);
    return true;
}

/* send_zeros sends as much as the stream takes, without drawing or keeping anything. */
static void send_zeros(struct node *n, host_stream stream, struct echo *s)
{
    static const uint8_t zeros[CHUNK_LEN];
    while (s->to_send > 0) {
        size_t len = s->to_send < CHUNK_LEN ? (size_t)s->to_send : CHUNK_LEN;
        size_t sent = host_stream_write(&n->host, stream, span_of(zeros, len));
        s->to_send -= sent;
        if (sent < len) {
            return; /* WRITABLE follows */
        }
    }
    if (!s->finished) {
        s->finished = true;
        s->to_receive = 0;
        host_stream_close_write(&n->host, stream);
    }
}

/* client_write sends as much as the stream takes. */
static void client_write(struct node *n, host_stream stream, struct echo *s)
{
    bool resets = n->job.kind == JOB_RESETS;
    if (n->job.kind == JOB_SEND) {
        send_zeros(n, stream, s);
        return;
    }
    while (client_fill(s)) {
        size_t sent = host_stream_write(&n->host, stream, buf_span(&s->held));
        buf_consume(&s->held, sent);
        s->to_send -= sent;
        if (resets && s->reset_after <= sent) {
            client_reset(n, stream, s);
            return;
        }
        s->reset_after -= resets ? sent : 0;
        if (s->held.n > 0) {
            return; /* WRITABLE follows */
        }
    }
    if (s->to_send == 0 && !s->finished && n->job.kind != JOB_STREAMS) {
        s->finished = true;
        host_stream_close_write(&n->host, stream);
    }
}

/* expected compares data with what was sent; data comes in any pieces, the generator gives words. */
static bool expected(struct echo *s, struct span data, uint64_t offset)
{
    for (size_t i = 0; i < data.n; i++) {
        size_t at = (size_t)((offset + i) % 8);
        if (at == 0) {
            rng_fill(&s->in.rng, MSPAN_OF(s->word));
        }
        if (data.p[i] != s->word[at]) {
            return false;
        }
    }
    return true;
}

static void client_done(struct node *n, struct echo *s)
{
    s->echoed = true;
    n->job.echoed_count++;
    if (n->job.kind == JOB_ECHO) {
        struct hash32 h;
        sha256_end(&s->hash, &h);
        for (size_t i = 0; i < sizeof h.bytes; i++) {
            (void)snprintf(n->job.sha256 + 2 * i, 3, "%02x", h.bytes[i]);
        }
    }
}

static void client_data(struct node *n, host_stream stream, struct echo *s, struct span data)
{
    uint64_t offset = n->job.bytes - s->to_receive;
    if (n->job.kind != JOB_RESETS) {
        if (data.n > s->to_receive || !expected(s, data, offset)) {
            node_say("error echo differs at %" PRIu64, offset);
            n->job.kind = JOB_NONE;
        }
        sha256_add(&s->hash, data);
        s->to_receive -= data.n < s->to_receive ? data.n : s->to_receive;
    }
    host_stream_consume(&n->host, stream, data.n);
    if (n->job.kind == JOB_STREAMS && s->to_receive == 0 && !s->echoed) {
        client_done(n, s);
    }
}

static bool client_open(struct node *n)
{
    struct job *j = &n->job;
    struct echo *s = echo_new(n);
    if (!s) {
        return false;
    }
    host_stream stream;
    struct refusal refusal = {0};
    const char *protocol = j->kind == JOB_SEND ? SINK_PROTOCOL : ECHO_PROTOCOL;
    struct host_open_args args = {
        .peer = &j->peer, .protocol = protocol, .user = s, .relayed_ok = true};
    enum err err = host_open_stream(&n->host, &stream, &refusal, args);
    if (err != OK) {
        echo_free(n, s);
        if (err != ERR_LIMIT || j->open_count == 0) {
            node_say("error open %s %s", err_name(err), refusal.reason ? refusal.reason : "");
            j->kind = JOB_NONE;
        }
        return false; /* at a limit: go on when one of those that are open has moved on */
    }
    s->is_client = true;
    s->to_send = j->bytes;
    s->to_receive = j->bytes;
    s->reset_after = rng_below(&n->choices.rng, j->bytes + 1);
    rng_seeded_init(&s->out, j->opened_count);
    rng_seeded_init(&s->in, j->opened_count);
    sha256_init(&s->hash);
    s->stream = stream;
    list_add_last(&n->clients, &s->in_clients);
    j->opened_count++;
    j->open_count++;
    client_write(n, stream, s);
    return true;
}

static void job_finish(struct node *n)
{
    struct job *j = &n->job;
    uint64_t us = instant_since(j->started_at, loop_now(&n->loop));
    if (j->kind == JOB_ECHO) {
        node_say("ok echo bytes=%" PRIu64 " sha256=%s us=%" PRIu64, j->bytes, j->sha256, us);
    } else if (j->kind == JOB_SEND) {
        node_say("ok send bytes=%" PRIu64 " us=%" PRIu64, j->bytes, us);
    } else if (j->kind == JOB_STREAMS) {
        node_say("ok streams count=%u us=%" PRIu64, j->echoed_count, us);
    } else {
        node_say("ok resets count=%u us=%" PRIu64, j->echoed_count, us);
    }
    j->kind = JOB_NONE;
}

static void close_all(struct node *n)
{
    for (struct list *l = list_first(&n->clients); l; l = list_next(&n->clients, l)) {
        struct echo *s = list_entry(l, struct echo, in_clients);
        if (!s->finished) {
            s->finished = true;
            host_stream_close_write(&n->host, s->stream);
        }
    }
}

void job_go_on(struct node *n)
{
    struct job *j = &n->job;
    uint32_t at_once = j->kind == JOB_RESETS ? CONCURRENT_RESETS : j->count;
    while (j->kind != JOB_NONE && j->opened_count < j->count && j->open_count < at_once) {
        if (!client_open(n)) {
            return;
        }
    }
    if (j->kind == JOB_STREAMS && j->echoed_count == j->count && j->open_count == j->count &&
        !j->closing) {
        j->closing = true;
        node_say("open %u", j->open_count); /* all of them at the same time */
        close_all(n);
    }
    if (j->kind != JOB_NONE && j->echoed_count == j->count && j->open_count == 0) {
        job_finish(n);
    }
}

/* ---- events ---- */

static void on_opened(struct node *n, const struct host_event *e)
{
    if (!e->inbound) {
        struct echo *s = e->user;
        client_write(n, e->stream, s);
        return;
    }
    struct echo *s = echo_new(n);
    if (!s) {
        host_stream_reset(&n->host, e->stream, 0);
        return;
    }
    n->serving_count++;
    s->is_sink = span_equal(e->protocol, SPAN_LIT(SINK_PROTOCOL));
    host_stream_set_user(&n->host, e->stream, s);
}

static void on_gone(struct node *n, const struct host_event *e)
{
    struct echo *s = e->user;
    if (!s) {
        return;
    }
    if (!s->is_client) {
        n->serving_count--;
    } else {
        n->job.open_count--;
        bool whole = e->kind == HOST_EVENT_STREAM_CLOSED && s->to_receive == 0;
        if (n->job.kind == JOB_RESETS) {
            n->job.echoed_count++;
        } else if (n->job.kind != JOB_NONE && !whole && !s->echoed) {
            node_say("error stream %s %s", err_name(e->err), e->rule ? e->rule : "");
            n->job.kind = JOB_NONE;
        } else if (whole && !s->echoed) {
            client_done(n, s);
        }
    }
    echo_free(n, s);
}

void stream_on_event(struct node *n, const struct host_event *e)
{
    struct echo *s = e->user;
    if (e->kind == HOST_EVENT_STREAM_OPENED) {
        on_opened(n, e);
    } else if (e->kind == HOST_EVENT_STREAM_CLOSED || e->kind == HOST_EVENT_STREAM_RESET) {
        on_gone(n, e);
    } else if (e->kind == HOST_EVENT_STREAM_DATA && s->is_client) {
        client_data(n, e->stream, s, e->data);
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        server_data(n, e->stream, s, e->data);
    } else if (e->kind == HOST_EVENT_STREAM_WRITABLE && s->is_client) {
        client_write(n, e->stream, s);
    } else if (e->kind == HOST_EVENT_STREAM_WRITABLE) {
        server_write(n, e->stream, s);
    } else if (e->kind == HOST_EVENT_STREAM_FIN && !s->is_client) {
        s->peer_finished = true;
        server_write(n, e->stream, s);
    }
    job_go_on(n);
}
