/* The protocols that every host speaks by itself: identify and its push, ping, perf. Each runs its own
 * engine on a stream; here they are fed, drained, timed and listened to. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_state.h"

#include <string.h>

/* ---- identify: what we tell, what we heard ---- */

MUST_CHECK static enum err tell_init(struct host *h, struct host_stream_state *s)
{
    struct span protocols[HOST_PROTOCOLS_MAX];
    struct span addrs[HOST_ADDRS_MAX];
    size_t protocols_count = 0;
    for (size_t i = 0; i < h->protocols.count; i++) {
        if (h->protocol_ids[i].n > 1) { /* not retired */
            protocols[protocols_count++] = h->protocol_ids[i];
        }
    }
    struct identify_content content = {
        .public_key = h->cfg.signer->public_key,
        .addrs = addrs,
        .addrs_count = host_announced_addrs(h, addrs),
        .protocols = protocols,
        .protocols_count = protocols_count,
        .observed_addr = buf_span(&s->conn->addr),
        .protocol_version =
            span_str(h->cfg.protocol_family ? h->cfg.protocol_family : "ipfs/0.1.0"),
        .agent_version = span_str(h->cfg.agent ? h->cfg.agent : "passmesh"),
        .signed_peer_record = buf_span(&h->record)};
    return identify_tell_init(&s->builtin->engine.identify, &content, &s->conn->budget, h->now);
}

/* remember keeps what the peer told, in the peer's own scope. */
static void remember(struct host *h, struct host_peer *p, struct span message)
{
    struct identify_info info;
    buf_clear(&p->identify);
    p->is_identified = false;
    p->info = (struct identify_info){0};
    if (buf_append(&p->identify, message) != OK) {
        (void)host_refuse(h, NULL, host_memory_refusal(&p->budget, message.n), &p->id);
        return;
    }
    enum err e = identify_decode(&info, buf_span(&p->identify));
    check(e == OK); /* the engine read the same bytes */
    p->info = info;
    p->is_identified = true;
    p->identified_due = true;
    host_peer_event(h, p);
}

/* ---- engines, by kind ---- */

enum err host_builtin_new(struct host *h, struct host_stream_state *s, enum host_builtin_kind kind)
{
    void *p;
    TRY(heap_add(&h->timers, &s->timer.node, INSTANT_NEVER));
    TRY(mem_alloc(&s->conn->budget, &p, sizeof(struct host_builtin)));
    s->builtin = p;
    s->builtin->kind = kind;
    return OK;
}

MUST_CHECK static enum err engine_init(struct host *h, struct host_stream_state *s)
{
    struct host_builtin *b = s->builtin;
    struct host_conn *hc = s->conn;
    bool tells = (b->kind == HOST_BUILTIN_IDENTIFY) == s->inbound;
    b->has_engine = true;
    switch (b->kind) {
    case HOST_BUILTIN_IDENTIFY:
    case HOST_BUILTIN_PUSH:
        /* SPEC libp2p/identify §"Identify": the side that was asked tells; in a push the side that opened. */
        if (tells) {
            return tell_init(h, s);
        }
        identify_hear_init(&b->engine.identify, &hc->peer_id, &hc->budget, h->now);
        conn_stream_close_write(&hc->conn, s->cs);
        return OK;
    case HOST_BUILTIN_PING:
        ping_init(&b->engine.ping, !s->inbound);
        return s->inbound ? OK : ping_start(&b->engine.ping, h->cfg.rng, h->now);
    case HOST_BUILTIN_PERF:
        if (s->inbound) {
            perf_server_init(&b->engine.perf, h->now);
        } else {
            perf_client_init(&b->engine.perf, b->perf_cfg, h->now);
        }
        return OK;
    case HOST_BUILTIN_NONE: break;
    }
    return ERR_INTERNAL;
}

static void engine_recv(struct host *h, struct host_builtin *b, struct span *in)
{
    switch (b->kind) {
    case HOST_BUILTIN_IDENTIFY:
    case HOST_BUILTIN_PUSH:     (void)identify_recv(&b->engine.identify, h->now, in); break;
    case HOST_BUILTIN_PING:     (void)ping_recv(&b->engine.ping, h->now, in); break;
    case HOST_BUILTIN_PERF:     (void)perf_recv(&b->engine.perf, h->now, in); break;
    case HOST_BUILTIN_NONE:     break;
    }
}

static void engine_recv_end(struct host *h, struct host_builtin *b)
{
    switch (b->kind) {
    case HOST_BUILTIN_IDENTIFY:
    case HOST_BUILTIN_PUSH:     identify_recv_end(&b->engine.identify); break;
    case HOST_BUILTIN_PING:     ping_recv_end(&b->engine.ping); break;
    case HOST_BUILTIN_PERF:     perf_recv_end(&b->engine.perf, h->now); break;
    case HOST_BUILTIN_NONE:     break;
    }
}

static size_t engine_send(struct host *h, struct host_builtin *b, struct mspan out)
{
    switch (b->kind) {
    case HOST_BUILTIN_IDENTIFY:
    case HOST_BUILTIN_PUSH:     return identify_send(&b->engine.identify, h->now, out);
    case HOST_BUILTIN_PING:     return ping_send(&b->engine.ping, h->now, out);
    case HOST_BUILTIN_PERF:     return perf_send(&b->engine.perf, h->now, out);
    case HOST_BUILTIN_NONE:     break;
    }
    return 0;
}

static instant engine_deadline(const struct host_builtin *b)
{
    switch (b->kind) {
    case HOST_BUILTIN_IDENTIFY:
    case HOST_BUILTIN_PUSH:     return identify_deadline(&b->engine.identify);
    case HOST_BUILTIN_PING:     return ping_deadline(&b->engine.ping);
    case HOST_BUILTIN_PERF:
    case HOST_BUILTIN_NONE:     break;
    }
    return INSTANT_NEVER;
}

static void engine_done(struct host_builtin *b)
{
    switch (b->kind) {
    case HOST_BUILTIN_IDENTIFY:
    case HOST_BUILTIN_PUSH:     identify_done(&b->engine.identify); break;
    case HOST_BUILTIN_PING:     ping_done(&b->engine.ping); break;
    case HOST_BUILTIN_PERF:     perf_done(&b->engine.perf); break;
    case HOST_BUILTIN_NONE:     break;
    }
}

/* ---- results ---- */

static void report_ping(struct host *h, struct host_stream_state *s, uint64_t rtt_us, enum err e)
{
    struct host_peer *p = s->conn->peer;
    if (p && p->ping_is_out && !s->builtin->is_reported) {
        s->builtin->is_reported =
            true; /* the next ping may be out while this stream still closes */
        p->ping_is_out = false;
        p->ping_due = true;
        p->ping_rtt_us = rtt_us;
        p->ping_err = e;
        host_peer_event(h, p);
    }
}

static void
report_perf(struct host *h, struct host_builtin *b, const struct perf_result *r, enum err e)
{
    if (!b->report) {
        return;
    }
    b->report->err = e;
    if (r) {
        b->report->result = (struct host_perf_result){.upload_len = r->upload_len,
                                                      .download_len = r->download_len,
                                                      .upload_us = r->upload_us,
                                                      .download_us = r->download_us};
    }
    list_add_last(&h->perfs, &b->report->in_perfs);
    b->report = NULL;
}

void host_builtin_end(struct host *h, struct host_stream_state *s, enum err e)
{
    struct host_builtin *b = s->builtin;
    if (!b) {
        return;
    }
    enum err why = e == OK ? ERR_CLOSED : e;
    if (b->kind == HOST_BUILTIN_PING && !s->inbound) {
        report_ping(h, s, 0, why);
    }
    report_perf(h, b, NULL, why);
    if (b->has_engine) {
        engine_done(b);
    }
    mem_free(&s->conn->budget, b, sizeof *b);
    s->builtin = NULL;
}

/* ---- what engines have to tell; false if the stream is to be reset ---- */

static bool on_identify(struct host *h, struct host_stream_state *s)
{
    struct identify_event e;
    while (identify_poll(&s->builtin->engine.identify, &e)) {
        switch (e.kind) {
        case IDENTIFY_EVENT_TOLD:   conn_stream_close_write(&s->conn->conn, s->cs); break;
        case IDENTIFY_EVENT_HEARD:  remember(h, s->conn->peer, e.info.message); break;
        case IDENTIFY_EVENT_FAILED: host_say_broken(h, s->id, e.diag.rule); return false;
        }
    }
    return true;
}

static bool on_ping(struct host *h, struct host_stream_state *s)
{
    struct ping_event e;
    while (ping_poll(&s->builtin->engine.ping, &e)) {
        switch (e.kind) {
        case PING_EVENT_PONG:
            report_ping(h, s, e.rtt_us, OK);
            conn_stream_close_write(&s->conn->conn, s->cs);
            break;
        case PING_EVENT_FINISHED: conn_stream_close_write(&s->conn->conn, s->cs); break;
        case PING_EVENT_FAILED:
            host_say_broken(h, s->id, e.diag.rule);
            if (!s->inbound) {
                report_ping(h, s, 0, e.err);
            }
            return false;
        }
    }
    return true;
}

static bool on_perf(struct host *h, struct host_stream_state *s)
{
    struct perf_event e;
    while (perf_poll(&s->builtin->engine.perf, &e)) {
        switch (e.kind) {
        case PERF_EVENT_SENT:     conn_stream_close_write(&s->conn->conn, s->cs); break;
        case PERF_EVENT_FINISHED: report_perf(h, s->builtin, &e.result, OK); break;
        case PERF_EVENT_FAILED:   report_perf(h, s->builtin, NULL, e.err); return false;
        }
    }
    return true;
}

static bool listen_to_engine(struct host *h, struct host_stream_state *s)
{
    switch (s->builtin->kind) {
    case HOST_BUILTIN_IDENTIFY:
    case HOST_BUILTIN_PUSH:     return on_identify(h, s);
    case HOST_BUILTIN_PING:     return on_ping(h, s);
    case HOST_BUILTIN_PERF:     return on_perf(h, s);
    case HOST_BUILTIN_NONE:     break;
    }
    return false;
}

/* drain writes what the engine has to say; false if memory fails in the middle of it. */
static bool drain(struct host *h, struct host_stream_state *s)
{
    uint8_t piece[2048];
    piece[0] = 0;
    for (;;) {
        size_t room = min_size(sizeof piece, conn_stream_writable_len(&s->conn->conn, s->cs));
        if (room == 0) {
            (void)conn_stream_write(&s->conn->conn, s->cs,
                                    span_of(piece, 1)); /* takes none, asks for WRITABLE */
            return true;
        }
        size_t n = engine_send(h, s->builtin, mspan_of(piece, room));
        if (n == 0) {
            return true;
        }
        if (conn_stream_write(&s->conn->conn, s->cs, span_of(piece, n)) < n) {
            return false;
        }
    }
}

/* turn drains, listens, and sets the timer; the stream is gone if false. */
static bool turn(struct host *h, struct host_stream_state *s)
{
    struct host_conn *hc = s->conn;
    if (!drain(h, s) || !listen_to_engine(h, s)) {
        host_stream_drop(h, s);
        return false;
    }
    check(heap_add(&h->timers, &s->timer.node, engine_deadline(s->builtin)) == OK);
    host_conn_touch(h, hc);
    return true;
}

static bool feed(struct host *h, struct host_stream_state *s, struct span data)
{
    struct span in = data;
    while (in.n > 0) {
        size_t before = in.n;
        engine_recv(h, s->builtin, &in);
        if (!turn(h, s)) {
            return false;
        }
        if (in.n == before) {
            host_say_broken(h, s->id, "it writes faster than it reads our answers, or too much");
            host_stream_drop(h, s);
            return false;
        }
    }
    conn_stream_consume(&s->conn->conn, s->cs, data.n);
    return true;
}

void host_builtin_on_event(struct host *h, struct host_stream_state *s, const struct conn_event *e)
{
    switch (e->kind) {
    case CONN_EVENT_STREAM_OPENED:
        if (engine_init(h, s) != OK) {
            host_stream_drop(h, s);
            return;
        }
        (void)turn(h, s);
        break;
    case CONN_EVENT_STREAM_DATA: (void)feed(h, s, e->data); break;
    case CONN_EVENT_STREAM_FIN:
        engine_recv_end(h, s->builtin);
        (void)turn(h, s);
        break;
    case CONN_EVENT_STREAM_WRITABLE:
        if (s->builtin->has_engine) {
            (void)turn(h, s);
        }
        break;
    case CONN_EVENT_READY:
    case CONN_EVENT_STREAM_CLOSED:
    case CONN_EVENT_STREAM_RESET:
    case CONN_EVENT_REFUSED:
    case CONN_EVENT_CLOSED:        break;
    }
}

void host_builtin_tick(struct host *h, struct host_stream_state *s)
{
    struct host_builtin *b = s->builtin;
    check(heap_add(&h->timers, &s->timer.node, INSTANT_NEVER) == OK);
    if (!b || !b->has_engine || !s->cs) {
        return;
    }
    if (b->kind == HOST_BUILTIN_PING) {
        ping_tick(&b->engine.ping, h->now);
    } else if (b->kind != HOST_BUILTIN_PERF) {
        identify_tick(&b->engine.identify, h->now);
    }
    (void)turn(h, s);
}

/* ---- commands ---- */

static struct host_conn *conn_of(const struct host *h, const struct peer_id *peer)
{
    const struct host_peer *p = host_peer_get(h, peer);
    struct list *first = p ? list_first(&p->conns) : NULL;
    return first ? list_entry(first, struct host_conn, in_peer) : NULL;
}

void host_identify_start(struct host *h, struct host_conn *hc)
{
    struct host_stream_state *s;
    struct host_stream_args args = {
        .conn = hc, .protocol = SPAN_LIT(IDENTIFY_PROTOCOL), .builtin = HOST_BUILTIN_IDENTIFY};
    if (host_stream_start(h, &s, NULL, args) != OK) {
        return; /* the refusal is an event; the peer stays unidentified */
    }
}

void host_push_all(struct host *h)
{
    struct span push = SPAN_LIT(IDENTIFY_PUSH_PROTOCOL);
    for (size_t i = 0; i < h->peers.count; i++) {
        struct host_peer *p = map_at(&h->peers, i)->value;
        struct host_conn *hc = conn_of(h, &p->id);
        struct host_stream_state *s;
        if (!hc || !host_peer_speaks(h, &p->id, push)) {
            continue;
        }
        struct host_stream_args args = {.conn = hc, .protocol = push, .builtin = HOST_BUILTIN_PUSH};
        if (host_stream_start(h, &s, NULL, args) != OK) {
            continue; /* the refusal is an event; this peer is told with the next change */
        }
    }
}

enum err host_ping(struct host *h, const struct peer_id *peer)
{
    struct host_conn *hc = conn_of(h, peer);
    if (!hc) {
        return ERR_NOT_FOUND;
    }
    if (hc->peer->ping_is_out) {
        return ERR_STATE;
    }
    struct host_stream_state *s;
    TRY(host_stream_start(h, &s, NULL,
                          (struct host_stream_args){.conn = hc,
                                                    .protocol = SPAN_LIT(PING_PROTOCOL),
                                                    .builtin = HOST_BUILTIN_PING}));
    hc->peer->ping_is_out = true;
    return OK;
}

enum err host_perf(struct host *h, struct host_perf_args args)
{
    struct host_conn *hc = conn_of(h, args.peer);
    if (!hc) {
        return ERR_NOT_FOUND;
    }
    void *p;
    TRY(mem_alloc(&h->system, &p, sizeof(struct host_perf_report)));
    struct host_perf_report *report = p;
    report->peer = *args.peer;
    struct host_stream_state *s;
    enum err e = host_stream_start(h, &s, NULL,
                                   (struct host_stream_args){.conn = hc,
                                                             .protocol = SPAN_LIT(PERF_PROTOCOL),
                                                             .builtin = HOST_BUILTIN_PERF});
    if (e != OK) {
        mem_free(&h->system, report, sizeof *report);
        return e;
    }
    s->builtin->report = report;
    s->builtin->perf_cfg =
        (struct perf_cfg){.upload_len = args.upload_len, .download_len = args.download_len};
    return OK;
}

bool host_builtin_poll(struct host *h, struct host_event *ret_event)
{
    struct list *first = list_first(&h->perfs);
    if (!first) {
        return false;
    }
    struct host_perf_report *r = list_entry(first, struct host_perf_report, in_perfs);
    *ret_event = (struct host_event){
        .kind = HOST_EVENT_PERF, .peer = r->peer, .perf = r->result, .err = r->err};
    list_remove(first);
    mem_free(&h->system, r, sizeof *r);
    return true;
}
